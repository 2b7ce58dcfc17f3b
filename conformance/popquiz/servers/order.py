# SPDX-License-Identifier: Apache-2.0
"""What a keeper is told: which server, where, for whom. One line of JSON."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from popquiz.errors import UsageError
from popquiz.servers import builds, profile

ACCOUNTS_MAX = 1000
ACCOUNT = re.compile(r"[a-z][a-z0-9_-]{0,31}")  # what every system takes as a user's name
# Neither a separator of any file of passwords nor a quote; blanks are legal in POP3, and wanted.
PASSWORD = re.compile(r"[A-Za-z0-9 ._+-]{1,64}")


@dataclass(frozen=True, slots=True)
class Order:
    """`accounts`: names and the messages in their order. `names`: more names for templates."""

    profile: profile.Profile
    variant: str | None
    folder: Path
    accounts: Mapping[str, Sequence[bytes]]
    password: str = field(repr=False)
    names: Mapping[str, str]

    def check(self) -> None:
        """Raises UsageError."""
        if not 1 <= len(self.accounts) <= ACCOUNTS_MAX:
            raise UsageError(f"{len(self.accounts)} accounts: there must be 1 to {ACCOUNTS_MAX}")
        for name in self.accounts:
            if not ACCOUNT.fullmatch(name):
                raise UsageError(f"{name!r} is no name of an account: {ACCOUNT.pattern}")
        if not PASSWORD.fullmatch(self.password):
            raise UsageError(f"the password is not of the form {PASSWORD.pattern}")

    def line(self) -> bytes:
        accounts = {
            name: [base64.b64encode(message).decode() for message in messages]
            for name, messages in self.accounts.items()
        }
        wanted = {
            "profile": str(self.profile.path.resolve()),
            "variant": self.variant,
            "build": str(self.profile.build) if self.profile.build else None,
            "folder": str(self.folder),
            "accounts": accounts,
            "password": self.password,
            "names": dict(self.names),
        }
        return json.dumps(wanted).encode() + b"\n"


def read(line: bytes) -> Order:
    """The order in a line that line() made."""
    wanted = json.loads(line)
    found = profile.read(Path(wanted["profile"])).variant(wanted["variant"])
    return Order(
        profile=builds.use(found, Path(wanted["build"])) if wanted["build"] else found,
        variant=wanted["variant"],
        folder=Path(wanted["folder"]),
        accounts={
            name: [base64.b64decode(message) for message in messages]
            for name, messages in wanted["accounts"].items()
        },
        password=wanted["password"],
        names=wanted["names"],
    )
