# SPDX-License-Identifier: Apache-2.0
"""The worker speaks the player's protocol, and survives a player that does not."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from making import HERE, outcome, said

from popquiz import children, player
from popquiz.errors import SuiteError
from popquiz.outcome import Entry, Outcome
from popquiz.player import Player, PlayerDied, Request
from popquiz.targets import Account, Adapter, Endpoint, NoAdapter, Stored

T = TypeVar("T")


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that has the fake player."""
    (tmp_path / "popquiz-play").symlink_to(HERE / "fake_player.py")
    (tmp_path / "protocol").write_text("1")
    monkeypatch.setenv("POPQUIZ_BIN", str(tmp_path))
    return tmp_path


pytestmark = pytest.mark.usefixtures("bin_folder")


class Insider(Adapter):
    """Can do everything but keep time, and remembers it."""

    abilities = frozenset({"deliver", "reset", "peek"})

    def __init__(self) -> None:
        self.done: list[object] = []

    async def deliver(self, user: str, octets: bytes) -> None:
        self.done.append((user, octets))

    async def reset(self, user: str) -> None:
        raise OSError(28, "No space left on device")

    async def peek(self, user: str) -> Sequence[Stored]:
        return [Stored(b"one\r\n", "uid-1"), Stored(b"\0\xff")]


def request(words: str = "", **more: Any) -> Request:
    file = Path(f"/cases/x.{words}dlg")
    account = Account("user", "secret pass")
    return Request(file, 0, Endpoint("tcp://127.0.0.1:1"), account, **more)


def conversation(talk: Callable[[Player], Awaitable[T]]) -> T:
    async def talked() -> T:
        worker = Player()
        try:
            return await talk(worker)
        finally:
            await worker.stop()

    children.watch_without_threads()
    return asyncio.run(talked())


def play(words: str = "", adapter: Adapter | None = None, **more: Any) -> Outcome:
    return conversation(lambda w: w.play(request(words, **more), adapter or NoAdapter()))


def test_a_case_message_becomes_an_outcome() -> None:
    found = play()
    assert (found.outcome, found.line, found.slowest_reply_ms) == ("pass", 3, 2)
    assert found.rows == {"RFC1939-5-001": "pass"}
    assert found.transcript == (Entry(1, "C", 0, False, "STAT\\r\\n"),)
    assert found.sent == 6


def test_the_player_is_told_everything() -> None:
    endpoint = Endpoint("tcp://h:1", "stls", "tcp://h:2", Path("/ca"), False, "name")
    second = Account("other", "word")
    asked = Request(
        Path("/cases/x.echo.dlg"), 7, endpoint, Account("user", "pw"), second, Path("/login.dlg")
    )
    told = json.loads(conversation(lambda w: w.play(asked, NoAdapter())).why)
    assert (told["file"], told["row"], told["login"]) == ("/cases/x.echo.dlg", 7, "/login.dlg")
    assert told["target"] == {
        "address": "tcp://h:1",
        "tls": "stls",
        "tls_address": "tcp://h:2",
        "ca_file": "/ca",
        "verify": False,
        "host": "name",
        "keylog": None,
    }
    assert told["vars"] == {"user": "user", "pw": "pw", "user2": "other", "pw2": "word"}


def test_asks_are_done_for_the_account_of_the_case() -> None:
    adapter = Insider()
    found = play("deliver.peek.", adapter)
    assert adapter.done == [("user", b"hello")]
    done, peeked = found.why.split("}", 1)[0] + "}", found.why.split("}", 1)[1]
    assert json.loads(done) == {"result": "done"}
    assert json.loads(peeked)["messages"] == [
        {"uid": "uid-1", "size": 5, "octets": "b25lDQo="},
        {"uid": None, "size": 2, "octets": "AP8="},
    ]


@pytest.mark.parametrize(
    ("word", "result", "why"),
    [
        ("advance.", "unable", "no adapter that can move the clock"),
        ("dance.", "unable", "the runner does not know how to dance"),
        ("reset.", "failed", "reset: [Errno 28] No space left on device"),
    ],
)
def test_what_cannot_be_done_is_an_answer_too(word: str, result: str, why: str) -> None:
    assert json.loads(play(word, Insider()).why) == {"result": result, "why": why}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("die.", r"the player died: signal SIGABRT; free\(\): invalid pointer"),
        ("babble.", "no JSON object"),
        ("refuse.", 'the player refuses the run: run: "x" is not a key'),
        ("lack.", "the player's answer lacks 'rows'"),
    ],
)
def test_a_player_in_trouble_costs_one_run(words: str, told: str) -> None:
    async def talk(worker: Player) -> Outcome:
        with pytest.raises(PlayerDied, match=told):
            await worker.play(request(words), NoAdapter())
        return await worker.play(request(), NoAdapter())

    assert conversation(talk).outcome == "pass"


def test_a_player_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "RUN_SECONDS", 0.2)
    with pytest.raises(PlayerDied, match="the player hangs"):
        play("hang.")


def test_a_slow_case_has_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "RUN_SECONDS", 0.0)
    monkeypatch.setattr(player, "SLOW_RUN_SECONDS", 20.0)
    assert play(slow=True).outcome == "pass"


def test_an_answer_to_another_run_is_passed_over() -> None:
    assert play("late.").line == 3


def test_another_protocol_is_the_suites_fault(bin_folder: Path) -> None:
    (bin_folder / "protocol").write_text("2")
    with pytest.raises(SuiteError, match="does not speak player protocol 1: build it again"):
        play()


def test_a_run_that_is_cancelled_leaves_no_process() -> None:
    async def talk(worker: Player) -> int:
        process = await worker.start()
        task = asyncio.create_task(worker.play(request("hang."), NoAdapter()))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return process.pid

    pid = conversation(talk)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_passwords_are_not_in_what_objects_say_of_themselves() -> None:
    assert "secret pass" not in repr(request(second=Account("b", "secret pass")))


@pytest.mark.parametrize(
    ("text", "octets"),
    [("", 0), ("QUIT\\r\\n", 6), ("\\x00\\xff", 2), ("a\\\\b", 3), ("\\{x", 2)],
)
def test_octets_are_counted_not_their_escapes(text: str, octets: int) -> None:
    assert Entry(1, "C", 0, False, text).size == octets
    assert Entry(1, "C", 0, False, text, left_out=100).size == octets + 100


def test_only_what_the_client_says_counts_as_sent() -> None:
    server = Entry(1, "S", 0, False, "+OK\\r\\n")
    assert outcome(transcript=(*said(7), server, *said(3))).sent == 10
