# SPDX-License-Identifier: Apache-2.0
"""Reads TOML files strictly: every key is asked for by name and type, and the rest is an error.

Errors name the file and, as well as that can be known, the line: the TOML parser keeps no
positions, so the key is looked for in the text.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from popquiz.errors import UsageError

FILE_MAX = 1 << 20  # octets; what is longer is no profile
Value = TypeVar("Value")
_KINDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file and its text."""

    path: Path
    text: str

    def line(self, table: str, index: int, key: str) -> int:
        """Where the key stands, in the table of that name (the index-th of several); 0: unknown."""
        lines = self.text.splitlines()
        header = re.compile(rf"\s*\[+\s*{re.escape(table)}\s*\]+\s*(#.*)?")
        heads = [number for number, line in enumerate(lines) if header.fullmatch(line)]
        start = heads[index] if index < len(heads) else 0
        wanted = re.compile(rf"\s*(\[+\s*([\w.-]+\.)?)?[\"']?{re.escape(key)}[\"']?\s*([=\].]|$)")
        found = (number for number in range(start, len(lines)) if wanted.match(lines[number]))
        return next(found, start - 1 if heads else -1) + 1


def read(path: Path) -> "Table":
    """The top level table of a file. Raises UsageError."""
    try:
        octets = path.read_bytes()
        if len(octets) > FILE_MAX:
            raise UsageError(f"{path}: longer than {FILE_MAX} octets")
        text = octets.decode()
        return Table(Source(path, text), "", 0, tomllib.loads(text))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error


class Table:
    """A table whose keys are taken one by one; end() complains of what nobody took."""

    def __init__(self, source: Source, name: str, index: int, values: Mapping[str, Any]) -> None:
        self.name = name
        self._source = source
        self._index = index
        self._left = dict(values)

    def error(self, key: str, text: str) -> UsageError:
        """An error about a key of this table."""
        line = self._source.line(self.name, self._index, key)
        place = f" in [{self.name}]" if self.name else ""
        return UsageError(f"{self._source.path}:{line}: {key}{place}: {text}")

    def keys(self) -> list[str]:
        return list(self._left)

    def _take(self, key: str, kind: type[Value], default: Value | None) -> Value:
        if key not in self._left:
            if default is None:
                raise self.error(key, "is missing")
            return default
        return self._checked(key, kind, self._left.pop(key))

    def _checked(self, key: str, kind: type[Value], value: object) -> Value:
        # True is an int to Python, and a number without a point may stand for one with it.
        wanted = (int, float) if kind is float else (kind,)
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
            raise self.error(key, f"must be {_KINDS[kind]}")
        return value  # type: ignore[return-value]  # an int where a float is wanted

    def text(self, key: str, default: str | None = None) -> str:
        return self._take(key, str, default)

    def number(self, key: str, default: float | None = None) -> float:
        """A number above 0."""
        value = self._take(key, float, default)
        if value <= 0:
            raise self.error(key, "must be above 0")
        return value

    def whole(self, key: str, default: int) -> int:
        """A whole number from 1, or the default."""
        value = self._take(key, int, default)
        if value < 1 and value != default:
            raise self.error(key, "must be above 0")
        return value

    def flag(self, key: str) -> bool:
        return self._take(key, bool, False)

    def words(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        values = self._take(key, list, None if default is None else list(default))
        return tuple(self._checked(key, str, value) for value in values)

    def texts(self, key: str) -> dict[str, str]:
        """A table of texts under names of its own; empty when it is absent."""
        values = self._take(key, dict, {})
        return {name: self._checked(key, str, value) for name, value in values.items()}

    def _below(self, key: str, index: int, values: Mapping[str, Any]) -> "Table":
        return Table(self._source, f"{self.name}.{key}" if self.name else key, index, values)

    def table(self, key: str) -> "Table | None":
        """[key]; None when it is absent."""
        return self._below(key, 0, self._take(key, dict, {})) if key in self._left else None

    def tables(self, key: str) -> list["Table"]:
        """Each [[key]]."""
        values = enumerate(self._take(key, list, []))
        return [self._below(key, index, self._checked(key, dict, value)) for index, value in values]

    def end(self) -> None:
        for key in self._left:
            raise self.error(key, "is unknown")
