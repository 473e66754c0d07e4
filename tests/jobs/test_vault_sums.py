"""The check of sums against the bytes of the vault: what no other check can see, it sees."""

from __future__ import annotations

import msgspec
import pytest

from reconcile.store.content import pack_claim_payment, unpack_claim_payment
from tests.remits import claim, file_of, line, payment

LOST = "FROM claim_payment WHERE patient_control_number = 'NOBODY'"
SAME = "WHERE trace_number = 'T1'"


@pytest.fixture
def books(desk):
    """A payment that found no claim, with an adjustment and a take-back; a second one beside it in the file."""
    desk.submit()
    lost = claim("NOBODY", line("97530", 7000, 6000, adjustments=["CO*45*10"]))
    other = claim("NOBODY2", line("97530", 7000, 6000, adjustments=["CO*45*10"]))
    desk.ingest(
        file_of(
            payment([lost], trace="T1", plb=[("WO:X", 500)]), payment([other], trace="T2", control="0002")
        )
    )
    assert desk.broken() == []
    return desk


def rewrite(desk, paid: int) -> None:
    """Pay so many cents less, in the kept value and every column, so that every equation of the store still holds."""
    with desk.store.write() as connection:
        number, content = connection.exec_driver_sql(
            "SELECT x.claim_payment_id, x.content FROM claim_payment_content x WHERE x.claim_payment_id ="
            f" (SELECT id {LOST})"
        ).one()
        value = unpack_claim_payment(bytes(content))
        (one,) = value.lines
        (adjustment,) = one.adjustments
        more = msgspec.structs.replace(adjustment, cents=adjustment.cents + paid)
        one = msgspec.structs.replace(one, paid=one.paid - paid, adjustments=(more,))
        value = msgspec.structs.replace(value, paid=value.paid - paid, lines=(one,))
        desk_sql = (
            f"UPDATE claim_payment SET paid = paid - {paid} WHERE id = {number}",
            f"UPDATE service_payment SET paid = paid - {paid} WHERE claim_payment_id = {number}",
            f"UPDATE remittance SET amount = amount - {paid}, paid_total = paid_total - {paid} {SAME}",
            f"UPDATE file_transaction SET amount = amount - {paid} {SAME}",
        )
        for statement in desk_sql:
            connection.exec_driver_sql(statement)
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        connection.exec_driver_sql(
            f"UPDATE claim_payment_content SET content = {mark} WHERE claim_payment_id = {mark}",
            (pack_claim_payment(value), number),
        )


@pytest.mark.parametrize("cents", [1, 100, -100])
def test_an_amount_changed_everywhere_in_the_store_is_not_that_of_the_bytes(books, cents):
    rewrite(books, cents)
    assert books.broken() == ["vault_sums"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE service_payment SET charge = charge + 1",
        "UPDATE service_payment SET paid = paid + 1",
        "UPDATE remittance SET paid_total = paid_total + 1 WHERE trace_number = 'T1'",
        "UPDATE remittance SET charge_total = charge_total + 1 WHERE trace_number = 'T1'",
        "UPDATE remittance SET adjustment_total = adjustment_total + 1 WHERE trace_number = 'T1'",
        "UPDATE remittance SET amount = amount + 1 WHERE trace_number = 'T2'",
        "UPDATE remittance SET claims = claims + 1 WHERE trace_number = 'T2'",
        "DELETE FROM service_payment",
    ],
)
def test_each_sum_is_compared(books, statement):
    books.sql(statement)
    assert "vault_sums" in books.broken(["vault_sums"])


def test_two_payments_cannot_swap_their_amounts(books):
    """Each set answers for its own ST02."""
    books.sql("UPDATE remittance SET amount = 11500 - amount")
    assert books.broken(["vault_sums"]) == ["vault_sums"]


def test_a_file_that_is_gone_from_the_vault_has_no_sums(books):
    ((digest,),) = books.rows("SELECT sha256 FROM file WHERE kind = '835'")
    (books.folder / "vault" / digest[:2] / digest[2:]).unlink()
    assert books.broken(["vault_sums"]) == ["vault_sums"]
