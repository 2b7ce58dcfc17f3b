# SPDX-License-Identifier: Apache-2.0
"""Captures of POP3 read back: pcap or pcapng, by tshark, into the transcript that the referee reads
(`popquiz-referee --help`). TLS is opened by the secrets in the capture or in a key log."""

import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from popquiz.capture import find
from popquiz.errors import UsageError

SIZE_MAX = 64 << 20  # octets of a capture
SESSIONS_MAX = 2000  # connections of one that are looked at
SECONDS_MAX = 300.0
PORTS = (110, 995)
MAGIC = (b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1")
RECORD = b"\x16\x03"  # how a TLS handshake begins
FIELDS = (
    "frame.number",
    "frame.time_epoch",
    "tcp.stream",
    "tcp.srcport",
    "tcp.flags",
    "tcp.seq",  # counted from the SYN
    "tcp.len",
)
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10

Entry = dict[str, Any]


@dataclass(slots=True)
class Session:
    """One TCP connection to a server's port."""

    stream: int
    client: int  # its port
    entries: list[tuple[int, Entry]] = field(default_factory=list)  # by packet
    last: int = sys.maxsize  # the packet behind which the capture is not complete
    tls: int | None = None  # the packet with which TLS begins
    opened: bool = False  # something of what is inside TLS can be read

    def add(self, packet: int, side: str, **more: Any) -> None:
        self.entries.append((packet, {"conn": self.stream, "dir": side, **more}))


@dataclass(frozen=True, slots=True)
class Packet:
    number: int
    seconds: float
    stream: int
    source: int
    flags: int
    seq: int
    length: int


def is_capture(path: Path) -> bool:
    """Whether the file begins like one. Raises UsageError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4) in MAGIC
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def _tshark(path: Path, keylog: Path | None, words: Iterable[str]) -> str:
    command = [find("tshark"), "-n", "-r", str(path.resolve())]
    if keylog:
        command += ["-o", f"tls.keylog_file:{keylog.resolve()}"]
    try:
        ran = subprocess.run(
            [*command, *words], capture_output=True, timeout=SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"{path}: tshark needs more than {SECONDS_MAX:.0f} s") from None
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise UsageError(f"{path}: tshark cannot read it: {said[-1]}")
    return ran.stdout.decode(errors="replace")


def _packets(path: Path) -> list[Packet]:
    words = ["-Y", "tcp", "-T", "fields", "-E", "occurrence=f"]
    for name in FIELDS:
        words += ["-e", name]
    rows = (line.split("\t") for line in _tshark(path, None, words).splitlines())
    return [
        Packet(
            int(row[0]),
            float(row[1]),
            *(int(word, 0) for word in row[2:]),
        )
        for row in rows
        if len(row) == len(FIELDS) and all(row)
    ]


def _sessions(packets: Sequence[Packet], ports: Sequence[int]) -> dict[int, Session]:
    """Those of which the beginning was captured."""
    found: dict[int, Session] = {}
    to = {p.stream: p.source for p in packets if p.flags & SYN and p.flags & ACK}
    for p in packets:
        if p.flags & SYN and not p.flags & ACK and to.get(p.stream) in ports:
            found.setdefault(p.stream, Session(p.stream, p.source))
    return found


def _cut(packets: Sequence[Packet], found: dict[int, Session]) -> None:
    """Finds in each session the last packet before a hole: what answers what is open behind it."""
    ways: dict[tuple[int, int], list[Packet]] = {}
    for p in packets:
        if p.stream in found and not p.flags & RST:
            ways.setdefault((p.stream, p.source), []).append(p)
    for (stream, _), way in ways.items():
        due, last = 0, 0
        for p in sorted(way, key=lambda each: (each.seq, each.number)):
            if p.seq > due:
                found[stream].last = min(found[stream].last, last)
                break
            last = max(last, p.number)
            due = max(due, p.seq + p.length + bool(p.flags & (SYN | FIN)))


def _ends(packets: Sequence[Packet], found: dict[int, Session]) -> None:
    ended = set()
    for p in packets:
        session = found.get(p.stream)
        if session and p.number > session.last and p.stream not in ended:
            ended.add(p.stream)
            session.add(session.last, "S", base64="", left_out=1)
        elif session and p.flags & (FIN | RST) and p.stream not in ended:
            ended.add(p.stream)
            words = "closed" if p.source == session.client else "peer: connection closed"
            session.add(p.number, "*", octets=words)


_PIECE = re.compile(
    r"  - packet: (\d+)\n    peer: \d+\n(?:    index: \d+\n)?    timestamp: [\d.]+\n"
    r"    data: !!binary \|\n((?:      [A-Za-z0-9+/=]+\n)+)"
)


def _pieces(path: Path, keylog: Path | None, kind: str, streams: Iterable[int]) -> dict[int, bytes]:
    """The content of each packet that has some: of TCP in its order, or of TLS."""
    words = ["-q"]
    for stream in streams:
        words += ["-z", f"follow,{kind},yaml,{stream}"]
    said = _tshark(path, keylog, words)
    pieces: dict[int, bytes] = {}
    for match in _PIECE.finditer(said):
        octets = b64decode("".join(match[2].split()))
        pieces[int(match[1])] = pieces.get(int(match[1]), b"") + octets
    return pieces


def _put(session: Session, p: Packet, octets: bytes, tls: bool) -> None:
    side = "C" if p.source == session.client else "S"
    session.add(p.number, side, base64=b64encode(octets).decode(), tls=tls)


def _fill(packets: Sequence[Packet], found: dict[int, Session], raw: dict[int, bytes]) -> None:
    """What was said in the clear; TLS begins with the client's first handshake record."""
    for p in packets:
        session, octets = found.get(p.stream), raw.get(p.number, b"")
        if not session or not octets or session.tls is not None or p.number > session.last:
            continue
        if p.source == session.client and octets.startswith(RECORD):
            session.tls = p.number
        else:
            _put(session, p, octets, False)


def _fill_tls(packets: Sequence[Packet], found: dict[int, Session], seen: dict[int, bytes]) -> None:
    for p in packets:
        session, octets = found.get(p.stream), seen.get(p.number, b"")
        if session and octets and session.tls is not None and p.number <= session.last:
            session.opened = True
            _put(session, p, octets, True)


def _merged(packets: Sequence[Packet], found: dict[int, Session]) -> Iterator[Entry]:
    """All sessions in the order of what happened, each begun by an event."""
    first = packets[0].seconds
    at = {p.number: round((p.seconds - first) * 1000) for p in packets}
    begun = set()
    entries = [(n, entry, s) for s in found.values() for n, entry in s.entries]
    for number, entry, session in sorted(entries, key=lambda each: each[0]):
        if session.stream not in begun:
            begun.add(session.stream)
            words = "connected, TLS first" if entry.get("tls") else "connected"
            yield {"conn": session.stream, "dir": "*", "octets": words, "ms": at[number]}
        yield entry | {"ms": at[number]}


@dataclass(frozen=True, slots=True)
class Dissected:
    lines: list[str]  # JSON, one object each
    sessions: int
    closed: int  # those of which nothing can be judged behind the start of TLS
    cut: int  # those of which packets are missing: judged up to there


def read(path: Path, ports: Sequence[int] = (), keylog: Path | None = None) -> Dissected:
    """The sessions with servers on these ports (without any: PORTS). Raises UsageError."""
    if path.stat().st_size > SIZE_MAX:
        raise UsageError(f"{path}: has more than {SIZE_MAX >> 20} MiB: cut it with editcap")
    packets = _packets(path)
    found = _sessions(packets, ports or PORTS)
    if not found:
        names = " or ".join(str(port) for port in ports or PORTS)
        there = sorted({p.source for p in packets if p.flags & SYN and p.flags & ACK})[:10]
        hint = f"; there are {', '.join(map(str, there))}: --port N" if there else ""
        raise UsageError(f"{path}: no connection to port {names} begins in it{hint}")
    if len(found) > SESSIONS_MAX:
        raise UsageError(f"{path}: has more than {SESSIONS_MAX} sessions: cut it with editcap")
    _cut(packets, found)
    _fill(packets, found, _pieces(path, None, "tcp", found))
    inside = [session.stream for session in found.values() if session.tls is not None]
    if inside:
        _fill_tls(packets, found, _pieces(path, keylog, "tls", inside))
    _ends(packets, found)
    lines = [json.dumps(entry) for entry in _merged(packets, found)]
    cut = sum(session.last < sys.maxsize for session in found.values())
    return Dissected(lines, len(found), sum(not found[stream].opened for stream in inside), cut)
