# SPDX-License-Identifier: Apache-2.0
"""POP URLs (RFC 2384): pop://USER;AUTH=HOW@HOST:PORT.

HOW is *, +APOP or the name of a SASL mechanism; without it, or with *, any way to log in will do.
pops:// is no scheme of an RFC: here it means that TLS begins at once, on port 995.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from popquiz.errors import UsageError

PORTS = {"pop": 110, "pops": 995}
FORM = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<user>[^@/?#]*)@)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)"
    r"(?::(?P<port>[0-9]*))?/?",
    re.IGNORECASE,
)
# RFC 1738 section 5, and what RFC 2384 section 4 adds to it for a user and a mechanism.
ENCODED = re.compile(r"(?:[A-Za-z0-9$\-_.+!*'(),&=~]|%[0-9A-Fa-f]{2})+")
AUTH = ";AUTH="
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
PORT_MAX = 65535


@dataclass(frozen=True, slots=True)
class PopUrl:
    host: str  # an address of IPv6 without its brackets
    port: int
    user: str | None = None
    auth: str | None = None  # None: any way; "+APOP"; or a SASL mechanism, in upper case
    implicit: bool = False  # TLS begins at once

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"

    @property
    def login(self) -> str | None:
        """The name of the prelude."""
        return self.auth.removeprefix("+").lower() if self.auth else None


def is_url(text: str) -> bool:
    return text.partition(":")[0].lower() in PORTS and "://" in text


def _decoded(what: str, text: str) -> str:
    """Raises UsageError; a name with a line end in it would be two commands."""
    if not ENCODED.fullmatch(text):
        raise UsageError(f"the {what} of a POP URL is not %-encoded: {text!r}")
    try:
        found = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"the {what} of a POP URL is not UTF-8: {text!r}") from None
    if CONTROL.search(found):
        raise UsageError(f"the {what} of a POP URL has a control character: {text!r}")
    return found


def _login(text: str | None) -> tuple[str | None, str | None]:
    """The user, and how to log in."""
    if text is None:
        return None, None
    if ":" in text:
        raise UsageError("a password has no place in a POP URL: use --password-file")
    head, *rest = re.split(AUTH, text, maxsplit=1, flags=re.IGNORECASE)
    user = _decoded("user", head)
    auth = _decoded("mechanism", rest[0]).upper() if rest else None
    if auth and auth.startswith("+") and auth != "+APOP":
        raise UsageError(f"{auth!r} of a POP URL is unknown: +APOP is the only one with a plus")
    return user, None if auth == "*" else auth


def parse(text: str) -> PopUrl:
    """Raises UsageError."""
    found = FORM.fullmatch(text)
    if not found or (scheme := found["scheme"].lower()) not in PORTS:
        raise UsageError(f"{text!r} is no POP URL: write pop://USER;AUTH=HOW@HOST:PORT")
    port = int(found["port"] or PORTS[scheme]) if len(found["port"] or "") < 6 else 0
    if not 1 <= port <= PORT_MAX:
        raise UsageError(f"{text!r}: the port must be from 1 to {PORT_MAX}")
    user, auth = _login(found["user"])
    host = found["host"].strip("[]").lower()
    return PopUrl(host, port, user, auth, scheme == "pops")
