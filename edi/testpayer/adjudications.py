"""The twenty-five named adjudications (S01 to S25): what was submitted, what came back, what must be true in the end.

Data: ``scenarios/adjudications.toml``, whose head explains its keys. Source of the money:
facts/testpayer_scenarios.csv.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec

from edi.model.claim import Address, Claim, ClaimPayer, Person, Provider, ServiceLine, Subscriber
from edi.model.errors import UsageError
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Payee,
    Payment,
    Procedure,
    ProviderAdjustment,
    RemittanceHeader,
    RemittanceParty,
    RemittancePayer,
    RemittanceTrailer,
    ServicePayment,
)
from edi.testpayer.expectations import Expectation
from edi.testpayer.payments import trailer_of

ORIGINATOR = "1999999999"
"""TRN03 of all these payments; payers are told apart by N102 and N104."""
PAYEE_NPI = "1234567893"
PAYEE_TAX_ID = "987654321"

Remittance = tuple[RemittanceHeader, list[ClaimPayment], RemittanceTrailer]
"""One 835 transaction set as values."""


class _Payer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    id: str
    remit_id: str
    filing: str


class _Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: str
    sent: date
    lines: tuple[tuple[str, str, int, int, date], ...]
    payer: str = ""
    rank: str = "P"
    frequency: str = "1"
    original_reference: str = ""
    referring: bool = True


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: str
    charge: int
    paid: int
    units: str
    date: date
    submitted: str = ""
    submitted_units: str | None = None
    cas: tuple[tuple[str | int, ...], ...] = ()
    ref: str | None = None
    allowed: int | None = None
    remarks: tuple[str, ...] = ()


class _ClaimPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: str
    status: str
    charge: int
    paid: int
    filing: str
    claim_number: str
    frequency: str
    lines: tuple[_Line, ...]
    patient: int | None = None
    remarks: tuple[str, ...] = ()
    sent_on_to: tuple[str, ...] = ()


class _Set(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    payer: str
    date: date
    handling: str
    method: str
    amount: int
    trace: str
    claims: tuple[_ClaimPayment, ...]
    plb: tuple[tuple[str, str, int], ...] = ()


class _Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    title: str
    payer: str
    claims: tuple[_Claim, ...]
    sets: tuple[_Set, ...]
    expect: Expectation
    history: tuple[_Set, ...] = ()


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    payer: dict[str, _Payer]
    scenario: tuple[_Scenario, ...]


@cache
def _data() -> _File:
    text = (files("edi.testpayer") / "scenarios" / "adjudications.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _File)


def scenario_ids() -> tuple[str, ...]:
    """Return the ids, ``S01`` to ``S25``."""
    return tuple(scenario.id for scenario in _data().scenario)


def scenario_title(scenario_id: str) -> str:
    """Return what a scenario is about, in a few words."""
    return _find(scenario_id).title


def scenario_claims(scenario_id: str) -> list[Claim]:
    """Return the claims of a scenario in the order of submission; resends and secondaries are claims of their own.

    Raises:
        UsageError: there is no scenario of that id.
    """
    scenario = _find(scenario_id)
    return [_claim(claim, _data().payer[claim.payer or scenario.payer]) for claim in scenario.claims]


def scenario_sent_dates(scenario_id: str) -> list[date]:
    """Return the day each claim of `scenario_claims` was sent."""
    return [claim.sent for claim in _find(scenario_id).claims]


def scenario_history(scenario_id: str) -> list[Remittance]:
    """Return the 835s that came before the story begins (S20 and S21), to be ingested first."""
    return [_remittance(one, number) for number, one in enumerate(_find(scenario_id).history, start=91)]


def scenario_remittances(scenario_id: str) -> list[Remittance]:
    """Return the sets of a scenario in the order of arrival, each as header, claim payments and trailer."""
    return [_remittance(one, number) for number, one in enumerate(_find(scenario_id).sets, start=1)]


def scenario_expectation(scenario_id: str) -> Expectation:
    """Return what must be true when all claims and sets of a scenario are in."""
    return _find(scenario_id).expect


def _find(scenario_id: str) -> _Scenario:
    for scenario in _data().scenario:
        if scenario.id == scenario_id:
            return scenario
    raise UsageError(f"there is no scenario {scenario_id!r}; they are S01 to S25")


def _procedure(text: str) -> Procedure:
    code, *modifiers = text.split(":")
    return Procedure("HC", code, tuple(modifiers))


def _claim(data: _Claim, payer: _Payer) -> Claim:
    """Build a whole claim around the few facts of the scenario; all else is the same for each."""
    home = Address(line_1="3 FABLE STREET", city="PLAINFIELD", state="MA", zip="010010001")
    lines = tuple(
        ServiceLine(
            number=number,
            procedure=_procedure(code),
            charge=charge,
            units=str(units),
            pointers=(1,),
            date_from=day,
            date_to=day,
            line_control_number=reference,
        )
        for number, (reference, code, units, charge, day) in enumerate(data.lines, start=1)
    )
    return Claim(
        patient_control_number=data.number,
        charge=sum(line.charge for line in lines),
        frequency=data.frequency,
        original_reference=data.original_reference,
        diagnoses=("M5450",),
        billing=Provider(
            is_person=False,
            last_name="QUILLFEATHER PHYSICAL THERAPY",
            npi=PAYEE_NPI,
            taxonomy="261QP2000X",
            tax_id=PAYEE_TAX_ID,
            address=home,
        ),
        referring=_person("WRENHOLLOW", "FAYE", "1558598797") if data.referring else None,
        rendering=_person("THISTLEDOWN", "NELL", "1993999998", "225100000X"),
        subscriber=Subscriber(
            rank=data.rank,
            person=Person(
                last_name="FENWILLOW", first_name="ADA", birth_date=date(1950, 4, 5), sex="F", address=home
            ),
            member_id=f"ZX{data.number[1:]}",
            filing_indicator=payer.filing,
        ),
        payer=ClaimPayer(name=payer.name, id=payer.id),
        lines=lines,
    )


def _person(last: str, first: str, npi: str, taxonomy: str = "") -> Provider:
    return Provider(is_person=True, last_name=last, first_name=first, npi=npi, taxonomy=taxonomy)


def _remittance(data: _Set, number: int) -> Remittance:
    payer = _data().payer[data.payer]
    control = int("".join(c for c in data.trace if c.isdigit()) or "0") * 100 + number
    header = RemittanceHeader(
        st_control_number=f"{number:04d}",
        interchange_control_number=f"{control % 1_000_000_000:09d}",
        group_control_number=str(number),
        sender_id=payer.remit_id,
        receiver_id=PAYEE_NPI,
        version="005010X221A1",
        payment=Payment(
            amount=data.amount,
            method=data.method,
            date=data.date,
            trace_number=data.trace,
            payer_id=ORIGINATOR,
            credit_debit="C",
            handling=data.handling,
        ),
        payer=RemittancePayer(name=payer.name, id=payer.remit_id, id_qualifier="XV"),
        payee=Payee(
            name="QUILLFEATHER PHYSICAL THERAPY",
            npi=PAYEE_NPI,
            tax_id=PAYEE_TAX_ID,
            references=(("TJ", PAYEE_TAX_ID),),
        ),
        production_date=data.date,
    )
    claims = [_claim_payment(claim, ordinal) for ordinal, claim in enumerate(data.claims)]
    fiscal = date(2026, 12, 31)
    adjustments = [
        ProviderAdjustment(
            segment=0,
            provider=PAYEE_NPI,
            fiscal_date=fiscal,
            reason=reason,
            identifier=reference,
            cents=cents,
        )
        for reason, reference, cents in data.plb
    ]
    return header, claims, trailer_of(claims, adjustments)


def _claim_payment(data: _ClaimPayment, ordinal: int) -> ClaimPayment:
    member = f"ZX{data.number[1:]}"
    parties = [
        RemittanceParty(
            role="QC", kind="1", last_name="FENWILLOW", first_name="ADA", id_qualifier="MI", id=member
        )
    ]
    if data.sent_on_to:
        name, identifier = data.sent_on_to
        parties.append(RemittanceParty(role="TT", kind="2", last_name=name, id_qualifier="PI", id=identifier))
    return ClaimPayment(
        segment=0,
        ordinal=ordinal,
        patient_control_number=data.number,
        status=data.status,
        charge=data.charge,
        paid=data.paid,
        patient_responsibility=data.patient,
        filing_indicator=data.filing,
        payer_claim_control_number=data.claim_number,
        facility_code="11",
        frequency=data.frequency,
        member_id=member,
        parties=tuple(parties),
        remarks=data.remarks,
        outpatient=("MOA", "", "", *data.remarks) if data.remarks else (),
        header_number="1",
        lines=tuple(_service_payment(line) for line in data.lines),
    )


def _service_payment(data: _Line) -> ServicePayment:
    return ServicePayment(
        segment=0,
        procedure=_procedure(data.code),
        charge=data.charge,
        paid=data.paid,
        units=data.units,
        submitted_procedure=_procedure(data.submitted) if data.submitted else None,
        submitted_units=data.submitted_units,
        date_from=data.date,
        date_to=data.date,
        line_control_number=data.ref,
        allowed=data.allowed,
        adjustments=_adjustments(data.cas),
        remarks=data.remarks,
    )


def _adjustments(rows: Sequence[Sequence[str | int]]) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(str(group), str(reason), int(cents), str(quantity[0]) if quantity else None)
        for group, reason, cents, *quantity in rows
    )
