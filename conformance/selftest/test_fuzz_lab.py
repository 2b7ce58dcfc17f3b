# SPDX-License-Identifier: Apache-2.0
"""`popquiz fuzz` over the bridge: a server given by a command, and one that a profile describes."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from fuzzing import campaign, seeds
from making import Ran, popquiz
from planted import ROOT

from popquiz import paths
from popquiz.fuzz import bridged, signs, symbols, twin
from popquiz.fuzz.lane import AFL
from popquiz.fuzz.served import Served
from popquiz.servers import folders

GOOD = b"USER alice\r\nPASS good\r\nLIST\r\nDELE 1\r\nQUIT\r\n"
SECRET = b"USER alice\r\nPASS good\r\nXYZZY abcdefghijkl\r\nQUIT\r\n"
CRASHING = b"USER alice\r\nNOOP\r\nLIST\r\nPASS child\r\nNOOP\r\nQUIT\r\n" * 3
PROFILE = """\
title = "a server for tests"
requires = ["{unpacked}/usr/bin/forking"]
install = "popquiz lab build"
version = []
tls = ["none"]
patience_s = 2.0
[inetd]
command = ["{unpacked}/usr/bin/forking"]
[inetd.environment]
DROP = "{dir}/mail/alice"
[maildrop]
kind = "mbox"
path = "mail/{account}"
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `popquiz lab build` would make of the server, and its profile beside it."""
    folder = tmp_path_factory.mktemp("server")
    program = folder / "build/usr/bin/forking"
    program.parent.mkdir(parents=True)
    source = ROOT / "conformance/selftest/forking_pop3.c"
    command = ["afl-clang-fast", "-O1", "-g", "-o", str(program), str(source)]
    subprocess.run(command, check=True, env={**os.environ, "AFL_QUIET": "1"}, timeout=60)
    said = {
        "name": "forking",
        "version": "1",
        "kind": "instrument",
        "compiler": "clang",
        "executables": ["usr/bin/forking"],
        "keep": [],
        "listen": ["{unpacked}/usr/bin/forking", "{port}"],
        "additions": [],
    }
    (folder / "build/build.json").write_text(json.dumps(said))
    (folder / "forking.toml").write_text(PROFILE)
    return folder


def fuzz(folder: Path, *words: str | Path) -> Ran:
    """Begins with a good session and one that crashes a process below the session's."""
    corpus = seeds(folder / "corpus", GOOD, CRASHING)
    given = ("--only-corpus", "--corpus", corpus, "--out", folder / "out")
    return popquiz("fuzz", *given, *words)


def ways(build: Path) -> dict[str, tuple[str | Path, ...]]:
    program = build / "build/usr/bin/forking"
    return {
        "server": ("--server", f"{program} {{port}}"),
        "stdio": ("--stdio", str(program)),
        "lab": ("--lab", build / "forking.toml", "--build", build / "build"),
    }


@pytest.mark.parametrize("way", ["server", "stdio", "lab"])
def test_a_crash_of_any_process_is_found_and_shortened(
    build: Path, tmp_path: Path, way: str, own_tmp: Path
) -> None:
    words, out = ways(build)[way], tmp_path / "out"
    ran = fuzz(tmp_path, *words, "--first", "--runs", "60")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    told = campaign(out)
    assert told["lane"] == {"lab": "lab:forking"}.get(way, f"{way}:forking")
    (found,) = told["findings"]
    assert found["place"] == "behind PASS" and found["id"] in ran.stdout
    assert found["signal"] == "SIGSEGV" and found["process"].startswith("child")
    assert found["again"] == [5, 5] and found["minimised"]
    assert found["frames"] == [] and found["stack_note"].startswith("none: ")
    assert f"stack     {found['stack_note']}" in ran.stdout
    shorter = out / "findings" / found["id"] / "input.raw"
    assert b"PASS child" in shorter.read_bytes() and shorter.stat().st_size <= 12
    ran = popquiz("replay", shorter, *words, "-n", "20")
    assert ran.returncode == 1 and ran.stdout.startswith("reproduced: "), ran.stdout + ran.stderr
    assert "shown     20 of 20 times" in ran.stdout and "C: PASS child" in ran.stdout
    assert list(own_tmp.glob(f"{folders.PREFIX}*")) == []


def test_a_sanitized_build_explains_a_crash(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lane = Served(str(build / "forking.toml"), build / "build", print)
    try:
        missing = lane.explain(CRASHING)
        assert "popquiz lab build forking --kind sanitize" in missing["stack_note"]
        other = paths.cache("builds") / "forking-1-sanitize"
        shutil.copytree(build / "build", other)
        program, source = other / "usr/bin/forking", ROOT / "conformance/selftest/forking_pop3.c"
        command = ["clang-14", "-O1", "-g", "-fsanitize=address", "-o", str(program), str(source)]
        subprocess.run(command, check=True, timeout=60)
        found = lane.explain(CRASHING)
        assert found["stack_note"].startswith("ask_child ")
        assert "stack from the sanitised build: crash: SEGV in ask_child" in found["stack_note"]
        assert "in ask_child forking_pop3.c:" in found["stack_report"]
        assert "nothing to report" in lane.explain(GOOD)["stack_note"]
    finally:
        lane.close()


def test_the_engine_searches_a_server_of_the_lab(build: Path, tmp_path: Path) -> None:
    corpus, out = seeds(tmp_path / "corpus", GOOD), tmp_path / "out"
    words = ("--only-corpus", "--corpus", corpus, "--out", out, "--runs", "100")
    ran = popquiz("fuzz", *ways(build)["lab"], *words)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    told = campaign(out)
    assert told["execs"] >= 100 and told["edges"] > 5 and told["transaction"] > 50
    assert (out / "main/fuzzer_stats").is_file() and (out / "main").owner() == out.owner()


def twin_of(build: Path, cache: Path) -> Path:
    """As `popquiz lab build --kind cmplog` leaves it in a cache."""
    folder = cache / "popquiz/builds/forking-1-cmplog"
    program, source = folder / "usr/bin/forking", ROOT / "conformance/selftest/forking_pop3.c"
    program.parent.mkdir(parents=True)
    command = ["afl-clang-fast", "-O1", "-g", "-o", str(program), str(source)]
    environment = {**os.environ, "AFL_QUIET": "1", "AFL_LLVM_CMPLOG": "1"}
    subprocess.run(command, check=True, env=environment, timeout=60)
    said = json.loads((build / "build/build.json").read_text()) | {"kind": "cmplog"}
    (folder / "build.json").write_text(json.dumps(said))
    return program


@pytest.mark.parametrize("way", ["server", "lab"])
def test_the_third_instance_has_a_twin(
    build: Path, tmp_path: Path, way: str, own_tmp: Path
) -> None:
    program = twin_of(build, tmp_path)
    corpus, out = seeds(tmp_path / "corpus", SECRET), tmp_path / "out"
    more = ("--cmplog", f"{program} {{port}}") if way == "server" else ()
    words = ("--only-corpus", "--corpus", corpus, "--out", out, "-j", "3", "--runs", "200")
    given = {"env": {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}}
    ran = popquiz("fuzz", *ways(build)[way], *more, *words, **given)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "SIGSEGV behind XYZZY" in ran.stdout
    assert list((out / "second2/crashes").glob("id*sig:11*op:its*"))
    assert list(own_tmp.iterdir()) == []


def test_a_twin_that_cannot_be_is_told_in_one_line(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said: list[str] = []
    lane = Served(str(build / "forking.toml"), build / "build", said.append)
    assert not any(lane.launch(AFL, number).cmplog for number in range(4))
    cure = "popquiz lab build forking --kind cmplog makes what it needs"
    assert said == [f"forking is fuzzed without a CmpLog twin: {cure}"]
    assert twin.reason_against(["one"], "") == ""
    assert twin.reason_against(["one", "two"], "") == "2 of its programs are instrumented"
    assert twin.reason_against(["one"], "twisted") == "twisted is behind it"


def test_a_twin_without_a_third_instance_is_refused(build: Path, tmp_path: Path) -> None:
    words = ("--out", tmp_path / "out", "-j", "2", "--cmplog", "sh {port}")
    ran = popquiz("fuzz", *ways(build)["server"], *words)
    assert ran.returncode == 2 and ran.stderr.endswith("third instance: give -j 3\n")


def test_a_server_that_cannot_be_fuzzed_is_told_in_one_line(build: Path, tmp_path: Path) -> None:
    corpus = seeds(tmp_path / "corpus", b"NOOP\r\nQUIT\r\n")
    words = ("--only-corpus", "--corpus", corpus, "--out", tmp_path / "out", "--runs", "9")
    ran = popquiz("fuzz", *ways(build)["server"], *words)
    assert ran.returncode == 3 and "transaction: no seed gets in" in ran.stderr
    assert ran.stderr.count("\n") == 1
    rules = ("--only-corpus", "--corpus", corpus, "--referee", "nonsense")
    ran = popquiz("fuzz", *ways(build)["server"], *rules, "--out", tmp_path / "out3")
    assert ran.returncode == 3 and ran.stderr.endswith("there is no rule nonsense\n")
    assert ran.stderr.count("\n") == 1
    ran = popquiz("fuzz", "--server", "/bin/true", "--out", tmp_path / "out2")
    assert ran.returncode == 2 and "nothing says {port}" in ran.stderr


# ---- the parts ----------------------------------------------------------------------------------


def played(**more: object) -> dict[str, object]:
    entries = [{"conn": 1, "from": "C", "octets": "retr 1\r\n"}]
    entries += [{"conn": 2, "from": "S", "octets": "+OK\xff\\\r\n"}]
    found = {
        "status": "crash",
        "signal": "SIGSEGV",
        "process": "session",
        "executable": "/opt/popa3d",
        "report": "",
        "violations": [],
        "transcript": entries,
    }
    return found | more


def test_what_the_bridge_says_is_a_sign() -> None:
    sign = bridged.sign_of(played())
    assert (sign.kind, sign.what, sign.process) == ("crash", "SIGSEGV", "session, popa3d")
    assert sign.place == "behind RETR"
    assert sign.transcript == "C1: retr 1\\r\\n\nS2: +OK\\xFF\\\\\\r\\n"
    report = "==1==ERROR: AddressSanitizer: heap-use-after-free\n    #0 0x1 in take a.c:7:1\n"
    sign = bridged.sign_of(played(report=report))
    assert (sign.what, sign.frames, sign.source) == ("heap-use-after-free", ("take",), "a.c:7")
    assert not bridged.sign_of(played(status="ok"))
    rule = {"rule": "REF-SIZE", "verb": "RETR", "state": "TRANSACTION", "why": "17"}
    sign = bridged.sign_of(played(status="violation", violations=[rule]))
    assert (sign.kind, sign.what, sign.place) == (
        signs.VIOLATION,
        "REF-SIZE",
        "RETR in TRANSACTION",
    )


def test_what_sessions_reach_of_a_server_is_counted(tmp_path: Path) -> None:
    sessions, out = tmp_path / "sessions", tmp_path / "out"
    reached = {}
    for name, octets in (
        ("little", b"QUIT\r\n"),
        ("more", b"USER alice\r\nPASS wonderland\r\nLIST\r\n"),
    ):
        seeds(sessions / name, octets)
        ran = popquiz(
            "coverage", "--lab", "popa3d", "--corpus", sessions / name, "--out", out / name
        )
        assert ran.returncode == 0, ran.stderr
        told = json.loads((out / name / "coverage.json").read_text())
        reached[name] = {Path(each["filename"]).name: each["summary"] for each in told["files"]}
        assert list((out / name).rglob("pop_trans.c.html")) and not list(out.rglob("*.profraw"))
    little, more = (reached[name]["pop_trans.c"]["lines"] for name in reached)
    # The one who serves the session is a child of a child of the listener.
    assert little["covered"] == 0 and more["percent"] > 20


def test_frames_of_a_sanitized_server_have_functions_and_lines(tmp_path: Path) -> None:
    program = tmp_path / "forking"
    source = ROOT / "conformance/selftest/forking_pop3.c"
    command = ["clang-14", "-O1", "-g", "-fsanitize=address", "-o", str(program), str(source)]
    subprocess.run(command, check=True, timeout=60)
    crash = tmp_path / "crash"
    crash.write_bytes(b"PASS child\r\n")
    bridge = [str(paths.program("popquiz-bridge")), "--play", str(crash), "--"]
    ran = subprocess.run(
        [*bridge, str(program), "{port}"], capture_output=True, timeout=60, check=False
    )
    raw = json.loads(ran.stdout)
    assert "ask_child" not in raw["report"]
    sign = bridged.sign_of(raw)
    assert sign.frames[0] == "ask_child" and sign.source.startswith("forking_pop3.c:")
    assert sign.headline.startswith("crash: SEGV in ask_child (child")
    assert "in ask_child forking_pop3.c:" in sign.text


def test_a_frame_that_nobody_knows_stays_as_it_is() -> None:
    report = "    #0 0x1  (/nowhere/server+0x1) (BuildId: 1)\nabort"
    assert symbols.named(report) == report


def test_a_report_that_went_to_the_client_is_read() -> None:
    report = (
        "+OK\r\n==1==ERROR: AddressSanitizer: heap-use-after-free\n    #0 0x1 in take a.c:7:1\n"
    )
    entries = [{"conn": 1, "from": "S", "octets": report}]
    sign = bridged.sign_of(played(signal="SIGABRT", transcript=entries))
    assert (sign.what, sign.frames, sign.source) == ("heap-use-after-free", ("take",), "a.c:7")
