"""Rules: how one is declared, the frozen tuple of all of them, and the run.

A rule is a small function named for the defect. Its docstring has a first line, ``Why:``, ``Fix:`` and ``Source:``;
a rule without one of them cannot be declared.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

import msgspec

from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.payers import PayerProfile
from edi.rules.context import Problem, RuleContext, first_day

ClaimCheck = Callable[[ClaimDraft, RuleContext], Iterator[Problem]]
RunCheck = Callable[[Sequence[ClaimDraft], RuleContext], Iterator[Problem]]

ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING
INFO: Final = Severity.INFO
OFF: Final = "off"
"""A payer's level for a rule that is not to be run at all."""

_SECTION: Final = re.compile(r"^(Why|Fix|Source): ", re.MULTILINE)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and what is to be said about it.

    Attributes:
        code: stable for ever: three letters of the family and three digits.
        severity: what its findings weigh unless a payer says otherwise; an error holds the claim.
        carc: the CARC a payer would answer with, None where no denial would come.
        title: what is wrong, one sentence.
        why: why a payer minds. fix: what to do. source: where the rule is from.
        name: the function's name. family: the module's.
        check: finds it in one claim, or None. check_run: finds it in a whole run, once, or None.
    """

    code: str
    severity: Severity
    carc: str | None
    title: str
    why: str
    fix: str
    source: str
    name: str
    family: str
    check: ClaimCheck | None = None
    check_run: RunCheck | None = None

    def finding(self, problem: Problem, severity: Severity | None = None) -> Finding:
        """The problem as a Finding under this rule's code; ``severity`` outranks the rule's and the problem's."""
        return Finding(
            code=self.code,
            severity=severity or problem.severity or self.severity,
            message=problem.message,
            location=problem.location,
            fix=problem.fix or self.fix,
            why=self.why,
            carc=self.carc,
        )

    def __call__(self, draft: ClaimDraft, context: RuleContext) -> Iterator[Finding]:
        """The rule's findings on one claim, without the payer's overrides; none when it judges whole runs."""
        if self.check is not None:
            for problem in self.check(draft, context):
                yield self.finding(problem)


def rule(code: str, *, severity: Severity, carc: str | None = None) -> Callable[[ClaimCheck], Rule]:
    """Declare a rule that judges one claim: ``@rule("UNT003", severity=ERROR, carc="151")``.

    Raises:
        ValueError: the code is not three letters and three digits, or the docstring lacks a part.
    """

    def declare(check: ClaimCheck) -> Rule:
        return _declared(code, severity, carc, check, check=check)

    return declare


def run_rule(code: str, *, severity: Severity, carc: str | None = None) -> Callable[[RunCheck], Rule]:
    """Declare a rule that judges a whole run and speaks once.

    Raises:
        ValueError: as for ``rule``.
    """

    def declare(check: RunCheck) -> Rule:
        return _declared(code, severity, carc, check, check_run=check)

    return declare


def _declared(
    code: str,
    severity: Severity,
    carc: str | None,
    function: Callable[..., object],
    check: ClaimCheck | None = None,
    check_run: RunCheck | None = None,
) -> Rule:
    if not re.fullmatch(r"[A-Z]{2,3}[0-9]{3}", code):
        raise ValueError(f"{code} is not a rule code")
    title, *parts = _SECTION.split(inspect.getdoc(function) or "")
    said = {name: " ".join(text.split()) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    missing = [name for name in ("Why", "Fix", "Source") if not said.get(name)]
    if missing or not title.strip():
        raise ValueError(f"{code} lacks in its docstring: {', '.join(missing) or 'a first line'}")
    return Rule(
        code=code,
        severity=severity,
        carc=carc,
        title=" ".join(title.split()),
        why=said["Why"],
        fix=said["Fix"],
        source=said["Source"],
        name=getattr(function, "__name__", code),
        family=getattr(function, "__module__", "").rpartition(".")[2],
        check=check,
        check_run=check_run,
    )


def sorted_rules(declared: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules in the order of their codes.

    Raises:
        ValueError: two rules have one code.
    """
    rules = tuple(sorted(declared, key=lambda one: one.code))
    doubled = [one.code for one, after in pairwise(rules) if one.code == after.code]
    if doubled:
        raise ValueError(f"declared twice: {', '.join(doubled)}")
    return rules


def levels_on(payer: PayerProfile, day: date | None) -> dict[str, str]:
    """What a payer's ``[[payer.key.rule]]`` rows say on a date of service: level by rule code, the last row wins."""
    return {row.code: row.level for row in payer.rules if day is None or row.holds_on(day)}


def check_claim(draft: ClaimDraft, context: RuleContext, rules: Sequence[Rule]) -> Iterator[Finding]:
    """The findings of all rules on one claim, with the payer's levels applied."""
    payer = context.payer(draft)
    levels = levels_on(payer, first_day(draft)) if payer.rules else {}
    for one in rules:
        if one.check is None:
            continue
        level = levels.get(one.code)
        if level == OFF:
            continue
        severity = Severity(level) if level is not None else None
        for problem in one.check(draft, context):
            yield one.finding(problem, severity)


def check_each(
    drafts: Sequence[ClaimDraft], context: RuleContext, rules: Sequence[Rule]
) -> Iterator[tuple[ClaimDraft | None, Finding]]:
    """All findings on the claims of a run, each with its claim; then, with None, what is said once.

    Claims of one patient and day belong in one run: units and edits are judged over the day.
    """
    knowing = context.with_days(drafts)
    for draft in drafts:
        for finding in check_claim(draft, knowing, rules):
            yield draft, finding
    for one in rules:
        if one.check_run is not None:
            for problem in one.check_run(drafts, knowing):
                yield None, one.finding(problem)


def check_run(drafts: Sequence[ClaimDraft], context: RuleContext, rules: Sequence[Rule]) -> Iterator[Finding]:
    """The findings of ``check_each`` alone."""
    for _, finding in check_each(drafts, context, rules):
        yield finding
