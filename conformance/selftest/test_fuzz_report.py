# SPDX-License-Identifier: Apache-2.0
"""What a campaign leaves: a page that can be read, and files that their readers take."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import defusedxml.ElementTree
import pytest
import xmlschema
from browser import Browser, browser
from fake_results import HOSTILE
from markdown_it import MarkdownIt

from popquiz.fuzz import chart, page, progress, report, sarif, suite
from popquiz.fuzz.engine import Stats
from popquiz.fuzz.progress import Sample

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# No surrogate: texts come from octets, or were made whole before.
WICKED = HOSTILE.replace("\ud800", "")
XSD = Path(__file__).parent / "junit.xsd"


def finding(**more: Any) -> dict[str, Any]:
    found = {
        "id": "heap-buffer-overflow-12345678",
        "kind": "crash",
        "what": "heap-buffer-overflow",
        "headline": "crash: heap-buffer-overflow in list",
        "frames": ["list", "session"],
        "source_line": "src/list.c:17",
        "process": "child",
        "signal": "SIGABRT",
        "report": "ERROR: AddressSanitizer",
        "known": "",
        "seconds": 12.5,
        "inputs": 3,
        "again": [5, 5],
        "octets": 17,
        "octets_before": 400,
        "replay": "popquiz replay out/findings/x/input.raw --lab popa3d",
    }
    return found | more


def unstable(**more: Any) -> dict[str, Any]:
    """A function whose edges come and go."""
    each = {"function": "do_root", "file": "pop_root.c", "lines": [120, 131], "program": "popa3d"}
    return each | {"edges": [7, 8, 11]} | more


def document(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = {
        "version": "0.1.0",
        "date": "2026-11-21T18:00:00+00:00",
        "lane": "lab:popa3d",
        "built": {"target": "popa3d 1.0.3"},
        "engine": "afl",
        "jobs": 2,
        "seed": 1,
        "runs_before": 0,
        "seconds": 61.0,
        "execs": 12345,
        "speed": 202,
        "edges": 300,
        "edges_of": 640,
        "corpus": 99,
        "stability": 99.5,
        "transaction": 71.0,
        "ends": {"functions": 9, "called": 7, "whole": 6, "missed": [missed(), missed(missed=30)]},
        "unstable": [unstable()],
        "trouble": "",
        "interrupted": False,
        "exit": 1,
        "silent": [],
        "findings": list(found),
    }
    return told | more


def missed(**more: Any) -> dict[str, Any]:
    """A function that is not reached to its last line."""
    told = {"function": "pq_x" * 30, "place": "src/base/x.c:1", "lines": 30, "missed": 12}
    return told | more


def saved(folder: Path, told: dict[str, Any]) -> Path:
    rows = [Sample(n, Stats(n * 100, 100, n * 10, n), 0).row for n in range(1, 60)]
    (folder / progress.FILE).write_text("\t".join(progress.COLUMNS) + "\n" + "".join(rows))
    for each in told["findings"]:
        place = folder / "findings" / each["id"]
        place.mkdir(parents=True, exist_ok=True)
        (place / "input.dlg").write_text(f"#!dlg 1\n# {each['headline']}\n")
        (place / "transcript.txt").write_text(f"S: +OK\nC: {each['headline']}\n")
    report.save(told, folder)
    return folder / "report.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


# ---- the page -----------------------------------------------------------------------------------


def test_the_page_asks_for_nothing_and_fits(chromium: Browser, tmp_path: Path) -> None:
    known = finding(id="known-00000001", known="an old one (true, until never)")
    path = saved(tmp_path, document(finding(), known))
    for width, scheme in ((1280, "light"), (360, "dark")):
        chromium.complaints.clear()
        chromium.open(path, width, scheme)
        assert chromium.complaints == []
        asked = {url for url in chromium.requests if not url.startswith("data:")}
        assert asked == {path.as_uri()}
        assert chromium.value(OVERFLOW) == 0
    assert chromium.value("document.querySelectorAll('svg polyline.curve').length") == 2
    assert chromium.value("document.querySelectorAll('svg .mark').length") == 2
    cells = "[...document.querySelectorAll('#ends ~ table td:last-child')].map((e) => e.innerText)"
    assert chromium.value(cells) == ["12 of 30", "30 of 30: never called", "3"]
    cells = "[...document.querySelectorAll('#unstable ~ table td')].map((e) => e.innerText)"
    assert chromium.value(cells) == ["popa3d, pop_root.c:120, 131", "3"]
    opened = "[...document.querySelectorAll('details')].map((each) => each.open)"
    assert chromium.value(opened) == [True, False]
    height = "document.querySelector('svg').getBoundingClientRect().height"
    assert chromium.value(height) > 80


def test_a_hostile_page_runs_nothing(chromium: Browser, tmp_path: Path) -> None:
    texts = ("headline", "report", "process", "known", "replay")
    wicked = missed(function=WICKED, place=WICKED)
    ends = {"functions": 9, "called": 7, "whole": 6, "missed": [wicked]}
    found = finding(**dict.fromkeys(texts, WICKED))
    odd = [unstable(function=WICKED, file=WICKED, program=WICKED)]
    path = saved(tmp_path, document(found, trouble=WICKED, ends=ends, unstable=odd))
    chromium.complaints.clear()
    chromium.open(path, 360)
    assert chromium.complaints == []
    assert chromium.value(OVERFLOW) == 0
    assert chromium.value("document.querySelectorAll('script, img, iframe').length") == 0


def test_a_curve_holds_its_ends() -> None:
    points = [(float(n), float(n % 7)) for n in range(5000)]
    thin = chart.thin(points)
    assert len(thin) == chart.POINTS_MAX and thin[0] == points[0] and thin[-1] == points[-1]
    assert chart.curve([], "x") == ""
    assert "&lt;" in chart.curve([(0.0, 0.0)], "<x>")


# ---- files for programs -------------------------------------------------------------------------


def test_junit_is_taken_by_its_schema(tmp_path: Path) -> None:
    hostile = finding(headline=WICKED, report="\0\x1b", id="x-1")
    told = document(finding(), hostile, finding(id="y-1", known="old"), trouble="it died")
    text = suite.render(told)
    (tmp_path / "junit.xml").write_text(text, encoding="utf-8")
    xmlschema.XMLSchema(str(XSD)).validate(str(tmp_path / "junit.xml"))
    read: ET.Element = defusedxml.ElementTree.fromstring(text)
    counts = [read.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["4", "2", "1", "1"]


def test_sarif_has_the_shape_of_its_schema() -> None:
    unknown = finding(id="x-1", kind="hang", what="hang", source_line="", frames=[], known="old")
    told = json.loads(sarif.render(document(finding(), unknown)))
    assert told["version"] == "2.1.0" and told["$schema"].endswith("sarif-2.1.0.json")
    (run,) = told["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["crash/heap-buffer-overflow", "hang"]
    first, second = run["results"]
    for each in (first, second):
        assert rules[each["ruleIndex"]] == each["ruleId"] and each["level"] == "error"
        assert each["message"]["text"] and each["partialFingerprints"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/list.c"
    assert place["region"] == {"startLine": 17} and "suppressions" not in first
    place = second["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "findings/x-1/input.raw"
    assert second["suppressions"][0]["justification"] == "old"


def test_the_summary_is_one_table(tmp_path: Path) -> None:
    many = [finding(id=f"x-{n:03}", headline=HOSTILE) for n in range(60)]
    text = page.markdown(page.Page(document(*many)))
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<tr>") == 51 and "<script" not in html and "and 10 more" in html
    assert "None" not in page.markdown(page.Page(document(transaction=None)))
