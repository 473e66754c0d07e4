"""270: what we write is built as the guide says, reads back as it was asked, and breaks on nobody's name."""

from __future__ import annotations

import re
from datetime import date, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi.model.eligibility import EligibilityInquiry
from edi.model.finding import Finding
from edi.model.party import Person, Provider
from edi.transactions import t270
from edi.x12.envelope import TransactionSet, read_transactions
from tests import builders

CREATED = datetime(2026, 3, 20, 12, 0)
PARTNER = builders.make_directory().trading_partners["house"]
DELIMITER_SETS = ("*:^~", "|>^\n", "\x1d\x1f^\x1c", "*:!'", "+;^~")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
words = st.text(LETTERS, min_size=1, max_size=10)
days = st.dates(date(1925, 1, 1), date(2026, 3, 20))
people = st.builds(
    Person,
    last_name=words,
    first_name=words,
    middle_name=st.sampled_from(["", "Q"]),
    suffix=st.sampled_from(["", "JR"]),
    birth_date=days,
    sex=st.sampled_from(["F", "M", ""]),
)
providers = st.builds(
    Provider,
    is_person=st.just(False),
    last_name=words,
    npi=st.sampled_from([builders.npi(n) for n in range(3)]),
)


@st.composite
def inquiries(draw) -> EligibilityInquiry:
    """An inquiry that reads back as the same value."""
    patient = draw(st.none() | people)
    first = draw(days)
    return EligibilityInquiry(
        trace_number=draw(st.from_regex(r"E[0-9A-Z]{9}", fullmatch=True)),
        trace_assigner="1123456789",
        payer_name=draw(st.sampled_from(["ACME", "FEDERAL PART B"])),
        payer_id=draw(st.sampled_from(["12345", "04412"])),
        provider=draw(providers),
        subscriber=draw(people),
        member_id=draw(st.text(LETTERS + "0123456789", min_size=2, max_size=12)),
        group_number=draw(st.sampled_from(["", "G1"])),
        patient=patient,
        relationship=draw(st.sampled_from(["01", "19", "34"])) if patient else "",
        date_from=first,
        date_to=draw(st.dates(first, date(2026, 12, 31))),
        service_types=tuple(
            draw(st.lists(st.sampled_from(["30", "PT", "AE", "AD"]), min_size=1, unique=True))
        ),
    )


def write(asked, partner=PARTNER) -> bytes:
    plan = t270.plan_sets(asked)
    return t270.write(
        [(f"{number:04d}", part) for number, part in enumerate(plan, 7)],
        partner=partner,
        interchange_control_number=12,
        group_control_number=3,
        created=CREATED,
    )


def read(data: bytes) -> list[EligibilityInquiry | Finding]:
    found: list[EligibilityInquiry | Finding] = []
    for item in read_transactions([data]):
        found += t270.read(item) if isinstance(item, TransactionSet) else [item]
    return found


def make(**changes) -> EligibilityInquiry:
    given_ = {
        "trace_number": "E000000001",
        "trace_assigner": "1123456789",
        "payer_name": "ACME HEALTH",
        "payer_id": "12345",
        "provider": Provider(is_person=False, last_name="ORCHARD THERAPY", npi=builders.PRACTICE_NPI),
        "subscriber": builders.make_person(),
        "member_id": "W123456789",
        "date_from": date(2026, 3, 10),
        "date_to": date(2026, 3, 10),
        "service_types": ("30", "PT"),
    }
    return EligibilityInquiry(**{**given_, **changes})


# -- built as the guide says: a grammar of its own, over the bytes -----------------------------------------------------

GRAMMAR = re.compile(
    r"ISA GS "
    r"(ST BHT "
    r"(HL:20 NM1:PR "
    r"(HL:21 NM1:1P "
    r"(HL:22 (TRN:1 NM1:IL (REF:6P )?(DMG )?(DTP:291 )?(EQ )+"
    r"|NM1:IL (REF:6P )?(DMG )?HL:23 TRN:1 NM1:03 (DMG )?INS:N (DTP:291 )?(EQ )+)"
    r")+)+)+SE )+"
    r"GE IEA "
)
WIDTHS = {
    ("BHT", 3): (1, 50),
    ("TRN", 2): (1, 50),
    ("TRN", 3): (10, 10),
    ("NM1", 3): (1, 60),
    ("NM1", 9): (2, 80),
    ("REF", 2): (1, 50),
    ("DMG", 2): (8, 8),
    ("EQ", 1): (1, 2),
}


def structure(data: bytes) -> list[list[str]]:
    """The segments, after the order, the levels, the counts and the widths were checked without our reader."""
    text = data.decode("ascii")
    element, terminator = text[3], text[105]
    segments = [one.strip("\n").split(element) for one in text.split(terminator) if one.strip("\n")]
    named = {"HL": 3, "NM1": 1, "TRN": 1, "REF": 1, "DTP": 1, "INS": 1}
    order = "".join(
        f"{one[0]}:{one[named[one[0]]]} " if one[0] in named else f"{one[0]} " for one in segments
    )
    assert GRAMMAR.fullmatch(order), order
    levels: dict[str, list[str]] = {}
    inside = 0
    for segment in segments:
        inside += 1
        if segment[0] == "ST":
            levels, inside, number = {}, 1, segment[2]
        elif segment[0] == "HL":
            assert segment[1] == str(len(levels) + 1)
            above = {"20": "", "21": "20", "22": "21", "23": "22"}[segment[3]]
            assert (levels[segment[2]][3] if segment[2] else "") == above
            levels[segment[1]] = segment
        elif segment[0] == "SE":
            assert segment[1:] == [str(inside), number]
            parents = {one[2] for one in levels.values()}
            assert all(one[4] == ("1" if one[1] in parents else "0") for one in levels.values())
        for place, value in enumerate(segment):
            least, most = WIDTHS.get((segment[0], place), (0, 80))
            assert not value or least <= len(value) <= most, (segment[0], place)
        assert segment[-1] != "" or segment[0] == "ISA"
    return segments


@settings(max_examples=80)
@given(asked=st.lists(inquiries(), min_size=1, max_size=6), marks=st.sampled_from(DELIMITER_SETS))
def test_it_is_built_as_the_guide_says_and_reads_back(asked, marks):
    partner = msgspec.structs.replace(
        PARTNER,
        element_separator=marks[0],
        component_separator=marks[1],
        repetition_separator=marks[2],
        segment_terminator=marks[3],
    )
    data = write(asked, partner)
    structure(data)
    back = read(data)
    assert sorted(back, key=repr) == sorted(asked, key=repr)


@settings(max_examples=30)
@given(asked=st.lists(inquiries(), min_size=1, max_size=4))
def test_written_read_and_written_again_it_is_the_same_bytes(asked):
    first = write(read(write(asked)))
    assert write(read(first)) == first


def test_the_whole_file_of_one_patient():
    assert write([make()]).decode().splitlines()[1:] == [
        "GS*HS*ORCH01*HOUSE*20260320*1200*3*X*005010X279A1~",
        "ST*270*0007*005010X279A1~",
        "BHT*0022*13*0000000120007*20260320*1200~",
        "HL*1**20*1~",
        "NM1*PR*2*ACME HEALTH*****PI*12345~",
        "HL*2*1*21*1~",
        f"NM1*1P*2*ORCHARD THERAPY*****XX*{builders.PRACTICE_NPI}~",
        "HL*3*2*22*0~",
        "TRN*1*E000000001*1123456789~",
        "NM1*IL*1*TESTER*ADA****MI*W123456789~",
        "DMG*D8*19600517*F~",
        "DTP*291*D8*20260310~",
        "EQ*30~",
        "EQ*PT~",
        "SE*14*0007~",
        "GE*1*3~",
        "IEA*1*000000012~",
    ]


def test_a_dependent_stands_below_the_subscriber_with_the_trace():
    asked = make(
        patient=builders.make_person(first_name="BEN", sex="U"), relationship="19", group_number="G7"
    )
    segments = structure(write([asked]))
    tail = [one for one in segments if one[0] in ("HL", "TRN", "NM1", "INS", "REF", "DMG", "EQ")][4:]
    assert [one[0] for one in tail] == [
        "HL", "NM1", "REF", "DMG", "HL", "TRN", "NM1", "DMG", "INS", "EQ", "EQ",
    ]  # fmt: skip
    assert tail[0] == ["HL", "3", "2", "22", "1"]
    assert tail[7] == ["DMG", "D8", "19600517"], "the 270 knows no sex U"
    (back,) = read(write([asked]))
    assert (back.patient.first_name, back.relationship, back.group_number) == ("BEN", "19", "G7")


def test_a_transaction_set_asks_one_payer_about_99_patients_at_most():
    asked = [make(trace_number=f"E{n:09d}", payer_id=str(10000 + n % 2)) for n in range(250)]
    sizes = [len(one) for one in t270.plan_sets(asked)]
    assert sizes == [99, 26, 99, 26]
    assert all(len({one.payer_id for one in part}) == 1 for part in t270.plan_sets(asked))
    assert len(structure(write(asked))) > 250


def test_delimiters_and_accents_in_names_never_break_the_file():
    person = builders.make_person(last_name="O*Br~ien:Ÿ^", first_name="Zoë\n")
    (back,) = read(write([make(subscriber=person, member_id="W1*2~3")]))
    assert (back.subscriber.last_name, back.subscriber.first_name) == ("O BR IEN Y", "ZOE")
    assert back.member_id == "W123"
    assert len(structure(write([make(subscriber=person)]))) == len(structure(write([make()])))


@settings(max_examples=60)
@given(last=st.text(min_size=1, max_size=30), member=st.text(max_size=20))
def test_no_text_breaks_the_file(last, member):
    person = builders.make_person(last_name=last)
    data = write([make(subscriber=person, member_id=member)])
    assert data.isascii()
    assert data.count(b"~") == write([make()]).count(b"~")


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"payer_id": ""}, [("ELI001", "payer.eligibility_id")]),
        ({"provider": Provider(is_person=False, last_name="X")}, [("ELI001", "practice.npi")]),
        ({"subscriber": builders.make_person(last_name="")}, [("ELI001", "last_name")]),
        ({"subscriber": builders.make_person(birth_date=None)}, [("ELI001", "birth_date")]),
        ({"member_id": ""}, []),
        (
            {"member_id": "", "subscriber": builders.make_person(birth_date=None)},
            [("ELI001", "birth_date"), ("ELI001", "member_id")],
        ),
        ({"patient": builders.make_person()}, [("ELI001", "relationship")]),
        ({"patient": builders.make_person(), "relationship": "19"}, []),
        ({"subscriber": builders.make_person(first_name="Ада")}, [("SUB020", "first_name")]),
        (
            {
                "subscriber": builders.make_person(last_name="Ада"),
                "patient": builders.make_person(),
                "relationship": "19",
            },
            [("SUB020", "subscriber_last_name")],
        ),
    ],
)
def test_what_cannot_be_asked_is_named_without_phi(changes, codes):
    found = list(t270.problems(make(**changes)))
    assert [(one.code, one.location.field) for one in found] == codes
    assert all("TESTER" not in one.message and "Ада" not in one.message for one in found)


# -- reading what others write -----------------------------------------------------------------------------------------

OTHERS = (
    "ISA*00*          *00*          *ZZ*CLINIC         *ZZ*PAYER          *240601*1032*^*00501*000000001*0*T*:~"
    "GS*HS*CLINIC*PAYER*20240601*1032*1*X*005010X279A1~ST*270*1234*005010X279A1~BHT*0022*13*10001234*20240601*1319~"
    "HL*1**20*1~NM1*PR*2*EXAMPLE PLAN*****PI*842610001~HL*2*1*21*1~NM1*1P*2*BONE CLINIC*****SV*2000035~"
    "HL*3*2*22*1~NM1*IL*1*SAMPLE*ROBERT****MI*11122333301~REF*18*PLAN1~DMG*D8*19430519~HL*4*3*23*0~"
    "TRN*1*93175-012547*9877281234~TRN*1*SECOND*9877281234~NM1*03*1*SAMPLE*MARY~DMG*D8*20140519*F~INS*N*19~"
    "DTP*291*RD8*20240601-20240630~DTP*102*D8*20240101~EQ*30^PT*HC:97110~SE*20*1234~GE*1*1~IEA*1*000000001~"
)


def test_another_system_s_inquiry_is_read_whole():
    (asked,) = read(OTHERS.encode())
    assert isinstance(asked, EligibilityInquiry)
    assert (asked.trace_number, asked.payer_id, asked.member_id) == (
        "93175-012547",
        "842610001",
        "11122333301",
    )
    assert asked.provider.references == (("SV", "2000035"),)
    assert (asked.patient_person.first_name, asked.relationship) == ("MARY", "19")
    assert (asked.date_from, asked.date_to) == (date(2024, 6, 1), date(2024, 6, 30))
    assert asked.service_types == ("30", "PT")
    assert set(asked.kept) == {
        ("REF", "18", "PLAN1"),
        ("TRN", "1", "SECOND", "9877281234"),
        ("DTP", "102", "D8", "20240101"),
        ("EQ", "30^PT", "HC:97110"),
    }


def test_a_date_that_is_none_is_said_and_kept():
    data = OTHERS.replace("20240601-20240630", "JUNE").encode()
    found, asked = read(data)
    assert (found.code, found.location.element) == ("SUB005", "DTP03")
    assert asked.date_from is None
    assert ("DTP", "291", "RD8", "JUNE") in asked.kept
