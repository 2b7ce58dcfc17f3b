# SPDX-License-Identifier: Apache-2.0
"""popquiz-mock over sockets: listeners, ends, time, the control channel."""

import base64
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest
from mock_server import (
    PATIENCE_S,
    Client,
    Mock,
    connect,
    greeted,
    program,
    run,
    serving,
    start_tls,
)

CLOCK = ("--clock", "0", "--control")


def reset(client: Client) -> None:
    """Ends the connection with RST."""
    linger = struct.pack("ii", 1, 0)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    client.sock.close()


# ---- listeners ----


def test_the_ready_line_names_every_address() -> None:
    options = ("--port", "0", "--tls-port", "0", "--listen", "tcp://[::1]:0")
    with serving(*options) as mock:
        assert mock.ready["pid"] == mock.process.pid
        listen = mock.ready["listen"]
        assert [entry["tls"] for entry in listen] == ["stls", "implicit", "stls"]
        assert listen[0]["address"].startswith("tcp://127.0.0.1:")
        assert listen[2]["address"].startswith("tcp://[::1]:")
        assert len({mock.port(i) for i in range(3)}) == 3
        assert Path(mock.ready["ca_file"]).is_file()


def test_without_tls_there_is_no_authority() -> None:
    with serving("--port", "0") as mock:
        assert mock.ready["listen"][0]["tls"] == "none"
        assert "ca_file" not in mock.ready
        with greeted(mock) as client:
            assert client.ask(b"STLS") == b"-ERR TLS is not offered\r\n"


@pytest.mark.parametrize("index", [0, 1, 2])
def test_every_listener_serves(index: int, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    options = ("--port", "0", "--listen", "tcp://[::1]:0", "--listen", f"unix:{path}")
    with serving(*options) as mock, greeted(mock, index) as client:
        client.login()
        assert client.ask(b"STAT") == b"+OK 3 287\r\n"
        assert client.ask(b"QUIT") == b"+OK bye\r\n"
        assert client.rest() == b""


def test_the_listeners_share_one_maildrop() -> None:
    with serving("--port", "0", "--tls-port", "0") as mock:
        with greeted(mock) as plain, connect(mock, 1) as raw:
            plain.login()
            with start_tls(raw, mock) as secret:
                assert secret.line().startswith(b"+OK")
                assert secret.ask(b"USER user") == b"+OK send PASS\r\n"
                assert secret.ask(b"PASS secret pass").startswith(b"-ERR [IN-USE]")


def test_a_port_in_use_is_a_clear_failure() -> None:
    with serving("--port", "0") as mock:
        ran = run("--port", str(mock.port()))
        assert ran.returncode == 3
        assert ran.stdout == b""
        text = f"popquiz-mock: tcp://127.0.0.1:{mock.port()} is in use: end the program that holds"
        assert ran.stderr.decode().startswith(text)
        assert ran.stderr.count(b"\n") == 1


def test_a_unix_socket_is_removed_or_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    address = ("--listen", f"unix:{path}")
    with serving(*address) as mock:
        assert path.is_socket()
        assert b"is in use" in run(*address).stderr
        assert path.is_socket(), "a program that cannot listen leaves the other's file alone"
        assert mock.end() == 0
        assert not path.exists()
    with serving(*address) as killed:
        killed.end(signal.SIGKILL)
        assert path.is_socket()
        with serving(*address) as mock, greeted(mock) as client:
            assert client.ask(b"QUIT") == b"+OK bye\r\n"


def test_one_connection_too_many_is_closed_at_once() -> None:
    with serving("--port", "0", "--connections", "2") as mock:
        with greeted(mock) as first, greeted(mock) as second:
            with connect(mock) as third:
                assert third.rest() == b""
            assert first.ask(b"QUIT") == b"+OK bye\r\n"
            assert first.rest() == b""
            first.sock.close()
            assert second.ask(b"NOOP x").startswith(b"-ERR")
            with connect(mock) as third:
                assert third.line().startswith(b"+OK"), "a place has become free"


# ---- the end of a connection ----


def test_a_half_closed_client_gets_every_answer() -> None:
    with serving("--port", "0") as mock, greeted(mock) as client:
        client.send(b"USER user\r\nPASS secret pass\r\n" + b"RETR 2\r\n" * 2000 + b"DELE 1\r\n")
        client.sock.shutdown(socket.SHUT_WR)
        octets = client.rest()
        assert octets.count(b"+OK message follows\r\n") == 2000
        assert octets.endswith(b"+OK message marked as deleted\r\n")
        with greeted(mock) as again:
            again.login()
            assert again.ask(b"STAT") == b"+OK 3 287\r\n", "without QUIT nothing is removed"


def test_a_client_that_closes_at_once_is_obeyed() -> None:
    with serving("--port", "0", *CLOCK) as mock:
        with greeted(mock) as client:
            client.send(b"USER user\r\nPASS secret pass\r\nDELE 1\r\nQUIT\r\n")
        until = time.monotonic() + PATIENCE_S
        while len(mock.control(peek="user")["messages"]) != 2:
            assert time.monotonic() < until


@pytest.mark.parametrize("late", [b"NOOP\r\n", b"x" * 1000000])
def test_the_answer_to_quit_survives_what_comes_later(late: bytes) -> None:
    """Closed with octets unread, the kernel would answer with RST and throw the answer away."""
    with serving("--port", "0") as mock:
        for _ in range(20):
            with greeted(mock) as client:
                client.send(b"QUIT\r\n" + late)
                time.sleep(0.002)
                assert client.rest() == b"+OK bye\r\n"


def login_when_free(mock: Mock) -> None:
    """The server learns of a reset a moment later than the client that sent it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with greeted(mock) as client:
            client.ask(b"USER user")
            answer = client.ask(b"PASS secret pass")
            if answer == b"+OK maildrop has 3 messages (287 octets)\r\n":
                return
            assert answer.startswith(b"-ERR [IN-USE]")
    raise AssertionError("the maildrop stays locked")


def test_a_reset_releases_the_maildrop_and_removes_nothing() -> None:
    with serving("--port", "0") as mock:
        for _ in range(20):
            client = greeted(mock)
            client.login()
            assert client.ask(b"DELE 1").startswith(b"+OK")
            reset(client)
            login_when_free(mock)


# ---- time ----


def test_autologout_by_the_manual_clock() -> None:
    with serving("--port", "0", *CLOCK) as mock, greeted(mock) as client:
        client.login()
        assert client.ask(b"DELE 1").startswith(b"+OK")
        assert mock.control(advance_ms=599_999) == {"now_ms": 599_999}
        assert client.ask(b"NOOP") == b"+OK\r\n"
        assert mock.control(advance_ms=599_999) == {"now_ms": 1_199_998}
        assert client.ask(b"XYZZ").startswith(b"-ERR")
        mock.control(advance_ms=600_000)
        assert client.rest() == b"", "closed without an answer (RFC 1939 section 3)"
        assert len(mock.control(peek="user")["messages"]) == 3
        with greeted(mock) as again:
            again.login()


def test_time_has_passed_when_the_control_channel_answers() -> None:
    with serving("--port", "0", *CLOCK) as mock:
        for _ in range(5):
            with greeted(mock) as idle, greeted(mock) as other:
                idle.login()
                assert other.ask(b"USER user").startswith(b"+OK")
                mock.control(advance_ms=599_999)
                assert other.ask(b"PASS secret pass").startswith(b"-ERR [IN-USE]")
                assert other.ask(b"USER user").startswith(b"+OK")
                mock.control(advance_ms=1)
                assert other.ask(b"PASS secret pass").startswith(b"+OK")


def test_the_clock_stands_still() -> None:
    with serving("--port", "0", "--autologout", "1", *CLOCK) as mock, greeted(mock) as client:
        time.sleep(1.5)
        assert client.ask(b"NOOP x").startswith(b"-ERR there are more")
        mock.control(advance_ms=1000)
        assert client.rest() == b""


def test_autologout_by_the_real_clock() -> None:
    with serving("--port", "0", "--autologout", "1", "--control") as mock:
        began = time.monotonic()
        with greeted(mock) as client:
            assert client.rest() == b""
        assert 0.9 <= time.monotonic() - began < 5
        answer = mock.control(advance_ms=1)
        assert answer == {"error": "the clock is real: start with --clock MS"}


@pytest.mark.parametrize("implicit", [False, True])
def test_a_handshake_has_a_deadline(implicit: bool) -> None:
    options = ("--tls-port", "0") if implicit else ("--port", "0", "--tls")
    with serving(*options, *CLOCK) as mock, connect(mock) as client:
        if not implicit:
            assert client.line().startswith(b"+OK")
            assert client.ask(b"STLS") == b"+OK begin TLS\r\n"
        client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        mock.control(advance_ms=59_999)
        client.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        mock.control(advance_ms=1)
        client.sock.settimeout(PATIENCE_S)
        assert client.rest() == b""


# ---- the control channel ----


def test_deliver_peek_and_reset() -> None:
    with serving("--port", "0", "--control") as mock:
        before = mock.control(peek="user")["messages"]
        mail = base64.b64encode(b"Subject: new\n\nx\n").decode()
        assert mock.control(deliver="user", base64=mail) == {"ok": True}
        after = mock.control(peek="user")["messages"]
        assert after[:3] == before
        assert base64.b64decode(after[3]["base64"]) == b"Subject: new\r\n\r\nx\r\n"
        with greeted(mock) as client:
            client.login()
            assert client.ask(b"UIDL 4") == f"+OK 4 {after[3]['uid']}\r\n".encode()
            client.ask(b"DELE 2")
            client.ask(b"QUIT")
        assert [m["uid"] for m in mock.control(peek="user")["messages"]] == [
            after[i]["uid"] for i in (0, 2, 3)
        ]
        assert mock.control(reset=True) == {"ok": True}
        assert mock.control(peek="user")["messages"] == before


def test_a_large_delivery_arrives_whole() -> None:
    content = os.urandom(1 << 20).replace(b"\r", b"x").replace(b"\n", b"y") + b"\r\n"
    with serving("--port", "0", "--control") as mock:
        text = base64.b64encode(content).decode()
        assert mock.control(deliver="user", base64=text) == {"ok": True}
        [*_, last] = mock.control(peek="user")["messages"]
        assert base64.b64decode(last["base64"]) == content


def test_bad_lines_are_answered_and_harmless() -> None:
    with serving("--port", "0", "--control") as mock:
        mock.write(b'\n{"reset"\n{"reset":true}{}\n[]\n{"peek":"x"}\n{"reset":true}\n')
        answers = [mock.read_line() for _ in range(6)]
        assert [b"error" in answer for answer in answers] == [True] * 5 + [False]


def test_a_line_above_the_limit_ends_the_server() -> None:
    complaint = b"popquiz-mock: --control: a line is longer than 16 MiB\n"
    with serving("--port", "0", "--control", complaint=complaint) as mock:
        mock.write(b" " * ((16 << 20) - 16) + b'{"reset":true}\n')
        assert mock.read_line() == b'{"ok":true}'
        with pytest.raises(BrokenPipeError):
            mock.write(b" " * (18 << 20))
        assert mock.process.wait(PATIENCE_S) == 3


@pytest.mark.parametrize("how", ["quit", "eof"])
def test_the_control_channel_ends_the_server(how: str) -> None:
    with serving("--port", "0", "--control") as mock:
        assert mock.process.stdin
        if how == "quit":
            mock.write(b'{"quit":true}\n{"reset":true}\n')
        else:
            mock.process.stdin.close()
        assert mock.process.wait(PATIENCE_S) == 0
        assert mock.read_line() == b""


# ---- the end of the server ----


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(number: int, tmp_path: Path) -> None:
    socket_file = tmp_path / "socket"
    options = ("--port", "0", "--tls", "--listen", f"unix:{socket_file}")
    with serving(*options, env={**os.environ, "TMPDIR": str(tmp_path)}) as mock:
        [folder] = tmp_path.glob("popquiz-mock-*")
        assert Path(mock.ready["ca_file"]).parent == folder
        assert oct(folder.stat().st_mode & 0o777) == "0o700"
        with greeted(mock) as client, greeted(mock, 1) as other:
            client.login()
            other.send(b"USER user\r\n")
            assert mock.end(number) == 0
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("delay_ms", range(0, 60, 4))
def test_signals_at_any_time_leave_nothing_behind(delay_ms: int, tmp_path: Path) -> None:
    """Certificates are being made when some of these arrive."""
    process = subprocess.Popen(
        [program(), "--port", "0", "--tls"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
    )
    time.sleep(delay_ms / 1000)
    process.terminate()
    # Killed by the signal only before main() could hold it back.
    assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM)
    assert list(tmp_path.iterdir()) == []


def test_a_given_folder_for_certificates_stays(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    with serving("--port", "0", "--tls-folder", str(folder)) as mock:
        assert mock.end() == 0
        assert sorted(path.name for path in folder.iterdir()) == [
            *("ca.key", "ca.pem", "other.key", "other.pem", "server.key", "server.pem")
        ]
        assert all(path.stat().st_mode & 0o77 == 0 for path in folder.glob("*.key"))


# ---- the same again ----

SCRIPT = (
    b"CAPA\r\nAUTH CRAM-MD5\r\n*\r\nAUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj\r\n*\r\n"
    b"USER user\r\nPASS secret pass\r\nUIDL\r\nLIST\r\nRETR 2\r\nTOP 3 1\r\nQUIT\r\n"
)


def conversation(tmp_path: Path, name: str, seed: int) -> tuple[bytes, bytes]:
    """What the server sends, and what it writes down, about two sessions."""
    file = tmp_path / name
    options = ("--port", "0", "--seed", str(seed), "--transcript", str(file), *CLOCK)
    octets = b""
    with serving(*options, "--fault", "retr-no-dot-stuffing") as mock:
        for _ in range(2):
            with connect(mock) as client:
                client.send(SCRIPT)
                octets += client.rest()
            mock.control(advance_ms=1234)
    return octets, file.read_bytes()


def test_the_same_seed_clock_and_input_give_the_same_octets(tmp_path: Path) -> None:
    first = conversation(tmp_path, "1", seed=7)
    assert conversation(tmp_path, "2", seed=7) == first
    other = conversation(tmp_path, "3", seed=8)
    assert other[0] != first[0], "the seed chooses timestamps and nonces"
    assert len(other[0]) > 1000


# ---- transcripts ----


def test_a_full_disk_is_told_at_the_end() -> None:
    complaint = b"popquiz-mock: /dev/full: not everything could be written\n"
    with serving("--port", "0", "--transcript", "/dev/full", complaint=complaint) as mock:
        with greeted(mock) as client:
            assert client.ask(b"QUIT") == b"+OK bye\r\n"
        assert mock.end() == 3


def test_a_transcript_is_private_and_holds_no_password(tmp_path: Path) -> None:
    file = tmp_path / "transcript"
    with serving("--port", "0", "--tls", "--transcript", str(file)) as mock:
        with greeted(mock) as client:
            assert client.ask(b"AUTH PLAIN AHVzZXIAc2VjcmV0IHBhc3M=").startswith(b"+OK")
        with greeted(mock) as client:
            assert client.ask(b"STLS").startswith(b"+OK")
            with start_tls(client, mock) as secret:
                secret.login()
                secret.ask(b"QUIT")
    text = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"PASS ****" in text
    assert b'"tls":true' in text
    assert b"secret" not in text
    assert b"c2VjcmV0" not in text


def test_a_maildir_is_served_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "cur/2:2,S").write_bytes(b"second\n")
    (tmp_path / "cur/1:2,").write_bytes(b"first\n")
    (tmp_path / "new/0").write_bytes(b"third\n")
    with serving("--port", "0", "--maildrop", str(tmp_path)) as mock, greeted(mock) as client:
        client.login()
        bodies = []
        for number in (1, 2, 3):
            assert client.ask(b"RETR %d" % number).startswith(b"+OK")
            bodies.append(b"".join(client.body()))
        assert bodies == [b"first\r\n", b"second\r\n", b"third\r\n"]
    shutil.rmtree(tmp_path / "cur")
