# SPDX-License-Identifier: Apache-2.0
"""How many connections a minute a server gets: those of other people block who comes too often."""

import asyncio
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0
PER_MINUTE = 120  # to servers of other people that are not on this machine


class Pace:
    """A sliding window over the last minute."""

    def __init__(self, per_minute: int | None, now: Callable[[], float] | None = None) -> None:
        """`per_minute` None: as many as one likes."""
        self._most = per_minute
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._times: deque[float] = deque()
        self._promised = 0
        self._turn = asyncio.Lock()

    def _forget(self) -> None:
        while self._times and self._times[0] <= self._now() - WINDOW_SECONDS:
            self._times.popleft()

    async def reserve(self, count: int) -> None:
        """Waits until so many more connections keep within the limit; a count beyond the limit
        waits for an empty window. made() must follow."""
        if self._most is None:
            return
        async with self._turn:
            wanted = min(count, self._most)
            self._forget()
            while len(self._times) + self._promised + wanted > self._most:
                oldest = self._times[0] if self._times else self._now() - WINDOW_SECONDS + 0.1
                await asyncio.sleep(max(oldest + WINDOW_SECONDS - self._now(), 0.01))
                self._forget()
            self._promised += count

    def made(self, reserved: int, count: int) -> None:
        """What was reserved is over, and so many connections were made."""
        if self._most is None:
            return
        self._promised -= reserved
        self._times.extend([self._now()] * count)
