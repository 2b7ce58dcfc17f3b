# SPDX-License-Identifier: Apache-2.0
"""One process of an engine, and what it tells of itself."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from popquiz.errors import TargetError
from popquiz.fuzz.lane import Launch

END_S = 20.0  # between the polite signal and the other one
TAIL_OCTETS = 1 << 16
MAIN = "main"


@dataclass(frozen=True, slots=True)
class Stats:
    """How far an instance is in this run, or a campaign in all of them. None: nobody knows."""

    execs: int = 0
    speed: float = 0.0  # executions a second
    edges: int = 0
    edges_of: int | None = None
    corpus: int = 0
    stability: float | None = None  # percent


@dataclass(frozen=True, slots=True)
class Wish:
    """What a campaign asks of every instance."""

    out: Path
    seeds: Path  # a folder of files, none of which crashes
    dictionary: Path | None = None
    seconds: int | None = None
    runs: int | None = None
    seed: int = 1
    jobs: int = 1
    resume: bool = False
    max_len: int = 4096
    first: bool = False  # end with the first new finding
    environment: Mapping[str, str] = field(default_factory=dict)


class Instance(Protocol):
    """One process. stop() must follow start()."""

    name: str

    def start(self) -> None:
        """Raises TargetError."""

    def lives(self) -> bool:
        """Whether it goes on; one that ended because it found something is started again."""

    def stats(self) -> Stats: ...

    def crashes(self) -> Iterable[Path]:
        """The inputs that it has saved so far because they broke something."""

    def hangs(self) -> Iterable[Path]: ...

    def corpus(self) -> Iterable[Path]:
        """The inputs that it has kept because they reach something."""

    def trouble(self) -> str:
        """Why it ended although nobody asked it to, in one line; empty when it did not."""

    def stop(self) -> None: ...


class Process:
    """A child in a session of its own, whose words go to a file."""

    def __init__(self, log: Path, tethered: bool = False) -> None:
        """`tethered`: it ends when its standard input does."""
        self.log = log
        self._tethered = tethered
        self._popen: subprocess.Popen[bytes] | None = None
        self._begin = 0  # of what this process says, in the file

    def start(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        """Raises TargetError."""
        try:
            with self.log.open("ab") as log:
                self._begin = log.seek(0, os.SEEK_END)
                self._popen = subprocess.Popen(
                    words,
                    cwd=self.log.parent,
                    stdin=subprocess.PIPE if self._tethered else subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **environment},
                    start_new_session=True,
                )
        except OSError as error:
            raise TargetError(f"{words[0]} cannot be run: {error.strerror}") from None

    def status(self) -> int | None:
        """None while it lives, or when it was never started."""
        return self._popen.poll() if self._popen else None

    def lives(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def said(self) -> str:
        """The end of its words."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(self._begin, log.seek(0, os.SEEK_END) - TAIL_OCTETS))
            return log.read().decode("utf-8", "replace")
        return ""

    def stop(self) -> None:
        """Politely at first; its whole group is gone behind it."""
        popen = self._popen
        if not popen:
            return
        if popen.stdin:
            popen.stdin.close()
        if popen.poll() is None:
            if not self._tethered:
                popen.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                popen.wait(END_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()


def environment(launch: Launch, wish: Wish) -> dict[str, str]:
    return {**wish.environment, **launch.environment}


def soon(begun: float, seconds: int | None) -> int | None:
    """What is left of a time that began at `begun`; at least a second."""
    return None if seconds is None else max(1, round(seconds - (time.monotonic() - begun)))


class OneOfSeveral:
    """What every instance has: its name, its folder below the campaign's, its process."""

    def __init__(self, wish: Wish, launch: Launch, number: int) -> None:
        self.name = MAIN if number == 0 else f"second{number}"
        self.folder = wish.out / self.name
        self._wish = wish
        self._launch = launch
        self._number = number
        self._process = Process(wish.out / f"{self.name}.log", tethered=bool(launch.wrap))
