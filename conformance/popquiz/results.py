# SPDX-License-Identifier: Apache-2.0
"""results.json, version 1: the only source of every report. results.schema.json describes it."""

import hashlib
import json
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import popquiz
from popquiz import grades, paths
from popquiz.catalogue import Catalogue, Requirement
from popquiz.errors import SuiteError, UsageError
from popquiz.mask import Mask
from popquiz.outcome import Entry, Outcome
from popquiz.record import Result
from popquiz.runner import Run
from popquiz.targets import Target
from popquiz.verdicts import DEADLY, Attempt, Charge, Verdict, worst

SCHEMA = 1
FOLDER = "cases"  # of the artifacts
NAME_MAX = 160  # octets of the name of an artifact
UNSAFE = re.compile(r"[^A-Za-z0-9._=,@-]+")
NO_ARTIFACTS = (Verdict.PASS, Verdict.SKIP)


@dataclass(slots=True)
class Report:
    """Everything that reports are made from."""

    catalogue: Catalogue
    rows: Sequence[Requirement]  # of the profile
    target: Target
    tls: str
    run: Run
    mask: Mask
    profile: str = "modern"
    seed: int = 0
    date: str = ""  # when the run ended, as ISO 8601 says it
    replay: Sequence[str] = ()  # the options that reach the same target again
    stale: Sequence[str] = ()  # what is wrong with the baseline
    exit: int = 0
    exploration: Mapping[str, int] | None = None  # how far it went, where one was asked for
    explored: Sequence[Mapping[str, Any]] = ()  # its findings, as the document has them
    broken: Mapping[str, Verdict] = field(default_factory=dict)  # requirements, by those
    found: dict[str, Verdict] = field(default_factory=dict)  # of requirements
    scores: list[grades.Score] = field(default_factory=list)

    def count(self) -> Counter[Verdict]:
        return Counter(result.verdict for result in self.run.results)

    def score(self) -> None:
        self.found = grades.requirement_verdicts(self.run.results, self.broken)
        self.scores = grades.scores(self.rows, self.run.results, self.broken, self.run.explored)

    @property
    def grade(self) -> str:
        return grades.overall(self.scores, self.run.results, self.run.explored)


# ---- artifacts ----------------------------------------------------------------------------------


def file_name(result: Result) -> str:
    """What the artifacts of a result are called, without a suffix."""
    name = UNSAFE.sub("_", result.job.name)
    if len(name) <= NAME_MAX:
        return name
    return f"{name[:NAME_MAX]}-{hashlib.sha256(result.job.name.encode()).hexdigest()[:8]}"


def _entry_line(entry: Entry) -> str:
    more = f" ... {entry.left_out} octets more" if entry.left_out else ""
    tls = "tls" if entry.tls else ""
    return f"{entry.ms:>7} {entry.conn} {tls:3} {entry.dir} {entry.octets}{more}"


def transcript(outcome: Outcome) -> list[str]:
    """Milliseconds, connection, who said it (C, S, * for events), and what."""
    lines = [_entry_line(entry) for entry in outcome.transcript]
    missing, before = outcome.gap
    if missing:
        lines.insert(before, f"        ... {missing} entries are left out ...")
    return lines


def finding(attempt: Attempt) -> list[str]:
    """What an attempt came to, one thing a line."""
    lines = [f"verdict   {attempt.verdict}"]
    outcome = attempt.outcome
    pairs = [("why", attempt.why)]
    if outcome:
        where = f"{outcome.section} {outcome.line}" if outcome.line else ""
        pairs += [("branch", outcome.branch), ("at", where)]
        pairs += [("expected", outcome.expected), ("actual", outcome.actual)]
    lines += [f"{name:9} {text}" for name, text in pairs if text]
    counted = {charge.seen: f"{charge.verdict} " for charge in attempt.charges}
    lines += [f"referee   {counted.get(s, '')}{s}" for s in outcome.seen] if outcome else []
    for incident in attempt.incidents:
        lines += [f"{incident.kind:9} {line}" for line in incident.text.splitlines()]
    return lines


def _transcript_file(result: Result) -> str:
    blocks = []
    shown: dict[tuple[object, ...], int] = {}
    for number, attempt in enumerate(result.attempts, 1):
        blocks.append(f"# {result.job.name}, attempt {number}")
        like = shown.setdefault(attempt.same, number)
        if like < number:
            blocks += [f"like attempt {like}", ""]
            continue
        blocks += finding(attempt)
        blocks += [*(transcript(attempt.outcome) if attempt.outcome else []), ""]
    return "\n".join(blocks)


def expand(result: Result) -> str:
    """The row of the dialogue as a file of its own, without any secret in it."""
    case = result.case
    program = str(paths.program("popquiz-dlg"))
    command = [program, "expand", "--row", str(case.row_index), str(case.file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if ran.returncode != 0:
        raise SuiteError(f"{case.file}: {ran.stderr.strip()}")
    return ran.stdout


def write_artifacts(report: Report, folder: Path) -> None:
    """For each result that is worth a look: what was said, and the dialogue that shows it again."""
    for result in report.run.results:
        if result.verdict in NO_ARTIFACTS:
            continue
        name = f"{FOLDER}/{file_name(result)}"
        write(folder / f"{name}.txt", report.mask(_transcript_file(result)))
        write(folder / f"{name}.dlg", expand(result))
        result.artifacts = (f"{name}.txt", f"{name}.dlg")


def write(path: Path, text: str) -> None:
    """Writes a whole file or none. Raises SuiteError."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise SuiteError(f"{path}: cannot be written: {error.strerror}") from None


# ---- the document -------------------------------------------------------------------------------


def replay_command(report: Report, folder: Path, result: Result) -> str:
    """What shows the result again."""
    file = next((a for a in result.artifacts if a.endswith(".dlg")), None)
    path = folder / file if file else result.case.file
    segment = ["--segment", result.job.segment] if result.job.segment != "whole" else []
    return shlex.join(["popquiz", "replay", str(path), *report.replay, *segment])


def _attempt(report: Report, attempt: Attempt) -> dict[str, Any]:
    outcome = attempt.outcome or Outcome(outcome="")
    decider = attempt.decider
    return {
        "verdict": str(attempt.verdict),
        "way": attempt.full_way,
        "why": report.mask(attempt.why),
        "section": outcome.section,
        "line": outcome.line,
        "expected": decider.summary if decider else outcome.expected,
        "actual": report.mask(decider.seen.excerpt) if decider else outcome.actual,
        "barrier": dict(outcome.barrier),
        "incidents": [{"kind": i.kind, "text": report.mask(i.text)} for i in attempt.incidents],
        "ms": outcome.ms,
    }


def _charge(report: Report, result: Result, charge: Charge) -> dict[str, Any]:
    """A finding of the referee that counts in the verdict of a case."""
    seen = charge.seen
    return {
        "rule": seen.rule,
        "requirement": seen.requirement,
        "verdict": str(charge.verdict),
        "known": report.mask(result.excused.get(charge.way, "")),
        "why": seen.why,
        "expected": charge.summary,
        "actual": report.mask(seen.excerpt),
        "conn": seen.conn,
        "dir": seen.dir,
        "offset": seen.offset,
    }


def _rows(report: Report, rows: Mapping[str, Verdict]) -> list[dict[str, str]]:
    return [
        {"id": name, "level": report.catalogue[name].level, "verdict": str(verdict)}
        for name, verdict in sorted(rows.items())
    ]


def _breach(report: Report, result: Result) -> str:
    """The worst that breaking the requirements of the case can give."""
    breaches = (Verdict(report.catalogue[name].breach.upper()) for name in result.case.reqs)
    return str(worst(breaches)).lower() if result.case.reqs else "fail"


def _axes(report: Report, result: Result) -> dict[str, str]:
    login = report.run.facts.login
    return {
        "tls": report.tls,
        "segment": result.job.segment,
        "login": login.stem if login else "",
        **result.case.row,
    }


def _case(report: Report, folder: Path, result: Result) -> dict[str, Any]:
    passed = result.verdict in NO_ARTIFACTS
    outcome = result.shown.outcome if result.shown else None
    return {
        "id": result.case.id,
        "rev": result.case.rev,
        "title": result.case.title,
        "clause": grades.clauses(report.catalogue, result),
        "axes": _axes(report, result),
        "verdict": str(result.verdict),
        "why": report.mask(result.why),
        "skip": str(result.skip) if result.skip else None,
        "breach": _breach(report, result),
        "branch": outcome.branch if outcome else "",
        "way": result.full_way,
        "alone": str(result.alone or result.verdict),
        "referee": [_charge(report, result, charge) for charge in result.charges],
        "known": report.mask(result.known),
        "blame": result.blame,
        "rows": _rows(report, result.rows),
        "attempts": [_attempt(report, attempt) for attempt in result.attempts],
        "ms": result.ms,
        "replay": "" if passed else report.mask(replay_command(report, folder, result)),
        "artifacts": list(result.artifacts),
    }


def _requirement(report: Report, row: Requirement, cases: Iterable[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "level": row.level,
        "clause": row.clause,
        "summary": row.summary,
        "breach": row.breach,
        "wire": row.wire,
        "impact": row.impact,
        "verdict": str(report.found.get(row.id, "UNTESTED")),
        "cases": sorted(set(cases)),
    }


def _requirements(report: Report) -> list[dict[str, Any]]:
    cases: dict[str, list[str]] = {}
    for result in report.run.results:
        for name in result.case.reqs:
            cases.setdefault(name, []).append(result.case.id)
    return [
        _requirement(report, row, cases.get(row.id, ()))
        for row in report.rows
        if row.testable or row.id in cases
    ]


def _seen(report: Report, result: Result) -> Iterator[dict[str, Any]]:
    """What the referee saw in the attempts of a case: each rule once, with its first place."""
    told: set[str] = set()
    for attempt in result.attempts:
        for seen in attempt.outcome.seen if attempt.outcome else ():
            if seen.rule in told or seen.follows:
                continue
            told.add(seen.rule)
            about = {"rule": seen.rule, "requirement": seen.requirement, "offset": seen.offset}
            text = report.mask(str(seen))
            yield {"kind": "referee", "case": result.case.id, "text": text, **about}


def _findings(report: Report) -> list[dict[str, Any]]:
    """What concerns whoever runs the target, whatever the RFCs say."""
    found = []
    for result in report.run.results:
        incidents = [i for attempt in result.attempts for i in attempt.incidents]
        broken = [report.catalogue[n] for n, v in result.rows.items() if v is Verdict.FAIL]
        security = [row.id for row in broken if row.impact == "security"]
        if result.verdict in DEADLY or incidents:
            kind = "hang" if result.verdict is Verdict.HANG else "crash"
            text = "\n".join(i.text for i in incidents) or result.why
        elif security:
            kind, text = "security", f"{', '.join(security)}: {result.why}"
        else:
            continue
        found.append({"kind": kind, "case": result.case.id, "text": report.mask(text)})
    return found + [seen for result in report.run.results for seen in _seen(report, result)]


def _score(score: grades.Score) -> dict[str, Any]:
    return {
        "rfc": score.rfc,
        "grade": score.grade,
        "must": list(score.must),
        "implied": list(score.implied),
        "should": list(score.should),
        "untested": score.untested,
        "adapter": score.adapter,
        "testable": score.testable,
        "cap": score.cap,
        "text": str(score),
    }


def _capabilities(report: Report) -> dict[str, list[str] | None]:
    facts = report.run.facts
    lists = {"before": facts.before, "after": facts.after}
    return {
        name: None
        if capabilities is None
        else [
            b" ".join((tag, *words)).decode("ascii", "backslashreplace")
            for tag, words in capabilities.items()
        ]
        for name, capabilities in lists.items()
    }


def document(report: Report, folder: Path) -> dict[str, Any]:
    """The results as JSON has them. `folder` is where they will be written."""
    run, target = report.run, report.target
    configuration = report.mask(target.configuration)
    return {
        "schema": SCHEMA,
        "suite": popquiz.__version__,
        "date": report.date,
        "catalogue_sha256": report.catalogue.sha256,
        "profile": report.profile,
        "target": {
            "name": report.mask(target.name),
            "banner": run.facts.greeting.decode("ascii", "backslashreplace").rstrip("\r\n"),
            "capa": _capabilities(report),
            "configuration": configuration,
            "config_sha256": hashlib.sha256(configuration.encode()).hexdigest(),
            "patience_ms": run.facts.patience_ms,
        },
        "seed": report.seed,
        "partial": run.partial,
        "trouble": "interrupted" if run.interrupted else report.mask(run.trouble),
        "cases": [_case(report, folder, result) for result in run.results],
        "requirements": _requirements(report),
        "findings": [*_findings(report), *report.explored],
        **({"exploration": report.exploration} if report.exploration else {}),
        "baseline": list(report.stale),
        "summary": {
            "grade": report.grade,
            "rfcs": [_score(score) for score in report.scores],
            "verdicts": {str(verdict): count for verdict, count in sorted(report.count().items())},
            "exit": report.exit,
        },
    }


def check_folder(folder: Path) -> None:
    """Finds out before the run that the results can be written there. Raises UsageError."""
    probe = folder / ".popquiz"
    try:
        write(probe, "")
    except SuiteError as error:
        raise UsageError(f"--out: {error}") from None
    probe.unlink(missing_ok=True)


def save(report: Report, folder: Path) -> dict[str, Any]:
    """Writes results.json and the artifacts. Raises SuiteError; results.json is then written all
    the same if there is room for it."""
    problem = None
    try:
        write_artifacts(report, folder)
    except SuiteError as error:
        problem = error
    found = document(report, folder)
    write(folder / "results.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    if problem:
        raise problem
    return found
