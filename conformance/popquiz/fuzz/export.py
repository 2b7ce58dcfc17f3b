# SPDX-License-Identifier: Apache-2.0
"""`popquiz replay --export`: an input for people who do not have popquiz, as a file of pytest that
needs nothing but Python, or as a script for netcat."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from popquiz.errors import UsageError
from popquiz.fuzz import shrink

KINDS = ("pytest", "nc")
ESCAPE = 0xFF
# What a record of a wire case means to a player (FORMAT.md, "Wire case").
BREAKS = b"|W"

PYTEST = '''\
"""{title}

HOST and PORT name the server: PORT=1110 pytest {name}
It fails when the server does not greet any more behind the input.
"""

import base64
import os
import socket
import time

ADDRESS = (os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"]))
# Each is a write, after which the server's answer is waited for.
WRITES = [
{writes}
]
ANSWER_S = 2.0


def answer(wire):
    """What comes until the server has been silent for a moment."""
    said = b""
    wire.settimeout(ANSWER_S)
    try:
        while octets := wire.recv(65536):
            said += octets
            wire.settimeout(0.1)
    except (TimeoutError, ConnectionError):
        pass
    return said


def test_the_server_survives():
    with socket.create_connection(ADDRESS, timeout=ANSWER_S) as wire:
        print(answer(wire))
        for octets in WRITES:
            try:
                wire.sendall(base64.b64decode(octets))
            except ConnectionError:
                break
            print(answer(wire))
    time.sleep(0.2)
    with socket.create_connection(ADDRESS, timeout=ANSWER_S) as wire:
        assert answer(wire).startswith(b"+OK"), "the server does not greet any more"
'''

NC = """\
#!/bin/sh
# {title}
# usage: {name} HOST PORT
# It ends with 1 when the server does not greet any more behind the input.
part() {{ printf %s "$1" | base64 -d; sleep 0.3; }}
{{
sleep 0.3
{writes}
}} | nc -w 3 "$1" "$2"
sleep 0.2
printf 'QUIT\\r\\n' | nc -w 3 "$1" "$2" | grep -q '^+OK' || {{ echo "the server is gone"; exit 1; }}
"""


@dataclass(frozen=True, slots=True)
class Export:
    kind: str
    name: str  # of the file
    title: str


def _pieces(octets: bytes) -> Iterator[bytes]:
    """Octets of one connection, cut where the wire case says so. Raises UsageError for what needs
    more than one connection, or TLS."""
    at = 0
    piece = bytearray()
    while at < len(octets):
        record = octets[at + 1] if octets[at] == ESCAPE and at + 1 < len(octets) else None
        if record is None or record == ESCAPE:
            piece.append(octets[at])
            at += 1 if record is None else 2
            continue
        if record not in BREAKS and chr(record) in "THRSC1234":
            raise UsageError(
                "--export: the input has several connections, resets or TLS: it needs popquiz"
            )
        if record not in BREAKS:
            piece += octets[at : at + 2]
        else:
            yield bytes(piece)
            piece.clear()
        at += 2
    yield bytes(piece)


def writes(octets: bytes) -> list[bytes]:
    """One for each line, as the bridge plays them."""
    return [line for piece in _pieces(octets) for line in shrink.lines(piece)]


def render(octets: bytes, wanted: Export) -> str:
    """Raises UsageError."""
    encoded = [base64.b64encode(each).decode() for each in writes(octets)]
    title = wanted.title.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")
    if wanted.kind == "pytest":
        lines = "\n".join(f'    "{each}",' for each in encoded)
        return PYTEST.format(title=title, name=wanted.name, writes=lines)
    lines = "\n".join(f"part '{each}'" for each in encoded)
    return NC.format(title=title, name=wanted.name, writes=lines)
