# SPDX-License-Identifier: Apache-2.0
"""Profiles: what is known about a server of others, one TOML file for each (profiles/README.md).

A profile is only read here: nothing is written or started. Everything that can be wrong with it is
found when it is read, so that a server is never started from half a description.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from popquiz import paths
from popquiz.errors import UsageError
from popquiz.servers import template, tomltable

TLS_MODES = ("none", "stls", "implicit")
DROP_KINDS = ("maildir", "mbox", "spool")

# What a template may name without saying so in [values] or `ports`.
SERVER_NAMES = frozenset(
    ("dir", "port", "tls_port", "user", "group", "cert", "key", "both", "unpacked", "backend_port")
)
ACCOUNT_NAMES = frozenset(("account", "password", "crypt", "uid", "gid"))


@dataclass(frozen=True, slots=True)
class File:
    """A file in the server's folder: `text`, then `account` once for every account."""

    path: str
    text: str
    account: str
    mode: int


@dataclass(frozen=True, slots=True)
class Command:
    words: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preparation(Command):
    """A command that must succeed before the server is started."""

    input: str
    each_account: bool


@dataclass(frozen=True, slots=True)
class Process(Command):
    """A command that stays in the foreground."""

    ready: str  # what it makes in the server's folder when others may use it; "" is nothing


@dataclass(frozen=True, slots=True)
class Namespace:
    """The server believes to be root, and sees these paths of the system otherwise."""

    empty: tuple[str, ...]  # as empty folders
    bind: Mapping[str, str]  # as files or folders of its own folder


@dataclass(frozen=True, slots=True)
class Drop:
    """Where the server keeps the mail of an account."""

    kind: str
    path: str
    files: Mapping[str, str]  # what lies in a pristine Maildir besides mail
    index: Command  # makes the server's own files in a spool; without words: nothing does


@dataclass(frozen=True, slots=True)
class Session:
    """How to tell a process that has an account's maildrop open; empty texts tell nothing."""

    title: str  # a regular expression for its arguments
    starting: str  # the same for a process that begins, and has not told whose it is
    uid: str  # whom it runs as
    files: str  # a folder in which each process has a file, named by its number
    says: str  # a regular expression for that file


@dataclass(frozen=True, slots=True)
class Log:
    path: str
    alarm: tuple[re.Pattern[str], ...]  # what a line says when a part of the server broke down


@dataclass(frozen=True, slots=True)
class Variant:
    """The same server, set otherwise."""

    about: str
    values: Mapping[str, str]
    settings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    title: str
    path: Path
    requires: tuple[str, ...]
    install: str
    unpacked: tuple[str, ...]  # packages
    version: tuple[str, ...]
    tls: tuple[str, ...]
    start_s: float
    patience_s: float
    seats: int  # that are worth having at once; 0: no more than usual
    backend: str
    ports: tuple[str, ...]
    folders: tuple[str, ...]
    values: Mapping[str, str]
    settings: frozenset[str]
    files: tuple[File, ...]
    prepare: tuple[Preparation, ...]
    processes: tuple[Process, ...]
    inetd: Command | None
    namespace: Namespace | None
    drop: Drop | None
    session: Session
    log: Log | None
    variants: Mapping[str, Variant]
    build: Path | None = None  # a folder that is laid over the unpacked packages (builds.py)

    def variant(self, name: str | None) -> "Profile":
        """The profile with the variant's values and settings; itself without a name."""
        if name is None:
            return self
        if name not in self.variants:
            known = " ".join(sorted(self.variants)) or "none"
            raise UsageError(f"{self.name} has no variant {name!r}; it has: {known}")
        chosen = self.variants[name]
        values = {**self.values, **chosen.values}
        return replace(self, values=values, settings=self.settings | chosen.settings)

    def texts(self) -> Iterator[tuple[str, str, bool]]:
        """Every template with where it stands, and whether it is filled for each account."""
        for file in self.files:
            yield f"[[file]] {file.path}", file.path + file.text, False
            yield f"[[file]] {file.path}", file.account, True
        for step in self.prepare:
            yield "[[prepare]]", " ".join((*step.words, step.input)), step.each_account
        for command in (*self.processes, *([self.inetd] if self.inetd else [])):
            words = (*command.words, *command.environment.values())
            yield "[[process]] or [inetd]", " ".join(words), False
        if self.drop:
            index = (*self.drop.index.words, *self.drop.index.environment.values())
            yield "[maildrop]", " ".join((self.drop.path, *self.drop.files, *index)), True
        session = self.session
        told = (session.title, session.starting, session.uid, session.says)
        yield "[session]", " ".join(told), True
        yield "top level", " ".join((*self.version, *self.requires, *self.folders)), False

    def names(self) -> frozenset[str]:
        """The names that its templates want values for."""
        return frozenset().union(*(template.names(text) for _, text, _ in self.texts()))

    def layers(self) -> list[Path]:
        """What {unpacked} is made of; each is laid over those before it."""
        return [*map(paths.lab, self.unpacked), *([self.build] if self.build else [])]

    def outside(self, text: str) -> str:
        """A template filled without a server: {unpacked} is the layer that has such a file."""
        layers = self.layers()
        top = layers[-1:] if self.build else []
        folders = list(map(str, dict.fromkeys((*top, *layers)))) or [""]
        found = [template.fill(text, {"unpacked": folder}) for folder in folders]
        return next((each for each in found if Path(each).exists()), found[0])

    def missing(self) -> list[str]:
        """What is not installed on this machine; empty: it can be started."""
        if packages := [name for name in self.unpacked if not _is_unpacked(name)]:
            return [f"the unpacked package {name}" for name in packages]
        missing = [path for path in map(self.outside, self.requires) if not Path(path).exists()]
        if self.namespace and os.getuid() != 0 and not shutil.which("newuidmap"):
            missing.append("newuidmap")
        return missing


def _is_unpacked(package: str) -> bool:
    try:
        return paths.lab(package).is_dir()
    except paths.MissingError:
        return False


# ---- reading -------------------------------------------------------------------------------------


def _relative(table: tomltable.Table, key: str, path: str) -> str:
    """A path that stays in the server's folder."""
    if path.startswith("/") or ".." in path.split("/"):
        raise table.error(key, f"{path!r} must lie in the server's own folder")
    return path


def _absolute(table: tomltable.Table, key: str, path: str) -> str:
    if not path.startswith("/"):
        raise table.error(key, f"{path!r} must be an absolute path")
    return path


def _regular(table: tomltable.Table, key: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise table.error(key, f"is no regular expression: {error}") from error


def _file(table: tomltable.Table) -> File:
    mode = table.text("mode", "0644")
    if not re.fullmatch("0[0-7]{3}", mode):
        raise table.error("mode", f"{mode!r} is no mode such as 0600")
    path = _relative(table, "path", table.text("path"))
    file = File(path, table.text("text", ""), table.text("account", ""), int(mode, 8))
    table.end()
    return file


def _words(table: tomltable.Table) -> tuple[str, ...]:
    words = table.words("command")
    if not words:
        raise table.error("command", "is empty")
    return words


def _preparation(table: tomltable.Table) -> Preparation:
    words, environment = _words(table), table.texts("environment")
    step = Preparation(words, environment, table.text("input", ""), table.flag("each_account"))
    table.end()
    return step


def _process(table: tomltable.Table) -> Process:
    words, environment = _words(table), table.texts("environment")
    process = Process(words, environment, _relative(table, "ready", table.text("ready", "")))
    table.end()
    return process


def _command(table: tomltable.Table) -> Command:
    command = Command(_words(table), table.texts("environment"))
    table.end()
    return command


def _namespace(table: tomltable.Table | None) -> Namespace | None:
    if table is None:
        return None
    empty = tuple(_absolute(table, "empty", path) for path in table.words("empty", ()))
    bind = {
        _absolute(table, "bind", target): _relative(table, "bind", source)
        for target, source in table.texts("bind").items()
    }
    table.end()
    return Namespace(empty, bind)


def _drop(table: tomltable.Table | None) -> Drop | None:
    if table is None:
        return None
    kind = table.text("kind")
    if kind not in DROP_KINDS:
        raise table.error("kind", f"{kind!r} is none of: {' '.join(DROP_KINDS)}")
    path = _relative(table, "path", table.text("path"))
    if "account" not in template.names(path):
        raise table.error("path", "needs {account}, or all accounts share one maildrop")
    files = {_relative(table, "files", name): text for name, text in table.texts("files").items()}
    if files and kind != "maildir":
        raise table.error("files", "only a Maildir has files besides mail")
    index = Command(table.words("index", ()), table.texts("environment"))
    if bool(index.words) != (kind == "spool"):
        raise table.error("index", "a spool needs it, and nothing else has it")
    table.end()
    return Drop(kind, path, files, index)


def _session(table: tomltable.Table | None) -> Session:
    if table is None:
        return Session("", "", "", "", "")
    words = (table.text(key, "") for key in ("title", "starting", "uid", "files", "says"))
    session = Session(*words)
    _relative(table, "files", session.files)
    for key in ("title", "starting", "says"):
        _regular(table, key, getattr(session, key))
    table.end()
    return session


def _log(table: tomltable.Table | None) -> Log | None:
    if table is None:
        return None
    path = _relative(table, "path", table.text("path"))
    alarm = tuple(_regular(table, "alarm", text) for text in table.words("alarm", ()))
    table.end()
    return Log(path, alarm)


def _variant(table: tomltable.Table, values: Mapping[str, str]) -> Variant:
    about, changed = table.text("about"), table.texts("values")
    for name in changed:
        if name not in values:
            raise table.error(name, "changes a value that [values] does not have")
    variant = Variant(about, changed, frozenset(table.words("settings", ())))
    table.end()
    return variant


def _variants(table: tomltable.Table | None, values: Mapping[str, str]) -> dict[str, Variant]:
    below = [(name, table.table(name)) for name in table.keys()] if table else []
    return {name: _variant(found, values) for name, found in below if found}


def _tls(table: tomltable.Table) -> tuple[str, ...]:
    modes = table.words("tls")
    if not modes or not set(modes) <= set(TLS_MODES):
        raise table.error("tls", f"must name some of: {' '.join(TLS_MODES)}")
    return modes


def _check_start(table: tomltable.Table, profile: Profile) -> None:
    if bool(profile.processes) == bool(profile.inetd):
        raise table.error("process", "there must be [[process]] or [inetd], and not both")
    wanted = {"tls_port" if mode == "implicit" else "port" for mode in profile.tls}
    for name in sorted(wanted - profile.names() if profile.processes else ()):
        raise table.error("tls", f"needs {{{name}}} in a file or a command")
    if bool(profile.drop) == bool(profile.backend):
        raise table.error("maildrop", "there must be [maildrop] or `backend`, and not both")


def _check_names(table: tomltable.Table, profile: Profile) -> None:
    known = SERVER_NAMES | set(profile.values) | set(profile.ports)
    for place, text, each_account in profile.texts():
        for name in sorted(template.names(text) - known):
            if not (each_account and name in ACCOUNT_NAMES):
                raise table.error(f"{{{name}}}", f"is unknown in {place}")


def read(path: Path) -> Profile:
    """Reads a profile. Raises UsageError, whose text names file and line."""
    table = tomltable.read(path)
    values = table.texts("values")
    inetd = table.table("inetd")
    profile = Profile(
        name=path.stem,
        title=table.text("title"),
        path=path,
        requires=table.words("requires"),
        install=table.text("install"),
        unpacked=tuple(table.text("unpacked", "").split()),
        version=table.words("version"),
        tls=_tls(table),
        start_s=table.number("start_s", 10.0),
        patience_s=table.number("patience_s"),
        seats=table.whole("seats", 0),
        backend=table.text("backend", ""),
        ports=table.words("ports", ()),
        folders=tuple(_relative(table, "folders", f) for f in table.words("folders", ())),
        values=values,
        settings=frozenset(table.words("settings", ())),
        files=tuple(_file(each) for each in table.tables("file")),
        prepare=tuple(_preparation(each) for each in table.tables("prepare")),
        processes=tuple(_process(each) for each in table.tables("process")),
        inetd=_command(inetd) if inetd else None,
        namespace=_namespace(table.table("namespace")),
        drop=_drop(table.table("maildrop")),
        session=_session(table.table("session")),
        log=_log(table.table("log")),
        variants=_variants(table.table("variant"), values),
    )
    table.end()
    _check_names(table, profile)
    _check_start(table, profile)
    return profile


def available() -> list[Path]:
    """The profiles that come with popquiz, by name."""
    return sorted(paths.data("profiles").glob("*.toml"))


def find(name: str) -> Profile:
    """The profile of that name, or in that file when the name ends in .toml."""
    if name.endswith(".toml"):
        return read(Path(name))
    known = {path.stem: path for path in available()}
    if name not in known:
        raise UsageError(f"there is no profile {name!r}; there are: {' '.join(known)}")
    return read(known[name])


def baseline(name: str) -> Path:
    """Where the known deviations of NAME or NAME:VARIANT stand: beside the profile."""
    plain, _, variant = name.partition(":")
    path = find(plain).path
    return path.with_name(".".join(filter(None, (path.stem, variant, "baseline"))))
