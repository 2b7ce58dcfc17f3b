# SPDX-License-Identifier: Apache-2.0
"""Cases: the rows of dialogue files, as popquiz-dlg describes them."""

import json
import subprocess
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from popquiz import deeds, paths, steps
from popquiz.catalogue import Catalogue
from popquiz.deeds import Deeds
from popquiz.errors import SuiteError, UsageError

DESCRIBE_SECONDS = 60
FILES_AT_ONCE = 2000  # names of files on one command line
SANITY = "sanity.dlg"
LOGIN = "login"  # the folder of the preludes


@dataclass(frozen=True, slots=True)
class Need:
    name: str
    least: int = 0
    args: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.args:
            return f"{self.name}({','.join(self.args)})"
        return f"{self.name}>={self.least}" if self.least else self.name


@dataclass(frozen=True, slots=True)
class Branch:
    name: str
    verdict: str
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One row of the matrix of one dialogue; without a matrix a dialogue has one row."""

    file: Path
    id: str  # id[axis=value,...] when there is a matrix
    dialogue: str  # the `id:` of the file
    title: str
    kind: str
    rev: int
    reqs: tuple[str, ...]  # of the header and of every step, each once
    needs: tuple[Need, ...]
    state: str | None
    roles: tuple[str, ...]
    tags: tuple[str, ...]
    row: Mapping[str, str]
    row_index: int
    mailbox: tuple[str, ...]
    messages: Mapping[str, bytes]  # the [message] sections
    branches: tuple[Branch, ...]
    deeds: Deeds = field(default_factory=Deeds)
    steps: Mapping[int, str] = field(default_factory=dict)  # names of lines

    def needs_any(self, *names: str) -> bool:
        return any(need.name in names for need in self.needs)

    @property
    def names(self) -> frozenset[str]:
        """What a selection may call it by."""
        needs = (need.name for need in self.needs)
        return frozenset((self.id, self.dialogue, *self.tags, *self.reqs, *needs))


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def from_description(d: Mapping[str, Any]) -> Case:
    """A line of `popquiz-dlg describe --json`, decoded."""
    return Case(
        file=Path(d["file"]),
        id=d["id"],
        dialogue=d["case"],
        title=d["title"] or "",
        kind=d["kind"],
        rev=d["rev"],
        reqs=_unique([*d["req"], *(name for step in d["steps"] for name in step["req"])]),
        needs=tuple(
            Need(n["name"], n.get("least", 0), tuple(n.get("args", ()))) for n in d["needs"]
        ),
        state=d["state"],
        roles=tuple(d["roles"]),
        tags=tuple(d["tags"]),
        row=d["row"],
        row_index=d["row_index"],
        mailbox=tuple(d["mailbox"]),
        messages={m["name"]: b64decode(m["base64"]) for m in d["messages"]},
        branches=tuple(Branch(b["name"], b["verdict"], b["line"]) for b in d["branches"]),
        deeds=deeds.read(Path(d["file"]), d["id"], d["row"], d["state"]),
        steps=steps.names(Path(d["file"])),
    )


def _describe(files: Sequence[Path]) -> Iterable[Case]:
    command = [str(paths.program("popquiz-dlg")), "describe", "--json", *map(str, files)]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=DESCRIBE_SECONDS, check=False
    )
    if ran.returncode != 0:
        raise SuiteError(ran.stderr.strip() or f"popquiz-dlg ended with status {ran.returncode}")
    return [from_description(json.loads(line)) for line in ran.stdout.splitlines()]


def load(files: Sequence[Path]) -> list[Case]:
    """Every row of the files, in their order. Raises SuiteError with a line for each thing that is
    wrong in them."""
    cases: list[Case] = []
    for start in range(0, len(files), FILES_AT_ONCE):
        cases.extend(_describe(files[start : start + FILES_AT_ONCE]))
    seen: dict[str, Path] = {}
    for case in cases:
        if case.id in seen:
            raise SuiteError(f"{case.file}: {case.id} is taken by {seen[case.id]}")
        seen[case.id] = case.file
    return cases


def is_case(path: Path) -> bool:
    """Whether a dialogue is neither the sanity case nor a prelude."""
    return path.name != SANITY and path.parent.name != LOGIN


def find(folder: Path) -> list[Path]:
    """The dialogues under a folder that are cases."""
    return [path for path in sorted(folder.rglob("*.dlg")) if is_case(path)]


def files_of(names: Sequence[str]) -> list[Path]:
    """The dialogues that a person named, as files or folders. Raises UsageError."""
    files: list[Path] = []
    for name in names:
        path = Path(name)
        if not path.exists():
            raise UsageError(f"{name}: there is no such file or folder")
        files.extend(find(path) if path.is_dir() else [path])
    return files


def for_servers(cases: Iterable[Case]) -> list[Case]:
    """Those in which we are the client."""
    return [case for case in cases if case.kind in ("case", "crash") and "client" in case.roles]


def check(cases: Iterable[Case], catalogue: Catalogue) -> None:
    """Raises SuiteError for a requirement that the catalogue does not have."""
    for case in cases:
        for name in case.reqs:
            if name not in catalogue:
                raise SuiteError(f"{case.file}: {name} is not in the catalogue of requirements")


def all_for_servers(catalogue: Catalogue) -> list[Case]:
    """The cases of this suite that a server can be asked, checked against the catalogue."""
    loaded = for_servers(load(find(paths.cases())))
    check(loaded, catalogue)
    return loaded
