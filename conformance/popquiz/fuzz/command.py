# SPDX-License-Identifier: Apache-2.0
"""`popquiz fuzz`: a campaign against one of our own fuzz targets or a server, and what it found."""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import popquiz
from popquiz import options
from popquiz.console import Console
from popquiz.errors import Exit, SuiteError, UsageError
from popquiz.fuzz import choose, findings, report
from popquiz.fuzz.campaign import SEEDS, Campaign, Outcome, gather
from popquiz.fuzz.engine import Wish
from popquiz.fuzz.findings import Collection, Finding, Known
from popquiz.fuzz.lane import ENGINES, Lane, Seed, files_below, read_seeds
from popquiz.mask import Mask

HELP = "search for inputs that break a fuzz target or a server"
SECONDS = 60  # where neither --time nor --runs says how far
CAMPAIGN = "campaign.json"


# ---- options ------------------------------------------------------------------------------------


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "fuzz",
        help=HELP,
        description=__doc__,
        epilog="exit status: 0 nothing new, 1 new findings, 2 usage, 3 the target cannot be "
        "fuzzed, 4 the suite is at fault, 130 interrupted",
    )
    choose.add_options(parser.add_argument_group("what is fuzzed"))
    options.add_target(parser.add_argument_group("a server"))
    _add_extent(parser.add_argument_group("how far"))
    _add_corpus(parser.add_argument_group("corpus"))
    parser.add_argument("--baseline", metavar="FILE", help="known findings, as `certify` has them")
    parser.add_argument("--out", metavar="DIR", required=True, help="the folder with everything")


def _add_extent(group: options.Group) -> None:
    group.add_argument("--engine", choices=ENGINES, help="default: libfuzzer for --harness")
    group.add_argument(
        "--time", type=options.seconds, metavar="TIME", help=f"20s, 5m (default: {SECONDS}s)"
    )
    group.add_argument("--runs", type=options.number(1), metavar="N", help="so many executions")
    group.add_argument(
        "-j", dest="jobs", type=options.number(1, 64), default=1, metavar="N", help="instances"
    )
    group.add_argument(
        "--max-len", type=options.number(1, 1 << 20), default=4096, metavar="N", help="octets"
    )
    group.add_argument("--first", action="store_true", help="end with the first new finding")
    group.add_argument("--resume", action="store_true", help="go on in the folder --out")


def _add_corpus(group: options.Group) -> None:
    group.add_argument(
        "--corpus", action="append", default=[], metavar="DIR", help="begin with these too"
    )
    group.add_argument(
        "--only-corpus", action="store_true", help="and with none of the project's own seeds"
    )


# ---- one campaign -------------------------------------------------------------------------------


@dataclass(slots=True)
class Done:
    """A campaign that ended."""

    lane: Lane
    out: Path
    outcome: Outcome
    findings: list[Finding]
    exit: Exit
    document: dict[str, Any]


def _seeds(args: argparse.Namespace, lane: Lane) -> list[Seed]:
    """Raises UsageError."""
    found = [] if args.only_corpus else list(lane.seeds())
    for name in args.corpus:
        if not Path(name).is_dir():
            raise UsageError(f"--corpus {name}: there is no such folder")
        found += read_seeds(files_below(Path(name)))
    return found


def _earlier(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """campaign.json of the run that is resumed; empty for a first one. Raises UsageError."""
    path = out / CAMPAIGN
    if not args.resume:
        if path.exists():
            raise UsageError(f"--out {out}: holds a campaign; --resume goes on with it")
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"--resume: {path} cannot be read: {error}") from None
    return dict(found)


def _dictionary(lane: Lane, out: Path) -> Path | None:
    """A copy in the campaign's folder."""
    found = lane.dictionary()
    if not found:
        return None
    out.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(found, out.resolve() / found.name))


def _wish(args: argparse.Namespace, lane: Lane, out: Path) -> Wish:
    seconds = args.time or (None if args.runs else SECONDS)
    return Wish(
        out=out.resolve(),
        seeds=out.resolve() / SEEDS,
        dictionary=_dictionary(lane, out),
        seconds=seconds,
        runs=args.runs,
        seed=args.seed,
        jobs=args.jobs,
        resume=args.resume,
        max_len=args.max_len,
        first=args.first,
    )


def _exit(outcome: Outcome, new: Sequence[Finding]) -> Exit:
    if outcome.interrupted:
        return Exit.INTERRUPTED
    if new:
        return Exit.FAILED
    return Exit.TARGET if outcome.trouble else Exit.PASSED


def document(args: argparse.Namespace, done: Done, engine: str, earlier: Mapping[str, Any]) -> Any:
    """campaign.json without the findings."""
    outcome = done.outcome
    stats = outcome.stats
    return {
        "version": popquiz.__version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "lane": done.lane.name,
        "built": dict(done.lane.built),
        "engine": engine,
        "jobs": args.jobs,
        "seed": args.seed,
        "runs_before": int(earlier.get("runs_before", -1)) + 1,
        "seconds": round(outcome.seconds, 1),
        "first_execution_s": outcome.first_s and round(outcome.first_s, 2),
        "execs": stats.execs,
        "speed": round(stats.execs / outcome.seconds) if outcome.seconds else 0,
        "edges": stats.edges,
        "edges_of": stats.edges_of,
        "corpus": stats.corpus,
        "stability": stats.stability,
        "transaction": outcome.transaction and round(outcome.transaction, 1),
        "trouble": outcome.trouble,
        "interrupted": outcome.interrupted,
        "exit": int(done.exit),
    }


def _shorten(collection: Collection, console: Console) -> None:
    for finding in collection.new:
        console.line(f"... shortening {finding.id} ({len(finding.octets)} octets)")
        collection.shorten(finding)


def campaign(args: argparse.Namespace, lane: Lane, engine: str, out: Path) -> Done:
    """From seeds to reports. Raises PopquizError."""
    console, mask = Console(), Mask(())
    earlier = _earlier(args, out)
    collection = Collection(lane, _known(args))
    wish = _wish(args, lane, out)
    gather(_seeds(args, lane), wish.seeds)
    outcome = Campaign(lane, engine, wish, collection).run(console, earlier.get("seconds", 0.0))
    _shorten(collection, console)
    found = list(collection.findings.values())
    done = Done(lane, out, outcome, found, _exit(outcome, collection.new), {})
    done.document = document(args, done, engine, earlier)
    done.document["silent"] = collection.silent
    done.document["findings"] = [findings.save(each, lane, out, mask) for each in found]
    report.save(done.document, out)
    return done


def _known(args: argparse.Namespace) -> Known:
    path = Path(args.baseline) if args.baseline else None
    return Known(path, datetime.now(UTC).date())


# ---- what is told -------------------------------------------------------------------------------


def finding_lines(found: Mapping[str, Any]) -> list[str]:
    """A finding for people; the first line is its heading."""
    word = "KNOWN" if found["known"] else found["kind"].upper()
    again, of = found["again"]
    shown = f"{again} of {of} plays, {found['octets']} octets (were {found['octets_before']})"
    pairs = [
        ("known", found["known"]),
        ("stack", " < ".join(found["frames"][:4])),
        ("process", found["process"]),
        ("shown by", shown),
        ("replay", found["replay"]),
    ]
    lines = [f"{word} {found['id']}: {found['headline']}"]
    return [*lines, *(f"    {name:9} {text}" for name, text in pairs if text)]


def summary_line(done: Done) -> str:
    told = done.document
    new = sum(not each["known"] for each in told["findings"])
    parts = [f"{told['lane']}: {told['execs']:,} executions, {told['speed']:,} a second"]
    parts += [f"{told['edges']:,} edges", f"{len(told['findings'])} findings, {new} new"]
    if told["silent"]:
        parts.append(f"{len(told['silent'])} saved inputs showed nothing when played again")
    parts += [told["trouble"]] if told["trouble"] else []
    parts += ["interrupted"] if told["interrupted"] else []
    return "; ".join((*parts, str(done.out)))


def _tell(done: Done, console: Console) -> None:
    for found in done.document["findings"]:
        for line in finding_lines(found):
            console.line(line)
        console.line()
    console.line(summary_line(done))


# ---- the command --------------------------------------------------------------------------------


def _engine(args: argparse.Namespace, lane: Lane) -> str:
    """Raises UsageError."""
    wanted: str = args.engine or lane.engines[0]
    if wanted not in lane.engines:
        raise UsageError(f"--engine {wanted}: {lane.name} takes only {' or '.join(lane.engines)}")
    return wanted


def fuzz(args: argparse.Namespace) -> int:
    console = Console()
    lanes = list(choose.lanes(args, console.line))
    worst = Exit.PASSED
    for lane in lanes:
        out = Path(args.out) / lane.name.partition(":")[2] if len(lanes) > 1 else Path(args.out)
        try:
            done = campaign(args, lane, _engine(args, lane), out)
        finally:
            lane.close()
        _tell(done, console)
        if done.exit == Exit.INTERRUPTED:
            return done.exit
        worst = max(worst, done.exit)
    return worst


def run(args: argparse.Namespace) -> int:
    try:
        return fuzz(args)
    except OSError as error:
        raise SuiteError(f"{error.filename or 'output'}: {error.strerror}") from None
