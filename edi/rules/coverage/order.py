"""Who pays first: the order of a patient's coverages, accidents, Medicare beside others, and QMB.

That two coverages of one rank are not in force on one day is refused where patients.csv is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.model.draft import ClaimDraft
from edi.model.records import Coverage
from edi.payers.profile import MEDICARE, ORIGINAL_MEDICARE
from edi.rules.context import Problem, RuleContext, at_claim, first_day
from edi.rules.registry import ERROR, WARNING, Subject, rule
from edi.rules.subjects import MEMBER, Parts, whole

_ACCIDENT: Final = {"AA": "auto", "EM": "work"}
"""CLM11 to the word of cases.csv."""


def _kind(coverage: Coverage, context: RuleContext) -> str:
    """The kind of a coverage's payer, "" when payers.toml does not know it."""
    payer = context.payers.get(coverage.payer)
    return payer.kind if payer is not None else ""


def _others(draft: ClaimDraft, day: date) -> Iterator[Coverage]:
    """The patient's other coverages in force on the day."""
    for one in draft.patient.coverages:
        if one.covers(day) and (one.rank, one.payer) != (draft.coverage.rank, draft.coverage.payer):
            yield one


def _is_first(draft: ClaimDraft) -> bool:
    """Whether the claim goes to its payer as the first one."""
    return draft.claim.subscriber.rank == "P"


def _several(draft: ClaimDraft, context: RuleContext) -> Parts:
    own = (draft.coverage.rank, draft.coverage.payer)
    return whole(draft) if any((one.rank, one.payer) != own for one in draft.patient.coverages) else ()


SEVERAL: Final = Subject("several coverages", _several)
"""A claim of a patient who has another coverage than the claim's."""


def _of_accident(draft: ClaimDraft, context: RuleContext) -> Parts:
    case = draft.case
    return whole(draft) if draft.claim.accident_causes or (case is not None and case.accident_type) else ()


ACCIDENTS: Final = Subject("accidents", _of_accident)
"""A claim that an accident is told of, by itself or by its case."""


@rule("COV004", severity=ERROR, carc="22", subject=SEVERAL)
def earlier_coverage_skipped(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A coverage that comes first is in force on the day, and the claim goes to a later one as if it were first.

    Why: A payer that comes later denies until it sees what the first one did.
    Fix: Bill the coverage of the lower rank first, or end it in patients.csv with coverage_to.
    Source: patients.csv coverage_rank; CARC 22.
    """
    day = first_day(draft)
    if day is None or not _is_first(draft):
        return
    skipped = sorted(one.rank for one in _others(draft, day) if one.rank < draft.coverage.rank)
    if skipped:
        yield Problem(
            message=f"rank {draft.coverage.rank} is billed first, and rank {skipped[0]} is in force on {day}",
            location=at_claim(draft, "coverage_rank", "SBR01"),
        )


@rule("COV005", severity=WARNING, carc="22", subject=MEMBER)
def medicare_later_without_reason(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Medicare comes after the payer of this claim, and patients.csv does not say why.

    Why: Medicare as a later payer wants the reason in SBR05; where none can be given, Medicare may be the first payer.
    Fix: Give msp_type (12 13 14 15 16 41 42 43 47) on the Medicare row of patients.csv, or rank Medicare first.
    Source: claim_format_eligibility_rules.md, Subscriber and patient loops; 005010X222A1 SBR05.
    """
    later = draft.other_coverages
    lacking = [one for one in later if _kind(one, context) in ORIGINAL_MEDICARE and not one.msp_type]
    if lacking:
        yield Problem(
            message=f"the Medicare coverage of rank {lacking[0].rank} has no msp_type",
            location=at_claim(draft, "msp_type", "SBR05"),
        )


def _accident(draft: ClaimDraft, context: RuleContext, kind: str, payer_kind: str) -> Iterator[Problem]:
    """The claim of an accident of that kind that goes to another payer than one of accidents first."""
    case, day = draft.case, first_day(draft)
    told = {_ACCIDENT.get(cause) for cause in draft.claim.accident_causes}
    if (case is None or case.accident_type != kind) and kind not in told:
        return
    if context.payer(draft).kind in ("workers_comp", "auto") or day is None or not _is_first(draft):
        return
    known = any(_kind(one, context) == payer_kind for one in _others(draft, day))
    said = "; the patient has a coverage that pays for it" if known else ""
    yield Problem(
        message=f"the case is an accident ({kind}), and payer {draft.payer_key} is billed first{said}",
        location=at_claim(draft, "accident_type", "CLM11"),
        severity=ERROR if known else None,
    )


@rule("COV006", severity=WARNING, carc="19", subject=ACCIDENTS)
def work_accident_to_health(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A work accident is billed to a health payer first; an error where a workers' compensation coverage is known.

    Why: The workers' compensation carrier owes it, and a health payer denies, or pays and takes back.
    Fix: Bill the carrier; keep its denial for the health payer if it does not accept the injury.
    Source: cases.csv accident_type; CARC 19.
    """
    yield from _accident(draft, context, "work", "workers_comp")


@rule("COV007", severity=WARNING, carc="21", subject=ACCIDENTS)
def auto_accident_to_health(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """An auto accident is billed to a health payer first; an error where an auto coverage is known.

    Why: In most states the auto insurer pays first, until its limit is used up.
    Fix: Bill the auto insurer, or keep its letter that the benefit is used up.
    Source: cases.csv accident_type; CARC 20 and 21.
    """
    yield from _accident(draft, context, "auto", "auto")


@rule("COV008", severity=WARNING, carc="22", payers=("medicaid",), subject=SEVERAL)
def medicaid_before_another(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Medicaid is billed first, and the patient has another coverage.

    Why: Medicaid pays last and knows of other coverages from its own match.
    Fix: Rank the other coverage first, or end it in patients.csv if it has ended.
    Source: Medicaid is the payer of last resort; CARC 22.
    """
    day = first_day(draft)
    if day is None or not _is_first(draft):
        return
    others = [one for one in _others(draft, day) if _kind(one, context) not in ("medicaid", "self", "")]
    if others:
        yield Problem(
            message=f"Medicaid is billed first; payer {others[0].payer} (rank {others[0].rank}) is in force on {day}",
            location=at_claim(draft, "coverage_rank", "SBR01"),
        )


@rule("COV009", severity=ERROR, carc="24", payers=ORIGINAL_MEDICARE, subject=SEVERAL)
def medicare_beside_advantage(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """Original Medicare is billed, and a Medicare Advantage plan of the patient is in force on the day.

    Why: The plan stands in for Medicare, which denies every claim of its members.
    Fix: Bill the plan, or end its row in patients.csv with coverage_to if the patient left it.
    Source: claim_format_eligibility_rules.md, Eligibility (plan type); CARC 24 and 109.
    """
    day = first_day(draft)
    if day is None:
        return
    plans = [one for one in _others(draft, day) if _kind(one, context) == "medicare_advantage"]
    if plans:
        yield Problem(
            message=f"Medicare is billed, and the Advantage plan of payer {plans[0].payer} is in force on {day}",
            location=at_claim(draft, "payer", "NM109"),
        )


@rule("COV018", severity=WARNING, payers=MEDICARE)
def qmb_patient_paid(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A patient whose cost share Medicaid carries (QMB) paid toward a Medicare service.

    Why: A qualified Medicare beneficiary may not be charged any share of a Medicare service; it must be given back.
    Fix: Give the money back and clear patient_paid, or correct qmb in patients.csv.
    Source: patients.csv qmb; Social Security Act 1902(n)(3)(B).
    """
    if not draft.patient.qmb:
        return
    paid = [session for session in draft.sessions if (session.patient_paid or 0) > 0]
    if paid or (draft.claim.patient_paid or 0) > 0:
        yield Problem(
            message="money of a QMB patient was taken for a Medicare service",
            location=at_claim(draft, "patient_paid", "AMT02"),
        )


@rule("COV019", severity=WARNING, payers=MEDICARE)
def qmb_without_medicaid(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A patient is marked as QMB and has no Medicaid coverage.

    Why: Medicaid owes his cost share; without its coverage the share is billed to nobody and written off.
    Fix: Add the Medicaid row to patients.csv, or correct qmb.
    Source: patients.csv qmb.
    """
    day = first_day(draft)
    if day is None or not draft.patient.qmb:
        return
    if not any(_kind(one, context) == "medicaid" for one in _others(draft, day)):
        yield Problem(
            message=f"the patient is marked as QMB, and no Medicaid coverage is in force on {day}",
            location=at_claim(draft, "qmb"),
        )
