# SPDX-License-Identifier: Apache-2.0
"""`popquiz fuzz` finds a planted bug with each engine, and `popquiz replay` shows it again."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from fuzzing import CRASHING, SEED, campaign, compiled, fuzz, seeds
from making import popquiz

from popquiz import cli, paths
from popquiz.errors import UsageError
from popquiz.fuzz import shrink, signs
from popquiz.fuzz.findings import Finding, Known
from popquiz.fuzz.lane import ENGINES

LINE = b"LIST 9\r\n"


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("targets")
    return {engine: compiled(folder, engine) for engine in ENGINES}


@pytest.fixture(scope="module")
def found(targets: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a campaign that begins with a seed that shows the bug."""
    folder = tmp_path_factory.mktemp("found")
    corpus = seeds(folder / "corpus", SEED, CRASHING)
    ran = fuzz(targets["libfuzzer"], corpus, folder / "out", "--first", "--runs", "1000")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return folder / "out"


def only(out: Path) -> Path:
    """The folder of the only finding."""
    (folder,) = (out / "findings").iterdir()
    return folder


# ---- campaigns ----------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_finds_a_planted_bug(
    targets: dict[str, Path], tmp_path: Path, engine: str
) -> None:
    out = tmp_path / "out"
    words = ("--engine", engine, "--first", "--runs", "10000000")
    ran = fuzz(targets[engine], seeds(tmp_path / "corpus"), out, *words)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    told = campaign(out)
    (finding,) = told["findings"]
    assert finding["frames"][0] == "scan_listing" and finding["again"] == [5, 5]
    assert finding["what"] == "heap-buffer-overflow" and finding["minimised"]
    assert told["edges"] > 0 and told["first_execution_s"] is not None
    assert (out / "main").is_dir() and (only(out) / "input.raw").stat().st_size == 17


def test_a_seed_that_breaks_the_target_is_a_finding(found: Path) -> None:
    (finding,) = campaign(found)["findings"]
    assert finding["seconds"] == 0 and finding["source"].startswith("seeds/")
    assert finding["octets_before"] == len(CRASHING)
    shorter = (only(found) / "input.raw").read_bytes()
    assert len(shorter) == 17 and LINE in shorter
    lint = [str(paths.program("popquiz-dlg")), "lint", str(only(found) / "input.dlg")]
    assert subprocess.run(lint, capture_output=True, check=False).returncode == 0


def test_nothing_new_passes(targets: dict[str, Path], found: Path, tmp_path: Path) -> None:
    corpus = seeds(tmp_path / "corpus", SEED, CRASHING)
    known = tmp_path / "known"
    name = campaign(found)["findings"][0]["id"]
    known.write_text(f'# baseline 1\n{name}  KNOWN  true  "planted"  until=never\n')
    words = ("--runs", "1", "--baseline", known)
    ran = fuzz(targets["libfuzzer"], corpus, tmp_path / "out", *words)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"KNOWN {name}" in ran.stdout


def test_a_target_that_cannot_run_is_unusable(targets: dict[str, Path], tmp_path: Path) -> None:
    corpus = seeds(tmp_path / "corpus", CRASHING)
    ran = fuzz(targets["libfuzzer"], corpus, tmp_path / "out", "--runs", "10")
    assert ran.returncode == 3 and "each of 1 seeds breaks the target" in ran.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--harness", "nonsense"), "there is no target fuzz_nonsense; there are: fuzz_base"),
        (("--harness", "/bin/true"), "is linked with neither"),
        (("--harness", "/nowhere/x"), "there is no such program"),
        ((), "say what is fuzzed: one of --harness, --lab, --server, --stdio, --target"),
        (("--harness", "framer", "--lab", "popa3d"), "--harness and --lab exclude each other"),
        (("--target", "mock", "--import", "/etc/hostname"), "--import is for --harness"),
        (("--target", "mock", "--resume"), "--resume is for --harness"),
        (("--harness", "framer", "--against", "mock"), "--against is for --target and --lab"),
        (("--stdio", "/bin/cat", "--account", "/x"), "--account is for --target, not for --stdio"),
        (("--stdio", "/nowhere/x"), "--stdio: /nowhere/x: there is no such program"),
        (("--lab", "popa3d", "--tls", "stls"), "--tls: a server of the lab is fuzzed in clear"),
        (("--harness", "framer", "--resume"), "holds no campaign that could go on"),
        (("--harness", "framer", "--out", "/dev/null"), "--out /dev/null: is no folder"),
        (("--harness", "framer", "--baseline", "/nowhere/known"), "cannot be read"),
        (("--harness", "framer", "--corpus", "/nowhere"), "there is no such folder"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert cli.main(["fuzz", "--out", str(tmp_path / "out"), *words]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


@pytest.mark.parametrize("engine", ["afl", "libfuzzer"])
def test_a_campaign_goes_on(targets: dict[str, Path], tmp_path: Path, engine: str) -> None:
    """With what it had found, what it had counted, and the engine that it was begun with. The seed
    that broke the target is in no folder of the engine's when the second run begins."""
    out, program = tmp_path / "out", targets[engine]
    corpus = seeds(tmp_path / "corpus", b"LIST 8\r\n", b"LIST 9\r\n  STAT\r\n  STAT\r\n")
    assert fuzz(program, corpus, out, "--runs", "300").returncode == 1
    before = campaign(out)
    shutil.rmtree(corpus)
    shutil.rmtree(out / "seeds")
    again = fuzz(program, seeds(corpus, b"LIST 8\r\n"), out, "--runs", "900", "--resume")
    assert again.returncode == 1, again.stdout + again.stderr
    after = campaign(out)
    ids = {each["id"] for each in before["findings"]}
    assert ids and {each["id"] for each in after["findings"]} >= ids
    assert after["execs"] > before["execs"] >= 300 and after["edges"] >= before["edges"]
    assert after["runs_before"] == 1 and after["seconds"] > before["seconds"]
    assert after["speed"] <= after["execs"] / before["seconds"]
    assert after["findings"][0]["seconds"] == before["findings"][0]["seconds"]
    other = "afl" if engine == "libfuzzer" else "libfuzzer"
    ran = fuzz(targets[other], corpus, out, "--runs", "9", "--resume")
    assert ran.returncode == 2 and "only that can go on" in ran.stderr


def test_an_interrupted_campaign_leaves_a_whole_folder(
    targets: dict[str, Path], tmp_path: Path
) -> None:
    out, corpus = tmp_path / "out", seeds(tmp_path / "corpus", b"NOOP\r\n")
    words: list[str | Path] = [
        "fuzz",
        "--harness",
        targets["afl"],
        "--engine",
        "afl",
        "--time",
        "60s",
    ]
    words += ["--corpus", corpus, "--out", out]
    command = [sys.executable, "-m", "popquiz", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        for _ in range(600):
            if (out / "main/fuzzer_stats").exists():
                break
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=30)
    assert running.returncode == 130 and "interrupted" in said
    assert campaign(out)["interrupted"] is True
    before = campaign(out)["seconds"]
    ran = popquiz(*words[:-2], "--out", out, "--resume", "--runs", "100")
    assert ran.returncode in (0, 1) and campaign(out)["seconds"] > before


# ---- replay -------------------------------------------------------------------------------------


def test_a_finding_shows_every_time(targets: dict[str, Path], found: Path) -> None:
    for name, times in (("input.raw", 20), ("input.dlg", 1)):
        words = ("replay", only(found) / name, "--harness", targets["libfuzzer"])
        ran = popquiz(*words, "-n", str(times))
        assert ran.returncode == 1 and ran.stdout.startswith("reproduced: ")
        assert f"shown     {times} of {times} times" in ran.stdout


def test_a_finding_is_not_played_to_another_target(
    found: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The built-in server passes what broke somebody else."""
    for name in (only(found), only(found) / "input.dlg"):
        assert cli.main(["replay", str(name)]) == 2
        said = capsys.readouterr().err
        assert "it was found so: popquiz replay " in said and said.count("\n") == 1


def test_a_debugger_that_is_missing_leaves_nothing(
    targets: dict[str, Path], found: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: None)
    words = ("--harness", str(targets["libfuzzer"]), "--debug")
    assert cli.main(["replay", str(only(found) / "input.raw"), *words]) == 2
    assert list(tmp_path.iterdir()) == []


def test_what_shows_nothing_or_something_else_is_told(
    targets: dict[str, Path], found: Path, tmp_path: Path
) -> None:
    record = json.loads((only(found) / "finding.json").read_text())
    for octets, signature, word in (
        (b"NOOP\r\n", record["signature"], "not reproduced"),
        (CRASHING, "crash|something else", "different"),
    ):
        folder = tmp_path / word.replace(" ", "-")
        folder.mkdir()
        (folder / "input.raw").write_bytes(octets)
        (folder / "finding.json").write_text(json.dumps({"signature": signature}))
        ran = popquiz("replay", folder, "--harness", targets["libfuzzer"])
        assert ran.stdout.startswith(f"{word}: "), ran.stdout


# ---- the parts ----------------------------------------------------------------------------------


def test_shortening_finds_what_matters() -> None:
    played = 0

    def check(candidates: Sequence[bytes]) -> int | None:
        nonlocal played
        for number, each in enumerate(candidates):
            played += 1
            if b"AB" in each and each.count(b"\n") >= 2:
                return number
        return None

    octets = b"x\xff|".join(b"line %d\n" % n for n in range(200)) + b"..AB.."
    assert shrink.shrink(octets, check) == (b"\n\nAB", True)
    assert played < 3000
    spent, whole = shrink.shrink(octets, check, shrink.Budget(plays=3))
    assert not whole and 4 < len(spent) < len(octets)


@pytest.mark.parametrize(
    ("text", "kind", "what", "frames"),
    [
        (
            "==1==ERROR: AddressSanitizer: stack-overflow on address 0x1 (pc 0x2)\n"
            "    #0 0x1 in __interceptor_memcpy (/x+0x1)\n    #1 0x2 in parse_line a.c:1:2\n",
            "crash",
            "stack-overflow",
            ("parse_line",),
        ),
        (
            "a.c:5:9: runtime error: index 17 out of bounds for type 'int [4]'\n"
            "    #0 0x1 in at a.c:5:9\n    #1 0x2 in LLVMFuzzerTestOneInput a.c:9\n"
            "    #2 0x3 in x\n",
            "crash",
            "index N out of bounds for type 'int [N]'",
            ("at", "LLVMFuzzerTestOneInput"),
        ),
        (
            "==3== ERROR: libFuzzer: timeout after 10 seconds\n    #0 0x1 in spin a.c:1\n",
            "hang",
            "timeout",
            ("spin",),
        ),
        (
            "==3==ERROR: LeakSanitizer: detected memory leaks\n\nDirect leak of 7 byte(s)\n"
            "    #0 0x1 in malloc (/x+0x1)\n    #1 0x2 in keep a.c:1\n",
            "leak",
            "leak",
            ("keep",),
        ),
        (
            "f.c:1: broken invariant: a == b\n    #0 0x1  (/x/y+0x12)\n",
            "crash",
            "broken invariant",
            ("y+0x12",),
        ),
    ],
)
def test_reports_are_read(text: str, kind: str, what: str, frames: tuple[str, ...]) -> None:
    sign = signs.read(f"noise\n{text}Shadow bytes around the buggy address:\nnoise")
    assert sign and (sign.kind, sign.what, sign.frames) == (kind, what, frames)
    assert "noise" not in sign.text


def test_a_sign_is_told_from_another() -> None:
    first = signs.Sign("crash", "SIGSEGV", ("a", "b", "c", "d"))
    deeper = signs.Sign("crash", "SIGSEGV", ("a", "b", "c", "e"), process="child")
    other = signs.Sign("crash", "SIGSEGV", ("a", "b", "x"))
    blind = signs.Sign("crash", "SIGSEGV", process="child", place="USER in AUTHORIZATION")
    assert first.id == deeper.id
    assert len({each.id for each in (first, other, blind)}) == 3
    assert signs.read("everything is fine") is None


def finding(what: str, kind: str = signs.CRASH) -> Finding:
    return Finding(signs.Sign(kind, what), b"", 0.0, "")


def test_a_known_finding_is_new_when_its_time_is_over(tmp_path: Path) -> None:
    path = tmp_path / "known"
    first, other = finding("x"), finding("y")
    path.write_text(f'# baseline 1\n{first.id}  KNOWN  true  "planted"  until=2026-06\n')
    before, behind = Known([path], date(2026, 6, 30)), Known([path], date(2026, 7, 1))
    assert "planted" in before.reason(first) and not before.reason(other)
    assert behind.reason(first) == "" and behind.expired == [first.id]
    path.write_text("x KNOWN\n")
    with pytest.raises(UsageError):
        Known([path], date(2026, 1, 1))


def test_a_rule_is_known_in_its_ways_of_tls(tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text('# baseline 1\n*#ref-x  KNOWN  true  "planted"  tls=stls  until=never\n')
    day = date(2026, 6, 30)
    assert "planted" in Known([path], day, "stls").reason(finding("REF-X", signs.VIOLATION))
    assert not Known([path], day, "none").reason(finding("REF-X", signs.VIOLATION))
    assert not Known([path], day, "stls").reason(finding("REF-X", signs.CRASH))
