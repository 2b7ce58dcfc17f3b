# SPDX-License-Identifier: Apache-2.0
"""Captures: `popquiz replay --pcap` writes them, and `popquiz referee` judges them."""

import json
import os
import re
import struct
import subprocess
from pathlib import Path

import pytest
from making import dialogue, popquiz

from popquiz import capture
from popquiz.errors import Exit, UsageError
from popquiz.targets import Endpoint

STAT = "rfc1939.stat.list-agree"


def follow(pcap: Path, stream: str) -> str:
    command = ["tshark", "-r", str(pcap), "-q", "-z", f"follow,{stream},ascii,0"]
    return subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL, timeout=60)


@pytest.mark.parametrize(
    ("tls", "clear", "opened"),
    [("none", "CAPA", None), ("stls", "STLS", "CAPA"), ("implicit", None, "CAPA")],
)
def test_a_capture_can_be_read(
    tmp_path: Path, tls: str, clear: str | None, opened: str | None
) -> None:
    pcap = tmp_path / "a.pcapng"
    ran = popquiz("replay", dialogue(STAT), "--target", "mock", "--tls", tls, "--pcap", pcap)
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-1] == f"{pcap}: it holds passwords and mail"
    assert pcap.stat().st_mode & 0o777 == 0o600
    said = {"tcp": follow(pcap, "tcp"), "tls": follow(pcap, "tls")}
    for stream, word in (("tcp", clear), ("tls", opened)):
        assert ("+OK" in said[stream]) == (word is not None)
        assert word is None or f"{word}\n" in said[stream]


def test_all_variants_of_the_reference_server_are_in_one_capture(tmp_path: Path) -> None:
    files = [dialogue("rfc4505.maildrop.of-nobody"), dialogue(STAT)]
    pcap = tmp_path / "a.pcapng"
    ran = popquiz("replay", *files, "--pcap", pcap)
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    command = [
        "tshark",
        "-r",
        str(pcap),
        "-T",
        "fields",
        "-e",
        "tcp.dstport",
        "-Y",
        "tcp.flags.syn==1",
    ]
    ports = subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL, timeout=60)
    servers = [port for port in set(ports.split()) if ports.split().count(port) > 1]
    assert len(servers) == 2, ports


def test_nothing_is_written_over(tmp_path: Path) -> None:
    pcap = tmp_path / "a.pcapng"
    pcap.write_text("mine")
    ran = popquiz("replay", dialogue(STAT), "--pcap", pcap)
    assert ran.returncode == Exit.USAGE and pcap.read_text() == "mine"
    assert ran.stderr == f"popquiz: --pcap {pcap}: exists already, and is not written over\n"


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    more = {"env": os.environ | {"PATH": str(tmp_path)}}
    ran = popquiz("replay", dialogue(STAT), "--pcap", tmp_path / "a.pcapng", **more)
    assert ran.returncode == Exit.USAGE
    assert ran.stderr == "popquiz: dumpcap is missing: apt-get install tshark\n"


def test_what_may_not_be_captured_is_said(tmp_path: Path) -> None:
    """As where dumpcap has no right to it."""
    for name in capture.PROGRAMS:
        (tmp_path / name).write_text("#!/bin/sh\necho 'You do not have permission' >&2; exit 1\n")
        (tmp_path / name).chmod(0o755)
    more = {"env": os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}}
    ran = popquiz("replay", dialogue(STAT), "--pcap", tmp_path / "a.pcapng", **more)
    assert ran.returncode == Exit.USAGE
    complaint = "popquiz: --pcap: dumpcap: exit status 1; You do not have permission\n"
    assert ran.stderr == complaint and not (tmp_path / "a.pcapng").exists()


def test_where_it_listens() -> None:
    near = Endpoint("tcp://127.0.0.1:110", tls_address="tcp://[::1]:995")
    assert capture.places([near, near]) == ("lo", "tcp port 110 or tcp port 995")
    assert capture.places([near, Endpoint("tcp://mail.example:1")])[0] == "any"
    with pytest.raises(UsageError, match="not tcp://"):
        capture.places([Endpoint("unix:/tmp/x")])


# ---- reading them -------------------------------------------------------------------------------

FAULT = "list-duplicate-line"
LISTING = "rfc1939.list.marked"


def captured(folder: Path, tls: str, *options: str) -> tuple[Path, str]:
    """A capture of a case against the reference server, and the port of that."""
    pcap = folder / "a.pcapng"
    words = ("--target", "mock", "--tls", tls, *options, "--pcap", pcap)
    assert popquiz("replay", dialogue(LISTING), *words).returncode in (Exit.PASSED, Exit.FAILED)
    command = ["tshark", "-r", str(pcap), "-T", "fields", "-e", "tcp.srcport"]
    ports = subprocess.check_output(
        [*command, "-Y", "tcp.flags==0x12"], text=True, stderr=subprocess.DEVNULL, timeout=60
    )
    return pcap, ports.split()[0]


def judged(*words: str | Path) -> tuple[int, set[str]]:
    ran = popquiz("referee", "--json", *words)
    assert ran.stderr == ""
    return ran.returncode, {json.loads(line)["rule"] for line in ran.stdout.splitlines()}


@pytest.mark.parametrize("tls", ["none", "stls", "implicit"])
def test_the_referee_judges_captures(tmp_path: Path, tls: str) -> None:
    (tmp_path / "bad").mkdir()
    pcap, port = captured(tmp_path, tls)
    assert judged(pcap, "--port", port) == (Exit.PASSED, set())
    pcap, port = captured(tmp_path / "bad", tls, "--mock-option", f"fault={FAULT}")
    assert judged(pcap, "--port", port) == (Exit.FAILED, {"REF-LIST-TWICE"})


def test_findings_are_told_to_people(tmp_path: Path) -> None:
    pcap, port = captured(tmp_path, "none", "--mock-option", f"fault={FAULT}")
    ran = popquiz("referee", pcap, "--port", port)
    first, *rest = ran.stdout.splitlines()
    assert first == "FAIL REF-LIST-TWICE RFC1939-5-010"
    assert any(line.startswith("    actual    '") for line in rest)
    assert re.fullmatch(rf"{pcap}: (\d+) findings, \1 of them fail \(\d+ sessions\)", rest[-1])


def without_secrets(octets: bytes) -> tuple[bytes, bytes]:
    """A pcapng without its blocks of secrets (type 10), and their key log."""
    rest, secrets, at = b"", b"", 0
    while at < len(octets):
        kind, size = struct.unpack_from("<II", octets, at)
        if kind == 10:
            secrets += octets[at + 20 : at + 20 + struct.unpack_from("<I", octets, at + 12)[0]]
        else:
            rest += octets[at : at + size]
        at += size
    return rest, secrets


def test_secrets_open_what_is_closed(tmp_path: Path) -> None:
    pcap, port = captured(tmp_path, "implicit", "--mock-option", f"fault={FAULT}")
    bare, keys = tmp_path / "bare.pcapng", tmp_path / "keys"
    for path, octets in zip((bare, keys), without_secrets(pcap.read_bytes()), strict=True):
        path.write_bytes(octets)
    ran = popquiz("referee", bare, "--port", port)
    assert ran.returncode == Exit.PASSED
    assert re.search(r"\((\d+) sessions, \1 of them closed by TLS: --keylog", ran.stdout)
    assert judged(bare, "--port", port, "--keylog", keys) == (Exit.FAILED, {"REF-LIST-TWICE"})


def test_a_gap_is_not_blamed(tmp_path: Path) -> None:
    """Whatever packet is lost."""
    pcap, port = captured(tmp_path, "none")
    words = ["-T", "fields", "-e", "frame.number", "-Y", "tcp.len>0"]
    numbers = subprocess.check_output(
        ["tshark", "-r", pcap, *words], text=True, stderr=subprocess.DEVNULL, timeout=60
    ).split()
    assert len(numbers) > 10
    for number in numbers[:: len(numbers) // 8]:
        less = tmp_path / f"{number}.pcapng"
        subprocess.run(["editcap", pcap, less, number], check=True, timeout=60)
        assert judged(less, "--port", port) == (Exit.PASSED, set()), number


@pytest.mark.parametrize(
    ("content", "words", "complaint"),
    [
        (None, (), "a: cannot be read: No such file"),
        (b"\x0a\x0d\x0d\x0a rubbish", (), "a: tshark cannot read it: "),
        (b"rubbish\n", (), "a"),
        (b"{}\n", ("--keylog", "/nowhere"), "--keylog /nowhere: is not a file"),
    ],
)
def test_what_cannot_be_judged_is_one_line(
    tmp_path: Path, content: bytes | None, words: tuple[str, ...], complaint: str
) -> None:
    if content is not None:
        (tmp_path / "a").write_bytes(content)
    ran = popquiz("referee", tmp_path / "a", *words)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (Exit.USAGE, "", 1)
    assert complaint in ran.stderr


def test_another_port_is_hinted_at(tmp_path: Path) -> None:
    pcap, port = captured(tmp_path, "none")
    ran = popquiz("referee", pcap)
    assert ran.returncode == Exit.USAGE
    assert f"no connection to port 110 or 995 begins in it; there are {port}: --port" in ran.stderr
