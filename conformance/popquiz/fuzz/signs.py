# SPDX-License-Identifier: Apache-2.0
"""What one played input shows, and what two inputs have in common that show the same defect.

A report of a sanitizer, or of libFuzzer, says what happened and where. Two signs are the same when
the kind, what happened and the innermost frames of the project are the same; where nobody printed
a stack, the process and the last command decide.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FRAMES = 3  # that tell two defects apart
FRAMES_SHOWN = 12
TEXT_MAX = 16384  # characters of a report that are kept
LINE_MAX = 1000
ID_WORDS = 40  # characters of a finding's name before the digest

OK = "ok"
CRASH, HANG, LEAK, MEMORY, GROWTH = "crash", "hang", "leak", "memory", "growth"
VIOLATION, DIFFERS = "violation", "differs"
# What of a process grows: seen when one input is played many times, and not in one play.
GROWN = ("memory", "descriptors")

FRAME = re.compile(
    r"^\s*#(?P<number>\d+) 0x[0-9a-f]+(?: in (?P<name>\S+)(?: (?P<place>\S+))?)?"
    r"(?:.*?\((?P<module>[^()\s]+\+0x[0-9a-f]+)\))?"
)
SANITIZER = re.compile(r"ERROR: (?P<who>\w+Sanitizer): (?P<what>[\w-]+)")
UNDEFINED = re.compile(r"runtime error: (?P<what>[^:]+)")
INVARIANT = re.compile(r"broken invariant: (?P<what>.+)")
ENGINE = re.compile(r"ERROR: libFuzzer: (?P<what>[\w -]+?)(?: after | \(|$)")
NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+")
SOURCE = re.compile(r"([^:()]+:\d+)")
DUMP = "Shadow bytes around"
# Frames that every report of the kind has: those of the runtime, and of those who report.
RUNTIME = re.compile(
    r"(__asan|__ubsan|__lsan|__sanitizer|__interceptor|__libc_|__GI_|__pthread|___interceptor)\w*|"
    r"fuzzer::.*|raise|abort|gsignal|pthread_kill\S*|fuzz_fail|__assert_fail\S*|main|_start|"
    r"(mem(cpy|move|set|cmp|chr)|malloc|calloc|realloc|free|str\w+|v?s?n?printf)(@\S*)?|"
    r"LLVMFuzzer(Custom\w+|RunDriver)"
)
PLACED = ("behind ", "in ", "seen ")  # begin a place that is a part of a sentence
ENTRY = "LLVMFuzzerTestOneInput"


@dataclass(frozen=True, slots=True)
class Sign:
    """What an input showed when it was played."""

    kind: str = OK
    what: str = ""  # as heap-buffer-overflow, SIGSEGV, or the id of a rule
    frames: tuple[str, ...] = ()  # of the project, innermost first
    process: str = ""  # which of the server's processes
    place: str = ""  # the last command and its state, where that is known
    signal: str = ""
    sanitizer: str = ""
    text: str = ""  # the report
    transcript: str = ""
    source: str = ""  # the place of the innermost frame, as FILE:LINE

    def __bool__(self) -> bool:
        return self.kind != OK

    @property
    def is_slow(self) -> bool:
        """Whether it shows only in many plays."""
        return self.kind == GROWTH and self.what in GROWN

    @property
    def signature(self) -> str:
        """Two inputs with the same one show the same defect."""
        if self.frames:
            return "|".join((self.kind, self.what, *self.frames[:FRAMES]))
        return "|".join((self.kind, self.what, self.process, self.place))

    @property
    def gist(self) -> str:
        """What stays while an input is shortened. Without a stack that is less than the signature:
        commands behind the one that did it are among what is taken away."""
        exact = self.frames or self.kind == VIOLATION
        return self.signature if exact else "|".join((self.kind, self.what, self.process))

    @property
    def id(self) -> str:
        """A name for files and baselines."""
        words = re.sub(r"[^a-z0-9]+", "-", self.what.lower()).strip("-")[:ID_WORDS].strip("-")
        digest = hashlib.sha256(self.signature.encode()).hexdigest()[:8]
        return f"{words or self.kind}-{digest}"

    @property
    def headline(self) -> str:
        """One line for people."""
        parts = [f"{self.kind}: {self.what}" if self.what != self.kind else self.kind]
        if self.frames:
            parts.append(f"in {self.frames[0]}")
        elif self.place:
            parts.append(self.place if self.place.startswith(PLACED) else f"at {self.place}")
        parts += [f"({self.process})"] if self.process else []
        return " ".join(parts)


def of_signature(signature: str) -> Sign:
    """As much of a sign as tells how it is looked for."""
    kind, _, rest = signature.partition("|")
    return Sign(kind or OK, rest.partition("|")[0])


# ---- reports ------------------------------------------------------------------------------------


def _frames(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The functions of the first stack with their places, without those of the runtime."""
    begun = False
    for line in lines:
        found = FRAME.match(line)
        if begun and (not found or found["number"] == "0"):
            return
        if not found:
            continue
        begun = True
        name = found["name"] or (found["module"] or "?").rpartition("/")[2]
        if not RUNTIME.fullmatch(name):
            place = SOURCE.match(found["place"] or "")
            yield name, place[1] if place else ""
        if name == ENTRY:
            return


def _named(text: str) -> tuple[str, str, str]:
    """Kind, what and sanitizer of a report; all empty when it is none."""
    if found := SANITIZER.search(text):
        leak = found["who"] == "LeakSanitizer"
        what = "leak" if leak else found["what"]
        memory = what in ("out-of-memory", "allocation-size-too-big", "requested")
        return LEAK if leak else MEMORY if memory else CRASH, what, found["who"]
    if found := UNDEFINED.search(text):
        what = NUMBERS.sub("N", found["what"]).split("\n")[0].strip()
        return CRASH, what, "UndefinedBehaviorSanitizer"
    if found := INVARIANT.search(text):
        return CRASH, "broken invariant", ""
    if found := ENGINE.search(text):
        what = found["what"].strip()
        kinds = {"timeout": HANG, "out-of-memory": MEMORY}
        return kinds.get(what, CRASH), what, ""
    return "", "", ""


def _begin(lines: list[str]) -> int:
    """The line that the report begins with."""
    for number, line in enumerate(lines):
        if any(each.search(line) for each in (SANITIZER, UNDEFINED, INVARIANT, ENGINE)):
            return number
    return 0


def _end(lines: list[str]) -> int:
    """The line behind all that tells something: what memory looked like says little."""
    return next((n for n, line in enumerate(lines) if line.startswith(DUMP)), len(lines))


def read(text: str, signal: str = "", **more: str) -> Sign | None:
    """The sign of what a program said when it ended badly; None when it said nothing of the kind.
    `more` are other fields of the sign."""
    kind, what, sanitizer = _named(text)
    if not kind:
        return None
    lines = [line[:LINE_MAX] for line in text.splitlines()]
    lines = lines[_begin(lines) : _end(lines)]
    shown = list(_frames(lines))[:FRAMES_SHOWN]
    names, source = tuple(name for name, _ in shown), shown[0][1] if shown else ""
    report = "\n".join(lines)[:TEXT_MAX]
    words = {"signal": signal, "sanitizer": sanitizer, "text": report, "source": source}
    return Sign(kind, what, names, **words, **more)
