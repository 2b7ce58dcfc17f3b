# SPDX-License-Identifier: Apache-2.0
"""Logins that TLS is a part of: client certificates, and SCRAM bound to the connection."""

import asyncio
import hashlib
import hmac
import ssl
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from making import popquiz, results
from mock_server import PASSWORD, USER, Client, Mock, greeted, serving, start_tls, tls_context

from popquiz.fixtures import DEFAULT, Maildrop
from popquiz.target_plain import PlainTarget
from popquiz.targets import Account, Endpoint

OPTIONS = ("--port", "0", "--tls", "--mechanisms", "all", "--client-ca", "own")
LOGIN = "rfc1939.stat.format or rfc8314.client-certificate.external"


def pems(mock: Mock, user: str = "user") -> tuple[Path, Path]:
    """The certificate that the server has made for an account, and its key."""
    pem = Path(mock.ready["client_certificates"][user])
    return pem, pem.with_suffix(".key")


def secure(mock: Mock) -> Client:
    """Inside TLS 1.2, where Python knows tls-unique."""
    client = greeted(mock)
    assert client.ask(b"STLS").startswith(b"+OK")
    context = tls_context(mock)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return Client(context.wrap_socket(client.sock, server_hostname="localhost"))


# ---- an independent client ----------------------------------------------------------------------


def mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def say(client: Client, message: bytes) -> bytes:
    return client.ask(b64encode(message))


def challenge(line: bytes) -> bytes:
    assert line.startswith(b"+ "), line
    return b64decode(line[2:].strip())


def log_in(client: Client, binding: bytes) -> bytes:
    """The last answer to SCRAM-SHA-256-PLUS with what the client takes for tls-unique."""
    bare = b"n=" + USER + b",r=rOprNGfwEbeRWgbNEkqO"
    assert client.ask(b"AUTH SCRAM-SHA-256-PLUS") == b"+ \r\n"
    first = challenge(say(client, b"p=tls-unique,," + bare))
    nonce, salt, count = (part[2:] for part in first.split(b","))
    bound = b64encode(b"p=tls-unique,," + binding)
    last = b"c=" + bound + b",r=" + nonce
    text = b",".join((bare, first, last))
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD, b64decode(salt), int(count))
    key = mac(salted, b"Client Key")
    signature = mac(hashlib.sha256(key).digest(), text)
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    answer = say(client, last + b",p=" + b64encode(proof))
    if not answer.startswith(b"+ "):
        return answer
    assert challenge(answer) == b"v=" + b64encode(mac(mac(salted, b"Server Key"), text))
    return client.ask(b"")


def test_python_agrees_on_tls_unique() -> None:
    with serving(*OPTIONS) as mock, secure(mock) as client, secure(mock) as other:
        assert isinstance(client.sock, ssl.SSLSocket) and isinstance(other.sock, ssl.SSLSocket)
        own, foreign = (s.get_channel_binding() or b"" for s in (client.sock, other.sock))
        assert log_in(client, foreign).startswith(b"-ERR ")
        assert log_in(client, own[:-1]).startswith(b"-ERR ")
        assert log_in(client, own).startswith(b"+OK ")


# ---- certificates -------------------------------------------------------------------------------


def test_a_certificate_is_asked_for_and_each_account_has_one() -> None:
    with serving(*OPTIONS) as mock:
        assert list(mock.ready["client_certificates"]) == ["user"]
        assert all(path.is_file() for path in pems(mock))
        folder = pems(mock)[0].parent
        with start_tls_after_stls(mock) as client:
            assert client.ask(b"AUTH EXTERNAL =").startswith(b"-ERR [AUTH] ")
    assert not folder.exists()


def start_tls_after_stls(mock: Mock) -> Client:
    client = greeted(mock)
    assert client.ask(b"STLS").startswith(b"+OK")
    return start_tls(client, mock)


def test_the_authority_of_clients_may_be_another_one(tmp_path: Path) -> None:
    """Whoever has a certificate of the first server logs in at the second; a stranger does not."""
    with serving(*OPTIONS) as first, serving(*OPTIONS) as stranger:
        trust = ("--client-ca", first.ready["ca_file"])
        with serving(*OPTIONS[:-2], *trust, "--tls-folder", str(tmp_path / "tls")) as second:
            assert not second.ready["client_certificates"]
            assert external(second, pems(first)).startswith(b"+OK ")
            assert external(second, pems(stranger)) == b""


def external(mock: Mock, pem: tuple[Path, Path]) -> bytes:
    """The answer to EXTERNAL; nothing when TLS refuses the certificate."""
    context = tls_context(mock)
    context.load_cert_chain(*pem)
    with greeted(mock) as client:
        assert client.ask(b"STLS").startswith(b"+OK")
        try:
            with context.wrap_socket(client.sock, server_hostname="localhost") as sock:
                return Client(sock).ask(b"AUTH EXTERNAL =")
        except OSError:
            return b""


def test_an_account_without_the_certificate_has_no_seat(tmp_path: Path) -> None:
    first = Account("a", "x", certificate=tmp_path)
    second = Account("b", "x")
    for accounts, seats in (([first, second], ["a"]), ([second, first], ["b"])):
        target = PlainTarget(Endpoint("tcp://mail.example:110"), accounts)
        found = asyncio.run(target.start([], 2))
        owners = [seat.account(Maildrop(DEFAULT, ())) for seat in found]
        assert [owner.user for owner in owners if owner] == seats
        assert [seat.second.user for seat in found if seat.second] == [accounts[1].user]


# ---- certify ------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["external", "scram-sha-256-plus"])
def test_certify_logs_in_so(tmp_path: Path, login: str) -> None:
    """With EXTERNAL no password is needed."""
    secret = tmp_path / "pw"
    secret.write_bytes(PASSWORD + b"\n")
    secret.chmod(0o600)
    with serving(*OPTIONS) as mock:
        cert, key = pems(mock)
        ways = {
            "external": ("--client-cert", cert, "--client-key", key),
            "scram-sha-256-plus": ("--password-file", secret),
        }
        words = ("--target", mock.address(), "--tls", "stls", "--ca", mock.ready["ca_file"])
        more = ("--host", "localhost", "--user", "user", "--login", login, *ways[login])
        ran = popquiz("certify", *words, *more, "--select", LOGIN, "--out", tmp_path / "out")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = {each["id"]: each["verdict"] for each in results(tmp_path)["cases"]}
    case = "rfc8314.client-certificate.external[how=named]"
    assert found[case] == ("PASS" if login == "external" else "SKIP"), found
