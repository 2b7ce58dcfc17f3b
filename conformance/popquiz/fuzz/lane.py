# SPDX-License-Identifier: Apache-2.0
"""What is fuzzed, and how one input is judged."""

import shutil
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from popquiz import paths
from popquiz.errors import UsageError
from popquiz.fuzz.signs import Sign

AFL, LIBFUZZER = "afl", "libfuzzer"
ENGINES = (AFL, LIBFUZZER)
SEED_MAX = 1 << 20  # octets
# The unversioned name comes with the versioned package only where that is the default one.
SYMBOLIZERS = ("llvm-symbolizer", "/usr/lib/llvm-14/bin/llvm-symbolizer")


Seed = tuple[str, bytes]  # a name, which need not be the only one, and octets


@dataclass(frozen=True, slots=True)
class Launch:
    """What an engine runs. `wrap` makes of the engine's whole command, and the campaign's folder,
    the command that is run instead; that one ends when its standard input does."""

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    wrap: Callable[[Sequence[str], Path], list[str]] | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What only the lane knows of a running campaign. None: nobody knows."""

    transaction: float | None = None  # percent of the cases that reach that state
    cases: int | None = None  # that were played


GDB = ("gdb", "-q", "-ex", "set confirm off", "-ex", "set env ASAN_OPTIONS abort_on_error=1")


class Quiet:
    """A lane that knows no more than its engine."""

    def check(self, seeds: Sequence[bytes]) -> Sequence[str]:
        return ()

    def watch(self, out: Path) -> Watched:
        return Watched()

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        raise NotImplementedError

    def judge_again(self, files: Sequence[Path], sign: Sign) -> Generator[Sign, None, None]:
        yield from self.judge(files)

    def debugged(self, file: Path) -> list[str]:
        raise UsageError("--debug is for --harness, --server and --stdio")

    def saved(self, out: Path) -> Iterable[tuple[Path, Sign | None]]:
        return ()


class Played(Protocol):
    """What findings say of where they are from."""

    @property
    def name(self) -> str:
        """As harness:fuzz_framer."""

    @property
    def options(self) -> Sequence[str]:
        """What reaches the same again, for `popquiz replay`."""

    @property
    def built(self) -> Mapping[str, str]:
        """What the header of a crash file says of what was played."""

    @property
    def dialogues(self) -> bool:
        """Whether inputs are wire cases, of which a dialogue can be made."""


class Lane(Played, Protocol):
    """One way to fuzz. close() must follow in every case."""

    @property
    def engines(self) -> Sequence[str]:
        """Those that can drive it, the usual one first."""

    def seeds(self) -> Sequence[Seed]:
        """What a campaign begins with."""

    def check(self, seeds: Sequence[bytes]) -> Sequence[str]:
        """Tries whether a campaign is worth its time; returns warnings, a line each. Raises
        TargetError when it is not."""

    def dictionary(self) -> Path | None: ...

    def launch(self, engine: str, number: int) -> Launch:
        """For instance `number`, from 0. Raises PopquizError."""

    def watch(self, out: Path) -> Watched:
        """How far a campaign in that folder is."""

    def saved(self, out: Path) -> Iterable[tuple[Path, Sign | None]]:
        """Inputs that the lane has kept there because they broke something, beside the engine's;
        with what was seen then."""

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        """Plays each file in order and says what it showed. Whoever has seen enough closes it."""

    def judge_again(self, files: Sequence[Path], sign: Sign) -> Generator[Sign, None, None]:
        """As judge(), where it is known what is looked for: some signs take many plays."""

    def debugged(self, file: Path) -> list[str]:
        """A command that plays a file under gdb. Raises UsageError where that cannot be."""

    def close(self) -> None:
        """Leaves no process behind."""


def symbolizer() -> str | None:
    """Where frames get their names from."""
    return next(filter(None, map(shutil.which, SYMBOLIZERS)), None)


def corpus() -> Path:
    """The project's. Raises UsageError where there is none."""
    root = paths.checkout()
    if root is None:
        raise UsageError("the corpus is in the checkout only: run this there")
    return root / "corpus"


def read_seeds(files: Iterable[Path]) -> list[Seed]:
    return [(file.name, file.read_bytes()[:SEED_MAX]) for file in files]


def files_below(folder: Path) -> list[Path]:
    """Every visible file in a folder and below it, in a stable order."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(p for p in found if "/." not in f"/{p.relative_to(folder)}")
