# SPDX-License-Identifier: Apache-2.0
"""The command line of popquiz-mock: every mistake is one clear line and an exit status."""

import subprocess
from pathlib import Path

import pytest
from mock_server import Mock, greeted, run, serving

# Exit status 2: the command line is wrong.
USAGE = [
    (["--nonsense"], 'unknown option "--nonsense": see --help'),
    (["nonsense"], 'unknown option "nonsense": see --help'),
    (["--por"], 'unknown option "--por": see --help'),
    (["-p"], 'unknown option "-p": see --help'),
    ([""], 'unknown option "": see --help'),
    (["--inetd=1"], "--inetd takes no value"),
    (["--port"], "--port: N is missing"),
    (["--port", ""], '--port: "": give a number from 0 to 65535'),
    (["--port", "65536"], '--port: "65536": give a number from 0 to 65535'),
    (["--port", "-1"], '--port: "-1": give a number from 0 to 65535'),
    (["--port", "010"], '--port: "010": give a number from 0 to 65535'),
    (["--port=99999999999999999999"], "give a number from 0 to 65535"),
    (["--port=0"] * 9, "--port: more than 8 addresses to listen on"),
    (["--listen", "127.0.0.1:110"], "--listen: "),
    (["--listen", "unix:relative"], "--listen: "),
    (["--connections", "0"], "give a number from 1 to 1000000"),
    (["--certificate", "bad"], "give good, expired, not-yet, wrong-name or self-signed"),
    (["--tls-min", "1.4"], '--tls-min: "1.4": give 1.2 or 1.3 (or 1.0, 1.1)'),
    (["--stls-leftover", "keep"], '--stls-leftover: "keep": give discard or close'),
    (["--mechanisms", "PLAIN,NTLM"], "give all, or mechanisms separated by commas"),
    (["--mechanisms", "PLAIN,,LOGIN"], "give all, or mechanisms separated by commas"),
    (["--implementation", ""], "a line of printable ASCII of at most 495 characters"),
    (["--implementation", "a\r\nSTLS"], "a line of printable ASCII"),
    (["--implementation", "x" * 496], "a line of printable ASCII"),
    (["--capa", "TOP"], "auth=no|yes,tls=no|yes: and capabilities separated by semicolons"),
    (["--capa", "auth=no,tls=no:TOP\r\n"], "lines of printable ASCII of at most 510 characters"),
    (["--capa", "auth=no,tls=no:" + "x" * 511], "lines of printable ASCII of at most 510"),
    (["--lenient", "lf,all"], "give lf, blanks, surplus, zeros, separated by commas"),
    (["--autologout", "0"], "give a number from 1 to 4294967295"),
    (["--login-delay", "4294967296"], "give a number from 0 to 4294967295"),
    (["--expire", "soon"], "give a number from 0 to 4294967294"),
    (["--seed", "x"], "give a number from 0 to 18446744073709551615"),
    (["--clock", "later"], "give a number from 0 to 1000000000000000"),
    (["--clock", "1000000000000001"], "give a number from 0 to 1000000000000000"),
    (["--apop-timestamp", "1@h"], "give <LEFT@RIGHT>, a message-id of at most 128 octets"),
    (["--apop-timestamp", "<1@h> "], "give <LEFT@RIGHT>"),
    (["--apop-timestamp", "<1@h>\r\n+OK"], "give <LEFT@RIGHT>"),
    (["--apop-timestamp", f"<{'1' * 125}@h>"], "give <LEFT@RIGHT>"),
    (["--nonce", ""], "give 1 to 64 visible ASCII characters without a comma"),
    (["--nonce", "a,b"], "give 1 to 64 visible ASCII characters without a comma"),
    (["--nonce", "n" * 65], "give 1 to 64 visible ASCII characters without a comma"),
    (["--fault", "nonsense"], 'fault "nonsense" is unknown: see --list-faults'),
    (["--fault", "retr-deleted-ok"] * 9, "--fault: more than 8 at once"),
    (["--users", "a", "--maildrop", "b"], "--users and --maildrop exclude each other"),
    (["--inetd", "--port", "1"], "--inetd has no address to listen on"),
    (["--inetd", "--control"], "--inetd and --control both want standard input"),
]

# Exit status 3: it cannot serve.
CANNOT = [
    (["--users", "/nonexistent"], "/nonexistent: cannot be opened: No such file or directory"),
    (["--users", "/"], "/: is not a regular file"),
    (["--maildrop", "/nonexistent"], "/nonexistent: is not a folder: give a Maildir or a folder"),
    (["--listen", "tcp://0.0.0.0:0"], "tcp://0.0.0.0:0 is not loopback"),
    (["--listen", "tcp://[::]:0"], "tcp://[::]:0 is not loopback"),
    (["--listen", "unix:/nonexistent/x"], "cannot listen on unix:/nonexistent/x: No such file"),
    (["--transcript", "/nonexistent/x"], "/nonexistent/x: cannot be written: No such file"),
    (["--tls", "--tls-folder", "/nonexistent/x"], "/nonexistent/x: No such file or directory"),
    (["--tls-min", "1.3", "--tls-max", "1.2"], "the lowest TLS version is above the highest"),
    (["--control"], "--control: standard input must be a pipe, a socket or a terminal"),
]


def identify(value: list[str] | str) -> str:
    return ascii(" ".join(value)[:40]) if isinstance(value, list) else ""


@pytest.mark.parametrize(("options", "says"), USAGE, ids=identify)
def test_a_wrong_command_line(options: list[str], says: str) -> None:
    check(options, says, 2)


@pytest.mark.parametrize(("options", "says"), CANNOT, ids=identify)
def test_what_cannot_be_served(options: list[str], says: str) -> None:
    check(options, says, 3)


def check(options: list[str], says: str, status: int) -> None:
    ran = run(*options, stdin=subprocess.DEVNULL)
    text = ran.stderr.decode("ascii")
    assert ran.returncode == status, text
    assert ran.stdout == b""
    assert text.startswith("popquiz-mock: ")
    assert says in text
    assert text.endswith("\n")
    assert text.count("\n") == 1


def test_a_broken_accounts_file_is_told_with_its_line(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("ann\tpw\n# comment\nbob\n")
    check(["--users", str(users)], f"{users}:3: the password has 0 octets", 3)
    users.write_text("ann\tpw\tnowhere\n")
    check(["--users", str(users)], f"{users}:1: {tmp_path}/nowhere: is not a folder", 3)


@pytest.mark.parametrize("option", ["--help", "--version", "--list-faults"])
def test_texts_are_printed_and_missed_on_a_full_disk(option: str) -> None:
    ran = run(option)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert len(ran.stdout) > 10
    with open("/dev/full", "wb") as full:
        ran = run(option, stdout=full)
    assert ran.returncode == 3
    assert ran.stderr == b"popquiz-mock: standard output cannot be written: " + (
        b"No space left on device\n"
    )


def test_a_ready_line_that_nobody_gets_ends_the_server() -> None:
    with open("/dev/full", "wb") as full:
        ran = run("--port", "0", stdout=full)
    assert ran.returncode == 3
    assert ran.stderr == b"popquiz-mock: the ready line cannot be written\n"


def test_help_names_every_option_once() -> None:
    text = run("--help").stdout.decode()
    names = [line.split()[0] for line in text.splitlines() if line.startswith("  --")]
    assert len(names) == len(set(names)) > 35
    for name in set(names) - {"--help", "--version", "--list-faults"}:
        assert f'unknown option "{name}' not in run(f"{name}=", "--nonsense").stderr.decode()


def test_the_faults_listed_are_those_of_the_catalogue() -> None:
    text = run("--list-faults").stdout.decode()
    names = [line.split()[0] for line in text.splitlines() if not line.startswith(" ")]
    rows = (Path(__file__).parent / "faults.tsv").read_text().splitlines()
    built = [row.split("\t")[0] for row in rows[1:] if "\tnot built: " not in row]
    assert sorted(names) == built


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_seed_and_fault_does_not_matter(order: int) -> None:
    options = [("--seed", "2"), ("--fault", "stat-total-off-by-one")][::order]
    with serving("--port", "0", *options[0], *options[1]) as mock:
        assert stat(mock) == b"+OK 3 308\r\n"


def stat(mock: Mock) -> bytes:
    with greeted(mock) as client:
        client.login()
        return client.ask(b"STAT")


def capabilities(*options: str) -> list[bytes]:
    ran = run("--inetd", *options, stdin=b"CAPA\r\n")
    return ran.stdout.split(b"\r\n")[2:-2]


def test_capabilities_follow_the_options() -> None:
    everything = capabilities()
    assert b"UTF8 USER" in everything
    assert b"IMPLEMENTATION popquiz-mock" in everything
    less = capabilities("--no-utf8", "--no-lang", "--no-sasl", "--no-user", "--no-pipelining")
    assert set(everything) - set(less) == {
        *(b"UTF8 USER", b"LANG", b"USER", b"PIPELINING"),
        *(line for line in everything if line.startswith(b"SASL")),
    }
    assert b"STLS" in capabilities("--tls")
    assert b"EXPIRE 30" in capabilities("--expire", "30")
    assert b"LOGIN-DELAY 9" in capabilities("--login-delay", "9")
    assert b"SASL PLAIN SCRAM-SHA-256" in capabilities("--mechanisms", "scram-sha-256,plain")
    in_clear = b"SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2 SCRAM-SHA-1"
    assert in_clear in capabilities("--mechanisms", "all")
    assert capabilities("--capa", "auth=no,tls=no:TOP;.X") == [b"TOP", b"..X"]
    assert capabilities("--implementation", "x" * 495)[-4] == b"IMPLEMENTATION " + b"x" * 495


def test_a_timestamp_and_a_nonce_as_given() -> None:
    ran = run("--inetd", "--apop-timestamp", "<1@h>", "--nonce", "n", stdin=b"AUTH CRAM-MD5\r\n")
    assert ran.stdout.startswith(b"+OK POP3 server ready <1@h>\r\n+ PG5A")
    assert b"<" not in run("--inetd", "--no-apop", stdin=b"").stdout
