# SPDX-License-Identifier: Apache-2.0
"""What is made of results: the document, JUnit files, and what the console says."""

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import defusedxml.ElementTree as SafeTree
import jsonschema
import pytest
import xmlschema
from fake_results import document as fake_document
from fake_results import refereed
from hypothesis import given
from hypothesis import strategies as st
from making import HERE, case, catalogue, dialogue, outcome, requirement
from stage import StageTarget

from popquiz import console, facts, junit, paths, results
from popquiz.errors import SuiteError, UsageError
from popquiz.mask import Mask
from popquiz.outcome import Entry
from popquiz.record import Job, Result
from popquiz.results import Report
from popquiz.runner import Run
from popquiz.targets import Incident
from popquiz.verdicts import Attempt, Skip, Verdict

ROWS = catalogue(
    requirement("RFC1939-5-001", section="5 (STAT)"),
    requirement("RFC2595-4-009", section="4 (STLS)", impact="security", level="MUST-NOT"),
)
SAID = (
    Entry(1, "*", 0, False, "connected"),
    Entry(1, "C", 3, True, "STAT\\r\\n"),
    Entry(1, "S", 5, True, "+OK 3\\r\\n", left_out=9),
)
SCHEMA = json.loads((paths.PACKAGE / "results.schema.json").read_text())
SUREFIRE = xmlschema.XMLSchema(HERE / "junit.xsd")


def made(verdict: Verdict, name: str = "x.case", **more: Any) -> Result:
    """A result of any verdict, with everything that such a one has."""
    word = "pass" if verdict in (Verdict.PASS, Verdict.KNOWN, Verdict.FIXED) else "fail"
    found = outcome(word, transcript=SAID, expected="S: +OK", actual="-ERR <&>", ms=1500)
    incidents = (Incident("signal", "SIGSEGV\nat main"),) if verdict is Verdict.CRASH else ()
    attempt = Attempt(verdict, "lost", "because", outcome=found, incidents=incidents)
    played = verdict is not Verdict.SKIP
    values: dict[str, Any] = {
        "why": "because",
        "way": "lost" if played else "",
        "rows": {"RFC1939-5-001": Verdict.FAIL if word == "fail" else Verdict.PASS},
        "attempts": (attempt,) if played else (),
        "shown": attempt if played else None,
        "skip": None if played else Skip.ADAPTER,
    }
    segment = more.pop("segment", "whole")
    return Result(Job(case(name, **more.pop("case", {})), segment), verdict, **(values | more))


def report(*found: Result, **more: Any) -> Report:
    run = Run(facts.Facts(greeting=b"+OK \xff\r\n", login=Path("user.dlg")), list(found))
    values: dict[str, Any] = {
        "catalogue": ROWS,
        "rows": list(ROWS),
        "target": StageTarget(),
        "tls": "none",
        "run": run,
        "mask": Mask(["secret pass"]),
    }
    new = Report(**(values | more))
    new.score()
    return new


ALL = [made(verdict, f"x.{verdict.lower()}") for verdict in Verdict]


def document(*found: Result, **more: Any) -> dict[str, Any]:
    return results.document(report(*found, **more), Path("/out"))


# ---- the document -------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", Verdict)
def test_results_of_every_verdict_fit_the_schema(verdict: Verdict) -> None:
    found = document(made(verdict))
    jsonschema.validate(json.loads(json.dumps(found)), SCHEMA)
    assert found["cases"][0]["verdict"] == verdict
    assert found["summary"]["verdicts"] == {verdict: 1}


def test_the_date_and_the_reason_of_a_known_deviation_are_told() -> None:
    found = document(made(Verdict.KNOWN, known="not our secret pass"), date="2026-01-02")
    assert (found["date"], found["cases"][0]["known"]) == ("2026-01-02", "not our ***")


def test_a_result_tells_what_happened() -> None:
    each = document(made(Verdict.CRASH, blame="again", segment="byte"))["cases"][0]
    assert each["axes"] == {"tls": "none", "segment": "byte", "login": "user"}
    assert (each["breach"], each["clause"], each["blame"]) == (
        "fail",
        "RFC1939 section 5 (STAT)",
        "again",
    )
    assert each["rows"] == [{"id": "RFC1939-5-001", "level": "MUST", "verdict": "FAIL"}]
    assert each["attempts"][0]["incidents"] == [{"kind": "signal", "text": "SIGSEGV\nat main"}]
    assert each["ms"] == 1500
    assert each["replay"].startswith("popquiz replay /cases/x.case.dlg --segment byte")


def test_axes_of_the_matrix_are_axes_of_the_result() -> None:
    row = {"how": "drop"}
    each = document(made(Verdict.PASS, case={"row": row, "id": "x.case[how=drop]"}))["cases"][0]
    assert each["axes"]["how"] == "drop"


def test_requirements_say_which_cases_test_them() -> None:
    found = {row["id"]: row for row in document(*ALL)["requirements"]}
    assert found["RFC1939-5-001"]["verdict"] == "FAIL"
    assert len(found["RFC1939-5-001"]["cases"]) == len(Verdict)
    assert found["RFC2595-4-009"]["verdict"] == "UNTESTED"


def test_crashes_hangs_and_security_are_findings() -> None:
    broken = made(
        Verdict.FAIL,
        "x.tls",
        case={"reqs": ("RFC2595-4-009",)},
        rows={"RFC2595-4-009": Verdict.FAIL},
    )
    kinds = {f["case"]: f["kind"] for f in document(*ALL, broken)["findings"]}
    assert kinds == {"x.crash": "crash", "x.hang": "hang", "x.tls": "security"}


def test_texts_that_are_not_the_players_are_masked() -> None:
    attempt = Attempt(
        Verdict.CRASH,
        why="it said secret pass",
        outcome=outcome("fail"),
        incidents=(Incident("sanitizer", "c2VjcmV0IHBhc3M= secret pass"),),
    )
    one = made(Verdict.CRASH, why="secret pass", attempts=(attempt,), shown=attempt)
    text = json.dumps(document(one))
    assert "secret pass" not in text and "c2VjcmV0IHBhc3M" not in text


def test_octets_of_the_banner_stay_readable() -> None:
    assert document()["target"]["banner"] == "+OK \\xff"


def test_artifacts_are_written_for_what_is_worth_a_look(tmp_path: Path) -> None:
    file = dialogue("rfc1939.greeting.one-line")
    found = [made(v, f"x.{v}[a=b]", case={"file": file}) for v in (Verdict.PASS, Verdict.NOTE)]
    results.save(report(*found), tmp_path)
    names = sorted(path.name for path in (tmp_path / "cases").iterdir())
    assert names == ["x.NOTE_a=b_.dlg", "x.NOTE_a=b_.txt"]
    text = (tmp_path / "cases/x.NOTE_a=b_.txt").read_text()
    assert "      3 1 tls C STAT\\r\\n" in text and "+OK 3\\r\\n ... 9 octets more" in text
    assert (tmp_path / "cases/x.NOTE_a=b_.dlg").read_text().startswith("#!dlg 1\n")
    saved = json.loads((tmp_path / "results.json").read_text())
    assert saved["cases"][1]["artifacts"] == ["cases/x.NOTE_a=b_.txt", "cases/x.NOTE_a=b_.dlg"]


def test_missing_entries_of_a_transcript_are_told_where_they_were() -> None:
    lines = results.transcript(outcome(transcript=SAID, gap=(7, 1)))
    assert len(lines) == 4 and "7 entries are left out" in lines[1]


@given(st.text(min_size=1, max_size=400))
def test_names_of_artifacts_are_names_of_files(name: str) -> None:
    made_of = results.file_name(made(Verdict.FAIL, name))
    assert 0 < len(made_of.encode()) < 200
    assert not set(made_of) & set("/\0\n ")


def test_long_names_stay_apart() -> None:
    one, other = (results.file_name(made(Verdict.FAIL, "x" * 300 + end)) for end in "ab")
    assert one != other


def test_a_folder_that_cannot_be_written_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--out: .*: cannot be written: "):
        results.check_folder(tmp_path / "file" / "out")
    results.check_folder(tmp_path / "new" / "out")
    assert list((tmp_path / "new" / "out").iterdir()) == []


def test_a_full_disk_leaves_the_old_results(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("old")
    (tmp_path / "results.json.new").symlink_to("/dev/full")
    with pytest.raises(SuiteError, match=r"results\.json: cannot be written: No space left"):
        results.save(report(), tmp_path)
    assert (tmp_path / "results.json").read_text() == "old"


def test_results_are_written_even_if_artifacts_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "cases").touch()
    with pytest.raises(SuiteError, match="cases/"):
        results.save(report(made(Verdict.FAIL)), tmp_path)
    assert json.loads((tmp_path / "results.json").read_text())["cases"]


# ---- JUnit --------------------------------------------------------------------------------------


def rendered(found: Mapping[str, Any]) -> dict[str, Any]:
    files = junit.render(found, {"cases/x.txt": "said \x00 ]]> \x1b"})
    for text in files.values():
        SUREFIRE.validate(text)
    return {name: SafeTree.fromstring(text) for name, text in files.items()}


def test_each_section_is_a_suite_that_surefire_takes() -> None:
    other = made(Verdict.PASS, "x.tls", case={"reqs": ("RFC2595-4-009",)})
    suites = rendered(document(*ALL, other))
    assert set(suites) == {"TEST-RFC1939-section-5-STAT.xml", "TEST-RFC2595-section-4-STLS.xml"}
    suite = suites["TEST-RFC1939-section-5-STAT.xml"]
    assert suite.attrib["name"] == "RFC1939 section 5 (STAT)"
    counts = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": 13, "failures": 7, "errors": 1, "skipped": 1}
    assert counts["failures"] == len(suite.findall("testcase/failure"))


def test_a_failure_has_the_level_of_what_is_broken() -> None:
    one = made(
        Verdict.FAIL, case={"reqs": ("RFC2595-4-009",)}, rows={"RFC2595-4-009": Verdict.FAIL}
    )
    (suite,) = rendered(document(one)).values()
    failure = suite.find("testcase/failure")
    assert failure.attrib["type"] == "MUST-NOT"
    assert "actual: -ERR <&>" in failure.text
    assert suite.find("testcase").attrib == {
        "name": "x.case",
        "classname": "RFC2595.4_(STLS)",
        "time": "1.500",
    }


def test_a_skip_has_its_reason() -> None:
    (suite,) = rendered(document(made(Verdict.SKIP))).values()
    assert suite.find("testcase/skipped").attrib["message"] == "adapter: because"


def test_octets_that_xml_forbids_do_not_break_it() -> None:
    one = made(Verdict.FAIL, why="\x00\x1b\ud800")
    one.artifacts = ("cases/x.txt",)
    (suite,) = rendered(document(one)).values()
    assert suite.find("testcase/system-out").text == "said ? ]]> ?"
    assert suite.find("testcase/failure").attrib["message"] == "FAIL: ???"


def test_names_differ_when_writes_are_cut_differently() -> None:
    (suite,) = rendered(document(made(Verdict.PASS), made(Verdict.PASS, segment="byte"))).values()
    assert [each.attrib["name"] for each in suite] == ["x.case", "x.case@byte"]


def test_our_subset_of_surefire_refuses_what_is_wrong() -> None:
    (text,) = junit.render(document(made(Verdict.FAIL)), {}).values()
    for good, bad in (('type="MUST"', ""), ('tests="1"', 'tests="many"'), ("testcase ", "test ")):
        assert good in text
        with pytest.raises(xmlschema.XMLSchemaException):
            SUREFIRE.validate(text.replace(good, bad))


# ---- the console --------------------------------------------------------------------------------


def shown(found: Mapping[str, Any], why: str = "") -> list[str]:
    stream = io.StringIO()
    console.Console(stream).report(found, why, "out/results.json")
    return stream.getvalue().splitlines()


def test_the_summary_is_the_last_line() -> None:
    last = shown(document(*ALL, exit=1), "1 FAIL")[-1]
    assert last.startswith("13 cases: 1 pass, 1 note, 1 known, ")
    assert last.endswith("gate not passed: 1 FAIL; out/results.json")
    assert "1 FAIL, 1 HANG, 1 CRASH, 1 ERROR" in last


def test_each_rfc_has_one_line_and_passing_cases_none() -> None:
    lines = shown(document(made(Verdict.PASS, "x.good"), made(Verdict.PASS, "x.fine")))
    assert lines[:2] == ["RFC1939  2 pass", ""]
    assert not any("x.good" in line for line in lines)


def test_sections_that_need_a_look_have_lines_in_the_order_of_the_rfc() -> None:
    clauses = ("RFC2449 section 5", "RFC1939 section 11", "RFC1939 section 7", "RFC1939 section 3")
    cases = [{"clause": clause, "verdict": "FAIL"} for clause in clauses[:3]]
    cases.append({"clause": clauses[3], "verdict": "PASS"})
    assert console.section_lines(cases) == [
        "RFC1939       1 pass, 2 FAIL",
        "  section 7   1 FAIL",
        "  section 11  1 FAIL",
        "RFC2449       1 FAIL",
        "  section 5   1 FAIL",
    ]


def test_without_a_terminal_progress_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.StringIO()
    shows = console.Console(stream)
    shows.begin(3, "x")
    shows.step()
    assert stream.getvalue() == ""
    monkeypatch.setattr(console, "LINE_SECONDS", 0.0)
    shows.step()
    assert stream.getvalue() == "... 2 of 3 cases\n"


def test_a_rule_of_the_referee_is_told_once_with_a_count() -> None:
    found = fake_document("PASS", "KNOWN")
    found["cases"] += [refereed(f"y.{n}", "seen") for n in range(6)]
    text = "\n".join(shown(found))
    assert "FAIL REF-STAT-COUNT in 6 cases\n    RFC1939-5-007" in text
    assert 'seen      seen: "seen" (connection 1, octet 70 of the server)' in text
    assert "beside    y.0, y.1, y.2, y.3, and 2 more\n" in text
    assert "FAIL y." not in text and "6 FAIL" in text
    found["cases"] = [refereed(f"y.{n}", "seen", known="it counts so") for n in range(6)]
    lines = shown(found)
    assert "KNOWN REF-STAT-COUNT in 6 cases  it counts so" in lines
    assert not any("y.0" in line for line in lines)


def test_a_case_that_fails_by_itself_names_the_rules_broken_beside_it() -> None:
    found = fake_document("FAIL")
    charges = refereed("y", "seen")["referee"]
    found["cases"][0]["referee"] = charges
    text = "\n".join(shown(found))
    assert "FAIL x.fail#plain" in text and "    REF-STAT-COUNT seen: " in text
    (suite,) = rendered(found).values()
    assert "REF-STAT-COUNT: seen: " in suite.find("testcase/failure").text


def test_what_fails_has_all_that_helps() -> None:
    text = "\n".join(shown(document(made(Verdict.CRASH, "x.bad", blame="alone", segment="3"))))
    for part in (
        "CRASH x.bad#lost (writes cut: 3)",
        "RFC1939-5-001 MUST: What RFC1939-5-001 says.",
        "why       because",
        "blame     alone",
        "expected  S: +OK",
        "actual    -ERR <&>",
        "signal    SIGSEGV\n              at main",
        "replay    popquiz replay",
    ):
        assert part in text


def test_skipped_cases_are_counted_by_what_they_need() -> None:
    lines = shown(document(made(Verdict.SKIP, "x.a"), made(Verdict.SKIP, "x.b")))
    assert "SKIP(adapter) because: 2" in lines


def test_a_census_is_a_line_each() -> None:
    assert "NOTE x.note#lost" in shown(document(made(Verdict.NOTE, "x.note")))


def test_nothing_is_a_result_too() -> None:
    assert shown(document())[-1].startswith("0 cases: nothing; grade - ")


def test_a_stale_baseline_is_named() -> None:
    assert "baseline: line 3: gone" in shown(document(stale=["line 3: gone"]))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    console.Console(stream).report(document(*ALL), "", "[out]")
    plain = "\n".join(shown(document(*ALL))).replace("out/results.json", "[out]")
    coloured = stream.getvalue()
    assert "\x1b[1;31mFAIL x.fail" in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured).splitlines() == plain.splitlines()
