# SPDX-License-Identifier: Apache-2.0
"""Processes that we start: each ends when we end it, and what it said last can be asked for."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from weakref import WeakKeyDictionary

END_SECONDS = 3.0  # between the polite signal and the other one
TAIL_LINES = 200
TAIL_LINE_MAX = 1000  # octets

_tails: WeakKeyDictionary[asyncio.subprocess.Process, "Tail"] = WeakKeyDictionary()


class Tail:
    """The last lines of a stream."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=TAIL_LINES)
        self.count = 0  # of all lines, also those that are forgotten
        self.task: asyncio.Task[None] | None = None

    async def follow(self, stream: asyncio.StreamReader) -> None:
        rest = b""
        while octets := await stream.read(65536):
            *lines, rest = (rest + octets).split(b"\n")
            rest = rest[:TAIL_LINE_MAX]
            self._keep(lines)
        self._keep([rest] if rest else [])

    def _keep(self, lines: Sequence[bytes]) -> None:
        self.lines.extend(line[:TAIL_LINE_MAX].decode(errors="replace") for line in lines)
        self.count += len(lines)


def watch_without_threads() -> None:
    """Before Python 3.12 asyncio spends a thread on each child unless it is told of pidfds."""
    if sys.version_info < (3, 12) and hasattr(os, "pidfd_open"):
        asyncio.get_event_loop_policy().set_child_watcher(asyncio.PidfdChildWatcher())


async def start(
    command: Sequence[str],
    *,
    limit: int = 1 << 20,
    chatter: bool = False,
) -> asyncio.subprocess.Process:
    """A process in a group of its own, with pipes; its standard error goes to tail(), and with
    `chatter` its standard output too. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT if chatter else asyncio.subprocess.PIPE,
        limit=limit,
        start_new_session=True,
    )
    heard = process.stdout if chatter else process.stderr
    assert heard
    listen(process, heard)
    return process


def listen(process: asyncio.subprocess.Process, stream: asyncio.StreamReader) -> None:
    """Keeps the last lines of the stream for tail()."""
    tail_ = _tails[process] = Tail()
    tail_.task = asyncio.create_task(tail_.follow(stream))


def tail(process: asyncio.subprocess.Process) -> list[str]:
    return list(_tails[process].lines)


def news(process: asyncio.subprocess.Process, seen: int) -> tuple[int, list[str]]:
    """How many lines there were so far, and those of them behind the first `seen` that are kept."""
    kept = _tails[process]
    fresh = min(kept.count - seen, len(kept.lines))
    return kept.count, list(kept.lines)[len(kept.lines) - fresh :]


def status_text(status: int) -> str:
    """How a process ended, from its return code."""
    if status >= 0:
        return f"exit status {status}"
    with suppress(ValueError):
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"


async def wait(process: asyncio.subprocess.Process) -> str:
    """Waits until it ends and has said everything; how it ended and its last words."""
    await process.wait()
    return await epitaph(process)


async def epitaph(process: asyncio.subprocess.Process) -> str:
    """How it ended and its last words, for one that closed its output."""
    try:
        async with asyncio.timeout(END_SECONDS):
            status = status_text(await process.wait())
            if task := _tails[process].task:
                await task
    except TimeoutError:
        status = "it closed its output and lives on"
    last = next((line for line in reversed(tail(process)) if line.strip()), "")
    return f"{status}; {last}" if last else status


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


async def end(process: asyncio.subprocess.Process) -> None:
    """Ends the process and its group, politely at first."""
    if process.stdin:
        process.stdin.close()
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        _signal(process, signal.SIGCONT)  # one that is stopped cannot end
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        _signal(process, signal.SIGKILL)
    await process.wait()
    if task := _tails[process].task:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
