"""Acknowledgments: stored once, tied to the claims they answer, and the deepest answer wins."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from reconcile.store import ClaimOrigin, begin_file, register_practices, save_claims
from reconcile.store.rejections import rejections
from tests.builders import PRACTICE_NPI, make_claim, make_line
from tests.jobs.acks import (
    HEAD,
    claim_answer,
    enveloped,
    from_partner,
    functional_answer,
    sent_file,
    whole_answer,
)
from tests.remits import claim, file_of, line, payment


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


def test_a_payment_that_came_before_the_number_is_tried_again(sent):
    paid = claim("LOST", line("97110", 5000, 4000), line("97140", 5000, 4000), payer_number="PAYER77")
    assert sent.ingest(file_of(payment([paid]))).totals.unmatched == 1
    assert sent.ingest(claim_answer("A0000002", "A2")).totals.retried_matched == 1
    assert sent.rows("SELECT outcome, evidence FROM claim_payment") == [
        ("posted", "payer_claim_control_number")
    ]


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


# -- whose file, whose claim ---------------------------------------------------------------------------------------


def about_the_interchange(_code: str) -> bytes:
    """A TA1 that rejects interchange 1."""
    return (HEAD.format(9) + "\nTA1*000000001*260320*1200*R*006~\nIEA*0*000000009~").encode()


@pytest.mark.parametrize("answer", [lambda code: functional_answer(code, "1"), about_the_interchange])
@pytest.mark.parametrize("partner", ["alpha", "beta"])
def test_control_numbers_are_each_partners_own(desk, answer, partner):
    sent_file(desk, "alpha", "A0000001")
    sent_file(desk, "beta", "B0000001")
    (file,) = desk.ingest(from_partner(answer("R"), partner)).files
    wanted = {"alpha": ["rejected", "submitted"], "beta": ["submitted", "rejected"]}[partner]
    assert [status for _, status in standing(desk)] == wanted
    assert file.findings == ()


@pytest.mark.parametrize("order", [1, -1])
def test_a_whole_rejection_by_one_partner_leaves_the_claims_of_another(desk, order):
    sent_file(desk, "alpha", "A0000001", "A0000002")
    sent_file(desk, "beta", "B0000001", "B0000002")
    files = [
        from_partner(whole_answer("0000000010001"), "alpha"),
        from_partner(claim_answer("B0000001", "A2", day="20260319"), "beta"),
    ]
    desk.ingest(*files[::order])
    assert [status for _, status in standing(desk)] == ["rejected", "rejected", "accepted", "submitted"]
    with desk.store.read() as connection:
        told = rejections(connection)
    assert [(one.patient_control_number, len(one.answers)) for one in told] == [
        ("A0000001", 1),
        ("A0000002", 1),
    ]


def test_the_file_that_an_answer_is_tied_to_is_kept(desk):
    sent_file(desk, "alpha", "A0000001", "A0000002")
    sent_file(desk, "beta", "B0000001", "B0000002")
    for answer in (functional_answer("A", "1"), about_the_interchange(""), whole_answer("0000000010001")):
        desk.ingest(from_partner(answer, "beta"))
    desk.ingest(from_partner(claim_answer("B0000001", "A2"), "beta"))
    ((sent,),) = desk.rows("SELECT DISTINCT file_sha256 FROM claim WHERE partner = 'beta'")
    kept = desk.rows("SELECT DISTINCT kind, answered_file FROM acknowledgment WHERE claims > 0")
    assert sorted(kept) == [("277CA", ""), ("277CA", sent), ("999", sent), ("TA1", sent)]


@pytest.mark.parametrize("codes", [("A", "R"), ("R", "A")])
@pytest.mark.parametrize("numbers", [("A0000001",), ("A0000001", "A0000002")])
def test_of_two_999s_a_rejection_counts_whichever_came_last(desk, codes, numbers):
    sent_file(desk, "alpha", *numbers)
    for code in codes:
        desk.ingest(from_partner(functional_answer(code, "1", control=ord(code)), "alpha"))
    assert standing(desk) == [("999:rejected:R", "rejected")] * len(numbers)


def test_of_two_ta1s_the_later_dated_counts_whichever_came_last(desk):
    sent_file(desk, "alpha", "A0000001", "A0000002")
    corrected = about_the_interchange("").replace(b"*260320*1200*R*006", b"*260322*1200*A*000")
    desk.ingest(from_partner(corrected, "alpha"))
    desk.ingest(from_partner(about_the_interchange(""), "alpha"))
    assert standing(desk) == [("TA1:accepted:A", "accepted")] * 2


def test_an_answer_from_somebody_else_is_tied_to_nothing(desk):
    sent_file(desk, "alpha", "A0000001")
    (file,) = desk.ingest(from_partner(functional_answer("R", "1"), "gamma")).files
    assert standing(desk) == [("", "submitted")]
    assert [found.code for found in file.findings] == ["ACK006"]
    assert file.acknowledgments_matched == 0


def test_two_files_of_one_partner_under_one_number_are_not_guessed_at(desk):
    sent_file(desk, "alpha", "A0000001")
    sent_file(desk, "alpha", "A0000002", variant="X")
    (file,) = desk.ingest(from_partner(functional_answer("R", "1"), "alpha")).files
    assert standing(desk) == [("", "submitted")] * 2
    assert [found.code for found in file.findings] == ["ACK005"]


def two_practices(desk):
    """The same claim number at two practices."""
    (first,) = desk.practices
    other = msgspec.structs.replace(first, id="harbor", npi="1000000111", tax_id="987654321")
    with desk.store.write() as connection:
        register_practices(connection, [other])
    desk.submit(make_claim(), make_claim(practice_id="harbor"), source="imported")
    return "SELECT practice_id, status FROM claim ORDER BY practice_id"


@pytest.mark.parametrize(
    ("npi", "wanted", "codes"),
    [
        (PRACTICE_NPI, ["submitted", "rejected"], []),
        ("1000000111", ["rejected", "submitted"], []),
        ("1999999999", ["submitted", "submitted"], ["ACK006"]),
        ("", ["submitted", "submitted"], ["ACK005"]),
    ],
)
def test_a_277ca_speaks_of_the_named_practices_claim(desk, npi, wanted, codes):
    query = two_practices(desk)
    (file,) = desk.ingest(claim_answer("A0000001", "A3", npi=npi)).files
    assert [status for _, status in desk.rows(query)] == wanted
    assert [found.code for found in file.findings] == codes


@pytest.mark.parametrize(("category", "codes"), [("A3", ["ACK007"]), ("A2", [])])
def test_a_rejection_of_a_claim_that_nobody_here_has_is_told(sent, category, codes):
    (file,) = sent.ingest(claim_answer("B9999999", category)).files
    assert (file.acknowledgments_matched, [found.code for found in file.findings]) == (0, codes)


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (lambda code: functional_answer(code, "8"), ["ACK007"]),
        (lambda code: about_the_interchange(code).replace(b"TA1*000000001", b"TA1*000000077"), ["ACK007"]),
        (lambda _code: functional_answer("A", "8"), []),
    ],
)
def test_a_rejection_of_a_file_that_nobody_here_has_is_told(sent, answer, codes):
    (file,) = sent.ingest(answer("R")).files
    assert (file.acknowledgments_matched, [found.code for found in file.findings]) == (0, codes)


# -- which of two answers counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_two_277ca_the_later_dated_one_counts_in_either_order(sent, newest_first):
    answers = [
        claim_answer("A0000002", "A3", day="20260320"),
        claim_answer("A0000002", "A2", day="20260322"),
    ]
    for data in reversed(answers) if newest_first else answers:
        sent.ingest(data)
    assert standing(sent)[1] == ("277CA:accepted:A2", "accepted")


def test_a_partly_accepted_group_does_not_hide_its_rejected_set(sent):
    body = [
        "ST*999*0001*005010X231A1",
        "AK1*HC*7*005010X222A1",
        "AK2*837*0001*005010X222A1",
        "IK5*R",
        "AK9*P*2*2*1",
    ]
    sent.ingest(enveloped("FA", "005010X231A1", body))
    assert standing(sent) == [("999:rejected:R", "rejected")] * 2


@pytest.mark.parametrize(
    ("said_on", "answered"),
    [("20260311", "first"), ("20260320", "first"), ("20260411", "second"), ("", "second")],
)
def test_a_late_277ca_answers_the_submission_that_had_gone_out_when_it_was_made(desk_lite, said_on, answered):
    """One claim under one number, sent on 10 March and again on 10 April; the 277CA comes after both."""
    again = msgspec.structs.replace(make_claim(), frequency="7", original_reference="P1")
    with desk_lite.store.write() as connection:
        for digest, day, one in (("a" * 64, 3, make_claim()), ("b" * 64, 4, again)):
            at = datetime(2026, day, 10, 9, 0)
            begin_file(connection, digest, size=1, direction="out", kind="837", name=f"{day}.837", at=at)
            save_claims(connection, [one], ClaimOrigin(source="created", file_sha256=digest))
    said = claim_answer("A0000001", "A3", day=said_on) if said_on else claim_answer("A0000001", "A3", day="X")
    desk_lite.ingest(said)
    told = [said for (said,) in desk_lite.rows("SELECT acknowledged FROM claim ORDER BY sequence")]
    assert told == (["277CA:rejected:A3", ""] if answered == "first" else ["", "277CA:rejected:A3"])
