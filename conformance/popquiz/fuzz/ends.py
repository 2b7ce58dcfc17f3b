# SPDX-License-Identifier: Apache-2.0
"""Where coverage ends: the functions of the project that the inputs of a campaign reach in part, or
not at all. clang counts; the build for that is made only when somebody asks for it."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popquiz.fuzz import coverage, presets

MOST = 40  # functions that are listed
CODE = 0  # the kind of a region that is code: not skipped by the preprocessor, nor a gap
Region = Sequence[int]  # first line and column, last line and column, count, file, ..., kind


@dataclass(frozen=True, slots=True)
class Function:
    """A function, and how many of its lines with code were never run."""

    name: str
    file: str  # below the root of the project
    line: int
    lines: int
    missed: int

    @property
    def is_called(self) -> bool:
        return self.missed < self.lines


def _counts(regions: Sequence[Region]) -> dict[int, int]:
    """How often each line was run: as the busiest region that begins on it, else as the innermost
    one around it."""
    counts: dict[int, int] = {}
    begun: dict[int, int] = {}
    code = [region for region in regions if region[7] == CODE and region[5] == 0]
    for first, _, last, _, count, *_ in sorted(code, key=lambda each: (each[0], -each[2])):
        counts.update(dict.fromkeys(range(first, last + 1), count))
        begun[first] = max(count, begun.get(first, 0))
    return counts | begun


def _named(name: str) -> str:
    """Without the file that stands in front of a static function's name."""
    return name.rpartition(":")[2]


def functions(told: Mapping[str, Any], base: Path, root: Path) -> Iterator[Function]:
    """Of llvm-cov's export, those of the project's sources. `base`: what relative names of files
    begin at. A function of a header, which stands in several objects, is one."""
    merged: dict[tuple[str, int], tuple[str, dict[int, int]]] = {}
    for each in told["functions"]:
        path = os.path.relpath(os.path.normpath(base / each["filenames"][0]), root)
        if not path.startswith("src/"):
            continue
        key = (path, each["regions"][0][0])
        name, counts = merged.setdefault(key, (_named(each["name"]), {}))
        for line, count in _counts(each["regions"]).items():
            counts[line] = max(count, counts.get(line, 0))
    for (path, line), (name, counts) in merged.items():
        missed = sum(not count for count in counts.values())
        yield Function(name, path, line, len(counts), missed)


def measure(target: str, folders: Sequence[Path], say: Callable[[str], None]) -> dict[str, Any]:
    """For campaign.json: how many functions are reached, and those with lines that are not; first
    the ones that are called, the most lines in front. Raises PopquizError."""
    program = presets.build(coverage.PRESET, target, say)
    with tempfile.TemporaryDirectory(prefix="popquiz-") as name:
        told = coverage.export([(program, folders)], Path(name))
    found = list(functions(told, program.parent.parent, presets.root()))
    # Where inputs come to, and do not go on, says more than what a library holds besides.
    wanting = sorted(
        (each for each in found if each.missed),
        key=lambda each: (not each.is_called, -each.missed, each.file, each.line),
    )
    return {
        "functions": len(found),
        "called": sum(each.is_called for each in found),
        "whole": len(found) - len(wanting),
        "missed": [
            {
                "function": each.name,
                "place": f"{each.file}:{each.line}",
                "lines": each.lines,
                "missed": each.missed,
            }
            for each in wanting[:MOST]
        ],
    }
