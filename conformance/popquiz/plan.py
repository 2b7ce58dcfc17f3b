# SPDX-License-Identifier: Apache-2.0
"""Which cases can be played against a target, and which must wait for the others."""

from collections.abc import Callable
from dataclasses import dataclass

from popquiz.cases import Case, Need
from popquiz.errors import SuiteError
from popquiz.facts import Facts
from popquiz.fixtures import Maildrop
from popquiz.targets import Seat, Target
from popquiz.verdicts import Skip

Refusal = tuple[Skip, str]  # and what is missing, in words


def may_write(target: Target, *, destroy: bool, safe: bool) -> bool:
    """Whether mail may be added, marked and removed."""
    return destroy or (target.ours and not safe)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a case meets at a seat, and what the person allows."""

    target: Target
    seat: Seat
    facts: Facts
    destroy: bool = False  # --yes-destroy
    slow: bool = False  # --slow
    safe: bool = False  # --safe: our own servers too are treated as those of others

    @property
    def may_write(self) -> bool:
        return may_write(self.target, destroy=self.destroy, safe=self.safe)

    def can(self, ability: str) -> bool:
        return ability in self.seat.adapter.abilities


def _capa(s: Situation, need: Need, _: Maildrop) -> bool:
    # Inside TLS nobody announces STLS any more; that it was there is why we are inside.
    inside = need.args == ("STLS",) and s.seat.endpoint.tls == "stls"
    return inside or s.facts.capability(*need.args)


def _capabilities(s: Situation, need: Need, _: Maildrop) -> bool:
    return s.facts.before is not None or s.facts.after is not None


def _messages(s: Situation, need: Need, maildrop: Maildrop) -> bool:
    count = s.facts.messages if maildrop.is_default else len(maildrop.messages)
    return count >= need.least


def _accounts(s: Situation, need: Need, _: Maildrop) -> bool:
    return need.least <= (2 if s.seat.second else 1)


def _tls(s: Situation, need: Need, _: Maildrop) -> bool:
    e = s.seat.endpoint
    return e.tls != "none" or e.tls_address is not None or s.facts.capability("STLS")


def _begins_inside(s: Situation, case: Case) -> bool:
    """Whether a case gets to TLS: by STLS, where the run does not begin with TLS at once."""
    way = s.seat.endpoint.tls != "none" or s.facts.capability("STLS")
    return way or not (case.state == "tls" or case.deeds.to_tls)


def _implicit(s: Situation, need: Need, _: Maildrop) -> bool:
    return s.seat.endpoint.tls == "implicit" or s.seat.endpoint.tls_address is not None


def _certificate(s: Situation, need: Need, maildrop: Maildrop) -> bool:
    account = s.seat.account(maildrop)
    return account is not None and account.certificate is not None


def _cleartext(s: Situation, need: Need, _: Maildrop) -> bool:
    return s.seat.endpoint.tls == "none"


def _login(s: Situation, need: Need, _: Maildrop) -> bool:
    return any(s.facts.offers(way) for way in need.args)


def _adapter(s: Situation, need: Need, _: Maildrop) -> bool:
    return s.can(need.name)


def _destructive(s: Situation, need: Need, _: Maildrop) -> bool:
    return s.may_write


def _slow(s: Situation, need: Need, _: Maildrop) -> bool:
    return s.slow or s.can("advance")


def _config(s: Situation, need: Need, _: Maildrop) -> bool:
    return set(need.args) <= s.target.settings


Check = Callable[[Situation, Need, Maildrop], bool]
CHECKS: dict[str, tuple[Skip, Check]] = {
    "capa": (Skip.CAPABILITY, _capa),
    "capabilities": (Skip.CAPABILITY, _capabilities),
    "login": (Skip.CAPABILITY, _login),
    "tls": (Skip.CAPABILITY, _tls),
    "implicit-tls": (Skip.CAPABILITY, _implicit),
    "client-certificate": (Skip.CONFIG, _certificate),
    "messages": (Skip.CONFIG, _messages),
    "accounts": (Skip.CONFIG, _accounts),
    "cleartext": (Skip.CONFIG, _cleartext),
    "config": (Skip.CONFIG, _config),
    "deliver": (Skip.ADAPTER, _adapter),
    "reset": (Skip.ADAPTER, _adapter),
    "peek": (Skip.ADAPTER, _adapter),
    "restart": (Skip.ADAPTER, _adapter),
    "destructive": (Skip.UNSAFE, _destructive),
    "slow": (Skip.SLOW, _slow),
}
WRITES = ("destructive", "deliver", "reset")
NO_CHECK = frozenset({"wrong-login"})  # its budget is known when its turn comes


def unsafe(case: Case, facts: Facts) -> str:
    """Why it might change mail; "" when it does not."""
    for need in case.needs:
        if need.name in WRITES:
            return f"needs {need}"
    if case.deeds.marks:
        return "marks messages for removal"
    # RFC 2449 section 6.7: what was read is removed there.
    if case.deeds.reads and facts.capability("EXPIRE", "0"):
        return "reads messages, which the server removes then (EXPIRE 0)"
    return ""


def refusal(case: Case, maildrop: Maildrop, situation: Situation) -> Refusal | None:
    """Why the case cannot be played there; None: it can."""
    for need in case.needs:
        if need.name in NO_CHECK:
            continue
        if need.name not in CHECKS:
            raise SuiteError(f"{case.file}: the runner does not know `needs: {need}`")
        skip, check = CHECKS[need.name]
        if not check(situation, need, maildrop):
            return skip, f"needs {need}"
    if not _begins_inside(situation, case):
        return Skip.CAPABILITY, "needs STLS"
    if not situation.may_write and (why := unsafe(case, situation.facts)):
        return Skip.UNSAFE, why
    if fills(maildrop, situation.seat) and not situation.may_write:
        return Skip.UNSAFE, "needs mail of its own"
    account = situation.seat.account(maildrop)
    if not account:
        return Skip.ADAPTER, f"needs the maildrop {maildrop.name!r}"
    if account.is_token and case.deeds.password and not _takes_tokens(case):
        return Skip.CONFIG, "needs a password, and there is a token"
    return None


def _takes_tokens(case: Case) -> bool:
    """Whether it sends a token in the place of the password."""
    return any("tokens" in need.args or "OAUTHBEARER" in need.args for need in case.needs)


def fills(maildrop: Maildrop, seat: Seat) -> bool:
    """Whether the maildrop has to be filled before the case."""
    return not maildrop.is_default and "fill" in seat.adapter.abilities


def removes_for_good(case: Case, situation: Situation) -> bool:
    """Whether it removes mail that nobody can restore, or makes a broken server remove it: it is
    played behind all others."""
    touches = case.needs_any("destructive") or case.deeds.marks
    return touches and not situation.can("reset")


def wants_all(case: Case) -> bool:
    """Whether it uses the account of another seat of a shared target."""
    return case.needs_any("accounts")
