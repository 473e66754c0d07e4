"""837P files of others -> claims: the corpus, files without hierarchy, what is kept, what is a Finding."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from edi.model.claim import Claim
from edi.model.finding import Finding, Severity
from edi.model.remittance import Adjustment, Procedure
from edi.model.submission import SubmissionHeader, SubmissionTrailer
from edi.transactions import t837p
from edi.x12.envelope import read_transactions
from tests.claim_strategies import read, read_claims

HEAD = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260320*0930*^*00501*000000001*0*P*:~"
    "GS*HC*SENDER*RECEIVER*20260320*0930*1*X*005010X222A1~ST*837*0001*005010X222A1~"
    "BHT*0019*00*BATCH7*20260319*0930*CH~NM1*41*2*BILLER*****46*E1~PER*IC*DESK*TE*6175550100*EX*12~"
    "NM1*40*2*HOUSE*****46*H1~"
)
PARTIES = (
    "HL*1**20*1~PRV*BI*PXC*261QP2000X~NM1*85*2*ORCHARD*****XX*1000000103~N3*1 ROAD~N4*BOSTON*MA*021390001~"
    "REF*EI*123456789~HL*2*1*22*0~SBR*P*18*G1******CI~NM1*IL*1*TESTER*ADA****MI*W1~N3*2 ROAD~N4*BOSTON*MA*021390001~"
    "DMG*D8*19600517*F~NM1*PR*2*ACME*****PI*12345~"
)
CLAIM = "CLM*A1*50***11:B:1*Y*A*Y*Y~HI*ABK:M5450~LX*1~SV1*HC:97110:GP*50*UN*1***1~DTP*472*D8*20260310~"


def file(*parts, head=HEAD):
    """One interchange around the segments; counts are not the subject here."""
    body = "".join(parts)
    count = (head + body).count("~") - 1
    return (head + body + f"SE*{count}*0001~GE*1*1~IEA*1*000000001~").encode()


def findings(*parts, head=HEAD):
    return [item for item in read(file(*parts, head=head)) if isinstance(item, Finding)]


def one(*parts, head=HEAD) -> Claim:
    (claim,) = read_claims(file(*parts, head=head))
    return claim


# -- the corpus ----------------------------------------------------------------------------------------------------


def index(corpus_dir, folder):
    with (corpus_dir / "INDEX.tsv").open(encoding="utf-8") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in rows if row["local_file"].startswith(f"{folder}/")]


def items_of(path):
    """(envelope findings, items of all 837s) of a file read in small pieces."""
    data = path.read_bytes()
    chunks = [data[start : start + 1000] for start in range(0, len(data), 1000)]
    envelope, items = [], []
    for ts in read_transactions(chunks, file=path.name):
        if isinstance(ts, Finding):
            envelope.append(ts)
        elif ts.kind == "837":
            items.extend(t837p.read(ts))
    return envelope, items


@pytest.mark.corpus
def test_every_corpus_file_has_the_claims_and_lines_of_the_index(corpus_dir):
    rows = index(corpus_dir, "837p")
    assert len(rows) > 60
    wrong = {}
    for row in rows:
        _, items = items_of(corpus_dir / row["local_file"])
        claims = [item for item in items if isinstance(item, Claim)]
        trailers = [item for item in items if isinstance(item, SubmissionTrailer)]
        counts = (len(claims), sum(len(claim.lines) for claim in claims))
        told = (sum(trailer.claims for trailer in trailers), sum(trailer.lines for trailer in trailers))
        if not counts == told == (int(row["n_claims"]), int(row["n_lines"])):
            wrong[row["local_file"]] = (counts, told)
    assert not wrong


@pytest.mark.corpus
def test_unbalanced_claims_of_the_index_are_findings(corpus_dir):
    """A note UNBALANCED-CLM is a SUB004; a file without the note has none."""
    for row in index(corpus_dir, "837p"):
        _, items = items_of(corpus_dir / row["local_file"])
        found = [item for item in items if isinstance(item, Finding) and item.code == "SUB004"]
        assert bool(found) == ("UNBALANCED-CLM" in row["notes"]), row["local_file"]


@pytest.mark.corpus
def test_dependents_and_other_coverage_of_the_corpus(corpus_dir):
    for row in index(corpus_dir, "837p"):
        _, items = items_of(corpus_dir / row["local_file"])
        claims = [item for item in items if isinstance(item, Claim)]
        if "DEPENDENT" in row["notes"]:
            assert any(claim.patient is not None for claim in claims), row["local_file"]
        if " COB" in row["notes"]:
            assert any(claim.other_payers for claim in claims), row["local_file"]
        if "SVD" in row["notes"]:
            assert any(line.adjudications for claim in claims for line in claim.lines), row["local_file"]


@pytest.mark.corpus
def test_no_file_of_the_corpus_breaks_the_reader(corpus_dir):
    for folder in ("bad", "835", "837p", "999", "277ca", "ta1"):
        for path in sorted((corpus_dir / folder).iterdir()):
            for ts in read_transactions([path.read_bytes()]):
                if not isinstance(ts, Finding):
                    list(t837p.read(ts))


@pytest.mark.corpus
def test_files_without_hierarchy_say_so_and_keep_their_parties(corpus_dir):
    name = "837p/AlexJReid+scribe__professional_837.edi"
    _, items = items_of(corpus_dir / name)
    (claim,) = [item for item in items if isinstance(item, Claim)]
    assert [item.code for item in items if isinstance(item, Finding)] == ["SUB002"]
    assert claim.patient_control_number == "CLM-STROKE-RAD-PRO-001"
    assert (claim.billing.npi, claim.subscriber.member_id) == ("9876543210", "SUB-STROKE-001")
    assert claim.patient is not None
    assert claim.patient.member_id == "PAT-STROKE-001"
    assert [line.charge for line in claim.lines] == [9000, 12000, 18000]
    assert claim.rendering is not None
    assert claim.rendering.npi == "1112233334"
    trailer = items[-1]
    assert isinstance(trailer, SubmissionTrailer)
    assert not trailer.has_hierarchy


@pytest.mark.corpus
def test_claims_that_are_not_professional_are_named_and_left(corpus_dir):
    _, items = items_of(corpus_dir / "bad/azoner+pyx12__x12testdata.blank1.source.edi")
    assert [(item.code, item.severity) for item in items] == [("SUB001", Severity.ERROR)]


# -- single places -------------------------------------------------------------------------------------------------


def test_the_header_and_the_trailer():
    items = read(file(PARTIES, CLAIM))
    header, trailer = items[0], items[-1]
    assert isinstance(header, SubmissionHeader)
    assert header.st_control_number == "0001"
    assert (header.interchange_control_number, header.group_control_number) == ("000000001", "1")
    assert (header.sender_id, header.receiver_id, header.test) == ("SENDER", "RECEIVER", False)
    assert (header.purpose, header.reference, header.kind) == ("00", "BATCH7", "CH")
    assert header.created == date(2026, 3, 19)
    assert (header.submitter_name, header.submitter_id) == ("BILLER", "E1")
    assert header.submitter_contact == ("DESK", "6175550100", "")
    assert (header.receiver_name, header.receiver_number) == ("HOUSE", "H1")
    assert header.kept == (("PER", "IC", "DESK", "TE", "6175550100", "EX", "12"),)
    assert isinstance(trailer, SubmissionTrailer)
    assert (trailer.claims, trailer.lines, trailer.charge_total) == (1, 1, 5000)
    assert trailer.complete
    assert trailer.control_number_matches
    assert trailer.segments == trailer.declared_segments


def test_the_plain_claim():
    claim = one(PARTIES, CLAIM)
    assert claim.billing.taxonomy == "261QP2000X"
    assert (claim.billing.tax_id, claim.billing.tax_id_qualifier) == ("123456789", "EI")
    assert claim.subscriber.is_patient
    assert (claim.subscriber.rank, claim.subscriber.group_number) == ("P", "G1")
    assert claim.subscriber.person.birth_date == date(1960, 5, 17)
    assert (claim.payer.name, claim.payer.id) == ("ACME", "12345")
    (line,) = claim.lines
    assert line.procedure == Procedure("HC", "97110", ("GP",))
    assert (line.charge, line.units, line.pointers) == (5000, "1", (1,))
    assert line.date_from == line.date_to == date(2026, 3, 10)
    assert claim.kept == ()
    assert claim.patient_person.last_name == "TESTER"


def test_a_truncated_set_still_gives_its_claims():
    data = (HEAD + PARTIES + CLAIM).encode()
    items = read(data)
    assert len([item for item in items if isinstance(item, Claim)]) == 1
    trailer = next(item for item in items if isinstance(item, SubmissionTrailer))
    assert not trailer.complete
    assert trailer.declared_segments is None


DECIDED = "SVD*999*20*HC:97110:GP**1~CAS*CO*45*30~"


def decided(amount: str = "AMT*D*20~", line: str = DECIDED) -> str:
    """The claim with another payer's decision: 20 paid and 30 adjusted of 50, unless something else is given."""
    other = f"SBR*P*18*******CI~{amount}OI***Y***Y~NM1*IL*1*TESTER*ADA****MI*Z1~NM1*PR*2*OTHER*****PI*999~"
    return CLAIM.replace("LX*1~", f"{other}LX*1~") + line


PLACES = [
    ("SUB003", "HL01", PARTIES.replace("HL*2*1*22", "HL*7*1*22") + CLAIM),
    ("SUB003", "HL01", PARTIES.replace("HL*2*1*22", "HL*2*9*22") + CLAIM),
    ("SUB003", "HL03", PARTIES + "HL*3*2*24*0~" + CLAIM),
    ("SUB004", "CLM02", PARTIES + CLAIM.replace("A1*50*", "A1*60*")),
    ("SUB005", "CLM02", PARTIES + CLAIM.replace("A1*50*", "A1*5O*")),
    ("SUB005", "SV102", PARTIES + CLAIM.replace("GP*50*", "GP*50.001*")),
    ("SUB005", "SV104", PARTIES + CLAIM.replace("UN*1*", "UN*one*")),
    ("SUB005", "DTP03", PARTIES + CLAIM.replace("D8*20260310", "D8*20261310")),
    ("SUB005", "DMG02", PARTIES.replace("19600517", "19601345") + CLAIM),
    ("SUB005", "AMT02", PARTIES + CLAIM.replace("HI*", "AMT*F5*x~HI*")),
    ("SUB006", "SV1", PARTIES + CLAIM.replace("SV1*HC:97110:GP*50*UN*1***1~", "")),
    ("SUB008", "HI01", PARTIES + CLAIM.replace("ABK:M5450", "BK:7245")),
    ("SUB009", "LX", PARTIES + "LX*1~" + CLAIM),
    ("SUB010", "NM1", PARTIES.replace("NM1*85*", "NM1*99*") + CLAIM),
    ("SUB011", "LX01", PARTIES + CLAIM.replace("LX*1~", "")),
    ("SUB012", "SVD02", PARTIES + decided(line="SVD*999*20*HC:97110:GP**1~CAS*CO*45*29~")),
    ("SUB012", "AMT02", PARTIES + decided(amount="AMT*D*21~")),
    ("SUB013", "N4", PARTIES + "N4*SALEM*MA*01970~N4*SALEM*MA*01971~" + CLAIM),
    ("SUB013", "DMG", PARTIES.replace("NM1*PR", "DMG*D8*19600518*F~NM1*PR") + CLAIM),
    ("SUB013", "SBR", PARTIES.replace("NM1*IL", "SBR*S*18~NM1*IL") + CLAIM),
    ("SUB013", "PAT", PARTIES.replace("NM1*IL", "PAT*****D8*20260301~PAT*****D8*20260302~NM1*IL") + CLAIM),
]


@pytest.mark.parametrize(("code", "element", "body"), PLACES, ids=[f"{row[0]}-{row[1]}" for row in PLACES])
def test_findings_name_code_and_place(code, element, body):
    found = [item for item in findings(body) if item.code == code]
    assert found
    assert found[0].location.element == element
    assert found[0].location.transaction == "0001"


def test_a_clean_file_has_no_finding():
    assert findings(PARTIES, CLAIM) == []


def test_the_sum_that_does_not_hold_names_both_amounts_and_the_claim():
    (found,) = findings(PARTIES + CLAIM.replace("A1*50*", "A1*60.5*"))
    assert found.severity is Severity.WARNING
    assert found.location.claim == "A1"
    assert "60.50" in found.message
    assert "50.00" in found.message
    assert found.location.segment == 19


def test_another_version_is_read_and_said():
    head = HEAD.replace("X222A1", "X222")
    assert [item.code for item in findings(PARTIES, CLAIM, head=head)] == ["SUB007"]


def test_a_dependent_and_then_the_subscriber_of_another_family():
    child = "HL*3*2*23*0~PAT*19~NM1*QC*1*TESTER*BEN~N3*2 ROAD~N4*BOSTON*MA*02139~DMG*D8*20150203*M~"
    other = "HL*4*1*22*0~SBR*S*18*******MB~NM1*IL*1*OTHER*EVE****MI*W2~NM1*PR*2*PLAN*****PI*9~"
    first, second = read_claims(
        file(PARTIES.replace("HL*2*1*22*0~SBR*P*18", "HL*2*1*22*1~SBR*P*"), child, CLAIM, other, CLAIM)
    )
    assert first.patient is not None
    assert (first.patient.relationship, first.patient_person.first_name) == ("19", "BEN")
    assert not first.subscriber.is_patient
    assert second.patient is None
    assert (second.subscriber.rank, second.subscriber.member_id, second.payer.id) == ("S", "W2", "9")
    assert second.billing == first.billing


def test_without_hierarchy_each_subscriber_starts_anew():
    flat = (
        "NM1*85*2*ORCHARD*****XX*1000000103~SBR*P*18*******CI~NM1*IL*1*A*A****MI*W1~NM1*PR*2*ACME*****PI*1~" + CLAIM
        + "SBR*S*18*******MB~NM1*IL*1*B*B****MI*W2~NM1*PR*2*PLAN*****PI*2~" + CLAIM
        + "NM1*85*2*HARBOR*****XX*1000000111~NM1*IL*1*C*C****MI*W3~PAT*19~NM1*QC*1*D*D~" + CLAIM
    )  # fmt: skip
    first, second, third = read_claims(file(flat))
    assert [claim.subscriber.member_id for claim in (first, second, third)] == ["W1", "W2", "W3"]
    assert [claim.payer.id for claim in (first, second, third)] == ["1", "2", ""]
    assert [claim.subscriber.rank for claim in (first, second, third)] == ["P", "S", "P"]
    assert [claim.billing.last_name for claim in (first, second, third)] == ["ORCHARD", "ORCHARD", "HARBOR"]
    assert third.patient is not None
    assert (third.patient.relationship, third.patient.person.last_name) == ("19", "D")
    assert [item.code for item in findings(flat)] == ["SUB002"]


def test_other_payers_and_adjudications():
    coverage = (
        "SBR*S*19*G9******CI~CAS*CO*45*30~AMT*D*20~AMT*B6*50~OI***Y***Y~MOA***MA01~NM1*IL*1*DOE*J****MI*Z1~N3*9 LANE~"
        "N4*SALEM*MA*01970~REF*SY*123456781~NM1*PR*2*OTHER*****PI*999~DTP*573*D8*20260301~REF*F8*X9~"
        "NM1*82*1~REF*G2*K1~"
    )
    decided = "SVD*999*20*HC:97110:GP**1*2~CAS*CO*45*30~DTP*573*D8*20260301~AMT*EAF*5~"
    text = CLAIM.replace("LX*1~", coverage + "LX*1~")
    claim = one(PARTIES, text, decided, "LX*2~SV1*HC:97140*0*UN*1***1~")
    (other,) = claim.other_payers
    assert (other.rank, other.relationship, other.group_number, other.filing_indicator) == (
        "S",
        "19",
        "G9",
        "CI",
    )
    assert other.adjustments == (Adjustment("CO", "45", 3000),)
    assert (other.paid, other.noncovered, other.remaining_patient_liability) == (2000, None, None)
    assert (other.benefits_assigned, other.patient_signature_source, other.release_of_information) == (
        "Y",
        "",
        "Y",
    )
    assert other.outpatient == ("MOA", "", "", "MA01")
    assert (other.subscriber.last_name, other.member_id) == ("DOE", "Z1")
    assert other.subscriber.address is not None
    assert other.subscriber_references == (("SY", "123456781"),)
    assert (other.payer.name, other.payer.id, other.payer.references) == ("OTHER", "999", (("F8", "X9"),))
    assert other.paid_on == date(2026, 3, 1)
    assert other.kept == (("AMT", "B6", "50"), ("NM1", "82", "1"), ("REF", "G2", "K1"))
    (line,) = claim.lines[0].adjudications
    assert (line.payer_id, line.paid, line.units, line.bundled_line) == ("999", 2000, "1", 2)
    assert line.procedure == Procedure("HC", "97110", ("GP",))
    assert line.adjustments == (Adjustment("CO", "45", 3000),)
    assert (line.paid_on, line.remaining_patient_liability, line.kept) == (date(2026, 3, 1), 500, ())
    assert claim.kept == claim.lines[0].kept == claim.lines[1].kept == ()
    assert claim.lines[1].adjudications == ()
    assert claim.original_reference == ""
    assert claim.amounts == ()
    assert claim.subscriber.person.last_name == "TESTER"


def test_an_adjudication_whose_amount_cannot_be_read_is_kept_whole():
    decided = "SVD*999*2O*HC:97110:GP**1~CAS*CO*45*30~DTP*573*D8*20260301~"
    claim = one(PARTIES, CLAIM, decided)
    assert claim.lines[0].adjudications == ()
    assert claim.lines[0].kept == tuple(tuple(text.split("*")) for text in decided.split("~")[:-1])
    assert [found.location.element for found in findings(PARTIES, CLAIM, decided)] == ["SVD02"]


KEPT = [
    ("PWK*OZ*BM***AC*D1*NOTE~", "claim"),
    ("CR2*1*5*C4*C6~", "claim"),
    ("AMT*F5*1*C~", "claim"),
    ("DTP*434*RD8*20260301-20260305~", "claim"),
    ("DTP*435*D8*2026~", "claim"),
    ("REF*F5*X**EA:1~", "claim"),
    ("CRC*75*Y*IH~", "claim"),
    ("HI*BG:17~", "claim"),
    ("NM1*45*2*PLACE~N3*1 WAY~N4*SALEM*MA*01970~", "claim"),
    ("LIN**N4*01234567890~CTP****2*UN~REF*XZ*1~", "line"),
    ("NM1*QB*1*DOE*J****XX*1000000301~N3*1 WAY~REF*1G*U1~", "line"),
    ("LQ*UT*01.01~FRM*1*Y~", "line"),
    ("ZZZ*1*2~", "line"),
]


@pytest.mark.parametrize(("text", "where"), KEPT)
def test_what_the_model_has_no_field_for_is_kept(text, where):
    expected = tuple(tuple(segment.split("*")) for segment in text.split("~")[:-1])
    if where == "claim":
        claim = one(PARTIES, CLAIM.replace("LX*1~", text + "LX*1~"))
        assert claim.kept == expected
    else:
        claim = one(PARTIES, CLAIM, text)
        assert claim.lines[0].kept == expected
    assert claim.references == claim.lines[0].references == ()


def test_more_of_a_segment_than_the_model_has_is_kept_beside_the_fields():
    clm = "CLM*A1*50***11:B:1*Y*A*Y*Y*********1"
    claim = one(
        PARTIES, CLAIM.replace("CLM*A1*50***11:B:1*Y*A*Y*Y", clm).replace("UN*1***1~", "UN*1***1**Y~")
    )
    assert claim.kept == (tuple(clm.split("*")),)
    assert claim.lines[0].kept == (("SV1", "HC:97110:GP", "50", "UN", "1", "", "", "1", "", "Y"),)


def test_composites_of_kept_segments_are_joined_by_a_colon_whatever_the_file_uses():
    text = (PARTIES + CLAIM).replace(":", ">").replace("LX*1~", "REF*F5*X**EA>1~LX*1~")
    claim = one(text, head=HEAD.replace("*:~", "*>~"))
    assert claim.kept == (("REF", "F5", "X", "", "EA:1"),)
    assert claim.lines[0].procedure.code == "97110"


def test_4010_tax_numbers_stand_in_nm109():
    claim = one(PARTIES.replace("XX*1000000103", "24*987654321").replace("REF*EI*123456789~", ""), CLAIM)
    assert (claim.billing.npi, claim.billing.tax_id, claim.billing.tax_id_qualifier) == (
        "",
        "987654321",
        "EI",
    )


@pytest.mark.parametrize(
    ("text", "units"),
    [("1", "1"), ("2.0", "2"), ("02", "2"), ("1.50", "1.5"), (".5", "0.5"), ("x", "x"), ("", "")],
)
def test_units_are_canonical(text, units):
    assert one(PARTIES, CLAIM.replace("UN*1*", f"UN*{text}*")).lines[0].units == units


def test_no_finding_holds_a_name_or_member_id():
    marker = "MARKER"
    text = (PARTIES + CLAIM).replace("TESTER", marker).replace("W1~", f"{marker}~").replace("ADA", marker)
    broken = text.replace("19600517", marker).replace("2 ROAD", marker).replace("D8*20260310", f"D8*{marker}")
    found = findings(broken)
    assert {item.code for item in found} == {"SUB005"}
    assert marker not in repr(found)


# -- what other payers decided -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        decided(),
        decided(line="SVD*999*15*HC:97110:GP**1~CAS*CO*45*20~SVD*999*5*HC:97110:GP**1~CAS*CO*45*5*1*97*5~"),
        decided(amount="CAS*CO*45*30~AMT*D*20~", line=""),
        decided(amount="", line=""),
        decided(amount=""),
    ],
    ids=["on the line", "split line", "on the claim", "not asked yet", "no amount of the claim"],
)
def test_a_decision_that_comes_to_the_charge_is_quiet(body):
    assert findings(PARTIES, body) == []


def test_a_decision_that_does_not_names_both_amounts_and_the_line():
    """One cent on the line is one cent on the claim."""
    line, claim = findings(PARTIES, decided(line="SVD*999*20*HC:97110:GP**1~CAS*CO*45*29.99~"))
    assert (line.severity, line.location.claim, line.location.element) == (Severity.WARNING, "A1", "SVD02")
    assert ("(line 1)" in line.message, "50.00" in line.message, "49.99" in line.message) == (True,) * 3
    assert (claim.location.element, "49.99" in claim.message) == ("AMT02", True)


@pytest.mark.corpus
def test_the_unbalanced_decisions_of_the_corpus(corpus_dir):
    """Its index counts 321 lines whose SVD02 and CAS are not SV102."""
    (path,) = (corpus_dir / "837p").glob("*edi_sample_75_claims*")
    found = [one for one in read(path.read_bytes()) if isinstance(one, Finding) and one.code == "SUB012"]
    assert sum(one.location.element == "SVD02" for one in found) == 321
