# SPDX-License-Identifier: Apache-2.0
"""The log that a server writes into its folder: its end, and the lines that tell of a breakdown."""

from collections.abc import Iterator
from pathlib import Path

from popquiz.servers.profile import Log

TAIL_MAX = 65536  # octets read at a time; older ones are skipped


class LogFile:
    def __init__(self, folder: Path, log: Log | None) -> None:
        self._path = folder / log.path if log else None
        self._alarm = log.alarm if log else ()
        self._seen = 0  # octets, up to the end of a line

    @property
    def is_watched(self) -> bool:
        return bool(self._alarm)

    def _read(self, start: int) -> tuple[int, bytes]:
        """Where the octets begin, and the octets."""
        if self._path is None or not self._path.is_file():
            return start, b""
        with self._path.open("rb") as file:
            start = max(start, self._path.stat().st_size - TAIL_MAX)
            file.seek(start)
            return start, file.read(TAIL_MAX)

    def tail(self) -> str:
        return self._read(0)[1].decode("utf-8", "replace").strip()

    def alarms(self) -> Iterator[str]:
        """The lines since the last call that the profile is alarmed by."""
        if not self._alarm:
            return
        start, octets = self._read(self._seen)
        lines = octets[: octets.rfind(b"\n") + 1]
        self._seen = start + len(lines)
        for line in lines.decode("utf-8", "replace").splitlines():
            if any(alarm.search(line) for alarm in self._alarm):
                yield line
