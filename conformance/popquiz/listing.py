# SPDX-License-Identifier: Apache-2.0
"""`popquiz list`: the cases, or how much of the catalogue they cover.

EXPR selects by names: of cases, of requirements, of tags and of what cases need; * and ? stand for
anything. `popquiz list 'rfc1939.* and not (slow or destructive)'`
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from popquiz import cases, catalogue, golden, paths, selection
from popquiz.cases import Case
from popquiz.catalogue import Catalogue, Requirement
from popquiz.errors import Exit, UsageError

HELP = "name the cases, or what they cover"
STATES = ("proved", "tested", "no case", "untestable")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "list",
        help=HELP,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("expr", nargs="?", metavar="EXPR", help="which ones")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--coverage", action="store_true", help="requirements instead of cases")
    parser.add_argument("--kills", metavar="FILE", help="what `popquiz mutants --out FILE` wrote")


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "title": case.title,
        "file": str(case.file),
        "req": list(case.reqs),
        "needs": [str(need) for need in case.needs],
        "tags": list(case.tags),
        "rev": case.rev,
    }


# ---- coverage -----------------------------------------------------------------------------------


def _proofs(loaded: Sequence[Case], known: Catalogue, kills: str | None) -> dict[str, set[str]]:
    """For each requirement what shows that a case can fail on it: goldens, mutants, or both."""
    proofs: dict[str, set[str]] = {}
    for case in loaded:
        for name in golden.failing_rows(golden.path_of(case), known):
            proofs.setdefault(name, set()).add("golden")
    for name in _killed(kills) if kills else ():
        proofs.setdefault(name, set()).add("mutant")
    return proofs


def _killed(kills: str) -> Sequence[str]:
    try:
        names: list[str] = json.loads(Path(kills).read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"--kills {kills}: cannot be read: {error}") from None
    return names


def state(row: Requirement, cases: Sequence[str], proofs: Mapping[str, set[str]]) -> str:
    if not row.testable:
        return "untestable"
    if not cases:
        return "no case"
    return "proved" if row.id in proofs else "tested"


def coverage(
    rows: Catalogue, loaded: Sequence[Case], proofs: Mapping[str, set[str]]
) -> list[dict[str, Any]]:
    """Each requirement of servers, and what is known about it."""
    cases: dict[str, list[str]] = {}
    for case in loaded:
        for name in case.reqs:
            cases.setdefault(name, []).append(case.id)
    return [
        {
            "id": row.id,
            "level": row.level,
            "state": state(row, cases.get(row.id, []), proofs),
            "proofs": sorted(proofs.get(row.id, ())),
            "why_not": row.why_not,
            "wire": row.wire,
            "cases": cases.get(row.id, []),
        }
        for row in rows
        if row.side != "client"
    ]


def _summary(found: Sequence[Mapping[str, Any]]) -> str:
    count = Counter(row["state"] for row in found)
    by = Counter(proof for row in found if row["state"] == "proved" for proof in row["proofs"])
    return (
        f"{len(found)} requirements of servers: {count['proved'] + count['tested']} tested "
        f"({by['golden']} proved by goldens, {by['mutant']} by mutants, {count['tested']} not), "
        f"{count['no case']} without a case, {count['untestable']} untestable"
    )


def _coverage(args: argparse.Namespace, rows: Catalogue, loaded: Sequence[Case]) -> None:
    found = coverage(rows, loaded, _proofs(loaded, rows, args.kills))
    if args.expr:
        matches = selection.parse(args.expr)
        found = [row for row in found if matches([row["id"], *row["cases"]])]
    for row in found:
        if args.json:
            print(json.dumps(row))
        else:
            more = row["why_not"] or ", ".join(row["proofs"])
            cases = f"{len(row['cases'])} cases" if row["cases"] else ""
            print(f"{row['id']:18} {row['state']:10} {cases:9} {more}".rstrip())
    if not args.json:
        print(_summary(found))


def run(args: argparse.Namespace) -> int:
    rows = catalogue.read(paths.catalogue())
    loaded = cases.all_for_servers(rows)
    if args.coverage:
        _coverage(args, rows, loaded)
        return Exit.PASSED
    matches = selection.parse(args.expr) if args.expr else None
    for case in loaded:
        if matches and not matches(case.names):
            continue
        if args.json:
            print(json.dumps(_case(case)))
        else:
            needs = f"  [{' '.join(map(str, case.needs))}]" if case.needs else ""
            print(f"{case.id:50} {case.title}{needs}")
    return Exit.PASSED
