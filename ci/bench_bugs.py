# SPDX-License-Identifier: Apache-2.0
"""Measures which planted bugs a fuzzer finds, and when. ci/bench-bugs runs this file.

A trial is one fuzzer on one core, from corpus/sessions, against one server that was built with
canaries (conformance/profiles/builds): each counts that it was reached and triggered. A line of
JSON for each trial goes behind the results file, which later runs continue: trials that are there
count.
Then the medians of all trials are printed. Memory bugs compare fuzzers; semantic ones need somebody
who judges the answers, so `triggered` says only that a fuzzer got there.

    popquiz    `popquiz fuzz --lab SERVER --referee all`
    afl-inetd  AFL++ with the session on stdin, the maildrop restored before each
    boofuzz    boofuzz of PyPI, in a venv of its own in out/boofuzz
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bench_tools
from bench_tools import ROOT, BenchError, Trial
from popquiz import labbuild, options, paths
from popquiz.errors import PopquizError

EPILOG = """\
exit status: 0 when all trials ran; 1 when one could not; 2 after a wrong option or when something
is missing."""
POLL_S = 0.2
GRACE_S = 60.0  # for a fuzzer to begin and to end
Record = dict[str, Any]


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ci/bench-bugs",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--server", default="popa3d", help="(default: %(default)s)")
    parser.add_argument("--tool", choices=bench_tools.TOOLS, default="popquiz")
    parser.add_argument("--trials", type=options.number(1, 1000), default=3, metavar="N")
    parser.add_argument("--minutes", type=float, default=10.0, metavar="M")
    parser.add_argument(
        "--results", type=Path, default=ROOT / "out/bench-bugs.jsonl", metavar="FILE"
    )
    parser.add_argument("--show", action="store_true", help="run nothing, only print the medians")
    args = parser.parse_args(arguments)
    if not 0 < args.minutes <= 7 * 24 * 60:
        parser.error("--minutes must be above 0, and at most a week")
    return args


# ---- canaries ------------------------------------------------------------------------------------


def canaries(server: str) -> list[dict[str, str]]:
    """What was planted in a server. Raises BenchError."""
    path = paths.data("profiles") / "builds/canaries" / f"{server}.tsv"
    if not path.exists():
        raise BenchError(f"{server} has no canaries: there is no {path}")
    head, *rows = (line.split("\t") for line in path.read_text().splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


class Watch:
    """Notes when each canary was reached and triggered for the first time."""

    def __init__(self, names: Sequence[str], counters: Callable[[], list[tuple[int, int]]]) -> None:
        self._names = names
        self._counters = counters
        self.seen: dict[str, dict[str, float]] = {name: {} for name in names}

    def look(self, seconds: float) -> None:
        for name, counts in zip(self._names, self._counters(), strict=False):
            for what, count in zip(("reached", "triggered"), counts, strict=True):
                if count:
                    self.seen[name].setdefault(what, round(seconds, 1))


# ---- trials --------------------------------------------------------------------------------------


def run_trial(args: argparse.Namespace, number: int) -> Record:
    """Raises BenchError and PopquizError."""
    build = labbuild.build(args.server, "canaries", say=bench_tools.say)
    seconds = args.minutes * 60
    wanted = Trial(args.server, build, number, seconds)
    begun = time.time()
    with bench_tools.TOOLS[args.tool](wanted) as tool:
        watch = Watch([each["name"] for each in canaries(args.server)], tool.counters)
        tool.begin()
        start = time.monotonic()
        while tool.runs() and time.monotonic() - start < seconds + GRACE_S:
            time.sleep(POLL_S)
            watch.look(time.monotonic() - start)
        ran = time.monotonic() - start
        watch.look(ran)
        figures = tool.figures()
    if ran < 0.9 * seconds:
        raise BenchError(f"{args.tool} ended after {ran:.0f} s: {tool.last_words()}")
    return {
        "tool": args.tool,
        "server": args.server,
        "minutes": args.minutes,
        "trial": number,
        "seed": number,
        "begun": int(begun),
        "seconds": round(ran, 1),
        "load": round(os.getloadavg()[0], 1),
        **figures,
        "canaries": watch.seen,
    }


# ---- results -------------------------------------------------------------------------------------


def read_results(path: Path) -> list[Record]:
    """Raises BenchError."""
    try:
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    except ValueError as error:
        raise BenchError(f"{path}: {error}") from error


def append(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(f"{json.dumps(record)}\n")


def same(record: Record, args: argparse.Namespace) -> bool:
    wanted = {"tool": args.tool, "server": args.server, "minutes": args.minutes}
    return all(record[key] == value for key, value in wanted.items())


def median(record_values: Sequence[float | None]) -> str:
    """Of times; a trial in which it did not happen counts as never."""
    values = [float("inf") if value is None else value for value in record_values]
    middle = statistics.median_high(values)
    return "-" if middle == float("inf") else f"{middle:.1f} s"


def table(records: Sequence[Record]) -> list[str]:
    """Who found what: `triggered in trials, median time`, a block for each server and time."""
    lines = []
    for server, minutes in sorted({(each["server"], each["minutes"]) for each in records}):
        here = [each for each in records if (each["server"], each["minutes"]) == (server, minutes)]
        tools = sorted({each["tool"] for each in here})
        lines += ["", f"{server}, {minutes:g} minutes"]
        for tool in tools:
            speeds = [each["execs_per_s"] for each in here if each["tool"] == tool]
            lines.append(f"  {tool}: {len(speeds)} trials, {statistics.median(speeds):.0f} exec/s")
        for each in canaries(server):
            cells = []
            for tool in tools:
                times = [
                    record["canaries"].get(each["name"], {}).get("triggered")
                    for record in here
                    if record["tool"] == tool
                ]
                found = sum(value is not None for value in times)
                cells.append(f"{tool} {found}/{len(times)} {median(times)}")
            lines.append(f"  {each['kind']:8} {each['name']:20} {'   '.join(cells)}")
    return lines


def main(arguments: Sequence[str]) -> int:
    args = read_options(arguments)
    try:
        canaries(args.server)
        records = read_results(args.results)
        while not args.show and (done := sum(same(each, args) for each in records)) < args.trials:
            bench_tools.say(f"{args.server}, {args.tool}: trial {done + 1} of {args.trials}")
            records.append(run_trial(args, done + 1))
            append(args.results, records[-1])
    except (BenchError, PopquizError) as error:
        print(f"bench-bugs: {error}", file=sys.stderr)
        return error.status
    print("\n".join(table(records)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
