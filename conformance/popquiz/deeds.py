# SPDX-License-Identifier: Apache-2.0
"""What a case may do to a server at most, read from the text of its dialogue: it must be known
before anything is sent to a server that is not ours.

Steps in branches count as if all of them were taken.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SENT = re.compile(r"^[ \t]*C\d?\S (.*)$", re.MULTILINE)  # the payload of a client's step
LABELLED = re.compile(r'([\w-]+):"((?:[^"\\]|\\.)*)"')  # a value of a matrix, behind its name
ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|.)")
DEL = re.compile(r"d\W*e\W*l", re.IGNORECASE)  # also cut, shortened or mixed with others
RETR = re.compile(r"\bRETR\b", re.IGNORECASE)
PASSWORD = re.compile(r"\bpw\b")
LOGIN = re.compile(r"\b(?:PASS|APOP|AUTH)\b", re.IGNORECASE)
CONNECT = re.compile(r"^[ \t]*@(?:connect|login)\b", re.MULTILINE)

TO_TLS = re.compile(r"^[ \t]*@connect\b.*\bready\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Deeds:
    reads: bool = False  # it says RETR
    marks: bool = False  # it says DELE, or what a broken server may take for that
    password: bool = False  # it uses the password itself, not only the prelude does
    logins: int = 1  # tries to log in that may fail
    connects: int = 1
    to_tls: bool = False  # it connects to where a handshake is next, by STLS if need be


@cache
def _parts(file: Path) -> tuple[str, str]:
    """The header and the rest. Raises OSError when the dialogue is gone."""
    head, _, body = file.read_text(encoding="utf-8", errors="replace").partition("\n---\n")
    return head, body


def read(file: Path, name: str, row: Mapping[str, str], state: str | None) -> Deeds:
    """What a row of the dialogue of that name does that finds connection 1 in `state`; None: it
    connects itself. Raises OSError."""
    head, body = _parts(file)
    names = set(row.values())  # or the values, where they have no names
    values = [value for label, value in LABELLED.findall(head) if label in names]
    sent = ESCAPE.sub(" ", "\n".join((*SENT.findall(body), *names, *values)))
    return Deeds(
        reads=RETR.search(sent) is not None,
        # Some cases write it with octets that are nearly its letters; their names tell.
        marks=DEL.search(sent) is not None or "dele" in name,
        password=PASSWORD.search(sent) is not None,
        logins=max(len(LOGIN.findall(sent)), 1),
        connects=max(len(CONNECT.findall(body)) + (state is not None), 1),
        to_tls=TO_TLS.search(body) is not None,
    )
