# SPDX-License-Identifier: Apache-2.0
"""`popquiz referee`: what recorded sessions prove against their server, without playing anything.

A FILE is a capture (pcap or pcapng; TLS is opened by secrets inside it or by a key log), or a
transcript in JSON lines (`popquiz-referee --help`).
"""

import argparse
import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from popquiz import catalogue, dissect, paths
from popquiz.catalogue import Catalogue
from popquiz.errors import Exit, SuiteError, UsageError

HELP = "judge recorded sessions"
FOUND = (0, 1)  # exit statuses of popquiz-referee that mean that it judged
SIDES = {"C": "the client", "S": "the server"}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "referee",
        help=HELP,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit status: 0 nothing that fails, 1 deviations, 2 a file or an option is wrong",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what was recorded")
    parser.add_argument(
        "--port",
        type=int,
        action="append",
        metavar="N",
        help="of the server in a capture; may be repeated (default: 110 and 995)",
    )
    parser.add_argument(
        "--keylog", type=Path, metavar="FILE", help="secrets of TLS, as NSS has them"
    )
    parser.add_argument("--user", metavar="NAME", help="whose maildrop is judged across sessions")
    parser.add_argument("--strict", action="store_true", help="WARN fails too")
    parser.add_argument("--json", action="store_true", help="one JSON object a finding")


def _judge(words: Iterable[str], given: str | None) -> list[dict[str, Any]]:
    program = paths.program("popquiz-referee")
    ran = subprocess.run(
        [program, *words], input=given, capture_output=True, text=True, check=False
    )
    if ran.returncode == Exit.USAGE:
        raise UsageError(ran.stderr.strip().removeprefix("popquiz-referee: "))
    if ran.returncode not in FOUND:
        raise SuiteError(f"{program} ended with status {ran.returncode}: {ran.stderr.strip()}")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def _file(path: Path, args: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    """Its findings, and what else is to be said of it."""
    words = ["--user", args.user] if args.user else []
    if not dissect.is_capture(path):
        return _judge([*words, str(path.resolve())], None), ""
    read = dissect.read(path, args.port or (), args.keylog)
    found = _judge([*words, "-"], "\n".join(read.lines) + "\n")
    said = f"{read.sessions} sessions"
    if read.closed:
        said += f", {read.closed} of them closed by TLS: --keylog FILE opens them"
    if read.cut:
        said += f", {read.cut} of them judged up to a packet that is missing"
    return found, said


def _lines(finding: dict[str, Any], rows: Catalogue) -> Iterator[str]:
    row = rows[finding["requirement"]]
    after = ", after another finding: perhaps its echo" if finding["follows"] else ""
    at = f"connection {finding['conn']}, octet {finding['offset']} of {SIDES[finding['dir']]}"
    yield f"{row.breach.upper()} {finding['rule']} {row.id}"
    yield f"    {row.summary}"
    yield f"    why       {finding['why']}"
    yield f"    actual    {finding['excerpt']!r}"
    yield f"    at        {at}, {finding['ms'] / 1000:.3f} s{after}"


def run(args: argparse.Namespace) -> int:
    rows = catalogue.read(paths.catalogue())
    if args.keylog and not args.keylog.is_file():
        raise UsageError(f"--keylog {args.keylog}: is not a file")
    failing = {"fail", "warn"} if args.strict else {"fail"}
    failed = 0
    for path in args.files:
        found, said = _file(path, args)
        bad = sum(rows[each["requirement"]].breach in failing for each in found)
        failed += bad
        for each in found:
            if args.json:
                print(json.dumps(each | {"file": str(path)}))
            else:
                print(*_lines(each, rows), sep="\n")
        if not args.json:
            about = f" ({said})" if said else ""
            print(f"{path}: {len(found)} findings, {bad} of them fail{about}")
    return Exit.FAILED if failed else Exit.PASSED
