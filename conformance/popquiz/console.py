# SPDX-License-Identifier: Apache-2.0
"""What a person sees: progress while it runs, and then one line for each RFC, what is not PASS with
all that helps to understand it, the grades, and as the last line the summary."""

import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, TextIO

from popquiz import rules
from popquiz.verdicts import Verdict

if TYPE_CHECKING:
    from rich.progress import Progress

QUIET = ("PASS", "SKIP", "NOTE", "KNOWN")  # have no block of their own
STYLES = {
    "PASS": "green",
    "NOTE": "cyan",
    "KNOWN": "cyan",
    "WARN": "yellow",
    "SKIP": "dim",
    "INCONCLUSIVE": "magenta",
    "FLAKY": "magenta",
    "passed": "bold green",
}
BAD = "bold red"
CASES_SHOWN = 4  # beside which a rule was broken
LINE_SECONDS = 5.0  # between two lines of progress where there is no terminal
Case = Mapping[str, Any]


def counted(verdicts: Iterable[str]) -> str:
    """ "12 pass, 1 FAIL": failures in capitals, worst last."""
    count = Counter(verdicts)
    order = [str(verdict) for verdict in Verdict]
    words = [
        f"{count[verdict]} {verdict.lower() if verdict in QUIET else verdict}"
        for verdict in order
        if count[verdict]
    ]
    return ", ".join(words) or "nothing"


def in_order(name: str) -> list[tuple[int, str]]:
    """A key that puts RFC2195 behind RFC1939, and section 11 behind section 7."""
    words = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in words]


def section_lines(cases: Sequence[Case]) -> list[str]:
    """One line for each RFC, and below it one for each section in which there is more to see."""
    found: dict[str, dict[str, list[str]]] = {}
    for case in cases:
        rfc, _, section = case["clause"].partition(" ")
        found.setdefault(rfc, {}).setdefault(section, []).append(case["verdict"])
    lines = []
    for rfc in sorted(found, key=in_order):
        sections = found[rfc]
        lines.append((rfc, counted(chain.from_iterable(sections.values()))))
        loud = [name for name, verdicts in sections.items() if not set(verdicts) <= set(QUIET)]
        lines += [(f"  {name}", counted(sections[name])) for name in sorted(loud, key=in_order)]
    width = max((len(name) for name, _ in lines), default=0)
    return [f"{name:{width}}  {text}" for name, text in lines]


def _broken(case: Case) -> list[str]:
    """The requirements that the verdict is about: broken ones, else all of the case."""
    broken = [row["id"] for row in case["rows"] if row["verdict"] in ("FAIL", "WARN")]
    return broken or [row["id"] for row in case["rows"]]


def block(case: Case, requirements: Mapping[str, Case]) -> list[str]:
    """A case that needs a look; the first line is its heading."""
    way = f"#{case['way']}" if case["way"] else ""
    segment = case["axes"]["segment"]
    cut = f" (writes cut: {segment})" if segment != "whole" else ""
    lines = [f"{case['verdict']} {case['id']}{way}{cut}", f"    {case['title']}"]
    for name in _broken(case):
        row = requirements.get(name)
        if row:
            lines.append(f"    {name} {row['level']}: {row['summary']}")
    pairs = [("why", case["why"]), ("blame", case["blame"])]
    for attempt in case["attempts"][-1:]:
        pairs += [("expected", attempt["expected"]), ("actual", attempt["actual"])]
        pairs += [
            (i["kind"], i["text"].replace("\n", "\n" + " " * 14)) for i in attempt["incidents"]
        ]
    pairs += [(charge["rule"], rules.line(charge)) for charge in rules.charges(case)]
    pairs += [("replay", case["replay"])]
    return [*lines, *(f"    {name:9} {text}" for name, text in pairs if text)]


def rule_block(rule: rules.Broken, requirements: Mapping[str, Case]) -> list[str]:
    """A rule of the referee, with one of the cases in which it was broken."""
    first = rule.cases[0]
    row = requirements.get(rule.charge["requirement"])
    text = f" {row['level']}: {row['summary']}" if row else ""
    more = len(rule.names) - CASES_SHOWN
    names = ", ".join(rule.names[:CASES_SHOWN]) + (f", and {more} more" if more > 0 else "")
    pairs = [("seen", rules.line(rule.charge)), ("beside", names), ("replay", first["replay"])]
    lines = [f"{rule.verdict} {rule.title}", f"    {rule.charge['requirement']}{text}"]
    return [*lines, *(f"    {name:9} {text}" for name, text in pairs if text)]


def rule_lines(found: Iterable[rules.Broken]) -> list[str]:
    """Rules of which nothing more is to be said."""
    return [
        f"{rule.verdict} {rule.title}  {rule.charge['known']}".rstrip()
        for rule in found
        if rule.verdict in QUIET
    ]


def skipped_lines(cases: Iterable[Case]) -> list[str]:
    """Skipped cases by reason and by what they need."""
    count = Counter((case["skip"], case["why"]) for case in cases if case["verdict"] == "SKIP")
    return [f"SKIP({skip}) {why}: {n}" for (skip, why), n in sorted(count.items())]


def brief_lines(cases: Iterable[Case]) -> list[str]:
    """Census results, of which the way is all there is to say, and known deviations."""
    return [
        f"{case['verdict']} {case['id']}{'#' + case['way'] if case['way'] else ''}"
        + (f"  {case['known']}" if case["verdict"] == "KNOWN" else "")
        for case in cases
        if case["verdict"] in ("NOTE", "KNOWN") and not rules.only(case)
    ]


def _explored(results: Mapping[str, Any]) -> list[Case]:
    return [found for found in results["findings"] if found["kind"] == "explore"]


def explored_block(found: Case, requirements: Mapping[str, Case]) -> list[str]:
    """What an exploration found; the first line is its heading."""
    row = requirements.get(found["requirement"])
    lines = [f"{found['verdict']} {found['case']}", f"    {found['text']}"]
    lines += [f"    {row['id']} {row['level']}: {row['summary']}"] if row else []
    pairs = [(name, found[name]) for name in ("known", "actual", "replay")]
    return [*lines, *(f"    {name:9} {text}" for name, text in pairs if text)]


def report_lines(results: Mapping[str, Any]) -> list[list[str]]:
    """The report in paragraphs, without the summary."""
    cases = results["cases"]
    requirements = {row["id"]: row for row in results["requirements"]}
    broken = rules.broken(cases)
    paragraphs = [section_lines(cases), brief_lines(cases), rule_lines(broken)]
    paragraphs += [skipped_lines(cases)]
    paragraphs += [rule_block(rule, requirements) for rule in broken if rule.verdict not in QUIET]
    loud = (case for case in cases if case["verdict"] not in QUIET and not rules.only(case))
    paragraphs += [block(case, requirements) for case in loud]
    paragraphs += [explored_block(found, requirements) for found in _explored(results)]
    paragraphs += [[f"baseline: {line}" for line in results["baseline"]]]
    return [paragraph for paragraph in paragraphs if paragraph]


def summary_line(results: Mapping[str, Any], why: str, where: str) -> str:
    """The last line."""
    passed = "passed" if results["summary"]["exit"] == 0 else "not passed"
    cases = results["cases"]
    parts = [f"{len(cases)} cases: {counted(case['verdict'] for case in cases)}"]
    if far := results.get("exploration"):
        found = counted(each["verdict"] for each in _explored(results))
        parts += [f"{far['sessions']} sessions explored: {found}"]
    parts += [f"grade {results['summary']['grade']} ({results['profile']})"]
    parts += [f"gate {passed}{': ' + why if why else ''}", where]
    return "; ".join(parts)


class Console:
    """Writes to a terminal with colours and a bar, and to anything else plain lines."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream = stream or sys.stdout
        self._bar: Progress | None = None
        self._task: Any = None
        self._total = self._done = 0
        self._what = ""
        self._told = 0.0
        self.is_terminal = stream.isatty()

    def begin(self, total: int, target: str, what: str = "cases") -> None:
        """`total` of `what` will come, or nobody knows how many: 0."""
        self._total, self._done, self._told = total, 0, time.monotonic()
        self._what = what
        if not self.is_terminal:
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, transient=True)
        self._task = self._bar.add_task(target, total=total or None)
        self._bar.start()

    def step(self) -> None:
        self.advance(1)

    def advance(self, count: int) -> None:
        self._done += count
        if self._bar:
            self._bar.advance(self._task, count)
        elif time.monotonic() - self._told >= LINE_SECONDS:
            self._told = time.monotonic()
            total = f" of {self._total}" if self._total else ""
            self.line(f"... {self._done}{total} {self._what}")

    def end(self) -> None:
        bar, self._bar = self._bar, None
        if bar:
            bar.stop()

    def line(self, text: str = "") -> None:
        if not self.is_terminal:
            print(text, file=self._stream, flush=True)
            return
        from rich.console import Console as Rich
        from rich.text import Text

        head = text.partition(" ")[0].partition("(")[0]
        known = head in STYLES or head in Verdict.__members__
        styled = Text(text, style=STYLES.get(head, BAD) if known else "")
        Rich(file=self._stream).print(styled, soft_wrap=True)

    def report(self, results: Mapping[str, Any], why: str, where: str) -> None:
        for paragraph in report_lines(results):
            for text in paragraph:
                self.line(text)
            self.line()
        for score in sorted(results["summary"]["rfcs"], key=lambda score: in_order(score["text"])):
            self.line(score["text"])
        self.line(summary_line(results, why, where))
