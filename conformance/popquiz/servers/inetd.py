# SPDX-License-Identifier: Apache-2.0
"""Makes a TCP server of a program that speaks on stdin and stdout: one process per connection."""

import contextlib
import selectors
import socket
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
SESSIONS_MAX = 64  # processes at a time; further connections wait
BACKLOG = 128


class Inetd:
    """Accepts on a free loopback port and gives each connection to `start`, which begins a process
    with it and tells whether it could. Whoever reaps the process calls ended()."""

    def __init__(
        self, selector: selectors.BaseSelector, start: Callable[[socket.socket], bool]
    ) -> None:
        self._selector = selector
        self._start = start
        self._sessions = 0
        self._accepting = False
        self._listener = socket.create_server((LOOPBACK, 0), backlog=BACKLOG)
        self._listener.setblocking(False)
        self._accept_if_there_is_room()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def sessions(self) -> int:
        """How many processes live."""
        return self._sessions

    def _accept_if_there_is_room(self) -> None:
        room = self._sessions < SESSIONS_MAX
        if room and not self._accepting:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        if not room and self._accepting:
            self._selector.unregister(self._listener)
        self._accepting = room

    def _accept(self) -> None:
        # A client that went away before it was accepted is no error of ours.
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            wire, _ = self._listener.accept()
            with wire:
                wire.setblocking(True)
                # Programs that write a reply in parts would wait 40 ms for each acknowledgement.
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                begun = self._start(wire)  # may reap others, and so call ended()
                self._sessions += begun
        self._accept_if_there_is_room()

    def ended(self) -> None:
        """A process is gone."""
        self._sessions -= 1
        self._accept_if_there_is_room()
