# SPDX-License-Identifier: Apache-2.0
"""Starts lab servers in tests, visits them as a client would, and looks for what they leave."""

import asyncio
import poplib
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from popquiz.servers import processes, profile, server

PATIENCE_S = 20.0
Result = TypeVar("Result")

MAIL = (
    b"From: alice@example.com\r\nSubject: one\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n",
    b"Subject: dots\r\nMessage-ID: <2@example.com>\r\n\r\n.one\r\n..two\r\n.\r\n\r\nlast\r\n",
    b"Subject: octets\r\nMessage-ID: <3@example.com>\r\n\r\n\xe4\xff\x80 \t\r\n"
    + b"x" * 998
    + b"\r\n",
)


class Lab:
    """A running server and the event loop that it belongs to."""

    def __init__(self, runner: asyncio.Runner, running: server.LabServer) -> None:
        self.runner = runner
        self._sessions: list[poplib.POP3] = []
        self.server = running

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def login(self, user: str = "alice", mode: str | None = None) -> poplib.POP3:
        """A session in TRANSACTION state."""
        session = self.connect(mode or self.server.profile.tls[0])
        session.user(user)
        session.pass_(self.server.password)
        return session

    def connect(self, mode: str) -> poplib.POP3:
        """A session that has been greeted, inside of TLS unless the mode is none."""
        host, _, port = self.server.addresses[mode].removeprefix("tcp://").rpartition(":")
        session: poplib.POP3
        if mode == "implicit":
            session = poplib.POP3_SSL(host, int(port), timeout=PATIENCE_S, context=self._trust())
        else:
            session = poplib.POP3(host, int(port), timeout=PATIENCE_S)
        self._sessions.append(session)
        if mode == "stls":
            session.stls(self._trust())
        return session

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.server.ca_file)

    def close_sessions(self) -> None:
        for session in self._sessions:
            session.close()

    def mail(self, user: str = "alice", mode: str | None = None) -> list[bytes]:
        """What RETR gives."""
        session = self.login(user, mode)
        numbers = range(1, session.stat()[0] + 1)
        messages = [b"".join(line + b"\r\n" for line in session.retr(n)[1]) for n in numbers]
        session.quit()
        return messages

    def unique_ids(self, user: str = "alice") -> list[bytes]:
        session = self.login(user)
        lines = session.uidl()[1]
        session.quit()
        return lines

    def remove(self, numbers: Sequence[int], user: str = "alice") -> None:
        session = self.login(user)
        for number in numbers:
            session.dele(number)
        session.quit()

    def peek(self, user: str = "alice") -> list[bytes]:
        return self.do(self.server.peek(user))

    def reset(self, user: str = "alice") -> None:
        self.do(self.server.reset(user))


@contextmanager
def started(name: str, variant: str | None = None, beside: Lab | None = None) -> Iterator[Lab]:
    """A server with two accounts, alice and bob, and their mail. One that starts while another
    runs says `beside` which: with a second event loop asyncio would forget the children of the
    first."""
    accounts = [("alice", MAIL), ("bob", MAIL[:2])]
    with nullcontext(beside.runner) if beside else asyncio.Runner() as runner:
        running = runner.run(server.start(profile.find(name), accounts, variant))
        lab = Lab(runner, running)
        try:
            yield lab
        finally:
            lab.close_sessions()
            runner.run(running.close())


def wait_until(what: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not (true := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return true


class Family:
    """The processes below one, at one moment."""

    def __init__(self, root: int | None = None) -> None:
        self.pids = processes.descendants(root)
        assert self.pids

    def is_gone(self) -> bool:
        return not any(map(_lives, self.pids))


def _lives(pid: int) -> bool:
    """Not so when it waits for nothing but a parent that looks after it."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return status.rpartition(b")")[2].split()[0] != b"Z"
