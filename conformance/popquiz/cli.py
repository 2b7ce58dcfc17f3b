# SPDX-License-Identifier: Apache-2.0
"""The command line."""

import argparse
import importlib
import sys
from collections.abc import Sequence

import popquiz
from popquiz.errors import PopquizError

USAGE_ERROR = 2
COMMANDS = {"lab": "popquiz.lab"}  # modules with add_parser() and run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="popquiz", description=popquiz.__doc__)
    parser.add_argument("--version", action="version", version=f"popquiz {popquiz.__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for module in COMMANDS.values():
        importlib.import_module(module).add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    parser = _parser()
    args = parser.parse_args(argv)
    if not args.command:
        parser.print_help(sys.stderr)
        return USAGE_ERROR
    try:
        return int(importlib.import_module(COMMANDS[args.command]).run(args))
    except PopquizError as error:
        print(f"popquiz: {error}", file=sys.stderr)
        return int(error.status)
