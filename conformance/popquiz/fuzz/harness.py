# SPDX-License-Identifier: Apache-2.0
"""`--harness NAME`: one of our own fuzz targets, in process. Its libFuzzer build, which has ASan
and UBSan, judges what either engine finds.
"""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from popquiz.errors import UsageError
from popquiz.fuzz import ends, presets, signs
from popquiz.fuzz.coverage import PRESET as COVERAGE
from popquiz.fuzz.lane import (
    AFL,
    GDB,
    LIBFUZZER,
    Launch,
    Quiet,
    Seed,
    corpus,
    files_below,
    kept,
    read_seeds,
    symbolizer,
)
from popquiz.fuzz.signs import Sign

HANG_S = 10
MEMORY_MIB = 2048
START_S = 30.0  # for a program to start, and to end, besides what its inputs take
RUNNING = re.compile(r"^Running: .*$", re.M)
LIMITS = (f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MIB}")
BATCH = 500  # files on one command line
# What a program holds that is linked with an engine's driver.
MARKS = {LIBFUZZER: b"libFuzzer", AFL: b"__AFL_SHM_ID"}
# The targets whose input is a wire case.
WIRE = ("fuzz_server", "fuzz_stls", "fuzz_client", "fuzz_observer", "fuzz_dialogue_wire")


def _environment() -> dict[str, str]:
    found = symbolizer()
    where = f":external_symbolizer_path={found}" if found else ""
    return {
        **os.environ,
        "ASAN_OPTIONS": f"abort_on_error=0:symbolize=1{where}",
        "UBSAN_OPTIONS": f"print_stacktrace=1:symbolize=1{where}",
    }


class Program:
    """A target that is linked with an engine's driver, and takes files on its command line."""

    def __init__(self, path: Path, engine: str) -> None:
        self._path = path
        self._options = LIMITS if engine == LIBFUZZER else ()
        # AFL++'s driver does not say in time which file it plays.
        self._batch = BATCH if engine == LIBFUZZER else 1

    def _play(self, files: Sequence[Path]) -> tuple[int, str]:
        words = [str(self._path), *self._options, *map(str, files)]
        patience = START_S + HANG_S * len(files)
        with tempfile.TemporaryFile() as said:
            try:
                status = subprocess.run(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    env=_environment(),
                    timeout=patience,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                status = -signal.SIGALRM
            said.seek(0)
            return status, said.read().decode("utf-8", "replace")

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        """As Lane.judge(): one process for all files up to the one that breaks it."""
        left = list(files)
        while left:
            batch = left[: self._batch]
            status, said = self._play(batch)
            broke = self._broke(status, said, batch)
            played = batch[:broke] if broke is not None else batch
            yield from (Sign() for _ in played)
            if broke is not None:
                yield self._sign(status, said)
            left = left[len(played) + (broke is not None) :]

    @staticmethod
    def _broke(status: int, said: str, batch: Sequence[Path]) -> int | None:
        """Which file it was."""
        if status == 0:
            return None
        started = len(RUNNING.findall(said))
        return max(min(started, len(batch)), 1) - 1

    @staticmethod
    def _sign(status: int, said: str) -> Sign:
        name = signal.Signals(-status).name if status < 0 else ""
        last = RUNNING.split(said)[-1]
        if status == -signal.SIGALRM:
            return Sign(signs.HANG, "timeout", text=last[-signs.TEXT_MAX :])
        found = signs.read(last, name)
        text = last.strip()[-signs.TEXT_MAX :]
        return found or Sign(signs.CRASH, name or f"exit status {status}", signal=name, text=text)


class OwnHarness(Quiet):
    """The lane of a program of somebody's own that is linked with an engine's driver."""

    dialogues = True  # octets that a peer writes are one

    def __init__(self, path: Path) -> None:
        """Raises UsageError."""
        if not path.is_file():
            raise UsageError(f"--harness {path}: there is no such program")
        self._path = path.resolve()
        self.name = f"harness:{path.name}"
        self.options: tuple[str, ...] = ("--harness", str(self._path))
        self.built: Mapping[str, str] = {"harness": path.name}
        octets = path.read_bytes()
        self.engines = [engine for engine, mark in MARKS.items() if mark in octets]
        if not self.engines:
            raise UsageError(
                f"--harness {path}: is linked with neither libFuzzer nor AFL++'s driver"
            )

    def seeds(self) -> list[Seed]:
        return []

    def dictionary(self) -> Path:
        return corpus() / "dict" / "pop3.dict"

    def launch(self, engine: str, number: int) -> Launch:
        if engine not in self.engines:
            raise UsageError(f"--engine {engine}: {self._path} is built for {self.engines[0]}")
        return Launch((str(self._path),))

    def debugged(self, file: Path) -> list[str]:
        return [*GDB, "-ex", "run", "--args", str(self._path), str(file)]

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        yield from Program(self._path, self.engines[0]).judge(files)

    def close(self) -> None:
        """Nothing runs between two calls."""


class Harness(Quiet):
    """The lane of one of our targets."""

    engines = (LIBFUZZER, AFL)

    def __init__(self, name: str, say: Callable[[str], None] = lambda text: None) -> None:
        """Raises UsageError when there is no such target."""
        self.target = presets.full_name(name)
        self.name = f"harness:{self.target}"
        self.options: tuple[str, ...] = ("--harness", self.target)
        self.dialogues = self.target in WIRE
        self.built: Mapping[str, str] = {"harness": self.target}
        self._say = say

    def seeds(self) -> list[Seed]:
        kinds = (corpus() / kind / self.target for kind in ("seeds", "regressions"))
        return read_seeds(file for folder in kinds for file in files_below(folder))

    def dictionary(self) -> Path:
        """That of the target, where "dialogue" has fuzz_dialogue_meaning too, or the common one."""
        word = self.target.removeprefix(presets.PREFIX).partition("_")[0]
        own = corpus() / "dict" / f"{word}.dict"
        return own if own.is_file() else corpus() / "dict" / "pop3.dict"

    def launch(self, engine: str, number: int) -> Launch:
        """The second instance of AFL++ is the sanitized one, where that was built."""
        sanitized = presets.program(presets.SANITIZED, self.target)
        if engine == AFL and number == 1 and sanitized.is_file():
            options = "abort_on_error=1:symbolize=0:detect_leaks=0"
            return Launch((str(sanitized),), {"ASAN_OPTIONS": options})
        found = presets.build(engine, self.target, self._say)
        return Launch((str(found),))

    def ends(self, out: Path, asked: bool) -> dict[str, Any] | None:
        if not asked and not presets.is_built(COVERAGE, self.target):
            return None
        return ends.measure(self.target, [*kept(out), out / "seeds"], self._say)

    def debugged(self, file: Path) -> list[str]:
        program = presets.build(LIBFUZZER, self.target, self._say)
        # libFuzzer would take the signal before gdb sees where it comes from.
        return [*GDB, "-ex", "run", "--args", str(program), "-handle_abrt=0", str(file)]

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        program = presets.build(LIBFUZZER, self.target, self._say)
        yield from Program(program, LIBFUZZER).judge(files)

    def close(self) -> None:
        """Nothing runs between two calls."""


def find(name: str, say: Callable[[str], None] = lambda text: None) -> Harness | OwnHarness:
    """One of our targets, or a program if there is a slash in its name. Raises UsageError."""
    return OwnHarness(Path(name)) if "/" in name else Harness(name, say)
