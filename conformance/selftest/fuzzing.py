# SPDX-License-Identifier: Apache-2.0
"""Makes what tests of campaigns need: targets with a planted bug, and runs of `popquiz fuzz`."""

import json
import subprocess
from pathlib import Path
from typing import Any

from making import Ran, popquiz

# A heap overflow behind the line "LIST 9", in a function of its own.
PLANTED = """\
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static int scan_listing(const uint8_t *at, size_t n)
{
    volatile char *heap = malloc(8);
    heap[0] = (char)at[0];
    int found = heap[n > 16 ? 8 : 0];
    free((void *)heap);
    return found;
}
int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
    for (size_t i = 0; i + 8 <= n; i++)
        if (memcmp(at + i, "LIST 9\\r\\n", 8) == 0)
            return scan_listing(at + i, n) & 0;
    return 0;
}
"""
BUILDS = {
    "libfuzzer": ("clang", "-fsanitize=fuzzer,address"),
    "afl": ("afl-clang-fast", "-fsanitize=fuzzer,address"),
}
# Shows the bug, with much around it that does not matter.
CRASHING = b"STAT\r\n" * 40 + b"LIST 9\r\nNOOP\r\n" + b"RETR 1\r\n" * 40
SEED = b"STAT\r\nLIST 9 \r\nNOOP\r\nQUIT\r\n"


def compiled(folder: Path, engine: str) -> Path:
    """The planted target for an engine."""
    source, program = folder / "planted.c", folder / f"planted_{engine}"
    source.write_text(PLANTED)
    compiler, sanitize = BUILDS[engine]
    words = [compiler, "-g", "-O1", sanitize, str(source), "-o", str(program)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return program


def seeds(folder: Path, *octets: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(octets or (SEED,)):
        (folder / f"seed{number}").write_bytes(each)
    return folder


def fuzz(program: Path, corpus: Path, out: Path, *words: str | Path, **more: Any) -> Ran:
    """`popquiz fuzz` of a target, for so many executions that a slow machine only takes longer."""
    given = ("--harness", program, "--corpus", corpus, "--out", out)
    return popquiz("fuzz", *given, *words, **more)


def campaign(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "campaign.json").read_text(encoding="utf-8"))
    return found
