# SPDX-License-Identifier: Apache-2.0
"""What the HTML page and the Markdown summary show: one run with its findings, or several beside
each other. Everything in a results file is hostile: harmless.py sees to every text of a template.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jinja2
from markupsafe import Markup

from popquiz import harmless, paths
from popquiz.runview import (
    ORDER,
    QUESTIONS,
    RANK,
    Answer,
    Cell,
    Embedding,
    Found,
    Json,
    RunView,
    Source,
)

TEXT_MAX = 4000  # characters of a text that is no artifact
LINE_MAX = 300  # and in the summary
SUMMARY_CASES = 50  # that the summary lists


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement, and what each run says about it."""

    requirement: Json
    cells: Sequence[Cell]

    @property
    def difference(self) -> int:
        """0: servers differ; 1: some do not tell; 2: all agree."""
        verdicts = {cell.verdict for cell in self.cells}
        if len(verdicts - {"UNTESTED", "-"}) > 1:
            return 0
        return 1 if len(verdicts) > 1 else 2

    @property
    def rfc(self) -> str:
        return str(self.requirement["id"].partition("-")[0])

    @property
    def verdicts(self) -> str:
        return " ".join(dict.fromkeys(cell.verdict for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Change:
    """A case that went otherwise in the second run."""

    name: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        ranks = [RANK.get(text.partition("#")[0], len(RANK)) for text in (self.before, self.after)]
        if "SKIP" in (self.before, self.after) or "-" in (self.before, self.after):
            return "played in one only"
        if ranks[0] == ranks[1]:
            return "another way"
        return "worse" if ranks[1] < ranks[0] else "better"


KINDS = ("worse", "better", "another way", "played in one only")


def _told(case: Json | None) -> str:
    """A verdict with the way that led to it, as "NOTE#shared"."""
    if case is None:
        return "-"
    way = case["branch"] or case["way"]
    return f"{case['verdict']}#{way}" if way else str(case["verdict"])


@dataclass(slots=True)
class Page:
    runs: Sequence[RunView]
    rows: Sequence[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        merged: dict[str, Json] = {}
        for run in self.runs:
            for name, row in run.requirements.items():
                merged.setdefault(name, row)
        rows = [Row(row, [run.cell(name) for run in self.runs]) for name, row in merged.items()]
        self.rows = sorted(rows, key=lambda row: row.difference) if self.several else rows

    @property
    def several(self) -> bool:
        return len(self.runs) > 1

    @property
    def rfcs(self) -> list[str]:
        return list(dict.fromkeys(row.rfc for row in self.rows))

    @property
    def verdicts(self) -> list[str]:
        seen = {cell.verdict for row in self.rows for cell in row.cells}
        return [verdict for verdict in ORDER if verdict in seen]

    @property
    def questions(self) -> list[tuple[str, list[Answer]]]:
        return [(q.text, [run.answer(q) for run in self.runs]) for q in QUESTIONS]

    @property
    def differing(self) -> list[Row]:
        return [row for row in self.rows if row.difference == 0]

    @property
    def grades(self) -> list[tuple[str, list[Json | None]]]:
        """The scores of each RFC, a list for each."""
        scores = [{s["rfc"]: s for s in run.results["summary"]["rfcs"]} for run in self.runs]
        names = dict.fromkeys(name for each in scores for name in each)
        return [(name, [each.get(name) for each in scores]) for name in names]

    @property
    def census(self) -> list[tuple[Json, list[tuple[str, Found | None]]]]:
        """The cases that were a NOTE somewhere, and how they went in each run."""
        noted: dict[str, Json] = {}
        for run in self.runs:
            for found in run.notes:
                noted.setdefault(found.name, found.case)
        found_of = [{found.name: found for found in run.found} for run in self.runs]
        runs = list(zip(self.runs, found_of, strict=True))
        return [
            (case, [(self._census_cell(run, name), found.get(name)) for run, found in runs])
            for name, case in noted.items()
        ]

    @staticmethod
    def _census_cell(run: RunView, name: str) -> str:
        case = run.by_key.get(name)
        if case and case["verdict"] == "NOTE":
            return str(case["branch"] or case["way"])
        return _told(case)

    @property
    def changes(self) -> list[tuple[str, list[Change]]]:
        """Of two runs: what went otherwise, worse first."""
        first, second = (run.by_key for run in self.runs)
        pairs = ((name, _told(first.get(name)), _told(second.get(name))) for name in first | second)
        changes = [Change(*pair) for pair in pairs if pair[1] != pair[2]]
        return [(kind, [c for c in changes if c.kind == kind]) for kind in KINDS]


def page(sources: Iterable[Source]) -> Page:
    embedding = Embedding()
    return Page([RunView(source, n, embedding) for n, source in enumerate(sources)])


# ---- templates ----------------------------------------------------------------------------------


def template_text(name: str) -> str:
    """A file beside the templates."""
    return (paths.PACKAGE / "templates" / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """What a content security policy calls a script or style that stands in the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def environment(finalize: Any) -> jinja2.Environment:
    """`finalize` makes every text harmless."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.PACKAGE / "templates"),
        autoescape=True,
        finalize=finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def html(shown: Page) -> str:
    """One file that needs nothing else."""
    style, script = template_text("report.css"), template_text("report.js")
    made = environment(harmless.html)
    made.filters["clip"] = lambda text: harmless.clip(text, TEXT_MAX)
    return made.get_template("report.html").render(
        page=shown,
        style=Markup(style),
        script=Markup(script),
        policy=Markup(
            f"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
            f"style-src '{digest(style)}'; script-src '{digest(script)}'"
        ),
    )


def markdown(shown: Page) -> str:
    """Short, failing first: for the summary of a CI job."""
    made = environment(harmless.markdown)
    made.filters["clip"] = lambda text: harmless.clip(text, LINE_MAX)
    return made.get_template("summary.md").render(page=shown, most=SUMMARY_CASES)
