# SPDX-License-Identifier: Apache-2.0
"""`popquiz certify --explore`: what is found behind the cases counts, and is kept."""

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from making import TINY, Ran, finding, password_file, popquiz, results

from popquiz import baseline, catalogue, explored, paths
from popquiz.errors import Exit
from popquiz.explorer import CRASH
from popquiz.verdicts import Verdict

GREETING = "rfc1939.greeting.one-line"
BROKEN = ("--mock-option", "fault=retr-no-dot-stuffing")
RULE = "RFC1939-3-027"


def certify(folder: Path, *words: str, target: str = "mock") -> Ran:
    select = ("--select", GREETING, "--out", str(folder / "out"))
    return popquiz("certify", "--target", target, *select, *words)


def found(folder: Path) -> dict[str, Any]:
    document = results(folder)
    jsonschema.validate(document, json.loads((paths.PACKAGE / "results.schema.json").read_text()))
    return document


def test_a_correct_server_passes(tmp_path: Path) -> None:
    ran = certify(tmp_path, "--explore", "100")
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    document = found(tmp_path)
    assert document["exploration"]["sessions"] == 100 and document["findings"] == []
    assert "100 sessions explored: nothing" in ran.stdout.splitlines()[-1]


def test_a_fault_that_no_case_sees_fails(tmp_path: Path) -> None:
    assert certify(tmp_path, *BROKEN).returncode == Exit.PASSED
    assert "exploration" not in found(tmp_path)
    ran = certify(tmp_path, *BROKEN, "--explore", "50", "-j", "1")
    assert ran.returncode == Exit.FAILED, ran.stdout + ran.stderr
    document = found(tmp_path)
    about = [each for each in document["findings"] if each["requirement"] == RULE]
    assert {each["verdict"] for each in about} == {"FAIL"}
    names = [name for each in about for name in each["artifacts"]]
    assert names and all((tmp_path / "out" / name).is_file() for name in names)
    assert {r["id"]: r["verdict"] for r in document["requirements"]}[RULE] == "FAIL"
    count = len(document["findings"])
    assert f"50 sessions explored: {count} FAIL" in ran.stdout.splitlines()[-1]
    for text in (ran.stdout, (tmp_path / "out/report.html").read_text()):
        assert all(each["case"] in text for each in document["findings"])
    assert RULE in (tmp_path / "out/summary.md").read_text()
    again = shlex.split(about[0]["replay"])
    assert again[0] == "popquiz" and Path(again[2]).is_file()
    assert popquiz(*again[1:]).returncode in (Exit.PASSED, Exit.FAILED)


def test_an_interrupted_exploration_keeps_the_results(tmp_path: Path) -> None:
    words = ["--select", GREETING, *BROKEN, "--explore", "60s", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "popquiz", "certify", "--target", "mock", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        for line in run.stdout:
            if line.endswith(" sessions\n"):
                run.send_signal(signal.SIGINT)
                break
        out, _ = run.communicate(timeout=30)
    assert run.returncode == Exit.INTERRUPTED, out
    document = found(tmp_path)
    assert document["partial"] and document["exploration"]["sessions"] > 0
    assert [case["verdict"] for case in document["cases"]] == ["PASS"]
    assert RULE in [each["requirement"] for each in document["findings"]]


def test_a_server_that_dies_meanwhile_is_told(tmp_path: Path) -> None:
    account = ("--user", "user", "--password-file", str(password_file(tmp_path)))
    target = f"exec:{TINY} --port {{port}} --on RSET=exit"
    ran = certify(tmp_path, *account, "--explore", "300", target=target)
    assert ran.returncode == Exit.TARGET, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert found(tmp_path)["trouble"]
    assert [case["verdict"] for case in found(tmp_path)["cases"]] == ["PASS"]


@pytest.mark.parametrize("extent", ["soon", "0", "0s", "-1", "5h"])
def test_wrong_usage_is_told(tmp_path: Path, extent: str) -> None:
    assert certify(tmp_path, f"--explore={extent}").returncode == Exit.USAGE


def test_what_a_finding_counts() -> None:
    rows = catalogue.read(paths.catalogue())
    text = '# baseline 1\n*#ref-known  KNOWN  true  "as ever"  until=never\n'
    known = baseline.parse("x", text)
    findings = [
        finding(rule="REF-KNOWN", requirement=RULE),
        finding(rule="REF-FRESH", requirement=RULE),
        finding(rule="REF-ARGUMENT-SURPLUS", requirement="RFC1939-3-040"),
        finding(rule=CRASH, requirement=RULE),
        finding(rule=CRASH, requirement=RULE, again=False, verb="STAT"),
    ]
    judged = explored.judge(findings, rows, known)
    by = {(each.finding.rule, each.finding.verb): each for each in judged}
    assert by["REF-KNOWN", "x"].verdict is Verdict.KNOWN
    assert by["REF-KNOWN", "x"].known.startswith("as ever")
    assert by["REF-FRESH", "x"].verdict is Verdict.FAIL
    assert by["REF-ARGUMENT-SURPLUS", "x"].verdict is Verdict.WARN
    assert by[CRASH, "x"].verdict is Verdict.CRASH
    assert by[CRASH, "STAT"].verdict is Verdict.INCONCLUSIVE
    assert explored.broken(judged, rows) == {
        RULE: Verdict.FAIL,
        "RFC1939-3-040": Verdict.WARN,
    }
