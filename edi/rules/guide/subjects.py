"""Parts of a claim that many rules judge alone: judged once in a run where they are equal, not at all where absent."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from edi.model.draft import ClaimDraft
from edi.rules.registry import Subject


def _billing(draft: ClaimDraft) -> Hashable:
    claim = draft.claim
    return (draft.practice_id, claim.billing, claim.pay_to)


def _people(draft: ClaimDraft) -> Hashable:
    subscriber, patient = draft.claim.subscriber, draft.claim.patient
    return (subscriber.person, subscriber.organization, patient.person if patient is not None else None)


def _coordination(draft: ClaimDraft) -> Hashable | None:
    claim = draft.claim
    if claim.subscriber.rank != "P" or claim.other_payers or any(line.adjudications for line in claim.lines):
        return claim
    return None


def _property(draft: ClaimDraft) -> Hashable | None:
    claim = draft.claim
    if (
        claim.subscriber.filing_indicator in ("WC", "AM")
        or claim.subscriber.references
        or (claim.patient is not None and claim.patient.references)
    ):
        return claim
    return None


BILLING: Final = Subject("billing", _billing)
"""2010AA and 2010AB."""
PEOPLE: Final = Subject("people", _people)
"""The persons of 2010BA and 2010CA: names, birth dates, addresses."""
COORDINATION: Final = Subject("coordination", _coordination)
"""A claim that has or wants other payers: loops 2320, 2330 and 2430."""
PROPERTY: Final = Subject("property and casualty", _property)
"""A claim of workers' compensation or an auto insurer, or with references of persons (REF*Y4)."""
