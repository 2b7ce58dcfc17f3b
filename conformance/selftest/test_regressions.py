# SPDX-License-Identifier: Apache-2.0
"""What campaigns found in servers of the lab shows each time: corpus/regressions/SERVER."""

from pathlib import Path

import pytest
from making import popquiz
from planted import ROOT

from popquiz import labbuild
from popquiz.fuzz import again

PROFILES = sorted((ROOT / "conformance/profiles").glob("*.toml"))
FOUND = {
    path.stem: files
    for path in PROFILES
    if (files := sorted((ROOT / "corpus/regressions" / path.stem).glob("*")))
}


def build(server: str, files: list[Path]) -> list[str]:
    """What crash files were found with."""
    kinds = {again.header(file.read_text(encoding="utf-8")).get("build", "") for file in files}
    assert len(kinds) == 1, "one build for all files of a server"
    kind = kinds.pop()
    return ["--build", str(labbuild.build(server, kind, say=print))] if kind else []


@pytest.mark.parametrize("server", FOUND)
def test_what_was_found_shows_again(server: str) -> None:
    files = FOUND[server]
    ran = popquiz("replay", *files, "--lab", server, *build(server, files))
    told = {line for line in ran.stdout.splitlines() if line.startswith("reproduced: ")}
    assert len(told) == len(files), ran.stdout + ran.stderr
    assert ran.returncode == 1


def test_there_is_something() -> None:
    assert set(FOUND) >= {"courier", "mailutils", "nginx", "popa3d", "solid-pop3d"}
