"""Claims -> 837P text: the segments of each loop, the hierarchy, the counts, the findings, the plan of files."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from edi.model.claim import Person
from edi.model.errors import UsageError
from edi.model.finding import Severity
from edi.model.remittance import Procedure
from edi.transactions import t837p
from edi.x12 import conformance
from tests.builders import (
    DAY,
    make_address,
    make_billing,
    make_claim,
    make_dependent,
    make_line,
    make_person,
    make_rendering,
    make_subscriber,
    npi,
)
from tests.claim_strategies import CREATED, PARTNER, SUBMITTER, read_claims, write


def segments(*claims, partner=PARTNER, **changes):
    return write(list(claims), partner, **changes).data.decode("ascii").replace("\n", "").split("~")[:-1]


def of(name, *claims, **changes):
    return [text for text in segments(*claims, **changes) if text.startswith(f"{name}*")]


def line(text, **changes):
    return of(text, make_claim(lines=(make_line(**changes),)))


CLAIM_CASES = [
    ("CLM", {}, ["CLM*A0000001*100***11:B:1*Y*A*Y*Y"]),
    ("CLM", {"frequency": "7", "original_reference": "PAYER1"}, ["CLM*A0000001*100***11:B:7*Y*A*Y*Y"]),
    (
        "CLM",
        {"accident_causes": ("AA",), "accident_state": "MA"},
        ["CLM*A0000001*100***11:B:1*Y*A*Y*Y**AA:::MA"],
    ),
    ("CLM", {"accident_causes": ("EM", "OA")}, ["CLM*A0000001*100***11:B:1*Y*A*Y*Y**EM:OA"]),
    (
        "CLM",
        {
            "provider_signature": "N",
            "accepts_assignment": "C",
            "benefits_assigned": "W",
            "release_of_information": "I",
            "patient_signature_source": "P",
            "place_of_service": "12",
        },
        ["CLM*A0000001*100***12:B:1*N*C*W*I*P"],
    ),
    ("HI", {"diagnoses": ("M5450", "R262", "Z4789")}, ["HI*ABK:M5450*ABF:R262*ABF:Z4789"]),
    ("HI", {"diagnoses": ()}, []),
    ("AMT", {"patient_paid": 2550}, ["AMT*F5*25.5"]),
    ("AMT", {}, []),
    (
        "REF",
        {
            "referral_number": "R1",
            "authorization": "A1",
            "original_reference": "O1",
            "references": (("EA", "M1"),),
        },
        ["REF*EI*123456789", "REF*9F*R1", "REF*G1*A1", "REF*F8*O1", "REF*EA*M1"],
    ),
    ("NTE", {"notes": (("ADD", "Seen at home"),)}, ["NTE*ADD*SEEN AT HOME"]),
    (
        "DTP",
        {
            "dates": tuple(
                (kind, date(2026, 2, 1)) for kind in ("431", "439", "453", "454", "455", "296", "297", "444")
            )
        },
        [f"DTP*{kind}*D8*20260201" for kind in ("431", "454", "453", "439", "455", "297", "296", "444")],
    ),
]


@pytest.mark.parametrize(("name", "changes", "expected"), CLAIM_CASES)
def test_loop_2300(name, changes, expected):
    lines = (make_line(charge=10000, line_control_number="", date_from=None, date_to=None),)
    assert of(name, make_claim(lines=lines, **changes)) == expected


LINE_CASES = [
    ("SV1", {}, ["SV1*HC:97110:GP*50*UN*1***1"]),
    (
        "SV1",
        {"modifiers": ("GP", "59", "KX", "CQ"), "units": "3", "charge": 12345, "pointers": (2, 1)},
        ["SV1*HC:97110:GP:59:KX:CQ*123.45*UN*3***2:1"],
    ),
    ("SV1", {"place_of_service": "12"}, ["SV1*HC:97110:GP*50*UN*1*12**1"]),
    ("SV1", {"pointers": ()}, ["SV1*HC:97110:GP*50*UN*1"]),
    (
        "SV1",
        {"procedure": Procedure("HC", "97039", (), "Laser: 10 minutes")},
        ["SV1*HC:97039:::::LASER 10 MINUTES*50*UN*1***1"],
    ),
    ("DTP", {}, ["DTP*472*D8*20260310"]),
    ("DTP", {"date_to": date(2026, 3, 12)}, ["DTP*472*RD8*20260310-20260312"]),
    ("DTP", {"date_to": None}, ["DTP*472*D8*20260310"]),
    ("DTP", {"other_dates": (("454", DAY),)}, ["DTP*472*D8*20260310", "DTP*454*D8*20260310"]),
    (
        "REF",
        {"authorization": "A9", "line_control_number": "L9"},
        ["REF*EI*123456789", "REF*G1*A9", "REF*6R*L9"],
    ),
]


@pytest.mark.parametrize(("name", "changes", "expected"), LINE_CASES)
def test_loop_2400(name, changes, expected):
    assert line(name, **changes) == expected


def test_the_parties_of_a_claim_in_the_order_of_the_guide():
    claim = make_claim(
        referring=make_rendering(last_name="REED", taxonomy="", npi=npi(30)),
        rendering=make_rendering(),
        facility=make_billing(last_name="ORCHARD NORTH", tax_id="", taxonomy="", contact=None, npi=npi(40)),
        supervising=make_rendering(last_name="SENIOR", taxonomy="", npi=npi(50)),
        pay_to=make_address(line_1="PO BOX 7"),
    )
    text = segments(claim)
    names = [segment.split("*")[1] for segment in text if segment.startswith("NM1")]
    assert names == ["41", "40", "85", "87", "IL", "PR", "DN", "82", "77", "DQ"]
    assert text[text.index("NM1*87*2") + 1] == "N3*PO BOX 7"
    assert "PRV*BI*PXC*261QP2000X" in text
    assert text[text.index(f"NM1*82*1*WALKER*PAT****XX*{npi(20)}") + 1] == "PRV*PE*PXC*225100000X"
    assert conformance.check_bytes(write([claim]).data).passed


def test_an_individual_bills_under_a_social_security_number():
    billing = make_billing(is_person=True, last_name="WALKER", first_name="PAT", tax_id_qualifier="SY")
    text = segments(make_claim(billing=billing))
    assert f"NM1*85*1*WALKER*PAT****XX*{npi(10)}" in text
    assert "REF*SY*123456789" in text


def levels(*claims):
    return [text.split("*")[1:] for text in of("HL", *claims)]


def test_patient_is_subscriber_then_dependent_then_another_practice():
    own = make_claim()
    family = make_subscriber(is_patient=False)
    child = make_claim(subscriber=family, patient=make_dependent())
    sibling = make_claim(subscriber=family, patient=make_dependent(person=make_person(first_name="CLEO")))
    elsewhere = make_claim(billing=make_billing(last_name="HARBOR THERAPY", npi=npi(11)))
    assert levels(own, child, elsewhere, sibling, own) == [
        ["1", "", "20", "1"],
        ["2", "1", "22", "0"],
        ["3", "1", "22", "1"],
        ["4", "3", "23", "0"],
        ["5", "3", "23", "0"],
        ["6", "", "20", "1"],
        ["7", "6", "22", "0"],
    ]
    assert [text[:6] for text in of("SBR", own, child)] == ["SBR*P*", "SBR*P*"]
    assert of("SBR", own)[0].split("*")[2] == "18"
    assert of("SBR", child)[0].split("*")[2] == ""


def test_one_billing_provider_written_by_different_values_is_one_level():
    assert (
        len(levels(*[make_claim(billing=make_billing(), subscriber=make_subscriber()) for _ in range(5)]))
        == 2
    )


def test_more_than_a_hundred_claims_of_a_patient_repeat_his_level():
    claims = [make_claim(patient_control_number=f"A{number:07d}") for number in range(101)]
    assert [level[2] for level in levels(*claims)] == ["20", "22", "22"]
    child = {"subscriber": make_subscriber(is_patient=False), "patient": make_dependent()}
    claims = [make_claim(patient_control_number=f"A{number:07d}", **child) for number in range(201)]
    assert [level[2] for level in levels(*claims)] == ["20", "22", "23", "23", "23"]
    assert conformance.check_bytes(write(claims).data).passed


def test_workers_compensation_employer_is_the_subscriber():
    claim = make_claim(
        subscriber=make_subscriber(
            is_patient=False,
            organization="BIG EMPLOYER",
            person=Person(),
            member_id="",
            filing_indicator="WC",
        ),
        patient=make_dependent(relationship="20", references=(("Y4", "INJURY1"),)),
        accident_causes=("EM",),
        dates=(("439", DAY),),
    )
    text = segments(claim)
    assert "SBR*P********WC" in text
    assert "NM1*IL*2*BIG EMPLOYER" in text
    assert text[text.index("PAT*20") + 1].startswith("NM1*QC*1*")
    assert "REF*Y4*INJURY1" in text
    verdict = conformance.check_bytes(write([claim]).data)
    assert verdict.passed
    assert {found.code for found in verdict.findings} == {"PYX902"}


def test_medicare_second_carries_the_insurance_type():
    subscriber = make_subscriber(rank="S", insurance_type="12", group_number="G7", group_name="Plan A")
    assert of("SBR", make_claim(subscriber=subscriber)) == ["SBR*S*18*G7*PLAN A*12****CI"]


def test_the_envelope_is_padded_and_counts():
    written = write([make_claim()], interchange_control_number=42, group_control_number=43)
    text = written.data.decode("ascii")
    assert text[105] == "~"
    assert text[:106] == (
        "ISA*00*          *00*          *ZZ*ORCH01         *ZZ*HOUSE          *260320*0930*^*00501*000000042*0*T*:~"
    )
    rows = text.replace("\n", "").split("~")
    assert rows[1] == "GS*HC*ORCH01*HOUSE*20260320*0930*43*X*005010X222A1"
    assert rows[2] == "ST*837*0001*005010X222A1"
    assert rows[3] == "BHT*0019*00*0000000420001*20260320*0930*CH"
    assert rows[-4:-1] == [f"SE*{len(rows) - 5}*0001", "GE*1*43", "IEA*1*000000042"]
    assert (written.claims, written.lines) == (1, 2)


def test_several_transaction_sets_in_one_group():
    written = t837p.write(
        [("0001", [make_claim()]), ("0002", [make_claim(patient_control_number="A0000002")])],
        submitter=SUBMITTER,
        partner=PARTNER,
        interchange_control_number=1,
        group_control_number=1,
        created=CREATED,
    )
    assert b"GE*2*1~" in written.data
    assert [claim.patient_control_number for claim in read_claims(written.data)] == ["A0000001", "A0000002"]
    assert conformance.check_bytes(written.data).passed


@pytest.mark.parametrize(
    "changes",
    [
        {"element_separator": ":"},
        {"element_separator": "A"},
        {"segment_terminator": "~~"},
        {"repetition_separator": "é"},
        {"component_separator": " "},
        {"sender_id": "SIXTEEN CHARACTERS"},
    ],
)
def test_settings_that_do_not_fit_an_isa_are_refused(changes):
    with pytest.raises(UsageError):
        write([make_claim()], msgspec.structs.replace(PARTNER, **changes))


def test_delimiters_and_control_characters_in_data():
    person = make_person(last_name="O*NE~IL:X^Y", first_name="A\x00D\tA\r\nB")
    claim = make_claim(subscriber=make_subscriber(person=person, member_id="W1*2:3~4"))
    assert "NM1*IL*1*O NE IL X Y*AD A B****MI*W1234" in segments(claim)


def test_names_lose_accents_and_case_follows_the_trading_partner():
    person = make_person(last_name="Muñoz-Ørsted", first_name="Zoë")
    claim = make_claim(subscriber=make_subscriber(person=person))
    mixed = msgspec.structs.replace(PARTNER, upper_case=False)
    assert any(text.startswith("NM1*IL*1*MUNOZ-ORSTED*ZOE*") for text in segments(claim))
    assert any(text.startswith("NM1*IL*1*Munoz-Orsted*Zoe*") for text in segments(claim, partner=mixed))
    assert not write([claim]).findings


def test_a_letter_without_a_spelling_is_a_finding_that_names_the_field_and_not_the_name():
    person = make_person(last_name="Тестова")
    claims = [
        make_claim(),
        make_claim(patient_control_number="A2", subscriber=make_subscriber(person=person)),
    ]
    (found,) = write(claims).findings
    assert (found.code, found.severity) == ("SUB020", Severity.ERROR)
    assert (found.location.claim, found.location.field) == ("A2", "subscriber.person.last_name")
    assert "Тестова" not in repr(found)


def test_plan_files():
    claims = [
        make_claim(patient_control_number=str(number), practice_id="ab"[number % 2]) for number in range(10)
    ]
    partner = msgspec.structs.replace(PARTNER, max_claims_per_st=3, max_st_per_file=2)

    def shape(plan):
        return [[[claim.patient_control_number for claim in part] for part in file] for file in plan]

    assert shape(t837p.plan_files(claims, partner)) == [
        [["0", "1", "2"], ["3", "4", "5"]],
        [["6", "7", "8"], ["9"]],
    ]
    alone = msgspec.structs.replace(partner, one_practice_per_file=True)
    assert shape(t837p.plan_files(claims, alone)) == [
        [["0", "2", "4"], ["6", "8"]],
        [["1", "3", "5"], ["7", "9"]],
    ]
    few = msgspec.structs.replace(partner, max_claims_per_file=4)
    assert shape(t837p.plan_files(claims, few)) == [
        [["0", "1", "2"], ["3"]],
        [["4", "5", "6"], ["7"]],
        [["8", "9"]],
    ]
    assert t837p.plan_files([], partner) == []


def test_several_billing_providers_share_an_interchange_or_not():
    here = make_claim(practice_id="a")
    there = make_claim(practice_id="b", billing=make_billing(last_name="HARBOR THERAPY", npi=npi(11)))
    (together,) = t837p.plan_files([here, there], PARTNER)
    assert [level[2] for level in levels(*together[0])] == ["20", "22", "20", "22"]
    apart = t837p.plan_files([here, there], msgspec.structs.replace(PARTNER, one_practice_per_file=True))
    assert apart == [[[here]], [[there]]]
