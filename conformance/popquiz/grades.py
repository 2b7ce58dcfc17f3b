# SPDX-License-Identifier: Apache-2.0
"""From the verdicts of cases to those of requirements, and from there to a grade for each RFC.

Counted are requirements, not cases: forty cases for one sentence weigh as much as one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from popquiz.catalogue import Catalogue, Requirement
from popquiz.explorer import Finding
from popquiz.record import Explored, Result
from popquiz.verdicts import RANK, Verdict

UNTESTED_OF_A_PLUS = 0.05
FAILS_OF_B = 2
FAILS_OF_C = 0.10
TESTED_LEAST = 0.60
CRASH_OCTETS = 512  # whoever crashes on so little is F
CAPS = ("data-loss", "security")
ORDER = ("A+", "A", "B", "C", "D", "F")
NO_GRADE = "-"
# Their rows prove nothing good; what they broke counts all the same.
UNSOUND = (Verdict.CRASH, Verdict.HANG, Verdict.FLAKY, Verdict.ERROR, Verdict.INCONCLUSIVE)


def requirement_verdicts(
    results: Iterable[Result], broken: Mapping[str, Verdict] | None = None
) -> dict[str, Verdict]:
    """The worst that each requirement got; one that is not there is untested. `broken`: what else
    is known."""
    found = dict(broken or {})
    for result in results:
        for name, verdict in result.rows.items():
            if result.verdict in UNSOUND and verdict is not Verdict.FAIL:
                continue
            found[name] = max(found.get(name, Verdict.PASS), verdict, key=RANK.__getitem__)
    return found


@dataclass(frozen=True, slots=True)
class Score:
    """The requirements of one RFC that a session can show, counted."""

    rfc: str
    grade: str
    must: tuple[int, int]  # kept, tested; implied ones included
    implied: tuple[int, int]
    should: tuple[int, int]
    untested: int
    adapter: int  # untested ones that need an adapter
    testable: int
    cap: str = ""  # why the grade is F

    def __str__(self) -> str:
        parts = [f"MUST {self.must[0]}/{self.must[1]}"]
        if self.implied[1]:
            parts[0] += f" (implied {self.implied[0]}/{self.implied[1]})"
        if self.should[1]:
            parts.append(f"SHOULD {self.should[0]}/{self.should[1]}")
        adapter = f" ({self.adapter} need an adapter)" if self.adapter else ""
        parts.append(f"untested {self.untested}{adapter}")
        cap = f"; {self.cap}" if self.cap else ""
        return f"{self.rfc}: {self.grade}  {', '.join(parts)}{cap}"


def _grade(fails: int, warns: int, tested: int, testable: int) -> str:
    """Of a run without anything that caps it."""
    if tested == 0 or tested < TESTED_LEAST * testable:
        return NO_GRADE
    if fails == 0:
        clean = warns == 0 and testable - tested <= UNTESTED_OF_A_PLUS * testable
        return "A+" if clean else "A"
    if fails <= FAILS_OF_B:
        return "B"
    return "C" if fails <= FAILS_OF_C * tested else "D"


def _kept(rows: Sequence[Requirement], found: Mapping[str, Verdict]) -> tuple[int, int]:
    tested = [found[row.id] for row in rows if row.id in found]
    return sum(verdict not in (Verdict.FAIL, Verdict.WARN) for verdict in tested), len(tested)


def score(
    rfc: str, rows: Sequence[Requirement], found: Mapping[str, Verdict], crash: str = ""
) -> Score:
    """`rows` are those of the RFC that a session can show; `crash` tells of one on little input."""
    verdicts = [found[row.id] for row in rows if row.id in found]
    capping = [r for r in rows if r.impact in CAPS and found.get(r.id) is Verdict.FAIL]
    cap = f"{capping[0].impact}: {capping[0].id}" if capping else crash
    untested = [row for row in rows if row.id not in found]
    fails, warns = verdicts.count(Verdict.FAIL), verdicts.count(Verdict.WARN)
    return Score(
        rfc=rfc,
        grade="F" if cap else _grade(fails, warns, len(verdicts), len(rows)),
        must=_kept([row for row in rows if row.mandatory], found),
        implied=_kept([row for row in rows if row.level == "implied-MUST"], found),
        should=_kept([row for row in rows if row.level.startswith("SHOULD")], found),
        untested=len(untested),
        adapter=sum(row.wire == "adapter" for row in untested),
        testable=len(rows),
        cap=cap,
    )


def small_crashes(results: Iterable[Result]) -> list[Result]:
    """The cases that crashed the target with little input."""
    return [
        result
        for result in results
        if result.verdict is Verdict.CRASH
        and result.shown
        and result.shown.outcome
        and result.shown.outcome.sent <= CRASH_OCTETS
    ]


def small_crashes_explored(found: Iterable[Explored]) -> list[Finding]:
    """The same for sessions that were made up."""
    return [
        each.finding
        for each in found
        if each.verdict is Verdict.CRASH and each.finding.sent <= CRASH_OCTETS
    ]


def scores(
    rows: Iterable[Requirement],
    results: Sequence[Result],
    broken: Mapping[str, Verdict] | None = None,
    explored: Sequence[Explored] = (),
) -> list[Score]:
    """One for each RFC that a case is about, even if that was skipped, or a finding is."""
    found = requirement_verdicts(results, broken)
    named = {name for result in results for name in result.case.reqs} | set(found)
    crashes: dict[str, str] = {}
    for result in small_crashes(results):
        for name in result.case.reqs:
            crashes.setdefault(name.partition("-")[0], f"crash: {result.case.id}")
    for finding in small_crashes_explored(explored):
        crashes.setdefault(finding.requirement.partition("-")[0], f"crash: {finding.id}")
        named.add(finding.requirement)
    by_rfc: dict[str, list[Requirement]] = {}
    for row in rows:
        if row.testable:
            by_rfc.setdefault(row.rfc, []).append(row)
    return [
        score(rfc, group, found, crashes.get(rfc, ""))
        for rfc, group in by_rfc.items()
        if any(row.id in named for row in group)
    ]


def overall(
    each: Sequence[Score], results: Iterable[Result], explored: Iterable[Explored] = ()
) -> str:
    """The worst grade; none as long as an RFC has none and no cap decides."""
    grades = [score.grade for score in each]
    if "F" in grades or small_crashes(results) or small_crashes_explored(explored):
        return "F"
    return max(grades, key=ORDER.index) if grades and NO_GRADE not in grades else NO_GRADE


def clauses(catalogue: Catalogue, result: Result) -> str:
    """Where a result belongs: the section of the requirement that its case is about."""
    return catalogue[result.case.reqs[0]].clause if result.case.reqs else "no requirement"
