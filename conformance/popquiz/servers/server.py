# SPDX-License-Identifier: Apache-2.0
"""Starts a server of others privately, with accounts and mail of ours, and leaves nothing behind.

    async with await server.start(profile.find("dovecot"), [("user", messages)]) as lab:
        ... lab.addresses["none"], lab.password ...
        await lab.reset("user")

Several accounts can be used at the same time; the methods can be called at any time. Each raises
TargetError when it fails.
"""

import asyncio
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from popquiz import children, probe
from popquiz.errors import TargetError, UsageError
from popquiz.mask import Mask
from popquiz.servers import folders, profile
from popquiz.servers.order import Order
from popquiz.targets import Endpoint, Incident

PASSWORD = "secret pass"  # the blank is legal, and some servers have trouble with it
ATTEMPTS = 3  # somebody else may take a port between its choice and its use
PORT_TAKEN = "Address already in use"
ANSWER_S = 60.0
CLOSE_S = 15.0
VERSION_S = 10.0
BUSY_S = 5.0  # how long sessions get to let go of a maildrop
BUSY_PAUSE_S = 0.01
LISTEN_PAUSE_S = 0.02
LINE_MAX = 1 << 28  # octets of an answer: it may hold a whole maildrop
INCIDENTS_MAX = 100

Accounts = Sequence[tuple[str, Sequence[bytes]]]


class PortTakenError(TargetError):
    """The server does not start, since somebody else has its port."""


class LabServer:
    """A server that runs. start() makes it."""

    def __init__(self, order: Order, backend: "LabServer | None") -> None:
        self.profile = order.profile
        self.folder = order.folder
        self.password = order.password
        self.accounts = tuple(order.accounts)
        self.addresses: dict[str, str] = {}  # by how TLS begins there
        self._order = order
        self._backend = backend
        self._process: asyncio.subprocess.Process | None = None
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._asking = asyncio.Lock()
        self._asked = 0  # requests so far: an answer bears the number of its request
        self._epitaph = ""  # of the keeper
        self._listening: asyncio.Task[None] | None = None
        self._incidents: list[Incident] = []
        self._mask = Mask([order.password])
        self._died = asyncio.Event()

    @property
    def keeper_pid(self) -> int | None:
        """The process without which the server ends."""
        return self._process.pid if self._process else None

    @property
    def ca_file(self) -> Path | None:
        """The certificate, which vouches for itself; it is for localhost and 127.0.0.1."""
        return self.folder / "cert.pem" if self.profile.tls != ("none",) else None

    async def __aenter__(self) -> "LabServer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ---- the keeper ------------------------------------------------------------------------------

    async def open(self) -> None:
        """Starts the keeper and waits until the server greets. close() must follow in any case."""
        command = [sys.executable, "-P", "-m", "popquiz.servers.keeper"]
        self._process = await children.start(command, limit=LINE_MAX)
        self._listening = asyncio.create_task(self._listen(self._process))
        answer = await self._exchange(0, self._order.line())
        self._note_addresses(answer["port"] or self._order.names.get("port"))
        await self._wait_for_greeting()

    def _note_addresses(self, port: object) -> None:
        ports = {"none": port, "stls": port, "implicit": self._order.names.get("tls_port")}
        self.addresses = {mode: f"tcp://127.0.0.1:{ports[mode]}" for mode in self.profile.tls}

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Keeps apart what happens and what is answered."""
        assert process.stdout
        while line := await process.stdout.readline():
            told = json.loads(line)
            if "incident" not in told:
                self._answers.put_nowait(told)
            else:
                self._note(told["incident"]["kind"], told["incident"]["text"])
        words = await children.epitaph(process)
        self._epitaph = f"the keeper of {self.profile.name} died: {words}"
        self._died.set()
        self._answers.put_nowait({"error": self._epitaph})

    async def _exchange(self, number: int, line: bytes) -> dict[str, Any]:
        """Sends a line and waits for its answer."""
        process = self._process
        if self._epitaph or not process or not process.stdin:
            raise TargetError(self._epitaph or f"{self.profile.name} was closed")
        try:
            async with asyncio.timeout(ANSWER_S):
                with suppress(ConnectionError):  # the keeper died: _listen() says how
                    process.stdin.write(line)
                    await process.stdin.drain()
                # Of a request that was cancelled nobody took the answer.
                while (answer := await self._answers.get()).get("id", number) != number:
                    pass
        except TimeoutError:
            raise TargetError(f"the keeper of {self.profile.name} does not answer") from None
        if "error" in answer:
            raise TargetError(self._mask(str(answer["error"])))
        return answer

    async def _ask(self, do: str, **words: object) -> dict[str, Any]:
        async with self._asking:
            self._asked += 1
            request = {"id": self._asked, "do": do, **words}
            return await self._exchange(self._asked, json.dumps(request).encode() + b"\n")

    def _note(self, kind: str, text: str) -> None:
        if len(self._incidents) < INCIDENTS_MAX:
            self._incidents.append(Incident(kind, self._mask(text)))
        if kind == "exit":
            self._died.set()

    async def _wait_for_greeting(self) -> None:
        mode = self.profile.tls[0]
        at = Endpoint(self.addresses[mode], "implicit" if mode == "implicit" else "none")
        greets = asyncio.create_task(
            probe.until_greeting(at, self.profile.start_s, self._died.is_set)
        )
        dies = asyncio.create_task(self._died.wait())
        await asyncio.wait({greets, dies}, return_when=asyncio.FIRST_COMPLETED)
        problem = "ended before it greeted" if self._died.is_set() else greets.result()
        for task in (greets, dies):
            task.cancel()
        await asyncio.gather(greets, dies, return_exceptions=True)
        if problem or not await self._listens():
            log = str((await self._ask("status"))["log"])
            raise self._why_not(problem or "does not listen on all of its ports", log)

    async def _listens(self) -> bool:
        """Waits until it has all of its ports: those who listen there may be several processes."""
        end = asyncio.get_running_loop().time() + self.profile.start_s
        while not (await self._ask("status"))["listens"]:
            if self._died.is_set() or asyncio.get_running_loop().time() >= end:
                return False
            await asyncio.sleep(LISTEN_PAUSE_S)
        return True

    def _why_not(self, problem: str, log: str) -> TargetError:
        """Why it does not serve, from what it said."""
        said = [*(incident.text for incident in self._incidents), log]
        lines = [self._mask(line) for text in said for line in text.splitlines() if line]
        for line in lines:
            if PORT_TAKEN in line:
                return PortTakenError(f"{self.profile.name}: {line}")
        last = lines[-1] if lines else "it says nothing"
        return TargetError(f"{self.profile.name} {problem}: {last}")

    async def close(self) -> None:
        """Ends the server; no process and no file is left."""
        process, self._process = self._process, None
        if process and process.stdin:
            process.stdin.close()
            try:
                async with asyncio.timeout(CLOSE_S):
                    await process.wait()
            except TimeoutError:
                pass
            await children.end(process)
        if self._listening:
            await asyncio.gather(self._listening, return_exceptions=True)
        folders.remove(self.folder)  # only a keeper that was killed leaves it
        if self._backend:
            await self._backend.close()

    # ---- what can be asked of it -----------------------------------------------------------------

    async def _ask_store(self, do: str, account: str, **words: object) -> dict[str, Any]:
        """Asks the server that has the mail, the one behind a proxy."""
        if account not in self.accounts:
            raise TargetError(f"{self.profile.name} has no account {account!r}")
        return await (self._backend or self)._ask(do, account=account, **words)

    async def _patiently(self, do: str, account: str, **words: object) -> dict[str, Any]:
        """Asks again while sessions hold the maildrop; after BUSY_S the last answer counts."""
        loop = asyncio.get_running_loop()
        end = loop.time() + BUSY_S
        while "busy" in (answer := await self._ask_store(do, account, **words)):
            if loop.time() >= end:
                break
            await asyncio.sleep(BUSY_PAUSE_S)
        return answer

    async def reset(self, account: str) -> None:
        """Restores the maildrop as it was at the start. Sessions that still have it open get a
        moment to end, then they are killed."""
        answer = await self._patiently("reset", account, force=False)
        if "busy" in answer:
            await self._ask_store("reset", account, force=True)

    async def deliver(self, account: str, octets: bytes) -> None:
        """Adds a message, whose lines end in CRLF or LF; the next session sees it."""
        message = b64encode(octets).decode()
        answer = await self._patiently("deliver", account, octets=message)
        if "busy" in answer:
            raise TargetError(str(answer["busy"]))

    async def peek(self, account: str) -> list[bytes]:
        """The messages in the store, in the order of message numbers; their lines end in CRLF."""
        answer = await self._ask_store("peek", account)
        return [b64decode(message) for message in answer["messages"]]

    async def restart(self) -> None:
        """Ends the server and starts it again, at the same addresses; the mail stays."""
        await self._ask("restart")
        self._incidents.clear()
        self._died.clear()
        await self._wait_for_greeting()

    async def status(self) -> Mapping[str, Any]:
        """`sessions`: how many live (inetd only); `ended`: how many processes ended, by status;
        `log`: its end."""
        return await self._ask("status")

    async def wait(self) -> None:
        """Waits until the server has ended by itself, or its keeper has."""
        await self._died.wait()

    def incidents(self) -> list[Incident]:
        """What happened to the server's processes since the last call."""
        found, self._incidents = self._incidents, []
        return found + (self._backend.incidents() if self._backend else [])


def version(wanted: profile.Profile) -> str:
    """What an installed server says that it is; "" when it cannot be asked."""
    if not wanted.version:
        return ""
    words = [wanted.outside(word) for word in wanted.version]
    ran = subprocess.run(words, capture_output=True, timeout=VERSION_S, check=False)
    said = (ran.stdout or ran.stderr).decode("utf-8", "replace").strip()
    return said.partition("\n")[0]


def _check_installed(wanted: profile.Profile) -> None:
    if missing := wanted.missing():
        raise UsageError(
            f"{wanted.name} is not installed: {', '.join(missing)}; run: {wanted.install}"
        )


def _names(wanted: profile.Profile, backend: LabServer | None) -> dict[str, str]:
    """Ports for the templates."""
    ports = wanted.names() & {"port", "tls_port"} | set(wanted.ports)
    names = {name: str(probe.free_port()) for name in sorted(ports)}
    if backend:
        names["backend_port"] = backend.addresses["none"].rpartition(":")[2]
    return names


async def _open(order: Order, backend: LabServer | None) -> LabServer:
    """Tries other ports when one is taken."""
    for attempt in range(ATTEMPTS):
        names = _names(order.profile, backend)
        server = LabServer(replace(order, folder=folders.make(), names=names), backend)
        try:
            await server.open()
            return server
        except BaseException as error:
            server._backend = None  # it lives on for the next attempt
            await server.close()
            if not isinstance(error, PortTakenError) or attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError


async def start(
    wanted: profile.Profile,
    accounts: Accounts,
    variant: str | None = None,
    password: str = PASSWORD,
) -> LabServer:
    """Starts a server whose accounts hold these messages; returns when it greets. close() ends it.

    Raises UsageError when it is not installed or there is no such variant, TargetError when it does
    not start."""
    order = Order(wanted.variant(variant), variant, Path(), dict(accounts), password, {})
    order.check()
    _check_installed(wanted)
    folders.sweep()
    backend = None
    if wanted.backend:
        backend = await start(profile.find(wanted.backend), accounts, password=password)
    try:
        return await _open(order, backend)
    except BaseException:
        if backend:
            await backend.close()
        raise
