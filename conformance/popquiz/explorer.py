# SPDX-License-Identifier: Apache-2.0
"""Explorations: a process of `popquiz-explore --serve` for each seat, which makes up sessions, has
the referee judge them, and shortens what it finds (src/explore/PROTOCOL.md).
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from popquiz import children, fixtures, paths, plan, player, sanity
from popquiz.errors import SuiteError, TargetError, UsageError
from popquiz.facts import Facts
from popquiz.fixtures import Fixtures, Maildrop
from popquiz.player import Player
from popquiz.targets import Seat, Target

PROTOCOL = 1
LINE_MAX = 16 << 20  # octets of a line of the explorer
READY_SECONDS = 20.0
# The explorer bounds every wait itself, and tells how far it is: one that is silent hangs.
SILENT_SECONDS = 120.0
# How long answers are waited for that nobody is sure to get: beside us, and over a network.
QUIET_MS, QUIET_FAR_MS = 5, 50
LATE_SECONDS, LATE_TURNS = 0.02, 25  # for news of a process that died
LOGINS_TRIED = 20  # of which one must succeed
LOGINS = {"user": "user", "plain": "plain", "plain-ir": "plain"}  # by the name of the prelude
CRASH = "EXPLORE-CRASH"
COUNTS = ("sessions", "plays", "commands", "logins", "transactions", "late", "repeated")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be explored. Without `sessions` and `seconds` it never ends by itself."""

    seed: int = 1
    sessions: int | None = None
    seconds: float | None = None
    connections: int = 1
    destroy: bool = False
    wrong_logins: bool = False
    tries: int | None = None  # to shorten one finding
    per_minute: int | None = None  # connections at most
    segment: str = "whole"  # how writes are cut


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the referee saw, in the shortest session that shows it."""

    id: str
    rule: str
    requirement: str
    sees: str
    why: str
    excerpt: str
    verb: str
    state: str
    session: int
    steps: int
    again: bool  # it showed again when the session was played again
    dialogue: str
    transcript: str
    sent: int = 0  # octets, by the client

    @property
    def proves(self) -> bool:
        """What the referee saw is in the transcript; of a process that died once, and not when the
        session was played alone, nobody knows what killed it."""
        return self.again or self.rule != CRASH

    @property
    def key(self) -> tuple[str, str, str]:
        """What two findings have in common that are told once."""
        return self.rule, self.verb, self.state


@dataclass(slots=True)
class Exploration:
    """What an exploration came to. `trouble` is why it ended early, in one line; `remark` what else
    is to be known of it."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    findings: list[Finding] = field(default_factory=list)
    trouble: str = ""
    remark: str = ""
    interrupted: bool = False

    def add(self, finding: Finding) -> bool:
        """Keeps it, or the shorter of two that are the same. Returns whether it is new."""
        for n, known in enumerate(self.findings):
            if known.key == finding.key:
                better = (finding.again, -finding.steps) > (known.again, -known.steps)
                self.findings[n] = finding if better else known
                return False
        self.findings.append(finding)
        return True


def _finding(message: Mapping[str, Any]) -> Finding:
    texts = {name: message.get(name, "") for name in Finding.__dataclass_fields__}
    return Finding(**texts | {"sent": int(message.get("sent", 0))})


@dataclass(slots=True)
class Watcher:
    """Who hears of what happens."""

    found: Callable[[Finding], None] = lambda finding: None
    counted: Callable[[Mapping[str, int]], None] = lambda counts: None


class Explorer:
    """One process at one seat."""

    def __init__(self, seat: Seat, facts: Facts, maildrop: Maildrop, ours: bool) -> None:
        """`maildrop`: one that the seat has, or can be filled with."""
        self._seat = seat
        self._facts = facts
        self._maildrop = maildrop
        self._account = seat.account(maildrop)
        self._ours = ours
        self._process: asyncio.subprocess.Process | None = None
        self.counts = dict.fromkeys(COUNTS, 0)
        self.trouble = ""

    @property
    def _messages(self) -> int:
        default = self._maildrop.is_default
        return self._facts.messages if default else len(self._maildrop.messages)

    def message(self, wish: Wish, first: int, stride: int) -> dict[str, Any]:
        facts, account = self._facts, self._account
        assert facts.login and account
        word = LOGINS.get(facts.login.stem)
        if word is None:
            raise UsageError(
                f"explore logs in with {' or '.join(sorted(set(LOGINS.values())))} only, "
                f"and the target wants {facts.login.stem}"
            )
        return {
            "explore": first,
            "target": player.describe(self._seat.endpoint),
            "vars": {"user": account.user, "pw": account.password},
            "login": word,
            "patience_ms": facts.patience_ms,
            "quiet_ms": QUIET_MS if self._ours else QUIET_FAR_MS,
            "seed": wish.seed,
            "first": first,
            "stride": stride,
            "sessions": wish.sessions,
            "time_ms": round(1000 * wish.seconds) if wish.seconds else None,
            "connections": wish.connections,
            "messages": self._messages,
            "destroy": wish.destroy,
            "reset": "reset" in self._seat.adapter.abilities,
            "pipelining": facts.capability("PIPELINING"),
            "wrong_logins": wish.wrong_logins,
            "tries": wish.tries,
            "segment": wish.segment,
            # The seats of a shared target share what it takes.
            "pace_ms": stride * 60_000 // wish.per_minute if wish.per_minute else None,
        }

    async def _read(self, seconds: float) -> dict[str, Any]:
        process = self._process
        assert process and process.stdout
        try:
            async with asyncio.timeout(seconds):
                line = await process.stdout.readline()
        except TimeoutError:
            raise SuiteError("the explorer hangs") from None
        except ValueError:
            raise SuiteError(f"the explorer said a line of over {LINE_MAX} octets") from None
        if not line.endswith(b"\n"):
            raise SuiteError(f"the explorer died: {await children.epitaph(process)}")
        return dict(json.loads(line))

    async def _write(self, message: object) -> None:
        assert self._process and self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it died: reading tells how

    async def _look(self) -> str:
        """What happened to the server's processes just now; one that died is reported late."""
        for turn in range(LATE_TURNS if self._ours else 1):
            if turn:
                await asyncio.sleep(LATE_SECONDS)
            if found := list(self._seat.incidents()):
                # The rest of the news must not be taken for that of the next session.
                await asyncio.sleep(LATE_SECONDS * LATE_TURNS)
                found += self._seat.incidents()
                return "; ".join(incident.text.partition("\n")[0] for incident in found)
        return ""

    async def _answer(self, ask: str) -> dict[str, Any]:
        if ask == "look":
            return {"result": "done", "why": await self._look()}
        assert self._account
        if ask == "reset" and plan.fills(self._maildrop, self._seat):
            await self._fill()
            return {"result": "done"}
        return await player.answer({"ask": ask}, self._seat.adapter, self._account.user)

    async def _fill(self) -> None:
        """Where one account is all there is."""
        if not plan.fills(self._maildrop, self._seat):
            return
        assert self._account
        try:
            await self._seat.adapter.fill(self._account.user, self._maildrop.messages)
        except (OSError, ValueError) as error:
            raise TargetError(f"the maildrop cannot be filled: {error}") from None

    def _carrying_mail(self, finding: Finding) -> Finding:
        if not finding.dialogue:
            return finding
        return replace(finding, dialogue=fixtures.with_mail(finding.dialogue, self._maildrop))

    async def _heard(self, message: Mapping[str, Any], watcher: Watcher) -> bool:
        """Does what a message asks for. Returns whether it was the last one."""
        match message:
            case {"ask": ask}:
                await self._write({"answer": await self._answer(ask)})
            case {"finding": finding}:
                watcher.found(self._carrying_mail(_finding(finding)))
            case {"progress": counts} | {"end": counts}:
                self.counts = {name: int(counts[name]) for name in COUNTS}
                watcher.counted(self.counts)
            case {"error": error}:
                raise SuiteError(f"the explorer refuses: {error.get('why')}")
        if end := message.get("end"):
            self.trouble = end["why"] if end["end"] != "done" else ""
        return "end" in message

    async def explore(self, wish: Wish, first: int, stride: int, watcher: Watcher) -> None:
        """Explores to the end. Raises PopquizError."""
        message = self.message(wish, first, stride)
        program = paths.program("popquiz-explore")
        self._process = await children.start([str(program), "--serve"], limit=LINE_MAX)
        ready = (await self._read(READY_SECONDS)).get("ready", {})
        if ready.get("protocol") != PROTOCOL:
            raise SuiteError(f"{program} does not speak protocol {PROTOCOL}: build it again")
        await self._fill()
        self._seat.incidents()  # of what was before
        await self._write(message)
        while not await self._heard(await self._read(SILENT_SECONDS), watcher):
            pass

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process:
            await children.end(process)
        if self._account and plan.fills(self._maildrop, self._seat):
            await self._seat.adapter.reset(self._account.user)


# ---- all seats ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Config:
    """What is explored, and how."""

    target: Target
    fixtures: Fixtures
    logins: Sequence[Path]
    wish: Wish
    workers: int = 1
    sanity_patience_ms: int = 10_000
    found: Callable[[Finding], None] = lambda finding: None
    counted: Callable[[Mapping[str, int]], None] = lambda counts: None


class _Session:
    def __init__(self, config: Config, run: Exploration) -> None:
        self.config = config
        self.run = run
        self.explorers: list[Explorer] = []
        self.default = config.fixtures.maildrop((), {})
        self.rich = config.fixtures.maildrop((fixtures.EXPLORE,), {})

    async def _learn(self, seat: Seat) -> Facts:
        config = self.config
        player_ = Player()
        check = sanity.Check(player_, seat, self.default, config.sanity_patience_ms)
        try:
            return await sanity.first(check, config.target, config.logins)
        finally:
            await player_.stop()

    async def _maildrop(self, seat: Seat, facts: Facts) -> Maildrop:
        """The one with everything that is hard about mail, where it can be had."""
        fills = plan.fills(self.rich, seat)
        if not seat.account(self.rich) or (fills and not self.config.wish.destroy):
            return self.default
        refused = "" if fills else await self._refusal(seat, facts)
        if refused:
            self.run.remark = f"unusual mail is left out, as nobody who has it gets in: {refused}"
        return self.default if refused else self.rich

    async def _refusal(self, seat: Seat, facts: Facts) -> str:
        """What is said to somebody who logs in to that mail; "" when all is well."""
        assert facts.login
        player_ = Player()
        check = sanity.Check(player_, seat, self.rich, facts.patience_ms)
        try:
            outcome = await check.play(facts.login)
        finally:
            await player_.stop()
        said = [entry.octets.strip() for entry in outcome.transcript if entry.dir == "S"]
        return said[-1] if said and outcome.why == sanity.LOGIN_FAILED else ""

    def _found(self, finding: Finding) -> None:
        if self.run.add(finding):
            self.config.found(finding)

    def _counted(self, _: Mapping[str, int]) -> None:
        for name in COUNTS:
            self.run.counts[name] = sum(e.counts[name] for e in self.explorers)
        counts = self.run.counts
        self.config.counted(counts)
        if counts["logins"] >= LOGINS_TRIED and not counts["transactions"]:
            raise TargetError(f"none of {counts['logins']} logins succeeded")

    async def _explore(self, n: int) -> None:
        explorer, watcher = self.explorers[n], Watcher(self._found, self._counted)
        await explorer.explore(self.config.wish, n, len(self.explorers), watcher)
        self.run.trouble = self.run.trouble or explorer.trouble

    async def play(self) -> None:
        config = self.config
        seats = await config.target.start([self.default, self.rich], config.workers)
        learned = [
            await self._learn(seat) for seat in (seats if config.target.shared else seats[:1])
        ]
        learned += learned[:1] * (len(seats) - len(learned))
        pairs = list(zip(seats, learned, strict=True))
        self.explorers = [
            Explorer(seat, facts, await self._maildrop(seat, facts), config.target.ours)
            for seat, facts in pairs
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for n in range(len(seats)):
                    group.create_task(self._explore(n))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def close(self) -> None:
        stops = [explorer.stop() for explorer in self.explorers]
        await asyncio.gather(*stops, self.config.target.stop(), return_exceptions=True)


async def explore(config: Config, run: Exploration) -> None:
    """Explores at every seat; no process stays behind. Raises PopquizError."""
    session = _Session(config, run)
    try:
        await session.play()
    except TargetError as error:
        if not run.counts["sessions"]:
            raise
        run.trouble = str(error)
    finally:
        await asyncio.shield(session.close())
