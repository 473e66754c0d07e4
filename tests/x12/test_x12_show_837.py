"""`x12 show` of an 837P: JSON Lines, the table, masks; institutional and dental claims; every 837P of the corpus."""

from __future__ import annotations

import csv
import json
import re

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.exits import ExitCode
from cli.jobs.x12_show import Outcome, show_json, show_text
from edi.x12.envelope import FATAL

HEAD = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260320*0930*^*00501*000000001*0*P*:~"
    "GS*HC*SENDER*RECEIVER*20260320*0930*1*X*005010X222A1~"
)
START = (
    "ST*837*0001*005010X222A1~BHT*0019*00*BATCH7*20260319*0930*CH~NM1*41*2*BILLER*****46*E1~PER*IC*DESK*TE*6175550100~"
    "NM1*40*2*HOUSE*****46*H1~"
)
PARTIES = (
    "HL*1**20*1~NM1*85*2*ORCHARD*****XX*1000000103~N3*1 ROAD~N4*BOSTON*MA*021390001~REF*EI*123456789~HL*2*1*22*0~"
    "SBR*P*18*MARKERGROUP*MARKERPLAN*****CI~NM1*IL*1*MARKERNAME*MARKERFIRST*MARKERMIDDLE***MI*MARKERID~"
    "N3*MARKERSTREET~N4*MARKERCITY*MA*021390001~DMG*D8*19600517*F~REF*SY*MARKERSSN~NM1*PR*2*ACME*****PI*12345~"
)
CLAIM = (
    "CLM*A1*150***11:B:7*Y*A*Y*Y~AMT*F5*10~REF*F8*ICN77~REF*G1*AUTH1~REF*D9*CLEAR1~REF*EA*MARKERRECORD~"
    "NTE*ADD*MARKERNOTE~HI*ABK:M5450*ABF:R262~NM1*82*1*WALKER*PAT****XX*1000000202~"
)
LINES = (
    "LX*1~SV1*HC:97110:GP:KX*100*UN*2***1:2~DTP*472*D8*20260310~REF*6R*L1~REF*G1*AUTH2~"
    "LX*2~SV1*HC:97140:GP*50*UN*1*12**1~DTP*472*RD8*20260310-20260312~"
)
CONTRACT = {
    "": "schema_version transaction file interchange_control_number st_control_number reference created submitter "
    "receiver claims findings",
    "submitter": "name id",
    "receiver": "name id",
    "claim": "patient_control_number charge place_of_service frequency diagnoses billing rendering referring payer "
    "filing_indicator member_id patient authorization referral_number original_reference patient_paid references "
    "subscriber_rank insurance_type relationship facility supervising accident_causes dates amounts attachments "
    "spinal_condition delay_reason other_payers kept lines",
    "billing": "name npi tax_id",
    "payer": "name id",
    "patient": "last_name first_name",
    "line": "number procedure charge units unit_basis place_of_service pointers date_from date_to line_control_number "
    "authorization references rendering ordering dates amounts attachments adjudications kept",
    "procedure": "qualifier code modifiers",
}


def a_set(*parts: str, number: str = "0001") -> str:
    """ST to SE; SE01 is right."""
    inner = "".join(parts or (START, PARTIES, CLAIM, LINES)).replace("ST*837*0001", f"ST*837*{number}")
    return f"{inner}SE*{inner.count('~') + 1}*{number}~"


def file(*sets: str, head: str = HEAD) -> bytes:
    inner = sets or (a_set(),)
    return (head + "".join(inner) + f"GE*{len(inner)}*1~IEA*1*000000001~").encode()


def shown(data: bytes, *, show_phi: bool = False) -> tuple[list[dict], ExitCode]:
    """The objects that a file is shown as, and the exit code."""
    outcome = Outcome()
    pieces = show_json([data], "f.837", show_phi=show_phi, outcome=outcome)
    return [json.loads(line) for line in "".join(pieces).splitlines()], outcome.exit_code


def table(data: bytes, *, show_phi: bool = False) -> list[str]:
    return [str(piece) for piece in show_text([data], "f.837", show_phi=show_phi, outcome=Outcome())]


def test_the_object_has_the_members_of_the_contract():
    (found,), code = shown(file())
    claim = found["claims"][0]
    parts = {
        "": found,
        "submitter": found["submitter"],
        "receiver": found["receiver"],
        "claim": claim,
        "billing": claim["billing"],
        "payer": claim["payer"],
        "patient": claim["patient"],
        "line": claim["lines"][0],
        "procedure": claim["lines"][0]["procedure"],
    }
    assert {name: list(part) for name, part in parts.items()} == {
        name: members.split() for name, members in CONTRACT.items()
    }
    assert code is ExitCode.DONE


def test_the_values():
    (found,), _ = shown(file())
    assert (found["transaction"], found["file"], found["st_control_number"]) == ("837", "f.837", "0001")
    assert (found["reference"], found["created"]) == ("BATCH7", "2026-03-19")
    assert (found["submitter"], found["receiver"]) == (
        {"name": "BILLER", "id": "E1"},
        {"name": "HOUSE", "id": "H1"},
    )
    (claim,) = found["claims"]
    plain = CONTRACT["claim"].split()[:17]
    assert {name: claim[name] for name in plain} == {
        "patient_control_number": "A1",
        "charge": "150.00",
        "place_of_service": "11",
        "frequency": "7",
        "diagnoses": ["M5450", "R262"],
        "billing": {"name": "ORCHARD", "npi": "1000000103", "tax_id": "123456789"},
        "rendering": {"name": "WALKER PAT", "npi": "1000000202", "tax_id": None},
        "referring": None,
        "payer": {"name": "ACME", "id": "12345"},
        "filing_indicator": "CI",
        "member_id": "M••••••",
        "patient": {"last_name": "M••••••", "first_name": "M••••••"},
        "authorization": "AUTH1",
        "referral_number": None,
        "original_reference": "ICN77",
        "patient_paid": "10.00",
        "references": [
            {"qualifier": "D9", "value": "CLEAR1"},
            {"qualifier": "EA", "value": "M••••••"},
        ],
    }
    plain = CONTRACT["line"].split()[:12]
    assert [{name: line[name] for name in plain} for line in claim["lines"]] == [
        {
            "number": 1,
            "procedure": {"qualifier": "HC", "code": "97110", "modifiers": ["GP", "KX"]},
            "charge": "100.00",
            "units": "2",
            "unit_basis": "UN",
            "place_of_service": None,
            "pointers": [1, 2],
            "date_from": "2026-03-10",
            "date_to": "2026-03-10",
            "line_control_number": "L1",
            "authorization": "AUTH2",
            "references": [],
        },
        {
            "number": 2,
            "procedure": {"qualifier": "HC", "code": "97140", "modifiers": ["GP"]},
            "charge": "50.00",
            "units": "1",
            "unit_basis": "UN",
            "place_of_service": "12",
            "pointers": [1],
            "date_from": "2026-03-10",
            "date_to": "2026-03-12",
            "line_control_number": None,
            "authorization": None,
            "references": [],
        },
    ]
    assert found["findings"] == []


def test_other_payers_and_what_they_decided():
    coverage = (
        "SBR*S*01*******BL~CAS*PR*1*20**2*10~AMT*D*70~AMT*EAF*30~OI***Y***Y~NM1*IL*1*MARKERNAME*M****MI*MARKERID~"
        "NM1*PR*2*SECOND*****PI*222~DTP*573*D8*20260401~REF*F8*ICN9~"
    )
    decided = "SVD*222*70*HC:97110:GP**2~CAS*PR*1*20**2*10~DTP*573*D8*20260401~"
    text = a_set(START, PARTIES, CLAIM + "PWK*OZ*BM***AC*P1~" + coverage, LINES + decided)
    (found,), _ = shown(file(text))
    (claim,) = found["claims"]
    reasons = [
        {"group": "PR", "reason": "1", "amount": "20.00", "quantity": None},
        {"group": "PR", "reason": "2", "amount": "10.00", "quantity": None},
    ]
    (other,) = claim["other_payers"]
    assert other == {
        "rank": "S",
        "relationship": "01",
        "payer": {"name": "SECOND", "id": "222"},
        "filing_indicator": "BL",
        "insurance_type": None,
        "member_id": "M••••••",
        "paid": "70.00",
        "paid_on": "2026-04-01",
        "remaining_patient_liability": "30.00",
        "noncovered": None,
        "adjustments": reasons,
        "references": [{"qualifier": "F8", "value": "ICN9"}],
        "kept": [],
    }
    assert claim["attachments"] == [{"report": "OZ", "transmission": "BM", "control_number": "P1"}]
    (adjudication,) = claim["lines"][-1]["adjudications"]
    assert adjudication["adjustments"] == reasons
    assert (adjudication["payer_id"], adjudication["paid"]) == ("222", "70.00")
    assert "MARKER" not in json.dumps(found)
    assert any("other payer S SECOND (222), paid 70.00" in line for line in table(file(text)))


def test_kept_segments_are_named_and_shown_whole_on_request():
    text = a_set(START, PARTIES, CLAIM + "K3*MARKERDATA~MARKER*1~", LINES)
    (found,), _ = shown(file(text))
    assert found["claims"][0]["kept"] == ["K3", "unknown"]
    (found,), _ = shown(file(text), show_phi=True)
    assert found["claims"][0]["kept"] == ["K3*MARKERDATA", "MARKER*1"]


def test_the_patient_is_the_dependent_where_there_is_one():
    dependent = "HL*3*2*23*0~PAT*19~NM1*QC*1*CHILD*BEN~DMG*D8*20150203*M~"
    parties = PARTIES.replace("HL*2*1*22*0", "HL*2*1*22*1").replace("SBR*P*18", "SBR*P*")
    (found,), _ = shown(file(a_set(START, parties, dependent, CLAIM, LINES)), show_phi=True)
    assert found["claims"][0]["patient"] == {"last_name": "CHILD", "first_name": "BEN"}
    assert found["claims"][0]["member_id"] == "MARKERID"


def test_one_object_a_transaction_set_each_with_its_findings():
    wrong = a_set(START, PARTIES, CLAIM.replace("*150*", "*151*"), LINES, number="0002")
    found, code = shown(file(a_set(), wrong, a_set(number="0003")))
    assert [(one["st_control_number"], len(one["claims"])) for one in found] == [
        ("0001", 1),
        ("0002", 1),
        ("0003", 1),
    ]
    assert [[finding["code"] for finding in one["findings"]] for one in found] == [[], ["SUB004"], []]
    assert code is ExitCode.WORK


def test_claims_are_written_while_the_set_is_read():
    """A claim comes out before the data that follows it is asked for."""
    read = []

    def chunks():
        yield (HEAD + START + PARTIES).encode()
        for number in range(40):
            read.append(number)
            yield (CLAIM.replace("*A1*", f"*A{number}*") + LINES).encode() * 200

    pieces = show_json(chunks(), "f", show_phi=False, outcome=Outcome())
    assert "claims" not in next(piece for piece in pieces if '"A0"' in piece)
    assert max(read) < 5


OTHER_GUIDES = {"institutional": "005010X223A2", "dental": "005010X224A2", "unknown": "005010X999"}


@pytest.mark.parametrize("guide", OTHER_GUIDES.values(), ids=list(OTHER_GUIDES))
def test_claims_that_are_not_professional_are_named_and_left_unread(guide):
    data = file().replace(b"005010X222A1", guide.encode())
    (found,), code = shown(data)
    assert (found["transaction"], found["st_control_number"]) == ("837", "0001")
    assert list(found) == CONTRACT[""].split()
    assert [found[name] for name in ("submitter", "receiver", "claims")] == [None] * 3
    assert [one["code"] for one in found["findings"]] == ["SUB001"]
    assert code is ExitCode.WORK
    assert [line for line in table(data) if "SUB001" in line]


def test_a_set_without_claims_has_an_empty_list():
    (found,), _ = shown(file(a_set(START, PARTIES)))
    assert found["claims"] == []
    assert found["submitter"]["name"] == "BILLER"


# -- masks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_text", [False, True])
def test_patients_are_masked_unless_asked_for(as_text):
    def out(show_phi):
        show = show_text if as_text else show_json
        return "".join([str(piece) for piece in show([file()], "f", show_phi=show_phi, outcome=Outcome())])

    assert "MARKER" not in out(False)
    for word in ("MARKERNAME", "MARKERFIRST", "MARKERID"):
        assert word in out(True)


def test_a_social_security_number_is_masked_and_an_employer_number_is_not():
    person = file(a_set(START, PARTIES.replace("REF*EI*123456789", "REF*SY*987654321"), CLAIM, LINES))
    (found,), _ = shown(person)
    assert found["claims"][0]["billing"]["tax_id"] == "9••••••"
    (found,), _ = shown(person, show_phi=True)
    assert found["claims"][0]["billing"]["tax_id"] == "987654321"


@pytest.mark.parametrize(
    ("qualifier", "is_open"), [("D9", True), ("P4", True), ("EA", False), ("SY", False), ("QQ", False)]
)
def test_references_are_masked_unless_their_qualifier_is_known_not_to_name_a_patient(qualifier, is_open):
    data = file(a_set(START, PARTIES, CLAIM, LINES.replace("REF*6R*L1", f"REF*{qualifier}*SECRET1")))
    (found,), _ = shown(data)
    (reference,) = found["claims"][0]["lines"][0]["references"]
    assert reference == {"qualifier": qualifier, "value": "SECRET1" if is_open else "S••••••"}


BROKEN = [
    ("*MI*MARKERID", "*MI*MARKERID*MARKERX*MARKERY"),
    ("NM1*IL*1*MARKERNAME", "NM1*IL*2*MARKERNAME"),
    ("NM1*IL*1*", "NM1*IL*1**"),
    ("NM1*IL*1*", "NM1*QQ*1*"),
    ("SBR*P*18*MARKERGROUP*MARKERPLAN*****CI", "SBR*P*18**MARKERGROUP*MARKERPLAN*****CI"),
    ("SBR*P*18*MARKERGROUP*MARKERPLAN*****CI", "SBR*MARKERX*18*******MARKERPLAN"),
    ("DMG*D8*19600517*F", "DMG*D8*MARKERX*F"),
    ("CLM*A1*150", "CLM*A1*MARKERX"),
    ("SV1*HC:97110:GP:KX*100", "SV1*HC:97110:GP:KX*MARKERX"),
    ("DTP*472*D8*20260310", "DTP*472*D8*MARKERX"),
    ("LX*1", "LX*MARKERX"),
    ("LX*1", "MARKERX*1"),
    ("HL*2*1*22*0", "HL*MARKERX*MARKERX*MARKERX*0"),
    ("AMT*F5*10", "AMT*F5*MARKERX"),
    ("HI*ABK:M5450*ABF:R262", "HI*ABK:M5450*MARKERX"),
]


@pytest.mark.parametrize(("old", "new"), BROKEN)
@pytest.mark.parametrize("as_text", [False, True])
def test_broken_values_are_not_echoed(old, new, as_text):
    whole = a_set()
    assert old in whole
    data = file(whole.replace(old, new, 1))
    show = show_text if as_text else show_json
    out = "".join([str(piece) for piece in show([data], "f", show_phi=False, outcome=Outcome())])
    assert "MARKER" not in out


# -- the table -----------------------------------------------------------------------------------------------------


def test_the_table_shows_claims_lines_and_totals():
    out = table(file(), show_phi=True)
    joined = "\n".join(out)
    assert "submission BATCH7 of 2026-03-19" in joined
    assert "from BILLER (E1) to HOUSE (H1)" in joined
    assert any(line.split()[:5] == ["A1", "7", "MARKERNAME", "MARKERFIRST", "MARKERID"] for line in out)
    assert any("150.00  ACME (12345)" in line for line in out)
    assert "diagnoses M5450 R262, authorization AUTH1, replaces ICN77" in joined
    assert any(
        line.split() == ["1", "2026-03-10", "97110", "GP", "KX", "x2", "100.00", "1,2", "L1"] for line in out
    )
    assert any("2026-03-10 to 2026-03-12 97140 GP" in line for line in out)
    assert out[-1].strip() == "1 claims, 2 lines, charged 150.00"


# -- the corpus ----------------------------------------------------------------------------------------------------


def rows_of(corpus_dir, *folders: str) -> list[dict[str, str]]:
    """The rows of INDEX.tsv in some folders."""
    with (corpus_dir / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row for row in rows if row["local_file"].split("/")[0] in folders]


def run(path, *options: str):
    result = CliRunner().invoke(app, ["x12", "show", str(path), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), (path, result.exception)
    return result


def code_of(objects: list[dict]) -> int:
    """The exit code that the findings of a file call for."""
    findings = [finding for one in objects for finding in one["findings"]]
    if any(finding["code"] in FATAL for finding in findings):
        return 3
    return int(any(finding["severity"] != "info" for finding in findings))


@pytest.mark.corpus
def test_every_837p_of_the_corpus_has_the_claims_and_lines_of_the_index(corpus_dir):
    rows = rows_of(corpus_dir, "837p")
    assert len(rows) > 60
    wrong = {}
    for row in rows:
        found, _ = shown((corpus_dir / row["local_file"]).read_bytes())
        claims = [claim for one in found for claim in one["claims"]]
        counts = (len(found), len(claims), sum(len(claim["lines"]) for claim in claims))
        told = "\n".join(table((corpus_dir / row["local_file"]).read_bytes()))
        totals = [
            [int(part) for part in pair] for pair in re.findall(r"(\d+) claims, (\d+) lines, charged", told)
        ]
        wanted = tuple(int(row[name]) for name in ("n_ST", "n_claims", "n_lines"))
        if counts != wanted or tuple(sum(column) for column in zip(*totals, strict=True)) != wanted[1:]:
            wrong[row["local_file"]] = (counts, totals, wanted)
    assert wrong == {}


@pytest.mark.corpus
@pytest.mark.parametrize("folder", ["837p", "999", "277ca", "ta1", "bad"])
def test_every_corpus_file_ends_with_the_code_of_its_findings(corpus_dir, folder):
    rows = rows_of(corpus_dir, folder)
    assert rows
    for row in rows:
        path = corpus_dir / row["local_file"]
        in_json, in_text = run(path, "--json"), run(path)
        objects = [json.loads(line) for line in in_json.stdout.splitlines()]
        wanted = code_of(objects)
        assert (in_json.exit_code, in_text.exit_code) == (wanted, wanted), path
        assert len(objects) >= max(1, int(row["n_ST"])) or wanted == 3, path
        assert all(one["schema_version"] == 1 for one in objects)


def secrets_of(data: bytes) -> set[str]:
    """What a file says of patients, by plain splitting: names, ids, birth dates, streets; not what it says elsewhere too."""
    text = data.decode("latin-1")
    place = text.find("ISA")
    if place < 0 or len(text) < place + 106:
        return set()
    element = text[place + 3]
    secrets, public = set(), []
    for segment in re.split(r"[~\r\n]+", text[place:]):
        parts = segment.strip().split(element)
        if parts[0] == "NM1" and parts[1:2] in (["IL"], ["QC"], ["74"]):
            secrets |= {parts[at] for at in (3, 4, 5, 9) if len(parts) > at}
        elif parts[0] == "DMG" or (parts[0] == "REF" and parts[1:2] in (["SY"], ["EA"])):
            secrets |= {part for part in parts[2:3] if part}
        else:
            public.append(segment)
    rest = element.join(public)
    secrets |= {f"{one[:4]}-{one[4:6]}-{one[6:]}" for one in secrets if re.fullmatch(r"(19|20)\d{6}", one)}
    return {one for one in secrets if len(one) > 3 and one not in rest}


@pytest.mark.corpus
def test_no_corpus_file_shows_a_patient(corpus_dir):
    checked, seen = 0, 0
    for row in rows_of(corpus_dir, "837p", "999", "277ca", "ta1", "bad"):
        path = corpus_dir / row["local_file"]
        secrets = secrets_of(path.read_bytes())
        masked = run(path, "--json").stdout + run(path).stdout
        open_text = run(path, "--json", "--show-phi").stdout
        assert [one for one in secrets if one in masked.replace(str(path), "")] == [], path
        checked += len(secrets)
        seen += sum(one in open_text for one in secrets)
    assert checked > 500
    assert seen > 300
