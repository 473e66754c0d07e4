"""The patient's other coverages on the claim: loops 2320, 2330A and 2330B. Source: 005010X222A1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from edi.intake.charge import values
from edi.intake.charge.parties import RELATIONSHIPS, payer_of_claim
from edi.intake.charge.values import Ready, problem
from edi.model.claim import OtherPayer, Person
from edi.model.coordination import RANKS
from edi.model.finding import Finding, Severity
from edi.model.records import Coverage
from edi.payers import PayerProfile

SELF: Final = "18"
"""SBR02 of a coverage of the patient's own."""


def other_payers(
    ready: Ready, payers: Mapping[str, PayerProfile]
) -> tuple[tuple[OtherPayer, ...], list[Finding]]:
    """Make the other payers of a claim that goes to the first coverage: the coverages after it, not yet asked.

    Args:
        ready: the claim's first line.
        payers: profiles by key.

    Returns:
        2320 with 2330A and 2330B of each, in order; a warning for each coverage that lacks what the loops require.
    """
    found: list[OtherPayer] = []
    said: list[Finding] = []
    for place, coverage in enumerate(ready.coverages[1 : len(RANKS)], 1):
        payer = payers.get(coverage.payer)
        if payer is not None and payer.kind == "self":
            continue
        missing = list(_missing(ready, coverage, payer))
        if payer is None or missing:
            said.append(_left_off(ready, coverage, missing))
        else:
            found.append(_other_payer(ready, coverage, payer, RANKS[place]))
    return tuple(found), said


def _missing(ready: Ready, coverage: Coverage, payer: PayerProfile | None) -> Iterator[str]:
    """What 2330A or 2330B require and the records lack."""
    if payer is None:
        yield "a payer of payers.toml"
    elif not payer_of_claim(ready, payer).id:
        yield "the payer's claim_id"
    if not coverage.member_id:
        yield "the member id"
    named = coverage.subscriber is not None and coverage.subscriber.last_name
    if coverage.relationship != "self" and not (named or coverage.subscriber_organization):
        yield "the subscriber's name"


def _other_payer(ready: Ready, coverage: Coverage, payer: PayerProfile, rank: str) -> OtherPayer:
    own = coverage.relationship == "self" and not coverage.subscriber_organization
    holder = ready.patient.person if own else coverage.subscriber or Person()
    return OtherPayer(
        rank=rank,
        relationship=SELF if own else RELATIONSHIPS.get(coverage.relationship, "G8"),
        group_number=coverage.group_number,
        group_name="" if coverage.group_number else coverage.group_name,
        insurance_type=coverage.msp_type if payer.is_original_medicare else "",
        filing_indicator=payer.filing_indicator,
        benefits_assigned="Y" if coverage.assignment_of_benefits else "N",
        release_of_information=ready.patient.release_of_information,
        subscriber=msgspec.structs.replace(holder, birth_date=None, sex="", death_date=None),
        organization=coverage.subscriber_organization,
        member_id=coverage.member_id,
        payer=payer_of_claim(ready, payer),
    )


def _left_off(ready: Ready, coverage: Coverage, missing: list[str]) -> Finding:
    message = (
        f"the coverage of rank {coverage.rank} is not named on the claim; it lacks {' and '.join(missing)}"
    )
    return problem(
        ready.line,
        values.COVERAGE_LEFT_OFF,
        message,
        field="coverage_rank",
        fix="Complete the coverage in patients.csv, or its payer in payers.toml.",
        severity=Severity.WARNING,
    )
