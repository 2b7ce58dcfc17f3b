# SPDX-License-Identifier: Apache-2.0
"""What popquiz-mock costs when a client is hostile: bounded memory, and the others are served."""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from mock_server import PATIENCE_S, Mock, connect, greeted, serving

# Far above what a connection needs, far below what it could be made to need without limits.
ALLOWED_KIB = 24 * 1024


def send_until_blocked(sock: socket.socket, octets: bytes, most: int) -> int:
    """Sends again and again without reading, until the peer takes nothing for half a second."""
    sock.settimeout(0.5)
    sent = 0
    with suppress(TimeoutError, ConnectionError):
        while sent < most:
            sent += sock.send(octets)
    sock.settimeout(PATIENCE_S)
    return sent


def check_others(mock: Mock) -> None:
    """Somebody else logs in and is answered at once."""
    began = time.monotonic()
    with greeted(mock) as client:
        client.login()
        assert client.ask(b"QUIT") == b"+OK bye\r\n"
    assert time.monotonic() - began < 5


def test_a_line_without_end() -> None:
    with serving("--port", "0") as mock, greeted(mock) as client:
        before = mock.rss_kib()
        send_until_blocked(client.sock, b"a" * 65536, 1 << 26)
        assert mock.rss_kib() - before < ALLOWED_KIB
        assert client.rest() == b""
        check_others(mock)


def test_many_commands_and_no_reading() -> None:
    """Answers fill the socket, the server stops reading, and later every command is answered."""
    count = 100_000
    with serving("--port", "0") as mock, greeted(mock) as client:
        client.login()
        before = mock.rss_kib()
        sender = threading.Thread(target=client.send, args=(b"UIDL\r\n" * count,))
        sender.start()
        sender.join(0.5)  # the kernel may hold all of it, or may not
        assert mock.rss_kib() - before < ALLOWED_KIB
        with greeted(mock) as other:
            assert other.ask(b"NOOP x").startswith(b"-ERR there are more")
        for _ in range(count):
            assert client.line() == b"+OK unique-id listing follows\r\n"
            assert len(client.body()) == 3
        sender.join(PATIENCE_S)
        assert mock.rss_kib() - before < ALLOWED_KIB


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x40\x00" + b"\x01\x00\x3f\xfc" + b"\0" * 65536,
        b"\x16\x03\x01\x40\x00" * 4096,
        b"\x17\x03\x03\x40\x00" + b"\xff" * 65536,
        b"GET / HTTP/1.0\r\n\r\n" * 1000,
        bytes(range(256)) * 64,
    ],
    ids=["long hello", "headers", "data", "http", "all octets"],
)
def test_garbage_in_place_of_tls(octets: bytes) -> None:
    with serving("--tls-port", "0", "--port", "0") as mock:
        check_others_on(mock, 1)
        before = mock.rss_kib()
        for _ in range(20):
            send_garbage(mock, octets)
        assert mock.rss_kib() - before < ALLOWED_KIB
        check_others_on(mock, 1)


def send_garbage(mock: Mock, octets: bytes) -> None:
    with connect(mock, 0) as client, suppress(ConnectionResetError):
        send_until_blocked(client.sock, octets, 1 << 20)
        assert len(client.rest()) <= 7, "at most an alert"


def check_others_on(mock: Mock, index: int) -> None:
    with greeted(mock, index) as client:
        assert client.ask(b"QUIT") == b"+OK bye\r\n"


def test_slow_handshakes() -> None:
    """Fifty clients, each of which sends one octet of its ClientHello at a time."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100
    with serving("--tls-port", "0", "--port", "0") as mock:
        before = mock.rss_kib()
        clients = [connect(mock, 0) for _ in range(50)]
        for octet in hello:
            for client in clients:
                client.send(bytes([octet]))
        assert mock.rss_kib() - before < ALLOWED_KIB
        check_others_on(mock, 1)
        for client in clients:
            client.sock.close()


def test_a_fast_reader_of_much_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """A reader that throws octets away is as fast as the server: its socket is never full."""
    (tmp_path / "1.eml").write_bytes((b"b" * 98 + b"\n") * 300_000)
    users = tmp_path / "users"
    users.write_text("user\tsecret pass\nbig\tsecret pass\t.\n")
    with serving("--port", "0", "--users", str(users)) as mock, greeted(mock) as client:
        assert client.ask(b"USER big").startswith(b"+OK")
        assert client.ask(b"PASS secret pass").startswith(b"+OK")
        before = mock.rss_kib()

        def discard() -> None:
            unwanted = bytearray(1 << 20)
            with suppress(ConnectionResetError):
                while client.sock.recv_into(unwanted, len(unwanted), socket.MSG_TRUNC):
                    pass

        reader = threading.Thread(target=discard)
        reader.start()
        client.send(b"RETR 1\r\n" * 100 + b"QUIT\r\n")
        for _ in range(5):
            check_others(mock)
        assert reader.is_alive(), "the others were served before 3 GB had passed"
        assert mock.rss_kib() - before < ALLOWED_KIB
        client.sock.shutdown(socket.SHUT_RDWR)
        reader.join(PATIENCE_S)
