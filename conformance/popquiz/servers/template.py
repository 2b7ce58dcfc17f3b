# SPDX-License-Identifier: Apache-2.0
"""Texts with {names} in them, for the configuration files and commands of profiles.

A name is lower-case letters, digits and _, in braces. {{name}} stands for a literal {name}. All
other braces are literal, since configuration files are full of them. What is put in is not looked
at again.
"""

import re
from collections.abc import Mapping

WORD = "[a-z][a-z0-9_]*"
PLACE = re.compile(rf"\{{\{{(?P<literal>{WORD})\}}\}}|\{{(?P<name>{WORD})\}}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class TemplateError(ValueError):
    """A name has no value, or one that has no place in a configuration file."""


def names(text: str) -> frozenset[str]:
    """The names that `text` wants values for."""
    return frozenset(found["name"] for found in PLACE.finditer(text) if found["name"])


def fill(text: str, values: Mapping[str, str]) -> str:
    """Puts the values in. Raises TemplateError for a name without a value, and for a value with a
    control character, which could begin a line of its own."""

    def value(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return f"{{{found['literal']}}}"
        if name not in values:
            raise TemplateError(f"there is no {{{name}}}; there are: {' '.join(sorted(values))}")
        if CONTROL.search(values[name]):
            raise TemplateError(f"the value of {{{name}}} has a control character")
        return values[name]

    return PLACE.sub(value, text)
