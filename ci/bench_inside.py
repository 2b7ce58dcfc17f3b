# SPDX-License-Identifier: Apache-2.0
"""usage: bench_inside.py ENVIRONMENT COMMAND...

Runs a command where a server of the lab would run: in the folder and the namespace of its profile,
with its power. The order is a line on stdin (popquiz/servers/order.py), ENVIRONMENT a JSON object;
{name} in both is filled as in a profile. What the command says is in the folder's file `said`. A
line on stdout tells that it was started; when stdin ends, so does everything, and the folder goes.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from popquiz.errors import PopquizError
from popquiz.servers import folders, keeper, order
from popquiz.servers.installation import ENVIRONMENT, Installation

PRISTINE = "pristine"


def keep_mail(place: Installation) -> None:
    """A copy of the folder that has all maildrops, with times and owners."""
    for name in place.stores:
        assert place.profile.drop
        top = Path(place.fill(place.profile.drop.path, name)).parts[0]
        source, copy = place.folder / top, place.folder / PRISTINE / top
        if not copy.exists():
            shutil.copytree(source, copy, symlinks=True)
            for path in (source, *source.rglob("*")):
                about = path.lstat()
                same = copy / path.relative_to(source)
                os.chown(same, about.st_uid, about.st_gid, follow_symlinks=False)


def run(ordered: order.Order, words: list[str], given: dict[str, str]) -> None:
    place = Installation(ordered)
    place.write()
    place.show()
    place.prepare()
    keep_mail(place)
    filled = {name: place.fill(text) for name, text in given.items()}
    with (ordered.folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [place.fill(word) for word in words],
            cwd=ordered.folder,
            env={**ENVIRONMENT, "HOME": str(ordered.folder), **filled},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    keeper.say({"id": 0})
    while os.read(0, 1):
        pass
    process.kill()
    process.wait()


def main(given: str, *words: str) -> int:
    ordered = order.read(keeper.Lines(0).first())
    try:
        keeper.become_the_server(ordered)
        run(ordered, list(words), json.loads(given))
    except (OSError, PopquizError) as error:
        keeper.say({"id": 0, "error": str(error)})
    finally:
        folders.remove(ordered.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
