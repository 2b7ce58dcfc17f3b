# SPDX-License-Identifier: Apache-2.0
"""Builds: folders that `popquiz lab build` makes, and a server that is started from one instead of
from its package. A folder has the layout of the package, and build.json:

    {"name": "popa3d", "version": "1.0.3", "kind": "instrument", "compiler": "...",
     "source": {"url": "...", "sha256": "..."}, "inputs": "SHA-256 of all that it was made from",
     "executables": ["usr/sbin/popa3d"], "keep": [], "listen": ["{unpacked}/usr/sbin/popa3d", ...],
     "values": {"uses": "0"}, "bridge": ["--fix", "time"], "backend": "",
     "additions": [{"path": "dovecot.conf", "text": "...", "instead_of": ""}]}

`executables` are instrumented, and are what the profile starts, directly or through one another.
`listen` is a command that listens on {port}, of a server that its profile runs inetd style; empty
where the profile's own command listens. `values` are the profile's, other ones while it is fuzzed
without a variant, `bridge` are options of popquiz-bridge, and `backend` is the profile that is
behind a proxy while it is fuzzed, if not that of its own profile. A build with canaries counts them
in the file `canaries` of the server's folder (profiles/builds/canaries/canary.h).
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from popquiz.errors import UsageError
from popquiz.servers import recipe
from popquiz.servers.profile import Command, File, Profile

DESCRIPTION = "build.json"
COVERAGE = "coverage"  # a kind
SOURCE = "source"  # the folder of its source
MOVED = "/popquiz-source"  # where the compiler believes that to be
COUNTERS = "canaries"  # the file
COUNTERS_OCTETS = 64 * 16
CommandKind = TypeVar("CommandKind", bound=Command)


def describe(folder: Path) -> dict[str, Any]:
    """What its build.json says. Raises UsageError when the folder is no build."""
    path = folder / DESCRIPTION
    try:
        said = json.loads(path.read_bytes())
        kind, names = said["kind"], said["executables"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder} is no build of a server ({error}): make one with popquiz lab build"
        ) from None
    missing = [name for name in names if not (folder / name).is_file()]
    if kind not in recipe.KINDS or missing:
        raise UsageError(f"{folder} is no whole build: {' '.join(missing) or kind}")
    result: dict[str, Any] = said
    return result


class _Words:
    """Takes from the build what a profile names with the place that its package has."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    def __call__(self, word: str) -> str:
        has = word.startswith("/") and (self._folder / word[1:]).is_file()
        return f"{{unpacked}}{word}" if has else word

    def words(self, words: Sequence[str]) -> tuple[str, ...]:
        return tuple(map(self, words))

    def command(self, command: CommandKind) -> CommandKind:
        environment = {name: self(text) for name, text in command.environment.items()}
        environment = {**environment, **self._environment}
        return replace(command, words=self.words(command.words), environment=environment)


def _changed(file: File, changes: Sequence[Mapping[str, str]]) -> File:
    """A file of the profile as the build wants it. Raises UsageError."""
    text = file.text
    for each in changes:
        old, new = each["instead_of"], each["text"]
        if old and text.count(old) != 1:
            raise UsageError(
                f"{file.path} of the profile does not have once what the build changes"
            )
        text = text.replace(old, new) if old else text + new
    return replace(file, text=text)


def _with_additions(files: Sequence[File], said: Sequence[Mapping[str, str]]) -> tuple[File, ...]:
    if unknown := {each["path"] for each in said} - {file.path for file in files}:
        raise UsageError(f"the profile has no file {sorted(unknown)[0]!r} that the build changes")
    changes = [[each for each in said if each["path"] == file.path] for file in files]
    return tuple(map(_changed, files, changes))


def counts(octets: bytes) -> list[tuple[int, int]]:
    """How often each canary was reached and triggered, from the octets of the file `canaries`."""
    return list(struct.iter_unpack("=QQ", octets[:COUNTERS_OCTETS]))


def use(wanted: Profile, folder: Path) -> Profile:
    """The profile, with a build in the place of its packages. Raises UsageError when the folder is
    no build of that server."""
    said = describe(folder)
    counting = said["kind"] == "canaries"
    taken = _Words(folder, {"POPQUIZ_CANARIES": f"{{dir}}/{COUNTERS}"} if counting else {})
    counters = File(COUNTERS, "\0" * COUNTERS_OCTETS, "", 0o666)
    if said["name"] != wanted.name:
        raise UsageError(f"{folder} is a build of {said['name']}, not of {wanted.name}")
    return replace(
        wanted,
        build=folder.resolve(),
        unpacked=tuple(said["keep"]),
        install=f"popquiz lab build {wanted.name} --kind {said['kind']}",
        requires=taken.words(wanted.requires),
        version=taken.words(wanted.version),
        files=(
            *_with_additions(wanted.files, said["additions"]),
            *([counters] if counting else []),
        ),
        prepare=tuple(map(taken.command, wanted.prepare)),
        processes=tuple(map(taken.command, wanted.processes)),
        inetd=taken.command(wanted.inetd) if wanted.inetd else None,
    )
