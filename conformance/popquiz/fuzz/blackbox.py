# SPDX-License-Identifier: Apache-2.0
"""`--target`, and `--lab` of what nobody can rebuild. Sessions are made up and judged by the
referee, as `popquiz explore` does it; with --against the same commands go to a second server, and
what the two answer differently is a finding."""

import argparse
import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from popquiz import certify, children, explore, explorer, options, paths, runner, sanity
from popquiz.console import Console
from popquiz.errors import PopquizError
from popquiz.explorer import Exploration
from popquiz.fixtures import Fixtures
from popquiz.fuzz import again, differ, signs
from popquiz.fuzz.campaign import Outcome
from popquiz.fuzz.engine import Stats
from popquiz.fuzz.findings import Collection, Finding, Known, label
from popquiz.fuzz.progress import Progress, Sample
from popquiz.fuzz.record import Done
from popquiz.fuzz.signs import Sign
from popquiz.mask import Mask
from popquiz.targets import Target

SECONDS = 60
SHARE = 0.5  # of the time that is for the referee, where there is a second server


def add_options(group: options.Group) -> None:
    group.add_argument(
        "--against", metavar="WHERE", help="compare with this server: as --target, or lab:NAME"
    )
    group.add_argument("--yes-destroy", action="store_true", help="mail may be removed")
    group.add_argument("--safe", action="store_true", help="nor on our own servers")
    group.add_argument("--wrong-logins", action="store_true", help="logins may fail")
    explore.add_segment(group)
    options.add_pace(group)


@dataclass(frozen=True, slots=True)
class Box:
    """What findings say of where they are from."""

    name: str
    options: tuple[str, ...]
    built: Mapping[str, str]
    dialogues: bool = True


# ---- the referee --------------------------------------------------------------------------------


def _octets(dialogue: str, out: Path) -> bytes:
    """What the client of a dialogue writes."""
    if not dialogue:
        return b""
    file = out / ".dialogue"
    file.write_text(dialogue, encoding="utf-8")
    try:
        return again.to_wire(file)
    except PopquizError:
        return b""  # of a dialogue whose lines nobody can make up without a server
    finally:
        file.unlink()


def finding_of(found: explorer.Finding, seconds: float, out: Path) -> Finding:
    """What the explorer found, in the words of a campaign."""
    kind = signs.CRASH if found.rule == explorer.CRASH else signs.VIOLATION
    place = f"{found.verb} in {found.state}" if found.verb else f"in {found.state}"
    text = "\n".join(filter(None, (found.sees, found.why, found.excerpt)))
    sign = Sign(kind, found.rule, place=place, text=text, transcript=found.transcript)
    octets = _octets(found.dialogue, out)
    finding = Finding(sign, octets, seconds, f"session {found.session}")
    finding.dialogue = found.dialogue
    finding.again, finding.plays = (2 if found.again else 1), 2
    finding.minimised = found.again
    finding.more = {"requirement": found.requirement, "steps": found.steps}
    return finding


class Search:
    """One campaign against a target."""

    def __init__(self, args: argparse.Namespace, out: Path, known: Known) -> None:
        self.args = args
        self.out = out
        self.target: Target = options.target(args)
        self.collection = Collection(None, known)
        self.outcome = Outcome()
        self.counts = dict.fromkeys(explorer.COUNTS, 0)
        self.compared = 0
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def keep(self, finding: Finding, say: Callable[[str], None]) -> None:
        if found := self.collection.keep(finding):
            known = f" (known: {found.known})" if found.known else ""
            say(f"FOUND {found.id}: {found.sign.headline}{known}")

    def sample(self) -> Sample:
        counts = self.counts
        cases = counts["sessions"] + self.compared
        stats = Stats(execs=cases, speed=cases / max(self.seconds, 0.1))
        self.outcome.stats, self.outcome.seconds = stats, self.seconds
        if cases and self.outcome.first_s is None:
            self.outcome.first_s = self.seconds
        return Sample(self.seconds, stats, len(self.collection.findings))

    # ---- exploring ------------------------------------------------------------------------------

    def _wish(self) -> explorer.Wish:
        args = self.args
        seconds = args.time or (None if args.runs else SECONDS)
        args.sessions, args.connections, args.tries = args.runs, 1, None
        args.time = (seconds and round(seconds * (SHARE if args.against else 1.0))) or None
        wish = explore.wish(args, self.target)
        args.time = seconds
        return wish

    def explore(self, shown: Progress) -> None:
        run = Exploration()

        def found(finding: explorer.Finding) -> None:
            self.keep(finding_of(finding, self.seconds, self.out), shown.line)

        def counted(counts: Mapping[str, int]) -> None:
            self.counts = dict(counts)
            if shown.is_due:
                shown.add(self.sample())

        config = explorer.Config(
            target=self.target,
            fixtures=Fixtures(paths.fixtures()),
            logins=sanity.preludes(self.args.login),
            wish=self._wish(),
            workers=self.args.jobs,
            sanity_patience_ms=self.args.patience * 1000,
            found=found,
            counted=counted,
        )

        async def work() -> None:
            self.outcome.interrupted = await runner.until_signal(explorer.explore(config, run))

        children.watch_without_threads()
        asyncio.run(work())
        self.counts = run.counts
        # The explorer keeps the shortest of those that are the same.
        for finding in run.findings:
            better = finding_of(finding, self.seconds, self.out)
            self._replace(better)
        if run.remark:
            shown.line(run.remark)
        self._trouble(run.trouble, shown)

    def _replace(self, better: Finding) -> None:
        """Puts a shorter one in the place of the first, which was met earlier."""
        first = self.collection.findings.get(better.sign.signature)
        if first:
            better.seconds, better.inputs = first.seconds, first.inputs
            better.known, better.original = first.known, len(first.octets)
            self.collection.findings[better.sign.signature] = better

    def _trouble(self, trouble: str, shown: Progress) -> None:
        """A server that served, and serves no more, is a finding."""
        self.outcome.trouble = trouble
        if trouble and self.counts["transactions"]:
            sign = Sign(signs.HANG, "serves no more", text=trouble)
            self.keep(Finding(sign, b"", self.seconds, "the last session", again=1), shown.line)


def campaign(args: argparse.Namespace, out: Path, known: Known, console: Console) -> Done:
    """Raises PopquizError."""
    out.mkdir(parents=True, exist_ok=True)
    search = Search(args, out, known)
    shown = Progress(console, out, time.monotonic())
    engine = "explorer"
    try:
        search.explore(shown)
        if args.against and not search.outcome.interrupted:
            engine = "explorer and comparison"
            differ.compare(search, shown)
        shown.add(search.sample())
    finally:
        shown.end()
    words = tuple(certify.replay_options(args))
    box = Box(search.target.name, words, {"server": label(search.target.name)})
    mask = Mask(options.secrets(args))
    return Done(box, engine, out, search.outcome, search.collection, mask)
