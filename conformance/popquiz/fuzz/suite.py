# SPDX-License-Identifier: Apache-2.0
"""A campaign as a JUnit file of the Surefire schema: a test case for the campaign, and one for each
finding."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from popquiz.junit import FORBIDDEN

Found = Mapping[str, Any]


def _text(text: str) -> str:
    return FORBIDDEN.sub("?", text)


def _finding(suite: ET.Element, found: Found) -> None:
    where = {"name": found["id"], "classname": suite.attrib["name"], "time": "0.000"}
    case = ET.SubElement(suite, "testcase", where)
    if found["known"]:
        ET.SubElement(case, "skipped", message=_text(f"known: {found['known']}"))
        return
    kind, message = found["kind"].upper(), _text(found["headline"])
    failure = ET.SubElement(case, "failure", message=message, type=kind)
    failure.text = _text(f"replay: {found['replay']}\n{found['report']}")


def render(campaign: Mapping[str, Any]) -> str:
    found = campaign["findings"]
    seconds = f"{campaign['seconds']:.3f}"
    name = _text(campaign["lane"].replace(":", "."))
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(found) + 1),
        failures=str(sum(not each["known"] for each in found)),
        errors=str(int(bool(campaign["trouble"]))),
        skipped=str(sum(bool(each["known"]) for each in found)),
        time=seconds,
    )
    case = ET.SubElement(suite, "testcase", name="campaign", classname=name, time=seconds)
    if campaign["trouble"]:
        why = _text(campaign["trouble"])
        ET.SubElement(case, "error", message=why, type="TARGET").text = why
    for each in found:
        _finding(suite, each)
    ET.indent(suite)
    text = ET.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
