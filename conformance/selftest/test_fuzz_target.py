# SPDX-License-Identifier: Apache-2.0
"""`popquiz fuzz --target`: what the referee sees and what two servers do differently is found; what
servers are free to do is not."""

import asyncio
import json
import subprocess
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from fuzzing import campaign
from making import TINY, password_file, popquiz

from popquiz import explorer, paths
from popquiz.fuzz import blackbox, choose, differ, findings
from popquiz.fuzz.blackbox import Box
from popquiz.fuzz.differ import AFTER, BEFORE, Pair, Side, Step
from popquiz.fuzz.findings import AGAIN


def mock_fault(name: str) -> tuple[str, ...]:
    return ("--target", "mock", "--mock-option", f"fault={name}")


def test_two_correct_servers_do_not_differ(tmp_path: Path) -> None:
    words = ("--target", "mock", "--against", "mock", "--runs", "100", "--seed", "7")
    ran = popquiz("fuzz", *words, "--out", tmp_path / "out")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert campaign(tmp_path / "out")["execs"] == 200


def test_the_referee_judges_a_target(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = popquiz("fuzz", *mock_fault("retr-no-dot-stuffing"), "--runs", "40", "--out", out)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found = {each["what"]: each for each in campaign(out)["findings"]}
    finding = found["REF-BODY-DOTS"]
    assert finding["kind"] == "violation" and finding["requirement"] == "RFC1939-3-027"
    assert finding["place"] == "RETR in TRANSACTION" and finding["again"] == [2, 2]
    dialogue = out / "findings" / finding["id"] / "input.dlg"
    ran = popquiz("replay", dialogue, *mock_fault("retr-no-dot-stuffing"))
    assert ran.stdout.startswith(f"reproduced: {dialogue}: REF-BODY-DOTS, 1 of 1 times\n")
    ran = popquiz("replay", "-n", "3", dialogue, "--target", "mock")
    assert ran.stdout.startswith(f"not reproduced: {dialogue}: REF-BODY-DOTS, 0 of 3 times\n")
    assert ran.returncode == 0


def test_a_finding_without_a_command_has_no_empty_words() -> None:
    texts = dict.fromkeys(explorer.Finding.__dataclass_fields__, "")
    seen = explorer.Finding(**texts | {"rule": "REF-X", "state": "AUTHORIZATION"})
    finding = blackbox.finding_of(seen, 0.0, Path())
    assert finding.sign.headline == "violation: REF-X in AUTHORIZATION"
    assert findings.replay_command(finding, Box("x", (), {}), Path()) == ""
    assert findings.dialogue(finding, Box("x", (), {}), Path("no input")) == ""


def test_servers_that_differ_are_told(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = (*mock_fault("extra-argument-ignored"), "--against", "mock", "--runs", "80")
    ran = popquiz("fuzz", *words, "--out", out)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found = [each for each in campaign(out)["findings"] if each["kind"] == "differs"]
    assert "STAT with an argument: +OK here and -ERR there" in {each["what"] for each in found}
    for each in found:
        assert each["again"] == [5, 5] and each["octets"] < 30
    (stat,) = (each for each in found if each["what"].startswith("STAT with"))
    dialogue = out / "findings" / stat["id"] / "input.dlg"
    ran = popquiz("replay", dialogue, *mock_fault("extra-argument-ignored"))
    assert ran.returncode == 1 and ran.stdout.startswith("reproduced: ")
    assert popquiz("replay", dialogue, "--target", "mock").returncode == 0


def test_what_nobody_can_build_is_only_spoken_to(tmp_path: Path) -> None:
    """With its own mail, its own accounts, and what is known of it."""
    out = tmp_path / "out"
    words = ("--against", "lab:twisted", "--runs", "6", "--out", out)
    ran = popquiz("fuzz", "--lab", "twisted", *words)
    told = {each["what"]: each["known"] for each in campaign(out)["findings"]}
    assert campaign(out)["lane"] == "lab:twisted" and campaign(out)["execs"] == 12
    assert "USER after the login" in told["REF-LATE-LOGIN"], ran.stdout
    assert ran.returncode == (0 if all(told.values()) else 1)


def test_what_can_be_built_is_not_only_spoken_to() -> None:
    def is_black_box(**words: str) -> bool:
        return choose.is_black_box(Namespace(**{"lab": None, "build": None, **words}))

    assert is_black_box(lab="twisted") and is_black_box(lab="popa3d", against="mock")
    assert not is_black_box(lab="popa3d") and not is_black_box(lab="twisted", build="x")
    assert not is_black_box()


def test_a_password_is_in_no_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    account = ("--user", "user", "--password-file", password_file(tmp_path))
    words = ("--target", f"exec:{TINY} --fault no-dots", *account, "--runs", "20")
    popquiz("fuzz", *words, "--out", out)
    texts = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    assert texts and not any(b"secret pass" in text for text in texts)


def test_a_target_that_is_not_there_is_unusable(tmp_path: Path) -> None:
    account = ("--user", "user", "--password-file", password_file(tmp_path))
    where = ("--target", "tcp://127.0.0.1:1", "--patience", "1")
    ran = popquiz("fuzz", *where, *account, "--runs", "5", "--out", tmp_path / "out")
    assert ran.returncode == 3 and ran.stderr.count("\n") == 1


# ---- the parts ----------------------------------------------------------------------------------


class Scripted(Side):
    """Answers each command by its name."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.played = 0

    async def play(self, steps: Sequence[Step]) -> list[str] | None:
        self.played += 1
        return [self.answers.get(step.line.partition(" ")[0], "+OK") for step in steps]


def steps(*lines: str) -> list[Step]:
    return [Step(line, line, AFTER) for line in lines]


def test_a_command_that_one_server_lacks_is_not_compared() -> None:
    pair = Pair(Scripted(), Scripted(TOP="-ERR"), 1, destroy=False)
    asyncio.run(pair.learn())
    said = {step.line.partition(" ")[0] for _ in range(300) for step in pair.session()}
    assert "UIDL" in said and not said & {"TOP", "DELE"}


def test_a_difference_keeps_only_what_it_needs() -> None:
    async def work() -> None:
        pair = Pair(Scripted(LIST="-ERR"), Scripted(), 1, destroy=True)
        found = await pair.difference(steps("STAT", "NOOP", "LIST 1", "RSET"))
        assert found and [step.line for step in found.steps] == ["STAT", "NOOP", "LIST 1"]
        shorter, times = await pair.shorten(found)
        assert [step.line for step in shorter.steps] == ["LIST 1"] and times == AGAIN

    asyncio.run(work())


def test_a_difference_is_a_dialogue(tmp_path: Path) -> None:
    for state in (BEFORE, AFTER):
        for n, answer in enumerate(("+OK", "-ERR", "closed", "silence", "no status")):
            found = differ.Difference((Step("LIST", "LIST", state),), "+OK", answer)
            path = tmp_path / f"{state}{n}.dlg"
            path.write_text(differ.dialogue(found, f"{state}-{n}"))
    lint = [str(paths.program("popquiz-dlg")), "lint", *map(str, tmp_path.glob("*.dlg"))]
    ran = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_document_says_how_far_it_went(tmp_path: Path) -> None:
    popquiz("fuzz", "--target", "mock", "--runs", "20", "--out", tmp_path / "out")
    told = campaign(tmp_path / "out")
    assert told["lane"] == "mock" and told["execs"] == 20
    assert json.loads((tmp_path / "out/findings.sarif").read_text())["runs"][0]["results"] == []
