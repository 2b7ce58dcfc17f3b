# SPDX-License-Identifier: Apache-2.0
"""`popquiz report`: what the page and the summary say, that nothing in them is markup of others,
and what happens to files that are not as they should be."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fake_results import HOSTILE, document, page, refereed, saved
from hypothesis import given
from hypothesis import strategies as st
from making import popquiz
from markdown_it import MarkdownIt

from popquiz import catalogue, harmless, pages, paths, reporting, runview, schema
from popquiz.errors import UsageError


class Reader(HTMLParser):
    """What a browser would see: elements, their attributes, and the text outside of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] not in (["script"], ["style"]):
            self.text += data

    def values(self, attribute: str) -> list[str | None]:
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]


# ---- the page -----------------------------------------------------------------------------------


def test_results_of_these_tests_fit_the_schema() -> None:
    jsonschema.validate(document(text=HOSTILE), json.loads(reporting.results_schema()))


def test_findings_come_worst_first_and_open_to_all_there_is(tmp_path: Path) -> None:
    html = pages.html(page(saved(tmp_path, document(), said="what was said")))
    shown = Reader(html)
    cases = [attrs["id"] for tag, attrs in shown.elements if tag == "details"]
    assert cases == ["c0-0", "c0-1", "c0-2", "c0-3", "c0-4"]  # neither PASS nor SKIP
    order = [html.index(f"<code>x.{name}#") for name in ("crash", "fail", "warn", "known")]
    assert order == sorted(order)
    assert "the reason" in shown.text and "2026-01-02T03:04:05" in shown.text
    assert shown.text.count("what was said") == 10
    for word in ("RFC1939-3-027", "1/2", "expected", "actual", "See it again"):
        assert word in shown.text


def beside(text: str = "plain", known: str = "") -> dict[str, Any]:
    """Results with a rule that is broken beside three cases, and a case that fails by itself."""
    found = document("FAIL", "NOTE", text=text)
    found["cases"] += [refereed(f"y.{name}", text, known) for name in "abc"]
    row = {"id": "RFC1939-5-007", "level": "MUST", "verdict": "FAIL", "impact": "none"}
    found["requirements"].append(found["requirements"][0] | row)
    return found


def test_what_the_referee_saw_is_shown_once_with_its_cases_inside(tmp_path: Path) -> None:
    html = pages.html(page(saved(tmp_path, beside())))
    shown = Reader(html)
    ids = [attrs["id"] for tag, attrs in shown.elements if tag == "details"]
    assert len(ids) == len(set(ids)) == 6
    assert ids[0] == "r0-0" and shown.text.count("REF-STAT-COUNT in 3 cases") == 1
    assert "y.a, y.b, y.c" in shown.text
    links = {str(link) for link in shown.values("href")} - {"data:,"}
    assert {link.removeprefix("#") for link in links} <= set(shown.values("id"))
    text = pages.markdown(page(saved(tmp_path / "m", beside())))
    assert text.count("REF-STAT-COUNT in 3 cases") == 1 and "y.a" not in text
    known = pages.markdown(page(saved(tmp_path / "k", beside(known="why"))))
    assert "REF-STAT-COUNT" not in known


def test_texts_of_the_referee_are_no_markup(tmp_path: Path) -> None:
    jsonschema.validate(beside(HOSTILE, HOSTILE), json.loads(reporting.results_schema()))
    html = pages.html(page(saved(tmp_path, beside(HOSTILE, HOSTILE))))
    assert "<script>alert" not in html and "<img" not in html


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    one, two = saved(tmp_path / "a", document()), saved(tmp_path / "b", document("NOTE", "PASS"))
    for files in ([one], [one, two]):
        shown = Reader(pages.html(page(*files)))
        links = {str(link) for link in shown.values("href")} - {"data:,"}
        ids = shown.values("id")
        assert links and {link.removeprefix("#") for link in links} <= set(ids)
        assert len(ids) == len(set(ids))


def test_the_questions_are_answered_from_the_impact(tmp_path: Path) -> None:
    found = page(saved(tmp_path, document()))
    answers = {text: answer.verdict for text, (answer,) in found.questions}
    assert answers == {
        "Loses or changes mail?": "FAIL",
        "Lets commands through STLS?": "FAIL",
        "Breaks security in any way?": "FAIL",
        "Miscounts octets?": "UNTESTED",
        "Crashes, hangs or eats memory?": "FAIL",
    }
    (crash,) = dict(found.questions)["Crashes, hangs or eats memory?"]
    assert [found.name for found in crash.cases] == ["x.crash"] and not crash.broken
    injected = document("KNOWN")
    injected["requirements"][0]["verdict"] = injected["cases"][0]["rows"][0]["verdict"] = "WARN"
    lenient = page(saved(tmp_path / "lenient", injected))
    assert dict(lenient.questions)["Lets commands through STLS?"][0].verdict == "WARN"
    fine = page(saved(tmp_path / "fine", document("PASS")))
    assert {answer.verdict for _, (answer,) in fine.questions} == {"UNTESTED"}


def test_an_answer_counts_what_is_broken_or_the_cases_when_only_they_tell(tmp_path: Path) -> None:
    found = dict(page(saved(tmp_path, document())).questions)
    assert found["Crashes, hangs or eats memory?"][0].text == "yes: a case"
    assert found["Loses or changes mail?"][0].text == "yes: 1 of 1 tested"
    assert found["Miscounts octets?"][0].text == "not tested"


def test_servers_have_a_row_each_with_their_answers(tmp_path: Path) -> None:
    one, two = saved(tmp_path / "a", document()), saved(tmp_path / "b", document("PASS"))
    html = pages.html(page(one, two))
    table = html[html.index('<table class="answers many">') : html.index("</table>")]
    first, second = table.partition("<tbody>")[2].split("</tr>")[:2]
    assert table.count('<th scope="row">') == 2
    assert "yes: a case" in first and 'href="#c0-0"' in first
    assert "yes" not in second and second.count("not tested") == len(runview.QUESTIONS)


def test_the_questions_ask_for_requirements_that_exist() -> None:
    rows = catalogue.read(paths.catalogue())
    for name in (*runview.INJECTION, *runview.COUNTING):
        assert rows[name].testable


def test_servers_stand_beside_each_other_with_what_differs_first(tmp_path: Path) -> None:
    one = saved(tmp_path / "one", document("PASS", "FAIL", name="a"))
    other = saved(tmp_path / "other", document("PASS", "FAIL", "NOTE", name="b"))
    found = json.loads(other.read_text())
    for row in found["requirements"]:
        row["verdict"] = "PASS"
    other.write_text(json.dumps(found))
    both = page(one, other)
    assert [row.requirement["id"] for row in both.rows] == ["RFC1939-3-027", "RFC1939-5-001"]
    assert [cell.verdict for cell in both.rows[0].cells] == ["FAIL", "PASS"]
    assert [[text for text, _ in cells] for _, cells in both.census] == [["-", "plain"]]
    assert dict(both.changes)["played in one only"] == [pages.Change("x.note", "-", "NOTE#plain")]


def test_two_runs_are_compared_case_by_case(tmp_path: Path) -> None:
    first, second = document("PASS", "FAIL", "NOTE"), document("PASS", "FAIL", "NOTE")
    first["cases"][0]["way"] = ""
    second["cases"][0] |= {"verdict": "FAIL", "way": "lost"}
    second["cases"][1]["verdict"] = "WARN"
    second["cases"][2]["branch"] = "shared"
    both = page(saved(tmp_path / "a", first), saved(tmp_path / "b", second))
    assert {kind: [str(c.after) for c in changes] for kind, changes in both.changes} == {
        "worse": ["FAIL#lost"],
        "better": ["WARN#plain"],
        "another way": ["NOTE#shared"],
        "played in one only": [],
    }


def test_servers_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = [saved(tmp_path / name, document("PASS")) for name in ("a", "b", "c/a")]
    names = [run.name for run in page(*files).runs]
    assert names == ["server (a) 1", "server (b)", "server (a) 3"]


# ---- what is hostile ----------------------------------------------------------------------------


def test_nothing_hostile_is_markup_in_the_page(tmp_path: Path) -> None:
    files = [
        saved(tmp_path / str(n), document(text=HOSTILE, name=HOSTILE), said=HOSTILE)
        for n in range(2)
    ]
    plain = [saved(tmp_path / f"p{n}", document()) for n in range(2)]
    for hostile, tame in ((files[:1], plain[:1]), (files, plain)):
        html = pages.html(page(*hostile))
        shown, like = Reader(html), Reader(pages.html(page(*tame)))
        tags = [tag for tag, _ in shown.elements]
        assert tags == [tag for tag, _ in like.elements]
        assert tags.count("script") == 1 and "img" not in tags
        names = {name for _, attrs in shown.elements for name in attrs}
        assert not [name for name in names if name.startswith("on") or name in ("src", "style")]
        assert not set(html) & set("\0\u202e\ud800")
        assert "\\x00\\u202e\\ud800" in shown.text


def test_nothing_hostile_is_markup_in_the_summary(tmp_path: Path) -> None:
    file = saved(tmp_path, document(text=HOSTILE, name=HOSTILE), said=HOSTILE)
    text = pages.markdown(page(file))
    parser = MarkdownIt("gfm-like", {"linkify": False})
    kinds = {
        token.type for block in parser.parse(text) for token in [block, *(block.children or ())]
    }
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "code_inline", "fence"}
    assert "table_open" in kinds
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} <= {3, 5}
    assert "http://" not in text and not set(text) & set("\0\u202e\ud800`")


@given(st.text())
def test_what_cannot_be_seen_is_shown_as_its_number(text: str) -> None:
    shown = harmless.visible(text)
    shown.encode("utf-8")
    assert all(c in "\n\t" or c.isprintable() or c.isspace() for c in shown)
    assert harmless.visible(shown) == shown
    assert "\n" not in harmless.markdown(text)


@pytest.mark.parametrize(("length", "clipped"), [(9, False), (10, False), (11, True)])
def test_long_texts_lose_their_middle(length: int, clipped: bool) -> None:
    text = "abcdefghijk"[:length]
    shown = harmless.clip(text, 10)
    assert (shown != text) == clipped
    assert not clipped or (shown.startswith("abcdef\n... 1 char") and shown.endswith("\nhijk"))


def test_the_policy_allows_our_script_only(tmp_path: Path) -> None:
    shown = Reader(pages.html(page(saved(tmp_path, document()))))
    policy = next(a["content"] for t, a in shown.elements if "http-equiv" in a)
    assert policy and "default-src 'none'" in policy and "unsafe-inline" not in policy


# ---- artifacts ----------------------------------------------------------------------------------


def test_artifacts_that_are_gone_are_told(tmp_path: Path) -> None:
    file = saved(tmp_path, document("FAIL"))
    (tmp_path / "cases/x.fail.txt").unlink()
    (found,) = page(file).runs[0].found
    assert found.transcript == "(cases/x.fail.txt is not beside the results)"
    assert found.dialogue == "said"


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    file = saved(tmp_path / "out", document("FAIL"))
    (tmp_path / "secret").write_text("of another")
    link = tmp_path / "out/cases/x.fail.txt"
    link.unlink()
    link.symlink_to(tmp_path / "secret")
    assert "not beside" in page(file).runs[0].found[0].transcript


def test_huge_artifacts_are_shown_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path, document("CRASH", "FAIL"), said="x" * (reporting.ARTIFACT_OCTETS + 1))
    found = page(file).runs[0].found[0]
    assert runview.ARTIFACT_MAX < len(found.transcript) < runview.ARTIFACT_MAX + 100
    assert "characters are left out" in found.transcript
    monkeypatch.setattr(runview, "ARTIFACTS_MAX", runview.ARTIFACT_MAX + 100)
    crash, fail = page(file).runs[0].found
    assert "xxx" in crash.transcript
    assert fail.dialogue == "(cases/x.fail.dlg is not shown: the page would get too large)"


# ---- files --------------------------------------------------------------------------------------

BAD = {
    "nothing": (b"", "is not JSON: "),
    "text": (b"no", "is not JSON: "),
    "octets": (b"\xff{}", "is not UTF-8"),
    "deep": (b"[" * 100_000, "is nested too deep|is not JSON"),
    "other": (b"[1]", r"the whole is \[1\]: needs type 'object'"),
    "empty": (b"{}", r"the whole is \{\}: needs required"),
    "digits": (b"1" * 5000, "is not JSON: "),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_results_gets_one_line(name: str) -> None:
    octets, complaint = BAD[name]
    with pytest.raises(UsageError, match=f"^r.json: .*({complaint})") as caught:
        reporting.parse("r.json", octets)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("schema",), 2, "schema is 2: needs const 1"),
        (("seed",), -1, "seed is -1: needs minimum 0"),
        (("seed",), True, "seed is True: needs type"),
        (("cases", 0, "verdict"), "<b>", r"cases\[0\].verdict is '<b>': needs enum"),
        (("cases", 0, "artifacts"), ["../x"], r"artifacts\[0\] is '../x': needs pattern"),
        (("cases", 0, "rows"), {}, r"cases\[0\].rows is \{\}: needs type 'array'"),
        (("summary", "verdicts"), {"X": 1}, "the name summary.verdicts.X"),
        (("summary", "rfcs", 0, "must"), [1], "needs minItems 2"),
        (("more",), 1, "more is not known"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_with_the_place(
    path: tuple[str | int, ...], value: Any, complaint: str
) -> None:
    found = document()
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, json.loads(reporting.results_schema()))
    with pytest.raises(UsageError, match=complaint):
        reporting.parse("r.json", json.dumps(found).encode())


def test_an_unknown_keyword_of_the_schema_is_not_overlooked() -> None:
    with pytest.raises(NotImplementedError, match="maximum"):
        schema.first_problem(1, '{"maximum": 0}')


def test_a_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path, document("PASS"))
    monkeypatch.setattr(reporting, "RESULTS_MAX", file.stat().st_size)
    reporting.read(file)
    monkeypatch.setattr(reporting, "RESULTS_MAX", file.stat().st_size - 1)
    with pytest.raises(UsageError, match="is larger than"):
        reporting.read(file)


# ---- the command --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (("{out}",), 2, "--html FILE or --markdown FILE is needed"),
        (("{out}", "--html", "-", "--markdown", "-"), 2, "files of their own"),
        (("{out}/none", "--html", "-"), 2, "none: cannot read the results: No such file"),
        (("/dev/null", "--html", "-"), 2, "/dev/null: is not a file"),
        (("{out}", "--html", "{out}/no/../results.json/x"), 4, "cannot be written"),
        (("{out}",) * 33 + ("--html", "-"), 2, "at most 32"),
    ],
)
def test_mistakes_get_one_line(
    tmp_path: Path, words: tuple[str, ...], status: int, complaint: str
) -> None:
    saved(tmp_path, document("PASS"))
    ran = popquiz("report", *(word.replace("{out}", str(tmp_path)) for word in words))
    assert ran.returncode == status
    assert complaint in ran.stderr and ran.stderr.count("\n") == 1


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    saved(tmp_path, document("PASS"))
    (tmp_path / "page.html.new").symlink_to("/dev/full")
    ran = popquiz("report", tmp_path, "--html", tmp_path / "page.html")
    assert (ran.returncode, ran.stderr.count("\n")) == (4, 1)
    assert "page.html: cannot be written: No space left" in ran.stderr


def test_the_summary_goes_to_standard_output(tmp_path: Path) -> None:
    saved(tmp_path, document())
    ran = popquiz("report", tmp_path, "--markdown", "-")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("## F: server\n")
    verdicts = re.findall(r"^\| ([A-Z]+)(?: \([a-z-]+\))? \| x\.", ran.stdout, re.M)
    assert verdicts == ["CRASH", "FAIL", "WARN"]


def test_the_summary_is_short(tmp_path: Path) -> None:
    found = document(*["FAIL"] * (pages.SUMMARY_CASES + 1))
    text = pages.markdown(page(saved(tmp_path, found)))
    assert text.count("| FAIL ") == pages.SUMMARY_CASES
    assert "and 1 more: see report.html" in text
