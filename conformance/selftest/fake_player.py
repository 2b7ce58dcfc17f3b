#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speaks the player's protocol and plays nothing: what it does stands in the name of the file that
it shall play, a word behind each dot."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

CASE = {
    "outcome": "pass",
    "section": "test",
    "line": 3,
    "column": 1,
    "branch": "",
    "why": "",
    "expected": "",
    "actual": "",
    "rows": {"RFC1939-5-001": "pass"},
    "hang": False,
    "peer_gone": False,
    "connects": 1,
    "wrong_logins": 0,
    "slowest_reply_ms": 2,
    "ms": 5,
    "transcript": [{"conn": 1, "dir": "C", "ms": 0, "tls": False, "octets": "STAT\\r\\n"}],
}
ASKS = {
    "deliver": {"ask": "deliver", "name": "m", "octets": "aGVsbG8="},
    "reset": {"ask": "reset"},
    "peek": {"ask": "peek"},
    "advance": {"ask": "advance", "ms": 250},
    "dance": {"ask": "dance"},
}


def say(message: object) -> None:
    print(json.dumps(message), flush=True)


def ask(word: str) -> Any:
    say(ASKS[word])
    return json.loads(sys.stdin.readline())["answer"]


def play(run: dict[str, Any]) -> None:
    words = Path(run["file"]).name.split(".")[1:-1]
    case: dict[str, Any] = {**CASE, "run": run["run"]}
    for word in words:
        if word in ASKS:
            case["why"] += json.dumps(ask(word))
        elif word == "die":
            sys.stderr.write("free(): invalid pointer\n")
            sys.stderr.flush()
            os.abort()
        elif word == "hang":
            time.sleep(3600)
        elif word == "babble":
            print("{ this is no JSON", flush=True)
        elif word == "refuse":
            say({"error": {"run": run["run"], "why": 'run: "x" is not a key'}})
        elif word == "lack":
            del case["rows"]
        elif word == "late":
            say({"case": {**CASE, "run": 999}})
        elif word == "echo":
            case["why"] = json.dumps(run)
    say({"case": case})


def main() -> None:
    version = int(Path(sys.argv[0]).with_name("protocol").read_text())
    say({"ready": {"protocol": version, "version": "0"}})
    for line in sys.stdin:
        play(json.loads(line))


main()
