# SPDX-License-Identifier: Apache-2.0
"""Baselines: what is known, what changed, what is over, and what a rewritten file keeps."""

from datetime import date
from pathlib import Path

import pytest
from making import branches, case, catalogue, finding, outcome, requirement, result, seen

from popquiz import baseline
from popquiz.errors import UsageError
from popquiz.record import Explored, Result
from popquiz.verdicts import Attempt, Verdict, judge

TODAY = date(2026, 11, 21)
IDS = {"x.lock", "x.tags", "x.new"}
TEXT = """# baseline 1  target=dovecot-2.3.19 config=default suite=0.4
# Shared maildrops: see the manual.
x.lock#shared-lost  KNOWN  true  "the default shares"  see=doc  until=2027-06
x.tags#extra-tag  KNOWN  disputed  "lists CAPA"  until=never
# the end
"""


def known(text: str = TEXT) -> baseline.Baseline:
    return baseline.parse("b.txt", text)


def compare(
    *results: Result, text: str = TEXT, today: date = TODAY, tls: str = "none"
) -> baseline.Comparison:
    return baseline.compare(known(text), baseline.Played(results, IDS, today, tls))


def found(name: str, verdict: Verdict, way: str = "") -> Result:
    return result(verdict, case(name), way=way)


def test_a_file_is_read_and_written_without_loss() -> None:
    assert str(known()) == TEXT
    first, second = known().entries
    assert (first.id, first.way, first.belief, first.see) == (
        "x.lock",
        "shared-lost",
        "true",
        "doc",
    )
    assert (second.reason, second.until, second.see) == ("lists CAPA", "never", "")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('x.lock#a KNOWN maybe "why" until=never', "b.txt:2: not an entry; write ID#WAY"),
        ('x.lock#a KNOWN true "why"', "b.txt:2: not an entry"),
        ("x.lock#a KNOWN true why until=never", "b.txt:2: not an entry"),
        ('x.lock#a KNOWN true "why" until=2027-13', "b.txt:2: until=2027-13 is no date"),
        ('x.lock#a KNOWN true "why" until=2027-02-30', "is no date"),
        ('x.lock#a KNOWN true "why" until=0000-01', "is no date"),
        ('x.lock#a KNOWN true "why" tls=ssl until=never', "b.txt:2: tls=ssl are no ways of TLS"),
        ('x.lock#a KNOWN true "why" tls=none, until=never', "b.txt:2: tls=none, are no ways"),
        ('x.lock#a KNOWN true "why" tls= until=never', "b.txt:2: not an entry"),
    ],
)
def test_an_entry_that_is_wrong_is_refused_with_its_line(line: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        known(f"# baseline 1\n{line}\n")


@pytest.mark.parametrize("text", ["", "x\n", "# baseline 2\n", "# base 1\n"])
def test_a_file_of_another_kind_or_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"b\.txt:1: a baseline begins with"):
        known(text)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the baseline: No such file"):
        baseline.read(tmp_path / "none")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.WARN])
def test_the_same_deviation_is_known(verdict: Verdict) -> None:
    one = found("x.lock", verdict, "shared-lost")
    comparison = compare(one)
    assert one.verdict is Verdict.KNOWN
    assert one.known == "the default shares (true, until 2027-06; see doc)"
    assert not comparison.stale and not comparison.fixed


def test_another_way_of_deviating_is_a_change() -> None:
    one = found("x.lock", Verdict.FAIL, "cut")
    compare(one)
    assert one.verdict is Verdict.CHANGED
    assert "shared-lost" in one.why


@pytest.mark.parametrize("verdict", [Verdict.CRASH, Verdict.HANG, Verdict.FLAKY, Verdict.SKIP])
def test_a_baseline_excuses_no_crash_and_hides_no_doubt(verdict: Verdict) -> None:
    one = found("x.lock", verdict, "shared-lost")
    compare(one)
    assert one.verdict is verdict


def test_what_is_not_listed_stays_new() -> None:
    one = found("x.new", Verdict.FAIL, "shared-lost")
    compare(one)
    assert one.verdict is Verdict.FAIL


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.NOTE])
def test_what_passes_now_is_fixed(verdict: Verdict) -> None:
    one = found("x.lock", verdict)
    assert compare(one).fixed == {"x.lock"}
    assert one.verdict is Verdict.FIXED


def test_a_case_that_still_deviates_in_one_way_of_playing_it_is_not_fixed() -> None:
    passing, failing = found("x.lock", Verdict.PASS), found("x.lock", Verdict.FAIL, "shared-lost")
    assert not compare(passing, failing).fixed
    assert (passing.verdict, failing.verdict) == (Verdict.PASS, Verdict.KNOWN)


@pytest.mark.parametrize(
    ("today", "expired"),
    [(date(2027, 6, 29), False), (date(2027, 6, 30), False), (date(2027, 7, 1), True)],
)
def test_an_entry_lasts_to_the_end_of_its_month(today: date, expired: bool) -> None:
    comparison = compare(today=today)
    assert [line for line in comparison.stale if "x.lock was known until 2027-06" in line] == (
        ["line 3: x.lock was known until 2027-06"] if expired else []
    )


def test_an_entry_may_end_on_a_day() -> None:
    text = TEXT.replace("until=2027-06", "until=2026-11-20")
    assert compare(text=text).stale and not compare(text=text, today=date(2026, 11, 20)).stale


def test_an_entry_without_its_case_is_stale() -> None:
    comparison = compare(text=TEXT.replace("x.tags", "x.gone"))
    assert comparison.stale == ["line 4: there is no case x.gone"]


# ---- attempts that disagree ----------------------------------------------------------------------


def raced(*attempts: tuple[Verdict, str]) -> Result:
    """x.lock, which was played more than once."""
    one = found("x.lock", Verdict.FLAKY, attempts[0][1])
    one.attempts = tuple(Attempt(verdict, way) for verdict, way in attempts)
    return one


LOST, CUT, GOOD = (Verdict.FAIL, "shared-lost"), (Verdict.FAIL, "cut"), (Verdict.PASS, "")


@pytest.mark.parametrize("good", [GOOD, (Verdict.NOTE, "waits")])
def test_a_race_is_known_when_each_attempt_passes_or_deviates_as_listed(
    good: tuple[Verdict, str],
) -> None:
    one = raced(good, LOST, LOST)
    comparison = compare(one)
    assert one.verdict is Verdict.KNOWN and not comparison.fixed
    assert one.known == "at times: the default shares (true, until 2027-06; see doc)"


def test_a_race_with_a_way_that_is_not_listed_stays_in_doubt() -> None:
    one = raced(GOOD, LOST, CUT)
    compare(one)
    assert one.verdict is Verdict.FLAKY
    both = raced(LOST, GOOD, CUT)
    compare(both, text=TEXT + 'x.lock#cut  KNOWN  true  "cuts"  until=never\n')
    assert both.verdict is Verdict.KNOWN
    assert both.known.startswith("at times: the default shares (") and "cuts (true" in both.known


@pytest.mark.parametrize(
    "verdict",
    [Verdict.INCONCLUSIVE, Verdict.SKIP, Verdict.ERROR, Verdict.CRASH, Verdict.HANG],
)
def test_a_race_of_which_something_else_came_stays_in_doubt(verdict: Verdict) -> None:
    one = raced(LOST, GOOD, (verdict, "shared-lost"))
    compare(one)
    assert one.verdict is Verdict.FLAKY


def test_attempts_that_all_pass_and_differ_stay_in_doubt() -> None:
    one = raced(GOOD, (Verdict.NOTE, "waits"))
    compare(one)
    assert one.verdict is Verdict.FLAKY


def test_a_race_that_is_not_listed_stays_in_doubt() -> None:
    one = raced(GOOD, LOST)
    compare(one, text="# baseline 1\n")
    assert one.verdict is Verdict.FLAKY


# ---- ways of TLS --------------------------------------------------------------------------------

IN_CLEAR = TEXT.replace("see=doc", "see=doc  tls=none,stls")


def test_an_entry_for_some_ways_of_tls_is_read_and_written_without_loss() -> None:
    assert str(known(IN_CLEAR)) == IN_CLEAR
    assert [entry.tls for entry in known(IN_CLEAR).entries] == ["none,stls", ""]


@pytest.mark.parametrize(
    ("tls", "verdict"),
    [("none", Verdict.KNOWN), ("stls", Verdict.KNOWN), ("implicit", Verdict.FAIL)],
)
def test_an_entry_excuses_in_its_ways_of_tls(tls: str, verdict: Verdict) -> None:
    one = found("x.lock", Verdict.FAIL, "shared-lost")
    compare(one, text=IN_CLEAR, tls=tls)
    assert one.verdict is verdict


@pytest.mark.parametrize(("tls", "verdict"), [("none", Verdict.FIXED), ("implicit", Verdict.PASS)])
def test_what_passes_where_no_entry_applies_is_not_fixed(tls: str, verdict: Verdict) -> None:
    one = found("x.lock", Verdict.PASS)
    comparison = compare(one, text=IN_CLEAR, tls=tls)
    assert one.verdict is verdict
    assert comparison.fixed == ({"x.lock"} if verdict is Verdict.FIXED else set())


def test_an_entry_ends_and_needs_its_case_in_every_way_of_tls() -> None:
    late = date(2027, 7, 1)
    assert compare(text=IN_CLEAR, tls="implicit", today=late).stale
    assert compare(text=IN_CLEAR.replace("x.lock", "x.gone"), tls="implicit").stale


# ---- a file that is rewritten -------------------------------------------------------------------


def update(*results: Result, text: str = TEXT, tls: str = "none") -> str:
    compare(*results, text=text, tls=tls)
    return str(baseline.update(known(text), baseline.Played(results, IDS, TODAY, tls)))


def test_an_update_takes_a_way_of_tls_away_where_the_case_is_fixed() -> None:
    assert update(found("x.lock", Verdict.PASS), text=IN_CLEAR) == IN_CLEAR.replace(
        "tls=none,stls", "tls=stls"
    )
    only = IN_CLEAR.replace("tls=none,stls", "tls=none")
    assert "x.lock" not in update(found("x.lock", Verdict.PASS), text=only)


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.SKIP])
def test_an_update_keeps_what_is_for_other_ways_of_tls(verdict: Verdict) -> None:
    assert update(found("x.lock", verdict), text=IN_CLEAR, tls="implicit") == IN_CLEAR


def test_an_update_adds_another_way_of_tls_to_be_explained() -> None:
    text = update(found("x.lock", Verdict.FAIL, "shared-lost"), text=IN_CLEAR, tls="implicit")
    assert "tls=none,stls  until=2027-06\n" in text
    assert '#shared-lost  KNOWN  disputed  "not yet explained"  tls=implicit  until=2027-02' in text
    cut = update(found("x.lock", Verdict.FAIL, "cut"), text=IN_CLEAR, tls="stls")
    assert '"the default shares"  see=doc  tls=none  until=2027-06\n' in cut
    assert 'x.lock#cut  KNOWN  disputed  "not yet explained"  until=2027-02\n' in cut


def test_an_update_keeps_what_was_not_played_with_its_comments() -> None:
    assert update() == TEXT


def test_an_update_drops_what_is_fixed() -> None:
    text = update(found("x.lock", Verdict.PASS), found("x.tags", Verdict.WARN, "extra-tag"))
    assert "x.lock" not in text and "x.tags#extra-tag" in text and "# the end" in text


def test_an_update_adds_what_is_new_for_ninety_days() -> None:
    text = update(found("x.new", Verdict.FAIL, "odd"))
    assert 'x.new#odd  KNOWN  disputed  "not yet explained"  until=2027-02\n' in text
    assert known(text).entries[0].id == "x.lock"


def test_an_update_replaces_the_way_that_changed() -> None:
    text = update(found("x.lock", Verdict.FAIL, "cut"))
    assert "x.lock#cut" in text and "shared-lost" not in text


# ---- rules of the referee -----------------------------------------------------------------------

COUNT = '*#ref-stat-count  KNOWN  true  "counts the marked"  until=never\n'
ROWS = catalogue(requirement("RFC1939-5-001"), requirement("RFC1939-5-002"))


def charged(name: str, word: str = "pass", branch: str = "", **more: str) -> Result:
    """A case beside which the referee has a finding."""
    of = case(name, branches=branches(**{branch: word}) if branch else ())
    attempt = judge(of, outcome(word, seen=(seen(**more),), branch=branch), ROWS)
    return result(
        attempt.verdict,
        of,
        way=attempt.way,
        rows=attempt.rows,
        charges=attempt.charges,
        alone=attempt.alone,
    )


def test_a_rule_is_known_in_every_case() -> None:
    found = [charged("x.lock"), charged("x.tags"), charged("x.new")]
    comparison = compare(*found, text=f"# baseline 1\n{COUNT}")
    assert [one.verdict for one in found] == [Verdict.KNOWN] * 3
    assert found[0].known == "counts the marked (true, until never)"
    assert not comparison.stale and not comparison.fixed


def test_a_rule_that_is_not_listed_is_a_failure_with_what_is_known_of_the_case() -> None:
    one = charged("x.lock", "fail", "shared-lost")
    compare(one)
    assert (one.verdict, one.alone) == (Verdict.FAIL, Verdict.KNOWN)
    both = charged("x.lock", "fail", "shared-lost")
    compare(both, text=TEXT + COUNT)
    assert both.verdict is Verdict.KNOWN
    assert both.known.startswith("the default shares")
    assert both.excused == {"ref-stat-count": "counts the marked (true, until never)"}


def test_a_rule_excuses_nothing_else() -> None:
    listed = f"# baseline 1\n{COUNT}"
    case_of_its_own = charged("x.new", "fail", "odd")
    other_rule = charged("x.new", rule="REF-STAT-EXTRA")
    compare(case_of_its_own, other_rule, text=listed)
    assert case_of_its_own.verdict is other_rule.verdict is Verdict.FAIL
    changed = charged("x.lock", "fail", "cut")
    compare(changed, text=TEXT + COUNT)
    assert changed.verdict is Verdict.CHANGED


def test_a_listed_case_that_passes_is_fixed_whatever_the_referee_saw() -> None:
    one = charged("x.lock")
    assert compare(one, text=TEXT + COUNT).fixed == {"x.lock"}
    assert one.verdict is Verdict.FIXED
    other = charged("x.lock")
    assert compare(other).fixed == {"x.lock"}
    assert other.verdict is Verdict.FAIL


def test_an_update_lists_a_rule_once() -> None:
    text = update(charged("x.new"), charged("x.tags", "fail", "extra-tag"))
    assert text.count("ref-stat-count") == 1
    assert '*#ref-stat-count  KNOWN  disputed  "not yet explained"  until=2027-02\n' in text
    assert "x.new" not in text and 'x.tags#extra-tag  KNOWN  disputed  "lists CAPA"' in text


def test_a_rule_ends_and_needs_its_name() -> None:
    past = COUNT.replace("never", "2026-01")
    assert compare(text=f"# baseline 1\n{past}").stale == [
        "line 2: *#ref-stat-count was known until 2026-01"
    ]
    for text in (COUNT.replace("ref-stat-count", "test.18"), COUNT.replace("#ref-stat-count", "")):
        with pytest.raises(UsageError, match=r"b\.txt:2: \* is for rules of the referee"):
            known(f"# baseline 1\n{text}")


RARE = COUNT.replace("until", "at-times  until")


@pytest.mark.parametrize(
    ("text", "tls", "whole", "over"),
    [
        (COUNT, "none", True, True),
        (COUNT, "none", False, False),
        (RARE, "none", True, False),
        (COUNT.replace("until", "tls=stls  until"), "none", True, False),
        (COUNT.replace("until", "tls=stls,none  until"), "none", True, True),
    ],
)
def test_a_rule_that_nothing_breaks_any_more_is_fixed(
    text: str, tls: str, whole: bool, over: bool
) -> None:
    base = known(f"# baseline 1\n{text}")
    played = baseline.Played([found("x.lock", Verdict.PASS)], IDS, TODAY, tls, whole=whole)
    stale = ["line 2: *#ref-stat-count is FIXED: no case breaks the rule"]
    assert baseline.compare(base, played).stale == (stale if over else [])
    left = str(baseline.update(base, played))
    assert ("ref-stat-count" in left) == (not over or "tls=stls" in left)
    assert "none" not in left or not over


def test_a_rule_that_one_attempt_breaks_is_not_fixed() -> None:
    base, broken = known(f"# baseline 1\n{COUNT}"), charged("x.new")
    once = raced(GOOD, LOST)
    once.attempts = (once.attempts[0], Attempt(Verdict.FAIL, charges=broken.charges))
    played = baseline.Played([once], IDS, TODAY, "none", whole=True)
    assert not baseline.compare(base, played).stale
    seen_apart = [Explored(finding(rule="REF-STAT-COUNT"), Verdict.KNOWN)]
    played = baseline.Played([], IDS, TODAY, "none", seen_apart, whole=True)
    assert not baseline.compare(base, played).stale


def test_an_update_lists_what_exploration_found() -> None:
    explored = [
        Explored(finding(rule="REF-SIZE"), Verdict.FAIL),
        Explored(finding(rule="REF-STAT-COUNT"), Verdict.KNOWN),
        Explored(finding(rule="EXPLORE-CRASH"), Verdict.CRASH),
    ]
    played = baseline.Played([], IDS, TODAY, "none", explored)
    text = str(baseline.update(known(), played))
    assert '*#ref-size  KNOWN  disputed  "not yet explained"  at-times  until=2027-02\n' in text
    assert "ref-stat-count" not in text and "crash" not in text
    assert str(known(text)) == text


def test_only_rules_come_at_times() -> None:
    with pytest.raises(UsageError, match=r"b\.txt:2: at-times is for rules of the referee"):
        known('# baseline 1\nx.lock#a  KNOWN  true  "why"  at-times  until=never\n')


def test_what_an_update_writes_gates_nothing_the_next_time() -> None:
    text = update(found("x.new", Verdict.FAIL, "odd"), found("x.lock", Verdict.WARN, "cut"))
    again = [found("x.new", Verdict.FAIL, "odd"), found("x.lock", Verdict.WARN, "cut")]
    comparison = compare(*again, text=text)
    assert not comparison.stale
    assert [one.verdict for one in again] == [Verdict.KNOWN, Verdict.KNOWN]


def test_a_race_beside_which_a_rule_is_broken_is_known_when_that_is_listed_too() -> None:
    def raced_with(text: str) -> Result:
        lost = charged("x.lock", "fail", "shared-lost")
        one = raced(GOOD, LOST)
        attempt = Attempt(lost.verdict, lost.way, charges=lost.charges, alone=lost.alone)
        one.attempts = (one.attempts[0], attempt)
        compare(one, text=text)
        return one

    assert raced_with(TEXT).verdict is Verdict.FLAKY
    assert raced_with(TEXT + COUNT).verdict is Verdict.KNOWN
    assert "counts the marked" in raced_with(TEXT + COUNT).known
