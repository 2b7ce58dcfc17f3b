# SPDX-License-Identifier: Apache-2.0
"""Recipes: how a server of others is built from its source, one TOML file for each
(profiles/builds/README.md). A recipe is only read here, and everything that can be wrong with it is
found then."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from popquiz import paths
from popquiz.errors import UsageError
from popquiz.servers import template, tomltable

KINDS = ("plain", "instrument", "sanitize", "cmplog", "coverage", "canaries", "crashes")
PLANTED = ("canaries", "crashes")  # kinds with a patch more, in a folder of that name

# What a step may name.
STEP_NAMES = frozenset(("cc", "cxx", "cflags", "ldflags", "source", "out", "jobs", "recipes"))
POOL = re.compile(r"[a-z-]+/[a-z0-9]+/[a-z0-9.+-]+/[A-Za-z0-9._+~-]+\.tar\.(gz|bz2|xz)")
SUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Step:
    """A command that runs in the folder of the source, and must succeed."""

    words: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Addition:
    """What a built server needs otherwise in a file that its profile writes."""

    path: str
    text: str  # goes behind the file
    instead_of: str  # or, when this is not empty, into the place of this part of it


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    path: Path
    version: str
    pool: str  # the path of the source below a Debian mirror's pool/
    sha256: str
    packages: tuple[str, ...]  # of Debian, without which it cannot be built
    keep: tuple[str, ...]  # unpacked packages of the profile that the build is laid over
    executables: tuple[str, ...]  # relative paths; what the profile starts directly
    steps: tuple[Step, ...]
    listen: tuple[str, ...]  # a command that listens on {port}, where the profile's does not
    values: Mapping[str, str]  # of the profile, that differ while it is fuzzed
    bridge: tuple[str, ...]  # more options of popquiz-bridge
    backend: str  # the profile behind a proxy that is fuzzed; "" is that of its own profile
    additions: tuple[Addition, ...]

    @property
    def archive(self) -> str:
        """The source's file name."""
        return self.pool.rpartition("/")[2]

    @property
    def kinds(self) -> tuple[str, ...]:
        """How it can be built; with bugs only where some were written for it."""
        return tuple(kind for kind in KINDS if kind not in PLANTED or self._planted(kind).exists())

    def _planted(self, kind: str) -> Path:
        return self.path.parent / kind / f"{self.name}.patch"

    def patches(self, kind: str) -> list[Path]:
        """In the order in which they are applied."""
        own = self.path.with_suffix(".patch")
        wanted = [own, *([self._planted(kind)] if kind in PLANTED else [])]
        return [path for path in wanted if path.exists()]


def _relative(table: tomltable.Table, key: str, path: str) -> str:
    if path.startswith("/") or not path or ".." in path.split("/"):
        raise table.error(key, f"{path!r} must lie in the build's folder")
    return path


def _step(table: tomltable.Table) -> Step:
    step = Step(table.words("command"), table.texts("environment"))
    if not step.words:
        raise table.error("command", "is empty")
    for text in (*step.words, *step.environment.values()):
        for name in sorted(template.names(text) - STEP_NAMES):
            raise table.error("command", f"{{{name}}} is unknown")
    table.end()
    return step


def _addition(table: tomltable.Table) -> Addition:
    path = _relative(table, "path", table.text("path"))
    addition = Addition(path, table.text("text"), table.text("instead_of", ""))
    table.end()
    return addition


def _matching(table: tomltable.Table, key: str, form: re.Pattern[str]) -> str:
    text = table.text(key)
    if not form.fullmatch(text):
        raise table.error(key, f"{text!r} is not of the form {form.pattern}")
    return text


def read(path: Path) -> Recipe:
    """Reads a recipe. Raises UsageError, whose text names file and line."""
    table = tomltable.read(path)
    executables = table.words("executables")
    recipe = Recipe(
        name=path.stem,
        path=path,
        version=table.text("version"),
        pool=_matching(table, "pool", POOL),
        sha256=_matching(table, "sha256", SUM),
        packages=table.words("packages", ()),
        keep=table.words("keep", ()),
        executables=tuple(_relative(table, "executables", each) for each in executables),
        steps=tuple(_step(each) for each in table.tables("step")),
        listen=table.words("listen", ()),
        values=table.texts("values"),
        bridge=table.words("bridge", ()),
        backend=table.text("backend", ""),
        additions=tuple(_addition(each) for each in table.tables("addition")),
    )
    if not recipe.executables:
        raise table.error("executables", "is empty")
    table.end()
    return recipe


def available() -> list[Path]:
    """The recipes that come with popquiz, by name."""
    return sorted((paths.data("profiles") / "builds").glob("*.toml"))


def find(name: str) -> Recipe:
    """The recipe of that name, or in that file when the name ends in .toml."""
    if name.endswith(".toml"):
        return read(Path(name))
    known = {path.stem: path for path in available()}
    if name not in known:
        raise UsageError(f"there is no recipe to build {name!r}; there are: {' '.join(known)}")
    return read(known[name])
