# SPDX-License-Identifier: Apache-2.0
"""What a run is going to do to a server that is not ours, told before the first connection."""

from collections.abc import Iterable, Sequence

from popquiz import plan
from popquiz.cases import Case
from popquiz.facts import Facts
from popquiz.record import Job
from popquiz.schedule import Rules
from popquiz.targets import Target


def _left_out(cases: Iterable[Case], target: Target, rules: Rules) -> tuple[int, int]:
    """How many are not played because they are not safe, and because they are slow."""
    may_write = plan.may_write(target, destroy=rules.destroy, safe=rules.safe)
    unsafe = slow = 0
    for case in cases:
        if not may_write and plan.unsafe(case, Facts()):
            unsafe += 1
        elif case.needs_any("slow") and not rules.slow:
            slow += 1
    return unsafe, slow


def _limit(most: int | None, text: str) -> str:
    return f"at most {most} {text}" if most is not None else f"{text} without limit"


def lines(target: Target, jobs: Sequence[Job], rules: Rules) -> list[str]:
    """Nothing for a server of ours, unless it is to be treated like another."""
    if target.ours and not rules.safe:
        return []
    cases = [job.case for job in jobs]
    unsafe, slow = _left_out(cases, target, rules)
    played = len(jobs) - unsafe - slow
    connects = sum(case.deeds.connects for case in cases) * rules.repeat
    mail = "mail is added and removed" if rules.destroy else "mail is read and never marked"
    found = [
        f"plan: {target.name}: up to {played} cases with some {connects} connections, and two more "
        "plays of what does not pass",
        f"plan: {mail}; {_limit(rules.wrong_logins, 'wrong logins')}; "
        f"{_limit(rules.per_minute, 'connections a minute')}",
    ]
    if unsafe:
        found.append(f"plan: {unsafe} cases that might change mail are left out: --yes-destroy")
    if slow:
        found.append(f"plan: {slow} cases that wait for minutes are left out: --slow")
    return found
