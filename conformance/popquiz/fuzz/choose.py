# SPDX-License-Identifier: Apache-2.0
"""The options that name what is fuzzed, and the lanes that they mean."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from popquiz import accounts, options
from popquiz.errors import UsageError
from popquiz.fuzz import harness, presets, twin
from popquiz.fuzz.given import Asked, Given
from popquiz.fuzz.lane import Lane
from popquiz.fuzz.served import Served
from popquiz.servers import profile, recipe

WAYS = ("harness", "lab", "server", "stdio")
ALL = "all"


def add_options(group: options.Group) -> None:
    """Those that options.add_target() has not."""
    group.add_argument(
        "--harness",
        metavar="NAME",
        help="one of our own targets, all, or a program of yours (with a slash in its name) that "
        "is linked with libFuzzer or AFL++'s driver",
    )
    group.add_argument(
        "--server", metavar="CMD", help="an instrumented server; {port} in it is filled in"
    )
    group.add_argument("--stdio", metavar="CMD", help="one that serves its standard input")
    group.add_argument(
        "--referee",
        metavar="RULES",
        help="over the bridge: all, or names of the referee's rules; what they see is a finding. "
        "Those behind - are none: all,-REF-EARLY-NOOP. Of --lab known deviations are none",
    )
    group.add_argument(
        "--reset", action="append", default=[], metavar="FOLDER=PRISTINE", help="before each case"
    )


def _given(args: argparse.Namespace) -> Given:
    cmplog = getattr(args, "cmplog", None)
    if cmplog and args.jobs <= twin.NUMBER:
        raise UsageError(f"--cmplog is for the third instance: give -j {twin.NUMBER + 1}")
    password = accounts.read_password(args.password_file) if args.password_file else None
    stdio = args.stdio is not None
    command = args.stdio if stdio else args.server
    asked = Asked(command, stdio, args.tls, args.reset, args.user, password, args.referee, cmplog)
    return Given(asked)


def ways(args: argparse.Namespace) -> list[str]:
    """The options of WAYS that were given."""
    return [name for name in WAYS if getattr(args, name) is not None]


def is_black_box(args: argparse.Namespace) -> bool:
    """Whether --lab names a server that is only spoken to: nobody can build it, or it is compared
    with another one. Raises UsageError."""
    if not args.lab or args.build:
        return False
    name = args.lab.partition(":")[0]
    if getattr(args, "against", None):
        return True
    return profile.find(name).name not in {path.stem for path in recipe.available()}


def lanes(args: argparse.Namespace, say: Callable[[str], None]) -> Iterator[Lane]:
    """What the options name; that is one, or all targets of ours. Raises PopquizError."""
    given = [f"--{name}" for name in ways(args)]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other")
    if not given:
        wanted = ", ".join(f"--{name}" for name in WAYS)
        raise UsageError(f"say what is fuzzed: one of {wanted}, --target")
    if args.harness:
        names = presets.names() if args.harness == ALL else [args.harness]
        yield from (harness.find(name, say) for name in names)
    elif args.lab:
        if args.tls != "none":
            raise UsageError("--tls: a server of the lab is fuzzed in clear")
        build = Path(args.build) if args.build else None
        yield Served(args.lab, build, say, args.referee)
    else:
        yield _given(args)
