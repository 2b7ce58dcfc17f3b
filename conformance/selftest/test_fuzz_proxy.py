# SPDX-License-Identifier: Apache-2.0
"""`popquiz fuzz --lab` on a proxy: the server behind it, and what else its profile starts, run
beside it, and the mail behind it is restored."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzzing import campaign, seeds
from making import popquiz
from planted import ROOT

from popquiz.errors import PopquizError, TargetError
from popquiz.fuzz import beside, bridged
from popquiz.fuzz.served import Served
from popquiz.servers import profile

# The last process waits for a signal; a sleep would end at once.
BACKEND = '''\
title = "a server that has the mail"
requires = ["/usr/bin/python3"]
install = "apt-get install python3"
version = []
tls = ["none"]
patience_s = 2.0
[[process]]
command = ["/usr/bin/python3", "-P", "{dir}/serve.py", "{port}"]
[[file]]
path = "serve.py"
text = """
import pathlib, socket, sys

def serve(wire, mail=pathlib.Path("mail/alice/Maildir/cur"), gone=()):
    lines = wire.makefile("rwb")
    lines.write(b"+OK"), lines.write(bytes([13, 10])), lines.flush()
    for line in lines:
        verb, _, word = line.decode("latin-1").strip().partition(" ")
        names = sorted(path.name for path in mail.iterdir())
        gone += (int(word),) if verb == "DELE" else ()
        reply = "-ERR" if verb == "PASS" and word != "wonderland" else "+OK"
        reply += " " + names[int(word) - 1][:10] if verb == "UIDL" else ""
        lines.write(reply.encode()), lines.write(bytes([13, 10])), lines.flush()
        if verb == "QUIT":
            return [(mail / names[number - 1]).unlink() for number in gone]

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    with listener.accept()[0] as wire:
        serve(wire)
"""
[maildrop]
kind = "maildir"
path = "mail/{account}/Maildir"
'''
PROFILE = '''\
title = "a proxy for tests"
requires = ["{unpacked}/usr/bin/relay"]
install = "popquiz lab build"
version = []
tls = ["none"]
patience_s = 2.0
backend = "dovecot"
[[process]]
command = ["{unpacked}/usr/bin/relay", "{tls_port}", "{dir}/where"]
[[process]]
command = ["{unpacked}/usr/bin/relay", "{port}", "{dir}/where"]
[[process]]
command = ["/usr/bin/python3", "-P", "{dir}/where.py", "{backend_port}"]
[[file]]
path = "where.py"
text = """
import pathlib, signal, sys
pathlib.Path("where").write_text(sys.argv[1])
signal.pause()
"""
'''
LOGIN = b"USER alice\r\nPASS wonderland\r\n"
REMOVES = LOGIN + b"DELE 1\r\nQUIT\r\n"
LOOKS = LOGIN + b"UIDL 1\r\nQUIT\r\n"
CRASHES = LOGIN + b"NOOP\r\nDELE 2\r\nQUIT\r\n"


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `popquiz lab build` would make of the proxy, and its profile beside it."""
    folder = tmp_path_factory.mktemp("proxy")
    program = folder / "build/usr/bin/relay"
    program.parent.mkdir(parents=True)
    source = ROOT / "conformance/selftest/relay_pop3.c"
    command = ["afl-clang-fast", "-O1", "-g", "-o", str(program), str(source)]
    subprocess.run(command, check=True, env={**os.environ, "AFL_QUIET": "1"}, timeout=60)
    said = {
        "name": "relay",
        "version": "1",
        "kind": "instrument",
        "compiler": "clang",
        "executables": ["usr/bin/relay"],
        "keep": [],
        "listen": [],
        "bridge": ["--patience", "2000"],
        "backend": str(folder / "small.toml"),
        "additions": [],
    }
    (folder / "build/build.json").write_text(json.dumps(said))
    (folder / "relay.toml").write_text(PROFILE)
    (folder / "small.toml").write_text(BACKEND)
    return folder


@pytest.fixture
def lane(build: Path) -> Iterator[Served]:
    served = Served(str(build / "relay.toml"), build / "build", print)
    yield served
    served.close()


def test_mail_behind_a_proxy_is_as_it_was_in_each_case(lane: Served) -> None:
    told = list(lane.ask([REMOVES, LOOKS, REMOVES, LOOKS]))
    assert [each["status"] for each in told] == ["ok"] * 4
    assert all(each["transaction"] and each["edges"] > 5 for each in told)
    for each in told[1::2]:
        assert "+OK 1000000001\\r" in bridged.transcript(each["transcript"])


def test_a_crash_of_a_proxy_is_found_and_replayed(build: Path, tmp_path: Path) -> None:
    lab = ("--lab", build / "relay.toml", "--build", build / "build")
    corpus, out = seeds(tmp_path / "corpus", LOOKS, CRASHES), tmp_path / "out"
    words = ("--only-corpus", "--corpus", corpus, "--out", out, "--runs", "20")
    ran = popquiz("fuzz", *lab, *words)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    told = campaign(out)
    (found,) = told["findings"]
    assert (found["place"], found["signal"]) == ("behind DELE", "SIGSEGV")
    assert found["process"] == "session, relay" and told["transaction"] > 0
    shorter = out / "findings" / found["id"] / "input.raw"
    assert b"PASS " in shorter.read_bytes() and b"NOOP" not in shorter.read_bytes()
    ran = popquiz("replay", shorter, *lab, "-n", "3")
    assert ran.returncode == 1 and "shown     3 of 3 times" in ran.stdout, ran.stdout + ran.stderr


def test_what_runs_beside_a_server() -> None:
    nginx, perdition = profile.find("nginx"), profile.find("perdition")
    said = {"executables": ["usr/sbin/nginx"]}
    with pytest.raises(TargetError, match="started by 2 commands"):
        beside.main_of(nginx, {"executables": []})
    built = [f"{{unpacked}}/{name}" for name in said["executables"]]
    assert beside.main_of(nginx, said).words[0] == built[0]
    assert [each.words[0] for each in beside.others_of(nginx, said)] == ["/usr/bin/python3"]
    twin = {"executables": ["usr/sbin/perdition"]}
    assert "{port}" in beside.main_of(perdition, twin).words
    assert beside.others_of(perdition, twin) == []


@pytest.mark.parametrize("name", ["popa3d", "courier", "nginx"])
def test_a_server_that_cannot_be_behind_a_proxy_is_told(name: str) -> None:
    with pytest.raises(PopquizError, match="cannot be behind a proxy"):
        beside.check_backend(profile.find(name))
