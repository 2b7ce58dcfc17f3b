# SPDX-License-Identifier: Apache-2.0
"""What a server under AddressSanitizer and its kind leaves behind when it has found something."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from popquiz.targets import Incident

REPORT = re.compile(
    r"(ERROR|WARNING|SUMMARY): \w*Sanitizer\b|runtime error: |"
    r"==\d+==\s*(ERROR|Invalid (read|write))"
)
LINES = 12  # of a report
LOG_PATH = re.compile(r"(?:^|:)log_path='?([^:']+)'?")
OPTIONS = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS")


def find(lines: Iterable[str]) -> Incident | None:
    """The beginning of the first report in the lines."""
    lines = list(lines)
    for number, line in enumerate(lines):
        if REPORT.search(line):
            return Incident("sanitizer", "\n".join(lines[number : number + LINES]))
    return None


class Logs:
    """Watches the files that `log_path=` of the sanitizers' options names."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        options = ":".join(environment.get(name, "") for name in OPTIONS)
        self._bases = {Path(path) for path in LOG_PATH.findall(options)}
        self._seen = set(self._files())

    def _files(self) -> Iterable[Path]:
        for base in self._bases:
            yield from base.parent.glob(f"{base.name}.*")

    def new(self) -> list[Incident]:
        """Reports that were written since the last call."""
        found = []
        for path in sorted(set(self._files()) - self._seen):
            self._seen.add(path)
            with path.open(errors="replace") as file:
                lines = [line.rstrip("\n") for line, _ in zip(file, range(1000), strict=False)]
            incident = find(lines)
            if incident:
                found.append(incident)
        return found
