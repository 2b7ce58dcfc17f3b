# SPDX-License-Identifier: Apache-2.0
"""Real servers, started from their profiles: ci/setup installs them. They serve, their mail comes
back, and nothing of them is left."""

import asyncio
import json
import os
import poplib
import signal
import socket
import time
from pathlib import Path

import pytest
from visits import MAIL, Family, Lab, started, wait_until

from popquiz import probe
from popquiz.errors import TargetError, UsageError
from popquiz.servers import inetd, processes, profile, server

pytestmark = pytest.mark.lab

NAMES = ["courier", "cyrus", "dovecot", "popa3d"]
MODES = [(name, mode) for name in NAMES for mode in profile.find(name).tls]
EACH = pytest.mark.parametrize("name", NAMES)
EXTRA = b"Subject: extra\r\nMessage-ID: <extra@example.com>\r\n\r\n.extra\r\n"


# ---- serving -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "mode"), MODES)
def test_a_session_gets_the_mail_as_it_is_stored(name: str, mode: str) -> None:
    with started(name) as lab:
        assert lab.mail(mode=mode) == lab.peek() == list(MAIL)
        session = lab.login(mode=mode)
        assert session.stat() == (3, sum(map(len, MAIL)))
        assert session.list()[1] == [b"%d %d" % (n, len(m)) for n, m in enumerate(MAIL, 1)]
        session.quit()


@EACH
def test_a_reset_brings_the_mail_back(name: str) -> None:
    with started(name) as lab:
        ids = lab.unique_ids()
        for round_ in range(3):
            lab.remove([1, 3])
            assert lab.mail() == lab.peek() == [MAIL[1]], round_
            lab.reset()
            assert lab.mail() == lab.peek() == list(MAIL), round_
        assert lab.unique_ids() == ids


@EACH
def test_a_delivery_appears_in_a_new_session(name: str) -> None:
    with started(name) as lab:
        session = lab.login()
        assert session.stat()[0] == 3
        lab.do(lab.server.deliver("alice", EXTRA))
        assert session.stat()[0] == 3
        session.quit()
        assert lab.mail() == lab.peek() == [*MAIL, EXTRA]
        lab.remove([2])
        lab.do(lab.server.deliver("alice", EXTRA))
        assert lab.mail() == [MAIL[0], MAIL[2], EXTRA, EXTRA]
        lab.reset()
        assert lab.mail() == list(MAIL)


@EACH
def test_accounts_do_not_disturb_each_other(name: str) -> None:
    with started(name) as lab:
        open_session = lab.login("bob")
        lab.remove([1, 2, 3])
        lab.do(lab.server.deliver("alice", EXTRA))
        lab.reset()
        assert lab.mail() == list(MAIL)
        assert open_session.stat()[0] == 2
        open_session.dele(1)
        open_session.quit()
        assert lab.mail() == list(MAIL)
        assert lab.mail("bob") == lab.peek("bob") == [MAIL[1]]


# Courier always takes 5 s.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "courier"])
def test_a_wrong_password_is_refused_without_a_penalty(name: str) -> None:
    with started(name) as lab:
        begun = time.monotonic()
        for _ in range(4):
            session = lab.connect("none")
            session.user("alice")
            with pytest.raises(poplib.error_proto, match="-ERR"):
                session.pass_("secret pas")
        # They take 2 s and more for each, unless they are told not to.
        assert time.monotonic() - begun < 6.0
        assert len(lab.mail()) == 3


@EACH
def test_a_session_that_stays_is_ended_by_a_reset(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BUSY_S", 0.1)
    with started(name) as lab:
        session = lab.login()
        session.dele(1)
        other = lab.login("bob")
        lab.reset()
        with pytest.raises((poplib.error_proto, OSError)):
            session.quit()
        assert lab.mail() == list(MAIL)
        assert other.stat()[0] == 2
        other.close()
        assert lab.server.incidents() == []


@EACH
def test_a_restart_keeps_the_address_and_the_mail(name: str) -> None:
    with started(name) as lab:
        address = lab.server.addresses
        session = lab.login("bob")
        lab.remove([1])
        # Courier says goodbye first, and removes then.
        assert wait_until(lambda: lab.peek() == list(MAIL[1:]))
        lab.do(lab.server.restart())
        with pytest.raises((poplib.error_proto, OSError)):
            session.stat()
        session.close()
        assert lab.server.addresses == address
        assert lab.mail() == list(MAIL[1:])
        assert lab.server.incidents() == []


def test_a_variant_changes_the_server() -> None:
    with started("dovecot") as lab:
        first, second = lab.login(), lab.login()
        second.quit()
        first.quit()
    with started("dovecot", "lock") as lab:
        first, second = lab.login(), lab.connect("none")
        second.user("alice")
        second.sock.settimeout(0.5)
        with pytest.raises((poplib.error_proto, TimeoutError)):
            second.pass_(lab.server.password)
        first.quit()


def test_processes_that_serve_many_sessions_see_a_reset() -> None:
    with started("dovecot", "service_count_0") as lab:
        for _ in range(3):
            assert lab.mail() == list(MAIL)
            lab.remove([1, 2, 3])
            assert lab.mail() == []
            lab.reset()
        assert lab.mail() == list(MAIL)


# ---- what happens to servers ---------------------------------------------------------------------


def server_processes(lab: Lab, title: str) -> list[int]:
    """Its processes whose arguments begin so; those of other tests have the same titles."""
    found = []
    for pid in processes.descendants():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if command.decode("latin-1").startswith(title.replace("{dir}", str(lab.server.folder))):
            found.append(pid)
    return found


def kill(pids: list[int], number: signal.Signals) -> None:
    assert pids
    for pid in pids:
        os.kill(pid, number)


def test_a_server_that_dies_is_told_and_restarted() -> None:
    with started("dovecot") as lab:
        master = f"/usr/sbin/dovecot -F -c {lab.server.folder}/"
        kill(server_processes(lab, master), signal.SIGKILL)
        lab.do(lab.server.wait())
        (incident,) = lab.server.incidents()
        assert incident.kind == "exit"
        assert incident.text.startswith("dovecot was killed by SIGKILL\n")
        lab.do(lab.server.restart())
        assert lab.mail() == list(MAIL)
        assert lab.server.incidents() == []


@pytest.mark.parametrize(
    ("name", "title", "says"),
    [
        ("popa3d", "{dir}/opt/usr/sbin/popa3d", "session was killed by SIGSEGV"),
        ("dovecot", "dovecot/pop3 [alice ", "killed with signal 11"),
    ],
)
def test_a_session_that_crashes_is_told(name: str, title: str, says: str) -> None:
    with started(name) as lab:
        session = lab.login()
        session.stat()
        kill(server_processes(lab, title), signal.SIGSEGV)
        heard = []

        def hears() -> bool:
            lab.do(lab.server.status())  # lets the loop listen
            heard.extend(lab.server.incidents())
            return bool(heard)

        assert wait_until(hears)
        assert [incident.kind for incident in heard] == ["signal"]
        assert says in heard[0].text
        session.close()
        assert lab.mail() == list(MAIL)


@pytest.mark.parametrize(("number", "kinds"), [(signal.SIGPIPE, []), (signal.SIGBUS, ["signal"])])
def test_a_session_whose_client_went_away_has_not_crashed(
    tmp_path: Path, number: signal.Signals, kinds: list[str]
) -> None:
    path = tmp_path / "toy.toml"
    script = f"printf '+OK\\r\\n'; read line; kill -{number.value} $$"
    path.write_text(
        'title = "toy"\nrequires = []\ninstall = ""\nversion = []\ntls = ["none"]\npatience_s = 1\n'
        'maildrop = { kind = "mbox", path = "mail/{account}" }\n'
        f"inetd.command = {json.dumps(['/bin/sh', '-c', script])}\n"
    )
    with started(str(path)) as lab:  # looks at the greeting, and goes away

        def ended() -> bool:
            return lab.do(lab.server.status())["ended"] == {str(-number): 1}

        assert wait_until(ended)
        assert [incident.kind for incident in lab.server.incidents()] == kinds


def test_an_account_that_is_not_there_is_an_error() -> None:
    with started("popa3d") as lab:
        for work in (lab.server.reset, lab.server.peek):
            with pytest.raises(TargetError, match="popa3d has no account 'carol'"):
                lab.do(work("carol"))
        assert len(lab.mail()) == 3


def test_an_answer_that_nobody_waited_for_confuses_nobody() -> None:
    with started("popa3d") as lab:

        async def hurry() -> list[bytes]:
            for _ in range(20):
                asking = asyncio.create_task(lab.server.peek("bob"))
                await asyncio.sleep(0)
                asking.cancel()
            return await lab.server.peek("alice")

        assert lab.do(hurry()) == list(MAIL)
        assert lab.peek("bob") == list(MAIL[:2])


def test_statuses_of_sessions_are_counted() -> None:
    with started("popa3d") as lab:
        for _ in range(5):
            lab.mail()
        session = lab.login()
        # The greeting at the start was waited for in a session too.
        wanted = ({"0": 6}, 1)

        def seen() -> tuple[dict[str, int], int]:
            status = lab.do(lab.server.status())
            return status["ended"], status["sessions"]

        assert wait_until(lambda: seen() == wanted), seen()
        session.quit()


def test_sessions_at_a_time_are_bounded() -> None:
    with started("popa3d") as lab:
        sessions = [lab.connect("none") for _ in range(inetd.SESSIONS_MAX)]
        host, _, port = lab.server.addresses["none"].removeprefix("tcp://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=0.3) as late:
            with pytest.raises(TimeoutError):
                late.recv(1)
            sessions.pop().quit()
            late.settimeout(20)
            assert late.recv(1) == b"+"
        for session in sessions:
            session.close()
        assert len(lab.mail()) == 3


# ---- what is left --------------------------------------------------------------------------------


def refuses(address: str) -> bool:
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    with socket.socket() as wire:
        return wire.connect_ex((host, int(port))) != 0


@EACH
def test_nothing_is_left(name: str) -> None:
    with started(name) as lab:
        folder, addresses = lab.server.folder, lab.server.addresses
        lab.login().close()
        lab.login("bob").stat()
        family = Family(lab.server.keeper_pid)
    assert not folder.exists()
    assert family.is_gone()
    assert all(map(refuses, addresses.values()))
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()


@EACH
def test_nothing_is_left_when_the_keeper_is_killed(name: str) -> None:
    with started(name) as lab:
        folder = lab.server.folder
        session = lab.login()
        session.stat()
        keeper = lab.server.keeper_pid
        assert keeper
        family = Family(keeper)
        os.kill(keeper, signal.SIGKILL)
        lab.do(lab.server.wait())
        with pytest.raises(TargetError, match=f"the keeper of {name} died: signal SIGKILL"):
            lab.do(lab.server.peek("alice"))
        with pytest.raises(TargetError, match="died"):
            lab.do(lab.server.restart())
        session.close()  # a process of Dovecot without its master ends with its session
        assert wait_until(family.is_gone)
    assert not folder.exists()


@EACH
def test_what_was_killed_together_with_its_parent_is_swept_away_later(name: str) -> None:
    with started(name) as lab:
        folder, keeper = lab.server.folder, lab.server.keeper_pid
        assert keeper
        # As if this process could not remove it any more.
        moved = folder.with_name(folder.name + "-moved")
        os.kill(keeper, signal.SIGKILL)
        lab.do(lab.server.wait())
        folder.rename(moved)
    assert moved.exists()
    with started("popa3d") as lab:
        assert not moved.exists()
        assert lab.server.folder.exists()
        with started("popa3d", beside=lab):
            assert lab.server.folder.exists()  # it lives, and is not swept away


# ---- starting ------------------------------------------------------------------------------------


GREETS = """\
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    listener.accept()[0].sendall(b"+OK\\r\\n")
"""


def toy(folder: Path, *command: str, requires: str = "/bin/sh", more: str = "") -> str:
    """A profile whose server may be anything."""
    path = folder / "toy.toml"
    path.write_text(
        f'title = "toy"\nrequires = ["{requires}"]\ninstall = "apt-get install toy"\n'
        'version = []\ntls = ["none"]\npatience_s = 1\nstart_s = 20\n'
        f'maildrop = {{ kind = "mbox", path = "mail/{{account}}" }}\n{more}\n'
        f"[[process]]\ncommand = {json.dumps([*command, '{port}'])}\n"
    )
    return str(path)


def test_a_process_waits_for_the_one_before_it(tmp_path: Path) -> None:
    first = ["/bin/sh", "-c", "rm -f up; sleep 0.3; touch up; exec sleep 99"]
    more = f'[[process]]\ncommand = {json.dumps(first)}\nready = "up"'
    command = f"sleep 0.1; test -e up && exec /usr/bin/python3 -c '{GREETS}' $0"
    with started(toy(tmp_path, "/bin/sh", "-c", command, more=more)) as lab:
        # What it was ready with before it ended does not count.
        lab.do(lab.server.restart())
        assert lab.server.incidents() == []


def test_a_port_that_is_taken_is_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1], probe.free_port()]
        monkeypatch.setattr(probe, "free_port", lambda: ports.pop(0))
        with started(toy(tmp_path, "/usr/bin/python3", "-c", GREETS)) as lab:
            assert ports == []
            assert not lab.server.addresses["none"].endswith(f":{taken.getsockname()[1]}")


def test_ports_are_not_exchanged_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        asked = []
        monkeypatch.setattr(probe, "free_port", lambda: asked.append(1) or taken.getsockname()[1])
        path = toy(tmp_path, "/usr/bin/python3", "-c", GREETS)
        with pytest.raises(TargetError, match="Address already in use"), started(path):
            pass
        assert len(asked) == server.ATTEMPTS


@pytest.mark.parametrize(
    ("command", "more", "says"),
    [
        (["/bin/sh", "-c", "exit 3"], "", "toy ended before it greeted: sh ended with status 3"),
        (["/bin/sh", "-c", "echo the reason >&2; exit 3"], "", "toy ended .*: the reason"),
        (["/bin/sh", "-c", "kill -SEGV $$"], "", "sh was killed by SIGSEGV"),
        (["/no/such/program"], "", "/no/such/program cannot be started: .*No such file"),
        (
            ["/bin/true"],
            '[[prepare]]\ncommand = ["/bin/sh", "-c", "echo no >&2; exit 1"]',
            "/bin/sh failed: no",
        ),
        (["/bin/sh", "-c", "echo {password} >&2"], "", r"{password}: is unknown"),
    ],
)
def test_a_server_that_does_not_start_says_why(
    tmp_path: Path, command: list[str], more: str, says: str
) -> None:
    path = toy(tmp_path, *command, more=more)
    with pytest.raises((TargetError, UsageError), match=says) as error, started(path):
        pass
    assert "\n" not in str(error.value)


def test_a_server_that_never_greets_is_given_up(tmp_path: Path) -> None:
    path = Path(toy(tmp_path, "/bin/sh", "-c", "sleep 99"))
    path.write_text(path.read_text().replace("start_s = 20", "start_s = 0.3"))
    with pytest.raises(TargetError, match=r"toy cannot be reached: .*: it says nothing"):
        with started(str(path)):
            pass


def test_passwords_are_masked_in_what_servers_say(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo wrong: $(cat users) >&2; exit 1"]
    path = toy(tmp_path, *command, more='[[file]]\npath = "users"\naccount = "{password} "')
    with pytest.raises(TargetError, match=r"wrong: \*\*\* \*\*\*$"), started(path):
        pass


def test_a_missing_package_gives_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toy(tmp_path, "/bin/true", requires="/no/such/server")
    with pytest.raises(UsageError) as error, started(path):
        pass
    assert str(error.value) == "toy is not installed: /no/such/server; run: apt-get install toy"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"the unpacked package popa3d; run: ci/setup"):
        with started("popa3d"):
            pass
