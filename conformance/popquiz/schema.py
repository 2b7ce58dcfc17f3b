# SPDX-License-Identifier: Apache-2.0
"""Checks a JSON value against results.schema.json: the keywords of JSON Schema that it uses, and
an error for any other, so that none is overlooked."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
ANNOTATIONS = {"$schema", "$defs", "title", "description"}
SHOWN = 60  # characters of a value in a complaint
Schema = Mapping[str, Any]


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _has_type(value: Any, names: str | list[str]) -> bool:
    """True and False are no integers, as in JSON."""
    wanted = [names] if isinstance(names, str) else names
    if isinstance(value, bool):
        return "boolean" in wanted
    return any(isinstance(value, TYPES[name]) for name in wanted)


# Each keyword: whether a value of the type that it is about obeys it.
SIMPLE: dict[str, tuple[type, Any]] = {
    "const": (object, lambda value, wanted: value == wanted),
    "enum": (object, lambda value, wanted: value in wanted),
    "type": (object, _has_type),
    "pattern": (str, lambda value, wanted: re.search(wanted, value)),
    "minLength": (str, lambda value, wanted: len(value) >= wanted),
    "minimum": (int, lambda value, wanted: value >= wanted),
    "minItems": (list, lambda value, wanted: len(value) >= wanted),
    "maxItems": (list, lambda value, wanted: len(value) <= wanted),
    "required": (dict, lambda value, wanted: set(wanted) <= set(value)),
}
PARTS = {"properties", "additionalProperties", "propertyNames", "items", "$ref"}


class Checker:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def problems(self, value: Any) -> Iterator[str]:
        """What is wrong with the value, and where; nothing when it fits."""
        return self._check("", value, self.schema)

    def _check(self, where: str, value: Any, schema: Schema) -> Iterator[str]:
        if "$ref" in schema:
            schema = self.schema["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        for keyword, wanted in schema.items():
            if keyword in SIMPLE:
                kind, obeys = SIMPLE[keyword]
                if isinstance(value, kind) and not obeys(value, wanted):
                    need = f"needs {keyword} {_shown(wanted)}"
                    yield f"{where or 'the whole'} is {_shown(value)}: {need}"
            elif keyword not in PARTS | ANNOTATIONS:
                raise NotImplementedError(f"the keyword {keyword} of the schema")
        if isinstance(value, dict):
            yield from self._check_object(where, value, schema)
        if isinstance(value, list) and "items" in schema:
            for number, item in enumerate(value):
                yield from self._check(f"{where}[{number}]", item, schema["items"])

    def _check_object(self, where: str, value: dict[str, Any], schema: Schema) -> Iterator[str]:
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name, item in value.items():
            inside = f"{where}.{_shown(name)[1:-1]}".lstrip(".")
            yield from self._check(f"the name {inside}", name, schema.get("propertyNames", {}))
            if name in known:
                yield from self._check(inside, item, known[name])
            elif others is False:
                yield f"{inside} is not known"
            elif others is not True:
                yield from self._check(inside, item, others)


def first_problem(value: Any, schema_text: str) -> str | None:
    return next(Checker(json.loads(schema_text)).problems(value), None)
