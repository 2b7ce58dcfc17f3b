#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One session of the tiny server on standard input and output, until so many sessions were served;
from then on something else.

usage: odd_pop3.py FILE SESSIONS flood|garbage|close|mute

FILE counts the sessions.
"""

import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def _write_for_ever(octets: bytes) -> None:
    try:
        while True:
            sys.stdout.buffer.write(octets)
    except BrokenPipeError:
        os._exit(0)


def main() -> None:
    counter, sessions, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with counter.open("a") as file:
        file.write("x")
    if counter.stat().st_size <= sessions:
        os.execv(sys.executable, [sys.executable, str(HERE / "tiny_pop3.py")])
    match what:
        case "flood":
            _write_for_ever(b"+OK and again\r\n")
        case "garbage":
            _write_for_ever(bytes(range(256)))
        case "mute":
            time.sleep(60)


main()
