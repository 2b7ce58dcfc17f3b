# SPDX-License-Identifier: Apache-2.0
"""What a campaign takes in and gives back: other people's inputs, and a corpus without waste."""

import shutil
import subprocess
from pathlib import Path

import pytest
from fuzzing import seeds
from making import popquiz

from popquiz.errors import UsageError
from popquiz.fuzz import again, corpora, streams

DIALOGUE = """\
#!dlg 1
id: a.seed
title: t
kind: seed
---
[test]
@connect
S: +OK{*?}
C: USER {user}
S: +OK{*?}
"""


def test_every_kind_of_file_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "a.dlg").write_text(DIALOGUE)
    (tmp_path / "b").write_bytes(b"\xff|raw")
    (tmp_path / "README.txt").write_text("AFL++ says that crashes are here\n")
    found = {given.file.name: given.octets for given in again.inputs([str(tmp_path)])}
    assert found == {"a.dlg": b"\xffWUSER alice\r\n\xffW", "b": b"\xff|raw"}
    with pytest.raises(UsageError):
        again.inputs([str(tmp_path / "c")])


def test_a_capture_gives_what_its_clients_wrote(tmp_path: Path) -> None:
    capture = tmp_path / "a.pcapng"
    (tmp_path / "a.dlg").write_text(DIALOGUE.replace("{user}", "\\xFFx"))
    ran = popquiz("replay", tmp_path / "a.dlg", "--target", "mock", "--pcap", capture)
    if not capture.exists():
        pytest.skip(f"nothing can be captured here: {ran.stderr}")
    assert streams.is_capture(capture.read_bytes())
    written = streams.read(capture)
    assert any(octets.startswith(b"USER \xff\xffx\r\n\xffW") for octets in written), written
    names = [given.name for given in again.inputs([str(capture)])]
    assert names[-1] == f"{capture}, connection {len(written)}"
    (tmp_path / "b.pcap").write_bytes(streams.MAGIC[0] + b"x" * 50)
    with pytest.raises(UsageError):
        streams.read(tmp_path / "b.pcap")


def test_a_corpus_is_merged_by_what_it_reaches(tmp_path: Path) -> None:
    source = tmp_path / "target.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdint.h>\nint seen;\n"
        "int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n) {\n"
        "    if (n > 0 && at[0] == 'A') seen = 1;\n    return 0;\n}\n"
    )
    program = tmp_path / "target"
    words = ["clang", "-O0", "-fsanitize=fuzzer", str(source), "-o", str(program)]
    subprocess.run(words, check=True, timeout=60)
    given = seeds(tmp_path / "given", b"A", b"AA", b"x", b"y")
    into = tmp_path / "into"
    assert corpora.merge(program, into, [given]) == 2
    shutil.rmtree(given)
    assert corpora.merge(program, into, [seeds(given, b"AAA", b"z")]) == 0
    assert sum(1 for _ in into.iterdir()) == 2


def test_only_our_own_targets_are_measured(tmp_path: Path) -> None:
    words = ("--stdio", "/bin/true", "--merge", "--out", tmp_path / "out")
    ran = popquiz("fuzz", *words)
    assert ran.returncode == 2 and "--merge is for --harness" in ran.stderr
    ran = popquiz("coverage", "--harness", "nonsense", "--out", tmp_path / "cov")
    assert ran.returncode == 2 and "there is no target" in ran.stderr
