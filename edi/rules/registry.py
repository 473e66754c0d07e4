"""Rules: how one is declared, the frozen tuple of all of them, and the run.

A rule is a small function named for the defect. Its docstring has a first line, ``Why:``, ``Fix:`` and ``Source:``;
a rule without one of them cannot be declared.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from datetime import date
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules
from types import ModuleType
from typing import Final, TypeAlias

import msgspec

from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.payers import PayerProfile
from edi.rules.context import Problem, RuleContext, first_day, not_to_show

ClaimCheck = Callable[[ClaimDraft, RuleContext], Iterator[Problem]]
RunCheck = Callable[[Sequence[ClaimDraft], RuleContext], Iterator[Problem]]
PartsOf = Callable[[ClaimDraft, RuleContext], Iterable[Hashable]]

ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING
INFO: Final = Severity.INFO
OFF: Final = "off"
"""A payer's level for a rule that is not to be run at all."""
KNOWN_CODES: Final = ("rule codes",)
"""Where a run keeps the codes of its rules: ``context.kept[KNOWN_CODES]`` is a tuple of them."""

Planned: TypeAlias = "tuple[Rule, ClaimCheck, Severity | None]"
"""A rule that runs, its check, and the severity the payer gives it, None where he gives none."""

_SECTION: Final = re.compile(r"^(Why|Fix|Source): ", re.MULTILINE)


class Subject(msgspec.Struct, frozen=True):
    """Parts of a claim that a rule judges one by one, and nothing beside them: equal parts are judged once a run.

    ``parts`` gives each part with everything else of the draft that its rules look at; none when the claim has no such
    part, and its rules nothing to judge. A rule that weighs several lines against each other needs them in one part.
    The payer, the directory, the records, the tables and today are the same for all claims of a plan.
    """

    name: str
    parts: PartsOf


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and what is to be said about it.

    Attributes:
        code: stable for ever: three letters of the family and three digits.
        severity: what its findings weigh unless a payer says otherwise; an error holds the claim.
        carc: the CARC a payer would answer with, None where no denial would come.
        title: what is wrong, one sentence.
        why: why a payer minds. fix: what to do. source: where the rule is from.
        name: the function's name. family: the module's, or its folder's.
        payers: kinds or keys of payers it is meant for; None for all. A level in payers.toml turns it on for others.
        subject: the parts of the claim it judges alone, None when it looks at more.
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
    payers: tuple[str, ...] | None = None
    subject: Subject | None = None
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

    def is_for(self, payer: PayerProfile) -> bool:
        """Whether the rule is meant for a payer of whom payers.toml says nothing about it."""
        return self.payers is None or payer.kind in self.payers or payer.key in self.payers

    def __call__(self, draft: ClaimDraft, context: RuleContext) -> Iterator[Finding]:
        """The rule's findings on one claim, without the payer's overrides; none when it judges whole runs."""
        if self.check is not None:
            for problem in self.check(draft, context):
                yield self.finding(problem.without(not_to_show(draft)))


def rule(
    code: str,
    *,
    severity: Severity,
    carc: str | None = None,
    payers: tuple[str, ...] | None = None,
    subject: Subject | None = None,
) -> Callable[[ClaimCheck], Rule]:
    """Declare a rule that judges one claim: ``@rule("UNT003", severity=ERROR, carc="151")``.

    Args:
        code: two or three letters of the family and three digits.
        severity: what its findings weigh.
        carc: what a payer would answer.
        payers: kinds (``medicare_b``) or keys of payers.toml it is meant for; None for all.
        subject: the parts of the claim that decide alone; those it had nothing to say of are not judged again.

    Raises:
        ValueError: the code has another form, or the docstring lacks a part.
    """

    def declare(check: ClaimCheck) -> Rule:
        return _declared(code, severity, carc, check, check=check, payers=payers, subject=subject)

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
    payers: tuple[str, ...] | None = None,
    subject: Subject | None = None,
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
        family=_family(getattr(function, "__module__", "")),
        payers=payers,
        subject=subject,
        check=check,
        check_run=check_run,
    )


def _family(module: str) -> str:
    """The family of a module: its name, or that of its folder in ``edi.rules``."""
    return module.removeprefix("edi.rules.").partition(".")[0]


def rules_of(family: ModuleType) -> tuple[Rule, ...]:
    """The rules that a family declares, in a module or in any module of its folder; each once."""
    inner = [found.name for found in iter_modules(getattr(family, "__path__", ()))]
    modules = [family, *(import_module(f"{family.__name__}.{name}") for name in inner)]
    rules = {id(one): one for module in modules for one in vars(module).values() if isinstance(one, Rule)}
    return tuple(rules.values())


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


def plan_for(payer: PayerProfile, day: date | None, rules: Sequence[Rule]) -> tuple[Planned, ...]:
    """The rules that judge a claim of this payer and first date of service, each with the payer's severity.

    A level of the payer's decides; without one a rule runs where it is meant for the payer.
    """
    levels = levels_on(payer, day)
    found: list[Planned] = []
    for one in rules:
        level = levels.get(one.code)
        if one.check is None or level == OFF or (level is None and not one.is_for(payer)):
            continue
        found.append((one, one.check, Severity(level) if level is not None else None))
    return tuple(found)


class Plan:
    """The rules of one payer and day, and which of them had nothing to say of which parts of claims.

    Rules are bits of a number, in their order. A rule without a subject judges every claim; one with a subject judges a
    claim that has a part not seen before, or a part of which it found something.

    Args:
        planned: what ``plan_for`` gives.
    """

    def __init__(self, planned: Sequence[Planned]) -> None:
        self._planned = tuple((*one, 1 << place) for place, one in enumerate(planned))
        of_subject: dict[Subject | None, int] = {None: 0}
        for one, _, _, bit in self._planned:
            of_subject[one.subject] = of_subject.get(one.subject, 0) | bit
        self._always = of_subject.pop(None)
        self._subjects: list[tuple[PartsOf, int, dict[Hashable, int]]] = [
            (subject.parts, bits, {}) for subject, bits in of_subject.items() if subject is not None
        ]
        self._chosen: dict[int, tuple[tuple[Rule, ClaimCheck, Severity | None, int], ...]] = {}

    def findings(self, draft: ClaimDraft, context: RuleContext) -> Iterator[Finding]:
        """The findings on one claim, in the order of the rules."""
        wanted, found = self._always, 0
        fresh = []
        for parts, bits, known in self._subjects:
            for part in parts(draft, context):
                wrong = known.get(part)
                if wrong is None:
                    fresh.append((known, part, bits))
                    wrong = bits
                wanted |= wrong
        hidden: Collection[str] | None = None
        for one, check, severity, bit in self._chosen.get(wanted) or self._choose(wanted):
            for problem in check(draft, context):
                found |= bit
                hidden = not_to_show(draft) if hidden is None else hidden
                yield one.finding(problem.without(hidden), severity)
        for known, part, bits in fresh:
            known[part] = found & bits

    def _choose(self, wanted: int) -> tuple[tuple[Rule, ClaimCheck, Severity | None, int], ...]:
        """The rules of those bits; kept."""
        chosen = self._chosen[wanted] = tuple(one for one in self._planned if one[3] & wanted)
        return chosen


def check_claim(draft: ClaimDraft, context: RuleContext, rules: Sequence[Rule]) -> Iterator[Finding]:
    """The findings of all rules on one claim, with the payer's levels applied."""
    payer = context.payer(draft)
    # The day matters to levels with dates alone; without them all claims of a payer share one plan.
    day = first_day(draft) if any(row.valid_from or row.valid_to for row in payer.rules) else None
    plan = context.once(("plan", draft.payer_key, day, id(rules)), lambda: Plan(plan_for(payer, day, rules)))
    yield from plan.findings(draft, context)


def check_each(
    drafts: Sequence[ClaimDraft], context: RuleContext, rules: Sequence[Rule]
) -> Iterator[tuple[ClaimDraft | None, Finding]]:
    """All findings on the claims of a run, each with its claim; then, with None, what is said once.

    Claims of one patient and day belong in one run: units and edits are judged over the day.
    """
    knowing = context.with_days(drafts)
    knowing.kept[KNOWN_CODES] = tuple(one.code for one in rules)
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
