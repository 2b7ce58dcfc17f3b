# SPDX-License-Identifier: Apache-2.0
"""A server that somebody else runs: reached by its address, used through POP3, and through an
adapter if there is one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from popquiz.adapters import Boxes, Opener, Place
from popquiz.fixtures import Maildrop
from popquiz.targets import Account, Adapter, Endpoint, Incident, NoAdapter, Seat, Stored


class Watcher(Adapter):
    """Looks at the mail and never changes it; what else the adapter could do is not safe."""

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes
        self.abilities = boxes.abilities

    async def peek(self, user: str) -> Sequence[Stored]:
        return await self._boxes.peek(user)


@dataclass(frozen=True, slots=True)
class PlainSeat:
    """One account; `second` is the other one, if there are two."""

    endpoint: Endpoint
    first: Account
    second: Account | None
    adapter: Adapter

    def account(self, maildrop: Maildrop) -> Account | None:
        """The mail is the person's: without an adapter that fills the maildrop only what takes any
        mail can be played."""
        fits = maildrop.is_default or "fill" in self.adapter.abilities
        return self.first if fits else None

    def incidents(self) -> Sequence[Incident]:
        return ()


class PlainTarget:
    shared = True
    ours = False
    patience_ms: int | None = None
    configuration = ""

    def __init__(
        self,
        endpoint: Endpoint,
        accounts: Sequence[Account],
        opener: Opener | None = None,
        *,
        destroy: bool = False,
    ) -> None:
        """`accounts`: one or two. `destroy`: mail may be added and removed."""
        self.name = endpoint.address
        self.settings = frozenset({"tokens"} if accounts[0].is_token else ())
        self._endpoint = endpoint
        self._accounts = accounts
        self._opener = opener
        self._destroy = destroy
        self._boxes: Boxes | None = None

    async def start(self, maildrops: Sequence[Maildrop], jobs: int) -> Sequence[Seat]:
        """As many seats as there are accounts: each is the first account of one seat. Cases find
        the same at each seat, so that an account which lacks the certificate that the first one
        has gets none."""
        adapter = await self._open(maildrops)
        proven = self._accounts[0].certificate is not None
        seats = []
        for number, account in enumerate(self._accounts):
            others = [other for n, other in enumerate(self._accounts) if n != number]
            second = others[0] if others else None
            if (account.certificate is not None) == proven:
                seats.append(PlainSeat(self._endpoint, account, second, adapter))
        return seats[:jobs]

    async def _open(self, maildrops: Sequence[Maildrop]) -> Adapter:
        if not self._opener:
            return NoAdapter()
        mail = next((m.messages for m in maildrops if m.is_default), ())
        boxes = Boxes(self._opener)
        places = (
            Place(account, self._endpoint, mail=mail, destroy=self._destroy)
            for account in self._accounts
        )
        await boxes.open(list(places))
        if not self._destroy:
            return Watcher(boxes)
        self._boxes = boxes
        return boxes

    async def stop(self) -> None:
        """The mail is as it was found."""
        boxes, self._boxes = self._boxes, None
        if boxes and "reset" in boxes.abilities:
            await asyncio.gather(*(boxes.reset(account.user) for account in self._accounts))
