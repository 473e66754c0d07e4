"""271: every shape of answer is read, nothing of it is lost, and what the test payer writes reads back."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi.model.eligibility import Benefit, DatePeriod, EligibilityAnswer, Rejection, RelatedEntity
from edi.model.finding import Finding
from edi.model.party import Person, Provider
from edi.model.remittance import Procedure
from edi.transactions import t271
from edi.x12.envelope import TransactionSet, read_transactions
from tests import builders

PARTNER = builders.make_directory().trading_partners["house"]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def isa(component: str = ":", control_version: str = "00501", repetition: str = "^") -> str:
    return (
        f"ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260321*0900*{repetition}*{control_version}*"
        f"000000009*0*T*{component}"
    )


def file(*sets: str, version: str = "005010X279A1", **envelope: str) -> bytes:
    """An interchange of 271 bodies, each from BHT on, segments parted by a blank line or ~."""
    texts = []
    for number, body in enumerate(sets, 1):
        segments = [one for one in body.replace("\n", "~").split("~") if one]
        texts.append("~".join([f"ST*271*{number:04d}", *segments, f"SE*{len(segments) + 2}*{number:04d}"]))
    inner = "~".join(texts)
    return (
        f"{isa(**envelope)}~GS*HB*PAYER*CLINIC*20260321*0900*1*X*{version}~{inner}~GE*{len(sets)}*1~IEA*1*000000009~"
    ).encode()


UPPER = (
    "BHT*0022*11*REF1*20260320*0900~HL*1**20*1~NM1*PR*2*EXAMPLE PLAN*****PI*87726~"
    "HL*2*1*21*1~NM1*1P*2*CLINIC*****XX*1234567893~"
)
ME = "HL*3*2*22*0~TRN*2*E000000001*1123456789~NM1*IL*1*SAMPLE*MARY****MI*W1~DMG*D8*19600517*F~"
PLAIN = UPPER + ME


def read(data: bytes) -> list[EligibilityAnswer | Finding]:
    found: list[EligibilityAnswer | Finding] = []
    for item in read_transactions([data]):
        found += t271.read(item) if isinstance(item, TransactionSet) else [item]
    return found


def one(body: str, **envelope: str) -> EligibilityAnswer:
    (answer,) = read(file(body, **envelope))
    assert isinstance(answer, EligibilityAnswer), answer
    return answer


def test_who_answers_whom_about_what():
    answer = one(PLAIN + "INS*Y*18~DTP*346*D8*20260101~EB*1*IND*30*HM*GOLD")
    assert (answer.reference, answer.answered_on) == ("REF1", date(2026, 3, 20))
    assert (answer.payer_name, answer.payer_id, answer.payer_id_qualifier) == ("EXAMPLE PLAN", "87726", "PI")
    assert answer.provider == Provider(is_person=False, last_name="CLINIC", npi="1234567893")
    assert answer.asked_traces == ("E000000001",)
    assert (answer.subscriber.last_name, answer.member_id, answer.patient) == ("SAMPLE", "W1", None)
    assert (answer.relationship, answer.dates) == ("18", (DatePeriod("346", date(2026, 1, 1)),))
    assert answer.benefits == (
        Benefit(code="1", coverage_level="IND", service_types=("30",), insurance_type="HM", plan_name="GOLD"),
    )
    assert answer.kept == ()


@pytest.mark.parametrize(
    ("segment", "fields"),
    [
        ("EB*1**30^PT^UC", {"code": "1", "service_types": ("30", "PT", "UC")}),
        ("EB*C*IND*30***23*1250.5", {"coverage_level": "IND", "period": "23", "amount": 1250_50}),
        ("EB*C*FAM*30***29*0", {"amount": 0}),
        ("EB*A*IND*PT*****.2", {"percent": ".2", "amount": None}),
        (
            "EB*F*IND*PT***29***VS*12.0*Y*Y",
            {"quantity_qualifier": "VS", "quantity": "12", "authorization": "Y", "in_network": "Y"},
        ),
        ("EB*D*IND**MB*********HC:97110:GP", {"procedure": Procedure("HC", "97110", ("GP",))}),
        ("EB*1*********1*2***:1:2", {"pointers": ":1:2"}),
        ("EB*6", {"code": "6", "service_types": ()}),
        ("EB*1**30***********X*MORE", {"kept": (("EB", "1", "", "30", *[""] * 10, "X", "MORE"),)}),
    ],
)
def test_every_element_of_an_eb_has_its_field(segment, fields):
    (benefit,) = one(PLAIN + segment).benefits
    for name, value in fields.items():
        assert getattr(benefit, name) == value, name
    assert bool(benefit.kept) == ("kept" in fields)


def test_what_stands_below_an_eb_goes_with_it():
    body = (
        "EB*R**30*HN~REF*18*H1234~DTP*290*D8*20260101~MSG*FIRST~MSG*SECOND~AAA*N**54*N~HSD*VS*12***29~III*ZZ*11~"
        "LS*2120~NM1*PRP*2*SUNSHINE PLAN*****PI*H1234~N3*1 MAIN ST~PER*IC**TE*8005550100~"
        "NM1*P3*1*DOCTOR*DANA****XX*1234567893~PRV*PC*PXC*207Q00000X~LE*2120~EB*1**30"
    )
    first, second = one(PLAIN + body).benefits
    assert first.references == (("18", "H1234"),)
    assert first.dates == (DatePeriod("290", date(2026, 1, 1)),)
    assert first.messages == ("FIRST", "SECOND")
    assert first.rejections == (Rejection("benefit", "54", "N"),)
    assert first.kept == (("HSD", "VS", "12", "", "", "29"), ("III", "ZZ", "11"))
    assert [(each.role, each.last_name, each.id) for each in first.entities] == [
        ("PRP", "SUNSHINE PLAN", "H1234"),
        ("P3", "DOCTOR", "1234567893"),
    ]
    assert first.entities[0].kept == (("N3", "1 MAIN ST"), ("PER", "IC", "", "TE", "8005550100"))
    assert first.entities[1].kept == (("PRV", "PC", "PXC", "207Q00000X"),)
    assert (second.entities, second.kept) == ((), ())


def test_an_entity_without_ls_does_not_replace_the_patient():
    answer = one(PLAIN + "EB*R**30*14~NM1*PR*2*OTHER PLAN~EB*1**30")
    assert answer.subscriber.last_name == "SAMPLE"
    assert answer.benefits[0].entities == (RelatedEntity(role="PR", last_name="OTHER PLAN"),)


@pytest.mark.parametrize(
    ("body", "level", "patient"),
    [
        ("BHT*0022*11*R*20260320~HL*1**20*0~NM1*PR*2*PLAN*****PI*1~AAA*Y**42*R", "source", ""),
        (
            "BHT*0022*11*R*20260320~HL*1**20*1~NM1*PR*2*PLAN*****PI*1~HL*2*1*21*0~NM1*1P*2*C*****SV*2~AAA*N**50*N",
            "receiver",
            "",
        ),
        (PLAIN + "AAA*N**75*C", "subscriber", "SAMPLE"),
        (
            UPPER
            + "HL*3*2*22*1~NM1*IL*1*SAMPLE*MARY****MI*W1~HL*4*3*23*0~TRN*2*E1*1123456789~NM1*03*1*KID*JO~AAA*N**67*C",
            "dependent",
            "KID",
        ),
        (PLAIN + "EB*V~AAA*N**15*C", "benefit", "SAMPLE"),
    ],
)
def test_a_rejection_is_read_on_every_level(body, level, patient):
    answer = one(body)
    found = (*answer.rejections, *(each for benefit in answer.benefits for each in benefit.rejections))
    assert [each.level for each in found] == [level]
    assert answer.patient_person.last_name == patient


def test_a_dependent_s_answer_carries_the_subscriber_too():
    body = (
        UPPER + "HL*3*2*22*1~TRN*2*CLEARING*9CLEARING01~NM1*IL*1*SAMPLE*MARY****MI*W1~DMG*D8*19600517*F~"
        "HL*4*3*23*0~TRN*2*E000000002*1123456789~TRN*1*PAYER1*9PAYER0001~NM1*03*1*SAMPLE*KIT~DMG*D8*20150101*M~"
        "INS*N*19~EB*1**30~HL*5*3*23*0~TRN*2*E000000003*1123456789~NM1*03*1*SAMPLE*LOU~EB*6**30"
    )
    kit, lou = read(file(body))
    assert (kit.member_id, kit.patient.first_name, kit.relationship) == ("W1", "KIT", "19")
    assert kit.asked_traces == ("CLEARING", "E000000002")
    assert (lou.patient.first_name, lou.asked_traces[-1]) == ("LOU", "E000000003")


def test_several_patients_sets_and_interchanges():
    second = ME.replace("HL*3*2", "HL*4*2").replace("E000000001", "E000000002").replace("W1", "W2")
    data = file(PLAIN + "EB*1**30~" + second + "EB*6**30", PLAIN + "EB*1**30") + file(PLAIN + "EB*1**30")
    answers = read(data)
    assert [each.member_id for each in answers] == ["W1", "W2", "W1", "W1"]
    assert [each.benefits[0].code for each in answers] == ["1", "6", "1", "1"]


MEDICARE_4010 = (
    "BHT*0022*11*ALL*20090326*17055389~HL*1**20*1~NM1*PR*2*CMS*****PI*CMS~HL*2*1*21*1~NM1*1P*2*TEST*****XX*1234567893~"
    "HL*3*2*22*0~TRN*2*TEST-TEST*9TEST     ~NM1*IL*1*SAMPLE*MARY****MI*123456789A~N3*123 MAIN STREET*~"
    "N4*ANYTOWN*MD*999999999~DMG*D8*19240901*F~INS*Y*18*001*25~DTP*307*RD8*20070101-20090325~EB*1*IND**MA~"
    "DTP*307*D8*19890801~EB*1*IND**MB~DTP*307*D8*19890801~EB*D*IND**MB*********HC|90732~DTP*348*D8*19890801~"
    "EB*F*IND*AD*MB**29*1840~DTP*292*RD8*20090101-20091231~EB*R**88*OT~REF*18*H9999 999~DTP*292*D8*20070801~LS*2120~"
    "NM1*PR*2*ABC HEALTH PLAN~N3*123 MAIN STREET~PER*IC**TE*9999999999~LE*2120~EB*R*IND*30*14~DTP*290*D8*19960912~"
    "LS*2120~NM1*PRP*2*EMPLOYER PLAN~LE*2120"
)
"""The shape of the answer that Medicare's guide of 2009 shows; the person is made up."""


def test_a_4010_answer_of_medicare():
    answer = one(
        MEDICARE_4010.replace("EB*1*IND**MA", "EB*1*IND*UC*MA"),
        component="|",
        version="004010X092A1",
        control_version="00401",
        repetition="U",
    )
    assert answer.benefits[0].service_types == ("UC",), "ISA11 of a 4010 file is no separator"
    assert [each.code for each in answer.benefits] == ["1", "1", "D", "F", "R", "R"]
    assert answer.benefits[2].procedure == Procedure("HC", "90732")
    assert answer.benefits[3].amount == 1840_00
    assert answer.kept == (("INS", "Y", "18", "001", "25"),)


@pytest.mark.parametrize("marks", ["|>^\n", "+;!'", "\x1d\x1f^\x1c"])
def test_any_delimiters(marks):
    standard = file(PLAIN + "EB*1**30^PT~EB*D*IND**MB*********HC:97110:GP")
    table = {ord(old): new for old, new in zip("*:^~", marks, strict=True)}
    assert read(standard.decode().translate(table).encode()) == read(standard)


@pytest.mark.parametrize(
    ("body", "code", "element"),
    [
        (PLAIN + "EB*C*IND*30***23*LOTS", "SUB005", "EB07"),
        (PLAIN + "EB*F*IND*30***29***VS*MANY", "SUB005", "EB10"),
        (PLAIN + "DTP*346*D8*TODAY~EB*1**30", "SUB005", "DTP03"),
        (PLAIN + "EB*1**30~DTP*348*RD8*20260101", "SUB005", "DTP03"),
        (UPPER + "HL*3*2*22*0~NM1*IL*1*S*M****MI*W1~DMG*D8*1960~EB*1**30", "SUB005", "DMG02"),
        (PLAIN, "ELI003", "EB"),
        (UPPER, "ELI003", "HL"),
        ("BHT*0022*11*R*20260320", "ELI003", "HL"),
        ("NM1*PR*2*PLAN~" + PLAIN + "EB*1", "ELI005", "NM1"),
        (PLAIN + "EB*1~HL*9*3*99*0~MSG*X", "ELI005", "HL03"),
    ],
)
def test_what_is_wrong_is_said_and_kept(body, code, element):
    items = read(file(body))
    (found,) = [each for each in items if isinstance(each, Finding)]
    assert (found.code, found.location.element) == (code, element)
    assert found.location.transaction == "0001"
    assert all(secret not in found.message for secret in ("SAMPLE", "MARY", "W1", "LOTS", "1960"))


@pytest.mark.parametrize("name", ["UNREAD", "PLACE", "KEEP_BEYOND", "_INIT__", "PERSON"])
def test_a_segment_of_any_name_is_kept(name):
    """Whatever stands in a file names a segment, and never what happens to have that name in the reader."""
    assert (name, "30") in one(f"{PLAIN}{name}*30~EB*1**30").kept


@pytest.mark.parametrize(
    "body",
    [
        PLAIN + "EB*C*IND*30***23*LOTS",
        PLAIN + "DTP*346*D8*TODAY~EB*1**30",
        PLAIN
        + "REF*6P*GROUP*NAME~REF*18*X~PER*IC**TE*8005550100~HI*BK:M5450~MSG*NOTE~EB*1**30~III*ZZ*11~MSG*BELOW",
        UPPER
        + "PER*IC**UR*EXAMPLE.COM~PRV*BI*PXC*225100000X~"
        + ME
        + "N3*1 ST*APT~N4*TOWN*MA*021390001*US*X~EB*1",
        PLAIN.replace("NM1*PR", "NM1*P5").replace("*MI*W1", "*II*W1") + "EB*1",
        MEDICARE_4010,
    ],
)
def test_no_value_of_a_file_is_lost(body):
    """Every element of two characters or more stands somewhere in the values."""
    values = msgspec.json.encode(
        [each for each in read(file(body)) if not isinstance(each, Finding)]
    ).decode()
    structure = ("BHT", "HL", "LS", "LE")
    for segment in body.split("~"):
        name, *elements = segment.split("*")
        if name in structure:
            continue
        for element in elements:
            for part in element.replace("|", ":").replace("^", ":").split(":"):
                known = {"D8", "RD8", "IL", "1P", "03"} | ({"PXC", "BI"} if name == "PRV" else set())
                if len(part) < 2 or part in known or (name == "NM1" and part in ("XX", "PR", "MI")):
                    continue
                if name == "DTP" and len(part) >= 8:
                    part = f"{part[:4]}-{part[4:6]}-{part[6:8]}"
                if name == "DMG" and len(part) == 8:
                    part = f"{part[:4]}-{part[4:6]}-{part[6:]}"
                assert part in values, (segment, part)


# -- what we write reads back ------------------------------------------------------------------------------------------

words = st.text(LETTERS, min_size=1, max_size=8)
days = st.dates(date(1990, 1, 1), date(2026, 12, 31))
periods = st.builds(DatePeriod, st.sampled_from(["346", "347", "291", "307", "292"]), days, st.none() | days)
people = st.builds(
    Person, last_name=words, first_name=words, birth_date=days, sex=st.sampled_from(["F", "M"])
)
entities = st.builds(
    RelatedEntity,
    role=st.sampled_from(["PR", "PRP", "P3"]),
    is_person=st.booleans(),
    last_name=words,
    id_qualifier=st.just("PI"),
    id=words,
)
benefits = st.builds(
    Benefit,
    code=st.sampled_from(["1", "6", "C", "F", "R", "D"]),
    coverage_level=st.sampled_from(["", "IND", "FAM"]),
    service_types=st.lists(st.sampled_from(["30", "PT", "AD", "98"]), max_size=3, unique=True).map(tuple),
    insurance_type=st.sampled_from(["", "MB", "HM", "14"]),
    plan_name=st.just("") | words,
    period=st.sampled_from(["", "23", "29"]),
    amount=st.none() | st.integers(0, 10**9),
    percent=st.sampled_from(["", ".2", "1"]),
    quantity_qualifier=st.sampled_from(["", "VS"]),
    quantity=st.sampled_from(["", "0", "12", "2.5"]),
    in_network=st.sampled_from(["", "Y", "N", "W"]),
    procedure=st.none() | st.just(Procedure("HC", "97110", ("GP",))),
    dates=st.lists(periods, max_size=2).map(tuple),
    references=st.lists(st.tuples(st.just("18"), words), max_size=1).map(tuple),
    messages=st.lists(words, max_size=2).map(tuple),
    rejections=st.lists(st.just(Rejection("benefit", "54", "N")), max_size=1).map(tuple),
    entities=st.lists(entities, max_size=2).map(tuple),
)


@st.composite
def answers(draw) -> EligibilityAnswer:
    patient = draw(st.none() | people)
    level = "subscriber" if patient is None else "dependent"
    rejections = draw(st.lists(st.builds(Rejection, st.just(level), st.sampled_from(["75", "42"]))))
    return EligibilityAnswer(
        reference="REF1",
        answered_on=date(2026, 3, 21),
        traces=(("2", draw(words), "1123456789"),),
        payer_name=draw(st.sampled_from(["ACME", "OTHER"])),
        payer_id="12345",
        payer_id_qualifier="PI",
        provider=Provider(is_person=False, last_name="CLINIC", npi=builders.PRACTICE_NPI),
        subscriber=draw(people),
        member_id=draw(words),
        patient=patient,
        relationship=draw(st.sampled_from(["", "18", "19"])),
        dates=tuple(draw(st.lists(periods, max_size=2))),
        benefits=tuple(draw(st.lists(benefits, min_size=1, max_size=4))),
        rejections=tuple(rejections),
    )


@settings(max_examples=80)
@given(made=st.lists(answers(), min_size=1, max_size=4), marks=st.sampled_from(["*:^~", "|>^\n", "+;!'"]))
def test_what_we_write_reads_back(made, marks):
    partner = msgspec.structs.replace(
        PARTNER,
        element_separator=marks[0],
        component_separator=marks[1],
        repetition_separator=marks[2],
        segment_terminator=marks[3],
    )
    data = t271.write(
        [("0001", made)],
        partner=partner,
        interchange_control_number=5,
        created=datetime(2026, 3, 21, 9),
    )
    assert sorted(read(data), key=repr) == sorted(made, key=repr)
