# SPDX-License-Identifier: Apache-2.0
"""One run from its start to its end: servers, players, the sanity case, the cases, the sanity case
again; and whatever happens, no process stays behind."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from popquiz import children, sanity
from popquiz.capture import Capture
from popquiz.errors import PopquizError
from popquiz.facts import Facts
from popquiz.fixtures import Fixtures, Maildrop
from popquiz.plan import Refusal
from popquiz.player import Player
from popquiz.record import Explored, Job, Result
from popquiz.schedule import Bench, Rules, Scheduler
from popquiz.targets import Configurable, Seat, Target

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Config:
    """What is played against what."""

    target: Target
    jobs: Sequence[Job]
    fixtures: Fixtures
    rules: Rules
    logins: Sequence[Path]
    workers: int = 1
    sanity_patience_ms: int = 10_000
    heard: Callable[[Result], None] = lambda result: None
    capture: Capture | None = None  # of everything that is said


@dataclass(slots=True)
class Run:
    """What a run came to. `trouble` is why it could not be judged to the end, in one line."""

    facts: Facts = field(default_factory=Facts)
    results: list[Result] = field(default_factory=list)
    explored: list[Explored] = field(default_factory=list)  # behind the cases
    trouble: str = ""
    interrupted: bool = False

    @property
    def partial(self) -> bool:
        return self.interrupted or bool(self.trouble)


def maildrop_of(fixtures: Fixtures, job: Job) -> Maildrop:
    return fixtures.maildrop(job.case.mailbox, job.case.messages)


def maildrops(config: Config) -> list[Maildrop]:
    """Every maildrop that a case wants, the default one first."""
    found = {m.name: m for m in (maildrop_of(config.fixtures, job) for job in config.jobs)}
    default = config.fixtures.maildrop((), {})
    return [default, *(m for m in found.values() if not m.is_default)]


def parts(config: Config) -> list[Config]:
    """One for each way in which the target must be set up for the cases, the usual one first."""
    target, jobs = config.target, config.jobs
    groups: dict[Target, list[Job]] = {target: []}
    for job in jobs:
        fit = target.configured_for(job.case.needs) if isinstance(target, Configurable) else target
        groups.setdefault(fit, []).append(job)
    return [replace(config, target=fit, jobs=jobs) for fit, jobs in groups.items() if jobs]


class _Session:
    """One part of a run."""

    def __init__(self, config: Config, run: Run) -> None:
        self.config = config
        self.run = run
        self.players: list[Player] = []

    def check(self, player: Player, seat: Seat) -> sanity.Check:
        default = self.config.fixtures.maildrop((), {})
        return sanity.Check(player, seat, default, self.config.sanity_patience_ms)

    async def benches(self, seats: Sequence[Seat]) -> list[Bench]:
        """A player for each seat. Seats of a shared target are accounts of different people; the
        others are copies of each other, of which it is enough to know one."""
        config = self.config
        capture = config.capture
        if capture:
            await capture.begin([seat.endpoint for seat in seats])
        self.players = [Player(capture.keylog if capture else None) for _ in seats]
        pairs = list(zip(self.players, seats, strict=True))
        probed = pairs if config.target.shared else pairs[:1]
        known = [await self._look(player, seat) for player, seat in probed]
        if not self.run.facts.login:
            self.run.facts = known[0]
        known += [known[0]] * (len(pairs) - len(known))
        return [Bench(p, s, f) for (p, s), f in zip(pairs, known, strict=True)]

    async def _look(self, player: Player, seat: Seat) -> Facts:
        """What is found out about a seat; it may use up wrong logins."""
        config, rules = self.config, self.config.rules
        check = self.check(player, seat)
        found = await sanity.first(check, config.target, config.logins, rules.wrong_logins)
        if rules.wrong_logins is not None:
            rules.wrong_logins = max(rules.wrong_logins - found.wrong_logins, 0)
        return found

    async def play(self) -> None:
        config, run = self.config, self.run
        seats = await config.target.start(maildrops(config), config.workers)
        benches = await self.benches(seats)
        scheduler = Scheduler(config.target, benches, config.rules)
        scheduler.heard = config.heard
        try:
            await scheduler.run(config.jobs)
        finally:
            order = [job for job in config.jobs if job in scheduler.results]
            run.results += [scheduler.results[job] for job in order]
        run.trouble = scheduler.lost
        if not run.trouble:
            first = benches[0]
            login = first.facts.login
            assert login and isinstance(first.player, Player)
            if problem := await sanity.last(self.check(first.player, first.seat), login):
                name = config.target.name
                run.trouble = f"{name}: the sanity case passed at first and fails now: {problem}"

    async def close(self) -> None:
        stops = [player.stop() for player in self.players]
        if self.config.capture:
            stops.append(self.config.capture.pause())
        await asyncio.gather(*stops, self.config.target.stop(), return_exceptions=True)


async def _foresee(config: Config, found: dict[Job, Refusal | None]) -> None:
    for part in parts(config):
        session = _Session(part, Run())
        try:
            seats = await part.target.start(maildrops(part), 1)
            scheduler = Scheduler(part.target, await session.benches(seats), part.rules)
            found |= {job: scheduler.refusal(job) for job in part.jobs}
        finally:
            await asyncio.shield(session.close())


def foresee(config: Config) -> list[tuple[Job, Refusal | None]]:
    """Why each case would be skipped, in their order: only the sanity case is played. Raises
    PopquizError."""
    children.watch_without_threads()
    found: dict[Job, Refusal | None] = {}
    asyncio.run(_foresee(config, found))
    return [(job, found[job]) for job in config.jobs]


async def _perform_parts(config: Config, run: Run) -> None:
    place = {job: n for n, job in enumerate(config.jobs)}
    for part in parts(config):
        session = _Session(part, run)
        try:
            await session.play()
        finally:
            await asyncio.shield(session.close())
            run.results.sort(key=lambda result: place[result.job])
        if run.trouble:
            return


async def _perform(config: Config, run: Run) -> None:
    try:
        await _perform_parts(config, run)
    finally:
        if config.capture:
            await asyncio.shield(config.capture.finish())


async def until_signal(work: Coroutine[Any, Any, None]) -> bool:
    """Does the work, which SIGINT and SIGTERM cancel. Returns whether that happened."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)
    interrupted = False

    def interrupt() -> None:
        # Only once: ending the servers takes a moment, and must not be cut short.
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        await task
    except asyncio.CancelledError:
        if not interrupted:
            raise
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
    return interrupted


async def _with_signals(config: Config, run: Run) -> None:
    run.interrupted = await until_signal(_perform(config, run))


def execute(config: Config) -> Run:
    """Plays everything. SIGINT and SIGTERM end it early, with what was finished. Raises
    PopquizError when it cannot begin."""
    children.watch_without_threads()
    run = Run()
    try:
        asyncio.run(_with_signals(config, run))
    except PopquizError as error:
        if not run.results:
            raise
        run.trouble = str(error)
    return run
