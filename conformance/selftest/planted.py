# SPDX-License-Identifier: Apache-2.0
"""A small tree that every gate passes, into which a test plants what a gate must find."""

import os
import shutil
import subprocess
from pathlib import Path

from popquiz import paths

ROOT = paths.PACKAGE.parent.parent
CI = ROOT / "ci"
SPDX = "SPDX-License-Identifier: Apache-2.0"

# A target that OSS-Fuzz would take: a branch for each of a hundred octets, the C library, a seed.
OSS_FUZZ_BUILD = f"""\
#!/bin/bash -eu
# {SPDX}
cd "$WORK"
{{
    echo '#include <stddef.h>'
    echo '#include <stdint.h>'
    echo 'int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n) {{ volatile int hits = 0;'
    for i in {{0..99}}; do echo "if (n > $i && at[$i] == $i) hits++;"; done
    echo 'return 0; }}'
}} >target.c
read -r -a flags <<<"$CFLAGS $LIB_FUZZING_ENGINE"
"$CC" "${{flags[@]}}" target.c -o "$OUT/fuzz_x"
echo '"a"' >"$OUT/fuzz_x.dict"
printf '[libfuzzer]\\ndict = fuzz_x.dict\\n' >"$OUT/fuzz_x.options"
python3 -m zipfile -c "$OUT/fuzz_x_seed_corpus.zip" "$SRC"/popquiz/corpus/seeds/fuzz_x/*
"""

# The settings that the gates read, taken as they are.
SETTINGS = (".clang-format", ".clang-tidy", "pyproject.toml")

GOOD = {
    ".gitignore": "build/\n",
    "README.md": "# A tree\n\n```sh\ntrue\n```\n",
    "src/README.md": "| folder | what | may use |\n|---|---|---|\n"
    "| `base` | octets | nothing |\n| `wire` | lines | base |\n| `proto` | text | base |\n",
    "src/compile_flags.txt": "-std=c11\n-I.\n-Iinclude\n-I../build/generated\n",
    "src/include/popquiz/popquiz.h": f"/* {SPDX} */\n#ifndef A_H\n#define A_H\n\n"
    '#include "popquiz/wire.h"\n#include "popquiz/text.h"\n\n#endif\n',
    "src/include/popquiz/text.h": f"/* {SPDX} */\n",
    "src/proto/text.c": f'/* {SPDX} */\n#include "popquiz/text.h"\n\n#include "base/thing.h"\n',
    "src/wire/made.h.in": "#define PQ_MADE 1\n",
    # Its name is that of the public header, which another layer implements.
    "src/wire/text.c": f'/* {SPDX} */\n#include "base/thing.h"\n',
    "src/wire/user.c": f'/* {SPDX} */\n#include "wire/made.h"\n',
    "build/generated/wire/made.h": "",
    "src/include/popquiz/wire.h": f"/* {SPDX} */\n#ifndef W_H\n#define W_H\n\n"
    "int pq_wire(void);\n\n#endif\n",
    "src/base/thing.h": f"/* {SPDX} */\n#ifndef T_H\n#define T_H\n\n"
    "int pq_thing(void);\n\n#endif\n",
    "src/base/testing.h": f"/* {SPDX} */\n",
    "src/base/x_internal.h": f"/* {SPDX} */\n",
    "src/proto/x_internal.h": f"/* {SPDX} */\n",
    "src/wire/wire.c": f'/* {SPDX} */\n#include "popquiz/wire.h"\n\n#include "base/thing.h"\n\n'
    "int pq_wire(void)\n{\n    return pq_thing();\n}\n",
    "src/wire/CMakeLists.txt": f"# {SPDX}\npq_add_module(wire SOURCES wire.c USES base)\n",
    "src/proto/verb.h": f"/* {SPDX} */\n#ifndef V_H\n#define V_H\n\nint pq_verb(void);\n\n#endif\n",
    "conformance/requirements.tsv": "id\tlevel\nRFC1939-3-001\tMUST\n",
    "conformance/cases/one.dlg": "#!dlg 1\nid: one\nreq: RFC1939-3-001\n---\n",
    "conformance/popquiz/__init__.py": f"# {SPDX}\nANSWER: int = 42\n",
    "corpus/regressions/fuzz_x/0001-first": "\r\n",
    "corpus/seeds/fuzz_x/one": "\r\n",
    "ci/oss-fuzz/build.sh": OSS_FUZZ_BUILD,
    "ci/tool": f"#!/bin/sh\n# {SPDX}\necho ok\n",
    "build/dev/CTestTestfile.cmake": 'add_test(unit.wire "true")\n'
    'set_tests_properties(unit.wire PROPERTIES LABELS "unit" TIMEOUT "60")\n',
}


class PlantedTree:
    """The good tree in a folder of its own, as a git checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in SETTINGS:
            shutil.copy(ROOT / name, root / name)
        for name, text in GOOD.items():
            self.write(name, text)
        for script in ("ci/tool", "ci/oss-fuzz/build.sh"):
            (root / script).chmod(0o755)
        # Without what git tells its hooks: this is another checkout.
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        subprocess.run(["git", "init", "--quiet", str(root)], env=clean, check=True)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))

    def clear(self) -> None:
        """Leaves a checkout without any file."""
        for path in self.root.iterdir():
            if path.is_file():
                path.unlink()
            elif path.name != ".git":
                shutil.rmtree(path)

    def run(self, gate: str) -> subprocess.CompletedProcess[str]:
        command = [str(CI / gate), "--root", str(self.root)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
