# SPDX-License-Identifier: Apache-2.0
"""Two servers get the same commands; where one says +OK and the other -ERR, or one answers and the
other does not, one of them may be wrong. No rule is needed for that.

What servers are free to do is not compared: the text behind a status, sizes, unique-ids, commands
that one of them does not have. Sessions begin with a login that works, and remove no mail.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from popquiz import children, options, paths, plan, probe, runner
from popquiz.errors import TargetError, UsageError
from popquiz.fixtures import Fixtures
from popquiz.fuzz import claims, signs
from popquiz.fuzz.findings import AGAIN, Finding, label
from popquiz.fuzz.progress import Progress
from popquiz.fuzz.signs import Sign
from popquiz.pace import Pace
from popquiz.targets import Account, Endpoint, Seat, Target

if TYPE_CHECKING:
    from popquiz.fuzz.blackbox import Search

SECONDS = 30
LAB = "lab:"  # begins the name of a second server that is of the lab
STEPS_MOST = 10
ANSWER_S = 5.0
LOGINS, LOGIN_PAUSE_S = 10, 0.1  # a session before may not have let go of the maildrop
LINE_MAX = 1 << 16
OCTETS_MAX = 1 << 22  # of a listing or a message
CLOSED, SILENT, ODD = "closed", "silence", "no status"
OPTIONAL = ("UIDL", "TOP")  # RFC 1939 section 7
BEFORE, AFTER = "AUTHORIZATION", "TRANSACTION"
# A line, in which N stands for a message that is there, with a name that says what is odd about it.
LINES = {
    BEFORE: (
        ("STAT", "STAT"),
        ("LIST", "LIST"),
        ("RETR a message", "RETR N"),
        ("RSET", "RSET"),
        ("NOOP", "NOOP"),
        ("an unknown command", "XYZZY"),
        ("an empty line", ""),
        ("PASS without USER", "PASS x"),
        ("USER without a name", "USER"),
    ),
    AFTER: (
        ("STAT", "STAT"),
        ("stat", "stat"),
        ("STAT with an argument", "STAT x"),
        ("LIST", "LIST"),
        ("LIST a message", "LIST N"),
        ("LIST 0", "LIST 0"),
        ("LIST a high number", "LIST 999999"),
        ("LIST a negative number", "LIST -1"),
        ("LIST 2^32+1", "LIST 4294967297"),
        ("LIST a word", "LIST x"),
        ("LIST two numbers", "LIST 1 1"),
        ("UIDL", "UIDL"),
        ("UIDL a message", "UIDL N"),
        ("UIDL 0", "UIDL 0"),
        ("RETR a message", "RETR N"),
        ("RETR", "RETR"),
        ("RETR 0", "RETR 0"),
        ("RETR a high number", "RETR 999999"),
        ("RETR 2^31", "RETR 2147483648"),
        ("TOP a message", "TOP N 0"),
        ("TOP without a count", "TOP N"),
        ("TOP a negative count", "TOP N -1"),
        ("TOP a high number", "TOP 999999 0"),
        ("DELE a message", "DELE N"),
        ("DELE 0", "DELE 0"),
        ("DELE a high number", "DELE 999999"),
        ("RSET", "RSET"),
        ("NOOP", "NOOP"),
        ("an unknown command", "XYZZY"),
        ("an empty line", ""),
        ("USER once more", "USER x"),
    ),
}
MULTI = ("LIST", "UIDL")  # without a number; RETR and TOP always


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    line: str
    state: str

    @property
    def is_multi(self) -> bool:
        word, _, rest = self.line.upper().partition(" ")
        return word in ("RETR", "TOP") or (word in MULTI and not rest)


@dataclass(frozen=True, slots=True)
class Difference:
    """The last step of `steps` got these answers."""

    steps: tuple[Step, ...]
    here: str
    there: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.steps[-1].name, self.steps[-1].state, self.here, self.there


# ---- one server ---------------------------------------------------------------------------------


class Side:
    """A server, and an account of it."""

    def __init__(self, endpoint: Endpoint, account: Account, per_minute: int | None) -> None:
        self._endpoint = endpoint
        self._account = account
        self._pace = Pace(per_minute)

    async def _line(self, reader: asyncio.StreamReader) -> str:
        try:
            async with asyncio.timeout(ANSWER_S):
                line = await reader.readline()
        except TimeoutError:
            return SILENT
        except (OSError, ValueError):
            return CLOSED
        for status in (b"+OK", b"-ERR"):
            if line.startswith(status):
                return status.decode()
        return ODD if line else CLOSED

    async def _rest(self, reader: asyncio.StreamReader) -> str:
        """Reads a multi-line answer; how it ended, where that is not as it should be."""
        taken = 0
        try:
            async with asyncio.timeout(ANSWER_S):
                while (line := await reader.readline()) != b".\r\n" and taken <= OCTETS_MAX:
                    taken += len(line) or OCTETS_MAX + 1
        except (OSError, ValueError, TimeoutError):
            taken = OCTETS_MAX + 1
        return " without an end" if taken > OCTETS_MAX else ""

    async def _say(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, step: Step
    ) -> str:
        with suppress(OSError):
            writer.write(step.line.encode() + b"\r\n")
            await writer.drain()
        answer = await self._line(reader)
        if answer == "+OK" and step.is_multi:
            answer += await self._rest(reader)
        return answer

    async def _login(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        login = [f"USER {self._account.user}", f"PASS {self._account.password}"]
        said = [await self._say(reader, writer, Step("", line, BEFORE)) for line in login]
        return said[-1] == "+OK"

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, steps: Sequence[Step]
    ) -> list[str] | None:
        answers: list[str] = []
        state = BEFORE
        if await self._line(reader) != "+OK":
            return None
        for step in steps:
            if step.state != state and not await self._login(reader, writer):
                return None
            state = step.state
            answers.append(await self._say(reader, writer, step))
            if answers[-1] in (CLOSED, SILENT):
                break
        return answers

    async def _converse(self, steps: Sequence[Step]) -> list[str] | None:
        """None when the login fails."""
        await self._pace.reserve(1)
        try:
            reader, writer = await probe.connect(self._endpoint)
        finally:
            self._pace.made(1, 1)
        try:
            return await self._take(reader, writer, steps)
        finally:
            await self._leave(reader, writer)

    async def _leave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Without removing anything."""
        with suppress(OSError, TimeoutError):
            writer.write(b"RSET\r\nQUIT\r\n")
            await writer.drain()
            async with asyncio.timeout(ANSWER_S):
                await reader.read()
        writer.close()

    async def play(self, steps: Sequence[Step]) -> list[str] | None:
        """The answers, up to the one after which there is no session; None when no login works."""
        for _ in range(LOGINS):
            with suppress(OSError, TimeoutError):
                if (answers := await self._converse(steps)) is not None:
                    return answers
            await asyncio.sleep(LOGIN_PAUSE_S)
        return None


# ---- two servers --------------------------------------------------------------------------------


class Pair:
    """What can be compared of two servers, and how."""

    def __init__(self, here: Side, there: Side, seed: int, destroy: bool) -> None:
        """`destroy`: whether mail may be marked; RSET is said behind it."""
        self._destroy = destroy
        self._here = here
        self._there = there
        self._random = random.Random(seed)
        self._known: dict[str, list[tuple[str, str]]] = {}

    async def _both(self, steps: Sequence[Step]) -> tuple[list[str] | None, list[str] | None]:
        played = await asyncio.gather(self._here.play(steps), self._there.play(steps))
        return played[0], played[1]

    async def learn(self) -> None:
        """Leaves out commands that one of them does not have. Raises TargetError."""
        probes = [Step(word, f"{word} 1 0" if word == "TOP" else word, AFTER) for word in OPTIONAL]
        retr = Step("RETR", "RETR 1", AFTER)
        missing = set() if self._destroy else {"DELE"}
        for step in [retr, *probes]:
            here, there = await self._both([step])
            if here is None or there is None:
                where = "the target" if here is None else "--against"
                raise TargetError(f"{where}: nobody can log in with USER and PASS")
            if step is retr and "+OK" not in (*here, *there):
                raise TargetError("both maildrops are empty: there is nothing to compare")
            if here[:1] != ["+OK"] or there[:1] != ["+OK"]:
                missing.add(step.name)
        for state, lines in LINES.items():
            kept = [line for line in lines if line[1].partition(" ")[0] not in missing]
            self._known[state] = kept

    def session(self) -> list[Step]:
        """A few commands, of which the first may come before the login."""
        early = self._random.random() < 0.2
        chosen = [(BEFORE, self._known[BEFORE])] if early else []
        chosen += [(AFTER, self._known[AFTER])] * self._random.randint(1, STEPS_MOST)
        steps = []
        for state, lines in chosen:
            name, line = self._random.choice(lines)
            steps.append(Step(name, line.replace("N", "1") if "N" in line.split() else line, state))
        return steps

    async def difference(self, steps: Sequence[Step]) -> Difference | None:
        here, there = await self._both(steps)
        if here is None or there is None:
            return None
        for number, (a, b) in enumerate(zip(here, there, strict=False), 1):
            if a != b:
                return Difference(tuple(steps[:number]), a, b)
        return None

    async def shorten(self, found: Difference) -> tuple[Difference, int]:
        """Without the commands before it that do not matter; and how often it shows."""
        steps = list(found.steps)
        for at in range(len(steps) - 2, -1, -1):
            fewer = [*steps[:at], *steps[at + 1 :]]
            other = await self.difference(fewer)
            if other and other.key == found.key:
                steps = fewer
        seen = [await self.difference(steps) for _ in range(AGAIN)]
        times = sum(each is not None and each.key == found.key for each in seen)
        return Difference(tuple(steps), found.here, found.there), times


# ---- findings -----------------------------------------------------------------------------------


def _expected(step: Step, answer: str) -> list[str]:
    """What the other server says, as a dialogue has it."""
    if answer == CLOSED:
        return ["@eof"]
    if answer == SILENT:
        return ["@silence 2s"]
    status = answer.partition(" ")[0]
    lines = [f"S: {status}{{*?}}"] if status in ("+OK", "-ERR") else ["S: {:rest}"]
    return [*lines, "@body lines"] if step.is_multi and answer == "+OK" else lines


def dialogue(found: Difference, id_: str) -> str:
    """Plays the commands to the target, and expects what the other server says last."""
    state = found.steps[0].state.lower()
    lines = ["#!dlg 1", f"id: {id_}", f"title: {_title(found)}", "kind: seed"]
    lines += [f"tags: {claims.DIFFERS}", f"state: {state}", "---", "[test]"]
    before = state == BEFORE.lower()
    for step in found.steps[:-1]:
        lines += [f"C: {step.line}", "S: {:rest}"]
    if before and found.steps[-1].state == AFTER:
        lines += ["C: USER {user}", "S: +OK{*?}", "C: PASS {pw}", "S: +OK{*?}"]
    last = found.steps[-1]
    return "\n".join((*lines, f"C: {last.line}", *_expected(last, found.there), ""))


def _title(found: Difference) -> str:
    return f"{found.steps[-1].name}: {found.here} here and {found.there} there"


def finding_of(found: Difference, times: int, seconds: float) -> Finding:
    last = found.steps[-1]
    said = "\n".join(f"C: {step.line}" for step in found.steps)
    text = f"{said}\nhere: {found.here}\nthere: {found.there}"
    sign = Sign(signs.DIFFERS, _title(found), place=last.state, text=text)
    octets = "".join(f"{step.line}\r\n" for step in found.steps).encode()
    finding = Finding(sign, octets, seconds, "comparison", again=times, minimised=True)
    # A dialogue that mixes both states needs more than a prefix, and is left to the transcript.
    if len({step.state for step in found.steps}) == 1 and not any(
        step.is_multi for step in found.steps[:-1]
    ):
        finding.dialogue = dialogue(found, label(finding.id))
    return finding


# ---- the campaign -------------------------------------------------------------------------------


async def _start(target: Target) -> Seat:
    mail = Fixtures(paths.fixtures()).maildrop((), {})
    return (await target.start([mail], 1))[0]


def _side(seat: Seat, per_minute: int | None) -> Side:
    account = seat.account(Fixtures(paths.fixtures()).maildrop((), {}))
    if account is None:
        raise UsageError("--against: both servers need an account: --user, --password-file")
    return Side(seat.endpoint, account, per_minute)


def _other(args: argparse.Namespace) -> Target:
    """The second server, with the same account unless it is of the lab. Raises UsageError."""
    if args.tls == "stls":
        raise UsageError("--against compares in clear, or with --tls implicit")
    lab = args.against.removeprefix(LAB) if args.against.startswith(LAB) else None
    where: dict[str, object] = {
        "target": None if lab else args.against,
        "lab": lab,
        "mock_option": [],
    }
    return options.target(argparse.Namespace(**{**vars(args), **where}))


async def _compare(search: "Search", shown: Progress, targets: Sequence[Target]) -> None:
    args = search.args
    seats = [await _start(target) for target in targets]
    paces = [options.pace(args, target) for target in targets]
    sides = [_side(seat, pace) for seat, pace in zip(seats, paces, strict=True)]
    may = (plan.may_write(t, destroy=args.yes_destroy, safe=args.safe) for t in targets)
    pair = Pair(sides[0], sides[1], args.seed, all(may))
    await pair.learn()
    begun = time.monotonic()
    seconds = (args.time or SECONDS) - search.seconds if not args.runs else None
    seen: set[tuple[str, str, str, str]] = set()
    while not _is_over(search.compared, args.runs, begun, seconds):
        found = await pair.difference(pair.session())
        search.compared += 1
        if found and found.key not in seen:
            seen.add(found.key)
            shorter, times = await pair.shorten(found)
            if times == AGAIN:  # what differs now and then is no difference between the two
                search.keep(finding_of(shorter, times, search.seconds), shown.line)
        if shown.is_due:
            shown.add(search.sample())


def _is_over(done: int, runs: int | None, begun: float, seconds: float | None) -> bool:
    if runs is not None:
        return done >= runs
    return seconds is None or time.monotonic() - begun >= max(seconds, 1.0)


def compare(search: "Search", shown: Progress) -> None:
    """Raises PopquizError."""
    targets = [options.target(search.args), _other(search.args)]

    async def work() -> None:
        try:
            await _compare(search, shown, targets)
        finally:
            await asyncio.shield(asyncio.gather(*(target.stop() for target in targets)))

    async def guarded() -> None:
        search.outcome.interrupted = await runner.until_signal(work())

    children.watch_without_threads()
    asyncio.run(guarded())
