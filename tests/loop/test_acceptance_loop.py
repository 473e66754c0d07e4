"""Acceptance case A14 of the facts, from the 835's bytes to the books."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec

from edi.model.balance import claim_imbalances, transaction_imbalance
from edi.model.directory import Practice
from edi.model.remittance import (
    Adjustment,
    ClaimPayment,
    Procedure,
    ProviderAdjustment,
    RemittanceTrailer,
    ServicePayment,
)
from edi.testpayer import scenario_claims, scenario_remittances
from edi.testpayer.adjudications import PAYEE_NPI, PAYEE_TAX_ID, Remittance
from tests.loop.loop_stage import Loop, demo_payers, write_835

DAY = date(2026, 1, 5)


def remittance() -> Remittance:
    """CLP*A14: 97110 paid in part, 97124 bundled; a recovery and interest beside it."""
    header = scenario_remittances("S01")[0][0]
    lines = (
        ServicePayment(
            segment=0,
            procedure=Procedure("HC", "97110", ("GP",)),
            charge=15000,
            paid=8000,
            units="2",
            date_from=DAY,
            date_to=DAY,
            adjustments=(Adjustment("CO", "45", 5000), Adjustment("PR", "2", 2000)),
        ),
        ServicePayment(
            segment=0,
            procedure=Procedure("HC", "97124"),
            charge=6000,
            paid=0,
            units="0",
            date_from=DAY,
            date_to=DAY,
            adjustments=(Adjustment("CO", "236", 6000),),
        ),
    )
    claim = ClaimPayment(
        segment=0, ordinal=0, patient_control_number="A14", status="1", charge=21000, paid=8000,
        patient_responsibility=2000, filing_indicator="12", payer_claim_control_number="P14", lines=lines,
    )  # fmt: skip
    adjustments = tuple(
        ProviderAdjustment(
            segment=0,
            provider=PAYEE_NPI,
            fiscal_date=date(2026, 12, 31),
            reason=reason,
            identifier="P14",
            cents=cents,
        )
        for reason, cents in (("WO", 3000), ("L6", -42))
    )
    payment = msgspec.structs.replace(header.payment, amount=5042, trace_number="EFT0014A")
    trailer = RemittanceTrailer(
        provider_adjustments=adjustments, claims=1, lines=2, charge_total=21000, paid_total=8000
    )
    return msgspec.structs.replace(header, payment=payment), [claim], trailer


def test_A14_three_balances_bundling_recovery_and_interest(tmp_path: Path) -> None:
    sent = remittance()
    header, claims, trailer = sent
    assert [one for claim in claims for one in claim_imbalances(claim)] == []
    assert transaction_imbalance(header.payment.amount, 8000, trailer.provider_adjustments) is None

    template = scenario_claims("S01")[0]
    first, second = template.lines
    lines = (
        msgspec.structs.replace(first, charge=15000),
        msgspec.structs.replace(second, charge=6000, procedure=Procedure("HC", "97124")),
    )
    claim = msgspec.structs.replace(template, patient_control_number="A14", charge=21000, lines=lines)
    practice = Practice(id="quill", name="Quillfeather", npi=PAYEE_NPI, tax_id=PAYEE_TAX_ID)
    loop = Loop(tmp_path / "loop", payers=demo_payers(), practices=(practice,))
    loop.submit([claim])
    manifest = loop.ingest_bytes(write_835(sent), "a14.835")
    assert manifest.files[0].outcome == "posted"

    (row,) = loop.rows("SELECT * FROM claim")
    told = {name: row[name] for name in ("paid", "contractual", "patient", "denied", "open_balance")}
    assert told == {"paid": 8000, "contractual": 5000, "patient": 2000, "denied": 6000, "open_balance": 0}
    (denial,) = loop.rows("SELECT * FROM denial")
    assert (denial["category"], denial["amount"]) == ("bundling_ncci", 6000)
    assert denial["preventable_by"]
    assert "no_patient_bill" in str(denial["guardrails"]).split()
    provider = loop.rows("SELECT reason, cents FROM provider_adjustment ORDER BY ordinal")
    assert provider == [{"reason": "WO", "cents": 3000}, {"reason": "L6", "cents": -42}]
    assert loop.scalar("SELECT amount FROM remittance") == 5042 == 8000 - (3000 - 42)
    assert loop.scalar("SELECT COUNT(*) FROM posting WHERE reason IN ('WO', 'L6')") == 0
    assert loop.broken_checks() == []
    loop.close()
