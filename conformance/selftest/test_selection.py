# SPDX-License-Identifier: Apache-2.0
"""Selections mean what they say, and say what is wrong in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from popquiz import selection
from popquiz.errors import UsageError

NAMES = ("rfc1939.retr.stuffing[n=1]", "rfc1939.retr.stuffing", "slow", "RFC1939-3-027")


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("rfc1939.*", True),
        ("RFC1939.RETR.*", True),
        ("rfc2449.*", False),
        ("rfc1939", False),
        ("rfc1939.retr.stuffing[n=1]", True),
        ("rfc1939.retr.stuffing[n=2]", False),
        ("*[n=?]", True),
        ("rfc1939-3-027", True),
        ("not slow", False),
        ("not not slow", True),
        ("rfc1939.* and not slow", False),
        ("rfc2449.* or slow", True),
        ("nothing and nothing or slow", True),
        ("slow or nothing and nothing", True),
        ("(slow or nothing) and nothing", False),
        ("not (nothing or nobody)", True),
        ("not nothing and slow", True),
        ("(((slow)))", True),
    ],
)
def test_a_selection_holds_for_names(text: str, selected: bool) -> None:
    assert selection.parse(text)(NAMES) is selected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a name is missing"),
        ("slow and", "a name is missing"),
        ("and slow", "a name is missing before 'and'"),
        ("slow fast", "'fast' is one word too many"),
        ("(slow", r"a \) is missing"),
        ("slow)", r"'\)' is one word too many"),
        ("not", "a name is missing"),
        ("()", r"a name is missing before '\)'"),
        ("(" * 51 + "x" + ")" * 51, "more than 50 levels"),
    ],
)
def test_a_selection_that_is_wrong_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        selection.parse(text)


def test_fifty_levels_are_not_too_many() -> None:
    assert selection.parse("(" * 50 + "slow" + ")" * 50)(NAMES)


@given(st.text(alphabet="ab*?[]().| \\andornot", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        selected = selection.parse(text)(NAMES)
    except UsageError:
        return
    assert selected in (True, False)


@given(st.text(alphabet="abc.[]=+$^\\", min_size=1, max_size=20))
def test_a_word_without_wildcards_is_only_its_own_name(word: str) -> None:
    if "(" in word or ")" in word:
        return
    chosen = selection.parse(word)
    assert chosen([word]) and not chosen([word + "x"]) and not chosen(["x" + word])
