# SPDX-License-Identifier: Apache-2.0
"""Who logs in: from options, from a file, or from the environment. Secrets come from none of them
in a way that other users of the machine can see.

    --user NAME --password-file FILE          the first line of the file
    --user NAME --token-file FILE             a bearer token, for OAUTHBEARER and XOAUTH2
    --user NAME --token-command COMMAND       the same, from what the command prints
    --client-cert FILE [--client-key FILE]    PEM, shown where TLS asks for a certificate; with
                                              `--login external` there need be no password
    --account FILE                            TOML: user, and password or password_file; maybe
                                              certificate and key; a table [second] with the same
                                              keys for a second account
    POPQUIZ_USER and POPQUIZ_PASSWORD, POPQUIZ_USER2 and POPQUIZ_PASSWORD2
"""

import argparse
import os
import shlex
import stat
import subprocess
from pathlib import Path

from popquiz.command_words import command_words
from popquiz.errors import UsageError
from popquiz.servers import tomltable
from popquiz.targets import Account

SECRET_MAX = 1024  # octets of a password
TOKEN_MAX = 8192
TOKEN_SECONDS = 60
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def _check_private(path: Path) -> None:
    """Raises UsageError for a file that others may read. A pipe is its writer's concern."""
    found = path.stat()
    if stat.S_ISREG(found.st_mode) and found.st_mode & OTHERS:
        raise UsageError(f"{path}: others may read it: chmod 600 {shlex.quote(str(path))}")


def _secret(where: str, octets: bytes, most: int) -> str:
    """The first line, without its line end. Raises UsageError."""
    line = octets.partition(b"\n")[0].removesuffix(b"\r")
    if not line or len(line) > most:
        raise UsageError(f"{where}: the first line must be a password or token, not over {most}")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{where}: the password is not UTF-8") from None


def read_password(path: str, most: int = SECRET_MAX) -> str:
    """The first line of a file that nobody else may read. Raises UsageError."""
    try:
        _check_private(Path(path))
        return _secret(path, Path(path).read_bytes(), most)
    except OSError as error:
        raise UsageError(f"{path}: cannot read the password: {error.strerror}") from None


def _token_of_command(command: str) -> str:
    words = command_words(command, "--token-command")
    try:
        ran = subprocess.run(words, capture_output=True, timeout=TOKEN_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"--token-command: {error}") from None
    if ran.returncode != 0:
        said = ran.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise UsageError(f"--token-command: status {ran.returncode}: {said}")
    return _secret("--token-command", ran.stdout, TOKEN_MAX)


# ---- where they come from -----------------------------------------------------------------------


def _pem(path: str) -> Path:
    """Raises UsageError."""
    if not Path(path).is_file():
        raise UsageError(f"{path}: there is no such file")
    return Path(path)


def _certificate(args: argparse.Namespace) -> tuple[Path | None, Path | None]:
    if args.client_key and not args.client_cert:
        raise UsageError("--client-key belongs to --client-cert")
    cert, key = (_pem(path) if path else None for path in (args.client_cert, args.client_key))
    return cert, key


def _of_options(args: argparse.Namespace) -> Account | None:
    sources = [s for s in (args.password_file, args.token_file, args.token_command) if s]
    cert, key = _certificate(args)
    if not args.user and not sources:
        return None
    if args.user and not sources and cert:
        return Account(args.user, "", certificate=cert, key=key)
    if not args.user or len(sources) != 1:
        raise UsageError(
            "--user and --password-file belong together; or instead of that --token-file or "
            "--token-command"
        )
    if args.password_file:
        password = read_password(args.password_file)
        return Account(args.user, password, certificate=cert, key=key)
    if args.token_file:
        return Account(args.user, read_password(args.token_file, TOKEN_MAX), is_token=True)
    return Account(args.user, _token_of_command(args.token_command), is_token=True)


def _second_of_options(args: argparse.Namespace) -> Account | None:
    if not args.user2 and not args.password2_file:
        return None
    if not args.user2 or not args.password2_file:
        raise UsageError("--user2 and --password2-file belong together")
    return Account(args.user2, read_password(args.password2_file))


def _of_table(table: tomltable.Table, folder: Path) -> Account:
    user, password = table.text("user"), table.text("password", "")
    file = table.text("password_file", "")
    names = (table.text("certificate", ""), table.text("key", ""))
    if bool(password) == bool(file) and not (names[0] and not file):
        raise table.error("password", "is needed, or password_file, and not both")
    if names[1] and not names[0]:
        raise table.error("key", "belongs to a certificate")
    cert, key = (_pem(str(folder / name)) if name else None for name in names)
    secret = read_password(str(folder / file)) if file else password
    return Account(user, secret, certificate=cert, key=key)


def _of_file(path: Path) -> list[Account]:
    """Raises UsageError."""
    try:
        _check_private(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    table = tomltable.read(path)
    second = table.table("second")
    found = [_of_table(each, path.parent) for each in (table, second) if each]
    for each in (table, second):
        if each:
            each.end()
    return found


def _of_environment() -> list[Account]:
    """They are taken out of it: programs that we start inherit it."""
    found = []
    for suffix in ("", "2"):
        names = (f"POPQUIZ_USER{suffix}", f"POPQUIZ_PASSWORD{suffix}")
        user, password = (os.environ.pop(name, "") for name in names)
        if bool(user) != bool(password):
            raise UsageError(f"{names[0]} and {names[1]} belong together")
        if user:
            found.append(Account(user, password))
    return found


def read(args: argparse.Namespace) -> list[Account]:
    """One or two. What is said on the command line counts before a file, and that before the
    environment. Raises UsageError."""
    first, second = _of_options(args), _second_of_options(args)
    environment = _of_environment()
    if args.account and (first or second):
        raise UsageError("--account has the accounts: --user and --password-file exclude it")
    if args.account:
        return _of_file(Path(args.account))
    if first:
        return [first, *([second] if second else [])]
    if second or not environment:
        raise UsageError("--user and --password-file are needed: cases log in")
    return environment
