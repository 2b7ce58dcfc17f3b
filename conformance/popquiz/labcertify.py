# SPDX-License-Identifier: Apache-2.0
"""`popquiz lab certify`: certifies servers of the lab in every way of TLS that they have, and shows
all of them on one page, DIR/matrix.html. The results of each are in DIR/NAME/WAY."""

import argparse
import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from popquiz import children, options, results
from popquiz.console import counted
from popquiz.errors import Exit, PopquizError, UsageError
from popquiz.servers import builds, profile

ABOUT = "certify servers in every way of TLS, and compare them on one page"
DEFAULT_OUT = "out/lab"
RUNS_MAX = 99
WHY_MAX = 120  # of a line
# What a run ends with on the console says why it did not pass.
WHY = re.compile(r"gate not passed: (.*); \S+$")
GOOD = ("PASS", "NOTE", "KNOWN", "SKIP")
# The worst first. A server that is missing says nothing of those that are there.
WORST = (
    Exit.INTERRUPTED,
    Exit.SUITE,
    Exit.USAGE,
    Exit.FAILED,
    Exit.TARGET,
    Exit.STALE,
    Exit.PASSED,
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "certify",
        help=ABOUT,
        description=__doc__,
        epilog="exit status: the worst of all, as of `popquiz certify`; 3 when a server is not "
        "installed and the others pass",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="see `popquiz lab list`")
    parser.add_argument("--all", action="store_true", help="every server that has a profile")
    parser.add_argument("--build", metavar="DIR", help="what popquiz lab build made of the server")
    parser.add_argument("--out", default=DEFAULT_OUT, metavar="DIR", help="(default: %(default)s)")
    parser.add_argument("--select", metavar="EXPR", help="only these cases")
    parser.add_argument(
        "-j", dest="jobs", type=options.number(1), metavar="N", help="seats at most, of each server"
    )
    parser.add_argument(
        "--runs",
        type=options.number(1, RUNS_MAX),
        default=1,
        metavar="N",
        help="certify N times, and name the cases whose verdicts differ",
    )


@dataclass(slots=True)
class Work:
    """A server to certify in one way of TLS, as often as is wanted."""

    name: str  # NAME or NAME:VARIANT
    tls: str
    seats: int  # that its profile wants
    folders: Sequence[Path]  # of the runs
    statuses: list[int] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)  # of runs that did not pass
    verdicts: list[Mapping[str, str]] = field(default_factory=list)  # of the runs, by case
    open: dict[str, str] = field(default_factory=dict)  # why not passed, by verdict and case

    @property
    def title(self) -> str:
        return f"{self.name} {self.tls}"

    @property
    def worst(self) -> int:
        differ = [Exit.FAILED] if any(self.differences()) else []
        return worst([*self.statuses, *differ])

    def differences(self) -> Iterator[str]:
        """Cases that do not come out the same in all runs."""
        for case in self.verdicts[0] if self.verdicts else ():
            found = [verdicts.get(case, "nothing") for verdicts in self.verdicts]
            if len(set(found)) > 1:
                yield f"{self.title}: {case}: {', '.join(found)}"


def worst(statuses: Sequence[int]) -> int:
    """The exit status that stands for all; one that is not ours is the suite's fault."""
    known = [status if status in WORST else Exit.SUITE for status in statuses]
    return min(known, key=WORST.index, default=Exit.PASSED)


# ---- what there is to do -------------------------------------------------------------------------


def _profiles(args: argparse.Namespace) -> dict[str, profile.Profile]:
    """The servers by the names that were given. Raises UsageError."""
    if args.all == bool(args.names):
        raise UsageError("either names of servers, or --all; see `popquiz lab list`")
    if args.build and len(args.names) != 1:
        raise UsageError("--build is for one server")
    if args.all:
        return {path.stem: profile.read(path) for path in profile.available()}
    found = {}
    for name in args.names:
        plain, _, variant = name.partition(":")
        wanted = profile.find(plain).variant(variant or None)
        found[name] = builds.use(wanted, Path(args.build)) if args.build else wanted
    return found


def _missing(found: Mapping[str, profile.Profile]) -> dict[str, str]:
    """Servers that are not installed, or whose backend is not: a line for each."""
    lines = {}
    for name, wanted in found.items():
        chain = [wanted, *([profile.find(wanted.backend)] if wanted.backend else [])]
        for each in chain:
            if what := each.missing():
                lines[name] = f"{name}: not installed: {', '.join(what)}; run: {each.install}"
    return lines


def _works(found: Mapping[str, profile.Profile], out: Path, runs: int) -> list[Work]:
    """Those that take longest come first."""
    works = [
        Work(name, tls, wanted.seats, _folders(out, name, tls, runs))
        for name, wanted in found.items()
        for tls in wanted.tls
    ]
    return sorted(works, key=lambda work: -work.seats)


def _folders(out: Path, name: str, tls: str, runs: int) -> list[Path]:
    place = out / Path(name).name.replace(":", "-")
    return [place / (f"{tls}.{number}" if number > 1 else tls) for number in range(1, runs + 1)]


# ---- doing it ------------------------------------------------------------------------------------


def _command(work: Work, folder: Path, args: argparse.Namespace) -> list[str]:
    words = ["certify", "--lab", work.name, "--tls", work.tls, "--yes-destroy", "--strict"]
    words += ["--strict-baseline"] if profile.baseline(work.name).exists() else []
    words += ["--build", args.build] if args.build else []
    words += ["--select", args.select] if args.select else []
    words += ["-j", str(args.jobs)] if args.jobs else []
    return [sys.executable, "-P", "-m", "popquiz", *words, "--out", str(folder)]


async def _certify(work: Work, folder: Path, args: argparse.Namespace) -> None:
    from popquiz import reporting  # not for those who only start a server: it needs jinja2

    begun = time.monotonic()
    process = await children.start(_command(work, folder, args), chatter=True)
    try:
        words = await children.wait(process)
    finally:
        await children.end(process)
    work.statuses.append(process.returncode or 0)
    if work.statuses[-1] != Exit.PASSED:
        work.whys.append(found[1] if (found := WHY.search(words)) else words)
    took = f"{time.monotonic() - begun:.0f} s"
    try:
        cases = reporting.read(folder).results["cases"]
    except UsageError:
        print(f"{work.title}: {words} ({took})", flush=True)
        return
    for case in cases:
        if case["verdict"] not in GOOD:
            why = " ".join(case["why"].split())
            work.open.setdefault(f"{case['verdict']} {case['id']}", why[:WHY_MAX])
    work.verdicts.append({f"{c['id']} {c['axes']['segment']}": c["verdict"] for c in cases})
    print(f"{work.title}: {counted(c['verdict'] for c in cases)} ({took})", flush=True)


async def _work(waiting: list[tuple[Work, Path]], args: argparse.Namespace) -> None:
    while waiting:
        await _certify(*waiting.pop(0), args)


async def _do(works: Sequence[Work], args: argparse.Namespace) -> None:
    """As many at once as there are processors: much of each is waiting. SIGINT and SIGTERM cancel,
    which ends them all."""
    task = asyncio.current_task()
    assert task
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    waiting = [(work, work.folders[run]) for run in range(args.runs) for work in works]
    async with asyncio.TaskGroup() as group:
        for _ in range(len(os.sched_getaffinity(0))):
            group.create_task(_work(waiting, args))


def _forget(works: Sequence[Work]) -> None:
    """Results of an earlier time must not be taken for those of a run that left none."""
    for work in works:
        for folder in work.folders:
            results.check_folder(folder)
            (folder / "results.json").unlink(missing_ok=True)


# ---- what came of it -----------------------------------------------------------------------------


def _matrix(works: Sequence[Work], out: Path) -> Path | None:
    """A column for each server and way of TLS that has results."""
    from popquiz import pages, reporting

    done = [work for work in works if work.verdicts and (work.folders[0] / "results.json").exists()]
    sources = [
        replace(reporting.read(work.folders[0]), name=work.title)
        for work in sorted(done, key=lambda work: work.name)
    ]
    if not sources:
        return None
    results.write(out / "matrix.html", pages.html(pages.page(sources)))
    return out / "matrix.html"


def _line(name: str, works: Sequence[Work]) -> str:
    """What is to be said of a server, in one line."""
    bad = [work for work in works if work.worst != Exit.PASSED]
    if not bad:
        return f"{name}: passed in {', '.join(work.tls for work in works)}"
    said = dict.fromkeys(why for work in bad for why in work.whys)
    ways = ", ".join(work.tls for work in bad)
    return f"{name}: not passed in {ways}: {'; '.join(said) or 'verdicts differ'}"


def run(args: argparse.Namespace) -> int:
    """Raises PopquizError."""
    found, out = _profiles(args), Path(args.out)
    missing = _missing(found)
    works = _works({n: p for n, p in found.items() if n not in missing}, out, args.runs)
    _forget(works)
    children.watch_without_threads()
    cut_short = []
    try:
        asyncio.run(_do(works, args))
    except asyncio.CancelledError:
        cut_short.append(Exit.INTERRUPTED)
    except ExceptionGroup as errors:
        error = errors.exceptions[0]
        raise error if isinstance(error, PopquizError) else errors from None
    page = _matrix(works, out)
    for work in works:
        for line in work.differences():
            print(f"differs: {line}")
        for what, why in work.open.items():
            print(f"open: {work.title} {what} {why}")
    for name in found if not cut_short else ():
        print(missing.get(name) or _line(name, [work for work in works if work.name == name]))
    if page:
        print(page)
    return worst([*(work.worst for work in works), *(Exit.TARGET for _ in missing), *cut_short])
