# SPDX-License-Identifier: Apache-2.0
"""libFuzzer as an engine: instances that share a corpus, each started again when it has found
something, since it ends then."""

import re
import time
from collections.abc import Iterable
from pathlib import Path

from popquiz.fuzz.engine import MAIN, OneOfSeveral, Stats, Wish, environment, soon
from popquiz.fuzz.lane import Launch

STATE = re.compile(
    r"^#(?P<execs>\d+)\s.*?cov: (?P<edges>\d+) ft: \d+ corp: (?P<corpus>\d+)/.*?"
    r"exec/s: (?P<speed>\d+)",
    re.M,
)
FINAL = re.compile(r"stat::number_of_executed_units: +(\d+)")
HANG_S = 10
MEMORY_MIB = 2048
# What it ends with when it has found something; anything else but 0 is trouble. Sanitizers are told
# to end with the first one too.
FOUND_STATUS = 77
FOUND = (FOUND_STATUS, 70, 71)
ENVIRONMENT = {
    "ASAN_OPTIONS": f"exitcode={FOUND_STATUS}:symbolize=0",
    "UBSAN_OPTIONS": f"exitcode={FOUND_STATUS}:symbolize=0",
    "LSAN_OPTIONS": f"exitcode={FOUND_STATUS}",
}
SAVED = ("crash-*", "leak-*", "oom-*")


class LibFuzzer(OneOfSeveral):
    """One instance."""

    def __init__(self, wish: Wish, launch: Launch, number: int) -> None:
        super().__init__(wish, launch, number)
        self._begun = 0.0
        self._before = 0  # executions of processes that ended
        self._lives = 0

    @property
    def _corpus(self) -> Path:
        """All instances share it."""
        return self._wish.out / MAIN / "corpus"

    def words(self) -> list[str]:
        wish = self._wish
        left = wish.runs - self._before if wish.runs else None
        options = {
            "max_total_time": soon(self._begun, wish.seconds),
            "runs": max(left, 1) if left is not None else None,
            "max_len": wish.max_len,
            "timeout": HANG_S,
            "rss_limit_mb": MEMORY_MIB,
            "seed": wish.seed + self._number + wish.jobs * self._lives,
            "print_final_stats": 1,
            "dict": wish.dictionary,
            "artifact_prefix": f"{self.folder / 'crashes'}/",
        }
        given = [f"-{name}={value}" for name, value in options.items() if value is not None]
        return [*self._launch.words, *given, str(self._corpus), str(wish.seeds)]

    def start(self) -> None:
        self._begun = time.monotonic()
        for folder in (self._corpus, self.folder / "crashes"):
            folder.mkdir(parents=True, exist_ok=True)
        self._start()

    def _start(self) -> None:
        given = environment(self._launch, self._wish)
        self._process.start(self.words(), {**ENVIRONMENT, **given})

    def lives(self) -> bool:
        if self._process.status() not in FOUND:
            return self._process.lives()
        self._before = self.stats().execs
        self._lives += 1
        over = self._wish.seconds and time.monotonic() - self._begun >= self._wish.seconds
        done = self._wish.runs and self._before >= self._wish.runs
        if over or done:
            return False
        self._start()
        return True

    def stats(self) -> Stats:
        said = self._process.said()
        states = list(STATE.finditer(said))
        if not states:
            return Stats(execs=self._before)
        last = states[-1]
        execs = int((FINAL.findall(said) or [last["execs"]])[-1])
        since = max(time.monotonic() - self._begun, 1.0)
        return Stats(
            execs=self._before + execs,
            speed=float(last["speed"]) or (self._before + execs) / since,
            edges=int(last["edges"]),
            corpus=int(last["corpus"]),
        )

    def _saved(self, *patterns: str) -> Iterable[Path]:
        found = (p for each in patterns for p in (self.folder / "crashes").glob(each))
        return sorted(found, key=lambda path: path.stat().st_mtime)

    def crashes(self) -> Iterable[Path]:
        return self._saved(*SAVED)

    def hangs(self) -> Iterable[Path]:
        return self._saved("timeout-*")

    def corpus(self) -> Iterable[Path]:
        return sorted(self._corpus.iterdir()) if self._number == 0 else ()

    def trouble(self) -> str:
        status = self._process.status()
        if not status or status in FOUND:
            return ""
        lines = [line for line in self._process.said().splitlines() if line.strip()]
        return f"{self._launch.words[0]} ended with {status}: {lines[-1] if lines else 'silently'}"

    def stop(self) -> None:
        self._process.stop()
