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

Capabilities = Mapping[bytes, tuple[bytes, ...]]  # tag and parameters, in upper case


def _unescape(text: str) -> bytes:
    def octet(found: re.Match[bytes]) -> bytes:
        name = found[1]
        return bytes.fromhex(name[1:].decode()) if len(name) == 3 else NAMED.get(name, name)

    return ESCAPE.sub(octet, text.encode())


def _said(record: str) -> Iterator[tuple[str, bytes]]:
    """Who said which line: ">" the client, "<" the server."""
    for line in record.splitlines():
        if found := EVENT.fullmatch(line):
            yield found[1], _unescape(found[3])


@dataclass(frozen=True, slots=True)
class Facts:
    greeting: bytes = b""
    before: Capabilities | None = None  # login; None: no CAPA
    after: Capabilities | None = None
    messages: int = 0
    login: Path | None = None  # the prelude that works
    patience_ms: int = 1000

    @property
    def timestamp(self) -> bool:
        return TIMESTAMP.search(self.greeting) is not None

    def capability(self, tag: str, *parameters: str) -> bool:
        """Whether it is announced before or after login, with all the parameters."""
        wanted = {parameter.upper().encode() for parameter in parameters}
        for capabilities in (self.before, self.after):
            found = (capabilities or {}).get(tag.upper().encode())
            if found is not None and wanted <= set(found):
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
    words = (line.upper().split() for line in lines[1:])
    return {tag: tuple(rest) for tag, *rest in filter(None, words) if tag != b"."}


def learn(record: str) -> Facts:
    """From the events of a golden record of the sanity case."""
    greeting, asked = b"", b""
    replies: list[tuple[bytes, list[bytes]]] = []
    for who, line in _said(record):
        if who == ">":
            asked = line.strip().upper()
            replies.append((asked, []))
        elif replies:
            replies[-1][1].append(line)
        else:
            greeting = greeting or line
    capa = [_capabilities(reply) for asked, reply in replies if asked == b"CAPA"]
    stat = [reply[0] for asked, reply in replies if asked == b"STAT" and reply]
    count = STAT.match(stat[-1]) if stat else None
    return Facts(
        greeting=greeting,
        before=capa[0] if capa else None,
        after=capa[1] if len(capa) > 1 else None,
        messages=int(count[1]) if count else 0,
    )
