# SPDX-License-Identifier: Apache-2.0
"""The clock of popquiz-mock, and its control channel."""

import base64
import os
import time

import pytest
from mock_server import PATIENCE_S, connect, greeted, serving

CLOCK = ("--clock", "0", "--control")


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
        assert time.monotonic() - began >= 0.9
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
