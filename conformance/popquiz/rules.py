# SPDX-License-Identifier: Apache-2.0
"""What the referee adds to the cases of a results file, by rule: a rule that is broken in forty
cases is one thing to look at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from popquiz.verdicts import RANK, Verdict

Case = Mapping[str, Any]
SIDES = {"C": "the client", "S": "the server"}
TOLD_BRIEFLY = ("NOTE", "KNOWN", "FIXED")
BY_RULE = ("NOTE", "KNOWN", "WARN", "FAIL")


def alone(case: Case) -> str:
    """The verdict of the case without the referee."""
    return str(case.get("alone", case["verdict"]))


def charges(case: Case) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = case.get("referee", ())
    return found


def only(case: Case) -> bool:
    """Whether there is nothing to tell of the case but what the referee saw beside it."""
    told = alone(case) in TOLD_BRIEFLY and alone(case) == case["verdict"]
    quiet = alone(case) in (*TOLD_BRIEFLY, "PASS", "SKIP") and not told
    return bool(charges(case)) and quiet and case["verdict"] in BY_RULE


def line(charge: Mapping[str, Any]) -> str:
    """What was seen, and where."""
    place = f"connection {charge['conn']}, octet {charge['offset']} of {SIDES[charge['dir']]}"
    return f'{charge["why"]}: "{charge["actual"]}" ({place})'


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule, and the cases in which it was broken."""

    rule: str
    cases: Sequence[Case]
    charge: Mapping[str, Any]  # in the first of them

    @property
    def verdict(self) -> str:
        known = self.charge["known"]
        return "KNOWN" if known else str(self.charge["verdict"])

    @property
    def title(self) -> str:
        number = len(self.cases)
        return f"{self.rule} in {number} case{'s' if number > 1 else ''}"

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(str(case["id"]) for case in self.cases))


def broken(cases: Iterable[Case]) -> list[Broken]:
    """The worst first."""
    found: dict[str, list[tuple[Case, Mapping[str, Any]]]] = {}
    for case in cases:
        for charge in charges(case):
            found.setdefault(charge["rule"], []).append((case, charge))
    rules = [Broken(rule, [case for case, _ in of], of[0][1]) for rule, of in found.items()]
    return sorted(rules, key=lambda each: (-RANK[Verdict(each.verdict)], each.rule))
