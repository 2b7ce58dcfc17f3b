# SPDX-License-Identifier: Apache-2.0
"""A POP3 server on a port of its own for TLS that has every weakness the library still allows, to
see the cases about TLS fail where they should."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NO_EXTENDED_MASTER_SECRET = 1  # SSL_OP_NO_EXTENDED_MASTER_SECRET, which ssl has no name for
REPLIES = {
    b"CAPA": b"+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n",
    b"USER": b"+OK\r\n",
    b"PASS": b"+OK\r\n",
    b"STAT": b"+OK 0 0\r\n",
    b"LIST": b"+OK\r\n.\r\n",
    b"UIDL": b"+OK\r\n.\r\n",
    b"NOOP": b"+OK\r\n",
    b"QUIT": b"+OK\r\n",
}


def _certificate(folder: Path) -> tuple[Path, Path]:
    """RSA with 1024 bits, signed with SHA-1, for a name that is not the host's."""
    cert, key = folder / "weak.pem", folder / "weak.key"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-sha1", "-days", "2"]
    names = ["-subj", "/CN=weak", "-addext", "subjectAltName=DNS:weak.popquiz.invalid"]
    where = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run([*words, *names, *where], check=True, capture_output=True, timeout=60)
    return cert, key


def _context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("eNULL:AES128-SHA:AES128-GCM-SHA256:ECDHE+AES@SECLEVEL=0")
    context.options |= NO_EXTENDED_MASTER_SECRET | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    cert, key = _certificate(folder)
    context.load_cert_chain(cert, key)
    context.load_verify_locations(cert)
    context.verify_mode = ssl.CERT_OPTIONAL  # it asks for a certificate
    return context


def _answer(inside: ssl.SSLSocket) -> None:
    inside.sendall(b"+OK weak\r\n")
    with inside.makefile("rb") as lines:
        for line in lines:
            word = (line.split() or [b""])[0].upper()
            inside.sendall(REPLIES.get(word, b"-ERR\r\n"))
            if word == b"QUIT":
                return  # ssl sends no close_notify of itself


def _session(sock: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError), sock, context.wrap_socket(sock, server_side=True) as inside:
        _answer(inside)


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            sock, _ = listener.accept()
            sock.settimeout(10)
            threading.Thread(target=_session, args=(sock, context), daemon=True).start()


@contextmanager
def weak_server(folder: Path) -> Iterator[int]:
    """Serves while the block runs; gives the port."""
    context = _context(folder)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, context), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
