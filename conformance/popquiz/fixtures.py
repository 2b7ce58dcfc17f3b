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
EXPLORE = "explore"  # what explorations find, where the account can be filled
HEADER_END = "---\n"  # of a dialogue


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


# ---- maildrops that travel with a dialogue ------------------------------------------------------


def _escaped(octets: bytes) -> str:
    text = octets.decode("latin-1").replace("\\", r"\\").replace("{", r"\{")
    shown = "".join(c if " " <= c <= "~" else f"\\x{ord(c):02X}" for c in text)
    return f"{shown[:-1]}\\s" if shown.endswith(" ") else shown


def _section(name: str, octets: bytes) -> str:
    *lines, rest = octets.replace(b"\r\n", b"\n").split(b"\n")
    shown = [f"| {_escaped(line)}".rstrip() for line in lines]
    shown += [f"|! {_escaped(rest)}"] if rest else []
    return "\n".join((f"[message {name}]", *shown, ""))


def with_mail(dialogue: str, maildrop: Maildrop) -> str:
    """The dialogue, with the messages of the maildrop in it."""
    if maildrop.is_default:
        return dialogue
    named = {f"m{n}": octets for n, octets in enumerate(maildrop.messages, 1)}
    head, end, steps = dialogue.partition(HEADER_END)
    sections = (_section(name, octets) for name, octets in named.items())
    return f"{head}mailbox: {' '.join(named)}\n{end}{steps}\n" + "\n".join(sections)
