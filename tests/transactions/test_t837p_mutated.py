"""Any broken 837P is read, written and read again: no exception, and no claim, line or cent more or less unsaid."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edi.model.claim import Claim
from edi.model.finding import Finding
from edi.transactions.t837p.segments import SEGMENTS
from tests.claim_strategies import PARTNER, read, read_claims, write

HEAD = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260320*0930*^*00501*000000001*0*P*:~"
    "GS*HC*SENDER*RECEIVER*20260320*0930*1*X*005010X222A1~"
)
TAIL = "GE*1*1~IEA*1*000000001~"
TEXT = (
    "ST*837*0001*005010X222A1~BHT*0019*00*BATCH7*20260319*0930*CH~NM1*41*2*BILLER*****46*E1~PER*IC*DESK*TE*6175550100~"
    "NM1*40*2*HOUSE*****46*H1~HL*1**20*1~PRV*BI*PXC*261QP2000X~NM1*85*2*ORCHARD*****XX*1000000103~N3*1 ROAD~"
    "N4*BOSTON*MA*021390001~REF*EI*123456789~NM1*87*2~N3*PO BOX 7~N4*SALEM*MA*01970~HL*2*1*22*0~SBR*P*18*G1******CI~"
    "NM1*IL*1*TESTER*ADA****MI*W1~N3*2 ROAD~N4*BOSTON*MA*021390001~DMG*D8*19600517*F~NM1*PR*2*ACME*****PI*12345~"
    "CLM*A1*80***11:B:1*Y*A*Y*Y~REF*G1*AUTH1~HI*ABK:M5450*ABF:R262~NM1*DN*1*REED*DANA****XX*1000000301~"
    "NM1*82*1*WALKER*PAT****XX*1000000202~PRV*PE*PXC*225100000X~SBR*S*18*******CI~CAS*PR*1*20~AMT*D*20~OI***Y***Y~"
    "NM1*IL*1*TESTER*ADA****MI*Z1~NM1*PR*2*OTHER*****PI*999~NM1*85*2~REF*G2*K1~LX*1~SV1*HC:97110:GP*50*UN*2***1:2~"
    "DTP*472*D8*20260310~REF*6R*L1~NM1*82*1*OTHER*KIM****XX*1000000210~SVD*999*20*HC:97110:GP**2~CAS*CO*45*30~"
    "DTP*573*D8*20260401~LX*2~SV1*HC:97140:GP*30*UN*1***1~DTP*472*D8*20260310~HL*3*1*22*1~SBR*P********CI~"
    "NM1*IL*1*OTHER*EVE****MI*W2~NM1*PR*2*PLAN*****PI*9~HL*4*3*23*0~PAT*19~NM1*QC*1*OTHER*BEN~N3*3 ROAD~"
    "N4*BOSTON*MA*02139~DMG*D8*20150203*M~CLM*A2*45.5***12:B:1*Y*A*Y*Y~HI*ABK:R262~LX*1~SV1*HC:97530:GP*45.5*UN*1***1~"
    "DTP*472*RD8*20260310-20260312~SE*60*0001"
)
BODY = TEXT.split("~")
EXAMPLES = sorted(
    {row.example for row in SEGMENTS if row.example}
    | {
        "NM1",
        "N3",
        "NM1*ZZ*1*SOMEBODY",
        "NM1*41*2",
        "SV1*HC:1*5.00*UN*1.00***1.00",
        "XX*1",
        "LX",
        "HL*9",
        "SVD*1*x",
    }
)
ODD = [
    "",
    "X" * 500,
    "9" * 400,
    "-",
    ":::::",
    "1e999",
    "^^",
    "-0.001",
    "20261399",
    "20260101-20250101",
    "\N{SNOWMAN}",
]
STRANGERS = ["NM1", "NM1*41*2*DESK", "NM1*ZZ*1*SOMEBODY", "LIN**N4*1", "SVD*9*x", "LQ*UT*1"]
PLAIN = msgspec.structs.replace(PARTNER, upper_case=False)


@st.composite
def mutated(draw):
    """A file with a few segments gone, repeated, moved, cut, exchanged or spoiled."""
    segments = list(BODY)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(1, len(segments) - 1))
        match draw(st.sampled_from(["remove", "insert", "stray", "repeat", "swap", "cut", "lose", "spoil"])):
            case "remove" if len(segments) > 2:
                del segments[place]
            case "insert":
                segments.insert(place, draw(st.sampled_from(EXAMPLES)))
            case "stray":
                segments[place : place + 1] = [draw(st.sampled_from(STRANGERS)), f"{segments[place]}.00"]
            case "repeat":
                segments[place:place] = [segments[place]] * draw(st.sampled_from([1, 2, 14]))
            case "swap":
                other = draw(st.integers(1, len(segments) - 1))
                segments[place], segments[other] = segments[other], segments[place]
            case "cut":
                segments[place] = segments[place][: draw(st.integers(1, 4))]
            case "lose":
                elements = segments[place].split("*")
                del elements[draw(st.integers(0, len(elements) - 1))]
                segments[place] = "*".join(elements) or "ZZ"
            case _:
                elements = segments[place].split("*")
                elements[draw(st.integers(0, len(elements) - 1))] = draw(st.sampled_from(ODD))
                segments[place] = "*".join(elements) or "ZZ"
    return (HEAD + "~".join(segments) + "~" + TAIL).encode()


def sums(claims: list[Claim]) -> Counter[tuple[int, tuple[int, ...]]]:
    """The charge of each claim and of its lines."""
    return Counter((claim.charge, tuple(line.charge for line in claim.lines)) for claim in claims)


def said(data: bytes) -> set[str]:
    return {item.code for item in read(data) if isinstance(item, Finding)}


def holds(data: bytes) -> None:
    """Read, write and read again."""
    before = read_claims(data)
    written = write(before, PLAIN)
    after = read_claims(written.data)
    errors = {one.code for one in written.findings if one.severity == "error"}
    assert sums(before) == sums(after) or errors, (said(data), [one.message for one in written.findings])
    assert (written.claims, written.lines) == (len(before), sum(len(claim.lines) for claim in before))
    assert write(after, PLAIN).claims == len(after)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=100, suppress_health_check=QUIET)
@given(data=mutated())
def test_a_mutated_file_keeps_its_charges(data):
    holds(data)


@pytest.mark.soak
@settings(max_examples=2000, suppress_health_check=QUIET)
@given(data=mutated())
def test_many_mutated_files_keep_their_charges(data):
    holds(data)
