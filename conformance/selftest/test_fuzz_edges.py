# SPDX-License-Identifier: Apache-2.0
"""Which functions edges are in that come and go."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from planted import ROOT

from popquiz.errors import TargetError
from popquiz.fuzz import edges
from popquiz.fuzz.given import Asked, Given

pytestmark = pytest.mark.skipif(
    not shutil.which("afl-clang-fast"), reason="afl-clang-fast is not installed"
)
# Of each case the other one takes other ways through it.
WHIM = """\
static void whim(const char *path)
{
    if (unlink(path) != 0)
        (void)close(open(path, O_CREAT | O_WRONLY, 0600));
}

static void keep("""
SEED = b"USER a\r\nPASS good\r\nDELE 1\r\nQUIT\r\n"
# Behind a switch, a function for each word; none is of the same size as another one.
WORDS = """\
#include <stdlib.h>
static volatile int n;
__attribute__((noinline)) static void one(void) { n++; }
__attribute__((noinline)) static void two(int k) { if (k > 1) n++; else n--; }
__attribute__((noinline)) static void three(int k) { while (k-- > 0) if (k & 1) n++; }
int main(int argc, char *argv[])
{
    int word = argc > 1 ? atoi(argv[1]) : 0;
    if (word == 1) one();
    if (word == 2) two(argc);
    if (word == 3) three(argc);
    return 0;
}
"""


def compiled(folder: Path, source: str, level: str = "-O1") -> Path:
    (folder / "server.c").write_text(source)
    words = ["afl-clang-fast", level, "-g", "-o", str(folder / "server"), str(folder / "server.c")]
    subprocess.run(words, check=True, env={**os.environ, "AFL_QUIET": "1"}, timeout=60)
    return folder / "server"


def taken(program: Path, word: str) -> set[int]:
    """Places in the map."""
    out = program.with_suffix(".map")
    words = ["afl-showmap", "-q", "-o", str(out), "--", str(program), word]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    return {int(line.partition(":")[0]) for line in out.read_text().splitlines()}


def region(program: Path, offset: int = 0) -> dict[str, object]:
    ran = subprocess.run(
        [program], env={"AFL_DUMP_MAP_SIZE": "1"}, capture_output=True, text=True, timeout=60
    )
    return {"path": program, "offset": offset, "len": int(ran.stdout)}


def functions(found: Sequence[edges.Group]) -> dict[str, int]:
    return {group.place.function: len(group.edges) for group in found}


def test_edges_have_the_functions_that_take_them(tmp_path: Path) -> None:
    program = compiled(tmp_path, WORDS, "-O0")
    known, without = edges.program(program), taken(program, "0")
    assert known.count + 1 == region(program)["len"]
    for word, name in (("1", "one"), ("2", "two"), ("3", "three")):
        new = taken(program, word) - without
        for offset in (0, 128):
            found = edges.groups([region(program, offset)], [offset + edge for edge in new])
            assert set(functions(found)) - {"main"} == {name}
            (its,) = (group for group in found if group.place.function == name)
            line = WORDS[: WORDS.find(name)].count("\n") + 1
            assert its.place.file == "server.c" and its.lines == {line}
            assert functions(found).get("main", 0) <= 1


def test_guards_that_nobody_reads_have_neighbours(tmp_path: Path) -> None:
    program = edges.program(compiled(tmp_path, WORDS, "-O0"))
    whole = edges.name(program, range(program.count))
    readers = dict(program.readers)
    its = [number for number, place in whole.items() if place.function == "three"]
    assert len(its) >= 3
    del readers[its[1]]
    guessed = edges.name(edges.Program(program.path, program.count, readers), its)
    assert {place.function for place in guessed.values()} == {"three"}
    first = its[0]  # between a function's and another one's, either may have it
    del readers[first], readers[first - 1]
    guessed = edges.name(edges.Program(program.path, program.count, readers), [first])
    names = guessed[first].function.split(" or ")
    assert names == [whole[first - 2].function, "three"] and len(set(names)) == 2


@pytest.mark.parametrize("octets", [b"", b"#!/bin/sh\n", b"\x7fELF\x02\x01" + b"\xff" * 60])
def test_a_program_that_cannot_be_read_costs_only_the_names(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "server").write_bytes(octets)
    told = [{"path": tmp_path / name, "offset": 0, "len": 9} for name in ("server", "nothing")]
    for each in told:
        (found,) = edges.groups([each], [1, 2])
        assert (found.place.function, found.edges) == (edges.UNKNOWN, [1, 2])
    whole = Path("/bin/true").read_bytes()
    for cut in (*range(64), len(whole) // 2, len(whole) - 1):
        with pytest.raises(ValueError, match=r"."):
            (tmp_path / "server").write_bytes(whole[:cut])
            edges.program(tmp_path / "server")


def test_a_warning_names_few() -> None:
    many = [edges.Group(edges.Place(f"f{n}", "a.c", n), "a", {n}, [n]) for n in range(1, 10)]
    assert edges.line(many[:8]).count(", ") == 7 and "more" not in edges.line(many[:8])
    assert edges.line(many).endswith("a.c:8 f8 (1), and 1 function more")
    assert edges.line(many * 2).endswith(", and 10 functions more")
    other = edges.Group(edges.Place("g", "b.c"), "b", {9, 7}, [1])
    assert edges.line([many[0], other]) == "a: a.c:1 f1 (1), b: b.c:7 g (1)"


def test_the_self_test_names_functions(tmp_path: Path) -> None:
    source = (ROOT / "conformance/selftest/forking_pop3.c").read_text()
    whim = f'    whim("{tmp_path}/whim");\n    FILE *file'
    source = source.replace("static void keep(", WHIM).replace("    FILE *file", whim)
    lane = Given(Asked(f"{compiled(tmp_path, source)} {{port}}"))
    try:
        (line,) = lane.check([SEED], tmp_path)
    except TargetError as error:
        pytest.fail(str(error))
    assert "edges come and go: server.c:" in line and " whim (" in line
    (whims,) = (each for each in lane.unstable if each["function"] == "whim")
    assert whims["file"] == "server.c" and len(whims["edges"]) >= 1 and whims["lines"]
