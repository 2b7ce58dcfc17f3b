# SPDX-License-Identifier: Apache-2.0
"""The scheduler: lanes, budgets, repetitions, and who is to blame when a target dies."""

import asyncio
from collections.abc import Callable

import pytest
from making import case, needs
from stage import Stage, StageTarget

from popquiz import schedule
from popquiz.deeds import Deeds
from popquiz.record import Job
from popquiz.verdicts import Skip, Verdict

Open = Callable[..., Stage]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Open:
    def opened(script: dict[str, str], target: StageTarget | None = None) -> Stage:
        return Stage(script, target).patch(monkeypatch)

    return opened


SHARED = {"shared": True, "ours": False}


# ---- repetitions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "verdict", "times"),
    [
        ("pass", Verdict.PASS, 1),
        ("skip", Verdict.SKIP, 1),
        ("fail", Verdict.FAIL, 3),
        ("warn", Verdict.WARN, 3),
        ("note", Verdict.NOTE, 3),
        ("inconclusive", Verdict.INCONCLUSIVE, 3),
        ("fail pass", Verdict.FLAKY, 3),
        ("fail fail pass", Verdict.FLAKY, 3),
        ("inconclusive pass", Verdict.FLAKY, 3),
    ],
)
def test_what_is_not_pass_is_played_three_times(
    stage: Open, script: str, verdict: Verdict, times: int
) -> None:
    theatre = stage({"a": script})
    assert theatre.run()["a"].verdict is verdict
    assert theatre.played == ["a"] * times


def test_repeat_plays_everything_so_often(stage: Open) -> None:
    theatre = stage({"a": "pass", "b": "pass pass pass pass fail"})
    theatre.rules.repeat = 5
    results = theatre.run()
    assert results["a"].verdict is Verdict.PASS and len(results["a"].attempts) == 5
    assert results["b"].verdict is Verdict.FLAKY


def test_a_player_that_dies_costs_one_case(stage: Open) -> None:
    theatre = stage({"a": "die", "b": "pass"})
    results = theatre.run()
    assert results["a"].verdict is Verdict.ERROR and "SIGSEGV" in results["a"].why
    assert results["b"].verdict is Verdict.PASS


def test_results_keep_to_their_jobs_on_several_benches(stage: Open) -> None:
    script = {f"c{n}": "fail" if n % 3 == 0 else "pass" for n in range(30)}
    results = stage(script).run(benches=4)
    failing = {name for name, result in results.items() if result.verdict is Verdict.FAIL}
    assert failing == {f"c{n}" for n in range(0, 30, 3)}


# ---- lanes and budgets --------------------------------------------------------------------------


def test_benches_work_at_the_same_time(stage: Open) -> None:
    theatre = stage({f"c{n}": "pass" for n in range(8)})
    theatre.run(benches=4)
    assert max(map(len, theatre.together)) == 4


def test_wrong_logins_are_tried_one_after_the_other(stage: Open) -> None:
    theatre = stage({f"c{n}": "pass" for n in range(12)}, StageTarget(**SHARED))
    wrong = {f"c{n}" for n in range(6)}
    jobs = [case(n, needs=needs("wrong-login") if n in wrong else ()) for n in theatre.script]
    results = theatre.run(*jobs, benches=3)
    assert len(results) == 12
    assert max(map(len, theatre.together)) == 3
    assert max(len(names & wrong) for names in theatre.together) == 1


def test_the_budget_of_wrong_logins_is_kept(stage: Open) -> None:
    theatre = stage({f"c{n}": "pass" for n in range(5)}, StageTarget(**SHARED))
    theatre.rules.wrong_logins, theatre.wrong = 5, 2
    jobs = [case(name, needs=needs("wrong-login")) for name in theatre.script]
    results = theatre.run(*jobs)
    verdicts = [results[name].verdict for name in theatre.script]
    assert verdicts == [Verdict.PASS] * 3 + [Verdict.SKIP] * 2
    assert results["c4"].skip is Skip.BUDGET


def test_a_budget_that_is_used_up_ends_repetitions_too(stage: Open) -> None:
    theatre = stage({"a": "fail"}, StageTarget(**SHARED))
    theatre.rules.wrong_logins, theatre.wrong = 2, 1
    result = theatre.run(case("a", needs=needs("wrong-login")))["a"]
    assert result.verdict is Verdict.FAIL
    assert len(theatre.played) == 2


def test_a_case_with_two_accounts_runs_alone_on_a_shared_target(stage: Open) -> None:
    theatre = stage({f"c{n}": "pass" for n in range(9)}, StageTarget(**SHARED))
    two = {"c1", "c5"}
    jobs = [case(n, needs=needs("accounts>=2") if n in two else ()) for n in theatre.script]
    theatre.run(*jobs, benches=2)
    assert all(names == {name} for names in theatre.together for name in names & two)
    assert max(map(len, theatre.together)) == 2


def test_failures_on_a_shared_target_are_repeated_alone(stage: Open) -> None:
    theatre = stage({f"c{n}": "fail" for n in range(4)}, StageTarget(**SHARED))
    results = theatre.run(benches=2)
    assert {result.verdict for result in results.values()} == {Verdict.FAIL}
    assert sorted(theatre.played[:4]) == sorted(theatre.script)  # each once, before any again
    assert sorted(theatre.played[4:]) == sorted([*theatre.script] * 2)
    assert theatre.played[4] == theatre.played[5]


def test_a_run_in_which_patience_ended_too_early_does_not_count(stage: Open) -> None:
    theatre = stage({"a": "slow slow pass", "b": "slow"})
    results = theatre.run()
    assert results["a"].verdict is Verdict.PASS and len(results["a"].attempts) == 1
    assert theatre.played[:3] == ["a"] * 3
    assert theatre.servers[0].resets[:2] == ["user0"] * 2
    # Of a target that never keeps up nothing is known, and nobody waits for ever.
    assert results["b"].verdict is Verdict.INCONCLUSIVE and len(results["b"].attempts) == 3
    assert len(theatre.played) == 3 + 3 * (1 + schedule.GRANTS)
    assert theatre.scheduler
    assert theatre.scheduler.benches[0].facts.patience_ms == 2 ** (2 + 3 * schedule.GRANTS)


# ---- mail ---------------------------------------------------------------------------------------


def test_mail_comes_back_behind_what_removes_it_and_behind_failures(stage: Open) -> None:
    theatre = stage({"a": "pass", "b": "pass", "c": "fail", "d": "pass"})
    theatre.rules.reruns = 0
    fetching = case("d", deeds=Deeds(reads=True))
    theatre.run(case("a"), case("b", needs=needs("destructive")), case("c"), fetching)
    assert theatre.servers[0].resets == ["user0", "user0", "user0"]


def test_mail_comes_back_behind_each_case_where_that_is_asked_for(stage: Open) -> None:
    theatre = stage({"a": "pass", "b": "pass"})
    theatre.run(case("a"))
    assert theatre.servers[0].resets == []
    theatre.rules.restore = True
    theatre.run(case("a"), case("b"))
    assert theatre.servers[0].resets == ["user0", "user0"]


def test_nobody_elses_mail_is_removed_without_leave(stage: Open) -> None:
    theatre = stage({"a": "pass"}, StageTarget(**SHARED))
    result = theatre.run(case("a", needs=needs("destructive")))["a"]
    assert (result.verdict, result.skip) == (Verdict.SKIP, Skip.UNSAFE)
    assert theatre.played == []


def test_what_removes_mail_for_good_is_played_last(stage: Open) -> None:
    theatre = stage({"a": "pass", "b": "fail", "c": "pass"}, StageTarget(**SHARED))
    theatre.abilities = ()
    theatre.rules.destroy = True
    theatre.run(case("a", needs=needs("destructive")), case("b"), case("c"))
    assert theatre.played == ["b", "b", "b", "c", "a"]


# ---- deaths -------------------------------------------------------------------------------------


def test_what_is_told_late_about_a_suspect_alone_counts(stage: Open) -> None:
    result = stage({"a": "report rumour"}).run()["a"]
    assert result.verdict is Verdict.CRASH and "again" in result.blame
    assert "child 7 killed" in result.why


def test_what_is_told_late_about_a_session_counts_at_once(stage: Open) -> None:
    result = stage({"a": "rumour"}).run()["a"]
    assert result.verdict is Verdict.CRASH and "child 7 killed" in result.why


def test_news_of_a_session_is_waited_for_where_it_is_to_die(stage: Open) -> None:
    """A crash file expects that the connection ends, so that nothing is wrong with that."""
    assert stage({"a": "whisper"}).run(case("a"))["a"].verdict is Verdict.PASS
    result = stage({"a": "whisper"}).run(case("a", kind="crash"))["a"]
    assert result.verdict is Verdict.CRASH and "child 7 killed" in result.why


@pytest.mark.parametrize(("word", "verdict"), [("kill", Verdict.CRASH), ("mute", Verdict.HANG)])
def test_whoever_kills_the_target_again_is_blamed(stage: Open, word: str, verdict: Verdict) -> None:
    theatre = stage({"a": "pass", "b": word})
    results = theatre.run()
    assert results["a"].verdict is Verdict.PASS
    assert results["b"].verdict is verdict
    assert "alone" in results["b"].blame
    assert theatre.played == ["a", "b", "b"]


def test_after_a_crash_the_others_are_played_on_a_new_server(stage: Open) -> None:
    theatre = stage({"a": "kill", "b": "pass", "c": "fail"})
    results = theatre.run()
    assert [results[n].verdict for n in "abc"] == [Verdict.CRASH, Verdict.PASS, Verdict.FAIL]
    assert theatre.servers[0].alive


def test_the_case_before_is_blamed_when_it_did_it(stage: Open) -> None:
    theatre = stage({"a": "late", "b": "pass", "c": "pass"})
    theatre.script["a"] = ["late", "kill"]  # alone it is waited for
    results = theatre.run()
    assert results["a"].verdict is Verdict.CRASH
    assert results["b"].verdict is Verdict.PASS
    assert results["c"].verdict is Verdict.PASS


def test_a_crash_that_nobody_repeats_is_flaky(stage: Open) -> None:
    results = stage({"a": "pass", "b": "kill pass"}).run()
    assert results["b"].verdict is Verdict.FLAKY
    assert "CRASH" in results["b"].why and "PASS" in results["b"].why


def test_a_hang_that_nobody_repeats_is_inconclusive(stage: Open) -> None:
    results = stage({"a": "mute pass"}).run()
    assert results["a"].verdict is Verdict.INCONCLUSIVE
    assert "once, and not again alone" in results["a"].why


def test_a_sanitizers_report_is_a_crash_even_if_the_case_passes(stage: Open) -> None:
    result = stage({"a": "report"}).run()["a"]
    assert result.verdict is Verdict.CRASH
    assert result.why == "AddressSanitizer: bad"
    assert [incident.kind for incident in result.attempts[-1].incidents] == ["sanitizer"]


def test_a_crash_in_a_repetition_counts(stage: Open) -> None:
    assert stage({"a": "fail fail kill"}).run()["a"].verdict is Verdict.CRASH


def test_on_a_shared_target_only_the_guilty_one_is_blamed(stage: Open) -> None:
    script = {f"c{n}": "pass" for n in range(12)} | {"c5": "kill"}
    theatre = stage(script, StageTarget(**SHARED))
    results = theatre.run(benches=3)
    assert {name for name, r in results.items() if r.verdict is Verdict.CRASH} == {"c5"}
    others = {r.verdict for name, r in results.items() if name != "c5"}
    assert others == {Verdict.PASS}


def test_a_target_that_stays_dead_ends_the_run(stage: Open) -> None:
    theatre = stage({"a": "pass", "b": "kill", "c": "pass"})
    results = theatre.run(comes_back=False)
    assert results["a"].verdict is Verdict.PASS
    assert {results[n].verdict for n in "bc"} == {Verdict.INCONCLUSIVE}
    assert theatre.scheduler
    lost = theatre.scheduler.lost
    assert "does not come back: it does not start any more" in lost and "b was being played" in lost


def test_a_target_of_others_that_does_not_come_back_ends_the_run(stage: Open) -> None:
    theatre = stage({"a": "kill", "b": "pass"}, StageTarget(**SHARED))
    theatre.abilities = ()
    results = theatre.run(comes_back=False)
    assert {result.verdict for result in results.values()} == {Verdict.INCONCLUSIVE}
    assert theatre.scheduler and "Connection refused" in theatre.scheduler.lost


def test_what_was_finished_survives_an_interruption(stage: Open) -> None:
    theatre = stage({f"c{n}": "pass" for n in range(50)})
    scheduler = theatre.set_up(1)
    jobs = [Job(case(name), "whole") for name in theatre.script]

    async def interrupted() -> None:
        task = asyncio.create_task(scheduler.run(jobs))
        while len(scheduler.results) < 5:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    assert 5 <= len(scheduler.results) < 50
