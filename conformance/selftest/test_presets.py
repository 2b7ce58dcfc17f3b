# SPDX-License-Identifier: Apache-2.0
"""Builds of our own targets, and where the coverage of their inputs ends."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from popquiz.fuzz import ends, presets
from popquiz.fuzz.lane import LIBFUZZER

OLD, BUILT, NEW = 1_000, 2_000, 3_000


def stamped(path: Path, seconds: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    os.utime(path, (seconds, seconds))
    return path


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose target is built."""
    monkeypatch.setattr(presets, "root", lambda: tmp_path)
    monkeypatch.setattr(presets, "_looked_at", set())
    monkeypatch.setattr(presets, "COMPILERS", {LIBFUZZER: "true"})
    stamped(tmp_path / "src/base/a.c", OLD)
    stamped(tmp_path / "harness/fuzz_x.c", OLD)
    stamped(presets.program(LIBFUZZER, "fuzz_x"), BUILT)
    return tmp_path


def is_locked(tree: Path) -> bool:
    with (tree / "build/.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_nobody_else_builds_meanwhile(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamped(tree / "src/base/a.h", NEW)
    ran: list[tuple[str, bool]] = []
    said: list[str] = []

    def run(words: Sequence[str]) -> None:
        ran.append((words[1], is_locked(tree)))

    monkeypatch.setattr(presets, "_run", run)
    presets.build(LIBFUZZER, "fuzz_x", said.append)
    assert ran == [("--preset", True), ("--build", True)] and len(said) == 1
    assert not is_locked(tree)
    with pytest.raises(RuntimeError), presets.alone():
        raise RuntimeError
    assert not is_locked(tree)


@pytest.mark.parametrize(
    ("changed", "builds"),
    [("src/base/a.c", 1), ("harness/CMakeLists.txt", 1), ("harness/README.md", 0), ("x.c", 0)],
)
def test_what_is_older_than_its_sources_is_built_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch, changed: str, builds: int
) -> None:
    said: list[str] = []
    monkeypatch.setattr(presets, "_run", lambda words: None)
    presets.build(LIBFUZZER, "fuzz_x", said.append)
    assert said == []
    monkeypatch.setattr(presets, "_looked_at", set())
    stamped(tree / changed, NEW)
    for _ in range(2):
        presets.build(LIBFUZZER, "fuzz_x", said.append)
    assert len(said) == builds
    monkeypatch.setattr(presets, "_looked_at", set())
    presets.build(LIBFUZZER, "fuzz_x", said.append)
    assert len(said) == builds


def region(first: int, last: int, count: int) -> list[int]:
    return [first, 1, last, 2, count, 0, 0, ends.CODE]


def test_lines_that_were_not_reached_are_counted(tmp_path: Path) -> None:
    """One function of two objects, one of the harness, and one that is never called."""
    header = [str(tmp_path / "src/base/a.h")]
    # Line 3 holds a condition that was true once and what follows it, which is not run in line 4.
    first = [region(1, 6, 3), region(3, 3, 0), region(3, 4, 2), region(4, 4, 0)]
    told = {
        "functions": [
            {"name": "a.c:part", "filenames": header, "regions": first},
            {"name": "b.c:part", "filenames": header, "regions": [region(1, 6, 0)]},
            {"name": "never", "filenames": ["../src/b.c"], "regions": [region(9, 11, 0)]},
            {"name": "whole", "filenames": ["../src/b.c"], "regions": [region(20, 21, 1)]},
            {"name": "main", "filenames": ["../harness/m.c"], "regions": [region(1, 9, 0)]},
        ]
    }
    found = {each.name: each for each in ends.functions(told, tmp_path / "build", tmp_path)}
    assert list(found) == ["part", "never", "whole"]
    part, never, whole = found.values()
    assert (part.file, part.line, part.lines, part.missed) == ("src/base/a.h", 1, 6, 1)
    assert part.is_called and (never.missed, never.is_called) == (3, False)
    assert (whole.lines, whole.missed) == (2, 0)
