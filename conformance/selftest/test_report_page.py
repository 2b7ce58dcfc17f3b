# SPDX-License-Identifier: Apache-2.0
"""The HTML report in a browser: it asks nothing of the network, can be read, and can be used."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser
from fake_results import HOSTILE, document, page, saved
from making import certify, popquiz

from popquiz import pages

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SHOWN = "[...document.querySelectorAll('#rows > tr')].filter(r => r.offsetHeight).length"
FILTER = """(() => {{
    const form = document.getElementById("filters");
    form.reset();
    form.{name}.value = {value!r};
    form.dispatchEvent(new Event("input"));
    return [{shown}, document.getElementById("count").textContent];
}})()"""
CONTRAST = """(() => {
    const light = (color) => {
        const [r, g, b] = color.match(/\\d+/g).slice(0, 3).map((c) => c / 255)
            .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const back = getComputedStyle(document.body).backgroundColor;
    return Math.min(...[...document.querySelectorAll(".v, .dim, a, dt, body")].map((each) => {
        const style = getComputedStyle(each);
        const own = style.backgroundColor;
        const pair = [light(style.color), light(own === "rgba(0, 0, 0, 0)" ? back : own)].sort();
        return Math.max(...pair) / Math.min(...pair);
    }));
})()"""


# One browser and one set of pages for all of them.
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What certify leaves of a server that is fine and of one with a fault, and a page of both."""
    folder = tmp_path_factory.mktemp("real")
    fault = ("--mock-option", "fault=retr-no-dot-stuffing")
    for name, words, status in (("fine", (), 0), ("fault", fault, 1)):
        (folder / name).mkdir()
        assert certify(folder / name, "mock", *words).returncode == status
    ran = popquiz(
        "report", folder / "fine/out", folder / "fault/out", "--html", folder / "both.html"
    )
    assert ran.returncode == 0, ran.stderr
    return folder


def opened(chromium: Browser, path: Path, width: int = 1280, scheme: str = "light") -> Browser:
    """A page that has nothing to complain about and asks for nothing but itself."""
    chromium.complaints.clear()
    chromium.open(path, width, scheme)
    assert chromium.complaints == []
    assert {url for url in chromium.requests if not url.startswith("data:")} == {path.as_uri()}
    return chromium


@pytest.mark.parametrize("name", ["fault/out/report.html", "both.html"])
def test_a_page_fits_a_small_screen(chromium: Browser, real: Path, name: str) -> None:
    for scheme in ("light", "dark"):
        shown = opened(chromium, real / name, 360, scheme)
        assert shown.value(OVERFLOW) == 0
        shown.value("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert shown.value(OVERFLOW) == 0


def test_a_filter_shows_what_it_says(chromium: Browser, real: Path) -> None:
    shown = opened(chromium, real / "fault/out/report.html")
    everything = shown.value(SHOWN)

    def filtered(name: str, value: str) -> int:
        count, told = shown.value(FILTER.format(name=name, value=value, shown=SHOWN))
        assert told == f"{count} of {everything} requirements"
        return int(count)

    found = json.loads((real / "fault/out/results.json").read_text())["requirements"]
    assert filtered("verdict", "FAIL") == sum(row["verdict"] == "FAIL" for row in found) > 0
    in_rfc = sum(row["id"].startswith("RFC2449-") for row in found)
    assert everything > filtered("rfc", "RFC2449") == in_rfc > 0
    assert filtered("text", "rfc1939-3-027 EXTRA") == 1
    assert filtered("text", "there is no such text") == 0
    assert filtered("text", "") == everything == len(found)


def test_a_link_opens_its_case(chromium: Browser, real: Path) -> None:
    shown = opened(chromium, real / "both.html")
    click = "document.querySelector('#rows a').click()"
    shown.value(click)
    target = "document.querySelector(':target')"
    shown.call(
        "Runtime.evaluate", expression="new Promise(requestAnimationFrame)", awaitPromise=True
    )
    assert shown.value(f"[{target}.tagName, {target}.open]") == ["DETAILS", True]
    shown.value(f"{target}.open = false; {click}")
    assert shown.value(f"{target}.open") is True
    assert chromium.complaints == []


def test_a_hostile_page_runs_nothing(chromium: Browser, tmp_path: Path) -> None:
    file = saved(tmp_path, document(text=HOSTILE, name=HOSTILE), said=HOSTILE)
    (tmp_path / "page.html").write_text(pages.html(page(file)))
    shown = opened(chromium, tmp_path / "page.html", 360)
    assert shown.value(OVERFLOW) == 0
    assert shown.value("document.querySelectorAll('script, img').length") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_verdict_can_be_read(chromium: Browser, tmp_path: Path, scheme: str) -> None:
    (tmp_path / "page.html").write_text(pages.html(page(saved(tmp_path, document()))))
    shown = opened(chromium, tmp_path / "page.html", scheme=scheme)
    assert shown.value(CONTRAST) >= 4.5
