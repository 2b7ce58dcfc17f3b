# SPDX-License-Identifier: Apache-2.0
"""The fixtures of all self-tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted import PlantedTree

from popquiz import paths


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that none is left alone at the end of a run with several workers."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def own_tmp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files are made meanwhile, those of children too; the powerless may enter."""
    with tempfile.TemporaryDirectory() as own:
        Path(own).chmod(0o755)
        monkeypatch.setenv("TMPDIR", own)
        monkeypatch.setattr(tempfile, "tempdir", own)
        yield Path(own)


@pytest.fixture
def planted(tmp_path: Path) -> PlantedTree:
    """A small tree that every gate passes, to plant something in."""
    return PlantedTree(tmp_path)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which one program was built and which has no case yet."""
    monkeypatch.delenv("POPQUIZ_BIN", raising=False)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "conformance" / "popquiz")
    program = tmp_path / "build/release/bin/popquiz-mock"
    program.parent.mkdir(parents=True)
    program.touch()
    (tmp_path / "CMakePresets.json").touch()
    return tmp_path


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a wheel leaves in site-packages."""
    monkeypatch.delenv("POPQUIZ_BIN", raising=False)
    package = tmp_path / "popquiz"
    monkeypatch.setattr(paths, "PACKAGE", package)
    for name in ("bin/popquiz-mock", "data/requirements.tsv"):
        (package / name).parent.mkdir(parents=True)
        (package / name).touch()
    return package
