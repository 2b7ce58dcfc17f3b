# SPDX-License-Identifier: Apache-2.0
"""Measures popquiz on this machine and says which figures it reaches. ci/bench runs this file.

Prints a table: what was measured, its value, the figure to reach, how the two compare (above one is
better than asked), and "reached" or "MISSED". A missed figure is no failure: a busy machine misses
some, and timings decide no test. Needs ci/setup; builds the presets release and libfuzzer first.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench_tools import BenchError
from measure import PARTS as OWN_PARTS
from measure import ROOT, TROUBLES, Line, Settings, say
from measure_campaign import measure_campaign

EPILOG = """\
exit status: 0 when all that was asked for was measured, whether figures were reached or MISSED;
1 when a part could not be measured; 2 after a wrong option."""
ROUNDS = 3
FUZZ_SECONDS = 2
CAMPAIGN_SECONDS = 20
CONNECTIONS = 10_000
SCHEMA = 1
PARTS = {**OWN_PARTS, "campaign": measure_campaign}


def count(text: str) -> int:
    """The type of an option that is a whole number from 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ci/bench", description=__doc__, epilog=EPILOG)
    parser.add_argument(
        "--only", action="append", choices=PARTS, metavar="PART", help=" ".join(PARTS)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the lines there, too")
    parser.add_argument(
        "--rounds",
        type=count,
        default=ROUNDS,
        help="of sessions and fuzz; the median counts (%(default)s)",
    )
    parser.add_argument(
        "--fuzz-seconds",
        type=count,
        default=FUZZ_SECONDS,
        help="for each target and round (%(default)s; the targets get faster while they run)",
    )
    parser.add_argument(
        "--campaign-seconds",
        type=count,
        default=CAMPAIGN_SECONDS,
        help="for each campaign and round (%(default)s)",
    )
    parser.add_argument(
        "--connections", type=count, default=CONNECTIONS, help="idle ones (%(default)s)"
    )
    parser.add_argument("--build", type=Path, help="where the preset release was built already")
    parser.add_argument("--fuzz-build", type=Path, help="where libfuzzer was built already")
    return parser.parse_args(arguments)


def build() -> None:
    """The preset release; raises CalledProcessError."""
    say("building the preset release")
    for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release"]):
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def number(value: float, unit: str = "") -> str:
    digits = 0 if value >= 100 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def row(line: Line) -> str:
    sign = "<=" if line.at_most else ">="
    verdict = "reached" if line.reached else "MISSED"
    ratio = "-" if line.ratio is None else f"{line.ratio:.2f}"
    return (
        f"{line.part:9}{line.what:49}{number(line.value, line.unit):>17}  "
        f"{sign} {number(line.figure):>10} {ratio:>6}  {verdict:8}{line.detail}"
    ).rstrip()


def as_json(lines: Sequence[Line], seconds: float) -> str:
    """All of it, for programs."""
    told = {
        "schema": SCHEMA,
        "machine": {
            "system": platform.platform(),
            "processors": len(os.sched_getaffinity(0)),
            "load": os.getloadavg()[0],
        },
        "seconds": seconds,
        "lines": [
            {
                "part": line.part,
                "what": line.what,
                "value": line.value,
                "unit": line.unit,
                "figure": line.figure,
                "at_most": line.at_most,
                "ratio": line.ratio,
                "reached": line.reached,
                "detail": line.detail,
            }
            for line in lines
        ],
    }
    return json.dumps(told, indent=1) + "\n"


def measure(names: Sequence[str], settings: Settings) -> tuple[list[Line], bool]:
    """The lines, each printed as soon as it is there, and whether every part had its own."""
    lines: list[Line] = []
    complete = True
    print(f"{'part':9}{'what':49}{'value':>17}  {'figure':>13} {'ratio':>6}", flush=True)
    for name in names:
        try:
            for line in PARTS[name](settings):
                print(row(line), flush=True)
                lines.append(line)
        except (*TROUBLES, BenchError) as trouble:
            print(f"bench: {name} was not measured: {trouble}", file=sys.stderr, flush=True)
            complete = False
    return lines, complete


def main(arguments: Sequence[str]) -> int:
    options = read_options(arguments)
    try:
        if options.json:
            options.json.touch()  # not after minutes
        if options.build is None:
            build()
    except (OSError, subprocess.CalledProcessError) as trouble:
        sys.exit(f"bench: {trouble}")
    settings = Settings(
        build=(options.build or ROOT / "build/release").resolve(),
        fuzz_build=options.fuzz_build and options.fuzz_build.resolve(),
        rounds=options.rounds,
        fuzz_seconds=options.fuzz_seconds,
        campaign_seconds=options.campaign_seconds,
        connections=options.connections,
    )
    begin = time.monotonic()
    lines, complete = measure(options.only or list(PARTS), settings)
    took = time.monotonic() - begin
    missed = sum(not line.reached for line in lines)
    print(f"{len(lines)} figures, {len(lines) - missed} reached, {missed} MISSED; {took:.0f} s")
    if options.json:
        options.json.write_text(as_json(lines, took))
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
