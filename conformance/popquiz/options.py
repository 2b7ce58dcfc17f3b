# SPDX-License-Identifier: Apache-2.0
"""Options that several commands have, and what is made of them."""

import argparse
import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from popquiz import probe
from popquiz.errors import UsageError
from popquiz.targets import TLS_MODES, Account, Endpoint, Target

PASSWORD_MAX = 1024  # octets
NUMBER_MAX = 2**53 - 1  # of the player's numbers
PATIENCE_MAX = 600  # seconds, likewise
PATIENCE_SECONDS = 10.0


class Group(Protocol):
    """What options are added to: a group of argparse, or of pytest."""

    @property
    def add_argument(self) -> Callable[..., object]: ...


def number(least: int, most: int = NUMBER_MAX) -> Callable[[str], int]:
    """The type of an option that is a whole number."""

    def read(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) <= len(str(NUMBER_MAX))
        if not digits or not least <= int(text) <= most:
            wanted = f"from {least}" + (f" to {most}" if most < NUMBER_MAX else "")
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {wanted}")
        return int(text)

    return read


def add_target(group: Group, default: str | None = None) -> None:
    group.add_argument(
        "--target",
        default=default,
        metavar="WHERE",
        help="tcp://HOST:PORT, unix:/PATH, exec:COMMAND ({port} and {dir} are filled in; without "
        "{port} it is run inetd style) or mock, the server that is built in",
    )
    group.add_argument("--lab", metavar="NAME", help="a server of the lab; see `popquiz lab list`")
    group.add_argument("--tls", choices=TLS_MODES, default="none", help="how TLS begins there")
    group.add_argument("--tls-target", metavar="ADDRESS", help="where TLS begins at once")
    group.add_argument("--ca", metavar="FILE", help="whom to trust; else the system's authorities")
    group.add_argument("--insecure", action="store_true", help="accept any certificate")
    group.add_argument("--host", metavar="NAME", help="whose certificate it must be; else HOST's")
    group.add_argument("--user", metavar="NAME", help="the account")
    group.add_argument("--password-file", metavar="FILE", help="its password, the first line")
    group.add_argument("--user2", metavar="NAME", help="a second account on the same server")
    group.add_argument("--password2-file", metavar="FILE", help="its password")
    group.add_argument("--login", metavar="NAME", help="how to log in: user, plain, apop, ...")
    group.add_argument(
        "--reset",
        metavar="HOW",
        help="how mail comes back on an exec: target: restart, or copy:PRISTINE:LIVE",
    )
    group.add_argument(
        "--mock-option",
        action="append",
        default=[],
        metavar="OPTION",
        help="an option of popquiz-mock, as fault=NAME; may be repeated",
    )
    group.add_argument(
        "--patience",
        type=number(1, PATIENCE_MAX),
        default=int(PATIENCE_SECONDS),
        metavar="SECONDS",
        help="how long a target may take to start, and to answer until it is known better "
        "(default: %(default)s)",
    )
    group.add_argument("--seed", type=number(0), default=1, metavar="N", help="of random numbers")


def read_password(path: str) -> str:
    """The first line of the file, without its line end. Raises UsageError."""
    try:
        octets = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot read the password: {error.strerror}") from None
    line = octets.partition(b"\n")[0].removesuffix(b"\r")
    if not line or len(line) > PASSWORD_MAX:
        raise UsageError(f"{path}: the first line must be a password, not over {PASSWORD_MAX}")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: the password is not UTF-8") from None


def _account(name: str | None, file: str | None, suffix: str) -> Account | None:
    if name is None and file is None:
        return None
    if not name or not file:
        raise UsageError(f"--user{suffix} and --password{suffix}-file belong together")
    return Account(name, read_password(file))


def accounts(args: argparse.Namespace) -> list[Account]:
    """One or two. Raises UsageError."""
    first = _account(args.user, args.password_file, "")
    second = _account(args.user2, args.password2_file, "2")
    if not first:
        raise UsageError("--user and --password-file are needed: cases log in")
    return [first, *([second] if second else [])]


def endpoint(args: argparse.Namespace, address: str) -> Endpoint:
    if args.tls_target:
        probe.parse_address(args.tls_target)
    ca_file = Path(args.ca) if args.ca else None
    if ca_file and not ca_file.is_file():
        raise UsageError(f"--ca {args.ca}: there is no such file")
    place = probe.parse_address(address) if address else ""
    host = args.host or (place[0] if isinstance(place, tuple) else None)
    return Endpoint(address, args.tls, args.tls_target, ca_file, not args.insecure, host)


def _mock(args: argparse.Namespace) -> Target:
    from popquiz.target_mock import MockConfig, MockTarget

    given = tuple(o if o.startswith("--") else f"--{o}" for o in args.mock_option)
    return MockTarget(MockConfig(args.tls, args.seed, given))


def _exec(args: argparse.Namespace, command: str) -> Target:
    from popquiz.target_exec import ExecTarget, parse_reset

    reset = parse_reset(args.reset) if args.reset else None
    target = ExecTarget(command, endpoint(args, ""), accounts(args), reset)
    target.greeting_seconds = float(args.patience)
    return target


def _plain(args: argparse.Namespace) -> Target:
    from popquiz.target_plain import PlainTarget

    return PlainTarget(endpoint(args, args.target), accounts(args))


def _lab(args: argparse.Namespace) -> Target:
    try:
        lab = importlib.import_module("popquiz.lab")
    except ImportError:
        raise UsageError("--lab: this installation has no lab") from None
    target: Target = lab.target(args.lab, args.tls)
    return target


def target(args: argparse.Namespace) -> Target:
    """The target that the options describe. Raises UsageError."""
    if args.lab and args.target:
        raise UsageError("--lab and --target exclude each other")
    if args.lab:
        return _lab(args)
    if not args.target:
        raise UsageError("--target is needed; `--target mock` tries the suite on its own server")
    if args.reset and not args.target.startswith("exec:"):
        raise UsageError("--reset is for exec: targets")
    if args.mock_option and args.target != "mock":
        raise UsageError("--mock-option is for --target mock")
    if args.target == "mock":
        return _mock(args)
    if args.target.startswith("exec:"):
        return _exec(args, args.target.removeprefix("exec:"))
    return _plain(args)


def workers(wanted: int | None) -> int:
    """As many as are wanted, or one for each processor and one more: much of a run is waiting."""
    return wanted or len(os.sched_getaffinity(0)) + 1


def secrets(args: argparse.Namespace) -> list[str]:
    """Every password that the options name."""
    files: Sequence[str | None] = (args.password_file, args.password2_file)
    return [read_password(file) for file in files if file]
