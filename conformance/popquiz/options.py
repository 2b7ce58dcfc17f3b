# SPDX-License-Identifier: Apache-2.0
"""Options that several commands have, and what is made of them."""

import argparse
import importlib
import os
import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from popquiz import accounts, popurl, probe, sanity
from popquiz.catalogue import Catalogue
from popquiz.errors import UsageError
from popquiz.fixtures import Maildrop
from popquiz.pace import PER_MINUTE
from popquiz.record import Job
from popquiz.schedule import WRONG_LOGINS, Rules
from popquiz.targets import TLS_MODES, Account, Endpoint, Target

NUMBER_MAX = 2**53 - 1  # of the player's numbers
PATIENCE_MAX = 600  # seconds, likewise
PATIENCE_SECONDS = 10.0


TIME = re.compile(r"(\d{1,6})(s|m)")
SECONDS = {"s": 1, "m": 60}


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


def seconds(text: str) -> int:
    """The type of an option that is a time: 20s, 5m."""
    found = TIME.fullmatch(text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 20s or 5m")
    return int(found[1]) * SECONDS[found[2]]


def add_safety(group: Group) -> None:
    """What may be done to the target."""
    group.add_argument("--yes-destroy", action="store_true", help="cases may add and remove mail")
    group.add_argument(
        "--safe",
        action="store_true",
        help="they may not, nor guess passwords freely (always so on servers of others)",
    )
    group.add_argument("--slow", action="store_true", help="cases may take long")
    group.add_argument(
        "--wrong-logins",
        type=number(0),
        metavar="N",
        help=f"logins that may fail (default: {WRONG_LOGINS}, and no limit on our own servers)",
    )
    add_pace(group)


def add_pace(group: Group) -> None:
    """How many connections the target is asked to take."""
    group.add_argument(
        "--connections-per-minute",
        type=number(1),
        metavar="N",
        help=f"at most (default: {PER_MINUTE}, and no limit on this machine)",
    )


def is_here(address: str) -> bool:
    """Whether an address is one of this machine, by its spelling."""
    place = probe.parse_address(address)
    host = place if isinstance(place, str) else place[0]
    try:
        return host.startswith("/") or host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def pace(args: argparse.Namespace, target: Target) -> int | None:
    """Connections a minute at most; None: as many as one likes."""
    given: int | None = args.connections_per_minute
    foreign = not target.ours and not is_here(target.name)
    return given or (PER_MINUTE if foreign else None)


def rules(
    args: argparse.Namespace, rows: Catalogue, target: Target, maildrop: Callable[[Job], Maildrop]
) -> Rules:
    """What holds for a run with these options. Raises UsageError."""
    if args.safe and args.yes_destroy:
        raise UsageError("--safe and --yes-destroy exclude each other")
    foreign = args.safe or not target.ours
    wrong = args.wrong_logins if args.wrong_logins is not None or not foreign else WRONG_LOGINS
    return Rules(
        catalogue=rows,
        maildrop=maildrop,
        wrong_logins=wrong,
        seed=args.seed,
        destroy=args.yes_destroy,
        safe=args.safe,
        slow=args.slow,
        per_minute=pace(args, target),
        revive_seconds=float(args.patience),
    )


def add_target(group: Group, default: str | None = None) -> None:
    group.add_argument(
        "--target",
        default=default,
        metavar="WHERE",
        help="tcp://HOST:PORT, unix:/PATH, pop://USER;AUTH=HOW@HOST:PORT, exec:COMMAND ({port} and "
        "{dir} are filled in; without {port} it is run inetd style) or mock, the built-in server",
    )
    group.add_argument("--lab", metavar="NAME", help="a server of the lab; see `popquiz lab list`")
    group.add_argument("--build", metavar="DIR", help="its build that popquiz lab build has made")
    group.add_argument("--tls", choices=TLS_MODES, default="none", help="how TLS begins there")
    group.add_argument("--tls-target", metavar="ADDRESS", help="where TLS begins at once")
    group.add_argument("--ca", metavar="FILE", help="whom to trust; else the system's authorities")
    group.add_argument("--insecure", action="store_true", help="accept any certificate")
    group.add_argument("--host", metavar="NAME", help="whose certificate it must be; else HOST's")
    group.add_argument("--user", metavar="NAME", help="the account")
    group.add_argument("--password-file", metavar="FILE", help="its password, the first line")
    group.add_argument("--token-file", metavar="FILE", help="instead, a bearer token")
    group.add_argument("--token-command", metavar="COMMAND", help="which prints the token")
    group.add_argument("--client-cert", metavar="FILE", help="a certificate of the account, PEM")
    group.add_argument("--client-key", metavar="FILE", help="its key, if it is in another file")
    group.add_argument("--account", metavar="FILE", help="TOML with the accounts, instead of these")
    group.add_argument("--user2", metavar="NAME", help="a second account on the same server")
    group.add_argument("--password2-file", metavar="FILE", help="its password")
    group.add_argument("--login", metavar="NAME", help="how to log in: user, plain, apop, ...")
    group.add_argument(
        "--adapter",
        metavar="HOW",
        help="how mail is reached otherwise than by POP3: maildir:PATH, mbox:PATH, lmtp:, smtp:, "
        "imap: or imaps://HOST:PORT, exec:COMMAND; for an exec: target also restart or "
        "copy:PRISTINE:LIVE; none (the default): not at all",
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


def accounts_of(args: argparse.Namespace) -> list[Account]:
    """One or two; they are read once. Raises UsageError."""
    if not hasattr(args, "accounts_read"):
        args.accounts_read = accounts.read(args)
    found: list[Account] = args.accounts_read
    return found


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
    from popquiz import adapters
    from popquiz.target_exec import ExecTarget, parse_reset

    how = args.adapter or "none"
    reset = parse_reset(how)
    opener = None if reset else adapters.parse(how)
    target = ExecTarget(command, endpoint(args, ""), accounts_of(args), reset, opener)
    target.greeting_seconds = float(args.patience)
    return target


def _plain(args: argparse.Namespace) -> Target:
    from popquiz import adapters
    from popquiz.target_plain import PlainTarget

    opener = adapters.parse(args.adapter or "none")
    where = endpoint(args, args.target)
    return PlainTarget(where, accounts_of(args), opener, destroy=args.yes_destroy)


def _lab(args: argparse.Namespace) -> Target:
    try:
        lab = importlib.import_module("popquiz.lab")
    except ImportError:
        raise UsageError("--lab: this installation has no lab") from None
    target: Target = lab.target(args.lab, args.tls, args.build)
    return target


def _take_url(args: argparse.Namespace) -> None:
    """Makes the other options of a POP URL (RFC 2384)."""
    url = popurl.parse(args.target)
    for option, value in (("user", url.user), ("login", url.login)):
        if value and getattr(args, option) not in (None, value):
            raise UsageError(f"--{option} says {getattr(args, option)!r}, the POP URL {value!r}")
        setattr(args, option, value or getattr(args, option))
    if url.implicit and args.tls == "stls":
        raise UsageError("--tls stls: with pops:// TLS begins at once")
    args.target, args.tls = url.address, "implicit" if url.implicit else args.tls


def target(args: argparse.Namespace) -> Target:
    """The target that the options describe. Raises UsageError."""
    if args.lab and args.target:
        raise UsageError("--lab and --target exclude each other")
    if args.build and not args.lab:
        raise UsageError("--build is for --lab")
    if args.adapter and (args.lab or args.target == "mock"):
        raise UsageError("--adapter is for servers of yours: the mock and the lab have their own")
    if args.lab:
        return _lab(args)
    if not args.target:
        raise UsageError("--target is needed; `--target mock` tries the suite on its own server")
    if popurl.is_url(args.target):
        _take_url(args)
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
    """Every password that was read for the target."""
    read = getattr(args, "accounts_read", [])
    return [account.password for account in read if account.password]


def logins(args: argparse.Namespace) -> list[Path]:
    """The preludes that may be tried. Raises UsageError."""
    tokens = any(account.is_token for account in getattr(args, "accounts_read", []))
    return sanity.preludes(args.login, tokens=tokens)
