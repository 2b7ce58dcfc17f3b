# SPDX-License-Identifier: Apache-2.0
"""`popquiz golden`: records of what a server did in a case, and what the judge must make of it.

record plays cases against the built-in server, as it is and with faults, and writes ID.golden
beside each dialogue. Recording again plays the same faults again, and keeps runs written by hand.
check plays all records through the judge, without a server, and names cases whose records do not
show every branch, or nothing that fails.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from popquiz import cases, catalogue, options, paths, results, runner, sanity
from popquiz.cases import Case
from popquiz.catalogue import Catalogue
from popquiz.errors import Exit, SuiteError, UsageError
from popquiz.fixtures import Fixtures
from popquiz.record import Job
from popquiz.schedule import Rules
from popquiz.target_mock import MockConfig, MockTarget, options_for

HELP = "record what servers did, and check the judge against it"
SUFFIX = ".golden"
RECORDED = "note: recorded against popquiz-mock"  # runs that `record` may replace
FAILING = re.compile(r"(\S+)=(?:fail|warn)\b")
NOTED = re.compile(r"(\S+)=note\b")
CHECK_SECONDS = 600
NO_FAULT = ""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "golden",
        help=HELP,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    record_ = actions.add_parser("record", help="play cases and write their records")
    record_.add_argument("names", nargs="+", metavar="CASE", help="ids, files or folders")
    record_.add_argument("--fault", action="append", default=[], metavar="NAME")
    record_.add_argument("--seed", type=options.number(0), default=1, metavar="N")
    check_ = actions.add_parser("check", help="play records through the judge")
    check_.add_argument("names", nargs="*", metavar="CASE", help="ids, files or folders; else all")


# ---- files --------------------------------------------------------------------------------------


def path_of(case: Case) -> Path:
    return case.file.with_name(case.dialogue + SUFFIX)


def runs_of(path: Path) -> list[str]:
    """The runs of a record, each from its `case:` on."""
    if not path.exists():
        return []
    _, *runs = path.read_text(encoding="utf-8").split("\n\ncase: ")
    return [f"case: {run.strip()}\n" for run in runs]


def fields_of(run: str) -> dict[str, str]:
    """The header of a run."""
    pairs = (line.partition(": ") for line in run.splitlines())
    return {name: value for name, colon, value in pairs if colon and name.isalpha()}


def failing_rows(path: Path, known: Catalogue) -> set[str]:
    """The requirements that some run of the record breaks; where a breach is no more than a note,
    those of which a run notes something."""
    rows = [fields_of(run).get("rows", "") for run in runs_of(path)]
    noted = {name for line in rows for name in NOTED.findall(line)}
    return {name for line in rows for name in FAILING.findall(line)} | {
        name for name in noted if known[name].breach == "note"
    }


def fault_of(run: str) -> str | None:
    """The fault against which `record` made the run; None: it was written by hand."""
    for line in run.splitlines():
        if line.startswith(RECORDED):
            return line.removeprefix(RECORDED).removeprefix(" --fault=").strip()
    return None


def _text(path: Path, case: Case, runs: Iterable[str]) -> str:
    file = os.path.relpath(case.file, path.parent)
    return "\n".join((f"#!golden 1\nfile: {file}\n", *runs))


def _signed(golden: str, fault: str) -> str:
    """The run with the line that says where it comes from."""
    head, rows, rest = golden.lstrip().partition("\nrows:")
    line, newline, events = rest.partition("\n")
    note = f"{RECORDED}{f' --fault={fault}' if fault else ''}"
    return f"{head}{rows}{line}{newline}{note}\n{events}".rstrip() + "\n"


# ---- recording ----------------------------------------------------------------------------------


def _play(rows: Sequence[Case], fault: str, seed: int, known: Catalogue) -> list[str]:
    """The runs of the rows of one dialogue against one server."""
    fixtures = Fixtures(paths.fixtures())
    wanted = options_for(rows[0].needs)
    tls = "stls" if wanted and rows[0].needs_any("tls") else "none"  # announced inside only
    given = (f"--fault={fault}",) if fault else ()
    jobs = [Job(row, "whole") for row in rows]
    config = runner.Config(
        target=MockTarget(MockConfig(tls, seed, given)),
        jobs=jobs,
        fixtures=fixtures,
        rules=Rules(
            catalogue=known,
            maildrop=lambda job: runner.maildrop_of(fixtures, job),
            reruns=0,
            seed=seed,
            record=True,
            record_secrets=True,
        ),
        logins=sanity.preludes("user"),
    )
    run = runner.execute(config)
    if run.partial or len(run.results) < len(jobs):
        raise SuiteError(f"{rows[0].id}: {run.trouble or 'interrupted'}")
    for result in run.results:
        if not result.shown or not result.shown.outcome or not result.shown.outcome.golden:
            raise SuiteError(f"{result.case.id}: no record: {result.verdict} {result.why}")
    outcomes = [result.shown.outcome for result in run.results if result.shown]
    return [_signed(outcome.golden, fault) for outcome in outcomes if outcome]


def record(rows: Sequence[Case], faults: Sequence[str], seed: int, known: Catalogue) -> Path:
    """Writes the record of one dialogue, of which `rows` are all rows."""
    path = path_of(rows[0])
    old = runs_of(path)
    wanted = dict.fromkeys(fault for run in old if (fault := fault_of(run)) is not None)
    wanted |= dict.fromkeys([NO_FAULT, *faults])
    order = sorted(wanted, key=bool)  # the reference first
    fresh = [run for fault in order for run in _play(rows, fault, seed, known)]
    by_hand = [run for run in old if fault_of(run) is None]
    results.write(path, _text(path, rows[0], [*fresh, *by_hand]))
    return path


# ---- checking -----------------------------------------------------------------------------------


def missing(rows: Sequence[Case], known: Catalogue) -> list[str]:
    """What the record of a dialogue does not show, one line each."""
    case = rows[0]
    runs = [fields_of(run) for run in runs_of(path_of(case))]
    if not runs:
        return [f"{case.dialogue}: no record; make one with `popquiz golden record`"]
    shown = [f"-{run.get('branch', '')}-" for run in runs]
    problems = [
        f"{case.dialogue}: no record shows the branch {branch.name}"
        for branch in case.branches
        if not any(f"-{branch.name}-" in text for text in shown)
    ]
    named = {run["case"] for run in runs}
    problems += [f"{row.id}: no record" for row in rows if row.id not in named]
    can_fail = any(known[name].breach != "note" for name in case.reqs)
    if can_fail and all(run.get("outcome") in ("pass", "note") for run in runs):
        problems.append(f"{case.dialogue}: no record shows how it fails")
    return problems


def replay(files: Sequence[Path]) -> int:
    """Plays records through the judge; what differs goes to standard output."""
    command = [str(paths.program("popquiz-play")), "--golden", *map(str, files)]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
    )
    sys.stdout.write(ran.stdout)
    sys.stderr.write(ran.stderr)
    if ran.returncode not in (Exit.PASSED, Exit.FAILED):
        raise SuiteError(f"popquiz-play --golden ended with status {ran.returncode}")
    return ran.returncode


def check(dialogues: Mapping[str, Sequence[Case]], known: Catalogue) -> int:
    problems = [line for rows in dialogues.values() for line in missing(rows, known)]
    print(*problems, sep="\n", end="\n" if problems else "")
    files = [path for rows in dialogues.values() if (path := path_of(rows[0])).exists()]
    status = replay(files) if files else Exit.PASSED
    print(f"{len(dialogues)} cases, {len(files)} records, {len(problems)} lines missing in them")
    return Exit.FAILED if problems or status else Exit.PASSED


# ---- the command --------------------------------------------------------------------------------


def select(names: Sequence[str], known: Catalogue) -> dict[str, list[Case]]:
    """The rows of the dialogues that ids, files or folders name; all without any."""
    paths_given = [name for name in names if Path(name).exists()]
    loaded = cases.all_for_servers(known) if len(paths_given) < len(names) or not names else []
    found = cases.for_servers(cases.load(cases.files_of(paths_given))) if paths_given else []
    cases.check(found, known)
    for name in names:
        if name in paths_given:
            continue
        rows = [case for case in loaded if name in (case.dialogue, case.id)]
        if not rows:
            raise UsageError(f"{name}: neither a case nor a file; `popquiz list` names the cases")
        found += [case for case in loaded if case.dialogue == rows[0].dialogue]
    dialogues: dict[str, list[Case]] = {}
    for case in found or loaded:
        dialogues.setdefault(case.dialogue, []).append(case)
    return dialogues


def run(args: argparse.Namespace) -> int:
    known = catalogue.read(paths.catalogue())
    dialogues = select(args.names, known)
    if args.action == "check":
        return check(dialogues, known)
    for rows in dialogues.values():
        print(record(rows, args.fault, args.seed, known))
    return Exit.PASSED
