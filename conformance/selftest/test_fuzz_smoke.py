# SPDX-License-Identifier: Apache-2.0
"""ci/fuzz-smoke tells a target that breaks from one that does not, and says how to go on."""

import subprocess
import sys
from pathlib import Path

import pytest
from planted import CI

FINE = """\
#7 DONE   cov: 28 ft: 147 corp: 53/3177b lim: 512 exec/s: 1 rss: 61Mb
stat::average_exec_per_sec:     203002
"""
CRASH = """\
fuzz_framer.c:50: broken invariant: len > 0
Test unit written to /elsewhere/fuzz_framer-crash-1
stat::average_exec_per_sec:     17
"""


def smoke(build: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CI / "fuzz-smoke"), "--build", str(build), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "harness").mkdir()
    return tmp_path


def plant(build: Path, log: str, status: int) -> None:
    """A target that says this about every input."""
    program = build / "harness" / "fuzz_framer"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{log}END\nexit {status}\n")
    program.chmod(0o755)


def test_a_target_that_holds_is_a_line_with_its_figures(build: Path) -> None:
    plant(build, FINE, 0)
    ran = smoke(build, "--targets", "framer")
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[1].split() == ["fuzz_framer", "203002", "53", "59", "28", "ok"]


def test_a_target_that_breaks_fails_the_run_and_says_how_to_go_on(build: Path) -> None:
    plant(build, CRASH, 77)
    ran = smoke(build, "--targets", "fuzz_framer")
    assert ran.returncode == 1
    assert "FAILED with status 77" in ran.stdout
    assert "broken invariant: len > 0" in ran.stdout
    again = f"{build}/harness/fuzz_framer /elsewhere/fuzz_framer-crash-1"
    assert f"kept as /elsewhere/fuzz_framer-crash-1; again: {again}" in ran.stdout


def test_the_engine_gets_the_seeds_and_no_folder_to_write_to(build: Path) -> None:
    plant(build, FINE, 0)
    program = build / "harness" / "fuzz_framer"
    seen = build / "seen"
    program.write_text(
        f'#!/bin/sh\nfor each; do echo "$each"; done >{seen}\ncat "${{each#*@}}" >>{seen}\n'
    )
    assert smoke(build, "--targets", "framer").returncode == 0
    *options, files = seen.read_text().splitlines()
    assert all(option.startswith("-") for option in options)
    assert options[-1].startswith("-seed_inputs=@")
    assert f"{CI.parent}/corpus/seeds/fuzz_framer/login-and-quit" in files.split(",")
    assert not Path(options[-1].partition("@")[2]).exists()


def test_an_unknown_target_is_named_with_those_that_there_are(build: Path) -> None:
    ran = smoke(build, "--targets", "nonsense")
    assert ran.returncode == 1
    assert "no such target: fuzz_nonsense; there are: fuzz_base" in ran.stderr


def test_a_folder_without_targets_is_no_success(build: Path) -> None:
    ran = smoke(build, "--targets", "framer")
    assert ran.returncode == 1
    assert "was not built for libFuzzer: no fuzz_framer" in ran.stderr
