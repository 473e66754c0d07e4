"""Every row of the table of segments: read into its field, written again in its place; and docs/837p.md made of it."""

from __future__ import annotations

import pytest

from edi.model.claim import Claim
from edi.model.finding import Finding
from edi.transactions import t837p
from edi.transactions.t837p.docs import render
from edi.transactions.t837p.segments import CLAIM, LINE, SEGMENTS
from edi.x12.envelope import read_transactions
from tests.claim_strategies import write

HEAD = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260320*0930*^*00501*000000001*0*P*:~"
    "GS*HC*SENDER*RECEIVER*20260320*0930*1*X*005010X222A1~ST*837*0001*005010X222A1~"
    "BHT*0019*00*BATCH7*20260319*0930*CH~NM1*41*2*BILLER*****46*E1~PER*IC*DESK*TE*6175550100~"
    "NM1*40*2*HOUSE*****46*H1~"
)
LOOPS = {row.loop: row for row in reversed(SEGMENTS)}
"""The first row of each loop."""
ALWAYS = (
    ("2010AA", "NM1*85*2*ORCHARD*****XX*1000000103"),
    ("2010AA", "N3*1 ROAD"),
    ("2010AA", "N4*BOSTON*MA*021390001"),
    ("2010AA", "REF*EI*123456789"),
    ("2000B", "SBR*P*18*******CI"),
    ("2010BA", "NM1*IL*1*TESTER*ADA****MI*W1"),
    ("2010BA", "N3*2 ROAD"),
    ("2010BA", "N4*BOSTON*MA*021390001"),
    ("2010BA", "DMG*D8*19600517*F"),
    ("2010BB", "NM1*PR*2*ACME*****PI*12345"),
    ("2300", "CLM*A1*50***11:B:1*Y*A*Y*Y"),
    ("2300", "HI*ABK:M5450"),
    ("2400", "LX*1"),
    ("2400", "SV1*HC:97110:GP*50*UN*1***1"),
    ("2400", "DTP*472*D8*20260310"),
)
DEPENDENT = (
    ("2000C", "PAT*19"),
    ("2010CA", "NM1*QC*1*TESTER*BEN"),
    ("2010CA", "DMG*D8*20150203*M"),
)
COVERAGE = (
    ("2320", "SBR*S*18*******CI"),
    ("2320", "OI***Y***Y"),
    ("2330A", "NM1*IL*1*DOE*JO****MI*Z1"),
    ("2330B", "NM1*PR*2*OTHER*****PI*999"),
)
ADJUDICATED = (("2430", "SVD*999*20*HC:97110:GP**1"), ("2430", "DTP*573*D8*20260301"))
SHOWN = [row for row in SEGMENTS if row.example]


def place(loop, text):
    """Where a segment stands in the guide."""
    name, _, rest = text.partition("*")
    qualifier = rest.partition("*")[0].partition(":")[0]
    rows = [row for row in SEGMENTS if (row.loop, row.segment) == (loop, name)]
    return next((row.place for row in rows if row.qualifier == qualifier), rows[-1].place)


def identity(text):
    name, _, rest = text.partition("*")
    qualified = name in ("REF", "DTP", "AMT", "NTE", "PER", "QTY", "CRC", "CAS")
    return name, rest.partition("*")[0] if qualified else ""


def claim_with(row):
    """The segments of a claim around the example, in the guide's order."""
    around = list(ALWAYS)
    if row.loop in ("2000C", "2010CA"):
        around += DEPENDENT
        around = [(loop, text.replace("*P*18*", "*P**")) for loop, text in around]
    if row.loop.startswith(("232", "233")):
        around += COVERAGE
    if row.loop == "2430":
        around += ADJUDICATED
    first = LOOPS[row.loop]
    if not any(loop == row.loop for loop, _ in around) and first is not row:
        around.append((row.loop, first.example))
    around = [one for one in around if (one[0], identity(one[1])) != (row.loop, identity(row.example))]
    if row.segment == "HI" and row.field:
        around = [one for one in around if not one[1].startswith("HI*")]
    around.append((row.loop, row.example))
    return [text for _, text in sorted(around, key=lambda one: place(*one))]


def with_levels(segments):
    """With the HL segments that the parties ask for."""
    dependent = any(text.startswith("NM1*QC") for text in segments)
    found = []
    for index, text in enumerate(segments):
        if index == 0:
            found.append("HL*1**20*1")
        elif text.startswith("SBR") and not any(one.startswith("CLM") for one in found):
            found.append(f"HL*2*1*22*{1 if dependent else 0}")
        elif text.startswith("PAT") and dependent:
            found.append("HL*3*2*23*0")
        found.append(text)
    return found


def file(segments):
    body = "~".join(with_levels(segments)) + "~"
    count = (HEAD + body).count("~") - 1
    return (HEAD + body + f"SE*{count}*0001~GE*1*1~IEA*1*000000001~").encode()


def read(data):
    items = [item for ts in read_transactions([data]) for item in t837p.read(ts)]
    (claim,) = [item for item in items if isinstance(item, Claim)]
    return claim, [item for item in items if isinstance(item, Finding)]


def subject(claim, loop):
    """The value that a row's field belongs to."""
    if loop.startswith(("232", "233")):
        return claim.other_payers[0] if claim.other_payers else None
    if loop.startswith("24"):
        line = claim.lines[0]
        return line.adjudications[0] if loop == "2430" else line
    return claim


def value(claim, row):
    found = claim if row.field in ("claim", "other_payers", "adjudications") else subject(claim, row.loop)
    for name in row.field.split("."):
        if name in ("claim", "other_payers", "adjudications"):
            continue
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("row", SHOWN, ids=lambda row: row.name)
def test_the_row(row):
    segments = claim_with(row)
    assert row.example in segments
    claim, findings = read(file(segments))
    assert not [one for one in findings if one.code not in ("SUB008", "SUB012")]
    if row.field:
        assert value(claim, row)
    written = write([claim])
    assert not written.findings
    text = written.data.decode().replace("\n", "").split("~")[:-1]
    made = text[text.index("HL*1**20*1") : -3]
    assert [one for one in made if not one.startswith("HL*")] == segments


def test_a_row_stands_once():
    names = [row.name for row in SEGMENTS]
    assert len(names) == len(set(names))


def test_what_we_send_has_a_field():
    assert not [row.name for row in SEGMENTS if row.source and not row.field]


@pytest.mark.parametrize("kind", ["461", "463", "607"])
def test_certificate_dates_go_with_the_certificate_only(kind):
    row = next(one for one in SEGMENTS if one.segment == "LX")
    plain = claim_with(row)
    dated = [*plain, f"DTP*{kind}*D8*20260301"]
    claim, _ = read(file(dated))
    written = write([claim])
    assert [(one.code, one.location.line) for one in written.findings] == [("SUB022", "1")]
    assert f"DTP*{kind}" not in written.data.decode()
    certified = [*plain[:-1], "CR3*I*MO*6", *dated[-2:]]
    claim, _ = read(file(certified))
    written = write([claim])
    assert not written.findings
    assert f"DTP*{kind}*D8*20260301" in written.data.decode()


def test_the_kept_loops_of_a_line_stand_in_the_guides_order():
    plain = claim_with(next(one for one in SEGMENTS if one.segment == "LX"))
    loops = [
        "LIN**N4*01234567890",
        "CTP****2*UN",
        "REF*XZ*1",
        "NM1*82*1*OTHER*KIM****XX*1000000210",
        "NM1*QB*2******XX*1000000350",
        "NM1*DK*1*ABBOT*LEE****XX*1000000319",
        "N3*1 WAY",
        "PER*IC*DESK*TE*6175550100",
        "SVD*999*20*HC:97110:GP**1",
        "CAS*CO*45*30",
        "LQ*UT*01.01",
        "FRM*1*Y",
    ]
    claim, findings = read(file([*plain, *loops]))
    assert not findings
    made = write([claim]).data.decode().replace("\n", "").split("~")
    start = made.index(loops[0])
    assert made[start : start + len(loops)] == loops


def test_unknown_qualifiers_stand_last_of_their_segment():
    assert CLAIM.place("REF", "ZZ") == CLAIM.place("REF", "Y4")
    assert LINE.place("ZZZ", "") is None


@pytest.mark.parametrize("reasons", [1, 3, 6, 7, 13])
def test_six_reasons_a_cas_and_a_group_after_the_other(reasons):
    texts = [f"CAS*PR*{'*'.join(f'{n}*{n}*' for n in range(1, min(reasons, 6) + 1))}".rstrip("*")]
    if reasons > 6:
        rest = range(7, min(reasons, 12) + 1)
        texts.append(f"CAS*PR*{'*'.join(f'{n}*{n}*' for n in rest)}".rstrip("*"))
    if reasons > 12:
        texts.append("CAS*PR*13*13")
    segments = claim_with(next(one for one in SEGMENTS if one.name == "2430 SVD"))
    segments[-1:-1] = [*texts, "CAS*CO*45*5.5*2"]
    claim, findings = read(file(segments))
    assert not findings
    (decided,) = claim.lines[0].adjudications
    assert [one.cents for one in decided.adjustments] == [100 * n for n in range(1, reasons + 1)] + [550]
    assert decided.adjustments[-1].quantity == "2"
    text = write([claim]).data.decode().replace("\n", "").split("~")
    assert [one for one in text if one.startswith("CAS")] == [*texts, "CAS*CO*45*5.5*2"]


@pytest.mark.parametrize("text", ["CAS*CO*45", "CAS*CO*45*X", "CAS*CO**5", "CAS*CO*45*5*A"])
def test_a_cas_that_cannot_be_read_is_kept(text):
    segments = claim_with(next(one for one in SEGMENTS if one.name == "2430 SVD"))
    segments.insert(-1, text)
    claim, _ = read(file(segments))
    assert claim.lines[0].adjudications[0].kept == (tuple(text.split("*")),)
    assert f"{text}~" in write([claim]).data.decode()


def test_the_page_is_made_of_the_table(golden):
    golden("../../docs/837p.md", render(SEGMENTS))
