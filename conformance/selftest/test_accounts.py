# SPDX-License-Identifier: Apache-2.0
"""Who logs in: options, files, the environment and POP URLs; and who else might see the secrets."""

import argparse
import os
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import case, certify, popquiz, verdicts

from popquiz import accounts, options, plan, popurl
from popquiz.deeds import Deeds
from popquiz.errors import Exit, UsageError
from popquiz.facts import Facts
from popquiz.fixtures import Maildrop
from popquiz.target_plain import PlainSeat, PlainTarget
from popquiz.targets import Account, Endpoint, NoAdapter
from popquiz.verdicts import Skip


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    options.add_target(parser)
    options.add_safety(parser)
    return parser.parse_args(words)


def private(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return str(path)


# ---- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "password"),
    [
        (b"secret pass\r\n", "secret pass"),
        (b"secret pass", "secret pass"),
        (b" x \nmore\n", " x "),
        ("p\u00e4ssw\u00f6rd\n".encode(), "p\u00e4ssw\u00f6rd"),
        (b"a" * 1024, "a" * 1024),
    ],
)
def test_a_password_is_the_first_line_of_its_file(
    tmp_path: Path, octets: bytes, password: str
) -> None:
    assert accounts.read_password(private(tmp_path / "pw", octets)) == password


@pytest.mark.parametrize("octets", [b"", b"\n", b"\r\n", b"\nsecret\n", b"\xff\n", b"a" * 1025])
def test_a_password_file_without_one_is_refused(tmp_path: Path, octets: bytes) -> None:
    with pytest.raises(UsageError):
        accounts.read_password(private(tmp_path / "pw", octets))


@pytest.mark.parametrize(
    ("mode", "good"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)]
)
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int, good: bool) -> None:
    path = private(tmp_path / "pw", "secret\n")
    Path(path).chmod(mode)
    if good:
        assert accounts.read_password(path) == "secret"
        return
    with pytest.raises(UsageError, match=f"^{path}: others may read it: chmod 600 {path}$"):
        accounts.read_password(path)


def test_a_file_has_one_account_or_two(tmp_path: Path) -> None:
    private(tmp_path / "pw", "second secret\n")
    text = 'user = "tim"\npassword = "x y"\n[second]\nuser = "tom"\npassword_file = "pw"\n'
    file = private(tmp_path / "accounts.toml", text)
    found = accounts.read(arguments("--account", file))
    assert [(a.user, a.password) for a in found] == [("tim", "x y"), ("tom", "second secret")]
    private(tmp_path / "accounts.toml", 'user = "tim"\npassword = "x"\n')
    assert accounts.read(arguments("--account", file)) == [Account("tim", "x")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('password = "x"', "user: is missing"),
        ('user = "u"', "password: is needed, or password_file, and not both"),
        ('user = "u"\npassword = "x"\npassword_file = "y"', "and not both"),
        ('user = "u"\npassword = "x"\npasswort = "y"', "passwort: is unknown"),
        ('user = "u"\npassword = "x"\n[second]\nuser = 1', "user in .second.: must be text"),
        ("user = ", "Invalid value"),
    ],
)
def test_a_file_that_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = private(tmp_path / "accounts.toml", text)
    with pytest.raises(UsageError, match=told):
        accounts.read(arguments("--account", file))
    Path(file).chmod(0o644)
    with pytest.raises(UsageError, match="others may read it"):
        accounts.read(arguments("--account", file))


def test_the_environment_is_asked_last_and_is_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settings() -> None:
        monkeypatch.setenv("POPQUIZ_USER", "tim")
        monkeypatch.setenv("POPQUIZ_PASSWORD", "x")

    settings()
    assert accounts.read(arguments()) == [Account("tim", "x")]
    assert "POPQUIZ_PASSWORD" not in os.environ
    settings()
    words = ("--user", "tom", "--password-file", private(tmp_path / "pw", "y\n"))
    assert accounts.read(arguments(*words)) == [Account("tom", "y")]
    assert "POPQUIZ_PASSWORD" not in os.environ
    monkeypatch.setenv("POPQUIZ_USER", "tim")
    with pytest.raises(UsageError, match="POPQUIZ_USER and POPQUIZ_PASSWORD belong together"):
        accounts.read(arguments())


# ---- certificates -------------------------------------------------------------------------------


def test_a_certificate_may_be_all_there_is(tmp_path: Path) -> None:
    cert, key = (private(tmp_path / name, "x") for name in ("c.pem", "c.key"))
    words = ("--user", "tim", "--client-cert", cert)
    only = Account("tim", "", certificate=Path(cert))
    assert accounts.read(arguments(*words)) == [only]
    found = accounts.read(arguments(*words, "--client-key", key))
    assert found == [Account("tim", "", certificate=Path(cert), key=Path(key))]
    secret = ("--password-file", private(tmp_path / "pw", "y\n"))
    found = accounts.read(arguments(*words, *secret))
    assert found == [Account("tim", "y", certificate=Path(cert))]
    file = private(tmp_path / "a.toml", 'user = "tim"\ncertificate = "c.pem"\nkey = "c.key"\n')
    found = accounts.read(arguments("--account", file))
    assert found == [Account("tim", "", certificate=Path(cert), key=Path(key))]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--client-key", "x"), "--client-key belongs to --client-cert"),
        (("--client-cert", "/nowhere"), "/nowhere: there is no such file"),
    ],
)
def test_a_certificate_that_is_not_there_is_told(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        accounts.read(arguments("--user", "tim", *words))


# ---- tokens -------------------------------------------------------------------------------------


def test_a_token_comes_from_a_file_or_a_command(tmp_path: Path) -> None:
    token = "t" * 2000
    file = private(tmp_path / "token", f"{token}\n")
    for words in (("--token-file", file), ("--token-command", f"/bin/cat {file}")):
        (found,) = accounts.read(arguments("--user", "u", *words))
        assert (found.password, found.is_token) == (token, True)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/bin/false", "--token-command: status 1"),
        ("/bin/true", "--token-command: the first line must be"),
        ("/nonexistent/x", "--token-command: .*No such file"),
        ("", "--token-command|belong together"),
        ("'", "--token-command: No closing quotation"),
    ],
)
def test_a_command_without_a_token_is_told(command: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        accounts.read(arguments("--user", "u", "--token-command", command))


@pytest.mark.parametrize("login", ["xoauth2", "oauthbearer"])
def test_tokens_log_in(tmp_path: Path, login: str) -> None:
    words = ("--mock-option", "mechanisms=all", "--login", login, "--tls", "stls")
    ran = certify(tmp_path, "mock", *words, "--select", "rfc1939.stat.list-agree")
    assert ran.returncode == Exit.PASSED, ran.stdout + ran.stderr
    assert verdicts(tmp_path) == {"rfc1939.stat.list-agree": "PASS"}


def test_a_token_is_not_tried_as_a_password() -> None:
    token = Account("u", "t", is_token=True)
    target, seat = (
        PlainTarget(Endpoint("tcp://h:1"), [token]),
        PlainSeat(Endpoint("tcp://h:1"), token, None, NoAdapter()),
    )
    situation = plan.Situation(target, seat, Facts())
    drop = Maildrop("default", ())
    found = plan.refusal(case(deeds=Deeds(password=True)), drop, situation)
    assert found and found[0] is Skip.CONFIG
    assert plan.refusal(case(), drop, situation) is None


# ---- POP URLs -----------------------------------------------------------------------------------

MECHANISMS = st.from_regex(r"[A-Z0-9_-]{1,20}", fullmatch=True)
USERS = st.text(min_size=1).filter(
    lambda user: not re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", user)
)
HOSTS = st.sampled_from(["mail.example.com", "127.0.0.1", "::1", "localhost"])


@given(USERS, st.none() | st.just("+APOP") | MECHANISMS, HOSTS, st.none() | st.integers(1, 65535))
def test_what_is_encoded_is_read_again(
    user: str, auth: str | None, host: str, port: int | None
) -> None:
    place = f"[{host}]" if ":" in host else host
    text = f"pop://{quote(user, safe='')}{f';AUTH={auth}' if auth else ''}@{place}"
    found = popurl.parse(text + (f":{port}" if port else ""))
    assert found == popurl.PopUrl(host, port or 110, user, auth)


@given(st.text(alphabet="pop://uU%4;AUTH=+*@[]:.1a\r\n \u00e9?#"))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        found = popurl.parse(f"pop://{text}")
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert not re.search(r"[\x00-\x1f@/?#]", found.host)
        assert found.user is None or not re.search(r"[\x00-\x1f]", found.user)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("pop://h", popurl.PopUrl("h", 110)),
        ("POP://H:/", popurl.PopUrl("h", 110)),
        ("pops://h", popurl.PopUrl("h", 995, implicit=True)),
        ("pop://u;AUTH=*@h", popurl.PopUrl("h", 110, "u")),
        ("pop://u;auth=+apop@h:8110", popurl.PopUrl("h", 8110, "u", "+APOP")),
        (
            "pop://a%40b%3Bc;AUTH=SCRAM-SHA-1@[::1]",
            popurl.PopUrl("::1", 110, "a@b;c", "SCRAM-SHA-1"),
        ),
    ],
)
def test_urls_of_the_rfc(text: str, url: popurl.PopUrl) -> None:
    assert popurl.is_url(text) and popurl.parse(text) == url


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pop://", "is no POP URL"),
        ("pop://h/path", "is no POP URL"),
        ("pop://u@h@i", "is no POP URL"),
        ("pop://u:secret@h", "a password has no place in a POP URL"),
        ("pop://u%0D%0ADELE@h", "control character"),
        ("pop://u%zz@h", "is not %-encoded"),
        ("pop://%ff@h", "is not UTF-8"),
        ("pop://@h", "is not %-encoded"),
        ("pop://u;AUTH=@h", "is not %-encoded"),
        ("pop://u;AUTH=+X@h", "APOP is the only one"),
        ("pop://h:0", "the port must be"),
        ("pop://h:65536", "the port must be"),
        ("imap://h", "is no POP URL"),
    ],
)
def test_urls_that_are_none(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        popurl.parse(text)


def test_a_url_stands_for_the_options(tmp_path: Path) -> None:
    file = private(tmp_path / "pw", "x\n")
    args = arguments("--target", "pops://tim;AUTH=PLAIN@mail.example", "--password-file", file)
    target = options.target(args)
    assert (target.name, args.tls, args.user, args.login) == (
        "tcp://mail.example:995",
        "implicit",
        "tim",
        "plain",
    )
    args = arguments("--target", "pop://tim@h", "--user", "tom", "--password-file", file)
    with pytest.raises(UsageError, match="--user says 'tom', the POP URL 'tim'"):
        options.target(args)


def test_a_url_is_a_target_of_the_command(tmp_path: Path) -> None:
    file = private(tmp_path / "pw", "x\n")
    words = ("--password-file", file, "--patience", "1", "--out", str(tmp_path / "out"))
    ran = popquiz("certify", "--target", "pop://tim@127.0.0.1:1", *words)
    assert ran.returncode == Exit.TARGET and "tcp://127.0.0.1:1" in ran.stderr
