# SPDX-License-Identifier: Apache-2.0
"""What a run is going to do to a server that is not ours, told before the first connection."""

from collections.abc import Sequence

from popquiz import plan
from popquiz.cases import Case
from popquiz.facts import Facts
from popquiz.record import Job
from popquiz.schedule import Rules
from popquiz.targets import Target


def _parted(jobs: Sequence[Job], target: Target, rules: Rules) -> tuple[list[Case], int, int]:
    """Those that may be played, how many are left out because they are not safe, and how many
    because they are slow."""
    may_write = plan.may_write(target, destroy=rules.destroy, safe=rules.safe)
    played, unsafe, slow = [], 0, 0
    for case in (job.case for job in jobs):
        if not may_write and plan.unsafe(case, Facts()):
            unsafe += 1
        elif case.needs_any("slow") and not rules.slow:
            slow += 1
        else:
            played.append(case)
    return played, unsafe, slow


def _limit(most: int | None, text: str) -> str:
    return f"at most {most} {text}" if most is not None else f"{text} without limit"


def lines(target: Target, jobs: Sequence[Job], rules: Rules) -> list[str]:
    """Nothing for a server of ours, unless it is to be treated like another."""
    if target.ours and not rules.safe:
        return []
    played, unsafe, slow = _parted(jobs, target, rules)
    connects = sum(case.deeds.connects for case in played) * rules.repeat
    mail = "mail is added and removed" if rules.destroy else "mail is read and never marked"
    found = [
        f"plan: {target.name}: up to {len(played)} cases with some {connects} connections, "
        "and two more plays of what does not pass",
        f"plan: {mail}; {_limit(rules.wrong_logins, 'wrong logins')}; "
        f"{_limit(rules.per_minute, 'connections a minute')}",
    ]
    if unsafe:
        found.append(f"plan: {unsafe} cases that might change mail are left out: --yes-destroy")
    if slow:
        found.append(f"plan: {slow} cases that wait for minutes are left out: --slow")
    return found
