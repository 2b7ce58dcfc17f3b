# SPDX-License-Identifier: Apache-2.0
"""popquiz-mock --inetd: one session on standard input and output, whatever these are."""

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from mock_server import GREETING, PATIENCE_S, Client, program, run

LOGIN = b"USER user\r\nPASS secret pass\r\n"
LOGIN_ANSWER = b"+OK send PASS\r\n+OK maildrop has 3 messages (287 octets)\r\n"


def answers(octets: bytes) -> bytes:
    """What follows the greeting."""
    greeting, _, rest = octets.partition(b"\r\n")
    assert greeting.startswith(GREETING)
    return rest


def start(stdin: int, stdout: int, *options: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [program(), "--inetd", *options], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE
    )


def finish(process: "subprocess.Popen[bytes]") -> None:
    assert process.stderr
    with process.stderr:
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr.read() == b""


def test_over_pipes() -> None:
    ran = run("--inetd", stdin=LOGIN + b"RETR 1\r\nQUIT\r\nNOOP\r\n")
    assert ran.returncode == 0
    assert ran.stderr == b""
    assert answers(ran.stdout).startswith(LOGIN_ANSWER + b"+OK message follows\r\n")
    assert ran.stdout.endswith(b"\r\nHello.\r\n.\r\n+OK bye\r\n")


def test_over_pipes_it_ends_while_the_other_end_is_open() -> None:
    """Who waits for the program to end need not have closed its input."""
    read_end, write_end = os.pipe()
    process = start(read_end, subprocess.PIPE)
    os.close(read_end)
    assert process.stdout
    with process.stdout:
        os.write(write_end, b"QUIT\r\n")
        assert answers(process.stdout.read()) == b"+OK bye\r\n"
    finish(process)
    os.close(write_end)


def test_over_a_socket_pair() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        process = start(theirs.fileno(), theirs.fileno())
    with Client(ours) as client:
        assert client.line().startswith(GREETING)
        client.login()
        client.send(b"RETR 2\r\n" * 1000)
        client.sock.shutdown(socket.SHUT_WR)
        assert client.rest().count(b"+OK message follows\r\n") == 1000
    finish(process)


def test_over_tcp_the_answer_to_quit_survives_what_comes_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    with theirs:
        process = start(theirs.fileno(), theirs.fileno())
    with Client(ours) as client:
        assert client.line().startswith(GREETING)
        client.send(b"QUIT\r\n")
        for _ in range(4):
            time.sleep(0.05)
            client.send(b"NOOP\r\n" * 1000)
        assert client.rest() == b"+OK bye\r\n"
    finish(process)


def test_from_a_regular_file(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(LOGIN + b"STAT\r\nQUIT\r\n")
    with script.open("rb") as stdin, (tmp_path / "answers").open("wb") as stdout:
        ran = run("--inetd", stdin=stdin.fileno(), stdout=stdout)
    assert ran.returncode == 0
    wanted = LOGIN_ANSWER + b"+OK 3 287\r\n+OK bye\r\n"
    assert answers((tmp_path / "answers").read_bytes()) == wanted


@pytest.mark.parametrize("end", range(len(LOGIN + b"STAT\r\n") + 1))
def test_the_input_ends_anywhere(end: int) -> None:
    script = (LOGIN + b"STAT\r\n")[:end]
    ran = run("--inetd", stdin=script)
    assert ran.returncode == 0
    assert answers(ran.stdout).count(b"\r\n") == script.count(b"\r\n")
    assert ran.stderr == b""


def test_no_input_at_all() -> None:
    ran = run("--inetd", stdin=subprocess.DEVNULL)
    assert ran.returncode == 0
    assert answers(ran.stdout) == b""


def test_nobody_reads() -> None:
    """The reader is gone: the program ends, and not by SIGPIPE."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as stdout:
        assert run("--inetd", stdin=b"CAPA\r\n", stdout=stdout).returncode == 0


def test_autologout() -> None:
    read_end, write_end = os.pipe()
    process = start(read_end, subprocess.PIPE, "--autologout", "1")
    os.close(read_end)
    assert process.stdout
    with process.stdout:
        assert answers(process.stdout.read()) == b""
    finish(process)
    os.close(write_end)


def test_temporary_certificates_do_not_outlive_the_start(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ran = run("--inetd-tls", stdin=b"USER user\r\n", env=environment)
    assert ran.returncode == 0
    assert not ran.stdout.startswith(b"+OK"), "the handshake comes first"
    assert list(tmp_path.iterdir()) == []
    ran = run("--inetd", "--tls", stdin=b"STLS\r\n", env=environment)
    assert answers(ran.stdout) == b"+OK begin TLS\r\n"
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_gives_the_same_octets() -> None:
    script = b"AUTH CRAM-MD5\r\n*\r\n" + LOGIN + b"UIDL\r\nQUIT\r\n"
    first = run("--inetd", "--seed", "3", stdin=script).stdout
    assert run("--inetd", "--seed", "3", stdin=script).stdout == first
    assert run("--inetd", "--seed", "4", stdin=script).stdout != first


def test_a_manual_clock_stands_still(tmp_path: Path) -> None:
    file = tmp_path / "transcript"
    options = ("--inetd", "--clock", "5000000000", "--seed", "1", "--transcript", str(file))
    assert run(*options, stdin=b"QUIT\r\n").returncode == 0
    text = file.read_bytes()
    assert text.count(b"\n") == text.count(b'{"ms":5000000000,') == 5
