# SPDX-License-Identifier: Apache-2.0
"""The list of requirements is read exactly, or refused with the line that is wrong."""

import hashlib
from dataclasses import astuple

import pytest
from making import requirement

from popquiz import catalogue, paths
from popquiz.errors import SuiteError

HEAD = "\t".join(catalogue.COLUMNS)
GOOD = "\t".join(astuple(requirement("RFC1939-5-001", level="SHOULD", side="both")))


def parse(*lines: str) -> catalogue.Catalogue:
    return catalogue.parse("list.tsv", ("\n".join(lines) + "\n").encode())


def test_a_row_has_the_columns_of_its_line() -> None:
    found = parse(HEAD, GOOD)["RFC1939-5-001"]
    assert astuple(found) == tuple(GOOD.split("\t"))
    assert (found.rfc, found.clause, found.strength) == ("RFC1939", "RFC1939 section 5", "should")
    assert found.testable and not found.mandatory


def test_the_digest_is_that_of_the_file() -> None:
    text = f"{HEAD}\n{GOOD}\n".encode()
    assert parse(HEAD, GOOD).sha256 == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("id\tlevel", GOOD), r"list.tsv:1: the columns must be id, level"),
        ((HEAD, GOOD + "\tmore"), r"list.tsv:2: 14 columns; there must be 13"),
        ((HEAD, GOOD.rpartition("\t")[0]), r"list.tsv:2: 12 columns"),
        ((HEAD, GOOD, GOOD), r"list.tsv:3: RFC1939-5-001 is there twice"),
        ((HEAD, GOOD.replace("\tfail\t", "\tworse\t")), r"list.tsv:2: breach is 'worse'"),
        ((HEAD, GOOD.replace("\tSHOULD\t", "\tOUGHT\t")), r"list.tsv:2: level is 'OUGHT'"),
        ((HEAD, GOOD, ""), r"list.tsv:3: 1 columns"),
    ],
)
def test_a_line_that_is_wrong_is_named(lines: tuple[str, ...], told: str) -> None:
    with pytest.raises(SuiteError, match=told):
        parse(*lines)


def test_what_a_client_must_do_cannot_be_tested_on_a_server() -> None:
    assert not requirement("RFC1939-5-001", side="client").testable
    assert not requirement("RFC1939-5-001", wire="no").testable
    assert requirement("RFC1939-5-001", wire="adapter", side="both").testable


def test_our_own_catalogue_is_good() -> None:
    rows = catalogue.read(paths.catalogue())
    assert len(rows.rows) >= 625
    assert rows["RFC1939-3-027"].impact == "data-loss"
