# SPDX-License-Identifier: Apache-2.0
"""What a target can do, learned from the record of its sanity case. Octets stay octets: they are
compared, never decoded."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

EVENT = re.compile(r'([<>]) (\d+) "(.*)"')
ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
NAMED = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"s": b" "}
TIMESTAMP = re.compile(rb"<[^<>@ ]+@[^<>@ ]+>")  # RFC 1939 section 7, APOP
STAT = re.compile(rb"\+OK (\d{1,18})(?: |\r)")

Capabilities = Mapping[bytes, tuple[bytes, ...]]  # tag in upper case, and parameters as sent


def _unescape(text: str) -> bytes:
    def octet(found: re.Match[bytes]) -> bytes:
        name = found[1]
        return bytes.fromhex(name[1:].decode()) if len(name) == 3 else NAMED.get(name, name)

    return ESCAPE.sub(octet, text.encode())


def _said(record: str) -> Iterator[tuple[str, bytes]]:
    """Who said which line: ">" the client, "<" the server, "" nobody: a connection begins."""
    for line in record.splitlines():
        if found := EVENT.fullmatch(line):
            yield found[1], _unescape(found[3])
        elif line.startswith("connect "):
            yield "", b""


@dataclass(frozen=True, slots=True)
class Facts:
    greeting: bytes = b""
    before: Capabilities | None = None  # login; None: no CAPA
    after: Capabilities | None = None
    messages: int = 0
    login: Path | None = None  # the prelude that works
    patience_ms: int = 1000
    wrong_logins: int = 0  # that it took to find the prelude

    @property
    def timestamp(self) -> bool:
        return TIMESTAMP.search(self.greeting) is not None

    def capability(self, tag: str, *parameters: str) -> bool:
        """Whether it is announced before or after login, with all the parameters."""
        wanted = {parameter.upper().encode() for parameter in parameters}
        for capabilities in (self.before, self.after):
            found = (capabilities or {}).get(tag.upper().encode())
            if found is not None and wanted <= {word.upper() for word in found}:
                return True
        return False

    def offers(self, way: str) -> bool:
        """Whether one can log in so, as far as the target says: "user", "apop", or a mechanism."""
        match way.lower():
            case "user":
                return self.before is None or self.capability("USER")
            case "apop":
                return self.timestamp
        return self.capability("SASL", way)


def _capabilities(lines: list[bytes]) -> Capabilities | None:
    """A reply to CAPA, status and terminator included."""
    if not lines or not lines[0].startswith(b"+OK"):
        return None
    words = (line.split() for line in lines[1:])
    return {tag.upper(): tuple(rest) for tag, *rest in filter(None, words) if tag != b"."}


def _replies(record: str) -> Iterator[tuple[bytes, list[bytes]]]:
    """Each thing that the client said, in upper case, and the lines that came then; b"" for the
    start of a connection."""
    asked, lines = b"", list[bytes]()
    for who, line in _said(record):
        if who == "<":
            lines.append(line)
            continue
        yield asked, lines
        asked, lines = line.strip().upper(), []
    yield asked, lines


def learn(record: str) -> Facts:
    """From the events of a golden record of the sanity case."""
    replies = [(asked, lines) for asked, lines in _replies(record) if lines]
    greetings = [lines[0] for asked, lines in replies if asked == b""]
    capa = [_capabilities(lines) for asked, lines in replies if asked == b"CAPA"]
    stat = [STAT.match(lines[0]) for asked, lines in replies if asked == b"STAT"]
    count = stat[-1] if stat else None
    return Facts(
        greeting=greetings[0] if greetings else b"",
        before=capa[0] if capa else None,
        after=capa[1] if len(capa) > 1 else None,
        messages=int(count[1]) if count else 0,
    )
