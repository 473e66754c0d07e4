"""Acknowledgments: stored once, tied to the claims they answer, and the deepest answer wins."""

from __future__ import annotations

import pytest

from reconcile.store import ClaimOrigin, save_claims
from tests.builders import make_claim, make_line
from tests.remits import claim, file_of, line, payment

HEAD = (
    "ISA*00*          *00*          *ZZ*HOUSE          *ZZ*PRACTICE       *260320*1200*^*00501*{0:09d}*0*P*:~"
)


def enveloped(functional: str, version: str, body: list[str], control: int = 5) -> bytes:
    """One transaction set in its envelope."""
    kind = body[0].split("*")[1]
    segments = [
        HEAD.format(control),
        f"GS*{functional}*HOUSE*PRACTICE*20260320*1200*{control}*X*{version}~",
        *(f"{segment}~" for segment in body),
        f"SE*{len(body) + 1}*0001~",
        f"GE*1*{control}~",
        f"IEA*1*{control:09d}~",
    ]
    assert kind
    return "\n".join(segments).encode()


def functional_answer(code: str = "A", group: str = "7", control: int = 5) -> bytes:
    """A 999 about ST 0001 of a group."""
    body = [
        "ST*999*0001*005010X231A1",
        f"AK1*HC*{group}*005010X222A1",
        "AK2*837*0001*005010X222A1",
        f"IK5*{code}",
        f"AK9*{code}*1*1*{1 if code == 'A' else 0}",
    ]
    return enveloped("FA", "005010X231A1", body, control)


def claim_answer(number: str, category: str, charge: str = "100") -> bytes:
    """A 277CA about one claim."""
    body = [
        "ST*277*0001*005010X214",
        "BHT*0085*08*REF1*20260320*1200*TH",
        "HL*1**20*1",
        "NM1*PR*2*ACME HEALTH*****PI*12345",
        "TRN*1*T1",
        "DTP*050*D8*20260320",
        "DTP*009*D8*20260320",
        "HL*2*1*21*1",
        "NM1*41*2*SUBMITTER*****46*S1",
        "TRN*2*B1",
        f"STC*A1:19:PR*20260320*WQ*{charge}",
        "HL*3*2*19*1",
        "NM1*85*2*ORCHARD THERAPY*****XX*1234567893",
        "TRN*1*0",
        "HL*4*3*PT",
        "NM1*QC*1*PATIENT*TEST****MI*W123456789",
        f"TRN*2*{number}",
        f"STC*{category}:20:PR*20260320*{'WQ' if category < 'A3' else 'U'}*{charge}",
        "REF*1K*PAYER77",
        "DTP*472*D8*20260310",
    ]
    return enveloped("HN", "005010X214", body)


@pytest.fixture
def sent(desk):
    """Two claims in one transaction set of group 7."""
    lines = (
        make_line(1, line_control_number="L0000011"),
        make_line(2, "97140", line_control_number="L0000012"),
    )
    origin = ClaimOrigin(
        source="created",
        partner="house",
        interchange_control_number="000000003",
        group_control_number="7",
        st_control_number="0001",
    )
    with desk.store.write() as connection:
        save_claims(
            connection, [make_claim(), make_claim(patient_control_number="A0000002", lines=lines)], origin
        )
    return desk


def standing(desk) -> list[tuple]:
    return desk.rows("SELECT acknowledged, status FROM claim ORDER BY patient_control_number")


def test_a_999_answers_every_claim_of_its_set(sent):
    manifest = sent.ingest(functional_answer())
    (file,) = manifest.files
    assert (file.kind, file.outcome, file.rejections) == ("999", "posted", 0)
    assert file.acknowledgments == file.acknowledgments_matched > 0
    assert [status for _, status in standing(sent)] == ["accepted", "accepted"]
    assert manifest.exit_code() == 0


def test_a_rejection_is_work(sent):
    manifest = sent.ingest(functional_answer("R"))
    assert manifest.totals.rejections > 0
    assert manifest.exit_code() == 1
    assert [status for _, status in standing(sent)] == ["rejected", "rejected"]


def test_a_277ca_answers_one_claim_and_teaches_its_number(sent):
    sent.ingest(functional_answer(), claim_answer("A0000002", "A3"))
    assert standing(sent) == [("999:accepted:A", "accepted"), ("277CA:rejected:A3", "rejected")]
    assert sent.rows("SELECT number FROM payer_claim_control_number") == [("PAYER77",)]


def test_a_later_999_does_not_hide_the_277ca(sent):
    sent.ingest(claim_answer("A0000002", "A3"), functional_answer())
    assert standing(sent)[1] == ("277CA:rejected:A3", "rejected")


def test_the_number_it_taught_finds_the_claim_of_an_835(sent):
    sent.ingest(claim_answer("A0000002", "A2"))
    paid = claim("LOST", line("97110", 5000, 4000), line("97140", 5000, 4000), payer_number="PAYER77")
    assert sent.ingest(file_of(payment([paid]))).totals.claims_matched == 1
    assert sent.rows("SELECT evidence FROM claim_payment") == [("payer_claim_control_number",)]


def test_money_decides_after_an_acknowledgment(sent):
    paid = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))
    sent.ingest(file_of(payment([paid])), claim_answer("A0000001", "A2"))
    assert standing(sent)[0] == ("277CA:accepted:A2", "settled")


@pytest.mark.parametrize("answer", [functional_answer, lambda control=5: claim_answer("A0000002", "A2")])
def test_the_same_answer_again_changes_nothing(sent, answer):
    sent.ingest(answer())
    before = sent.digest()
    again = answer().replace(b"\n", b"").replace(b"*1200*^*", b"*1300*^*")
    manifest = sent.ingest(again)
    assert manifest.files[0].outcome == "duplicate"
    assert sent.digest() == before


def test_an_answer_to_nobody_is_kept(sent):
    manifest = sent.ingest(functional_answer(group="999"))
    assert manifest.files[0].acknowledgments_matched == 0
    assert sent.rows("SELECT COUNT(*) FROM acknowledgment WHERE claims = 0") != [(0,)]
    assert standing(sent) == [("", "submitted")] * 2


def test_a_ta1_answers_the_interchange(sent):
    data = (HEAD.format(9) + "\nTA1*000000003*260320*1200*A*000~\nIEA*0*000000009~").encode()
    assert sent.ingest(data).files[0].kind == "TA1"
    assert standing(sent) == [("TA1:accepted:A", "accepted")] * 2


def test_a_997_answers_like_a_999(sent):
    body = ["ST*997*0001", "AK1*HC*7", "AK2*837*0001", "AK3*NM1*8**8", "AK5*R*5", "AK9*R*1*1*0"]
    (file,) = sent.ingest(enveloped("FA", "004010", body)).files
    assert (file.kind, file.outcome, file.rejections, file.findings) == ("997", "posted", 2, ())
    assert standing(sent) == [("997:rejected:R", "rejected")] * 2
