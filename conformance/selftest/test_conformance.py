# SPDX-License-Identifier: Apache-2.0
"""ci/conformance takes what stands for passed, and nothing else. What it runs is a stub here."""

import shutil
import subprocess
from pathlib import Path

import pytest
from planted import CI

STUB = """#!/bin/sh
echo "$@" >asked
printf '%b' '{says}'
exit {status}
"""


# As in the profiles, of servers that are not there.
CRASHES = """# NAME CASE WHEN

toy  x.header[a=b]  always
toy  x.race  at-times
"""
CRASH = "open: toy none CRASH x.header[a=b] child 1 killed"


def run(folder: Path, says: str, status: int, *words: str) -> "subprocess.CompletedProcess[str]":
    ci = folder / "ci"
    ci.mkdir()
    for name in ("conformance", "stage.sh"):
        shutil.copy(CI / name, ci)
    profiles = folder / "conformance/profiles"
    profiles.mkdir(parents=True)
    (profiles / "crashes").write_text(CRASHES)
    (ci / "popquiz").write_text(STUB.format(says=says, status=status))
    (ci / "popquiz").chmod(0o755)
    command = [str(ci / "conformance"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize(
    "line",
    [
        "toy none: 3 pass, 1 CRASH (1 s)",
        "open: toy stls CRASH x.header[a=b] child 2 killed",
        "open: toy stls CRASH x.race child 2 killed",
        "open: toy stls FLAKY x.race attempts disagree: CRASH#refused, PASS",
        "differs: toy stls: x.race whole: PASS, FLAKY, CRASH",
    ],
)
def test_what_stands_passes(tmp_path: Path, line: str) -> None:
    ran = run(tmp_path, f"{CRASH}\\n{line}\\n", 1, "3")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith(" s: out/conformance/matrix.html\n")
    asked = (tmp_path / "asked").read_text()
    assert asked == "lab certify --all --runs 3 --out out/conformance\n"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("open: toy none CRASH x.other child 2 killed", 1),
        ("open: other none CRASH x.header[a=b] child 2 killed", 1),
        ("open: toy none HANG x.header[a=b] it serves nobody", 1),
        ("open: toy none FLAKY x.header[a=b] attempts disagree: CRASH, PASS", 1),
        ("open: toy none FLAKY x.race attempts disagree: CRASH, FAIL#lost", 1),
        ("open: toy none FAIL x.race the answer is missing", 1),
        ("open: toy none INCONCLUSIVE x.case no login", 1),
        ("differs: toy none: x.race whole: PASS, FAIL", 1),
        ("differs: toy none: x.header[a=b] whole: PASS, CRASH", 1),
        ("differs: toy none: rfc1939.stat.marked whole: PASS, CRASH", 1),
        ("toy: not installed: /usr/sbin/toy; run: ci/setup", 3),
    ],
)
def test_what_does_not_stand_is_shown_and_fails(tmp_path: Path, line: str, status: int) -> None:
    ran = run(tmp_path, f"{CRASH}\\n{line}\\n", status)
    assert ran.returncode == 1
    assert ran.stderr.startswith("conformance: FAILED in ") and line in ran.stderr
    assert "killed" not in ran.stderr.replace(line, "")


def test_a_crash_that_comes_no_more_fails(tmp_path: Path) -> None:
    ran = run(tmp_path, "toy none: 4 pass (1 s)\\n", 0)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[1:] == ["comes no more: toy x.header[a=b]"]


@pytest.mark.parametrize("status", [2, 3, 4, 5, 130])
def test_a_status_beyond_deviations_fails(tmp_path: Path, status: int) -> None:
    ran = run(tmp_path, f"{CRASH}\\n", status)
    assert ran.returncode == 1
    assert f"status {status}" in ran.stderr


@pytest.mark.parametrize("words", [("x",), ("0",), ("1", "2")])
def test_what_it_does_not_know_is_an_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, "", 0, *words).returncode == 2
