# SPDX-License-Identifier: Apache-2.0
"""`popquiz fuzz`: a campaign against one of our own fuzz targets or a server, and what it found."""

import argparse
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from popquiz import options
from popquiz.console import Console
from popquiz.errors import Exit, SuiteError, TargetError, UsageError
from popquiz.fuzz import again, blackbox, choose, corpora, fitting, record
from popquiz.fuzz.campaign import SEEDS, Campaign, Outcome, gather
from popquiz.fuzz.engine import Wish
from popquiz.fuzz.findings import Collection, Known
from popquiz.fuzz.lane import ENGINES, Lane, Seed, files_below, read_seeds
from popquiz.fuzz.record import CAMPAIGN, Done
from popquiz.fuzz.signs import CRASH
from popquiz.mask import Mask
from popquiz.servers import profile

HELP = "search for inputs that break a fuzz target or a server"
EXPLAINED_MAX = 20  # crashes that are played in another build, for their stacks
SECONDS = 60  # where neither --time nor --runs says how far


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
    blackbox.add_options(parser.add_argument_group("black box: --target, --lab without a recipe"))
    parser.add_argument("--baseline", metavar="FILE", help="known findings, as `certify` has them")
    parser.add_argument("--out", metavar="DIR", required=True, help="the folder with everything")
    fitting.remember(parser)


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
        "--cmplog",
        metavar="CMD",
        help="with -j 3: how the server of --server or --stdio is started that was built with "
        "AFL_LLVM_CMPLOG=1; the third instance asks it what is compared",
    )
    group.add_argument(
        "--max-len", type=options.number(1, 1 << 20), default=4096, metavar="N", help="octets"
    )
    group.add_argument(
        "--coverage",
        action="store_true",
        help="show where the coverage of one of our own targets ends: builds it for that",
    )
    group.add_argument("--first", action="store_true", help="end with the first new finding")
    group.add_argument("--resume", action="store_true", help="go on in the folder --out")


def _add_corpus(group: options.Group) -> None:
    group.add_argument(
        "--corpus", action="append", default=[], metavar="DIR", help="begin with these too"
    )
    group.add_argument(
        "--import",
        dest="imported",
        action="append",
        default=[],
        metavar="FILE",
        help="and with dialogues, captures and what other fuzzers left, or folders of them",
    )
    group.add_argument(
        "--minimise", action="store_true", help="leave the fewest inputs that matter in OUT/corpus"
    )
    group.add_argument(
        "--merge", action="store_true", help="add what reaches something new to the project's seeds"
    )
    group.add_argument(
        "--only-corpus", action="store_true", help="and with none of the project's own seeds"
    )


# ---- one campaign -------------------------------------------------------------------------------


def _seeds(args: argparse.Namespace, lane: Lane) -> list[Seed]:
    """Raises UsageError."""
    found = [] if args.only_corpus else list(lane.seeds())
    for name in args.corpus:
        if not Path(name).is_dir():
            raise UsageError(f"--corpus {name}: there is no such folder")
        found += read_seeds(files_below(Path(name)))
    imported = again.inputs(args.imported)
    return found + [(given.file.name, given.octets) for given in imported]


def _earlier(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """campaign.json of the run that is resumed; empty for a first one. Raises UsageError."""
    path = out / CAMPAIGN
    if not args.resume:
        if path.exists():
            raise UsageError(f"--out {out}: holds a campaign; --resume goes on with it")
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise UsageError(f"--resume: {out} holds no campaign that could go on") from None
    except ValueError as error:
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


def _shorten(collection: Collection, outcome: Outcome, console: Console) -> None:
    """Whoever interrupts wants the folder now."""
    for finding in () if outcome.interrupted else collection.new:
        console.line(f"... shortening {finding.id} ({len(finding.octets)} octets)")
        try:
            collection.shorten(finding)
        except TargetError as error:
            outcome.trouble = str(error)
            return
        except KeyboardInterrupt:
            outcome.interrupted = True
            return


def _date(collection: Collection, earlier: Mapping[str, Any]) -> None:
    """What an earlier run found was found then."""
    times = {found["id"]: found["seconds"] for found in earlier.get("findings", ())}
    for finding in collection.findings.values():
        finding.seconds = times.get(finding.id, finding.seconds)


def campaign(args: argparse.Namespace, lane: Lane, out: Path) -> Done:
    """From seeds to reports. Raises PopquizError."""
    console = Console()
    for option in ("minimise", "merge", "coverage"):
        if getattr(args, option):
            corpora.check(lane, f"--{option}")
    earlier = _earlier(args, out)
    engine = _engine(args, lane, earlier)
    collection = Collection(lane, known(args))
    wish = _wish(args, lane, out)
    gather(_seeds(args, lane), wish.seeds)
    outcome = Campaign(lane, engine, wish, collection).run(console, earlier)
    _shorten(collection, outcome, console)
    collection.settle()
    _date(collection, earlier)
    done = Done(lane, engine, out, outcome, collection, Mask(options.secrets(args)), earlier)
    done.ends = _ends(args, done, lane, console)
    done.unstable = lane.unstable
    _explain(lane, collection)
    record.finish(args, done)
    _tidy(args, lane, out, console)
    return done


def _explain(lane: Lane, collection: Collection) -> None:
    """Another build may have a stack of a crash that has none."""
    bare = [f for f in collection.findings.values() if f.sign.kind == CRASH and not f.sign.frames]
    for found in bare[:EXPLAINED_MAX]:
        found.more |= lane.explain(found.octets)


def _ends(
    args: argparse.Namespace, done: Done, lane: Lane, console: Console
) -> Mapping[str, Any] | None:
    """A page without it is better than none."""
    try:
        return None if done.outcome.interrupted else lane.ends(done.out, args.coverage)
    except TargetError as error:
        console.line(f"where coverage ends is not known: {error}")
        return None


def _tidy(args: argparse.Namespace, lane: Lane, out: Path, console: Console) -> None:
    if args.minimise:
        corpora.minimise(corpora.check(lane, "--minimise"), out, console.line)
    if args.merge:
        corpora.contribute(corpora.check(lane, "--merge"), out, console.line)


def known(args: argparse.Namespace) -> Known:
    """Of a server of the lab what its profile's baseline lists, too."""
    paths = [Path(args.baseline)] if args.baseline else []
    if args.lab:
        own = profile.baseline(args.lab)
        paths += [own] if own.exists() else []
    return Known(paths, datetime.now(UTC).date(), args.tls)


# ---- the command --------------------------------------------------------------------------------


def _engine(args: argparse.Namespace, lane: Lane, earlier: Mapping[str, Any]) -> str:
    """That of the run that is resumed, if there is one. Raises UsageError."""
    wanted: str = args.engine or earlier.get("engine") or lane.engines[0]
    if earlier and (lane.name, wanted) != (earlier["lane"], earlier["engine"]):
        was = f"{earlier['lane']} with {earlier['engine']}"
        raise UsageError(f"--resume: {args.out} holds a campaign of {was}: only that can go on")
    if wanted not in lane.engines:
        raise UsageError(f"--engine {wanted}: {lane.name} takes only {' or '.join(lane.engines)}")
    return wanted


def _blackbox(args: argparse.Namespace, console: Console) -> int:
    other = [way for way in choose.ways(args) if args.target or way != "lab"]
    first = "target" if args.target else "lab"
    if other:
        raise UsageError(f"--{first} and --{other[0]} exclude each other")
    fitting.check(args, first)
    out = _made(Path(args.out))
    _earlier(args, out)
    done = blackbox.campaign(args, out, known(args), console)
    record.finish(args, done)
    record.tell(done, console)
    return done.exit


def _made(out: Path) -> Path:
    """Raises UsageError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: is no folder: {error.strerror}") from None
    return out


def fuzz(args: argparse.Namespace) -> int:
    console = Console()
    if args.target or choose.is_black_box(args):
        return _blackbox(args, console)
    for way in choose.ways(args):
        fitting.check(args, way)
    lanes = list(choose.lanes(args, console.line))
    worst, resume = Exit.PASSED, args.resume
    for lane in lanes:
        out = _made(Path(args.out))
        if len(lanes) > 1:
            out /= lane.name.partition(":")[2]
            args.resume = resume and (out / CAMPAIGN).exists()
        try:
            done = campaign(args, lane, out)
        finally:
            lane.close()
        record.tell(done, console)
        if done.exit == Exit.INTERRUPTED:
            return done.exit
        worst = max(worst, done.exit)
    return worst


def run(args: argparse.Namespace) -> int:
    try:
        return fuzz(args)
    except OSError as error:
        raise SuiteError(f"{error.filename or 'output'}: {error.strerror}") from None
