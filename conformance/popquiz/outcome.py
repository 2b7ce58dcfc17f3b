# SPDX-License-Identifier: Apache-2.0
"""What the player says about a run: the `case` message of player protocol 1 (PROTOCOL.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SILENCE = "no answer:"  # begins the event behind which the player gave up waiting
# An octet of a transcript as it is written there.
SHOWN_OCTET = re.compile(r"\\x[0-9A-Fa-f]{2}|\\.|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was said, or an event in words; secrets are masked."""

    conn: int
    dir: str  # C: the client said it, S: the server, *: an event
    ms: int  # since the start of the run
    tls: bool
    octets: str  # escaped as in a dialogue
    left_out: int = 0  # octets behind them that are not shown

    @property
    def size(self) -> int:
        return len(SHOWN_OCTET.findall(self.octets)) + self.left_out


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding of the referee: src/referee/README.md has the rules."""

    rule: str
    requirement: str
    conn: int
    dir: str
    offset: int  # of the excerpt among all octets of that side
    ms: int
    verb: str
    state: str
    follows: bool  # perhaps only the echo of another one
    excerpt: str  # escaped as in a dialogue
    why: str

    def __str__(self) -> str:
        echo = ", after another" if self.follows else ""
        place = f"connection {self.conn}, octet {self.offset}{echo}"
        return f'{self.rule} ({self.requirement}) {place}: {self.why}: "{self.excerpt}"'


@dataclass(frozen=True, slots=True)
class Outcome:
    """Words are the player's own: pass, note, warn, skip, inconclusive, fail, error."""

    outcome: str
    skip: str = ""
    section: str = ""
    line: int = 0
    branch: str = ""
    why: str = ""
    expected: str = ""
    actual: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)  # worst word of each requirement
    barrier: Mapping[str, str] = field(default_factory=dict)  # after an answer that did not come
    late: bool = False  # an answer came when patience had ended
    hang: bool = False  # the target does not serve any more
    peer_gone: bool = False  # the target takes no connection any more
    wrong_logins: int = 0
    connects: int = 1
    slowest_reply_ms: int = 0
    ms: int = 0
    transcript: tuple[Entry, ...] = ()
    gap: tuple[int, int] = (0, 0)  # so many entries are missing before that one
    seen: tuple[Seen, ...] = ()  # by the referee, whatever the case looked at
    golden: str = ""  # the record, when one was asked for

    @property
    def sent(self) -> int:
        """Octets that the client said; masked secrets count as they are shown."""
        return sum(entry.size for entry in self.transcript if entry.dir == "C")

    def after_silence(self, seen: Seen) -> bool:
        """Whether an answer was missing before: what came then may be that of another command."""
        return any(
            e.dir == "*"
            and e.conn == seen.conn
            and e.octets.startswith(SILENCE)
            and e.ms <= seen.ms
            for e in self.transcript
        )

    @property
    def ended_by_peer(self) -> bool:
        """Whether the target ended a connection."""
        return any(e.dir == "*" and e.octets.startswith("peer: ") for e in self.transcript)


def from_message(m: Mapping[str, Any]) -> Outcome:
    """The value of "case", decoded."""
    gap = m.get("transcript_gap", {"entries": 0, "before": 0})
    return Outcome(
        outcome=m["outcome"],
        skip=m.get("skip", ""),
        section=m["section"],
        line=m["line"],
        branch=m["branch"],
        why=m["why"],
        expected=m["expected"],
        actual=m["actual"],
        rows=m["rows"],
        barrier=m.get("barrier", {}),
        late=m.get("late", False),
        hang=m["hang"],
        peer_gone=m["peer_gone"],
        wrong_logins=m["wrong_logins"],
        connects=m.get("connects", 1),
        slowest_reply_ms=m["slowest_reply_ms"],
        ms=m["ms"],
        transcript=tuple(Entry(**entry) for entry in m["transcript"]),
        gap=(gap["entries"], gap["before"]),
        seen=tuple(Seen(**found) for found in m.get("findings", ())),
        golden=m.get("golden", ""),
    )
