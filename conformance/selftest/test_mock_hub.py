# SPDX-License-Identifier: Apache-2.0
"""popquiz-mock over sockets: listeners, and how connections and the server end."""

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
