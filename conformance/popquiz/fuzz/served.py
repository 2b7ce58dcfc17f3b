# SPDX-License-Identifier: Apache-2.0
"""`--lab NAME`: an instrumented server over the bridge (harness/bridge). Every instance of the
engine has its own bridge, server, port, folder and maildrop; so has the judge, which plays what was
found."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from popquiz import labbuild, paths, probe
from popquiz.errors import TargetError, UsageError
from popquiz.fixtures import DEFAULT, Fixtures
from popquiz.fuzz import signs
from popquiz.fuzz.inside import BRIDGE, TOOLS, WISH
from popquiz.fuzz.lane import AFL, Launch, Quiet, Watched, corpus, files_below
from popquiz.fuzz.signs import Sign
from popquiz.servers import builds, folders, profile
from popquiz.servers.order import Order
from popquiz.servers.profile import Profile

# The accounts of every seed (src/dialogue/seed.h).
ACCOUNTS = ("alice", "bob")
PASSWORD = "wonderland"
PROGRAMS = ("popquiz-bridge", "popquiz-shim.so")
MUTATOR = "popquiz-mutator.so"
SANITIZE, INSTRUMENT = "sanitize", "instrument"
SEEDS = "server"  # the folder of the seeds
END_S = 20.0
LOG = "bridge"  # begins the names of the bridges' logs
KINDS = {"crash": signs.CRASH, "hang": signs.HANG, "leak": signs.GROWTH}
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
    process, report = str(played["process"] or ""), str(played["report"])
    name = Path(played["executable"] or "").name
    process = f"{process}, {name}" if process and name else process or name
    if found := signs.read(report, signal, process=process, transcript=said):
        return found
    what, place = signal or played["status"], _place(played["transcript"])
    return Sign(kind, what, (), process, place, signal, text=report, transcript=said)


# ---- a bridge of our own ------------------------------------------------------------------------


class Judge:
    """A process of inside.py that plays what it is given."""

    def __init__(self, make: Callable[[], Path], environment: Mapping[str, str]) -> None:
        self._make = make
        self._environment = environment
        self._folder: Path | None = None
        self._running: subprocess.Popen[str] | None = None

    def _start(self) -> subprocess.Popen[str]:
        if self._running:
            return self._running
        self._folder = self._make()
        self._running = subprocess.Popen(
            inside(self._folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **self._environment},
            text=True,
            start_new_session=True,
        )
        told = self._read()
        if not told.get("ready"):
            raise TargetError(str(told.get("error", "the server's folder cannot be made")))
        return self._running

    def _read(self) -> dict[str, Any]:
        assert self._running and self._running.stdout
        line = self._running.stdout.readline()
        if not line:
            raise TargetError("the process that plays findings died")
        return dict(json.loads(line))

    def ask(
        self, inputs: Sequence[bytes], options: Sequence[str] = ()
    ) -> Generator[dict[str, Any], None, dict[str, Any]]:
        """What the bridge says of each input; returns how it ended. Raises TargetError."""
        running = self._start()
        assert running.stdin
        octets = [base64.b64encode(each).decode() for each in inputs]
        running.stdin.write(json.dumps({"play": octets, "options": list(options)}) + "\n")
        running.stdin.flush()
        ended: dict[str, Any] = {}
        try:
            while "end" not in (ended := self._read()):
                yield ended
        finally:
            while "end" not in ended:  # whoever has seen enough leaves the rest to us
                ended = self._read()
        return ended

    def close(self) -> None:
        running, self._running = self._running, None
        if running and running.stdin:
            with contextlib.suppress(BrokenPipeError):
                running.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(END_S)
            running.kill()
            running.wait()
            if running.stdout:
                running.stdout.close()
        if self._folder:
            folders.remove(self._folder)


def inside(folder: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "popquiz.fuzz.inside", str(folder)]


# ---- the lane -----------------------------------------------------------------------------------


class Served(Quiet):
    """A server of the lab that was built for this."""

    engines = (AFL,)
    dialogues = True

    def __init__(self, name: str, build: Path | None, say: Callable[[str], None]) -> None:
        """`build`: what `popquiz lab build` made; None: it is made, or taken from the cache. Raises
        PopquizError."""
        word, _, variant = name.partition(":")
        self._variant = variant or None
        self._say = say
        self._profile = profile.find(word)
        self._check(word)
        self._builds = {INSTRUMENT: build or labbuild.build(word, INSTRUMENT, say=say)}
        self.name = f"lab:{name}"
        self.options = ("--lab", name, *(("--build", str(build)) if build else ()))
        self._folders: list[Path] = []
        self._judges: dict[str, Judge] = {}

    @staticmethod
    def _check(name: str) -> None:
        """One line for whatever is lacking. Raises PopquizError."""
        for program in PROGRAMS:
            paths.program(program)
        if profile.find(name).backend:
            raise UsageError(f"--lab {name}: a proxy needs a server behind it: use --target")

    @property
    def built(self) -> dict[str, str]:
        said = builds.describe(self._builds[INSTRUMENT])
        return {
            "server": self.name.partition(":")[2],
            "target": f"{said['name']} {said['version']}",
            "build": f"{said['kind']}, {said['compiler']}",
        }

    def sanitized(self) -> bool:
        """Whether a second instance can have sanitizers: it is not built only for that."""
        if SANITIZE not in self._builds:
            said = builds.describe(self._builds[INSTRUMENT])
            found = paths.cache("builds") / f"{said['name']}-{said['version']}-{SANITIZE}"
            if not (found / builds.DESCRIPTION).is_file():
                return False
            self._builds[SANITIZE] = found
        return True

    # ---- folders --------------------------------------------------------------------------------

    def _used(self, kind: str) -> Profile:
        return builds.use(self._profile, self._builds[kind])

    def _make(self, kind: str, out: Path | None, run: Sequence[str], log: str) -> Path:
        """A folder for inside.py."""
        folder = folders.make()
        self._folders.append(folder)
        (folder / TOOLS).mkdir()
        for program in PROGRAMS:
            shutil.copy2(paths.program(program), folder / TOOLS / program)
        mail = Fixtures(paths.fixtures()).maildrop((DEFAULT,), {}).messages
        used = self._used(kind).variant(self._variant)
        names = {name: str(probe.free_port()) for name in sorted(used.names() & {"port"})}
        names |= {name: str(probe.free_port()) for name in used.ports}
        accounts = dict.fromkeys(ACCOUNTS, mail)
        order = Order(used, self._variant, folder, accounts, PASSWORD, names)
        order.check()
        wish = {
            "order": order.line().decode(),
            "out": str(out.resolve()) if out else None,
            "run": list(run),
            "bridge": ["--log", log] if log else [],
        }
        (folder / WISH).write_text(json.dumps(wish), encoding="utf-8")
        return folder

    # ---- for the campaign -----------------------------------------------------------------------

    def seeds(self) -> list[Path]:
        return files_below(corpus() / "seeds" / SEEDS)

    def dictionary(self) -> Path:
        return corpus() / "dict" / "pop3.dict"

    def launch(self, engine: str, number: int) -> Launch:
        kind = SANITIZE if number == 1 and self.sanitized() else INSTRUMENT
        environment = dict(SANITIZERS) if kind == SANITIZE else {}
        log = f"{LOG}{number}"

        def wrap(words: Sequence[str], out: Path) -> list[str]:
            return inside(self._make(kind, out, words, log))

        return Launch((BRIDGE,), environment, wrap)

    def watch(self, out: Path) -> Watched:
        """From the logs of the bridges."""
        found = [_json(path) for path in sorted(out.glob(f"{LOG}*/stats.json"))]
        cases = sum(int(each.get("cases", 0)) for each in found)
        reached = sum(int(each.get("transaction", 0)) for each in found)
        return Watched(100 * reached / cases if cases else None, cases or None)

    def saved(self, out: Path) -> Iterator[tuple[Path, Sign | None]]:
        for path in sorted(out.glob(f"{LOG}*/findings.jsonl")):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                told = _object(line)
                file = path.parent / str(told.get("input"))
                if told.get("input") and file.is_file():
                    yield file, _logged(told)

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        inputs = [file.read_bytes() for file in files]
        for octets, played in zip(inputs, self._judge(INSTRUMENT).ask(inputs), strict=False):
            sign = sign_of(played)
            if not sign and SANITIZE in self._builds:
                sign = sign_of(next(self._judge(SANITIZE).ask([octets])))
            yield sign

    def _judge(self, kind: str) -> Judge:
        if kind not in self._judges:
            given = SANITIZERS if kind == SANITIZE else {}
            self._judges[kind] = Judge(lambda: self._make(kind, None, (), ""), given)
        return self._judges[kind]

    def close(self) -> None:
        for judge in self._judges.values():
            judge.close()
        for folder in self._folders:
            folders.remove(folder)


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
