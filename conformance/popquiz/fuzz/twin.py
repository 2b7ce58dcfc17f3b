# SPDX-License-Identifier: Apache-2.0
"""The CmpLog twin of a bridge (harness/bridge/README.md): a second one with a server of its own,
which AFL++ asks what is compared. The first is told which program begins it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from popquiz.fuzz import beside
from popquiz.servers.children import Launch
from popquiz.servers.installation import Installation

FOLDER = "twin"  # of its server, in that of the other
NUMBER = 2  # the instance that has one
# A bridge's own findings are those of the first; this one is only asked what was compared.
QUIET = ("--look", "0")
# Pairs of a source and its place up to "--", then the command.
SHOW = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit; shift 2; done; shift; exec "$@"'


def reason_against(executables: Sequence[str], backend: str) -> str:
    """Why a server cannot have one; "" when it can."""
    if len(executables) != 1:
        return f"{len(executables)} of its programs are instrumented"
    return f"{backend} is behind it" if backend else ""


def program(path: Path, bridge: Sequence[str]) -> Path:
    """Writes the program that becomes the bridge of these words, where the first one stands."""
    return beside.program(Launch(tuple(bridge), {}, Path()), path)


def program_of(place: Installation, bridge: Sequence[str], environment: Mapping[str, str]) -> Path:
    """The same for a server of the lab: where it reads fixed paths, it has a private view in which
    they are its own; folders that the namespace shows empty are those of the first."""
    spec, words = place.profile.namespace, list(bridge)
    if spec is not None:
        pairs = [(str(place.folder / source), path) for path, source in spec.bind.items()]
        shown = [word for pair in pairs for word in pair]
        words = ["unshare", "--mount", "sh", "-c", SHOW, "sh", *shown, "--", *words]
    return beside.program(Launch(tuple(words), environment, place.folder), place.folder / "bridge")


def words(path: Path) -> list[str]:
    """Options of the first bridge."""
    return ["--twin", str(path)]
