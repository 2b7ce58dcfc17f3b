# SPDX-License-Identifier: Apache-2.0
"""What a run leaves behind: a result for each case as it was played."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from popquiz.cases import Case
from popquiz.explorer import Finding
from popquiz.verdicts import Attempt, Charge, Skip, Verdict


@dataclass(frozen=True, slots=True)
class Job:
    """A case in one of the ways in which it is played."""

    case: Case
    segment: str

    @property
    def name(self) -> str:
        return self.case.id if self.segment == "whole" else f"{self.case.id}@{self.segment}"


@dataclass(slots=True)
class Result:
    job: Job
    verdict: Verdict
    why: str = ""
    skip: Skip | None = None
    way: str = ""
    known: str = ""  # what the baseline says of a deviation that it lists
    blame: str = ""  # how a CRASH or HANG was tied to this case
    rows: Mapping[str, Verdict] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    shown: Attempt | None = None  # the attempt that stands for all
    alone: Verdict | None = None  # what the case says without the referee; None: the same
    # What the baseline says of charges, by their ways.
    excused: dict[str, str] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()  # files, relative to the results

    @property
    def case(self) -> Case:
        return self.job.case

    @property
    def charges(self) -> tuple[Charge, ...]:
        """What the referee adds to the case, as far as all attempts agree on it."""
        found = self.shown.charges if self.shown else ()
        return tuple(charge for charge in found if charge.seen.requirement in self.rows)

    @property
    def full_way(self) -> str:
        return ".".join(filter(None, (self.way, *(charge.way for charge in self.charges))))

    @property
    def ms(self) -> int:
        return sum(a.outcome.ms for a in self.attempts if a.outcome)


@dataclass(frozen=True, slots=True)
class Explored:
    """A finding of an exploration, and what it counts."""

    finding: Finding
    verdict: Verdict
    known: str = ""  # what the baseline says of the rule
