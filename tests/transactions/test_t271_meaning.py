"""What a 271 means: in force or not, until when, who else pays, what is left, what is used."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi.model.confirmation import STATUSES, Confirmation, OtherCoverage, TherapyDollars, confirmation_of
from edi.model.eligibility import EligibilityAnswer, EligibilityInquiry
from edi.model.finding import Finding
from edi.model.party import Person, Provider
from edi.transactions import t271
from edi.x12.envelope import TransactionSet, read_transactions

HEAD = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260321*0900*^*00501*000000009*0*T*:~"
    "GS*HB*PAYER*CLINIC*20260321*0900*1*X*005010X279A1~ST*271*0001~BHT*0022*11*REF1*20260320*0900~HL*1**20*1~"
    "NM1*PR*2*EXAMPLE PLAN*****PI*87726~HL*2*1*21*1~NM1*1P*2*CLINIC*****XX*1234567893~HL*3*2*22*0~"
    "TRN*2*E000000001*1123456789~NM1*IL*1*SAMPLE*MARY****MI*W1~DMG*D8*19600517*F~"
)
INQUIRY = EligibilityInquiry(
    practice_id="orchard",
    patient_id="P1",
    payer_key="acme",
    trace_number="E000000001",
    payer_id="87726",
    provider=Provider(is_person=False, last_name="CLINIC"),
    subscriber=Person(last_name="SAMPLE", birth_date=date(1960, 5, 17)),
    member_id="w-1",
    date_from=date(2026, 3, 1),
    date_to=date(2026, 3, 20),
)


def answer(body: str) -> EligibilityAnswer:
    data = f"{HEAD}{body}~SE*9*0001~GE*1*1~IEA*1*000000009~".encode()
    (found,) = [
        one
        for item in read_transactions([data])
        if isinstance(item, TransactionSet)
        for one in t271.read(item)
    ]
    assert not isinstance(found, Finding)
    return found


def means(body: str, inquiry: EligibilityInquiry | None = INQUIRY) -> Confirmation:
    return confirmation_of(answer(body), inquiry)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("EB*1**30", "active"),
        ("EB*1", "active"),
        *[(f"EB*{code}**30", "active") for code in "2345"],
        *[(f"EB*{code}**30", "inactive") for code in "678"],
        ("EB*6**30~EB*1**PT", "inactive"),
        ("EB*1**30~EB*6**PT", "active"),
        ("EB*1**PT^AD", "active"),
        ("EB*1**30*MA~EB*6**30*MB", "inactive"),
        ("EB*6**30*MA~EB*1**30*MB", "active"),
        ("EB*1**30*MA", "active"),
        ("AAA*N**75*C", "not_found"),
        ("AAA*N**72*C", "not_found"),
        ("AAA*N**42*R~AAA*N**71*C", "not_found"),
        ("AAA*N**42*R", "rejected"),
        ("EB*V", "rejected"),
        ("EB*C**30***23*100", "unknown"),
    ],
)
def test_whether_it_is_in_force(body, status):
    assert means(body).status == status


@pytest.mark.parametrize(
    ("body", "begin", "end"),
    [
        ("EB*1**30", None, None),
        ("DTP*346*D8*20250101~EB*1**30", date(2025, 1, 1), None),
        ("DTP*346*D8*20250101~EB*1**30~DTP*346*D8*20260101", date(2026, 1, 1), None),
        ("EB*6**30~DTP*347*D8*20260131", None, date(2026, 1, 31)),
        ("EB*6**30~DTP*356*D8*20250101~DTP*357*D8*20260131", date(2025, 1, 1), date(2026, 1, 31)),
        ("EB*6**30~DTP*348*D8*20250101~DTP*349*D8*20260131", date(2025, 1, 1), date(2026, 1, 31)),
        ("EB*1**30~DTP*291*RD8*20250101-20261231", date(2025, 1, 1), date(2026, 12, 31)),
        ("EB*1**30~DTP*307*D8*19890801", date(1989, 8, 1), None),
        ("EB*1**30~DTP*291*D8*20260320", None, None),
        ("EB*1**30~DTP*291*RD8*20260320-20260320", None, None),
        ("EB*1**30~DTP*291*RD8*20260301-20260320", None, None),
        ("EB*1**30~DTP*346*RD8*20260101-20260331", date(2026, 1, 1), None),
        ("EB*1**30~EB*F**PT***29***VS*3~DTP*349*D8*20261231", None, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_from_when_to_when(body, begin, end):
    """A single day, and the period that was asked about, are no dates of the plan; other benefits' dates neither."""
    said = means(body)
    assert (said.coverage_from, said.coverage_to) == (begin, end)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("EB*F*IND*PT***29***VS*12**Y", (("PT", 12),)),
        ("EB*F*IND*PT^AD***29***VS*12", (("AD", 12), ("PT", 12))),
        ("EB*F*IND*PT***29***VS*3**N~EB*F*IND*PT***29***VS*12**Y", (("PT", 12),)),
        ("EB*F*IND*PT***29***VS*12**Y~EB*F*IND*PT***29***VS*7**W", (("PT", 7),)),
        ("EB*F*IND*PT***29***VS*3**N", (("PT", 3),)),
        ("EB*F*IND****29***VS*3", (("30", 3),)),
        ("EB*F*IND*PT~HSD*VS*9***29", (("PT", 9),)),
        ("EB*F*IND*PT***23***VS*60", ()),
        ("EB*F*IND*PT***29***DY*60", ()),
        ("EB*F*IND*PT***29*500", ()),
        ("EB*F*IND*PT~HSD*VS*9***23", ()),
        ("EB*F*IND*PT***29***VS*0.0", (("PT", 0),)),
    ],
)
def test_how_many_visits_are_left(body, left):
    assert means("EB*1**30~" + body).visits_left == left


YEAR = "DTP*292*RD8*20260101-20261231"


@pytest.mark.parametrize(
    ("body", "used"),
    [
        (f"EB*D*IND*AE*MB***850.25~{YEAR}~MSG*USED AMOUNT", (TherapyDollars("PT/SLP", 2026, 850_25),)),
        (
            f"EB*D*IND*AD*MB***10~{YEAR}~EB*D*IND*AE*MB***20~{YEAR}",
            (TherapyDollars("OT", 2026, 10_00), TherapyDollars("PT/SLP", 2026, 20_00)),
        ),
        ("EB*D*IND*AE*MB***20", (TherapyDollars("PT/SLP", 2026, 20_00),)),
        (f"EB*D*IND*AE*MB***20~{YEAR}~EB*D*IND*AF*MB***30~{YEAR}", (TherapyDollars("PT/SLP", 2026, 30_00),)),
        (f"EB*F*IND*AE*MB**24*20~{YEAR}", (TherapyDollars("PT/SLP", 2026, 20_00),)),
        (
            f"EB*F*IND*AD*MB**23*2410~{YEAR}~EB*F*IND*AD*MB**29*2000~{YEAR}",
            (TherapyDollars("OT", 2026, 410_00),),
        ),
        ("EB*F*IND*AD*MB**29*1840~DTP*292*RD8*20090101-20091231", ()),
        (f"EB*F*IND*AE*MB***29*1840~{YEAR}", ()),
        (f"EB*D*IND*AE*HM***20~{YEAR}", ()),
        (f"EB*D*IND*98*MB***20~{YEAR}", ()),
        (f"EB*D*IND*AE*MB***20******HC:97110~{YEAR}", ()),
    ],
)
def test_how_many_dollars_are_used(body, used):
    """Only Part B's; what remains says nothing without the limit it remains of."""
    assert means("EB*1**30*MB~" + body).therapy_dollars == used


@pytest.mark.parametrize(
    ("body", "others", "primary"),
    [
        ("EB*R**30*14~LS*2120~NM1*PRP*2*WORK PLAN*****PI*9~LE*2120", [("PRP", "WORK PLAN", "9")], True),
        ("EB*R**30*14", [("", "", "")], True),
        ("EB*R**30*C1~NM1*PR*2*PLAN", [("PR", "PLAN", "")], False),
        ("EB*R**30*C1~NM1*SEP*2*PLAN", [("SEP", "PLAN", "")], False),
        ("EB*1**30~LS*2120~NM1*PR*2*SAME PLAN~LE*2120", [], False),
        ("EB*U**88~LS*2120~NM1*PR*2*PHARMACY~LE*2120", [], False),
        ("EB*1**30~LS*2120~NM1*PRP*2*FIRST PLAN~LE*2120", [("PRP", "FIRST PLAN", "")], True),
        ("EB*L~LS*2120~NM1*P3*1*DOCTOR*DANA~LE*2120", [], False),
    ],
)
def test_who_else_pays(body, others, primary):
    found = means(body).other_coverages
    assert [(one.role, one.name, one.id) for one in found] == others
    assert any(one.is_primary for one in found) == primary


@pytest.mark.parametrize(
    ("other", "covers"),
    [
        (OtherCoverage(), True),
        (OtherCoverage(service_types=("88",)), False),
        (OtherCoverage(service_types=("88", "30")), True),
        (OtherCoverage(date_from=date(2026, 3, 21)), False),
        (OtherCoverage(date_from=date(2026, 3, 20), date_to=date(2026, 3, 20)), True),
        (OtherCoverage(date_to=date(2026, 3, 19)), False),
    ],
)
def test_when_another_payer_counts(other, covers):
    assert other.covers(date(2026, 3, 20)) == covers


def test_dates_of_another_payer():
    (other,) = means("EB*R**30*14~DTP*290*RD8*20250101-20251231~NM1*PRP*2*PLAN").other_coverages
    assert (other.date_from, other.date_to) == (date(2025, 1, 1), date(2025, 12, 31))


def test_it_is_tied_to_what_was_asked():
    said = means("EB*1**30*HM*GOLD~EB*I**BE^33")
    assert (said.practice_id, said.patient_id, said.payer_key) == ("orchard", "P1", "acme")
    assert (said.trace_number, said.member_id, said.answered_member_id) == ("E000000001", "w-1", "")
    assert (said.asked_from, said.asked_to) == (date(2026, 3, 1), date(2026, 3, 20))
    assert (said.confirmed_on, said.plan_name, said.insurance_type) == (date(2026, 3, 20), "GOLD", "HM")
    assert said.not_covered == ("33", "BE")


def test_nothing_was_asked():
    said = means("EB*1**30", None)
    assert (said.patient_id, said.trace_number, said.payer_id) == ("", "E000000001", "87726")
    assert (said.member_id, said.birth_date) == ("W1", date(1960, 5, 17))
    assert (said.asked_from, said.asked_to) == (date(2026, 3, 20), date(2026, 3, 20))


def test_a_member_id_that_changed_is_told():
    asked = EligibilityInquiry(provider=INQUIRY.provider, member_id="OLD")
    said = means("EB*1**30", asked)
    assert (said.member_id, said.answered_member_id) == ("OLD", "W1")


def test_every_rejection_is_told_once():
    said = means("AAA*N**75*C~AAA*N**75*C~AAA*N**42*R")
    assert said.rejections == (("75", "C"), ("42", "R"))
    assert means("EB*1**30~EB*C**PT~AAA*N**54*N").rejections == (("54", "N"),)


SEGMENTS = (
    "HL",
    "NM1",
    "TRN",
    "EB",
    "DTP",
    "AAA",
    "LS",
    "LE",
    "HSD",
    "MSG",
    "REF",
    "DMG",
    "INS",
    "N3",
    "N4",
    "PRV",
    "BHT",
)
PIECES = (
    "",
    "1",
    "20",
    "21",
    "22",
    "23",
    "IL",
    "03",
    "29",
    "VS",
    "R",
    "D",
    "F",
    "MB",
    "AE",
    "D8",
    "RD8",
    "20260101",
    "x",
    "9.9",
)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(st.sampled_from(SEGMENTS), st.lists(st.sampled_from(PIECES), max_size=12)), max_size=25
    )
)
def test_no_answer_however_broken_stops_the_reader(made):
    """Whatever stands where, every answer is read and has a meaning."""
    body = "~".join("*".join([name, *elements]) for name, elements in made)
    data = f"{HEAD}{body}~SE*9*0001~GE*1*1~IEA*1*000000009~".encode()
    for item in read_transactions([data]):
        for one in t271.read(item) if isinstance(item, TransactionSet) else ():
            if isinstance(one, EligibilityAnswer):
                assert confirmation_of(one, INQUIRY).patient_id == "P1"
                assert confirmation_of(one).status in STATUSES
