# SPDX-License-Identifier: Apache-2.0
"""ci/coverage: what it counts, and what it shows as missing."""

import subprocess
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest
from planted import CI, ROOT


def loaded() -> Any:
    """The program as a module."""
    loader = SourceFileLoader("ci_coverage", str(CI / "coverage"))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


coverage = loaded()


def summary(covered: int, count: int) -> dict[str, int]:
    return {"covered": covered, "count": count}


def file(name: str, lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, Any]:
    both = {"lines": summary(*lines), "branches": summary(*branches)}
    return {"filename": name, "summary": both, "segments": [], "branches": []}


def test_every_target_is_replayed_and_nothing_else() -> None:
    """Seeds of servers lie beside those of targets."""
    names = coverage.targets()
    assert {"fuzz_framer", "fuzz_referee_transcript"} <= set(names)
    assert all((ROOT / "harness" / f"{name}.c").is_file() for name in names)
    assert not set(names) & {"server"}


@pytest.mark.parametrize(
    ("lines", "branches", "reaches"),
    [((95, 100), (90, 100), True), ((94, 100), (90, 100), False), ((95, 100), (89, 100), False)],
)
def test_a_module_reaches_both_figures_or_none(
    lines: tuple[int, int], branches: tuple[int, int], reaches: bool
) -> None:
    half = [tuple(each // 2 for each in pair) for pair in (lines, branches)]
    rest = [(a - b, c - d) for (a, c), (b, d) in zip((lines, branches), half, strict=True)]
    names = ("src/wire/a.c", "src/wire/b.h")
    files = [file(names[0], *half), file(names[1], *rest), file("src/wire/x/c.c", (0, 9), (0, 9))]
    module = coverage.sum_up(files)["wire"]
    assert (module.lines.covered, module.lines.all) == lines
    assert module.reaches is reaches


def test_what_is_missing_is_shown_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "ROOT", tmp_path)
    (tmp_path / "a.c").write_text("one\n  two\nthree\nfour\n")
    # From line 2 on nothing ran, up to a region in line 3 that did; a condition in line 4.
    segments = [[1, 1, 5, True], [2, 3, 0, True], [3, 1, 4, True], [4, 1, 0, False]]
    each = file("a.c", (2, 4), (1, 2))
    each |= {"segments": segments, "branches": [[4, 1, 4, 4, 7, 0], [1, 1, 1, 4, 1, 1]]}
    assert list(coverage.explain(each)) == [
        "a.c:2: not run: two",
        "a.c:3: not run: three",
        "a.c:4: never false: four",
    ]


def test_a_folder_that_was_not_built_is_named(tmp_path: Path) -> None:
    words = [str(CI / "coverage"), "--build", str(tmp_path)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1 and ran.stderr.count("\n") == 1
    assert f"{tmp_path}/harness was not built: no fuzz_base " in ran.stderr
