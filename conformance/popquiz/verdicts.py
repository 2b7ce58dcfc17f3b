# SPDX-License-Identifier: Apache-2.0
"""Verdicts: what a run means for the requirements that it touched, and what several runs mean.

The breach column of a requirement is the worst that breaking it can give. A branch of a case may
be milder than that, never harsher; and one that is mild never hides the breach of another one.
What the referee saw counts too, for requirements that the case did not judge itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from popquiz.cases import Branch, Case
from popquiz.catalogue import Catalogue
from popquiz.outcome import Outcome, Seen
from popquiz.targets import Incident


class Verdict(StrEnum):
    """From the best to the worst: a set of cases has the worst of its verdicts."""

    PASS = "PASS"
    NOTE = "NOTE"
    KNOWN = "KNOWN"
    FIXED = "FIXED"
    WARN = "WARN"
    SKIP = "SKIP"
    INCONCLUSIVE = "INCONCLUSIVE"
    FLAKY = "FLAKY"
    CHANGED = "CHANGED"
    FAIL = "FAIL"
    HANG = "HANG"
    CRASH = "CRASH"
    ERROR = "ERROR"


class Skip(StrEnum):
    """Why a case was not played."""

    CAPABILITY = "capability"  # the target does not offer it
    CONFIG = "config"  # the target, or the account, is not set up for it
    ADAPTER = "adapter"  # it needs what only an adapter can do
    UNSAFE = "unsafe"  # it removes mail, and nobody gave leave
    SLOW = "slow"  # it takes long, and nobody gave leave
    BUDGET = "budget"  # the wrong logins that were allowed are used up


RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}
ROW_VERDICTS = (Verdict.PASS, Verdict.NOTE, Verdict.WARN, Verdict.FAIL)
PASSING = (Verdict.PASS, Verdict.NOTE)
# The verdicts that a baseline can excuse, and those that no baseline can.
DEVIATIONS = (Verdict.WARN, Verdict.FAIL)
DEADLY = (Verdict.CRASH, Verdict.HANG)
# A +OK shows that a flaw of an argument was overlooked, which is a leniency; what more came of it
# is for cases to tell.
LENIENT = ("REF-ARGUMENT-MISSING", "REF-ARGUMENT-SURPLUS", "REF-ARGUMENT-NUMBER")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=RANK.__getitem__, default=Verdict.PASS)


def row_verdict(seen: str, breach: str) -> Verdict:
    """What a requirement gets: what the player saw, but nothing worse than its breach."""
    return min(Verdict(seen.upper()), Verdict(breach.upper()), key=RANK.__getitem__)


def taken(case: Case, path: str) -> list[Branch]:
    """The branches of a path, which joins their names with "-"; names may have one themselves."""
    found: list[Branch] = []
    longest_first = sorted(case.branches, key=lambda branch: -len(branch.name))
    while path:
        fitting = (b for b in longest_first if f"{path}-".startswith(f"{b.name}-"))
        branch = next(fitting, None)
        if not branch:
            break
        found.append(branch)
        path = path[len(branch.name) + 1 :]
    return found


def way(case: Case, outcome: Outcome) -> str:
    """How a run went, in words that stay the same while it goes the same way: the branches that
    were taken, and the step that decided when that was none of the branches."""
    names = [outcome.branch] if outcome.branch else []
    decided = any(b.verdict == outcome.outcome for b in taken(case, outcome.branch))
    if outcome.line and outcome.outcome != "pass" and not decided:
        names.append(case.steps.get(outcome.line, f"{outcome.section}.{outcome.line}"))
    return ".".join(names)


@dataclass(frozen=True, slots=True)
class Charge:
    """A finding of the referee that counts."""

    seen: Seen
    verdict: Verdict
    summary: str  # of the requirement

    @property
    def way(self) -> str:
        """What baselines call it."""
        return self.seen.rule.lower()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a case was played."""

    verdict: Verdict
    way: str = ""
    why: str = ""
    skip: Skip | None = None
    rows: Mapping[str, Verdict] = field(default_factory=dict)
    outcome: Outcome | None = None  # None: it was not played to its end
    incidents: tuple[Incident, ...] = ()
    charges: tuple[Charge, ...] = ()  # each rule once
    alone: Verdict | None = None  # what the case says without the referee; None: the same

    @property
    def decider(self) -> Charge | None:
        """The finding that made the verdict, when it was not the case."""
        if self.alone is None or self.alone is self.verdict:
            return None
        return next((c for c in self.charges if c.verdict is self.verdict), None)

    @property
    def full_way(self) -> str:
        """The way, and the rules that were broken beside it."""
        return ".".join(filter(None, (self.way, *(charge.way for charge in self.charges))))

    @property
    def same(self) -> tuple[object, ...]:
        """What must agree for two attempts to agree."""
        return self.verdict, self.way, self.skip, tuple(sorted(self.rows.items()))


def charges(outcome: Outcome, catalogue: Catalogue) -> tuple[Charge, ...]:
    """What the referee saw of requirements that the case did not judge, each rule once. What may be
    the echo of an earlier finding, or of an answer that is missing, counts for nothing."""
    first: dict[str, Seen] = {}
    for seen in outcome.seen:
        echo = seen.follows or outcome.after_silence(seen)
        if not echo and seen.requirement not in outcome.rows:
            first.setdefault(seen.rule, seen)
    named = ((seen, catalogue[seen.requirement]) for seen in first.values())
    return tuple(
        Charge(
            seen, row_verdict("warn" if seen.rule in LENIENT else "fail", row.breach), row.summary
        )
        for seen, row in named
    )


def judge(case: Case, outcome: Outcome, catalogue: Catalogue) -> Attempt:
    """The verdict of one run, as far as the session shows it."""
    alone = _judge_case(case, outcome, catalogue)
    found = charges(outcome, catalogue)
    if alone.verdict in ROW_VERDICTS:
        verdict = worst((alone.verdict, *(charge.verdict for charge in found)))
    elif alone.verdict is Verdict.SKIP and any(c.verdict is Verdict.FAIL for c in found):
        verdict = Verdict.FAIL
    else:
        # The case did not come to its point: what the referee saw on the way is not the reason.
        verdict = alone.verdict
    if not found or verdict is Verdict.SKIP:
        return alone
    shown = replace(alone, verdict=verdict, charges=found, alone=alone.verdict)
    rows = dict(alone.rows) | {
        row: worst(c.verdict for c in found if c.seen.requirement == row)
        for row in (charge.seen.requirement for charge in found)
    }
    decider = shown.decider
    why = f"{decider.seen.rule}: {decider.seen.why}" if decider else alone.why
    return replace(shown, rows=rows, why=why, skip=alone.skip if not decider else None)


def _judge_case(case: Case, outcome: Outcome, catalogue: Catalogue) -> Attempt:
    """What the case says, whatever the referee saw."""
    rows = {name: row_verdict(seen, catalogue[name].breach) for name, seen in outcome.rows.items()}
    verdict = Verdict(outcome.outcome.upper())
    seen_worst = worst(Verdict(seen.upper()) for seen in outcome.rows.values())
    # Steps without a requirement have no breach that could make them milder.
    if verdict in ROW_VERDICTS and RANK[verdict] <= RANK[seen_worst]:
        verdict = worst(rows.values())
    skip = Skip(outcome.skip or Skip.ADAPTER) if verdict is Verdict.SKIP else None
    return Attempt(verdict, way(case, outcome), outcome.why, skip, rows, outcome)


@dataclass(frozen=True, slots=True)
class Agreement:
    verdict: Verdict
    why: str
    rows: Mapping[str, Verdict]
    shown: Attempt  # the attempt that stands for all


def _rows_of_any(attempts: Sequence[Attempt]) -> dict[str, Verdict]:
    """Of each requirement what all attempts say that came to it, where those agree."""
    found: dict[str, set[Verdict]] = {}
    for attempt in attempts:
        for name, verdict in attempt.rows.items():
            found.setdefault(name, set()).add(verdict)
    return {name: seen.pop() for name, seen in found.items() if len(seen) == 1}


def agree(attempts: Sequence[Attempt]) -> Agreement:
    """What several attempts come to. When they disagree the case is FLAKY, and requirements on
    which they disagree are left untested. A case that fails every time fails, wherever that shows:
    a server that says too much is caught here or there, as the octets come."""
    first = attempts[0]
    if all(attempt.same == first.same for attempt in attempts):
        return Agreement(first.verdict, first.why, first.rows, first)
    if all(attempt.verdict is Verdict.FAIL for attempt in attempts):
        return Agreement(Verdict.FAIL, first.why, _rows_of_any(attempts), first)
    shown = max(attempts, key=lambda attempt: RANK[attempt.verdict])
    ways = dict.fromkeys(
        f"{a.verdict}#{a.full_way}" if a.full_way else str(a.verdict) for a in attempts
    )
    rows = {
        name: verdict
        for name, verdict in shown.rows.items()
        if all(attempt.rows.get(name) is verdict for attempt in attempts)
    }
    return Agreement(Verdict.FLAKY, f"attempts disagree: {', '.join(ways)}", rows, shown)
