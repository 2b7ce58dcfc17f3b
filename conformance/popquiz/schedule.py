# SPDX-License-Identifier: Apache-2.0
"""Decides what is played when: lanes, budgets, repetitions, and who is to blame. Nobody else does.

Each bench (a player and a seat) takes the next case when it is free. Cases that must not meet
others wait for a lane of their own. When a target dies, every case that may have killed it is
played again alone before anyone is blamed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from popquiz import plan, probe, verdicts
from popquiz.catalogue import Catalogue
from popquiz.errors import TargetError
from popquiz.facts import Facts
from popquiz.fixtures import Maildrop
from popquiz.outcome import Outcome
from popquiz.pace import Pace
from popquiz.plan import Situation
from popquiz.player import PlayerDied, Plays, Request
from popquiz.record import Job, Result
from popquiz.targets import Incident, Seat, Target, UnableError
from popquiz.verdicts import DEADLY, Attempt, Skip, Verdict

WRONG_LOGINS = 3  # on servers of other people, unless they allow more: some ban who has five
OVER_BUDGET = "more logins might fail than are still allowed (--wrong-logins)"
# A target that once needs longer than it was measured to gets twice the time, so often.
GRANTS, PATIENCE_MOST_MS = 3, 30_000
LATE_SECONDS, LATE_TURNS = 0.02, 25  # for news of a process that died
SETTLED = (Verdict.PASS, Verdict.SKIP)  # are not played again
HEALTHY = (Verdict.PASS, Verdict.NOTE, Verdict.WARN, Verdict.SKIP)  # prove that the target lives


class TargetLost(Exception):
    """The target died and does not come back."""


@dataclass(slots=True)
class Rules:
    """What holds for the whole run."""

    catalogue: Catalogue
    maildrop: Callable[[Job], Maildrop]
    repeat: int = 1
    reruns: int = 2  # of everything that is not PASS
    restore: bool = False  # the maildrop behind each case, also where none should have changed it
    wrong_logins: int | None = None  # how many are left; None: as many as one likes
    seed: int = 1
    destroy: bool = False
    slow: bool = False
    safe: bool = False
    per_minute: int | None = None  # connections; None: as many as one likes
    patience_ms: int | None = None  # None: as measured
    revive_seconds: float = 10.0  # for a target that comes back by itself
    record: bool = False
    record_secrets: bool = False


@dataclass(slots=True)
class Bench:
    player: Plays
    seat: Seat
    facts: Facts
    last: Job | None = None  # played here before the present one


def _crashed(attempt: Attempt, incidents: tuple[Incident, ...]) -> Attempt:
    text = "; ".join(incident.text.partition("\n")[0] for incident in incidents)
    return replace(attempt, verdict=Verdict.CRASH, why=text, incidents=incidents, alone=None)


class Scheduler:
    """Plays jobs and keeps their results, in the order of the jobs."""

    def __init__(self, target: Target, benches: Sequence[Bench], rules: Rules) -> None:
        self.target = target
        self.benches = benches
        self.rules = rules
        self.results: dict[Job, Result] = {}
        self.lost = ""  # why the target could not be judged to the end
        self.heard: Callable[[Result], None] = lambda result: None
        self.pace = Pace(rules.per_minute)
        self._deaths: dict[Job, Attempt] = {}  # of a shared target, not yet looked into
        self._again: list[tuple[Job, Attempt]] = []  # to be repeated alone

    # ---- lanes ----------------------------------------------------------------------------------

    async def run(self, jobs: Sequence[Job]) -> None:
        """Plays all jobs. When it is cancelled, `results` has those that were finished."""
        ordinary, serial, alone, last = self._lanes(jobs)
        try:
            await self._drain(ordinary, serial)
            await self._drain_alone(alone)
            await self._repeat_alone()
            await self._drain_alone(last)
        except TargetLost as lost:
            self.lost = str(lost)
            for job in jobs:
                if job not in self.results:
                    self._finish(job, [Attempt(Verdict.INCONCLUSIVE, why=self.lost)])

    def refusal(self, job: Job) -> plan.Refusal | None:
        """Why a case would be skipped; None: it would be played, unless others use up the wrong
        logins first."""
        if self._out_of_budget(job):
            return Skip.BUDGET, OVER_BUDGET
        situation = self._situation(self.benches[0])
        return plan.refusal(job.case, self.rules.maildrop(job), situation)

    def _lanes(self, jobs: Iterable[Job]) -> tuple[deque[Job], ...]:
        """Ordinary cases; those with wrong logins, one after the other; those that need the whole
        target; those after which nothing is as before. Cases that cannot be played get results."""
        lanes: tuple[deque[Job], ...] = (deque(), deque(), deque(), deque())
        situation = self._situation(self.benches[0])
        for job in jobs:
            if refusal := self.refusal(job):
                self._skip(job, *refusal)
            elif plan.removes_for_good(job.case, situation):
                lanes[3].append(job)
            elif self.target.shared and plan.wants_all(job.case):
                lanes[2].append(job)
            elif self.target.shared and job.case.needs_any("wrong-login"):
                lanes[1].append(job)
            else:
                lanes[0].append(job)
        return lanes

    async def _drain(self, ordinary: deque[Job], serial: deque[Job]) -> None:
        """The first bench begins with the serial lane; all share the ordinary one."""
        while ordinary or serial:
            try:
                await self._work_together(ordinary, serial)
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None
            await self._investigate(self.benches, self._deaths)

    async def _work_together(self, ordinary: deque[Job], serial: deque[Job]) -> None:
        first, *others = self.benches
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work(first, [serial, ordinary]))
            for bench in others:
                group.create_task(self._work(bench, [ordinary]))

    async def _drain_alone(self, jobs: deque[Job]) -> None:
        while jobs:
            await self._work(self.benches[0], [jobs])
            await self._investigate(self.benches, self._deaths)

    async def _work(self, bench: Bench, lanes: Sequence[deque[Job]]) -> None:
        """Plays until the lanes are empty, or a shared target is in trouble."""
        for lane in lanes:
            while lane and not self._deaths:
                await self._play(bench, lane.popleft())

    def _situation(self, bench: Bench) -> Situation:
        rules = self.rules
        allowed = (rules.destroy, rules.slow, rules.safe)
        return Situation(self.target, bench.seat, bench.facts, *allowed)

    # ---- one case -------------------------------------------------------------------------------

    @property
    def _alone(self) -> bool:
        """Whether nothing else reaches the server of a bench."""
        return not self.target.shared or len(self.benches) == 1

    async def _play(self, bench: Bench, job: Job) -> None:
        if self._out_of_budget(job):
            self._skip(job, Skip.BUDGET, OVER_BUDGET)
            return
        attempt = await self._attempt(bench, job)
        if attempt.verdict in DEADLY:
            await self._suspect(bench, job, attempt)
        elif attempt.verdict in SETTLED and self.rules.repeat == 1:
            self._finish(job, [attempt])
        elif self._alone:
            await self._repeat(bench, job, attempt)
        else:
            self._again.append((job, attempt))
        bench.last = job

    def _out_of_budget(self, job: Job) -> bool:
        left = self.rules.wrong_logins
        if left is None or not job.case.needs_any("wrong-login"):
            return False
        return job.case.deeds.logins > left

    async def _repeat(self, bench: Bench, job: Job, first: Attempt) -> None:
        """Plays a case again as often as it takes, and finishes it."""
        attempts = [first]
        wanted = self.rules.repeat
        while len(attempts) < wanted or self._wants_rerun(attempts, wanted):
            if self._out_of_budget(job):
                break
            attempts.append(await self._attempt(bench, job))
            if attempts[-1].verdict in DEADLY:
                await self._suspect(bench, job, attempts[-1])
                return
        self._finish(job, attempts)

    def _wants_rerun(self, attempts: Sequence[Attempt], wanted: int) -> bool:
        settled = all(attempt.verdict in SETTLED for attempt in attempts)
        return not settled and len(attempts) < max(wanted, 1 + self.rules.reruns)

    async def _repeat_alone(self) -> None:
        while self._again:
            job, attempt = self._again.pop(0)
            await self._repeat(self.benches[0], job, attempt)
            await self._investigate(self.benches, self._deaths)

    def _request(self, bench: Bench, job: Job) -> Request:
        seat, rules = bench.seat, self.rules
        return Request(
            file=job.case.file,
            row=job.case.row_index,
            endpoint=seat.endpoint,
            account=seat.account(rules.maildrop(job)),
            second=seat.second,
            login=bench.facts.login,
            patience_ms=rules.patience_ms or bench.facts.patience_ms,
            segment=job.segment,
            seed=rules.seed,
            ask_clock="advance" in seat.adapter.abilities,
            record=rules.record,
            record_secrets=rules.record_secrets,
            slow=job.case.needs_any("slow"),
        )

    async def _attempt(self, bench: Bench, job: Job) -> Attempt:
        """Plays a case once, looks after the target, and leaves the maildrop as it was. A run in
        which patience ended too early counts for nothing."""
        request = self._request(bench, job)
        filled = await self._fill(bench, job, request)
        try:
            outcome = await self._paced(bench, job, request)
            for _ in range(GRANTS):
                if not outcome.late or not self._grant(bench) or self._out_of_budget(job):
                    break
                await self._reset(bench, request)
                await self._fill(bench, job, request)
                request = self._request(bench, job)
                outcome = await self._paced(bench, job, request)
        except PlayerDied as died:
            attempt = Attempt(Verdict.ERROR, why=str(died))
        else:
            attempt = verdicts.judge(job.case, outcome, self.rules.catalogue)
        attempt = await self._look_after(bench, job, attempt)
        deeds = job.case.deeds
        # What was fetched is gone on a server that removes it without a word.
        touched = job.case.needs_any("destructive") or deeds.marks or deeds.reads
        dirty = filled or touched or self.rules.restore or attempt.verdict is not Verdict.PASS
        if dirty and attempt.verdict not in DEADLY:
            await self._reset(bench, request)
        return attempt

    def _grant(self, bench: Bench) -> bool:
        """Raises the patience with the target; False: it has all that there is."""
        now = bench.facts.patience_ms
        if self.rules.patience_ms or now >= PATIENCE_MOST_MS:
            return False
        bench.facts = replace(bench.facts, patience_ms=min(2 * now, PATIENCE_MOST_MS))
        return True

    async def _paced(self, bench: Bench, job: Job, request: Request) -> Outcome:
        """Plays it as soon as the server can be asked to take more connections."""
        wanted = job.case.deeds.connects if self.rules.per_minute else 0
        await self.pace.reserve(wanted)
        made = wanted
        try:
            outcome = await bench.player.play(request, bench.seat.adapter)
            made = outcome.connects
            if self.rules.wrong_logins is not None:
                left = self.rules.wrong_logins - outcome.wrong_logins
                self.rules.wrong_logins = max(left, 0)
            return outcome
        finally:
            self.pace.made(wanted, made)

    async def _fill(self, bench: Bench, job: Job, request: Request) -> bool:
        """Makes the maildrop hold the mail of the case, where one account is all there is."""
        maildrop, seat = self.rules.maildrop(job), bench.seat
        if not plan.fills(maildrop, seat) or not request.account:
            return False
        try:
            await seat.adapter.fill(request.account.user, maildrop.messages)
        except (OSError, ValueError, TargetError) as error:
            raise TargetLost(f"the maildrop cannot be filled: {error}") from None
        return True

    async def _reset(self, bench: Bench, request: Request) -> None:
        adapter = bench.seat.adapter
        can = "reset" in adapter.abilities and self._situation(bench).may_write
        if not can or not request.account:
            return
        try:
            await adapter.reset(request.account.user)
        except (OSError, ValueError, TargetError) as error:
            raise TargetLost(f"the maildrop cannot be restored: {error}") from None

    # ---- whether the target lives ---------------------------------------------------------------

    async def _look_after(self, bench: Bench, job: Job, attempt: Attempt) -> Attempt:
        """The attempt as it is when the state of the target is known too."""
        incidents = tuple(bench.seat.incidents())
        outcome = attempt.outcome
        # What once killed a process goes as it should when the connection ends.
        deadly = job.case.kind == "crash"
        doubt = deadly or outcome is None or outcome.hang or outcome.peer_gone
        if not incidents and not doubt and attempt.verdict in HEALTHY:
            return attempt
        # A process for each session dies alone, and is reported later than its connection ends.
        self.pace.made(0, 1)
        problem = await probe.once(bench.seat.endpoint, self._probe_seconds(bench))
        cut = bool(outcome and outcome.ended_by_peer)
        cut = cut and (deadly or attempt.verdict not in HEALTHY)
        incidents = (*incidents, *await self._late_incidents(bench, cut or bool(problem)))
        if incidents:
            return _crashed(attempt, incidents)
        if not problem:
            return attempt
        gone = problem.startswith(probe.UNREACHABLE)
        verdict = Verdict.CRASH if gone else Verdict.HANG
        why = f"afterwards the target {problem}"
        return replace(attempt, verdict=verdict, why=why, alone=None)

    async def _late_incidents(self, bench: Bench, dead: bool) -> list[Incident]:
        """What is known by now. A client sees a dead server before its parent does, so there is
        more to wait for when it is dead and nothing is known."""
        found = list(bench.seat.incidents())
        for _ in range(LATE_TURNS if dead and self.target.ours else 0):
            if found:
                break
            await asyncio.sleep(LATE_SECONDS)
            found = list(bench.seat.incidents())
        return found

    def _probe_seconds(self, bench: Bench) -> float:
        return max(2 * (self.rules.patience_ms or bench.facts.patience_ms) / 1000, 1.0)

    async def _revive(self, bench: Bench) -> None:
        """Makes the target serve again. Raises TargetLost."""
        problem = ""
        try:
            await bench.seat.adapter.restart()
        except UnableError:
            problem = await probe.until_greeting(bench.seat.endpoint, self.rules.revive_seconds)
        except (OSError, ValueError, TargetError) as error:
            problem = str(error)
        bench.seat.incidents()  # of the old life
        if problem:
            raise TargetLost(f"the target died and does not come back: {problem}")

    # ---- who is to blame ------------------------------------------------------------------------

    async def _suspect(self, bench: Bench, job: Job, attempt: Attempt) -> None:
        """The target died under the case, or just before it."""
        if self._alone:
            await self._investigate([bench], {job: attempt})
        else:
            self._deaths[job] = attempt

    async def _investigate(self, benches: Sequence[Bench], deaths: dict[Job, Attempt]) -> None:
        """Plays every suspect again alone: those under which the target died, and if none of them
        kills it, those that were played before them."""
        suspects = dict(deaths)
        deaths.clear()
        if not suspects:
            return
        alone = {job: await self._play_alone(benches[0], job) for job in suspects}
        guilty = [job for job, attempt in alone.items() if attempt.verdict in DEADLY]
        before = [bench.last for bench in benches if bench.last and bench.last not in suspects]
        for job in [] if guilty else before:
            attempt = await self._play_alone(benches[0], job)
            if attempt.verdict in DEADLY:
                guilty.append(job)
                alone[job] = attempt
        if alone[next(reversed(alone))].verdict in DEADLY:
            await self._revive(benches[0])
        for job, attempt in alone.items():
            first = suspects.get(job, attempt)
            if job in guilty:
                self._finish(job, [first, attempt], "it happened again when the case was alone")
            elif guilty:
                await self._repeat(benches[0], job, attempt)
            else:
                self._acquit(job, first, attempt)

    async def _play_alone(self, bench: Bench, job: Job) -> Attempt:
        try:
            await self._revive(bench)
        except TargetLost as lost:
            raise TargetLost(f"{lost} ({job.name} was being played)") from None
        attempt = await self._attempt(bench, job)
        if attempt.verdict in (*HEALTHY, *DEADLY):
            return attempt
        incidents = tuple(await self._late_incidents(bench, dead=True))
        return _crashed(attempt, incidents) if incidents else attempt

    def _acquit(self, job: Job, first: Attempt, alone: Attempt) -> None:
        """Nobody kills the target alone. A hang may have been the network's; a crash was none."""
        if first.verdict is Verdict.HANG:
            why = f"once, and not again alone: {first.why}"
            first = alone = Attempt(Verdict.INCONCLUSIVE, why=why, outcome=first.outcome)
        self._finish(job, [first, alone])

    # ---- results --------------------------------------------------------------------------------

    def _finish(self, job: Job, attempts: Sequence[Attempt], blame: str = "") -> None:
        agreed = verdicts.agree(attempts[-1:] if blame else attempts)
        same = agreed.verdict is agreed.shown.verdict
        self._add(
            Result(
                job=job,
                verdict=agreed.verdict,
                why=agreed.why,
                skip=agreed.shown.skip,
                way=agreed.shown.way,
                blame=blame,
                rows=agreed.rows,
                attempts=tuple(attempts),
                shown=agreed.shown,
                alone=agreed.shown.alone if same else None,
            )
        )

    def _skip(self, job: Job, skip: Skip, why: str) -> None:
        self._add(Result(job, Verdict.SKIP, why, skip))

    def _add(self, result: Result) -> None:
        self.results[result.job] = result
        self.heard(result)
