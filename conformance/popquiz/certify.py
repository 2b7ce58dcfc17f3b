# SPDX-License-Identifier: Apache-2.0
"""`popquiz certify`: plays the cases against a server, and says how well it keeps the RFCs."""

import argparse
import re
import shlex
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from popquiz import (
    baseline,
    cases,
    catalogue,
    explored,
    explorer,
    forecast,
    gate,
    junit,
    options,
    paths,
    reporting,
    results,
    runner,
    scope,
    selection,
)
from popquiz.cases import Case
from popquiz.catalogue import Catalogue
from popquiz.console import Console
from popquiz.errors import Exit, SuiteError, UsageError
from popquiz.explorer import Exploration, Finding
from popquiz.fixtures import Fixtures
from popquiz.mask import Mask
from popquiz.record import Job
from popquiz.results import Report
from popquiz.schedule import Rules
from popquiz.servers import profile
from popquiz.targets import Target
from popquiz.verdicts import PASSING

HELP = "play the cases against a server and grade it"
SEGMENTS = ("whole", "byte", "mid-crlf", "after-crlf")
REQUIREMENT = re.compile(r"RFC\d+-[A-Z0-9.]+-\d+", re.IGNORECASE)
LEVELS = {"must": 1, "should": 2, "may": 3}


# ---- options ------------------------------------------------------------------------------------


def segment(word: str) -> str:
    """The type of an option that says how writes are cut."""
    octets = word.isascii() and word.isdigit() and len(word) < 7 and int(word) > 0
    if word not in SEGMENTS and not octets:
        known = ", ".join(SEGMENTS)
        raise argparse.ArgumentTypeError(f"{word!r} is none of {known}, nor a number of octets")
    return word


def _segments(text: str) -> list[str]:
    return [segment(word) for word in text.split(",")]


def _shard(text: str) -> tuple[int, int]:
    part, _, whole = text.partition("/")
    numbers = part.isascii() and part.isdigit() and whole.isascii() and whole.isdigit()
    if not numbers or not 1 <= int(part) <= int(whole):
        raise argparse.ArgumentTypeError(f"{text!r} is no shard: write I/N, with I from 1 to N")
    return int(part), int(whole)


def add_selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which cases")
    group.add_argument("--select", metavar="EXPR", help="as 'rfc1939.* and not slow'")
    group.add_argument("--level", choices=LEVELS, default="may", help="the weakest that counts")
    group.add_argument("--profile", default="modern", help=f"{'+'.join(scope.PARTS)}: parts of it")
    group.add_argument(
        "--segment",
        type=_segments,
        default=["whole"],
        metavar="CUT,...",
        help=f"play each case with its writes cut so: {', '.join(SEGMENTS)}, or octets",
    )
    group.add_argument("--rerun", metavar="DIR", help="only what did not pass in these results")
    group.add_argument("--shard", type=_shard, metavar="I/N", help="only this part of the cases")


def _add_gate(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what passes")
    group.add_argument("--strict", action="store_true", help="WARN fails too")
    group.add_argument(
        "--baseline", metavar="FILE", help="known deviations (default: those of the lab's profile)"
    )
    group.add_argument("--no-baseline", action="store_true", help="no deviation is known")
    group.add_argument("--strict-baseline", action="store_true", help="FIXED fails too")
    group.add_argument("--update-baseline", action="store_true", help="rewrite it")
    group.add_argument("--max-inconclusive", type=options.number(0), default=0, metavar="N")
    group.add_argument("--report-only", action="store_true", help="deviations do not fail")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "certify",
        help=HELP,
        description=__doc__,
        epilog="exit status: 0 passed, 1 deviations, 2 usage, 3 target unreachable or dead, "
        "4 the suite is at fault, 5 only the baseline is stale, 130 interrupted",
    )
    options.add_target(parser.add_argument_group("target"))
    options.add_safety(parser.add_argument_group("what may be done to it"))
    add_selection(parser)
    _add_gate(parser)
    parser.add_argument(
        "--explore",
        type=explored.extent,
        metavar="TIME|N",
        help="behind the cases, make up sessions for so long (20s), or so many",
    )
    parser.add_argument(
        "-j", dest="jobs", type=options.number(1), metavar="N", help="seats at most"
    )
    parser.add_argument("--repeat", type=options.number(1), default=1, metavar="N")
    parser.add_argument(
        "--list",
        action="store_true",
        help="only name the cases, and with a target why each would be skipped",
    )
    parser.add_argument("--out", metavar="DIR", help="where the results go; needed unless --list")


# ---- what is played -----------------------------------------------------------------------------


def _wanted(case: Case, args: argparse.Namespace, rows: Catalogue) -> bool:
    """Whether the profile and the level of one of its requirements are wanted."""
    part, least = scope.parse(args.profile), LEVELS[args.level]
    return not case.reqs or any(
        part(rows[name]) and LEVELS[rows[name].strength] <= least for name in case.reqs
    )


def _check_names(text: str, rows: Catalogue) -> None:
    """A requirement that does not exist is a slip, and not a selection of nothing."""
    for word in selection.words(text):
        if REQUIREMENT.fullmatch(word) and word.upper() not in rows:
            raise UsageError(f"--select: there is no requirement {word}; see `popquiz list`")


def _passed(folder: Path) -> set[str]:
    """The names of what passed in earlier results; a note is one way to pass. Raises UsageError."""
    found = reporting.read(folder).results["cases"]
    good = [case for case in found if case["verdict"] in PASSING]
    cuts = [(case["id"], case["axes"]["segment"]) for case in good]
    return {name if cut == "whole" else f"{name}@{cut}" for name, cut in cuts}


def choose(args: argparse.Namespace, rows: Catalogue, loaded: list[Case]) -> list[Job]:
    """What the options select, in a stable order. Raises UsageError when that is nothing."""
    matches = selection.parse(args.select) if args.select else lambda names: True
    _check_names(args.select or "", rows)
    found = [c for c in loaded if matches(c.names) and _wanted(c, args, rows)]
    jobs = [Job(case, segment) for segment in args.segment for case in found]
    if args.rerun:
        done = _passed(Path(args.rerun))
        jobs = [job for job in jobs if job.name not in done]
    if args.shard:
        part, whole = args.shard
        jobs = jobs[part - 1 :: whole]
    if not jobs and args.rerun:
        raise UsageError(f"--rerun {args.rerun}: everything passed there that is selected here")
    if not jobs and not args.shard:
        raise UsageError("no case is selected; `popquiz list` names them all")
    return jobs


def rules(args: argparse.Namespace, rows: Catalogue, target: Target, fixtures: Fixtures) -> Rules:
    found = options.rules(args, rows, target, lambda job: runner.maildrop_of(fixtures, job))
    found.repeat = args.repeat
    return found


def replay_options(args: argparse.Namespace) -> list[str]:
    """The options that reach the same target again."""
    pairs = {
        "--lab": args.lab,
        "--build": args.build,
        "--target": args.target,
        "--tls": args.tls if args.tls != "none" else None,
        "--tls-target": args.tls_target,
        "--ca": args.ca,
        "--host": args.host,
        "--user": args.user,
        "--password-file": args.password_file,
        "--token-file": args.token_file,
        "--token-command": args.token_command,
        "--client-cert": args.client_cert,
        "--client-key": args.client_key,
        "--account": args.account,
        "--user2": args.user2,
        "--password2-file": args.password2_file,
        "--login": args.login,
        "--adapter": args.adapter,
    }
    words = [word for name, value in pairs.items() if value for word in (name, value)]
    words += [word for option in args.mock_option for word in ("--mock-option", option)]
    flags = {"--insecure": args.insecure, "--yes-destroy": args.yes_destroy, "--safe": args.safe}
    return words + [flag for flag, given in flags.items() if given]


def replay_of(finding: Finding, folder: Path, options_: Sequence[str]) -> str:
    """The command that shows a finding of an exploration again; "" when nothing can."""
    if not finding.dialogue:
        return ""
    file = str(folder / explored.FOLDER / f"{finding.id}.dlg")
    return shlex.join(["popquiz", "replay", file, *options_])


# ---- the command --------------------------------------------------------------------------------


def _baseline_path(args: argparse.Namespace) -> Path | None:
    """What --baseline says, or the baseline of the lab's profile if there is one."""
    if args.no_baseline:
        return None
    if args.baseline:
        return Path(args.baseline)
    path = profile.baseline(args.lab) if args.lab else None
    return path if path and (path.exists() or args.update_baseline) else None


def _read_baseline(args: argparse.Namespace, path: Path | None) -> baseline.Baseline:
    if (args.update_baseline or args.strict_baseline) and not path:
        raise UsageError("--update-baseline and --strict-baseline need --baseline FILE")
    if not path or (args.update_baseline and not path.exists()):
        return baseline.Baseline()
    return baseline.read(path)


def _seats(args: argparse.Namespace) -> int:
    """As many as are wanted, or as the profile of the lab's server says."""
    usual = profile.find(args.lab.partition(":")[0]).seats if args.lab else 0
    return options.workers(args.jobs or usual or None)


def _config(
    args: argparse.Namespace, target: Target, jobs: list[Job], rows: Catalogue
) -> runner.Config:
    fixtures = Fixtures(paths.fixtures())
    return runner.Config(
        target=target,
        jobs=jobs,
        fixtures=fixtures,
        rules=rules(args, rows, target, fixtures),
        logins=options.logins(args),
        workers=min(_seats(args), max(len(jobs), 1)),
        sanity_patience_ms=args.patience * 1000,
    )


def _list(args: argparse.Namespace, jobs: list[Job], rows: Catalogue) -> None:
    """The cases; with a target, why some of them would be skipped there."""
    if not jobs or not (args.target or args.lab):
        print(*(job.name for job in jobs), sep="\n")
        return
    for job, refusal in runner.foresee(_config(args, options.target(args), jobs, rows)):
        print(f"{job.name}  SKIP({refusal[0]}): {refusal[1]}" if refusal else job.name)


def _play(config: runner.Config, console: Console) -> runner.Run:
    target, jobs = config.target, config.jobs
    config.heard = lambda result: console.step()
    for line in forecast.lines(target, jobs, config.rules):
        console.line(line)
    console.begin(len(jobs), target.name)
    try:
        return runner.execute(config)
    finally:
        console.end()


def _explore(
    args: argparse.Namespace, config: runner.Config, run: runner.Run, console: Console
) -> Exploration:
    """Behind the cases, with the login that they found and the same leave."""
    assert run.facts.login
    target = options.target(args)  # the other one is used up
    progress = explored.Progress(console, target, args.explore.sessions or 0)
    try:
        return explored.explore(
            explorer.Config(
                target=target,
                fixtures=config.fixtures,
                logins=[run.facts.login],
                wish=explored.wish(args.explore, config.rules, target),
                workers=_seats(args),
                sanity_patience_ms=config.sanity_patience_ms,
                counted=progress.counted,
            ),
            run,
        )
    finally:
        console.end()


def _add_explored(report: Report, found: Exploration, folder: Path) -> None:
    run, rows = report.run, report.catalogue
    report.exploration = explored.told(found)
    report.broken = explored.broken(run.explored, rows)
    report.explored = [
        explored.entry(each, report.mask, replay_of(each.finding, folder, report.replay))
        for each in run.explored
    ]
    explored.save(found.findings, folder, report.mask)


def _save(report: Report, folder: Path) -> dict[str, object]:
    found = results.save(report, folder)
    texts = {
        name: (folder / name).read_text(encoding="utf-8")
        for result in report.run.results
        for name in result.artifacts
        if name.endswith(".txt")
    }
    for name, text in junit.render(found, texts).items():
        results.write(folder / "junit" / name, text)
    reporting.save(found, folder)
    return found


def certify(args: argparse.Namespace) -> int:
    rows = catalogue.read(paths.catalogue())
    loaded = cases.all_for_servers(rows)
    jobs = choose(args, rows, loaded)
    if args.list:
        _list(args, jobs, rows)
        return Exit.PASSED
    if not args.out:
        raise UsageError("--out DIR is needed: where the results go")
    target, folder, part = options.target(args), Path(args.out), scope.parse(args.profile)
    base = _baseline_path(args)
    known = _read_baseline(args, base)
    results.check_folder(folder)
    console = Console()
    config = _config(args, target, jobs, rows)
    run = _play(config, console)
    found = None
    if args.explore and not run.partial:
        found = _explore(args, config, run, console)
        run.explored = explored.judge(found.findings, rows, known)
    played = baseline.Played(
        results=run.results,
        known={case.id for case in loaded},
        today=date.today(),
        tls=args.tls,
        explored=run.explored,
        whole=len({job.case.id for job in jobs}) == len(loaded) and not run.partial,
    )
    comparison = baseline.compare(known, played)
    strictness = gate.Gate(
        args.strict, args.strict_baseline, args.max_inconclusive, args.report_only
    )
    decision = gate.decide(strictness, run, comparison)
    report = Report(
        catalogue=rows,
        rows=[row for row in rows if part(row)],
        target=target,
        tls=args.tls,
        run=run,
        mask=Mask(options.secrets(args)),
        profile=args.profile,
        seed=args.seed,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        replay=replay_options(args),
        stale=comparison.stale,
        exit=decision.exit,
    )
    if found:
        _add_explored(report, found, folder)
    report.score()
    document = _save(report, folder)
    if args.update_baseline and base:
        results.write(base, str(baseline.update(known, played)))
    console.report(document, report.mask(decision.why), shlex.quote(str(folder / "results.json")))
    return decision.exit


def run(args: argparse.Namespace) -> int:
    try:
        return certify(args)
    except OSError as error:
        raise SuiteError(f"{error.filename or 'output'}: {error.strerror}") from None
