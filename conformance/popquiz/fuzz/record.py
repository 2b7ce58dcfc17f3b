# SPDX-License-Identifier: Apache-2.0
"""The end of a campaign: what it came to, its document, and what a person is told."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import popquiz
from popquiz.console import Console
from popquiz.errors import Exit
from popquiz.fuzz import findings, report, signs
from popquiz.fuzz.campaign import Outcome
from popquiz.fuzz.findings import Collection, Finding
from popquiz.fuzz.lane import Played
from popquiz.mask import Mask

CAMPAIGN = "campaign.json"


@dataclass(slots=True)
class Done:
    """A campaign that ended."""

    lane: Played
    engine: str
    out: Path
    outcome: Outcome
    collection: Collection
    mask: Mask
    earlier: Mapping[str, Any] = field(default_factory=dict)  # the document that it went on from
    document: dict[str, Any] = field(default_factory=dict)
    ends: Mapping[str, Any] | None = None  # where coverage ends (ends.py)
    unstable: Sequence[Mapping[str, Any]] = ()  # edges that come and go (edges.py)

    @property
    def exit(self) -> Exit:
        return _exit(self.outcome, self.collection.new)


def _exit(outcome: Outcome, new: Sequence[Finding]) -> Exit:
    if outcome.interrupted:
        return Exit.INTERRUPTED
    if new:
        return Exit.FAILED
    return Exit.TARGET if outcome.trouble else Exit.PASSED


def _document(args: argparse.Namespace, done: Done) -> dict[str, Any]:
    """campaign.json without the findings."""
    outcome = done.outcome
    stats = outcome.stats
    return {
        "version": popquiz.__version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "lane": done.lane.name,
        "built": dict(done.lane.built),
        "engine": done.engine,
        "jobs": args.jobs,
        "seed": args.seed,
        "runs_before": int(done.earlier.get("runs_before", -1)) + 1,
        "seconds": round(outcome.seconds, 1),
        "first_execution_s": outcome.first_s and round(outcome.first_s, 2),
        "execs": stats.execs,
        "speed": round(stats.execs / outcome.seconds) if outcome.seconds else 0,
        "edges": stats.edges,
        "edges_of": stats.edges_of,
        "corpus": stats.corpus,
        "stability": stats.stability,
        "unstable": list(done.unstable),
        "ends": done.ends,
        "transaction": outcome.transaction and round(outcome.transaction, 1),
        "trouble": outcome.trouble,
        "interrupted": outcome.interrupted,
        "exit": int(done.exit),
        "silent": done.collection.silent,
        "unplayed": outcome.unplayed,
        "expired": done.collection.known.expired,
    }


def finish(args: argparse.Namespace, done: Done) -> None:
    """Writes everything. Raises SuiteError."""
    found = done.collection.findings.values()
    done.document = _document(args, done)
    done.document["findings"] = [
        findings.save(each, done.lane, done.out, done.mask) for each in found
    ]
    report.save(done.document, done.out)


# ---- what is told -------------------------------------------------------------------------------


def finding_lines(found: Mapping[str, Any]) -> list[str]:
    """A finding for people; the first line is its heading."""
    word = "KNOWN" if found["known"] else found["kind"].upper()
    again, of = found["again"]
    shown = f"{again} of {of} plays, {found['octets']} octets"
    if found["octets_before"] != found["octets"]:
        shown += f" (were {found['octets_before']})"
    pairs = [
        ("known", found["known"]),
        ("stack", " < ".join(found["frames"][:4]) or found.get("stack_note", "")),
        ("process", found["process"]),
        ("grows", found["report"] if found["kind"] == signs.GROWTH else ""),
        ("shown by", shown),
        ("replay", found["replay"]),
    ]
    lines = [f"{word} {found['id']}: {found['headline']}"]
    return [*lines, *(f"    {name:9} {text}" for name, text in pairs if text)]


def summary_line(done: Done) -> str:
    told = done.document
    new = sum(not each["known"] for each in told["findings"])
    parts = [f"{told['lane']}: {told['execs']:,} executions, {told['speed']:,} a second"]
    parts += [f"{told['edges']:,} edges"] if told["edges"] else []
    count = len(told["findings"])
    parts += [f"{count} finding{'s' * (count != 1)}, {new} new"]
    if told["expired"]:
        parts.append(f"known no longer, by the date in the baseline: {', '.join(told['expired'])}")
    if told["unplayed"]:
        parts.append(f"{told['unplayed']} saved inputs were too many to be played")
    if told["silent"]:
        parts.append(f"{len(told['silent'])} saved inputs showed nothing when played again")
    parts += [told["trouble"]] if told["trouble"] else []
    parts += ["interrupted"] if told["interrupted"] else []
    return "; ".join((*parts, str(done.out)))


def tell(done: Done, console: Console) -> None:
    for found in done.document["findings"]:
        for line in finding_lines(found):
            console.line(line)
        console.line()
    console.line(summary_line(done))
