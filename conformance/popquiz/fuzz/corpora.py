# SPDX-License-Identifier: Apache-2.0
"""What a campaign's inputs are worth: those that reach nothing of their own are left out, and the
others go into the project's corpus when that is asked for. libFuzzer counts."""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from popquiz.errors import TargetError, UsageError
from popquiz.fuzz import presets
from popquiz.fuzz.harness import Harness
from popquiz.fuzz.lane import LIBFUZZER, corpus, kept

FOLDER = "corpus"  # of the campaign's inputs, in its folder
MERGE_S = 1800
ADDED = re.compile(r"MERGE-OUTER: (?P<files>\d+) new files with (?P<features>\d+) new features")


def check(lane: object, wanted: str) -> Harness:
    """Raises UsageError for a lane whose inputs cannot be measured."""
    if not isinstance(lane, Harness):
        raise UsageError(f"{wanted} is for --harness with one of our own targets")
    return lane


def merge(program: Path, into: Path, sources: Sequence[Path]) -> int:
    """Adds to a folder the inputs that reach something which nothing in it reaches; returns how
    many. Raises TargetError."""
    into.mkdir(parents=True, exist_ok=True)
    if not sources:
        return 0
    words = [str(program), "-merge=1", str(into), *map(str, sources)]
    ran = subprocess.run(words, capture_output=True, timeout=MERGE_S, check=False)
    said = ran.stderr.decode("utf-8", "replace")
    found = ADDED.search(said)
    if ran.returncode != 0 or not found:
        last = said.strip().rpartition("\n")[2]
        raise TargetError(f"{program.name} -merge=1 ended with {ran.returncode}: {last}")
    return int(found["files"])


def minimise(lane: Harness, out: Path, say: Callable[[str], None]) -> None:
    """Makes OUT/corpus: the fewest inputs that reach what all of the campaign's do. Raises
    PopquizError."""
    program = presets.build(LIBFUZZER, lane.target, say)
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    sources = [*kept(out), out / "seeds"]
    before = sum(1 for folder in sources for _ in folder.iterdir())
    count = merge(program, out / FOLDER, sources)
    say(f"{out / FOLDER}: {count} inputs reach what {before} do")


def contribute(lane: Harness, out: Path, say: Callable[[str], None]) -> None:
    """Adds to the seeds of the project what they do not reach. Raises PopquizError."""
    program = presets.build(LIBFUZZER, lane.target, say)
    seeds = corpus() / "seeds" / lane.target
    count = merge(program, seeds, kept(out))
    say(f"{seeds}: {count} inputs are new")
