# SPDX-License-Identifier: Apache-2.0
"""Captures of a run, for a packet analyser: pcapng with the secrets that open its TLS inside.

Made by dumpcap, put together by mergecap and editcap, which come with tshark.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from popquiz import children
from popquiz.errors import SuiteError, UsageError
from popquiz.paths import MissingError
from popquiz.targets import Endpoint

PROGRAMS = ("dumpcap", "mergecap", "editcap")
READY_SECONDS = 10.0
SETTLE_SECONDS = 0.5  # packets reach dumpcap later than the peer
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
WARNING = "it holds passwords and mail"


def find(name: str) -> str:
    """The path of a program of Wireshark. Raises MissingError."""
    path = shutil.which(name)
    if not path:
        raise MissingError(f"{name} is missing: apt-get install tshark")
    return path


def places(endpoints: Iterable[Endpoint]) -> tuple[str, str]:
    """The interface and the filter that show these endpoints. Raises UsageError."""
    texts = {each.address for each in endpoints}
    texts |= {each.tls_address for each in endpoints if each.tls_address}
    at = [urlsplit(text) for text in sorted(texts)]
    if any(url.scheme != "tcp" for url in at):
        raise UsageError("--pcap: there is nothing to capture on a target that is not tcp://")
    local = all(url.hostname in LOOPBACK for url in at)
    ports = sorted({url.port for url in at if url.port})
    return "lo" if local else "any", " or ".join(f"tcp port {port}" for port in ports)


class Capture:
    """Writes `out`, mode 0600; `keylog` is where players leave the secrets until then."""

    def __init__(self, out: Path) -> None:
        if out.exists():
            raise UsageError(f"--pcap {out}: exists already, and is not written over")
        for name in PROGRAMS:
            find(name)
        self.out = out
        self._folder = Path(tempfile.mkdtemp(prefix="popquiz-capture-"))
        self.keylog = self._folder / "keylog"
        self.keylog.touch(mode=0o600)
        self._pieces: list[Path] = []
        self._process: asyncio.subprocess.Process | None = None

    async def begin(self, endpoints: Sequence[Endpoint]) -> None:
        """Captures until pause(). Raises UsageError when this user may not capture."""
        interface, what = places(endpoints)
        piece = self._folder / f"{len(self._pieces)}.pcapng"
        command = [find("dumpcap"), "-q", "-i", interface, "-f", what, "-w", str(piece)]
        self._process = process = await children.start(command, chatter=True)
        self._pieces.append(piece)
        async with asyncio.timeout(READY_SECONDS):
            while not any(line.startswith("File: ") for line in children.tail(process)):
                if process.returncode is not None:
                    raise UsageError(f"--pcap: dumpcap: {await children.epitaph(process)}")
                await asyncio.sleep(0.02)

    async def pause(self) -> None:
        """Ends what begin() began, if anything."""
        process, self._process = self._process, None
        if process:
            await asyncio.sleep(SETTLE_SECONDS)
            await children.end(process)

    async def finish(self) -> None:
        """Writes the file, when there is anything to write, and leaves nothing else behind."""
        try:
            found = [str(piece) for piece in self._pieces if piece.exists()]
            if found:
                whole = self._folder / "whole.pcapng"
                await _run("mergecap", "-w", str(whole), *found)
                await self._write(whole)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _write(self, whole: Path) -> None:
        if self.keylog.stat().st_size:
            secrets = f"tls,{self.keylog}"
            opened = self._folder / "opened.pcapng"
            await _run("editcap", "--inject-secrets", secrets, str(whole), str(opened))
            whole = opened
        try:
            with open(os.open(self.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(whole.read_bytes())
        except OSError as error:
            raise SuiteError(f"{self.out}: cannot be written: {error.strerror}") from None


async def _run(name: str, *words: str) -> None:
    process = await children.start([find(name), *words], chatter=True)
    said = await children.wait(process)
    if process.returncode:
        raise SuiteError(f"--pcap: {name}: {said}")
