# SPDX-License-Identifier: Apache-2.0
"""What clients wrote in a capture, as wire cases: one for each TCP connection, without TLS."""

import shutil
import subprocess
from pathlib import Path

from popquiz.errors import UsageError

MAGIC = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\x0a\x0d\x0d\x0a")
TSHARK = "tshark"
TSHARK_S = 120
FILTER = "tcp.len > 0 and not tcp.analysis.retransmission"
FIELDS = ("tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.payload")
WAIT = b"\xffW"  # between two writes


def is_capture(octets: bytes) -> bool:
    return octets.startswith(MAGIC)


def _packets(path: Path) -> list[list[str]]:
    fields = [word for name in FIELDS for word in ("-e", name)]
    command = [TSHARK, "-n", "-r", str(path), "-Y", FILTER, "-T", "fields", *fields]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=TSHARK_S, check=False)
    rows = [line.split("\t") for line in ran.stdout.splitlines()]
    if ran.returncode != 0:
        why = ran.stderr.strip().rpartition("\n")[2]
        raise UsageError(f"{path}: tshark cannot read the capture: {why}")
    return [row for row in rows if len(row) == len(FIELDS)]


def read(path: Path) -> list[bytes]:
    """Raises UsageError."""
    if not shutil.which(TSHARK):
        raise UsageError(f"{path}: {TSHARK} is needed to read a capture: apt-get install tshark")
    found: dict[str, list[bytes]] = {}
    servers: dict[str, str] = {}
    for stream, source, _, payload in _packets(path):
        # The server of POP3 speaks first.
        if source != servers.setdefault(stream, source):
            octets = bytes.fromhex(payload.replace(":", "")).replace(b"\xff", b"\xff\xff")
            found.setdefault(stream, []).append(octets)
    if not found:
        raise UsageError(f"{path}: no client says anything in this capture")
    return [WAIT.join(writes) + WAIT for writes in found.values()]
