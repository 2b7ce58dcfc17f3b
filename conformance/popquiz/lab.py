# SPDX-License-Identifier: Apache-2.0
"""`popquiz lab`: servers of others, started privately on this machine from their profiles."""

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from popquiz import labbuild, labcertify, paths
from popquiz.errors import Exit, TargetError
from popquiz.fixtures import DEFAULT, Fixtures
from popquiz.servers import builds, profile, server
from popquiz.targets import Target

if TYPE_CHECKING:
    from poplib import POP3

USERS = ("user", "second")
CHECK_S = 30.0


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    lab = subparsers.add_parser("lab", help="real servers, started privately", description=__doc__)
    commands = lab.add_subparsers(dest="lab_command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="which servers there are, and what is missing")
    for name, about in (
        ("start", "start a server; it ends with SIGINT or SIGTERM"),
        ("check", "start a server, use it, restore its mail, and end it"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("name", help="see `popquiz lab list`; or a file that ends in .toml")
        command.add_argument("--variant", help="set otherwise than usual; see `popquiz lab list`")
        command.add_argument(
            "--mailbox", default=DEFAULT, help="the fixture that its accounts hold"
        )
        command.add_argument("--build", metavar="DIR", help="what popquiz lab build has made")
    labcertify.add_parser(commands)
    labbuild.add_parser(commands)


def run(args: argparse.Namespace) -> int:
    """Raises PopquizError."""
    if args.lab_command == "list":
        return _list()
    if args.lab_command == "certify":
        return labcertify.run(args)
    if args.lab_command == "build":
        return labbuild.run(args)
    found = profile.find(args.name)
    found = builds.use(found, Path(args.build)) if args.build else found
    act = {"start": _start, "check": _check}[args.lab_command]
    return asyncio.run(_with_server(found, args, act))


def target(name: str, tls: str, build: str | None = None) -> Target:
    """What `--lab NAME` means to the runner; NAME may be NAME:VARIANT. `build` is a folder that
    `popquiz lab build` made. Raises UsageError."""
    from popquiz.target_lab import LabTarget

    name, _, variant = name.partition(":")
    found = profile.find(name)
    return LabTarget(builds.use(found, Path(build)) if build else found, variant or None, tls)


# ---- list ----------------------------------------------------------------------------------------


def _describe(found: profile.Profile) -> Iterator[str]:
    missing = found.missing()
    if missing:
        yield f"{found.name}: not installed: {', '.join(missing)} is missing; run: {found.install}"
    else:
        said = server.version(found) or found.title
        yield f"{found.name}: {said}; TLS: {' '.join(found.tls)}"
    for name, variant in sorted(found.variants.items()):
        yield f"    --variant {name}: {variant.about}"


def _list() -> int:
    for path in profile.available():
        for line in _describe(profile.read(path)):
            print(line)
    return Exit.PASSED


# ---- start ---------------------------------------------------------------------------------------

Act = Callable[[server.LabServer], Coroutine[Any, Any, int]]


async def _with_server(found: profile.Profile, args: argparse.Namespace, act: Act) -> int:
    """Starts the server, does something with it, and ends it, also when a signal comes."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    messages = Fixtures(paths.fixtures()).maildrop((args.mailbox,), {}).messages
    accounts = [(user, messages) for user in USERS]
    acting = asyncio.create_task(_act(found, accounts, args.variant, act))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({acting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not acting.done():
        acting.cancel()
        await asyncio.wait({acting})
        return Exit.PASSED if act is _start else Exit.INTERRUPTED
    return acting.result()


async def _act(
    found: profile.Profile, accounts: server.Accounts, variant: str | None, act: Act
) -> int:
    async with await server.start(found, accounts, variant) as lab:
        return await act(lab)


def _write_password(lab: server.LabServer) -> Path:
    path = lab.folder / "password"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(path, flags, 0o600), "w") as file:
        file.write(f"{lab.password}\n")
    return path


async def _start(lab: server.LabServer) -> int:
    plain = "stls" if "stls" in lab.addresses else "none"
    shown = [mode for mode in (plain, "implicit") if mode in lab.addresses]
    ready = {
        "pid": os.getpid(),
        "listen": [{"address": lab.addresses[mode], "tls": mode} for mode in shown],
        **({"ca_file": str(lab.ca_file)} if lab.ca_file else {}),
        "users": lab.accounts,
        "password_file": str(_write_password(lab)),
    }
    print(json.dumps(ready), flush=True)
    await lab.wait()
    raise TargetError(f"{lab.profile.name}: {'; '.join(i.text for i in lab.incidents())}")


# ---- check ---------------------------------------------------------------------------------------


def _login(lab: server.LabServer, mode: str) -> "POP3":
    import poplib
    import ssl

    host, _, port = lab.addresses[mode].removeprefix("tcp://").rpartition(":")
    context = ssl.create_default_context(cafile=lab.ca_file) if mode != "none" else None
    if mode == "implicit":
        session: poplib.POP3 = poplib.POP3_SSL(host, int(port), timeout=CHECK_S, context=context)
    else:
        session = poplib.POP3(host, int(port), timeout=CHECK_S)
    if mode == "stls":
        session.stls(context)
    session.user(USERS[0])
    session.pass_(lab.password)
    return session


def _read_mail(lab: server.LabServer, mode: str) -> list[bytes]:
    session = _login(lab, mode)
    count, _ = session.stat()
    messages = [session.retr(number)[1] for number in range(1, count + 1)]
    session.quit()
    return [b"".join(line + b"\r\n" for line in lines) for lines in messages]


def _remove_mail(lab: server.LabServer, mode: str) -> None:
    session = _login(lab, mode)
    for number in range(1, session.stat()[0] + 1):
        session.dele(number)
    session.quit()


async def _expect(lab: server.LabServer, mode: str, wanted: list[bytes], after: str) -> None:
    # Some servers add an empty line to each message, which is for conformance cases to tell.
    got = [message.rstrip(b"\r\n") for message in _read_mail(lab, mode)]
    if got != [message.rstrip(b"\r\n") for message in wanted]:
        raise TargetError(
            f"{lab.profile.name}, TLS {mode}: the mail after {after} is not that of the store: "
            f"{len(got)} messages, {len(wanted)} expected"
        )


async def _check_mode(lab: server.LabServer, mode: str) -> None:
    """Login, reading, removal, restoring and delivery, each seen through POP3 and in the store."""
    user, extra = USERS[0], b"Subject: extra\r\n\r\nextra\r\n"
    mail = await lab.peek(user)
    await _expect(lab, mode, mail, "the start")
    _remove_mail(lab, mode)
    await _expect(lab, mode, [], "removing all mail")
    await lab.reset(user)
    await _expect(lab, mode, mail, "the reset")
    await lab.deliver(user, extra)
    await _expect(lab, mode, [*mail, extra], "a delivery")
    await lab.reset(user)


async def _check(lab: server.LabServer) -> int:
    import poplib

    for mode in lab.addresses:
        try:
            await _check_mode(lab, mode)
        except (OSError, poplib.error_proto) as error:
            raise TargetError(f"{lab.profile.name}, TLS {mode}: {error}") from error
        print(f"{lab.profile.name}, TLS {mode}: login, mail, reset and delivery work", flush=True)
    folder = lab.folder
    await lab.close()
    if folder.exists():
        raise TargetError(f"{lab.profile.name}: {folder} is left")
    print(f"{lab.profile.name}: ok")
    return Exit.PASSED
