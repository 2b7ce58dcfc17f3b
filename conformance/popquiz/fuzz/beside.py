# SPDX-License-Identifier: Apache-2.0
"""What runs beside the server that is fuzzed: the other processes of its profile, and the server
that is behind a proxy. The bridge starts them and watches when they are idle; it learns nothing of
their edges."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from popquiz.errors import TargetError
from popquiz.servers import template
from popquiz.servers.children import Launch
from popquiz.servers.installation import Installation
from popquiz.servers.profile import Process, Profile

FOLDER = "beside"
LISTENS = "port"


def _is_instrumented(process: Process, build: Mapping[str, Any]) -> bool:
    return process.words[0] in {f"{{unpacked}}/{name}" for name in build.get("executables", ())}


def main_of(profile: Profile, build: Mapping[str, Any]) -> Process:
    """The process that the bridge starts: the instrumented one, which listens on {port}; or the
    only one, which starts what is instrumented. Raises TargetError."""
    found = [each for each in profile.processes if _is_instrumented(each, build)]
    found = found or list(profile.processes)
    if len(found) > 1:
        found = [each for each in found if LISTENS in template.names(" ".join(each.words))]
    if len(found) != 1:
        raise TargetError(
            f"{profile.name} is started by {len(profile.processes)} commands, and none of them is "
            "the one that is instrumented and listens: it can only be fuzzed with --target"
        )
    return found[0]


def others_of(profile: Profile, build: Mapping[str, Any]) -> list[Process]:
    """Without the twin of the main one that has another port."""
    if profile.inetd:
        return []
    main = main_of(profile, build)
    return [p for p in profile.processes if p is not main and not _is_instrumented(p, build)]


def check_backend(backend: Profile) -> None:
    """Raises TargetError for a server that the bridge cannot start beside another one."""
    if backend.inetd or backend.namespace or backend.backend:
        raise TargetError(
            f"{backend.name} cannot be behind a proxy that is fuzzed: it must listen by itself, "
            "without a namespace of its own"
        )


def program(launch: Launch, path: Path) -> Path:
    """A program without arguments, as the bridge wants it."""
    given = [f"export {name}={shlex.quote(text)}" for name, text in launch.environment.items()]
    folder = shlex.quote(str(launch.folder))
    lines = ["#!/bin/sh", *given, f"cd {folder} || exit", f"exec {shlex.join(launch.words)}", ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o700)
    return path


def programs(
    place: Installation, build: Mapping[str, Any], backend: Installation | None
) -> list[Path]:
    """Writes one for each process that runs beside the server, in the order of their start."""
    launches: list[Launch] = []
    if backend:
        launches += map(backend.launch, backend.profile.processes)
    launches += map(place.launch, others_of(place.profile, build))
    folder = place.folder / FOLDER
    folder.mkdir()
    return [program(each, folder / str(number)) for number, each in enumerate(launches)]


def words(paths: Sequence[Path]) -> list[str]:
    """Options of the bridge."""
    return [word for path in paths for word in ("--beside", str(path))]
