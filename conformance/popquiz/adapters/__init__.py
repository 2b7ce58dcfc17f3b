# SPDX-License-Identifier: Apache-2.0
"""`--adapter`: how the mail of an account is reached otherwise than by POP3.

maildir:PATH  mbox:PATH             on this machine; {user} and {dir} are filled in
lmtp://HOST:PORT  lmtp:unix:/PATH   may be followed by a recipient: /{user}@example.com
smtp://HOST:PORT                    likewise
imap://HOST:PORT  imaps://HOST:PORT with the account's name and password
exec:COMMAND                        a program of yours; command.py says how it is called
none                                POP3 alone: what needs more is skipped
restart  copy:PRISTINE:LIVE         of exec: targets alone (target_exec.py)
"""

from collections.abc import Callable
from pathlib import Path

from popquiz.adapters import command, files, network
from popquiz.adapters.box import Box, Boxes, Opener, Place
from popquiz.command_words import command_words
from popquiz.errors import UsageError

__all__ = ["Box", "Boxes", "Opener", "Place", "parse"]


def _path(kind: str, make: Callable[[Path], Box]) -> Callable[[str], Opener]:
    def parse_path(text: str) -> Opener:
        if not text:
            raise UsageError(f"--adapter {kind}: there is no path behind the colon")

        def opener(place: Place) -> Box:
            path = text.replace("{user}", _one_name(place.account.user))
            return make(Path(path.replace("{dir}", str(place.folder or "{dir}"))))

        return opener

    return parse_path


def _one_name(user: str) -> str:
    """The user's name as a part of a path, which must not lead elsewhere."""
    if "/" in user or user in ("", ".", ".."):
        raise ValueError(f"the user {user!r} cannot be a part of a path")
    return user


def _post(parse_post: Callable[[str], network.Post]) -> Callable[[str], Opener]:
    def parse_rest(rest: str) -> Opener:
        post = parse_post(rest)
        return lambda place: network.PostBox(post, place)

    return parse_rest


def _imap(secure: bool) -> Callable[[str], Opener]:
    def parse_rest(rest: str) -> Opener:
        imap = network.imap(rest, secure=secure)
        return lambda place: network.ImapBox(imap, place)

    return parse_rest


def _exec(rest: str) -> Opener:
    words = command_words(rest, "--adapter exec", "there is no command behind the colon")
    return lambda place: command.CommandBox(words, place.account.user)


KINDS: dict[str, Callable[[str], Opener]] = {
    "maildir": _path("maildir", files.MaildirBox),
    "mbox": _path("mbox", files.MboxBox),
    "lmtp": _post(network.lmtp),
    "smtp": _post(network.smtp),
    "imap": _imap(secure=False),
    "imaps": _imap(secure=True),
    "exec": _exec,
}


def parse(text: str) -> Opener | None:
    """None: POP3 alone. Raises UsageError."""
    if text == "none":
        return None
    kind, colon, rest = text.partition(":")
    if kind not in KINDS or not colon:
        known = ", ".join(f"{name}:..." for name in KINDS)
        raise UsageError(f"--adapter {text!r} is none of {known}, none")
    return KINDS[kind](rest)
