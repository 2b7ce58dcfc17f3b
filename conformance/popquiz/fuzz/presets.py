# SPDX-License-Identifier: Apache-2.0
"""Our own fuzz targets, built for an engine when they are first needed."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from popquiz import paths
from popquiz.errors import TargetError, UsageError
from popquiz.fuzz.lane import AFL, LIBFUZZER

BUILD_S = 1800
# The compiler that a preset needs, and who brings it.
COMPILERS = {LIBFUZZER: "clang", AFL: "afl-clang-fast", "coverage": "clang"}
SANITIZED = "afl-asan"  # the folder of AFL++'s sanitized twin, which is built on request
PREFIX = "fuzz_"
SOURCES, SUFFIXES = ("src", "harness"), (".c", ".h", ".txt")
_looked_at: set[Path] = set()  # programs that are up to date


def root() -> Path:
    """Raises UsageError."""
    found = paths.checkout()
    if found is None:
        raise UsageError("--harness: our own fuzz targets are in the checkout only: run this there")
    return found


def program(preset: str, name: str) -> Path:
    """Where the target is, or will be."""
    return root() / "build" / preset / "harness" / name


def names() -> list[str]:
    """All targets."""
    return sorted(path.stem for path in (root() / "harness").glob(f"{PREFIX}*.c"))


def full_name(name: str) -> str:
    """With the prefix. Raises UsageError when there is no such target."""
    full = PREFIX + name.removeprefix(PREFIX)
    if full not in names():
        raise UsageError(f"--harness: there is no target {full}; there are: {' '.join(names())}")
    return full


def _run(words: list[str]) -> None:
    quiet = {**os.environ, "AFL_QUIET": "1"}
    ran = subprocess.run(
        words,
        cwd=root(),
        env=quiet,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=BUILD_S,
        check=False,
    )
    if ran.returncode != 0:
        said = [line for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
        wrong = next((line for line in said if "error:" in line.lower()), said[-1] if said else "")
        raise TargetError(f"{' '.join(words)} failed: {wrong}")


@contextmanager
def alone() -> Iterator[None]:
    """One build at a time: two that configure one folder break each other."""
    folder = root() / "build"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_built(preset: str, name: str) -> bool:
    """Whether it is there, and not older than what it is made from."""
    try:
        built = program(preset, name).stat().st_mtime
        files = (path for folder in SOURCES for path in (root() / folder).rglob("*"))
        return all(path.stat().st_mtime <= built for path in files if path.suffix in SUFFIXES)
    except FileNotFoundError:
        return False


def build(preset: str, name: str, say: Callable[[str], None]) -> Path:
    """The program of a target, which is built when it is not there, or the sources have changed
    since. Looks once in the life of this process: a campaign has one program. Raises
    PopquizError."""
    found = program(preset, name)
    if found in _looked_at or is_built(preset, name):
        _looked_at.add(found)
        return found
    if not shutil.which(COMPILERS[preset]):
        raise TargetError(f"{COMPILERS[preset]} is not installed: run ci/setup")
    say(f"building {name} with the preset {preset}; this is done once")
    with alone():
        _run(["cmake", "--preset", preset])
        _run(["cmake", "--build", "--preset", preset, "--target", name])
    found.touch()  # what has changed may be no part of it
    _looked_at.add(found)
    return found
