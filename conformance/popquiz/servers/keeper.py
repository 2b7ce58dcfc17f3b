# SPDX-License-Identifier: Apache-2.0
"""Keeps one server: a process that has no other life than its server's.

It reads an order (order.py), makes the server's folder, starts the server, and obeys lines of JSON
on stdin, each answered by a line on stdout with the same id:

    (the order)                                               {"id": 0, "port": 4711 or null}
    {"id": 1, "do": "reset", "account": "a", "force": false}  {"id": 1} or {"id": 1, "busy": why}
    {"id": 2, "do": "deliver", "account": "a", "octets": ..}  {"id": 2} or {"id": 2, "busy": why}
    {"id": 3, "do": "peek", "account": "a"}                   {"id": 3, "messages": [...]}
    {"id": 4, "do": "restart"}, {"id": 5, "do": "status"}     see there

or by {"id": 1, "error": why}. Octets are in base64. A line {"incident": {"kind": .., "text": ..}}
tells what happened to the server meanwhile. When stdin ends, because it was closed or because its
parent is gone, however that came about, it ends the server and removes the folder. It never has
more power than the server: root turns into a user without power, or into root of a namespace.
"""

import base64
import contextlib
import json
import os
import re
import selectors
import shutil
import signal
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from popquiz import sanitizer
from popquiz.errors import PopquizError, TargetError
from popquiz.servers import folders, namespace, order, processes, profile
from popquiz.servers.children import Child, Children, Launch
from popquiz.servers.inetd import Inetd
from popquiz.servers.installation import UNPACKED, Installation
from popquiz.servers.log import LogFile
from popquiz.servers.maildrops import BusyError

LINE_MAX = 1 << 28  # octets of a line: the order holds the mail of all accounts
READ_OCTETS = 1 << 16
END_S = 5.0  # what a server gets to end by itself
LOG_PERIOD_S = 0.05
STARTING_S = 1.0  # what a process gets to tell whose it is
TOLD_MAX = 1000  # octets read of the server's file about a process
LAST_LINES = 20  # of what a process said before it ended
Answer = dict[str, Any]


class Keeper:
    """The server, its maildrops, and what happens to it."""

    def __init__(self, ordered: order.Order) -> None:
        self._profile = ordered.profile
        self._selector = selectors.DefaultSelector()
        guarded = ordered.profile.namespace is not None
        self._children = Children(self._selector, guarded, self._on_end)
        self._place = Installation(ordered)
        self._log = LogFile(ordered.folder, ordered.profile.log)
        self._servers: list[Child] = []
        self._inetd: Inetd | None = None
        self._ended = Counter[str]()  # processes, by their status
        self._obey: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "reset": self._reset,
            "deliver": self._deliver,
            "peek": self._peek,
            "restart": self._restart,
            "status": self._status,
        }

    # ---- the server ------------------------------------------------------------------------------

    def install(self) -> None:
        self._place.write()
        self._place.show()
        self._place.prepare()

    def start(self) -> Answer:
        """Starts the server; it need not greet yet."""
        if self._profile.inetd and not self._inetd:
            command = self._place.launch(self._profile.inetd)
            self._inetd = Inetd(self._selector, lambda wire: self._begin_session(command, wire))
        for process in self._profile.processes:
            self._start_process(process)
        return {"port": self._inetd.port if self._inetd else None}

    def _start_process(self, process: profile.Process) -> None:
        """Returns when others may use it; what it was ready with before does not count."""
        command = self._place.launch(process)
        ready = self._place.folder / process.ready
        if process.ready:
            ready.unlink(missing_ok=True)
        child = self._children.start(Path(command.words[0]).name, command)
        self._servers.append(child)
        self._children.wait(
            lambda: ready.exists() or child.status is not None, self._profile.start_s
        )

    def _begin_session(self, command: Launch, wire: socket.socket) -> bool:
        try:
            self._children.reap()  # what ended before this connection came
            self._children.start("session", command, wire)
        except TargetError as error:
            self._tell("exit", str(error))
            return False
        return True

    def close(self) -> None:
        """Leaves no process. Nothing of the server's is needed any more, so it is just killed."""
        self._children.kill_all(END_S)

    def _on_end(self, child: Child) -> None:
        self._ended[str(child.status)] += 1
        is_server = child in self._servers
        if not is_server and self._inetd:
            self._inetd.ended()
            for store in self._place.stores.values():
                store.age()
        if not child.unwanted and (is_server or self._crashed(child)):
            self._tell("exit" if is_server else "signal", f"{child.ended()}\n{self._said(child)}")
        if report := sanitizer.find(child.said().splitlines()):
            self._tell(report.kind, report.text)

    @staticmethod
    def _crashed(session: Child) -> bool:
        """What a program ends with that serves one session says little, and SIGPIPE only that the
        client went away before the answer."""
        return (session.status or 0) < 0 and session.status != -signal.SIGPIPE

    def _said(self, child: Child) -> str:
        lines = (child.said() or self._log.tail()).splitlines()
        return "\n".join(lines[-LAST_LINES:])

    @staticmethod
    def _tell(kind: str, text: str) -> None:
        say({"incident": {"kind": kind, "text": text.strip()}})

    # ---- requests --------------------------------------------------------------------------------

    def obey(self, request: Mapping[str, Any]) -> Answer:
        """Does what one line asks for."""
        number = {"id": request["id"]}
        try:
            return number | self._obey[request["do"]](request)
        except BusyError as busy:
            return number | {"busy": str(busy)}
        except (OSError, PopquizError) as error:
            return number | {"error": f"{self._profile.name}: {error}"}

    def _sessions(self, account: str) -> Iterator[int]:
        """The processes that have the maildrop of an account open."""
        said = self._profile.session
        wanted, starting, uid, says = (
            self._place.fill(text, account)
            for text in (said.title, said.starting, said.uid, said.says)
        )
        for pid in processes.descendants():
            title = processes.title(pid)
            begins = bool(starting and re.fullmatch(starting, title))
            if (
                (uid and str(processes.user(pid)) == uid)
                or (wanted and re.fullmatch(wanted, title))
                or (begins and processes.age(pid) < STARTING_S)
                or (says and re.fullmatch(says, self._told_by(pid)))
            ):
                yield pid

    def _told_by(self, pid: int) -> str:
        """What the file says that the server keeps about a process; "" when there is none."""
        with contextlib.suppress(OSError):
            path = self._place.folder / self._profile.session.files / str(pid)
            return path.read_bytes()[:TOLD_MAX].decode("latin-1")
        return ""

    def _reset(self, request: Mapping[str, Any]) -> Answer:
        """A maildrop that is in use is busy, or taken away from its sessions by force."""
        account = request["account"]
        sessions = list(self._sessions(account))
        if sessions and not request["force"]:
            raise BusyError(f"a session of {account} lives")
        if sessions:
            self._children.end(sessions, END_S)
        self._place.stores[account].reset()
        return {}

    def _deliver(self, request: Mapping[str, Any]) -> Answer:
        octets = base64.b64decode(request["octets"])
        self._place.stores[request["account"]].deliver(octets)
        return {}

    def _peek(self, request: Mapping[str, Any]) -> Answer:
        messages = self._place.stores[request["account"]].peek()
        return {"messages": [base64.b64encode(octets).decode() for octets in messages]}

    def _restart(self, request: Mapping[str, Any]) -> Answer:
        """Politely: the maildrops stay."""
        self._children.end([child.pid for child in self._servers], END_S)
        self._servers.clear()
        self._children.kill_all(END_S)
        return self.start()

    def _status(self, request: Mapping[str, Any]) -> Answer:
        """How many sessions live (inetd), how many processes ended with which status, the end of
        the log, and whether the server has its ports."""
        self._children.reap()
        sessions = self._inetd.sessions if self._inetd else None
        answer = {"sessions": sessions, "ended": self._ended, "log": self._log.tail()}
        return answer | {"listens": self._listens()}

    def _listens(self) -> bool:
        """Whether it is our server that has the ports, and not one that was there before."""
        names = {"tls_port" if mode == "implicit" else "port" for mode in self._profile.tls}
        wanted = {*self._profile.ports, *(names if not self._inetd else ())}
        return all(processes.listen(int(self._place.names[name])) for name in wanted)

    # ---- the loop --------------------------------------------------------------------------------

    def serve(self, lines: "Lines") -> None:
        """Obeys until the input ends."""
        self._selector.register(lines, selectors.EVENT_READ, lambda: self._hear(lines))
        while not lines.ended:
            for key, _ in self._selector.select(LOG_PERIOD_S if self._log.is_watched else None):
                key.data()
            for alarm in self._log.alarms():
                self._tell("signal", alarm)

    def _hear(self, lines: "Lines") -> None:
        for line in lines.read():
            say(self.obey(json.loads(line)))


class Lines:
    """Takes an input apart without waiting for more than there is."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._held: list[bytes] = []  # the parts of a line whose end is not there yet
        self.ended = False

    def fileno(self) -> int:
        return self._source

    def read(self) -> list[bytes]:
        octets = os.read(self._source, READ_OCTETS)
        self.ended = not octets or sum(map(len, self._held)) > LINE_MAX
        first, *others = octets.split(b"\n")
        self._held.append(first)
        if not others:
            return []
        lines = [b"".join(self._held), *others[:-1]]
        self._held = [others[-1]]
        return lines

    def first(self) -> bytes:
        """Waits for a line, which must come alone. Raises EOFError."""
        while not self.ended:
            if lines := self.read():
                return lines[0]
        raise EOFError("there is no order")


def say(answer: Mapping[str, Any]) -> None:
    octets = memoryview(json.dumps(answer).encode() + b"\n")
    while octets:
        octets = octets[os.write(1, octets) :]


def unpack(ordered: order.Order) -> None:
    """Copies, since the server may have no right to the folders where the layers are."""
    for layer in ordered.profile.layers():
        shutil.copytree(layer, ordered.folder / UNPACKED, symlinks=True, dirs_exist_ok=True)


def become_the_server(ordered: order.Order) -> None:
    """Makes this process as powerless as the server will be."""
    os.umask(0o022)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Only the end of the input ends us. A handler, since SIG_IGN would be inherited.
        signal.signal(number, lambda number, frame: None)
    folders.lock(ordered.folder)
    unpack(ordered)
    inside = ordered.profile.namespace is not None
    namespace.hand_over(ordered.folder, inside)
    if inside:
        namespace.enter()
    else:
        namespace.drop_root()


def _keep(ordered: order.Order, lines: Lines) -> None:
    keeper = Keeper(ordered)
    try:
        keeper.install()
        say({"id": 0} | keeper.start())
        keeper.serve(lines)
    finally:
        keeper.close()


def main() -> int:
    lines = Lines(0)
    ordered = order.read(lines.first())
    try:
        become_the_server(ordered)
        _keep(ordered, lines)
    except BrokenPipeError:
        pass  # nobody listens any more
    except (OSError, PopquizError) as error:
        say({"id": 0, "error": str(error)})
    finally:
        folders.remove(ordered.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
