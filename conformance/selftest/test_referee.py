# SPDX-License-Identifier: Apache-2.0
"""What the referee sees beside the cases: in results.json, and nothing for a server that obeys."""

from pathlib import Path

from making import certify, results

SELECT = ("--select", "rfc1939.noop.changes-nothing", "--select", "rfc1939.list.marked")


def seen(folder: Path) -> set[tuple[str, str]]:
    found = results(folder)["findings"]
    return {(f["rule"], f["requirement"]) for f in found if f["kind"] == "referee"}


def test_a_fault_that_the_case_does_not_look_at_is_seen(tmp_path: Path) -> None:
    certify(tmp_path, "mock", *SELECT, "--mock-option", "fault=list-duplicate-line")
    assert all(case["verdict"] == "PASS" for case in results(tmp_path)["cases"])
    assert seen(tmp_path) == {("REF-LIST-TWICE", "RFC1939-5-010")}


def test_a_server_that_obeys_causes_no_finding(tmp_path: Path) -> None:
    certify(tmp_path, "mock", *SELECT)
    assert results(tmp_path)["cases"]
    assert seen(tmp_path) == set()
