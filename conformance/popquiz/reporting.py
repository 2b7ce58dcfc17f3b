# SPDX-License-Identifier: Apache-2.0
"""`popquiz report`: results of one run, or of several beside each other, as an HTML page that
needs no network, or as Markdown for the summary of a CI job."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from popquiz import pages, paths, results, schema
from popquiz.errors import Exit, UsageError
from popquiz.runview import ARTIFACT_MAX, Source

HELP = "make an HTML page or a Markdown summary of results"
RESULTS_MAX = 64 * 1024 * 1024  # octets of a results file
ARTIFACT_OCTETS = 4 * ARTIFACT_MAX  # that are read of an artifact
RUNS_MAX = 32  # that a page shows
STDOUT = "-"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "report",
        help=HELP,
        description=__doc__,
        epilog="`popquiz certify` writes both by itself: report.html and summary.md. "
        "In CI: cat out/summary.md >> $GITHUB_STEP_SUMMARY",
    )
    parser.add_argument(
        "results",
        nargs="+",
        metavar="RESULTS.json",
        help=f"what `popquiz certify` wrote, or its folder; several, at most {RUNS_MAX}, are "
        "compared: requirements by servers, and two also case by case",
    )
    parser.add_argument("--html", metavar="FILE", help="where the page goes; - is standard output")
    parser.add_argument("--markdown", metavar="FILE", help="where the summary goes, likewise")


# ---- reading ------------------------------------------------------------------------------------


def parse(name: str, octets: bytes) -> dict[str, Any]:
    """A results document. Raises UsageError with `name` and what is wrong."""
    try:
        found = json.loads(octets.decode("utf-8"))
    except UnicodeDecodeError:
        raise UsageError(f"{name}: is not UTF-8: is it a results.json?") from None
    except RecursionError:
        raise UsageError(f"{name}: is nested too deep for a results.json") from None
    except ValueError as error:
        raise UsageError(f"{name}: is not JSON: {error}") from None
    problem = schema.first_problem(found, results_schema())
    if problem:
        raise UsageError(f"{name}: is no results.json of popquiz: {problem}")
    checked: dict[str, Any] = found
    return checked


def results_schema() -> str:
    return (paths.PACKAGE / "results.schema.json").read_text(encoding="utf-8")


def _artifact(folder: Path, name: str) -> str | None:
    """Its text as far as it can be shown; None when it is not there. Links that lead out of the
    folder are not followed."""
    path = folder / name
    try:
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            return None
        with path.open("rb") as file:
            octets = file.read(ARTIFACT_OCTETS + 1)
    except (OSError, ValueError):
        return None
    more = "\n... the file goes on ..." if len(octets) > ARTIFACT_OCTETS else ""
    return octets[:ARTIFACT_OCTETS].decode("utf-8", "replace") + more


def artifacts(folder: Path, found: dict[str, Any]) -> dict[str, str]:
    """The texts that lie beside the results, by their names."""
    names = (name for case in found["cases"] for name in case["artifacts"])
    texts = ((name, _artifact(folder, name)) for name in names)
    return {name: text for name, text in texts if text is not None}


def read(path: Path) -> Source:
    """Results with what lies beside them. Raises UsageError."""
    file = path / "results.json" if path.is_dir() else path
    try:
        if file.exists() and not file.is_file():
            raise UsageError(f"{file}: is not a file")
        with file.open("rb") as stream:
            octets = stream.read(RESULTS_MAX + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{file}: cannot read the results: {why}") from None
    if len(octets) > RESULTS_MAX:
        raise UsageError(f"{file}: is larger than {RESULTS_MAX} octets")
    found = parse(str(file), octets)
    return Source(found["target"]["name"], found, artifacts(file.parent, found))


def named_apart(sources: Sequence[Source], files: Sequence[Path]) -> list[Source]:
    """Servers of the same name get that of their folder too, and a number if that is not enough."""
    names = [source.name for source in sources]
    folders = [(f if f.is_dir() else f.parent).resolve().name for f in files]
    full = [f"{n} ({f})" if names.count(n) > 1 else n for n, f in zip(names, folders, strict=True)]
    full = [f"{n} {i}" if full.count(n) > 1 else n for i, n in enumerate(full, 1)]
    return [
        Source(name, source.results, source.artifacts)
        for name, source in zip(full, sources, strict=True)
    ]


# ---- writing ------------------------------------------------------------------------------------


def write(where: str, text: str) -> None:
    """Raises SuiteError."""
    if where != STDOUT:
        results.write(Path(where), text)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))


def save(found: dict[str, Any], folder: Path) -> None:
    """What certify leaves beside its results. Raises SuiteError."""
    page = pages.page([Source(found["target"]["name"], found, artifacts(folder, found))])
    results.write(folder / "report.html", pages.html(page))
    results.write(folder / "summary.md", pages.markdown(page))


def run(args: argparse.Namespace) -> int:
    if not args.html and not args.markdown:
        raise UsageError("--html FILE or --markdown FILE is needed: where the report goes")
    if args.html == args.markdown:
        raise UsageError("--html and --markdown need files of their own")
    if len(args.results) > RUNS_MAX:
        raise UsageError(f"at most {RUNS_MAX} results files fit on a page")
    files = [Path(name) for name in args.results]
    page = pages.page(named_apart([read(file) for file in files], files))
    if args.html:
        write(args.html, pages.html(page))
    if args.markdown:
        write(args.markdown, pages.markdown(page))
    return Exit.PASSED
