# SPDX-License-Identifier: Apache-2.0
"""What ci/bench measures, part by part: each part gives its lines as soon as it has them.

Two sides of a ratio are measured in turn, round by round, so that a busy machine hurts both alike.
Needs the package of this checkout, and the release build.
"""

import asyncio
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popquiz.errors import PopquizError
from popquiz.fixtures import DEFAULT, Fixtures
from popquiz.servers import profile, server

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "conformance/fixtures"

USER = "user"
PATIENCE_S = 300.0
GREETING_S = 10.0
SPARE_FILES = 100  # open ones, besides those of connections

MIB = 1 << 20
# The figures to reach.
DECODING = 0.25  # of memcpy
GROWN_KIB = 64.0  # what is no growth
COMMANDS = 3e6
REFEREE = 500_000  # commands a second
PARSER_RUNS, SESSION_RUNS = 60_000.0, 30_000.0
TIMES_DOVECOT = 10.0
CERTIFY_MOCK_S, CERTIFY_DOVECOT_S = 3.0, 30.0
CERTIFY_CASES = 100  # for which the first of them is meant
IDLE_MIB = 200.0

# The targets that read a text; the others hold conversations.
PARSERS = (
    *("base", "capa", "command", "dialogue", "dialogue_meaning", "dialogue_wire", "dot"),
    *("framer", "reply", "sasl"),
)


class MeasureError(Exception):
    """A part cannot be measured; the text says why."""


@dataclass(frozen=True, slots=True)
class Settings:
    build: Path  # of the preset release
    fuzz_build: Path | None  # of the preset libfuzzer; None: build it first
    rounds: int
    fuzz_seconds: int
    campaign_seconds: int
    connections: int

    def program(self, name: str) -> str:
        path = self.build / name
        if not path.is_file():
            raise MeasureError(f"{path} is missing: build the preset release")
        return str(path)


@dataclass(frozen=True, slots=True)
class Line:
    """`figure` is the least value that will do, or, `at_most`, the greatest."""

    part: str
    what: str
    value: float
    unit: str
    figure: float
    at_most: bool = False
    detail: str = ""

    @property
    def ratio(self) -> float | None:
        """From one on: the figure is reached, and by how much. None: a cost of nothing."""
        over, under = (self.figure, self.value) if self.at_most else (self.value, self.figure)
        return over / under if under else None

    @property
    def reached(self) -> bool:
        return self.value <= self.figure if self.at_most else self.value >= self.figure


def say(text: str) -> None:
    """What happens now, for whoever waits."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(command: Sequence[str], **more: Any) -> str:
    """What a program says; raises MeasureError when it fails."""
    ran: subprocess.CompletedProcess[str] = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False, **more
    )
    if ran.returncode != 0:
        raise MeasureError(f"{' '.join(command)} ended with status {ran.returncode}")
    return ran.stdout


# ---- core ----------------------------------------------------------------------------------------


def core(settings: Settings) -> Iterator[Line]:
    """Decoding against memcpy, over messages of growing size, and commands in one process."""
    say("core: decoding, sizes, commands")
    got = json.loads(run([settings.program("harness/bench/bench_core")]))
    decoding, sizes = got["decoding_octets_per_s"], got["retr_octets_per_s"]
    memcpy = decoding["memcpy"]
    rates = f"{decoding['framer_dot'] / 1e9:.1f} of {memcpy / 1e9:.1f} GB/s"
    value = decoding["framer_dot"] / memcpy
    yield Line("core", "framer and dot, 64 MiB / memcpy", value, "x", DECODING, detail=rates)
    slowest = min(sizes, key=sizes.__getitem__)
    at = f"slowest: {slowest} octets, {sizes[slowest] / 1e9:.1f} GB/s"
    value = sizes[slowest] / memcpy
    yield Line("core", "RETR of 1 KiB to 1 GiB / memcpy", value, "x", DECODING, detail=at)
    small, great = (sizes[size] for size in (min(sizes, key=int), max(sizes, key=int)))
    yield Line("core", "RETR of 1 GiB / of 1 KiB", great / small, "x", 1.0, detail="octets/s")
    grown = float(got["retr_grown_kib"])
    yield Line("core", "memory from 1 KiB to 1 GiB", grown, "KiB", GROWN_KIB, at_most=True)
    commands = got["server_commands_per_s"]
    yield Line("core", "commands of a session in process", commands, "/s", COMMANDS)
    judged = got["referee_commands_per_s"]
    yield Line("core", "commands that the referee judges", judged, "/s", REFEREE)


# ---- fuzz ----------------------------------------------------------------------------------------


def _fuzz_round(settings: Settings, number: int) -> Iterator[tuple[str, int, int]]:
    """Target, executions per second, and octets of an input, of each target."""
    command = [str(ROOT / "ci/fuzz-smoke"), "--seconds", str(settings.fuzz_seconds), "--jobs", "1"]
    command += ["--build", str(settings.fuzz_build)] if settings.fuzz_build else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout
        for text in engine.stdout:
            words = text.split()
            if words[-1:] == ["ok"] and words[0].startswith("fuzz_"):
                say(f"fuzz, round {number} of {settings.rounds}: {words[0]} {words[1]} exec/s")
                yield words[0].removeprefix("fuzz_"), int(words[1]), int(words[3])
    if engine.returncode != 0:
        raise MeasureError(f"a target broke, or did not build; see: {' '.join(command)}")


def fuzz(settings: Settings) -> Iterator[Line]:
    """libFuzzer, ASan and UBSan, invariants on, one job, max_len 512, from the committed seeds."""
    rates: dict[str, list[int]] = {}
    lengths: dict[str, int] = {}
    for number in range(1, settings.rounds + 1):
        for target, rate, octets in _fuzz_round(settings, number):
            rates.setdefault(target, []).append(rate)
            lengths[target] = octets
    for target, found in rates.items():
        middle = statistics.median(found)
        what = "parser" if target in PARSERS else "session"
        figure = PARSER_RUNS if target in PARSERS else SESSION_RUNS
        size = f"about {middle * lengths[target] / 1e6:.1f} MB/s"
        yield Line("fuzz", f"{what} target fuzz_{target}", middle, "exec/s", figure, detail=size)


# ---- sessions ------------------------------------------------------------------------------------


@contextmanager
def mock(settings: Settings, *options: str) -> Iterator["tuple[subprocess.Popen[str], str]"]:
    """The mock server, and where it listens."""
    command = [settings.program("bin/popquiz-mock"), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            first = process.stdout.readline()
            if not first:
                raise MeasureError(f"{command[0]} does not start")
            yield process, json.loads(first)["listen"][0]["address"]
        finally:
            process.terminate()


@contextmanager
def _on_one_processor() -> Iterator[None]:
    """What is started inside shares one processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _sessions_per_s(settings: Settings, address: str, password: str) -> float:
    command = [settings.program("harness/bench/bench_sessions"), address, "1", USER]
    return float(run(command, input=f"{password}\n"))


def _take_turns(
    settings: Settings, where: str, addresses: Mapping[str, str]
) -> Mapping[str, float]:
    """Sessions per second of each server; the medians of all rounds."""
    rates: dict[str, list[float]] = {name: [] for name in addresses}
    for number in range(1, settings.rounds + 1):
        for name, address in addresses.items():
            rate = _sessions_per_s(settings, address, server.PASSWORD)
            say(f"sessions on {where}, round {number}: {name} {rate:.0f}/s")
            rates[name].append(rate)
    return {name: statistics.median(found) for name, found in rates.items()}


async def _race(settings: Settings, where: str) -> Mapping[str, float]:
    """Sessions per second of the mock, first, and of two Dovecots, all with the same mail."""
    accounts = [(USER, Fixtures(FIXTURES).maildrop((DEFAULT,), {}).messages)]
    dovecot = profile.find("dovecot")
    with mock(settings, "--maildrop", str(FIXTURES / DEFAULT)) as (_, address):
        async with (
            await server.start(dovecot, accounts, None) as usual,
            await server.start(dovecot, accounts, "service_count_0") as kept,
        ):
            addresses = {
                "mock": address,
                "Dovecot": usual.addresses["none"],
                "Dovecot, service_count=0": kept.addresses["none"],
            }
            return _take_turns(settings, where, addresses)


def sessions(settings: Settings) -> Iterator[Line]:
    """Login, STAT, LIST, QUIT over plain TCP, one session after the other, by one client.

    On several processors most of the time is the waking of one by the other; on one processor it is
    work. Both are told.
    """
    for where, placed in (("one processor", _on_one_processor), ("all processors", ExitStack)):
        with placed():
            rates = asyncio.run(_race(settings, where))
        ours, *others = rates.items()
        for name, theirs in others:
            detail = f"{ours[1]:.0f} and {theirs:.0f} sessions/s"
            what = f"{ours[0]} / {name}, {where}"
            yield Line("sessions", what, ours[1] / theirs, "x", TIMES_DOVECOT, detail=detail)


# ---- certify -------------------------------------------------------------------------------------


def _certify(settings: Settings, *options: str) -> tuple[float, int]:
    """How long it takes, in seconds, and how many cases it plays."""
    say(f"certify {' '.join(options)}")
    environment = {**os.environ, "POPQUIZ_BIN": str(settings.build / "bin")}
    with tempfile.TemporaryDirectory(prefix="popquiz-bench-") as folder:
        command = [str(ROOT / "ci/popquiz"), "certify", *options, "--report-only", "--out", folder]
        begin = time.monotonic()
        run(command, env=environment)
        took = time.monotonic() - begin
        return took, len(json.loads((Path(folder) / "results.json").read_text())["cases"])


def certify(settings: Settings) -> Iterator[Line]:
    """The whole suite over plain TCP, start and end included."""
    took, cases = _certify(settings, "--target", "mock")
    figure, played = CERTIFY_MOCK_S * max(1.0, cases / CERTIFY_CASES), f"{cases} cases"
    yield Line("certify", "the mock", took, "s", figure, at_most=True, detail=played)
    took, cases = _certify(settings, "--lab", "dovecot", "--wrong-logins", "0")
    what, played = "Dovecot, no wrong logins", f"{cases} cases"
    yield Line("certify", what, took, "s", CERTIFY_DOVECOT_S, at_most=True, detail=played)


# ---- idle ----------------------------------------------------------------------------------------


def _rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def _open_files(wanted: int) -> Iterator[None]:
    """Lets this process and its children have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise MeasureError(f"idle: {wanted} open files are needed, `ulimit -Hn` says {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _greeted(stack: ExitStack, address: str) -> None:
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    client = stack.enter_context(socket.create_connection((host, int(port)), GREETING_S))
    if not client.recv(512).startswith(b"+OK"):
        raise MeasureError("idle: the mock does not greet")


def idle(settings: Settings) -> Iterator[Line]:
    """What the mock holds of the machine's memory while so many clients were greeted and wait."""
    count = settings.connections
    say(f"idle: {count} connections")
    with (
        _open_files(count + SPARE_FILES),
        mock(settings, "--connections", str(count)) as (process, address),
        ExitStack() as stack,
    ):
        before = _rss_mib(process.pid)
        for _ in range(count):
            _greeted(stack, address)
        held = _rss_mib(process.pid)
    each = f"{(held - before) * MIB / count:.0f} octets each"
    what = f"mock with {count} idle connections"
    yield Line("idle", what, held, "MiB", IDLE_MIB, at_most=True, detail=each)


Part = Callable[[Settings], Iterator[Line]]
PARTS: Mapping[str, Part] = {
    "core": core,
    "sessions": sessions,
    "certify": certify,
    "idle": idle,
    "fuzz": fuzz,
}
# What can go wrong in a part without being a fault of ci/bench.
TROUBLES = (MeasureError, PopquizError, OSError, subprocess.TimeoutExpired)
