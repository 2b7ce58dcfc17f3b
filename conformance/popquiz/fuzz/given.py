# SPDX-License-Identifier: Apache-2.0
"""`--server 'CMD {port}'` and `--stdio CMD`: an instrumented server of somebody's own over the
bridge, started as it is, with nothing restored but what --reset names."""

import json
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from popquiz import paths
from popquiz.command_words import command_words
from popquiz.errors import TargetError, UsageError
from popquiz.fuzz import afl, twin
from popquiz.fuzz.bridged import LOG, MUTATING, PLAY, Bridged, Said
from popquiz.fuzz.findings import write_inputs
from popquiz.fuzz.inside import MUTATOR
from popquiz.fuzz.lane import BRIDGED_MS, GDB, Launch, Seed
from popquiz.fuzz.served import ACCOUNTS, PASSWORD, PROGRAMS

SAID_MAX = 4000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say of it."""

    command: str
    stdio: bool = False
    tls: str = "none"
    resets: Sequence[str] = ()  # FOLDER=PRISTINE
    user: str | None = None
    password: str | None = None
    referee: str | None = None  # rules whose findings count
    cmplog: str | None = None  # the command of its CmpLog twin


class Given(Bridged):
    """A server that is started by a command."""

    def __init__(self, asked: Asked) -> None:
        """Raises UsageError."""
        self._asked = asked
        kind = "stdio" if asked.stdio else "server"
        self._words = self._command(asked.command, kind)
        self._twin_words = self._command(asked.cmplog, "cmplog") if asked.cmplog else []
        self._twin_folder: tempfile.TemporaryDirectory[str] | None = None
        for program in PROGRAMS:
            paths.program(program)
        for reset in asked.resets:
            if "=" not in reset or not Path(reset.partition("=")[2]).is_dir():
                raise UsageError(f"--reset {reset}: write FOLDER=PRISTINE, a folder that is there")
        self.name = f"{kind}:{Path(self._words[0]).name}"
        resets = [word for each in asked.resets for word in ("--reset", each)]
        tls = ["--tls", asked.tls] if asked.tls != "none" else []
        rules = ("--referee", asked.referee) if asked.referee else ()
        self.options = (f"--{kind}", asked.command, *tls, *resets, *rules)
        self.built = {"server": Path(self._words[0]).name}
        self._running: subprocess.Popen[bytes] | None = None

    def _command(self, command: str, option: str) -> list[str]:
        """Raises UsageError."""
        words = command_words(command, "the server's command", "it is empty")
        if not self._asked.stdio and not any("{port}" in word for word in words):
            raise UsageError(
                f"--{option}: nothing says {{port}}; a server of inetd style is for --stdio"
            )
        if not shutil.which(words[0]):
            raise UsageError(f"--{option}: {words[0]}: there is no such program")
        return words

    def _bridge(self) -> list[str]:
        asked = self._asked
        words = [str(paths.program("popquiz-bridge"))]
        words += ["--connect", "stdio" if asked.stdio else "tcp"]
        words += ["--tls", asked.tls] if asked.tls != "none" else []
        words += [word for each in asked.resets for word in ("--reset", each)]
        words += ["--referee", asked.referee] if asked.referee else []
        return words + (["--user", asked.user] if asked.user else [])

    def seeds(self) -> list[Seed]:
        """The project's, for the account that was given."""
        user, password = (self._asked.user or ACCOUNTS[0]), (self._asked.password or PASSWORD)
        pairs = ((ACCOUNTS[0].encode(), user.encode()), (PASSWORD.encode(), password.encode()))
        found = super().seeds()
        for old, new in pairs:
            found = [(name, octets.replace(old, new)) for name, octets in found]
        return found

    def launch(self, engine: str, number: int) -> Launch:
        paired = number == twin.NUMBER and bool(self._twin_words)
        more = self._twin() if paired else []
        words = [*self._bridge(), *more, "--log", f"{LOG}{number}", "--", *self._words]
        mutator = paths.find_program(MUTATOR)
        environment = {afl.MUTATOR: str(mutator), **MUTATING} if mutator else {}
        return Launch(tuple(words), environment, BRIDGED_MS, paired)

    def _twin(self) -> list[str]:
        """Options of the bridge that has one."""
        self._twin_folder = tempfile.TemporaryDirectory(prefix="popquiz-")
        words = [*self._bridge(), *twin.QUIET, "--", *self._twin_words]
        path = Path(self._twin_folder.name).resolve() / twin.FOLDER
        return twin.words(twin.program(path, words))

    def close(self) -> None:
        if self._twin_folder:
            self._twin_folder.cleanup()

    def debugged(self, file: Path) -> list[str]:
        """gdb follows from the bridge into the server, and into what the server starts."""
        follow = [
            "set follow-fork-mode child",
            "set detach-on-fork off",
            f"run <{shlex.quote(str(file))}",
        ]
        steps = [word for each in follow for word in ("-ex", each)]
        return [
            *GDB,
            *steps,
            "--args",
            *self._bridge(),
            "--patience",
            "3600000",
            "--",
            *self._words,
        ]

    def ask(self, inputs: Sequence[bytes], what: str = PLAY) -> Said:
        with tempfile.TemporaryDirectory(prefix="popquiz-") as name:
            files = write_inputs(Path(name), inputs)
            command = [*self._bridge(), what, *map(str, files), "--", *self._words]
            with (Path(name) / "said").open("wb+") as said:
                return (yield from _lines(command, said))


def _lines(command: Sequence[str], said: BinaryIO) -> Said:
    """What a bridge prints; its complaints go to a file."""
    try:
        ran = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        )
    except OSError as error:
        raise TargetError(f"{command[0]}: {error.strerror}") from None
    with ran:
        try:
            yield from map(json.loads, ran.stdout or ())
        finally:
            ran.terminate()
    said.seek(0)
    text = said.read()[-SAID_MAX:].decode("utf-8", "replace").strip()
    return {"end": ran.returncode, "said": text}
