# SPDX-License-Identifier: Apache-2.0
"""A process that makes a server's folder as its profile says, becomes as powerless as the server,
and runs the bridge there: below an engine, or to play files. Where the server has a namespace, the
engine runs in it too, since it kills by number what hangs.

    python -m popquiz.fuzz.inside FOLDER

FOLDER/wish.json has the order (servers/order.py), of a proxy the "backend"'s, that of a CmpLog
"twin" or null, and "run", the engine's command, in which the word {bridge} stands for the bridge's;
without "run" each line of JSON on stdin is obeyed:

    {"do": "--play", "inputs": [OCTETS, ...]}

by the bridge's own lines, and then {"end": status, "said": TEXT}; --self-test likewise.

Octets are in base64. When stdin ends, however that came about, everything ends, and FOLDER goes.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popquiz.errors import PopquizError
from popquiz.fuzz import afl, beside, twin
from popquiz.servers import builds, folders, keeper, namespace, order, template
from popquiz.servers.installation import UNPACKED, Installation
from popquiz.servers.linux import adopt_orphans

WISH = "wish.json"
MUTATOR = "popquiz-mutator.so"
TOOLS, INPUTS, PRISTINE = "tools", "inputs", "pristine"
COUNTED = "counted"
BRIDGE = "{bridge}"
END_S = 10.0  # what an engine gets to end by itself
POLL_S = 0.2
TAIL_MAX = 4000  # octets of the bridge's complaints
# What is handed on to the engine and the bridge; the server's environment is its profile's.
HANDED = ("AFL_", "ASAN_OPTIONS", "UBSAN_OPTIONS", "POPQUIZ_")


class Bridge:
    """How the bridge starts the server of a profile, and what it resets."""

    def __init__(
        self,
        place: Installation,
        build: Mapping[str, Any],
        backend: Installation | None,
        extra: Sequence[str],
    ) -> None:
        """`build`: what its build.json says. `backend`: what is behind a proxy. Raises TargetError
        when the server cannot be started by one command."""
        self._place = place
        self._backend = backend
        self._extra = extra
        self._build = build
        self.environment: dict[str, str] = {}
        self.server = self._server()
        if build["kind"] == builds.COVERAGE:
            # One file for each program, which all its processes write to while they run.
            counted = place.folder / COUNTED
            counted.mkdir()
            self.environment["LLVM_PROFILE_FILE"] = f"{counted}/%m%c.profraw"

    def _server(self) -> list[str]:
        place, profile = self._place, self._place.profile
        if profile.inetd:
            self.environment = dict(place.launch(profile.inetd).environment)
            names = {**place.names, "port": "{port}"}
            listen = [template.fill(word, names) for word in self._build.get("listen", ())]
            self.connect = ["--connect", "tcp"] if listen else ["--connect", "stdio"]
            return listen or list(place.launch(profile.inetd).words)
        launch = place.launch(beside.main_of(profile, self._build))
        self.environment = dict(launch.environment)
        self.connect = ["--connect", "tcp", "--port", place.names["port"]]
        return list(launch.words)

    def _resets(self) -> list[str]:
        """The folders that maildrops lie in, each copied as it was in the beginning."""
        place = self._backend or self._place
        drop = place.profile.drop
        if not drop:
            return []
        paths = [Path(place.fill(drop.path, account)) for account in place.accounts]
        found = dict.fromkeys(path if drop.kind == "maildir" else path.parent for path in paths)
        words = []
        for number, path in enumerate(found):
            pristine = place.folder / PRISTINE / str(number)
            pristine.parent.mkdir(exist_ok=True)
            # Content, modes, owners and times, as nothing in Python's library does it.
            command = ["cp", "-a", str(place.folder / path), str(pristine)]
            subprocess.run(command, check=True, capture_output=True)
            words += ["--reset", f"{place.folder / path}={pristine}"]
        return words

    def words(self) -> list[str]:
        """Everything in front of --play, or of the server's own command."""
        place = self._place
        opt = place.folder / UNPACKED
        others = [str(opt / name) for name in self._build.get("executables", ())]
        others = [path for path in others if path != self.server[0]]
        named = [word for path in others for word in ("--executable", path)]
        account = next(iter(place.accounts))
        words = [str(place.folder / TOOLS / "popquiz-bridge"), *self.connect, *named]
        programs = beside.programs(place, self._build, self._backend)
        words += [*beside.words(programs), *self._resets()]
        words += self._build.get("bridge", ())
        return [*words, "--user", account, *self._extra]


# ---- running an engine --------------------------------------------------------------------------


def _environment(given: Mapping[str, str], folder: Path) -> dict[str, str]:
    handed = {k: v for k, v in os.environ.items() if k.startswith(HANDED)}
    mutator = folder / TOOLS / MUTATOR
    own = {afl.MUTATOR: str(mutator)} if mutator.is_file() else {}
    return {**given, **handed, **own}


def _stdin_ended(seconds: float) -> bool:
    ready, _, _ = select.select([0], [], [], seconds)
    return bool(ready) and os.read(0, 4096) == b""


def _end(running: "subprocess.Popen[bytes]") -> None:
    running.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.wait(END_S)


def _run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs an engine until it ends, or stdin does."""
    running = subprocess.Popen(words, stdin=subprocess.DEVNULL, env=dict(environment))
    try:
        while running.poll() is None:
            if _stdin_ended(POLL_S):
                _end(running)
                break
    finally:
        running.kill()
        running.wait()
    return running.returncode & 0xFF


# ---- playing files ------------------------------------------------------------------------------


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _play(request: Mapping[str, Any], bridge: Bridge, words: Sequence[str], place: Path) -> None:
    files = []
    (place / INPUTS).mkdir(exist_ok=True)
    for number, octets in enumerate(request["inputs"]):
        files.append(place / INPUTS / f"{number:06}")
        files[-1].write_bytes(base64.b64decode(octets))
    command = [*words, str(request["do"]), *map(str, files)]
    with (place / "said").open("wb+") as said:
        ran = subprocess.Popen(
            [*command, "--", *bridge.server],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=_environment(bridge.environment, place),
        )
        assert ran.stdout
        for line in ran.stdout:
            sys.stdout.write(line.decode("utf-8", "replace"))
            sys.stdout.flush()
        status = ran.wait()
        said.seek(0)
        words_ = said.read()[-TAIL_MAX:].decode("utf-8", "replace").strip()
    _say({"end": status, "said": words_})


def _obey(bridge: Bridge, place: Path) -> int:
    words = bridge.words()
    _say({"ready": True})
    for line in sys.stdin:
        _play(json.loads(line), bridge, words, place)
    return 0


# ---- the process --------------------------------------------------------------------------------


def _hand_over(wish: Mapping[str, Any], inside: bool) -> None:
    """The engine's output folder: it is reached by where we stand, since the server's user may
    have no right to the folders above it."""
    if wish["out"]:
        os.chdir(wish["out"])
        namespace.hand_over(Path(), inside)


def _install(ordered: order.Order) -> Installation:
    place = Installation(ordered)
    place.write()
    place.show()
    place.prepare()
    return place


@dataclass(frozen=True, slots=True)
class _Ordered:
    """The orders of a wish, and what the builds of those that are fuzzed say."""

    main: order.Order
    build: Mapping[str, Any]
    backend: order.Order | None
    twin: order.Order | None
    twin_build: Mapping[str, Any]


def _read(wish: Mapping[str, Any]) -> _Ordered:
    """While the builds can be read. Raises PopquizError."""
    names = ("order", "backend", "twin")
    main, backend, other = (order.read(wish[n].encode()) if wish[n] else None for n in names)
    assert main
    used = [each.profile.build if each else None for each in (main, other)]
    build, other_build = (builds.describe(each) if each else {} for each in used)
    return _Ordered(main, build, backend, other, other_build)


def _twin(ordered: order.Order, build: Mapping[str, Any]) -> list[str]:
    """Options of the bridge that has a twin, whose server is made."""
    place = Installation(ordered)
    place.write()
    place.prepare()
    bridge = Bridge(place, build, None, twin.QUIET)
    words = [*bridge.words(), "--", *bridge.server]
    return twin.words(twin.program_of(place, words, bridge.environment))


def _work(wish: Mapping[str, Any], ordered: _Ordered) -> int:
    behind = _install(ordered.backend) if ordered.backend else None
    bridge = Bridge(_install(ordered.main), ordered.build, behind, wish["bridge"])
    if not wish["run"]:
        return _obey(bridge, ordered.main.folder)
    more = _twin(ordered.twin, ordered.twin_build) if ordered.twin else []
    whole = [*bridge.words(), *more, "--", *bridge.server]
    words = [w for word in wish["run"] for w in (whole if word == BRIDGE else [word])]
    return _run(words, _environment(bridge.environment, ordered.main.folder))


def main() -> int:
    folder = Path(sys.argv[1])
    wish = json.loads((folder / WISH).read_text(encoding="utf-8"))
    ordered = _read(wish)
    status = 3
    try:
        _hand_over(wish, ordered.main.profile.namespace is not None)
        for each in (ordered.backend, ordered.twin):
            if each:
                keeper.unpack(each)
        keeper.become_the_server(ordered.main)
        adopt_orphans()
        status = _work(wish, ordered)
    except (OSError, PopquizError, subprocess.CalledProcessError) as error:
        if wish["run"]:  # as the engine would say it, where its words go
            print(f"[-] PROGRAM ABORT : {error}", file=sys.stderr, flush=True)
        with contextlib.suppress(OSError):
            _say({"error": str(error)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folders.remove(folder)
    return status


if __name__ == "__main__":
    sys.exit(main())
