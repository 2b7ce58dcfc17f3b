# SPDX-License-Identifier: Apache-2.0
"""Clients of others fetch, list and delete mail from popquiz-mock, in clear, over STLS and TLS.

`pytest -k interop` runs these alone. They need curl, fetchmail and mpop, which ci/setup installs.
"""

import base64
import os
import poplib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mock_server import PASSWORD, PATIENCE_S, ROOT, USER, Mock, serving, tls_context

FIXTURE = ROOT / "conformance/fixtures/interop"
TRANSPORTS = ("clear", "stls", "tls")


def tool(name: str) -> str:
    """A client of somebody else; without it there is no test, and that is a failure."""
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is missing: run ci/setup, or apt-get install {name}")
    return path


def run(command: list[str | Path], folder: Path) -> bytes:
    """Runs a client that must succeed, with `folder` as its home; what it printed."""
    environment = {**os.environ, "HOME": str(folder), "FETCHMAILHOME": str(folder)}
    ran = subprocess.run(
        command, env=environment, capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    return ran.stdout


def private_file(path: Path, text: str) -> str:
    """Files with passwords in them must not be readable by others."""
    path.touch(0o600)
    path.write_text(text)
    return str(path)


# ---- the server and its mail ----


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture, in which one message gets what no text file may have: no line end at its end."""
    folder = tmp_path_factory.mktemp("mail")
    for path in FIXTURE.glob("*.eml"):
        content = path.read_bytes()
        cut = content.removesuffix(b"\n") if "no-final-line-end" in path.name else content
        (folder / path.name).write_bytes(cut)
    assert len(list(folder.iterdir())) == 6
    return folder


@pytest.fixture
def mock(mail: Path) -> Iterator[Mock]:
    options = ("--port", "0", "--tls", "--tls-port", "0", "--maildrop", str(mail), "--control")
    with serving(*options) as server:
        yield server


def on_the_wire(mail: Path) -> list[bytes]:
    """What RETR sends, without stuffing: all lines end in CRLF (RFC 1939 section 3)."""
    contents = [path.read_bytes() for path in sorted(mail.iterdir())]
    return [content.removesuffix(b"\n").replace(b"\n", b"\r\n") + b"\r\n" for content in contents]


def in_files(mail: Path) -> list[bytes]:
    """What a client for Unix stores."""
    return [content.replace(b"\r\n", b"\n") for content in on_the_wire(mail)]


def remaining(mock: Mock) -> list[bytes]:
    messages = mock.control(peek="user")["messages"]
    return [base64.b64decode(message["base64"]) for message in messages]


def port(mock: Mock, transport: str) -> int:
    return mock.port(1 if transport == "tls" else 0)


# ---- poplib ----


@contextmanager
def poplib_client(mock: Mock, transport: str) -> Iterator[poplib.POP3]:
    number = port(mock, transport)
    client: poplib.POP3
    if transport == "tls":
        context = tls_context(mock)
        client = poplib.POP3_SSL("localhost", number, timeout=PATIENCE_S, context=context)
    else:
        client = poplib.POP3("localhost", number, timeout=PATIENCE_S)
    try:
        if transport == "stls":
            client.stls(tls_context(mock))
        yield client
        client.quit()
    finally:
        client.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_poplib(mock: Mock, mail: Path, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poplib, "_MAXLINE", 8192)  # it refuses lines above 2048 octets
    wanted = on_the_wire(mail)
    with poplib_client(mock, transport) as client:
        assert ("STLS" in client.capa()) == (transport == "clear")
        client.user(USER.decode())
        client.pass_(PASSWORD.decode())
        assert client.stat() == (len(wanted), sum(map(len, wanted)))
        sizes = [b"%d %d" % (number, len(content)) for number, content in enumerate(wanted, 1)]
        assert client.list()[1] == sizes
        assert len({line.split()[1] for line in client.uidl()[1]}) == len(wanted)
        for number, content in enumerate(wanted, 1):
            lines = client.retr(number)[1]
            assert b"".join(line + b"\r\n" for line in lines) == content
            header = content.split(b"\r\n\r\n")[0].split(b"\r\n")
            assert client.top(number, 0)[1] == [*header, b""]
        client.dele(2)
        client.dele(3)
        client.rset()
        client.dele(1)
    assert len(remaining(mock)) == len(wanted) - 1


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_poplib_apop(mock: Mock, transport: str) -> None:
    with poplib_client(mock, transport) as client:
        assert client.apop(USER.decode(), PASSWORD.decode()).startswith(b"+OK")


# ---- curl ----


def curl(mock: Mock, transport: str, path: str, folder: Path, *more: str) -> bytes:
    scheme = "pop3s" if transport == "tls" else "pop3"
    ca = ["--ssl-reqd", "--cacert", mock.ready["ca_file"]] if transport != "clear" else []
    login = f'user = "{USER.decode()}:{PASSWORD.decode()}"\n'
    config = private_file(folder / "curlrc", login)
    url = f"{scheme}://localhost:{port(mock, transport)}/{path}"
    return run([tool("curl"), "-sS", "-q", "-K", config, *ca, *more, url], folder)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_curl(mock: Mock, mail: Path, tmp_path: Path, transport: str) -> None:
    wanted = on_the_wire(mail)
    sizes = b"".join(b"%d %d\r\n" % (n, len(content)) for n, content in enumerate(wanted, 1))
    assert curl(mock, transport, "", tmp_path) == sizes
    for number, content in enumerate(wanted, 1):
        assert curl(mock, transport, str(number), tmp_path) == content
    top = curl(mock, transport, "", tmp_path, "-X", "TOP 1 0")
    assert top == wanted[0].split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    curl(mock, transport, "", tmp_path, "-I", "-X", "DELE 2")
    assert [len(content) for content in remaining(mock)] == [
        *(len(stored(path)) for path in sorted(mail.iterdir()) if not path.name.startswith("2"))
    ]


def stored(path: Path) -> bytes:
    return path.read_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "+APOP"])
def test_curl_logs_in_by(mock: Mock, mail: Path, tmp_path: Path, mechanism: str) -> None:
    for initial in ([], ["--sasl-ir"]):
        more = ["--login-options", f"AUTH={mechanism}", *initial]
        assert curl(mock, "clear", "5", tmp_path, *more) == on_the_wire(mail)[4]


# ---- fetchmail ----


def fetchmail(mock: Mock, transport: str, folder: Path, keep: str, *more: str) -> bytes:
    """Stores each message in a file of its own below `folder`/got."""
    ca = f'sslcertck sslcertfile "{mock.ready["ca_file"]}"'
    security = {
        "clear": 'sslproto "" no sslcertck',
        "stls": f'sslproto "TLS1.2+" {ca}',
        "tls": f"ssl {ca}",
    }
    got = folder / "got"
    got.mkdir(exist_ok=True)
    store = private_file(folder / "store", f'#!/bin/sh\nexec cat > "$(mktemp {got}/XXXXXX)"\n')
    os.chmod(store, 0o700)
    config = private_file(
        folder / "fetchmailrc",
        f"set invisible\npoll localhost service {port(mock, transport)} protocol pop3\n"
        f'username "{USER.decode()}" password "{PASSWORD.decode()}"\n'
        f'options {keep} fetchall no rewrite mda "{store}" {security[transport]}\n',
    )
    # Its lock is one for each user, unless it is told of another.
    own = ["--pidfile", folder / "fetchmail.pid", "--nosyslog", "--nodetach"]
    return run([tool("fetchmail"), *own, "-f", config, *more], folder)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_fetchmail(mock: Mock, mail: Path, tmp_path: Path, transport: str) -> None:
    wanted = in_files(mail)
    octets = sum(map(len, on_the_wire(mail)))
    listed = fetchmail(mock, transport, tmp_path, "keep", "--check")
    assert listed == f"6 messages for user at localhost ({octets} octets).\n".encode()
    fetchmail(mock, transport, tmp_path, "keep")
    assert sorted(path.read_bytes() for path in (tmp_path / "got").iterdir()) == sorted(wanted)
    assert len(remaining(mock)) == len(wanted)
    fetchmail(mock, transport, tmp_path, "no keep")
    assert remaining(mock) == []


# ---- mpop ----


def mpop(mock: Mock, transport: str, folder: Path, *more: str) -> bytes:
    """Stores in a Maildir, `folder`/maildir."""
    for name in ("cur", "new", "tmp"):
        (folder / "maildir" / name).mkdir(parents=True, exist_ok=True)
    secret = private_file(folder / "password", f"{PASSWORD.decode()}\n")
    lines = [
        "account default",
        f"host localhost\nport {port(mock, transport)}",
        f"user {USER.decode()}\npasswordeval cat {secret}",
        f"tls {'off' if transport == 'clear' else 'on'}",
        f"tls_starttls {'on' if transport == 'stls' else 'off'}",
        f"tls_trust_file {mock.ready['ca_file']}",
        f"received_header off\ndelivery maildir {folder}/maildir\nuidls_file {folder}/uidls",
    ]
    config = private_file(folder / "mpoprc", "\n".join(lines) + "\n")
    return run([tool("mpop"), "-C", config, "--half-quiet", *more], folder)


def maildir(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (folder / "maildir/new").iterdir())


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_mpop(mock: Mock, mail: Path, tmp_path: Path, transport: str) -> None:
    wanted = in_files(mail)
    auth = "--auth=cram-md5" if transport == "clear" else "--auth=plain"
    status = mpop(mock, transport, tmp_path, auth, "--status-only")
    kib = sum(map(len, on_the_wire(mail))) / 1024
    assert f"new: 6 messages in {kib:.2f} KiB, total: 6 messages".encode() in status
    mpop(mock, transport, tmp_path, auth, "--keep=on")
    assert maildir(tmp_path) == sorted(wanted)
    assert len(remaining(mock)) == len(wanted)
    mpop(mock, transport, tmp_path, auth, "--keep=on")
    assert maildir(tmp_path) == sorted(wanted), "unique-ids stay, so nothing comes twice"
    mpop(mock, transport, tmp_path, auth, "--keep=off", "--only-new=off")
    assert remaining(mock) == []


@pytest.mark.parametrize("mechanism", ["user", "apop", "login", "scram-sha-256"])
def test_mpop_logs_in_by(mock: Mock, mail: Path, tmp_path: Path, mechanism: str) -> None:
    mpop(mock, "stls", tmp_path, f"--auth={mechanism}", "--keep=on")
    assert maildir(tmp_path) == sorted(in_files(mail))
