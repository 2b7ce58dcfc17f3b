# SPDX-License-Identifier: Apache-2.0
"""What a campaign leaves for programs and people: campaign.json, and what is made of it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from popquiz import results
from popquiz.fuzz import findings, page, progress, sarif, suite

TEXT_OCTETS = 32768  # that are read of a file


def _text(path: Path) -> str:
    """Its beginning; empty when it is not there."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(TEXT_OCTETS).decode("utf-8", "replace")


def _texts(campaign: Mapping[str, Any], out: Path) -> Iterator[tuple[str, str]]:
    for found in campaign["findings"]:
        for name in (findings.DIALOGUE, findings.TRANSCRIPT):
            key = f"{found['id']}/{name}"
            yield key, _text(out / findings.FOLDER / key)


def save(campaign: Mapping[str, Any], out: Path) -> None:
    """Raises SuiteError."""
    shown = page.Page(campaign, progress.read(out), dict(_texts(campaign, out)))
    text = json.dumps(campaign, indent=1, ensure_ascii=False)
    results.write(out / "campaign.json", text + "\n")
    results.write(out / "report.html", page.html(shown))
    results.write(out / "summary.md", page.markdown(shown))
    results.write(out / "junit.xml", suite.render(campaign))
    results.write(out / "findings.sarif", sarif.render(campaign))
