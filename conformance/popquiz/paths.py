# SPDX-License-Identifier: Apache-2.0
"""Where things are, in a checkout and in an installed wheel.

In a checkout this package lies in conformance/ beside the catalogue, the cases, profiles and
fixtures, and the C programs are in build/release/bin. A wheel carries the C programs in the
package's bin/ and the rest in its data/.
"""

import os
from pathlib import Path

from popquiz.errors import UsageError

PACKAGE = Path(__file__).resolve().parent


class MissingError(UsageError):
    """Something is not there; the text says in one line what, and what to do."""


def checkout() -> Path | None:
    """The root of the checkout that this package runs from; None when it is installed."""
    root = PACKAGE.parent.parent
    return root if (root / "CMakePresets.json").is_file() else None


def _existing(path: Path, cure: str) -> Path:
    if not path.exists():
        raise MissingError(f"{path} is missing: {cure}")
    return path


def program(name: str) -> Path:
    """A C program, such as "popquiz-mock". POPQUIZ_BIN names another folder to take it from."""
    folder = os.environ.get("POPQUIZ_BIN")
    if folder:
        return _existing(Path(folder) / name, "POPQUIZ_BIN must name the folder of the C programs")
    root = checkout()
    if root is None:
        return _existing(PACKAGE / "bin" / name, "install popquiz again")
    cure = f"build it, in {root}: cmake --workflow --preset release"
    return _existing(root / "build" / "release" / "bin" / name, cure)


def find_program(name: str) -> Path | None:
    """The same for what may be missing."""
    try:
        return program(name)
    except MissingError:
        return None


def data(name: str) -> Path:
    """A file or folder beside the package: "requirements.tsv", "cases", "profiles", "fixtures"."""
    root = checkout()
    if root is None:
        return _existing(PACKAGE / "data" / name, "install popquiz again")
    return _existing(root / "conformance" / name, "the checkout is not complete")


def catalogue() -> Path:
    """The list of requirements."""
    return data("requirements.tsv")


def cases() -> Path:
    """The folder of the server cases, one folder in it per RFC."""
    return data("cases")


def fixtures() -> Path:
    """The folder of the maildrops that cases ask for, one folder in it for each."""
    return data("fixtures")


def cache(name: str) -> Path:
    """A folder of ours in the user's cache; it need not exist."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "popquiz" / name


def lab(package: str) -> Path:
    """Where ci/setup unpacked a Debian package that cannot be installed beside the others."""
    return _existing(cache("lab") / package, "run ci/setup")
