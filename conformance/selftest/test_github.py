# SPDX-License-Identifier: Apache-2.0
"""The GitHub action: its file is well-formed and pins what it uses, its steps do what they say."""

import os
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from planted import CI

FOLDER = CI / "github"
PINNED = re.compile(r"[\w-]+/[\w/-]+@[0-9a-f]{40}")
SCRIPT = re.compile(r'"\$GITHUB_ACTION_PATH/(\w+\.sh)"')
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
CASE = "rfc1939.retr.stuffing"
SUMMARY = "## what was found\n"


def action() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text(encoding="utf-8"))
    return read


def steps() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = action()["runs"]["steps"]
    return listed


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


# ---- the file -----------------------------------------------------------------------------------


def test_every_action_of_others_is_pinned_to_a_commit_and_names_its_version() -> None:
    lines = (FOLDER / "action.yml").read_text(encoding="utf-8").splitlines()
    uses = [line for line in lines if line.strip().startswith("uses:")]
    assert len(uses) == sum("uses" in step for step in steps()) > 0
    for line in uses:
        assert re.search(rf"uses: {PINNED.pattern} # v\d+\.\d+\.\d+$", line), line


def test_what_is_run_is_a_script_that_is_tested_here() -> None:
    ran = [SCRIPT.fullmatch(step["run"]) for step in steps() if "run" in step]
    assert all(ran)
    scripts = {found[1] for found in ran if found}
    assert scripts == {path.name for path in FOLDER.glob("*.sh")} - {"job.sh"}
    assert all(step["shell"] == "bash" for step in steps() if "run" in step)


def test_inputs_are_known_used_and_never_a_part_of_a_command() -> None:
    inputs = set(action()["inputs"])
    used = {
        name
        for step in steps()
        for text in strings(step)
        for expression in EXPRESSION.findall(text)
        for name in re.findall(r"inputs\.(\w+)", expression)
    }
    assert used == inputs
    assert not any("${{" in step.get("run", "") for step in steps())


def test_a_server_that_fails_is_fuzzed_and_its_results_are_kept_nonetheless() -> None:
    names = [step["name"] for step in steps()]
    for step in steps()[names.index("Certify") + 1 :]:
        assert "!cancelled()" in step["if"], step["name"]


def test_what_a_step_takes_from_the_environment_its_script_reads() -> None:
    for step in steps():
        if "run" in step:
            script = SCRIPT.fullmatch(step["run"])
            assert script
            text = (FOLDER / script[1]).read_text() + (FOLDER / "job.sh").read_text()
            for name in step.get("env", {}):
                assert f"${{{name}" in text, f"{name} in {step['name']}"


# ---- the steps ----------------------------------------------------------------------------------

Ran = subprocess.CompletedProcess[str]


def run(folder: Path, script: str, bin_folder: Path | None = None, **environment: str) -> Ran:
    path = f"{bin_folder or CI}:{os.environ['PATH']}"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
    return subprocess.run(
        [FOLDER / f"{script}.sh"],
        cwd=folder,
        env={**clean, "PATH": path, "TMPDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (f"--select {CASE}", 0, "3 PASS"),
        (f"--select {CASE} --mock-option fault=retr-no-dot-stuffing", 1, "2 FAIL"),
        ("--nonsense", 2, ""),
    ],
)
def test_certifying_ends_as_the_command_does_and_shows_its_summary(
    tmp_path: Path, options: str, status: int, says: str
) -> None:
    page = tmp_path / "page.md"
    page.write_text("what others wrote\n")
    ran = run(
        tmp_path,
        "certify",
        POPQUIZ_TARGET="mock",
        POPQUIZ_CERTIFY=options,
        GITHUB_STEP_SUMMARY=str(page),
    )
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert page.read_text().startswith("what others wrote\n") and says in page.read_text()
    assert (tmp_path / "popquiz-out/certify/results.json").is_file() == (status < 2)


def test_without_a_server_a_step_says_so(tmp_path: Path) -> None:
    ran = run(tmp_path, "certify")
    assert ran.returncode == 2
    assert "POPQUIZ_TARGET" in ran.stderr


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A `popquiz` that writes down how it was called, and leaves what a campaign leaves."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "popquiz"
    program.write_text(
        "#!/usr/bin/env bash\n"
        f"printf '%s\\n' \"$@\" >{shlex.quote(str(tmp_path / 'called'))}\n"
        "while [ $# -gt 0 ]; do\n"
        "    case $1 in\n"
        "    --out) out=$2 ;;\n"
        f'    --password-file) stat -c %a "$2" >{shlex.quote(str(tmp_path / "mode"))}\n'
        f'        cp "$2" {shlex.quote(str(tmp_path / "password"))} ;;\n'
        "    esac\n"
        "    shift\n"
        "done\n"
        'mkdir -p "$out"\n'
        f'printf {shlex.quote(SUMMARY)} >"$out/summary.md"\n'
        "exit ${STATUS-0}\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def test_fuzzing_is_called_with_what_the_inputs_say(tmp_path: Path, stand_in: Path) -> None:
    page = tmp_path / "page.md"
    ran = run(
        tmp_path,
        "fuzz",
        stand_in,
        POPQUIZ_TARGET="exec:./server --port {port}",
        POPQUIZ_USER="tim",
        POPQUIZ_PASSWORD="tan $(staaf)",
        POPQUIZ_FUZZ="--seed 7 --safe 'a b'",
        POPQUIZ_BASELINE="known.toml",
        GITHUB_STEP_SUMMARY=str(page),
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    called = (tmp_path / "called").read_text().splitlines()
    file = called.pop(called.index("--password-file") + 1)
    assert called == [
        *("fuzz", "--out", "popquiz-out/fuzz", "--target", "exec:./server --port {port}"),
        *("--user", "tim", "--password-file", "--time", "60s", "--baseline", "known.toml"),
        *("--seed", "7", "--safe", "a b"),
    ]
    assert (tmp_path / "password").read_text() == "tan $(staaf)\n"
    assert (tmp_path / "mode").read_text() == "600\n" and not Path(file).exists()
    assert page.read_text() == SUMMARY


@pytest.mark.parametrize("status", [1, 3])
def test_fuzzing_ends_as_the_command_does(tmp_path: Path, stand_in: Path, status: int) -> None:
    page = tmp_path / "page.md"
    given = {"POPQUIZ_TARGET": "mock", "STATUS": str(status), "GITHUB_STEP_SUMMARY": str(page)}
    assert run(tmp_path, "fuzz", stand_in, **given).returncode == status
    assert page.read_text() == SUMMARY


@pytest.mark.parametrize("script", ["certify", "fuzz", "setup"])
def test_every_step_explains_itself(script: str) -> None:
    command = [FOLDER / f"{script}.sh", "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ran.returncode == 0
    assert ran.stdout.startswith(f"usage: ci/github/{script}.sh\n")
