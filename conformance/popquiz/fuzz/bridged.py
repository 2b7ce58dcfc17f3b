# SPDX-License-Identifier: Apache-2.0
"""What the bridge says (harness/bridge/README.md), as signs, and what all lanes over it share."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from popquiz.errors import TargetError
from popquiz.fuzz import edges, signs, symbols
from popquiz.fuzz.lane import AFL, Quiet, Seed, Watched, corpus, files_below, read_seeds
from popquiz.fuzz.signs import Sign

SEEDS = "server"  # the folder of the seeds
LOG = "bridge"  # begins the names of the bridges' logs
STATS = "stats.json"  # in each
KINDS = {"crash": signs.CRASH, "hang": signs.HANG, "leak": signs.GROWTH, "growth": signs.GROWTH}
SAME_MAP = "same-map"  # a check of the self-test
PLAY, TEST, GROW = "--play", "--self-test", "--growth"
LOGIN = "login.raw"  # in the campaign's folder, where the engine stands
# What the mutator (harness/mutator/afl.c) is told.
MUTATING = {"POPQUIZ_LOGIN": LOGIN}
# ASan must not end a server for what it leaks at its end; a report is the bridge's to keep.
SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0:symbolize=0:handle_segv=1",
    "UBSAN_OPTIONS": "abort_on_error=1:print_stacktrace=1:symbolize=0",
}

# ---- what the bridge says -----------------------------------------------------------------------


def _shown(octets: str) -> str:
    text = octets.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
    return "".join(c if " " <= c <= "~" else f"\\x{ord(c):02X}" for c in text)


def transcript(entries: Sequence[Mapping[str, Any]]) -> str:
    """For people: a line for each thing that was said."""
    several = any(entry["conn"] != 1 for entry in entries)
    lines = []
    for entry in entries:
        conn = str(entry["conn"]) if several else ""
        lines.append(f"{entry['from']}{conn}: {_shown(entry['octets'])}")
    return "\n".join(lines)


def _place(entries: Sequence[Mapping[str, Any]]) -> str:
    """The last command, where it is one."""
    said = [entry["octets"] for entry in entries if entry["from"] == "C"]
    word = said[-1].split(None, 1)[0].upper() if said and said[-1].split() else ""
    return f"behind {word}" if word.isalpha() and len(word) <= 8 else ""


def sign_of(played: Mapping[str, Any]) -> Sign:
    """What one line of --play shows."""
    said = transcript(played["transcript"])
    if played["status"] == "violation" and played["violations"]:
        first = played["violations"][0]
        place = f"{first['verb']} in {first['state']}" if first["verb"] else f"in {first['state']}"
        why = str(first["why"])
        return Sign(signs.VIOLATION, str(first["rule"]), place=place, text=why, transcript=said)
    if played["status"] not in KINDS:
        return Sign(transcript=said)
    return _bad(played, said)


def _bad(played: Mapping[str, Any], said: str) -> Sign:
    kind, signal = KINDS[played["status"]], str(played["signal"] or "")
    process = str(played["process"] or "")
    report = str(played["report"]).encode("utf-8", "replace").decode()  # no lone surrogates
    report = symbols.named(report)
    name = Path(played["executable"] or "").name
    process = f"{process}, {name}" if process and name else process or name
    # Of a server whose standard error is its connection, the client has the report.
    heard = "".join(e["octets"] for e in played["transcript"] if e["from"] == "S")
    for text in (report, symbols.named(heard)):
        if found := signs.read(text, signal, process=process, transcript=said):
            return found
    what, place = signal or played["grew"] or played["status"], _place(played["transcript"])
    return Sign(kind, what, (), process, place, signal, text=report, transcript=said)


# ---- the lane -----------------------------------------------------------------------------------


Said = Generator[dict[str, Any], None, dict[str, Any]]


class Bridged(Quiet):
    """A lane over the bridge."""

    engines = (AFL,)
    dialogues = True
    name = ""

    def ask(self, inputs: Sequence[bytes], what: str = PLAY) -> Said:
        """The lines of JSON that a bridge says of inputs; returns {"end": status, "said": text}.
        Raises TargetError."""
        raise NotImplementedError

    def seeds(self) -> list[Seed]:
        return read_seeds(files_below(corpus() / "seeds" / SEEDS))

    def dictionary(self) -> Path:
        return corpus() / "dict" / "pop3.dict"

    def check(self, seeds: Sequence[bytes], out: Path) -> Sequence[str]:
        """What the bridge's self-test has to say; leaves the login that the mutator gives to
        inputs. Raises TargetError when a campaign is of no use."""
        told: dict[str, Any] = {}
        asking = self.ask(seeds, TEST)
        try:
            while True:
                told = next(asking)
        except StopIteration as stop:
            ended = stop.value
        checks = told.get("checks", ())
        bad = [each for each in checks if not each["ok"]]
        lines = [f"self-test: {each['check']}: {self._says(each, told)}" for each in bad]
        if not told.get("usable"):
            why = "; ".join(f"{each['check']}: {each['says']}" for each in bad)
            last = ended["said"].rpartition("\n")[2]
            raise TargetError(f"{self.name} cannot be fuzzed: {why or last}")
        reaches = seeds[int(Path(told["reaches"]).name)]
        login = reaches.split(b"\n")[: int(told["login_lines"])]
        (out / LOGIN).write_bytes(b"".join(octets + b"\n" for octets in login))
        return lines

    def _says(self, check: Mapping[str, Any], told: Mapping[str, Any]) -> str:
        """What a check that failed has to say; of edges that come and go, in which functions."""
        says = str(check["says"])
        if check["check"] != SAME_MAP:
            return says
        regions = [{**each, "path": self.program(each["path"])} for each in told["programs"]]
        groups = edges.groups(regions, told["unstable"])
        self.unstable = edges.document(groups)
        return f"{says}: {edges.line(groups)}"

    def explain(self, octets: bytes) -> dict[str, Any]:
        return {"stack_note": "none: replay it with a server that has -fsanitize=address"}

    def program(self, path: str) -> Path:
        """A program that the bridge has started, where this process finds it."""
        return Path(path)

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        """Raises TargetError where the bridge says nothing of a file: its server does not serve."""
        asking = self.ask([file.read_bytes() for file in files])
        for _ in files:
            try:
                played = next(asking)
            except StopIteration as stop:
                last = stop.value["said"].rpartition("\n")[2]
                why = last or f"the bridge ended with {stop.value['end']}"
                raise TargetError(f"{self.name} cannot be played to: {why}") from None
            yield sign_of(played)

    def judge_again(self, files: Sequence[Path], sign: Sign) -> Generator[Sign, None, None]:
        if not sign.is_slow:
            yield from self.judge(files)
            return
        for played in self.ask([file.read_bytes() for file in files], f"{GROW}-{sign.what}"):
            yield sign_of(played)

    def watch(self, out: Path) -> Watched:
        """From the logs of the bridges."""
        found = [_json(path) for path in sorted(out.glob(f"{LOG}*/{STATS}"))]
        cases = sum(int(each.get("cases", 0)) for each in found)
        reached = sum(int(each.get("transaction", 0)) for each in found)
        share = 100 * reached / cases if cases else None
        edges = max((int(each.get("edges", 0)) for each in found), default=0)
        of = max((int(each.get("edges_of", 0)) for each in found), default=0)
        return Watched(share, cases or None, edges or None, of or None)

    def begin(self, out: Path) -> None:
        for path in out.glob(f"{LOG}*/{STATS}"):
            path.unlink()  # each bridge counts from 0

    def saved(self, out: Path) -> Iterator[tuple[Path, Sign | None]]:
        for path in sorted(out.glob(f"{LOG}*/findings.jsonl")):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                told = _object(line)
                file = path.parent / str(told.get("input"))
                if told.get("input") and file.is_file():
                    yield file, _logged(told)

    def close(self) -> None:
        """Nothing runs between two calls."""


def _logged(told: Mapping[str, Any]) -> Sign:
    """A line of the side log as a sign, for what shows once and not again."""
    played = {**told, "status": told["kind"], "transcript": [], "violations": []}
    if told["kind"] == "violation":
        played["violations"] = [told]
    return replace(sign_of(played), transcript="")


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        return _object(path.read_text(encoding="utf-8"))
    except OSError:
        return {}
