# SPDX-License-Identifier: Apache-2.0
"""The command as a person runs it: exit statuses, one line for what is wrong, and results whatever
happens."""

import json
import os
import shlex
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from making import (
    PASSWORD,
    TINY,
    Ran,
    certify,
    password_file,
    popquiz,
    results,
    verdicts,
)
from visits import wait_until

from popquiz import paths
from popquiz.errors import Exit
from popquiz.servers import processes

PORT = f"exec:{TINY} --port {{port}}"
STAT = "rfc1939.stat.list-agree"
STUFFING = "rfc1939.retr.stuffing"
LIST_REFUSED = "test.list"  # the step behind LIST
GREETING = "rfc1939.greeting.one-line"
DOTS = "retr-no-dot-stuffing"


def schema() -> Any:
    return json.loads((paths.PACKAGE / "results.schema.json").read_text())


def last_line(ran: Ran) -> str:
    return ran.stdout.splitlines()[-1]


def one_line(ran: Ran) -> str:
    """What it says when it cannot begin; the plan may stand before it."""
    said = [line for line in ran.stdout.splitlines() if not line.startswith("plan: ")]
    assert said == [] and len(ran.stderr.splitlines()) == 1, ran.stderr
    return ran.stderr


# ---- what passes and what does not --------------------------------------------------------------


GOOD = {"PASS", "NOTE", "SKIP"}


def test_the_reference_server_passes(tmp_path: Path) -> None:
    ran = popquiz("certify", "--target", "mock", "--out", tmp_path / "out")
    assert ran.returncode == Exit.PASSED and ran.stderr == ""
    assert "PASS" in verdicts(tmp_path).values() and set(verdicts(tmp_path).values()) <= GOOD
    assert "gate passed" in last_line(ran) and str(tmp_path / "out/results.json") in last_line(ran)


@pytest.mark.parametrize("tls", ["none", "stls", "implicit"])
def test_all_ways_of_tls_and_of_cutting_pass(tmp_path: Path, tls: str) -> None:
    cuts = "whole,byte,mid-crlf,after-crlf,3"
    words = ("--tls", tls, "--segment", cuts, "--select", f"{STUFFING} or {STAT}")
    ran = popquiz("certify", "--target", "mock", *words, "--out", tmp_path / "out")
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    found = results(tmp_path)
    assert {each["axes"]["segment"] for each in found["cases"]} == set(cuts.split(","))
    assert {each["axes"]["tls"] for each in found["cases"]} == {tls}
    assert set(found["summary"]["verdicts"]) <= GOOD
    assert {each["skip"] for each in found["cases"]} <= {None, "capability", "config"}


@pytest.mark.parametrize("login", ["user", "apop", "plain", "cram-md5", "scram-sha-256"])
def test_every_login_leaves_the_facts_that_cases_need(tmp_path: Path, login: str) -> None:
    words = ("--target", "mock", "--login", login, "--select", f"{STAT}* or {STUFFING}*")
    ran = popquiz("certify", *words, "--out", tmp_path / "out")
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    assert set(verdicts(tmp_path).values()) == {"PASS"}


def test_cases_find_the_server_set_up_as_they_ask(tmp_path: Path) -> None:
    names = ("rfc2595.policy.no-hint", "rfc4505.maildrop.of-nobody", STAT)
    select = " or ".join(f"{name}*" for name in names)
    words = ("--target", "mock", "--tls", "stls", "--select", select)
    assert popquiz("certify", *words, "--out", tmp_path / "out").returncode == Exit.PASSED
    found = verdicts(tmp_path)
    assert {"PASS"} == set(found.values())
    assert [name for name in names if not any(id.startswith(name) for id in found)] == []
    # In the order of the cases, whatever the order of the servers.
    listed = popquiz("certify", "--list", "--select", select).stdout.splitlines()
    assert list(found) == listed


def test_a_fault_fails_the_gate_with_all_that_helps(tmp_path: Path) -> None:
    ran = certify(tmp_path, "mock", "--mock-option", f"fault={DOTS}(messages=all)")
    assert ran.returncode == Exit.FAILED
    assert "FAIL rfc1939.retr.stuffing[n=1]#test." in ran.stdout
    for text in ("RFC1939-3-027 implied-MUST: Each content line", "expected", "actual", "replay"):
        assert text in ran.stdout
    assert "gate not passed: 3 FAIL" in last_line(ran)
    found = {each["id"]: each for each in results(tmp_path)["cases"]}["rfc1939.retr.stuffing[n=2]"]
    for name in found["artifacts"]:
        assert (tmp_path / "out" / name).is_file()
    assert len(found["attempts"]) == 3


def test_what_failed_fails_again_when_it_is_replayed(tmp_path: Path) -> None:
    certify(tmp_path, "mock", "--mock-option", f"fault={DOTS}(messages=all)")
    failed = next(each for each in results(tmp_path)["cases"] if each["verdict"] == "FAIL")
    words = shlex.split(failed["replay"])
    assert words[0] == "popquiz"
    ran = popquiz(*words[1:])
    assert ran.returncode == Exit.FAILED
    assert ran.stdout.startswith("FAIL rfc1939.retr.stuffing")


def test_the_schema_is_a_schema_and_describes_the_results(tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    certify(tmp_path, "mock", "--mock-option", f"fault={DOTS}")
    jsonschema.validate(results(tmp_path), schema())
    for key in ("cases", "target", "summary"):
        found = results(tmp_path)
        del found[key]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(found, schema())
    found = results(tmp_path)
    found["cases"][0]["verdict"] = "GOOD"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, schema())


# ---- servers that misbehave ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "verdict", "kind"),
    [
        (f"{PORT} --on LIST=abort", "CRASH", "signal"),
        (f"exec:{TINY} --on LIST=abort", "CRASH", "signal"),
        (f"{PORT} --on LIST=exit", "CRASH", "exit"),
        (f"{PORT} --on LIST=asan", "CRASH", "sanitizer"),
        (f"exec:{TINY} --on LIST=asan", "CRASH", "sanitizer"),
        (f"{PORT} --on LIST=ubsan", "CRASH", "sanitizer"),
    ],
)
def test_a_server_that_crashes_is_blamed_on_the_case(
    tmp_path: Path, server: str, verdict: str, kind: str
) -> None:
    ran = certify(tmp_path, server)
    assert ran.returncode == Exit.FAILED, ran.stdout + ran.stderr
    found = {each["id"]: each for each in results(tmp_path)["cases"]}
    assert found[GREETING]["verdict"] == "PASS"
    assert found[STAT]["verdict"] == verdict
    incidents = [i["kind"] for attempt in found[STAT]["attempts"] for i in attempt["incidents"]]
    assert kind in incidents
    assert found[STAT]["blame"]
    assert results(tmp_path)["summary"]["grade"] == "F"
    assert results(tmp_path)["findings"][0]["case"] == STAT
    jsonschema.validate(results(tmp_path), schema())


@pytest.mark.parametrize(
    ("action", "verdict"),
    [("stop", "HANG"), ("mute", "FAIL"), ("close", "FAIL"), ("err", "FAIL"), ("sleep", "PASS")],
)
def test_a_server_that_does_not_answer_is_judged(tmp_path: Path, action: str, verdict: str) -> None:
    certify(tmp_path, f"{PORT} --on LIST={action}")
    assert verdicts(tmp_path)[STAT] == verdict
    rows = {
        row["id"]: row["verdict"]
        for each in results(tmp_path)["cases"]
        for row in each["rows"]
        if each["id"] == STAT
    }
    if action == "mute":
        assert rows["RFC1939-3-020"] == "FAIL"
    if verdict == "FAIL":
        assert rows["RFC1939-5-010"] == "FAIL"


@pytest.mark.parametrize(
    ("action", "verdict", "told"),
    [
        ("garbage", "FAIL", "actual"),
        # A reply that does not end might be a long one; that it cannot be judged is said.
        ("flood", "INCONCLUSIVE", "the reply is longer than the 1 MiB that @body keeps"),
    ],
)
def test_what_no_server_says_concerns_the_case_and_no_other(
    tmp_path: Path, action: str, verdict: str, told: str
) -> None:
    ran = certify(tmp_path, f"{PORT} --on LIST={action}")
    assert ran.returncode == Exit.FAILED and ran.stderr == "" and told in ran.stdout
    found = verdicts(tmp_path)
    assert found.pop(STAT) == verdict
    assert set(found.values()) <= GOOD
    jsonschema.validate(results(tmp_path), schema())


def test_a_server_that_turns_to_garbage_for_good_leaves_results(tmp_path: Path) -> None:
    server = f"{PORT} --on LIST=garbage --on QUIT=garbage --on USER=garbage --on RETR=garbage"
    ran = certify(tmp_path, server, "--patience", "2")
    assert ran.returncode == Exit.TARGET  # nobody can log in: there is nothing to judge
    assert "Traceback" not in ran.stdout + ran.stderr
    ran = certify(tmp_path, f"{PORT} --on STAT=garbage --once {tmp_path / 'once'}")
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_server_that_thinks_before_each_error_is_not_blamed(tmp_path: Path) -> None:
    words = ("--select", f"{STAT} or rfc1939.syntax.unknown-command*")
    ran = certify(tmp_path, f"{PORT} --errors-after 3", *words)
    assert ran.returncode == Exit.PASSED, ran.stdout
    found = verdicts(tmp_path)
    assert found[STAT] == "PASS" and set(found.values()) == {"PASS"} and len(found) > 1


def test_a_server_that_fails_once_is_flaky(tmp_path: Path) -> None:
    ran = certify(tmp_path, f"{PORT} --on LIST=err --once {tmp_path / 'once'}")
    assert verdicts(tmp_path)[STAT] == "FLAKY"
    assert ran.returncode == Exit.FAILED and "1 INCONCLUSIVE or FLAKY" in last_line(ran)
    (tmp_path / "once").unlink()
    ran = certify(
        tmp_path, f"{PORT} --on LIST=err --once {tmp_path / 'once'}", "--max-inconclusive", "1"
    )
    assert ran.returncode == Exit.PASSED


def test_a_server_that_crashes_once_is_flaky_and_a_finding(tmp_path: Path) -> None:
    certify(tmp_path, f"{PORT} --on LIST=asan --once {tmp_path / 'once'}")
    assert verdicts(tmp_path)[STAT] == "FLAKY"
    assert "AddressSanitizer" in results(tmp_path)["findings"][0]["text"]


def test_a_foreign_server_that_dies_in_the_middle_is_one_clear_line(tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [*shlex.split(TINY), "--port", str(port), "--on", "LIST=abort"], stderr=subprocess.DEVNULL
    ):
        wait_for(port)
        ran = certify(tmp_path, f"tcp://127.0.0.1:{port}", "--patience", "2")
    assert ran.returncode == Exit.TARGET
    assert f"{STAT} was being played" in last_line(ran) and "Connection refused" in last_line(ran)
    assert results(tmp_path)["partial"] is True
    assert verdicts(tmp_path)[STAT] == "INCONCLUSIVE"


def free_port() -> int:
    from popquiz import probe

    return probe.free_port()


def wait_for(port: int) -> None:
    import asyncio

    from popquiz import probe
    from popquiz.targets import Endpoint

    assert asyncio.run(probe.until_greeting(Endpoint(f"tcp://127.0.0.1:{port}"), 20)) == ""


# ---- what cannot begin --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mock() -> Iterator[dict[str, Any]]:
    """The reference server with TLS, and one whose certificate has expired."""
    started = []
    found: dict[str, Any] = {}
    for name, words in {"good": ["--port", "0"], "expired": ["--certificate", "expired"]}.items():
        command = [str(paths.program("popquiz-mock")), *words, "--tls", "--tls-port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(server)
        assert server.stdout
        ready = json.loads(server.stdout.readline())
        found[name] = {each["tls"]: each["address"] for each in ready["listen"]}
        found[name]["ca"] = ready["ca_file"]
    yield found
    for server in started:
        server.terminate()
        server.communicate(timeout=20)


def place(mock: dict[str, Any], text: str) -> str:
    """{good.stls} stands for an address of the fixture."""
    for name, each in mock.items():
        for key, value in each.items():
            text = text.replace(f"{{{name}.{key}}}", value)
    return text


@pytest.mark.parametrize(
    ("target", "words", "told"),
    [
        ("tcp://127.0.0.1:1", "", "connection refused"),
        ("tcp://popquiz.invalid:110", "", "cannot resolve"),
        ("unix:/nonexistent/socket", "", "No such file"),
        ("{good.implicit}", "", "say --tls implicit"),
        ("{good.implicit}", "--tls stls --insecure", "say --tls implicit"),
        ("{good.stls}", "--tls implicit --insecure", "try --tls stls"),
        ("{good.stls}", "--tls stls", "--ca"),
        ("{good.implicit}", "--tls implicit --ca {expired.ca}", "certificate was refused"),
        ("{good.implicit}", "--tls implicit --ca {good.ca} --host other.example", "other.example"),
        ("{expired.implicit}", "--tls implicit --ca {expired.ca} --host localhost", "has expired"),
        (f"{PORT} --greet no", "", "does not greet"),
        (f"exec:{TINY} --greet no", "", "does not greet"),
        (f"{PORT} --greet close", "", "closes connections without a greeting"),
        (f"{PORT} --greet imap", "", "* OK IMAP4rev1 ready"),
        (f"{PORT} --on PASS=err", "", "the login failed"),
        (f"{PORT} --on PASS=exit", "", "connection closed"),
        (f"{PORT} --on STAT=mute", "", "the answer is missing"),
        (f"exec:{TINY}", "--tls stls --insecure", "try --tls implicit or --tls none"),
        ("exec:/nonexistent/popd {port}", "", "No such file"),
        ("exec:/bin/false", "", "exit status 1"),
    ],
)
def test_a_target_that_cannot_be_used_is_one_line_and_status_3(
    tmp_path: Path, mock: dict[str, Any], target: str, words: str, told: str
) -> None:
    more = shlex.split(place(mock, words))
    ran = certify(tmp_path, place(mock, target), "--patience", "1", *more)
    assert told in one_line(ran)
    assert ran.returncode == Exit.TARGET
    assert not (tmp_path / "out/results.json").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("certify", "--out DIR is needed"),
        ("certify --out OUT", "--target is needed"),
        ("certify --out OUT --target nowhere", "'nowhere' is no address"),
        ("certify --out OUT --target tcp://h:110", "--user and --password-file are needed"),
        ("certify --out OUT --target tcp://h:110 --user u", "belong together"),
        ("certify --out OUT --target tcp://h:110 --user u --password-file /nope", "/nope: cannot"),
        ("certify --out OUT --target exec: --user u --password-file PW", "no command"),
        ("certify --out OUT --target tcp://h:110 --lab x", "exclude each other"),
        ("certify --out OUT --target mock --select (", "a name is missing"),
        ("certify --out OUT --target mock --select nothing", "no case is selected"),
        (
            "certify --out OUT --target mock --select RFC1939-3-999",
            "--select: there is no requirement RFC1939-3-999",
        ),
        ("certify --out OUT --target mock --profile core+foo", "'foo' is none of core"),
        ("certify --out OUT --target mock --baseline /nope", "/nope: cannot read the baseline"),
        ("certify --out OUT --target mock --update-baseline", "need --baseline"),
        ("certify --out OUT --target mock --login telepathy", "--login 'telepathy'"),
        ("certify --out OUT --target mock --mock-option nope", "unknown option"),
        ("certify --out OUT --target mock --adapter none", "--adapter is for servers of yours"),
        ("certify --out /dev/null/x --target mock", "--out: /dev/null/x"),
        (
            "certify --out OUT --target tcp://h:1 --user u --password-file PW --ca /nope",
            "--ca /nope",
        ),
        ("certify --nonsense", "unrecognized arguments: --nonsense"),
        ("certify --segment bits", "'bits' is none of whole"),
        ("certify --segment 0", "'0' is none of whole"),
        ("certify --shard 0/3", "'0/3' is no shard"),
        ("certify --shard 4/3", "'4/3' is no shard"),
        ("certify --repeat 0", "'0' is not a whole number from 1"),
        ("certify --wrong-logins -1", "-1"),
        ("certify --level most", "invalid choice: 'most'"),
        ("list (", "a name is missing"),
        ("explain RFC1939-3-999", "neither a requirement nor a case; is it RFC1939-3-"),
        ("replay /nope.dlg", "/nope.dlg: there is no such file"),
        ("golden check /nope", "/nope: neither a case nor a file"),
        ("mutants --list /nope", "/nope: no list of faults"),
        ("serve --port 1x", "'1x' is not a whole number"),
        ("frobnicate", "invalid choice: 'frobnicate'"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(tmp_path: Path, words: str, told: str) -> None:
    line = words.replace("OUT", str(tmp_path / "out")).replace("PW", str(password_file(tmp_path)))
    ran = popquiz(*line.split(" "))
    assert told in one_line(ran)
    assert ran.returncode == Exit.USAGE


def test_a_broken_case_is_the_suites_fault(tmp_path: Path) -> None:
    bad = tmp_path / "bad.dlg"
    bad.write_text("#!dlg 1\nid: x\n---\n[test]\nC: {\n")
    ran = popquiz("replay", bad)
    assert ran.returncode == Exit.SUITE
    assert f"{bad}:5:" in one_line(ran)


def test_a_case_with_an_unknown_requirement_is_the_suites_fault(tmp_path: Path) -> None:
    bad = tmp_path / "bad.dlg"
    bad.write_text("#!dlg 1\nid: x\nreq: RFC1939-3-000\n---\n[test]\n@connect\nS: +OK{*?}\n")
    ran = popquiz("replay", bad)
    assert ran.returncode == Exit.SUITE
    assert "RFC1939-3-000 is not in the catalogue" in one_line(ran)


def test_results_that_cannot_be_written_are_one_line_and_status_4(tmp_path: Path) -> None:
    (tmp_path / "out/results.json").mkdir(parents=True)
    ran = certify(tmp_path, "mock")
    assert ran.returncode == Exit.SUITE
    assert "results.json: cannot be written: Is a directory" in one_line(ran)


# ---- interruptions ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_has(tmp_path: Path, number: signal.Signals) -> None:
    account = ["--user", "user", "--password-file", str(password_file(tmp_path))]
    target = f"{PORT} --on LIST=sleep --on NOOP=sleep"
    command = [sys.executable, "-m", "popquiz", "certify", "--target", target, *account]
    command += ["--repeat", "1000", "--select", STAT, "--segment", "whole,byte,1,2,3"]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    ) as run:
        assert wait_until(lambda: len(processes.descendants(run.pid)) >= 2)
        children = processes.descendants(run.pid)
        run.send_signal(number)
        out, _ = run.communicate(timeout=30)
    assert run.returncode == Exit.INTERRUPTED
    assert out.splitlines()[-1].startswith("0 cases") and "interrupted" in out
    assert results(tmp_path)["partial"] is True
    jsonschema.validate(results(tmp_path), schema())
    for pid in children:
        assert not Path(f"/proc/{pid}").exists()


def test_a_shard_is_a_part_and_all_shards_are_the_whole(tmp_path: Path) -> None:
    def listed(*words: str) -> list[str]:
        return popquiz("certify", "--list", "--segment", "whole,byte", *words).stdout.splitlines()

    parts = [listed("--shard", f"{n}/3") for n in (1, 2, 3)]
    assert all(parts)
    assert sorted(name for part in parts for name in part) == sorted(listed())


def test_a_list_says_what_would_be_skipped_and_why(tmp_path: Path) -> None:
    names = (STAT, "rfc1939.dele.marks", "rfc2449.login-delay.keeps", "rfc3206.auth.credentials")
    select = ("--list", "--select", " or ".join(f"{name}*" for name in names))
    plain = popquiz("certify", *select).stdout.splitlines()
    assert popquiz("certify", *select, "--target", "mock").stdout.splitlines() == plain
    spared = certify(tmp_path, "mock", *select, "--safe", "--wrong-logins", "0").stdout
    told = dict(line.partition("  ")[::2] for line in spared.splitlines())
    assert list(told) == plain
    assert told[STAT] == ""
    assert told["rfc1939.dele.marks[n=1]"] == "SKIP(unsafe): marks messages for removal"
    assert "SKIP(budget): more logins might fail than" in "".join(told.values())
    ran = certify(tmp_path, PORT, "--list", "--select", "rfc6856.*")
    assert "  SKIP(capability): needs capa(UTF8)\n" in ran.stdout
    assert not (tmp_path / "out").exists()


def test_the_shards_of_a_list_with_reasons_are_the_whole(tmp_path: Path) -> None:
    def listed(*words: str) -> list[str]:
        words = ("--list", "--select", "rfc1939.dele*", "--safe", *words)
        return certify(tmp_path, "mock", *words).stdout.splitlines()

    parts = [listed("--shard", f"{n}/2") for n in (1, 2)]
    assert all(parts)
    assert sorted(line for part in parts for line in part) == sorted(listed())


def test_only_what_did_not_pass_is_played_again(tmp_path: Path) -> None:
    words = ("--segment", "whole,byte")
    certify(tmp_path, f"{PORT} --on LIST=err", *words)
    first = {(c["id"], c["axes"]["segment"]): c["verdict"] for c in results(tmp_path)["cases"]}
    assert {"PASS", "FAIL", "SKIP"} == set(first.values())
    again = certify(tmp_path, PORT, *words, "--rerun", str(tmp_path / "out"))
    assert again.returncode == Exit.PASSED
    second = {(c["id"], c["axes"]["segment"]) for c in results(tmp_path)["cases"]}
    assert second == {case for case, verdict in first.items() if verdict != "PASS"}
    good = ("--select", STAT, "--segment", "whole")
    ran = certify(tmp_path, PORT, *good, "--rerun", str(tmp_path / "out"))
    assert "everything passed there" in one_line(ran) and ran.returncode == Exit.USAGE
    ran = certify(tmp_path, PORT, "--rerun", "/nonexistent")
    assert "/nonexistent: cannot read the results" in one_line(ran)


def test_levels_and_profiles_choose_cases() -> None:
    def listed(*words: str) -> set[str]:
        return set(popquiz("certify", "--list", *words).stdout.splitlines())

    assert listed("--profile", "core", "--select", "rfc1939.*")
    assert listed("--level", "must") <= listed("--level", "should") <= listed()
    assert popquiz("certify", "--list", "--profile", "i18n", "--select", STAT).returncode == 2


# ---- baselines ----------------------------------------------------------------------------------


def test_a_baseline_excuses_what_it_lists_and_nothing_else(tmp_path: Path) -> None:
    base = tmp_path / "base.txt"
    server = f"{PORT} --on LIST=err"
    ran = certify(tmp_path, server, "--baseline", str(base), "--update-baseline")
    assert ran.returncode == Exit.FAILED
    assert f"{STAT}#{LIST_REFUSED}  KNOWN  disputed" in base.read_text()
    ran = certify(tmp_path, server, "--baseline", str(base))
    assert ran.returncode == Exit.PASSED
    assert verdicts(tmp_path)[STAT] == "KNOWN"
    ran = certify(tmp_path, f"{PORT} --on STAT=close", "--patience", "1", "--baseline", str(base))
    assert ran.returncode == Exit.TARGET
    ran = certify(tmp_path, f"{PORT} --on QUIT=err", "--baseline", str(base))
    assert ran.returncode == Exit.FAILED
    assert verdicts(tmp_path)[STAT] == "CHANGED"
    ran = certify(tmp_path, PORT, "--baseline", str(base))
    assert ran.returncode == Exit.STALE
    assert verdicts(tmp_path)[STAT] == "FIXED"
    ran = certify(tmp_path, PORT, "--baseline", str(base), "--strict-baseline")
    assert ran.returncode == Exit.FAILED


def test_an_expired_baseline_is_stale(tmp_path: Path) -> None:
    base = tmp_path / "base.txt"
    base.write_text(f'# baseline 1\n{STAT}#{LIST_REFUSED}  KNOWN  true  "so"  until=2020-01\n')
    ran = certify(tmp_path, f"{PORT} --on LIST=err", "--baseline", str(base))
    assert ran.returncode == Exit.STALE
    assert "was known until 2020-01" in ran.stdout
    assert verdicts(tmp_path)[STAT] == "KNOWN"


def test_a_report_alone_does_not_fail(tmp_path: Path) -> None:
    ran = certify(tmp_path, f"{PORT} --on LIST=err", "--report-only")
    assert ran.returncode == Exit.PASSED
    assert verdicts(tmp_path)[STAT] == "FAIL"


# ---- secrets ------------------------------------------------------------------------------------


def test_no_password_is_in_anything_that_is_written(tmp_path: Path) -> None:
    ran = certify(tmp_path, f"{PORT} --on LIST=asan", "--login", "user")
    assert "AddressSanitizer" in ran.stdout
    written = [path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) >= 4
    for before in ("", "\0user\0", "xx", "user\0user\0"):
        encoded = b64encode((before + PASSWORD).encode()).decode().rstrip("=")[:-2]
        for text in (ran.stdout, ran.stderr, *written):
            assert PASSWORD not in text
            assert encoded not in text


def test_no_password_is_told_to_other_processes(tmp_path: Path) -> None:
    script = tmp_path / "popquiz-play"
    script.write_text('#!/bin/sh\n{ tr "\\0" " " </proc/$$/cmdline; env; } >"$SEEN"\nexit 1\n')
    script.chmod(0o755)
    for name in ("popquiz-mock", "popquiz-dlg"):
        (tmp_path / name).symlink_to(paths.program(name))
    seen = tmp_path / "seen"
    settings = {**os.environ, "POPQUIZ_BIN": str(tmp_path), "SEEN": str(seen)}
    certify(tmp_path, PORT, env=settings)
    assert "popquiz-play --serve" in seen.read_text()
    assert PASSWORD not in seen.read_text()
