# SPDX-License-Identifier: Apache-2.0
"""The folders that servers live in: made in the system's place for temporary files, removed by
their keepers, and swept away later when a keeper could not."""

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PREFIX = "popquiz-lab-"
LOCK = "alive"  # is locked as long as the keeper lives
UNLOCKED_S = 60.0  # a folder whose keeper has not locked it after this time has none


def make() -> Path:
    return Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()


def lock(folder: Path) -> None:
    """Holds until this process, and those that it forks, have ended."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    fcntl.flock(os.open(folder / LOCK, flags, 0o600), fcntl.LOCK_EX)


def _is_abandoned(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / LOCK, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > UNLOCKED_S
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def sweep() -> None:
    """Removes what keepers left behind that were killed together with their parents."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if _is_abandoned(folder):
                remove(folder)


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
