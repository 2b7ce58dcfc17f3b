# SPDX-License-Identifier: Apache-2.0
"""AFL++ as an engine: stock afl-fuzz, one instance a process, all below one output folder."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from popquiz.errors import TargetError
from popquiz.fuzz.engine import OneOfSeveral, Stats, environment

PROGRAM = "afl-fuzz"
# What a machine that is no fuzzing machine lacks: the governor of the CPU, a core to bind to, a
# core_pattern that is no pipe. Crashes are seen by those who wait for the processes.
ENVIRONMENT = {
    "AFL_SKIP_CPUFREQ": "1",
    "AFL_NO_AFFINITY": "1",
    "AFL_NO_UI": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
    "AFL_SKIP_CRASHES": "1",
    "AFL_IGNORE_UNKNOWN_ENVS": "1",
    "AFL_FORKSRV_INIT_TMOUT": "30000",
}
CMPLOG = ["-c", "-"]  # the same program once more
MUTATOR = "AFL_CUSTOM_MUTATOR_LIBRARY"
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x0f|\x1b\(.")
WRONG = re.compile(r"\[-\]\s*(?:PROGRAM ABORT|SYSTEM ERROR) : (?P<why>.*)|\[-\] (?P<hint>.*)")


def check() -> None:
    """Raises TargetError when AFL++ is not there."""
    if not shutil.which(PROGRAM):
        raise TargetError(f"{PROGRAM} is not installed: apt-get install afl++, or ci/setup")


def table(path: Path) -> dict[str, str]:
    """fuzzer_stats; empty while it is not there."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _percent(text: str) -> float | None:
    number = text.rstrip("%")
    return float(number) if re.fullmatch(r"\d+(\.\d+)?", number) else None


def plot(path: Path) -> dict[str, str]:
    """The last line of plot_data by the names of its columns; empty while there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    if len(lines) < 2 or not lines[0].startswith("#"):
        return {}
    names = [name.strip() for name in lines[0].lstrip("# ").split(",")]
    values = [value.strip() for value in lines[-1].split(",")]
    return dict(zip(names, values, strict=False))


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else 0.0


class Afl(OneOfSeveral):
    """One instance; the first is the main one."""

    _before = 0.0  # executions of earlier runs

    def words(self) -> list[str]:
        """To be run in the campaign's folder: whoever runs it may have no right to those above."""
        wish = self._wish
        # Alone, -M would only take the engine's freedom to choose inputs and to trim them.
        role = "-M" if self._number == 0 and wish.jobs > 1 else "-S"
        resumed = wish.resume and (self.folder / "queue").is_dir()
        words = [PROGRAM, "-i", "-" if resumed else wish.seeds.name, "-o", "."]
        words += [role, self.name, "-m", "none", "-t", str(self._launch.patience_ms)]
        words += ["-G", str(wish.max_len), "-s", str(wish.seed + self._number)]
        words += ["-x", wish.dictionary.name] if wish.dictionary else []
        words += CMPLOG if self._launch.cmplog else []
        words += ["-E", str(wish.runs)] if wish.runs else []
        return [*words, "--", *self._launch.words]

    def start(self) -> None:
        check()
        self._before = self._execs()
        given = environment(self._launch, self._wish)
        wrap = self._launch.wrap
        words = wrap(self.words(), self._wish.out) if wrap else self.words()
        self._process.start(words, {**ENVIRONMENT, **given})

    def lives(self) -> bool:
        return self._process.lives()

    def _told(self) -> tuple[dict[str, str], dict[str, str]]:
        """fuzzer_stats is written once a minute, plot_data every five seconds."""
        return table(self.folder / "fuzzer_stats"), plot(self.folder / "plot_data")

    def _execs(self) -> float:
        """Those of earlier runs among them."""
        told, drawn = self._told()
        return max(_number(told.get("execs_done", "")), _number(drawn.get("total_execs", "")))

    def stats(self) -> Stats:
        told, drawn = self._told()
        edges = max(_number(told.get("edges_found", "")), _number(drawn.get("edges_found", "")))
        known = sum(1 for _ in self.corpus())  # the files do not lag behind
        speed = drawn.get("execs_per_sec") or told.get("execs_per_sec", "")
        of = _number(told.get("total_edges", ""))
        return Stats(
            execs=max(int(self._execs() - self._before), 0),
            speed=_number(speed),
            edges=int(edges),
            edges_of=int(of) or None,
            corpus=known,
            stability=_percent(told.get("stability", "")),
        )

    def _saved(self, kind: str) -> Iterable[Path]:
        return sorted(self.folder.glob(f"{kind}/id:*"))

    # Who goes on puts what it had saved into a folder with the time behind its name.

    def crashes(self) -> Iterable[Path]:
        return self._saved("crashes*")

    def hangs(self) -> Iterable[Path]:
        return self._saved("hangs*")

    def corpus(self) -> Iterable[Path]:
        return self._saved("queue")

    def trouble(self) -> str:
        status = self._process.status()
        if not status:
            return ""
        said = COLOURS.sub("", self._process.said())
        found = [each["why"] or each["hint"] for each in WRONG.finditer(said)]
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
        why = found[-1] if found else last
        return f"afl-fuzz ended with {status}: {why.strip()}; see {self._process.log}"

    def stop(self) -> None:
        self._process.stop()
