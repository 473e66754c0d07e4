"""276 and 277: built as the guide says, read back as written; broken ones give findings and never an exception."""

from __future__ import annotations

import re
from datetime import date, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi.model.finding import Finding
from edi.model.party import Person, Provider
from edi.model.remittance import Procedure
from edi.model.status import (
    DENIED,
    FAILED,
    FINISHED,
    INFORMATION,
    NOT_FOUND,
    PAID,
    PENDED,
    RECEIVED,
    REJECTED,
    UNKNOWN,
    ClaimStatus,
    StatusAnswer,
    StatusCode,
    StatusInquiry,
    StatusLine,
    contradicts,
)
from edi.transactions import t276, t277
from edi.x12.envelope import TransactionSet, read_transactions
from tests import builders

CREATED = datetime(2026, 3, 20, 12, 0)
PARTNER = builders.make_directory().trading_partners["house"]
DELIMITER_SETS = ("*:^~", "|>^\n", "\x1d\x1f^\x1c", "*:!'", "+;^~")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
words = st.text(LETTERS, min_size=1, max_size=10)
numbers = st.text(LETTERS + "0123456789", min_size=2, max_size=12)
days = st.dates(date(2025, 1, 1), date(2026, 3, 20))
cents = st.integers(0, 10_000_00)
maybe_days, maybe_cents = st.none() | days, st.none() | cents
people = st.builds(
    Person, last_name=words, first_name=words, birth_date=days, sex=st.sampled_from(["F", "M", ""])
)
nameless = st.builds(Person, last_name=words, first_name=words)
providers = st.builds(
    Provider,
    is_person=st.booleans(),
    last_name=words,
    npi=st.sampled_from([builders.npi(n) for n in range(3)]),
)
codes = st.builds(
    StatusCode,
    category=st.sampled_from(["A1", "A4", "P3", "F1", "F2", "R4", "E0", "D0"]),
    status=st.sampled_from(["20", "88", "317"]),
    entity=st.sampled_from(["", "QC", "PR"]),
)
statuses = st.builds(
    ClaimStatus,
    codes=st.lists(codes, min_size=1, max_size=3).map(tuple),
    effective_on=maybe_days,
    charge=maybe_cents,
    paid=maybe_cents,
    finalized_on=maybe_days,
    remitted_on=maybe_days,
    check_number=st.just("") | numbers,
)


@st.composite
def lines(draw, *, answered: bool) -> StatusLine:
    """A line that reads back as the same value."""
    day = draw(days)
    modifiers = tuple(draw(st.lists(st.sampled_from(["GP", "59", "KX"]), max_size=2, unique=True)))
    return StatusLine(
        procedure=Procedure(
            qualifier="HC", code=draw(st.sampled_from(["97110", "97140"])), modifiers=modifiers
        ),
        charge=draw(cents),
        paid=draw(maybe_cents) if answered else None,
        units=draw(st.sampled_from(["1", "2", "1.5"])),
        line_control_number=draw(st.just("") | numbers),
        date_from=day,
        date_to=draw(st.just(day) | st.dates(day, date(2026, 12, 31))),
        statuses=tuple(draw(st.lists(statuses, min_size=1, max_size=2))) if answered else (),
    )


@st.composite
def inquiries(draw) -> StatusInquiry:
    """An inquiry that reads back as the same value."""
    patient = draw(st.none() | people)
    first = draw(days)
    references = [(kind, draw(numbers)) for kind in ("BLT", "LU", "6P", "D9") if draw(st.booleans())]
    return StatusInquiry(
        trace_number=draw(st.from_regex(r"S[0-9A-Z]{9}", fullmatch=True)),
        payer_name=draw(st.sampled_from(["ACME", "FEDERAL PART B"])),
        payer_id=draw(st.sampled_from(["12345", "04412"])),
        receiver_name="ORCHARD",
        receiver_id="ORCH01",
        provider=draw(providers),
        subscriber=draw(nameless if patient else people),
        member_id=draw(numbers),
        patient=patient,
        payer_claim_control_number=draw(st.just("") | numbers),
        patient_control_number=draw(numbers),
        references=tuple(references),
        charge=draw(maybe_cents),
        date_from=first,
        date_to=draw(st.just(first) | st.dates(first, date(2026, 12, 31))),
        lines=tuple(draw(st.lists(lines(answered=False), max_size=2))),
    )


@st.composite
def answers(draw) -> StatusAnswer:
    """An answer that reads back as the same value."""
    patient = draw(st.none() | nameless)
    first = draw(days)
    return StatusAnswer(
        reference="0000000120007",
        answered_on=date(2026, 3, 21),
        trace_number=draw(st.from_regex(r"S[0-9A-Z]{9}", fullmatch=True)),
        payer_name="ACME",
        payer_id="12345",
        payer_id_qualifier="PI",
        receiver_name="ORCHARD",
        receiver_id="ORCH01",
        provider=draw(providers),
        subscriber=draw(nameless),
        member_id=draw(numbers),
        patient=patient,
        statuses=tuple(draw(st.lists(statuses, min_size=1, max_size=3))),
        payer_claim_control_number=draw(st.just("") | numbers),
        patient_control_number=draw(st.just("") | numbers),
        references=tuple((kind, draw(numbers)) for kind in ("BLT", "D9") if draw(st.booleans())),
        date_from=first,
        date_to=draw(st.just(first) | st.dates(first, date(2026, 12, 31))),
        lines=tuple(draw(st.lists(lines(answered=True), max_size=2))),
    )


def write(asked, partner=PARTNER) -> bytes:
    return t276.write(
        [(f"{number:04d}", part) for number, part in enumerate(t276.plan_sets(asked), 7)],
        partner=partner,
        interchange_control_number=12,
        group_control_number=3,
        created=CREATED,
    )


def write_answers(said, partner=PARTNER) -> bytes:
    return t277.write([("0007", said)], partner=partner, interchange_control_number=12, created=CREATED)


def read(data: bytes) -> list[StatusInquiry | StatusAnswer | Finding]:
    found: list[StatusInquiry | StatusAnswer | Finding] = []
    for item in read_transactions([data]):
        if isinstance(item, TransactionSet):
            found += t276.read(item) if item.kind == t276.KIND else t277.read(item)
        else:
            found.append(item)
    return found


def make(**changes) -> StatusInquiry:
    given_ = {
        "trace_number": "S000000001",
        "payer_name": "ACME HEALTH",
        "payer_id": "12345",
        "receiver_name": "ORCHARD THERAPY",
        "receiver_id": "ORCH01",
        "provider": Provider(is_person=False, last_name="ORCHARD THERAPY", npi=builders.PRACTICE_NPI),
        "subscriber": builders.make_person(address=None),
        "member_id": "W123456789",
        "patient_control_number": "C1",
        "payer_claim_control_number": "ICN1",
        "charge": 12_50,
        "date_from": date(2026, 3, 10),
        "date_to": date(2026, 3, 11),
    }
    return StatusInquiry(**{**given_, **changes})


# -- built as the guide says: a grammar of its own, over the bytes -----------------------------------------------------

CLAIM = r"TRN:1 (REF:1K )?(REF:BLT )?(REF:LU )?(REF:6P )?(REF:EJ )?(REF:D9 )?(AMT )?(DTP:472 )?(SVC (REF:FJ )?DTP:472 )*"
INQUIRY = re.compile(
    rf"ISA GS (ST BHT (HL:20 NM1:PR (HL:21 NM1:41 (HL:19 NM1:1P "
    rf"(HL:22 ((DMG )?NM1:IL {CLAIM}|NM1:IL HL:23 (DMG )?NM1:QC {CLAIM}))+)+)+)+SE )+GE IEA "
)
SAID = r"TRN:2 (STC )+(REF:1K )?(REF:EJ )?(REF:\w+ )*(DTP:472 )?(SVC (STC )+(REF:FJ )?DTP:472 )*"
ANSWER = re.compile(
    rf"ISA GS ST BHT (HL:20 NM1:PR (HL:21 NM1:41 (HL:19 NM1:1P "
    rf"(HL:22 NM1:IL ({SAID}|HL:23 NM1:QC {SAID}))+)+)+)+SE GE IEA "
)
NAMED = {"HL": 3, "NM1": 1, "TRN": 1, "REF": 1, "DTP": 1}
ABOVE = {"20": "", "21": "20", "19": "21", "22": "19", "23": "22"}


def structure(data: bytes, grammar: re.Pattern[str]) -> None:
    """Check order, levels and counts without our reader."""
    text = data.decode("ascii")
    element, terminator = text[3], text[105]
    segments = [one.strip("\n").split(element) for one in text.split(terminator) if one.strip("\n")]
    order = "".join(
        f"{one[0]}:{one[NAMED[one[0]]]} " if one[0] in NAMED else f"{one[0]} " for one in segments
    )
    assert grammar.fullmatch(order), order
    levels: dict[str, list[str]] = {}
    inside = 0
    for segment in segments:
        inside += 1
        if segment[0] == "ST":
            levels, inside, number = {}, 1, segment[2]
        elif segment[0] == "HL":
            assert segment[1] == str(len(levels) + 1)
            assert (levels[segment[2]][3] if segment[2] else "") == ABOVE[segment[3]]
            levels[segment[1]] = segment
        elif segment[0] == "SE":
            assert segment[1:] == [str(inside), number]
            parents = {one[2] for one in levels.values()}
            for one in levels.values():
                assert one[4:] == ([] if one[3] == "23" else ["1" if one[1] in parents else "0"])
        assert segment[-1] != "" or segment[0] == "ISA"


def spelled_with(marks: str):
    return msgspec.structs.replace(
        PARTNER,
        element_separator=marks[0],
        component_separator=marks[1],
        repetition_separator=marks[2],
        segment_terminator=marks[3],
    )


@settings(max_examples=60)
@given(asked=st.lists(inquiries(), min_size=1, max_size=5), marks=st.sampled_from(DELIMITER_SETS))
def test_an_inquiry_is_built_as_the_guide_says_and_reads_back(asked, marks):
    data = write(asked, spelled_with(marks))
    structure(data, INQUIRY)
    assert sorted(read(data), key=repr) == sorted(asked, key=repr)


@settings(max_examples=60)
@given(said=st.lists(answers(), min_size=1, max_size=4), marks=st.sampled_from(DELIMITER_SETS))
def test_an_answer_is_built_as_the_guide_says_and_reads_back(said, marks):
    data = write_answers(said, spelled_with(marks))
    structure(data, ANSWER)
    assert sorted(read(data), key=repr) == sorted(said, key=repr)


def test_the_whole_file_of_one_claim():
    line = StatusLine(
        procedure=Procedure(qualifier="HC", code="97110", modifiers=("GP",)),
        charge=12_50,
        units="2",
        line_control_number="L1",
        date_from=date(2026, 3, 10),
        date_to=date(2026, 3, 10),
    )
    person = builders.make_person(address=None)
    assert write([make(lines=(line,))]).decode().splitlines()[1:] == [
        "GS*HR*ORCH01*HOUSE*20260320*1200*3*X*005010X212~",
        "ST*276*0007*005010X212~",
        "BHT*0010*13*0000000120007*20260320*1200~",
        "HL*1**20*1~",
        "NM1*PR*2*ACME HEALTH*****PI*12345~",
        "HL*2*1*21*1~",
        "NM1*41*2*ORCHARD THERAPY*****46*ORCH01~",
        "HL*3*2*19*1~",
        f"NM1*1P*2*ORCHARD THERAPY*****XX*{builders.PRACTICE_NPI}~",
        "HL*4*3*22*0~",
        f"DMG*D8*{person.birth_date:%Y%m%d}*{person.sex}~",
        f"NM1*IL*1*{person.last_name.upper()}*{person.first_name.upper()}****MI*W123456789~",
        "TRN*1*S000000001~",
        "REF*1K*ICN1~",
        "REF*EJ*C1~",
        "AMT*T3*12.5~",
        "DTP*472*RD8*20260310-20260311~",
        "SVC*HC:97110:GP*12.5*****2~",
        "REF*FJ*L1~",
        "DTP*472*D8*20260310~",
        "SE*20*0007~",
        "GE*1*3~",
        "IEA*1*000000012~",
    ]


def test_one_set_asks_one_payer_about_99_claims_at_most():
    asked = [make(payer_id=name, trace_number=f"S{n}") for name in ("1", "2") for n in range(100)]
    assert [(len(part), part[0].payer_id) for part in t276.plan_sets(asked)] == [
        (99, "1"),
        (1, "1"),
        (99, "2"),
        (1, "2"),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payer_id": ""}, "payer.claim_id"),
        ({"receiver_id": ""}, "submitter.etin"),
        ({"provider": Provider(is_person=False, last_name="X")}, "billing.npi"),
        ({"member_id": ""}, "member_id"),
        ({"subscriber": Person()}, "last_name"),
        ({"date_from": None}, "date_of_service"),
        ({"patient_control_number": ""}, "patient_control_number"),
    ],
)
def test_what_cannot_be_asked_is_named_by_field(changes, field):
    (found,) = t276.problems(make(**changes))
    assert (found.code, found.location.field) == ("CST001", field)


def test_a_whole_inquiry_has_no_problem():
    assert list(t276.problems(make())) == []


# -- what comes, whole and broken --------------------------------------------------------------------------------------

TEXT = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PRACTICE       *260321*1253*^*00501*000000905*1*T*:~"
    "GS*HN*PAYER*PRACTICE*20260321*0802*1*X*005010X212~ST*277*0001*005010X212~BHT*0010*08*R1*20260321*0810*DG~"
    "HL*1**20*1~NM1*PR*2*ACME*****PI*12345~PER*IC**TE*8005550100~HL*2*1*21*1~NM1*41*2*ORCHARD*****46*ORCH01~"
    "HL*3*2*19*1~NM1*1P*2*ORCHARD*****XX*1234567893~HL*4*3*22*0~NM1*IL*1*MARKER*M****MI*W1~"
    "TRN*2*S1~STC*F1:3:PR*20260310**100*60.5*20260311*CHK*20260312*EFT77*F1:65*A2:20:QC~REF*1K*ICN~REF*EJ*C1~"
    "DTP*472*D8*20260301~SVC*HC:97110:GP*100*60.5****2~STC*F1:3*20260310~REF*FJ*L1~DTP*472*D8*20260301~"
    "HL*5*3*22*1~NM1*IL*1*MARKER*N****MI*W2~HL*6*5*23~NM1*QC*1*MARKER*O~TRN*2*S2~STC*P3:317*20260310~"
    "REF*BLT*111~SE*28*0001~GE*1*1~IEA*1*000000905~"
)


def test_every_part_of_an_answer_is_read():
    first, second = read(TEXT.encode())
    assert isinstance(first, StatusAnswer)
    assert isinstance(second, StatusAnswer)
    status = first.statuses[0]
    assert status.codes == (StatusCode("F1", "3", "PR"), StatusCode("F1", "65"), StatusCode("A2", "20", "QC"))
    assert (status.charge, status.paid, status.finalized_on) == (100_00, 60_50, date(2026, 3, 11))
    assert (status.method, status.remitted_on, status.check_number) == ("CHK", date(2026, 3, 12), "EFT77")
    assert (first.trace_number, first.payer_claim_control_number, first.patient_control_number) == (
        "S1",
        "ICN",
        "C1",
    )
    assert (first.lines[0].line_control_number, first.lines[0].paid, first.lines[0].units) == (
        "L1",
        60_50,
        "2",
    )
    assert (first.state, second.state) == (PAID, PENDED)
    assert (second.patient.first_name, second.member_id, second.references) == ("O", "W2", (("BLT", "111"),))
    assert ("PER", "IC", "", "TE", "8005550100") in first.kept


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        (
            "NM1*41*2*ORCHARD*****46*ORCH01~",
            "NM1*41*2*ORCHARD*****46*ORCH01~TRN*2*R9~STC*E0:24:41*20260321~",
            "receiver",
        ),
        (
            "NM1*1P*2*ORCHARD*****XX*1234567893~",
            "NM1*1P*2*ORCHARD*****XX*1234567893~TRN*1*0~STC*E0:24:1P*20260321~",
            "provider",
        ),
    ],
)
def test_a_level_may_be_answered_as_one(old, new, level):
    found = read(TEXT.replace(old, new).replace("SE*28", "SE*30").encode())
    assert [one.level for one in found] == [level, "claim", "claim"]
    assert found[0].state == FAILED


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("STC*P3:317*20260310", "STC*P3:317*20261350", "SUB005"),
        ("*60.5*20260311", "*6O.5*20260311", "SUB005"),
        ("DTP*472*D8*20260301~SVC", "DTP*472*D8*yesterday~SVC", "SUB005"),
        ("STC*P3:317*20260310~", "", "CST004"),
        ("HL*4*3*22*0", "HL*4*3*99*0", "CST005"),
        ("HL*1**20*1~NM1", "NM1", "CST005"),
    ],
)
def test_what_cannot_be_read_is_a_finding_without_values(old, new, code):
    assert old in TEXT
    found = [one for one in read(TEXT.replace(old, new).encode()) if isinstance(one, Finding)]
    assert code in {one.code for one in found}
    assert "yesterday" not in repr(found)
    assert "MARKER" not in repr(found)


def test_a_file_that_answers_nothing_is_said():
    (found,) = read(TEXT[: TEXT.index("HL*4")].encode() + b"SE*10*0001~GE*1*1~IEA*1*000000905~")
    assert isinstance(found, Finding)
    assert found.code == "CST004"


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        ("005010X212", True),
        ("004010X093A1", True),
        ("005010X214", False),
        ("005010X228", False),
        ("005010", False),
    ],
)
def test_only_an_answer_to_a_276_is_taken_for_one(version, taken):
    (item,) = read_transactions([TEXT.replace("X*005010X212", f"X*{version}").encode()])
    assert isinstance(item, TransactionSet)
    assert t277.answers_inquiries(item) is taken


@settings(max_examples=150)
@given(st.integers(106, len(TEXT) - 1), st.integers(0, 9), st.text(LETTERS + "*:~^0123456789.-", max_size=9))
def test_a_mutated_answer_or_inquiry_is_read_or_told(place, length, text):
    for whole in (TEXT, TEXT.replace("ST*277", "ST*276")):
        for one in read((whole[:place] + text + whole[place + length :]).encode()):
            assert isinstance(one, (Finding, StatusAnswer, StatusInquiry))
            if isinstance(one, StatusAnswer):
                assert one.state


# -- what it comes to --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "paid", "state"),
    [
        ("A0", None, RECEIVED),
        ("A2", None, RECEIVED),
        ("A3", None, REJECTED),
        ("A4", None, NOT_FOUND),
        ("A7", None, REJECTED),
        ("D0", None, NOT_FOUND),
        ("E1", None, FAILED),
        ("F0", None, FINISHED),
        ("F0", 5, PAID),
        ("F1", None, PAID),
        ("F1", 0, PAID),
        ("F2", 0, DENIED),
        ("F2", 5, PAID),
        ("F3F", None, FINISHED),
        ("P1", 5, PENDED),
        ("R4", None, INFORMATION),
        ("X0", None, UNKNOWN),
        ("", None, UNKNOWN),
    ],
)
def test_a_category_comes_to_a_state(category, paid, state):
    assert ClaimStatus(codes=(StatusCode(category),), paid=paid).state == state


def test_of_several_statuses_the_one_that_asks_for_most_counts():
    several = tuple(ClaimStatus(codes=(StatusCode(one),)) for one in ("A2", "P1", "R4"))
    assert StatusAnswer(statuses=several).state == INFORMATION
    assert StatusAnswer().state == UNKNOWN


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"patient_control_number": "c-1"}, False),
        ({"patient_control_number": "C2"}, True),
        ({}, False),
        ({"payer_id": "99999"}, True),
        ({"payer_id": "12345", "member_id": "w123456789"}, False),
        ({"member_id": "W9"}, True),
        ({"date_from": date(2026, 3, 11), "date_to": date(2026, 3, 20)}, False),
        ({"date_from": date(2026, 3, 12), "date_to": date(2026, 3, 20)}, True),
    ],
)
def test_an_answer_may_contradict_an_inquiry(said, wrong):
    assert contradicts(StatusAnswer(**said), make()) is wrong


# -- the guide's own example, and the peer that has it -----------------------------------------------------------------


@pytest.mark.corpus
def test_the_published_inquiry_is_read(corpus_dir):
    text = (corpus_dir / "bad" / "kputnam+stupidedi__case_3_1.edi").read_text()
    body = text[text.index("ST*276") :]
    head = TEXT[: TEXT.index("ST*277")].replace("GS*HN", "GS*HR")
    found = [one for one in read((head + body).replace("\n", "").encode()) if isinstance(one, StatusInquiry)]
    assert [(one.trace_number, one.charge, one.patient is None) for one in found] == [
        ("ABCXYZ1", 8513_88, True),
        ("ABCXYZ2", 7599_00, True),
        ("ABCXYZ3", None, False),
    ]
    assert [one.patient_control_number for one in found] == ["SM123456", "JO234567", "MA345678"]
    assert found[2].lines[0].procedure.code == "99203"
    assert all(not one.kept for one in found)
