#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A POP3 server of a hundred lines that misbehaves on request, to try the runner on.

usage: tiny_pop3.py [--port N] [--folder DIR] [--greet no|imap|close] [--on COMMAND=ACTION]...
                    [--once FILE] [--errors-after SECONDS]

Without --port it serves one session on its standard input and output, as inetd has it. With
--folder the maildrop is its *.eml files, which DELE and QUIT remove; else it is three messages in
memory. The account is "user" with the password "secret pass". With --once actions are taken as long
as FILE does not exist; the first one makes it.
"""

import argparse
import os
import signal
import socketserver
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

REPORT = """==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000011
READ of size 1 at 0x602000000011 thread T0
    #0 0x55 in serve tiny_pop3.c:1
"""
MAIL = [b"From: a@example.com\r\nSubject: %d\r\n\r\n.dot\r\nbody\r\n" % n for n in range(3)]


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _sanitizer() -> None:
    sys.stderr.write(REPORT + "the password is secret pass\n")
    sys.stderr.flush()
    os.abort()


def _undefined() -> None:
    sys.stderr.write("tiny_pop3.c:7:1: runtime error: signed integer overflow\n")
    sys.stderr.flush()


GARBAGE = bytes(range(256)) * 40 + b"\r\n\x16\x03\x01\r\n.\r\n"
# What may happen before a command is answered; the answer follows unless something else is said.
ACTIONS: dict[str, Callable[[], object]] = {
    "abort": os.abort,
    "exit": lambda: os._exit(3),
    "stop": _stop,
    "asan": _sanitizer,
    "ubsan": _undefined,
    "sleep": lambda: time.sleep(0.3),
    "hang": lambda: time.sleep(3600),
}


class Session:
    def __init__(self, reader: BinaryIO, writer: BinaryIO, args: argparse.Namespace) -> None:
        self.reader, self.writer, self.args = reader, writer, args
        self.folder = Path(args.folder) if args.folder else None
        self.files = sorted(self.folder.glob("*.eml")) if self.folder else []
        self.mail = [file.read_bytes() for file in self.files] if self.folder else MAIL
        self.gone: set[int] = set()

    def say(self, line: bytes) -> None:
        self.writer.write(line + b"\r\n")
        self.writer.flush()

    def serve(self) -> None:
        if self.args.greet == "no":
            time.sleep(3600)
        if self.args.greet == "close":
            return
        imap = self.args.greet == "imap"
        self.say(b"* OK IMAP4rev1 ready" if imap else b"+OK tiny <1.2@tiny.example>")
        while line := self.reader.readline():
            words = line.decode("latin-1").split() or [""]
            if not self.answer(words[0].upper(), words[1:]):
                return

    def action(self, verb: str) -> str:
        """What was asked for on the command line, unless it is over."""
        found = str(self.args.on.get(verb, ""))
        once = self.args.once and Path(self.args.once)
        if not found or (once and once.exists()):
            return ""
        if once:
            once.touch()
        return found

    def answer(self, verb: str, words: list[str]) -> bool:
        """False: the session is over."""
        action = self.action(verb)
        ACTIONS.get(action, lambda: None)()
        if action == "close":
            return False
        if action == "flood":
            self.flood()
        if action == "garbage":
            self.writer.write(GARBAGE)
        if action == "err":
            self.say(b"-ERR no")
            return True
        if action != "mute":
            getattr(self, f"on_{verb.lower()}", self.unknown)(words)
        return verb != "QUIT"

    def flood(self) -> None:
        """Talks until nobody listens any more."""
        while True:
            self.say(b"+OK " + b"x" * 500)

    def unknown(self, words: list[str]) -> None:
        time.sleep(self.args.errors_after)
        self.say(b"-ERR unknown")

    def on_user(self, words: list[str]) -> None:
        self.say(b"+OK")

    def on_pass(self, words: list[str]) -> None:
        good = " ".join(words) == "secret pass"
        time.sleep(0 if good else self.args.errors_after)
        self.say(b"+OK" if good else b"-ERR wrong")

    def on_noop(self, words: list[str]) -> None:
        self.say(b"+OK")

    def left(self) -> list[tuple[int, bytes]]:
        return [(n, m) for n, m in enumerate(self.mail, 1) if n not in self.gone]

    def on_stat(self, words: list[str]) -> None:
        left = self.left()
        self.say(b"+OK %d %d" % (len(left), sum(len(m) for _, m in left)))

    def on_list(self, words: list[str]) -> None:
        self.say(b"+OK")
        for number, message in self.left():
            self.say(b"%d %d" % (number, len(message)))
        self.say(b".")

    def on_retr(self, words: list[str]) -> None:
        self.say(b"+OK")
        for line in self.mail[int(words[0]) - 1].split(b"\r\n")[:-1]:
            self.say(b"." + line if line.startswith(b".") else line)
        self.say(b".")

    def on_dele(self, words: list[str]) -> None:
        self.gone.add(int(words[0]))
        self.say(b"+OK")

    def on_quit(self, words: list[str]) -> None:
        for number in self.gone:
            if self.folder:
                self.files[number - 1].unlink()
        self.say(b"+OK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int)
    parser.add_argument("--folder")
    parser.add_argument("--greet", default="yes")
    parser.add_argument("--on", action="append", default=[])
    parser.add_argument("--once")
    parser.add_argument("--errors-after", type=float, default=0.0)
    args = parser.parse_args()
    args.on = dict(text.split("=", 1) for text in args.on)
    if args.port is None:
        Session(sys.stdin.buffer, sys.stdout.buffer, args).serve()
        return

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            Session(self.rfile, self.wfile, args).serve()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away is no news."""

    with Server(("127.0.0.1", args.port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
