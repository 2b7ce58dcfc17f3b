# SPDX-License-Identifier: Apache-2.0
"""What a person sees while a campaign runs, and the figures that reports draw from."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from popquiz.console import Console
from popquiz.fuzz.engine import Stats

if TYPE_CHECKING:
    from rich.status import Status

LINE_SECONDS = 5.0  # between two lines where there is no terminal
SAMPLE_SECONDS = 1.0
FILE = "progress.tsv"
COLUMNS = ("seconds", "execs", "speed", "edges", "corpus", "findings")


@dataclass(frozen=True, slots=True)
class Sample:
    """How far a campaign was at a time."""

    seconds: float
    stats: Stats
    findings: int
    transaction: float | None = None  # percent of the cases that got there

    @property
    def row(self) -> str:
        stats = self.stats
        cells = (stats.execs, round(stats.speed), stats.edges, stats.corpus, self.findings)
        return "\t".join((f"{self.seconds:.1f}", *map(str, cells))) + "\n"


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m{rest:02}s" if hours else f"{minutes}m{rest:02}s"


def words(sample: Sample) -> str:
    """One line, as short as it can be."""
    stats = sample.stats
    parts = [f"{clock(sample.seconds)}  {stats.execs:,} cases, {stats.speed:,.0f} exec/s"]
    if stats.edges:
        parts.append(
            f"{stats.edges:,} edges" + (f" of {stats.edges_of:,}" if stats.edges_of else "")
        )
    parts += [f"corpus {stats.corpus:,}"] if stats.corpus else []
    if sample.transaction is not None:
        parts.append(f"{sample.transaction:.0f} % reach TRANSACTION")
    if stats.stability is not None:
        parts.append(f"stability {stats.stability:g} %")
    return ", ".join((*parts, f"{sample.findings} finding{'s' * (sample.findings != 1)}"))


def total(found: list[Stats]) -> Stats:
    """Of instances that share their corpus."""
    stable = [each.stability for each in found if each.stability is not None]
    return Stats(
        execs=sum(each.execs for each in found),
        speed=sum(each.speed for each in found),
        edges=max((each.edges for each in found), default=0),
        edges_of=found[0].edges_of if found else None,
        corpus=max((each.corpus for each in found), default=0),
        stability=min(stable, default=None),
    )


class Progress:
    """A line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, out: Path, begun: float, earlier: float = 0.0) -> None:
        """`earlier`: seconds of the runs that this one goes on from."""
        self._console = console
        self._file = out / FILE
        self._begun = begun
        self._earlier = earlier
        self._sampled = self._told = begun
        self._shown: Status | None = None
        if not self._file.exists():
            self._file.write_text("\t".join(COLUMNS) + "\n", encoding="utf-8")
        if console.is_terminal:
            from rich.console import Console as Rich

            self._shown = Rich().status("starting")
            self._shown.start()

    def begin(self, now: float) -> None:
        """Counts from now on: the engines start."""
        self._begun = self._sampled = self._told = now

    @property
    def seconds(self) -> float:
        return self._earlier + time.monotonic() - self._begun

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self._sampled >= SAMPLE_SECONDS

    def add(self, sample: Sample) -> None:
        self._sampled = now = time.monotonic()
        with self._file.open("a", encoding="utf-8") as file:
            file.write(sample.row)
        if self._shown:
            self._shown.update(words(sample))
        elif now - self._told >= LINE_SECONDS:
            self._told = now
            self._console.line(f"... {words(sample)}")

    def line(self, text: str) -> None:
        self._console.line(text)

    def end(self) -> None:
        shown, self._shown = self._shown, None
        if shown:
            shown.stop()


def read(out: Path) -> list[list[float]]:
    """The samples of a campaign, by COLUMNS."""
    lines = (out / FILE).read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [[float(cell) for cell in row] for row in rows if len(row) == len(COLUMNS)]
