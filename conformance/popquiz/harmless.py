# SPDX-License-Identifier: Apache-2.0
"""Makes texts from outside harmless in a report: nothing in them is invisible, turns the text
around it, or means anything to HTML or Markdown."""

import re
import unicodedata
from typing import Any

from markupsafe import Markup, escape

# Control and format characters (bidi among them), surrogates, private use and what is not assigned;
# line and paragraph separators.
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ASCII = re.compile(r"[\n\t\x20-\x7e]*")
MEANING = re.compile(r"[\\`*_{}\[\]<>#|~&@$]|://|www\.", re.I)
BLANKS = re.compile(r"\s+")


def visible(text: str) -> str:
    """The text with what cannot be seen written as its number: \\u202e. Tabs and LF stay."""
    if ASCII.fullmatch(text):
        return text
    return "".join(_visible_character(c) for c in text)


def _visible_character(c: str) -> str:
    if c in "\n\t" or unicodedata.category(c) not in HIDDEN:
        return c
    return c.encode("unicode-escape", "surrogatepass").decode("ascii")


def html(value: Any) -> Any:
    """What an expression of an HTML template becomes."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return escape(visible(value))


def _entities(found: re.Match[str]) -> str:
    head, last = found[0][:-1], found[0][-1]
    if found[0] == "://":
        return "&#58;//"
    return f"{head}&#{ord(last)};"


def markdown(value: Any) -> Any:
    """The same for Markdown: one line, in which nothing is markup, a link or a mention."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    line = BLANKS.sub(" ", visible(value)).strip()
    return Markup(MEANING.sub(_entities, line))


def clip(text: str, most: int) -> str:
    """At most so many characters, the middle left out and said so."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    left_out = len(text) - most
    return f"{text[:head]}\n... {left_out} characters are left out ...\n{text[head + left_out :]}"
