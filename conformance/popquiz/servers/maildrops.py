# SPDX-License-Identifier: Apache-2.0
"""Maildrops on disk, as servers keep them: filled, restored, added to and read from outside.

Lines end in LF there, as they do in every maildrop on Unix. Times lie in the past and are the same
in every run: some servers wait while a maildrop was changed in the current second, and some make
unique ids of file times.
"""

import fcntl
import itertools
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

OLD = 1_000_000_000  # 2001-09-09: when the first message arrived; each further one a second later
DROP_MAX = 1 << 26  # octets of a maildrop that is read
SPOOLED = re.compile(r"[0-9]{1,9}\.")  # the name of a message in a spool
FRESH_S = 2.0  # a change after which a server might wait


class BusyError(Exception):
    """The maildrop is in use; it can be tried again."""


@dataclass(frozen=True, slots=True)
class Owner:
    uid: int
    gid: int

    def take(self, path: Path, mode: int) -> None:
        os.chown(path, self.uid, self.gid)
        path.chmod(mode)


class Store(Protocol):
    """The maildrop of one account. The lines of messages end in CRLF or LF when they come, and in
    CRLF when they are given back. Raises OSError, and BusyError where that can be."""

    def reset(self) -> None:
        """Makes it hold the messages that it began with, and nothing of the server's."""

    def deliver(self, octets: bytes) -> None:
        """Adds a message, as a mail transfer agent would."""

    def peek(self) -> list[bytes]:
        """The messages that it holds, in the order of message numbers."""

    def settle(self) -> None:
        """Is called once, when all is there that the server needs, and before it starts."""

    def age(self) -> None:
        """Makes a change of the last moments look old: popa3d has its next session wait for the
        end of the second otherwise."""


def _create(path: Path) -> BinaryIO:
    """A file that was not there: nothing that a server planted is followed."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _read(path: Path, room: int) -> bytes:
    """A regular file of at most `room` octets: the servers whose files these are may be broken, or
    taken over."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path} is no file")
        octets = file.read(room + 1)
    if len(octets) > room:
        raise OSError(f"{path}: the maildrop has grown to more than {DROP_MAX} octets")
    return octets


def _replace(path: Path, make: Callable[[Path], None]) -> None:
    """Puts a folder that `make` makes in the place of another. The old one is moved away whole: a
    server that still has it open cannot reach the new one by the names that it knows."""
    new, old = path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    make(new)
    if path.exists():
        path.rename(old)
    new.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def on_disk(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n")


def on_wire(octets: bytes) -> bytes:
    """With CRLF in the place of every LF that has no CR before it."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", octets)


# ---- Maildir -------------------------------------------------------------------------------------


class Maildir:
    """A folder with a file for each message. Names sort in the order of arrival and carry the
    sizes, as those of Dovecot's and Courier's delivery agents do."""

    def __init__(
        self, path: Path, owner: Owner, messages: Sequence[bytes], files: Mapping[str, str]
    ) -> None:
        """`files` lie in the pristine Maildir besides mail."""
        self._path = path
        self._owner = owner
        self._messages = messages
        self._files = files
        self._arrived = len(messages)

    def reset(self) -> None:
        _replace(self._path, self._make)

    def _make(self, folder: Path) -> None:
        for name in ("", "cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
            self._owner.take(folder / name, 0o700)
        for number, octets in enumerate(self._messages, 1):
            self._write(folder / "cur" / self._name(number, octets, ":2,"), octets, number)
        for name, text in self._files.items():
            self._write(folder / name, text.encode(), 0)
        for name in ("cur", "new", "tmp", ""):
            os.utime(folder / name, (OLD, OLD))

    def _name(self, number: int, octets: bytes, flags: str = "") -> str:
        stored = on_disk(octets)
        sizes = f"S={len(stored)},W={len(on_wire(stored))}"
        return f"{OLD + number}.M{number:06}P1.popquiz,{sizes}{flags}"

    def _write(self, path: Path, octets: bytes, number: int) -> None:
        with _create(path) as file:
            file.write(on_disk(octets))
        self._owner.take(path, 0o600)
        os.utime(path, (OLD + number, OLD + number))

    def deliver(self, octets: bytes) -> None:
        self._arrived += 1
        name = self._name(self._arrived, octets)
        self._write(self._path / "tmp" / name, octets, self._arrived)
        (self._path / "tmp" / name).rename(self._path / "new" / name)

    def peek(self) -> list[bytes]:
        found = [path for name in ("cur", "new") for path in (self._path / name).iterdir()]
        messages, room = [], DROP_MAX
        for path in sorted(found, key=lambda path: path.name):
            messages.append(_read(path, room))
            room -= len(messages[-1])
        return [on_wire(octets) for octets in messages]

    def settle(self) -> None:
        """A Maildir is complete without a server."""

    def age(self) -> None:
        """No server is known that looks at the times of a Maildir so."""


# ---- spool ---------------------------------------------------------------------------------------


class Spool:
    """A folder of Cyrus: files "1.", "2." and so on, whose lines end in CRLF, and beside them what
    the server knows of them. `index` has the server bring that into line with the files. It holds
    no empty file: an empty line stands for a message without an octet, as in an mbox."""

    def __init__(
        self, path: Path, owner: Owner, messages: Sequence[bytes], index: Callable[[], None]
    ) -> None:
        self._path = path
        self._owner = owner
        self._index = index
        self._pristine = {f"{n}.": self._text(octets) for n, octets in enumerate(messages, 1)}
        self._arrived = len(messages)

    def reset(self) -> None:
        _replace(self._path, self._make)

    def _make(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._owner.take(folder, 0o700)
        for (name, octets), second in zip(self._pristine.items(), itertools.count(OLD)):
            self._write(folder / name, octets, second)

    @staticmethod
    def _text(octets: bytes) -> bytes:
        return on_wire(octets) or b"\r\n"

    def _write(self, path: Path, octets: bytes, second: int) -> None:
        with _create(path) as file:
            file.write(octets)
        self._owner.take(path, 0o600)
        os.utime(path, (second, second))

    def settle(self) -> None:
        """What the server makes of the messages belongs to them from then on: with it, resets are
        quick and unique ids stay."""
        self._index()
        self._pristine = {path.name: _read(path, DROP_MAX) for path in self._path.iterdir()}

    def deliver(self, octets: bytes) -> None:
        self._arrived += 1
        self._write(self._path / f"{self._arrived}.", self._text(octets), OLD + self._arrived)
        self._index()

    def peek(self) -> list[bytes]:
        """The server leaves removed messages lying about until it looks at the folder again."""
        self._index()
        messages, room = [], DROP_MAX
        for name in sorted(
            (path.name for path in self._path.iterdir() if SPOOLED.fullmatch(path.name)),
            key=lambda name: int(name[:-1]),
        ):
            messages.append(_read(self._path / name, room))
            room -= len(messages[-1])
        return messages

    def age(self) -> None:
        """Its times are of no interest to the server."""


# ---- mbox ----------------------------------------------------------------------------------------


class Mbox:
    """One file. A line "From SENDER DATE" is in front of each message and an empty one behind it; a
    line of the message that begins with "From " gets a ">", which nobody takes away again."""

    def __init__(self, path: Path, owner: Owner, messages: Sequence[bytes]) -> None:
        self._path = path
        self._owner = owner
        self._messages = messages
        self._arrived = len(messages)
        self._changes = 0

    def reset(self) -> None:
        new = self._path.with_name(f".{self._path.name}.new")
        self._lock_file().unlink(missing_ok=True)
        numbered = enumerate(self._messages, 1)
        new.unlink(missing_ok=True)
        with _create(new) as file:
            file.writelines(self._entry(octets, number) for number, octets in numbered)
        self._owner.take(new, 0o600)
        os.utime(new, (OLD, OLD))
        new.rename(self._path)

    def _lock_file(self) -> Path:
        return self._path.with_name(f"{self._path.name}.lock")

    @staticmethod
    def _entry(octets: bytes, number: int) -> bytes:
        date = time.gmtime(OLD + number)
        head = time.strftime("From popquiz@localhost %a %b %e %H:%M:%S %Y\n", date)
        text = re.sub(rb"^From ", b">From ", on_disk(octets), flags=re.MULTILINE)
        return head.encode() + text + (b"\n" if text.endswith(b"\n") else b"\n\n")

    def settle(self) -> None:
        """An mbox is complete without a server."""

    def deliver(self, octets: bytes) -> None:
        """Takes both locks that Debian's policy asks for."""
        try:
            self._lock_file().touch(mode=0o600, exist_ok=False)
        except FileExistsError as error:
            raise BusyError(f"{self._path} is locked") from error
        try:
            self._append(octets)
        finally:
            self._lock_file().unlink(missing_ok=True)

    def _append(self, octets: bytes) -> None:
        with open(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW), "ab") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BusyError(f"{self._path} is locked") from error
            self._arrived += 1
            file.write(self._entry(octets, self._arrived))
            file.flush()
            self._date(file.fileno())

    def _date(self, file: int) -> None:
        """A time that it never had, so that the change shows, and still in the past."""
        self._changes += 1
        os.utime(file, (OLD + self._changes, OLD + self._changes))

    def age(self) -> None:
        with suppress(FileNotFoundError):
            file = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            if os.fstat(file).st_mtime > time.time() - FRESH_S:
                self._date(file)
            os.close(file)

    def peek(self) -> list[bytes]:
        entries = re.split(rb"^From .*\n", _read(self._path, DROP_MAX), flags=re.MULTILINE)
        # The last line end of an entry is that of the empty line behind the message.
        return [on_wire(entry.removesuffix(b"\n")) for entry in entries[1:]]
