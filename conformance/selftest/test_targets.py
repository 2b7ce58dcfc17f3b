# SPDX-License-Identifier: Apache-2.0
"""Targets: servers that we start, their mail, their deaths, and the reference server's adapter."""

import asyncio
import os
import poplib
import re
import socket
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import HERE, PASSWORD, TINY

from popquiz import children, fixtures, probe, sanitizer, target_exec
from popquiz.cases import Need
from popquiz.errors import SuiteError, TargetError, UsageError
from popquiz.fixtures import Fixtures, Maildrop
from popquiz.mask import MASK, Mask
from popquiz.target_exec import ExecTarget, Reset
from popquiz.target_mock import MockConfig, MockTarget, options_for, user_of
from popquiz.target_plain import PlainTarget
from popquiz.targets import Account, Endpoint, Seat, UnableError

T = TypeVar("T")
USER = Account("user", PASSWORD)
DEFAULT = Maildrop("default", (b"Subject: 1\r\n\r\none\r\n", b"Subject: 2\r\n\r\ntwo\r\n"))
DOTS = Maildrop("dots", (b".\r\n",))
Talk = Callable[[Seat], Awaitable[T]]


def with_target(target: Any, talk: Talk[T], jobs: int = 1, mail: Maildrop = DEFAULT) -> T:
    """What is said with the first seat; the target is stopped in every case."""

    async def talked() -> T:
        try:
            seats = await target.start([mail], jobs)
            return await talk(seats[0])
        finally:
            await target.stop()

    children.watch_without_threads()
    return asyncio.run(talked())


def pop3(seat: Seat, user: str = "user") -> poplib.POP3:
    parts = urlsplit(seat.endpoint.address)
    client = poplib.POP3(parts.hostname or "", parts.port or 0, timeout=10)
    client.user(user)
    client.pass_(PASSWORD)
    return client


async def session(seat: Seat, talk: Callable[[poplib.POP3], T], user: str = "user") -> T:
    """A whole POP3 session, off the loop, which may be what serves it."""

    def talked() -> T:
        client = pop3(seat, user)
        try:
            found = talk(client)
            client.quit()
            return found
        finally:
            client.close()

    return await asyncio.to_thread(talked)


def exec_target(command: str, reset: Reset | None = None, seconds: float = 5.0) -> ExecTarget:
    target = ExecTarget(command, Endpoint(""), [USER], reset)
    target.greeting_seconds = seconds
    return target


# ---- servers that we start ----------------------------------------------------------------------


@pytest.mark.parametrize("command", [f"{TINY} --port {{port}}", TINY])
def test_a_server_is_started_and_leaves_nothing(command: str) -> None:
    target = exec_target(command)

    async def talk(seat: Seat) -> tuple[str, tuple[int, int]]:
        return seat.endpoint.address, await session(seat, lambda c: c.stat())

    address, stat = with_target(target, talk)
    assert stat[0] == 3
    parts = urlsplit(address)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((parts.hostname, parts.port), timeout=1)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/nonexistent/popd {port}", "exec: /nonexistent/popd: No such file"),
        ("/nonexistent/popd", "ends before it greets: cannot run /nonexistent/popd: No such file"),
        (f"{TINY} --port {{port}} --nonsense", "ends before it greets: exit status 2; .*nonsense"),
        ("/bin/false {port}", "ends before it greets: exit status 1"),
        ("/bin/false", "ends before it greets: exit status 1"),
        ("/bin/kill -ABRT 0 {port}", "ends before it greets: signal SIGABRT"),
        (f"{TINY} --port {{port}} --greet no", "takes connections and does not greet"),
        (f"{TINY} --greet no", "takes connections and does not greet"),
        ("/bin/sleep 60{port}", "cannot be reached: Connection refused"),
    ],
)
def test_a_server_that_does_not_greet_is_one_line(command: str, told: str) -> None:
    with pytest.raises(TargetError, match=told) as found:
        with_target(exec_target(command, seconds=0.7), lambda seat: asyncio.sleep(0))
    assert "\n" not in str(found.value)


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    command = f"{TINY} --port {{port}} --folder '{{dir}}/;touch ${{HOME}} x' "
    target = exec_target(command)

    async def talk(seat: Seat) -> tuple[int, int]:
        return await session(seat, lambda c: c.stat())

    assert with_target(target, talk) == (0, 0)


@pytest.mark.parametrize("command", ["", "   ", "a 'b"])
def test_a_command_that_is_none_is_refused(command: str) -> None:
    with pytest.raises(UsageError, match="--target exec: "):
        exec_target(command)


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        ("abort", {"signal"}),
        ("exit", {"exit"}),
        ("asan", {"signal", "sanitizer"}),
        ("ubsan", {"sanitizer"}),
    ],
)
def test_what_happens_to_a_server_is_told_once(action: str, kinds: set[str]) -> None:
    async def talk(seat: Seat) -> tuple[set[str], set[str]]:
        try:
            await session(seat, lambda c: c.list())
        except (poplib.error_proto, OSError):
            pass
        seen: set[str] = set()
        while not kinds <= seen:
            await asyncio.sleep(0.01)
            seen |= {incident.kind for incident in seat.incidents()}
        return seen, {incident.kind for incident in seat.incidents()}

    command = f"{TINY} --port {{port}} --on LIST={action}"
    assert with_target(exec_target(command), talk) == (kinds, set())


@pytest.mark.parametrize(("action", "kinds"), [("abort", {"signal"}), ("exit", set())])
def test_an_inetd_servers_status_says_little_and_its_signal_much(
    action: str, kinds: set[str]
) -> None:
    async def talk(seat: Seat) -> set[str]:
        with pytest.raises((poplib.error_proto, OSError)):
            await session(seat, lambda c: c.list())
        await asyncio.sleep(0.3)
        return {incident.kind for incident in seat.incidents()}

    assert with_target(exec_target(f"{TINY} --on LIST={action}"), talk) == kinds


def test_a_restart_brings_a_dead_server_back() -> None:
    async def talk(seat: Seat) -> tuple[int, int]:
        with pytest.raises((poplib.error_proto, OSError)):
            await session(seat, lambda c: c.list())
        await seat.adapter.restart()
        return await session(seat, lambda c: c.stat())

    command = f"{TINY} --port {{port}} --on LIST=abort"
    assert with_target(exec_target(command), talk)[0] == 3


# ---- mail that comes back -----------------------------------------------------------------------


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    folder = tmp_path / "pristine"
    DEFAULT.write(folder)
    for path in (*folder.iterdir(), folder):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return folder


def remove_first(client: poplib.POP3) -> bytes:
    return client.dele(1)


@pytest.mark.parametrize("server", ["--port {port}", ""])
def test_mail_that_was_removed_comes_back_with_its_times(pristine: Path, server: str) -> None:
    reset = target_exec.parse_reset(f"copy:{pristine}:{{dir}}/mail")
    target = exec_target(f"{TINY} {server} --folder {{dir}}/mail", reset)

    async def talk(seat: Seat) -> list[int]:
        counts = []
        await session(seat, remove_first)
        counts.append((await session(seat, lambda c: c.stat()))[0])
        await seat.adapter.reset("user")
        counts.append((await session(seat, lambda c: c.stat()))[0])
        live = target._folders[0] / "mail"
        counts.append(int((live / "000001.eml").stat().st_mtime))
        counts.append(int(live.stat().st_mtime))
        return counts

    assert with_target(target, talk) == [1, 2, 1_000_000_000, 1_000_000_000]


def test_with_a_folder_of_their_own_there_are_several_seats(pristine: Path) -> None:
    command = f"{TINY} --port {{port}} --folder {{dir}}/mail"
    own = exec_target(command, Reset(pristine=str(pristine), live="{dir}/mail"))

    async def count(target: ExecTarget) -> int:
        try:
            return len(await target.start([DEFAULT], 3))
        finally:
            await target.stop()

    assert asyncio.run(count(own)) == 3
    assert asyncio.run(count(exec_target(command))) == 1


def test_a_single_file_comes_back_too(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("mbox")
    (tmp_path / "live").write_text("changed")
    target_exec.restore(tmp_path / "good", tmp_path / "live")
    assert (tmp_path / "live").read_text() == "mbox"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "live"]


def test_what_was_added_goes_when_a_folder_comes_back(pristine: Path, tmp_path: Path) -> None:
    live = tmp_path / "deep" / "live"
    target_exec.restore(pristine, live)
    (live / "more.eml").touch()
    target_exec.restore(pristine, live)
    assert sorted(path.name for path in live.iterdir()) == ["000001.eml", "000002.eml"]
    assert [path.name for path in live.parent.iterdir()] == ["live"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("copy", "write restart or copy:PRISTINE:LIVE"),
        ("copy:/etc/passwd", "write restart or copy"),
        ("copy::/x", "write restart or copy"),
        ("restart:now", "write restart or copy"),
        ("copy:/nonexistent/x:/tmp/y", "there is no /nonexistent/x"),
    ],
)
def test_a_reset_that_is_wrong_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        target_exec.parse_reset(text)


def test_without_a_reset_mail_does_not_come_back() -> None:
    async def talk(seat: Seat) -> bool:
        with pytest.raises(UnableError):
            await seat.adapter.reset("user")
        return "reset" in seat.adapter.abilities

    assert not with_target(exec_target(f"{TINY} --port {{port}}"), talk)


# ---- sanitizers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x6",
        "x.c:3:4: runtime error: index 9 out of bounds",
        "==12==ERROR: LeakSanitizer: detected memory leaks",
        "WARNING: ThreadSanitizer: data race (pid=1)",
        "==7== Invalid read of size 1",
    ],
)
def test_reports_of_sanitizers_are_found(line: str) -> None:
    found = sanitizer.find(["noise", line, *(f"#{n}" for n in range(50))])
    assert found and found.text.startswith(line)
    assert len(found.text.splitlines()) == sanitizer.LINES


@pytest.mark.parametrize("line", ["AddressSanitizer is on", "runtime error", "error: bad", ""])
def test_other_lines_are_no_reports(line: str) -> None:
    assert sanitizer.find([line]) is None


def test_reports_in_log_files_are_found_once(tmp_path: Path) -> None:
    (tmp_path / "asan.1").write_text("==1==ERROR: AddressSanitizer: old\n")
    logs = sanitizer.Logs({"ASAN_OPTIONS": f"halt_on_error=1:log_path={tmp_path}/asan:x=1"})
    assert logs.new() == []
    (tmp_path / "asan.2").write_text("==2==ERROR: AddressSanitizer: new\nat x\n")
    (tmp_path / "asan.3").write_text("nothing\n")
    (tmp_path / "other.4").write_text("==2==ERROR: AddressSanitizer: not ours\n")
    assert [found.text for found in logs.new()] == ["==2==ERROR: AddressSanitizer: new\nat x"]
    assert logs.new() == []


# ---- other people's servers ---------------------------------------------------------------------


def plain(accounts: int, jobs: int) -> list[Seat]:
    given_ = [Account(f"u{n}", "x") for n in range(accounts)]
    target = PlainTarget(Endpoint("tcp://127.0.0.1:1"), given_)
    return list(asyncio.run(target.start([DEFAULT], jobs)))


def test_there_are_as_many_seats_as_accounts() -> None:
    assert [len(plain(1, 8)), len(plain(2, 8)), len(plain(2, 1))] == [1, 2, 1]


def test_each_seat_has_the_other_account_as_its_second() -> None:
    first, second = plain(2, 2)
    assert (first.account(DEFAULT), first.second) == (second.second, second.account(DEFAULT))
    assert first.account(DOTS) is None


# ---- the reference server -----------------------------------------------------------------------


def test_the_reference_server_has_an_account_for_each_maildrop() -> None:
    target = MockTarget(MockConfig())

    async def talked() -> list[tuple[int, int]]:
        try:
            (seat,) = await target.start([DEFAULT, DOTS], 1)
            assert seat.account(Maildrop("other", ())) is None
            users = [seat.account(DEFAULT), seat.account(DOTS), seat.second]
            return [await session(seat, lambda c: c.stat(), user.user) for user in users if user]
        finally:
            await target.stop()

    assert asyncio.run(talked()) == [(2, 38), (1, 3), (2, 38)]


def test_a_case_may_ask_for_a_setting_of_the_reference_server() -> None:
    options = ("--no-apop", "--require-tls")
    assert MockTarget(MockConfig(options=options)).settings == {"require-tls"}
    assert MockTarget(MockConfig()).settings == set()


def test_passwords_of_the_mock_are_tokens_with_every_mechanism() -> None:
    """RFC 6750 section 2.1: a bearer token has no blanks."""
    tokens = MockConfig(options=("--mechanisms=all",))
    assert MockTarget(tokens).settings == {"tokens"}
    assert " " in MockConfig().password
    assert re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", tokens.password)


@pytest.mark.parametrize(
    ("needs", "options"),
    [
        ((), ()),
        ((Need("capa", args=("SASL", "SCRAM-SHA-256")), Need("tls")), ()),
        ((Need("config", args=("require-tls",)),), ("--require-tls",)),
        ((Need("config", args=("read-only",)),), ("--read-only",)),
        ((Need("config", args=("tokens",)),), ("--mechanisms=all",)),
        ((Need("capa", args=("SASL", "ANONYMOUS")),), ("--mechanisms=all",)),
        ((Need("capa", args=("SASL", "SCRAM-SHA-1-PLUS")),), ("--mechanisms=all",)),
        ((Need("client-certificate"),), ("--mechanisms=all", "--client-ca=own")),
        ((Need("config", args=("unheard-of",)),), ()),
    ],
)
def test_what_a_case_needs_becomes_options(
    needs: tuple[Need, ...], options: tuple[str, ...]
) -> None:
    assert options_for(needs) == options


def test_the_reference_server_is_set_up_as_a_case_asks() -> None:
    tokens, policy = (Need("config", args=(name,)) for name in ("tokens", "require-tls"))
    inside, chosen = (
        MockTarget(MockConfig("stls", options=options))
        for options in (("--fault=x",), ("--mechanisms=PLAIN",))
    )
    fit = inside.configured_for((tokens,))
    assert (
        isinstance(fit, MockTarget)
        and fit.settings == {"tokens"}
        and "--fault=x" in fit.configuration
    )
    assert inside.configured_for((tokens, Need("tls"))) is fit
    assert inside.configured_for((policy,)) is not fit
    assert inside.configured_for((Need("tls"),)) is inside
    # What the person chose stays; and where all is in clear nobody could log in any more.
    assert chosen.configured_for((tokens,)) is chosen
    clear = MockTarget(MockConfig())
    assert clear.configured_for((policy,)) is clear


def test_the_second_account_is_what_a_case_asks_for() -> None:
    async def second(seat: Seat) -> tuple[str, str]:
        assert seat.second
        endpoint = seat.endpoint.address.removeprefix("tcp://").rsplit(":", 1)
        client = poplib.POP3(endpoint[0], int(endpoint[1]), timeout=10)
        client.encoding = "utf-8"
        client.user(seat.second.user)
        welcome = client.pass_(seat.second.password).decode()
        client.quit()
        return seat.second.user, welcome

    plain = MockTarget(MockConfig())
    asked = plain.configured_for((Need("config", args=("account-in-utf8",)),))
    assert isinstance(asked, MockTarget) and asked is not plain
    assert asked.settings == {"account-in-utf8"}
    user, welcome = with_target(asked, second)
    assert user == "j\u00fcrgen" and welcome.startswith("+OK maildrop has 0 messages")


def test_names_of_accounts_fit_into_a_command() -> None:
    long = Maildrop("a" * 60 + "-12345678", ())
    assert len(user_of(long)) == 40 and user_of(long).endswith("-12345678")


def test_the_reference_server_does_what_an_adapter_does() -> None:
    async def talk(seat: Seat) -> list[object]:
        adapter, told = seat.adapter, list[object]()
        await adapter.deliver("user", b"Subject: 3\r\n\r\nnew\r\n")
        told.append((await session(seat, lambda c: c.stat()))[0])
        await session(seat, remove_first)
        told.append([m.octets for m in await adapter.peek("user")])
        await adapter.reset("user")
        told.append([m.octets for m in await adapter.peek("user")])
        await adapter.advance(1000)
        await adapter.restart()
        told.append((await session(seat, lambda c: c.stat()))[0])
        with pytest.raises(OSError, match="no such account"):
            await adapter.peek("nobody")
        with pytest.raises(UnableError):
            await adapter.token("user")
        return told

    new = b"Subject: 3\r\n\r\nnew\r\n"
    told = with_target(MockTarget(MockConfig()), talk)
    assert told == [3, [DEFAULT.messages[1], new], [*DEFAULT.messages], 2]


def test_an_option_that_the_reference_server_does_not_take_is_a_usage_error() -> None:
    target = MockTarget(MockConfig(options=("--fault=nope",)))
    with pytest.raises(UsageError, match='fault "nope" is unknown'):
        with_target(target, lambda seat: asyncio.sleep(0))


def test_a_reference_server_that_dies_is_told_once() -> None:
    async def talk(seat: Seat) -> tuple[list[str], list[str]]:
        seat._mock._process.kill()  # type: ignore[attr-defined]
        await seat._mock._process.wait()  # type: ignore[attr-defined]
        first = [incident.text for incident in seat.incidents()]
        return first, [incident.text for incident in seat.incidents()]

    assert with_target(MockTarget(MockConfig()), talk) == (
        ["the server ended: signal SIGKILL"],
        [],
    )


# ---- maildrops ----------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path: Path) -> Fixtures:
    for name, texts in {"default": "ab", "two": "cd", "empty": ""}.items():
        (tmp_path / name).mkdir()
        for number, text in enumerate(texts):
            (tmp_path / name / f"{9 - number}.eml").write_text(text)
    return Fixtures(tmp_path)


def test_a_maildrop_is_made_of_fixtures_and_own_messages(shelf: Fixtures) -> None:
    assert shelf.maildrop((), {}) == Maildrop("default", (b"b", b"a"))
    assert shelf.maildrop(("default",), {}).is_default
    assert shelf.maildrop(("empty",), {}).messages == ()
    assert shelf.maildrop(("two", "default"), {}).messages == (b"d", b"c", b"b", b"a")
    own = shelf.maildrop(("x", "two", "x"), {"x": b"mine"})
    assert own.messages == (b"mine", b"d", b"c", b"mine")


def test_two_dialogues_may_use_a_name_for_different_messages(shelf: Fixtures) -> None:
    one, other = (shelf.maildrop(("x",), {"x": text}).name for text in (b"1", b"2"))
    assert one != other and one.startswith("x-")
    assert one == shelf.maildrop(("x",), {"x": b"1"}).name


def test_a_fixture_that_nobody_has_is_named(shelf: Fixtures) -> None:
    with pytest.raises(SuiteError, match="there is no fixture 'nope'"):
        shelf.maildrop(("nope",), {})


def test_written_messages_come_back_in_their_order(tmp_path: Path) -> None:
    many = Maildrop("many", tuple(b"%d" % n for n in range(25)))
    many.write(tmp_path / "x")
    assert fixtures.read_folder(tmp_path / "x") == many.messages


# ---- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://mail.example:110", ("mail.example", 110)),
        ("tcp://[::1]:995", ("::1", 995)),
        ("unix:/run/pop3", "/run/pop3"),
    ],
)
def test_addresses_are_read(text: str, address: object) -> None:
    assert probe.parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    " tcp:// tcp://host tcp://:110 tcp://h:0 tcp://h:65536 tcp://h:x http://h:1 tcp://h:1/path "
    "unix:relative tcp://[::1:2 h:110 tcp://h:1?x".split(" "),
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        probe.parse_address(text)


def test_a_socket_that_says_nothing_is_no_life() -> None:
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        endpoint = Endpoint(f"tcp://127.0.0.1:{quiet.getsockname()[1]}")
        assert "does not greet" in asyncio.run(probe.once(endpoint, 0.2))
    assert asyncio.run(probe.once(endpoint, 0.2)).startswith(probe.UNREACHABLE)


@pytest.mark.parametrize(
    ("lent_from", "least", "most"), [(12000, 10240, 11999), (10240, 1, 65535), (1024, 1, 65535)]
)
def test_a_free_port_is_one_that_is_lent_to_no_client(
    monkeypatch: pytest.MonkeyPatch, lent_from: int, least: int, most: int
) -> None:
    monkeypatch.setattr(probe, "_lent_from", lambda: lent_from)
    assert all(least <= probe.free_port() <= most for _ in range(20))


def test_life_is_waited_for() -> None:
    port = probe.free_port()

    async def late() -> str:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"+OK\r\n")
            await reader.read()
            writer.close()

        async def serve() -> None:
            await asyncio.sleep(0.2)
            server = await asyncio.start_server(greet, "127.0.0.1", port)
            async with server:
                await asyncio.sleep(5)

        task = asyncio.create_task(serve())
        found = await probe.until_greeting(Endpoint(f"tcp://127.0.0.1:{port}"), 5)
        task.cancel()
        return found

    assert asyncio.run(late()) == ""


def test_the_dead_are_not_waited_for() -> None:
    endpoint = Endpoint(f"tcp://127.0.0.1:{probe.free_port()}")
    found = asyncio.run(asyncio.wait_for(probe.until_greeting(endpoint, 60, lambda: True), 5))
    assert found == "cannot be reached: Connection refused"


# ---- secrets ------------------------------------------------------------------------------------


@given(
    st.binary(max_size=12), st.binary(max_size=12), st.text("abcXYZ01 ß", min_size=4, max_size=20)
)
def test_no_encoding_of_a_password_passes_the_mask(
    before: bytes, after: bytes, secret: str
) -> None:
    mask = Mask([secret])
    octets = secret.encode()
    assert mask(f"x{secret}y") == f"x{MASK}y"
    assert octets.hex() not in mask(octets.hex())
    encoded = b64encode(before + octets + after).decode()
    assert mask(encoded) != encoded


def test_a_mask_without_secrets_hides_nothing() -> None:
    assert Mask([""])("text") == "text"


def test_our_scripts_run_with_this_python() -> None:
    assert TINY.startswith(sys.executable) and (HERE / "tiny_pop3.py").exists()
