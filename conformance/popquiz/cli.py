# SPDX-License-Identifier: Apache-2.0
"""The command line."""

import argparse
import sys
from collections.abc import Sequence

import popquiz

USAGE_ERROR = 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="popquiz", description=popquiz.__doc__)
    parser.add_argument("--version", action="version", version=f"popquiz {popquiz.__version__}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    parser = _parser()
    parser.parse_args(argv)
    parser.print_help(sys.stderr)
    return USAGE_ERROR
