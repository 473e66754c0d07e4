"""What a payer does to names and numbers: patients replaced, control numbers mangled, claims that are not ours."""

from __future__ import annotations

import msgspec

from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Procedure,
    RemittanceParty,
    ServicePayment,
)
from edi.testpayer.control_numbers import mangle
from edi.testpayer.patterns.stage import UNWORN, Stage


def patient_replaced(stage: Stage) -> bool:
    """NM1*QC under the payer's own id and a married name, NM1*IL another insured, NM1*74 the corrected id."""
    decisions = stage.paid()
    lines = stage.lines(decisions, UNWORN)
    payment = stage.payment(lines)
    given = payment.parties[0]
    number = f"N{stage.case.number:08d}"
    parties = (
        msgspec.structs.replace(given, last_name="OAKENSHADE", id=number),
        RemittanceParty(
            role="IL", kind="1", last_name="OAKENSHADE", first_name="REX", id_qualifier="MI", id=number
        ),
        RemittanceParty(role="74", kind="1", last_name="OAKENSHADE", id_qualifier="C", id=number),
    )
    changed = msgspec.structs.replace(payment, parties=parties, member_id=number)
    stage.send(stage.case.wave, "first", changed, lines)
    stage.stands(decisions)
    return True


def control_number_mangled(stage: Stage) -> bool:
    """CLP01 lower-cased, padded, broken by a dash or a blank, or cut short."""
    case = stage.case
    number = case.claim.patient_control_number
    case.sent_number, case.readable = mangle(number, stage.rng, stage.others, may_truncate=True)
    decisions = stage.paid()
    stage.first(decisions)
    stage.stands(decisions)
    return True


def among_institutional(stage: Stage) -> bool:
    """A hospital's claim in the same 835: revenue codes (SVC01 NU), a bill type in CLP08 and an MIA."""
    return _among(stage, ("NU", "0420"), facility="13", inpatient=("MIA", "1"))


def among_dental(stage: Stage) -> bool:
    """A dentist's claim in the same 835 (SVC01 AD)."""
    return _among(stage, ("AD", "D0120"), facility="11")


def among_pharmacy(stage: Stage) -> bool:
    """A pharmacy's claim in the same 835 (SVC01 N4)."""
    return _among(stage, ("N4", "00093721410"), facility="01")


def among_unknown(stage: Stage) -> bool:
    """A professional claim in the same 835 that we never sent."""
    return _among(stage, ("HC", "99213"), facility="11")


def _among(
    stage: Stage, procedure: tuple[str, str], *, facility: str, inpatient: tuple[str, ...] = ()
) -> bool:
    decisions = stage.paid()
    stage.first(decisions)
    stage.stands(decisions)
    charge, day = 20000, stage.case.claim.lines[0].date_from
    line = ServicePayment(
        segment=0,
        procedure=Procedure(*procedure),
        charge=charge,
        paid=15000,
        units="1",
        date_from=day,
        date_to=day,
        adjustments=(Adjustment("CO", "45", charge - 15000),),
    )
    number = f"STR{stage.case.number:07d}"
    stranger = ClaimPayment(
        segment=0,
        ordinal=0,
        patient_control_number=number,
        status="1",
        charge=charge,
        paid=15000,
        filing_indicator=stage.case.claim.subscriber.filing_indicator or "ZZ",
        payer_claim_control_number=f"X{stage.case.claim_number}",
        facility_code=facility,
        frequency="1",
        parties=(RemittanceParty(role="QC", kind="1", last_name="STRANGER", first_name="PAT"),),
        inpatient=inpatient,
        lines=(line,),
    )
    stage.send(stage.case.wave, "stranger", stranger, ())
    return True
