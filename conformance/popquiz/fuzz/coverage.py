# SPDX-License-Identifier: Apache-2.0
"""`popquiz coverage`: what a corpus reaches of our own code, as a page for each source file and a
table, by clang's own counters."""

import argparse
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from popquiz import results
from popquiz.console import Console
from popquiz.errors import Exit, TargetError, UsageError
from popquiz.fuzz import presets
from popquiz.fuzz.lane import corpus

ENDS = "exit status: 0 shown, 2 usage, 3 a target cannot be built or played"
HELP = "show what a corpus reaches of our own code"
PRESET = "coverage"
RUN_S = 1800
ALL = "all"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("coverage", help=HELP, description=__doc__, epilog=ENDS)
    parser.add_argument("--harness", metavar="NAME", required=True, help="a fuzz target, or all")
    parser.add_argument(
        "--corpus",
        action="append",
        default=[],
        metavar="DIR",
        help="inputs, as OUT/main/corpus of a campaign (default: those of the project)",
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="where the pages go")


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


def _merged(played: Sequence[Inputs], out: Path) -> list[str]:
    """Plays inputs; what llvm-cov is given to see what was counted."""
    counted, data = [], out / "coverage.profdata"
    for program, folders in played:
        counted.append(out / f"{program.name}.profraw")
        environment = {**os.environ, "LLVM_PROFILE_FILE": str(counted[-1])}
        _run([str(program), *map(str, folders)], env=environment)
    _run(["llvm-profdata", "merge", "-sparse", *map(str, counted), "-o", str(data)])
    for file in counted:
        file.unlink(missing_ok=True)
    first, *others = [str(program) for program, _ in played]
    objects = [first, *(word for each in others for word in ("-object", each))]
    ignored = f"-ignore-filename-regex={presets.root()}/harness/.*"
    return [*objects, f"-instr-profile={data}", ignored]


def export(played: Sequence[Inputs], scratch: Path) -> dict[str, Any]:
    """What llvm-cov says of each function. Raises TargetError."""
    told = json.loads(_run(["llvm-cov", "export", *_merged(played, scratch)]))
    return dict(told["data"][0])


def _lines(totals: Mapping[str, Any]) -> list[str]:
    return [
        f"{kind:9} {found['percent']:6.2f} %  {found['covered']:,} of {found['count']:,}"
        for kind in ("lines", "functions", "branches")
        if (found := totals[kind])
    ]


def run(args: argparse.Namespace) -> int:
    out = Path(args.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: is no folder: {error.strerror}") from None
    names = presets.names() if args.harness == ALL else [presets.full_name(args.harness)]
    say = Console().line
    given = _merged([(presets.build(PRESET, n, say), _folders(args, n)) for n in names], out)
    pages = ["-format=html", f"-output-dir={out}", "-show-branches=count"]
    _run(["llvm-cov", "show", *given, *pages])
    told = json.loads(_run(["llvm-cov", "export", "-summary-only", *given]))
    totals = told["data"][0]["totals"]
    results.write(out / "coverage.json", json.dumps(told["data"][0], indent=1) + "\n")
    console = Console()
    for line in _lines(totals):
        console.line(line)
    console.line(str(out / "index.html"))
    return Exit.PASSED
