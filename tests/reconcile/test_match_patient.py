"""Another patient than the claim's: held whatever number agrees, and what is no contradiction posts."""

from __future__ import annotations

import msgspec
import pytest

from reconcile.match import match_claim
from reconcile.values import ClaimEvidence

CLP = "CLP*C1*1*150*90**12*P1*11*1~"
LINES = (
    "SVC*HC:97110:GP*100*60**1~DTM*472*20260105~CAS*CO*45*40~REF*6R*K1~"
    "SVC*HC:97140:GP*50*30**1~DTM*472*20260105~CAS*CO*45*20~REF*6R*K2~"
)


@pytest.fixture
def ours(claim, line):
    """The claim of one patient, with line numbers that this store allocated."""

    def build(last="Doe", first="Jo", members=("W123456789",), **more):
        lines = [
            line(11, "97110-GP", "100", number=1, control="K1"),
            line(12, "97140-GP", "50", number=2, control="K2"),
        ]
        return claim(
            more.pop("id", 1),
            more.pop("number", "C1"),
            lines,
            member_ids=members,
            patient_last_name=last,
            patient_first_name=first,
            **more,
        )

    return build


def remitted(payments, persons, lines=LINES, clp=CLP):
    """A claim payment with these NM1 and REF."""
    (one,) = payments(f"{clp}{persons}{lines}")
    return one


SUBMITTED = ("Doe", "Jo", ("W123456789",))
HELD = {
    "name and id": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*X987654321~"),
    "the first name does not save it": (SUBMITTED, "NM1*QC*1*ROE*JO****MI*X987654321~"),
    "the insured and the correction are others too": (
        SUBMITTED,
        "NM1*QC*1*ROE*AL****MI*X987654321~NM1*IL*1*POE*ED****MI*X111111111~NM1*74*1*ROWE*AL****C*X222222222~",
    ),
    "ids that share digits": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*W123456780~"),
    "a short id within a long one": (("Doe", "Jo", ("12",)), "NM1*QC*1*ROE*AL****MI*1234567~"),
    "two double names that share a word": (
        ("Garcia Lopez", "Jo", ("W1",)),
        "NM1*QC*1*GARCIA PEREZ*AL****MI*X9~",
    ),
    "names with the same particles": (("de la Cruz", "Jo", ("W1",)), "NM1*QC*1*DE LA ROSA*AL****MI*X9~"),
    "the same suffix": (("Doe Jr", "Jo", ("W1",)), "NM1*QC*1*ROE JR*AL****MI*X9~"),
    "short names that begin alike": (("Lee", "Jo", ("W1",)), "NM1*QC*1*LEEMAN*AL****MI*X9~"),
    "two MBI": (("Doe", "Jo", ("1EG4TE5MK73",)), "NM1*QC*1*ROE*AL****MI*1EG4TE5MK72~"),
    "an MBI and a plan's id": (("Doe", "Jo", ("1EG4TE5MK73",)), "NM1*QC*1*ROE*AL****MI*H00012345~"),
}
POSTED = {
    "marriage: the id is the same": (SUBMITTED, "NM1*QC*1*ROE*JO****MI*W123456789~"),
    "a new id under the same name": (SUBMITTED, "NM1*QC*1*DOE*JO****MI*X987654321~"),
    "no id told": (SUBMITTED, "NM1*QC*1*ROE*AL~"),
    "no name told": (SUBMITTED, "NM1*QC*1******MI*X987654321~"),
    "nobody told": (SUBMITTED, ""),
    "we have no id": (("Doe", "Jo", ()), "NM1*QC*1*ROE*AL****MI*X987654321~"),
    "we have no name": (("", "", ("W123456789",)), "NM1*QC*1*ROE*AL****MI*X987654321~"),
    "a word for no id": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*UNKNOWN~"),
    "zeros for no id": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*000000000~"),
    "a social security number is no member id": (SUBMITTED, "NM1*QC*1*ROE*AL****34*123121234~"),
    "case and dashes": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*w-123-456-789~"),
    "leading zeros": (("Doe", "Jo", ("123456789",)), "NM1*QC*1*ROE*AL****MI*000123456789~"),
    "a prefix cut off": (("Doe", "Jo", ("XYZW12345678",)), "NM1*QC*1*ROE*AL****MI*W12345678~"),
    "a number of the dependent added": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*W12345678901~"),
    "the subscriber's id with the insured": (
        SUBMITTED,
        "NM1*QC*1*ROE*AL****MI*X9~NM1*IL*1*ROE*ED****MI*W123456789~",
    ),
    "the insured has the patient's name": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*X9~NM1*IL*1*DOE*ED****MI*X9~"),
    "the id in REF 1W": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*X9~REF*1W*W123456789~"),
    "the old id in the name that is corrected": (
        SUBMITTED,
        "NM1*QC*1*DOE*JO****MI*W123456789~NM1*74*1*ROE*JO****C*X987654321~",
    ),
    "a correction that brings the id": (
        SUBMITTED,
        "NM1*QC*1*ROE*AL****MI*X9~NM1*74*1*ROE*AL****C*W123456789~",
    ),
    "a correction that brings the name": (SUBMITTED, "NM1*QC*1*ROE*AL****MI*X9~NM1*74*1*DOE*JO~"),
    "the payer announces a new name and a new id": (
        SUBMITTED,
        "NM1*QC*1*ROE*JO****MI*X9~NM1*IL*1*ROE*REX****MI*X9~NM1*74*1*ROE*****C*X9~",
    ),
    "a correction without first names": (SUBMITTED, "NM1*QC*1*ROE*****MI*X9~NM1*74*1*ROE*****C*X9~"),
    "a double name cut to one": (("Smith-Jones", "Jo", ("W1",)), "NM1*QC*1*JONES*JO****MI*X9~"),
    "a double name from one": (("Smith", "Jo", ("W1",)), "NM1*QC*1*SMITH JONES*JO****MI*X9~"),
    "a name written together": (("de la Cruz", "Jo", ("W1",)), "NM1*QC*1*DELACRUZ*AL****MI*X9~"),
    "an apostrophe": (("O'Brien", "Jo", ("W1",)), "NM1*QC*1*OBRIEN*AL****MI*X9~"),
    "an accent": (("Nu\u00f1ez", "Jo", ("W1",)), "NM1*QC*1*NUNEZ*AL****MI*X9~"),
    "a suffix": (("Doe", "Jo", ("W1",)), "NM1*QC*1*DOE JR*AL****MI*X9~"),
    "a long name cut": (("Featherstonehaugh", "Jo", ("W1",)), "NM1*QC*1*FEATHERSTON*AL****MI*X9~"),
    "last and first exchanged": (SUBMITTED, "NM1*QC*1*JO*DOE****MI*X9~"),
    "both names in NM103": (SUBMITTED, "NM1*QC*1*DOE, JO*****MI*X9~"),
    "Medicare's old number": (("Doe", "Jo", ("1EG4TE5MK73",)), "NM1*QC*1*ROE*AL****HN*123456789A~"),
    "the railroad's old number": (("Doe", "Jo", ("WA123456",)), "NM1*QC*1*ROE*AL****MI*1EG4TE5MK73~"),
}
ROUTES = {
    "by allocated line numbers and CLM01": (LINES, CLP),
    "by CLM01 alone": (LINES.replace("REF*6R*K1~", "").replace("REF*6R*K2~", ""), CLP),
    "by line numbers alone": (LINES, CLP.replace("C1", "MANGLED")),
    "by the payer's number": (LINES.replace("REF*6R*K1~", ""), CLP.replace("C1", "0")),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", HELD)
def test_another_patient_is_held_with_its_candidate(payments, ours, name, route):
    (last, first, members), persons = HELD[name]
    one = remitted(payments, persons, *ROUTES[route])
    known = ours(last, first, members, payer_claim_control_numbers=("P1",))
    match = match_claim(one, (known,), payer_key="first")
    assert (match.claim_id, match.reason, match.candidates) == (None, "other_patient", (1,))
    assert match.evidence is not ClaimEvidence.NONE
    assert "last name" in match.detail
    assert "member id" in match.detail
    for party in one.parties:  # fields are named, values are not
        assert (party.id or "none") not in match.detail
        assert f" {party.last_name} " not in match.detail.upper()
    (same,) = payments(f"{CLP}{persons}")
    linked = match_claim(one, (known,), payer_key="first", linked=(same,))
    assert (linked.claim_id, linked.notes) == (1, ("patient_differs",))
    (third,) = payments(f"{CLP}NM1*QC*1*THIRD*ONE****MI*Y555555555~")
    assert match_claim(one, (known,), payer_key="first", linked=(third,)).reason == "other_patient"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", POSTED)
def test_what_does_not_contradict_is_posted(payments, ours, name, route):
    (last, first, members), persons = POSTED[name]
    one = remitted(payments, persons, *ROUTES[route])
    known = ours(last, first, members, payer_claim_control_numbers=("P1",))
    assert match_claim(one, (known,), payer_key="first").claim_id == 1


def test_a_replacement_that_mended_the_patient_speaks_for_its_claim(payments, ours):
    one = remitted(payments, "NM1*QC*1*ROE*AL****MI*X987654321~")
    mended = ours("Roe", "Al", ("X987654321",), id=2, root=1, sequence=2, frequency="7")
    mended = msgspec.structs.replace(
        mended, lines=tuple(msgspec.structs.replace(each, id=each.id + 10) for each in mended.lines)
    )
    assert match_claim(one, (ours(), mended), payer_key="first").claim_id is not None
    assert match_claim(one, (ours(),), payer_key="first").claim_id is None


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_claims_of_one_number_the_patients_own_is_answered(payments, ours, order):
    one = remitted(payments, "NM1*QC*1*ROE*AL****MI*X987654321~", *ROUTES["by CLM01 alone"])
    theirs = ours("Roe", "Al", ("X987654321",), id=2)
    match = match_claim(one, (ours(), theirs)[::order], payer_key="first")
    assert match.claim_id == 2


@pytest.mark.parametrize("order", [1, -1])
def test_the_money_does_not_move_on_to_a_claim_whose_patient_nobody_told(payments, ours, order):
    one = remitted(payments, "NM1*QC*1*ROE*AL****MI*X987654321~", *ROUTES["by CLM01 alone"])
    unnamed = ours("", "", (), id=2, number="C9", payer_claim_control_numbers=("P1",))
    match = match_claim(one, (ours(), unnamed)[::order], payer_key="first")
    assert (match.claim_id, match.reason, match.candidates) == (None, "other_patient", (1, 2))


NEITHER_SURE = {"last": "", "first": "", "members": ("W1",)}
"""A claim whose patient differs by the id alone: the claim has no name."""


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("strangers", "posted"),
    [
        ({"number": "C9", "payer_claim_control_numbers": ("P1",)}, True),
        ({"number": "C1"}, True),
        ({"number": "C1", "payer_claim_control_numbers": ("P1",)}, False),
    ],
    ids=["by a payer's number alone", "no better", "better"],
)
def test_a_strangers_claim_beside_it_holds_only_what_names_that_first(
    payments, ours, strangers, posted, order
):
    one = remitted(payments, "NM1*QC*1*ROE*AL****MI*X987654321~", *ROUTES["by CLM01 alone"])
    meant = ours(**NEITHER_SURE)
    other = ours(id=2, **strangers)
    match = match_claim(one, (meant, other)[::order], payer_key="first")
    assert (match.claim_id, match.reason) == ((1, "") if posted else (None, "other_patient"))
