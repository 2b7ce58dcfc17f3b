# SPDX-License-Identifier: Apache-2.0
"""`popquiz mutants`: whether the cases notice what the built-in server can do wrong.

A fault is killed when a requirement that it breaks (req_ids in faults.tsv) fares worse than on the
server without faults, for every seed of its constants: a case says so, or the referee beside it.
Collateral is what else fares worse.

The column `survives` holds the reason where no case can notice a fault, or, with "not built: " in
front, where the server cannot have it.
"""

import argparse
import asyncio
import csv
import json
import statistics
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from popquiz import (
    cases,
    catalogue,
    children,
    grades,
    options,
    paths,
    results,
    runner,
    sanity,
)
from popquiz.catalogue import Catalogue
from popquiz.errors import Exit, SuiteError, UsageError
from popquiz.facts import Facts
from popquiz.fixtures import Fixtures
from popquiz.player import Player
from popquiz.record import Job, Result
from popquiz.schedule import Bench, Rules, Scheduler
from popquiz.target_mock import REQUIRE_TLS, MockConfig, MockTarget, options_for
from popquiz.verdicts import RANK, Verdict

HELP = "check that the cases notice the faults of the built-in server"
LIST = "selftest/faults.tsv"
NOT_BUILT = "not built: "
PATIENCE_MS = 250  # the server is next door
WORKERS = 6  # most of the time is spent waiting for what never comes


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("mutants", help=HELP, description=__doc__)
    parser.add_argument("names", nargs="*", metavar="FAULT", help="only these")
    parser.add_argument("--list", metavar="FILE", help=f"the faults (default: {LIST})")
    parser.add_argument("--seeds", type=options.number(1), default=3, metavar="N")
    parser.add_argument("--all", action="store_true", help="play all cases, not only related ones")
    parser.add_argument("--out", metavar="FILE", help="write the kills as JSON")
    parser.add_argument("-j", dest="jobs", type=options.number(1), default=WORKERS, metavar="N")


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    rows: frozenset[str]  # what it breaks
    difficulty: int = 1  # 1: a plain dialogue finds it; 2: several commands together; 3: a search
    survives: str = ""  # why no case can notice it; empty: one has to


def read(path: Path) -> list[Fault]:
    """Raises UsageError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            faults = [_fault(row) for row in reader]
    except (OSError, KeyError, AttributeError, ValueError) as error:
        raise UsageError(f"{path}: no list of faults: {error}") from None
    return [fault for fault in faults if not fault.survives.startswith(NOT_BUILT)]


def _fault(row: Mapping[str, str]) -> Fault:
    rows = frozenset(row["req_ids"].split(",")) - {""}
    return Fault(row["name"], rows, int(row["difficulty"]), row.get("survives") or "")


@dataclass(slots=True)
class Kill:
    """What became of one fault."""

    fault: Fault
    cases: int
    seeds: list[frozenset[str]] = field(default_factory=list)  # rows that fare worse, by seed
    by_cases: list[frozenset[str]] = field(default_factory=list)  # those of which cases say so
    trouble: str = ""

    @property
    def killed(self) -> bool:
        return bool(self.seeds) and all(worse & self.fault.rows for worse in self.seeds)

    @property
    def as_expected(self) -> bool:
        """A fault that is noticed, or a reason why not, but not both."""
        return self.killed != bool(self.fault.survives)

    @property
    def proved(self) -> frozenset[str]:
        return self.fault.rows.intersection(*self.seeds) if self.seeds else frozenset()

    @property
    def witness(self) -> str:
        """Who noticed it: cases, if they do so with every seed."""
        of_cases = all(worse & self.fault.rows for worse in self.by_cases)
        return "" if of_cases or not self.killed else " of the referee"

    @property
    def collateral(self) -> frozenset[str]:
        return frozenset().union(*self.seeds) - self.fault.rows

    def __str__(self) -> str:
        if self.trouble:
            return f"UNUSABLE {self.fault.name}: {self.trouble}"
        if not self.fault.rows and self.fault.survives:
            return f"EXCUSED  {self.fault.name}: no requirement is broken on the wire"
        if not self.cases:
            return f"NO CASE  {self.fault.name}: nothing tests {', '.join(sorted(self.fault.rows))}"
        hits = sum(bool(worse & self.fault.rows) for worse in self.seeds)
        state = "KILLED  " if self.killed else "SURVIVED"
        if self.fault.survives:
            state = "STALE   " if self.killed else "EXCUSED "
        others = f"; collateral {', '.join(sorted(self.collateral))}" if self.collateral else ""
        rows = ", ".join(sorted(self.proved or self.fault.rows))
        return f"{state} {self.fault.name} {hits}/{len(self.seeds)} by {rows}{self.witness}{others}"


def worse(found: Mapping[str, Verdict], reference: Mapping[str, Verdict]) -> frozenset[str]:
    """The requirements that fare worse than on the reference."""
    return frozenset(
        name
        for name, verdict in found.items()
        if RANK[verdict] > RANK[reference.get(name, Verdict.PASS)]
    )


def without_referee(result: Result) -> Result:
    """The result with the requirements that its case judged."""
    seen = {charge.seen.requirement for charge in result.charges}
    rows = {name: verdict for name, verdict in result.rows.items() if name not in seen}
    return replace(result, rows=rows)


Way = tuple[str, frozenset[str]]  # how TLS begins, and the settings of the server


class Laboratory:
    """Plays cases against many servers, each for a moment; the players stay."""

    def __init__(self, rows: Catalogue, jobs: Sequence[Job]) -> None:
        self.rows = rows
        self.jobs = jobs
        self.fixtures = Fixtures(paths.fixtures())
        self.facts: dict[Way, Facts] = {}
        self.reference: dict[str, Verdict] = {}

    def _parts(
        self, config: MockConfig, jobs: Sequence[Job]
    ) -> Iterator[tuple[Way, runner.Config]]:
        """Where nobody logs in without TLS, or what a case needs is announced in TLS only,
        sessions begin with STLS."""
        ways: dict[str, list[Job]] = {"none": [], "stls": []}
        for job in jobs:
            options = options_for(job.case.needs)
            inside = REQUIRE_TLS in options or (options and job.case.needs_any("tls"))
            ways["stls" if inside else "none"].append(job)
        for tls, some in ways.items():
            target = MockTarget(replace(config, tls=tls))
            for part in runner.parts(self._config(target, some)) if some else ():
                yield (tls, part.target.settings), part

    def _config(self, target: MockTarget, jobs: Sequence[Job]) -> runner.Config:
        rules = Rules(
            catalogue=self.rows,
            maildrop=lambda job: runner.maildrop_of(self.fixtures, job),
            reruns=0,
            patience_ms=PATIENCE_MS,
        )
        return runner.Config(target, jobs, self.fixtures, rules, [])

    async def learn(self, player: Player) -> None:
        """What the server offers, and what the cases say about it, without a fault."""
        for way, part in self._parts(MockConfig(), self.jobs):
            try:
                seats = await part.target.start(runner.maildrops(part), 1)
                default = self.fixtures.maildrop((), {})
                check = sanity.Check(player, seats[0], default, part.sanity_patience_ms)
                facts = await sanity.first(check, part.target, sanity.preludes("user"))
                self.facts[way] = facts
            finally:
                await part.target.stop()
        played = await self.play(player, MockConfig(), self.jobs)
        self.reference = grades.requirement_verdicts(played)
        bad = [
            result.job.name for result in played if result.verdict in (Verdict.FAIL, Verdict.ERROR)
        ]
        if bad:
            raise SuiteError(f"cases fail on the server without faults: {', '.join(bad)}")

    async def play(self, player: Player, config: MockConfig, jobs: Sequence[Job]) -> list[Result]:
        played: list[Result] = []
        for way, part in self._parts(config, jobs):
            facts = self.facts[way]
            try:
                seats = await part.target.start(runner.maildrops(part), 1)
                bench = Bench(player, seats[0], facts)
                scheduler = Scheduler(part.target, [bench], part.rules)
                await scheduler.run(part.jobs)
                played += scheduler.results.values()
            finally:
                await part.target.stop()
        return played

    async def try_fault(self, player: Player, kill: Kill, seed: int, jobs: Sequence[Job]) -> None:
        config = MockConfig(seed=seed, options=(f"--fault={kill.fault.name}",))
        try:
            played = await self.play(player, config, jobs)
        except UsageError as error:
            kill.trouble = str(error)
            return
        # A case that crashes the server, or its player, says nothing about rows.
        kill.seeds.append(worse(grades.requirement_verdicts(played), self.reference))
        of_cases = grades.requirement_verdicts(map(without_referee, played))
        kill.by_cases.append(worse(of_cases, self.reference))


async def hunt(
    laboratory: Laboratory, faults: Iterable[Fault], seeds: int, everything: bool, workers: int
) -> list[Kill]:
    """Tries every fault with every seed."""
    players = [Player() for _ in range(workers)]
    kills: list[Kill] = []
    queue: deque[tuple[Kill, int, list[Job]]] = deque()
    for fault in faults:
        related = [job for job in laboratory.jobs if fault.rows & set(job.case.reqs)]
        kills.append(Kill(fault, len(related)))
        jobs = list(laboratory.jobs) if everything else related
        queue.extend((kills[-1], seed, jobs) for seed in range(1, seeds + 1) if jobs)

    async def work(player: Player) -> None:
        while queue:
            kill, seed, jobs = queue.popleft()
            await laboratory.try_fault(player, kill, seed, jobs)

    try:
        await laboratory.learn(players[0])
        async with asyncio.TaskGroup() as group:
            for player in players:
                group.create_task(work(player))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        await asyncio.gather(*(player.stop() for player in players))
    return kills


def summary(kills: Sequence[Kill]) -> str:
    killed = sum(kill.killed for kill in kills)
    excused = sum(kill.as_expected and not kill.killed for kill in kills)
    uncovered = sum(not kill.cases for kill in kills)
    seen = sum(bool(kill.witness) for kill in kills)
    tried = [len(kill.collateral) for kill in kills if kill.seeds]
    median = statistics.median(tried) if tried else 0
    return (
        f"{killed} of {len(kills)} faults killed, {seen} by the referee alone, "
        f"{excused} excused, {uncovered} without a case; "
        f"collateral: median {median:g}, most {max(tried, default=0)} requirements"
    )


def by_difficulty(kills: Sequence[Kill]) -> list[str]:
    lines = []
    for level in sorted({kill.fault.difficulty for kill in kills}):
        some = [kill for kill in kills if kill.fault.difficulty == level]
        killed = sum(kill.killed for kill in some)
        excused = sum(bool(kill.fault.survives) and not kill.killed for kill in some)
        survived = len(some) - killed - excused
        lines.append(f"difficulty {level}: {killed} killed, {survived} survived, {excused} excused")
    return lines


def run(args: argparse.Namespace) -> int:
    rows = catalogue.read(paths.catalogue())
    faults = read(Path(args.list) if args.list else paths.data(LIST))
    unknown = set(args.names) - {fault.name for fault in faults}
    if unknown:
        raise UsageError(f"no such fault: {', '.join(sorted(unknown))}")
    faults = [fault for fault in faults if not args.names or fault.name in args.names]
    broken = frozenset[str]().union(*(fault.rows for fault in faults))
    played = [c for c in cases.all_for_servers(rows) if args.all or broken & set(c.reqs)]
    jobs = [Job(case, "whole") for case in played]
    children.watch_without_threads()
    kills = asyncio.run(hunt(Laboratory(rows, jobs), faults, args.seeds, args.all, args.jobs))
    for kill in kills:
        print(kill)
    print(summary(kills), *by_difficulty(kills), sep="\n")
    if args.out:
        proved = sorted({name for kill in kills if kill.killed for name in kill.proved})
        killed = {kill.fault.name: sorted(kill.proved) for kill in kills if kill.killed}
        results.write(Path(args.out), json.dumps({"rows": proved, "killed": killed}, indent=1))
    return Exit.PASSED if all(kill.as_expected for kill in kills) else Exit.FAILED


if __name__ == "__main__":
    import sys

    from popquiz.cli import main

    sys.exit(main(["mutants", *sys.argv[1:]]))
