# SPDX-License-Identifier: Apache-2.0
"""The other commands: list, explain, replay, golden, mutants, serve; and the pytest plugin."""

import json
import os
import poplib
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from making import (
    PASSWORD,
    TINY,
    Ran,
    branches,
    case,
    catalogue,
    dialogue,
    password_file,
    popquiz,
    requirement,
    result,
    seen,
)
from planted import ROOT

from popquiz import cases, cli, explain, golden, listing, mutants, paths
from popquiz.errors import Exit, SuiteError, UsageError
from popquiz.verdicts import Charge, Verdict

STUFFING = "rfc1939.retr.stuffing"
STAT = "rfc1939.stat.list-agree"
GREETING = "rfc1939.greeting.one-line"
DOTS = "retr-no-dot-stuffing"


# ---- the command line ---------------------------------------------------------------------------


@pytest.mark.parametrize("command", [name for name in cli.COMMANDS if name != "lab"])
def test_every_command_has_help(command: str) -> None:
    ran = popquiz(command, "--help")
    assert ran.returncode == 0
    assert ran.stdout.startswith(f"usage: popquiz {command}")


def test_help_names_the_commands() -> None:
    text = popquiz("--help").stdout
    assert all(name in text for name in cli.COMMANDS if name != "lab")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["--version", "list --json", "explain RFC1939-3-027"])
def test_output_that_cannot_be_written_is_told(words: str, unbuffered: str) -> None:
    more = {"env": os.environ | {"PYTHONUNBUFFERED": unbuffered}, "capture_output": False}
    with open("/dev/full", "wb") as full:
        ran = popquiz(*words.split(), **more, stdout=full, stderr=subprocess.PIPE)
    complaint = "popquiz: standard output cannot be written: No space left on device\n"
    assert (ran.returncode, ran.stderr) == (Exit.SUITE, complaint)


def test_nobody_has_to_read_to_the_end() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as nobody:
        more = {"capture_output": False, "stdout": nobody, "stderr": subprocess.PIPE}
        ran = popquiz("list", "--json", **more)
    assert (ran.returncode, ran.stderr) == (Exit.SUITE, "")


def test_only_the_command_that_is_asked_for_is_loaded() -> None:
    code = (
        "import sys, popquiz.cli as c; c.main(['explain', 'RFC1939-3-027']);"
        "print(*(m for m in ('rich', 'pytest', 'jinja2', 'ssl', 'popquiz.mutants') "
        "if m in sys.modules))"
    )
    out = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60)
    assert out.splitlines()[-1] == ""


def test_a_reader_that_leaves_is_no_accident() -> None:
    command = f"{sys.executable} -m popquiz list --coverage | head -n 1"
    ran = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stderr == "" and len(ran.stdout.splitlines()) == 1


# ---- cases --------------------------------------------------------------------------------------


def test_a_dialogue_is_described_row_by_row() -> None:
    rows = cases.load([dialogue(STUFFING)])
    assert [row.id for row in rows] == [f"{STUFFING}[n={n}]" for n in (1, 2, 3)]
    one = rows[1]
    assert (one.dialogue, one.row, one.row_index) == (STUFFING, {"n": "2"}, 1)
    assert one.mailbox == ("dots",) * 3 and one.messages["dots"].count(b"\r\n") == 8
    assert one.reqs[0] == "RFC1939-3-027" and "RFC1939-3-036" in one.reqs
    assert (one.state, one.kind, one.roles) == ("transaction", "case", ("client", "seed"))


def test_needs_and_branches_are_described() -> None:
    (stat,) = cases.load([dialogue(STAT)])
    assert [str(need) for need in stat.needs] == ["messages>=2"]
    (greeting,) = cases.load([dialogue(GREETING)])
    verdicts = {branch.name: branch.verdict for branch in greeting.branches}
    assert verdicts == {"positive": "pass", "refused": "inconclusive", "other": "fail"}


def test_no_two_cases_have_one_id(tmp_path: Path) -> None:
    text = dialogue(GREETING).read_text()
    for name in ("a.dlg", "b.dlg"):
        (tmp_path / name).write_text(text)
    with pytest.raises(SuiteError, match=r"b\.dlg: rfc1939.greeting.one-line is taken by .*a\.dlg"):
        cases.load(cases.find(tmp_path))


def test_the_sanity_case_and_the_preludes_are_no_cases() -> None:
    names = {path.name for path in cases.find(paths.cases())}
    assert dialogue(GREETING).name in names
    assert not names & {"sanity.dlg", "user.dlg", "apop.dlg"}


def test_all_our_cases_name_requirements_and_fixtures_that_exist() -> None:
    assert popquiz("certify", "--list").returncode == 0


@pytest.mark.parametrize("check", ["lint --strict", "fmt --check"])
def test_all_our_dialogues_are_clean_and_canonical(check: str) -> None:
    files = [str(path) for path in paths.cases().rglob("*.dlg")]
    command = [str(paths.program("popquiz-dlg")), *check.split(), *files]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


# ---- list and explain ---------------------------------------------------------------------------


def test_list_names_cases_and_what_they_need() -> None:
    lines = popquiz("list", STAT).stdout.splitlines()
    assert len(lines) == 1 and lines[0].startswith(STAT) and lines[0].endswith("[messages>=2]")
    (line,) = popquiz("list", "--json", STAT).stdout.splitlines()
    assert json.loads(line)["req"] == [
        "RFC1939-5-005",
        "RFC1939-5-001",
        "RFC1939-5-010",
        "RFC1939-3-036",
    ]


def test_coverage_tells_what_is_proved_and_what_cannot_be_tested(tmp_path: Path) -> None:
    kills = tmp_path / "kills.json"
    kills.write_text('{"rows": ["RFC1939-5-010"]}')
    out = popquiz("list", "--coverage", "--json", "--kills", kills).stdout
    found = {row["id"]: row for row in map(json.loads, out.splitlines())}
    assert (found["RFC1939-3-027"]["state"], found["RFC1939-3-027"]["proofs"]) == (
        "proved",
        ["golden"],
    )
    assert "mutant" in found["RFC1939-5-010"]["proofs"]
    assert found["RFC1939-3-001"]["state"] == "untestable" and found["RFC1939-3-001"]["why_not"]
    assert popquiz("list", "--coverage").stdout.splitlines()[-1].startswith("460 requirements of")


def test_coverage_has_four_states() -> None:
    rows = catalogue(
        requirement("RFC1939-1-001"),
        requirement("RFC1939-1-002"),
        requirement("RFC1939-1-003"),
        requirement("RFC1939-1-004", wire="no", why_not="because"),
        requirement("RFC1939-1-005", side="client"),
    )
    loaded = [case(reqs=("RFC1939-1-001", "RFC1939-1-002"))]
    found = listing.coverage(rows, loaded, {"RFC1939-1-001": {"golden"}})
    assert [row["state"] for row in found] == ["proved", "tested", "no case", "untestable"]


def test_kills_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "kills").write_text("[]")
    for name in ("kills", "none"):
        ran = popquiz("list", "--coverage", "--kills", tmp_path / name)
        assert ran.returncode == Exit.USAGE and len(ran.stderr.splitlines()) == 1


def test_explain_tells_of_a_requirement_and_of_a_case() -> None:
    text = popquiz("explain", "RFC1939-3-027").stdout
    assert "implied-MUST, RFC1939 section 3" in text and STUFFING in text
    text = popquiz("explain", STAT).stdout
    assert 'The client sends the line: "STAT".' in text and "RFC1939-5-005 implied-MUST:" in text
    assert popquiz("explain", f"{STUFFING}[n=2]").returncode == 0


def test_a_requirement_that_cannot_be_tested_says_why() -> None:
    text = explain.requirement(requirement("RFC1939-1-001", wire="no", why_not="nobody sees"), [])
    assert "no: nobody sees" in text and "cases" not in text


# ---- golden -------------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of its own with a case and its record."""
    file = dialogue(STUFFING)
    shutil.copy(file, tmp_path)
    shutil.copy(file.with_name(f"{STUFFING}.golden"), tmp_path)
    return tmp_path


def record_of(shelf: Path) -> Path:
    return shelf / f"{STUFFING}.golden"


def test_our_records_are_what_the_judge_says() -> None:
    ran = popquiz("golden", "check")
    assert ran.returncode == 0, ran.stdout
    assert " 0 differ, 0 cannot be played" in ran.stdout and " 0 lines missing" in ran.stdout


def test_recording_twice_gives_the_same_octets(shelf: Path) -> None:
    record_of(shelf).unlink()
    assert popquiz("golden", "record", shelf, "--fault", f"{DOTS}(messages=all)").returncode == 0
    first = record_of(shelf).read_text()
    assert first.startswith(f"#!golden 1\nfile: {dialogue(STUFFING).name}\n\ncase: ")
    assert first.count("outcome: pass") == 3 and first.count("outcome: fail") == 3
    assert popquiz("golden", "record", shelf).returncode == 0
    assert record_of(shelf).read_text() == first
    assert popquiz("golden", "check", shelf).returncode == 0


def test_recording_keeps_what_was_written_by_hand(shelf: Path) -> None:
    by_hand = f"\ncase: {STUFFING}[n=1]\noutcome: fail\nnote: by hand\nconnect 1 ok\n"
    with record_of(shelf).open("a") as file:
        file.write(by_hand)
    popquiz("golden", "record", shelf)
    assert record_of(shelf).read_text().endswith(by_hand)


def test_a_record_that_the_judge_sees_differently_is_found(shelf: Path) -> None:
    text = record_of(shelf).read_text().replace('"+OK bye', '"-ERR bye', 1)
    record_of(shelf).write_text(text)
    ran = popquiz("golden", "check", shelf)
    assert ran.returncode == Exit.FAILED and "1 differ" in ran.stdout


def test_a_case_without_a_record_is_found(shelf: Path) -> None:
    record_of(shelf).unlink()
    ran = popquiz("golden", "check", shelf)
    assert ran.returncode == Exit.FAILED and f"{STUFFING}: no record; make one" in ran.stdout


def missing(shelf: Path, *runs: str, **more: object) -> list[str]:
    made = case("x", file=shelf / "x.dlg", branches=branches(a="pass", b="fail"), **more)
    rows = catalogue(requirement("RFC1939-5-001"), requirement("RFC1939-5-002", breach="note"))
    (shelf / "x.golden").write_text("#!golden 1\nfile: x.dlg\n" + "".join(f"\n{r}" for r in runs))
    return golden.missing([made], rows)


def test_every_branch_and_a_failure_must_be_on_record(tmp_path: Path) -> None:
    good, bad = "case: x\noutcome: pass\nbranch: a\n", "case: x\noutcome: fail\nbranch: a-b\n"
    assert missing(tmp_path, good, bad) == []
    assert missing(tmp_path, good) == [
        "x: no record shows the branch b",
        "x: no record shows how it fails",
    ]
    note = "case: x\noutcome: note\nbranch: a-b\n"
    assert missing(tmp_path, note) == ["x: no record shows how it fails"]
    assert missing(tmp_path, note, reqs=("RFC1939-5-002",)) == []
    other = "case: y\noutcome: fail\nbranch: a-b\n"
    assert missing(tmp_path, other) == ["x: no record"]


def test_failing_rows_come_from_headers_only(tmp_path: Path) -> None:
    path = tmp_path / "x.golden"
    path.write_text(
        "#!golden 1\nfile: x.dlg\n\ncase: x\noutcome: fail\nrows: "
        "RFC1-A=pass RFC1-B=fail RFC1-C=warn RFC1-D=note\n"
        '< 1 "RFC1-E=fail"\n'
    )
    known = catalogue(*(requirement(f"RFC1-{name}") for name in "ABCDE"))
    assert golden.failing_rows(path, known) == {"RFC1-B", "RFC1-C"}


def test_a_note_proves_a_row_that_breaks_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "x.golden"
    path.write_text(
        "#!golden 1\nfile: x.dlg\n\ncase: x\noutcome: note\nrows: "
        "RFC1-A=pass RFC1-B=note RFC1-C=note\n"
    )
    notes = [requirement(name, breach="note") for name in ("RFC1-A", "RFC1-B")]
    assert golden.failing_rows(path, catalogue(*notes, requirement("RFC1-C"))) == {"RFC1-B"}


# ---- mutants ------------------------------------------------------------------------------------


def hunt(tmp_path: Path, *lines: str, words: tuple[str, ...] = (), survives: str = "") -> Ran:
    head = "name\tcategory\tdifficulty\treq_ids\tdeviation\ttrigger\tsurvives\n"
    table = tmp_path / "faults.tsv"
    table.write_text(head + "".join(f"{line}\td\tt{survives}\n" for line in lines))
    return popquiz("mutants", "--list", table, *words)


def test_a_fault_that_its_requirement_notices_is_killed(tmp_path: Path) -> None:
    kills = tmp_path / "kills.json"
    ran = hunt(tmp_path, f"{DOTS}\tframing\t1\tRFC1939-3-027", words=("--out", str(kills)))
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    assert ran.stdout.startswith(f"KILLED   {DOTS} 3/3 by RFC1939-3-027")
    assert json.loads(kills.read_text())["rows"] == ["RFC1939-3-027"]


def test_a_fault_that_another_requirement_notices_survives(tmp_path: Path) -> None:
    ran = hunt(tmp_path, f"{DOTS}\tframing\t1\tRFC1939-5-005", words=("--all", "--seeds", "1"))
    assert ran.returncode == Exit.FAILED
    assert f"SURVIVED {DOTS} 0/1" in ran.stdout and "RFC1939-3-027" in ran.stdout
    assert "0 of 1 faults killed, 0 by the referee alone, 0 excused, 0 without a case" in ran.stdout
    assert "difficulty 1: 0 killed, 1 survived, 0 excused\n" in ran.stdout


def test_a_fault_without_a_case_is_told(tmp_path: Path) -> None:
    ran = hunt(tmp_path, f"{DOTS}\tframing\t1\tRFC1939-3-001")
    assert ran.returncode == Exit.FAILED
    assert ran.stdout.startswith(f"NO CASE  {DOTS}: nothing tests RFC1939-3-001")


def test_a_reason_to_survive_is_held_against_what_happens(tmp_path: Path) -> None:
    noticed = f"{DOTS}\tframing\t1\tRFC1939-3-027"
    not_noticed = f"{DOTS}\tframing\t1\tRFC1939-5-005"
    ran = hunt(tmp_path, not_noticed, survives="\tbecause")
    assert ran.returncode == Exit.PASSED and ran.stdout.startswith(f"EXCUSED  {DOTS} 0/3")
    assert "difficulty 1: 0 killed, 0 survived, 1 excused\n" in ran.stdout
    ran = hunt(tmp_path, noticed, survives="\tbecause")
    assert ran.returncode == Exit.FAILED and ran.stdout.startswith(f"STALE    {DOTS} 3/3")
    ran = hunt(tmp_path, "nope\tframing\t1\tRFC1939-3-027", survives="\tnot built: because")
    assert ran.returncode == Exit.PASSED and ran.stdout.startswith("0 of 0 faults")


def test_a_fault_without_a_requirement_needs_a_reason(tmp_path: Path) -> None:
    ran = hunt(tmp_path, f"{DOTS}\tframing\t3\t", survives="\tbecause")
    assert ran.returncode == Exit.PASSED and ran.stdout.startswith(f"EXCUSED  {DOTS}: ")
    assert hunt(tmp_path, f"{DOTS}\tframing\t3\t").returncode == Exit.FAILED


def test_a_fault_that_the_server_does_not_have_is_told(tmp_path: Path) -> None:
    ran = hunt(tmp_path, "nope\tframing\t1\tRFC1939-3-027")
    assert ran.returncode == Exit.FAILED and "UNUSABLE nope: " in ran.stdout


def test_faults_can_be_chosen_by_name(tmp_path: Path) -> None:
    line = f"{DOTS}\tframing\t1\tRFC1939-3-027"
    assert hunt(tmp_path, line, words=("other",)).returncode == Exit.USAGE
    assert hunt(tmp_path, line, words=(DOTS, "--seeds", "1")).stdout.startswith("KILLED")


def test_worse_is_measured_against_the_reference() -> None:
    reference = {"a": Verdict.PASS, "b": Verdict.NOTE, "c": Verdict.PASS}
    found = {"a": Verdict.PASS, "b": Verdict.NOTE, "c": Verdict.WARN, "d": Verdict.FAIL}
    assert mutants.worse(found, reference) == {"c", "d"}


def test_every_seed_must_kill() -> None:
    fault = mutants.Fault("f", frozenset({"a", "b"}))
    kill = mutants.Kill(fault, 1, [frozenset({"a", "x"}), frozenset({"b"})])
    assert kill.killed and kill.collateral == {"x"} and kill.proved == set()
    kill.seeds.append(frozenset({"x"}))
    assert not kill.killed and "2/3" in str(kill)


def test_who_noticed_a_fault_is_told() -> None:
    hit, missed = frozenset({"a"}), frozenset({"x"})
    cases = mutants.Kill(mutants.Fault("f", hit), 1, [hit, hit], [hit, hit])
    referee = mutants.Kill(mutants.Fault("f", hit), 1, [hit, hit], [hit, missed])
    nobody = mutants.Kill(mutants.Fault("f", hit), 1, [hit, missed], [missed, missed])
    assert str(cases) == "KILLED   f 2/2 by a"
    assert str(referee) == "KILLED   f 2/2 by a of the referee"
    assert "referee" not in str(nobody)
    assert "2 of 3 faults killed, 1 by the referee alone" in mutants.summary(
        [cases, referee, nobody]
    )


def test_what_the_referee_saw_is_told_from_what_cases_saw() -> None:
    charge = Charge(seen(), Verdict.FAIL, "summary")
    rows = {"RFC1939-5-001": Verdict.PASS, "RFC1939-5-002": Verdict.FAIL}
    both = result(Verdict.FAIL, rows=rows, charges=(charge,))
    assert mutants.without_referee(both).rows == {"RFC1939-5-001": Verdict.PASS}


def test_a_list_of_faults_has_its_columns(tmp_path: Path) -> None:
    for text in ("name\tids\na\tb\n", "name\tdifficulty\treq_ids\na\tplain\tb\n"):
        (tmp_path / "x.tsv").write_text(text)
        with pytest.raises(UsageError, match="no list of faults"):
            mutants.read(tmp_path / "x.tsv")


# ---- serve --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_tells_how_to_use_it_and_ends_in_order(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "popquiz", "serve", "--port", "0", "--tls-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        lines = [server.stdout.readline() for _ in range(5)]
        address = urlsplit(lines[0].split()[0])
        client = poplib.POP3(address.hostname or "", address.port or 0, timeout=10)
        client.user("user")
        client.pass_(PASSWORD)
        assert client.stat()[0] == 3
        client.close()
        server.send_signal(number)
        assert server.wait(timeout=20) == 0
    assert "plain or with STLS" in lines[0] and "TLS at once" in lines[1]
    with pytest.raises(OSError):
        poplib.POP3(address.hostname or "", address.port or 0, timeout=1)


def test_serve_that_cannot_listen_is_status_3() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = popquiz("serve", "--port", str(taken.getsockname()[1]), "--tls-port", "0")
    assert ran.returncode == Exit.TARGET and "in use" in ran.stderr


def test_serve_with_an_unknown_fault_is_a_usage_error() -> None:
    ran = popquiz("serve", "--port", "0", "--tls-port", "0", "--fault", "nope")
    assert ran.returncode == Exit.USAGE and 'fault "nope" is unknown' in ran.stderr


# ---- the plugin ---------------------------------------------------------------------------------


# The first for files outside the checkout, where pytest does not see its pyproject.toml.
PLUGINS = ("-p", "popquiz.plugin", "-p", "no:cacheprovider")


def pytest_on(*words: str | Path) -> Ran:
    command = [sys.executable, "-m", "pytest", *PLUGINS, *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_pytest_plays_dialogues() -> None:
    ran = pytest_on("conformance/cases", "--target", "mock", "-q", "-rA")
    assert ran.returncode == 0, ran.stdout
    file = dialogue(STUFFING).relative_to(ROOT)
    assert f"{file}::{STUFFING}[n=1]" in ran.stdout


def test_pytest_shows_what_failed_and_chooses_as_always(tmp_path: Path) -> None:
    junit = tmp_path / "j.xml"
    fault = ("--mock-option", f"fault={DOTS}(messages=all)")
    files = (dialogue(STUFFING), dialogue(STAT))
    words = (*files, "--target", "mock", *fault, "-q", "-k", "1] or stat")
    ran = pytest_on(*words, f"--junitxml={junit}")
    assert ran.returncode == 1
    assert "1 failed, 1 passed, 2 deselected" in ran.stdout
    assert "the assertion does not hold" in ran.stdout and "C RETR 1" in ran.stdout
    assert 'tests="2"' in junit.read_text() and 'failures="1"' in junit.read_text()


def test_pytest_skips_with_the_reason(tmp_path: Path) -> None:
    account = ("--user", "user", "--password-file", password_file(tmp_path))
    files = (dialogue(STUFFING), dialogue(STAT), dialogue(GREETING))
    ran = pytest_on(*files, "--target", f"exec:{TINY}", *account, "-q", "-rs")
    assert ran.returncode == 0 and "2 passed, 3 skipped" in ran.stdout
    assert "adapter: needs the maildrop" in ran.stdout


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ((), 2, "--target is needed"),
        (("--target", "tcp://127.0.0.1:1", "--user", "u", "--password-file", "PW"), 3, "refused"),
        (("--target", "mock", "--mock-option", "fault=nope"), 2, "is unknown"),
    ],
)
def test_pytest_ends_with_one_line_when_the_target_cannot_be_used(
    tmp_path: Path, words: tuple[str, ...], status: int, told: str
) -> None:
    file = str(password_file(tmp_path))
    ran = pytest_on("conformance/cases", *(file if word == "PW" else word for word in words))
    assert ran.returncode == status
    assert told in ran.stdout


def test_pytest_stops_at_the_first_failure_when_asked() -> None:
    fault = ("--mock-option", f"fault={DOTS}(messages=all)")
    ran = pytest_on("conformance/cases", "--target", "mock", *fault, "-x", "-q")
    assert ran.returncode == 1 and "1 failed" in ran.stdout and "stopping after 1" in ran.stdout


def test_pytest_names_a_broken_dialogue(tmp_path: Path) -> None:
    (tmp_path / "bad.dlg").write_text("#!dlg 1\nid: x\n---\n[test]\nC: {\n")
    ran = pytest_on(tmp_path, "--target", "mock")
    assert ran.returncode == 2 and "bad.dlg:5:" in ran.stdout


def test_pytest_runs_other_tests_beside_dialogues(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("def test_other():\n    assert True\n")
    shutil.copy(dialogue(GREETING), tmp_path)
    ran = pytest_on(tmp_path, "--target", "mock", "-q", "-rA")
    assert ran.returncode == 0 and "test_other.py::test_other" in ran.stdout
    assert f"{dialogue(GREETING).name}::{GREETING}" in ran.stdout


def test_pytest_only_names_dialogues_when_asked() -> None:
    ran = pytest_on(dialogue(STUFFING), dialogue(GREETING), "--collect-only", "-q")
    assert ran.returncode == 0 and "4 tests collected" in ran.stdout
