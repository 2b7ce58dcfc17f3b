# SPDX-License-Identifier: Apache-2.0
"""Makes an input that shows something shorter, while it goes on to show the same: first without
whole steps of the dialogue, then without lines, then without octets."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

# The first of the candidates that still shows the same; None: none does.
Check = Callable[[Sequence[bytes]], int | None]

# A step of a wire case ends with a record: a letter or a sign behind 0xFF (FORMAT.md, "Wire case").
STEP = re.compile(rb".*?\xff[|WTHRSC1-4]|.+\Z", re.DOTALL)
LINE = re.compile(rb"[^\n]*\n|[^\n]+\Z")
BATCH = 64  # candidates that are played in one go


@dataclass(slots=True)
class Budget:
    """What shortening one input may cost."""

    plays: int = 6000
    seconds: float = 25.0
    begun: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> bool:
        return self.plays <= 0 or time.monotonic() - self.begun >= self.seconds


def steps(octets: bytes) -> list[bytes]:
    return STEP.findall(octets)


def lines(octets: bytes) -> list[bytes]:
    return LINE.findall(octets)


def single(octets: bytes) -> list[bytes]:
    return [octets[at : at + 1] for at in range(len(octets))]


LEVELS = (steps, lines, single)


def _without(units: Sequence[bytes], size: int, begin: int) -> Iterator[tuple[int, list[bytes]]]:
    """What is left without `size` units, wherever they stand from `begin` on; the end is tried
    first, since what follows the trouble matters least."""
    starts = [at for at in range(0, len(units), size) if at >= begin]
    for at in starts:
        yield at, [*units[:at], *units[at + size :]]


def _pass(units: list[bytes], size: int, check: Check, budget: Budget) -> list[bytes]:
    """Takes away chunks of one size until none can be spared, in one sweep."""
    begin = 0
    while not budget.spent:
        tried = [each for each in _without(units, size, begin) if each[1]][:BATCH]
        if not tried:
            return units
        kept = check([b"".join(left) for _, left in tried])
        budget.plays -= len(tried) if kept is None else kept + 1
        if kept is None:
            begin = tried[-1][0] + 1
        else:
            begin, units = tried[kept]
    return units


def _sweeps(octets: bytes, split: Callable[[bytes], list[bytes]], check: Check, b: Budget) -> bytes:
    units = split(octets)
    size = max(len(units) // 2, 1)
    while not b.spent and len(units) > 1:
        before = len(units)
        units = _pass(units, size, check, b)
        if size == 1 and len(units) == before:
            break
        size = max(min(size // 2, len(units) // 2), 1)
    return b"".join(units)


def shrink(octets: bytes, check: Check, budget: Budget | None = None) -> tuple[bytes, bool]:
    """The shortest that was found, and whether everything was tried. `octets` must show it."""
    budget = budget or Budget()
    for split in LEVELS:
        octets = _sweeps(octets, split, check, budget)
    return octets, not budget.spent
