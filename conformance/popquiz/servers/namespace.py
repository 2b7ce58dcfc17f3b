# SPDX-License-Identifier: Apache-2.0
"""Lets a process be root over a private view of the system, and over nothing else.

Servers that change their user and read fixed paths get what they want: user 0 in a user namespace
whose ids are powerless ids of the machine, a mount namespace in which /etc/passwd is ours, and a
PID namespace, whose processes the kernel ends together with the first. It works for root, and for
ordinary users who have a range of ids in /etc/subuid and /etc/subgid.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from popquiz.errors import TargetError
from popquiz.servers import linux

IDS = 2048  # inside they are 0 to 2047
ID_END = 1 << 31  # root takes the ids below: some programs have signed ids
MAPPER_S = 10.0
_ALL = linux.CLONE_NEWUSER | linux.CLONE_NEWNS | linux.CLONE_NEWPID


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids outside that 0 and the others inside stand for: of users, or of groups."""

    zero: int
    others: int

    def text(self) -> str:
        """As /proc/PID/uid_map and newuidmap have it."""
        return f"0 {self.zero} 1 1 {self.others} {IDS - 1}"


def root_ids(mapping: str) -> Ids:
    """The last ids that this machine, or the container around it, has. `mapping` is uid_map."""
    spans = [[int(word) for word in line.split()] for line in mapping.splitlines()]
    ends = [min(first + count, ID_END) for first, _, count in spans if count >= IDS]
    if not ends:
        raise TargetError("this container has too few user ids for a namespace within it")
    return Ids(max(ends) - IDS, max(ends) - IDS + 1)


def own_ids(own: int, path: Path) -> Ids:
    """An ordinary user's id, and the range that the administrator gave them."""
    name = pwd.getpwuid(os.getuid()).pw_name
    lines = path.read_text().splitlines() if path.exists() else []
    for owner, first, count in (line.split(":") for line in lines if line.count(":") == 2):
        if owner in (name, str(os.getuid())) and int(count) >= IDS - 1:
            return Ids(own, int(first))
    kind = path.name[3:]
    raise TargetError(
        f"{path} gives {name} no ids for user namespaces: as root, "
        f"usermod --add-sub{kind}s 100000-165535 {name}"
    )


def ids(kind: str) -> Ids:
    """What `kind` ("uid" or "gid") will be mapped to. Raises TargetError."""
    if os.getuid() == 0:
        return root_ids(Path(f"/proc/self/{kind}_map").read_text())
    own = os.getuid() if kind == "uid" else os.getgid()
    return own_ids(own, Path(f"/etc/sub{kind}"))


def _write_map(pid: int, kind: str, wanted: Ids) -> None:
    if os.getuid() == 0:
        words = wanted.text().split()
        lines = (" ".join(words[at : at + 3]) for at in range(0, len(words), 3))
        Path(f"/proc/{pid}/{kind}_map").write_text("\n".join(lines))
        return
    command = [f"new{kind}map", str(pid), *wanted.text().split()]
    subprocess.run(command, check=True, timeout=MAPPER_S, capture_output=True)


def _map_when_told(pid: int, told: int, why: int, maps: dict[str, Ids]) -> NoReturn:
    """What the mapper does: only a process outside of a user namespace may map its ids. It ends
    with 0, or says on the descriptor `why` not."""
    status = 1
    try:
        if os.read(told, 1):
            for kind, wanted in maps.items():
                _write_map(pid, kind, wanted)
            status = 0
    except FileNotFoundError:
        os.write(why, b"install uidmap")
    except (OSError, subprocess.SubprocessError) as error:
        os.write(why, getattr(error, "stderr", b"").strip() or str(error).encode())
    finally:
        os._exit(status)


def _unshare(maps: dict[str, Ids]) -> None:
    """New namespaces, with the ids mapped."""
    told, tell = os.pipe()
    heard, why = os.pipe()
    own = os.getpid()
    mapper = os.fork()
    if mapper == 0:
        os.close(tell)
        _map_when_told(own, told, why, maps)
    os.close(why)
    try:
        linux.unshare(_ALL)
        os.write(tell, b"x")
    finally:
        os.close(tell)
        os.close(told)
        _, status = os.waitpid(mapper, 0)
        with open(heard, "rb") as pipe:
            said = " ".join(pipe.read().decode("utf-8", "replace").split())
    if status != 0:
        raise TargetError(f"the ids of a user namespace cannot be mapped: {said}")


def _follow(child: int) -> NoReturn:
    """What stays outside: it ends as the child does, and the child ends with it."""
    for descriptor in (0, 1):
        os.close(descriptor)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def enter() -> None:
    """Returns in a child of this process that is root and PID 1 of its own namespaces; this process
    waits for it. Raises TargetError when the machine does not allow that.

    All modules that are needed must be loaded before: the files may not be readable after."""
    maps = {kind: ids(kind) for kind in ("uid", "gid")}
    try:
        _unshare(maps)
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        child = os.fork()
        if child != 0:
            _follow(child)
        linux.die_with_parent()
        linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
        linux.mount("proc", "/proc", "proc")
    except OSError as error:
        raise TargetError(
            f"a user namespace is not permitted here ({error}): allow unprivileged user "
            "namespaces, or run this outside of the container"
        ) from error


def hand_over(folder: Path, inside: bool) -> None:
    """Gives a folder of root's, with all that is in it, to whom root will become by enter()
    (`inside`) or drop_root()."""
    if os.getuid() == 0:
        uid, gid = (ids("uid").zero, ids("gid").zero) if inside else _nobody()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, gid, follow_symlinks=False)


def _nobody() -> tuple[int, int]:
    found = pwd.getpwnam("nobody")
    return found.pw_uid, found.pw_gid


def drop_root() -> None:
    """Makes root a user without power. Others have none, and stay who they are."""
    if os.getuid() == 0:
        uid, gid = _nobody()
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


def show_empty(path: str) -> None:
    """Hides what lies in a folder, for this namespace."""
    linux.mount("none", path, "tmpfs")


def show(source: Path, path: str) -> None:
    """Puts a file or folder in the place of another one, for this namespace. A place that does not
    exist is made, which works in a folder that is shown empty."""
    place = Path(path)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir() if source.is_dir() else place.touch()
    linux.mount(str(source), path, flags=linux.MS_BIND)
