# SPDX-License-Identifier: Apache-2.0
"""The fuzz targets under AFL++, in persistent mode; libFuzzer has test_fuzz_smoke.py."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from planted import ROOT

from popquiz.fuzz import presets

TARGET = "fuzz_reply"
QUIET = {
    "AFL_NO_UI": "1",
    "AFL_NO_AFFINITY": "1",
    "AFL_SKIP_CPUFREQ": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
}


MUTATOR = ROOT / "build/release/bin/popquiz-mutator.so"


def run(*words: str | Path, **environment: str) -> str:
    ran = subprocess.run(
        list(map(str, words)),
        cwd=ROOT,
        env={**os.environ, **QUIET, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def program() -> Path:
    with presets.alone():
        run("cmake", "--preset", "afl")
        run("cmake", "--build", "--preset", "afl", "--target", TARGET)
    return ROOT / "build/afl/harness" / TARGET


def fuzz(program: Path, out: Path, *options: str, **environment: str) -> dict[str, str]:
    """Runs the engine from the seeds; its statistics, of the instance that -M or -S names."""
    words = ("afl-fuzz", *options, "-i", f"corpus/seeds/{TARGET}", "-o", out, "--", program)
    run(*words, **environment)
    name = options[-1] if options[-2] in ("-M", "-S") else "default"
    stats = (out / name / "fuzzer_stats").read_text(encoding="utf-8")
    return dict(map(str.strip, line.split(":", 1)) for line in stats.splitlines())


def test_a_target_searches(program: Path, tmp_path: Path) -> None:
    found = fuzz(program, tmp_path, "-V", "2")
    seeds = len(list((ROOT / "corpus/seeds" / TARGET).iterdir()))
    assert int(found["corpus_count"]) > seeds
    assert found["saved_crashes"] == "0" and "persistent" in found["target_mode"]


def test_the_mutator_finds_inputs_beside_havoc_and_names_them(
    program: Path, tmp_path: Path
) -> None:
    mutator = {"AFL_CUSTOM_MUTATOR_LIBRARY": str(MUTATOR), "POPQUIZ_MUTATOR": "replies"}
    found = fuzz(program, tmp_path, "-E", "4000", "-s", "1", **mutator)
    assert found["saved_crashes"] == "0" and int(found["execs_done"]) >= 4000
    names = [path.name for path in (tmp_path / "default/queue").glob("id:*")]
    ours = [name for name in names if re.search(r",execs:\d+,[a-z]+(\+[a-z]+)*(,\+cov)?$", name)]
    assert ours and any(",op:havoc" in name for name in names), names


def test_the_main_instance_takes_what_another_has_found(program: Path, tmp_path: Path) -> None:
    fuzz(program, tmp_path, "-E", "3000", "-S", "other")
    found = fuzz(program, tmp_path, "-E", "3000", "-M", "main", AFL_IMPORT_FIRST="1")
    assert int(found["corpus_imported"]) > 0
    assert list((tmp_path / "main/queue").glob("*sync:other*"))
