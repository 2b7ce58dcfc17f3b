# SPDX-License-Identifier: Apache-2.0
"""Baselines: deviations that are known, each with a reason and an end.

    # baseline 1  target=dovecot-2.3.19 config=default suite=0.4
    rfc1939.lock.second-login#shared-lost  KNOWN  true  "the default shares"  see=doc  until=2027-06

    *#ref-stat-count  KNOWN  true  "counts what came meanwhile"  until=never

Behind `#` stands how the case deviates (verdicts.way). `*` is any case: an entry for a rule of the
referee, in lower case, which may be broken in many. `true` is a deviation on record, `disputed` one
where the reading of the RFC is open. `until` is the last day or month, or `never`; a `tls=none` in
front of it, or `tls=stls,implicit`, are the ways of TLS in which it deviates, when not in all;
`at-times` behind that: a run of all cases may not come to the rule.
"""

import calendar
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from popquiz.errors import UsageError
from popquiz.record import Explored, Result
from popquiz.targets import TLS_MODES
from popquiz.verdicts import DEVIATIONS, PASSING, Attempt, Charge, Verdict, worst

HEAD = re.compile(r"# baseline (\d+)(?:\s+(.*))?")
ENTRY = re.compile(
    r'(?P<id>[^\s#]+)(?:#(?P<way>\S+))?\s+KNOWN\s+(?P<belief>true|disputed)\s+"(?P<reason>[^"]*)"'
    r"(?:\s+see=(?P<see>\S+))?(?:\s+tls=(?P<tls>\S+))?(?P<rarely>\s+at-times)?"
    r"\s+until=(?P<until>never|\d{4}-\d{2}(?:-\d{2})?)"
)
FORM = (
    'ID#WAY KNOWN true|disputed "reason" [see=WHERE] [tls=WAY,...] [at-times] until=YYYY-MM|never'
)
VERSION = 1
ANY = "*"  # case
RULE = "ref-"  # begins the ways of the referee
UNEXPLAINED = "not yet explained"
GRACE = timedelta(days=90)  # in which somebody should explain a new entry


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    way: str
    belief: str
    reason: str
    see: str
    until: str
    tls: str = ""  # the ways of TLS in which it deviates, with commas between; "": in all
    rarely: bool = False  # of a rule: a run may not come to it
    comments: tuple[str, ...] = ()  # the lines above it
    line: int = 0

    @property
    def name(self) -> str:
        return f"{self.id}#{self.way}" if self.way else self.id

    def applies(self, tls: str) -> bool:
        return not self.tls or tls in self.tls.split(",")

    def without(self, tls: str) -> "Entry | None":
        """What is left of it when this way of TLS no longer deviates."""
        left = [way for way in self.tls.split(",") if way != tls]
        return replace(self, tls=",".join(left)) if self.tls and left else None

    def expired(self, today: date) -> bool:
        if self.until == "never":
            return False
        year, month, *day = map(int, self.until.split("-"))
        return today > date(year, month, *(day or [calendar.monthrange(year, month)[1]]))

    @property
    def account(self) -> str:
        """What a report says about it."""
        see = f"; see {self.see}" if self.see else ""
        return f"{self.reason} ({self.belief}, until {self.until}{see})"

    def __str__(self) -> str:
        see = f"  see={self.see}" if self.see else ""
        tls = f"  tls={self.tls}" if self.tls else ""
        rarely = "  at-times" if self.rarely else ""
        about = f'{self.belief}  "{self.reason}"{see}{tls}{rarely}'
        return f"{self.name}  KNOWN  {about}  until={self.until}"


@dataclass(frozen=True, slots=True)
class Baseline:
    head: str = f"# baseline {VERSION}"
    entries: tuple[Entry, ...] = ()
    tail: tuple[str, ...] = ()  # comments behind the last entry

    def __str__(self) -> str:
        lines = [self.head]
        for entry in sorted(self.entries, key=lambda entry: (entry.id, entry.way, entry.tls)):
            lines.extend((*entry.comments, str(entry)))
        return "\n".join((*lines, *self.tail)) + "\n"


def _entry(where: str, line: str, number: int, comments: tuple[str, ...]) -> Entry:
    found = ENTRY.fullmatch(line.strip())
    if not found:
        raise UsageError(f"{where}: not an entry; write {FORM}")
    if found["id"] == ANY and not (found["way"] or "").startswith(RULE):
        raise UsageError(f"{where}: {ANY} is for rules of the referee: write {ANY}#{RULE}...")
    words = found.groupdict(default="")
    rarely = bool(words.pop("rarely"))
    if rarely and found["id"] != ANY:
        raise UsageError(f"{where}: at-times is for rules of the referee: write {ANY}#{RULE}...")
    entry = Entry(**words, rarely=rarely, comments=comments, line=number)
    try:
        entry.expired(date.min)
    except (ValueError, calendar.IllegalMonthError):
        raise UsageError(f"{where}: until={entry.until} is no date") from None
    if entry.tls and not set(entry.tls.split(",")) <= set(TLS_MODES):
        ways = ", ".join(TLS_MODES)
        raise UsageError(f"{where}: tls={entry.tls} are no ways of TLS; those are {ways}")
    return entry


def parse(name: str, text: str) -> Baseline:
    """Raises UsageError with `name` and the line."""
    lines = text.splitlines()
    head = HEAD.fullmatch(lines[0]) if lines else None
    if not head or int(head[1]) != VERSION:
        raise UsageError(f"{name}:1: a baseline begins with `# baseline {VERSION}`")
    entries: list[Entry] = []
    comments: list[str] = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or line.startswith("#"):
            comments.append(line)
            continue
        entries.append(_entry(f"{name}:{number}", line, number, tuple(comments)))
        comments = []
    return Baseline(lines[0], tuple(entries), tuple(comments))


def read(path: Path) -> Baseline:
    try:
        return parse(str(path), path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read the baseline: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: the baseline is not UTF-8") from None


@dataclass(frozen=True, slots=True)
class Played:
    """What the baseline is about."""

    results: Sequence[Result]
    known: Collection[str]  # ids of all cases there are
    today: date
    tls: str  # the way of TLS in which they were played
    explored: Sequence[Explored] = ()
    whole: bool = False  # every case was played

    def breaks(self, entry: Entry) -> bool:
        """Whether something breaks the rule of an entry."""
        seen = (c.way for r in self.results for a in r.attempts for c in a.charges)
        shown = (c.way for r in self.results for c in r.charges)
        return entry.way in (*seen, *shown, *(each.finding.rule.lower() for each in self.explored))

    def is_over(self, entry: Entry) -> bool:
        """Whether nothing breaks the rule of an entry any more."""
        expected = entry.id == ANY and not entry.rarely and entry.applies(self.tls)
        return self.whole and expected and not self.breaks(entry)


@dataclass(slots=True)
class Comparison:
    """What the baseline makes of the results, and what is wrong with the baseline."""

    stale: list[str] = field(default_factory=list)  # one line each
    fixed: set[str] = field(default_factory=set)  # ids


Ways = Mapping[str, Mapping[str, Entry]]  # entries by id and way


def _alone(result: Result) -> Verdict:
    return result.alone or result.verdict


def _deviating(result: Result) -> list[Charge]:
    return [charge for charge in result.charges if charge.verdict in DEVIATIONS]


def _compare_case(result: Result, ways: Mapping[str, Entry]) -> Verdict:
    """What the case itself comes to, when it deviates and is listed."""
    if result.way in ways:
        result.known = ways[result.way].account
        return Verdict.KNOWN
    expected = ", ".join(sorted(way or "without a branch" for way in ways))
    result.why = f"the baseline knows another way ({expected}): {result.why}"
    return Verdict.CHANGED


def _compare_deviation(result: Result, ways: Ways) -> None:
    """A result is known when its case is, and every rule that was broken beside it."""
    alone = _alone(result)
    of_case = {w: e for w, e in ways.get(result.case.id, {}).items() if not w.startswith(RULE)}
    if alone in DEVIATIONS and of_case:
        alone = _compare_case(result, of_case)
    left = [alone]
    for charge in _deviating(result):
        entry = ways.get(ANY, {}).get(charge.way)
        if entry:
            result.excused[charge.way] = entry.account
        left.append(Verdict.KNOWN if entry else charge.verdict)
    if result.alone:
        result.alone = alone
    result.verdict = worst(left)
    result.known = result.known or "; ".join(result.excused.values())


def _fix(result: Result) -> None:
    """The case passes now; what the referee saw beside it may be worse than that."""
    if result.alone:
        result.alone = Verdict.FIXED
    if result.verdict not in DEVIATIONS:
        result.verdict = Verdict.FIXED
        result.why = "the baseline lists it, and it passes now: remove the entry"


def _excuses(attempt: Attempt, name: str, ways: Ways) -> list[Entry] | None:
    """The entries for what deviates in an attempt; None: in doubt, or not all of it is listed."""
    alone = attempt.alone or attempt.verdict
    if alone not in (*DEVIATIONS, *PASSING):
        return None
    found = [ways.get(name, {}).get(attempt.way)] if alone in DEVIATIONS else []
    charges = [charge for charge in attempt.charges if charge.verdict in DEVIATIONS]
    found += [ways.get(ANY, {}).get(charge.way) for charge in charges]
    listed = [entry for entry in found if entry]
    return listed if len(listed) == len(found) else None


def _compare_attempts(result: Result, ways: Ways) -> None:
    """Attempts that disagree, as with a race in the server, are known when each of them passes or
    deviates in a way that is listed. Any other doubt stays one."""
    accounts: dict[str, None] = {}
    for attempt in result.attempts:
        excuses = _excuses(attempt, result.case.id, ways)
        if excuses is None:
            return
        accounts |= dict.fromkeys(entry.account for entry in excuses)
    if accounts:
        result.verdict = Verdict.KNOWN
        result.known = f"at times: {'; '.join(accounts)}"


def compare(baseline: Baseline, played: Played) -> Comparison:
    """Turns verdicts into KNOWN, CHANGED and FIXED."""
    comparison = Comparison()
    ways: dict[str, dict[str, Entry]] = {}
    for entry in baseline.entries:
        if entry.applies(played.tls):
            ways.setdefault(entry.id, {})[entry.way] = entry
        name = entry.name if entry.id == ANY else entry.id
        if entry.id not in (*played.known, ANY):
            comparison.stale.append(f"line {entry.line}: there is no case {entry.id}")
        elif entry.expired(played.today):
            comparison.stale.append(f"line {entry.line}: {name} was known until {entry.until}")
        elif played.is_over(entry):
            comparison.stale.append(f"line {entry.line}: {name} is FIXED: no case breaks the rule")
    listed: dict[str, list[Result]] = {}
    for result in played.results:
        if result.verdict in DEVIATIONS:
            _compare_deviation(result, ways)
        elif result.verdict is Verdict.FLAKY:
            _compare_attempts(result, ways)
        if result.case.id in ways:
            listed.setdefault(result.case.id, []).append(result)
    for name, group in listed.items():
        # A case is played in several ways: it is fixed when none of them deviates any more.
        if all(_alone(result) in PASSING for result in group):
            comparison.fixed.add(name)
            for result in group:
                _fix(result)
    return comparison


def update(baseline: Baseline, played: Played) -> Baseline:
    """The baseline that fits the results, which compare() has seen. What was not played is kept,
    and so is what an entry says of other ways of TLS than the one that was."""
    results, tls = played.results, played.tls
    gone = {r.case.id for r in results if _alone(r) is Verdict.FIXED}
    judged = [r for r in results if r.verdict in (*DEVIATIONS, Verdict.KNOWN, Verdict.CHANGED)]
    deviating = {
        (r.case.id, r.way)
        for r in judged
        if _alone(r) in (*DEVIATIONS, Verdict.KNOWN, Verdict.CHANGED)
    }
    deviating |= {(ANY, charge.way) for r in judged for charge in _deviating(r)}
    explored = {each.finding.rule.lower() for each in played.explored if each.verdict in DEVIATIONS}
    only_explored = {(ANY, way) for way in explored} - deviating
    deviating |= only_explored
    changed = {r.case.id for r in results if _alone(r) is Verdict.CHANGED}
    kept: list[Entry] = []
    for entry in baseline.entries:
        over = entry.id in gone or (entry.id in changed and (entry.id, entry.way) not in deviating)
        over = over or played.is_over(entry)
        left = entry.without(tls) if over else entry
        if left and entry.id in (*played.known, ANY):
            kept.append(left)
    listed = {(entry.id, entry.way) for entry in kept if entry.applies(tls)}
    until = f"{played.today + GRACE:%Y-%m}"
    for name, way in deviating - listed:
        other = any((entry.id, entry.way) == (name, way) for entry in kept)
        ways = tls if other else ""
        rarely = (name, way) in only_explored
        kept.append(Entry(name, way, "disputed", UNEXPLAINED, "", until, ways, rarely))
    return replace(baseline, entries=tuple(kept))
