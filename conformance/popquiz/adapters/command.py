# SPDX-License-Identifier: Apache-2.0
"""`--adapter exec:COMMAND`: a program that reaches the mail. It is run without a shell, with words
behind its own:

    COMMAND abilities      prints what it can do, of: deliver reset peek
    COMMAND deliver USER   adds the message on its standard input, whose lines end in CRLF
    COMMAND reset USER     brings back what was there at the first call
    COMMAND peek USER      prints {"messages": [{"octets": BASE64, "uid": TEXT}, ...]}, in the
                           order of message numbers and as the store holds them, with lines that
                           end in CRLF; uid may be absent

It ends with 0 when it is done, else its last line on standard error says why not.
"""

import json
import subprocess
from base64 import b64decode
from collections.abc import Sequence

from popquiz.targets import Stored, UnableError

ABILITIES = frozenset({"deliver", "reset", "peek"})
RUN_SECONDS = 50.0
MESSAGES_MAX = 10_000  # as the player takes them


class CommandBox:
    def __init__(self, words: list[str], user: str) -> None:
        self._words = words
        self._user = user
        said = self._run("abilities").decode("ascii", "replace").split()
        if unknown := set(said) - ABILITIES:
            raise ValueError(
                f"{words[0]} abilities: {min(unknown)!r} is none of deliver, reset, peek"
            )
        self.abilities = frozenset(said)

    def _run(self, *more: str, octets: bytes = b"") -> bytes:
        command = [*self._words, *more]
        try:
            ran = subprocess.run(
                command, input=octets, capture_output=True, timeout=RUN_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"{command[0]} {more[0]}: not done in {RUN_SECONDS:.0f} s") from None
        if ran.returncode != 0:
            last = ran.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise ValueError(f"{command[0]} {more[0]}: {last or f'status {ran.returncode}'}")
        return ran.stdout

    def deliver(self, octets: bytes) -> None:
        self._run("deliver", self._user, octets=octets)

    def fill(self, messages: Sequence[bytes]) -> None:
        raise UnableError("a program is not asked for this")

    def reset(self) -> None:
        self._run("reset", self._user)

    def peek(self) -> list[Stored]:
        said = self._run("peek", self._user)
        try:
            messages = json.loads(said)["messages"]
            found = [Stored(b64decode(m["octets"], validate=True), m.get("uid")) for m in messages]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"{self._words[0]} peek: no JSON object with messages") from None
        if len(found) > MESSAGES_MAX:
            raise ValueError(f"{self._words[0]} peek: more than {MESSAGES_MAX} messages")
        return found
