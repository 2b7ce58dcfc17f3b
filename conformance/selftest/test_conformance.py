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


def run(folder: Path, says: str, status: int, *words: str) -> "subprocess.CompletedProcess[str]":
    ci = folder / "ci"
    ci.mkdir()
    for name in ("conformance", "stage.sh"):
        shutil.copy(CI / name, ci)
    (ci / "popquiz").write_text(STUB.format(says=says, status=status))
    (ci / "popquiz").chmod(0o755)
    command = [str(ci / "conformance"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize(
    ("says", "status"),
    [
        ("toy none: 3 pass, 1 note, 2 known, 4 skip (1 s)\\ntoy: passed in none\\n", 0),
        ("toy none: 3 pass, 1 CRASH (1 s)\\ntoy: not passed in none: 1 CRASH\\n", 1),
    ],
)
def test_what_stands_passes(tmp_path: Path, says: str, status: int) -> None:
    ran = run(tmp_path, says, status, "3")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith(" s: out/conformance/matrix.html\n")
    asked = (tmp_path / "asked").read_text()
    assert asked == "lab certify --all --runs 3 --out out/conformance\n"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("toy none: 3 pass, 1 INCONCLUSIVE (1 s)", 1),
        ("toy none: 3 pass, 1 FLAKY (1 s)", 1),
        ("toy none: 3 pass, 1 FAIL (1 s)", 1),
        ("toy none: 3 pass, 1 WARN, 1 CRASH (1 s)", 1),
        ("toy none: 3 pass, 1 FIXED (1 s)", 1),
        ("differs: toy none: rfc1939.stat.marked: PASS, CRASH", 1),
        ("toy: not installed: /usr/sbin/toy; run: ci/setup", 3),
    ],
)
def test_what_does_not_stand_is_shown_and_fails(tmp_path: Path, line: str, status: int) -> None:
    ran = run(tmp_path, f"{line}\\n", status)
    assert ran.returncode == 1
    assert ran.stderr.startswith("conformance: FAILED in ") and line in ran.stderr


@pytest.mark.parametrize("status", [2, 3, 4, 5, 130])
def test_a_status_beyond_deviations_fails(tmp_path: Path, status: int) -> None:
    ran = run(tmp_path, "toy none: 3 pass (1 s)\\n", status)
    assert ran.returncode == 1
    assert f"status {status}" in ran.stderr


@pytest.mark.parametrize("words", [("x",), ("0",), ("1", "2")])
def test_what_it_does_not_know_is_an_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, "", 0, *words).returncode == 2
