# SPDX-License-Identifier: Apache-2.0
"""`--target exec:CMD`: servers that we start, on a port of their own or inetd style.

{port} and {dir} in CMD are replaced word by word, without a shell. With {port} CMD is one server
that listens on 127.0.0.1; without it a connection is taken here and CMD gets it as standard input
and output, a process for each.
"""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from popquiz import children, probe
from popquiz.adapters import Boxes, Opener, Place
from popquiz.command_words import command_words
from popquiz.errors import TargetError, UsageError
from popquiz.fixtures import Maildrop
from popquiz.sanitizer import Logs, find
from popquiz.targets import Account, Adapter, Endpoint, Incident, NoAdapter, Seat, Stored

Mail = Sequence[bytes]
CHILDREN_MAX = 64  # connections at once that have a process each


# ---- how the maildrop is restored ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reset:
    """What `--adapter` says of them. `restart`: the server makes its maildrop when it starts."""

    restart: bool = False
    pristine: str = ""  # is copied to `live`; a file or a folder, with times
    live: str = ""

    @property
    def own_folder(self) -> bool:
        return "{dir}" in self.live


def parse_reset(text: str) -> Reset | None:
    """`restart` or `copy:PRISTINE:LIVE`; None for another adapter. Raises UsageError."""
    if text == "restart":
        return Reset(restart=True)
    kind, _, rest = text.partition(":")
    if kind not in ("copy", "restart"):
        return None
    pristine, _, live = rest.partition(":")
    if kind != "copy" or not pristine or not live:
        raise UsageError(f"--adapter {text!r}: write restart or copy:PRISTINE:LIVE")
    if not Path(pristine).exists():
        raise UsageError(f"--adapter: there is no {pristine}")
    return Reset(pristine=pristine, live=live)


def restore(pristine: Path, live: Path) -> None:
    """Makes `live` a copy of `pristine`, times included. The new copy is complete before the old
    one goes, so that a server never sees half of it."""
    fresh = live.with_name(f"{live.name}.popquiz-new")
    old = live.with_name(f"{live.name}.popquiz-old")
    for path in (fresh, old):
        shutil.rmtree(path, ignore_errors=True)
    live.parent.mkdir(parents=True, exist_ok=True)
    if not pristine.is_dir():
        shutil.copy2(pristine, fresh)
        fresh.replace(live)
        return
    shutil.copytree(pristine, fresh, symlinks=True)
    with suppress(FileNotFoundError):
        live.rename(old)
    fresh.rename(live)
    shutil.rmtree(old, ignore_errors=True)


# ---- servers ------------------------------------------------------------------------------------


class Server(Protocol):
    address: str

    async def start(self) -> None:
        """Raises OSError when CMD cannot be run."""

    async def stop(self) -> None: ...

    def incidents(self) -> list[Incident]:
        """What happened since the last call."""

    def dead(self) -> bool:
        """Whether there is nothing to wait for when it does not greet."""

    async def epitaph(self) -> str:
        """How it ended, or ""."""


class PortServer:
    """One process that listens on {port}."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        self._words = words
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._told = False
        self._lines_seen = 0
        self.address = ""

    async def start(self) -> None:
        port = str(probe.free_port())
        self.address = f"tcp://127.0.0.1:{port}"
        words = [w.replace("{port}", port).replace("{dir}", str(self._folder)) for w in self._words]
        self._process = await children.start(words, chatter=True)
        self._told = False
        self._lines_seen = 0

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process:
            await children.end(process)

    def incidents(self) -> list[Incident]:
        process = self._process
        if not process:
            return []
        found = []
        if process.returncode is not None and not self._told:
            self._told = True
            kind = "signal" if process.returncode < 0 else "exit"
            ended = children.status_text(process.returncode)
            found.append(Incident(kind, f"the server ended: {ended}"))
        count, lines = children.news(process, self._lines_seen)
        report = find(lines)
        # A report grows while it is being written: it is told once, when it is met.
        self._lines_seen = count
        return [*found, report] if report else found

    def dead(self) -> bool:
        return self._process is None or self._process.returncode is not None

    async def epitaph(self) -> str:
        return await children.epitaph(self._process) if self._process and self.dead() else ""


class InetdServer:
    """Takes connections itself and gives each to a process of its own."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        self._words = [word.replace("{dir}", str(folder)) for word in words]
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._incidents: list[Incident] = []
        self._last = ""  # how the last child ended
        self.address = ""

    async def start(self) -> None:
        self._last = ""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.setblocking(False)
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if len(self._running) >= CHILDREN_MAX:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            connection, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(self._serve(connection))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(True)  # the child expects an ordinary one
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=connection.fileno(),
                stdout=connection.fileno(),
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            self._last = f"cannot run {self._words[0]}: {error.strerror}"
            return
        finally:
            connection.close()
        assert process.stderr
        children.listen(process, process.stderr)
        try:
            words = await children.wait(process)
        finally:
            await children.end(process)
        self._last = words
        status = process.returncode or 0
        # What inetd servers end with says little; a signal, or a report, says much.
        if status < 0:
            self._incidents.append(Incident("signal", f"the server ended: {words}"))
        if report := find(children.tail(process)):
            self._incidents.append(report)

    async def stop(self) -> None:
        tasks = [*self._running, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener:
            self._listener.close()
        self._listener = self._accepting = None

    def incidents(self) -> list[Incident]:
        found, self._incidents = self._incidents, []
        return found

    def dead(self) -> bool:
        return bool(self._last)

    async def epitaph(self) -> str:
        return self._last


# ---- seats --------------------------------------------------------------------------------------


class ExecAdapter(Adapter):
    """Starts and ends the server of a seat, and restores its maildrop."""

    def __init__(self, server: Server, base: Endpoint, folder: Path, reset: Reset | None) -> None:
        self.server = server
        self._base = base
        self._folder = folder
        self._reset = reset
        self.abilities = frozenset({"restart", "reset"} if reset else {"restart"})
        self.greeting_seconds = 0.0
        self._boxes: Boxes | None = None

    async def reach_mail(self, opener: Opener, accounts: Sequence[Account], mail: Mail) -> None:
        """Once the server greets: lets an adapter do what can be done with the mail."""
        self._boxes = Boxes(opener)
        places = (Place(a, self.endpoint, self._folder, mail, destroy=True) for a in accounts)
        await self._boxes.open(list(places))
        self.abilities |= self._boxes.abilities

    @property
    def endpoint(self) -> Endpoint:
        return replace(self._base, address=self.server.address)

    def _restore(self) -> None:
        if self._reset and self._reset.live:
            live = Path(self._reset.live.replace("{dir}", str(self._folder)))
            restore(Path(self._reset.pristine), live)

    async def reset(self, user: str) -> None:
        if self._boxes:
            await self._boxes.reset(user)
        elif not self._reset:
            await super().reset(user)
        elif self._reset.restart:
            await self.restart()
        else:
            self._restore()

    async def fill(self, user: str, messages: Mail) -> None:
        await (self._boxes or NoAdapter()).fill(user, messages)

    async def deliver(self, user: str, octets: bytes) -> None:
        await (self._boxes or NoAdapter()).deliver(user, octets)

    async def peek(self, user: str) -> Sequence[Stored]:
        return await (self._boxes or NoAdapter()).peek(user)

    async def start(self) -> None:
        """Returns when the server greets. Raises TargetError."""
        try:
            self._restore()
            await self.server.start()
        except OSError as error:
            raise TargetError(f"exec: {error.filename}: {error.strerror}") from None
        seconds, dead = self.greeting_seconds, self.server.dead
        if problem := await probe.until_greeting(self.endpoint, seconds, dead):
            if words := await self.server.epitaph():
                problem = f"ends before it greets: {words}"
            raise TargetError(f"exec: the server {problem}")

    async def restart(self) -> None:
        await self.server.stop()
        await self.start()


@dataclass(frozen=True, slots=True)
class ExecSeat:
    adapter: ExecAdapter
    first: Account
    second: Account | None
    logs: Logs

    @property
    def endpoint(self) -> Endpoint:
        return self.adapter.endpoint

    def account(self, maildrop: Maildrop) -> Account | None:
        fits = maildrop.is_default or "fill" in self.adapter.abilities
        return self.first if fits else None

    def incidents(self) -> Sequence[Incident]:
        return [*self.adapter.server.incidents(), *self.logs.new()]


class ExecTarget:
    ours = True
    shared = False
    patience_ms: int | None = None
    settings = frozenset[str]()

    def __init__(
        self,
        command: str,
        base: Endpoint,
        accounts: Sequence[Account],
        reset: Reset | None,
        opener: Opener | None = None,
    ) -> None:
        """`base`: everything but the address. `accounts`: one or two. Not both of `reset` and
        `opener`."""
        self.name = self.configuration = f"exec:{command}"
        self.greeting_seconds = 10.0
        self._words = command_words(
            command, "--target exec", "there is no command behind the colon"
        )
        self._base = base
        self._accounts = accounts
        self._reset = reset
        self._opener = opener
        self._folders: list[Path] = []
        self._adapters: list[ExecAdapter] = []

    def _seat(self) -> ExecSeat:
        folder = Path(tempfile.mkdtemp(prefix="popquiz-"))
        self._folders.append(folder)
        kind = PortServer if any("{port}" in word for word in self._words) else InetdServer
        adapter = ExecAdapter(kind(self._words, folder), self._base, folder, self._reset)
        adapter.greeting_seconds = self.greeting_seconds
        self._adapters.append(adapter)
        second = self._accounts[1] if len(self._accounts) > 1 else None
        return ExecSeat(adapter, self._accounts[0], second, Logs())

    async def start(self, maildrops: Sequence[Maildrop], jobs: int) -> Sequence[Seat]:
        """More than one seat only when each has a maildrop of its own, in its {dir}."""
        own = self._reset is not None and self._reset.own_folder
        seats = [self._seat() for _ in range(jobs if own else 1)]
        await asyncio.gather(*(seat.adapter.start() for seat in seats))
        if self._opener:
            mail = next((m.messages for m in maildrops if m.is_default), ())
            for seat in seats:
                await seat.adapter.reach_mail(self._opener, self._accounts, mail)
        return seats

    async def stop(self) -> None:
        await asyncio.gather(*(adapter.server.stop() for adapter in self._adapters))
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
