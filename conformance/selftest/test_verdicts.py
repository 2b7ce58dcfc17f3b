# SPDX-License-Identifier: Apache-2.0
"""The table of verdicts: what a run means, by its outcome and by the breach of what it broke."""

from collections.abc import Sequence

import pytest
from making import branches, case, catalogue, outcome, requirement, seen

from popquiz.outcome import Entry
from popquiz.verdicts import (
    RANK,
    Attempt,
    Skip,
    Verdict,
    agree,
    judge,
    row_verdict,
    way,
    worst,
)

ROWS = catalogue(
    requirement("RFC1939-5-001"),
    requirement("RFC1939-5-002", level="SHOULD-NOT", breach="warn"),
    requirement("RFC1939-3-007", level="MAY", breach="note"),
    requirement("RFC1939-5-010"),
)
FAIL, WARN, NOTE, OTHER = "RFC1939-5-001", "RFC1939-5-002", "RFC1939-3-007", "RFC1939-5-010"


@pytest.mark.parametrize(
    ("seen", "breach", "verdict"),
    [
        ("pass", "fail", "PASS"),
        ("pass", "note", "PASS"),
        ("note", "fail", "NOTE"),
        ("note", "warn", "NOTE"),
        ("warn", "fail", "WARN"),
        ("warn", "note", "NOTE"),
        ("fail", "fail", "FAIL"),
        ("fail", "warn", "WARN"),
        ("fail", "note", "NOTE"),
    ],
)
def test_a_row_is_never_worse_than_its_breach(seen: str, breach: str, verdict: str) -> None:
    assert row_verdict(seen, breach) == verdict


@pytest.mark.parametrize(
    ("word", "rows", "verdict"),
    [
        ("pass", {FAIL: "pass"}, "PASS"),
        ("note", {FAIL: "note"}, "NOTE"),
        ("fail", {NOTE: "fail"}, "NOTE"),
        ("fail", {WARN: "fail"}, "WARN"),
        ("warn", {FAIL: "warn"}, "WARN"),
        ("fail", {FAIL: "fail"}, "FAIL"),
        # The mildness of one row hides nothing of another.
        ("fail", {FAIL: "fail", NOTE: "fail", WARN: "fail"}, "FAIL"),
        ("fail", {FAIL: "pass", WARN: "fail", NOTE: "fail"}, "WARN"),
        ("fail", {FAIL: "warn", NOTE: "fail"}, "WARN"),
        # A step without a requirement has no breach to make it milder.
        ("fail", {}, "FAIL"),
        ("fail", {FAIL: "pass"}, "FAIL"),
        ("inconclusive", {}, "INCONCLUSIVE"),
        ("inconclusive", {FAIL: "pass"}, "INCONCLUSIVE"),
        ("error", {}, "ERROR"),
    ],
)
def test_a_case_has_the_worst_of_its_rows(word: str, rows: dict[str, str], verdict: str) -> None:
    found = judge(case(), outcome(word, rows), ROWS)
    assert found.verdict == verdict
    assert set(found.rows) == set(rows)


@pytest.mark.parametrize("reason", ["adapter", "config", "unsafe"])
def test_a_skip_keeps_the_players_reason(reason: str) -> None:
    found = judge(case(), outcome("skip", {}, skip=reason), ROWS)
    assert (found.verdict, found.skip) == (Verdict.SKIP, Skip(reason))


def test_the_reasons_to_skip_are_these() -> None:
    assert [str(skip) for skip in Skip] == [
        "capability",
        "config",
        "adapter",
        "unsafe",
        "slow",
        "budget",
    ]


def test_nothing_that_must_be_seen_ranks_behind_pass() -> None:
    assert worst(Verdict) is Verdict.ERROR
    assert RANK[Verdict.FAIL] > RANK[Verdict.INCONCLUSIVE] > RANK[Verdict.WARN] > RANK[Verdict.NOTE]
    assert worst([]) is Verdict.PASS


# ---- how a run went -----------------------------------------------------------------------------

LOCK = branches(refused="pass", shared="note", lost="fail", kept="pass")


@pytest.mark.parametrize(
    ("word", "branch", "expected"),
    [
        ("pass", "", ""),
        ("pass", "refused", "refused"),
        ("fail", "", "test.12"),
        ("fail", "shared-lost", "shared-lost"),
        ("note", "shared-kept", "shared-kept"),
        ("fail", "refused", "refused.test.12"),
        ("fail", "shared-kept", "shared-kept.test.12"),
        ("note", "shared", "shared"),
    ],
)
def test_the_way_is_the_branches_and_the_step_that_decided(
    word: str, branch: str, expected: str
) -> None:
    assert way(case(branches=LOCK), outcome(word, branch=branch)) == expected


def test_a_branch_is_not_mistaken_for_the_end_of_another_name() -> None:
    of = case(branches=branches(**{"not-lost": "pass", "lost": "fail"}))
    assert way(of, outcome("fail", branch="not-lost")) == "not-lost.test.12"
    assert way(of, outcome("fail", branch="almostlost")) == "almostlost.test.12"


# ---- what the referee saw -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "requirement", "verdict"),
    [
        ("pass", NOTE, "NOTE"),
        ("pass", WARN, "WARN"),
        ("note", WARN, "WARN"),
        ("warn", NOTE, "WARN"),
        ("fail", WARN, "FAIL"),
        ("pass", OTHER, "FAIL"),
        ("skip", WARN, "SKIP"),
        ("skip", OTHER, "FAIL"),
        ("inconclusive", OTHER, "INCONCLUSIVE"),
        ("error", OTHER, "ERROR"),
    ],
)
def test_a_case_is_as_bad_as_what_the_referee_saw(
    word: str, requirement: str, verdict: str
) -> None:
    found = judge(case(), outcome(word, seen=(seen(requirement=requirement),)), ROWS)
    assert found.verdict == verdict
    if found.verdict is not Verdict.SKIP:
        assert found.rows[requirement] == ROWS[requirement].breach.upper()
        assert (found.alone, found.skip) == (word.upper(), None)


def test_a_finding_that_decides_has_its_rule_as_the_reason_and_in_the_way() -> None:
    found = judge(case(), outcome("pass", seen=(seen(),), branch="kept"), ROWS)
    assert found.why == "REF-STAT-COUNT: messages: due, said 3, 4"
    assert (found.way, found.full_way) == ("kept", "kept.ref-stat-count")
    assert found.decider and found.decider.summary == ROWS[WARN].summary
    failing = judge(case(), outcome("fail", seen=(seen(),), why="its own"), ROWS)
    assert (failing.why, failing.decider) == ("its own", None)
    assert failing.full_way == "test.12.ref-stat-count"


@pytest.mark.parametrize("word", ["pass", "note", "warn", "fail"])
def test_what_the_case_judged_itself_stands(word: str) -> None:
    finding = seen(requirement=FAIL)
    found = judge(case(), outcome(word, {FAIL: word}, seen=(finding,)), ROWS)
    assert not found.charges and found.alone is None
    assert (found.verdict, found.rows) == (word.upper(), {FAIL: word.upper()})


def test_an_echo_counts_for_nothing_and_a_rule_once() -> None:
    found = judge(case(), outcome("pass", seen=(seen(follows=True),)), ROWS)
    assert (found.verdict, found.charges) == (Verdict.PASS, ())
    silence = Entry(1, "*", 3, False, "no answer: is the target alive?")
    found = judge(case(), outcome("pass", seen=(seen(),), transcript=(silence,)), ROWS)
    assert not found.charges
    found = judge(case(), outcome("pass", seen=(seen(ms=2),), transcript=(silence,)), ROWS)
    assert found.charges
    twice = (seen(offset=9), seen(offset=70), seen("REF-STAT-EXTRA"))
    found = judge(case(), outcome("pass", seen=twice), ROWS)
    assert [(c.way, c.seen.offset) for c in found.charges] == [
        ("ref-stat-count", 9),
        ("ref-stat-extra", 70),
    ]


def test_an_argument_that_is_overlooked_is_a_leniency() -> None:
    flaw = seen("REF-ARGUMENT-SURPLUS", OTHER)
    assert judge(case(), outcome("pass", seen=(flaw,)), ROWS).rows[OTHER] is Verdict.WARN
    milder = seen("REF-ARGUMENT-SURPLUS", NOTE)
    assert judge(case(), outcome("pass", seen=(milder,)), ROWS).verdict is Verdict.NOTE


def test_a_finding_that_does_not_come_again_is_flaky() -> None:
    once = judge(case(), outcome("pass", seen=(seen(requirement=OTHER),)), ROWS)
    again = judge(case(), outcome("pass"), ROWS)
    found = agree([once, again])
    assert found.verdict is Verdict.FLAKY and OTHER not in found.rows
    assert found.why == "attempts disagree: FAIL#ref-stat-count, PASS"
    assert agree([once, once]).verdict is Verdict.FAIL


# ---- several attempts ---------------------------------------------------------------------------


def attempts(*words: str) -> Sequence[Attempt]:
    return [judge(case(), outcome(word), ROWS) for word in words]


def test_attempts_that_agree_are_one() -> None:
    found = agree(attempts("fail", "fail", "fail"))
    assert found.verdict is Verdict.FAIL
    assert found.rows == {FAIL: Verdict.FAIL}


@pytest.mark.parametrize(
    "words",
    [("fail", "pass", "fail"), ("pass", "fail"), ("inconclusive", "pass"), ("note", "warn")],
)
def test_attempts_that_disagree_are_flaky(words: tuple[str, ...]) -> None:
    found = agree(attempts(*words))
    assert found.verdict is Verdict.FLAKY
    assert FAIL not in found.rows
    for word in words:
        assert word.upper() in found.why


def test_what_fails_every_time_fails_whatever_the_way() -> None:
    first, second = attempts("fail", "fail")
    other = judge(case(), outcome("fail", {FAIL: "fail", WARN: "fail"}, branch="lost"), ROWS)
    rows = {FAIL: "fail", WARN: "pass", NOTE: "pass"}
    third = judge(case(), outcome("fail", rows, branch="lost"), ROWS)
    found = agree([first, second, other, third])
    assert found.verdict is Verdict.FAIL and found.shown is first
    # What some attempts did not come to is told; what they disagree on is not.
    assert found.rows == {FAIL: Verdict.FAIL, NOTE: Verdict.PASS}


def test_another_verdict_in_another_way_is_flaky() -> None:
    first, second = attempts("note", "note")
    other = judge(case(), outcome("note", branch="lost"), ROWS)
    assert agree([first, second, other]).verdict is Verdict.FLAKY


def test_flaky_attempts_keep_the_rows_on_which_they_agree() -> None:
    rows = {FAIL: "pass", WARN: "fail"}
    found = agree(
        [
            judge(case(), outcome("fail", rows), ROWS),
            judge(case(), outcome("pass", {FAIL: "pass", WARN: "pass"}), ROWS),
        ]
    )
    assert found.verdict is Verdict.FLAKY
    assert found.rows == {FAIL: Verdict.PASS}
