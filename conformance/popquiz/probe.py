# SPDX-License-Identifier: Apache-2.0
"""Whether a server lives: it takes a connection and says something, which is not looked at."""

import asyncio
import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from popquiz.errors import UsageError
from popquiz.targets import Endpoint

PAUSE_FIRST = 0.01
PAUSE_LAST = 0.5
PORTS_FROM, LENT_FROM = 10240, 32768  # what is between them is for servers
PORT_TRIES = 50
UNREACHABLE = "cannot be reached"


def parse_address(text: str) -> tuple[str, int] | str:
    """("host", port) of tcp://HOST:PORT, or the path of unix:/PATH. Raises UsageError."""
    if text.startswith("unix:/"):
        return text.removeprefix("unix:")
    cure = UsageError(f"{text!r} is no address: write tcp://HOST:PORT or unix:/PATH")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise cure from None
    if parts.scheme != "tcp" or not host or not port or parts.path or parts.query:
        raise cure
    return host, port


def _lent_from() -> int:
    """The first port that the system lends to whoever connects."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return LENT_FROM


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has at this moment, and that the system lends to nobody until
    it is used, as long as there are such ports."""
    below = range(PORTS_FROM, _lent_from())
    for port in [*random.sample(below, min(PORT_TRIES, len(below))), 0]:
        with socket.socket() as s, suppress(OSError):
            s.bind(("127.0.0.1", port))
            found: int = s.getsockname()[1]
            return found
    raise AssertionError("the system has no port")


async def connect(endpoint: Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Any certificate will do. Raises OSError."""
    address = parse_address(endpoint.entrance)
    context = None
    if endpoint.tls == "implicit":
        import ssl  # only here, because it takes long to load

        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if isinstance(address, str):
        host = "localhost" if context else None
        return await asyncio.open_unix_connection(address, ssl=context, server_hostname=host)
    return await asyncio.open_connection(*address, ssl=context)


async def once(endpoint: Endpoint, seconds: float) -> str:
    """Connects and waits for the greeting. Returns "" when it comes, else what is wrong."""
    writer = None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await connect(endpoint)
            if await reader.read(1):
                writer.write(b"QUIT\r\n")
                return ""
            return "closes connections without a greeting"
    except TimeoutError:
        return "takes connections and does not greet" if writer else "does not answer"
    except OSError as error:
        # asyncio's own texts repeat the address and leave out the reason.
        known = error.errno is not None and error.errno > 0
        return f"{UNREACHABLE}: {os.strerror(error.errno or 0) if known else error}"
    finally:
        if writer:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def until_greeting(
    endpoint: Endpoint, seconds: float, dead: Callable[[], bool] = lambda: False
) -> str:
    """The same, again and again until the time is up or the server is known to be dead."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + seconds, PAUSE_FIRST
    while problem := await once(endpoint, max(deadline - loop.time(), PAUSE_FIRST)):
        if dead() or loop.time() + pause >= deadline:
            return problem
        await asyncio.sleep(pause)
        pause = min(2 * pause, PAUSE_LAST)
    return ""
