# SPDX-License-Identifier: Apache-2.0
"""Looks at the processes below this one, in /proc."""

import contextlib
import math
import os
import time
from pathlib import Path

PROC = Path("/proc")
TCP_LISTEN = "0A"


def _status(pid: int) -> list[bytes]:
    """The words of /proc/PID/stat behind the name, which may hold anything; none: it is gone."""
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    return []


def _parent(pid: int) -> int:
    """0 when there is no such process any more."""
    words = _status(pid)
    return int(words[1]) if words else 0


def age(pid: int) -> float:
    """How many seconds it has lived; infinite when it is gone."""
    words = _status(pid)
    begun = int(words[19]) / os.sysconf("SC_CLK_TCK") if words else -math.inf
    return time.clock_gettime(time.CLOCK_BOOTTIME) - begun


def descendants(root: int | None = None) -> list[int]:
    """Every process that this one (or `root`) or one of them has begun, and that was not reaped."""
    parents = {int(name): _parent(int(name)) for name in os.listdir(PROC) if name.isdecimal()}
    below = [os.getpid() if root is None else root]
    for above in below:
        below += [pid for pid, parent in parents.items() if parent == above]
    return below[1:]


def listen(port: int) -> bool:
    """Whether it is one of the descendants that listens on the TCP port."""
    sockets = {f"socket:[{inode}]" for inode in _listeners(port)}
    return bool(sockets) and any(sockets & _descriptors(pid) for pid in descendants())


def _descriptors(pid: int) -> set[str]:
    """What its open descriptors are, as links of /proc; those before it was gone."""
    found: set[str] = set()
    with contextlib.suppress(OSError):
        for descriptor in (PROC / str(pid) / "fd").iterdir():
            found.add(os.readlink(descriptor))
    return found


def _listeners(port: int) -> list[str]:
    """The inodes of the sockets that listen on the port."""
    found = []
    for line in (PROC / "net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].rpartition(":")[2], 16) == port and words[3] == TCP_LISTEN:
            found.append(words[9])
    return found


def title(pid: int) -> str:
    """Its arguments, which many servers change to tell what they do; "" when it is gone."""
    with contextlib.suppress(OSError):
        octets = (PROC / str(pid) / "cmdline").read_bytes()
        return octets.rstrip(b"\0").replace(b"\0", b" ").decode("latin-1")
    return ""


def user(pid: int) -> int | None:
    """The user whom it runs as; None when it is gone."""
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "status").read_bytes().splitlines():
            if line.startswith(b"Uid:"):
                return int(line.split()[1])
    return None
