# SPDX-License-Identifier: Apache-2.0
"""The bridge on a server that is made for it: forks, crashes, hangs, lingers and kills."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from planted import ROOT
from test_afl import QUIET

from popquiz import paths
from popquiz.servers import processes

PATIENCE_S = 30.0
GOOD = b"USER a\r\nPASS good\r\nLIST\r\nDELE 1\r\nQUIT\r\n"
WRONG = b"PASS wrong\r\n"
CHILD = b"PASS child\r\nQUIT\r\n"
SECRET = b"USER a\r\nPASS good\r\nXYZZY abcdefghijkl\r\nQUIT\r\n"
MODES = ("stdio", "tcp", "unix")
MAIL = "From: a\n"
PAUSES = "import signal; signal.pause()"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server, instrumented."""
    path = tmp_path_factory.mktemp("server") / "forking"
    source = ROOT / "conformance/selftest/forking_pop3.c"
    command = ["afl-clang-fast", "-O1", "-g", "-Wall", "-Werror", "-o", str(path), str(source)]
    subprocess.run(command, check=True, env={**os.environ, "AFL_QUIET": "1"}, timeout=60)
    return path


class Bridge:
    """Command lines of the bridge, and files for it."""

    def __init__(self, server: Path, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.drop = folder / "drop"
        pristine = folder / "pristine"
        for place in (self.drop, pristine):
            place.mkdir()
        (pristine / "mail").write_text(MAIL)
        os.utime(pristine / "mail", (1_000_000_000, 1_000_000_000))
        self.reset = f"{self.drop}={pristine}"
        self.environment = {**os.environ, **QUIET, "DROP": str(self.drop / "mail")}

    def file(self, name: str, octets: bytes) -> str:
        path = self.folder / name
        path.write_bytes(octets)
        return str(path)

    def words(self, mode: str, *options: str) -> list[str]:
        program = str(paths.program("popquiz-bridge"))
        address = {"stdio": (), "tcp": ("{port}",), "unix": (str(self.folder / "socket"),)}
        connect = f"unix:{self.folder / 'socket'}" if mode == "unix" else mode
        words = [program, "--connect", connect, "--reset", self.reset, *options]
        return [*words, "--", str(self.server), *address[mode]]

    def play(self, mode: str, inputs: Sequence[bytes], *options: str) -> list[dict[str, Any]]:
        files = [self.file(f"{number:03}", octets) for number, octets in enumerate(inputs)]
        ran = self.run(self.words(mode, *options, "--play", *files))
        assert ran.returncode in (0, 1), ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]

    def run(self, words: Sequence[str], stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            words,
            input=stdin,
            env=self.environment,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def left(self) -> list[int]:
        """Processes of the server, wherever they are."""
        found = []
        for name in filter(str.isdecimal, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{name}/exe") == str(self.server):
                    found.append(int(name))
            except OSError:
                continue
        return found

    def none_left(self) -> bool:
        end = time.monotonic() + PATIENCE_S
        while self.left() and time.monotonic() < end:
            time.sleep(0.01)
        return not self.left()


@pytest.fixture
def bridge(server: Path, tmp_path: Path) -> Iterator[Bridge]:
    made = Bridge(server, tmp_path)
    yield made
    assert made.none_left()


def said(played: dict[str, Any], conn: int = 1) -> list[str]:
    """What the server has said on a connection, in lockstep."""
    entries = played["transcript"]
    return [e["octets"] for e in entries if e["from"] == "S" and e["conn"] == conn]


@pytest.mark.parametrize("mode", MODES)
def test_a_session_is_played_in_lockstep_and_leaves_no_trace(mode: str, bridge: Bridge) -> None:
    first, second = bridge.play(mode, [GOOD, GOOD])
    assert "".join(said(first)).split("\r\n")[:3] == ["+OK ready", "+OK", "+OK 1 message"]
    assert said(first) == said(second)
    assert first["status"] == "ok" and first["transaction"] and first["edges"] > 5
    mail = bridge.drop / "mail"
    assert mail.read_text() == MAIL and mail.stat().st_mtime == 1_000_000_000


@pytest.mark.parametrize("mode", MODES)
def test_a_crash_of_any_process_is_seen(mode: str, bridge: Bridge) -> None:
    child, session, good = bridge.play(mode, [CHILD, b"XABORT\r\n", GOOD])
    assert (child["status"], child["signal"], child["process"]) == ("crash", "SIGSEGV", "child")
    assert (session["signal"], session["process"]) == ("SIGABRT", "session")
    assert child["executable"] == str(bridge.server)
    assert good["status"] == "ok" and good["transaction"]


def test_nobody_sleeps(bridge: Bridge) -> None:
    [wrong] = bridge.play("stdio", [WRONG])
    assert said(wrong)[1] == "-ERR wrong\r\n" and wrong["ms"] < 1900


@pytest.mark.parametrize("mode", MODES)
def test_a_program_beside_the_server_is_started_and_no_leak(mode: str, bridge: Bridge) -> None:
    log = bridge.folder / "starts"
    beside = bridge.folder / "beside"
    text = f"#!/bin/sh\necho $__AFL_SHM_ID. >>{log}\nexec /usr/bin/python3 -c '{PAUSES}'\n"
    beside.write_text(text)
    beside.chmod(0o700)
    found = bridge.play(mode, [GOOD, GOOD, CHILD, GOOD], "--beside", str(beside))
    assert [each["status"] for each in found] == ["ok", "ok", "crash", "ok"]
    # No map is its own; with a listener that crashed it is started again.
    assert set(log.read_text().split()) == {"."}


def test_a_program_beside_the_server_that_ends_is_told(bridge: Bridge) -> None:
    ran = bridge.run(bridge.words("tcp", "--beside", "/bin/true", "--play", bridge.file("a", GOOD)))
    assert ran.returncode == 3 and b"or a program beside it, ended" in ran.stderr


def test_a_server_that_is_busy_for_ever_hangs(bridge: Bridge) -> None:
    spin, good = bridge.play("stdio", [b"XSPIN\r\n", GOOD], "--patience", "200")
    assert spin["status"] == "hang" and good["status"] == "ok"


def test_a_process_that_outlives_its_session_is_a_leak(bridge: Bridge) -> None:
    linger, good = bridge.play("stdio", [b"XLINGER\r\nQUIT\r\n", GOOD])
    assert linger["status"] == "leak" and good["status"] == "ok"


def test_a_server_that_is_killed_is_started_again(bridge: Bridge) -> None:
    killed, good = bridge.play("tcp", [b"XPARENT\r\nQUIT\r\n", GOOD])
    assert killed["status"] == "killed" and good["status"] == "ok"


def test_a_listener_that_ends_by_itself_has_crashed(bridge: Bridge) -> None:
    ended, good = bridge.play("tcp", [b"XSTOP\r\n", GOOD])
    assert (ended["status"], ended["signal"], ended["process"]) == ("crash", None, "server")
    assert good["status"] == "ok"


@pytest.mark.parametrize("mode", MODES)
def test_two_sessions_run_at_the_same_time(mode: str, bridge: Bridge) -> None:
    [both] = bridge.play(mode, [b"USER a\r\n\xff2PASS good\r\n\xff1PASS good\r\n\xff2QUIT\r\n"])
    assert "".join(said(both, 1)) == "+OK ready\r\n+OK\r\n+OK 1 message\r\n+OK bye\r\n"
    assert "".join(said(both, 2)) == "+OK ready\r\n+OK 1 message\r\n+OK bye\r\n"


def test_every_octet_is_shown(bridge: Bridge) -> None:
    octets = bytes(range(255))
    [played] = bridge.play("stdio", [octets])
    sent = [entry["octets"] for entry in played["transcript"] if entry["from"] == "C"]
    assert "".join(sent) == octets.decode("latin-1")


def test_in_clear_there_is_no_record_to_corrupt(bridge: Bridge) -> None:
    [played] = bridge.play("stdio", [GOOD.replace(b"LIST", b"\xffCLIST")])
    assert "".join(said(played)).split("\r\n")[2] == "+OK 1 message"


def test_tls_begins_only_behind_an_answer_to_stls(bridge: Bridge) -> None:
    # What was agreed to is the line before, and STLS has no end.
    [played] = bridge.play("stdio", [b"USER a\r\nSTLS\r\xffTNOOP\r\n"])
    events = [entry["octets"] for entry in played["transcript"] if entry["from"] == "E"]
    assert not [each for each in events if each.startswith("TLS")], played["transcript"]


def test_the_referee_hears_the_end_of_a_client(bridge: Bridge) -> None:
    rules = ("--referee", "REF-REPLY-COUNT")
    # Without an end, and with one.
    open_end, ended = bridge.play("stdio", (b"USER a\r\nUSER b", b"USER a\r\n"), *rules)
    assert open_end["status"] == "ok" and said(open_end)[2] == "+OK\r\n+OK bye\r\n"
    assert ended["violations"][0]["rule"] == "REF-REPLY-COUNT"


def test_findings_are_logged_once(bridge: Bridge) -> None:
    log = bridge.folder / "log"
    for _ in range(2):
        bridge.play("stdio", [CHILD, GOOD, CHILD], "--log", str(log))
    lines = (log / "findings.jsonl").read_text().splitlines()
    [found] = map(json.loads, lines)
    assert found["kind"] == "crash" and found["process"] == "child"
    assert (log / found["input"]).read_bytes() == CHILD
    stats = json.loads((log / "stats.json").read_text())
    assert (stats["cases"], stats["crashes"], stats["transaction"]) == (3, 2, 1)


def test_without_a_fuzzer_one_input_is_played(bridge: Bridge) -> None:
    assert bridge.run(bridge.words("stdio"), GOOD).returncode == 0
    assert bridge.run(bridge.words("stdio"), CHILD).returncode == -signal.SIGSEGV


def self_test(bridge: Bridge, *seeds: bytes) -> tuple[int, dict[str, Any]]:
    files = [bridge.file(f"seed{number}", octets) for number, octets in enumerate(seeds)]
    ran = bridge.run(bridge.words("stdio", "--self-test", *files))
    told = json.loads(ran.stdout)
    return ran.returncode, {each["check"]: each["ok"] for each in told["checks"]} | told


def test_a_self_test_says_whether_it_is_worth_the_time(bridge: Bridge) -> None:
    status, told = self_test(bridge, GOOD, WRONG)
    assert status == 0 and told["usable"] and told["transaction"] and told["sleeps"]
    assert told["reaches"].endswith("seed0") and told["login_lines"] == 2
    status, told = self_test(bridge, WRONG + GOOD, GOOD)
    assert told["reaches"].endswith("seed1") and told["login_lines"] == 2
    status, told = self_test(bridge, WRONG)
    assert status == 3 and not told["usable"] and not told["transaction"]
    status, told = self_test(bridge, GOOD, CHILD)
    assert status == 3 and not told["ends"]


def test_a_fuzzer_finds_what_a_child_dies_of(bridge: Bridge) -> None:
    seeds, out = bridge.folder / "seeds", bridge.folder / "out"
    seeds.mkdir()
    (seeds / "good").write_bytes(GOOD)
    (bridge.folder / "words").write_text('a="PASS child"\n')
    bounds = ["-E", "600", "-V", "60", "-s", "1"]
    words = ["afl-fuzz", "-i", str(seeds), "-o", str(out), "-x", str(bridge.folder / "words")]
    ran = bridge.run([*words, *bounds, "-t", "5000", "--", *bridge.words("tcp")])
    stats = (out / "default/fuzzer_stats").read_text()
    found = dict(map(str.strip, line.split(":", 1)) for line in stats.splitlines())
    assert int(found["saved_crashes"]) > 0 and int(found["corpus_count"]) > 1, ran.stdout
    crash = next((out / "default/crashes").glob("id*"))
    assert "sig:11" in crash.name


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Bridge]:
    """A bridge on the same server, which tells what it compares."""
    path, source = tmp_path / "comparing", ROOT / "conformance/selftest/forking_pop3.c"
    command = ["afl-clang-fast", "-O1", "-g", "-o", str(path), str(source)]
    environment = {**os.environ, "AFL_QUIET": "1", "AFL_LLVM_CMPLOG": "1"}
    subprocess.run(command, check=True, env=environment, timeout=60)
    (tmp_path / "twin").mkdir()
    made = Bridge(path, tmp_path / "twin")
    yield made
    assert made.none_left()


def paired(bridge: Bridge, twin: Bridge, *words: str) -> list[str]:
    """A campaign's command. The server of the twin is started by a program that leaves it no
    environment."""
    seeds, begin = bridge.folder / "seeds", twin.folder / "begin"
    seeds.mkdir(exist_ok=True)
    (seeds / "secret").write_bytes(SECRET)
    own = twin.words("tcp", "--executable", str(twin.server))
    own[own.index("--") + 1 :] = ["/usr/bin/env", "-i", str(twin.server), "{port}"]
    begin.write_text(f"#!/bin/sh\nexec {shlex.join(own)}\n")
    begin.chmod(0o700)
    given = ["afl-fuzz", "-i", str(seeds), "-s", "1", "-t", "5000", *words]
    return [*given, "--", *bridge.words("tcp", "--twin", str(begin))]


def test_a_twin_tells_what_nobody_guesses(bridge: Bridge, twin: Bridge) -> None:
    found = {}
    for name, more in {"alone": [], "twin": ["-c", "-"]}.items():
        out = bridge.folder / name
        bounds = ["-E", "250", "-V", "60", "-o", str(out)]
        ran = bridge.run(paired(bridge, twin, *bounds, *more))
        assert (out / "default/fuzzer_stats").exists(), ran.stdout
        found[name] = [each.name for each in (out / "default/crashes").glob("id*sig:11*")]
    assert found["alone"] == [] and any("op:its" in name for name in found["twin"])


def pipes(pid: int) -> int:
    """How many ends of pipes a server has: it needs none, and those are the fuzzer's."""
    found = Path(f"/proc/{pid}/fd").glob("*")
    return sum(os.readlink(path).startswith("pipe:") for path in found)


def compares(twin: Bridge) -> str:
    """The number of the memory that the server writes to what it compares."""
    variables = Path(f"/proc/{twin.left()[0]}/environ").read_text().split("\0")
    return dict(each.split("=", 1) for each in variables if each)["__AFL_CMPLOG_SHM_ID"]


def soon(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not (true := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return true


def test_no_twin_is_left_by_a_fuzzer_that_is_killed(bridge: Bridge, twin: Bridge) -> None:
    out = bridge.folder / "out"
    words = paired(bridge, twin, "-o", str(out), "-c", "-")
    searches = out / "default/fuzzer_stats"  # before that, programs only say how large a map is
    fuzzer = subprocess.Popen(words, env=bridge.environment, stdout=subprocess.DEVNULL)
    try:
        assert soon(lambda: searches.exists() and bool(twin.left()))
        fuzzer.send_signal(signal.SIGSTOP)
        assert soon(lambda: len(bridge.left()) == len(twin.left()) == 1)  # no session lives
        memory, held = compares(twin), [pipes(each.left()[0]) for each in (bridge, twin)]
    finally:
        fuzzer.kill()
        fuzzer.wait()
    assert held == [0, 0] and twin.none_left() and bridge.none_left()
    rows = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    assert memory not in {row.split()[1] for row in rows}


@pytest.mark.parametrize("victim", ["guardian", "worker", "server"])
@pytest.mark.parametrize("mode", ["stdio", "tcp"])
def test_nothing_is_left_whoever_is_killed(mode: str, victim: str, bridge: Bridge) -> None:
    words = bridge.words(mode, "--patience", "60000", "--play", bridge.file("spin", b"XSPIN\r\n"))
    guardian = subprocess.Popen(words, env=bridge.environment, stdout=subprocess.DEVNULL)
    while len(bridge.left()) < 2:  # the server and its session
        time.sleep(0.01)
    worker = processes.descendants(guardian.pid)[0]
    pids = {"guardian": guardian.pid, "worker": worker, "server": min(bridge.left())}
    os.kill(pids[victim], signal.SIGKILL)
    if victim == "server":
        assert guardian.wait(PATIENCE_S) == 1  # it plays on
    guardian.wait(PATIENCE_S)
    assert bridge.none_left()


def test_being_ended_is_no_finding(bridge: Bridge) -> None:
    log = bridge.folder / "log"
    spin = bridge.file("spin", b"XSPIN\r\n")
    words = bridge.words("stdio", "--patience", "60000", "--log", str(log), "--play", spin)
    ran = subprocess.Popen(words, env=bridge.environment, stdout=subprocess.DEVNULL)
    while len(bridge.left()) < 2:
        time.sleep(0.01)
    os.kill(processes.descendants(ran.pid)[0], signal.SIGTERM)
    ran.wait(PATIENCE_S)
    assert not (log / "findings.jsonl").exists()


def test_what_a_server_says_is_that_of_its_case(bridge: Bridge) -> None:
    first, second = bridge.play("tcp", [b"XABORT\r\n", b"XABORT\r\n"])
    assert first["report"] == second["report"] == "aborting\n"


def test_what_a_server_throws_away_is_kept(bridge: Bridge) -> None:
    [played] = bridge.play("stdio", [b"XQUIET\r\nXABORT\r\n"])
    assert said(played)[1] == "+OK\r\n" and played["report"] == "aborting\n"


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server, with a sanitizer and no more."""
    path = tmp_path_factory.mktemp("sanitized") / "forking"
    source = ROOT / "conformance/selftest/forking_pop3.c"
    command = ["clang-14", "-O1", "-g", "-fsanitize=address", "-o", str(path), str(source)]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.mark.parametrize("mode", MODES)
def test_reports_come_from_where_a_server_hides(bridge: Bridge, sanitized: Path, mode: str) -> None:
    """Its processes forked, its stderr is a file, and it has another root."""
    bridge.server = sanitized
    for played in bridge.play(mode, [b"XHIDE\r\n" + CHILD] * 2):
        assert said(played)[1] == "+OK\r\n" and played["status"] == "crash"
        assert played["report"].count("ERROR: AddressSanitizer: SEGV") == 1
        assert f"({sanitized}+0x" in played["report"]
    assert not bridge.drop.joinpath("mail").read_text().count("Sanitizer")


def test_reports_leave_no_file(
    bridge: Bridge, sanitized: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a process that was made behind the shim's back."""
    bridge.server = sanitized
    monkeypatch.chdir(bridge.folder)
    before = set(bridge.folder.iterdir())
    bridge.play("tcp", [b"XDAEMON\r\nPASS good\r\nQUIT\r\n"] * 3)
    assert [path for path in set(bridge.folder.iterdir()) - before if path.name[0] == "."] == []


# ---- a second start -----------------------------------------------------------------------------


@pytest.mark.parametrize(("failing", "played"), [((2,), 2), ((2, 3), 1), ((1,), 0)])
def test_a_server_that_ran_before_gets_another_try(
    bridge: Bridge, failing: tuple[int, ...], played: int
) -> None:
    """Somebody else may have taken its port in between: then the server ends, or `failing` starts
    of it do. One that never ran is not tried again."""
    starts = bridge.folder / "starts"
    starts.write_text("")
    wrapper = bridge.folder / "wrapper"
    fails = "|".join(map(str, failing))
    # It is asked for the size of its map, too, and then gets no port.
    wrapper.write_text(
        f'#!/bin/sh\necho "$1" >>{starts}\n'
        f"case $(grep -c . {starts}) in {fails}) exit 1 ;; esac\n"
        f'exec {bridge.server} "$@"\n'
    )
    wrapper.chmod(0o755)
    real, bridge.server = bridge.server, wrapper
    files = [bridge.file(f"{number}", GOOD) for number in range(2)]
    words = bridge.words("tcp", "--executable", str(real), "--every", "1", "--play", *files)
    bridge.server = real
    ran = bridge.run(words)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["status"] for line in lines] == ["ok"] * played, ran.stderr
    assert ran.returncode == (0 if played == 2 else 3)
    assert len(starts.read_text().split()) == {2: 3, 1: 3, 0: 1}[played]


# ---- growth -------------------------------------------------------------------------------------

KNOWN = b"USER a\r\nPASS good\r\nQUIT\r\n"
RSET, UNKNOWN = b"PASS good\r\nRSET\r\nQUIT\r\n", b"PASS good\r\nXYZ\r\nQUIT\r\n"


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Bridge]:
    """A bridge on a server that leaks, has a cache, or keeps things for a while."""
    path = tmp_path / "growing"
    source = ROOT / "conformance/selftest/growing_pop3.c"
    command = ["afl-clang-fast", "-O1", "-g", "-Wall", "-Werror", "-o", str(path), str(source)]
    subprocess.run(command, check=True, env={**os.environ, "AFL_QUIET": "1"}, timeout=60)
    made = Bridge(path, tmp_path)
    yield made
    assert made.none_left()


def grew(
    bridge: Bridge, how: str, *inputs: bytes, what: str = "--growth"
) -> list[tuple[str, str | None, str]]:
    files = [bridge.file(f"{number:03}", octets) for number, octets in enumerate(inputs)]
    ran = bridge.run([*bridge.words("tcp", what, *files), how])
    played = map(json.loads, ran.stdout.splitlines())
    return [(each["status"], each["grew"], each["report"].partition(":")[0]) for each in played]


def test_growth_is_told_with_its_rate(growing: Bridge) -> None:
    assert grew(growing, "leaks", KNOWN, RSET, UNKNOWN) == [
        ("ok", None, ""),
        ("growth", "descriptors", "descriptors grow by 1.00 per case"),
        ("growth", "memory", "memory grows by 65536 octets per case"),
    ]


@pytest.mark.parametrize("how", ["caches", "lingers"])
def test_what_is_kept_for_a_use_or_for_a_while_is_no_growth(growing: Bridge, how: str) -> None:
    assert grew(growing, how, KNOWN, RSET, UNKNOWN) == [("ok", None, "")] * 3


def search(
    bridge: Bridge, how: str, seed: bytes, *options: str
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """What the side log has after so many executions that begin with one seed."""
    seeds, log = bridge.folder / "seeds", bridge.folder / "log"
    seeds.mkdir()
    (seeds / "seed").write_bytes(seed)
    words = ["afl-fuzz", "-i", str(seeds), "-o", str(bridge.folder / "out"), "-t", "5000"]
    bounds = ["-E", "400", "-V", "60", "-s", "1"]
    server = [*bridge.words("tcp", "--log", str(log), "--look", "16", *options), how]
    ran = bridge.run([*words, *bounds, "--", *server])
    found = log / "findings.jsonl"
    lines = found.read_text().splitlines() if found.exists() else []
    assert (log / "stats.json").exists(), ran.stdout
    return list(map(json.loads, lines)), json.loads((log / "stats.json").read_text())


@pytest.mark.parametrize(
    ("what", "seed", "limits"),
    [("memory", UNKNOWN, ("512", "1000000")), ("descriptors", RSET, ("1000000", "2"))],
)
def test_a_fuzzer_finds_what_a_server_grows_by(
    growing: Bridge, what: str, seed: bytes, limits: tuple[str, str]
) -> None:
    options = ("--spare-memory", limits[0], "--spare-descriptors", limits[1])
    found, stats = search(growing, "leaks", seed, *options)
    assert found and stats["growths"] == len(found) <= 4 and stats["restarts"] >= len(found)
    for each in found:
        assert (each["kind"], each["grew"], each["process"]) == ("growth", what, "server")
    octets = (growing.folder / "log" / found[0]["input"]).read_bytes()
    [again] = grew(growing, "leaks", octets, what=f"--growth-{what}")
    assert again[:2] == ("growth", what)


def test_a_fuzzer_finds_nothing_in_a_cache(growing: Bridge) -> None:
    found, stats = search(growing, "caches", RSET + UNKNOWN, "--spare-memory", "512")
    assert not found and stats["growths"] == 0 and stats["cases"] >= 400
