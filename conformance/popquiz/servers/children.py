# SPDX-License-Identifier: Apache-2.0
"""Processes that a keeper starts, listens to, and leaves no trace of."""

import contextlib
import os
import select
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from popquiz.errors import TargetError
from popquiz.servers import linux, processes

TAIL_MAX = 65536  # octets kept of what a process says; a sanitizer's report is shorter
READ_OCTETS = 65536
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Launch:
    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path


@dataclass(slots=True, eq=False)
class Child:
    """A process of ours, and the end of what it said on stderr."""

    name: str
    popen: "subprocess.Popen[bytes]"
    ears: int  # its stderr; -1: closed
    tail: bytearray = field(default_factory=bytearray)
    status: int | None = None  # as subprocess has it: negative for a signal
    unwanted: bool = False  # it was ended from here

    @property
    def pid(self) -> int:
        return self.popen.pid

    def hear(self) -> bytes | None:
        """Reads what it says; None when there is nothing now, b"" when nothing will come."""
        try:
            octets = os.read(self.ears, READ_OCTETS)
        except BlockingIOError:
            return None
        self.tail += octets
        del self.tail[:-TAIL_MAX]
        return octets

    def said(self) -> str:
        return self.tail.decode("utf-8", "replace").strip()

    def ended(self) -> str:
        """How it ended, in words."""
        if self.status is None:
            return f"{self.name} lives"
        if self.status < 0:
            return f"{self.name} was killed by {signal.Signals(-self.status).name}"
        return f"{self.name} ended with status {self.status}"


class Children:
    """Starts processes and reaps them. `selector` gets a function to call for each descriptor;
    `on_end` is told of every process that was started here and ended."""

    def __init__(
        self, selector: selectors.BaseSelector, guarded: bool, on_end: Callable[[Child], None]
    ) -> None:
        """`guarded`: the kernel ends all processes when this one ends, as in a PID namespace."""
        self._selector = selector
        self._guarded = guarded
        self._on_end = on_end
        self._children: dict[int, Child] = {}
        linux.adopt_orphans()
        self._wakes, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        selector.register(self._wakes, selectors.EVENT_READ, self.reap)

    def start(self, name: str, launch: Launch, wire: socket.socket | None = None) -> Child:
        """Starts a process, with the socket as its stdin and stdout where one is given."""
        ears, mouth = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(ears, False)
        try:
            popen = self._popen(launch, wire, mouth)
        except (OSError, subprocess.SubprocessError) as error:
            os.close(ears)
            raise TargetError(f"{launch.words[0]} cannot be started: {error}") from error
        finally:
            os.close(mouth)
        child = Child(name, popen, ears)
        self._children[popen.pid] = child
        self._selector.register(ears, selectors.EVENT_READ, lambda: self._hear(child))
        return child

    def _popen(
        self, launch: Launch, wire: socket.socket | None, mouth: int
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            launch.words,
            stdin=wire.fileno() if wire else subprocess.DEVNULL,
            stdout=wire.fileno() if wire else mouth,
            stderr=mouth,
            cwd=launch.folder,
            env=launch.environment,
            start_new_session=True,
            # Only without a namespace: it makes the start slower.
            preexec_fn=None if self._guarded else linux.die_with_parent,
        )

    def _hear(self, child: Child) -> None:
        # It may have ended since the selector looked.
        if child.ears >= 0 and child.hear() == b"":
            self._deafen(child)

    def _deafen(self, child: Child) -> None:
        if child.ears >= 0:
            self._selector.unregister(child.ears)
            os.close(child.ears)
            child.ears = -1

    def reap(self) -> None:
        """Takes leave of every process that has ended, orphans included."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakes, READ_OCTETS)
        with contextlib.suppress(ChildProcessError):
            while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                self._bury(ended.si_pid)

    def _bury(self, pid: int) -> None:
        child = self._children.pop(pid, None)
        if child is None:
            os.waitpid(pid, 0)
            return
        child.status = child.popen.wait()
        while child.ears >= 0 and child.hear():
            pass
        self._deafen(child)
        self._on_end(child)

    def end(self, pids: Iterable[int], seconds: float) -> None:
        """Asks processes below this one to end, and kills them when they do not."""
        doomed = set(pids)
        if not self._signal(doomed, signal.SIGTERM, seconds):
            self._signal(doomed, signal.SIGKILL, seconds)

    def _signal(self, doomed: set[int], number: signal.Signals, seconds: float) -> bool:
        """Whether all are gone in time."""
        for pid in doomed:
            if child := self._children.get(pid):
                child.unwanted = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return self.wait(lambda: not doomed & set(processes.descendants()), seconds)

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Reaps until `done` says so; False when the time is over before."""
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            # Only our own children wake us.
            select.select([self._wakes], [], [], min(left, POLL_S))
            self.reap()
        return True

    def kill_all(self, seconds: float) -> None:
        """Kills what is left below this process, and what that has begun meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (left := processes.descendants()):
            self._signal(set(left), signal.SIGKILL, seconds)
