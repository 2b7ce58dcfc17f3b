# SPDX-License-Identifier: Apache-2.0
"""The package finds its version, its data and the C programs, in a checkout and in a wheel."""

import re
import tomllib
from pathlib import Path

import pytest
from planted import ROOT

import popquiz
from popquiz import cli, paths


def test_version_is_that_of_cmake(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"VERSION (\d+\.\d+\.\d+) ", (ROOT / "CMakeLists.txt").read_text())
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert found and capsys.readouterr().out == f"popquiz {found[1]}\n"
    assert popquiz.__version__ == found[1]


def test_no_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert capsys.readouterr().err.startswith("usage: popquiz")


def test_a_checkout_has_its_programs_in_the_release_build(built: Path) -> None:
    assert paths.program("popquiz-mock") == built / "build/release/bin/popquiz-mock"


def test_a_program_that_is_not_built_says_how_to_build_it(built: Path) -> None:
    with pytest.raises(paths.MissingError, match=r"popquiz-play is missing: .* --preset release"):
        paths.program("popquiz-play")


def test_another_build_can_be_named(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POPQUIZ_BIN", str(built))
    (built / "popquiz-play").touch()
    assert paths.program("popquiz-play") == built / "popquiz-play"
    with pytest.raises(paths.MissingError, match="POPQUIZ_BIN"):
        paths.program("popquiz-mock")


def test_a_checkout_without_cases_says_so(built: Path) -> None:
    with pytest.raises(paths.MissingError, match="cases is missing"):
        paths.cases()


def test_a_wheel_has_everything_in_the_package(installed: Path) -> None:
    assert paths.checkout() is None
    assert paths.program("popquiz-mock") == installed / "bin/popquiz-mock"
    assert paths.catalogue() == installed / "data/requirements.tsv"


def test_this_checkout_has_its_catalogue() -> None:
    assert paths.catalogue() == ROOT / "conformance/requirements.tsv"


def test_the_lab_is_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(paths.MissingError, match="run ci/setup"):
        paths.lab("popa3d")
    (tmp_path / "popquiz/lab/popa3d").mkdir(parents=True)
    assert paths.lab("popa3d") == tmp_path / "popquiz/lab/popa3d"


def test_what_the_wheel_depends_on_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = re.findall(r"^([\w-]+)==", (ROOT / "ci/requirements.txt").read_text(), re.M)
    names = {re.split(r"[<>=~!]", entry)[0] for entry in project["dependencies"]}
    assert names <= set(locked)
