# SPDX-License-Identifier: Apache-2.0
"""The cases about TLS against a server that is weak in every way that can be had."""

from pathlib import Path

from making import certify, verdicts
from weak_tls_pop3 import weak_server

# What each case must come to there. The server speaks TLS 1.2, prefers suites without
# encryption and without forward secrecy, asks for a certificate, and cuts TLS off.
FOUND = {
    "rfc8314.client-certificate.not-requested": "FAIL",
    "rfc8314.close.notifies": "WARN",
    "rfc8314.implicit.clear-refused": "PASS",
    "rfc9325.certificate.strong": "FAIL",
    "rfc9325.handshake.extensions": "FAIL",
    "rfc9325.suites.forward-secrecy": "FAIL",
    "rfc9325.suites.weak-refused[kind=null]": "FAIL",
    "rfc9325.suites.weak-refused[kind=rc4]": "PASS",
    "rfc9325.early-data.absent": "PASS",
    "rfc7817.certificate.names": "FAIL",
    "rfc6186.version.ssl2-refused": "PASS",
}


def test_what_a_weak_server_shows(tmp_path: Path) -> None:
    select = " or ".join(sorted({name.partition("[")[0] for name in FOUND}))
    with weak_server(tmp_path) as port:
        words = ["--tls", "implicit", "--insecure", "--host", "localhost", "--select", select]
        ran = certify(tmp_path, f"tcp://127.0.0.1:{port}", *words)
    assert ran.returncode == 1, ran.stderr
    found = verdicts(tmp_path)
    assert {name: found.get(name) for name in FOUND} == FOUND, ran.stdout
