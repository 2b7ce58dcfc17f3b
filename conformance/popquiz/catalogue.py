# SPDX-License-Identifier: Apache-2.0
"""The list of requirements (requirements.tsv): what each demands, and how bad it is to break it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from popquiz.errors import SuiteError

BREACHES = ("fail", "warn", "note")
WIRES = ("yes", "adapter", "slow", "no")
IMPACTS = ("none", "data-loss", "security", "crash")
STRENGTHS = {
    "MUST": "must",
    "MUST-NOT": "must",
    "implied-MUST": "must",
    "SHOULD": "should",
    "SHOULD-NOT": "should",
    "MAY": "may",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row; the fields are its columns, in their order."""

    id: str
    level: str
    side: str  # server, client, both
    section: str
    summary: str
    how_to_test: str
    precondition: str
    oracle: str
    breach: str  # the worst verdict that breaking it can give
    wire: str  # whether a session can show it: yes, adapter, slow, no
    why_not: str
    impact: str
    reason: str

    @property
    def rfc(self) -> str:
        return self.id.partition("-")[0]

    @property
    def clause(self) -> str:
        return f"{self.rfc} section {self.section}"

    @property
    def testable(self) -> bool:
        """Whether a session with a server can show it."""
        return self.side != "client" and self.wire != "no"

    @property
    def mandatory(self) -> bool:
        return self.strength == "must"

    @property
    def strength(self) -> str:
        """must, should or may; what is implied counts like what is said."""
        return STRENGTHS[self.level]


COLUMNS = tuple(field.name for field in fields(Requirement))
VALUES = {"breach": BREACHES, "wire": WIRES, "impact": IMPACTS, "level": tuple(STRENGTHS)}


@dataclass(frozen=True, slots=True)
class Catalogue:
    rows: Mapping[str, Requirement]
    sha256: str

    def __getitem__(self, name: str) -> Requirement:
        return self.rows[name]

    def __contains__(self, name: object) -> bool:
        return name in self.rows

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.rows.values())


def _row(where: str, line: str) -> Requirement:
    cells = line.split("\t")
    if len(cells) != len(COLUMNS):
        raise SuiteError(f"{where}: {len(cells)} columns; there must be {len(COLUMNS)}")
    row = Requirement(*cells)
    for column, values in VALUES.items():
        found = getattr(row, column)
        if found not in values:
            raise SuiteError(f"{where}: {column} is {found!r}; it must be one of {values}")
    return row


def parse(name: str, octets: bytes) -> Catalogue:
    """Raises SuiteError with `name` and the line."""
    head, *lines = octets.decode("utf-8").removesuffix("\n").split("\n")
    if tuple(head.split("\t")) != COLUMNS:
        raise SuiteError(f"{name}:1: the columns must be {', '.join(COLUMNS)}")
    rows: dict[str, Requirement] = {}
    for number, line in enumerate(lines, 2):
        row = _row(f"{name}:{number}", line)
        if row.id in rows:
            raise SuiteError(f"{name}:{number}: {row.id} is there twice")
        rows[row.id] = row
    return Catalogue(rows, hashlib.sha256(octets).hexdigest())


def read(path: Path) -> Catalogue:
    return parse(str(path), path.read_bytes())
