# SPDX-License-Identifier: Apache-2.0
"""popquiz-mock on an mbox that Python's mailbox module makes, reads back and locks."""

import mailbox
import os
import poplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

from mock_server import PASSWORD, PATIENCE_S, USER, Mock, run, serving

BODIES = [
    "one\n",
    "From the start of a line\n>From one that was quoted\n",
    "\nFrom behind an empty line\n\n",
    ".\n..\n",
    "last\n",
]


def make(path: Path, bodies: list[str]) -> None:
    box = mailbox.mbox(path)
    box.lock()
    for number, body in enumerate(bodies):
        message = EmailMessage()
        message["Subject"] = str(number)
        message.set_content(body)
        box.add(message)
    box.close()


def bodies_in(path: Path) -> list[str]:
    box = mailbox.mbox(path)
    try:
        return [str(message.get_payload()) for message in box]
    finally:
        box.close()


@contextmanager
def client(mock: Mock) -> Iterator[poplib.POP3]:
    pop = poplib.POP3("127.0.0.1", mock.port(), timeout=PATIENCE_S)
    pop.user(USER.decode())
    pop.pass_(PASSWORD.decode())
    yield pop
    pop.close()


def retrieved(pop: poplib.POP3, number: int) -> str:
    lines = [line.decode() for line in pop.retr(number)[1]]
    return "".join(f"{line}\n" for line in lines[lines.index("") + 1 :])


def test_what_python_writes_is_what_a_client_gets(tmp_path: Path) -> None:
    path = tmp_path / "user"
    make(path, BODIES)
    with serving("--port", "0", "--maildrop", f"mbox:{path}") as mock:
        with client(mock) as pop:
            assert pop.stat()[0] == len(BODIES)
            uids = [line.split()[1] for line in pop.uidl()[1]]
            for number, body in enumerate(BODIES, 1):
                # The dialect of Python takes ">From " for what was quoted, too.
                assert retrieved(pop, number) == body.replace("\n>From", "\nFrom")
            make(path, ["new\n"])  # arrives while the session is open
            assert pop.stat()[0] == len(BODIES)
            pop.dele(1)
            pop.dele(3)
            assert pop.quit().startswith(b"+OK")
        with client(mock) as pop:
            assert retrieved(pop, 4) == "new\n"
            assert [line.split()[1] for line in pop.uidl()[1]][:3] == [uids[1], uids[3], uids[4]]
    quoted = BODIES[1].replace("From the", ">From the")
    assert bodies_in(path) == [quoted, BODIES[3], BODIES[4], "new\n"]
    assert not list(tmp_path.glob("user.*"))


def test_a_lock_of_python_is_minded(tmp_path: Path) -> None:
    path = tmp_path / "user"
    make(path, BODIES)
    before = path.read_bytes()
    complaint = f"popquiz-mock: {path}: cannot be locked: Resource temporarily unavailable\n"
    with serving("--port", "0", "--maildrop", f"mbox:{path}", complaint=complaint.encode()) as mock:
        box = mailbox.mbox(path)
        with client(mock) as pop:
            pop.dele(1)
            box.lock()
            try:
                pop.quit()
            except poplib.error_proto as error:
                assert "[SYS/TEMP]" in str(error)
            else:
                raise AssertionError("+OK to QUIT, and nothing was removed")
            finally:
                box.unlock()
                box.close()
        assert path.read_bytes() == before
        with client(mock) as pop:
            pop.dele(1)
            pop.quit()
    assert bodies_in(path)[0] == BODIES[1].replace("From the", ">From the")


def test_accounts_name_an_mbox_beside_their_file(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    make(tmp_path / "spool/user", BODIES[:2])
    users = tmp_path / "users"
    users.write_text(f"{USER.decode()}\t{PASSWORD.decode()}\tmbox:spool/user\n")
    with serving("--port", "0", "--users", str(users)) as mock, client(mock) as pop:
        assert pop.stat()[0] == 2


def test_what_is_no_mbox_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "user"
    complaints = {
        b"nothing of that kind\n": "is no mbox",
        b"\0" * 5000: "is no mbox",
    }
    for octets, words in complaints.items():
        path.write_bytes(octets)
        ran = run("--port", "0", "--maildrop", f"mbox:{path}")
        assert ran.returncode == 3 and words in ran.stderr.decode()
        assert ran.stderr.count(b"\n") == 1
    os.truncate(path, (1 << 30) + 1)  # with holes
    ran = run("--port", "0", "--maildrop", f"mbox:{path}")
    assert ran.returncode == 3 and b"limit of 1073741824 octets" in ran.stderr
    for bad in (tmp_path, tmp_path / "none"):
        ran = run("--port", "0", "--maildrop", f"mbox:{bad}")
        assert ran.returncode == 3 and str(bad).encode() in ran.stderr
        assert ran.stderr.count(b"\n") == 1
