"""Time of one claim in matching and reconciling, in microseconds: `python bench/match_micro.py`.

Three claims of three lines each: every line number echoed; none echoed; none echoed and two lines alike.
"""

from __future__ import annotations

import gc
import time
from datetime import date

import msgspec

from edi.codes.lookup import load_tables
from edi.model.remittance import Adjustment, ClaimPayment, Procedure, ServicePayment
from reconcile.match import match_claim
from reconcile.reconciliation import reconcile_claim
from reconcile.values import Adjudication, SubmittedClaim, SubmittedLine

DAY = date(2026, 1, 5)
ROUNDS = 20_000


def pair(codes, numbers):
    """A submitted claim and its payment; ``numbers`` says whether the 6R come back."""
    lines = tuple(
        SubmittedLine(
            id=i, number=i, procedure_code=code, modifiers=("GP",), charge=charge, units="1", date_from=DAY, date_to=DAY,
            control_number=f"K7Q2M{i}", allocated=True,
        )
        for i, (code, charge) in enumerate(codes, 1)
    )  # fmt: skip
    claim = SubmittedClaim(
        id=1, practice_id="P", patient_control_number="C1", charge=sum(one.charge for one in lines), frequency="1",
        payer_key="p", payer_id="1", payer_name="", member_ids=("M1",), patient_last_name="X", patient_first_name="Y",
        date_from=DAY, date_to=DAY, original_reference="", payer_claim_control_numbers=(), sequence=1, root=1, lines=lines,
    )  # fmt: skip
    payment = ClaimPayment(
        segment=1, ordinal=0, patient_control_number="C1", status="1", charge=claim.charge, paid=claim.charge // 2,
        member_id="M1", payer_claim_control_number="PC1",
        lines=tuple(
            ServicePayment(
                segment=2, procedure=Procedure("HC", one.procedure_code, ("GP",)), charge=one.charge, paid=one.charge // 2,
                units="1", date_from=DAY, line_control_number=one.control_number if numbers else None,
                adjustments=(Adjustment("CO", "45", one.charge // 4), Adjustment("PR", "2", one.charge - one.charge // 2 - one.charge // 4)),
            )
            for one in lines
        ),
    )  # fmt: skip
    return claim, payment


def timed(what, call):
    gc.collect()
    best = None
    for _ in range(5):
        begin = time.process_time()
        for _ in range(ROUNDS):
            call()
        took = (time.process_time() - begin) / ROUNDS * 1e6
        best = took if best is None else min(best, took)
    print(f"{what:<48}{best:8.1f} us")


def main():
    tables = load_tables()
    apart = [("97110", 8500), ("97140", 6000), ("97530", 7000)]
    for name, codes, numbers in (
        ("line numbers echoed", apart, True),
        ("no line numbers", apart, False),
        ("no line numbers, two lines alike", [("97110", 8500), ("97110", 8500), ("97530", 7000)], False),
    ):
        claim, payment = pair(codes, numbers)
        timed(
            f"match, {name}", lambda c=claim, p=payment: match_claim(p, (c,), payer_key="p", payer_ids=("1",))
        )
        match = match_claim(payment, (claim,), payer_key="p")
        assert match.claim_id == 1, match
        one = Adjudication(
            id=1, payer="p", payer_kind="commercial", capitated=False, order=("2026-01-20", 0, 0), payment_date=DAY,
            claim=payment, match=match,
        )  # fmt: skip
        timed(f"reconcile, {name}", lambda c=claim, o=one: reconcile_claim((c,), (o,), tables))
    denied = msgspec.structs.replace(one.claim.lines[0], paid=0, adjustments=(Adjustment("CO", "97", 8500),))
    one = msgspec.structs.replace(
        one, claim=msgspec.structs.replace(one.claim, lines=(denied, *one.claim.lines[1:]))
    )
    timed("reconcile, one line denied", lambda: reconcile_claim((claim,), (one,), tables))


if __name__ == "__main__":
    main()
