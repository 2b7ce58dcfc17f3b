# SPDX-License-Identifier: Apache-2.0
"""Results files as tests of reports need them: a case of each verdict, and any text everywhere."""

import json
from pathlib import Path
from typing import Any

from popquiz import pages, reporting

HOSTILE = (
    '</pre><script>alert(1)</script><img src=x onerror=alert(1)>" '
    "\x00\u202e\ud800 | [x](http://y) `"
)
VERDICTS = ("CRASH", "FAIL", "WARN", "KNOWN", "NOTE", "PASS", "SKIP")
IDS = {"FAIL": "RFC1939-3-027", "WARN": "RFC1939-3-011", "KNOWN": "RFC2595-4-009"}
ROW_VERDICTS = {"KNOWN": "FAIL", "FAIL": "FAIL", "WARN": "WARN", "NOTE": "NOTE"}
IMPACTS = {"RFC1939-3-027": "data-loss", "RFC2595-4-009": "security"}


def case(verdict: str, name: str, text: str) -> dict[str, Any]:
    """A case of a results file, with the text wherever a text may be."""
    row = {"id": IDS.get(verdict, "RFC1939-5-001"), "level": "MUST"}
    quiet = verdict in ("PASS", "SKIP")
    attempt = {
        "verdict": "FAIL",
        "way": text,
        "why": text,
        "section": "test",
        "line": 7,
        "expected": text,
        "actual": text,
        "barrier": {},
        "incidents": [{"kind": "signal", "text": text}],
        "ms": 1,
    }
    return {
        "id": name,
        "rev": 1,
        "title": text,
        "clause": text,
        "axes": {"tls": "none", "segment": "whole", "login": text},
        "verdict": verdict,
        "why": text,
        "skip": "adapter" if verdict == "SKIP" else None,
        "breach": "fail",
        "branch": text if verdict == "NOTE" else "",
        "way": text,
        "alone": verdict,
        "referee": [],
        "known": "the reason" if verdict == "KNOWN" else "",
        "blame": text,
        "rows": [row | {"verdict": ROW_VERDICTS.get(verdict, "PASS")}],
        "attempts": [] if quiet else [attempt],
        "ms": 1,
        "replay": "" if quiet else text,
        "artifacts": [] if quiet else [f"cases/{name}.txt", f"cases/{name}.dlg"],
    }


def document(*verdicts: str, text: str = "plain", name: str = "server") -> dict[str, Any]:
    """A results file with a case of each verdict."""
    cases = [case(verdict, f"x.{verdict.lower()}", text) for verdict in verdicts or VERDICTS]
    rows = {row["id"]: row for each in cases for row in each["rows"]}
    requirement = {"clause": text, "summary": text, "breach": "fail", "wire": "yes", "cases": []}
    score = {"rfc": text, "grade": "B", "must": [1, 2], "implied": [0, 0], "should": [3, 4]}
    score |= {"untested": 5, "adapter": 1, "testable": 9, "cap": text, "text": text}
    return {
        "schema": 1,
        "suite": text,
        "date": "2026-01-02T03:04:05+00:00",
        "catalogue_sha256": "0" * 64,
        "profile": text,
        "target": {
            "name": name,
            "banner": text,
            "capa": {"before": [text], "after": None},
            "configuration": text,
            "config_sha256": "0" * 64,
            "patience_ms": 1,
        },
        "seed": 1,
        "partial": True,
        "trouble": text,
        "cases": cases,
        "requirements": [
            row | requirement | {"impact": IMPACTS.get(row["id"], "none")} for row in rows.values()
        ],
        "findings": [{"kind": "crash", "case": text, "text": text}],
        "baseline": [text],
        "summary": {
            "grade": "F",
            "rfcs": [score],
            "verdicts": {each["verdict"]: 1 for each in cases},
            "exit": 1,
        },
    }


def refereed(name: str, text: str, known: str = "", verdict: str = "FAIL") -> dict[str, Any]:
    """A case that passes, and beside which the referee saw something."""
    charge = {"rule": "REF-STAT-COUNT", "requirement": "RFC1939-5-007", "verdict": verdict}
    charge |= {"known": known, "why": text, "expected": text, "actual": text}
    found = case("KNOWN" if known else verdict, name, text)
    return found | {
        "alone": "PASS",
        "known": known,
        "referee": [charge | {"conn": 1, "dir": "S", "offset": 70}],
        "rows": [{"id": "RFC1939-5-007", "level": "MUST", "verdict": verdict}],
    }


def saved(folder: Path, found: dict[str, Any], said: str = "said") -> Path:
    """The results as certify leaves them, each artifact with the same text."""
    (folder / "cases").mkdir(parents=True)
    for each in found["cases"]:
        for name in each["artifacts"]:
            (folder / name).write_text(said, encoding="utf-8", errors="surrogatepass")
    path = folder / "results.json"
    path.write_text(json.dumps(found))
    return path


def page(*files: Path) -> pages.Page:
    sources = [reporting.read(file) for file in files]
    return pages.page(reporting.named_apart(sources, files))
