# SPDX-License-Identifier: Apache-2.0
"""The page and the summary of a campaign. Everything in it is hostile: harmless.py sees to every
text of a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from popquiz import harmless, pages
from popquiz.fuzz import chart, progress

TEXT_MAX = 8000  # characters of a text
LINE_MAX = 300  # and in the summary
SUMMARY_FINDINGS = 50
FAMILY = {"crash": "CRASH", "hang": "HANG"}  # words that the style sheet has colours for
Json = Mapping[str, Any]


@dataclass(slots=True)
class Page:
    """`samples`: rows of progress.COLUMNS. `texts`: of the files in the folders of findings, by
    ID/NAME."""

    campaign: Json
    samples: Sequence[Sequence[float]] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def new(self) -> list[Json]:
        return [found for found in self.campaign["findings"] if not found["known"]]

    @property
    def clock(self) -> str:
        return progress.clock(self.campaign["seconds"])

    @property
    def execs(self) -> str:
        return f"{self.campaign['execs']:,} ({self.campaign['speed']:,} a second)"

    @property
    def edges(self) -> str:
        """Empty where nobody counts them."""
        edges, of = self.campaign["edges"], self.campaign["edges_of"]
        return f"{edges:,}" + (f" of {of:,}" if of else "") if edges else ""

    @staticmethod
    def word(found: Json) -> str:
        return FAMILY.get(found["kind"], "FAIL")

    def text(self, found: Json, name: str) -> str:
        return self.texts.get(f"{found['id']}/{name}", "")

    def _curve(self, column: str, title: str) -> Markup:
        at = progress.COLUMNS.index(column)
        points = [(row[0], row[at]) for row in self.samples]
        return chart.curve(points, title, [found["seconds"] for found in self.new])

    @property
    def edge_curve(self) -> Markup:
        return self._curve("edges", "edges over time")

    @property
    def corpus_curve(self) -> Markup:
        return self._curve("corpus", "inputs kept over time")


def html(shown: Page) -> str:
    """One file that needs nothing else."""
    style = pages.template_text("report.css") + pages.template_text("campaign.css")
    made = pages.environment(harmless.html)
    made.filters["clip"] = lambda text: harmless.clip(str(text), TEXT_MAX)
    return made.get_template("campaign.html").render(
        page=shown,
        c=shown.campaign,
        style=Markup(style),
        policy=Markup(
            "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
            f"style-src '{pages.digest(style)}'"
        ),
    )


def markdown(shown: Page) -> str:
    """Short: for the summary of a CI job."""
    made = pages.environment(harmless.markdown)
    made.filters["clip"] = lambda text: harmless.clip(str(text), LINE_MAX)
    return made.get_template("campaign.md").render(
        page=shown, c=shown.campaign, most=SUMMARY_FINDINGS
    )
