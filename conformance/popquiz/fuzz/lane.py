# SPDX-License-Identifier: Apache-2.0
"""What is fuzzed, and how one input is judged."""

import shutil
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from popquiz import paths
from popquiz.errors import UsageError
from popquiz.fuzz.signs import Sign

AFL, LIBFUZZER = "afl", "libfuzzer"
ENGINES = (AFL, LIBFUZZER)
SEED_MAX = 1 << 20  # octets
PATIENCE_MS = 1000
# Over the bridge, which itself says of a server that it hangs: it is patient with each write.
BRIDGED_MS = 10000
NOTICE = "README.txt"
# Of the versioned package, which brings no unversioned names.
LLVM = Path("/usr/lib/llvm-14/bin")


Seed = tuple[str, bytes]  # a name, which need not be the only one, and octets


@dataclass(frozen=True, slots=True)
class Launch:
    """What an engine runs. `wrap` makes of the engine's whole command, and the campaign's folder,
    the command that is run instead; that one ends when its standard input does. `patience_ms`: how
    long one input may take. `cmplog`: AFL++ may start `words` once more as its -c program."""

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience_ms: int = PATIENCE_MS
    cmplog: bool = False
    wrap: Callable[[Sequence[str], Path], list[str]] | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What only the lane knows of a running campaign. None: nobody knows."""

    transaction: float | None = None  # percent of the cases that reach that state
    cases: int | None = None  # that were played
    edges: int | None = None  # that some case has taken
    edges_of: int | None = None


GDB = ("gdb", "-q", "-ex", "set confirm off", "-ex", "set env ASAN_OPTIONS abort_on_error=1")


class Quiet:
    """A lane that knows no more than its engine."""

    unstable: Sequence[Mapping[str, Any]] = ()

    def explain(self, octets: bytes) -> dict[str, Any]:
        return {}

    def check(self, seeds: Sequence[bytes], out: Path) -> Sequence[str]:
        return ()

    def begin(self, out: Path) -> None:
        """Nothing is left of an earlier run."""

    def watch(self, out: Path) -> Watched:
        return Watched()

    def ends(self, out: Path, asked: bool) -> dict[str, Any] | None:
        if asked:
            raise UsageError("--coverage is for --harness with one of our own targets")
        return None

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

    @property
    def unstable(self) -> Sequence[Mapping[str, Any]]:
        """Edges that come and go, by function, as check() has found: edges.document()."""

    def seeds(self) -> Sequence[Seed]:
        """What a campaign begins with."""

    def check(self, seeds: Sequence[bytes], out: Path) -> Sequence[str]:
        """Tries whether a campaign is worth its time; returns warnings, a line each. Leaves in
        the campaign's folder what launch() needs there. Raises TargetError when it is not."""

    def dictionary(self) -> Path | None: ...

    def launch(self, engine: str, number: int) -> Launch:
        """For instance `number`, from 0. Raises PopquizError."""

    def begin(self, out: Path) -> None:
        """Makes ready a folder, which may be that of an earlier run."""

    def watch(self, out: Path) -> Watched:
        """How far this run of a campaign in that folder is."""

    def saved(self, out: Path) -> Iterable[tuple[Path, Sign | None]]:
        """Inputs that the lane has kept there because they broke something, beside the engine's;
        with what was seen then."""

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        """Plays each file in order and says what it showed. Whoever has seen enough closes it."""

    def judge_again(self, files: Sequence[Path], sign: Sign) -> Generator[Sign, None, None]:
        """As judge(), where it is known what is looked for: some signs take many plays."""

    def explain(self, octets: bytes) -> dict[str, Any]:
        """More for the record of an input that crashes without a stack: "stack_note" for people,
        and "stack_report" where there is one."""

    def debugged(self, file: Path) -> list[str]:
        """A command that plays a file under gdb. Raises UsageError where that cannot be."""

    def ends(self, out: Path, asked: bool) -> dict[str, Any] | None:
        """Where the coverage of a campaign's inputs ends (ends.py). None: nobody can say, or it
        would take a build that was not `asked` for. Raises PopquizError."""

    def close(self) -> None:
        """Leaves no process behind."""


def llvm(name: str) -> str | None:
    """A program of LLVM's."""
    return shutil.which(name) or shutil.which(LLVM / name)


def symbolizer() -> str | None:
    """Where frames get their names from."""
    return llvm("llvm-symbolizer")


def corpus() -> Path:
    """The project's; in a wheel, as much of it as servers are fuzzed with. Raises UsageError where
    there is none."""
    root = paths.checkout()
    return root / "corpus" if root else paths.data("corpus")


def read_seeds(files: Iterable[Path]) -> list[Seed]:
    return [(file.name, file.read_bytes()[:SEED_MAX]) for file in files]


def kept(out: Path) -> list[Path]:
    """The folders of what the engines of a campaign have kept."""
    folders = [folder for name in ("corpus", "queue") for folder in out.glob(f"*/{name}")]
    return sorted(folder for folder in folders if any(folder.iterdir()))


def files_below(folder: Path) -> list[Path]:
    """Every visible file in a folder and below it, in a stable order, without what AFL++ tells of
    its crashes."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != NOTICE)
    return sorted(p for p in found if "/." not in f"/{p.relative_to(folder)}")
