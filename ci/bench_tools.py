# SPDX-License-Identifier: Apache-2.0
"""The fuzzers that ci/bench-bugs compares: each is started in the folder of a server of the lab,
and watched by its files."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popquiz import paths, probe
from popquiz.errors import Exit
from popquiz.fixtures import DEFAULT, Fixtures
from popquiz.fuzz.served import ACCOUNTS, PASSWORD
from popquiz.servers import builds, folders, order, profile

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0
USER = ACCOUNTS[0]
# Name and password in corpus/sessions.
WRITTEN = (b"USER user", b"PASS secret pass")
# AFL++ in a container: no governor, no core pattern, no terminal, and the core that it is given.
AFL_ENVIRONMENT = {
    "AFL_SKIP_CPUFREQ": "1",
    "AFL_NO_AFFINITY": "1",
    "AFL_NO_UI": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
    "AFL_FORKSRV_INIT_TMOUT": "30000",
}
BOOFUZZ = "boofuzz==0.4.2"
FIGURES = {"execs_per_s": "execs_per_sec", "execs": "execs_done", "edges": "edges_found"}


class BenchError(Exception):
    """One line that says why there is no figure."""

    status = Exit.FAILED


def say(line: str) -> None:
    print(f"bench-bugs: {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Trial:
    server: str
    build: Path
    number: int  # the fuzzer's seed, too
    seconds: float


@dataclass(frozen=True, slots=True)
class Stdin:
    """How AFL++ gives a server a session as a file: only one that does not exec on the way."""

    words: tuple[str, ...]
    skip: int  # lines of a session that come too early for it


STDIN = {
    "popa3d": Stdin(("{unpacked}/usr/sbin/popa3d",), 0),
    "mailfront": Stdin(("{unpacked}/usr/sbin/pop3front-maildir", "{dir}/user/Maildir"), 2),
}


class Tool:
    """A fuzzer in the folder of its own server. Leaves nothing."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.profile = builds.use(profile.find(trial.server), trial.build)
        self.folder = folders.make()
        self.names = {name: str(probe.free_port()) for name in ("port", "tls_port")}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Tool":
        return self

    def __exit__(self, *why: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Ends everything, and removes the folder."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            try:
                self._process.wait(START_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        folders.remove(self.folder)

    # ---- what a fuzzer is ------------------------------------------------------------------------

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Words and environment; {dir} and the other names of a profile are filled in."""
        raise NotImplementedError

    def figures(self) -> dict[str, Any]:
        """What it says of itself; `execs_per_s` is among it."""
        raise NotImplementedError

    def runs(self) -> bool:
        """Whether it has not ended by itself."""
        raise NotImplementedError

    # ---- running it ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Raises BenchError when it does not start."""
        words, environment = self.command()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                str(ROOT / "ci/bench_inside.py"),
                json.dumps(environment),
                *words,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT / "conformance")},
        )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        stdin.write(self._order().line())
        stdin.flush()
        said = stdout.readline()
        answer = json.loads(said or b'{"error": "it ended at once"}')
        if "error" in answer:
            raise BenchError(f"{self.trial.server}: {answer['error']}")

    def _order(self) -> order.Order:
        messages = Fixtures(paths.fixtures()).maildrop((DEFAULT,), {}).messages
        accounts = {USER: messages}
        return order.Order(self.profile, None, self.folder, accounts, PASSWORD, self.names)

    def counters(self) -> list[tuple[int, int]]:
        with contextlib.suppress(FileNotFoundError):
            return builds.counts((self.folder / builds.COUNTERS).read_bytes())
        return []

    def last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.folder / "said").read_text("utf-8", "replace").split("\n")
            return " / ".join(re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines[-6:]).strip()
        return ""

    # ---- its folder ------------------------------------------------------------------------------

    def put(self, source: Path, name: str | None = None) -> None:
        """A copy into its folder: the server's user may not be able to read the original."""
        target = self.folder / (name or source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        target.chmod(0o755)

    def put_seeds(self, skip: int = 0) -> Path:
        seeds = self.folder / "seeds"
        seeds.mkdir()
        ours = (f"USER {USER}".encode(), f"PASS {PASSWORD}".encode())
        for path in (ROOT / "corpus/sessions").iterdir():
            octets = path.read_bytes()
            for old, new in zip(WRITTEN, ours, strict=True):
                octets = octets.replace(old, new)
            lines = octets.splitlines(keepends=True)[skip:]
            (seeds / path.name).write_bytes(b"".join(lines))
        return seeds

    def live(self) -> str:
        """The folder of the maildrops."""
        assert self.profile.drop
        return self.profile.drop.path.replace("{account}", USER).partition("/")[0]

    def server_environment(self) -> Mapping[str, str]:
        command = self.profile.inetd or self.profile.processes[0]
        return command.environment


class Afl(Tool):
    """AFL++, whatever it fuzzes."""

    def afl(self, words: Sequence[str], own: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        self.put(ROOT / "corpus/dict/pop3.dict")
        command = ["afl-fuzz", "-i", "{dir}/seeds", "-o", "{dir}/afl", "-x", "{dir}/pop3.dict"]
        command += ["-t", "1000", "-m", "none", "-V", str(int(self.trial.seconds))]
        command += ["-s", str(self.trial.number), "-S", "main", "--", *words]
        return command, {**AFL_ENVIRONMENT, **self.server_environment(), **own}

    def _stats(self) -> dict[str, str]:
        with contextlib.suppress(OSError):
            lines = (self.folder / "afl/main/fuzzer_stats").read_text().splitlines()
            pairs = (line.partition(":") for line in lines)
            return {name.strip(): value.strip() for name, _, value in pairs}
        return {}

    def figures(self) -> dict[str, Any]:
        stats = self._stats()
        found = {name: float(stats.get(theirs, 0)) for name, theirs in FIGURES.items()}
        return {**found, "crashes": float(stats.get("saved_crashes", 0))}

    def runs(self) -> bool:
        return "Have a nice day" not in self.last_words() and "ABORT" not in self.last_words()


class AflInetd(Afl):
    def command(self) -> tuple[list[str], dict[str, str]]:
        if self.trial.server not in STDIN:
            raise BenchError(f"afl-inetd: {self.trial.server} does not take a session as a file")
        how = STDIN[self.trial.server]
        self.put_seeds(how.skip)
        self.put(ROOT / "ci/bench_reset.py")
        reset = {
            "AFL_PYTHON_MODULE": "bench_reset",
            "PYTHONPATH": "{dir}",
            "RESET_LIVE": f"{{dir}}/{self.live()}",
            "RESET_PRISTINE": f"{{dir}}/pristine/{self.live()}",
        }
        return self.afl(how.words, reset)


class Popquiz(Tool):
    """`popquiz fuzz`, as anybody would start it, with folders of its own below ours."""

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial)
        self.out = self.folder / "out"

    def begin(self) -> None:
        seeds = self.put_seeds()
        self.folder.chmod(0o711)  # the server's user comes through
        folders.lock(self.folder)
        words = ["fuzz", "--lab", self.trial.server, "--build", str(self.trial.build)]
        words += ["--referee", "all", "--only-corpus", "--corpus", str(seeds)]
        words += ["--time", f"{int(self.trial.seconds)}s", "--seed", str(self.trial.number)]
        words += ["--out", str(self.out)]
        places = {"TMPDIR": str(self.folder), "PYTHONPATH": str(ROOT / "conformance")}
        with (self.folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "popquiz", *words],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**os.environ, **places},
            )

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def leave(self) -> None:
        """What it is still shortening is given up."""
        if self._process and self.runs():
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(START_S)
        super().leave()

    def counters(self) -> list[tuple[int, int]]:
        """Of the instance and of the one that plays what was found."""
        found = []
        for path in self.folder.glob(f"{folders.PREFIX}*/{builds.COUNTERS}"):
            with contextlib.suppress(FileNotFoundError):
                found.append(builds.counts(path.read_bytes()))
        each = zip(*found, strict=False)
        return [(max(r for r, _ in counts), max(t for _, t in counts)) for counts in each]

    def figures(self) -> dict[str, Any]:
        """Raises BenchError."""
        if self.runs():
            raise BenchError(f"popquiz fuzz did not end: {self.last_words()}")
        try:
            told = json.loads((self.out / "campaign.json").read_text())
        except (OSError, ValueError) as error:
            raise BenchError(f"popquiz fuzz: {error}: {self.last_words()}") from None
        said = {name: told[name] for name in ("edges", "transaction", "stability")}
        findings = {each["id"]: each["seconds"] for each in told["findings"]}
        rate = float(told["speed"])
        return {"execs_per_s": rate, "execs": told["execs"], **said, "findings": findings}


class Boofuzz(Tool):
    """Generates sessions from a description of POP3 (bench_boofuzz.py), without looking inside."""

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial)
        self._fuzzer: subprocess.Popen[bytes] | None = None

    def __exit__(self, *why: object) -> None:
        if self._fuzzer:
            self._fuzzer.kill()
            self._fuzzer.wait()
        self.leave()

    def command(self) -> tuple[list[str], dict[str, str]]:
        if os.getuid() != 0:
            raise BenchError("boofuzz: only root can put back the mail of users of a namespace")
        listen = builds.describe(self.trial.build)["listen"]
        if not listen:
            raise BenchError(f"boofuzz: {self.trial.server} has no listener of its own")
        return list(listen), dict(self.server_environment())

    def begin(self) -> None:
        super().begin()
        live, pristine = self.folder / self.live(), self.folder / "pristine" / self.live()
        words = [str(_boofuzz()), str(ROOT / "ci/bench_boofuzz.py"), self.names["port"]]
        words += [str(self.trial.seconds), str(self.folder), str(live), str(pristine)]
        words += [USER, PASSWORD]
        with (self.folder / "said").open("wb") as said:
            self._fuzzer = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )

    def runs(self) -> bool:
        return self._fuzzer is not None and self._fuzzer.poll() is None

    def figures(self) -> dict[str, Any]:
        cases = 0.0
        with contextlib.suppress(OSError, ValueError):
            cases = float(json.loads((self.folder / "boofuzz.json").read_text())["cases"])
        return {"execs_per_s": cases / self.trial.seconds, "execs": cases}


def _boofuzz() -> Path:
    """A Python that has it. Raises BenchError."""
    place = ROOT / "out/boofuzz"
    python = place / "bin/python"
    if not (place / "ready").exists():
        say(f"boofuzz: installing {BOOFUZZ} into {place}")
        pip = [
            str(python),
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "install",
            BOOFUZZ,
        ]
        for command in (["/usr/bin/python3", "-m", "venv", "--clear", str(place)], pip):
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode != 0:
                raise BenchError(f"boofuzz cannot be had: {ran.stderr.strip()[-200:]}")
        (place / "ready").touch()
    return python


TOOLS = {"popquiz": Popquiz, "afl-inetd": AflInetd, "boofuzz": Boofuzz}
