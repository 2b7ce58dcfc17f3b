# SPDX-License-Identifier: Apache-2.0
"""ci/demo takes few options, and what it shows is there. What it does takes minutes: CI runs it."""

import re
import subprocess

import pytest
from planted import CI, ROOT


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    command = [str(CI / "demo"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_help_says_what_will_be_seen() -> None:
    ran = demo("--help")
    assert ran.returncode == 0
    assert ran.stdout.startswith("usage: ci/demo [--seconds N]\n")
    assert "out/demo" in ran.stdout


@pytest.mark.parametrize(
    "options", [["--seconds"], ["--seconds", "0"], ["--seconds", "1000"], ["60"], ["--nonsense"]]
)
def test_wrong_options_show_the_usage_and_start_nothing(options: list[str]) -> None:
    ran = demo(*options)
    assert ran.returncode == 2
    assert ran.stdout.startswith("usage: ci/demo [--seconds N]\n")
    assert "====" not in ran.stdout


@pytest.mark.parametrize("name", ["crash", "case_file"])
def test_the_files_that_are_replayed_are_there(name: str) -> None:
    found = re.search(rf"^{name}=(\S+)$", (CI / "demo").read_text(), re.M)
    assert found
    assert (ROOT / found[1]).is_file()
