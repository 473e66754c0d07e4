"""Ingest of 835s: what posts, what waits, what is held, and that nothing is taken twice."""

from __future__ import annotations

import msgspec
import pytest

from cli.jobs.manifest import Manifest
from edi.model.claim import Person
from tests.builders import make_claim, make_line, make_subscriber, npi
from tests.remits import claim, file_of, line, payment

NUMBER = "A0000001"


def paid(number: str = NUMBER, **options) -> list[str]:
    """A claim payment that answers `make_claim`: two lines of 50.00, 40.00 paid."""
    return claim(
        number,
        line("97110", 5000, 4000, number="L0000001"),
        line("97140", 5000, 4000, number="L0000002"),
        **options,
    )


def only(manifest: Manifest):
    """The one payment of the one file."""
    (file,) = manifest.files
    (one,) = file.payments
    return file, one


def test_a_payment_posts_on_its_claim(desk):
    desk.submit()
    file, one = only(desk.ingest(file_of(payment([paid()]))))
    assert (file.outcome, one.outcome, one.amount, one.trace_number) == ("posted", "posted", "80.00", "T0001")
    assert (one.claims, one.claims_matched, one.lines, one.lines_matched) == (1, 1, 2, 2)
    assert desk.rows("SELECT billed, paid, contractual, open_balance, status, adjudications FROM claim") == [
        (10000, 8000, 2000, 0, "settled", 1)
    ]
    postings = desk.rows("SELECT account, cents, group_code, reason FROM posting ORDER BY line, account DESC")
    assert postings == [("paid", 4000, None, None), ("contractual", 1000, "CO", "45")] * 2
    assert desk.broken() == []


def test_the_manifest_is_the_contract(desk_lite):
    desk_lite.submit()
    manifest = desk_lite.ingest(file_of(payment([paid()])))
    document = msgspec.json.decode(manifest.to_json())
    assert document["schema_version"] == 1
    (file,) = document["files"]
    assert {"file", "sha256", "kind", "outcome", "payments", "findings"} <= file.keys()
    assert {
        "st_control_number", "outcome", "trace_number", "amount", "claims", "claims_matched", "claims_held",
        "lines", "lines_matched", "unmatched", "denials", "findings",
    } <= file["payments"][0].keys()  # fmt: skip
    assert document["totals"]["posted"] == 1
    assert manifest.exit_code() == 0
    kept = desk_lite.rows("SELECT outcome, manifest FROM file")
    assert kept == [("posted", msgspec.json.encode(manifest.files[0]).decode())]


WRAPPINGS = {
    "renamed": {},
    "in one line": {"end": ""},
    "with CR LF": {"end": "\r\n"},
    "other separators": {"element": "|", "component": ">", "terminator": "'"},
    "enveloped again": {"control": 77},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_the_same_payment_in_another_wrapping_changes_nothing(desk, wrapping):
    desk.submit()
    desk.ingest(file_of(payment([paid()])))
    before = desk.digest()
    manifest = desk.ingest(desk.file(file_of(payment([paid()]), **WRAPPINGS[wrapping]), f"{wrapping}.txt"))
    assert manifest.files[0].outcome == "duplicate"
    assert manifest.totals.posted == 0
    assert manifest.exit_code() == 0
    assert desk.digest() == before


def test_another_transaction_number_is_the_same_payment(desk_lite):
    desk_lite.submit()
    desk_lite.ingest(file_of(payment([paid()])))
    before = desk_lite.digest()
    _, one = only(desk_lite.ingest(file_of(payment([paid()], control="0042"))))
    assert one.outcome == "duplicate"
    assert desk_lite.digest() == before


def test_the_same_payment_twice_in_one_file_posts_once(desk_lite):
    desk_lite.submit()
    manifest = desk_lite.ingest(file_of(payment([paid()]), payment([paid()], control="0002")))
    assert [one.outcome for one in manifest.files[0].payments] == ["posted", "duplicate"]
    assert desk_lite.rows("SELECT paid FROM claim") == [(8000,)]


def test_a_known_key_with_other_content_is_held_as_a_possible_reissue(desk):
    desk.submit()
    desk.ingest(file_of(payment([paid()])))
    before = desk.digest()
    manifest = desk.ingest(file_of(payment([paid(payer_number="OTHER")])))
    file, one = only(manifest)
    assert (file.outcome, one.outcome) == ("partial", "conflict")
    assert [finding.code for finding in one.findings] == ["ING011"]
    assert manifest.exit_code() == 3
    assert desk.digest() == before


def denied(number: str = NUMBER) -> list[str]:
    """Both lines denied for authorization."""
    return claim(
        number,
        line("97110", 5000, 0, adjustments=["CO*197*50"]),
        line("97140", 5000, 0, adjustments=["CO*197*50"]),
    )


def test_non_payment_advices_with_one_trace_number_are_told_apart_by_content(desk):
    desk.submit(
        make_claim(),
        make_claim(patient_control_number="A0000002", lines=(make_line(line_control_number="L9"),)),
    )
    first = file_of(payment([denied()], method="NON", trace="0000000"))
    other = claim("A0000002", line("97110", 5000, 0, adjustments=["PR*1*50"]))
    second = file_of(payment([other], method="NON", trace="0000000"))
    manifest = desk.ingest(first, second, file_of(payment([denied()], method="NON", trace="0000000"), end=""))
    assert [file.outcome for file in manifest.files] == ["posted", "posted", "duplicate"]
    assert desk.rows("SELECT COUNT(*) FROM remittance") == [(2,)]
    assert manifest.totals.denials == 2
    assert manifest.exit_code() == 1
    assert desk.broken() == []


def other_claim(number: str = "A0000002"):
    """A claim like `make_claim` with line numbers of its own."""
    lines = (
        make_line(1, line_control_number="L0000011"),
        make_line(2, "97140", line_control_number="L0000012"),
    )
    return make_claim(patient_control_number=number, lines=lines)


def test_one_broken_claim_waits_and_the_rest_posts(desk):
    desk.submit(make_claim(), other_claim())
    broken = claim(
        "A0000002", line("97110", 5000, 4000, adjustments=["CO*45*9.99"]), line("97140", 5000, 4000)
    )
    manifest = desk.ingest(file_of(payment([paid(), broken])))
    file, one = only(manifest)
    assert (file.outcome, one.outcome, one.claims_matched, one.claims_held) == ("partial", "posted", 1, 1)
    assert {finding.code for finding in one.findings} == {"BAL001", "BAL002"}
    assert manifest.exit_code() == 3
    held = desk.rows("SELECT paid, reason, detail, claim_id FROM claim_payment WHERE outcome = 'suspense'")
    assert held == [(8000, "unbalanced", "BAL001 -0.01; BAL002 -0.01", None)]
    assert desk.rows("SELECT paid FROM claim ORDER BY patient_control_number") == [(8000,), (0,)]
    assert desk.broken() == []


QUARANTINES = {
    "BPR02 is not the sum": (payment([paid()], bank=8001), "BAL003"),
    "PLB is not counted": (payment([paid()], bank=8000, plb=[("WO:X", 500)]), "BAL003"),
    "SE01 is wrong": (payment([paid()], segments=5), "ING013"),
    "no SE": (payment([paid()], truncated=True), "ING012"),
}


@pytest.mark.parametrize("case", QUARANTINES)
def test_a_set_that_does_not_add_up_is_quarantined_whole(desk, case):
    segments, code = QUARANTINES[case]
    desk.submit()
    before = desk.digest()
    manifest = desk.ingest(file_of(segments))
    file, one = only(manifest)
    assert (file.outcome, one.outcome, one.claims_matched) == ("quarantined", "quarantined", 0)
    assert code in [finding.code for finding in one.findings]
    assert manifest.exit_code() == 3
    assert desk.digest() == before
    assert desk.rows("SELECT outcome FROM file_transaction") == [("quarantined",)]
    assert desk.broken() == []


def test_the_equation_of_a_quarantine_names_the_cents(desk_lite):
    _, one = only(desk_lite.ingest(file_of(payment([paid()], bank=8001))))
    assert "80.01" in one.findings[-1].message
    assert "80.00" in one.findings[-1].message


def test_a_good_set_posts_beside_a_quarantined_one_and_the_whole_file_later(desk):
    desk.submit(make_claim(), other_claim())
    bad = payment([paid("A0000002", payer_number="X")], trace="T2", control="0002", bank=1)
    manifest = desk.ingest(file_of(payment([paid()]), bad))
    assert manifest.files[0].outcome == "partial"
    assert [one.outcome for one in manifest.files[0].payments] == ["posted", "quarantined"]
    good = payment([paid("A0000002", payer_number="X")], trace="T2", control="0002")
    assert only(desk.ingest(file_of(good)))[1].outcome == "posted"
    assert desk.rows("SELECT paid FROM claim") == [(8000,), (8000,)]


def test_an_unknown_payee_is_never_posted(desk):
    desk.submit()
    manifest = desk.ingest(file_of(payment([paid()], npi=npi(777))))
    _, one = only(manifest)
    assert (one.outcome, one.claims_matched, one.unmatched) == ("posted", 0, 1)
    assert desk.rows("SELECT outcome, reason FROM claim_payment") == [("unmatched", "unknown_payee")]
    assert desk.rows("SELECT paid FROM claim") == [(0,)]
    assert manifest.exit_code() == 1
    assert desk.broken() == []


def test_a_claim_of_another_practice_is_not_answered(desk_lite):
    desk_lite.sql("INSERT INTO practice (id, name, source) VALUES ('other', '', 'settings')")
    desk_lite.submit(make_claim(practice_id="other"))
    assert only(desk_lite.ingest(file_of(payment([paid()]))))[1].unmatched == 1


def test_money_without_a_claim_waits_and_says_why(desk_lite):
    _, one = only(desk_lite.ingest(file_of(payment([paid("NOBODY")]))))
    assert one.unmatched == 1
    assert desk_lite.rows("SELECT reason FROM claim_payment") == [("no_claim",)]


@pytest.mark.parametrize("spelling", ["a0000001", "A-0000001", " A0000001", "00A0000001"])
def test_a_control_number_in_another_spelling_is_found(desk_lite, spelling):
    desk_lite.submit()
    assert only(desk_lite.ingest(file_of(payment([paid(spelling)]))))[1].claims_matched == 1


def test_a_mangled_control_number_is_found_by_the_line_numbers_this_store_gave(desk_lite):
    desk_lite.submit()
    assert only(desk_lite.ingest(file_of(payment([paid("QQQQ")]))))[1].claims_matched == 1
    assert desk_lite.rows("SELECT evidence FROM claim_payment") == [("line_control_number",)]


def test_line_numbers_of_an_imported_claim_are_no_evidence(desk_lite):
    desk_lite.submit(source="imported")
    assert only(desk_lite.ingest(file_of(payment([paid("QQQQ")]))))[1].unmatched == 1


def reversal(number: str = NUMBER) -> list[str]:
    """What takes `paid` back."""
    return claim(
        number,
        line("97110", -5000, -4000, number="L0000001"),
        line("97140", -5000, -4000, number="L0000002"),
        status="22",
    )


def test_a_reversal_and_its_correction_leave_the_correction(desk):
    desk.submit()
    desk.ingest(file_of(payment([paid()])))
    again = claim(
        NUMBER, line("97110", 5000, 4500, number="L0000001"), line("97140", 5000, 4000, number="L0000002")
    )
    manifest = desk.ingest(file_of(payment([reversal(), again], trace="T2", day="20260401")))
    assert only(manifest)[1].claims_matched == 2
    assert desk.rows("SELECT paid, contractual, open_balance, adjudications FROM claim") == [
        (8500, 1500, 0, 3)
    ]
    assert desk.broken() == []


def test_a_correction_that_repeats_the_original_to_the_cent_posts(desk_lite):
    desk_lite.submit()
    desk_lite.ingest(file_of(payment([paid()])))
    desk_lite.ingest(file_of(payment([reversal(), paid()], trace="T2", day="20260401", bank=0)))
    assert desk_lite.rows("SELECT paid, adjudications FROM claim") == [(8000, 3)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_the_order_of_files_does_not_matter(desk_lite, order):
    files = (
        file_of(payment([paid()])),
        file_of(payment([reversal()], trace="T2", day="20260401", bank=-8000)),
        file_of(payment([paid(payer_number="PCN2")], trace="T3", day="20260402")),
    )
    desk_lite.submit()
    desk_lite.ingest(*(files[place] for place in order))
    sums = desk_lite.rows("SELECT paid, contractual, denied, open_balance, status, adjudications FROM claim")
    assert sums == [(8000, 2000, 0, 0, "settled", 3)]
    assert desk_lite.broken() == []


def test_chunks_of_one_set_see_each_other(desk_lite, monkeypatch):
    monkeypatch.setattr("cli.jobs.ingest_835.run.CHUNK", 1)
    desk_lite.submit()
    second = claim(NUMBER, line("97140", 5000, 4000, number="L0000002"), payer_number="PCN2")
    first = claim(NUMBER, line("97110", 5000, 4000, number="L0000001"))
    assert only(desk_lite.ingest(file_of(payment([first, second]))))[1].claims_matched == 2
    assert desk_lite.rows("SELECT paid, open_balance, adjudications FROM claim") == [(8000, 0, 2)]
    assert desk_lite.broken() == []


@pytest.mark.parametrize("size", [1, 2, 2000])
def test_the_size_of_a_chunk_changes_nothing(desk_lite, monkeypatch, size):
    monkeypatch.setattr("cli.jobs.ingest_835.run.CHUNK", size)
    numbers = [f"A000000{n}" for n in range(1, 6)]
    desk_lite.submit(
        *(
            make_claim(
                patient_control_number=number,
                lines=(
                    make_line(1, line_control_number=f"{number}X"),
                    make_line(2, "97140", line_control_number=f"{number}Y"),
                ),
            )
            for number in numbers
        )
    )
    desk_lite.ingest(
        file_of(payment([claim(n, line("97110", 5000, 4000), line("97140", 5000, 4000)) for n in numbers]))
    )
    assert desk_lite.rows("SELECT SUM(paid) FROM claim") == [(40000,)]
    assert desk_lite.broken() == []


def test_a_claim_of_another_patient_under_the_same_number_is_not_answered(desk_lite):
    desk_lite.submit(
        make_claim(
            subscriber=make_subscriber(member_id="Q1", person=Person(last_name="OTHER", first_name="ELSE"))
        )
    )
    other = claim(NUMBER, line("97530", 7000, 6000))
    assert only(desk_lite.ingest(file_of(payment([other]))))[1].unmatched == 1
    assert desk_lite.rows("SELECT reason FROM claim_payment") == [("conflict",)]
