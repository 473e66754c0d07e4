"""TA1, 999 and 277CA: what was accepted and what was not, read from the corpus and written from values."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
import pytest

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.finding import Finding, Severity
from edi.model.remittance import Procedure
from edi.transactions import t277ca, t999, ta1
from edi.x12 import conformance
from edi.x12.envelope import read_transactions
from tests.builders import make_billing, make_claim, make_line, npi
from tests.claim_strategies import PARTNER

NOW = datetime(2026, 3, 21, 8, 5)
READERS = {"TA1": ta1.read, "999": t999.read, "997": t999.read, "277": t277ca.read}
LEVEL = AcknowledgmentLevel


def items(data: bytes):
    return [
        item
        for ts in read_transactions([data])
        if not isinstance(ts, Finding)
        for item in READERS[ts.kind](ts)
    ]


def acknowledgments(data: bytes) -> list[Acknowledgment]:
    return [item for item in items(data) if isinstance(item, Acknowledgment)]


def findings(data: bytes) -> list[Finding]:
    return [item for item in items(data) if isinstance(item, Finding)]


def wrap(kind, functional, version, *segments):
    body = [f"ST*{kind}*0001", *segments]
    return "~".join(
        [
            "ISA*00*          *00*          *ZZ*PAYER          *ZZ*US             *260321*0805*^*00501*000000001*0*P*:",
            f"GS*{functional}*PAYER*US*20260321*0805*1*X*{version}",
            *body,
            f"SE*{len(body) + 1}*0001",
            "GE*1*1",
            "IEA*1*000000001",
            "",
        ]
    ).encode()


# -- the corpus ----------------------------------------------------------------------------------------------------


@pytest.mark.corpus
def test_details_of_a_corpus_277ca(corpus_dir):
    data = (corpus_dir / "277ca/apimeister+x12-types___277_test.rs.emb0.edi").read_bytes()
    whole, first, second, *_ = acknowledgments(data)
    assert whole.level is LEVEL.TRANSACTION
    assert whole.submission_reference == "2002022045678"
    assert whole.notes == ("QTY 90 3", "QTY AA 2", "AMT YU 200.5", "AMT YY 165")
    assert (first.code, first.status, first.payer_claim_control_number) == ("A2", "20", "220216359803X")
    assert (first.charge, first.date) == (10000, date(2023, 2, 21))
    assert (second.code, second.status, second.notes) == ("A3", "21", ("STC A3:187",))
    assert second.submission_reference == whole.submission_reference


@pytest.mark.corpus
def test_bad_acknowledgments_of_the_corpus_give_findings_and_no_traceback(corpus_dir):
    seen = {}
    for path in sorted((corpus_dir / "bad").glob("*99*.edi")):
        data = path.read_bytes()
        if any(not isinstance(ts, Finding) and ts.kind in READERS for ts in read_transactions([data])):
            seen[path.name] = {found.code for found in findings(data)}
    assert seen == {
        "xlate+staedi__extraDelimiter997.edi": set(),
        "xlate+staedi__invalid997.edi": set(),
        "xlate+staedi__invalid997_min.edi": set(),
        "xlate+staedi__invalid999.edi": {"ACK001"},
    }


# -- TA1 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "accepted"), [("A", True), ("E", True), ("R", False)])
def test_ta1_is_written_and_read(code, accepted):
    answer = Acknowledgment(
        kind="TA1",
        level=LEVEL.INTERCHANGE,
        accepted=accepted,
        code=code,
        status="000",
        interchange_control_number="000000007",
        date=date(2026, 3, 20),
    )
    data = ta1.write(answer, partner=PARTNER, control_number=9, created=NOW)
    assert acknowledgments(data) == [answer]
    assert b"TA1*000000007*260320*0805*" in data
    assert not [ts for ts in read_transactions([data]) if isinstance(ts, Finding)]
    verdict = conformance.check_bytes(data)
    assert not verdict.opinion
    assert {found.severity for found in verdict.findings} == {Severity.INFO}


def test_an_unknown_ta1_code_is_a_rejection_and_a_finding():
    data = ta1.write(
        Acknowledgment(kind="TA1", level=LEVEL.INTERCHANGE, accepted=True, code="Z"),
        partner=PARTNER,
        control_number=9,
        created=NOW,
    )
    assert [one.accepted for one in acknowledgments(data)] == [False]
    assert [found.code for found in findings(data)] == ["ACK001"]


# -- 999 -----------------------------------------------------------------------------------------------------------


def transaction(number, code="A", **changes):
    return Acknowledgment(
        kind="999",
        level=LEVEL.TRANSACTION,
        accepted=code in "AE",
        code=code,
        group_control_number="7",
        transaction_control_number=number,
        **changes,
    )


def group(code="A"):
    return Acknowledgment(
        kind="999", level=LEVEL.GROUP, accepted=code in "AEP", code=code, group_control_number="7"
    )


def test_999_is_written_read_and_conforms():
    answers = [
        transaction("0001"),
        transaction(
            "0002",
            "R",
            status="5",
            segment_in_error="NM1 at 17",
            element_in_error="NM109",
            patient_control_number="A0000002",
        ),
        transaction("0003", "E", segment_in_error="SV1 at 30", element_in_error="SV101-2"),
        group("P"),
    ]
    data = t999.write(answers, partner=PARTNER, control_number=12, created=NOW)
    back = acknowledgments(data)
    assert [msgspec.structs.replace(one, notes=()) for one in back] == answers
    assert back[-1].notes == ("included 3", "received 3", "accepted 2")
    assert back[1].notes == ("IK3 NM1 17 8", "IK4 NM109 7")
    assert conformance.check_bytes(data).passed
    assert findings(data) == []


def test_999_names_claims_and_never_other_values():
    data = wrap(
        "999", "FA", "005010X231A1", "AK1*HC*7*005010X222A1", "AK2*837*0001", "IK3*NM1*9*2010BA*8",
        "CTX*SUBSCRIBER NAME NM109:SECRETMEMBER", "IK4*9*67*6*SECRETMEMBER", "IK3*CLM*19*2300*8", "CTX*CLM01:C1",
        "IK3*CLM*40*2300*8", "CTX*CLM01:C2", "IK5*R*5", "AK9*R*1*1*0",
    )  # fmt: skip
    first, _ = acknowledgments(data)
    assert (first.segment_in_error, first.element_in_error) == ("NM1 at 9", "NM109")
    assert first.patient_control_number is None
    assert first.notes == (
        "IK3 NM1 9 2010BA 8", "IK4 NM109 6", "IK3 CLM 19 2300 8", "CLM01 C1", "IK3 CLM 40 2300 8", "CLM01 C2",
    )  # fmt: skip
    assert "SECRET" not in repr(items(data))


@pytest.mark.parametrize(
    ("segments", "code"),
    [
        (["AK1*HC*7", "AK2*837*0001", "AK9*A*1*1*1"], "ACK002"),
        (["AK1*HC*7", "AK2*837*0001", "IK5*A"], "ACK002"),
        (["AK1*HC*7", "AK2*837*0001", "IK5*Q", "AK9*A*1*1*1"], "ACK001"),
        (["AK1*HC*7", "AK2*837*0001", "IK5*A", "AK9*Z*1*1*1"], "ACK001"),
    ],
)
def test_incomplete_and_unknown_999(segments, code):
    assert [found.code for found in findings(wrap("999", "FA", "005010X231A1", *segments))] == [code]


def test_garbage_in_positions_of_a_999_is_not_repeated():
    data = wrap("999", "FA", "005010X231A1", "AK1*HC*7", "AK2*837*0001", "IK3*NM1*SMITH JOHN*X", "IK4*JOHN SMITH", "IK5*R",
                "AK9*R*1*1*0")  # fmt: skip
    assert "SMITH" not in repr(items(data))


@pytest.mark.parametrize(("code", "accepted"), [("A", True), ("E", True), ("R", False), ("M", False), ("W", False), ("X", False)])  # fmt: skip
def test_codes_of_a_997(code, accepted):
    data = wrap("997", "FA", "005010", "AK1*HC*7", "AK2*837*0001", f"AK5*{code}", f"AK9*{code}*1*1*1")
    assert [(one.kind, one.accepted) for one in acknowledgments(data)] == [("997", accepted)] * 2


# -- 277CA ---------------------------------------------------------------------------------------------------------


def status(code="A2", **changes):
    accepted = code in t277ca.ACCEPTING
    fields = {"kind": "277CA", "level": LEVEL.CLAIM, "accepted": accepted, "code": code, "status": "20"}
    return Acknowledgment(**{**fields, **changes})


def write_277ca(*statuses):
    return t277ca.write(
        list(statuses),
        payer_name="ACME HEALTH",
        payer_id="12345",
        submission_reference="0000000070001",
        partner=PARTNER,
        control_number=15,
        created=NOW,
    )


def test_277ca_is_written_read_and_conforms():
    line = make_line(2, "97140", ("GP", "59"), line_control_number="L2")
    claims = [
        make_claim(),
        make_claim(patient_control_number="A0000002", lines=(make_line(1), line)),
        make_claim(patient_control_number="A0000003", billing=make_billing(last_name="HARBOR", npi=npi(11))),
    ]
    rejected_line = status("A7", level=LEVEL.LINE, status="454", line_control_number="L2")
    data = write_277ca(
        t277ca.ClaimStatus(claim=claims[0], status=status(payer_claim_control_number="P1")),
        t277ca.ClaimStatus(
            claim=claims[1], status=status("A7", status="562", entity="85"), lines=(rejected_line,)
        ),
        t277ca.ClaimStatus(claim=claims[2], status=status("A1", status="19")),
    )
    back = acknowledgments(data)
    assert [(one.level, one.patient_control_number, one.accepted) for one in back] == [
        (LEVEL.TRANSACTION, None, True),
        (LEVEL.PROVIDER, None, True),
        (LEVEL.CLAIM, "A0000001", True),
        (LEVEL.CLAIM, "A0000002", False),
        (LEVEL.LINE, "A0000002", False),
        (LEVEL.PROVIDER, None, True),
        (LEVEL.CLAIM, "A0000003", True),
    ]
    accepted, rejected, wrong_line = back[2:5]
    assert (accepted.payer_claim_control_number, accepted.charge) == ("P1", 10000)
    assert accepted.date == date(2026, 3, 21)
    assert (rejected.code, rejected.status, rejected.entity) == ("A7", "562", "85")
    assert (wrong_line.line_control_number, wrong_line.status) == ("L2", "454")
    assert {one.submission_reference for one in back} == {"0000000070001"}
    assert back[0].notes == ("QTY 90 2", "QTY AA 1", "AMT YU 200", "AMT YY 100")
    verdict = conformance.check_bytes(data)
    assert verdict.passed, [found.message for found in verdict.findings]
    assert findings(data) == []
    assert line.procedure == Procedure("HC", "97140", ("GP", "59"))


CATEGORIES = [
    ("A0", True), ("A1", True), ("A2", True), ("A5", True),
    ("A3", False), ("A4", False), ("A6", False), ("A7", False), ("A8", False),
]  # fmt: skip


@pytest.mark.parametrize(("category", "accepted"), CATEGORIES)
@pytest.mark.parametrize("action", ["", "given"])
def test_277ca_categories(category, accepted, action):
    verb = ("WQ" if accepted else "U") if action else ""
    data = wrap(
        "277",
        "HN",
        "005010X214",
        "HL*1**PT",
        "NM1*QC*1*X",
        "TRN*2*C1",
        f"STC*{category}:20*20260321*{verb}*10",
    )
    assert [one.accepted for one in acknowledgments(data)] == [accepted]
    assert findings(data) == []


def test_277ca_action_wins_and_one_rejection_is_enough():
    data = wrap(
        "277", "HN", "005010X214", "HL*1**PT", "TRN*2*C1", "STC*A2:20*20260321*WQ*10", "STC*A7:562:85*20260321*U*10",
        "REF*1K*P1", "REF*D9*T1", "SVC*HC:97110*10", "STC*A1:20**U", "REF*FJ*L1", "TRN*2*C2", "STC*ZZ:1**WQ",
    )  # fmt: skip
    first, line, second = acknowledgments(data)
    assert (first.accepted, first.code, first.entity) == (False, "A7", "85")
    assert first.notes == ("STC A2:20", "REF D9 T1")
    assert first.payer_claim_control_number == "P1"
    assert (line.level, line.accepted, line.line_control_number, line.patient_control_number) == (
        LEVEL.LINE, False, "L1", "C1",
    )  # fmt: skip
    assert (second.level, second.accepted, second.patient_control_number) == (LEVEL.CLAIM, True, "C2")
    assert findings(data) == []


@pytest.mark.parametrize(
    ("segments", "code"),
    [
        (["HL*1**PT", "TRN*2*C1", "REF*1K*P"], "ACK004"),
        (["HL*1**PT", "TRN*2*C1", "STC*Q9:1"], "ACK001"),
        (["HL*1**PT", "TRN*2*C1", "STC*A2:20**WQ*ten"], "SUB005"),
    ],
)
def test_277ca_findings(segments, code):
    (found,) = findings(wrap("277", "HN", "005010X214", *segments))
    assert (found.code, found.location.claim) == (code, "C1")


def test_another_277_is_left():
    data = wrap("277", "HN", "005010X228", "HL*1**PT", "TRN*2*C1", "STC*F1:65")
    assert acknowledgments(data) == []
    assert [found.code for found in findings(data)] == ["ACK003"]


def test_names_of_the_277ca_are_not_in_the_values():
    data = wrap(
        "277", "HN", "005010X214", "HL*1**PT", "NM1*QC*1*MARKER*MARKER****MI*MARKER", "TRN*2*C1", "STC*A9:1"
    )
    assert "MARKER" not in repr(items(data))
