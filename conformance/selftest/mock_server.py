# SPDX-License-Identifier: Apache-2.0
"""popquiz-mock as a child process, and a client that only knows lines, for the tests of both."""

import json
import os
import select
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0

USER = b"user"
PASSWORD = b"secret pass"
# The default mail of the mock server: three messages.
GREETING = b"+OK POP3 server ready "


def program() -> str:
    """The program under test: from the folder POPQUIZ_BIN, else from the release build."""
    folder = Path(os.environ.get("POPQUIZ_BIN") or ROOT / "build/release/bin")
    path = folder / "popquiz-mock"
    assert path.exists(), f"{path} is missing: build it (cmake --workflow --preset release)"
    return str(path)


def run(*options: str, stdin: bytes | int = b"", **more: Any) -> subprocess.CompletedProcess[bytes]:
    """Runs the program to its end; `stdin` is what it reads, or a descriptor."""
    source = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    more.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [program(), *options],
        stderr=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=False,
        **source,
        **more,
    )


class Mock:
    """A server that is ready; the first line that it wrote is in `ready`."""

    def __init__(self, options: Sequence[str], **more: Any) -> None:
        self.process = subprocess.Popen(
            [program(), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **more,
        )
        self.kept = b""
        line = self.read_line()
        if not line:
            self.process.wait(PATIENCE_S)
            raise AssertionError(f"not ready: {self.errors().decode()}")
        self.ready: dict[str, Any] = json.loads(line)

    def read_line(self) -> bytes:
        """The next line of standard output; empty at its end."""
        assert self.process.stdout
        until = time.monotonic() + PATIENCE_S
        while b"\n" not in self.kept:
            left = until - time.monotonic()
            assert select.select([self.process.stdout], [], [], max(left, 0))[0], "no line"
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                return b""
            self.kept += part
        line, self.kept = self.kept.split(b"\n", 1)
        return line

    def write(self, octets: bytes) -> None:
        """Writes all of it to standard input."""
        assert self.process.stdin
        rest = memoryview(octets)
        while rest:
            rest = rest[self.process.stdin.write(rest) :]

    def control(self, **command: Any) -> dict[str, Any]:
        """Sends a line over the control channel; its answer."""
        self.write(json.dumps(command).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self.read_line())
        return answer

    def address(self, index: int = 0) -> str:
        address: str = self.ready["listen"][index]["address"]
        return address

    def port(self, index: int = 0) -> int:
        return int(self.address(index).rsplit(":", 1)[1])

    def rss_kib(self) -> int:
        """What the process holds of the machine's memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def errors(self) -> bytes:
        """All of standard error, once the process has ended."""
        assert self.process.stderr
        octets: bytes = self.process.stderr.read()
        return octets

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ends it by a signal; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


@contextmanager
def serving(*options: str, complaint: bytes = b"", **more: Any) -> Iterator[Mock]:
    """A server for the time of a block, which has to end with exactly that complaint."""
    mock = Mock(options, **more)
    try:
        yield mock
        if mock.process.poll() is None:
            assert mock.end() == 0
        errors = mock.errors()
        assert errors == complaint, errors
    finally:
        mock.close()


class Client:
    """Octets and lines over a connected socket; every wait ends after PATIENCE_S."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(PATIENCE_S)
        self.kept = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sock.close()

    def send(self, octets: bytes) -> None:
        self.sock.sendall(octets)

    def line(self) -> bytes:
        """The next line with its end; what there is of it at the end of the stream."""
        while b"\n" not in self.kept:
            part = self.sock.recv(65536)
            if not part:
                break
            self.kept += part
        line, lf, self.kept = self.kept.partition(b"\n")
        return line + lf

    def ask(self, command: bytes) -> bytes:
        """One command and the first line of its answer."""
        self.send(command + b"\r\n")
        return self.line()

    def body(self) -> list[bytes]:
        """The lines of a multi-line answer up to the terminator, without it; still stuffed."""
        lines = []
        while (line := self.line()) != b".\r\n":
            assert line, "the stream ended in a body"
            lines.append(line)
        return lines

    def rest(self) -> bytes:
        """Everything up to the end of the stream."""
        octets = [self.kept]
        while part := self.sock.recv(65536):
            octets.append(part)
        self.kept = b""
        return b"".join(octets)

    def login(self) -> None:
        assert self.ask(b"USER " + USER) == b"+OK send PASS\r\n"
        assert self.ask(b"PASS " + PASSWORD).startswith(b"+OK ")


def connect(mock: Mock, index: int = 0) -> Client:
    """A client of one of the server's addresses, its greeting not yet read."""
    kind, _, place = mock.address(index).partition("://" if "//" in mock.address(index) else ":")
    if kind == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(PATIENCE_S)
        sock.connect(place)
        return Client(sock)
    host, _, port = place.rpartition(":")
    return Client(socket.create_connection((host.strip("[]"), int(port)), PATIENCE_S))


def greeted(mock: Mock, index: int = 0) -> Client:
    client = connect(mock, index)
    assert client.line().startswith(GREETING)
    return client


def tls_context(mock: Mock) -> ssl.SSLContext:
    """Trusts the server's own authority and nobody else."""
    return ssl.create_default_context(cafile=mock.ready["ca_file"])


def start_tls(client: Client, mock: Mock) -> Client:
    """The same connection inside TLS."""
    sock = tls_context(mock).wrap_socket(client.sock, server_hostname="localhost")
    return Client(sock)
