# SPDX-License-Identifier: Apache-2.0
"""The sanity case: played first, to see that the target can be judged at all and what it offers,
and last, because a server that died half way must not look conformant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from popquiz import facts, paths
from popquiz.cases import LOGIN, SANITY
from popquiz.errors import TargetError, UsageError
from popquiz.facts import Facts
from popquiz.fixtures import Maildrop
from popquiz.outcome import Outcome
from popquiz.player import PlayerDied, Plays, Request
from popquiz.targets import Seat, Target

PATIENCE_FACTOR = 3  # of the slowest good reply
PATIENCE_LEAST_MS = 1000
WRONG_LOGINS_MAX = 3  # while looking for the way to log in
# Preludes in the order in which they are tried, and what Facts.offers() calls each.
ORDER = ("user", "plain", "apop", "plain-ir", "login", "cram-md5", "scram-sha-256", "scram-sha-1")
WAYS = {"plain-ir": "plain"}
EXTERNAL = "external"  # logs in by a certificate
TOKENS = ("oauthbearer", "xoauth2")  # take a bearer token in the place of the password


def preludes(wanted: str | None = None, *, tokens: bool = False) -> list[Path]:
    """The dialogues that log in, best first: with passwords, or with tokens; only the one of that
    name, if one is wanted."""
    folder = paths.cases() / LOGIN
    files = {path.stem: path for path in sorted(folder.glob("*.dlg"))}
    if wanted is not None and wanted not in files:
        raise UsageError(f"--login {wanted!r}: it must be one of {', '.join(files)}")
    if wanted is not None:
        return [files[wanted]]
    bearers = [files.pop(name) for name in TOKENS if name in files]
    known = [files.pop(name) for name in ORDER if name in files]
    return bearers if tokens else [*known, *files.values()]


@dataclass(frozen=True, slots=True)
class Check:
    """How the sanity case is played."""

    player: Plays
    seat: Seat
    maildrop: Maildrop
    patience_ms: int

    async def play(self, login: Path) -> Outcome:
        request = Request(
            file=paths.cases() / SANITY,
            row=0,
            endpoint=self.seat.endpoint,
            account=self.seat.account(self.maildrop),
            second=self.seat.second,
            login=login,
            patience_ms=self.patience_ms,
            record=True,
            record_secrets=True,  # it is never written down; some logins cannot be replayed without
        )
        try:
            return await self.player.play(request, self.seat.adapter)
        except PlayerDied as died:
            raise TargetError(str(died)) from None


# ---- what went wrong ----------------------------------------------------------------------------

LOGIN_FAILED = "the login failed"  # what the player calls it
# TLS mode, a word that the player's finding holds, what to do about it.
HINTS = (
    ("implicit", "plain", "it answers in the clear: try --tls stls or --tls none"),
    ("implicit", "octets that are no TLS", "it answers in the clear: try --tls stls or --tls none"),
    ("stls", "STLS", "it does not offer STLS: try --tls implicit or --tls none"),
    ("", "has expired", "its owner must renew it; --insecure accepts it"),
    ("", "it is not for", "--host says which name it must have"),
    ("", "certificate was refused", "give its authority with --ca, or accept it with --insecure"),
    ("", LOGIN_FAILED, "check --user and --password-file, or choose the way with --login"),
)


def _events(outcome: Outcome) -> list[str]:
    return [entry.octets for entry in outcome.transcript if entry.dir == "*"]


def _trouble(outcome: Outcome) -> str:
    """The last event that tells of a connection or of TLS that failed, if there is one."""
    for text in reversed(_events(outcome)):
        head, _, rest = text.partition(": ")
        if head in ("TLS", "connect") and rest != "ok":
            return rest
    return ""


def _silent_from_the_start(outcome: Outcome) -> bool:
    return bool(outcome.barrier) and not any(entry.dir == "S" for entry in outcome.transcript)


def explain(outcome: Outcome, tls: str) -> str:
    """One line: what the target did instead of passing, and what may help."""
    parts = [part for part in (outcome.why, _trouble(outcome) or outcome.actual) if part]
    text = ": ".join(parts) or f"the sanity case ends with {outcome.outcome}"
    if tls != "implicit" and _silent_from_the_start(outcome):
        return f"{text} (it does not greet; if TLS begins at once there, say --tls implicit)"
    for mode, word, hint in HINTS:
        if mode in ("", tls) and word in text:
            return f"{text} ({hint})"
    return text


# ---- the case -----------------------------------------------------------------------------------


def _learned(outcome: Outcome, login: Path, least_ms: int) -> Facts:
    patience = max(PATIENCE_FACTOR * outcome.slowest_reply_ms, PATIENCE_LEAST_MS, least_ms)
    return replace(facts.learn(outcome.golden), login=login, patience_ms=patience)


def _can(check: Check, way: str) -> bool:
    account = check.seat.account(check.maildrop)
    return way != EXTERNAL or (account is not None and account.certificate is not None)


async def first(
    check: Check, target: Target, logins: Sequence[Path], wrong_logins: int | None = None
) -> Facts:
    """Finds a prelude that works, and learns what the target offers. `wrong_logins`: how many may
    fail meanwhile, at least one; None: WRONG_LOGINS_MAX. Raises TargetError."""
    failed, wrong, seen = None, 0, Facts()
    most = WRONG_LOGINS_MAX if wrong_logins is None else min(wrong_logins, WRONG_LOGINS_MAX)
    for login in logins:
        way = WAYS.get(login.stem, login.stem)
        if failed and not (seen.offers(way) and _can(check, way)):
            continue
        outcome = await check.play(login)
        if outcome.outcome == "pass":
            found = _learned(outcome, login, target.patience_ms or 0)
            return replace(found, wrong_logins=wrong)
        seen = facts.learn(outcome.golden)
        wrong += outcome.wrong_logins
        failed = failed or outcome
        if outcome.why != LOGIN_FAILED or wrong >= most:
            break
    assert failed
    raise TargetError(f"{target.name}: {explain(failed, check.seat.endpoint.tls)}")


async def last(check: Check, login: Path) -> str:
    """Plays it again. Returns "" when it passes, else what is wrong now."""
    outcome = await check.play(login)
    if outcome.outcome == "pass":
        return ""
    return explain(outcome, check.seat.endpoint.tls)
