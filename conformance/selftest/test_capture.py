# SPDX-License-Identifier: Apache-2.0
"""`popquiz replay --pcap`: captures that a packet analyser can open."""

import os
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
