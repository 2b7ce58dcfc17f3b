# SPDX-License-Identifier: Apache-2.0
"""Every gate lets a good tree pass and finds what is planted in it."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from planted import CI, OSS_FUZZ_BUILD, SPDX, PlantedTree

GATES = sorted(path.name for path in CI.glob("check-*"))
PROGRAMS = sorted(path.name for path in CI.iterdir() if path.is_file() and os.access(path, os.X_OK))


@dataclass(frozen=True, slots=True)
class Plant:
    """One defect: the gate that finds it, where it is, and what the gate says."""

    gate: str
    path: str
    text: str
    says: str


def c(text: str) -> str:
    return f"/* {SPDX} */\n{text}"


def py(text: str) -> str:
    return f"# {SPDX}\n{text}"


def nested(levels: int) -> str:
    """A C function with so many blocks in each other."""
    lines = [f"{'    ' * i}if (a > {i}) {{" for i in range(1, levels + 1)]
    lines += [f"{'    ' * (levels + 1)}a--;"]
    lines += [f"{'    ' * i}}}" for i in range(levels, 0, -1)]
    return "int f(int a);\nint f(int a)\n{\n" + "\n".join(lines) + "\n    return a;\n}\n"


def long_function(lines: int) -> str:
    """A C function with so many lines from brace to brace."""
    return "int f(void);\nint f(void)\n{\n" + "    (void)0;\n" * (lines - 2) + "    return 1;\n}\n"


def nested_python(levels: int) -> str:
    lines = [f"{'    ' * i}if a > {i}:" for i in range(1, levels + 1)]
    return "def f(a):\n" + "\n".join(lines) + f"\n{'    ' * (levels + 1)}return a\n"


def oss_fuzz(*lines: str) -> str:
    """A build that makes what passes for a target, and then does this."""
    head = f"#!/bin/bash -eu\n# {SPDX}\n"
    return head + 'cp "$(type -P true)" "$OUT/fuzz_x"\n' + "".join(f"{x}\n" for x in lines)


def changed(what: str, to: str) -> str:
    """The good build with something else in it."""
    assert what in OSS_FUZZ_BUILD
    return OSS_FUZZ_BUILD.replace(what, to)


OSS_FUZZ = "ci/oss-fuzz/build.sh"
OSS_FUZZ_LIBRARY = oss_fuzz(
    'cd "$WORK"',
    "echo 'int a(void) { return 0; }' >a.c",
    "gcc -shared -fPIC a.c -o libthere.so",
    "echo 'int a(void); int main(void) { return a(); }' >b.c",
    'gcc b.c -L. -lthere -Wl,-rpath,/elsewhere -o "$OUT/fuzz_x"',
)
PUTS = 'extern int puts(const char *); return puts("hello") < 0;'
WIRE = "src/wire/wire.c"
PLANTS = [
    Plant("check-docs", "README.md", "```sh\nfalse\n```\n", "README.md:2: `false` ends with 1"),
    Plant("check-docs", "README.md", "```sh\ntrue\nls \\\n  /no\n```\n", "README.md:3: `ls /no`"),
    Plant("check-docs", "README.md", "```sh\nif  # not run: x\n```\n", "is not shell"),
    Plant("check-docs", "README.md", "```sh\nno-such-tool  # not run: x\n```\n", "no program"),
    Plant("check-docs", "README.md", "```sh\ntrue  # not run:\n```\n", "does not say why"),
    Plant("check-files", "stray.txt", "x\n", "stray.txt:0: does not belong"),
    Plant("check-files", "src/big.tsv", "x" * 524288 + "\n", "more than 524288"),
    Plant("check-files", "src/a.md", "a\n\tb\n", "src/a.md:2: has a tab"),
    Plant("check-files", "src/a.md", "a\r\n", "src/a.md:1: has a CR"),
    Plant("check-files", "src/a.md", "a\0\n", "is binary"),
    Plant("check-files", "src/a.png", "a\0\n", "is binary"),
    Plant("check-files", "src/a.md", "a\n\xff\n", "src/a.md:2: is not UTF-8"),
    Plant("check-files", "src/a.md", "a", "does not end in a line end"),
    Plant("check-files", "src/a.c", "int a;\n", "src/a.c:1: lacks 'SPDX"),
    Plant("check-files", "ci/other", f"#!/bin/sh\n# {SPDX}\n", "cannot be run"),
    Plant("check-files", "ci/tool", "no head\n", "has no #! line"),
    Plant("check-format", "src/a.c", c("int  a;\n"), "src/a.c:2: error: code should be"),
    Plant("check-format", "src/a.c", c("/* " + "x" * 95 + " */\n"), "src/a.c:2: longer than 100"),
    Plant("check-format", "ci/a.py", py("a = ( 1)\n"), "ci/a.py:2: unformatted"),
    Plant("check-headers", "src/base/a.h", c("extern size_t a;\n"), "src/base/a.h:2: unknown type"),
    Plant("check-headers", "src/base/a.h", c("enum a { A };\n"), "redeclaration"),
    Plant("check-headers", "src/include/popquiz/new.h", c(""), 'lacks #include "popquiz/new.h"'),
    Plant("check-ids", "conformance/requirements.tsv", "id\nA\nB\nA\n", ".tsv:4: A is taken"),
    Plant("check-ids", "conformance/clients/a.dlg", "#!dlg 1\nid:  one\n---\n", "one is taken"),
    Plant("check-ids", "corpus/regressions/fuzz_x/0001-again", "", "0001 is taken"),
    Plant("check-ids", "corpus/regressions/fuzz_x/again", "", "is not named NNNN-what-broke"),
    Plant("check-ids", "src/a.c", c("/* RFC1939-3-002 */\n"), "src/a.c:2: RFC1939-3-002 is not in"),
    Plant("check-layers", WIRE, c('#include "proto/verb.h"\n'), "wire may not use proto"),
    Plant("check-layers", WIRE, c('#include "popquiz/text.h"\n'), "wire may not use proto"),
    Plant("check-layers", "src/proto/text.c", c(""), "popquiz/text.h:0: belongs to no layer"),
    Plant("check-layers", WIRE, c('#include "thing.h"\n'), 'there is no "thing.h"'),
    Plant("check-layers", WIRE, c("#include <openssl/evp.h>\n"), "<openssl/evp.h> is for src/base"),
    Plant("check-layers", WIRE, c("#include <proto/verb.h>\n"), 'ours: write "proto/verb.h"'),
    Plant("check-layers", WIRE, c("#include <uv.h>\n"), "<uv.h> is for"),
    Plant("check-layers", WIRE, c("#include <cjson/cJSON.h>\n"), "<cjson/cJSON.h> is for"),
    Plant("check-layers", WIRE, c("#include <pcre2.h>\n"), "<pcre2.h> is for"),
    Plant("check-layers", WIRE, c("#include <cmocka.h>\n"), "<cmocka.h> is for tests only"),
    Plant("check-layers", WIRE, c("#include <time.h>\n"), "<time.h> has no place in the core"),
    Plant("check-layers", WIRE, c('#include "popquiz/popquiz.h"\n'), "is for users"),
    Plant("check-layers", "src/base/b.c", c('#include "popquiz/wire.h"\n'), "may not use wire"),
    Plant("check-layers", WIRE, c('#include "base/thing_testing.h"\n'), "there is no"),
    Plant("check-layers", WIRE, c('#include "base/testing.h"\n'), "only tests include base/"),
    Plant("check-layers", WIRE, c('#include "proto/x_internal.h"\n'), "wire may not use proto"),
    Plant("check-layers", WIRE, c('#include "base/x_internal.h"\n'), "is private to base"),
    Plant("check-layers", "src/odd/a.c", c(""), "src/odd:0: is not in the table"),
    Plant(
        "check-layers",
        "src/wire/CMakeLists.txt",
        "pq_add_module(wire SOURCES wire.c)\n",
        "USES of wire lacks base",
    ),
    Plant(
        "check-layers",
        "src/wire/CMakeLists.txt",
        "pq_add_module(wire SOURCES wire.c USES base proto LIBS x)\n",
        "USES of wire names proto",
    ),
    Plant(
        "check-layers",
        "src/README.md",
        "| `base` | x | nothing |\n| `proto` | x | base |\n| `wire` | x | base, proto |\n",
        "src/README.md:3: wire may use: base",
    ),
    Plant("check-layers", "src/README.md", "| `base` | x | nothing |\n", "wire has no row"),
    Plant("check-oss-fuzz", OSS_FUZZ, oss_fuzz("echo why", "exit 3"), "fails with address: why"),
    Plant("check-oss-fuzz", OSS_FUZZ, oss_fuzz('rm "$OUT/fuzz_x"'), "does not make fuzz_x"),
    Plant("check-oss-fuzz", OSS_FUZZ, oss_fuzz('cp "$OUT/fuzz_x" "$OUT/x"'), "is no name of a"),
    Plant("check-oss-fuzz", OSS_FUZZ, oss_fuzz(), "lacks fuzz_x.dict fuzz_x.options fuzz_x_seed"),
    Plant("check-oss-fuzz", OSS_FUZZ, OSS_FUZZ_LIBRARY, "needs libthere.so, which is not there"),
    Plant("check-oss-fuzz", OSS_FUZZ, OSS_FUZZ_LIBRARY, "looks for libraries in /elsewhere"),
    Plant("check-oss-fuzz", OSS_FUZZ, changed("= fuzz_x.dict", "= y"), "does not name fuzz_x.dict"),
    Plant("check-oss-fuzz", OSS_FUZZ, changed("0..99", "0..9"), "fewer than 90 counters"),
    Plant("check-oss-fuzz", OSS_FUZZ, changed("return 0;", PUTS), "logs: hello"),
    Plant("check-oss-fuzz", OSS_FUZZ, changed("return 0;", "__builtin_trap();"), "ends with"),
    Plant("check-ruff", "ci/a.py", py("import os\n"), "ci/a.py:2: F401"),
    Plant("check-ruff", "ci/tool", "#!/usr/bin/env python3\nimport os\n", "ci/tool:2: F401"),
    Plant("check-shell", "ci/tool", "#!/bin/sh\necho $1\n", "ci/tool:2: note: Double quote"),
    Plant("check-sizes", "src/a.c", c("\n" * 701), "702 lines, more than 700"),
    Plant("check-sizes", "src/a.c", c(nested(3)), "src/a.c:3: error: function 'f' exceeds"),
    Plant(
        "check-sizes",
        "src/a.c",
        c(long_function(81)),
        "src/a.c:3: error: function 'f' exceeds",
    ),
    Plant(
        "check-sizes",
        "src/a.c",
        c(
            "void f(int, int, int, int, int, int);\n"
            "void f(int a, int b, int c, int d, int e, int g)\n"
            "{\n    (void)(a + b + c + d + e + g);\n}\n"
        ),
        "src/a.c:3: error: function 'f' exceeds",
    ),
    Plant("check-sizes", "ci/a.py", py(nested_python(4)), "4 levels of nesting"),
    Plant("check-sizes", "ci/a.py", py("def f(a, b, c, d, *e, g): ...\n"), "6 parameters"),
    Plant("check-sizes", "ci/a.py", py("def f():\n" + "    pass\n" * 80), "81 lines, more than 80"),
    Plant(
        "check-tests",
        "build/dev/CTestTestfile.cmake",
        'add_test(unit.a "true")\nset_tests_properties(unit.a PROPERTIES LABELS "unit")\n',
        "ctest unit.a:0: TIMEOUT must be",
    ),
    Plant(
        "check-tests",
        "build/dev/CTestTestfile.cmake",
        'add_test(unit.a "true")\nset_tests_properties(unit.a PROPERTIES TIMEOUT "9")\n',
        "has not the label",
    ),
    Plant(
        "check-tests",
        "build/dev/CTestTestfile.cmake",
        'add_test(a "true")\nset_tests_properties(a PROPERTIES LABELS "fast" TIMEOUT "9")\n',
        "the label fast is unknown",
    ),
    Plant(
        "check-tidy",
        "src/a.c",
        c("int f(int a);\nint f(int a)\n{\n    return a == 1 || a == 1;\n}\n"),
        "src/a.c:5: error: both sides of operator are equivalent",
    ),
    Plant("check-types", "conformance/popquiz/a.py", py("def f(a): ...\n"), "missing a type"),
]


def test_every_gate_has_a_planted_failure() -> None:
    assert sorted({plant.gate for plant in PLANTS}) == GATES


@pytest.mark.parametrize("gate", GATES)
def test_a_good_tree_passes(planted: PlantedTree, gate: str) -> None:
    ran = planted.run(gate)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.gate}: {plant.says}")
def test_what_is_planted_is_found(planted: PlantedTree, plant: Plant) -> None:
    planted.write(plant.path, plant.text)
    ran = planted.run(plant.gate)
    assert plant.says in ran.stdout, ran.stderr
    assert ran.returncode == 1


@pytest.mark.parametrize(
    ("gate", "path", "text"),
    [
        ("check-sizes", "src/a.c", c("\n" * 699)),
        ("check-sizes", "src/a.c", c(nested(2))),
        ("check-sizes", "src/a.c", c(long_function(80))),
        ("check-sizes", "src/a.c", c("int f(int a, int b, int c, int d, int e);\n")),
        ("check-sizes", "ci/a.py", py(nested_python(3))),
        ("check-sizes", "ci/a.py", py("class A:\n    def f(self, a, b, c, d, e): ...\n")),
        ("check-sizes", "ci/a.py", py("def f():\n" + "    pass\n" * 79)),
        ("check-files", "src/big.tsv", "x" * 524287 + "\n"),
        ("check-format", "src/a.c", c("/* " + "x" * 94 + " */\n")),
        ("check-layers", "src/wire/wire_test.c", c('#include "proto/verb.h"\n#include <uv.h>\n')),
        ("check-layers", "src/wire/wire_testing.h", c("#include <cmocka.h>\n")),
        ("check-layers", "src/base/digest.c", c("#include <openssl/evp.h>\n")),
        ("check-layers", "src/tools/a.c", c('#include "popquiz/popquiz.h"\n#include <pcre2.h>\n')),
        ("check-files", "corpus/seeds/fuzz_x/octets", "\t\r\0\xff"),
    ],
)
def test_what_is_just_allowed_passes(planted: PlantedTree, gate: str, path: str, text: str) -> None:
    planted.write(path, text)
    ran = planted.run(gate)
    assert ran.returncode == 0, ran.stdout


def test_a_file_of_400_lines_is_warned_of(planted: PlantedTree) -> None:
    planted.write("src/a.c", c("\n" * 399))
    ran = planted.run("check-sizes")
    assert "src/a.c:400: warning: 400 lines" in ran.stdout
    assert ran.returncode == 0


@pytest.mark.parametrize("gate", sorted(set(GATES) - {"check-tests"}))
def test_a_gate_with_nothing_to_look_at_fails(planted: PlantedTree, gate: str) -> None:
    planted.clear()
    ran = planted.run(gate)
    assert ran.returncode != 0, ran.stdout


def test_tidy_remembers_what_passed_until_a_header_changes(planted: PlantedTree) -> None:
    cache = planted.root / "build/tidy"
    marks = []
    for text in ("int pq_thing(void);\n", "int pq_thing(void);\n", "int pq_thing(void); /* b */\n"):
        planted.write("src/base/thing.h", c(text))
        assert planted.run("check-tidy").returncode == 0
        marks.append(len(list(cache.iterdir())))
    assert marks[0] == marks[1] < marks[2]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_explains_itself(program: str) -> None:
    command = [str(CI / program), "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0
    assert re.match(rf"usage: (ci/)?{program}\b", ran.stdout)


def run_job(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    text = f". {CI / 'stage.sh'}\n{script}\nverdict job"
    command = ["bash", "-c", text]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_job_fails_with_any_of_its_stages(tmp_path: Path) -> None:
    ran = run_job(tmp_path, "stage one true\nstage two sh -c 'echo why; exit 3'\nstage three true")
    assert ran.returncode == 1
    assert "two, status 3; the end of build/log/two.log:\n    why\n" in ran.stdout
    assert ran.stdout.splitlines()[-1].endswith(" s: two")


def test_a_job_shows_warnings_of_a_stage_that_passes(tmp_path: Path) -> None:
    ran = run_job(tmp_path, "stage one echo 'a.c:400: warning: soon too many'")
    assert ran.stdout.splitlines()[1] == "    a.c:400: warning: soon too many"


def test_a_job_passes_with_all_of_its_stages(tmp_path: Path) -> None:
    ran = run_job(tmp_path, "stage one true\nstage two true")
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[-1].startswith("job: ok in ")
