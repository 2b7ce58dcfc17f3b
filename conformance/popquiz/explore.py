# SPDX-License-Identifier: Apache-2.0
"""`popquiz explore`: makes up sessions, plays them to a server, and has the referee judge them."""

import argparse
import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import popquiz
from popquiz import (
    catalogue,
    certify,
    children,
    explored,
    explorer,
    options,
    paths,
    plan,
    results,
    runner,
    sanity,
)
from popquiz.catalogue import Catalogue
from popquiz.console import Console
from popquiz.errors import Exit, SuiteError, UsageError
from popquiz.explorer import Exploration, Finding, Wish
from popquiz.fixtures import Fixtures
from popquiz.mask import Mask
from popquiz.targets import Target

HELP = "make up sessions that no case thought of, and judge them"
SESSIONS = 1000  # where neither --sessions nor --time says how many


# ---- options ------------------------------------------------------------------------------------


def add_segment(group: options.Group) -> None:
    group.add_argument(
        "--segment",
        type=certify.segment,
        default="whole",
        metavar="CUT",
        help="how writes are cut: whole (default), byte, mid-crlf, after-crlf, or octets",
    )


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "explore",
        help=HELP,
        description=__doc__,
        epilog="exit status: 0 nothing found, 1 findings, 2 usage, 3 target unreachable or dead, "
        "4 the suite is at fault, 130 interrupted",
    )
    options.add_target(parser.add_argument_group("target"))
    group = parser.add_argument_group("how far")
    group.add_argument(
        "--sessions",
        type=options.number(1, 1 << 40),
        metavar="N",
        help=f"so many sessions (default: {SESSIONS}, and no limit with --time)",
    )
    group.add_argument("--time", type=options.seconds, metavar="TIME", help="so long: 20s, 5m")
    group.add_argument(
        "--connections",
        type=options.number(1, 2),
        default=1,
        metavar="N",
        help="1, or 2 to one maildrop",
    )
    add_segment(group)
    group.add_argument("--yes-destroy", action="store_true", help="mail may be removed")
    group.add_argument("--safe", action="store_true", help="nor on our own servers")
    group.add_argument("--wrong-logins", action="store_true", help="logins may fail")
    options.add_pace(group)
    group.add_argument(
        "--tries", type=options.number(0, 100000), metavar="N", help="to shorten one finding"
    )
    parser.add_argument(
        "-j", dest="jobs", type=options.number(1), metavar="N", help="seats at most"
    )
    parser.add_argument("--out", metavar="DIR", help="where dialogues and explore.json go")


def wish(args: argparse.Namespace, target: Target) -> Wish:
    """Mail is removed, and passwords are wrong, only where that is ours to say. Raises
    UsageError."""
    if args.safe and args.yes_destroy:
        raise UsageError("--safe and --yes-destroy exclude each other")
    unlimited = SESSIONS if args.time is None else None
    return Wish(
        seed=args.seed,
        sessions=args.sessions or unlimited,
        seconds=args.time,
        connections=args.connections,
        destroy=plan.may_write(target, destroy=args.yes_destroy, safe=args.safe),
        wrong_logins=args.wrong_logins or (target.name == "mock" and not args.safe),
        tries=args.tries,
        per_minute=options.pace(args, target),
        segment=args.segment,
    )


# ---- what is told -------------------------------------------------------------------------------


def finding_lines(finding: Finding, rows: Catalogue, replay: str) -> list[str]:
    """A finding for people; the first line is its heading."""
    row = rows[finding.requirement] if finding.requirement in rows else None
    where = f"{finding.verb} in {finding.state}" if finding.verb else f"in {finding.state}"
    verdict = "FAIL" if finding.proves else "INCONCLUSIVE"
    lines = [f"{verdict} {finding.rule}, {where}: {finding.sees}"]
    if row:
        lines.append(f"    {row.id} {row.level}: {row.summary}")
    shown = f"{finding.steps} steps" if finding.again else "once, and not again"
    pairs = [("why", finding.why), ("octets", finding.excerpt), ("shown by", shown)]
    pairs += [("replay", replay)]
    return [*lines, *(f"    {name:9} {text}" for name, text in pairs if text)]


def summary_line(run: Exploration) -> str:
    counts = run.counts
    parts = [
        f"{counts['sessions']} sessions, {counts['transactions']} of {counts['logins']} logins, "
        f"{counts['commands']} commands",
        f"{len(run.findings)} distinct findings",
    ]
    if counts["late"]:
        parts.append(f"{counts['late']} answers came late (try --patience)")
    parts += [text for text in (run.remark, run.trouble) if text]
    parts += ["interrupted"] if run.interrupted else []
    return "; ".join(parts)


# ---- what is kept -------------------------------------------------------------------------------


def document(run: Exploration, args: argparse.Namespace, target: Target, exit_: int) -> Any:
    """explore.json."""
    return {
        "version": popquiz.__version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "target": target.name,
        "configuration": target.configuration,
        "tls": args.tls,
        "seed": args.seed,
        "segment": args.segment,
        "counts": run.counts,
        "exit": exit_,
        "interrupted": run.interrupted,
        "trouble": run.trouble,
        "findings": [
            {
                "id": f.id,
                "rule": f.rule,
                "requirement": f.requirement,
                "sees": f.sees,
                "why": f.why,
                "excerpt": f.excerpt,
                "verb": f.verb,
                "state": f.state,
                "session": f.session,
                "steps": f.steps,
                "again": f.again,
                "dialogue": f"{explored.FOLDER}/{f.id}.dlg" if f.dialogue else None,
                "transcript": f"{explored.FOLDER}/{f.id}.txt",
            }
            for f in run.findings
        ],
    }


def save(run: Exploration, folder: Path, found: Any, mask: Mask) -> None:
    explored.save(run.findings, folder, mask)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    results.write(folder / "explore.json", mask(text) + "\n")


def exit_of(run: Exploration) -> Exit:
    if run.interrupted:
        return Exit.INTERRUPTED
    if run.trouble:
        return Exit.TARGET
    return Exit.FAILED if any(f.proves for f in run.findings) else Exit.PASSED


# ---- the command --------------------------------------------------------------------------------


def _explore(args: argparse.Namespace, target: Target, console: Console, run: Exploration) -> None:
    wanted = wish(args, target)
    progress = explored.Progress(console, target, wanted.sessions or 0)
    config = explorer.Config(
        target=target,
        fixtures=Fixtures(paths.fixtures()),
        logins=sanity.preludes(args.login),
        wish=wanted,
        workers=args.jobs or 1,
        sanity_patience_ms=args.patience * 1000,
        counted=progress.counted,
    )
    children.watch_without_threads()

    async def work() -> None:
        run.interrupted = await runner.until_signal(explorer.explore(config, run))

    try:
        asyncio.run(work())
    finally:
        console.end()


def _replay(args: argparse.Namespace, folder: Path | None, finding: Finding) -> str:
    return certify.replay_of(finding, folder, certify.replay_options(args)) if folder else ""


def explore(args: argparse.Namespace) -> int:
    rows = catalogue.read(paths.catalogue())
    target, folder = options.target(args), Path(args.out) if args.out else None
    console, run, mask = Console(), Exploration(), Mask(options.secrets(args))
    _explore(args, target, console, run)
    exit_ = exit_of(run)
    if folder:
        save(run, folder, document(run, args, target, exit_), mask)
    for finding in run.findings:
        for line in finding_lines(finding, rows, _replay(args, folder, finding)):
            console.line(mask(line))
        console.line()
    console.line(mask(summary_line(run)))
    return exit_


def run(args: argparse.Namespace) -> int:
    try:
        return explore(args)
    except OSError as error:
        raise SuiteError(f"{error.filename or 'output'}: {error.strerror}") from None
