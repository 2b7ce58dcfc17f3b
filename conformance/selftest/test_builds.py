# SPDX-License-Identifier: Apache-2.0
"""Servers built from their source: recipes, the pinned source, what a build is, and planted bugs
that count themselves."""

import asyncio
import io
import json
import os
import re
import socket
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from visits import MAIL

from popquiz import cli, labbuild, paths
from popquiz.errors import TargetError, UsageError
from popquiz.servers import builds, profile, recipe, server, sources

RECIPES = [recipe.read(path) for path in recipe.available()]
PLANTED = sorted((paths.data("profiles") / "builds").glob("c*s/*.patch"))
CORPUS = paths.PACKAGE.parent.parent / "corpus"
# Dovecot takes minutes to build: POPQUIZ_BUILDS=dovecot adds it.
SERVERS = ["popa3d", "mailfront", *os.environ.get("POPQUIZ_BUILDS", "").split()]
lab = pytest.mark.lab


# ---- recipes -------------------------------------------------------------------------------------

TOY = """\
version = "1.0"
pool = "main/t/toy/toy_1.0.orig.tar.gz"
sha256 = "{sum}"
executables = ["usr/sbin/toy"]

[[step]]
command = ["sh", "-c", "$CC $CFLAGS toy.c $LDFLAGS -o toy"]
environment = {{ CC = "{{cc}}", CFLAGS = "{{cflags}}", LDFLAGS = "{{ldflags}}" }}

[[step]]
command = ["install", "-D", "toy", "{{out}}/usr/sbin/toy"]
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recipe of a program of one line, whose source is in the cache already, and one mirror
    that does not answer."""
    monkeypatch.setattr(sources, "_mirrors", lambda: iter(["http://127.0.0.1:9/debian"]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    archive = tmp_path / "cache/popquiz/sources/toy_1.0.orig.tar.gz"
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as file:
        octets = b"int main(void) {\n    return 3;\n}\n"
        member = tarfile.TarInfo("toy-1.0/toy.c")
        member.size = len(octets)
        file.addfile(member, io.BytesIO(octets))
    path = tmp_path / "toy.toml"
    path.write_text(TOY.format(sum=sources.sum_of(archive)))
    return path


def change(path: Path, old: str, new: str) -> str:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return str(path)


def test_every_recipe_builds_a_server_that_has_a_profile() -> None:
    assert len(RECIPES) >= 6
    for wanted in RECIPES:
        found = profile.find(wanted.name)
        for name in wanted.executables[:1]:
            assert any(path.endswith(f"/{name}") for path in found.requires), wanted.name
        assert set(wanted.keep) <= set(found.unpacked)
        assert {each.path for each in wanted.additions} <= {file.path for file in found.files}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version =", "virsion =", "version: is missing"),
        ('"usr/sbin/toy"]', '"/usr/sbin/toy"]', "must lie in the build's folder"),
        ('["usr/sbin/toy"]', "[]", "executables: is empty"),
        ("main/t", "https://x/t", "is not of the form"),
        ('sha256 = "', 'sha256 = "x', "sha256: .* is not of the form"),
        ("{out}", "{dir}", r"\{dir\} is unknown"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_line(toy: Path, old: str, new: str, says: str) -> None:
    change(toy, old, new)
    with pytest.raises(UsageError, match=rf"toy\.toml:\d+: .*{says}|toy\.toml:\d+: {says}"):
        recipe.read(toy)


def test_the_readme_lists_every_key_and_kind() -> None:
    readme = (paths.data("profiles") / "builds/README.md").read_text()
    source = Path(recipe.__file__).read_text()
    keys = re.findall(r'\.(?:text|words|texts|tables)\("(\w+)"|_matching\(table, "(\w+)"', source)
    assert len(keys) > 10
    for key in {*(one or other for one, other in keys), *recipe.KINDS}:
        assert re.search(rf"`\[*{key}\b", readme), key
    assert set(recipe.KINDS) == set(labbuild.KINDS)


@pytest.mark.parametrize("path", [p for r in RECIPES for p in r.patches("plain")] + PLANTED)
def test_a_patch_has_only_lines_of_our_own(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert re.match(r"--- a/|\+|@@ -\d+,0 \+", line), line


# ---- the source ----------------------------------------------------------------------------------


def test_a_source_that_is_there_needs_no_network(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "FETCHER", "/bin/false")
    assert sources.get(recipe.read(toy)).name == "toy_1.0.orig.tar.gz"


def test_a_source_that_cannot_be_had_is_told(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FETCHER", "/bin/false")
    (paths.cache("sources") / "toy_1.0.orig.tar.gz").unlink()
    with pytest.raises(
        TargetError, match=r"its source cannot be had; put toy_1\.0\.orig\.tar\.gz into"
    ):
        labbuild.build(str(toy))


def test_another_source_than_the_pinned_one_is_refused(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it comes from: it does not get into the cache."""
    fetcher = tmp_path / "fetcher"
    fetcher.write_text('#!/bin/sh\nfor last; do :; done\necho other >"$last"\n')
    fetcher.chmod(0o755)
    monkeypatch.setattr(sources, "FETCHER", str(fetcher))
    archive = paths.cache("sources") / "toy_1.0.orig.tar.gz"
    archive.write_text("other\n")
    with pytest.raises(TargetError, match=r"toy: .* its SHA-256 is [0-9a-f]{64}, not "):
        sources.get(recipe.read(toy))
    right = archive.with_name("right")
    fetcher.write_text(f'#!/bin/sh\nfor last; do :; done\ncp {right} "$last"\n')
    right.write_text("right\n")
    wanted = replace(recipe.read(toy), sha256=sources.sum_of(right))
    assert sources.get(wanted).read_text() == "right\n"


# ---- builds --------------------------------------------------------------------------------------


def test_a_build_is_made_once(toy: Path) -> None:
    said: list[str] = []
    folder = labbuild.build(str(toy), "instrument", say=said.append)
    assert folder == paths.cache("builds") / "toy-1.0-instrument"
    about = builds.describe(folder)
    assert (about["name"], about["kind"], about["executables"]) == (
        "toy",
        "instrument",
        ["usr/sbin/toy"],
    )
    assert subprocess.run([folder / "usr/sbin/toy"], check=False).returncode == 3
    made = (folder / "build.json").stat().st_mtime_ns
    count = len(said)
    assert labbuild.build(str(toy), "instrument", say=said.append) == folder
    assert ((folder / "build.json").stat().st_mtime_ns, len(said)) == (made, count)
    change(toy, "executables", 'listen = ["{unpacked}/usr/sbin/toy", "{port}"]\nexecutables')
    labbuild.build(str(toy), "instrument", say=said.append)
    assert len(said) == count
    assert builds.describe(folder)["listen"] == ["{unpacked}/usr/sbin/toy", "{port}"]
    change(toy, '"-c"', '"-ec"')
    labbuild.build(str(toy), "instrument", say=said.append)
    assert len(said) == 2 * count
    assert (folder / "build.json").stat().st_mtime_ns > made
    assert not list(paths.cache("builds").glob("*.log"))


def test_a_sanitized_build_aborts_at_a_finding(toy: Path) -> None:
    toy.with_suffix(".patch").write_text(
        "--- a/toy.c\n+++ b/toy.c\n@@ -1,0 +2 @@\n+    volatile int i = 32; i = 1 << i;\n"
    )
    folder = labbuild.build(str(toy), "sanitize", say=lambda line: None)
    ran = subprocess.run([folder / "usr/sbin/toy"], capture_output=True, check=False)
    assert ran.returncode == -6
    assert b"runtime error: shift exponent 32" in ran.stderr


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("toy.c", "absent.c", "sh ended with 1: .*absent.c.*; all of it: "),
        ("$CC", "cc", "usr/sbin/toy was built without __afl_area_ptr"),
        ("{out}/usr", "{out}/other", "usr/sbin/toy was built without a file"),
    ],
)
def test_what_does_not_become_a_build_is_told(toy: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(TargetError, match=says):
        labbuild.build(change(toy, old, new), say=lambda line: None)
    assert not list(paths.cache("builds").glob("toy-*/"))


def test_what_the_machine_lacks_is_told(toy: Path, tmp_path: Path) -> None:
    change(toy, "executables", 'packages = ["make", "no-such-dev"]\nexecutables')
    with pytest.raises(UsageError, match="run apt-get install --no-install-recommends no-such-dev"):
        labbuild.build(str(toy))
    with pytest.raises(
        UsageError, match="cannot be built as canaries; it can as: plain instrument"
    ):
        labbuild.build(str(toy), "canaries")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").touch()
    change(toy, '"make", "no-such-dev"', '"make"')
    with pytest.raises(UsageError, match="is no build, and not empty"):
        labbuild.build(str(toy), out=tmp_path / "mine")
    assert (tmp_path / "mine/file").exists()


def test_a_profile_takes_from_a_build_what_it_has(tmp_path: Path) -> None:
    about = {
        "name": "mailfront",
        "kind": "canaries",
        "executables": ["usr/sbin/pop3front-auth"],
        "keep": [],
        "additions": [
            {"path": "pw", "text": "", "instead_of": ""},
        ],
    }
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "build.json").write_text(json.dumps(about))
    plain = profile.find("mailfront")
    with pytest.raises(UsageError, match="is no whole build: usr/sbin/pop3front-auth"):
        builds.use(plain, tmp_path)
    (tmp_path / "usr/sbin/pop3front-auth").touch()
    with pytest.raises(UsageError, match="is a build of mailfront, not of popa3d"):
        builds.use(profile.find("popa3d"), tmp_path)
    found = builds.use(plain, tmp_path)
    assert found.inetd
    assert found.inetd.words[:2] == ("{unpacked}/usr/sbin/pop3front-auth", "/usr/bin/cvm-pwfile")
    assert found.inetd.environment["POPQUIZ_CANARIES"] == "{dir}/canaries"
    assert [file.path for file in found.files] == ["pw", "canaries"]
    assert found.missing() == []
    about["additions"] = [{"path": "pw", "text": "x", "instead_of": "what it does not have"}]
    (tmp_path / "build.json").write_text(json.dumps(about))
    with pytest.raises(UsageError, match="pw of the profile does not have once"):
        builds.use(plain, tmp_path)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["certify", "--list", "--target", "mock", "--build", "x"], "--build is for --lab"),
        (["lab", "certify", "popa3d", "mailfront", "--build", "x"], "--build is for one server"),
        (["lab", "start", "popa3d", "--build", "x"], "x is no build of a server"),
        (["lab", "build"], "either the name of a server, or --list"),
        (["lab", "build", "twisted"], "there is no recipe to build 'twisted'"),
    ],
)
def test_a_build_in_a_wrong_place_is_told(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2
    assert says in capsys.readouterr().err


# ---- planted bugs --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """A built server, with an account `user`."""

    lab: server.LabServer
    runner: asyncio.Runner

    @property
    def address(self) -> str:
        return next(iter(self.lab.addresses.values()))

    def counted(self) -> list[tuple[int, int]]:
        return builds.counts((self.lab.folder / builds.COUNTERS).read_bytes())

    def triggered(self) -> set[int]:
        return {number for number, (_, count) in enumerate(self.counted()) if count}

    def forget(self) -> None:
        """Restores the mail, and counts from zero. No session may live."""
        self.runner.run(self.lab.reset("user"))
        (self.lab.folder / builds.COUNTERS).write_bytes(b"\0" * builds.COUNTERS_OCTETS)

    def incident(self, seconds: float) -> str:
        """The kind of the first that comes in time."""

        async def look() -> str:
            end = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < end:
                if found := self.lab.incidents():
                    return found[0].kind
                await asyncio.sleep(0.02)
            return ""

        return self.runner.run(look())

    def play(self, dialogue: Path) -> "subprocess.CompletedProcess[str]":
        words = [str(paths.program("popquiz-play")), "--target", self.address, "--user", "user"]
        words += ["--password-file", "-", "--yes-destroy", str(dialogue)]
        password = f"{self.lab.password}\n"
        return subprocess.run(
            words, input=password, capture_output=True, text=True, timeout=30, check=False
        )


@contextmanager
def running(wanted: profile.Profile) -> Iterator[Running]:
    with asyncio.Runner() as runner:
        started = runner.run(server.start(wanted, [("user", MAIL)]))
        try:
            yield Running(started, runner)
        finally:
            runner.run(started.close())


def canaries(name: str) -> Mapping[str, int]:
    """The numbers of a server's canaries, by name."""
    path = paths.data("profiles") / "builds/canaries" / f"{name}.tsv"
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    assert [int(row[0]) for row in rows] == list(range(len(rows)))
    return {row[1]: int(row[0]) for row in rows}


MANY_LINES = re.compile(rb"(RETR|TOP) .*|(LIST|UIDL)")


def lockstep(address: str, octets: bytes) -> bytes:
    """Sends line after line, each behind the answer to the one before, until the server closes."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    heard = b""
    with (
        socket.create_connection((host, int(port)), timeout=20) as wire,
        suppress(ConnectionError),
    ):
        for line in (b"", *octets.splitlines()):
            wire.sendall(line + b"\r\n" if line else b"")
            end = b"\r\n.\r\n" if MANY_LINES.fullmatch(line) else b"\r\n"
            answer = b""
            while not answer.endswith(end) and (part := wire.recv(1 << 16)):
                answer += part
            heard += answer
    return heard


@lab
@pytest.mark.parametrize("name", SERVERS)
def test_each_canary_is_triggered_by_its_dialogue_and_by_no_session(name: str) -> None:
    folder = labbuild.build(name, "canaries")
    wanted = canaries(name)
    dialogues = {path.stem: path for path in (CORPUS / "canaries" / name).glob("*.dlg")}
    assert set(wanted) == {stem for stem in dialogues if not stem.startswith("crash-")}
    with running(builds.use(profile.find(name), folder)) as server_:
        for seed in sorted((CORPUS / "sessions").iterdir()):
            heard = lockstep(server_.address, seed.read_bytes())
            assert heard.count(b"+OK") >= 2, seed
            server_.runner.run(server_.lab.reset("user"))
        assert server_.triggered() == set()
        for canary, number in wanted.items():
            server_.forget()
            ran = server_.play(dialogues[canary])
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert server_.triggered() == {number}, canary
            assert server_.counted()[number][0] >= 1


# The lab sees only the listener's: of its children popa3d says nothing, so others must
# watch them.
@lab
@pytest.mark.parametrize("name", ["crash-child", "crash-session", "crash-listener"])
def test_each_planted_crash_is_one_of_its_process(name: str, tmp_path: Path) -> None:
    folder = labbuild.build("popa3d", "crashes")
    listen = json.dumps(builds.describe(folder)["listen"])
    plain = profile.find("popa3d").path.read_text()
    inetd = '[inetd]\ncommand = ["{unpacked}/usr/sbin/popa3d"]\n'
    assert inetd in plain
    (tmp_path / "popa3d.toml").write_text(
        plain.replace(inetd, f"[[process]]\ncommand = {listen}\n")
    )
    with running(builds.use(profile.read(tmp_path / "popa3d.toml"), folder)) as server_:
        assert server_.play(CORPUS / "canaries/popa3d" / f"{name}.dlg").returncode == 0
        died = name == "crash-listener"
        assert server_.incident(5.0 if died else 0.3) == ("exit" if died else "")
