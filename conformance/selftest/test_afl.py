# SPDX-License-Identifier: Apache-2.0
"""The fuzz targets under AFL++, in persistent mode; libFuzzer has test_fuzz_smoke.py."""

import os
import subprocess
from pathlib import Path

from planted import ROOT

TARGET = "fuzz_reply"
QUIET = {
    "AFL_NO_UI": "1",
    "AFL_NO_AFFINITY": "1",
    "AFL_SKIP_CPUFREQ": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
}


def run(*words: str | Path) -> str:
    ran = subprocess.run(
        list(map(str, words)),
        cwd=ROOT,
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_target_searches(tmp_path: Path) -> None:
    run("cmake", "--preset", "afl")
    run("cmake", "--build", "--preset", "afl", "--target", TARGET)
    program = ROOT / "build/afl/harness" / TARGET
    run("afl-fuzz", "-V", "2", "-i", f"corpus/seeds/{TARGET}", "-o", tmp_path, "--", program)
    stats = (tmp_path / "default/fuzzer_stats").read_text(encoding="utf-8")
    found = dict(map(str.strip, line.split(":", 1)) for line in stats.splitlines())
    seeds = len(list((ROOT / "corpus/seeds" / TARGET).iterdir()))
    assert int(found["corpus_count"]) > seeds
    assert found["saved_crashes"] == "0" and "persistent" in found["target_mode"]
