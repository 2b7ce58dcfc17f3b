# SPDX-License-Identifier: Apache-2.0
"""A module for AFL++ (AFL_PYTHON_MODULE): before each input it puts back what the session before
has changed below the folder RESET_LIVE, from the copy RESET_PRISTINE. Inputs stay as they are."""

import os
import shutil
from pathlib import Path

Shape = dict[str, tuple[int, int]]
live = Path(os.environ["RESET_LIVE"])
pristine = Path(os.environ["RESET_PRISTINE"])


def shape(top: Path) -> Shape:
    """Size and time of each file below."""
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            about = os.lstat(f"{folder}/{name}")
            found[f"{folder}/{name}"[len(str(top)) :]] = (about.st_size, about.st_mtime_ns)
    return found


wanted = shape(pristine)


def init(seed: int) -> None:
    """AFL++ calls it first."""


def deinit() -> None:
    """AFL++ calls it last."""


def post_process(octets: bytearray) -> bytearray:
    """AFL++ calls it before each execution."""
    found = shape(live)
    if found != wanted:
        for name in found.keys() - wanted.keys():
            os.unlink(f"{live}{name}")
        for name, about in wanted.items():
            if found.get(name) != about:
                put(name)
    return octets


def put(name: str) -> None:
    """In place, since processes may have the file open."""
    source, target = f"{pristine}{name}", f"{live}{name}"
    shutil.copyfile(source, target)
    about = os.lstat(source)
    os.chown(target, about.st_uid, about.st_gid)
    os.chmod(target, about.st_mode & 0o7777)
    os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))
