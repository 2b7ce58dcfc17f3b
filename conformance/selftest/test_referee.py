# SPDX-License-Identifier: Apache-2.0
"""What the referee sees beside the cases: in results.json, and nothing for a server that obeys."""

from pathlib import Path

from making import certify, results

SELECT = ("--select", "rfc1939.list.marked")
TWICE = ("--mock-option", "fault=list-duplicate-line")


def seen(folder: Path) -> set[tuple[str, str]]:
    found = results(folder)["findings"]
    return {(f["rule"], f["requirement"]) for f in found if f["kind"] == "referee"}


def test_a_fault_that_the_case_does_not_look_at_fails_it(tmp_path: Path) -> None:
    ran = certify(tmp_path, "mock", *SELECT, *TWICE)
    found = results(tmp_path)
    assert ran.returncode == 1
    assert {(case["verdict"], case["alone"]) for case in found["cases"]} == {("FAIL", "PASS")}
    assert {case["way"] for case in found["cases"]} == {"refused.ref-list-twice"}
    assert {len(case["attempts"]) for case in found["cases"]} == {3}
    assert seen(tmp_path) == {("REF-LIST-TWICE", "RFC1939-5-010")}
    broken = {row["id"] for row in found["requirements"] if row["verdict"] == "FAIL"}
    assert broken == {"RFC1939-5-010"}


def test_a_baseline_has_one_entry_for_all_cases(tmp_path: Path) -> None:
    base = tmp_path / "b.baseline"
    certify(tmp_path, "mock", *SELECT, *TWICE, "--baseline", str(base), "--update-baseline")
    (entry,) = base.read_text().splitlines()[1:]
    assert entry.startswith("*#ref-list-twice  KNOWN  disputed")
    ran = certify(tmp_path, "mock", *SELECT, *TWICE, "--baseline", str(base))
    assert ran.returncode == 0
    assert {case["verdict"] for case in results(tmp_path)["cases"]} == {"KNOWN"}


def test_a_server_that_obeys_causes_no_finding(tmp_path: Path) -> None:
    certify(tmp_path, "mock", *SELECT)
    assert results(tmp_path)["cases"]
    assert seen(tmp_path) == set()
