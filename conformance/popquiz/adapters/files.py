# SPDX-License-Identifier: Apache-2.0
"""Maildrops of others on this machine: a Maildir or an mbox that a server keeps. Mail that was
there is never rewritten without need, and what else lies there (indexes, other folders) stays."""

import mailbox
import os
import re
import socket
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from popquiz.servers.maildrops import DROP_MAX, on_disk, on_wire
from popquiz.targets import Stored

FOLDERS = ("new", "cur")
NAME = re.compile(r"(\d+)\.(?:M(\d+))?")  # how programs begin the name of a message
LOCK_SECONDS = 10.0  # a session may hold an mbox while it lasts
LOCK_PAUSE_SECONDS = 0.1
_numbers = count(1)


def _read(path: Path) -> bytes:
    """A regular file, no link, of bounded size: whoever writes it is under test."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > DROP_MAX:
            raise ValueError(f"{path} is no file of at most {DROP_MAX} octets")
        return file.read(DROP_MAX)


def _give(file: int, like: os.stat_result) -> None:
    """Makes a new file belong to whom the mail belongs, as far as we may."""
    if os.geteuid() == 0:
        os.fchown(file, like.st_uid, like.st_gid)


# ---- Maildir ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kept:
    """A message as it was found."""

    path: Path
    octets: bytes
    stat: os.stat_result


def _identity(path: Path) -> str:
    """The part of a name that flags do not change."""
    return path.name.partition(":")[0]


def _arrival(path: Path) -> tuple[int, int, str]:
    """Sorts as messages are numbered by the servers that go by the names."""
    found = NAME.match(path.name)
    return (int(found[1]), int(found[2] or 0), path.name) if found else (0, 0, path.name)


class MaildirBox:
    abilities = frozenset({"deliver", "fill", "reset", "peek"})

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in (*FOLDERS, "tmp"):
            if not (folder / name).is_dir():
                raise ValueError(f"{folder} is no Maildir: it has no folder {name}")
        self._kept = {_identity(p): _Kept(p, _read(p), p.stat()) for p in self._files()}

    def _files(self) -> Iterator[Path]:
        for name in FOLDERS:
            for path in (self._folder / name).iterdir():
                if not path.name.startswith("."):
                    yield path

    def deliver(self, octets: bytes) -> None:
        now = time.time_ns() // 1000
        unique = f"M{now % 10**6:06}P{os.getpid()}Q{next(_numbers)}"
        name = f"{now // 10**6}.{unique}.{socket.gethostname().replace('/', '').replace(':', '')}"
        self._write(self._folder / "new" / name, on_disk(octets), self._folder.stat(), 0o600)

    def _write(self, path: Path, octets: bytes, like: os.stat_result, mode: int) -> None:
        """Complete in tmp before it is seen in its place."""
        fresh = self._folder / "tmp" / _identity(path)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(octets)
            _give(file.fileno(), like)
        fresh.rename(path)

    def fill(self, messages: Sequence[bytes]) -> None:
        for path in self._files():
            path.unlink(missing_ok=True)
        for octets in messages:
            self.deliver(octets)

    def reset(self) -> None:
        present = {_identity(path): path for path in self._files()}
        for name, path in present.items():
            if name not in self._kept:
                path.unlink(missing_ok=True)
        for name, kept in self._kept.items():
            self._restore(kept, present.get(name))

    def _restore(self, kept: _Kept, now: Path | None) -> None:
        if now and _read(now) == kept.octets:
            if now != kept.path:
                now.rename(kept.path)
            return
        if now:
            now.unlink()
        self._write(kept.path, kept.octets, kept.stat, stat.S_IMODE(kept.stat.st_mode))
        os.utime(kept.path, ns=(kept.stat.st_atime_ns, kept.stat.st_mtime_ns))

    def peek(self) -> list[Stored]:
        return [Stored(on_wire(_read(path))) for path in sorted(self._files(), key=_arrival)]


# ---- mbox ---------------------------------------------------------------------------------------


class MboxBox:
    """One file. It is written in its place, under the locks that mail programs take."""

    abilities = frozenset({"deliver", "fill", "reset", "peek"})

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            raise ValueError(f"{path}: there is no such mbox")
        self._octets = _read(path)
        if self._octets and not self._octets.startswith(b"From "):
            raise ValueError(f"{path} is no mbox: it does not begin with From")

    def _locked(self, act: Callable[[mailbox.mbox], object]) -> None:
        """Waits until the sessions before have let it go."""
        box = mailbox.mbox(self._path, create=False)
        try:
            self._lock(box)
            act(box)
            box.flush()
        finally:
            box.close()  # which unlocks it

    def _lock(self, box: mailbox.mbox) -> None:
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return box.lock()
            except mailbox.ExternalClashError:
                if time.monotonic() > end:
                    raise ValueError(f"{self._path} stays locked") from None
                time.sleep(LOCK_PAUSE_SECONDS)

    def deliver(self, octets: bytes) -> None:
        self._locked(lambda box: box.add(on_disk(octets)))

    def fill(self, messages: Sequence[bytes]) -> None:
        self._locked(lambda box: self._put(b""))
        for octets in messages:
            self.deliver(octets)

    def reset(self) -> None:
        self._locked(lambda box: self._put(self._octets))

    def _put(self, octets: bytes) -> None:
        with open(os.open(self._path, os.O_RDWR | os.O_NOFOLLOW), "r+b") as file:
            file.write(octets)
            file.truncate()

    def peek(self) -> list[Stored]:
        box = mailbox.mbox(self._path, create=False)
        try:
            return [Stored(on_wire(box.get_bytes(key))) for key in sorted(box.keys())]
        finally:
            box.close()
