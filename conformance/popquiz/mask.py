# SPDX-License-Identifier: Apache-2.0
"""Hides passwords in texts that do not come from the player (which masks its own)."""

import re
from base64 import b64encode
from collections.abc import Iterable

MASK = "***"
BASE64_LEAST = 4  # characters: fewer would be found in any text


def _base64_forms(secret: str) -> list[str]:
    """The part of a base64 text that the secret alone decides, wherever it begins in it."""
    forms = []
    for before in range(3):
        text = b64encode(b"\0" * before + secret.encode()).decode()
        first = -(-before * 8 // 6)
        last = (before + len(secret.encode())) * 8 // 6
        forms.append(text[first:last])
    return [form for form in forms if len(form) >= BASE64_LEAST]


class Mask:
    """Replaces each secret, as it is, in hexadecimal, and inside of base64."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms: list[str] = []
        for secret in filter(None, secrets):
            forms += [secret, secret.encode().hex(), *_base64_forms(secret)]
        forms.sort(key=len, reverse=True)
        self._find = re.compile("|".join(map(re.escape, filter(None, forms))) or r"(?!)", re.I)

    def __call__(self, text: str) -> str:
        return self._find.sub(MASK, text)
