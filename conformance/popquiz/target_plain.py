# SPDX-License-Identifier: Apache-2.0
"""A server that somebody else runs: reached by its address, used through POP3 alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from popquiz.fixtures import Maildrop
from popquiz.targets import Account, Adapter, Endpoint, Incident, NoAdapter, Seat


@dataclass(frozen=True, slots=True)
class PlainSeat:
    """One account; `second` is the other one, if there are two."""

    endpoint: Endpoint
    first: Account
    second: Account | None
    adapter: Adapter

    def account(self, maildrop: Maildrop) -> Account | None:
        """The mail is the person's: only what takes any maildrop can be played."""
        return self.first if maildrop.is_default else None

    def incidents(self) -> Sequence[Incident]:
        return ()


class PlainTarget:
    shared = True
    ours = False
    patience_ms: int | None = None
    settings = frozenset[str]()
    configuration = ""

    def __init__(self, endpoint: Endpoint, accounts: Sequence[Account]) -> None:
        """`accounts`: one or two."""
        self.name = endpoint.address
        self._endpoint = endpoint
        self._accounts = accounts

    async def start(self, maildrops: Sequence[Maildrop], jobs: int) -> Sequence[Seat]:
        """As many seats as there are accounts: each is the first account of one seat."""
        seats = []
        for number, account in enumerate(self._accounts[:jobs]):
            others = [other for n, other in enumerate(self._accounts) if n != number]
            second = others[0] if others else None
            seats.append(PlainSeat(self._endpoint, account, second, NoAdapter()))
        return seats

    async def stop(self) -> None:
        return None
