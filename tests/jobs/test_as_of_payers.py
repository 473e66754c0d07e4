"""Balances as of a day, of claims that several payers answered and one took an answer back from since."""

from __future__ import annotations

from datetime import date

import pytest

from edi.payers.profile import PayerProfile, RemitIdentity
from reconcile.reports.registry import Scope, report
from reconcile.store.report_rows.balances_then import sums_then
from tests.builders import make_claim
from tests.remits import claim, file_of, line, payment

PAYERS = {
    "acme": PayerProfile(key="acme", name="Acme", remit=RemitIdentity(trn03=("1512345678",))),
    "second": PayerProfile(key="second", name="Second", remit=RemitIdentity(trn03=("1598765432",))),
}
BETWEEN = date(2026, 4, 28)


def answer(number: str, sign: int, paid: int, said: list[tuple[str, int]], **options) -> list[str]:
    adjustments = [f"{codes}*{sign * dollars}" for codes, dollars in said]
    one = line("97110", sign * 5000, sign * paid, adjustments=adjustments, number="L0000001")
    return claim(number, one, status="1" if sign > 0 else "22", **options)


PRIMARY = (3000, [("CO*45", 10), ("PR*2", 10)])
FIRST = payment([answer("A0000001", 1, *PRIMARY)], trace="T1", day="20260320")
SECOND = payment(
    [answer("A0000001", 1, 1800, [("OA*23", 32)], payer_number="S1")], trace="T2", day="20260403",
    payer="1598765432",
)  # fmt: skip
DENIED = payment(
    [
        answer("A0000001", -1, *PRIMARY),
        answer("A0000001", 1, 0, [("CO*50", 50)], payer_number="PCN2"),
    ],
    trace="T3", day="20260503", plb=[("WO:PCN1", -3000)],
)  # fmt: skip
CORRECTED_FIRST = payment(
    [answer("A0000001", 1, 3500, [("CO*45", 10), ("PR*2", 5)], payer_number="PCN2")],
    trace="T2",
    day="20260403",
)
REVERSED = payment([answer("A0000001", -1, *PRIMARY)], trace="T3", day="20260503", plb=[("WO:PCN1", -3000)])


def told(desk, scope):
    with desk.store.read() as connection:
        for name in ("collection", "aging"):
            one = report(name)
            for by in one.groupings or ("",):
                answer = one.read(connection, scope, by)
                yield name, by, sorted(map(str, answer.rows)), answer.total


@pytest.mark.parametrize(
    ("by_then", "since"),
    [([FIRST, SECOND], DENIED), ([FIRST, CORRECTED_FIRST], REVERSED), ([FIRST], DENIED)],
    ids=["two payers", "a correction before its reversal", "one payer"],
)
def test_balances_as_of_a_day_are_those_of_the_day(desk, by_then, since):
    desk.submit(make_claim(lines=make_claim().lines[:1]))
    for place, one in enumerate(by_then):
        desk.ingest(file_of(one, control=place + 1), payers=PAYERS)
    before = list(told(desk, Scope(today=BETWEEN)))
    desk.ingest(file_of(since, control=9), payers=PAYERS)
    assert list(told(desk, Scope(today=BETWEEN, as_of=BETWEEN))) == before
    assert list(told(desk, Scope(today=BETWEEN))) != before


def test_ordinary_claims_are_not_computed_again(desk):
    desk.submit(make_claim(lines=make_claim().lines[:1]))
    desk.ingest(file_of(FIRST), file_of(SECOND, control=2), payers=PAYERS)
    with desk.store.read() as connection:
        assert sums_then(connection, date(2026, 3, 1)) is None
        assert sums_then(connection, BETWEEN) is None
        assert sums_then(connection, date(2026, 3, 25)) is not None
