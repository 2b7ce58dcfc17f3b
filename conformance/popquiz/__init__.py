# SPDX-License-Identifier: Apache-2.0
"""Finds out whether a POP3 server or client obeys the RFCs, and what happens when it does not."""

import importlib.metadata
import re

from popquiz import paths


def _version() -> str:
    """CMakeLists.txt has the version; an installed wheel knows it as its own."""
    root = paths.checkout()
    if root is None:
        return importlib.metadata.version("popquiz")
    found = re.search(r"project\(popquiz VERSION (\S+)", (root / "CMakeLists.txt").read_text())
    if found is None:
        raise paths.MissingError(f"{root / 'CMakeLists.txt'} names no version of popquiz")
    return found[1]


__version__ = _version()
