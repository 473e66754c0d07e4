"""`x12 show` of TA1, 999, 997 and 277CA: JSON Lines, the table, every such file of the corpus."""

from __future__ import annotations

import csv
import json
import re

import pytest

from cli.exits import ExitCode
from cli.jobs.x12_show import Outcome, show_json, show_text

HEAD = "ISA*00*          *00*          *ZZ*HOUSE          *ZZ*PRACTICE       *260320*1200*^*00501*000000005*0*P*:~"
MEMBERS = (
    *("kind", "level", "accepted", "code", "status", "entity", "interchange_control_number"),
    *("group_control_number", "transaction_control_number", "submission_reference", "patient_control_number"),
    *("line_control_number", "payer_claim_control_number", "charge", "date", "segment_in_error"),
    *("element_in_error", "notes"),
)
BODY_999 = (
    "AK1*HC*7*005010X222A1",
    "AK2*837*0001*005010X222A1",
    "IK3*NM1*17**8",
    "CTX*CLM01:A0000001",
    "IK4*9*67*1*MARKERID",
    "IK5*R*5",
    "AK2*837*0002*005010X222A1",
    "IK5*A",
    "AK9*P*2*2*1",
)
BODY_997 = ("AK1*HC*7", "AK2*837*0001", "AK3*NM1*8**8", "AK4*8*66*7*MARKERID", "AK5*R*5", "AK9*R*1*1*0")
BODY_277 = (
    "BHT*0085*08*REF1*20260320*1200*TH",
    "HL*1**20*1",
    "NM1*PR*2*ACME HEALTH*****PI*12345",
    "TRN*1*T1",
    "HL*2*1*21*1",
    "NM1*41*2*SUBMITTER*****46*S1",
    "TRN*2*B1",
    "STC*A1:19:PR*20260320*WQ*150",
    "HL*3*2*19*1",
    "NM1*85*2*ORCHARD THERAPY*****XX*1000000103",
    "HL*4*3*PT",
    "NM1*QC*1*MARKERNAME*MARKERFIRST****MI*MARKERID",
    "TRN*2*A0000001",
    "STC*A3:187:PR*20260320*U*150",
    "REF*1K*PAYER77",
    "SVC*HC:97110:GP*100****2",
    "STC*A3:454*20260320*U",
    "REF*FJ*L0000011",
)


def enveloped(kind: str, functional: str, version: str, *body: str) -> bytes:
    """One transaction set in its envelope."""
    inner = [f"ST*{kind}*0001", *body]
    group = [
        f"GS*{functional}*HOUSE*PRACTICE*20260320*1200*5*X*{version}",
        *inner,
        f"SE*{len(inner) + 1}*0001",
        "GE*1*5",
    ]
    return (HEAD + "".join([f"{segment}~" for segment in [*group, "IEA*1*000000005"]])).encode()


TA1 = (HEAD + "TA1*000000003*260320*1200*R*024~IEA*0*000000005~").encode()
FILES = {
    "TA1": TA1,
    "999": enveloped("999", "FA", "005010X231A1", *BODY_999),
    "997": enveloped("997", "FA", "004010", *BODY_997),
    "277": enveloped("277", "HN", "005010X214", *BODY_277),
}


def shown(data: bytes) -> tuple[list[dict], ExitCode]:
    outcome = Outcome()
    pieces = show_json([data], "f.txt", show_phi=False, outcome=outcome)
    return [json.loads(line) for line in "".join(pieces).splitlines()], outcome.exit_code


def table(data: bytes) -> list[str]:
    return [str(piece) for piece in show_text([data], "f.txt", show_phi=False, outcome=Outcome())]


@pytest.mark.parametrize("kind", FILES)
def test_the_object_has_the_members_of_the_contract(kind):
    (found,), code = shown(FILES[kind])
    assert list(found) == [
        *("schema_version", "transaction", "file", "interchange_control_number", "st_control_number"),
        *("acknowledgments", "findings"),
    ]
    assert (found["schema_version"], found["transaction"], found["file"]) == (1, kind, "f.txt")
    assert found["interchange_control_number"] == "000000005"
    assert found["st_control_number"] == (None if kind == "TA1" else "0001")
    assert found["acknowledgments"]
    assert all(tuple(one) == MEMBERS for one in found["acknowledgments"])
    assert (found["findings"], code) == ([], ExitCode.DONE)


SAID = {
    "TA1": [
        {
            "kind": "TA1",
            "level": "interchange",
            "accepted": False,
            "code": "R",
            "status": "024",
            "interchange_control_number": "000000003",
            "date": "2026-03-20",
        }
    ],
    "999": [
        {
            "kind": "999",
            "level": "transaction",
            "accepted": False,
            "code": "R",
            "status": "5",
            "group_control_number": "7",
            "transaction_control_number": "0001",
            "patient_control_number": "A0000001",
            "segment_in_error": "NM1 at 17",
            "element_in_error": "NM109",
            "notes": ["IK3 NM1 17 8", "IK4 NM109 1"],
        },
        {
            "kind": "999",
            "level": "transaction",
            "accepted": True,
            "code": "A",
            "group_control_number": "7",
            "transaction_control_number": "0002",
        },
        {
            "kind": "999",
            "level": "group",
            "accepted": True,
            "code": "P",
            "group_control_number": "7",
            "notes": ["included 2", "received 2", "accepted 1"],
        },
    ],
    "997": [
        {
            "kind": "997",
            "level": "transaction",
            "accepted": False,
            "code": "R",
            "status": "5",
            "group_control_number": "7",
            "transaction_control_number": "0001",
            "segment_in_error": "NM1 at 8",
            "element_in_error": "NM108",
            "notes": ["AK3 NM1 8 8", "AK4 NM108 7"],
        },
        {
            "kind": "997",
            "level": "group",
            "accepted": False,
            "code": "R",
            "group_control_number": "7",
            "notes": ["included 1", "received 1", "accepted 0"],
        },
    ],
    "277": [
        {
            "kind": "277CA",
            "level": "transaction",
            "accepted": True,
            "code": "A1",
            "status": "19",
            "entity": "PR",
            "submission_reference": "B1",
            "charge": "150.00",
            "date": "2026-03-20",
        },
        {
            "kind": "277CA",
            "level": "claim",
            "accepted": False,
            "code": "A3",
            "status": "187",
            "entity": "PR",
            "submission_reference": "B1",
            "patient_control_number": "A0000001",
            "payer_claim_control_number": "PAYER77",
            "charge": "150.00",
            "date": "2026-03-20",
        },
        {
            "kind": "277CA",
            "level": "line",
            "accepted": False,
            "code": "A3",
            "status": "454",
            "submission_reference": "B1",
            "patient_control_number": "A0000001",
            "line_control_number": "L0000011",
            "date": "2026-03-20",
        },
    ],
}


@pytest.mark.parametrize("kind", FILES)
def test_the_values(kind):
    (found,), _ = shown(FILES[kind])
    nothing = {**dict.fromkeys(MEMBERS), "notes": []}
    assert found["acknowledgments"] == [{**nothing, **one} for one in SAID[kind]]


TABLES = {
    "TA1": (["interchange", "REJECTED", "R", "024", "000000003", "2026-03-20"], "0 accepted, 1 rejected"),
    "999": (
        [
            "transaction",
            "REJECTED",
            "R",
            "5",
            "A0000001",
            "NM109,",
            "IK3",
            "NM1",
            "17",
            "8,",
            "IK4",
            "NM109",
            "1",
        ],
        "2 accepted, 1 rejected",
    ),
    "997": (
        ["group", "REJECTED", "R", "7", "included", "1,", "received", "1,", "accepted", "0"],
        "0 accepted, 2 rejected",
    ),
    "277": (
        ["claim", "REJECTED", "A3", "187", "PR", "A0000001", "150.00", "2026-03-20", "payer's", "PAYER77"],
        "1 accepted, 2 rejected",
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_table(kind):
    out = table(FILES[kind])
    row, totals = TABLES[kind]
    assert row in [line.split() for line in out]
    assert out[-1].strip() == totals


@pytest.mark.parametrize("kind", FILES)
def test_copies_of_our_data_are_not_shown(kind):
    assert "MARKER" not in "".join([*table(FILES[kind]), json.dumps(shown(FILES[kind]))])


def test_several_ta1_of_one_interchange_are_several_objects():
    data = TA1.replace(b"IEA", b"TA1*000000004*260320*1200*A*000~IEA")
    found, _ = shown(data)
    assert [one["acknowledgments"][0]["interchange_control_number"] for one in found] == [
        "000000003",
        "000000004",
    ]


NOT_WHOLE = {
    "another 277": (FILES["277"].replace(b"005010X214", b"005010X228"), None, ["ACK003"]),
    "no answer": (enveloped("999", "FA", "005010X231A1", "AK1*HC*7*005010X222A1"), None, ["ACK002"]),
    "unknown code": (FILES["TA1"].replace(b"*R*024", b"*Q*024"), 1, ["ACK001"]),
    "nothing answered": (
        enveloped("277", "HN", "005010X214", "BHT*0085*08*REF1*20260320*1200*TH"),
        None,
        ["ENV022"],
    ),
}


@pytest.mark.parametrize("name", NOT_WHOLE)
def test_what_could_not_be_read_is_null_with_a_finding(name):
    data, count, codes = NOT_WHOLE[name]
    (found,), code = shown(data)
    answers = found["acknowledgments"]
    assert (len(answers) if answers is not None else None) == count
    assert [one["code"] for one in found["findings"]] == codes
    assert code is (ExitCode.WORK if codes else ExitCode.DONE)


@pytest.mark.corpus
def test_every_answer_of_the_corpus_is_shown(corpus_dir):
    """As many answers as INDEX.tsv counts: STC{A1x1,A2x3}, or AK5/IK5{Rx1} and one AK9."""
    with (corpus_dir / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    seen = 0
    for row in rows:
        folder = row["local_file"].split("/")[0]
        if folder not in ("999", "277ca", "ta1"):
            continue
        data = (corpus_dir / row["local_file"]).read_bytes()
        answers = [answer for one in shown(data)[0] for answer in one["acknowledgments"]]
        counted = re.findall(r"(?:STC|IK5)\{([^}]*)\}", row["notes"])
        wanted = sum(int(count) for count in re.findall(r"x(\d+)", ",".join(counted)))
        wanted += {"999": 1, "ta1": 1}.get(folder, 0)
        assert len(answers) == wanted, row["local_file"]
        rejected = sum(not answer["accepted"] for answer in answers)
        assert f"  {wanted - rejected} accepted, {rejected} rejected" in table(data), row["local_file"]
        seen += 1
    assert seen >= 9
