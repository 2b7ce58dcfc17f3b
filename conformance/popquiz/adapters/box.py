# SPDX-License-Identifier: Apache-2.0
"""What every adapter for the mail of an account has in common: one box for each account, opened
before the first case and closed behind the last one; calls that block go to a thread."""

import asyncio
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from popquiz.errors import TargetError
from popquiz.targets import Account, Adapter, Endpoint, Stored, UnableError

CALL_SECONDS = 60.0  # of one call; the player waits no longer than 120 s for an answer
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """The account whose mail it is, and how POP3 reaches it."""

    account: Account
    endpoint: Endpoint
    folder: Path | None = None  # what {dir} stands for
    mail: Sequence[bytes] = ()  # what a maildrop is filled with whose first content cannot be kept
    destroy: bool = False  # --yes-destroy


class Box(Protocol):
    """The mail of one account. Calls may block. They raise OSError or ValueError when something
    goes wrong, UnableError when it cannot be done at all."""

    abilities: frozenset[str]  # of deliver, fill, reset and peek

    def deliver(self, octets: bytes) -> None:
        """Adds a message whose lines end in CRLF; the next session sees it."""

    def fill(self, messages: Sequence[bytes]) -> None:
        """Makes it hold these messages and no others."""

    def reset(self) -> None:
        """Brings back what was there when the box was opened."""

    def peek(self) -> Sequence[Stored]: ...


Opener = Callable[[Place], Box]


class Boxes(Adapter):
    """The boxes of the accounts of one seat, by the users' names."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._boxes: dict[str, Box] = {}
        self._one_by_one = asyncio.Lock()

    @property
    def abilities(self) -> frozenset[str]:  # type: ignore[override]
        """Those of the boxes; all are of one kind."""
        return next((box.abilities for box in self._boxes.values()), frozenset())

    async def open(self, places: Sequence[Place]) -> None:
        """Opens a box for each account. Raises TargetError."""
        for place in places:
            try:
                opened = await self._call(functools.partial(self._opener, place))
            except (OSError, ValueError, UnableError) as error:
                raise TargetError(f"--adapter: {_words(error)}") from None
            self._boxes[place.account.user] = opened

    async def _call(self, act: Callable[[], T]) -> T:
        async with self._one_by_one, asyncio.timeout(CALL_SECONDS):
            return await asyncio.to_thread(act)

    def _box(self, user: str) -> Box:
        if user not in self._boxes:
            raise UnableError(f"no adapter for the account {user!r}")
        return self._boxes[user]

    async def deliver(self, user: str, octets: bytes) -> None:
        await self._call(lambda: self._box(user).deliver(octets))

    async def fill(self, user: str, messages: Sequence[bytes]) -> None:
        await self._call(lambda: self._box(user).fill(messages))

    async def reset(self, user: str) -> None:
        await self._call(self._box(user).reset)

    async def peek(self, user: str) -> Sequence[Stored]:
        return await self._call(self._box(user).peek)


def _words(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error).partition("\n")[0] or type(error).__name__
