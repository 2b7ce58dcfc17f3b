# SPDX-License-Identifier: Apache-2.0
"""From verdicts to the exit status: what passes the gate, and what does not."""

from collections import Counter
from dataclasses import dataclass

from popquiz.baseline import Comparison
from popquiz.errors import Exit
from popquiz.runner import Run
from popquiz.verdicts import Verdict

FAILING = (Verdict.FAIL, Verdict.CRASH, Verdict.HANG, Verdict.CHANGED)
DOUBTFUL = (Verdict.INCONCLUSIVE, Verdict.FLAKY)


@dataclass(frozen=True, slots=True)
class Gate:
    """How strict the person is."""

    strict: bool = False  # WARN fails
    strict_baseline: bool = False  # FIXED fails
    max_inconclusive: int = 0  # more doubtful cases fail
    report_only: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    exit: Exit
    why: str = ""


def _failure(gate: Gate, count: Counter[Verdict]) -> str:
    failing = [*FAILING]
    failing += [Verdict.WARN] if gate.strict else []
    failing += [Verdict.FIXED] if gate.strict_baseline else []
    doubtful = sum(count[verdict] for verdict in DOUBTFUL)
    reasons = [f"{count[verdict]} {verdict}" for verdict in failing if count[verdict]]
    if doubtful > gate.max_inconclusive:
        text = f"{doubtful} INCONCLUSIVE or FLAKY, more than {gate.max_inconclusive}"
        reasons.append(f"{text} (--max-inconclusive)")
    return ", ".join(reasons)


def decide(gate: Gate, run: Run, comparison: Comparison) -> Decision:
    """The first that applies decides: interrupted, our own fault, the target's death, failures, a
    stale baseline."""
    count = Counter(result.verdict for result in run.results)
    count.update(each.verdict for each in run.explored)
    if run.interrupted:
        return Decision(Exit.INTERRUPTED, "interrupted: the results are not complete")
    if count[Verdict.ERROR]:
        return Decision(Exit.SUITE, f"{count[Verdict.ERROR]} ERROR: the suite is at fault")
    failure = _failure(gate, count)
    stale = len(comparison.stale) + len(comparison.fixed)
    if run.trouble:
        decision = Decision(Exit.TARGET, run.trouble)
    elif failure:
        decision = Decision(Exit.FAILED, failure)
    elif stale:
        decision = Decision(Exit.STALE, f"{stale} entries of the baseline are out of date")
    else:
        decision = Decision(Exit.PASSED)
    return Decision(Exit.PASSED, decision.why) if gate.report_only else decision
