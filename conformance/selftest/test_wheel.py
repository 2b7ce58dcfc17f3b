# SPDX-License-Identifier: Apache-2.0
"""The wheel alone: built from a copy of the checkout that is gone afterwards, installed with pip
into an environment of its own, run from an empty folder."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from making import dialogue
from planted import ROOT

# One process builds the wheel for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

BUILD_SECONDS = 600
TEMPLATES = ("parts.html", "report.css", "report.html", "report.js", "summary.md")


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Without anything that would lead back to the checkout."""
    kept = ("PATH", "HOME", "LANG", "XDG_CACHE_HOME")
    ran = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={name: os.environ[name] for name in kept if name in os.environ},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran


def copy_checkout(to: Path) -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, cwd=ROOT, text=True).rstrip("\0").split("\0")
    for name in filter(lambda name: (ROOT / name).exists(), names):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, to / name, follow_symlinks=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    copy_checkout(copy)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=copy)
    shutil.rmtree(copy)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder bin/ of an environment that has the wheel and what pip brings for it."""
    environment = tmp_path_factory.mktemp("environment")
    run("/usr/bin/python3", "-m", "venv", environment, cwd=environment)
    pip = (environment / "bin/pip", "--quiet", "--disable-pip-version-check", "install")
    run(*pip, wheel, cwd=environment)
    return environment / "bin"


def test_it_holds_programs_and_data_and_no_library(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"popquiz/bin/popquiz-{name}" for name in ("mock", "dlg", "play")} <= names
    assert {f"popquiz/templates/{name}" for name in TEMPLATES} <= names
    assert {"popquiz/data/requirements.tsv", "popquiz/data/profiles/dovecot.toml"} <= names
    # What servers are loaded with, and built with; nothing that our programs would link with.
    loose = {f"popquiz/bin/popquiz-{name}.so" for name in ("shim", "mutator")}
    loose.add("popquiz/data/profiles/builds/canaries/canary.h")
    assert {name for name in names if name.endswith((".a", ".h", ".so"))} == loose


def test_it_certifies_the_built_in_server(programs: Path, tmp_path: Path) -> None:
    ran = run(programs / "popquiz", "certify", "--target", "mock", "--out", "out", cwd=tmp_path)
    assert "gate passed" in ran.stdout.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out/report.html").read_text().startswith("<!DOCTYPE html>")


def test_it_fuzzes_a_server(programs: Path, tmp_path: Path) -> None:
    """Over the bridge, with the seeds, the dictionary and the mutator that are in the wheel."""
    source = ROOT / "conformance/selftest/forking_pop3.c"
    server = tmp_path / "forking"
    run("afl-clang-fast", "-O1", "-g", "-o", server, source, cwd=tmp_path)
    secret = tmp_path / "pw"
    secret.write_text("good\n")
    secret.chmod(0o600)
    words = ("--stdio", server, "--user", "a", "--password-file", secret, "--runs", "60")
    words = (*words, "--out", "out")
    told = run(programs / "popquiz", "fuzz", *words, cwd=tmp_path).stdout
    assert "0 new" in told.splitlines()[-1]
    assert len(list((tmp_path / "out/seeds").iterdir())) > 5
    log = (tmp_path / "out/main.log").read_text(errors="replace")
    assert "popquiz-mutator.so" in log and (tmp_path / "out/pop3.dict").is_file()


def test_it_kills_a_fault(programs: Path, tmp_path: Path) -> None:
    ran = run(programs / "popquiz", "mutants", "retr-no-dot-stuffing", cwd=tmp_path)
    assert "1 of 1 faults killed" in ran.stdout


def test_its_plugin_serves_pytest(programs: Path, tmp_path: Path) -> None:
    shutil.copy(dialogue("rfc1939.greeting.one-line"), tmp_path / "mine.dlg")
    words = ("-m", "pytest", "mine.dlg", "--target", "mock", "-q")
    assert "1 passed" in run(programs / "python", *words, cwd=tmp_path).stdout
