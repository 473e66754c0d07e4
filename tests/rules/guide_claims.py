"""Good claims of each kind that a therapy practice sends, for the rules of the guide to be spoiled one at a time.

Each passes pyx12 and every rule of the guide. They are judged as a claim that was read from a file is: without sessions.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from edi.model.claim import Claim, ClaimPayer, SpinalCondition
from edi.model.coordination import LineAdjudication, OtherPayer
from edi.model.draft import ClaimDraft
from edi.model.records import Coverage, PatientRecord
from edi.model.remittance import Adjustment, Procedure
from edi.payers import PayerProfile, shipped_packs
from tests.builders import (
    DAY,
    make_address,
    make_claim,
    make_dependent,
    make_line,
    make_person,
    make_rendering,
    make_subscriber,
    npi,
)

TODAY = date(2026, 3, 20)
DECIDED = date(2026, 3, 15)
change = msgspec.structs.replace


def payers(**changes: Any) -> dict[str, PayerProfile]:
    """The shipped packs by key; changes to the commercial one by name."""
    packs = dict(shipped_packs())
    return {**packs, "commercial": change(packs["commercial"], **changes)}


def payer(key: str) -> ClaimPayer:
    return ClaimPayer(name="ACME HEALTH", id="12345", key=key)


def claim(**changes: Any) -> Claim:
    """A commercial claim of two lines; the patient is the subscriber."""
    return make_claim(**{"practice_id": "p1", "patient_id": "pat1", "payer": payer("commercial"), **changes})


def medicare(**changes: Any) -> Claim:
    subscriber = make_subscriber(member_id="1EG4TE5MK73", filing_indicator="MB")
    referring = make_rendering(npi=npi(30), last_name="REED", taxonomy="")
    given = {"payer": payer("medicare_b"), "subscriber": subscriber, "referring": referring}
    return claim(**{**given, **changes})


def chiropractic(**changes: Any) -> Claim:
    """Medicare: active spinal manipulation."""
    given = {
        "lines": (make_line(1, "98941", ("AT",)),),
        "referring": None,
        "dates": (("454", date(2026, 3, 1)),),
        "spinal": SpinalCondition(nature="A"),
    }
    return medicare(**{**given, **changes})


def medicaid(**changes: Any) -> Claim:
    return claim(
        **{"payer": payer("medicaid"), "subscriber": make_subscriber(filing_indicator="MC"), **changes}
    )


def dependent(**changes: Any) -> Claim:
    """Commercial: a child of the subscriber."""
    given = {"subscriber": make_subscriber(is_patient=False), "patient": make_dependent()}
    return claim(**{**given, **changes})


def veteran(**changes: Any) -> Claim:
    given = {
        "payer": payer("va_ccn"),
        "subscriber": make_subscriber(filing_indicator="VA"),
        "authorization": "VA0012345678",
        "referral_number": "VA0012345678-1",
    }
    return claim(**{**given, **changes})


def worker(**changes: Any) -> Claim:
    """Workers' compensation: the employer is the subscriber, the patient his employee."""
    given = {
        "payer": payer("workers_comp"),
        "subscriber": make_subscriber(
            is_patient=False, organization="ACME MILL", person=make_person(address=None), member_id="",
            filing_indicator="WC",
        ),
        "patient": make_dependent(relationship="20", references=(("Y4", "WC100200"),), person=make_person()),
        "accident_causes": ("EM",),
        "dates": (("439", date(2026, 2, 1)),),
    }  # fmt: skip
    return claim(**{**given, **changes})


def crash(**changes: Any) -> Claim:
    """An auto insurer's claim."""
    given = {
        "payer": payer("auto"),
        "subscriber": make_subscriber(filing_indicator="AM", references=(("Y4", "AM100200"),)),
        "accident_causes": ("AA",),
        "accident_state": "MA",
        "dates": (("439", date(2026, 2, 1)),),
    }
    return claim(**{**given, **changes})


def decision(paid: int = 3000, **changes: Any) -> LineAdjudication:
    """Of a line of $50.00: $30.00 paid, $15.00 contractual, $5.00 coinsurance."""
    given = {
        "payer_id": "99999",
        "paid": paid,
        "procedure": Procedure("HC", "97110", ("GP",)),
        "units": "1",
        "adjustments": (Adjustment("CO", "45", 1500), Adjustment("PR", "2", 500)),
        "paid_on": DECIDED,
        "remaining_patient_liability": 500,
    }
    return LineAdjudication(**{**given, **changes})


def other(**changes: Any) -> OtherPayer:
    """The payer before: it paid $60.00 of $100.00."""
    given = {
        "rank": "P",
        "filing_indicator": "CI",
        "paid": 6000,
        "subscriber": make_person(),
        "member_id": "P55512",
        "payer": ClaimPayer(name="FIRST HEALTH", id="99999"),
    }
    return OtherPayer(**{**given, **changes})


def secondary(
    *others: OtherPayer, lines: tuple[dict[str, Any] | None, ...] = ({}, {}), **changes: Any
) -> Claim:
    """Commercial, second to another payer that decided by line. ``lines`` are changes to the decisions."""
    given = {
        "subscriber": make_subscriber(rank="S"),
        "other_payers": others or (other(),),
        "lines": tuple(
            make_line(number, code, adjudications=() if one is None else (decision(**one),))
            for (number, code), one in zip(((1, "97110"), (2, "97140")), lines, strict=True)
        ),
    }
    return claim(**{**given, **changes})


def decided_by_claim(**changes: Any) -> Claim:
    """Commercial, second to a payer that decided on the claim as a whole."""
    whole = {
        "adjustments": (Adjustment("CO", "45", 3000), Adjustment("PR", "2", 1000)),
        "paid_on": DECIDED,
        "remaining_patient_liability": 1000,
    }
    return secondary(other(**{**whole, **changes}), lines=(None, None))


def passed_over(**changes: Any) -> Claim:
    """Medicaid, with a payer before it that was lawfully not asked."""
    unasked = other(**{"paid": None, "noncovered": 10000, **changes})
    subscriber = make_subscriber(rank="S", filing_indicator="MC")
    return medicaid(subscriber=subscriber, other_payers=(unasked,))


GOOD = {
    made.__name__: made
    for made in (
        claim, medicare, chiropractic, medicaid, dependent, veteran, worker, crash, secondary, decided_by_claim,
        passed_over,
    )
}  # fmt: skip


def draft(of: Claim, discipline: str = "PT", **changes: Any) -> ClaimDraft:
    """The claim as the rules get it when it was read from a file."""
    key = of.payer.key
    coverage = Coverage(rank=1, payer=key, member_id=of.subscriber.member_id, coverage_from=date(2020, 1, 1))
    given = {
        "claim": of,
        "sessions": (),
        "patient": PatientRecord(practice_id="p1", patient_id="pat1", person=of.patient_person),
        "coverage": coverage,
        "case": None,
        "payer_key": key,
        "practice_id": "p1",
        "discipline": discipline,
    }
    return ClaimDraft(**{**given, **changes})


__all__ = ["DAY", "GOOD", "make_address"]
