# SPDX-License-Identifier: Apache-2.0
"""Maildrops that other protocols reach: LMTP and SMTP bring mail, IMAP does all.

What LMTP and SMTP bring is rewritten on its way, so they never tell what the store holds; and they
take nothing away, so a maildrop is emptied over POP3 and filled again with the suite's messages.
"""

import imaplib
import poplib
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from popquiz import probe
from popquiz.adapters.box import Place
from popquiz.errors import UsageError
from popquiz.servers.maildrops import DROP_MAX
from popquiz.targets import Endpoint, Stored, UnableError

CALL_SECONDS = 20.0  # of each answer of such a server
ARRIVAL_SECONDS = 20.0  # until mail that was taken is in the maildrop
ARRIVAL_PAUSE_SECONDS = 0.1
SETTLE_SECONDS = 2.0  # the same, when a session holds the maildrop and it cannot be looked at
SENDER = "popquiz@localhost"


def tls(endpoint: Endpoint, host: str) -> ssl.SSLContext:
    """Trusts whom the cases trust."""
    context = ssl.create_default_context(cafile=endpoint.ca_file)
    context.check_hostname = endpoint.verify and endpoint.host in (None, host)
    context.verify_mode = ssl.CERT_REQUIRED if endpoint.verify else ssl.CERT_NONE
    return context


# ---- POP3, the way that is under test ------------------------------------------------------------


@contextmanager
def pop3(place: Place) -> Iterator[poplib.POP3]:
    """A session in the TRANSACTION state; left by QUIT, or broken off by an error. Raises OSError,
    and ValueError when the server refuses something."""
    at, endpoint = probe.parse_address(place.endpoint.entrance), place.endpoint
    if isinstance(at, str):
        raise ValueError("this adapter needs POP3 over tcp://")
    host, port = at
    try:
        if endpoint.tls == "implicit":
            context = tls(endpoint, host)
            client: poplib.POP3 = poplib.POP3_SSL(host, port, timeout=CALL_SECONDS, context=context)
        else:
            client = poplib.POP3(host, port, timeout=CALL_SECONDS)
        try:
            if endpoint.tls == "stls":
                client.stls(tls(endpoint, host))
            client.user(place.account.user)
            client.pass_(place.account.password)
            yield client
            client.quit()
        finally:
            client.close()
    except poplib.error_proto as error:
        raise ValueError(f"POP3: {error}") from None


def _count(place: Place) -> int:
    with pop3(place) as client:
        return client.stat()[0]


def _empty(place: Place) -> None:
    with pop3(place) as client:
        for number in range(1, client.stat()[0] + 1):
            client.dele(number)


# ---- LMTP and SMTP -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Post:
    """How mail is sent."""

    connect: Callable[[], smtplib.SMTP]
    recipient: str  # {user} is filled in

    def send(self, user: str, octets: bytes) -> None:
        with self.connect() as client:
            client.sendmail(SENDER, [self.recipient.replace("{user}", user)], octets)


class PostBox:
    def __init__(self, post: Post, place: Place) -> None:
        """With --yes-destroy the account holds the suite's messages from now on, unless the server
        is one that removes nothing: then its mail stays and cannot be reset."""
        self._post = post
        self._place = place
        self.abilities = frozenset({"deliver"} if place.destroy else ())
        if not place.destroy:
            return
        self._send_all()  # an empty maildrop would not show whether mail can be removed
        if self._is_empty():
            self._send_all()
            self.abilities |= {"reset"}

    def _wait_for(self, count: int) -> None:
        end = time.monotonic() + ARRIVAL_SECONDS
        while (found := _count(self._place)) < count:
            if time.monotonic() > end:
                raise ValueError(f"mail does not arrive: {found} messages of {count}")
            time.sleep(ARRIVAL_PAUSE_SECONDS)

    def deliver(self, octets: bytes) -> None:
        before = None
        with suppress(OSError, ValueError):  # a session holds the maildrop
            before = _count(self._place)
        self._post.send(self._place.account.user, octets)
        if before is None:
            time.sleep(SETTLE_SECONDS)
        else:
            self._wait_for(before + 1)

    def _is_empty(self) -> bool:
        """Whether removing all mail over POP3 worked."""
        _empty(self._place)
        return _count(self._place) == 0

    def reset(self) -> None:
        if not self._is_empty():
            raise ValueError("the server keeps mail that was removed over POP3")
        self._send_all()

    def _send_all(self) -> None:
        before = _count(self._place)
        for sent, octets in enumerate(self._place.mail, before + 1):
            self._post.send(self._place.account.user, octets)
            self._wait_for(sent)  # else they might change places

    def fill(self, messages: Sequence[bytes]) -> None:
        raise UnableError("mail is rewritten on its way to the store")

    def peek(self) -> Sequence[Stored]:
        raise UnableError("mail is rewritten on its way to the store")


def _place_of(rest: str, scheme: str) -> tuple[str, int, str]:
    """Host, port and recipient of //HOST:PORT or //HOST:PORT/RECIPIENT. Raises UsageError."""
    try:
        parts = urlsplit(f"{scheme}:{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.query or parts.username:
        raise UsageError(f"--adapter {scheme}:{rest}: write {scheme}://HOST:PORT")
    return host, port, unquote(parts.path.removeprefix("/"))


def smtp(rest: str) -> Post:
    host, port, recipient = _place_of(rest, "smtp")
    return Post(lambda: smtplib.SMTP(host, port, timeout=CALL_SECONDS), recipient or "{user}")


def lmtp(rest: str) -> Post:
    if rest.startswith("unix:/"):
        path = rest.removeprefix("unix:")
        return Post(lambda: smtplib.LMTP(path), "{user}")
    host, port, recipient = _place_of(rest, "lmtp")
    return Post(lambda: smtplib.LMTP(host, port), recipient or "{user}")


# ---- IMAP ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Imap:
    host: str
    port: int
    secure: bool

    @contextmanager
    def session(self, place: Place) -> Iterator[imaplib.IMAP4]:
        """With the INBOX selected. Raises OSError, and ValueError when the server refuses."""
        try:
            if self.secure:
                context = tls(place.endpoint, self.host)
                client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                    self.host, self.port, ssl_context=context, timeout=CALL_SECONDS
                )
            else:
                client = imaplib.IMAP4(self.host, self.port, timeout=CALL_SECONDS)
            with client:
                client.login(place.account.user, place.account.password)
                _good(client.select("INBOX"))
                yield client
        except imaplib.IMAP4.error as error:
            # Its text may repeat the command; the password never stands in an answer.
            text = str(error).replace(place.account.password, "***")
            raise ValueError(f"IMAP: {text}") from None


def imap(rest: str, *, secure: bool) -> Imap:
    host, port, path = _place_of(rest, "imaps" if secure else "imap")
    if path:
        raise UsageError(f"--adapter imap:{rest}: there is nothing behind HOST:PORT")
    return Imap(host, port, secure)


def _good(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    """The data of an answer. Raises imaplib.IMAP4.error."""
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(repr(data[0]) if data else status)
    return data


class ImapBox:
    abilities = frozenset({"deliver", "fill", "reset", "peek"})

    def __init__(self, imap: Imap, place: Place) -> None:
        self._imap = imap
        self._place = place
        self._kept = [stored.octets for stored in self.peek()] if place.destroy else []

    @staticmethod
    def _append(client: imaplib.IMAP4, octets: bytes) -> None:
        _good(client.append("INBOX", "", "", octets))

    def deliver(self, octets: bytes) -> None:
        with self._imap.session(self._place) as client:
            self._append(client, octets)

    def reset(self) -> None:
        self.fill(self._kept)

    def fill(self, messages: Sequence[bytes]) -> None:
        with self._imap.session(self._place) as client:
            if _good(client.search(None, "ALL"))[0]:
                _good(client.store("1:*", "+FLAGS.SILENT", r"(\Deleted)"))
                _good(client.expunge())
            for octets in messages:
                self._append(client, octets)

    def peek(self) -> list[Stored]:
        found, room = [], DROP_MAX
        with self._imap.session(self._place) as client:
            numbers = (_good(client.search(None, "ALL"))[0] or b"").split()
            for number in numbers:
                data = _good(client.fetch(number.decode("ascii"), "(BODY.PEEK[])"))
                octets = next((part[1] for part in data if isinstance(part, tuple)), None)
                if octets is None:
                    raise imaplib.IMAP4.error(f"message {number!r} cannot be read")
                room -= len(octets)
                if room < 0:
                    raise ValueError(f"the maildrop has more than {DROP_MAX} octets")
                found.append(Stored(octets))
        return found
