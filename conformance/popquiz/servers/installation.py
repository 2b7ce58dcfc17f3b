# SPDX-License-Identifier: Apache-2.0
"""The folder of one server: what its profile asks for, made for these accounts.

Runs as the user who the server will be, so that nothing here has a power that the server lacks.
"""

import grp
import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from popquiz.errors import TargetError
from popquiz.servers import namespace, template
from popquiz.servers.children import Launch
from popquiz.servers.maildrops import Maildir, Mbox, Owner, Spool, Store
from popquiz.servers.order import Order
from popquiz.servers.profile import Command, File

UNPACKED = "opt"  # where the unpacked package is, in the folder
ACCOUNT_UID = 1000  # of the first account, where accounts are users of their own
TOOL_S = 30.0
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def run_tool(words: Sequence[str], text: str, environment: Mapping[str, str], folder: Path) -> str:
    """Runs a program that must succeed; returns what it prints. Raises TargetError."""
    try:
        ran = subprocess.run(
            words,
            input=text.encode(),
            env=environment,
            cwd=folder,
            capture_output=True,
            timeout=TOOL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TargetError(f"{words[0]}: {error}") from error
    if ran.returncode != 0:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TargetError(f"{words[0]} failed: {said[-1] if said else ran.returncode}")
    return ran.stdout.decode("utf-8", "replace").strip()


class Installation:
    """What one server is started from."""

    def __init__(self, order: Order) -> None:
        self.profile = order.profile
        self.folder = order.folder
        self._password = order.password
        self._crypt = self._hash() if "crypt" in order.profile.names() else ""
        self.names = {**self._server_names(), **order.names}
        self.accounts = {
            name: self._account_names(name, at) for at, name in enumerate(order.accounts)
        }
        self.stores = {
            name: self._store(name, messages)
            for name, messages in order.accounts.items()
            if self.profile.drop
        }

    def _server_names(self) -> dict[str, str]:
        return {
            "dir": str(self.folder),
            "user": pwd.getpwuid(os.getuid()).pw_name,
            "group": grp.getgrgid(os.getgid()).gr_name,
            "cert": str(self.folder / "cert.pem"),
            "key": str(self.folder / "key.pem"),
            "both": str(self.folder / "both.pem"),
            "unpacked": str(self.folder / UNPACKED),
            **self.profile.values,
        }

    def _account_names(self, name: str, at: int) -> dict[str, str]:
        own = self.profile.namespace is not None
        return {
            "account": name,
            "password": self._password,
            "uid": str(ACCOUNT_UID + at if own else os.getuid()),
            "gid": str(ACCOUNT_UID + at if own else os.getgid()),
            "crypt": self._crypt,
        }

    def _hash(self) -> str:
        """The fastest hash that still takes the whole password."""
        command = ["openssl", "passwd", "-1", "-stdin"]
        return run_tool(command, self._password, ENVIRONMENT, self.folder)

    def _store(self, name: str, messages: Sequence[bytes]) -> Store:
        drop = self.profile.drop
        assert drop
        account = self.accounts[name]
        owner = Owner(int(account["uid"]), int(account["gid"]))
        path = self.folder / self.fill(drop.path, name)
        if drop.kind == "mbox":
            return Mbox(path, owner, messages)
        if drop.kind == "spool":
            return Spool(path, owner, messages, lambda: self._run(drop.index, "", name))
        files = {self.fill(file, name): text for file, text in drop.files.items()}
        return Maildir(path, owner, messages, files)

    def fill(self, text: str, account: str | None = None) -> str:
        """Fills a template of the profile."""
        try:
            return template.fill(text, {**self.names, **self.accounts.get(account or "", {})})
        except template.TemplateError as error:
            raise TargetError(f"{self.profile.path}: {error}") from error

    # ---- writing ---------------------------------------------------------------------------------

    def write(self) -> None:
        """Makes all files, and fills the maildrops. Raises TargetError and OSError."""
        self.folder.chmod(0o711)  # accounts may be users of their own
        for name in self.profile.folders:
            (self.folder / self.fill(name)).mkdir(parents=True, exist_ok=True)
        if self.profile.tls != ("none",):
            self._make_certificate()
        for file in self.profile.files:
            self._write_file(file)
        for name, store in self.stores.items():
            self._make_home(name)
            store.reset()

    def show(self) -> None:
        """Puts into the namespace what the profile says."""
        spec = self.profile.namespace
        if spec is not None:
            for path in spec.empty:
                namespace.show_empty(path)
            for place, source in spec.bind.items():
                namespace.show(self.folder / source, place)

    def prepare(self) -> None:
        """Runs the commands that go before the server."""
        for step in self.profile.prepare:
            for name in self.accounts if step.each_account else [None]:
                self._run(step, step.input, name)
        for store in self.stores.values():
            store.settle()

    def _make_certificate(self) -> None:
        cert, key = self.folder / "cert.pem", self.folder / "key.pem"
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        command = ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost"]
        command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-addext", names]
        command += ["-out", str(cert), "-keyout", str(key)]
        run_tool(command, "", ENVIRONMENT, self.folder)
        self._write(Path("both.pem"), 0o600, key.read_text() + cert.read_text())

    def _write_file(self, file: File) -> None:
        parts = (self.fill(file.account, name) for name in self.accounts if file.account)
        self._write(Path(self.fill(file.path)), file.mode, self.fill(file.text) + "".join(parts))

    def _write(self, name: Path, mode: int, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        path.chmod(mode)

    def _make_home(self, name: str) -> None:
        """The folder that the maildrop lies in: of its owner, or for all to lock their mbox in."""
        drop, account = self.profile.drop, self.accounts[name]
        assert drop
        home = (self.folder / self.fill(drop.path, name)).parent
        home.mkdir(parents=True, exist_ok=True)
        if drop.kind == "mbox":
            home.chmod(0o1777)
        else:
            Owner(int(account["uid"]), int(account["gid"])).take(home, 0o700)

    # ---- commands --------------------------------------------------------------------------------

    def launch(self, command: Command, account: str | None = None) -> Launch:
        words = tuple(self.fill(word, account) for word in command.words)
        given = {name: self.fill(text, account) for name, text in command.environment.items()}
        environment = {**ENVIRONMENT, "HOME": str(self.folder), **given}
        return Launch(words, environment, self.folder)

    def _run(self, command: Command, text: str, account: str | None) -> None:
        """Runs one that must succeed, with the template `text` as its input."""
        launch = self.launch(command, account)
        run_tool(launch.words, self.fill(text, account), launch.environment, self.folder)
