# SPDX-License-Identifier: Apache-2.0
"""What ci/bench measures of campaigns: `popquiz fuzz --lab popa3d` beside AFL++ that gets sessions
as files, in turn; and how soon a planted crash is found, shortened and shown again."""

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench_tools import AflInetd, Trial
from measure import ROOT, Line, MeasureError, Settings, say
from popquiz import labbuild
from popquiz.fuzz.served import ACCOUNTS, PASSWORD

SERVER = "popa3d"
# The figures to reach.
RUNS, TRANSACTION, EDGES, STABILITY = 800.0, 60.0, 0.97, 98.0
FIRST_S, CRASH_S, SHORTEN_S, SHOWN = 3.0, 60.0, 30.0, 20.0
LINES = 200  # of the crash that is shortened
END_S = 120.0  # between the end of a campaign and that of its process


def popquiz(*words: str) -> subprocess.CompletedProcess[str]:
    """Raises MeasureError unless it ended with 0 or 1."""
    command = [sys.executable, "-P", "-m", "popquiz", *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if ran.returncode > 1:
        raise MeasureError(f"popquiz {' '.join(words)} ended with {ran.returncode}: {ran.stderr}")
    return ran


def campaign(out: Path, *words: str) -> dict[str, Any]:
    popquiz("fuzz", "--lab", SERVER, "--out", str(out), *words)
    return dict(json.loads((out / "campaign.json").read_text()))


def edges(queue: Path, out: Path) -> int:
    """Those of the server that a queue reaches, by the bridge's count."""
    words = ("--only-corpus", "--corpus", str(queue), "--runs", "1")
    return int(campaign(out, *words)["edges"])


def inetd(seconds: int, number: int, queue: Path) -> float:
    """Executions a second; copies its queue. Raises MeasureError."""
    build = labbuild.build(SERVER, "instrument", say=say)
    with AflInetd(Trial(SERVER, build, number, float(seconds))) as tool:
        tool.begin()
        end = time.monotonic() + seconds + END_S
        while tool.runs() and time.monotonic() < end:
            time.sleep(0.2)
        if tool.runs():
            raise MeasureError(f"afl-fuzz did not end: {tool.last_words()}")
        shutil.copytree(tool.folder / "afl/main/queue", queue, ignore=shutil.ignore_patterns(".*"))
        return float(tool.figures()["execs_per_s"])


# ---- speed and sight -----------------------------------------------------------------------------


def _rounds(settings: Settings, top: Path) -> Iterator[dict[str, float]]:
    for number in range(1, settings.rounds + 1):
        seconds = settings.campaign_seconds
        say(f"campaign, round {number} of {settings.rounds}: twice {seconds} s")
        out, queue = top / f"ours{number}", top / f"theirs{number}"
        ours = campaign(out, "--time", f"{seconds}s", "--seed", str(number))
        theirs = inetd(seconds, number, queue)
        kept = shutil.copytree(
            out / "main/queue", top / f"queue{number}", ignore=shutil.ignore_patterns(".*")
        )
        reached = [edges(each, top / f"edges{number}-{each.name}") for each in (kept, queue)]
        told = {name: float(ours[name] or 0) for name in ("speed", "transaction", "stability")}
        told["first"] = float(ours["first_execution_s"])
        yield {**told, "times": told["speed"] / theirs, "edges": reached[0] / reached[1]}


def speed(settings: Settings, top: Path) -> Iterator[Line]:
    rounds = list(_rounds(settings, top))
    middle = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    beside = f"{middle['times']:.2f} of AFL++ with sessions as files"
    yield Line("campaign", f"bridge on {SERVER}", middle["speed"], "exec/s", RUNS, detail=beside)
    share = middle["transaction"]
    yield Line("campaign", "cases that reach TRANSACTION", share, "%", TRANSACTION)
    yield Line("campaign", "edges / AFL++ with files", middle["edges"], "x", EDGES)
    yield Line("campaign", "stability", middle["stability"], "%", STABILITY)
    first = middle["first"]
    yield Line("campaign", "start to first execution", first, "s", FIRST_S, at_most=True)


# ---- crashes -------------------------------------------------------------------------------------


def _planted(top: Path) -> Iterator[Line]:
    """A crash two processes below the listener."""
    build = ("--build", str(labbuild.build(SERVER, "crashes", say=say)))
    out = top / "crash"
    say("campaign: a planted crash")
    found = campaign(out, *build, "--time", f"{CRASH_S:.0f}s")["findings"]
    crashes = [each for each in found if each["process"].startswith("child")]
    if not crashes:
        raise MeasureError("the planted crash was not found within a minute")
    what = "crash in an unprivileged child found"
    yield Line("campaign", what, crashes[0]["seconds"], "s", CRASH_S, at_most=True)
    input_ = out / "findings" / crashes[0]["id"] / "input.raw"
    yield from _shortened(input_.read_bytes(), build, top)
    shown = popquiz("replay", str(input_), "--lab", SERVER, *build, "-n", f"{SHOWN:.0f}").stdout
    times = re.search(r"shown\s+(\d+) of (\d+) times", shown)
    count = float(times[1]) if times else 0.0
    yield Line("campaign", "the crash shown again, of 20 plays", count, "", SHOWN)


def _shortened(crash: bytes, build: Sequence[str], top: Path) -> Iterator[Line]:
    """A long session that ends as the short one does."""
    seeds, out = top / "long", top / "shortened"
    seeds.mkdir()
    login = f"USER {ACCOUNTS[0]}\r\nPASS {PASSWORD}\r\nQUIT\r\n".encode()
    (seeds / "good").write_bytes(login)
    (seeds / "crash").write_bytes(b"NOOP\r\n" * LINES + crash)
    begun = time.monotonic()
    words = ("--only-corpus", "--corpus", str(seeds), "--runs", "1")
    found = campaign(out, *build, *words)["findings"]
    took = time.monotonic() - begun
    if not found or not found[0]["minimised"]:
        raise MeasureError(f"a crash of {LINES} lines was not shortened")
    detail = f"{found[0]['octets_before']} to {found[0]['octets']} octets, start and all"
    what = f"a crash of {LINES} lines shortened"
    yield Line("campaign", what, took, "s", SHORTEN_S, at_most=True, detail=detail)


def measure_campaign(settings: Settings) -> Iterator[Line]:
    """Raises MeasureError."""
    with tempfile.TemporaryDirectory(prefix="popquiz-bench-") as name:
        yield from speed(settings, Path(name))
        yield from _planted(Path(name))
