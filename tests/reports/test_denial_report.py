"""Denials counted and summed: shares, totals, the denial rate."""

from __future__ import annotations

import msgspec
import pytest

from reconcile.reports.denials import by_group, rate, total
from reconcile.store.listing import DenialListing


def denial(root: int = 1, amount: int = 1000, **changes) -> DenialListing:
    """A denial on the merits of claim ``root``."""
    known = DenialListing(
        denial_id=f"{root}-1-CO50", practice_id="quill", patient_control_number=f"C{root}", line_control_number="L1",
        procedure_code="97110", date_of_service=None, payer="larkspur", payer_name="LARKSPUR", group="CO",
        reason="50", remarks=(), category="medical_necessity", cause="", kind="merits", extent="full", charge=amount,
        amount=amount, status="open", counted=True, next_action="appeal_with_records", guardrails=(),
        preventable_by=(), because=(), remitted_on=None, trace_number="T1", claim_root=root,
    )  # fmt: skip
    return msgspec.structs.replace(known, **changes)


@pytest.mark.parametrize(
    ("amounts", "shares"),
    [((200, 100), [667, 333]), ((1, 7), [875, 125]), ((1, 1999), [1000, 1]), ((0,), [0])],
)
def test_shares_are_rounded_half_up(amounts, shares):
    groups = by_group([denial(n, cents, category=f"c{n}") for n, cents in enumerate(amounts)], "category")
    assert [one.share for one in groups] == shares


def test_the_total_is_the_sum_of_the_rows():
    denials = [denial(1, 500), denial(2, 300, status="recovered"), denial(3, 200, preventable_by=("TIM002",))]
    whole, groups = total(denials), by_group(denials, "status")
    assert (whole.group, whole.share) == ("total", 1000)
    for name in ("count", "amount", "open_count", "open_amount", "preventable_amount"):
        assert getattr(whole, name) == sum(getattr(one, name) for one in groups)
    assert (whole.count, whole.amount, whole.open_amount, whole.preventable_amount) == (3, 1000, 700, 200)
    assert total([]).share == 0


def test_the_numerator_is_merits_that_count_and_a_claim_counts_once():
    denials = [
        denial(1, 500),
        denial(1, 400),
        denial(1, 300, patient_control_number="C1-RESENT"),
        denial(2, 70, kind="zero_allowed"),
        denial(3, 60, kind="duplicate", counted=False),
        denial(4, 50, kind="unprocessable", counted=False),
        denial(5, 40, counted=False),
    ]
    told = rate(denials, 9, 9000)
    assert (told.denied_claims, told.denied_cents) == (1, 1200)
    assert (told.adjudicated_claims, told.adjudicated_cents) == (9, 9000)
