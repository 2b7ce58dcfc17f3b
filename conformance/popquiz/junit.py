# SPDX-License-Identifier: Apache-2.0
"""results.json as JUnit files of the Surefire schema: one for each section of an RFC.

That schema has one suite to a file, as Maven writes them: junit/TEST-*.xml.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from popquiz import rules

# Characters that XML 1.0 cannot have, not even as references.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOT_IN_NAME = re.compile(r"[^A-Za-z0-9.]+")
FAILURES = ("FAIL", "CRASH", "HANG", "CHANGED", "FIXED", "FLAKY", "INCONCLUSIVE")
Case = Mapping[str, Any]


def _text(text: str) -> str:
    return FORBIDDEN.sub("?", text)


def _seconds(cases: Iterable[Case]) -> str:
    return f"{sum(case['ms'] for case in cases) / 1000:.3f}"


def _level(case: Case) -> str:
    """The level of the first requirement that is broken, else the verdict."""
    broken = [row["level"] for row in case["rows"] if row["verdict"] in ("FAIL", "WARN")]
    return str(broken[0] if broken else case["verdict"])


def _details(case: Case) -> str:
    lines = [case["title"], case["why"]]
    lines += [f"{charge['rule']}: {rules.line(charge)}" for charge in rules.charges(case)]
    for attempt in case["attempts"][:1]:
        lines += [f"expected: {attempt['expected']}", f"actual: {attempt['actual']}"]
        lines += [incident["text"] for incident in attempt["incidents"]]
    return _text("\n".join((*lines, f"replay: {case['replay']}")))


def _name(case: Case) -> str:
    segment = case["axes"]["segment"]
    return str(case["id"]) if segment == "whole" else f"{case['id']}@{segment}"


def _testcase(suite: ET.Element, case: Case, transcripts: Mapping[str, str]) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        name=_text(_name(case)),
        classname=_text(suite.attrib["name"].replace(" section ", ".").replace(" ", "_")),
        time=_seconds([case]),
    )
    verdict, message = case["verdict"], _text(f"{case['verdict']}: {case['why']}")
    if verdict == "SKIP":
        ET.SubElement(element, "skipped", message=_text(f"{case['skip']}: {case['why']}"))
    elif verdict == "ERROR":
        ET.SubElement(element, "error", message=message, type=verdict).text = _details(case)
    elif verdict in FAILURES:
        failure = ET.SubElement(element, "failure", message=message, type=_level(case))
        failure.text = _details(case)
    said = [transcripts[name] for name in case["artifacts"] if name in transcripts]
    if said:
        ET.SubElement(element, "system-out").text = _text("\n".join(said))


def _count(cases: Iterable[Case], *verdicts: str) -> str:
    return str(sum(case["verdict"] in verdicts for case in cases))


def _suite(clause: str, cases: Sequence[Case], transcripts: Mapping[str, str]) -> str:
    suite = ET.Element(
        "testsuite",
        name=_text(clause),
        tests=str(len(cases)),
        failures=_count(cases, *FAILURES),
        errors=_count(cases, "ERROR"),
        skipped=_count(cases, "SKIP"),
        time=_seconds(cases),
    )
    for case in cases:
        _testcase(suite, case, transcripts)
    ET.indent(suite)
    text = ET.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def render(results: Mapping[str, Any], transcripts: Mapping[str, str]) -> dict[str, str]:
    """Files by their names. `transcripts`: the texts of artifacts by theirs."""
    sections: dict[str, list[Case]] = {}
    for case in results["cases"]:
        sections.setdefault(case["clause"], []).append(case)
    return {
        f"TEST-{NOT_IN_NAME.sub('-', clause).strip('-')}.xml": _suite(clause, cases, transcripts)
        for clause, cases in sections.items()
    }
