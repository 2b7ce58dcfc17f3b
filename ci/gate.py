# SPDX-License-Identifier: Apache-2.0
"""What the gates share: the files of a tree, how a finding looks, how a gate ends.

A gate is a program `ci/check-NAME [--root DIR]`. It prints one finding per line, as a compiler
would, and ends with 0 (nothing found), 1 (findings) or 2 (it could not look, or there was nothing
to look at, which would make it a gate that cannot fail). Only the standard library is used here.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

ROOT = Path(__file__).resolve().parent.parent

# Without what git tells its hooks about the checkout that they run in: a gate may look at another.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
TOOL_TIMEOUT_S = 600
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"(?P<ours>[^"]+)"|<(?P<theirs>[^>]+)>)')
# What compilers and linters print: PATH:LINE: or PATH:LINE:COLUMN: and a text.
TOOL_LINE = re.compile(r"(?P<path>[^\s:][^:]*):(?P<line>\d+):(?:\d+:)? *(?P<text>.*)")


class GateError(Exception):
    """The gate cannot look; the text says why and what to do."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    path: str
    line: int
    text: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {kind}{self.text}"


class Tree:
    """The files that git tracks or would track, by their paths below the root."""

    def __init__(self, root: Path, everything: bool = False) -> None:
        self.root = root.resolve()
        self.everything = everything  # what a gate leaves out unless it is asked for
        self.looked_at: set[str] = set()
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listing = capture(command, self.root)
        if listing.returncode != 0:
            raise GateError(f"{self.root} is not a git checkout: {listing.stderr.strip()}")
        names = sorted(set(listing.stdout.split("\0")) - {""})
        self._names = {name: None for name in names if (self.root / name).is_file()}

    def files(self, *patterns: str) -> list[str]:
        """The files that match one of the regular expressions (all without one)."""
        chosen = [
            name
            for name in self._names
            if not patterns or any(re.fullmatch(pattern, name) for pattern in patterns)
        ]
        self.looked_at.update(chosen)
        return chosen

    def scripts(self, language: str, suffix: str) -> list[str]:
        """The files in a script language: by their suffix, or by their first line."""
        chosen = [
            name
            for name in self._names
            if name.endswith(suffix) or ("." not in Path(name).name and language in self.head(name))
        ]
        self.looked_at.update(chosen)
        return chosen

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def lines(self, name: str) -> list[str]:
        return self.read(name).decode("utf-8", "replace").splitlines()

    def head(self, name: str) -> str:
        """The first line of a script, else nothing."""
        with (self.root / name).open("rb") as file:
            start = file.read(80)
        return start.split(b"\n")[0].decode("ascii", "replace") if start[:3] == b"#!/" else ""

    def includes(self, name: str) -> Iterator[tuple[int, re.Match[str]]]:
        """The #include lines of a C file: their numbers, and the header as `ours` or `theirs`."""
        for number, line in enumerate(self.lines(name), 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found

    def header(self, reader: str, header: str) -> str | None:
        """The file that an #include "header" in the file `reader` means; None: there is none.

        A header that CMake makes is its template, NAME.h.in.
        """
        folders = [] if "/" in header else [str(PurePath(reader).parent)]
        places = [f"{folder}/{header}" for folder in (*folders, "src/include", "src")]
        places += [header, *(f"{place}.in" for place in places)]
        return next((name for name in places if name in self._names), None)


def capture(
    command: Sequence[str], folder: Path, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program in a folder, with `text` or nothing as its input, and keeps what it says."""
    return subprocess.run(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TOOL_TIMEOUT_S,
        check=False,
    )


def tool(name: str) -> str:
    """The program of that name: of .venv, else on the PATH."""
    local = ROOT / ".venv" / "bin" / name
    found = str(local) if local.is_file() else shutil.which(name)
    if found is None:
        raise GateError(f"{name} is not installed: run ci/setup")
    return found


def run_tool(
    tree: Tree, command: Sequence[str], line: re.Pattern[str] = TOOL_LINE, text: str | None = None
) -> Iterator[Finding]:
    """Runs a tool in the root; each line of its output that matches is a finding.

    A tool that fails without a line that matches gives one finding with all it said.
    """
    ran = capture([tool(command[0]), *command[1:]], tree.root, text)
    if ran.returncode == 0:
        return
    found = False
    for said in (ran.stdout + ran.stderr).splitlines():
        match = line.match(said)
        path = os.path.relpath(tree.root / match["path"], tree.root) if match else ""
        # What a tool notes about a header of the system says nothing by itself.
        if match and not path.startswith("../"):
            found = True
            yield Finding(path, int(match["line"]), match["text"])
    if not found:
        yield Finding(command[0], 0, f"failed: {(ran.stdout + ran.stderr).strip()}")


def compilation(tree: Tree) -> list[str]:
    """Configures the dev preset, where the tree has one; what tells clang-tidy of its commands."""
    if not (tree.root / "CMakePresets.json").is_file():
        return []
    ran = capture([tool("cmake"), "--preset", "dev"], tree.root)
    if ran.returncode != 0:
        raise GateError(f"cmake --preset dev failed: {ran.stderr.strip()}")
    return ["-p", str(tree.root / "build" / "dev")]


def include_flags(tree: Tree) -> list[str]:
    """Where headers are found: ours, and what else some file is compiled with."""
    compilation(tree)
    database = tree.root / "build/dev/compile_commands.json"
    text = database.read_text() if database.is_file() else ""
    ours = [tree.root / folder for folder in (".", "src", "src/include")]
    others = {Path(path) for path in re.findall(r"(?:-I|-isystem )(/\S+)", text)} - set(ours)
    return [*(f"-I{path}" for path in ours), *sorted(f"-isystem{path}" for path in others)]


def _report(name: str, tree: Tree, findings: Sequence[Finding]) -> int:
    for finding in findings:
        print(finding)
    errors = sum(not finding.warning for finding in findings)
    if errors == 0 and not tree.looked_at:
        raise GateError(f"found nothing to look at in {tree.root}")
    verdict = f"{errors} findings" if errors else "ok"
    print(f"{name}: {verdict} ({len(tree.looked_at)} files)")
    return 1 if errors else 0


def main(
    doc: str | None, check: Callable[[Tree], Iterable[Finding]], everything: str | None = None
) -> None:
    """Runs a gate as a program, and exits; `everything` is what its --all does, if it has that."""
    name = Path(sys.argv[0]).name
    parser = argparse.ArgumentParser(
        prog=f"ci/{name}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree to look at (this one)")
    if everything:
        parser.add_argument("--all", action="store_true", help=everything)
    try:
        options = parser.parse_args()
        tree = Tree(options.root, everything is not None and options.all)
        sys.exit(_report(name, tree, sorted(set(check(tree)))))
    except (GateError, OSError, subprocess.TimeoutExpired) as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(2)
