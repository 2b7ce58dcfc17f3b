# SPDX-License-Identifier: Apache-2.0
"""What a campaign found: told apart, shortened, and written so that anybody can see it again."""

import hashlib
import json
import re
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from popquiz import baseline, paths, results
from popquiz.errors import SuiteError, UsageError
from popquiz.fuzz import shrink, signs
from popquiz.fuzz.lane import Lane, Played
from popquiz.fuzz.signs import Sign
from popquiz.mask import Mask

FOLDER = "findings"
# What was seen once counts; that something was slow, or had not ended yet, may be the machine's
# fault, and counts when it shows again.
SURE = (signs.CRASH, signs.VIOLATION)
CONFIRM = 2  # more plays
AGAIN = 5  # plays that tell whether a finding shows every time
RAW, DIALOGUE, TRANSCRIPT, RECORD = "input.raw", "input.dlg", "transcript.txt", "finding.json"
DIALOGUE_MAX = 128 << 10  # octets that popquiz-dlg from-bytes takes
HEADER_MAX = 400  # octets of a value of a dialogue's header
STACK_SHOWN = 5
PLAIN = re.compile(rb"[^ -~]+")
DLG_S = 60


@dataclass(slots=True)
class Finding:
    """One defect, by the first input that showed it."""

    sign: Sign
    octets: bytes
    seconds: float  # since the campaign began
    source: str  # the file that the engine saved, relative to the campaign's folder
    inputs: int = 1  # how many were saved that show the same
    again: int = 0  # of `plays`
    plays: int = AGAIN
    original: int = 0  # octets, before it was shortened
    minimised: bool = False
    known: str = ""  # why it is none of today's, as the baseline says
    dialogue: str = ""  # ready-made, where the lane writes its own
    more: dict[str, Any] = field(default_factory=dict)  # what only this lane knows

    @property
    def id(self) -> str:
        return self.sign.id

    @property
    def is_new(self) -> bool:
        return not self.known


# ---- what is known already ----------------------------------------------------------------------


class Known:
    """The findings that baselines list, each with a reason and an end: by their ids, or all that
    break a rule of the referee."""

    def __init__(self, paths_: Sequence[Path], today: date, tls: str = "none") -> None:
        """`tls`: the way of TLS of the campaign. Raises UsageError when one cannot be read."""
        self.expired: list[str] = []
        self._reasons: dict[str, str] = {}
        for entry in (entry for path in paths_ for entry in self._read(path).entries):
            name = entry.way if entry.id == baseline.ANY else entry.name
            if entry.expired(today):
                self.expired.append(name)
            elif entry.applies(tls):
                self._reasons[name] = entry.account

    @staticmethod
    def _read(path: Path) -> baseline.Baseline:
        try:
            return baseline.parse(str(path), path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--baseline {path}: cannot be read: {error}") from None

    def reason(self, finding: Finding) -> str:
        rule = finding.sign.what.lower() if finding.sign.kind == signs.VIOLATION else ""
        return self._reasons.get(finding.id, "") or self._reasons.get(rule, "")


# ---- judging ------------------------------------------------------------------------------------


def write_inputs(folder: Path, inputs: Sequence[bytes]) -> list[Path]:
    files = [folder / f"{number:06}" for number in range(len(inputs))]
    for file, octets in zip(files, inputs, strict=True):
        file.write_bytes(octets)
    return files


class Collection:
    """The findings of a campaign, in the order in which they came."""

    def __init__(self, lane: Lane | None, known: Known) -> None:
        """`lane`: where inputs are played; None: what is found is judged already."""
        self._lane = lane
        self.known = known
        self.findings: dict[str, Finding] = {}
        self.silent: list[str] = []  # saved inputs that showed nothing when they were played

    def add(
        self, file: Path, seconds: float, source: str, hint: Sign | None = None
    ) -> Finding | None:
        """Plays an input that an engine saved; returns a finding when it is a new one. `hint` is
        what the engine saw: it counts where the replay shows nothing."""
        sign = self.confirmed(file, self._judge(file, hint))
        if not sign and hint and hint.kind in SURE:
            sign = hint
        if not sign:
            self.silent.append(source)
            return None
        return self.keep(Finding(sign, file.read_bytes(), seconds, source))

    def keep(self, finding: Finding) -> Finding | None:
        """Returns it when it is the first of its kind."""
        if first := self.findings.get(finding.sign.signature):
            first.inputs += 1
            return None
        finding.original = len(finding.octets)
        finding.known = self.known.reason(finding)
        self.findings[finding.sign.signature] = finding
        return finding

    def _judge(self, file: Path, hint: Sign | None) -> Sign | None:
        for _ in range(AGAIN):
            with closing(self.lane.judge_again([file], hint or Sign())) as seen:
                if sign := next(seen):
                    return sign
        return None

    def confirmed(self, file: Path, sign: Sign | None) -> Sign | None:
        """What was seen, unless it may have been the machine's fault and does not show again."""
        if not sign or sign.kind in SURE:
            return sign
        with closing(self.lane.judge_again([file] * CONFIRM, sign)) as seen:
            same = all(each.signature == sign.signature for each in seen)
        return sign if same else None

    @property
    def lane(self) -> Lane:
        assert self._lane
        return self._lane

    @property
    def new(self) -> list[Finding]:
        return [finding for finding in self.findings.values() if finding.is_new]

    # ---- shortening -----------------------------------------------------------------------------

    def _check(self, wanted: Sign, folder: Path) -> shrink.Check:
        def check(candidates: Sequence[bytes]) -> int | None:
            files = write_inputs(folder, candidates)
            with closing(self.lane.judge_again(files, wanted)) as seen:
                for number, sign in enumerate(seen):
                    if sign and sign.gist == wanted.gist:
                        return number
            return None

        return check

    def shorten(self, finding: Finding, budget: shrink.Budget | None = None) -> None:
        """Shortens its input, and counts how often it shows the same."""
        with tempfile.TemporaryDirectory(prefix="popquiz-") as name:
            folder = Path(name)
            files = write_inputs(folder, [finding.octets])
            finding.again = self.shows(finding, files[0], AGAIN)
            if finding.again < AGAIN:
                return  # what shows now and then cannot be told from what does not
            check = self._check(finding.sign, folder)
            shorter, whole = shrink.shrink(finding.octets, check, budget)
            files[0].write_bytes(shorter)
            with closing(self.lane.judge_again(files[:1], finding.sign)) as seen:
                sign = next(seen)
            if sign and sign.gist == finding.sign.gist:
                finding.octets, finding.minimised, finding.sign = shorter, whole, sign

    def settle(self) -> None:
        """Once all are short: those that turn out to be the same are one, and the baseline knows
        them by the names that they have now."""
        found, self.findings = list(self.findings.values()), {}
        for finding in found:
            finding.known = self.known.reason(finding)
            first = self.findings.setdefault(finding.sign.signature, finding)
            if first is not finding:
                first.inputs += finding.inputs

    def shows(self, finding: Finding, file: Path, times: int) -> int:
        with closing(self.lane.judge_again([file] * times, finding.sign)) as seen:
            return sum(bool(sign) and sign.gist == finding.sign.gist for sign in seen)


# ---- writing ------------------------------------------------------------------------------------


def header(finding: Finding, lane: Played) -> list[str]:
    """What a crash file says besides its steps."""
    sign = finding.sign
    stack = " < ".join(sign.frames[:STACK_SHOWN])
    values = {
        "title": sign.headline,
        **lane.built,
        "signal": sign.signal,
        "sanitizer": sign.sanitizer,
        "stack": stack,
        "input-sha256": hashlib.sha256(finding.octets).hexdigest(),
        "minimised": "yes" if finding.minimised else "no",
    }
    clean = {
        k: PLAIN.sub(b" ", v.encode()).decode()[:HEADER_MAX].strip() for k, v in values.items()
    }
    return [f"{name}: {value.lstrip('#')}" for name, value in clean.items() if value]


def dlg(*words: str) -> str:
    """Raises SuiteError."""
    command = [str(paths.program("popquiz-dlg")), *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=DLG_S, check=False)
    if ran.returncode != 0:
        raise SuiteError(f"popquiz-dlg {words[0]}: {ran.stderr.strip()}")
    return ran.stdout


def label(text: str) -> str:
    """As ids of dialogues are made."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def dialogue(finding: Finding, lane: Played, raw: Path) -> str:
    """The input as a crash file; empty where it is none, or nobody knows it."""
    if finding.dialogue:
        return finding.dialogue
    if not lane.dialogues or not 0 < len(finding.octets) <= DIALOGUE_MAX:
        return ""
    text = dlg("from-bytes", "--kind", "crash", "--id", finding.id, str(raw))
    head, end, rest = text.partition("---\n")
    kept = [line for line in head.splitlines() if not line.startswith("title:")]
    return "\n".join((*kept, *header(finding, lane), "")) + end + rest


def replay_command(finding: Finding, lane: Played, out: Path) -> str:
    """Empty where nobody knows what to play: what was seen once, in a long session."""
    if not finding.dialogue and not finding.octets:
        return ""
    name = DIALOGUE if finding.dialogue else RAW
    return shlex.join(["popquiz", "replay", str(out / FOLDER / finding.id / name), *lane.options])


def record(finding: Finding, lane: Played, out: Path) -> dict[str, Any]:
    """finding.json; campaign.json has it too."""
    sign = finding.sign
    return {
        "id": finding.id,
        "kind": sign.kind,
        "what": sign.what,
        "headline": sign.headline,
        "signature": sign.signature,
        "frames": list(sign.frames),
        "source_line": sign.source,
        "process": sign.process,
        "place": sign.place,
        "signal": sign.signal,
        "sanitizer": sign.sanitizer,
        "report": sign.text,
        "lane": lane.name,
        "built": dict(lane.built),
        "known": finding.known,
        "seconds": round(finding.seconds, 1),
        "inputs": finding.inputs,
        "again": [finding.again, finding.plays],
        "octets": len(finding.octets),
        "octets_before": finding.original,
        "minimised": finding.minimised,
        "source": finding.source,
        "replay": replay_command(finding, lane, out),
        **finding.more,
    }


def save(finding: Finding, lane: Played, out: Path, mask: Mask) -> Mapping[str, Any]:
    """Writes the folder of a finding. Raises SuiteError."""
    folder = out / FOLDER / finding.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RAW).write_bytes(finding.octets)
    if text := dialogue(finding, lane, folder / RAW):
        results.write(folder / DIALOGUE, text)
        dlg("fmt", str(folder / DIALOGUE))
    said = finding.sign.transcript or finding.sign.text
    results.write(folder / TRANSCRIPT, mask(said) + "\n")
    found = record(finding, lane, out)
    found["files"] = sorted(path.name for path in folder.iterdir())
    text = mask(json.dumps(found, indent=1, ensure_ascii=False))
    results.write(folder / RECORD, text + "\n")
    return dict(json.loads(text))
