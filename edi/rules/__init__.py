"""The rule registry, and one family of rules a file or folder.

``RULES`` is all of them, sorted by code; ``run`` judges the claims of a run. A new family is a module or folder and its
name below; a new module in the folder of a family (``guide``, ``payer``) needs no list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from edi.model.draft import ClaimDraft
from edi.model.finding import Finding
from edi.rules import (
    amounts,
    assistants,
    authorization,
    bundling,
    chiropractic,
    coding,
    coverage,
    diagnosis,
    discipline,
    duplicates,
    eligibility,
    enrolment,
    guide,
    identifiers,
    liability,
    modifiers,
    mue,
    overrides,
    payer,
    places,
    plan_of_care,
    providers,
    required,
    telehealth,
    threshold,
    timely,
    unchecked,
    units,
)
from edi.rules.context import RuleContext
from edi.rules.registry import Rule, check_each, check_run, rules_of, sorted_rules

FAMILIES: Final = (
    amounts,
    assistants,
    authorization,
    bundling,
    chiropractic,
    coding,
    coverage,
    diagnosis,
    discipline,
    duplicates,
    eligibility,
    enrolment,
    guide,
    identifiers,
    liability,
    modifiers,
    mue,
    overrides,
    payer,
    places,
    plan_of_care,
    providers,
    required,
    telehealth,
    threshold,
    timely,
    unchecked,
    units,
)
RULES: Final[tuple[Rule, ...]] = sorted_rules(one for family in FAMILIES for one in rules_of(family))


def run(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Finding]:
    """The findings of every rule on the claims of a run; an error holds its claim.

    Args:
        drafts: claims not sent yet; all of a patient's on a day belong in one run.
        context: tables, payers, directory, today, history.

    Returns:
        Findings claim by claim, in the order of the claims and of the rules' codes, then those of the run as a whole.
    """
    return check_run(drafts, context, RULES)


def judge(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[tuple[ClaimDraft | None, Finding]]:
    """The findings of ``run``, each with the claim it is about; None beside what is said of the run as a whole."""
    return check_each(drafts, context, RULES)


__all__ = ["FAMILIES", "RULES", "Rule", "RuleContext", "judge", "run"]
