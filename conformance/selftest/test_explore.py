# SPDX-License-Identifier: Apache-2.0
"""`popquiz explore`: what it finds, what it does not find, and how it ends."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from making import HERE, TINY, Ran, finding, password_file, popquiz

from popquiz import children, explorer, paths, sanity
from popquiz.errors import Exit, TargetError
from popquiz.explorer import Exploration
from popquiz.fixtures import EXPLORE, Fixtures, Maildrop, with_mail
from popquiz.target_mock import MockConfig, MockTarget

ODD = f"{sys.executable} {HERE / 'odd_pop3.py'}"


def explore(folder: Path, *words: str, **more: Any) -> Ran:
    return popquiz("explore", *words, "--out", folder / "out", **more)


def found(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "out/explore.json").read_text())
    return document


def dialogues(folder: Path) -> list[Path]:
    return sorted((folder / "out/findings").glob("*.dlg"))


# ---- sessions -----------------------------------------------------------------------------------


def plans(seed: int, sessions: int) -> str:
    program = str(paths.program("popquiz-explore"))
    command = [program, "--print", str(seed), str(sessions)]
    return subprocess.check_output(command, text=True, timeout=20)


def test_the_same_seed_gives_the_same_octets() -> None:
    assert plans(5, 200) == plans(5, 200)
    assert plans(5, 400).startswith(plans(5, 200))
    assert plans(6, 200) != plans(5, 200)


# ---- a server that obeys ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [["--tls", "none"], ["--tls", "stls"], ["--tls", "implicit"], ["--connections", "2"]],
    ids=lambda words: words[-1],
)
def test_a_correct_server_is_not_blamed(tmp_path: Path, words: list[str]) -> None:
    ran = explore(tmp_path, "--target", "mock", "--sessions", "500", "-j", "2", *words)
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    counts = found(tmp_path)["counts"]
    assert counts["sessions"] == 500
    assert counts["transactions"] > 400
    assert counts["commands"] > 5000
    assert found(tmp_path)["findings"] == []


def test_what_is_sent_may_be_cut(tmp_path: Path) -> None:
    words = ("--target", "mock", "--sessions", "40", "--segment", "mid-crlf")
    assert explore(tmp_path, *words).returncode == Exit.PASSED
    assert found(tmp_path)["segment"] == "mid-crlf" and found(tmp_path)["findings"] == []
    fault = ("--mock-option", "fault=retr-no-dot-stuffing")
    assert explore(tmp_path, *words, *fault).returncode == Exit.FAILED
    assert all("@segment mid-crlf\n" in path.read_text() for path in dialogues(tmp_path))
    assert dialogues(tmp_path)
    assert explore(tmp_path, "--target", "mock", "--segment", "0").returncode == Exit.USAGE


# ---- servers that do not ------------------------------------------------------------------------

# A fault of the mock, and a requirement that some finding must be about.
FAULTS = [
    ("retr-no-dot-stuffing", "RFC1939-3-027"),
    ("top-no-dot-stuffing", "RFC1939-3-027"),
    ("retr-extra-blank-line", "RFC1939-5-014"),
    ("retr-deleted-ok", "RFC1939-5-025"),
    ("dele-twice-ok", "RFC1939-5-033"),
    ("list-shows-deleted", "RFC1939-5-016"),
    ("uidl-shows-deleted", "RFC1939-7-022"),
    ("stat-counts-deleted", "RFC1939-5-004"),
    ("stat-size-counts-deleted", "RFC1939-5-005"),
    ("dele-renumbers", "RFC1939-5-016"),
    ("rset-keeps-marks", "RFC1939-5-041"),
    ("stat-total-off-by-one", "RFC1939-5-005"),
    ("list-size-lf-only", "RFC1939-5-014"),
    ("retr-truncates-long-line", "RFC1939-5-014"),
    ("stls-keeps-buffered-plaintext", "RFC2595"),
]


@pytest.mark.parametrize(("fault", "requirement"), FAULTS)
def test_a_fault_is_found_and_shortened(tmp_path: Path, fault: str, requirement: str) -> None:
    tls = "stls" if fault.startswith("stls") else "none"
    target = ("--target", "mock", "--tls", tls, "--mock-option", f"fault={fault}")
    ran = explore(tmp_path, *target, "--sessions", "120")
    assert ran.returncode == Exit.FAILED, ran.stdout + ran.stderr
    about = [f for f in found(tmp_path)["findings"] if f["requirement"].startswith(requirement)]
    assert about, found(tmp_path)["findings"]
    assert min(f["steps"] for f in about) <= 6
    assert all(f["again"] for f in about)
    assert f"{about[0]['rule']}" in ran.stdout


def test_a_finding_can_be_replayed(tmp_path: Path) -> None:
    broken = ("--target", "mock", "--mock-option", "fault=retr-no-dot-stuffing")
    ran = explore(tmp_path, *broken, "--sessions", "60")
    assert ran.returncode == Exit.FAILED and ran.stderr == ""
    files = dialogues(tmp_path)
    assert files
    lint = [str(paths.program("popquiz-dlg")), "lint", *map(str, files)]
    assert subprocess.run(lint, check=False).returncode == 0
    lint[1:2] = ["fmt", "--check"]
    assert subprocess.run(lint, check=False).returncode == 0
    assert popquiz("replay", *files, *broken).returncode == Exit.FAILED
    again = popquiz("replay", *files, "--target", "mock")
    assert again.returncode == Exit.PASSED, again.stdout


def test_a_dialogue_carries_its_mail_octet_for_octet() -> None:
    found = Fixtures(paths.fixtures())
    hard = Maildrop("hard", (b"", b"\n", b"a {x} \\n ", b" \n|! y # z \n\0\xff\r\n"))
    for maildrop in (found.maildrop((EXPLORE,), {}), hard):
        written = with_mail(
            "#!dlg 1\nid: x\ntitle: x\nreq: RFC1939-3-020\n---\n[test]\n@connect\n", maildrop
        )
        command = [str(paths.program("popquiz-dlg")), "describe", "--json", "-"]
        told = json.loads(subprocess.check_output(command, input=written.encode(), timeout=20))
        read = [b64decode(message["base64"]) for message in told["messages"]]
        lines = [octets.replace(b"\r\n", b"\n") for octets in maildrop.messages]
        assert read == [octets.replace(b"\n", b"\r\n") for octets in lines]
        assert told["mailbox"] == [message["name"] for message in told["messages"]]
    assert with_mail("---\n", found.maildrop((), {})) == "---\n"


def test_no_session_sees_what_another_one_did_to_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor what a server did to it that was only asked to list it."""
    asked: list[str] = []
    answer = explorer.Explorer._answer

    async def noted(self: explorer.Explorer, ask: str) -> dict[str, Any]:
        asked.append(ask)
        return await answer(self, ask)

    monkeypatch.setattr(explorer.Explorer, "_answer", noted)
    fixtures, logins = Fixtures(paths.fixtures()), sanity.preludes("user")
    wish, run = explorer.Wish(sessions=30, destroy=True), Exploration()
    config = explorer.Config(MockTarget(MockConfig()), fixtures, logins, wish)
    children.watch_without_threads()
    asyncio.run(explorer.explore(config, run))
    assert run.findings == [] and run.counts["sessions"] == 30
    assert asked.count("reset") == 30


def test_mail_that_a_server_refuses_is_left_out(tmp_path: Path) -> None:
    """solid-pop3d lets nobody in who has a message without a final line end."""
    ran = explore(tmp_path, "--lab", "solid-pop3d", "--sessions", "2")
    assert "unusual mail is left out" in ran.stdout and "message is damaged" in ran.stdout
    assert found(tmp_path)["counts"]["transactions"] >= 1


def test_an_exploration_that_nobody_lets_in_ends() -> None:
    counts = dict.fromkeys(explorer.COUNTS, 0)
    config: Any = SimpleNamespace(fixtures=Fixtures(paths.fixtures()), counted=lambda counts: None)
    session = explorer._Session(config, Exploration())

    def count(**more: int) -> None:
        session.explorers = [SimpleNamespace(counts=counts | more)]  # type: ignore[list-item]
        session._counted({})

    count(logins=explorer.LOGINS_TRIED, transactions=1)
    count(logins=explorer.LOGINS_TRIED - 1)
    with pytest.raises(TargetError, match="none of 20 logins"):
        count(logins=explorer.LOGINS_TRIED)


# ---- servers that end it ------------------------------------------------------------------------


def account(folder: Path) -> tuple[str, ...]:
    return "--user", "user", "--password-file", str(password_file(folder))


@pytest.mark.parametrize("action", ["exit", "stop"])
def test_a_server_that_dies_or_hangs_ends_the_exploration(tmp_path: Path, action: str) -> None:
    target = f"exec:{TINY} --port {{port}} --on RSET={action}"
    ran = explore(tmp_path, "--target", target, *account(tmp_path), "--sessions", "300")
    assert ran.returncode == Exit.TARGET, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert found(tmp_path)["trouble"]
    assert "of seed 1" in ran.stdout


@pytest.mark.parametrize("what", ["flood", "garbage", "close", "mute"])
def test_a_server_that_goes_mad_is_survived(tmp_path: Path, what: str) -> None:
    target = f"exec:{ODD} {tmp_path / 'count'} 12 {what}"
    words = ("--target", target, *account(tmp_path), "--sessions", "12", "--tries", "3")
    ran = explore(tmp_path, *words, "--patience", "1")
    assert ran.returncode in (Exit.FAILED, Exit.TARGET), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert found(tmp_path)["exit"] == ran.returncode


def test_a_target_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    ran = explore(tmp_path, "--target", "tcp://127.0.0.1:1", *account(tmp_path))
    assert ran.returncode == Exit.TARGET
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words", [["--time", "soon"], ["--sessions", "0"], ["--connections", "3"], ["--time", "0s"]]
)
def test_wrong_usage_is_told(tmp_path: Path, words: list[str]) -> None:
    assert explore(tmp_path, "--target", "mock", *words).returncode == Exit.USAGE


# ---- interruptions ------------------------------------------------------------------------------


def test_an_interrupted_exploration_keeps_what_it_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "popquiz", "explore", "--target", "mock", "--time", "60s"]
    command += ["--mock-option", "fault=retr-no-dot-stuffing", "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout and run.stdout.readline().startswith("... ")  # some sessions were played
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=30)
    assert run.returncode == Exit.INTERRUPTED
    assert out.splitlines()[-1].endswith("interrupted")
    assert found(tmp_path)["interrupted"] is True
    assert "REF-BODY-DOTS" in [f["rule"] for f in found(tmp_path)["findings"]]


def test_a_time_ends_it(tmp_path: Path) -> None:
    begun = time.monotonic()
    ran = explore(tmp_path, "--target", "mock", "--time", "2s")
    assert ran.returncode == Exit.PASSED
    assert 2 <= time.monotonic() - begun < 20
    assert found(tmp_path)["counts"]["sessions"] > 10


def test_it_keeps_the_pace_that_was_asked_for(tmp_path: Path) -> None:
    """Each of the sessions has a connection at least, and the last one need not be waited for."""
    begun = time.monotonic()
    pace = ("--connections-per-minute", "60", "-j", "1")
    ran = explore(tmp_path, "--target", "mock", "--sessions", "4", *pace)
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    assert time.monotonic() - begun > 3
    assert found(tmp_path)["counts"]["sessions"] == 4


# ---- what is told once --------------------------------------------------------------------------


def test_of_two_that_are_the_same_the_shorter_is_kept() -> None:
    run = Exploration()
    assert run.add(finding(id="long", steps=5))
    assert not run.add(finding(id="once", steps=1, again=False))
    assert not run.add(finding(id="short", steps=3))
    assert [f.id for f in run.findings] == ["short"]
    assert run.add(finding(id="other", verb="LIST"))
