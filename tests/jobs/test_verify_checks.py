"""Every named check fails when one row is changed by raw SQL, and only that check does."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from cli.jobs.verify import verify
from edi.model.errors import UsageError
from edi.payers.profile import PayerProfile, RemitIdentity
from reconcile.store import CLM01, ClaimOrigin, allocate, save_claims
from reconcile.store.again import Resubmission, save_resubmissions
from reconcile.store.checks import CHECKS
from reconcile.store.work_items import open_work_item
from reconcile.values import Again
from tests.builders import make_claim, make_line
from tests.jobs.conftest import NOW
from tests.remits import claim, file_of, line, payment

CORRUPTIONS = {
    "trial_balance": [
        "UPDATE claim SET open_balance = open_balance + 1 WHERE patient_control_number = 'A0000001'"
    ],
    "claim_sums": [
        "UPDATE claim SET paid = paid + 1, open_balance = open_balance - 1 WHERE patient_control_number = 'A0000001'"
    ],
    "claim_answers": ["UPDATE claim SET adjudications = 7 WHERE patient_control_number = 'A0000001'"],
    "remittance_totals": [
        "UPDATE remittance SET claims = claims + 1, amount = amount WHERE trace_number = 'T0001'"
    ],
    "bank": ["UPDATE provider_adjustment SET cents = cents + 1"],
    "claim_payment_values": [
        "UPDATE claim_payment SET status = '2' WHERE patient_control_number = 'A0000001'"
    ],
    "postings_of_adjustments": [
        "UPDATE posting SET reason = '97' WHERE account = 'contractual' AND line = 0"
    ],
    "claim_values": ["UPDATE claim SET charge = charge + 1 WHERE patient_control_number = 'A0000001'"],
    "recomputed_books": [
        "UPDATE posting SET account = 'patient' WHERE account = 'contractual'",
        "UPDATE claim SET patient = patient + contractual, contractual = 0",
    ],
    "line_sums": ["UPDATE posting SET line = 0 WHERE account = 'denied'"],
    "unposted": ["UPDATE claim_payment SET outcome = 'lost' WHERE outcome = 'unmatched'"],
    "submission_states": ["UPDATE claim SET status = 'rejected' WHERE id <> root"],
    "orphans": ["UPDATE service_payment SET line_id = 424242 WHERE ordinal = 0"],
    "resubmissions": ["UPDATE resubmission SET kind = 'void'"],
    "sessions_once": ["UPDATE billed_session SET claim_id = 1 WHERE claim_id = 3"],
    "duplicate_payments": [
        "UPDATE remittance SET content_digest = (SELECT MIN(content_digest) FROM remittance)"
    ],
    "control_numbers": ["UPDATE control_number SET next_number = 1"],
    "denial_amounts": ["UPDATE denial SET amount = amount - 1"],
    "denied_is_worked": ["UPDATE denial SET status = 'superseded'"],
    "vault_sums": ["UPDATE service_payment SET charge = charge + 1 WHERE ordinal = 0"],
}
"""One change of rows for each check. ``remittance_totals`` also shows in the vault's sums: both count the claims."""
ALSO = {
    "bank": ["takebacks"],
    "remittance_totals": ["vault_sums"],
    "trial_balance": ["recomputed_books"],
    "claim_sums": ["recomputed_books"],
    "postings_of_adjustments": ["recomputed_books"],
    "line_sums": ["recomputed_books"],
    "vault_sums": ["line_sums"],
    "denial_amounts": ["denied_is_worked", "recomputed_books"],
    "denied_is_worked": ["recomputed_books"],
}


@pytest.fixture
def books(desk):
    """Two payments: one posted with a denial, a held and an unmatched claim payment, and a take-back."""
    second = (
        make_line(1, line_control_number="L0000011"),
        make_line(2, "97140", line_control_number="L0000012"),
    )
    desk.submit(make_claim(), make_claim(patient_control_number="A0000002", lines=second))
    with desk.store.write() as connection:
        allocate(connection, "", CLM01, 2, at=NOW)
    good = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 0, adjustments=["CO*197*50"]))
    broken = claim("A0000002", line("97110", 5000, 4000, adjustments=["CO*45*9"]), line("97140", 5000, 4000))
    lost = claim("NOBODY", line("97530", 7000, 6000))
    desk.ingest(
        file_of(payment([good, broken, lost], plb=[("WO:X", 500)])),
        file_of(payment([claim("NOBODY2", line("97530", 7000, 6000))], trace="T2")),
    )
    return desk


def test_sound_books_pass_every_check(books):
    report = verify(books.store)
    assert report.holds
    assert report.exit_code() == 0
    assert [result.name for result in report.checks] == list(CHECKS)


@pytest.fixture
def again(books):
    """The same with a claim that went again to a second payer, its sessions and a work item."""

    def lines(start):
        return tuple(
            make_line(
                number, code, session_line_ids=(f"V3-{number}",), line_control_number=f"L{start + number}"
            )
            for number, code in ((1, "97110"), (2, "97140"))
        )

    names = {("orchard", name): "hash" for line in lines(300) for name in line.session_line_ids}
    origin = ClaimOrigin(source="created")
    first = make_claim(patient_control_number="A0000003", lines=lines(300))
    payer = msgspec.structs.replace(first.payer, id="77177")
    later = msgspec.structs.replace(first, payer=payer, lines=lines(310))
    with books.store.write() as connection:
        (root,) = save_claims(connection, [first], origin, names).new
        (number,) = save_claims(connection, [later], origin, roots=[root]).new
        save_resubmissions(connection, [Resubmission(claim_id=number, kind=Again.SECONDARY, follows=root)])
        open_work_item(connection, root=root, kind="reopening", reason="", due_date=None, at=NOW)
    return books


@pytest.mark.parametrize("check", [*CORRUPTIONS, "vault_bytes"])
def test_one_changed_row_fails_exactly_its_check(again, check):
    books = again
    if check == "vault_bytes":
        (digest,) = books.rows("SELECT sha256 FROM file ORDER BY sha256")[0]
        path = books.folder / "vault" / digest[:2] / digest[2:]
        path.write_bytes(path.read_bytes() + b"\n")
    else:
        books.sql(*CORRUPTIONS[check])
    assert books.broken() == sorted([check, *ALSO.get(check, [])])
    report = verify(books.store, [check])
    assert not report.holds
    assert report.exit_code() == 5
    assert report.checks[0].findings[0].code == f"VER_{check.upper()}"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE resubmission SET follows = 1",
        "UPDATE resubmission SET follows = claim_id",
        "UPDATE work_item SET claim_id = 4",
        "UPDATE billed_session SET line_number = 9",
    ],
)
def test_a_row_that_names_what_it_must_not_hangs_in_the_air(again, change):
    assert again.broken() == []
    again.sql(change)
    assert again.broken() == ["orphans"]


def test_every_check_has_its_corruption():
    """Each family's own test module (``test_*_checks.py``) names its corruptions in ``CORRUPTIONS``."""
    modules = sorted(path.stem for path in Path(__file__).parent.glob("test_*_checks.py"))
    told = [name for module in modules for name in import_module(f"tests.jobs.{module}").CORRUPTIONS]
    assert sorted([*told, "vault_bytes"]) == sorted(CHECKS)


def test_a_claim_that_is_counted_is_the_vaults_too(books):
    books.sql("UPDATE remittance SET amount = amount + 1, adjustment_total = adjustment_total")
    assert "vault_sums" in books.broken()


CONSISTENT = {
    "the charge of a line": (
        ["UPDATE service_line SET charge = charge + 5000 WHERE number = 1"],
        ["claim_values", "recomputed_books"],
    ),
    "billed and open together": (
        ["UPDATE claim SET billed = billed + 5000, open_balance = open_balance + 5000"],
        ["recomputed_books"],
    ),
    "all postings on one line": (
        ["UPDATE posting SET line_id = (SELECT MIN(line_id) FROM posting)"],
        ["denied_is_worked", "recomputed_books"],
    ),
    "a line that is gone": (
        ["DELETE FROM service_line WHERE control_number = 'L0000012'"],
        ["claim_values", "recomputed_books"],
    ),
    "a denial that is another": (
        ["UPDATE denial SET category = 'other', status = 'recovered'"],
        ["denied_is_worked", "recomputed_books"],
    ),
}
"""Changes that leave every sum in step with every other."""


@pytest.mark.parametrize("change", CONSISTENT)
def test_a_change_that_keeps_all_sums_in_step_is_seen(books, change):
    statements, checks = CONSISTENT[change]
    books.sql(*statements)
    assert books.broken() == checks


def test_many_blocks_of_claims_are_all_compared(books, monkeypatch):
    monkeypatch.setattr("reconcile.store.recomputed.BLOCK", 1)
    assert verify(books.store).holds
    books.sql("UPDATE claim SET charge = charge + 1, billed = billed + 1, open_balance = open_balance + 1")
    for check in ("claim_values", "recomputed_books"):
        (result,) = verify(books.store, [check]).checks
        assert {one.claim for one in result.findings} == {"A0000001", "A0000002"}


def test_capitation_is_believed_and_nothing_else(desk_lite):
    """The settings tell who pays by capitation: verify takes CO-24 as a write-off or as a denial, but as no other."""
    desk_lite.submit(make_claim())
    paid = claim("A0000001", line("97110", 5000, 0, adjustments=["CO*24*50"]), line("97140", 5000, 4000))
    payers = {
        "acme": PayerProfile(
            key="acme", name="Acme", remit=RemitIdentity(trn03=("1512345678",)), capitated=True
        )
    }
    desk_lite.ingest(file_of(payment([paid])), payers=payers)
    assert desk_lite.rows("SELECT contractual, denied FROM claim") == [(6000, 0)]
    assert desk_lite.broken() == []
    desk_lite.sql(
        "UPDATE posting SET account = 'patient' WHERE reason = '24'",
        "UPDATE claim SET patient = patient + 5000, contractual = contractual - 5000",
    )
    assert desk_lite.broken() == ["recomputed_books"]


def test_books_of_other_tables_are_not_judged_by_these(books):
    books.sql(
        "UPDATE claim SET billed = billed + 1, open_balance = open_balance + 1, tables_version = 'older'"
    )
    assert books.broken() == []


def test_a_check_that_is_not_there_is_a_usage_error(books):
    with pytest.raises(UsageError, match="trial_balance"):
        verify(books.store, ["nonsense"])


def test_findings_name_no_patient(books):
    for statements in CORRUPTIONS.values():
        books.sql(*statements)
    said = repr(verify(books.store))
    assert "W123456789" not in said
    assert "PATIENT" not in said


@pytest.mark.parametrize(
    ("change", "checks"),
    [
        ("UPDATE claim_payment SET evidence = 'W123456789'", {"recomputed_books"}),
        ("UPDATE claim_payment_content SET content = substr(content, 1, 5)", {"claim_payment_values"}),
    ],
)
def test_a_row_that_cannot_be_read_breaks_the_checks_that_read_it(books, change, checks):
    books.sql(change)
    found = verify(books.store)
    assert checks <= {one.name for one in found.checks if not one.holds}
    assert "W123456789" not in repr(found)
