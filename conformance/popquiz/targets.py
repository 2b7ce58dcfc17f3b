# SPDX-License-Identifier: Apache-2.0
"""What the runner asks of a target: where to connect, accounts, and what only insiders can do.

A target has seats. A case runs at one seat, and nothing else runs there meanwhile. The seats of a
shared target are one server; otherwise each is a server of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from popquiz.cases import Need
from popquiz.fixtures import Maildrop

TLS_MODES = ("none", "stls", "implicit")


class UnableError(Exception):
    """Nobody here can do that: the case is skipped for want of an adapter."""


@dataclass(frozen=True, slots=True)
class Account:
    user: str
    password: str = field(repr=False)
    is_token: bool = False  # a bearer token: good for OAUTHBEARER and XOAUTH2, and no password
    certificate: Path | None = None  # PEM, shown where TLS asks for one
    key: Path | None = None  # PEM; None: in the file of the certificate


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a client reaches a seat."""

    address: str  # tcp://HOST:PORT, tcp://[V6]:PORT or unix:/PATH
    tls: str = "none"  # how TLS begins: one of TLS_MODES
    tls_address: str | None = None  # where TLS begins at once; None: nowhere, or at `address`
    ca_file: Path | None = None  # whom to trust; None: the system's authorities
    verify: bool = True
    host: str | None = None  # the name that the certificate must have; None: any

    @property
    def entrance(self) -> str:
        """The address to which a case connects."""
        return (self.tls_address if self.tls == "implicit" else None) or self.address


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as the store holds it, its lines ended by CRLF."""

    octets: bytes
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happened to a server besides what it said."""

    kind: str  # "exit", "signal" or "sanitizer"
    text: str  # one line or more, without secrets


class Adapter(Protocol):
    """What cannot be done through POP3. Implementations say in `abilities` what they can, by the
    names of the methods, and override those; the others raise UnableError. Any other exception
    means that it was tried and went wrong. `user` is the name of the account at that seat."""

    abilities: frozenset[str]

    async def deliver(self, user: str, octets: bytes) -> None:
        """Adds a message; the next session of the user sees it."""
        raise UnableError("no adapter that can add mail")

    async def fill(self, user: str, messages: Sequence[bytes]) -> None:
        """Makes the maildrop hold these messages and no others, until reset()."""
        raise UnableError("no adapter that can fill a maildrop")

    async def reset(self, user: str) -> None:
        """Restores the maildrop as it was at the start."""
        raise UnableError("no adapter that can restore the maildrop")

    async def peek(self, user: str) -> Sequence[Stored]:
        """What the maildrop really holds, in the order of message numbers."""
        raise UnableError("no adapter that can list the store")

    async def restart(self) -> None:
        """Ends the server, if it lives, and starts it again; returns when it greets."""
        raise UnableError("no adapter that can restart the target")

    async def token(self, user: str) -> str:
        """A bearer token that the target takes from the user."""
        raise UnableError("no adapter that can make a token")

    async def advance(self, ms: int) -> None:
        """Moves the target's clock."""
        raise UnableError("no adapter that can move the clock")


class NoAdapter(Adapter):
    abilities = frozenset[str]()


class Seat(Protocol):
    @property
    def endpoint(self) -> Endpoint:
        """May be another one after a restart."""

    @property
    def adapter(self) -> Adapter: ...

    def account(self, maildrop: Maildrop) -> Account | None:
        """Whose maildrop holds exactly that; None: nobody's."""

    @property
    def second(self) -> Account | None:
        """Another account of the same server, with the default maildrop."""

    def incidents(self) -> Sequence[Incident]:
        """What happened since the last call."""


@runtime_checkable
class Configurable(Protocol):
    """A target that can be started as a case asks for."""

    def configured_for(self, needs: Iterable[Need]) -> "Target":
        """Itself, or one with other settings, the same one for the same settings."""


class Target(Protocol):
    name: str  # as the person wrote it
    configuration: str  # what it is, for the report
    shared: bool
    ours: bool  # started by us, with mail of ours: removing mail needs nobody's leave
    patience_ms: int | None  # how long an answer may take, if that is known; None: it is measured
    settings: frozenset[str]  # what `needs: config(...)` may ask for

    async def start(self, maildrops: Sequence[Maildrop], jobs: int) -> Sequence[Seat]:
        """Makes one to `jobs` seats, each with an account for as many of the maildrops as can be.
        Raises TargetError. stop() must follow in every case."""

    async def stop(self) -> None:
        """Leaves no process and no file behind."""
