# SPDX-License-Identifier: Apache-2.0
"""A worker: one `popquiz-play --serve` process that plays one case after the other.

Speaks player protocol 1 (src/dialogue/PROTOCOL.md). If the process dies or is silent for too long,
that is one case's trouble: the next case gets a new process.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from popquiz import children, outcome, paths
from popquiz.errors import SuiteError
from popquiz.outcome import Outcome
from popquiz.targets import Account, Adapter, Endpoint, UnableError

PROTOCOL = 1
LINE_MAX = 32 << 20  # octets of a line of the player
READY_SECONDS = 20.0
# The player bounds every wait itself: one that takes longer than this hangs.
RUN_SECONDS = 300.0
SLOW_RUN_SECONDS = 3600.0


class PlayerDied(Exception):
    """The process ended, hangs, or speaks another protocol; the text says which."""


def describe(e: Endpoint) -> dict[str, Any]:
    """The target of a run, as the protocol has it."""
    return {
        "address": e.address,
        "tls": e.tls,
        "tls_address": e.tls_address,
        "ca_file": str(e.ca_file) if e.ca_file else None,
        "verify": e.verify,
        "host": e.host,
    }


def _certificate(account: Account | None) -> dict[str, Any]:
    if not account or not account.certificate:
        return {}
    key = account.key or account.certificate
    return {"client_cert": str(account.certificate), "client_key": str(key)}


@dataclass(frozen=True, slots=True)
class Request:
    """Which row is played, against what, and how."""

    file: Path
    row: int
    endpoint: Endpoint
    account: Account | None
    second: Account | None = None
    login: Path | None = None  # the prelude
    patience_ms: int = 1000
    segment: str = "whole"
    seed: int = 0
    ask_clock: bool = False  # `@wait` moves the target's clock
    record: bool = False
    record_secrets: bool = False
    slow: bool = False

    def message(self, run: int) -> dict[str, Any]:
        vars_: dict[str, str] = {}
        if self.account:
            vars_ |= {"user": self.account.user}
        if self.account and self.account.password:  # a certificate may be all there is
            vars_ |= {"pw": self.account.password}
        if self.second:
            vars_ |= {"user2": self.second.user, "pw2": self.second.password}
        return {
            "run": run,
            "file": str(self.file),
            "row": self.row,
            "target": describe(self.endpoint) | _certificate(self.account),
            "login": str(self.login) if self.login else None,
            "vars": vars_,
            "patience_ms": self.patience_ms,
            "segment": self.segment,
            "seed": self.seed,
            "clock": "ask" if self.ask_clock else "real",
            "record": self.record,
            "record_secrets": self.record_secrets,
        }


async def _do(ask: Mapping[str, Any], adapter: Adapter, user: str) -> dict[str, Any]:
    match ask["ask"]:
        case "deliver":
            await adapter.deliver(user, b64decode(ask["octets"]))
        case "reset":
            await adapter.reset(user)
        case "advance":
            await adapter.advance(int(ask["ms"]))
        case "peek":
            stored = await adapter.peek(user)
            messages = [
                {"uid": m.uid, "size": len(m.octets), "octets": b64encode(m.octets).decode()}
                for m in stored
            ]
            return {"result": "done", "messages": messages}
        case other:
            raise UnableError(f"the runner does not know how to {other}")
    return {"result": "done"}


async def answer(ask: Mapping[str, Any], adapter: Adapter, user: str) -> dict[str, Any]:
    """Does what the player asks for; what goes wrong is an answer too."""
    try:
        return await _do(ask, adapter, user)
    except UnableError as error:
        return {"result": "unable", "why": str(error)}
    except Exception as error:  # whatever an adapter meets concerns one case, not the run
        return {"result": "failed", "why": f"{ask['ask']}: {error or type(error).__name__}"}


class Plays(Protocol):
    """What the scheduler needs of a worker."""

    async def play(self, request: Request, adapter: Adapter) -> Outcome:
        """Raises PlayerDied."""

    async def stop(self) -> None: ...


class Player:
    """A process of popquiz-play, started when it is first needed."""

    def __init__(self, keylog: Path | None = None) -> None:
        """`keylog` gets the secrets of TLS."""
        self._keylog = keylog
        self._process: asyncio.subprocess.Process | None = None
        self._runs = 0

    async def _read(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout
        try:
            line = await process.stdout.readline()
        except ValueError:
            raise PlayerDied(f"the player said a line of more than {LINE_MAX} octets") from None
        if not line.endswith(b"\n"):
            raise PlayerDied(f"the player died: {await children.epitaph(process)}")
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise PlayerDied("the player said what is no JSON object")
        return message

    async def _write(self, process: asyncio.subprocess.Process, message: object) -> None:
        assert process.stdin
        try:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it died: reading tells how

    async def start(self) -> asyncio.subprocess.Process:
        if self._process:
            return self._process
        program = paths.program("popquiz-play")
        self._process = process = await children.start([str(program), "--serve"], limit=LINE_MAX)
        async with asyncio.timeout(READY_SECONDS):
            ready = (await self._read(process)).get("ready", {})
        if ready.get("protocol") != PROTOCOL:
            raise SuiteError(f"{program} does not speak player protocol {PROTOCOL}: build it again")
        return process

    async def _converse(self, request: Request, adapter: Adapter) -> Outcome:
        process = await self.start()
        self._runs += 1
        message = request.message(self._runs)
        message["target"]["keylog"] = str(self._keylog) if self._keylog else None
        await self._write(process, message)
        user = request.account.user if request.account else ""
        while True:
            message = await self._read(process)
            if "ask" in message:
                await self._write(process, {"answer": await answer(message, adapter, user)})
            elif "error" in message:
                raise PlayerDied(f"the player refuses the run: {message['error'].get('why')}")
            elif "case" in message and message["case"].get("run") == self._runs:
                return outcome.from_message(message["case"])

    async def play(self, request: Request, adapter: Adapter) -> Outcome:
        """Plays one row to its end. Raises PlayerDied, and the next call starts a new process."""
        try:
            async with asyncio.timeout(SLOW_RUN_SECONDS if request.slow else RUN_SECONDS):
                return await self._converse(request, adapter)
        except TimeoutError:
            await self.stop()
            raise PlayerDied("the player hangs") from None
        except (PlayerDied, KeyError, TypeError) as error:
            await self.stop()
            if isinstance(error, PlayerDied):
                raise
            raise PlayerDied(f"the player's answer lacks {error}") from None
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process:
            await children.end(process)
