# SPDX-License-Identifier: Apache-2.0
"""usage: bench_boofuzz.py PORT SECONDS FOLDER LIVE PRISTINE NAME PASSWORD

A POP3 client as one would write it for boofuzz, run by a Python that has boofuzz: a login, then one
command of each kind, every argument fuzzed. Starts again when all cases were played, until the time
is over. FOLDER/boofuzz.json has the number of cases."""

import json
import os
import sys
import time
from pathlib import Path

from boofuzz import (  # type: ignore[import-not-found]
    Request,
    Session,
    SocketConnection,
    Static,
    String,
    Target,
)


def one(name: str, *parts: object) -> Request:
    return Request(name, children=(*parts, Static("end of " + name, "\r\n")))


def graph(session: Session, name: str, password: str) -> None:
    user = one("user", Static("USER", "USER "), String("name", name))
    word = one("pass", Static("PASS", "PASS "), String("word", password))
    session.connect(user)
    session.connect(user, word)
    for verb, *arguments in (
        ("STAT",),
        ("LIST", "1"),
        ("UIDL", "1"),
        ("RETR", "1"),
        ("TOP", "1", "0"),
        ("DELE", "1"),
        ("NOOP",),
        ("RSET",),
    ):
        fields = [String(f"{verb} {at}", f" {text}") for at, text in enumerate(arguments)]
        command = one(verb, String(verb, verb), *fields)
        session.connect(word, command)
        session.connect(command, one(f"QUIT behind {verb}", String(f"QUIT {verb}", "QUIT")))


def main(port: str, seconds: str, folder: str, *more: str) -> None:
    os.environ["RESET_LIVE"], os.environ["RESET_PRISTINE"], *account = more
    sys.path.insert(0, str(Path(__file__).parent))
    import bench_reset

    end, cases = time.monotonic() + float(seconds), 0

    def between(*_: object, **__: object) -> None:
        nonlocal cases
        cases += 1
        bench_reset.post_process(bytearray())
        if cases % 50 == 0:
            (Path(folder) / "boofuzz.json").write_text(json.dumps({"cases": cases}))
        if time.monotonic() > end:
            raise SystemExit

    while True:
        session = Session(
            target=Target(connection=SocketConnection("127.0.0.1", int(port), recv_timeout=1.0)),
            sleep_time=0,
            receive_data_after_each_request=True,
            check_data_received_each_request=False,
            ignore_connection_reset=True,
            ignore_connection_aborted=True,
            ignore_connection_issues_when_sending_fuzz_data=True,
            reuse_target_connection=False,
            fuzz_loggers=[],
            web_port=None,
            db_filename=str(Path(folder) / "boofuzz.db"),
            pre_send_callbacks=[],
            post_test_case_callbacks=[between],
        )
        graph(session, *account)
        session.fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
