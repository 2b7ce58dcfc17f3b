# SPDX-License-Identifier: Apache-2.0
"""ci/bench-bugs: what a trial writes down, how later runs continue, and what is made of it. No
fuzzer runs here."""

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from popquiz import labbuild, paths

CI = paths.PACKAGE.parent.parent / "ci"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The program, with a fuzzer that finds one canary in the second look of each odd trial."""
    monkeypatch.syspath_prepend(str(CI))
    module = importlib.import_module("bench_bugs")

    class Fake:
        def __init__(self, trial: object) -> None:
            self.number = trial.number  # type: ignore[attr-defined]
            self.looks = 0

        def __enter__(self) -> "Fake":
            return self

        def __exit__(self, *why: object) -> None:
            pass

        def begin(self) -> None:
            pass

        def runs(self) -> bool:
            return self.looks < 3

        def counters(self) -> list[tuple[int, int]]:
            self.looks += 1
            return [(self.looks, int(self.looks > 1 and self.number % 2)), (0, 0)]

        def figures(self) -> dict[str, float]:
            return {"execs_per_s": 100.0 * self.number}

        def last_words(self) -> str:
            return "enough"

    monkeypatch.setattr(module.bench_tools, "TOOLS", {"popquiz": Fake})
    monkeypatch.setattr(module, "POLL_S", 0.02)
    monkeypatch.setattr(labbuild, "build", lambda *words, **options: tmp_path)
    return module


def options(results: Path, trials: int, minutes: str = "0.001") -> list[str]:
    return ["--trials", str(trials), "--minutes", minutes, "--results", str(results)]


def test_later_runs_continue(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "out/results.jsonl"
    assert bench.main(options(results, 2)) == 0
    first = results.read_text()
    assert [json.loads(line)["trial"] for line in first.splitlines()] == [1, 2]
    assert bench.main(options(results, 2)) == 0
    assert results.read_text() == first
    assert bench.main(options(results, 3)) == 0
    assert results.read_text().startswith(first)
    record = json.loads(results.read_text().splitlines()[2])
    assert (record["tool"], record["server"], record["seed"]) == ("popquiz", "popa3d", 3)
    seen = record["canaries"]["user-of-40"]
    assert seen["reached"] <= seen["triggered"] <= record["seconds"]
    assert record["canaries"]["pass-above-64"] == {}
    capsys.readouterr()
    assert bench.main([*options(results, 9), "--show"]) == 0
    shown = capsys.readouterr().out
    assert "popquiz: 3 trials, 200 exec/s" in shown
    assert "memory   user-of-40           popquiz 2/3 0." in shown
    assert "memory   pass-above-64        popquiz 0/3 -" in shown


def test_other_minutes_are_other_trials(bench: ModuleType, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    assert bench.main(options(results, 1)) == 0
    assert bench.main(options(results, 1, "0.0011")) == 0
    assert len(results.read_text().splitlines()) == 2


def test_a_fuzzer_that_ends_early_is_no_trial(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.jsonl"
    assert bench.main(options(results, 1, "1")) == 1
    assert not results.exists()
    assert "popquiz ended after 0 s: enough" in capsys.readouterr().err


def test_a_server_without_canaries_is_refused(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(["--server", "twisted", *options(tmp_path / "r", 1)]) == 1
    assert "twisted has no canaries" in capsys.readouterr().err


def test_a_median_counts_never(bench: ModuleType) -> None:
    assert bench.median([1.0, None, 3.0]) == "3.0 s"
    assert bench.median([1.0, None, None]) == "-"
    assert bench.median([4.0]) == "4.0 s"
    assert bench.median([4.0, None]) == "-"


def test_the_maildrop_comes_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    live, pristine = tmp_path / "live", tmp_path / "pristine"
    for top in (live, pristine):
        (top / "new").mkdir(parents=True)
        (top / "new/1").write_text("one")
        os.utime(top / "new/1", (10**9, 10**9))
    monkeypatch.setenv("RESET_LIVE", str(live))
    monkeypatch.setenv("RESET_PRISTINE", str(pristine))
    monkeypatch.syspath_prepend(str(CI))
    sys.modules.pop("bench_reset", None)
    reset = importlib.import_module("bench_reset")
    (live / "new/1").unlink()
    (live / "new/2").write_text("two")
    assert reset.post_process(bytearray(b"x")) == b"x"
    assert [path.name for path in (live / "new").iterdir()] == ["1"]
    assert (live / "new/1").stat().st_mtime == 10**9
    (live / "new/1").write_text("other")
    reset.post_process(bytearray())
    assert (live / "new/1").read_text() == "one"
