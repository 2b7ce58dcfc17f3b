# SPDX-License-Identifier: Apache-2.0
"""`popquiz explain ID`: a requirement with the cases that test it, or a case step by step."""

import argparse
import difflib
import subprocess
import textwrap
from collections.abc import Sequence

from popquiz import cases, catalogue, paths
from popquiz.cases import Case
from popquiz.catalogue import Catalogue, Requirement
from popquiz.errors import Exit, SuiteError, UsageError

HELP = "tell what a requirement or a case is about"
WIDTH = 100


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("explain", help=HELP, description=__doc__)
    parser.add_argument("id", metavar="ID", help="of a requirement, a case, or a row of a case")


def _paragraph(name: str, text: str) -> str:
    """Ids are not broken at their hyphens."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=f"{name:14}",
        subsequent_indent=" " * 14,
        break_on_hyphens=False,
    )


def requirement(row: Requirement, loaded: Sequence[Case]) -> str:
    cases = dict.fromkeys(case.dialogue for case in loaded if row.id in case.reqs)
    pairs = [
        (row.id, f"{row.level}, {row.clause}, for {row.side}"),
        ("says", row.summary),
        ("how to test", row.how_to_test),
        ("precondition", row.precondition),
        ("breach", f"at worst {row.breach.upper()} ({row.reason})"),
        ("impact", row.impact),
        ("on the wire", row.wire if row.wire == "yes" else f"{row.wire}: {row.why_not}"),
        ("cases", ", ".join(cases) or "none"),
    ]
    return "\n".join(_paragraph(name, text) for name, text in pairs if text and text != "none")


def case(found: Case, rows: Catalogue) -> str:
    """What popquiz-dlg tells about the file, and the requirements behind it."""
    command = [str(paths.program("popquiz-dlg")), "explain", str(found.file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if ran.returncode != 0:
        raise SuiteError(ran.stderr.strip())
    lines = [_paragraph(name, f"{rows[name].level}: {rows[name].summary}") for name in found.reqs]
    return f"{found.file}\n{ran.stdout.rstrip()}\n\n" + "\n".join(lines)


def run(args: argparse.Namespace) -> int:
    rows = catalogue.read(paths.catalogue())
    loaded = cases.all_for_servers(rows)
    if args.id in rows:
        print(requirement(rows[args.id], loaded))
        return Exit.PASSED
    for found in loaded:
        if args.id in (found.id, found.dialogue):
            print(case(found, rows))
            return Exit.PASSED
    names = [*rows.rows, *(c.id for c in loaded), *(c.dialogue for c in loaded)]
    near = difflib.get_close_matches(args.id, names, n=1)
    hint = f"; is it {near[0]}?" if near else "; `popquiz list` names the cases"
    raise UsageError(f"{args.id!r} is neither a requirement nor a case{hint}")
