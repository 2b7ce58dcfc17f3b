# SPDX-License-Identifier: Apache-2.0
"""Clients of others against the servers of conformance/clients: what is judged of them, and whether
they end, and say that something was wrong.

`pytest -k clients` runs these alone. They need curl, fetchmail and mpop, which ci/setup installs.
"""

import json
import os
import poplib
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import test_interop
from mock_server import PASSWORD, PATIENCE_S, ROOT, USER, Mock, connect, tls_context
from mock_server import run as run_mock

SCRIPTS = ROOT / "conformance/clients"
CLEAR, STLS, TLS = "clear", "stls", "tls"


def script(name: str) -> str:
    return str(SCRIPTS / f"{name}.dlg")


@dataclass
class Met:
    """What a client came to: its exit status, what it stored, and what was judged of it."""

    status: int
    stored: list[bytes]
    verdicts: list[dict[str, Any]]

    @property
    def outcomes(self) -> set[str]:
        return {verdict["outcome"] for verdict in self.verdicts}


def finish(mock: Mock) -> list[dict[str, Any]]:
    """Ends the server; the verdicts of those connections that there were."""
    mock.process.send_signal(signal.SIGTERM)
    lines = []
    while line := mock.read_line():
        lines.append(json.loads(line)["verdict"])
    mock.process.wait(PATIENCE_S)
    assert mock.errors() == b""
    mock.close()
    return [verdict for verdict in lines if verdict["connection"]]


Client = Callable[[Mock, str, Path], None]


def curl(mock: Mock, transport: str, folder: Path) -> None:
    (folder / "got").mkdir()
    test_interop.curl(mock, transport, "1", folder, "-o", str(folder / "got/1"), "-m", "10")


def fetchmail(mock: Mock, transport: str, folder: Path) -> None:
    test_interop.fetchmail(mock, transport, folder, "keep", "--timeout", "10")


def mpop(mock: Mock, transport: str, folder: Path) -> None:
    test_interop.mpop(mock, transport, folder, "--auth=user", "--keep=on", "--timeout=10")


CLIENTS: dict[str, Client] = {"curl": curl, "fetchmail": fetchmail, "mpop": mpop}


@pytest.fixture
def meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], Met]:
    def met(client: str, name: str, transport: str) -> Met:
        folder = tmp_path / f"{client}-{name}-{transport}"
        folder.mkdir()
        status: list[int] = []

        def run(command: list[str], home: Path) -> bytes:
            environment = os.environ | {"HOME": str(home), "FETCHMAILHOME": str(home)}
            ran = subprocess.run(
                command, env=environment, capture_output=True, timeout=PATIENCE_S, check=False
            )
            status.append(ran.returncode)
            return ran.stdout

        monkeypatch.setattr(test_interop, "run", run)
        mock = Mock(["--port", "0", "--tls", "--tls-port", "0", "--script", script(name)])
        try:
            CLIENTS[client](mock, transport, folder)
            verdicts = finish(mock)
        finally:
            mock.close()
        files = [*folder.glob("got/*"), *folder.glob("maildir/new/*")]
        return Met(status[0], [path.read_bytes() for path in files], verdicts)

    return met


# Script, transport, and for each client: which outcomes, and whether it calls it a success. None:
# this client is left out.
Expected = tuple[set[str], bool] | None
FINE, GIVES_UP = ({"pass"}, True), ({"pass"}, False)
IN_CLEAR = ({"fail"}, True)  # it was told to log in without TLS
UNTOUCHED = ({"inconclusive"}, True)  # it asks for no list
TABLE: dict[tuple[str, str], tuple[Expected, Expected, Expected]] = {
    # curl, fetchmail, mpop
    ("greeting-cut", CLEAR): (GIVES_UP, GIVES_UP, GIVES_UP),
    ("greeting-refused", CLEAR): (GIVES_UP, GIVES_UP, GIVES_UP),
    ("greeting-too-long", CLEAR): (GIVES_UP, GIVES_UP, GIVES_UP),
    ("pieces", CLEAR): (FINE, FINE, FINE),
    ("bare-replies", CLEAR): (FINE, FINE, FINE),
    ("lower-case", CLEAR): (GIVES_UP, GIVES_UP, GIVES_UP),
    # fetchmail tries again without CAPA.
    ("capa-endless", CLEAR): (GIVES_UP, ({"pass", "note"}, False), GIVES_UP),
    ("stls-refused", STLS): (GIVES_UP, GIVES_UP, GIVES_UP),
    ("stls-refused", CLEAR): (IN_CLEAR, IN_CLEAR, IN_CLEAR),
    ("stls-not-announced", STLS): (GIVES_UP, GIVES_UP, GIVES_UP),
    ("stls-injection", STLS): (GIVES_UP, GIVES_UP, GIVES_UP),
    # curl 7.88 takes half a mail for a whole one in clear; mpop 1.4.18 reads the end for ever.
    ("tls-cut", CLEAR): (FINE, GIVES_UP, None),
    ("list-miscounts", CLEAR): (UNTOUCHED, GIVES_UP, GIVES_UP),
    ("uidl-doubled", CLEAR): (UNTOUCHED, UNTOUCHED, FINE),
    ("apop-malformed", CLEAR): (GIVES_UP, GIVES_UP, GIVES_UP),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("name", "transport"), TABLE)
def test_clients(
    meet: Callable[[str, str, str], Met], client: str, name: str, transport: str
) -> None:
    expected = TABLE[name, transport][list(CLIENTS).index(client)]
    if expected is None:
        return
    met = meet(client, name, transport)
    assert met.outcomes == expected[0], met
    assert (met.status == 0) == expected[1] and met.status >= 0, met
    if name == "pieces":
        ends = b"\r\n" if client == "curl" else b"\n"
        lines = [b"Subject: dots", b"", b".one", b"..two", b".", b"last", b""]
        assert met.stored == [ends.join(lines)]


def test_every_script_is_tried() -> None:
    assert {path.stem for path in SCRIPTS.glob("*.dlg")} == {name for name, _ in TABLE}
    told = (SCRIPTS / "README.md").read_text()
    assert all(f"`{name}`" in told for name, _ in TABLE)


# ---- the program ----


def test_rows_and_files_follow_each_other_and_the_server_ends_by_itself() -> None:
    scripts = ("--script", script("greeting-cut"), "--script", script("greeting-refused"))
    mock = Mock(["--port", "0", *scripts, "--sessions", "8"])
    try:
        heard = []
        for _ in range(8):
            with connect(mock) as client:
                heard.append(client.line())
        assert heard == [b"+OK hi"[:n] for n in range(7)] + [b"-ERR [SYS/TEMP] come back later\r\n"]
        verdicts = [json.loads(mock.read_line())["verdict"] for _ in range(8)]
        assert [verdict["connection"] for verdict in verdicts] == list(range(1, 9))
        assert verdicts[3] == {
            "script": "client.greeting.cut[n=3]",
            "connection": 4,
            "outcome": "pass",
            "branch": "closed",
            "used": 0,
        }
        assert mock.process.wait(PATIENCE_S) == 0
    finally:
        mock.close()


def test_a_client_that_fails_is_the_exit_status() -> None:
    mock = Mock(["--port", "0", "--script", script("greeting-refused"), "--sessions", "1"])
    try:
        with connect(mock) as client:
            client.ask(b"USER tim")
            client.ask(b"PASS secret pass")
            client.rest()
        verdict = json.loads(mock.read_line())["verdict"]
        assert verdict["outcome"] == "fail" and verdict["line"] == 9, verdict
        assert verdict["actual"] == "USER tim" and verdict["why"]
        assert mock.process.wait(PATIENCE_S) == 1
    finally:
        mock.close()


def test_a_script_that_nobody_met_is_no_success() -> None:
    mock = Mock(["--port", "0", "--script", script("greeting-refused")])
    try:
        mock.process.send_signal(signal.SIGTERM)
        verdict = json.loads(mock.read_line())["verdict"]
        assert verdict["outcome"] == "inconclusive" and verdict["connection"] == 0
        assert mock.process.wait(PATIENCE_S) == 1
    finally:
        mock.close()


def test_a_connection_is_reset_and_half_closed(tmp_path: Path) -> None:
    head = "#!dlg 1\nid: x\nkind: mock\nroles: server\nmatrix: how = drop, halfclose, close\n---\n"
    file = tmp_path / "a.dlg"
    file.write_text(f'{head}[test]\nS: +OK\nC: A\n@{{how}}\n@if how == "halfclose"\n  C: B\n@end\n')
    mock = Mock(["--port", "0", "--script", str(file), "--sessions", "3"])
    try:
        with connect(mock) as client, pytest.raises(ConnectionResetError):
            client.ask(b"A")
            client.send(b"A\r\n")
            client.rest()
        with connect(mock) as client:
            client.send(b"A\r\n")
            assert client.rest() == b"+OK\r\n"
            client.send(b"B\r\n")
        with connect(mock) as client:
            client.send(b"A\r\n")
            assert client.rest() == b"+OK\r\n"
        outcomes = [json.loads(mock.read_line())["verdict"]["outcome"] for _ in range(3)]
        assert outcomes == ["pass"] * 3
    finally:
        mock.close()


def test_tls_begins_where_the_script_wants_it(tmp_path: Path) -> None:
    """At once on a port in clear, and behind STLS, where the end has no close_notify."""
    file = tmp_path / "a.dlg"
    file.write_text(
        "#!dlg 1\nid: x\nkind: mock\nroles: server\nmatrix: first = yes, no\n---\n[test]\n"
        '@if first == "yes"\n  @connect tls\n  S: +OK\n@else\n  S: +OK\n  C: CAPA\n  S: +OK\n'
        "  S: STLS\n  S.\n  C: STLS\n  S: +OK\n"
        "  @tls\n@end\nC: QUIT\nS: +OK bye\n@tlscut\n"
    )
    mock = Mock(["--port", "0", "--script", str(file), "--sessions", "2"])
    try:
        at_once = poplib.POP3_SSL(
            "localhost", mock.port(), timeout=PATIENCE_S, context=tls_context(mock)
        )
        assert at_once.quit() == b"+OK bye"
        behind = poplib.POP3("localhost", mock.port(), timeout=PATIENCE_S)
        behind.stls(tls_context(mock))
        assert behind.quit() == b"+OK bye"
        outcomes = [json.loads(mock.read_line())["verdict"]["outcome"] for _ in range(2)]
        assert outcomes == ["pass"] * 2
    finally:
        mock.close()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "#!dlg 1\nid: x\nkind: mock\nroles: server\n---\n[test]\nS2: +OK\n",
            b":7:1: a server plays",
        ),
        ("no dialogue", b":1:1: "),
        (None, b"cannot be read: No such file"),
    ],
)
def test_a_script_that_cannot_be_played_is_a_usage_error(
    tmp_path: Path, text: str | None, complaint: bytes
) -> None:
    file = tmp_path / "a.dlg"
    if text is not None:
        file.write_text(text)
    ran = run_mock("--port", "0", "--script", str(file))
    assert ran.returncode == 2 and complaint in ran.stderr and ran.stderr.count(b"\n") == 1


def test_popquiz_serve_passes_verdicts_on() -> None:
    words = ["--script", script("lower-case"), "--sessions", "1", "--port", "0", "--tls-port", "0"]
    command = [sys.executable, "-m", "popquiz", "serve", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().split()[0]
        client = poplib.POP3("127.0.0.1", int(address.rsplit(":", 1)[1]), timeout=PATIENCE_S)
        client.user(USER.decode())
        client.pass_(PASSWORD.decode())  # poplib looks at the sign only
        client.close()
        assert json.loads(server.stdout.read().splitlines()[-1])["verdict"]["outcome"] == "note"
        assert server.wait(timeout=PATIENCE_S) == 0
