# SPDX-License-Identifier: Apache-2.0
"""Adapters: what they add to a maildrop, bring back and tell, and how they say that they cannot."""

import asyncio
import mailbox
import os
import socketserver
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from making import PASSWORD, TINY

from popquiz import adapters
from popquiz.adapters.box import Boxes, Place
from popquiz.adapters.files import MaildirBox, MboxBox
from popquiz.errors import TargetError, UsageError
from popquiz.fixtures import Maildrop
from popquiz.target_exec import ExecTarget
from popquiz.target_plain import PlainTarget
from popquiz.targets import Account, Endpoint, UnableError

USER = Account("user", PASSWORD)
NOWHERE = Endpoint("tcp://127.0.0.1:1")
ONE, TWO, NEW = (b"Subject: %d\r\n\r\nbody\r\n" % n for n in (1, 2, 3))


def octets(box: adapters.Box) -> list[bytes]:
    return [stored.octets for stored in box.peek()]


# ---- files --------------------------------------------------------------------------------------


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """Two messages, the second one seen, and things that are none of ours."""
    folder = tmp_path / "Maildir"
    for name in ("cur", "new", "tmp", ".Sent/cur"):
        (folder / name).mkdir(parents=True)
    (folder / "new" / "100.M5P1.host").write_bytes(ONE.replace(b"\r\n", b"\n"))
    (folder / "cur" / "100.M30P1.host:2,S").write_bytes(TWO.replace(b"\r\n", b"\n"))
    os.utime(folder / "new" / "100.M5P1.host", (1_000_000_000, 1_000_000_000))
    (folder / ".Sent" / "cur" / "1.M1P1.host:2,S").write_bytes(b"sent")
    (folder / "dovecot-uidlist").write_bytes(b"3 V1")
    return folder


def listing(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_maildir_comes_back_as_it_was_found(maildir: Path) -> None:
    before, box = listing(maildir), MaildirBox(maildir)
    box.deliver(NEW)
    (maildir / "new" / "100.M5P1.host").unlink()
    seen = maildir / "cur" / "100.M30P1.host:2,S"
    seen.write_bytes(b"changed")
    seen.rename(seen.with_name("100.M30P1.host:2,ST"))
    assert listing(maildir) != before
    box.reset()
    assert listing(maildir) == before
    assert (maildir / "new" / "100.M5P1.host").stat().st_mtime == 1_000_000_000


def test_a_maildir_is_told_in_the_order_of_arrival_with_the_line_ends_of_the_wire(
    maildir: Path,
) -> None:
    box = MaildirBox(maildir)
    assert octets(box) == [ONE, TWO]  # not in the order of the text of the names
    box.deliver(NEW)
    assert octets(box) == [ONE, TWO, NEW]
    (path,) = (p for p in (maildir / "new").iterdir() if p.read_bytes().startswith(b"Subject: 3"))
    assert b"\r" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list((maildir / "tmp").iterdir()) == []


def test_a_link_in_a_maildir_is_not_followed(maildir: Path) -> None:
    (maildir / "new" / "200.M1P1.host").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        MaildirBox(maildir)


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    path = tmp_path / "mbox"
    box = mailbox.mbox(path)
    for message in (ONE, TWO):
        box.add(message.replace(b"\r\n", b"\n"))
    box.close()
    path.chmod(0o640)
    return path


def test_an_mbox_comes_back_as_it_was_found(mbox: Path) -> None:
    before, inode, box = mbox.read_bytes(), mbox.stat().st_ino, MboxBox(mbox)
    assert octets(box) == [ONE, TWO]
    box.deliver(NEW)
    assert octets(box) == [ONE, TWO, NEW]
    box.reset()
    assert mbox.read_bytes() == before
    mbox.write_bytes(b"")
    box.reset()
    assert mbox.read_bytes() == before
    # Who holds it open sees the same file, and nobody more may read it.
    assert (mbox.stat().st_ino, stat.S_IMODE(mbox.stat().st_mode)) == (inode, 0o640)
    assert [path.name for path in mbox.parent.iterdir()] == ["mbox"]


def test_an_mbox_that_stays_locked_is_told(mbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("popquiz.adapters.files.LOCK_SECONDS", 0.2)
    box = MboxBox(mbox)
    mbox.with_name("mbox.lock").touch()
    with pytest.raises(ValueError, match="mbox stays locked"):
        box.deliver(NEW)
    threading.Timer(0.1, mbox.with_name("mbox.lock").unlink).start()
    box.deliver(NEW)
    assert octets(box) == [ONE, TWO, NEW]


# ---- a program ----------------------------------------------------------------------------------

PROGRAM = """
import base64, json, pathlib, sys
folder, words = pathlib.Path(sys.argv[1]), sys.argv[2:]
if words == ["abilities"]:
    print("deliver peek")
elif words == ["deliver", "user"]:
    (folder / "9.eml").write_bytes(sys.stdin.buffer.read())
elif words == ["peek", "user"]:
    mail = [base64.b64encode(p.read_bytes()).decode() for p in sorted(folder.iterdir())]
    print(json.dumps({"messages": [{"octets": m, "uid": "u"} for m in mail]}))
else:
    sys.exit("first line\\nno such " + words[0])
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "mail").mkdir()
    return f"exec:{sys.executable} {tmp_path / 'program.py'} {tmp_path / 'mail'}"


def opened(text: str, **more: object) -> adapters.Box:
    opener = adapters.parse(text)
    assert opener
    return opener(Place(USER, NOWHERE, **more))  # type: ignore[arg-type]


def test_a_program_does_what_it_says_that_it_can(program: str) -> None:
    box = opened(program)
    assert box.abilities == {"deliver", "peek"}
    box.deliver(NEW)
    assert [(m.octets, m.uid) for m in box.peek()] == [(NEW, "u")]
    with pytest.raises(ValueError, match=r"reset: no such reset$"):
        box.reset()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/bin/false", "/bin/false abilities: status 1"),
        ("/bin/echo peek fly", "'abilities' is none of deliver, reset, peek"),
        ("/nonexistent/x", "No such file"),
    ],
)
def test_a_program_that_does_not_work_is_one_line(command: str, told: str) -> None:
    async def opens() -> None:
        opener = adapters.parse(f"exec:{command}")
        assert opener
        await Boxes(opener).open([Place(USER, NOWHERE)])

    with pytest.raises(TargetError, match=told):
        asyncio.run(opens())


def test_what_a_program_says_is_not_believed(tmp_path: Path) -> None:
    script = tmp_path / "x"
    script.write_text('#!/bin/sh\n[ "$1" = abilities ] && echo peek || echo "$ANSWER"\n')
    script.chmod(0o755)
    for answer in ("", "[]", "{}", '{"messages": 1}', '{"messages": [{"octets": "%"}]}'):
        os.environ["ANSWER"] = answer
        with pytest.raises(ValueError, match="peek: no JSON object with messages"):
            opened(f"exec:{script}").peek()


# ---- LMTP and SMTP ------------------------------------------------------------------------------


class Post(socketserver.StreamRequestHandler):
    """Takes mail as SMTP and LMTP do, and puts it into the maildrop of a tiny server."""

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        self.say("220 post")
        for line in self.rfile:
            verb = line[:4].upper().decode()
            if verb == "DATA":
                self.say("354 go")
                self.keep()
            self.say("221 bye" if verb == "QUIT" else "250 ok")

    def keep(self) -> None:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        assert isinstance(self.server, PostServer)
        self.server.keep(b"".join(line.removeprefix(b".") for line in lines))


class PostServer(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True
    folder = Path()
    delay = 0.0
    count = 0

    def keep(self, octets: bytes) -> None:
        """It is there a moment after it was taken, as mail that goes through a queue."""
        self.count += 1
        path = self.folder / f"{1000 + self.count}.eml"
        threading.Timer(self.delay, path.write_bytes, [b"Received: by post\r\n" + octets]).start()


@contextmanager
def post(folder: Path, delay: float = 0.0) -> Iterator[str]:
    with PostServer(("127.0.0.1", 0), Post) as server:
        server.folder, server.delay = folder, delay
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("kind", ["smtp", "lmtp"])
def test_mail_that_is_sent_arrives_and_is_emptied_over_pop3(tmp_path: Path, kind: str) -> None:
    default = Maildrop("default", (ONE, TWO))
    (tmp_path / "old.eml").write_bytes(b"old")

    def held() -> list[bytes]:
        return [path.read_bytes() for path in sorted(tmp_path.glob("*.eml"))]

    async def talk(address: str) -> None:
        target = ExecTarget(
            f"{TINY} --port {{port}} --folder {tmp_path}",
            Endpoint(""),
            [USER],
            None,
            adapters.parse(f"{kind}://{address}"),
        )
        try:
            (seat,) = await target.start([default], 1)
            assert {"deliver", "reset", "restart"} == seat.adapter.abilities
            marked = [b"Received: by post\r\n" + octets for octets in (ONE, TWO)]
            assert held() == marked
            await seat.adapter.deliver("user", NEW)
            assert len(held()) == 3
            await seat.adapter.reset("user")
            assert held() == marked
        finally:
            await target.stop()

    with post(tmp_path, delay=0.2) as address:
        asyncio.run(talk(address))


def test_a_server_that_removes_nothing_is_not_reset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(place: Place) -> int:
        return len(list(tmp_path.iterdir()))

    monkeypatch.setattr("popquiz.adapters.network._empty", lambda place: None)
    monkeypatch.setattr("popquiz.adapters.network._count", count)
    with post(tmp_path) as address:
        box = opened(f"smtp://{address}", mail=(ONE,), destroy=True)
    assert box.abilities == {"deliver"} and count(Place(USER, NOWHERE)) == 1
    with pytest.raises(ValueError, match="keeps mail that was removed"):
        box.reset()


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_a_maildrop_is_filled_and_comes_back(kind: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(kind)
    before, box = listing(path.parent), opened(f"{kind}:{path}")
    box.fill([NEW, ONE, NEW])
    assert octets(box) == [NEW, ONE, NEW]
    box.fill([])
    assert octets(box) == []
    box.reset()
    assert listing(path.parent) == before


# ---- other people's servers ---------------------------------------------------------------------


def plain(maildir: Path, *, destroy: bool) -> PlainTarget:
    opener = adapters.parse(f"maildir:{maildir.parent}/{{user}}")
    account = Account(maildir.name, PASSWORD)
    return PlainTarget(NOWHERE, [account], opener, destroy=destroy)


def test_mail_of_others_is_only_read_without_leave(maildir: Path) -> None:
    async def talk() -> None:
        target, before = plain(maildir, destroy=False), listing(maildir)
        (seat,) = await target.start([Maildrop("default", ())], 1)
        assert [m.octets for m in await seat.adapter.peek(maildir.name)] == [ONE, TWO]
        for act in (seat.adapter.deliver(maildir.name, NEW), seat.adapter.reset(maildir.name)):
            with pytest.raises(UnableError):
                await act
        (maildir / "new" / "100.M5P1.host").unlink()  # by the person, meanwhile
        await target.stop()
        assert listing(maildir) == {k: v for k, v in before.items() if "M5P1" not in k}

    asyncio.run(talk())


def test_with_leave_the_end_brings_back_what_was_there(maildir: Path) -> None:
    async def talk() -> None:
        target, before = plain(maildir, destroy=True), listing(maildir)
        (seat,) = await target.start([Maildrop("default", ())], 1)
        await seat.adapter.deliver(maildir.name, NEW)
        assert listing(maildir) != before
        await target.stop()
        assert listing(maildir) == before

    asyncio.run(talk())


@pytest.mark.parametrize("user", ["../x", "a/b", "", ".."])
def test_a_users_name_leads_nowhere_else(user: str) -> None:
    opener = adapters.parse("maildir:/tmp/{user}")
    assert opener
    with pytest.raises(ValueError, match="cannot be a part of a path"):
        opener(Place(Account(user, "x"), NOWHERE))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("maildir", "'maildir' is none of maildir:..., mbox:"),
        ("maildir:", "there is no path behind the colon"),
        ("telepathy:x", "is none of"),
        ("lmtp://x", "write lmtp://HOST:PORT"),
        ("smtp://user:pw@x:25", "write smtp://HOST:PORT"),
        ("smtp://x:99999", "write smtp://HOST:PORT"),
        ("imap://x:143/INBOX", "there is nothing behind HOST:PORT"),
        ("exec:", "there is no command behind the colon"),
        ("exec:'a", "No closing quotation"),
    ],
)
def test_an_adapter_that_is_wrong_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        adapters.parse(text)


def test_no_adapter_is_one_too() -> None:
    assert adapters.parse("none") is None


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_a_maildrop_that_is_not_there_is_told(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match=f"{tmp_path}/x"):
        opened(f"{kind}:{tmp_path}/x")
