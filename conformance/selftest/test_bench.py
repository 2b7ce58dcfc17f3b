# SPDX-License-Identifier: Apache-2.0
"""ci/bench measures what is cheap to measure, tells it, and is not upset by a missed figure."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from planted import CI

from popquiz import paths

KEYS = {"part", "what", "value", "unit", "figure", "at_most", "ratio", "reached", "detail"}

# What bench_core says: a machine that copies as fast as it decodes.
CORE = {
    "decoding_octets_per_s": {"memcpy": 4e9, "framer": 4e9, "dot": 4e9, "framer_dot": 4e9},
    "retr_octets_per_s": {"1024": 2e9, "16384": 4e9, "1073741824": 4e9},
    "retr_grown_kib": 0,
    "server_commands_per_s": 6e6,
    "referee_commands_per_s": 1e6,
}


def bench(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(CI / "bench"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def lines_of(file: Path) -> list[dict[str, Any]]:
    told = json.loads(file.read_text())
    assert told["schema"] == 1
    assert told["machine"]["processors"] >= 1
    assert told["seconds"] > 0
    return list(told["lines"])


def plant(build: Path, told: object) -> None:
    """A bench_core that says this."""
    program = build / "harness/bench/bench_core"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(told)}\nEND\n")
    program.chmod(0o755)


def core_of(tmp_path: Path, **more: object) -> tuple[str, list[dict[str, Any]]]:
    """What ci/bench makes of such a bench_core: its table, and its lines."""
    plant(tmp_path, CORE | more)
    file = tmp_path / "bench.json"
    ran = bench("--build", tmp_path, "--only", "core", "--json", file)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout, lines_of(file)


def test_the_cheap_parts_are_measured_and_told_in_one_shape(tmp_path: Path) -> None:
    release = paths.program("popquiz-mock").parent.parent
    if not (release / "harness/bench/bench_core").is_file():
        pytest.skip("the programs come without the harness")
    file = tmp_path / "bench.json"
    ran = bench(
        *("--build", release, "--json", file),
        *("--only", "core", "--only", "idle", "--connections", "20"),
    )
    assert ran.returncode == 0, ran.stderr
    lines = lines_of(file)
    assert [line["part"] for line in lines] == ["core"] * 6 + ["idle"]
    assert all(line.keys() == KEYS for line in lines)
    # No growth at all is the usual thing.
    assert all(line["value"] > 0 for line in lines if line["unit"] != "KiB")
    # 20 connections cost the mock next to nothing beside itself.
    assert lines[-1]["what"] == "mock with 20 idle connections"
    assert 1 < lines[-1]["value"] < 100
    assert len(ran.stdout.splitlines()) == 1 + len(lines) + 1


def test_a_ratio_says_how_far_a_figure_is_reached(tmp_path: Path) -> None:
    table, lines = core_of(tmp_path)
    assert [line["value"] for line in lines] == [1, 0.5, 2, 0, 6e6, 1e6]
    assert [line["ratio"] for line in lines] == [4, 2, 2, None, 2, 2]
    assert all(line["reached"] for line in lines)
    assert "6 figures, 6 reached, 0 MISSED" in table


def test_a_missed_figure_is_shown_and_is_no_failure(tmp_path: Path) -> None:
    table, lines = core_of(tmp_path, server_commands_per_s=2_999_999, retr_grown_kib=65)
    assert [line["reached"] for line in lines] == [True, True, True, False, False, True]
    assert table.count("MISSED") == 3
    assert "6 figures, 4 reached, 2 MISSED" in table


def test_a_figure_is_reached_by_its_very_value(tmp_path: Path) -> None:
    _, lines = core_of(tmp_path, server_commands_per_s=3_000_000, retr_grown_kib=64)
    assert [line["ratio"] for line in lines[3:5]] == [1, 1]
    assert all(line["reached"] for line in lines)


def test_a_part_that_cannot_be_measured_fails_the_run_and_leaves_the_others(tmp_path: Path) -> None:
    plant(tmp_path, CORE)
    file = tmp_path / "bench.json"
    ran = bench("--build", tmp_path, "--only", "idle", "--only", "core", "--json", file)
    assert ran.returncode == 1
    assert "idle was not measured" in ran.stderr
    assert "popquiz-mock is missing" in ran.stderr
    assert [line["part"] for line in lines_of(file)] == ["core"] * 6


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    ran = bench("--build", tmp_path, "--only", "idle", "--json", tmp_path / "none" / "bench.json")
    assert ran.returncode == 1
    assert "none/bench.json" in ran.stderr
    assert "idle" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_help_says_that_a_missed_figure_is_no_failure() -> None:
    ran = bench("--help")
    assert ran.returncode == 0
    assert "A missed figure is no failure" in " ".join(ran.stdout.split())


@pytest.mark.parametrize("option", ["--only=nonsense", "--rounds=0", "--connections=many"])
def test_a_wrong_option_is_named(option: str) -> None:
    ran = bench(option)
    assert ran.returncode == 2
    assert option.partition("=")[0] in ran.stderr
