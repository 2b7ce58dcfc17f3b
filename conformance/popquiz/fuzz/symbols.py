# SPDX-License-Identifier: Apache-2.0
"""Functions and lines in the reports of servers. They run without a symbolizer, often where there
is none, so that frames only say module and offset; the module is still there when a report is
read."""

import functools
import json
import re
import subprocess
from pathlib import Path

from popquiz.fuzz import lane

NAMED_S = 60.0
FRAME = re.compile(r"^(?P<head>\s*#\d+ 0x[0-9a-f]+)\s+\((?P<module>/[^()]+)\+(?P<at>0x[0-9a-f]+)\)")
UNKNOWN = "??"


@functools.lru_cache(maxsize=4096)
def _names(module: str, at: str) -> tuple[str, ...]:
    """FUNCTION FILE:LINE:COLUMN of an offset, what was inlined first; empty: nobody knows."""
    program = lane.symbolizer()
    if not program or not Path(module).is_file():
        return ()
    words = [program, "--output-style=JSON", f"--obj={module}", at]
    try:
        ran = subprocess.run(words, capture_output=True, timeout=NAMED_S, check=False)
        told = json.loads(ran.stdout)[0].get("Symbol", [])
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError):
        return ()
    known = [each for each in told if each["FunctionName"] not in ("", UNKNOWN)]
    return tuple(map(_place, known))


def _place(symbol: dict[str, str | int]) -> str:
    file = Path(str(symbol["FileName"])).name
    where = f" {file}:{symbol['Line']}:{symbol['Column']}" if file and symbol["Line"] else ""
    return f"{symbol['FunctionName']}{where}"


def _line(line: str) -> list[str]:
    found = FRAME.match(line)
    if not found:
        return [line]
    names = _names(found["module"], found["at"])
    return [f"{found['head']} in {name}" for name in names] or [line]


def named(report: str) -> str:
    """The report, with a line for each function whose frame it has."""
    return "\n".join(each for line in report.split("\n") for each in _line(line))
