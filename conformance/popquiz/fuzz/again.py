# SPDX-License-Identifier: Apache-2.0
"""Plays files that engines saved, findings and crash files in a lane, and says whether they show
what they are said to show: the part of `popquiz replay` that is for fuzzing."""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from popquiz import paths
from popquiz.errors import Exit, UsageError
from popquiz.fuzz import findings, signs, streams
from popquiz.fuzz.claims import DIFFERENT, NOT, REPRODUCED
from popquiz.fuzz.lane import Lane, files_below
from popquiz.fuzz.signs import Sign

INPUT_MAX = 1 << 20
MAGIC = b"#!dlg "
HEAD = re.compile(r"^(?P<key>[a-z0-9-]+): +(?P<value>.*)$", re.M)
CONVERT_S = 60
RECORD = b"\xff"


@dataclass(frozen=True, slots=True)
class Input:
    """What is played, and what it is said to show."""

    file: Path
    octets: bytes
    expected: str = ""  # a signature; "": anything
    connection: int | None = None  # of a capture
    title: str = ""  # of a crash file

    @property
    def name(self) -> str:
        which = f", connection {self.connection}" if self.connection else ""
        return f"{self.file}{which}"

    @property
    def wanted(self) -> Sign:
        """As much of its sign as tells how it is looked for."""
        kind, _, rest = self.title.partition(": ")
        return signs.of_signature(self.expected or f"{kind}|{rest.partition(' ')[0]}")


@dataclass(frozen=True, slots=True)
class Result:
    """What playing an input a number of times came to."""

    input: Input
    signs: Sequence[Sign]

    @property
    def shown(self) -> Sign | None:
        """The first that showed something; what was expected before anything else."""
        shown = [sign for sign in self.signs if sign]
        wanted = [sign for sign in shown if sign.signature == self.input.expected]
        return next(iter([*wanted, *shown]), None)

    @property
    def same(self) -> int:
        """How often it showed what it is said to show, or what it showed first."""
        wanted = self.input.expected or (self.shown.signature if self.shown else "")
        return sum(bool(sign) and sign.signature == wanted for sign in self.signs)

    @property
    def word(self) -> str:
        if not self.shown:
            return NOT
        return REPRODUCED if self.same else DIFFERENT


def header(text: str) -> dict[str, str]:
    """The header of a dialogue."""
    return {each["key"]: each["value"] for each in HEAD.finditer(text.partition("\n---")[0])}


def is_dialogue(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def to_wire(path: Path) -> bytes:
    """What the client writes in a dialogue. Raises UsageError."""
    command = [str(paths.program("popquiz-dlg")), "to-seed", "--side", "C", str(path)]
    ran = subprocess.run(command, capture_output=True, timeout=CONVERT_S, check=False)
    if ran.returncode != 0:
        raise UsageError(f"{path}: {ran.stderr.decode('utf-8', 'replace').strip()}")
    return ran.stdout


def _recorded(path: Path, key: str) -> str:
    """From the record that lies beside the input of a finding; empty where there is none."""
    try:
        record = json.loads((path.parent / findings.RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(record.get(key, "")) if isinstance(record, dict) else ""


def found_by(names: Sequence[str]) -> str:
    """The command that replays the first finding among them; empty where there is none."""
    return next(filter(None, (_recorded(path, "replay") for path in _files(names))), "")


def read(path: Path) -> list[Input]:
    """One, or one for each connection of a capture. Raises UsageError."""
    try:
        title = header(path.read_text("utf-8")).get("title", "") if is_dialogue(path) else ""
        octets = to_wire(path) if is_dialogue(path) else path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    if streams.is_capture(octets):
        found = enumerate(streams.read(path), 1)
        return [Input(path, each, connection=number) for number, each in found]
    if len(octets) > INPUT_MAX:
        raise UsageError(f"{path}: is longer than {INPUT_MAX} octets")
    return [Input(path, octets, _recorded(path, "signature"), title=title)]


def _files(names: Sequence[str]) -> list[Path]:
    """A folder of a finding stands for its input; any other for all files in it. Raises
    UsageError."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if not path.exists():
            raise UsageError(f"{path}: there is no such file")
        if (path / findings.RECORD).is_file():
            found.append(path / findings.RAW)
        else:
            found += files_below(path) if path.is_dir() else [path]
    return found


def all_dialogues(names: Sequence[str]) -> bool:
    """Whether none of the files is an input of a fuzzer, or a capture."""
    return all(map(is_dialogue, _files(names)))


def inputs(names: Sequence[str]) -> list[Input]:
    """Raises UsageError."""
    return [given for path in _files(names) for given in read(path)]


def dialogues(names: Sequence[str], folder: Path) -> list[Path]:
    """Writes each input as a dialogue, for a target that only speaks POP3. Raises PopquizError."""
    found = []
    for number, given in enumerate(inputs(names)):
        if is_dialogue(given.file):
            found.append(given.file)
            continue
        raw, file = folder / f"{number}.raw", folder / f"{number}.dlg"
        # A plain stream of commands is sent as one write: what it is answered is waited for.
        raw.write_bytes(given.octets if RECORD in given.octets else given.octets + streams.WAIT)
        name = findings.label(f"{given.file.stem}-{number}")
        file.write_text(findings.dlg("from-bytes", "--kind", "crash", "--id", name, str(raw)))
        found.append(file)
    return found


def play(lane: Lane, given: Input, times: int) -> Result:
    with tempfile.TemporaryDirectory(prefix="popquiz-") as name:
        file = Path(name) / "input"
        file.write_bytes(given.octets)
        with closing(lane.judge_again([file] * times, given.wanted)) as seen:
            return Result(given, list(seen))


def lines(result: Result) -> list[str]:
    """The first line is the verdict."""
    of = len(result.signs)
    shown = result.shown
    told = [f"{result.word}: {result.input.name}" + (f": {shown.headline}" if shown else "")]
    if result.word == DIFFERENT:
        told.append(f"    expected  {result.input.expected}")
    told.append(f"    shown     {result.same} of {of} times")
    text = (shown.transcript or shown.text) if shown else ""
    return [*told, *(f"    {line}" for line in text.splitlines())]


def exit_of(results: Sequence[Result]) -> Exit:
    """As certify has it: something that breaks the target fails."""
    return Exit.FAILED if any(result.shown for result in results) else Exit.PASSED
