# SPDX-License-Identifier: Apache-2.0
"""Commands that a person gives as one text. No shell ever sees them."""

import shlex

from popquiz.errors import UsageError


def command_words(text: str, whose: str, empty: str = "there is no command") -> list[str]:
    """The program and its arguments. `whose` begins a complaint, `empty` ends one.

    Raises UsageError.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{whose}: {error}") from None
    if not words:
        raise UsageError(f"{whose}: {empty}")
    return words
