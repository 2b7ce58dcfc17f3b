# SPDX-License-Identifier: Apache-2.0
"""What is done to servers that are not ours: nothing that removes mail, few wrong passwords, a
bounded pace; and it is told before the first connection."""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from making import Ran, case, catalogue, password_file, popquiz, requirement, results

from popquiz import forecast, paths
from popquiz.deeds import Deeds, read
from popquiz.errors import Exit
from popquiz.pace import Pace
from popquiz.record import Job
from popquiz.schedule import WRONG_LOGINS, Rules
from popquiz.target_plain import PlainTarget
from popquiz.targets import Account, Endpoint

NEARLY_DELE = re.compile(r"(?:^|\\[nr])\s*D.{0,5}E.{0,5}L", re.IGNORECASE)


@dataclass
class Recorder:
    """The reference server as a stranger, which keeps what clients say."""

    address: str
    transcript: Path

    def said(self, who: str = "client") -> list[str]:
        """What somebody said, escaped as in a dialogue."""
        lines = map(json.loads, self.transcript.read_text().splitlines())
        return [line["octets"] for line in lines if line["from"] == who]


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    transcript = tmp_path / "transcript"
    command = [str(paths.program("popquiz-mock")), "--port", "0", "--transcript", str(transcript)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    ready = json.loads(server.stdout.readline())
    yield Recorder(ready["listen"][0]["address"], transcript)
    server.terminate()
    server.communicate(timeout=20)


def certify(folder: Path, address: str, *words: str) -> Ran:
    account = ("--user", "user", "--password-file", password_file(folder))
    return popquiz("certify", "--target", address, *account, "--out", folder / "out", *words)


def test_no_case_marks_or_removes_mail_of_others(tmp_path: Path, recorder: Recorder) -> None:
    ran = certify(tmp_path, recorder.address)
    assert ran.returncode == Exit.PASSED, ran.stdout
    said = recorder.said()
    assert [each for each in said if NEARLY_DELE.search(each)] == []
    assert sum("RETR 1" in each for each in said) > 5  # it did read
    skips = {each["skip"] for each in results(tmp_path)["cases"]}
    assert "unsafe" in skips and "budget" in skips
    refused = [line for line in recorder.said("server") if line.startswith("-ERR [AUTH]")]
    assert 0 < len(refused) <= WRONG_LOGINS


def test_with_leave_they_do(tmp_path: Path, recorder: Recorder) -> None:
    select = ("--select", "rfc1939.dele.marks")
    certify(tmp_path, recorder.address, *select)
    assert not any("DELE" in each for each in recorder.said())
    certify(tmp_path, recorder.address, *select, "--yes-destroy")
    assert any("DELE" in each for each in recorder.said())


def test_our_own_servers_are_spared_when_it_is_said(tmp_path: Path) -> None:
    select = ("--select", "rfc1939.dele.marks", "--target", "mock", "--out", tmp_path / "out")
    popquiz("certify", *select)
    assert [each["verdict"] for each in results(tmp_path)["cases"]] == ["PASS"] * 3
    popquiz("certify", *select, "--safe")
    assert [each["skip"] for each in results(tmp_path)["cases"]] == ["unsafe"] * 3


def test_the_plan_is_told_before_the_first_connection(tmp_path: Path) -> None:
    ran = certify(tmp_path, "tcp://127.0.0.1:1", "--patience", "1")
    assert ran.returncode == Exit.TARGET
    plan = [line for line in ran.stdout.splitlines() if line.startswith("plan: ")]
    text = "\n".join(plan)
    for told in ("tcp://127.0.0.1:1: up to ", " connections", "never marked", "at most 3 wrong"):
        assert told in text


# ---- what the plan says --------------------------------------------------------------------------

ROWS = catalogue(requirement("RFC1939-5-001"))
PLAIN = PlainTarget(Endpoint("tcp://mail.example:110"), [Account("u", "p")])


def test_the_plan_counts() -> None:
    found = [
        case("a", deeds=Deeds(connects=3)),
        case("b", deeds=Deeds(marks=True, connects=2)),
    ]
    rules = Rules(ROWS, lambda job: None, wrong_logins=2, per_minute=60)  # type: ignore[arg-type, return-value]
    jobs = [Job(each, "whole") for each in found]
    first, second, third = forecast.lines(PLAIN, jobs, rules)
    assert "up to 1 cases with some 3 connections" in first
    assert "never marked; at most 2 wrong logins; at most 60 connections a minute" in second
    assert third == "plan: 1 cases that might change mail are left out: --yes-destroy"
    rules.destroy = True
    first, second = forecast.lines(PLAIN, jobs, rules)
    assert "up to 2 cases with some 5 connections" in first and "added and removed" in second


@pytest.mark.parametrize(
    ("step", "row", "state", "deeds"),
    [
        ("C: DELE 1", {}, "transaction", Deeds(marks=True)),
        ('C! "dE"\nC! "le 1\\r\\n"', {}, "transaction", Deeds(marks=True)),
        ("C: D\\0ELE 1", {}, "transaction", Deeds(marks=True)),
        ("C: {verb} 1", {"verb": "DELE"}, "transaction", Deeds(marks=True)),
        ("C: {verb} 1", {"verb": "mark"}, "transaction", Deeds(marks=True)),
        ("C: {verb} 1", {"verb": "list"}, "transaction", Deeds()),
        ("# C: DELE 1\nS: DELE\nC: RETR 1", {}, "transaction", Deeds(reads=True)),
        ("C: PASS a\nC2: PASS b\nC: AUTH PLAIN", {}, "authorization", Deeds(logins=3)),
        ("@connect\n@connect 2\nC: NOOP", {}, None, Deeds(connects=2)),
        ("@login 2\nC: NOOP", {}, "transaction", Deeds(connects=2)),
        ("  @connect 2 ready\n@tls 2", {}, None, Deeds(to_tls=True)),
    ],
)
def test_what_a_dialogue_does_is_read_from_its_text(
    tmp_path: Path, step: str, row: dict[str, str], state: str | None, deeds: Deeds
) -> None:
    file = tmp_path / "x.dlg"
    matrix = 'matrix: verb = mark:"DELE", list:"LIST"'
    file.write_text(f"#!dlg 1\nid: x.delete\n{matrix}\n---\n[test]\n{step}\n")
    assert read(file, "x", row, state) == deeds
    assert read(file, "x.octets-dele", row, state).marks


# ---- pace ----------------------------------------------------------------------------------------


def test_no_minute_has_more_connections_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, begun = [0.0], list[float]()

    async def sleep(seconds: float) -> None:
        assert seconds > 0
        clock[0] += seconds

    monkeypatch.setattr("popquiz.pace.asyncio.sleep", sleep)

    async def play() -> None:
        pace = Pace(5, lambda: clock[0])
        for _ in range(10):
            await pace.reserve(2)
            clock[0] += 1
            begun.extend([clock[0]] * 2)
            pace.made(2, 2)

    asyncio.run(play())
    assert len(begun) == 20
    for start in begun:
        assert sum(start <= at < start + 60 for at in begun) <= 5
    assert begun[-1] < 60 * 5  # and it does not wait for longer than that takes


def test_a_case_with_more_connections_than_a_minute_may_have_is_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]

    async def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr("popquiz.pace.asyncio.sleep", sleep)

    async def play() -> None:
        pace = Pace(2, lambda: clock[0])
        for _ in range(2):
            await pace.reserve(9)
            pace.made(9, 9)

    asyncio.run(play())
    assert 60 <= clock[0] < 61
