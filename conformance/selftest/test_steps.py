# SPDX-License-Identifier: Apache-2.0
"""Names of the lines of dialogues: baselines hold them, so they survive edits and fit the cases."""

import re
from pathlib import Path

import pytest
from making import HERE, case, outcome

from popquiz import baseline, cases, paths, steps, verdicts
from popquiz.servers import profile

DIALOGUE = """#!dlg 1
id: x
---
[given]
@connect
S: +OK{*?}

[test]
C: STAT
S: +OK {n:int}{*?}
# a comment
@req RFC1939-5-001
C2! stat\\r\\n
S2: +OK {n}{*?}
@assert n > 0
@fence
@match
@case none
  S: -ERR{*?}
@end
C: {line}\\r\\n
S: +OK{*?}
C! \\xFF\\r\\n
S: -ERR{*?}
[message m]
| C: STAT
"""
NAMES = [
    "given.connect",
    "given.connect",
    "test.stat",
    "test.stat",
    "test.stat.2",
    "test.stat.2",
    "test.stat.2+1",
    "test.stat.2+2",
    "test.stat.2+3",
    "test.stat.2+4",
    "test.line",
    "test.line",
    "test.octets",
    "test.octets",
]
# Branches, and the step that decided.
WAY = re.compile(r"(.*?)(?:(^|\.)((?:given|test|after)\..+))?")


def named(folder: Path, text: str) -> dict[str, str]:
    """The text of each line that has a name, and its name."""
    file = folder / f"{len(text)}.dlg"
    file.write_text(text)
    lines = text.splitlines()
    return {f"{n} {lines[n - 1].strip()}": name for n, name in steps.names(file).items()}


def test_a_line_is_called_by_the_command_before_it(tmp_path: Path) -> None:
    assert list(named(tmp_path, DIALOGUE).values()) == NAMES


@pytest.mark.parametrize(
    "edit",
    [
        ("#!dlg 1\n", "#!dlg 1\n# longer\n# by two lines\n"),
        ("[test]\n", "[test]\n# why\n@req RFC1939-5-002\nC: NOOP\nS: +OK{*?}\n"),
        ("S: -ERR{*?}\n[mess", "S: -ERR{*?}\n\nC: QUIT\nS: +OK{*?}\n\n[mess"),
    ],
)
def test_other_lines_leave_a_name_as_it_is(tmp_path: Path, edit: tuple[str, str]) -> None:
    after = list(named(tmp_path, DIALOGUE.replace(*edit)).values())
    assert [name for name in after if name in NAMES] == NAMES


def test_a_way_has_the_name_of_the_step_that_decided() -> None:
    of = case(steps={12: "test.stat.2+1"})
    assert verdicts.way(of, outcome("fail")) == "test.stat.2+1"
    assert verdicts.way(case(), outcome("fail")) == "test.12"


def _rules() -> set[str]:
    """What baselines call the rules of the referee."""
    text = (HERE.parents[1] / "src/referee/README.md").read_text(encoding="utf-8")
    return {name.lower() for name in re.findall(r"^\| `(REF-[A-Z0-9-]+)`", text, re.M)}


def _fits(entry: baseline.Entry, of: cases.Case) -> bool:
    branches, _, step = WAY.fullmatch(entry.way).groups()  # type: ignore[union-attr]
    taken = "-".join(branch.name for branch in verdicts.taken(of, branches))
    return taken == branches and (step is None or step in of.steps.values())


def test_every_entry_of_a_baseline_has_a_way_that_its_case_can_go() -> None:
    loaded = {case.id: case for case in cases.load(cases.find(paths.cases()))}
    rules, wrong = _rules(), []
    for file in sorted(profile.available()[0].parent.glob("*.baseline")):
        for entry in baseline.read(file).entries:
            if entry.id == baseline.ANY:
                good = entry.way in rules
            else:
                good = entry.id in loaded and _fits(entry, loaded[entry.id])
            wrong += [] if good else [f"{file.name}:{entry.line}: {entry.id}#{entry.way}"]
    assert not wrong, "\n".join(wrong)
