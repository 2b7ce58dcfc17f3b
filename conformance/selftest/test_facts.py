# SPDX-License-Identifier: Apache-2.0
"""What the sanity case teaches, and what it says when a target cannot be judged."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from making import case, needs, outcome
from stage import DEFAULT, Server, StageAdapter, StageSeat, StageTarget

from popquiz import facts, paths, plan, sanity
from popquiz.cases import Need
from popquiz.deeds import Deeds
from popquiz.errors import SuiteError, TargetError, UsageError
from popquiz.facts import Facts
from popquiz.fixtures import Maildrop
from popquiz.outcome import Entry, Outcome
from popquiz.player import PlayerDied, Request
from popquiz.targets import Adapter, Endpoint
from popquiz.verdicts import Skip

RECORD = r"""
case: sanity
outcome: pass
vars: tls=none seed=0 user="user"
connect 1 ok
< 1 "+OK ready <1.2@a.example>\r\n"
> 1 "CAPA\r\n"
< 1 "+OK\r\n"
< 1 "TOP\r\n"
< 1 "SASL plain CRAM-MD5\r\n"
< 1 "STLS\r\n"
< 1 ".\r\n"
connect 1 ok
< 1 "+OK again <3.4@a.example>\r\n"
> 1 "USER user\r\n"
< 1 "+OK\r\n"
> 1 "PASS ***\r\n"
< 1 "+OK\r\n"
> 1 "CAPA\r\n"
< 1 "+OK\r\n"
< 1 "TOP\r\n"
< 1 "EXPIRE 60\r\n"
< 1 ".\r\n"
> 1 "STAT\r\n"
< 1 "+OK 3 386\r\n"
> 1 "QUIT\r\n"
< 1 "+OK\r\n"
"""


def test_facts_come_from_the_record() -> None:
    found = facts.learn(RECORD)
    assert found.greeting == b"+OK ready <1.2@a.example>\r\n"
    assert found.before == {b"TOP": (), b"SASL": (b"plain", b"CRAM-MD5"), b"STLS": ()}
    assert found.after == {b"TOP": (), b"EXPIRE": (b"60",)}
    assert found.messages == 3
    assert found.timestamp


def test_capabilities_are_found_before_and_after_login_in_any_case() -> None:
    found = facts.learn(RECORD)
    assert found.capability("stls") and found.capability("EXPIRE")
    assert found.capability("SASL", "PLAIN") and found.capability("sasl", "cram-md5", "plain")
    assert not found.capability("SASL", "SCRAM-SHA-256")
    assert not found.capability("UIDL")


def test_a_server_without_capa_offers_user_as_far_as_one_knows() -> None:
    found = facts.learn(RECORD.replace('< 1 "+OK\\r\\n"\n< 1 "TOP', '< 1 "-ERR\\r\\n"\n< 1 "TOP'))
    assert found.before is None and found.after is None
    assert found.offers("user") and found.offers("apop") and not found.offers("PLAIN")


@pytest.mark.parametrize(
    ("greeting", "timestamp"),
    [
        ("+OK <1.2@a.example>", True),
        ("+OK <a@b> ready", True),
        ("+OK ready", False),
        ("+OK <ready>", False),
        ("+OK <a@b", False),
        ("+OK < a@b>", False),
        ("+OK", False),
    ],
)
def test_a_timestamp_is_an_address_in_angle_brackets(greeting: str, timestamp: bool) -> None:
    assert facts.learn(f'connect 1 ok\n< 1 "{greeting}\\r\\n"\n').timestamp is timestamp


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("+OK 0 0", 0),
        ("+OK 12 34 more", 12),
        ("+OK", 0),
        ("+OK x 3", 0),
        ("-ERR 5 5", 0),
        ("+OK 99999999999999999999 1", 0),
    ],
)
def test_a_strange_stat_counts_no_messages(line: str, count: int) -> None:
    assert facts.learn(f'connect 1 ok\n> 1 "STAT\\r\\n"\n< 1 "{line}\\r\\n"\n').messages == count


def test_octets_that_are_no_text_are_kept() -> None:
    found = facts.learn('connect 1 ok\n< 1 "+OK \\xff\\x00\\\\ \\"\\s\\r\\n"\n')
    assert found.greeting == b'+OK \xff\x00\\ " \r\n'


@pytest.mark.parametrize("record", ["", "case: x\n", '> 1 "CAPA\\r\\n"\n'])
def test_a_record_of_nothing_teaches_nothing(record: str) -> None:
    assert facts.learn(record) == Facts()


# ---- the sanity case ----------------------------------------------------------------------------

PRELUDES = [Path(f"/login/{name}.dlg") for name in ("user", "plain", "apop", "cram-md5")]


class Actor:
    """Plays the sanity case: passes with one prelude, and fails the login with the others."""

    def __init__(self, good: str = "", record: str = RECORD, **more: Any) -> None:
        self.good = good
        self.record = record
        self.more = more
        self.tried: list[str] = []

    async def play(self, request: Request, adapter: Adapter) -> Outcome:
        assert request.login and request.record
        self.tried.append(request.login.stem)
        if request.login.stem == self.good:
            return outcome("pass", golden=self.record, slowest_reply_ms=500)
        failed = {"why": sanity.LOGIN_FAILED, "actual": "-ERR", "wrong_logins": 1} | self.more
        return outcome(
            "inconclusive", golden=self.record.partition('connect 1 ok\n< 1 "+OK ag')[0], **failed
        )

    async def stop(self) -> None:
        return None


def first(actor: Any, tls: str = "none", target: StageTarget | None = None) -> Facts:
    seat = StageSeat(Server(), StageAdapter(Server()), 0)
    seat.endpoint = Endpoint("tcp://stage:0", tls)
    check = sanity.Check(actor, seat, DEFAULT, 1000)
    return asyncio.run(sanity.first(check, target or StageTarget(), PRELUDES))


def test_the_first_prelude_that_works_is_kept() -> None:
    actor = Actor("user")
    found = first(actor)
    assert (found.login, actor.tried) == (PRELUDES[0], ["user"])
    assert found.messages == 3


def test_preludes_that_are_not_offered_are_not_tried() -> None:
    no_plain = RECORD.replace("SASL plain CRAM-MD5", "SASL CRAM-MD5")
    actor = Actor("cram-md5", no_plain, wrong_logins=0)
    assert first(actor).login == PRELUDES[3]
    assert actor.tried == ["user", "apop", "cram-md5"]


def test_looking_for_a_prelude_costs_three_wrong_logins_at_most() -> None:
    actor = Actor()
    with pytest.raises(TargetError, match=r"stage: the login failed: -ERR .*--password-file"):
        first(actor)
    assert actor.tried == ["user", "plain", "apop"]


def test_another_failure_than_that_of_the_login_is_final() -> None:
    actor = Actor(why="the answer is missing")
    with pytest.raises(TargetError, match="the answer is missing"):
        first(actor)
    assert actor.tried == ["user"]


@pytest.mark.parametrize(
    ("slowest", "profile", "patience"),
    [(0, None, 1000), (333, None, 1000), (334, None, 1002), (5000, None, 15000), (10, 4000, 4000)],
)
def test_patience_is_three_times_the_slowest_reply(
    slowest: int, profile: int | None, patience: int
) -> None:
    class Slow(Actor):
        async def play(self, request: Request, adapter: Adapter) -> Outcome:
            return outcome("pass", golden=RECORD, slowest_reply_ms=slowest)

    target = StageTarget()
    target.patience_ms = profile
    assert first(Slow(), target=target).patience_ms == patience


def test_a_player_that_dies_makes_the_target_unusable() -> None:
    class Dying(Actor):
        async def play(self, request: Request, adapter: Adapter) -> Outcome:
            raise PlayerDied("the player died: signal SIGSEGV")

    with pytest.raises(TargetError, match="SIGSEGV"):
        first(Dying())


def event(text: str) -> tuple[Entry, ...]:
    return (Entry(1, "*", 0, False, text),)


SILENT = {"probe": "silent", "noop": "mute"}


@pytest.mark.parametrize(
    ("tls", "more", "told"),
    [
        ("none", {"barrier": SILENT}, "say --tls implicit"),
        ("stls", {"barrier": SILENT}, "say --tls implicit"),
        ("implicit", {"transcript": event("TLS: plain: octets that are no TLS")}, "--tls stls"),
        ("stls", {"actual": "-ERR unknown", "why": "STLS is refused"}, "try --tls implicit"),
        ("stls", {"transcript": event("TLS: refused: certificate has expired")}, "must renew it"),
        ("stls", {"transcript": event("TLS: refused: it is not for other")}, "--host says"),
        (
            "implicit",
            {"transcript": event("TLS: refused: the peer's certificate was refused here")},
            "--ca",
        ),
        ("none", {"transcript": event("connect: connection refused")}, "connection refused"),
    ],
)
def test_what_went_wrong_comes_with_what_may_help(tls: str, more: Any, told: str) -> None:
    text = sanity.explain(outcome("inconclusive", {}, **more), tls)
    assert told in text and "\n" not in text


def test_a_server_that_greets_is_not_taken_for_one_with_tls() -> None:
    said = (Entry(1, "S", 0, False, "+OK\\r\\n"),)
    found = outcome("inconclusive", {}, barrier=SILENT, transcript=said, why="no answer")
    assert "implicit" not in sanity.explain(found, "none")


def test_our_preludes_are_tried_in_their_order() -> None:
    names = [path.stem for path in sanity.preludes()]
    assert names[:4] == ["user", "plain", "apop", "plain-ir"]
    assert [path.stem for path in sanity.preludes("apop")] == ["apop"]
    tokens = [path.stem for path in sanity.preludes(tokens=True)]
    assert tokens == ["oauthbearer", "xoauth2"]
    assert {*names, *tokens} == {path.stem for path in (paths.cases() / "login").glob("*.dlg")}
    assert not set(names) & set(tokens)  # a password is never sent as a token
    with pytest.raises(UsageError, match="--login 'telepathy': it must be one of apop"):
        sanity.preludes("telepathy")


# ---- what can be played -------------------------------------------------------------------------


def refused(
    *wanted: Need, known: Facts | None = None, abilities: tuple[str, ...] = (), **more: Any
) -> Skip | None:
    target = StageTarget(ours=more.pop("ours", False))
    seat = StageSeat(Server(), StageAdapter(Server(), *abilities), 0)
    seat.endpoint = more.pop("endpoint", seat.endpoint)
    if more.pop("one_account", False):
        seat.second = None
    situation = plan.Situation(target, seat, known or facts.learn(RECORD), **more)
    found = plan.refusal(case(needs=wanted), DEFAULT, situation)
    return found[0] if found else None


def need(name: str, *args: str, least: int = 0) -> Need:
    return Need(name, least, args)


INSIDE = Endpoint("tcp://stage:0", "stls")
IMPLICIT = Endpoint("tcp://stage:0", "implicit")
BOTH = Endpoint("tcp://stage:0", "none", "tcp://stage:1")


@pytest.mark.parametrize(
    ("wanted", "more", "skip"),
    [
        (need("capa", "TOP"), {}, None),
        (need("capa", "SASL", "PLAIN"), {}, None),
        (need("capa", "UIDL"), {}, Skip.CAPABILITY),
        (need("capa", "STLS"), {"known": Facts()}, Skip.CAPABILITY),
        (need("capa", "STLS"), {"known": Facts(), "endpoint": INSIDE}, None),
        (need("capabilities"), {}, None),
        (need("capabilities"), {"known": Facts()}, Skip.CAPABILITY),
        (need("capabilities"), {"known": Facts(before={})}, None),
        (need("messages", least=3), {}, None),
        (need("messages", least=4), {}, Skip.CONFIG),
        (need("accounts", least=2), {}, None),
        (need("accounts", least=2), {"one_account": True}, Skip.CONFIG),
        (need("accounts", least=3), {}, Skip.CONFIG),
        (need("tls"), {}, None),
        (need("tls"), {"known": Facts()}, Skip.CAPABILITY),
        (need("tls"), {"known": Facts(), "endpoint": BOTH}, None),
        (need("implicit-tls"), {}, Skip.CAPABILITY),
        (need("implicit-tls"), {"endpoint": BOTH}, None),
        (need("implicit-tls"), {"endpoint": IMPLICIT}, None),
        (need("cleartext"), {}, None),
        (need("cleartext"), {"endpoint": INSIDE}, Skip.CONFIG),
        (need("login", "PLAIN"), {}, None),
        (need("login", "XOAUTH2"), {}, Skip.CAPABILITY),
        (need("login", "XOAUTH2", "apop"), {}, None),
        (need("config", "fast"), {}, None),
        (need("config", "fast", "cheap"), {}, Skip.CONFIG),
        (need("deliver"), {}, Skip.ADAPTER),
        (need("deliver"), {"abilities": ("deliver",)}, Skip.UNSAFE),
        (need("deliver"), {"abilities": ("deliver",), "destroy": True}, None),
        (need("peek"), {"abilities": ("deliver",)}, Skip.ADAPTER),
        (need("reset"), {}, Skip.ADAPTER),
        (need("restart"), {}, Skip.ADAPTER),
        (need("destructive"), {}, Skip.UNSAFE),
        (need("destructive"), {"destroy": True}, None),
        (need("destructive"), {"ours": True}, None),
        (need("slow"), {}, Skip.SLOW),
        (need("slow"), {"slow": True}, None),
        (need("slow"), {"abilities": ("advance",)}, None),
        (need("wrong-login"), {}, None),
    ],
)
def test_needs_are_met_or_the_case_is_skipped(
    wanted: Need, more: dict[str, Any], skip: Skip | None
) -> None:
    assert refused(wanted, **more) == skip


def test_every_need_must_be_met() -> None:
    assert refused(need("capa", "TOP"), need("peek")) is Skip.ADAPTER


def test_a_need_that_the_runner_does_not_know_is_an_error() -> None:
    with pytest.raises(SuiteError, match="does not know `needs: magic`"):
        refused(need("magic"))


def test_messages_of_a_maildrop_of_ours_are_counted() -> None:
    seat = StageSeat(Server(), StageAdapter(Server()), 0)
    situation = plan.Situation(StageTarget(), seat, Facts(messages=99))
    found = plan.refusal(case(needs=needs("messages>=2")), Maildrop("one", (b"x",)), situation)
    assert found == (Skip.CONFIG, "needs messages>=2")


@pytest.mark.parametrize(
    ("state", "endpoint", "known", "refused"),
    [
        ("tls", BOTH, Facts(), (Skip.CAPABILITY, "needs STLS")),
        ("ready", BOTH, Facts(), (Skip.CAPABILITY, "needs STLS")),
        ("ready", BOTH, facts.learn(RECORD), None),
        ("ready", IMPLICIT, Facts(), None),
        ("tls", BOTH, facts.learn(RECORD), None),
        ("tls", IMPLICIT, Facts(), None),
        ("tls", INSIDE, Facts(), None),
        ("transaction", BOTH, Facts(), None),
    ],
)
def test_a_case_that_begins_inside_tls_needs_a_way_there(
    state: str, endpoint: Endpoint, known: Facts, refused: plan.Refusal | None
) -> None:
    seat = StageSeat(Server(), StageAdapter(Server()), 0)
    seat.endpoint = endpoint
    situation = plan.Situation(StageTarget(), seat, known)
    begins = replace(case(needs=(need("tls"),)), state=state, deeds=Deeds(to_tls=state == "ready"))
    assert plan.refusal(begins, DEFAULT, situation) == refused


def test_a_maildrop_that_nobody_has_needs_an_adapter() -> None:
    seat = StageSeat(Server(), StageAdapter(Server()), 0)
    situation = plan.Situation(StageTarget(), seat, Facts())
    found = plan.refusal(case(), Maildrop("dots", (b"x",)), situation)
    assert found == (Skip.ADAPTER, "needs the maildrop 'dots'")
