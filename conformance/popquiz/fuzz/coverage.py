# SPDX-License-Identifier: Apache-2.0
"""`popquiz coverage`: what a corpus reaches of a fuzz target of ours, or of a server of the lab
that is built for that, as a page for each source file and a table, by clang's own counters."""

import argparse
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popquiz import labbuild, results
from popquiz.console import Console
from popquiz.errors import Exit, TargetError, UsageError
from popquiz.fuzz import presets
from popquiz.fuzz.bridged import SEEDS
from popquiz.fuzz.lane import corpus, files_below, llvm
from popquiz.fuzz.served import Served
from popquiz.servers import builds

ENDS = "exit status: 0 shown, 2 usage, 3 a target cannot be built or played"
HELP = "show what a corpus reaches of a fuzz target or a server"
PRESET = "coverage"
RUN_S = 1800
ALL = "all"
SHOWN = 100  # inputs between two lines of progress


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("coverage", help=HELP, description=__doc__, epilog=ENDS)
    of = parser.add_mutually_exclusive_group(required=True)
    of.add_argument("--harness", metavar="NAME", help="a fuzz target, or all")
    of.add_argument("--lab", metavar="NAME", help="a server that `popquiz lab build` builds")
    parser.add_argument(
        "--corpus",
        action="append",
        default=[],
        metavar="DIR",
        help="inputs, as OUT/main/corpus of a campaign (default: those of the project)",
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="where the pages go")


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of which programs, and what llvm-cov must know of them."""

    programs: Sequence[Path]
    counts: Sequence[Path]
    given: Sequence[str]


def _llvm(name: str, *words: str) -> str:
    """Raises TargetError."""
    program = llvm(name)
    if not program:
        raise TargetError(f"{name} is not installed: run ci/setup")
    return _run([program, *words])


def _run(words: Sequence[str], **more: Any) -> str:
    """Raises TargetError."""
    try:
        ran = subprocess.run(words, capture_output=True, timeout=RUN_S, check=False, **more)
    except OSError as error:
        raise TargetError(f"{words[0]}: {error.strerror}: run ci/setup") from None
    if ran.returncode != 0:
        last = ran.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise TargetError(f"{Path(words[0]).name} ended with {ran.returncode}: {last}")
    return str(ran.stdout, "utf-8", "replace")


def _folders(args: argparse.Namespace, name: str) -> list[Path]:
    given = [Path(each) for each in args.corpus]
    own = [corpus() / kind / name for kind in ("seeds", "regressions")]
    found = [folder for folder in given or own if folder.is_dir()]
    if not found:
        raise UsageError(f"--corpus: there is no folder of inputs for {name}")
    return found


Inputs = tuple[Path, Sequence[Path]]  # a program, and the folders of what it plays


def _played(inputs: Sequence[Inputs], out: Path) -> Counted:
    """Plays inputs to targets of ours."""
    counts = []
    for program, folders in inputs:
        counts.append(out / f"{program.name}.profraw")
        environment = {**os.environ, "LLVM_PROFILE_FILE": str(counts[-1])}
        _run([str(program), *map(str, folders)], env=environment)
    ignored = f"-ignore-filename-regex={presets.root()}/harness/.*"
    return Counted([program for program, _ in inputs], counts, [ignored])


def _merged(counted: Counted, out: Path) -> list[str]:
    """What llvm-cov is given to see what was counted."""
    data = out / "coverage.profdata"
    _llvm("llvm-profdata", "merge", "-sparse", *map(str, counted.counts), "-o", str(data))
    for file in counted.counts:
        file.unlink(missing_ok=True)
    first, *others = map(str, counted.programs)
    objects = [first, *(word for each in others for word in ("-object", each))]
    return [*objects, f"-instr-profile={data}", *counted.given]


def export(inputs: Sequence[Inputs], scratch: Path) -> dict[str, Any]:
    """What llvm-cov says of each function of targets of ours. Raises TargetError."""
    given = _merged(_played(inputs, scratch), scratch)
    told = json.loads(_llvm("llvm-cov", "export", *given))
    return dict(told["data"][0])


def _lines(totals: Mapping[str, Any]) -> list[str]:
    return [
        f"{kind:9} {found['percent']:6.2f} %  {found['covered']:,} of {found['count']:,}"
        for kind in ("lines", "functions", "branches")
        if (found := totals[kind])
    ]


def _harness(args: argparse.Namespace, out: Path) -> Counted:
    names = presets.names() if args.harness == ALL else [presets.full_name(args.harness)]
    say = Console().line
    return _played([(presets.build(PRESET, n, say), _folders(args, n)) for n in names], out)


def _lab(args: argparse.Namespace, out: Path) -> Counted:
    """Plays the inputs to a server. Raises TargetError when it counts nothing."""
    say = Console().line
    build = labbuild.build(args.lab, builds.COVERAGE, say=say)
    files = [file for folder in _folders(args, SEEDS) for file in files_below(folder)]
    lane = Served(args.lab, build, say)
    try:
        for number, _ in enumerate(lane.ask([file.read_bytes() for file in files]), 1):
            if number % SHOWN == 0:
                say(f"... {number:,} of {len(files):,} inputs played")
        found = [Path(shutil.copy(path, out)) for path in lane.counted()]
    finally:
        lane.close()
    if not found:
        raise TargetError(f"{lane.name} has counted nothing")
    programs = [build / name for name in builds.describe(build)["executables"]]
    moved = f"-path-equivalence={builds.MOVED},{build / builds.SOURCE}"
    return Counted(programs, found, [moved])


def run(args: argparse.Namespace) -> int:
    out = Path(args.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: is no folder: {error.strerror}") from None
    given = _merged(_harness(args, out) if args.harness else _lab(args, out), out)
    pages = ["-format=html", f"-output-dir={out}", "-show-branches=count"]
    _llvm("llvm-cov", "show", *given, *pages)
    told = json.loads(_llvm("llvm-cov", "export", "-summary-only", *given))
    totals = told["data"][0]["totals"]
    results.write(out / "coverage.json", json.dumps(told["data"][0], indent=1) + "\n")
    console = Console()
    for line in _lines(totals):
        console.line(line)
    console.line(str(out / "index.html"))
    return Exit.PASSED
