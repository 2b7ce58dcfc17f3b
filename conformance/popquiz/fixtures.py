# SPDX-License-Identifier: Apache-2.0
"""Maildrops: what a case finds in the account.

`mailbox:` of a case names messages: each name is a [message NAME] of the dialogue, or a folder
fixtures/NAME/ whose *.eml files are taken in the order of their names. Without it a case has the
folder "default".
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from popquiz.errors import SuiteError

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Maildrop:
    """Messages in their order, and a short name that no other content has."""

    name: str
    messages: tuple[bytes, ...]

    @property
    def is_default(self) -> bool:
        return self.name == DEFAULT

    def write(self, folder: Path) -> None:
        """Writes the messages as *.eml files whose names sort in the order of the messages."""
        folder.mkdir(parents=True)
        for number, octets in enumerate(self.messages, 1):
            (folder / f"{number:06}.eml").write_bytes(octets)


def read_folder(folder: Path) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(folder.glob("*.eml")))


class Fixtures:
    """Finds maildrops by name; reads each folder once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[bytes, ...]] = {}

    def _messages(self, name: str) -> tuple[bytes, ...]:
        if name not in self._read:
            folder = self._folder / name
            if not folder.is_dir():
                raise SuiteError(f"there is no fixture {name!r}: neither a [message] nor {folder}")
            self._read[name] = read_folder(folder)
        return self._read[name]

    def maildrop(self, mailbox: Sequence[str], own: Mapping[str, bytes]) -> Maildrop:
        """The maildrop that `mailbox:` names; `own` are the [message] sections of the dialogue."""
        if tuple(mailbox) in ((), (DEFAULT,)):
            return Maildrop(DEFAULT, self._messages(DEFAULT))
        parts = [(own[name],) if name in own else self._messages(name) for name in mailbox]
        messages = tuple(octets for part in parts for octets in part)
        if not any(name in own for name in mailbox):
            return Maildrop("+".join(mailbox), messages)
        # Two dialogues may give one name to different messages.
        digest = hashlib.sha256(repr(messages).encode()).hexdigest()[:8]
        return Maildrop(f"{'+'.join(mailbox)}-{digest}", messages)
