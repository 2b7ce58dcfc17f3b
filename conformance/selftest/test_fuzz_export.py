# SPDX-License-Identifier: Apache-2.0
"""`popquiz replay --export`: what it writes runs without popquiz, and tells a server that lives
from one that dies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from making import popquiz
from planted import ROOT

from popquiz import probe
from popquiz.errors import UsageError
from popquiz.fuzz import export

DYING = b"USER a\r\nPASS x\r\nXPARENT\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("server") / "forking"
    source = ROOT / "conformance/selftest/forking_pop3.c"
    subprocess.run(["cc", "-O1", "-o", str(path), str(source)], check=True, timeout=60)
    return path


@pytest.fixture
def port(server: Path) -> Iterator[str]:
    number = str(probe.free_port())
    with subprocess.Popen([str(server), number]) as running:
        yield number
        running.kill()


def exported(folder: Path, kind: str, octets: bytes) -> Path:
    (folder / "input").write_bytes(octets)
    out = folder / ("test_it.py" if kind == "pytest" else "it.sh")
    ran = popquiz("replay", folder / "input", "--export", kind, "--out", out)
    assert ran.returncode == 0, ran.stderr
    return out


@pytest.mark.parametrize("kind", export.KINDS)
@pytest.mark.parametrize(("octets", "status"), [(b"STAT\r\nLIST\r\nQUIT\r\n", 0), (DYING, 1)])
def test_what_is_written_runs(
    tmp_path: Path, port: str, kind: str, octets: bytes, status: int
) -> None:
    out = exported(tmp_path, kind, octets)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(out)]
    words = words if kind == "pytest" else ["sh", str(out), "127.0.0.1", port]
    ran = subprocess.run(
        words,
        env={**os.environ, "PORT": port},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == status, ran.stdout + ran.stderr


def test_writes_are_cut_as_the_bridge_cuts_them() -> None:
    octets = b"A\r\nB\rC\n\xff\xffD\xff|E\xffWF\xffxG"
    assert export.writes(octets) == [b"A\r\n", b"B\rC\n", b"\xffD", b"E", b"F\xffxG"]
    with pytest.raises(UsageError):
        export.writes(b"A\xff2B")


def test_several_inputs_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b"NOOP\r\n")
    ran = popquiz("replay", tmp_path, "--export", "nc", "--out", tmp_path / "x")
    assert ran.returncode == 2 and "2 inputs: name one" in ran.stderr
