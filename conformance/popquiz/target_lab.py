# SPDX-License-Identifier: Apache-2.0
"""`--lab NAME` or NAME:VARIANT: a server of others, started from its profile, one for each seat.

A server of its own for every seat tells whose case it was that broke it, and is cheap: 0.1 s.
"""

import asyncio
from collections.abc import Mapping, Sequence

from popquiz.errors import UsageError
from popquiz.fixtures import Maildrop
from popquiz.servers import profile, server
from popquiz.targets import Account, Adapter, Endpoint, Incident, Seat, Stored

USER = "user"
SECOND = "second"


class LabAdapter(Adapter):
    """What a server's keeper can do."""

    abilities = frozenset({"deliver", "reset", "peek", "restart"})

    def __init__(self, lab: server.LabServer) -> None:
        self._lab = lab

    async def deliver(self, user: str, octets: bytes) -> None:
        await self._lab.deliver(user, octets)

    async def reset(self, user: str) -> None:
        await self._lab.reset(user)

    async def peek(self, user: str) -> Sequence[Stored]:
        return [Stored(octets) for octets in await self._lab.peek(user)]

    async def restart(self) -> None:
        await self._lab.restart()


class LabSeat:
    def __init__(self, lab: server.LabServer, tls: str, users: Mapping[Maildrop, str]) -> None:
        self._lab = lab
        self._tls = tls
        self._users = users
        self.adapter: Adapter = LabAdapter(lab)
        self.second: Account | None = Account(SECOND, lab.password)

    @property
    def endpoint(self) -> Endpoint:
        at = self._lab.addresses
        clear, implicit = at.get("none", at.get("stls")), at.get("implicit")
        # Cases that start TLS themselves go to `address`, however the others reach the server.
        ways = (clear, self._tls, implicit) if clear else (at["implicit"], self._tls, None)
        return Endpoint(*ways, self._lab.ca_file, True, "localhost")

    def account(self, maildrop: Maildrop) -> Account | None:
        user = self._users.get(maildrop)
        return Account(user, self._lab.password) if user else None

    def incidents(self) -> Sequence[Incident]:
        return self._lab.incidents()


class LabTarget:
    """A lab server for each seat, with an account for each maildrop."""

    ours = True
    shared = False

    def __init__(self, wanted: profile.Profile, variant: str | None, tls: str) -> None:
        """Raises UsageError when the server lacks the variant or the way of TLS."""
        if tls not in wanted.tls:
            raise UsageError(f"--tls {tls}: {wanted.name} has only: {' '.join(wanted.tls)}")
        chosen = wanted.variant(variant)
        self.name = f"lab:{wanted.name}" + (f":{variant}" if variant else "")
        self.patience_ms: int | None = round(1000 * chosen.patience_s)
        # The server's own settings, as far as the profile names them.
        values = [f"{name}={value}" for name, value in chosen.values.items()]
        values += [f"build={wanted.build.name}"] if wanted.build else []
        self.configuration = " ".join((self.name, *values))
        self.settings = chosen.settings
        self._profile = wanted
        self._variant = variant
        self._tls = tls
        self._labs: list[server.LabServer] = []

    async def start(self, maildrops: Sequence[Maildrop], jobs: int) -> Sequence[Seat]:
        names = (f"{USER}{number or ''}" for number in range(len(maildrops)))
        users = dict(zip(maildrops, names, strict=True))
        accounts = [(user, maildrop.messages) for maildrop, user in users.items()]
        default = [maildrop.messages for maildrop in maildrops if maildrop.is_default]
        accounts.append((SECOND, default[0] if default else ()))
        starts = (self._start_one(accounts) for _ in range(jobs))
        for result in await asyncio.gather(*starts, return_exceptions=True):
            if result is not None:
                raise result
        return [LabSeat(lab, self._tls, users) for lab in self._labs]

    async def _start_one(self, accounts: server.Accounts) -> None:
        self._labs.append(await server.start(self._profile, accounts, self._variant))

    async def stop(self) -> None:
        await asyncio.gather(*(lab.close() for lab in self._labs))
