"""One field of a right claim broken at a time: each break is told with the field named, by our rules or by pyx12."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from typing import Any

import msgspec
import pytest

from edi.codes import load_tables
from edi.model.claim import ClaimPayer, Patient
from edi.model.coordination import LineAdjudication, OtherPayer
from edi.model.draft import ClaimDraft
from edi.model.errors import ClaimloopError
from edi.model.finding import Finding, Severity
from edi.model.remittance import Adjustment
from edi.payers import load_payers
from edi.rules import RuleContext, run
from edi.transactions import t837p
from edi.x12.conformance import check_bytes
from tests.builders import (
    DAY,
    FACILITY_NPI,
    REFERRER_NPI,
    SUPERVISOR_NPI,
    TODAY,
    make_address,
    make_case,
    make_claim,
    make_coverage,
    make_dependent,
    make_directory,
    make_line,
    make_patient,
    make_person,
    make_records,
    make_rendering,
    make_session_line,
    make_subscriber,
)
from tests.worlds.breaks import BREAKS, Break

PAYERS, _ = load_payers(
    {
        "payer": {
            "acme": {"name": "ACME HEALTH", "claim_id": {"default": "12345"}},
            "medicare": {"name": "FEDERAL PART B", "kind": "medicare_b", "claim_id": {"default": "04412"}},
            "comp": {"name": "HARD HAT COMP", "kind": "workers_comp", "claim_id": {"default": "55555"}},
            "wheels": {"name": "WHEELS AUTO", "kind": "auto", "claim_id": {"default": "66666"}},
        }
    }
)
PARENT = make_person(first_name="CARA", birth_date=date(1985, 4, 5))


def _draft(payer: str, claim: dict[str, Any], coverage: dict[str, Any], case: dict[str, Any]) -> ClaimDraft:
    """A right claim to a payer, with everything it was made of."""
    fields: dict[str, Any] = {
        "payer": ClaimPayer(name=PAYERS[payer].name, id=PAYERS[payer].claim_id_for(), key=payer),
        "dates": (("431", date(2026, 2, 1)),),
        "referring": make_rendering(last_name="REED", first_name="DANA", npi=REFERRER_NPI, taxonomy=""),
        "lines": (make_line(1, "97110"), make_line(2, "97112", line_control_number="L0000002")),
    }
    return ClaimDraft(
        claim=make_claim(**{**fields, **claim}),
        sessions=(make_session_line(), make_session_line(line_id="V1-2", procedure_code="97112", row=3)),
        patient=make_patient(),
        coverage=make_coverage(payer=payer, **coverage),
        case=make_case(**case),
        payer_key=payer,
        practice_id="orchard",
        discipline="PT",
    )


@cache
def bases() -> dict[str, ClaimDraft]:
    """The right claims, by name."""
    supervisor = make_rendering(last_name="SENIOR", first_name="SAM", npi=SUPERVISOR_NPI, taxonomy="")
    facility = make_rendering(
        is_person=False,
        last_name="ORCHARD NORTH",
        first_name="",
        npi=FACILITY_NPI,
        taxonomy="",
        address=make_address(line_1="7 HARBOR WAY", city="SALEM", zip="019700002"),
    )
    rich = {
        "subscriber": make_subscriber(is_patient=False, person=PARENT, group_number="GRP7"),
        "patient": make_dependent(),
        "pay_to": make_address(line_1="PO BOX 12"),
        "facility": facility,
        "supervising": supervisor,
        "authorization": "AUTH0001",
        "referral_number": "RF123",
    }
    dependent = {"relationship": "child", "subscriber": PARENT, "group_number": "GRP7"}
    comp = {
        "subscriber": make_subscriber(
            is_patient=False, person=make_person(last_name="", first_name="", birth_date=None, sex="", address=None),
            organization="HARD HAT BUILDERS", member_id="", filing_indicator="WC",
        ),
        "patient": Patient(relationship="20", person=make_person(), references=(("Y4", "CN00001"),)),
        "accident_causes": ("EM",),
        "dates": (("439", date(2026, 1, 10)),),
        "authorization": "AUTH0001",
    }  # fmt: skip
    auto = {
        "subscriber": make_subscriber(filing_indicator="AM", references=(("Y4", "CN00001"),)),
        "accident_causes": ("AA",),
        "accident_state": "MA",
        "dates": (("439", date(2026, 1, 10)),),
    }
    accident = {"accident_date": date(2026, 1, 10), "claim_number": "CN00001"}
    second = make_rendering(last_name="SECOND", npi=SUPERVISOR_NPI)
    return {
        "dependent": _draft("acme", rich, dependent, {}),
        "two therapists": _draft(
            "acme", {"lines": (make_line(1, "97110"), make_line(2, "97112", rendering=second))}, {}, {}
        ),
        "medicare": _draft(
            "medicare",
            {"subscriber": make_subscriber(member_id="1EG4TE5MK73", filing_indicator="MB")},
            {"member_id": "1EG4TE5MK73"},
            {"therapy_dollars_used": 0, "therapy_dollars_as_of": date(2026, 3, 1)},
        ),
        "work": _draft(
            "comp",
            comp,
            {"relationship": "employee", "subscriber_organization": "HARD HAT BUILDERS"},
            {"accident_type": "work", "employer": "HARD HAT BUILDERS", **accident},
        ),
        "auto": _draft("wheels", auto, {}, {"accident_type": "auto", "accident_state": "MA", **accident}),
        "secondary": _draft("acme", _secondary(), {"rank": 2}, {}),
    }


def _secondary() -> dict[str, Any]:
    """A claim to the second payer: the first one paid 30.00 of each line, wrote off 12.00 and left 8.00."""

    def decided(line):
        decision = LineAdjudication(
            payer_id="04412",
            paid=3000,
            procedure=line.procedure,
            units="1",
            adjustments=(Adjustment("CO", "45", 1200), Adjustment("PR", "2", 800)),
            paid_on=date(2026, 3, 18),
            remaining_patient_liability=800,
        )
        return msgspec.structs.replace(line, adjudications=(decision,))

    other = OtherPayer(
        rank="P",
        filing_indicator="CI",
        paid=6000,
        subscriber=make_person(),
        member_id="1EG4TE5MK73",
        payer=ClaimPayer(name="FIRST HEALTH", id="04412"),
    )
    return {
        "subscriber": make_subscriber(rank="S"),
        "other_payers": (other,),
        "lines": tuple(decided(line) for line in (make_line(1, "97110"), make_line(2, "97112"))),
    }


_STEP = re.compile(r"(\w+)|\[(\d+)\]")


def changed(value: Any, path: str, new: Any) -> Any:
    """The value with what stands at the path replaced."""
    steps = [name or int(place) for name, place in _STEP.findall(path)]
    return _changed(value, steps, new)


def _changed(value: Any, steps: list[Any], new: Any) -> Any:
    if not steps:
        return new
    first, *rest = steps
    if isinstance(first, int):
        return (*value[:first], _changed(value[first], rest, new), *value[first + 1 :])
    return msgspec.structs.replace(value, **{first: _changed(getattr(value, first), rest, new)})


def findings(draft: ClaimDraft) -> list[Finding]:
    """What the rules, the writer and the second opinion say of a claim."""
    context = RuleContext(
        tables=load_tables(),
        payers=PAYERS,
        directory=make_directory(),
        records=make_records(),
        today=TODAY,
    )
    said = list(run([draft], context))
    directory = make_directory()
    try:
        file = t837p.write(
            [("0001", [draft.claim])],
            submitter=directory.submitter,
            partner=directory.trading_partners["house"],
            interchange_control_number=1,
            group_control_number=1,
            created=datetime(2026, 3, 20, 9),
        )
    except ClaimloopError as error:
        raise AssertionError(f"the writer must say it in a finding: {error}") from error
    said += [*file.findings, *check_bytes(file.data).findings]
    return [one for one in said if one.severity is not Severity.INFO]


def names(finding: Finding) -> set[str]:
    """By what names a finding tells its place."""
    field, element = finding.location.field or "", finding.location.element or ""
    last = re.sub(r"\[\d+\]", "", field)
    return {field, last, last.rpartition(".")[2], *last.split("."), element, element.partition("-")[0]} - {""}


@pytest.mark.parametrize("name", sorted(bases()))
def test_the_base_claims_are_right(name):
    assert [one for one in findings(bases()[name]) if one.severity is Severity.ERROR] == []


def test_there_are_two_hundred_different_breaks():
    assert len({(one.base, one.path, repr(one.value)) for one in BREAKS}) >= 200
    assert DAY < TODAY


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.id)
def test_each_break_is_told_with_its_field(one: Break):
    right = bases()[one.base]
    broken = msgspec.structs.replace(right, claim=changed(right.claim, one.path, one.value))
    assert broken != right
    known = {(found.code, found.message) for found in findings(right)}
    said = [found for found in findings(broken) if (found.code, found.message) not in known]
    told = [found for found in said if names(found) & set(one.told)]
    assert told, [(found.code, found.location.field, found.location.element, found.message) for found in said]
