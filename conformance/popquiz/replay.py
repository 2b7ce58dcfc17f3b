# SPDX-License-Identifier: Apache-2.0
"""`popquiz replay`: plays dialogues, and what a run or a fuzzer left, and shows what was said."""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from popquiz import (
    capture,
    cases,
    catalogue,
    certify,
    gate,
    options,
    paths,
    results,
    runner,
)
from popquiz.baseline import Comparison
from popquiz.console import Console
from popquiz.errors import Exit, UsageError
from popquiz.fixtures import Fixtures
from popquiz.fuzz import again, choose, claims, export
from popquiz.mask import Mask
from popquiz.record import Job, Result
from popquiz.verdicts import Verdict

HELP = "play dialogues and show what was said"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("replay", help=HELP, description=__doc__)
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="dialogues, inputs of a fuzzer, or folders; where no other "
        "target is named, the built-in server plays them",
    )
    options.add_target(parser.add_argument_group("target"))
    parser.add_argument("--segment", default="whole", type=certify.segment, metavar="CUT")
    options.add_safety(parser.add_argument_group("what may be done to it"))
    parser.add_argument(
        "--pcap", type=Path, metavar="FILE", help="capture it, with the secrets that open its TLS"
    )
    group = parser.add_argument_group("what a fuzzer found")
    choose.add_options(group)
    group.add_argument(
        "-n", dest="times", type=options.number(1, 10000), default=1, metavar="N", help="so often"
    )
    group.add_argument("--debug", action="store_true", help="under gdb")
    group.add_argument(
        "--export", choices=export.KINDS, help="write it as a program that needs no popquiz"
    )
    group.add_argument("--out", type=Path, metavar="FILE", help="where --export goes")
    parser.set_defaults(repeat=1)


def lines(result: Result) -> list[str]:
    """What there is to see of a result."""
    way = f"#{result.full_way}" if result.full_way else ""
    found = [f"{result.verdict} {result.job.name}{way}"]
    attempt = result.shown
    if not attempt:
        return [*found, f"    {result.skip}: {result.why}"]
    found += [f"    {line}" for line in results.finding(attempt)[1:]]
    return found + (results.transcript(attempt.outcome) if attempt.outcome else [])


class Told:
    """Tells each case when it was played as often as it should be."""

    def __init__(self, console: Console, args: argparse.Namespace) -> None:
        self._console = console
        self._args = args
        self._played: dict[str, list[Result]] = {}
        self.reproduced = False

    def hear(self, result: Result) -> None:
        played = self._played.setdefault(f"{result.case.file} {result.job.name}", [])
        played.append(result)
        if len(played) == self._args.times:
            mask = Mask(options.secrets(self._args))  # they were not read before
            for line in self._lines(played):
                self._console.line(mask(line))

    def _lines(self, played: Sequence[Result]) -> list[str]:
        claim = claims.of(played[0].case)
        if not claim:
            return [line for result in played for line in lines(result)]
        self.reproduced |= claims.word(played, claim) == claims.REPRODUCED
        shown = next((result for result in played if claims.shows(result, claim)), played[0])
        return [claims.line(played, claim), *lines(shown)[1:]]


def _config(args: argparse.Namespace, told: Callable[[Result], None]) -> runner.Config:
    rows = catalogue.read(paths.catalogue())
    loaded = cases.load(cases.files_of(args.files))
    found = [case for case in loaded if "client" in case.roles]
    cases.check(found, rows)
    if not found:
        raise UsageError("none of the files is for the role of a client")
    target, fixtures = options.target(args), Fixtures(paths.fixtures())
    rules = certify.rules(args, rows, target, fixtures)
    rules.reruns, rules.restore = 0, True
    return runner.Config(
        target=target,
        jobs=[Job(case, args.segment) for case in found for _ in range(args.times)],
        fixtures=fixtures,
        rules=rules,
        logins=options.logins(args),
        sanity_patience_ms=args.patience * 1000,
        heard=told,
        capture=capture.Capture(args.pcap) if args.pcap else None,
    )


def _again(args: argparse.Namespace) -> int:
    """In a lane of `popquiz fuzz`."""
    console, played = Console(), []
    (lane,) = choose.lanes(args, console.line)
    try:
        for given in again.inputs(args.files):
            played.append(again.play(lane, given, args.times))
            for line in again.lines(played[-1]):
                console.line(line)
    finally:
        lane.close()
    return again.exit_of(played)


def _play(args: argparse.Namespace) -> int:
    """With the player, at a target."""
    console = Console()
    told = Told(console, args)
    played = runner.execute(_config(args, told.hear))
    if args.pcap:
        console.line(f"{args.pcap}: {capture.WARNING}")
    decision = gate.decide(gate.Gate(), played, Comparison())
    if decision.exit in (Exit.TARGET, Exit.INTERRUPTED):
        console.line(decision.why)
    skipped = sum(result.verdict is Verdict.SKIP for result in played.results)
    if skipped:
        console.line(f"{skipped} skipped")
    if told.reproduced and decision.exit is Exit.PASSED:
        return Exit.FAILED
    return decision.exit


def _one(args: argparse.Namespace, option: str) -> again.Input:
    """Raises UsageError."""
    found = again.inputs(args.files)
    if len(found) != 1:
        raise UsageError(f"{option}: {len(found)} inputs: name one")
    return found[0]


def _export(args: argparse.Namespace) -> int:
    given = _one(args, "--export")
    if not args.out:
        raise UsageError("--export: --out FILE is needed: where it goes")
    title = f"An input of popquiz: {given.file.name}"
    text = export.render(given.octets, export.Export(args.export, args.out.name, title))
    results.write(args.out, text)
    args.out.chmod(0o755)
    return Exit.PASSED


def _debug(args: argparse.Namespace) -> int:
    """gdb has the terminal."""
    given = _one(args, "--debug")
    (lane,) = choose.lanes(args, print)
    with tempfile.TemporaryDirectory(prefix="popquiz-") as name, closing(lane):
        file = Path(name) / "input"
        file.write_bytes(given.octets)
        words = lane.debugged(file)
        if not shutil.which(words[0]):
            raise UsageError("--debug: gdb is not installed: apt-get install gdb")
        return subprocess.run(words, check=False).returncode


def run(args: argparse.Namespace) -> int:
    if args.export:
        return _export(args)
    if args.debug:
        return _debug(args)
    if not choose.ways(args) and not args.target:
        if found := again.found_by(args.files):
            raise UsageError(f"say where it is played; it was found so: {found}")
        args.target = "mock"
    raw = not again.all_dialogues(args.files)
    if choose.ways(args) and (raw or not args.lab) and not choose.is_black_box(args):
        return _again(args)
    if not raw:
        return _play(args)
    with tempfile.TemporaryDirectory(prefix="popquiz-") as folder:
        args.files = list(map(str, again.dialogues(args.files, Path(folder))))
        return _play(args)
