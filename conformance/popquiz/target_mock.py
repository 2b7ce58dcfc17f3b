# SPDX-License-Identifier: Apache-2.0
"""The built-in reference server: a process for each seat, moved by its control channel."""

import asyncio
import json
import shutil
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from popquiz import children, paths
from popquiz.cases import Need
from popquiz.errors import TargetError, UsageError
from popquiz.fixtures import DEFAULT, Maildrop
from popquiz.sanitizer import find
from popquiz.targets import Account, Adapter, Endpoint, Incident, Seat, Stored, Target

PASSWORD = "secret pass"
TOKEN = "secret-pass"  # the password where it is a bearer token too: those have no blanks
USER = "user"
SECOND = "user2"
ANONYMOUS = "anonymous"  # the account behind the mechanism of that name
USER_MAX = 40  # octets of an argument, RFC 1939 section 3
USAGE = 2  # its exit status after an option that it does not know
READY_SECONDS = 20.0
ANSWER_SECONDS = 60.0
# Options that a case may ask for by `needs: config(NAME)`.
REQUIRE_TLS = "--require-tls"  # nobody logs in where TLS is not used
TOKENS = "--mechanisms=all"
READ_ONLY = "--read-only"
CERTIFICATES = "--client-ca=own"  # one for each account, by which it can log in
SETTINGS = {
    REQUIRE_TLS: "require-tls",
    TOKENS: "tokens",
    READ_ONLY: "read-only",
    CERTIFICATES: "client-certificates",
}
# What a case may ask its second account to be, likewise: each has an empty maildrop.
SPECIAL = {
    "account-of-40": Account("n" * USER_MAX, "p" * USER_MAX),
    "account-of-255": Account("n" * 255, "p" * 255),
    "account-in-ascii": Account("popquiz", PASSWORD),
    "account-in-utf8": Account("j\u00fcrgen", "stra\u00dfe \u20ac"),
    "account-not-prepared": Account("m\u00fcller", "zwei\u00a0worte"),
    "account-with-blank": Account("two words", PASSWORD),
    "secret-of-65": Account("long-secret", "s" * 65),
}
EXTERNAL = "EXTERNAL"
PLUS = frozenset({"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"})
ON_DEMAND = frozenset({"SCRAM-SHA-1", "OAUTHBEARER", "ANONYMOUS", EXTERNAL}) | PLUS  # mechanisms
LINE_MAX = 256 << 20  # octets of an answer: it may hold a whole maildrop


@dataclass(frozen=True, slots=True)
class MockConfig:
    tls: str = "none"
    seed: int = 1
    options: tuple[str, ...] = ()  # more options of popquiz-mock, such as --fault=NAME
    special: str = ""  # what the second account is: a name of SPECIAL

    @property
    def password(self) -> str:
        return TOKEN if TOKENS in self.options else PASSWORD

    @property
    def second(self) -> Account:
        return SPECIAL.get(self.special, Account(SECOND, self.password))

    def meeting(self, needs: Iterable[Need]) -> "MockConfig":
        """With what the needs ask for and nobody chose otherwise."""
        needs = tuple(needs)
        chosen = {option.partition("=")[0] for option in self.options}
        missing = tuple(o for o in options_for(needs) if o.partition("=")[0] not in chosen)
        if self.tls == "none" and REQUIRE_TLS in missing:
            return self
        asked = {name for need in needs if need.name == "config" for name in need.args}
        special = next((name for name in SPECIAL if name in asked), self.special)
        return replace(self, options=(*self.options, *missing), special=special)


def user_of(maildrop: Maildrop) -> str:
    """The account that holds it."""
    return USER if maildrop.is_default else f"{USER}-{maildrop.name}"[-USER_MAX:]


def options_for(needs: Iterable[Need]) -> tuple[str, ...]:
    """The options with which popquiz-mock has what a case asks for."""
    needs = tuple(needs)
    wanted = {name for need in needs if need.name == "config" for name in need.args}
    capabilities = {word for need in needs if need.name == "capa" for word in need.args}
    if ON_DEMAND & capabilities:
        wanted.add(SETTINGS[TOKENS])
    if EXTERNAL in capabilities or any(need.name == "client-certificate" for need in needs):
        wanted |= {SETTINGS[CERTIFICATES], SETTINGS[TOKENS]}
    return tuple(option for option, name in SETTINGS.items() if name in wanted)


def write_users(folder: Path, maildrops: Iterable[Maildrop], password: str = PASSWORD) -> Path:
    """A file of accounts as popquiz-mock reads it, with the maildrops beside it."""
    (folder / ANONYMOUS).mkdir()
    lines = [f"{ANONYMOUS}\t{password}\t{folder / ANONYMOUS}\n"]
    for maildrop in maildrops:
        maildrop.write(folder / user_of(maildrop))
        users = [USER, SECOND] if maildrop.is_default else [user_of(maildrop)]
        lines += [f"{user}\t{password}\t{folder / user_of(maildrop)}\n" for user in users]
    empty = folder / ANONYMOUS
    lines += [f"{each.user}\t{each.password}\t{empty}\n" for each in SPECIAL.values()]
    users_file = folder / "users"
    users_file.write_text("".join(lines), encoding="utf-8")
    return users_file


class Mock(Adapter):
    """One process of popquiz-mock, and its control channel."""

    abilities = frozenset({"deliver", "reset", "peek", "restart", "advance"})

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._reported = False  # its end was told to the scheduler
        self.addresses: dict[str, str] = {}  # by how TLS begins there
        self.certificates: dict[str, str] = {}  # of accounts
        self.ca_file = Path()

    async def start(self) -> None:
        """Raises TargetError, or UsageError for an option that it does not take."""
        self._process = await children.start(self._command, limit=LINE_MAX)
        self._reported = False
        try:
            ready = await self._read(READY_SECONDS)
            self.addresses = {each["tls"]: each["address"] for each in ready["listen"]}
            self.ca_file = Path(ready["ca_file"])
            self.certificates = ready.get("client_certificates", {})
        except (OSError, ValueError, KeyError):
            words = await children.epitaph(self._process)
            usage = self._process.returncode == USAGE
            kind = UsageError if usage else TargetError
            raise kind(f"the mock server does not start: {words}") from None

    async def _read(self, seconds: float) -> dict[str, Any]:
        assert self._process and self._process.stdout
        async with asyncio.timeout(seconds):
            line = await self._process.stdout.readline()
        if not line:
            raise OSError("the mock server died")
        answer = json.loads(line)
        if "error" in answer:
            raise OSError(str(answer["error"]))
        return dict(answer)

    async def _ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        assert self._process and self._process.stdin
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        await self._process.stdin.drain()
        return await self._read(ANSWER_SECONDS)

    async def deliver(self, user: str, octets: bytes) -> None:
        await self._ask({"deliver": user, "base64": b64encode(octets).decode()})

    async def reset(self, user: str) -> None:
        await self._ask({"reset": True})

    async def peek(self, user: str) -> Sequence[Stored]:
        answer = await self._ask({"peek": user})
        return [Stored(b64decode(m["base64"]), m.get("uid")) for m in answer["messages"]]

    async def advance(self, ms: int) -> None:
        await self._ask({"advance_ms": ms})

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process:
            await children.end(process)

    def incidents(self) -> list[Incident]:
        process = self._process
        if not process or process.returncode is None or self._reported:
            return []
        self._reported = True
        found = [Incident("exit", f"the server ended: {children.status_text(process.returncode)}")]
        report = find(children.tail(process))
        return [*found, report] if report else found


class MockSeat:
    def __init__(self, mock: Mock, config: MockConfig, users: frozenset[str]) -> None:
        self._mock = mock
        self._tls = config.tls
        self._password = config.password
        self._users = users
        self.second: Account | None = config.second

    @property
    def adapter(self) -> Adapter:
        return self._mock

    @property
    def endpoint(self) -> Endpoint:
        at = self._mock.addresses
        host = "localhost"  # in its certificate
        return Endpoint(at["stls"], self._tls, at["implicit"], self._mock.ca_file, True, host)

    def account(self, maildrop: Maildrop) -> Account | None:
        user = user_of(maildrop)
        if user not in self._users:
            return None
        pem = self._mock.certificates.get(user)
        cert, key = (Path(pem).with_suffix(end) if pem else None for end in (".pem", ".key"))
        return Account(user, self._password, certificate=cert, key=key)

    def incidents(self) -> Sequence[Incident]:
        return self._mock.incidents()


class MockTarget:
    name = "mock"
    shared = False
    ours = True
    patience_ms: int | None = None

    def __init__(self, config: MockConfig) -> None:
        self.settings = frozenset(SETTINGS[o] for o in config.options if o in SETTINGS)
        self.settings |= {config.special} - {""}
        self._config = config
        self._folder: Path | None = None
        self._mocks: list[Mock] = []
        self._variants: dict[MockConfig, MockTarget] = {}
        self.configuration = " ".join(("popquiz-mock", *config.options))

    def configured_for(self, needs: Iterable[Need]) -> Target:
        config = self._config.meeting(needs)
        if config == self._config:
            return self
        if config not in self._variants:
            self._variants[config] = MockTarget(config)
        return self._variants[config]

    def _command(self, users: Path) -> list[str]:
        program = str(paths.program("popquiz-mock"))
        listen = ["--control", "--clock", "0", "--port", "0", "--tls", "--tls-port", "0"]
        seed = ["--seed", str(self._config.seed)]
        return [program, *listen, "--users", str(users), *seed, *self._config.options]

    async def start(self, maildrops: Sequence[Maildrop], jobs: int) -> Sequence[Seat]:
        """Needs the default maildrop among the others."""
        assert any(maildrop.name == DEFAULT for maildrop in maildrops)
        self._folder = Path(tempfile.mkdtemp(prefix="popquiz-"))
        users_file = write_users(self._folder, maildrops, self._config.password)
        command = self._command(users_file)
        self._mocks = [Mock(command) for _ in range(jobs)]
        await asyncio.gather(*(mock.start() for mock in self._mocks))
        users = frozenset(map(user_of, maildrops))
        return [MockSeat(mock, self._config, users) for mock in self._mocks]

    async def stop(self) -> None:
        await asyncio.gather(*(mock.stop() for mock in self._mocks))
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
