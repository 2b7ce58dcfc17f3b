# SPDX-License-Identifier: Apache-2.0
"""The sources of servers: taken from a Debian mirror by apt's own means (so its proxies hold), kept
in the user's cache, and never used unless their SHA-256 is the one that the recipe pins."""

import hashlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from popquiz import paths
from popquiz.errors import TargetError
from popquiz.servers.recipe import Recipe

FETCHER = "/usr/lib/apt/apt-helper"
FETCH_S = 300.0
WAIT_S = 20  # for each answer of a mirror
OCTETS_MAX = 1 << 28
# Where a source is when the configured mirror has dropped it.
OTHERS = (
    "http://deb.debian.org/debian",
    "http://archive.debian.org/debian",
    "https://snapshot.debian.org/archive/debian/20250520T000000Z",
)


def _mirrors() -> Iterator[str]:
    """The mirrors that this machine gets its Debian packages from, then the usual ones."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    try:
        ran = subprocess.run(
            command, capture_output=True, timeout=FETCH_S, check=False, stdin=subprocess.DEVNULL
        )
        said = ran.stdout.decode("utf-8", "replace").split()
    except (OSError, subprocess.TimeoutExpired):
        said = []
    own = (site.rstrip("/") for site in said if "security" not in site)
    yield from dict.fromkeys((*(site for site in own if site.endswith("/debian")), *OTHERS))


def _fetch(url: str, path: Path) -> str:
    """Downloads; returns why not, or "" when it is there."""
    quiet = ["-qq", "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=1"]
    times = [f"Acquire::{scheme}::Timeout={WAIT_S}" for scheme in ("http", "https")]
    command = [FETCHER, *quiet, *(word for each in times for word in ("-o", each))]
    try:
        ran = subprocess.run(
            [*command, "download-file", url, str(path)],
            capture_output=True,
            timeout=FETCH_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if ran.returncode == 0 and path.is_file():
        return ""
    said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
    return next((line.removeprefix("E: ") for line in said if line.startswith("E: ")), "no answer")


def sum_of(path: Path) -> str:
    """Its SHA-256; "" when there is no such file, or a monstrous one."""
    if not path.is_file() or path.stat().st_size > OCTETS_MAX:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def url(wanted: Recipe, mirror: str = OTHERS[0]) -> str:
    """Where a mirror has the source."""
    return f"{mirror}/pool/{wanted.pool}"


def get(wanted: Recipe) -> Path:
    """The source's archive. Raises TargetError when it cannot be had, or is another one than the
    recipe pins."""
    path = paths.cache("sources") / wanted.archive
    if sum_of(path) == wanted.sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    tried = []
    for mirror in _mirrors():
        place = url(wanted, mirror)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as folder:
            new = Path(folder) / wanted.archive
            why = _fetch(place, new)
            found = sum_of(new)
            if found == wanted.sha256:
                new.replace(path)
                return path
        tried.append(f"{place}: {why or f'its SHA-256 is {found}, not {wanted.sha256}'}")
    raise TargetError(
        f"{wanted.name}: its source cannot be had; put {wanted.archive} into {path.parent} "
        f"yourself, or let the machine reach a Debian mirror; tried {'; '.join(tried)}"
    )
