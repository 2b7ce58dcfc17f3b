# SPDX-License-Identifier: Apache-2.0
"""Stores on disk: filled, restored, added to and read, without a server."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from popquiz.servers import maildrops
from popquiz.servers.maildrops import (
    OLD,
    BusyError,
    Maildir,
    Mbox,
    Owner,
    Spool,
    Store,
    on_disk,
    on_wire,
)

SELF = Owner(os.getuid(), os.getgid())
MAIL = [
    b"Subject: 1\r\n\r\none\r\n",
    b"Subject: 2\n\n.two\n..\n.\n",
    b"Subject: 3\r\n\r\n\xff\0\r\n",
]
ON_WIRE = [on_wire(message) for message in MAIL]
Make = Callable[[Path], Store]


def maildir(folder: Path) -> Maildir:
    return Maildir(folder / "Maildir", SELF, MAIL, {"index": "x"})


def mbox(folder: Path) -> Mbox:
    return Mbox(folder / "user", SELF, MAIL)


BOTH = pytest.mark.parametrize("make", [maildir, mbox])


def snapshot(folder: Path) -> dict[str, tuple[int, float, bytes]]:
    """Everything below a folder: mode, time, content."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode,
            path.stat().st_mtime,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


@BOTH
def test_a_store_holds_what_it_was_given(make: Make, tmp_path: Path) -> None:
    store = make(tmp_path)
    store.reset()
    assert store.peek() == ON_WIRE


@BOTH
def test_a_delivery_is_the_last_message(make: Make, tmp_path: Path) -> None:
    store = make(tmp_path)
    store.reset()
    for number in range(11):
        store.deliver(b"Subject: %d\r\n\r\n" % number)
    assert store.peek() == [*ON_WIRE, *(b"Subject: %d\r\n\r\n" % n for n in range(11))]


@BOTH
def test_a_reset_restores_content_mode_and_old_times(make: Make, tmp_path: Path) -> None:
    store = make(tmp_path)
    store.reset()
    before = snapshot(tmp_path)
    store.deliver(b"more\n")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(b"From the server: rewritten\n")
    store.reset()
    assert snapshot(tmp_path) == before
    assert all(OLD <= time <= OLD + len(MAIL) for _, time, _ in before.values())


def test_a_reset_removes_what_was_left_beside_an_mbox(tmp_path: Path) -> None:
    store = mbox(tmp_path)
    (tmp_path / "user.lock").touch()
    (tmp_path / ".user.new").write_text("of a reset that was cut off")
    store.reset()
    assert [path.name for path in tmp_path.iterdir()] == ["user"]


def test_a_reset_removes_what_the_server_added_to_a_maildir(tmp_path: Path) -> None:
    store = maildir(tmp_path)
    store.reset()
    before = snapshot(tmp_path)
    (tmp_path / "Maildir/dovecot-uidlist").write_text("3 V1 N4\n")
    (tmp_path / "Maildir/cur/x:2,S").touch()
    store.reset()
    assert snapshot(tmp_path) == before


def test_names_in_a_maildir_have_both_sizes(tmp_path: Path) -> None:
    store = maildir(tmp_path)
    store.reset()
    store.deliver(b"a\r\nb\r\n")
    (name,) = (path.name for path in (tmp_path / "Maildir/new").iterdir())
    assert name.endswith(",S=4,W=6")
    for path in (tmp_path / "Maildir/cur").iterdir():
        octets = path.read_bytes()
        assert f",S={len(octets)},W={len(on_wire(octets))}:2," in path.name


def test_an_mbox_guards_lines_that_look_like_the_next_message(tmp_path: Path) -> None:
    store = Mbox(
        tmp_path / "user", SELF, [b"From: a\n\nFrom me\n>From you\n\nFrom x\n", b"b: c\n\nd"]
    )
    store.reset()
    guarded = b"From: a\r\n\r\n>From me\r\n>From you\r\n\r\n>From x\r\n"
    assert store.peek() == [guarded, b"b: c\r\n\r\nd\r\n"]


@pytest.mark.parametrize("empty", [[], [b""]])
def test_an_mbox_can_be_empty(tmp_path: Path, empty: list[bytes]) -> None:
    store = Mbox(tmp_path / "user", SELF, empty)
    store.reset()
    assert store.peek() == [b"\r\n" for _ in empty]


def is_busy_for_another_process(store: Store) -> bool:
    """Locks of fcntl do not keep out the process that has them."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            store.deliver(b"x\n")
            status = 0
        except BusyError:
            status = 1
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1)
    return os.waitstatus_to_exitcode(status) == 1


def test_a_locked_mbox_is_busy(tmp_path: Path) -> None:
    store = mbox(tmp_path)
    store.reset()
    (tmp_path / "user.lock").touch()
    assert is_busy_for_another_process(store)
    (tmp_path / "user.lock").unlink()
    assert not is_busy_for_another_process(store)
    with (tmp_path / "user").open("rb+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        assert is_busy_for_another_process(store)
    assert not (tmp_path / "user.lock").exists()
    assert not is_busy_for_another_process(store)


@BOTH
def test_what_a_server_planted_is_not_followed(make: Make, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("From secret\nsecret\n")
    store = make(tmp_path)
    store.reset()
    planted = tmp_path / ("user" if make is mbox else "Maildir/cur/1")
    planted.unlink(missing_ok=True)
    planted.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic"):
        store.peek()
    if make is mbox:
        with pytest.raises(OSError, match="symbolic"):
            store.deliver(b"x\n")
    store.reset()
    assert secret.read_text() == "From secret\nsecret\n"
    assert store.peek() == ON_WIRE


@BOTH
def test_a_maildrop_that_grows_without_end_is_not_read(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(tmp_path)
    store.reset()
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "index"]
    size = sum(path.stat().st_size for path in files)
    monkeypatch.setattr(maildrops, "DROP_MAX", size)
    assert store.peek() == ON_WIRE
    monkeypatch.setattr(maildrops, "DROP_MAX", size - 1)
    with pytest.raises(OSError, match="has grown"):
        store.peek()


def test_a_pipe_in_a_maildir_does_not_hang_the_reader(tmp_path: Path) -> None:
    store = maildir(tmp_path)
    store.reset()
    os.mkfifo(tmp_path / "Maildir/cur/2")
    with pytest.raises(OSError, match="is no file"):
        store.peek()


class Indexed:
    """A spool, and a server that names in its index what it finds there, and notes how often."""

    def __init__(self, folder: Path, mail: list[bytes]) -> None:
        self.folder = folder / "spool"
        self.store = Spool(self.folder, SELF, mail, self.index)
        self.looks = 0

    def index(self) -> None:
        self.looks += 1
        index = self.folder / "index"
        gone = index.read_text().split() if index.exists() else []
        for name in gone:  # what it was told to remove, and left lying about
            (self.folder / name).unlink(missing_ok=True)
        index.write_text("")


def test_a_spool_holds_what_it_was_given(tmp_path: Path) -> None:
    mail = [*MAIL, b"", *(b"Subject: %d\r\n\r\n" % n for n in range(9))]
    spool = Indexed(tmp_path, mail)
    spool.store.reset()
    spool.store.settle()
    # No file is empty there, and 10. comes behind 9.
    assert spool.store.peek() == [on_wire(message) or b"\r\n" for message in mail]


def test_a_spool_is_put_back_with_its_index(tmp_path: Path) -> None:
    spool = Indexed(tmp_path, MAIL)
    spool.store.reset()
    spool.store.settle()
    assert spool.looks == 1
    (spool.folder / "index").write_text("1. 2.")
    (spool.folder / "2.").unlink()
    (spool.folder / "planted").touch()
    spool.store.reset()
    assert spool.looks == 1
    assert sorted(path.name for path in spool.folder.iterdir()) == ["1.", "2.", "3.", "index"]
    assert (spool.folder / "index").read_text() == ""
    assert spool.store.peek() == ON_WIRE


def test_what_is_removed_from_a_spool_is_not_seen(tmp_path: Path) -> None:
    spool = Indexed(tmp_path, MAIL)
    spool.store.reset()
    spool.store.settle()
    (spool.folder / "index").write_text("3.")
    assert spool.store.peek() == ON_WIRE[:2]


def test_a_delivery_to_a_spool_has_a_number_of_its_own(tmp_path: Path) -> None:
    spool = Indexed(tmp_path, MAIL)
    spool.store.reset()
    spool.store.settle()
    (spool.folder / "3.").unlink()
    spool.store.deliver(b"a: b\n\nc\n")
    assert spool.looks == 2
    assert (spool.folder / "4.").read_bytes() == b"a: b\r\n\r\nc\r\n"
    assert not (spool.folder / "3.").exists()


LINES = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8)


@given(LINES)
def test_lines_go_to_disk_and_come_back(lines: list[bytes]) -> None:
    """Whatever a line holds, but for a CR at its end, which is one with the line end."""
    wire = b"".join(line.rstrip(b"\r") + b"\r\n" for line in lines)
    assert on_wire(on_disk(wire)) == wire
