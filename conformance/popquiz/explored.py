# SPDX-License-Identifier: Apache-2.0
"""`certify --explore`: sessions made up at random behind the cases, at the same target. What the
referee sees there counts like what it sees beside the cases."""

import argparse
import asyncio
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popquiz import children, explorer, options, paths, plan, results, runner
from popquiz.baseline import Baseline
from popquiz.catalogue import Catalogue
from popquiz.console import Console
from popquiz.errors import PopquizError, SuiteError
from popquiz.explorer import Exploration, Finding, Wish
from popquiz.mask import Mask
from popquiz.record import Explored
from popquiz.schedule import Rules
from popquiz.targets import Target
from popquiz.verdicts import DEVIATIONS, RANK, Verdict, worst

FOLDER = "findings"  # of dialogues and transcripts
# What the catalogue calls a leniency, of requirements that can be broken worse.
LENIENT = frozenset({"REF-ARGUMENT-SURPLUS", "REF-STATUS-CONTROL"})
ANY_CASE = "*"  # the id of an entry of a baseline that is about a rule


@dataclass(frozen=True, slots=True)
class Extent:
    """How far to explore: so many sessions, or so long."""

    sessions: int | None = None
    seconds: int | None = None


def extent(text: str) -> Extent:
    """The type of an option: 20s, 5m, or a number of sessions."""
    if text.isdigit():
        return Extent(sessions=options.number(1)(text))
    try:
        return Extent(seconds=options.seconds(text))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a time, as 20s or 5m, nor a number of sessions"
        ) from None


class Progress:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, target: Target, sessions: int) -> None:
        """`sessions`: how many will come, or 0."""
        self._console = console
        self._sessions = 0
        console.begin(sessions, target.name, "sessions")

    def counted(self, counts: Mapping[str, int]) -> None:
        self._console.advance(counts["sessions"] - self._sessions)
        self._sessions = counts["sessions"]


# ---- exploring ----------------------------------------------------------------------------------


def explore(config: explorer.Config, run: runner.Run) -> Exploration:
    """What was found. A run that ends early here is a partial one, with all that it has."""
    children.watch_without_threads()
    found = Exploration()

    async def work() -> None:
        found.interrupted = await runner.until_signal(explorer.explore(config, found))

    try:
        asyncio.run(work())
    except PopquizError as error:
        found.trouble = str(error)
    run.interrupted = run.interrupted or found.interrupted
    run.trouble = run.trouble or found.trouble
    return found


def wish(far: Extent, rules: Rules, target: Target) -> Wish:
    """What may be done to the target is what the cases may do; logins fail on the mock only."""
    return Wish(
        seed=rules.seed,
        sessions=far.sessions,
        seconds=far.seconds,
        destroy=plan.may_write(target, destroy=rules.destroy, safe=rules.safe),
        wrong_logins=target.name == "mock" and not rules.safe,
        per_minute=rules.per_minute,
    )


# ---- what it counts -----------------------------------------------------------------------------


def _verdict(finding: Finding, rows: Catalogue) -> Verdict:
    if not finding.proves:
        return Verdict.INCONCLUSIVE
    if finding.rule == explorer.CRASH:
        return Verdict.CRASH
    breach = Verdict(rows[finding.requirement].breach.upper())
    return min(breach, Verdict.WARN, key=RANK.__getitem__) if finding.rule in LENIENT else breach


def judge(findings: Iterable[Finding], rows: Catalogue, known: Baseline) -> list[Explored]:
    """In the order of their rules, whichever seat was first. The baseline excuses deviations by
    their rules, as it does beside the cases."""
    excuses = {entry.way: entry.account for entry in known.entries if entry.id == ANY_CASE}
    found = []
    for finding in sorted(findings, key=lambda finding: finding.key):
        verdict = _verdict(finding, rows)
        excuse = excuses.get(finding.rule.lower(), "") if verdict in DEVIATIONS else ""
        found.append(Explored(finding, Verdict.KNOWN if excuse else verdict, excuse))
    return found


def broken(found: Iterable[Explored], rows: Catalogue) -> Mapping[str, Verdict]:
    """What requirements come to by it."""
    verdicts: dict[str, list[Verdict]] = {}
    for each in found:
        verdict = _verdict(each.finding, rows)
        if verdict in DEVIATIONS:
            verdicts.setdefault(each.finding.requirement, []).append(verdict)
    return {name: worst(each) for name, each in verdicts.items()}


def told(run: Exploration) -> dict[str, int]:
    """How far it went, for results.json."""
    return {name: run.counts[name] for name in ("sessions", "logins", "commands")}


# ---- what is kept -------------------------------------------------------------------------------


def files(finding: Finding) -> list[str]:
    """What save() writes, relative to its folder."""
    suffixes = (".txt", ".dlg") if finding.dialogue else (".txt",)
    return [f"{FOLDER}/{finding.id}{suffix}" for suffix in suffixes]


def _tidy(dialogues: Sequence[Path]) -> None:
    """Brings them into their canonical form."""
    if not dialogues:
        return
    command = [str(paths.program("popquiz-dlg")), "fmt", *map(str, dialogues)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if ran.returncode != 0:
        raise SuiteError(f"a finding is no dialogue: {ran.stderr.strip()}")


def save(findings: Iterable[Finding], folder: Path, mask: Mask) -> None:
    """Dialogues and transcripts. Raises SuiteError."""
    dialogues = []
    for finding in findings:
        for name in files(finding):
            is_dialogue = name.endswith(".dlg")
            text = finding.dialogue if is_dialogue else mask(finding.transcript)
            results.write(folder / name, text)
            dialogues += [folder / name] if is_dialogue else []
    _tidy(dialogues)


def entry(each: Explored, mask: Mask, replay: str) -> dict[str, Any]:
    """One of the findings of results.json."""
    finding = each.finding
    place = f"{finding.verb} in {finding.state}" if finding.verb else f"in {finding.state}"
    return {
        "kind": "explore",
        "case": finding.id,
        "text": mask(f"{finding.rule}, {place}: {finding.sees}: {finding.why}"),
        "rule": finding.rule,
        "requirement": finding.requirement,
        "verdict": str(each.verdict),
        "known": mask(each.known),
        "actual": mask(finding.excerpt),
        "replay": mask(replay),
        "artifacts": files(finding),
    }
