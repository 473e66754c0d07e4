"""First inputs of the hunt: the corpus where it is there, and files that this repository has or makes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from edi.x12.envelope import TransactionSet, read_transactions
from tests.fuzz.readers import ROOT, archive_of
from tests.jobs.acks import claim_answer, enveloped, functional_answer
from tests.jobs.broken_claims import file_of_two
from tests.remits import claim, file_of, line, payment

_LONGEST: Final = 40_000
_TA1: Final = (
    b"ISA*00*          *00*          *ZZ*HOUSE          *ZZ*PRACTICE       *260320*1200*^*00501*000000009*0*P*:~"
    b"TA1*000000001*260320*1200*R*006~IEA*0*000000009~"
)
_BAI2: Final = (
    b"01,122099999,123456789,260320,0200,1,,,2/\n02,031001234,122099999,1,260319,2359,,2/\n"
    b"03,0123456789,,010,+4350000,,,040,2830000,,/\n16,165,1500000,1,TRN1,R1,HCCLAIMPMT 1234567890/\n"
    b"88,more text\n16,115,10000,S,5000,4000,1000,,,LOCK BOX/\n49,+8690000,5/\n98,+8690000,1,7/\n99,+8690000,1,9/\n"
)
_DEPOSITS: Final = (
    b"deposit_date,amount,bank_reference,trace_number,payer_name,account,description\n"
    b"2026-03-20,100.00,R1,CHK1,ACME,001234,HCCLAIMPMT TRN*1*E1*1000000001\\\n2026-03-21,(5.00),R2,,,,FEE\n"
    b'03/22/2026,"1,250.10",R3,,ACME,001234,ACH CREDIT\n'
)
_REPORT: Final = b"DAILY REPORT\r\n\r\nBatch 7 received 03/20/2026, 12 claims\r\nNothing was rejected.\r\n"
_LISTS: Final = (
    b"Code,Description,Start,Stop,Last Modified\n1,Deductible Amount,01/01/1995,,\n2,Coinsurance Amount,01/01/1995,,\n",
    b"Column 1\tColumn 2\tprior to 1996\tEffective\tDeletion\tModifier\n97110\t97150\t\t20200101\t*\t1\n",
    b"HCPCS/CPT Code,Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n97110,8,3 Date of Service,x\n",
)


def _is_kind(data: bytes, kind: str) -> bool:
    return any(isinstance(item, TransactionSet) and item.kind == kind for item in read_transactions([data]))


@cache
def seeds_of(name: str, corpus: Path | None) -> tuple[bytes, ...]:
    """Files of a kind.

    Args:
        name: a kind of transaction set, ``bad``, or the name of an input.
        corpus: shared/corpus, or None where it is not there.
    """
    found = [data for data in _corpus(name, corpus) if len(data) <= _LONGEST]
    return tuple(found + _own(name))


def _corpus(name: str, corpus: Path | None) -> list[bytes]:
    if corpus is None:
        return []
    folder = {"837": "837p", "835": "835", "999": "999", "277": "277ca", "TA1": "ta1"}.get(name)
    if folder is not None:
        return [path.read_bytes() for path in sorted((corpus / folder).iterdir())]
    bad = [path.read_bytes() for path in sorted((corpus / "bad").iterdir())]
    if name == "bad":
        return bad
    return [data for data in bad if len(name) == 3 and name.isdigit() and _is_kind(data, name)]


def _own(name: str) -> list[bytes]:
    """What the repository has of a kind."""
    demo, templates = ROOT / "cli" / "demo_data", ROOT / "cli" / "templates"
    if name in ("sessions", "patients", "cases", "authorizations", "fees"):
        whole = (demo / f"{name}.csv").read_bytes().splitlines(keepends=True)
        return [b"".join(whole[:30]), (templates / f"{name}.csv").read_bytes()]
    if name in ("claimloop.toml", "payers.toml"):
        return [(demo / name).read_bytes(), (templates / name).read_bytes()]
    paid = file_of(payment([claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))]))
    lists = {
        "837": [file_of_two().encode()],
        "835": [paid],
        "999": [functional_answer("R"), functional_answer("A")],
        "997": [functional_answer("A").replace(b"999", b"997")],
        "277": [claim_answer("A0000001", "A3"), claim_answer("A0000001", "A2")],
        "TA1": [_TA1],
        "270": _eligibility("270"),
        "271": _eligibility("271"),
        "276": _status("276"),
        "bad": [b"", paid[: len(paid) // 2]],
        "archive": [
            archive_of({"a.835": paid, "folder/b.txt": _REPORT}),
            archive_of({"../x": b"1", "a\\b": b"2"}),
        ],
        "report": [_REPORT],
        "deposits": [_DEPOSITS],
        "bai2": [_BAI2],
        "payments": [(templates / "payments.csv").read_bytes(), *_payments()],
        "scenario": [path.read_bytes() for path in sorted((ROOT / "edi/testpayer/scenarios").glob("*.toml"))],
        "tables": [*_LISTS, archive_of({"x-f1.txt": _LISTS[1]}), archive_of({"xl/workbook.xml": b"<a/>"})],
    }
    return lists.get(name, [])


def _payments() -> list[bytes]:
    """payments.csv with a row of each kind, and the same as TOML."""
    heading = b"kind,payer,patient_id,claim,line,procedure_code,units,date_of_service,date,amount,charge,adjustments,remarks,"
    return [
        heading + b"reference,status,payment_amount,provider_adjustment,practice_id\n"
        b"paper_eob,medicare_b,,A1,,97110,2,2026-01-05,2026-02-02,40.00,60.00,CO-45=15.00; PR-2=5.00,N130,100234,1,,,orchard\n"
        b"paper_eob,medicare_b,,A1,,97140,1,2026-01-05,2026-02-02,(10.00),,CO-45=-15.00,,100234,22,30.00,,orchard\n"
        b"virtual_card,commercial,,A2,L1,97530,,2026-01-06,2026-02-03,12,,,,VC1,,,L6,orchard\n"
        b"patient,,P1,,,,,,2026-01-05,20.00,,,,D17,,,,orchard\n"
        b"opening_balance,commercial,P1,OLD1,,,,2025-11-01,2026-01-01,88.10,,,,,,,,orchard\n",
        b'[[payment]]\nkind = "paper_eob"\npayer = "commercial"\nclaim = "A0000001"\ndate = 2026-03-20\namount = 40.00\n'
        b'charge = 50.00\nadjustments = "CO-45=10.00"\nreference = "CHK1"\npractice_id = "orchard"\n',
    ]


def _eligibility(kind: str) -> list[bytes]:
    version = "005010X279A1"
    body = [
        f"ST*{kind}*0001*{version}",
        "BHT*0022*13*REF1*20260320*1200" if kind == "270" else "BHT*0022*11*REF1*20260320*1200",
        "HL*1**20*1",
        "NM1*PR*2*ACME HEALTH*****PI*12345",
        "HL*2*1*21*1",
        "NM1*1P*2*ORCHARD THERAPY*****XX*1000000103",
        "HL*3*2*22*0",
        "TRN*1*T1*1000000103",
        "NM1*IL*1*TESTER*ADA****MI*W123456789",
        "DMG*D8*19500517*F",
        "DTP*291*RD8*20260301-20260331",
    ]
    if kind == "270":
        body += ["EQ*30", "EQ**HC:97110"]
    else:
        body += [
            "EB*1**30**GOLD PLAN", "EB*C*IND*30***23*500", "EB*A*IND*PT^OT****.2", "EB*F*IND*PT***25***VS*30",
            "HSD*VS*30***23", "REF*18*PLAN1", "DTP*292*D8*20260101", "MSG*CALL FIRST", "III*ZZ*11", "LS*2120",
            "NM1*P3*1*REED*ROBIN****XX*1000000301", "LE*2120", "AAA*N**72*C",
        ]  # fmt: skip
    return [enveloped("HS" if kind == "270" else "HB", version, body)]


def _status(kind: str) -> list[bytes]:
    body = [
        f"ST*{kind}*0001*005010X212", "BHT*0010*13*REF1*20260320*1200", "HL*1**20*1", "NM1*PR*2*ACME HEALTH*****PI*12345",
        "HL*2*1*21*1", "NM1*41*2*ORCHARD BILLING*****46*ORCH01", "HL*3*2*19*1",
        "NM1*1P*2*ORCHARD THERAPY*****XX*1000000103", "HL*4*3*22*0", "DMG*D8*19500517*F",
        "NM1*IL*1*TESTER*ADA****MI*W123456789", "TRN*1*A0000001", "REF*1K*P77", "REF*EJ*A0000001", "AMT*T3*100",
        "DTP*472*RD8*20260310-20260310", "SVC*HC:97110*100*****1", "REF*FJ*1A0000001", "DTP*472*D8*20260310",
    ]  # fmt: skip
    return [enveloped("HR", "005010X212", body)]
