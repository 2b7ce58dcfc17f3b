# SPDX-License-Identifier: Apache-2.0
"""Grades at their borders."""

import pytest
from making import case, catalogue, finding, outcome, requirement, result, rows_of, said

from popquiz import gate, grades
from popquiz.baseline import Comparison
from popquiz.catalogue import Requirement
from popquiz.errors import Exit
from popquiz.record import Explored, Job, Result
from popquiz.runner import Run
from popquiz.verdicts import Attempt, Verdict

NAMES = [f"RFC1939-5-{n:03}" for n in range(1, 101)]
ROWS = [requirement(name) for name in NAMES]


def graded(
    fails: int = 0, warns: int = 0, untested: int = 0, rows: list[Requirement] = ROWS
) -> str:
    """The grade when of the rows the first fail, the next get WARN, and the last are untested."""
    names = [row.id for row in rows]
    tested = names[: len(names) - untested]
    found = rows_of(Verdict.PASS, tested)
    found |= rows_of(Verdict.WARN, tested[: fails + warns]) | rows_of(Verdict.FAIL, tested[:fails])
    return grades.score("RFC1939", rows, found).grade


@pytest.mark.parametrize(
    ("fails", "warns", "untested", "grade"),
    [
        (0, 0, 0, "A+"),
        (0, 0, 5, "A+"),
        (0, 0, 6, "A"),
        (0, 1, 0, "A"),
        (0, 0, 40, "A"),
        (0, 0, 41, "-"),
        (1, 0, 0, "B"),
        (2, 0, 0, "B"),
        (3, 0, 0, "C"),
        (10, 0, 0, "C"),
        (11, 0, 0, "D"),
        (100, 0, 0, "D"),
        # The share is that of what was tested.
        (6, 0, 40, "C"),
        (7, 0, 40, "D"),
        (50, 0, 41, "-"),
        (0, 0, 100, "-"),
    ],
)
def test_a_grade_has_sharp_borders(fails: int, warns: int, untested: int, grade: str) -> None:
    assert graded(fails, warns, untested) == grade


@pytest.mark.parametrize("impact", ["data-loss", "security"])
def test_one_failure_that_costs_mail_or_secrets_is_f(impact: str) -> None:
    rows = [requirement(NAMES[0], impact=impact), *ROWS[1:]]
    assert graded(1, rows=rows) == "F"
    assert graded(0, 1, rows=rows) == "A"
    # Even a thin run has seen it.
    assert graded(1, untested=90, rows=rows) == "F"


def test_other_impacts_cap_nothing() -> None:
    assert graded(1, rows=[requirement(NAMES[0], impact="crash"), *ROWS[1:]]) == "B"


def crashed(octets: int, verdict: Verdict = Verdict.CRASH) -> Result:
    attempt = Attempt(verdict, outcome=outcome("fail", transcript=said(octets)))
    return Result(Job(case(), "whole"), verdict, attempts=(attempt,), shown=attempt)


@pytest.mark.parametrize(("octets", "grade"), [(511, "F"), (512, "F"), (513, "-")])
def test_a_crash_on_512_octets_is_f(octets: int, grade: str) -> None:
    found = [crashed(octets)]
    each = grades.scores(ROWS, found)
    assert [score.grade for score in each] == [grade]
    assert grades.overall(each, found) == grade


def test_a_hang_is_no_crash() -> None:
    assert grades.scores(ROWS, [crashed(10, Verdict.HANG)])[0].grade == "-"


def test_a_crash_without_any_requirement_is_f_for_the_whole() -> None:
    found = [crashed(10)]
    found[0].job = Job(case(reqs=()), "whole")
    assert grades.overall(grades.scores(ROWS, found), found) == "F"


def test_the_whole_has_the_worst_grade_and_none_if_one_is_missing() -> None:
    def score(rfc: str, grade: str) -> grades.Score:
        return grades.Score(rfc, grade, (0, 0), (0, 0), (0, 0), 0, 0, 0)

    assert grades.overall([score("a", "A+"), score("b", "C"), score("c", "A")], []) == "C"
    assert grades.overall([score("a", "A+"), score("b", "-")], []) == "-"
    assert grades.overall([score("a", "F"), score("b", "-")], []) == "F"
    assert grades.overall([], []) == "-"


# ---- requirements -------------------------------------------------------------------------------


def one(verdict: Verdict, row: Verdict, name: str = NAMES[0]) -> Result:
    return result(verdict, rows={name: row})


def test_a_requirement_has_the_worst_of_its_cases() -> None:
    found = grades.requirement_verdicts(
        [
            one(Verdict.PASS, Verdict.PASS),
            one(Verdict.FAIL, Verdict.FAIL),
            one(Verdict.PASS, Verdict.PASS),
        ]
    )
    assert found == {NAMES[0]: Verdict.FAIL}


@pytest.mark.parametrize("verdict", grades.UNSOUND)
def test_a_case_that_did_not_end_well_proves_nothing_good(verdict: Verdict) -> None:
    assert grades.requirement_verdicts([one(verdict, Verdict.PASS)]) == {}
    assert grades.requirement_verdicts([one(verdict, Verdict.FAIL)]) == {NAMES[0]: Verdict.FAIL}


def test_a_score_counts_levels_apart_and_implied_ones_with_musts() -> None:
    rows = [
        requirement(NAMES[0]),
        requirement(NAMES[1], level="implied-MUST"),
        requirement(NAMES[2], level="SHOULD", breach="warn"),
        requirement(NAMES[3], level="MAY", breach="note"),
        requirement(NAMES[4], wire="adapter"),
    ]
    found = {
        NAMES[0]: Verdict.PASS,
        NAMES[1]: Verdict.FAIL,
        NAMES[2]: Verdict.WARN,
        NAMES[3]: Verdict.NOTE,
    }
    score = grades.score("RFC1939", rows, found)
    assert (score.must, score.implied, score.should) == ((1, 2), (0, 1), (0, 1))
    text = "RFC1939: B  MUST 1/2 (implied 0/1), SHOULD 0/1, untested 1 (1 need an adapter)"
    assert str(score) == text


def test_only_what_a_session_can_show_is_scored() -> None:
    rows = [*ROWS[:2], requirement(NAMES[2], side="client"), requirement(NAMES[3], wire="no")]
    score = grades.scores(rows, [one(Verdict.PASS, Verdict.PASS)])[0]
    assert (score.testable, score.untested) == (2, 1)


@pytest.mark.parametrize(
    ("sent", "verdict", "capped"),
    [
        (511, Verdict.CRASH, True),
        (512, Verdict.CRASH, True),
        (513, Verdict.CRASH, False),
        (5, Verdict.INCONCLUSIVE, False),
    ],
)
def test_a_crash_in_a_session_that_was_made_up_caps(
    sent: int, verdict: Verdict, capped: bool
) -> None:
    crash = finding(id="explored.EXPLORE-CRASH.s1.n7", sent=sent, requirement="RFC1939-5-002")
    explored = [Explored(crash, verdict)]
    scores = grades.scores(ROWS, [], None, explored)
    assert [score.cap for score in scores] == (["crash: explored.EXPLORE-CRASH.s1.n7"] * capped)
    assert (grades.overall(scores, [], explored) == "F") == capped


def test_an_rfc_whose_cases_were_skipped_has_no_grade() -> None:
    skipped = Result(Job(case(), "whole"), Verdict.SKIP)
    assert [score.grade for score in grades.scores(ROWS, [skipped])] == ["-"]
    assert grades.scores(ROWS, []) == []


def test_a_clause_is_that_of_the_first_requirement() -> None:
    rows = catalogue(requirement("RFC1939-5-001", section="5 (STAT)"))
    assert grades.clauses(rows, result(Verdict.PASS)) == "RFC1939 section 5 (STAT)"
    assert grades.clauses(rows, result(Verdict.PASS, case(reqs=()))) == "no requirement"


# ---- the gate -----------------------------------------------------------------------------------


def decided(
    *verdicts: Verdict, rules: gate.Gate | None = None, stale: int = 0, **run: object
) -> Exit:
    played = Run(results=[result(verdict) for verdict in verdicts])
    for name, value in run.items():
        setattr(played, name, value)
    comparison = Comparison(
        stale=["line 1: gone"] * stale,
        fixed={"x.case"} if Verdict.FIXED in verdicts else set(),
    )
    return gate.decide(rules or gate.Gate(), played, comparison).exit


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.PASS, Exit.PASSED),
        (Verdict.NOTE, Exit.PASSED),
        (Verdict.WARN, Exit.PASSED),
        (Verdict.SKIP, Exit.PASSED),
        (Verdict.KNOWN, Exit.PASSED),
        (Verdict.FAIL, Exit.FAILED),
        (Verdict.CRASH, Exit.FAILED),
        (Verdict.HANG, Exit.FAILED),
        (Verdict.CHANGED, Exit.FAILED),
        (Verdict.INCONCLUSIVE, Exit.FAILED),
        (Verdict.FLAKY, Exit.FAILED),
        (Verdict.FIXED, Exit.STALE),
        (Verdict.ERROR, Exit.SUITE),
    ],
)
def test_each_verdict_passes_the_gate_or_not(verdict: Verdict, expected: Exit) -> None:
    assert decided(Verdict.PASS, verdict) is expected


def test_strictness_closes_the_gate() -> None:
    assert decided(Verdict.WARN, rules=gate.Gate(strict=True)) is Exit.FAILED
    assert decided(Verdict.FIXED, rules=gate.Gate(strict_baseline=True)) is Exit.FAILED
    assert decided(Verdict.NOTE, rules=gate.Gate(strict=True)) is Exit.PASSED


@pytest.mark.parametrize(
    ("allowed", "expected"), [(1, Exit.FAILED), (2, Exit.PASSED), (3, Exit.PASSED)]
)
def test_doubtful_cases_pass_up_to_a_number(allowed: int, expected: Exit) -> None:
    rules = gate.Gate(max_inconclusive=allowed)
    assert decided(Verdict.INCONCLUSIVE, Verdict.FLAKY, rules=rules) is expected


def test_what_is_worse_decides() -> None:
    assert decided(stale=1) is Exit.STALE
    assert decided(Verdict.FAIL, stale=1) is Exit.FAILED
    assert decided(Verdict.FAIL, trouble="it died") is Exit.TARGET
    assert decided(Verdict.ERROR, trouble="it died") is Exit.SUITE
    assert decided(Verdict.ERROR, interrupted=True) is Exit.INTERRUPTED


def test_a_report_alone_fails_only_for_faults_of_ours() -> None:
    rules = gate.Gate(report_only=True)
    assert decided(Verdict.FAIL, rules=rules) is Exit.PASSED
    assert decided(Verdict.PASS, rules=rules, trouble="it died") is Exit.PASSED
    assert decided(Verdict.ERROR, rules=rules) is Exit.SUITE
