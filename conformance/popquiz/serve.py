# SPDX-License-Identifier: Apache-2.0
"""`popquiz serve`: the built-in POP3 server on this machine's loopback, for trying clients."""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from popquiz import options, paths
from popquiz.errors import Exit, TargetError, UsageError
from popquiz.target_mock import PASSWORD, USER

HELP = "start the built-in POP3 server"
PORT, TLS_PORT = 1100, 9950
USAGE = 2  # status of popquiz-mock after an option that it does not take


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("serve", help=HELP, description=__doc__)
    parser.add_argument("--port", type=options.number(0), default=PORT, metavar="N")
    parser.add_argument("--tls-port", type=options.number(0), default=TLS_PORT, metavar="N")
    parser.add_argument(
        "--maildrop", metavar="FOLDER", help="a Maildir, a folder of *.eml, or mbox:FILE"
    )
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="deviate")
    parser.add_argument(
        "--script",
        action="append",
        default=[],
        metavar="FILE",
        help="judge a client by a dialogue of role server; may be repeated, one for a connection",
    )
    parser.add_argument(
        "--sessions", type=options.number(1), metavar="N", help="end once N connections have ended"
    )
    parser.add_argument("--list-faults", action="store_true", help="name the deviations")
    parser.add_argument(
        "--mock-option",
        action="append",
        default=[],
        metavar="OPTION",
        help="another option of popquiz-mock, as require-tls; may be repeated",
    )


def command(args: argparse.Namespace) -> list[str]:
    words = ["--port", str(args.port), "--tls", "--tls-port", str(args.tls_port)]
    words += ["--maildrop", args.maildrop] if args.maildrop else []
    words += [f"--fault={name}" for name in args.fault]
    words += [f"--script={name}" for name in args.script]
    words += [f"--sessions={args.sessions}"] if args.sessions else []
    words += [o if o.startswith("--") else f"--{o}" for o in args.mock_option]
    return [str(paths.program("popquiz-mock")), *words]


def greeting(ready: Mapping[str, Any]) -> str:
    """What a person has to know to use it."""
    ways = {"stls": "plain or with STLS", "implicit": "TLS at once", "none": "plain"}
    lines = [f"{each['address']:30} {ways[each['tls']]}" for each in ready["listen"]]
    lines.append(f"user {USER!r}, password {PASSWORD!r}")
    if ready.get("ca_file"):
        lines.append(f"its certificate's authority: {ready['ca_file']}")
    return "\n".join((*lines, "Ctrl-C ends it."))


def _serve(server: "subprocess.Popen[str]") -> int:
    assert server.stdout
    line = server.stdout.readline()
    if not line:
        failed = UsageError if server.wait() == USAGE else TargetError
        raise failed("popquiz-mock does not start, see above")
    print(greeting(json.loads(line)), flush=True)
    for verdict in server.stdout:
        print(verdict, end="", flush=True)
    return server.wait()


def run(args: argparse.Namespace) -> int:
    if args.list_faults:
        program = str(paths.program("popquiz-mock"))
        return subprocess.run([program, "--list-faults"], check=False).returncode

    servers: list[subprocess.Popen[str]] = []

    def ended(*_: object) -> None:
        if not servers:
            sys.exit(Exit.PASSED)
        servers[0].terminate()  # its status tells what clients came to

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
    # Of a group of its own, so that Ctrl-C reaches it only through us.
    with subprocess.Popen(
        command(args), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        servers.append(server)
        try:
            return _serve(server)
        finally:
            server.terminate()
