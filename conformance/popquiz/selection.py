# SPDX-License-Identifier: Apache-2.0
"""Selections: `rfc1939.* and not (slow or destructive)`.

A word is a name, in which `*` stands for anything and `?` for one character; it is true for what
has such a name, in upper or lower case. `not` binds closer than `and`, and that closer than `or`.
"""

import re
from collections.abc import Callable, Iterable

from popquiz.errors import UsageError

Selection = Callable[[Iterable[str]], bool]  # of the names that something has

TOKEN = re.compile(r"\s*(?:([()])|([^\s()]+))")
NESTING_MAX = 50


def _tokens(text: str) -> list[str]:
    """Words, and parentheses, which are words of their own."""
    return [paren or word for paren, word in TOKEN.findall(text)]


def _word(pattern: str) -> Selection:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    matches = re.compile(escaped, re.IGNORECASE | re.DOTALL).fullmatch
    return lambda names: any(matches(name) for name in names)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.depth = 0

    def fail(self, what: str) -> UsageError:
        return UsageError(f"selection {self.text!r}: {what}; see `popquiz list --help`")

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, word: str) -> bool:
        taken = self.peek().lower() == word
        if taken:
            del self.tokens[0]
        return taken

    def either(self) -> Selection:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return lambda names: any(part(names) for part in parts)

    def both(self) -> Selection:
        parts = [self.factor()]
        while self.take("and"):
            parts.append(self.factor())
        return lambda names: all(part(names) for part in parts)

    def factor(self) -> Selection:
        negate = False
        while self.take("not"):
            negate = not negate
        inner = self.group() if self.take("(") else self.word()
        return (lambda names: not inner(names)) if negate else inner

    def group(self) -> Selection:
        self.depth += 1
        if self.depth > NESTING_MAX:
            raise self.fail(f"more than {NESTING_MAX} levels of parentheses")
        inner = self.either()
        if not self.take(")"):
            raise self.fail("a ) is missing")
        self.depth -= 1
        return inner

    def word(self) -> Selection:
        word = self.peek()
        if word.lower() in ("", ")", "and", "or"):
            raise self.fail(f"a name is missing before {word!r}" if word else "a name is missing")
        del self.tokens[0]
        return _word(word)


def words(text: str) -> list[str]:
    """The names in a selection."""
    return [word for word in _tokens(text) if word.lower() not in ("(", ")", "and", "or", "not")]


def parse(text: str) -> Selection:
    """Raises UsageError."""
    parser = _Parser(text)
    selection = parser.either()
    if parser.tokens:
        raise parser.fail(f"{parser.tokens[0]!r} is one word too many: join with `and` or `or`")
    return selection
