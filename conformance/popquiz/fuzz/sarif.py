# SPDX-License-Identifier: Apache-2.0
"""The findings of a campaign as SARIF 2.1.0, which code hosts show beside the source."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"
TEXT_MAX = 4000
Found = Mapping[str, Any]


def _uri(path: str) -> str:
    return quote(path)


def _location(found: Found) -> dict[str, Any]:
    """The line of the innermost frame where it is known, else the input."""
    file, _, line = found["source_line"].rpartition(":")
    if file and line.isdigit():
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
        place["region"] = {"startLine": max(int(line), 1)}
    else:
        name = PurePosixPath("findings") / found["id"] / "input.raw"
        place = {"artifactLocation": {"uri": _uri(str(name))}}
    logical = [{"name": name} for name in found["frames"][:1]]
    return {"physicalLocation": place, **({"logicalLocations": logical} if logical else {})}


def _result(found: Found, rules: list[str]) -> dict[str, Any]:
    text = f"{found['headline']}\n\nreplay: {found['replay']}\n\n{found['report']}"
    result: dict[str, Any] = {
        "ruleId": rule_of(found),
        "ruleIndex": rules.index(rule_of(found)),
        "level": "error",
        "message": {"text": text[:TEXT_MAX]},
        "locations": [_location(found)],
        "partialFingerprints": {"popquizSignature/v1": found["id"]},
    }
    if found["known"]:
        result["suppressions"] = [{"kind": "external", "justification": found["known"]}]
    return result


def rule_of(found: Found) -> str:
    words = "".join(c if c.isalnum() else "-" for c in found["what"]).strip("-")
    return f"{found['kind']}/{words}" if words and words != found["kind"] else str(found["kind"])


def render(campaign: Mapping[str, Any]) -> str:
    rules = sorted({rule_of(found) for found in campaign["findings"]})
    run = {
        "tool": {
            "driver": {
                "name": "popquiz",
                "semanticVersion": campaign["version"],
                "rules": [
                    {"id": rule, "shortDescription": {"text": rule.replace("/", ": ")}}
                    for rule in rules
                ],
            }
        },
        "automationDetails": {"id": f"popquiz-fuzz/{campaign['lane']}/"},
        "invocations": [
            {
                "executionSuccessful": not campaign["trouble"],
                "exitCode": campaign["exit"],
                "endTimeUtc": campaign["date"].replace("+00:00", "Z"),
            }
        ],
        "results": [_result(found, rules) for found in campaign["findings"]],
    }
    document = {"$schema": SCHEMA, "version": VERSION, "runs": [run]}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
