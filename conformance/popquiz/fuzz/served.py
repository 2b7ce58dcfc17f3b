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
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popquiz import baseline, labbuild, paths, probe
from popquiz.errors import TargetError, UsageError
from popquiz.fixtures import DEFAULT, Fixtures
from popquiz.fuzz import beside, twin
from popquiz.fuzz.bridged import LOG, MUTATING, PLAY, SANITIZERS, Bridged, Said, sign_of
from popquiz.fuzz.inside import BRIDGE, COUNTED, MUTATOR, TOOLS, WISH
from popquiz.fuzz.lane import BRIDGED_MS, Launch
from popquiz.fuzz.signs import Sign
from popquiz.servers import builds, folders, profile
from popquiz.servers.order import Order
from popquiz.servers.profile import Profile

# The accounts of every seed (src/dialogue/seed.h).
ACCOUNTS = ("alice", "bob")
PASSWORD = "wonderland"
BEHIND = "behind"  # the folder of the server behind a proxy
PROGRAMS = ("popquiz-bridge", "popquiz-shim.so")
SANITIZE, INSTRUMENT, CMPLOG = "sanitize", "instrument", "cmplog"
END_S = 20.0
SHOWN = 4  # frames


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

    def ask(self, inputs: Sequence[bytes], what: str = PLAY) -> Said:
        """As Bridged.ask()."""
        running = self._start()
        assert running.stdin
        octets = [base64.b64encode(each).decode() for each in inputs]
        running.stdin.write(json.dumps({"do": what, "inputs": octets}) + "\n")
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


def _known(name: str) -> set[str]:
    """Rules that a server is known to break."""
    path = profile.baseline(name)
    if not path.is_file():
        return set()
    entries = baseline.parse(str(path), path.read_text(encoding="utf-8")).entries
    return {entry.way.upper() for entry in entries if entry.way.startswith(baseline.RULE)}


def _accounts() -> dict[str, Sequence[bytes]]:
    mail = Fixtures(paths.fixtures()).maildrop((DEFAULT,), {}).messages
    return dict.fromkeys(ACCOUNTS, mail)


def _ports(wanted: Profile) -> dict[str, str]:
    """Free ones, for the templates of a profile."""
    names = wanted.names() & {"port", "tls_port"} | set(wanted.ports)
    return {name: str(probe.free_port()) for name in sorted(names)}


@dataclass(frozen=True, slots=True)
class _Engine:
    """What runs in a server's folder: an engine; or, without one, a judge's bridge."""

    out: Path | None = None
    words: Sequence[str] = ()
    log: str = ""
    twin: bool = False


# ---- the lane -----------------------------------------------------------------------------------


class Served(Bridged):
    """A server of the lab that was built for this."""

    def __init__(
        self, name: str, build: Path | None, say: Callable[[str], None], referee: str | None = None
    ) -> None:
        """`build`: what `popquiz lab build` made; None: it is made, or taken from the cache.
        `referee`: the rules whose findings count. Raises PopquizError."""
        word, _, variant = name.partition(":")
        self._variant = variant or None
        self._say = say
        self._profile = profile.find(word)
        self._check()
        self._builds = {INSTRUMENT: build or labbuild.build(word, INSTRUMENT, say=say)}
        self._extra = ["--referee", ",".join((referee, *self._left(name)))] if referee else []
        self.name = f"lab:{self._profile.name}" + (f":{variant}" if variant else "")
        rules = ("--referee", referee) if referee else ()
        self.options = ("--lab", name, *(("--build", str(build)) if build else ()), *rules)
        self._folders: list[Path] = []
        self._outs: set[Path] = set()
        self._judges: dict[str, Judge] = {}

    @staticmethod
    def _check() -> None:
        """One line for whatever is lacking. Raises PopquizError."""
        for program in PROGRAMS:
            paths.program(program)

    def _left(self, name: str) -> list[str]:
        """Rules that the bridge leaves out, since they would hide what is behind them: those that
        the server is known to break, or the one behind it. Raises PopquizError."""
        behind = self._behind()
        known = _known(name) | (_known(behind.name) if behind else set())
        return [f"-{rule}" for rule in sorted(known)]

    def _behind(self) -> Profile | None:
        """The server behind a proxy. Raises PopquizError."""
        said = builds.describe(self._builds[INSTRUMENT])
        if not self._profile.backend:
            return None
        found = profile.find(said.get("backend") or self._profile.backend)
        beside.check_backend(found)
        if missing := found.missing():
            raise UsageError(
                f"{found.name}, which is behind {self._profile.name}, is not installed: "
                f"{', '.join(missing)}; run: {found.install}"
            )
        return found

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
        return self._is_built(SANITIZE)

    def _is_built(self, kind: str) -> bool:
        if kind not in self._builds:
            said = builds.describe(self._builds[INSTRUMENT])
            found = paths.cache("builds") / f"{said['name']}-{said['version']}-{kind}"
            if not (found / builds.DESCRIPTION).is_file():
                return False
            self._builds[kind] = found
        return True

    def _has_twin(self) -> bool:
        """Whether an instance can have a CmpLog twin; a line says why it cannot."""
        behind, name = self._behind(), self._profile.name
        said = builds.describe(self._builds[INSTRUMENT])
        why = twin.reason_against(said["executables"], behind.name if behind else "")
        if not why and not self._is_built(CMPLOG):
            why = f"popquiz lab build {name} --kind {CMPLOG} makes what it needs"
        if why:
            self._say(f"{name} is fuzzed without a CmpLog twin: {why}")
        return not why

    # ---- folders --------------------------------------------------------------------------------

    def _used(self, kind: str) -> Profile:
        return builds.use(self._profile, self._builds[kind])

    def _order(self, kind: str, folder: Path, more: Mapping[str, str]) -> Order:
        """`more`: names for the templates. Raises PopquizError."""
        used = self._used(kind).variant(self._variant)
        values = {} if self._variant else builds.describe(self._builds[kind]).get("values", {})
        names = {**_ports(used), **more, **values}
        order = Order(used, self._variant, folder, _accounts(), PASSWORD, names)
        order.check()
        return order

    def _twin_order(self, folder: Path) -> Order:
        """Of the twin's server, which uses the tools of the other."""
        (folder / twin.FOLDER).mkdir()
        (folder / twin.FOLDER / TOOLS).symlink_to(folder / TOOLS)
        return self._order(CMPLOG, folder / twin.FOLDER, {})

    def _make(self, kind: str, engine: _Engine) -> Path:
        """A folder for inside.py."""
        folder = folders.make()
        self._folders.append(folder)
        (folder / TOOLS).mkdir()
        for program in PROGRAMS:
            shutil.copy2(paths.program(program), folder / TOOLS / program)
        if mutator := paths.find_program(MUTATOR):
            shutil.copy2(mutator, folder / TOOLS / MUTATOR)
        behind, more = self._behind(), {}
        if behind:
            (folder / BEHIND).mkdir()
            backend = Order(behind, None, folder / BEHIND, _accounts(), PASSWORD, _ports(behind))
            more = {"backend_port": backend.names["port"]}
        wish = {
            "order": self._order(kind, folder, more).line().decode(),
            "backend": backend.line().decode() if behind else None,
            "twin": self._twin_order(folder).line().decode() if engine.twin else None,
            "out": str(engine.out.resolve()) if engine.out else None,
            "run": list(engine.words),
            "bridge": [*self._extra, *(("--log", engine.log) if engine.log else ())],
        }
        (folder / WISH).write_text(json.dumps(wish), encoding="utf-8")
        return folder

    # ---- for the campaign -----------------------------------------------------------------------

    def launch(self, engine: str, number: int) -> Launch:
        kind = SANITIZE if number == 1 and self.sanitized() else INSTRUMENT
        environment = {**MUTATING, **(SANITIZERS if kind == SANITIZE else {})}
        log = f"{LOG}{number}"
        paired = number == twin.NUMBER and self._has_twin()

        def wrap(words: Sequence[str], out: Path) -> list[str]:
            self._outs.add(out)
            return inside(self._make(kind, _Engine(out, words, log, paired)))

        return Launch((BRIDGE,), environment, BRIDGED_MS, paired, wrap)

    def program(self, path: str) -> Path:
        """Its folder may be seen from inside only."""
        build = self._builds[INSTRUMENT]
        names = builds.describe(build).get("executables", ())
        return next((build / name for name in names if path.endswith(f"/{name}")), Path(path))

    def ask(self, inputs: Sequence[bytes], what: str = PLAY) -> Said:
        return (yield from self._judge(INSTRUMENT).ask(inputs, what))

    def judge(self, files: Sequence[Path]) -> Generator[Sign, None, None]:
        """What shows nothing is played with sanitizers too, where an instance has them."""
        for file, sign in zip(files, super().judge(files), strict=False):
            if not sign and SANITIZE in self._builds:
                sign = sign_of(next(self._judge(SANITIZE).ask([file.read_bytes()])))
            yield sign

    def explain(self, octets: bytes) -> dict[str, Any]:
        name = builds.describe(self._builds[INSTRUMENT])["name"]
        if not self.sanitized():
            how = f"popquiz lab build {name} --kind {SANITIZE}"
            return {"stack_note": f"none: there is no sanitised build: {how}, then replay --build"}
        try:
            sign = sign_of(next(self._judge(SANITIZE).ask([octets])))
        except (TargetError, StopIteration) as error:
            return {"stack_note": f"none: the sanitised build cannot be played to: {error}"}
        if not sign.frames:
            return {"stack_note": "none: the sanitised build has nothing to report of it"}
        frames = " < ".join(sign.frames[:SHOWN])
        note = f"{frames} (stack from the sanitised build: {sign.headline})"
        return {"stack_note": note, "stack_report": sign.text}

    def _judge(self, kind: str) -> Judge:
        if kind not in self._judges:
            given = SANITIZERS if kind == SANITIZE else {}
            self._judges[kind] = Judge(lambda: self._make(kind, _Engine()), given)
        return self._judges[kind]

    def counted(self) -> list[Path]:
        """What a build for coverage has counted so far, a file for each program."""
        return [path for folder in self._folders for path in (folder / COUNTED).glob("*.profraw")]

    def close(self) -> None:
        for judge in self._judges.values():
            judge.close()
        for folder in self._folders:
            folders.remove(folder)
        for out in self._outs if os.getuid() == 0 else ():
            for path in (out, *out.rglob("*")):  # the server's user had them meanwhile
                os.chown(path, 0, os.getgid(), follow_symlinks=False)
