# SPDX-License-Identifier: Apache-2.0
"""Certification profiles: the parts of POP3 that a server is certified for."""

from collections.abc import Callable

from popquiz.catalogue import Requirement
from popquiz.errors import UsageError

OPTIONAL = "7"  # RFC 1939 section 7 has the optional commands; its UIDL and TOP are a profile
Part = Callable[[Requirement], bool]


def _core(row: Requirement) -> bool:
    return row.rfc == "RFC1939" and not row.section.startswith(OPTIONAL)


def _uidl(row: Requirement) -> bool:
    return row.rfc == "RFC1939" and row.section == "7 (UIDL)"


def _top(row: Requirement) -> bool:
    return row.rfc == "RFC1939" and row.section == "7 (TOP)"


def _rfcs(*names: str) -> Part:
    return lambda row: row.rfc in names


PARTS: dict[str, Part] = {
    "core": _core,
    "uidl": _uidl,
    "top": _top,
    "tls": _rfcs("RFC2595", "RFC7817", "RFC8314"),
    "sasl": _rfcs("RFC5034", "RFC4616"),
    "i18n": _rfcs("RFC6856"),
    "modern": lambda row: True,
}


def parse(text: str) -> Part:
    """`core+uidl+top`. Raises UsageError."""
    names = text.split("+")
    for name in names:
        if name not in PARTS:
            raise UsageError(f"--profile: {name!r} is none of {', '.join(PARTS)}, joined by +")
    return lambda row: any(PARTS[name](row) for name in names)
