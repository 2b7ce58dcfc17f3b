# SPDX-License-Identifier: Apache-2.0
"""The suite itself: it blames no correct server, lets no broken one through, and what it says of
real servers is what their baselines have on record."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from making import popquiz

from popquiz import mutants, paths

# A case may be about one way only, as in clear or on the way into TLS.
WAYS = ("none", "stls", "implicit")
CUTS = "whole,byte,mid-crlf,after-crlf"
GOOD = {"PASS", "NOTE", "SKIP"}
SAMPLE = 30  # faults of difficulty 2 and 3


# All here takes long; one process plays the cases for the tests that look at the results.
pytestmark = pytest.mark.slow
SAME_PROCESS = pytest.mark.xdist_group("suite")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The results on the built-in server, each way to reach it."""
    return {way: _certify_mock(tmp_path_factory.mktemp("way"), way) for way in WAYS}


def _certify_mock(folder: Path, way: str) -> dict[str, Any]:
    words = ("--strict", "--slow", "--yes-destroy", "--segment", CUTS, "-j", "6")
    target = ("--target", "mock", "--tls", way)
    ran = popquiz("certify", *target, *words, "--out", folder, timeout=300)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr
    found: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


@SAME_PROCESS
def test_the_built_in_server_is_never_blamed(runs: dict[str, dict[str, Any]]) -> None:
    for way, found in runs.items():
        verdicts = {case["verdict"] for case in found["cases"]}
        assert verdicts <= GOOD, way


@SAME_PROCESS
def test_no_case_is_skipped_every_time(runs: dict[str, dict[str, Any]]) -> None:
    played: set[str] = set()
    skipped: set[str] = set()
    for found in runs.values():
        for case in found["cases"]:
            (skipped if case["verdict"] == "SKIP" else played).add(case["id"])
    assert len(played) >= 100
    assert not skipped - played


def test_faults_are_noticed() -> None:
    """By a requirement that they break, or there is a reason why not: all that a plain dialogue
    finds, and some of the others; ci/mutants has all, with three seeds."""
    faults = mutants.read(paths.data(mutants.LIST))
    plain = [fault.name for fault in faults if fault.difficulty == 1]
    others = [fault.name for fault in faults if fault.difficulty > 1]
    some = random.Random(1939).sample(others, SAMPLE)
    ran = popquiz("mutants", "--seeds", "1", *plain, *some, timeout=180)
    assert ran.returncode == 0, ran.stdout
    assert "SURVIVED" not in ran.stdout and "UNUSABLE" not in ran.stdout
    assert f"difficulty 1: {len(plain)} killed, 0 survived, 0 excused" in ran.stdout


def crashes(name: str) -> set[str]:
    """The cases under which a server is known to crash."""
    lines = (paths.data("profiles") / "crashes").read_text(encoding="utf-8").splitlines()
    words = (line.split() for line in lines if not line.startswith("#"))
    return {found[1] for found in words if found and found[0] == name}


# Some wait seconds before each negative response; ci/conformance plays all cases.
@pytest.mark.parametrize(
    ("name", "tls", "more"),
    [
        ("courier", "none", ("--shard", "1/4")),
        ("cyrus", "none", ("--shard", "1/4")),
        ("dovecot", "none", ("-j", "4")),
        ("mailfront", "none", ("-j", "4")),
        ("mailutils", "none", ("-j", "4")),
        ("nginx", "stls", ("--shard", "1/4")),
        ("perdition", "none", ("--shard", "1/6")),
        ("popa3d", "none", ("-j", "4")),
        ("solid-pop3d", "none", ("-j", "4")),
        ("stunnel", "stls", ("-j", "4")),
        ("twisted", "implicit", ("--shard", "1/4")),
    ],
)
def test_what_is_said_of_real_servers_is_on_record(
    name: str, tls: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    """Each deviation was compared with its clause by hand; a new one is a bug here or there."""
    words = ("--tls", tls, "--yes-destroy", "--strict", "--strict-baseline", *more)
    ran = popquiz("certify", "--lab", name, *words, "--out", tmp_path, timeout=300)
    assert ran.returncode in (0, 1), ran.stdout[-4000:] + ran.stderr
    for case in json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["cases"]:
        if case["verdict"] == "CRASH":
            assert case["id"] in crashes(name)
        else:
            assert case["verdict"] in GOOD | {"KNOWN"}, case


def test_without_the_record_they_deviate(tmp_path: Path) -> None:
    words = ("--yes-destroy", "--no-baseline", "--select", "RFC1939-6-003")
    ran = popquiz("certify", "--lab", "popa3d", *words, "--out", tmp_path, timeout=300)
    assert ran.returncode == 1 and "QUIT without its CRLF is no QUIT" in ran.stdout
