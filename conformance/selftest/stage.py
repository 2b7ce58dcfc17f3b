# SPDX-License-Identifier: Apache-2.0
"""A stage for the scheduler: players, seats and a server that do what a script says."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from making import case, catalogue, outcome, requirement

from popquiz import probe
from popquiz.cases import Case
from popquiz.errors import TargetError
from popquiz.facts import Facts
from popquiz.fixtures import Maildrop
from popquiz.outcome import Entry, Outcome
from popquiz.player import PlayerDied, Request
from popquiz.record import Job, Result
from popquiz.schedule import Bench, Rules, Scheduler
from popquiz.targets import Account, Adapter, Endpoint, Incident, Seat

ROWS = catalogue(requirement("RFC1939-5-001"))
DEFAULT = Maildrop("default", (b"x",) * 3)


class Server:
    """One server: alive or not, and what was done to it."""

    def __init__(self, *, comes_back: bool = True) -> None:
        self.alive = True
        self.mute = False  # takes connections and does not greet
        self.comes_back = comes_back
        self.restarts = 0
        self.resets: list[str] = []
        self.incidents: list[Incident] = []


class StageAdapter(Adapter):
    def __init__(self, server: Server, *abilities: str) -> None:
        self.server = server
        self.abilities = frozenset(abilities)

    async def reset(self, user: str) -> None:
        self.server.resets.append(user)

    async def restart(self) -> None:
        if "restart" not in self.abilities:
            await super().restart()
        if not self.server.comes_back:
            raise TargetError("it does not start any more")
        self.server.restarts += 1
        self.server.alive, self.server.mute = True, False


class StageSeat:
    def __init__(self, server: Server, adapter: Adapter, number: int) -> None:
        self.server = server
        self.adapter = adapter
        self.endpoint = Endpoint(f"tcp://stage:{number}")
        self.second: Account | None = Account("other", "x")
        self.number = number

    def account(self, maildrop: Maildrop) -> Account | None:
        return Account(f"user{self.number}", "x") if maildrop.is_default else None

    def incidents(self) -> Sequence[Incident]:
        found, self.server.incidents = self.server.incidents, []
        return found


class StageTarget:
    name = configuration = "stage"
    patience_ms: int | None = None
    settings = frozenset({"fast"})

    def __init__(self, *, shared: bool = False, ours: bool = True) -> None:
        self.shared = shared
        self.ours = ours

    async def start(self, maildrops: Sequence[Maildrop], jobs: int) -> Sequence[Seat]:
        return ()

    async def stop(self) -> None:
        return None


class Stage:
    """Plays jobs on benches; `script` says for each case what happens, one word a time it is
    played; the last word holds on. Words: those of the player, and those of `act`."""

    def __init__(self, script: dict[str, str], target: StageTarget | None = None) -> None:
        self.script = {name: words.split() for name, words in script.items()}
        self.target = target or StageTarget()
        self.played: list[str] = []
        self.running: set[str] = set()
        self.together: set[frozenset[str]] = set()  # what was in flight at one time
        self.servers: list[Server] = []
        self.scheduler: Scheduler | None = None
        self.rules = Rules(ROWS, lambda job: DEFAULT)
        self.abilities = ("restart", "reset")
        self.wrong = 0  # wrong logins of each play

    # ---- what players need ----------------------------------------------------------------------

    def word(self, name: str) -> str:
        words = self.script[name]
        return words.pop(0) if len(words) > 1 else words[0]

    async def perform(self, name: str, server: Server) -> Outcome:
        self.played.append(name)
        self.running.add(name)
        self.together.add(frozenset(self.running))
        try:
            # Others get their turn here, as they do while a player waits for a server.
            await asyncio.sleep(0.002)
            return self.act(self.word(name), server)
        finally:
            self.running.discard(name)

    def act(self, word: str, server: Server) -> Outcome:
        if word == "die":
            raise PlayerDied("the player died: signal SIGSEGV")
        if not server.alive or server.mute:
            return outcome("inconclusive", {}, peer_gone=not server.alive, hang=server.mute)
        if word == "kill":
            server.alive = False
        elif word == "mute":
            server.mute = True
        elif word == "slow":
            return outcome("inconclusive", {}, late=True)
        elif word == "late":  # dies when the case is over
            server.alive = False
            return outcome("pass")
        elif word == "report":
            server.incidents.append(Incident("sanitizer", "AddressSanitizer: bad\nmore"))
            return outcome("pass")
        elif word in ("rumour", "whisper"):  # a session died; it is told when the case is over
            told = Incident("signal", "child 7 killed")
            later = asyncio.get_running_loop().call_later
            later(0.05, lambda: server.incidents.append(told))
            ended = Entry(1, "*", 5, False, "peer: connection closed")
            return outcome("pass" if word == "whisper" else "inconclusive", transcript=(ended,))
        else:
            return outcome(word, wrong_logins=self.wrong)
        return outcome("fail")

    # ---- the run --------------------------------------------------------------------------------

    def bench(self, server: Server, number: int, facts: Facts) -> Bench:
        stage = self

        class StagePlayer:
            async def play(self, request: Request, adapter: Adapter) -> Outcome:
                return await stage.perform(request.file.stem, server)

            async def stop(self) -> None:
                return None

        adapter = StageAdapter(server, *self.abilities)
        return Bench(StagePlayer(), StageSeat(server, adapter, number), facts)

    def set_up(self, benches: int, *, comes_back: bool = True) -> Scheduler:
        count = 1 if self.target.shared else benches
        self.servers = [Server(comes_back=comes_back) for _ in range(count)]
        facts = Facts(messages=3, login=Path("user.dlg"), patience_ms=1)
        made = [self.bench(self.servers[n % count], n, facts) for n in range(benches)]
        self.scheduler = Scheduler(self.target, made, self.rules)
        return self.scheduler

    def run(self, *jobs: Case, benches: int = 1, comes_back: bool = True) -> dict[str, Result]:
        """Plays the cases, or one for each line of the script, and returns results by id."""
        scheduler = self.set_up(benches, comes_back=comes_back)
        wanted = jobs or tuple(case(name) for name in self.script)
        asyncio.run(scheduler.run([Job(each, "whole") for each in wanted]))
        return {job.case.id: result for job, result in scheduler.results.items()}

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> "Stage":
        """Lets the scheduler's probes look at the servers of the stage."""

        async def once(endpoint: Endpoint, seconds: float) -> str:
            number = int(endpoint.address.rpartition(":")[2])
            server = self.servers[number % len(self.servers)]
            if not server.alive:
                return f"{probe.UNREACHABLE}: Connection refused"
            return "takes connections and does not greet" if server.mute else ""

        async def until(endpoint: Endpoint, seconds: float) -> str:
            for server in self.servers:
                if server.comes_back:
                    server.alive, server.mute = True, False
            return await once(endpoint, seconds)

        monkeypatch.setattr("popquiz.schedule.probe.once", once)
        monkeypatch.setattr("popquiz.schedule.probe.until_greeting", until)
        return self
