# SPDX-License-Identifier: Apache-2.0
"""The command line. A subcommand is a module with add_parser(subparsers) and run(args); only the
one that is asked for is loaded."""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import popquiz
from popquiz.errors import Exit, PopquizError

# Name, module.
COMMANDS = {
    "certify": "certify",
    "list": "listing",
    "explain": "explain",
    "replay": "replay",
    "referee": "referee",
    "explore": "explore",
    "fuzz": "fuzz.command",
    "coverage": "fuzz.coverage",
    "report": "reporting",
    "serve": "serve",
    "lab": "lab",
    "golden": "golden",
    "mutants": "mutants",
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def _modules(argv: Sequence[str]) -> list[str]:
    """The module of the command, or all of them when help may be wanted."""
    if argv and argv[0] in COMMANDS:
        return [COMMANDS[argv[0]]]
    return list(COMMANDS.values())


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="popquiz", description=popquiz.__doc__, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"popquiz {popquiz.__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name in _modules(argv):
        if importlib.util.find_spec(f"popquiz.{name}"):
            importlib.import_module(f"popquiz.{name}").add_parser(subparsers)
    return parser


def _perform(words: Sequence[str]) -> int:
    parser = _parser(words)
    args = parser.parse_args(words)
    if not args.command:
        parser.print_help(sys.stderr)
        return Exit.USAGE
    module = importlib.import_module(f"popquiz.{COMMANDS[args.command]}")
    try:
        status: int = module.run(args)
        return status
    except PopquizError as error:
        print(f"popquiz: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("popquiz: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED


def _forget_output() -> None:
    """What is still buffered goes nowhere, so that the interpreter does not complain about it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    try:
        try:
            return _perform(list(sys.argv[1:] if argv is None else argv))
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:  # not from writing to a stream
            raise
        _forget_output()
        if not isinstance(error, BrokenPipeError):  # nobody reads any more: that is no trouble
            print(f"popquiz: standard output cannot be written: {error.strerror}", file=sys.stderr)
        return Exit.SUITE
