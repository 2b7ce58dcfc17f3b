# SPDX-License-Identifier: Apache-2.0
"""Names for the lines of a dialogue that stay the same when others are added: `test.stat.2+1` is
the second line behind the second STAT of [test], and `test.stat` the first STAT and its answer.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SECTION = re.compile(r"\[(given|test|after)\]")
SENT = re.compile(r"C\d?[:!~](?: (?P<payload>.*))?$")
# Directives behind which an answer or a new situation comes, as behind a command.
ANCHORS = re.compile(r"@(connect|login|tls|drop|close|halfclose|settle|deliver)\b")
SILENT = re.compile(r"@(?:req|end|else|case|if)\b|#|$")  # decide nothing themselves
ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|.)")
WORD = re.compile(r"[A-Za-z0-9_-]+")
NO_WORD = "octets"


def _anchor(line: str) -> str:
    """What the lines behind this one are called by; "": they go on to belong to another."""
    if found := ANCHORS.match(line):
        return found[1]
    sent = SENT.match(line)
    if not sent:
        return ""
    word = WORD.search(ESCAPE.sub(" ", sent["payload"] or ""))
    return word[0].lower() if word else NO_WORD


@cache
def names(file: Path) -> Mapping[int, str]:
    """The names by line numbers. Raises OSError."""
    found: dict[int, str] = {}
    section, anchor, behind = "", "", 0
    counts: Counter[str] = Counter()
    for number, line in enumerate(map(str.strip, file.read_text("utf-8").splitlines()), 1):
        if line.startswith("["):
            section = match[1] if (match := SECTION.match(line)) else ""
            anchor, behind, counts = "", 0, Counter()
        elif not section or SILENT.match(line):
            continue
        elif word := _anchor(line):
            counts[word] += 1
            anchor, behind = word if counts[word] == 1 else f"{word}.{counts[word]}", 0
        else:
            behind += 1
        if section and not line.startswith("["):
            # A command that cannot be sent any more and one whose answer is missing are one thing.
            later = f"+{behind - 1}" if behind > 1 else ""
            found[number] = f"{section}.{anchor or 'start'}{later}"
    return found
