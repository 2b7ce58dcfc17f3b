# SPDX-License-Identifier: Apache-2.0
"""`popquiz lab` as people run it, `--lab` as the runner sees it, and how powerless servers are."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from visits import MAIL, PATIENCE_S, Family, started, wait_until

from popquiz import lab, labcertify, paths
from popquiz.errors import Exit, TargetError, UsageError
from popquiz.fixtures import DEFAULT, Maildrop
from popquiz.servers import linux, namespace, order, processes, profile, server
from popquiz.target_lab import LabSeat
from popquiz.targets import Account

pytestmark = pytest.mark.lab

EACH = pytest.mark.parametrize("name", ["dovecot", "popa3d"])
COMMAND = [sys.executable, "-P", "-m", "popquiz", "lab"]


def popquiz_lab(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# ---- the command ---------------------------------------------------------------------------------


def test_list_tells_what_is_there_and_what_is_missing(tmp_path: Path) -> None:
    ran = popquiz_lab("list", XDG_CACHE_HOME=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    (at,) = (at for at, line in enumerate(lines) if line.startswith("dovecot: 2.3."))
    assert lines[at].endswith("; TLS: none stls implicit")
    assert lines[at + 1].startswith("    --variant lock: ")
    missing = "popa3d: not installed: the unpacked package popa3d is missing; run: ci/setup"
    assert missing in lines
    assert "popa3d: popa3d version 1.0.3 (2012/08/15); TLS: none\n" in popquiz_lab("list").stdout


@pytest.mark.parametrize(
    "words",
    [
        ["dovecot"],
        ["dovecot", "--variant", "service_count_0"],
        ["mailfront"],
        ["mailutils"],
        ["nginx"],
        ["perdition"],
        ["popa3d"],
        ["solid-pop3d"],
        ["stunnel"],
        ["twisted"],
    ],
)
def test_check_tries_a_server_from_login_to_reset(words: list[str]) -> None:
    ran = popquiz_lab("check", *words)
    assert (ran.returncode, ran.stderr) == (0, "")
    *steps, last = ran.stdout.splitlines()
    assert last == f"{words[0]}: ok"
    assert len(steps) == len(profile.find(words[0]).tls)


# ---- certifying several --------------------------------------------------------------------------

MARKED = ["--select", "rfc1939.dele.marks"]


def test_servers_are_certified_in_every_way_and_shown_side_by_side(tmp_path: Path) -> None:
    ran = popquiz_lab("certify", "twisted", "popa3d", *MARKED, "--out", str(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    said = ran.stdout.splitlines()
    assert said[-3:] == [
        "twisted: passed in none, implicit",
        "popa3d: passed in none",
        f"{tmp_path}/matrix.html",
    ]
    assert sorted(line.partition(" (")[0] for line in said[:-3]) == [
        "popa3d none: 3 pass",
        "twisted implicit: 3 known",
        "twisted none: 3 known",
    ]
    page = (tmp_path / "matrix.html").read_text()
    for name, way in (("twisted", "none"), ("twisted", "implicit"), ("popa3d", "none")):
        assert (tmp_path / name / way / "results.json").exists()
        assert f"{name} {way}" in page


def test_what_does_not_pass_is_named_once(tmp_path: Path) -> None:
    bare = tmp_path / "bare.toml"
    bare.write_bytes((paths.data("profiles") / "popa3d.toml").read_bytes())  # without its baseline
    words = ("--select", "RFC1939-6-003", "--runs", "2", "--out", str(tmp_path / "out"))
    ran = popquiz_lab("certify", str(bare), *words)
    assert ran.returncode == Exit.FAILED
    found = [line for line in ran.stdout.splitlines() if line.startswith("open: ")]
    name = "rfc1939.update.quit-without-line-end"
    assert [line.partition("] ")[0] for line in found] == [
        f"open: {bare} none FAIL {name}[how={how},what=quit" for how in ("close", "halfclose")
    ]


def test_a_server_that_is_not_there_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    words = ("certify", "popa3d", "nginx", "mailfront", *MARKED, "--out", str(tmp_path / "out"))
    ran = popquiz_lab(*words, XDG_CACHE_HOME=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (Exit.TARGET, "")
    assert ran.stdout.splitlines()[1:4] == [
        "popa3d: not installed: the unpacked package popa3d; run: ci/setup",
        "nginx: not installed: the unpacked package nginx; run: ci/setup",
        "mailfront: passed in none",
    ]


def test_a_server_that_does_not_start_has_its_own_line(tmp_path: Path) -> None:
    toy = tmp_path / "toy.toml"
    toy.write_text(
        'title = "toy"\nrequires = []\ninstall = ""\nversion = []\ntls = ["none"]\npatience_s = 1\n'
        'maildrop = { kind = "mbox", path = "mail/{account}" }\n'
        'process = [{ command = ["/bin/sh", "-c", "echo the reason >&2; exit 3", "{port}"] }]\n'
    )
    out = tmp_path / "out"
    ran = popquiz_lab("certify", str(toy), "mailfront", *MARKED, "--out", str(out))
    assert (ran.returncode, ran.stderr) == (Exit.TARGET, "")
    assert f"{toy}: not passed in none: exit status 3; popquiz: toy ended" in ran.stdout
    assert "mailfront: passed in none\n" in ran.stdout


@pytest.mark.parametrize("words", [(), ("popa3d", "--all"), ("qpopper",), ("popa3d:x",)])
def test_what_is_no_list_of_servers_is_said(words: tuple[str, ...]) -> None:
    ran = popquiz_lab("certify", *words)
    assert ran.returncode == Exit.USAGE
    assert ran.stderr.count("\n") == 1


def test_runs_that_differ_are_told_case_by_case() -> None:
    work = labcertify.Work("toy", "none", 0, [], [Exit.PASSED, Exit.PASSED])
    work.verdicts = [{"a": "PASS", "b": "PASS"}, {"a": "PASS", "b": "FAIL"}]
    assert list(work.differences()) == ["toy none: b: PASS, FAIL"]
    assert work.worst == Exit.FAILED
    work.verdicts[1] = {"a": "PASS"}
    assert list(work.differences()) == ["toy none: b: PASS, nothing"]
    work.verdicts[1] = work.verdicts[0]
    assert work.worst == Exit.PASSED


@pytest.mark.parametrize(
    ("statuses", "stands"),
    [([], 0), ([0, 5], 5), ([5, 3], 3), ([3, 1], 1), ([1, 4], 4), ([0, -9], 4), ([4, 130], 130)],
)
def test_the_worst_status_stands_for_all(statuses: list[int], stands: int) -> None:
    assert labcertify.worst(statuses) == stands


def test_an_interrupted_certification_leaves_nothing_alive(tmp_path: Path) -> None:
    words = [*COMMAND, "certify", "perdition", "--out", str(tmp_path)]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    family = None
    try:
        assert wait_until(lambda: len(processes.descendants(running.pid)) > 3)
        family = Family(running.pid)
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=PATIENCE_S)
    finally:
        running.kill()
    assert (running.returncode, errors) == (Exit.INTERRUPTED, "")
    assert wait_until(family.is_gone)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["check", "qpopper"], 2, "there is no profile 'qpopper'; there are: courier cyrus"),
        (["start", "dovecot", "--variant", "x"], 2, "dovecot has no variant 'x'"),
        (["start", "/no/such.toml"], 2, "/no/such.toml: No such file or directory"),
        (["start", "dovecot", "--mailbox", "nothing"], 4, "there is no fixture 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_one_line(words: list[str], status: int, says: str) -> None:
    ran = popquiz_lab(*words)
    assert ran.returncode == status
    assert says in ran.stderr
    assert ran.stderr.count("\n") == 1


class Started:
    """A `popquiz lab start`, and what it said when it was ready."""

    def __init__(self, name: str) -> None:
        self.process = subprocess.Popen([*COMMAND, "start", name], stdout=subprocess.PIPE)
        assert self.process.stdout
        self.ready = json.loads(self.process.stdout.readline())
        self.password = Path(self.ready["password_file"])
        self.folder = self.password.parent
        self.family = Family(self.process.pid)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def is_gone(self) -> bool:
        return not self.folder.exists() and self.family.is_gone()


@pytest.fixture
def start() -> Iterator[Callable[[str], Started]]:
    """Starts servers that end with the test."""
    all_started: list[Started] = []

    def start_one(name: str) -> Started:
        all_started.append(Started(name))
        return all_started[-1]

    yield start_one
    for each in all_started:
        each.process.kill()
        each.process.wait()
        assert each.process.stdout
        each.process.stdout.close()


@EACH
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_start_serves_until_a_signal(
    start: Callable[[str], Started], name: str, number: signal.Signals
) -> None:
    one = start(name)
    assert one.ready["pid"] == one.process.pid
    assert one.ready["users"] == ["user", "second"]
    assert [each["tls"] for each in one.ready["listen"]] in (["stls", "implicit"], ["none"])
    assert one.password.read_text() == "secret pass\n"
    assert one.password.stat().st_mode & 0o777 == 0o600
    assert one.password.stat().st_uid == os.getuid()
    assert one.end(number) == 0
    assert one.is_gone()


@EACH
def test_nothing_is_left_when_the_command_is_killed(
    start: Callable[[str], Started], name: str
) -> None:
    one = start(name)
    one.end(signal.SIGKILL)
    assert wait_until(one.is_gone)


def test_start_ends_when_its_server_does(start: Callable[[str], Started]) -> None:
    one = start("dovecot")
    (master,) = [
        pid
        for pid in one.family.pids
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"/usr/sbin/dovecot\0-F\0")
    ]
    os.kill(master, signal.SIGKILL)
    assert one.process.wait(PATIENCE_S) == 3
    assert one.is_gone()


# ---- the target of the runner --------------------------------------------------------------------

DROPS = (Maildrop(DEFAULT, MAIL), Maildrop("dots", MAIL[1:2]), Maildrop("none", ()))


class Elsewhere:
    """A lab server that was never started."""

    ca_file = None
    password = "x"

    def __init__(self, *modes: str) -> None:
        self.addresses = {mode: f"tcp://{mode}:1" for mode in modes}


@pytest.mark.parametrize(
    ("modes", "tls", "address", "tls_address", "entrance"),
    [
        (("none", "stls", "implicit"), "none", "none", "implicit", "none"),
        (("none", "stls", "implicit"), "implicit", "none", "implicit", "implicit"),
        (("stls", "implicit"), "implicit", "stls", "implicit", "implicit"),
        (("stls",), "stls", "stls", None, "stls"),
        (("implicit",), "implicit", "implicit", None, "implicit"),
    ],
)
def test_the_address_of_a_seat_is_the_one_in_clear_where_there_is_one(
    modes: tuple[str, ...], tls: str, address: str, tls_address: str | None, entrance: str
) -> None:
    seat = LabSeat(Elsewhere(*modes), tls, {})  # type: ignore[arg-type]
    at = seat.endpoint
    assert (at.address, at.entrance) == (f"tcp://{address}:1", f"tcp://{entrance}:1")
    assert at.tls_address == (tls_address and f"tcp://{tls_address}:1")


def test_each_seat_is_a_server_with_an_account_for_each_maildrop() -> None:
    target = lab.target("dovecot:lock", "stls")
    assert target.name == "lab:dovecot:lock"
    assert "pop3_lock_session=yes" in target.configuration
    assert target.settings == {"exclusive-lock"}

    async def run() -> None:
        try:
            seats = await target.start(DROPS, 2)
            assert len({seat.endpoint.address for seat in seats}) == 2
            for seat in seats:
                assert seat.endpoint.tls == "stls"
                assert seat.endpoint.tls_address not in (None, seat.endpoint.address)
                assert seat.account(Maildrop("other", MAIL)) is None
                assert seat.second == Account("second", server.PASSWORD)
                users = [seat.account(drop) for drop in DROPS]
                for user, drop in zip(users, DROPS, strict=True):
                    assert user
                    stored = await seat.adapter.peek(user.user)
                    assert tuple(each.octets for each in stored) == drop.messages
            assert users[1]
            await seats[0].adapter.deliver(users[1].user, MAIL[0])
            assert [len(await seat.adapter.peek(users[1].user)) for seat in seats] == [2, 1]
            await seats[0].adapter.restart()
            await seats[0].adapter.reset(users[1].user)
            assert len(await seats[0].adapter.peek(users[1].user)) == 1
            assert [seat.incidents() for seat in seats] == [[], []]
        finally:
            await target.stop()

    asyncio.run(run())


def test_a_target_has_only_the_tls_of_its_server() -> None:
    with pytest.raises(UsageError, match="--tls stls: popa3d has only: none"):
        lab.target("popa3d", "stls")


def test_a_target_that_does_not_start_leaves_nothing(tmp_path: Path, own_tmp: Path) -> None:
    path = tmp_path / "bad.toml"
    text = (paths.data("profiles") / "dovecot.toml").read_text()
    path.write_text(text.replace("protocols = pop3", "protocols = no-such"))
    target = lab.target(str(path), "none")

    async def run() -> None:
        try:
            with pytest.raises(TargetError, match=r"bad ended before it greeted: .*no-such"):
                await target.start(DROPS, 2)
        finally:
            await target.stop()

    asyncio.run(run())
    assert list(own_tmp.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "tls"),
    [("dovecot", "none"), ("dovecot", "stls"), ("dovecot", "implicit"), ("popa3d", "none")],
)
def test_the_runner_plays_cases_against_a_lab_server(name: str, tls: str, tmp_path: Path) -> None:
    wanted = ["--select", "rfc1939.greeting.one-line or rfc1939.retr.stuffing"]
    command = [
        *COMMAND[:-1],
        "certify",
        "--lab",
        name,
        "--tls",
        tls,
        *wanted,
        "--out",
        str(tmp_path),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert "4 cases: 4 pass; " in ran.stdout


# ---- proxies, preparations -----------------------------------------------------------------------

RELAY = """\
import os, select, socket, sys
backend = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
ways = {0: backend.sendall, backend.fileno(): lambda octets: os.write(1, octets)}
while True:
    for ready in select.select(list(ways), [], [])[0]:
        octets = os.read(ready, 65536)
        if not octets: sys.exit()
        ways[ready](octets)
"""


def test_a_proxy_has_the_mail_of_the_server_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    command = json.dumps(["/usr/bin/python3", "-c", RELAY, "{backend_port}"])
    path.write_text(
        'title = "relay"\nrequires = []\ninstall = ""\nversion = []\ntls = ["none"]\n'
        f'patience_s = 1\nbackend = "popa3d"\ninetd.command = {command}\n'
    )
    with started(str(path)) as running:
        assert running.mail() == running.peek() == list(MAIL)
        running.remove([1])
        assert len(running.peek()) == 2
        running.reset()
        assert running.mail() == list(MAIL)
        assert len(list(Path(tempfile.gettempdir()).glob("popquiz-lab-*"))) >= 2
        folder = running.server.folder
    assert not folder.exists()


def test_preparations_run_once_or_for_each_account(tmp_path: Path) -> None:
    path = tmp_path / "prepared.toml"
    text = (paths.data("profiles") / "dovecot.toml").read_text()
    path.write_text(
        'folders = ["deep/er"]\n'
        + text
        + '\n[[prepare]]\ncommand = ["/bin/cp", "users", "deep/er"]\n'
        '[[prepare]]\ncommand = ["/usr/bin/tee", "-a", "deep/er/all"]\neach_account = true\n'
        'input = "{account} {{account}}\\n"\nenvironment = { X = "{dir}" }\n'
    )
    with started(str(path)) as running:
        made = running.server.folder / "deep/er"
        assert (made / "users").read_text() == "alice:{PLAIN}secret pass\nbob:{PLAIN}secret pass\n"
        assert (made / "all").read_text() == "alice {account}\nbob {account}\n"


@pytest.mark.parametrize(
    ("accounts", "password", "says"),
    [
        ([], "x", "0 accounts"),
        ([(f"a{n}", ()) for n in range(order.ACCOUNTS_MAX + 1)], "x", "1001 accounts"),
        ([("Root", ())], "x", "'Root' is no name"),
        ([("a:b", ())], "x", "'a:b' is no name"),
        ([("a\nb", ())], "x", "is no name"),
        ([("a" * 33, ())], "x", "is no name"),
        ([("a", ())], "a:b", "the password is not of the form"),
        ([("a", ())], "", "the password is not of the form"),
        ([("a", ())], "x" * 65, "the password is not of the form"),
    ],
)
def test_accounts_that_could_break_a_file_are_refused(
    accounts: server.Accounts, password: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        asyncio.run(server.start(profile.find("popa3d"), accounts, password=password))


def test_many_accounts_with_long_names_and_passwords() -> None:
    accounts = [("a" * 32, MAIL), *((f"a{n}", MAIL[:1]) for n in range(99))]
    password = "x" * 64

    async def run() -> None:
        async with await server.start(
            profile.find("popa3d"), accounts, password=password
        ) as running:
            for name, messages in accounts[:3]:
                assert await running.peek(name) == list(messages)

    asyncio.run(run())


# ---- power ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [path.stem for path in profile.available()])
def test_no_process_of_a_server_has_the_power_of_root(name: str) -> None:
    with started(name) as running:
        running.login().stat()
        # The one that waits outside of the namespace has power and serves nobody.
        pids = set(processes.descendants(running.server.keeper_pid))
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
        lines = [line for text in statuses for line in text.splitlines()]
        uids = [line.split()[1:] for line in lines if line.startswith("Uid:")]
        assert uids
        assert not any("0" in each for each in uids)


@EACH
@pytest.mark.skipif(os.getuid() != 0, reason="whoever is not root has tested it already")
def test_an_ordinary_user_can_start_it(name: str) -> None:
    """The user nobody, to whom a private /etc/subuid gives ids."""
    assert os.getuid() == 0
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        shutil.copytree(paths.PACKAGE, folder / "conformance/popquiz")
        for name_ in ("profiles", "fixtures"):
            shutil.copytree(paths.data(name_), folder / "conformance" / name_)
        shutil.copytree(paths.lab("popa3d"), folder / "popquiz/lab/popa3d")
        for file in ("CMakePresets.json", "CMakeLists.txt"):
            shutil.copy(paths.PACKAGE.parent.parent / file, folder)
        (folder / "ids").write_text("nobody:100000:65536\n")
        script = (
            "mount --bind $0/ids /etc/subuid; mount --bind $0/ids /etc/subgid; cd $0;"
            "exec setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all"
            " env HOME=$0 XDG_CACHE_HOME=$0 PYTHONPATH=$0/conformance PYTHONDONTWRITEBYTECODE=1"
            f" /usr/bin/python3 -m popquiz lab check {name}"
        )
        command = ["unshare", "-m", "sh", "-c", script, str(folder)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.endswith(f"{name}: ok\n")
    finally:
        shutil.rmtree(folder)


def test_a_machine_without_user_namespaces_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(flags: int) -> None:
        raise PermissionError(1, "unshare: Operation not permitted")

    monkeypatch.setattr(linux, "unshare", refused)
    monkeypatch.setattr(namespace, "ids", lambda kind: namespace.Ids(1, 2))
    with pytest.raises(TargetError, match=r"a user namespace is not permitted here .*unshare"):
        namespace.enter()


@pytest.mark.parametrize(
    ("mapping", "zero"),
    [
        ("0 0 4294967295", (1 << 31) - 2048),
        ("0 1000 1\n1 100000 65536", 65537 - 2048),
        ("0 100000 2048", 0),
    ],
)
def test_root_takes_the_last_ids_that_there_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mapping: str, zero: int
) -> None:
    assert namespace.root_ids(mapping) == namespace.Ids(zero, zero + 1)


@pytest.mark.parametrize("mapping", ["0 1000 1", "0 0 2047", ""])
def test_too_few_ids_are_told_of(mapping: str) -> None:
    with pytest.raises(TargetError, match="too few"):
        namespace.root_ids(mapping)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("root:1:65536\n{me}:100000:65536\n", 100000),
        ("{uid}:5000:2047\n", 5000),
        ("{me}:1:2046\n{me}:300000:2047\nx:y\n\n", 300000),
    ],
)
def test_an_ordinary_user_takes_the_ids_that_the_administrator_gave(
    tmp_path: Path, text: str, first: int
) -> None:
    me = subprocess.check_output(["id", "-un"], text=True).strip()
    path = tmp_path / "subuid"
    path.write_text(text.replace("root:", "other:").format(me=me, uid=os.getuid()))
    assert namespace.own_ids(7, path) == namespace.Ids(7, first)
    path.write_text("other:1:65536\n")
    with pytest.raises(TargetError, match=rf"usermod --add-subuids 100000-165535 {me}$"):
        namespace.own_ids(7, path)
    with pytest.raises(TargetError, match=r"gives .* no ids"):
        namespace.own_ids(7, tmp_path / "none")
