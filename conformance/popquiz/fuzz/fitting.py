# SPDX-License-Identifier: Apache-2.0
"""Which options of `popquiz fuzz` mean something for what is fuzzed. Whoever gives another one
would not get what was asked for, and is told so."""

import argparse

from popquiz.errors import UsageError

ENGINE = ("harness", "lab", "server", "stdio")  # what an engine searches
COMMAND = ("server", "stdio")
BRIDGE = ("lab", *COMMAND)
BOX = ("target", "lab")  # what is only spoken to, and who it is spoken to as
LOGIN = (*COMMAND, *BOX)
FOR = {
    **dict.fromkeys(("engine", "max_len", "first", "resume"), ENGINE),
    **dict.fromkeys(("corpus", "import", "only_corpus"), ENGINE),
    **dict.fromkeys(("minimise", "merge", "coverage"), ("harness",)),
    "referee": BRIDGE,
    **dict.fromkeys(("reset", "cmplog"), COMMAND),
    "build": ("lab",),
    **dict.fromkeys(("tls", "user", "password_file"), LOGIN),
    **dict.fromkeys(("against", "yes_destroy", "safe", "wrong_logins", "segment"), BOX),
    **dict.fromkeys(("connections_per_minute", "patience", "login"), BOX),
    **dict.fromkeys(("tls_target", "ca", "insecure", "host", "adapter", "account"), ("target",)),
    **dict.fromkeys(("token_file", "token_command", "client_cert", "client_key"), ("target",)),
    **dict.fromkeys(("user2", "password2_file", "mock_option"), ("target",)),
}
NAMES = {"import": "imported"}  # where the value of an option has another name than the option


def remember(parser: argparse.ArgumentParser) -> None:
    """Puts into what is parsed the values that options have when nobody gives them."""
    usual = {name: parser.get_default(NAMES.get(name, name)) for name in FOR}
    parser.set_defaults(usual=usual)


def check(args: argparse.Namespace, way: str) -> None:
    """`way`: the option that says what is fuzzed. Raises UsageError."""
    for name, ways in FOR.items():
        given = getattr(args, NAMES.get(name, name)) != args.usual[name]
        if given and way not in ways:
            option = name.replace("_", "-")
            meant = " and ".join(f"--{each}" for each in ways)
            raise UsageError(f"--{option} is for {meant}, not for --{way}")
