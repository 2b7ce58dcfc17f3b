# SPDX-License-Identifier: Apache-2.0
"""Makes what tests of the runner need: cases, requirements, outcomes, and runs of the command."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from popquiz import cases, paths
from popquiz.cases import Branch, Case, Need
from popquiz.catalogue import Catalogue, Requirement
from popquiz.explorer import Finding
from popquiz.outcome import Entry, Outcome, Seen
from popquiz.record import Job, Result
from popquiz.verdicts import Attempt, Verdict, agree

HERE = Path(__file__).parent
TINY = f"{sys.executable} {HERE / 'tiny_pop3.py'}"
PASSWORD = "secret pass"
RUN_SECONDS = 120


def requirement(name: str, **more: str) -> Requirement:
    """A requirement of servers, such as "RFC1939-5-001": a MUST unless told otherwise."""
    values = {
        "id": name,
        "level": "MUST",
        "side": "server",
        "section": name.split("-")[1],
        "summary": f"What {name} says.",
        "how_to_test": "",
        "precondition": "none",
        "oracle": "yes",
        "breach": "fail",
        "wire": "yes",
        "why_not": "",
        "impact": "none",
        "reason": "",
    }
    return Requirement(**(values | more))


def catalogue(*rows: Requirement) -> Catalogue:
    return Catalogue({row.id: row for row in rows}, "0" * 64)


def case(name: str = "x.case", **more: Any) -> Case:
    values: dict[str, Any] = {
        "file": Path(f"/cases/{name}.dlg"),
        "id": name,
        "dialogue": name.partition("[")[0],
        "title": f"The case {name}",
        "kind": "case",
        "rev": 1,
        "reqs": ("RFC1939-5-001",),
        "needs": (),
        "state": None,
        "roles": ("client",),
        "tags": (),
        "row": {},
        "row_index": 0,
        "mailbox": (),
        "messages": {},
        "branches": (),
    }
    return Case(**(values | more))


def dialogue(name: str) -> Path:
    """The file of one of our own cases, by its id: files are renamed, ids never."""
    id_line = re.compile(rf"^id: +{re.escape(name)}$", re.M)
    (found,) = (path for path in cases.find(paths.cases()) if id_line.search(path.read_text()))
    return found


def needs(*texts: str) -> tuple[Need, ...]:
    """From "destructive", "messages>=3"."""
    parts = (text.partition(">=") for text in texts)
    return tuple(Need(name, int(least or 0)) for name, _, least in parts)


def branches(**verdicts: str) -> tuple[Branch, ...]:
    return tuple(Branch(name, verdict, n) for n, (name, verdict) in enumerate(verdicts.items(), 10))


def outcome(word: str = "pass", rows: Mapping[str, str] | None = None, **more: Any) -> Outcome:
    """What the player says; without rows the one of case() got the same word."""
    if rows is None:
        rows = {"RFC1939-5-001": word} if word in ("pass", "note", "warn", "fail") else {}
    return Outcome(outcome=word, section="test", line=12, rows=rows, **more)


def finding(**more: Any) -> Finding:
    """What an exploration found."""
    names = dict.fromkeys(Finding.__dataclass_fields__, "x")
    numbers = {"session": 1, "steps": 5, "again": True, "sent": 40}
    return Finding(**(names | numbers | more))


def seen(rule: str = "REF-STAT-COUNT", requirement: str = "RFC1939-5-002", **more: Any) -> Seen:
    """A finding of the referee."""
    values: dict[str, Any] = {
        "rule": rule,
        "requirement": requirement,
        "conn": 1,
        "dir": "S",
        "offset": 70,
        "ms": 3,
        "verb": "STAT",
        "state": "TRANSACTION",
        "follows": False,
        "excerpt": "+OK 4 0",
        "why": "messages: due, said 3, 4",
    }
    return Seen(**(values | more))


def said(octets: int) -> tuple[Entry, ...]:
    return (Entry(conn=1, dir="C", ms=0, tls=False, octets="x" * octets),)


def result(verdict: Verdict, of: Case | None = None, **more: Any) -> Result:
    """The result of a case that was played once."""
    attempt = Attempt(verdict, outcome=outcome("pass"), **more)
    agreed = agree([attempt])
    job = Job(of or case(), "whole")
    return Result(
        job,
        verdict,
        way=attempt.way,
        rows=agreed.rows,
        attempts=(attempt,),
        shown=attempt,
        alone=attempt.alone,
    )


def rows_of(verdict: Verdict, names: Iterable[str]) -> dict[str, Verdict]:
    return dict.fromkeys(names, verdict)


# ---- the command --------------------------------------------------------------------------------

Ran = subprocess.CompletedProcess[str]


# What tests of the runner play: each verdict has a case among them, however many cases there are.
FEW = "rfc1939.greeting.one-line or rfc1939.retr.stuffing or rfc1939.stat.list-agree"


def popquiz(*words: str | Path, **more: Any) -> Ran:
    """Runs the command line as a person does."""
    command = [sys.executable, "-m", "popquiz", *map(str, words)]
    settings: dict[str, Any] = {"capture_output": True, "text": True, "timeout": RUN_SECONDS}
    return subprocess.run(command, **(settings | more), check=False)


def password_file(folder: Path, password: str = PASSWORD) -> Path:
    path = folder / "password"
    path.write_text(f"{password}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def certify(folder: Path, target: str, *words: str, **more: Any) -> Ran:
    """`popquiz certify` with the account of the built-in and of the tiny server; the cases of FEW,
    unless the words select others."""
    account = ("--user", "user", "--password-file", password_file(folder))
    few = () if "--select" in words else ("--select", FEW)
    given = ("--target", target, *account, "--out", folder / "out", *few, *words)
    return popquiz("certify", *given, **more)


def results(folder: Path) -> dict[str, Any]:
    """What certify() wrote."""
    found: dict[str, Any] = json.loads((folder / "out/results.json").read_text(encoding="utf-8"))
    return found


def verdicts(folder: Path) -> dict[str, str]:
    return {each["id"]: each["verdict"] for each in results(folder)["cases"]}
