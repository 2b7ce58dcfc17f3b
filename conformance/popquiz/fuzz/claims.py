# SPDX-License-Identifier: Apache-2.0
"""What a dialogue that came of a finding claims to show, and whether plays of it showed that.

A tag says it: a rule of the referee in lower case, or that what is expected is what another server
says; `kind: crash` says that a process dies.
"""

from collections.abc import Sequence

from popquiz.baseline import RULE
from popquiz.cases import Case
from popquiz.record import Result
from popquiz.verdicts import DEADLY, PASSING, Verdict

REPRODUCED, NOT, DIFFERENT = "reproduced", "not reproduced", "different"
CRASH, DIFFERS = "crash", "differs"
CRASHED = "explore-crash"  # what the explorer calls it
SILENCE = "ref-silence"  # begins the names of rules that only who waits can judge


def of(case: Case) -> str:
    """Empty for a case like any other."""
    if case.kind == "crash" or CRASHED in case.tags:
        return CRASH
    found = (tag for tag in case.tags if tag.startswith(RULE) or tag == DIFFERS)
    return next(found, "")


def _failed(result: Result) -> bool:
    return (result.alone or result.verdict) is Verdict.FAIL


def shows(result: Result, claim: str) -> bool:
    """Whether a play showed what is claimed."""
    if claim == CRASH:
        return result.verdict in DEADLY
    if claim == DIFFERS:
        return _failed(result)
    seen = (seen for each in result.attempts if each.outcome for seen in each.outcome.seen)
    told = any(seen.rule.lower() == claim for seen in seen)
    return told or (claim.startswith(SILENCE) and _failed(result))


def word(results: Sequence[Result], claim: str) -> str:
    if any(shows(result, claim) for result in results):
        return REPRODUCED
    return NOT if all(result.verdict in PASSING for result in results) else DIFFERENT


def line(results: Sequence[Result], claim: str) -> str:
    """The verdict in a line."""
    times = sum(shows(result, claim) for result in results)
    name = claim.upper() if claim.startswith(RULE) else claim
    case = results[0].case
    return f"{word(results, claim)}: {case.file}: {name}, {times} of {len(results)} times"
