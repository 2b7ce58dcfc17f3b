# SPDX-License-Identifier: Apache-2.0
"""Which functions edges of a server's map are in.

AFL++ numbers the guards of a program, the words of its section __sancov_guards, in their order. The
guards of libraries come first, so that the last one of the program has the last place of its map.
Nothing else says whose a guard is but the code that reads it; so that code is looked for by its
octets, which takes milliseconds where a disassembler takes half a minute. The guards of a function
lie side by side, so those that are not read like this are told by their neighbours.
"""

import json
import re
import struct
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from popquiz.fuzz import lane

GUARDS = b"__sancov_guards"
GUARD = 4  # octets
NAMED_S = 20.0  # that a symbolizer may take for a program
PROGRAM_MAX = 1 << 28  # octets of a program that is looked into
SHOWN = 8  # functions in a warning
UNKNOWN = "?"
EXECUTABLE = 4  # SHF_EXECINSTR
PROGBITS = 1
# movslq DISTANCE(%rip), REGISTER, or movl of code that is not optimised: how a guard is read on
# x86-64. Nothing else is: the address of the section is taken by code that is nobody's.
RELATIVE = re.compile(
    rb"(?:[\x48\x4c]\x63|\x8b)[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](.{4})", re.DOTALL
)
X86_64 = 62


@dataclass(frozen=True, slots=True)
class Section:
    name: bytes
    kind: int
    flags: int
    address: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where code is."""

    function: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line} " if self.file and self.line else ""
        return f"{where}{self.function}"


NOBODY = (Place(UNKNOWN), Place(UNKNOWN))


@dataclass(slots=True)
class Group:
    """Edges of one function."""

    place: Place
    program: str
    lines: set[int] = field(default_factory=set)
    edges: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        first = replace(self.place, line=min(self.lines, default=0))
        return f"{first} ({len(self.edges)})"


# ---- the program's file -------------------------------------------------------------------------


def sections(octets: bytes) -> list[Section]:
    """Of an ELF file for x86-64. Raises ValueError for anything else."""
    if octets[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no ELF file of 64 bits")
    try:
        if struct.unpack_from("<H", octets, 18)[0] != X86_64:
            raise ValueError("no program for x86-64")
        (begin,) = struct.unpack_from("<Q", octets, 40)
        size, count, names = struct.unpack_from("<HHH", octets, 58)
        rows = [struct.unpack_from("<IIQQQQ", octets, begin + n * size) for n in range(count)]
        texts = rows[names]
    except (struct.error, IndexError):
        raise ValueError("its sections cannot be read") from None
    found = []
    for name, kind, flags, address, offset, length in rows:
        at = texts[4] + name
        title = octets[at : octets.find(b"\0", at)]
        content = octets[offset : offset + length] if kind == PROGBITS else b""
        found.append(Section(title, kind, flags, address, content))
    return found


def _references(code: Section, guards: Section) -> Iterable[tuple[int, int]]:
    """Guards that the code reads, by number, and where."""
    for found in RELATIVE.finditer(code.octets):
        (distance,) = struct.unpack("<i", found[1])
        at = code.address + found.start(1)
        there = at + 4 + distance - guards.address
        if 0 <= there < len(guards.octets) and there % GUARD == 0:
            yield there // GUARD, at


@dataclass(frozen=True, slots=True)
class Program:
    """`count`: its guards. `readers`: of some of them, an address of code that reads it."""

    path: Path
    count: int
    readers: Mapping[int, int]


def program(path: Path) -> Program:
    """Raises OSError and ValueError."""
    if path.stat().st_size > PROGRAM_MAX:
        raise ValueError("it is too large")
    found = sections(path.read_bytes())
    guards = next((each for each in found if each.name == GUARDS), None)
    if not guards:
        raise ValueError(f"it has no section {GUARDS.decode()}")
    readers: dict[int, int] = {}
    for code in found:
        if code.flags & EXECUTABLE:
            for number, at in _references(code, guards):
                readers.setdefault(number, at)
    return Program(path, len(guards.octets) // GUARD, readers)


# ---- names --------------------------------------------------------------------------------------


def _place(symbol: Mapping[str, Any]) -> Place:
    name = str(symbol.get("FunctionName") or UNKNOWN).replace("??", UNKNOWN)
    return Place(name, Path(str(symbol.get("FileName", ""))).name, int(symbol.get("Line", 0)))


def _both(symbols: Sequence[Mapping[str, Any]]) -> tuple[Place, Place]:
    """The function that somebody wrote, and the one that it was inlined into: one and the same
    where it was not."""
    ends = (symbols[0], symbols[-1]) if symbols else ({}, {})
    return _place(ends[0]), _place(ends[1])


def _places(path: Path, addresses: Sequence[int]) -> dict[int, tuple[Place, Place]]:
    """Of code: as _both(). Empty where nobody can say."""
    symbolizer = lane.symbolizer()
    if not symbolizer or not addresses:
        return {}
    words = [symbolizer, "--output-style=JSON", f"--obj={path}"]
    given = "".join(f"0x{at:x}\n" for at in addresses)
    try:
        ran = subprocess.run(
            words, input=given, capture_output=True, timeout=NAMED_S, check=False, text=True
        )
        told = [json.loads(line) for line in ran.stdout.splitlines() if line]
        flat = [each for one in told for each in (one if isinstance(one, list) else [one])]
        return {
            at: _both(each.get("Symbol", ())) for at, each in zip(addresses, flat, strict=False)
        }
    except (OSError, subprocess.TimeoutExpired, ValueError, AttributeError):
        return {}


def _nearest(known: Sequence[int], number: int) -> tuple[int, ...]:
    """The guard itself where it is known, else those before and behind it."""
    if number in known:
        return (number,)
    before = max((each for each in known if each < number), default=None)
    behind = min((each for each in known if each > number), default=None)
    return tuple(each for each in (before, behind) if each is not None)


def name(looked_into: Program, numbers: Sequence[int]) -> dict[int, Place]:
    """The places of guards."""
    known = sorted(looked_into.readers)
    near = {number: _nearest(known, number) for number in numbers}
    wanted = sorted({looked_into.readers[each] for found in near.values() for each in found})
    places = _places(looked_into.path, wanted)
    found = {}
    for number, guards in near.items():
        there = [places.get(looked_into.readers[each], NOBODY) for each in guards]
        found[number] = there[0][0] if guards == (number,) else _between([o for _, o in there])
    return found


def _between(places: Sequence[Place]) -> Place:
    """What neighbours tell of what lies between them."""
    names = list(dict.fromkeys(each.function for each in places))
    return places[0] if len(names) == 1 else Place(" or ".join(names) or UNKNOWN)


# ---- of a map -----------------------------------------------------------------------------------


def _region(told: Mapping[str, Any], edges: Sequence[int]) -> list[Group]:
    """Those of the edges that are in a program's region of the map."""
    begin, length = int(told["offset"]), int(told["len"])
    mine = [edge for edge in edges if begin <= edge < begin + length]
    if not mine:
        return []
    path = Path(str(told["path"]))
    places: dict[int, Place] = {}
    try:
        found = program(path)
        first = begin + length - found.count
        places = {
            first + number: place
            for number, place in name(found, [e - first for e in mine if e >= first]).items()
        }
    except (OSError, ValueError):
        pass  # the edges are told without names
    groups: dict[str, Group] = {}
    for edge in mine:
        place = places.get(edge, Place(UNKNOWN))
        group = groups.setdefault(place.function, Group(place, path.name))
        group.edges.append(edge)
        group.lines |= {place.line} if place.line else set()
    return list(groups.values())


def groups(regions: Iterable[Mapping[str, Any]], edges: Sequence[int]) -> list[Group]:
    """Edges by function, those with most of them first. `regions`: {"path", "offset", "len"} of
    each program, as the bridge's self-test prints them."""
    found = [group for told in regions for group in _region(told, edges)]
    return sorted(found, key=lambda group: (-len(group.edges), group.place.function))


def line(found: Sequence[Group]) -> str:
    """For a warning. Where there are several programs, it says which one."""
    more = len(found) - SHOWN
    several = len({group.program for group in found}) > 1
    shown = [f"{each.program}: {each}" if several else str(each) for each in found[:SHOWN]]
    return ", ".join(shown + ([f"and {more} function{'s' * (more != 1)} more"] if more > 0 else []))


def document(found: Iterable[Group]) -> list[dict[str, Any]]:
    """For campaign.json."""
    return [
        {
            "function": group.place.function,
            "file": group.place.file,
            "lines": sorted(group.lines),
            "program": group.program,
            "edges": group.edges,
        }
        for group in found
    ]
