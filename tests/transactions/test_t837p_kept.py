"""What goes out of what was kept as read, and of other payers: in its place, and never against the model."""

from __future__ import annotations

import pytest

from edi.model.claim import ClaimPayer, LineAdjudication, OtherPayer
from edi.model.finding import Finding
from edi.model.remittance import Procedure
from edi.x12 import conformance
from edi.x12.envelope import read_transactions
from tests.builders import (
    DAY,
    make_address,
    make_adjustment,
    make_billing,
    make_claim,
    make_line,
    make_person,
    make_rendering,
    make_subscriber,
)
from tests.claim_strategies import read, read_claims, write

PAYER = ClaimPayer(name="ACME", id="12345", address=make_address())


def segments(claim):
    return write([claim]).data.decode("ascii").replace("\n", "").split("~")[:-1]


def of(name, claim):
    return [text for text in segments(claim) if text.startswith(f"{name}*")]


NAMED = [
    "NM1*85*1*WALKER*PAT**DR**XX*1000000103",
    "NM1*IL*1*TESTER*ADA**MS**MI*W123456789",
    "NM1*DN*1*REED*DANA**DR**XX*1000000301",
    "NM1*PR*2*ACME HEALTH*****PI*12345*01",
]


@pytest.mark.parametrize("name", NAMED)
def test_elements_of_a_name_that_the_model_lacks(name):
    """A prefix (NM106) or a relation (NM110): read, kept with the party, and in the same NM1 again."""
    plain = name.replace("*DR*", "**").replace("*MS*", "**").removesuffix("*01")
    claim = make_claim(
        billing=make_billing(is_person=True, last_name="WALKER", first_name="PAT", npi="1000000103"),
        referring=make_rendering(last_name="REED", first_name="DANA", npi="1000000301", taxonomy=""),
        pay_to=make_address(line_1="PO BOX 7"),
    )
    text = write([claim]).data.decode()
    assert plain in text
    data = text.replace(plain, name, 1).encode()
    (back,) = read_claims(data)
    again = segments(back)
    assert again.count(name) == 1
    assert [one.partition("*")[2][:2] for one in again if one.startswith("NM1")] == [
        one.partition("*")[2][:2] for one in text.replace("\n", "").split("~") if one.startswith("NM1")
    ]


def test_elements_of_another_subscribers_name_that_the_model_lacks():
    other = OtherPayer(
        rank="S",
        subscriber=make_person(last_name="DOE", first_name="JO", birth_date=None, sex=""),
        member_id="Z1",
        payer=ClaimPayer(name="OTHER PLAN", id="999"),
    )
    data = write([make_claim(other_payers=(other,))]).data
    (back,) = read_claims(data.replace(b"NM1*IL*1*DOE*JO****MI*Z1", b"NM1*IL*1*DOE*JO**DR**MI*Z1"))
    assert of("NM1", back)[-2:] == ["NM1*IL*1*DOE*JO**DR**MI*Z1", "NM1*PR*2*OTHER PLAN*****PI*999"]


def test_a_pay_to_name_of_another_kind_than_the_billing_providers():
    data = write([make_claim(pay_to=make_address(line_1="PO BOX 7"))]).data
    (back,) = read_claims(data.replace(b"NM1*87*2~", b"NM1*87*1*WALKER~"))
    assert "NM1*87*1*WALKER" in segments(back)
    assert "N3*PO BOX 7" in segments(back)


def test_a_letter_without_a_spelling_in_a_kept_segment_is_named_by_its_place():
    claim = make_claim(kept=(("HCP", "03", "1"), ("CRC", "75", "Y", "IH:Ж")))
    (found,) = write([claim]).findings
    assert (found.code, found.location.field) == ("SUB020", "kept[2][4]")


def test_kept_segments_go_back_to_their_place():
    kept = (
        ("K3", "STATE DATA"),
        ("CRC", "75", "Y", "IH"),
        ("NM1", "PW", "2"),
        ("N3", "9 LANE"),
        ("N4", "SALEM", "MA", "019700001"),
    )
    line_kept = (("QTY", "PT", "2"), ("K3", "LINE DATA"), ("LQ", "UT", "01.01"), ("FRM", "1", "Y"))
    claim = make_claim(kept=kept, facility=None, lines=(make_line(kept=line_kept, notes=(("ADD", "NOTE"),)),))
    written = write([claim])
    assert not written.findings
    (back,) = read_claims(written.data)
    assert back.kept == kept
    assert back.lines[0].kept == line_kept
    text = segments(claim)
    assert (
        text.index("K3*STATE DATA") < text.index("HI*ABK:M5450") < text.index("NM1*PW*2") < text.index("LX*1")
    )
    assert (
        text.index("QTY*PT*2")
        < text.index("K3*LINE DATA")
        < text.index("NTE*ADD*NOTE")
        < text.index("LQ*UT*01.01")
    )


def test_other_payers_and_adjudications_conform():
    coverage = OtherPayer(
        rank="S",
        relationship="01",
        filing_indicator="CI",
        adjustments=tuple(make_adjustment("PR", str(number), 100) for number in range(1, 9)),
        paid=4200,
        remaining_patient_liability=800,
        subscriber=make_person(last_name="DOE", birth_date=None, sex="", address=None),
        member_id="Z1",
        payer=ClaimPayer(name="OTHER PLAN", id="999", references=(("F8", "ICN9"),)),
        paid_on=DAY,
        kept=(("NM1", "85", "2"), ("REF", "G2", "K1")),
    )
    decided = LineAdjudication(
        payer_id="999",
        paid=4200,
        procedure=Procedure("HC", "97110", ("GP",)),
        units="1",
        adjustments=(make_adjustment("CO", "45", 800),),
        paid_on=DAY,
    )
    claim = make_claim(other_payers=(coverage,), lines=(make_line(adjudications=(decided,)),))
    written = write([claim])
    assert conformance.check_bytes(written.data).passed
    assert not written.findings
    (back,) = read_claims(written.data)
    assert back.other_payers == claim.other_payers
    assert back.lines[0].adjudications == (decided,)
    assert of("CAS", claim)[:2] == [
        "CAS*PR*1*1**2*1**3*1**4*1**5*1**6*1",
        "CAS*PR*7*1**8*1",
    ]


def test_what_the_model_carries_holds_over_what_was_kept():
    kept = (
        (
            "CLM",
            "OLD",
            "1",
            "",
            "",
            "11:B:1:X",
            "N",
            "",
            "",
            "",
            "",
            "",
            "02",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "7",
        ),
    )
    assert of("CLM", make_claim(kept=kept, lines=(make_line(charge=10000),))) == [
        "CLM*A0000001*100***11:B:1:X*Y*A*Y*Y***02********7"
    ]
    changed = make_claim(kept=kept, frequency="7", original_reference="O1", delay_reason="9")
    assert of("CLM", changed)[0] == "CLM*A0000001*100***11:B:7*Y*A*Y*Y***02********9"


@pytest.mark.parametrize("mark", ["\uff0a", "\uff5e", "\uff1a", "\ufe55", "*", "~", "\x00", "\u00e9"])
def test_what_looks_like_a_delimiter_in_a_kept_segment_is_none(mark):
    """A fullwidth sign becomes its ASCII twin on the way out: inside kept text it must not cut anything."""
    kept = (("PWK", "OZ", "BM", "", "", "AC", f"DMN{mark}CLM*X{mark}0012"),)
    line_kept = (("HCP", "03", "20", f"HC:97110:{mark}GP", "", "1"),)
    claim = make_claim(kept=kept, lines=(make_line(kept=line_kept),))
    data = write([claim]).data
    assert data.isascii()
    letter = "e" if mark == "\u00e9" else ""
    assert f"PWK*OZ*BM***AC*DMN{letter}CLMX{letter}0012~".encode() in data
    assert f"HCP*03*20*HC:97110:{letter}GP**1~".encode() in data
    found = list(read_transactions([data]))
    assert not [one for one in found if isinstance(one, Finding)], "SE01 counts what is there"


def test_what_is_no_segment_id_is_not_echoed():
    (found,) = write([make_claim(kept=(("DOE", "85"),))]).findings
    assert (found.code, found.location.element) == ("SUB021", "unknown")
    assert "DOE" not in repr(found)


def test_a_kept_segment_without_a_place_is_a_finding():
    (found,) = write([make_claim(kept=(("CUR", "85", "USD"),))]).findings
    assert (found.code, found.location.element, found.location.claim) == ("SUB021", "CUR", "A0000001")


# -- what is broken ------------------------------------------------------------------------------------------------


def changed(before: str, after: str, claim=None):
    """A written file with one text exchanged, read and written again: claims, segments, codes of both findings."""
    text = write([claim or make_claim()]).data.decode("ascii").replace("\n", "")
    assert text.count(before) >= 1, text
    data = text.replace(before, after, 1).encode()
    claims = read_claims(data)
    again = write(claims)
    # The count of segments (ENV010) is not the subject.
    said = [one.code for one in read(data) if isinstance(one, Finding) and one.code != "ENV010"]
    return (
        claims,
        again.data.decode("ascii").replace("\n", "").split("~")[:-1],
        [*said, *[one.code for one in again.findings]],
    )


@pytest.mark.parametrize("before", ["LX*1", "HI*", "DTP*472"])
def test_a_bare_name_stands_last(before):
    claims, again, _ = changed(f"~{before}", f"~NM1~{before}")
    assert len(claims) == 1
    assert "NM1" in again


def test_a_bare_name_of_another_payer():
    other = OtherPayer(rank="S", relationship="18", payer=ClaimPayer(name="OTHER", id="999"))
    _, again, _ = changed("~NM1*PR*2*OTHER", "~NM1~NM1*PR*2*OTHER", make_claim(other_payers=(other,)))
    assert "NM1" in again


def test_a_service_behind_a_stray_name_stays_one_line():
    """SV107 that is no number is kept with its SV1, which never begins a line of its own."""
    service = "~SV1*HC:97110:GP*50*UN*1***1"
    billed = make_claim(lines=(make_line(),))
    (claim,), again, _ = changed(service, f"~NM1*41*2*DESK{service}.00", billed)
    assert [line.charge for line in claim.lines] == [50_00]
    assert [one for one in again if one.startswith("SV1")] == ["SV1*HC:97110:GP*50*UN*1***1.00"]
    assert "NM1*41*2*DESK" in again


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("~N3*2 ROAD", "~N3*2 ROAD~N3*BACK DOOR", ["N3*2 ROAD", "N3*BACK DOOR"]),
        ("~N3*2 ROAD", "~N3*2 ROAD*FLAT 1*BACK DOOR", ["N3*2 ROAD*FLAT 1*BACK DOOR"]),
        ("~N3*2 ROAD", "~N3*2 ROAD**BACK DOOR", ["N3*2 ROAD**BACK DOOR"]),
    ],
)
def test_all_of_a_street_goes_out_again(before, after, kept):
    billed = make_claim(subscriber=make_subscriber(person=make_person(address=make_address(line_1="2 ROAD"))))
    (claim,), again, said = changed(before, after, billed)
    assert [one for one in again if one.startswith("N3*2 ROAD") or "BACK" in one] == kept
    assert said == []
    assert write(read_claims(write([claim]).data)).data == write([claim]).data


def test_a_street_behind_its_city_keeps_the_city():
    (claim,), again, _ = changed("~N3*", "~N4*SALEM*MA*01970~N3*")
    assert claim.billing.address is not None
    assert claim.billing.address.city == "SALEM"
    assert claim.billing.address.line_1
    assert "N4*SALEM*MA*01970" in again


@pytest.mark.parametrize(
    ("before", "twice"),
    [("~CLM*", "~N4*SALEM*MA*01970"), ("~NM1*PR*", "~DMG*D8*19000101*M"), ("~NM1*IL*", "~SBR*T*18")],
)
def test_what_stands_twice_is_said_and_the_first_counts(before, twice):
    plain = read_claims(write([make_claim(payer=PAYER)]).data)
    claims, _, said = changed(before, twice + before, make_claim(payer=PAYER))
    assert said == ["SUB013"]
    assert claims == plain


@pytest.mark.parametrize(("before", "level"), [("~HL*2*", "billing"), ("~CLM*", "subscriber")])
def test_a_stranger_above_the_claims_takes_nobody_s_place(before, level):
    claim = make_claim(pay_to=make_address(line_1="PO BOX 7"))
    plain = segments(claim)
    _, again, said = changed(before, f"~NM1*ZZ*1*SOMEBODY~N3*8 WAY{before}", claim)
    assert said == ["SUB021"]
    assert again == plain, level
