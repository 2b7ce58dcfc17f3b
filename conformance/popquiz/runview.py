# SPDX-License-Identifier: Apache-2.0
"""One results file as reports see it: its findings, what it says about each requirement, and the
answers to what everyone wants to know first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from popquiz import harmless, rules

ARTIFACT_MAX = 32 * 1024  # characters of a transcript or dialogue that are shown
ARTIFACTS_MAX = 16 * 1024 * 1024  # characters of all of them
LINKS_MAX = 4  # names of cases in a cell of a table
QUIET = ("PASS", "SKIP")
ORDER = (
    "CRASH HANG ERROR CHANGED FAIL FLAKY INCONCLUSIVE FIXED WARN KNOWN NOTE SKIP PASS UNTESTED"
).split()
RANK = {verdict: rank for rank, verdict in enumerate(ORDER)}
BROKEN = ("FAIL", "WARN")
IMPACTS = ("data-loss", "security", "crash", "none")
INJECTION = ("RFC2595-4-009", "RFC2595-4-010", "RFC8314-A-001")
COUNTING = (
    "RFC1939-5-005",
    "RFC1939-5-014",
    "RFC1939-11-002",
    "RFC1939-11-003",
    "RFC1939-11-004",
    "RFC6856-2.1-009",
)
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A results file that fits the schema, and the texts of its artifacts by their names."""

    name: str  # of the server, or what else tells it from the others
    results: Json
    artifacts: Mapping[str, str]


def key(case: Json) -> str:
    """What is the same case in another run."""
    segment = case["axes"]["segment"]
    return str(case["id"]) if segment == "whole" else f"{case['id']}@{segment}"


@dataclass(frozen=True, slots=True)
class Found:
    """A case that is worth a look; the page shows it at its anchor."""

    case: Json
    anchor: str
    rows: Sequence[Json]  # its requirements, broken ones first
    impact: str
    transcript: str
    dialogue: str

    @property
    def name(self) -> str:
        return key(self.case)

    @property
    def dialogue_name(self) -> str:
        """Without the row and the cut."""
        return str(self.case["id"]).partition("[")[0]

    @property
    def verdict(self) -> str:
        return str(self.case["verdict"])

    @property
    def blamed(self) -> Sequence[Json]:
        """What it broke, else all that it is about."""
        return [row for row in self.rows if row["verdict"] in BROKEN] or self.rows

    @property
    def way(self) -> str:
        return str(self.case["branch"] or self.case["way"])

    @property
    def attempt(self) -> Json:
        return self.case["attempts"][-1] if self.case["attempts"] else {}


@dataclass(frozen=True, slots=True)
class RuleFound:
    """A rule of the referee that was broken; the page shows it at its anchor."""

    rule: rules.Broken
    anchor: str
    requirement: Json
    cases: Sequence[Found]  # those of which there is nothing else to tell

    @property
    def verdict(self) -> str:
        return self.rule.verdict


@dataclass(frozen=True, slots=True)
class Links:
    """To some of the cases, those of one name together."""

    shown: Sequence[tuple[str, str, int]]  # name, anchor of the first, how many there are
    more: int  # cases that are not shown


def links(cases: Sequence[Found], name: Callable[[Found], str]) -> Links:
    named: dict[str, list[Found]] = {}
    for found in cases:
        named.setdefault(name(found), []).append(found)
    groups = [(text, group[0].anchor, len(group)) for text, group in named.items()]
    shown = groups[:LINKS_MAX]
    return Links(shown, len(cases) - sum(count for _, _, count in shown))


@dataclass(frozen=True, slots=True)
class Cell:
    """What a run has to say about a requirement."""

    verdict: str
    cases: Sequence[Found] = ()

    @property
    def links(self) -> Links:
        """By the branch that was taken, else by the case."""
        return links(self.cases, lambda found: found.case["branch"] or found.dialogue_name)


@dataclass(frozen=True, slots=True)
class Answer:
    """To one of the questions that come first."""

    broken: Sequence[Json]  # requirements; none when only a crash tells
    cases: Sequence[Found]  # that show it
    tested: int

    @property
    def verdict(self) -> str:
        seen = [row["verdict"] for row in self.broken]
        if "FAIL" in seen or (self.cases and not seen):
            return "FAIL"
        if seen:
            return "WARN"
        return "PASS" if self.tested else "UNTESTED"

    @property
    def text(self) -> str:
        words = {"FAIL": "yes", "WARN": "leniently", "PASS": "not seen", "UNTESTED": "not tested"}
        word = words[self.verdict]
        if self.cases and not self.broken:
            return f"{word}: {'a case' if len(self.cases) == 1 else f'{len(self.cases)} cases'}"
        broken = f"{len(self.broken)} of " if self.broken else ""
        return f"{word}: {broken}{self.tested} tested" if self.tested else word

    @property
    def links(self) -> Links:
        return links(self.cases, lambda found: found.dialogue_name)


class Embedding:
    """Hands out texts of artifacts until there are too many of them."""

    def __init__(self) -> None:
        self.left = ARTIFACTS_MAX

    def take(self, source: Source, names: Iterable[str], suffix: str) -> str:
        name = next((name for name in names if name.endswith(suffix)), None)
        if name is None:
            return ""
        text = source.artifacts.get(name)
        if text is None:
            return f"({name} is not beside the results)"
        text = harmless.clip(text, ARTIFACT_MAX)
        if len(text) > self.left:
            return f"({name} is not shown: the page would get too large)"
        self.left -= len(text)
        return text


class RunView:
    """One results file as the page shows it."""

    def __init__(self, source: Source, number: int, embedding: Embedding) -> None:
        self.name = source.name
        self.number = number
        self.results = source.results
        self.requirements = {row["id"]: row for row in source.results["requirements"]}
        self.by_key = {key(case): case for case in source.results["cases"]}
        cases = [case for case in source.results["cases"] if case["verdict"] not in QUIET]
        cases.sort(key=self._order)
        self.found = [self._found(source, case, n, embedding) for n, case in enumerate(cases)]

    def _rows(self, case: Json) -> list[Json]:
        rows = sorted(case["rows"], key=lambda row: RANK[row["verdict"]])
        return [self.requirements.get(row["id"], {}) | row for row in rows]

    def _impact(self, case: Json) -> str:
        """The worst impact of what the case broke."""
        if case["verdict"] in ("CRASH", "HANG"):
            return "crash"
        rows = [row for row in self._rows(case) if row["verdict"] == "FAIL"]
        return min((row.get("impact", "none") for row in rows), key=IMPACTS.index, default="none")

    def _order(self, case: Json) -> tuple[int, int]:
        return RANK[case["verdict"]], IMPACTS.index(self._impact(case))

    def _found(self, source: Source, case: Json, number: int, embedding: Embedding) -> Found:
        return Found(
            case=case,
            anchor=f"c{self.number}-{number}",
            rows=self._rows(case),
            impact=self._impact(case),
            transcript=embedding.take(source, case["artifacts"], ".txt"),
            dialogue=embedding.take(source, case["artifacts"], ".dlg"),
        )

    @property
    def findings(self) -> list[Found]:
        of_cases = (found for found in self.found if not rules.only(found.case))
        return [found for found in of_cases if found.verdict != "NOTE"]

    @property
    def explored(self) -> list[Json]:
        """What sessions show that no case thought of."""
        return [found for found in self.results["findings"] if found["kind"] == "explore"]

    @property
    def failing(self) -> list[Found]:
        return [found for found in self.findings if found.verdict != "KNOWN"]

    @property
    def notes(self) -> list[Found]:
        of_cases = (found for found in self.found if not rules.only(found.case))
        return [found for found in of_cases if found.verdict == "NOTE"]

    @cached_property
    def rules(self) -> list[RuleFound]:
        """What the referee saw, by rule. A case beside which two were broken is with the first."""
        left = {id(found.case): found for found in self.found if rules.only(found.case)}
        return [
            RuleFound(
                rule=rule,
                anchor=f"r{self.number}-{number}",
                requirement=self.requirements.get(rule.charge["requirement"], {}),
                cases=[left.pop(id(c)) for c in rule.cases if id(c) in left],
            )
            for number, rule in enumerate(rules.broken(self.results["cases"]))
        ]

    @property
    def failing_rules(self) -> list[RuleFound]:
        return [rule for rule in self.rules if rule.verdict in BROKEN]

    @property
    def counts(self) -> list[tuple[str, int]]:
        counts = self.results["summary"]["verdicts"]
        return [(verdict, counts[verdict]) for verdict in ORDER if counts.get(verdict)]

    @cached_property
    def _found_by_row(self) -> dict[tuple[str, str], list[Found]]:
        """Cases by a requirement and the verdict that they gave it."""
        by: dict[tuple[str, str], list[Found]] = {}
        for found in self.found:
            for row in found.case["rows"]:
                by.setdefault((row["id"], row["verdict"]), []).append(found)
        return by

    def cell(self, name: str) -> Cell:
        row = self.requirements.get(name)
        if not row:
            return Cell("-")
        cases = self._found_by_row.get((name, row["verdict"]), [])
        return Cell(row["verdict"], cases if row["verdict"] != "PASS" else ())

    def answer(self, question: "Question") -> Answer:
        rows = [row for row in self.requirements.values() if question.asks(row)]
        broken = [row for row in rows if row["verdict"] in BROKEN]
        pairs = [(row["id"], row["verdict"]) for row in broken]
        cases = [found for pair in pairs for found in self._found_by_row.get(pair, ())]
        if question.deadly:
            cases += [found for found in self.found if found.verdict in ("CRASH", "HANG")]
        return Answer(
            broken,
            list({found.anchor: found for found in cases}.values()),
            sum(row["verdict"] != "UNTESTED" for row in rows),
        )


@dataclass(frozen=True, slots=True)
class Question:
    """What everyone wants to know first, and which requirements answer it."""

    text: str
    impact: str = ""
    ids: Sequence[str] = ()
    deadly: bool = False  # crashes and hangs answer it too

    def asks(self, row: Json) -> bool:
        return row["id"] in self.ids if self.ids else row["impact"] == self.impact


QUESTIONS = (
    Question("Loses or changes mail?", impact="data-loss"),
    Question("Lets commands through STLS?", ids=INJECTION),
    Question("Breaks security in any way?", impact="security"),
    Question("Miscounts octets?", ids=COUNTING),
    Question("Crashes, hangs or eats memory?", impact="crash", deadly=True),
)
