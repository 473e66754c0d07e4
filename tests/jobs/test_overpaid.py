"""One payer answers a claim twice: it is posted, said, counted and listed until the money is taken back."""

from __future__ import annotations

from datetime import datetime

import pytest

from cli.jobs.overpaid import overpaid_rows
from edi.payers.profile import PayerProfile, RemitIdentity
from reconcile.store.open_work import open_work
from reconcile.store.overpaid import overpaid
from tests.builders import make_claim, make_line
from tests.command_line import claimloop
from tests.remits import claim, file_of, line, payment

PAYERS = {
    "acme": PayerProfile(key="acme", name="Acme", remit=RemitIdentity(trn03=("1512345678",))),
    "second": PayerProfile(key="second", name="Second", remit=RemitIdentity(trn03=("1598765432",))),
}


def answer(paid: int = 3000, said: str = "CO*45*15|PR*2*5", sign: int = 1, **options) -> list[str]:
    """An answer to the first line of `make_claim`, 50.00."""
    adjustments = [f"{code[:-len(cents)]}{sign * int(cents)}" for code in said.split("|")
                   for cents in [code.rsplit("*", 1)[1]]]  # fmt: skip
    one = line("97110", sign * 5000, sign * paid, adjustments=adjustments, number="L0000001")
    return claim("A0000001", one, status="1" if sign > 0 else "22", **options)


def listed(desk):
    """The rows of `work list` by claim; open_work has the same claims."""
    with desk.store.read() as connection:
        found = overpaid(connection)
        keys = [
            key for key in open_work(connection, now=datetime(2026, 3, 20)) if key.startswith("overpaid:")
        ]
    assert keys == [f"overpaid:{one.practice_id}/{one.patient_control_number}" for one in found]
    return {row["claim"]: row for row in overpaid_rows(found)}


def said(manifest) -> list:
    return [one for file in manifest.files for paid in file.payments for one in paid.findings
            if one.code == "ANSWERED_TWICE"]  # fmt: skip


def test_the_same_answer_under_a_new_trace_is_posted_and_said(desk):
    desk.submit(make_claim())
    first = desk.ingest(file_of(payment([answer()])), payers=PAYERS)
    assert (said(first), first.totals.answered_twice, listed(desk)) == ([], 0, {})
    again = desk.ingest(file_of(payment([answer()], trace="T2", day="20260402")), payers=PAYERS)
    (finding,) = said(again)
    assert (again.totals.posted, again.totals.answered_twice, again.exit_code()) == (1, 1, 1)
    assert (finding.severity, finding.claim) == ("warning", "A0000001")
    assert "payment of 2026-03-20, trace T0001" in finding.fix
    row = listed(desk)["A0000001"]
    assert (row["kind"], row["payer"], row["id"], row["status"]) == ("overpaid", "acme", None, "open")
    assert row["reason"] == (
        "answered twice: 30.00 on 2026-03-20, trace T0001; 30.00 on 2026-04-02, trace T2"
    )
    assert desk.rows("SELECT paid, contractual, patient FROM claim WHERE id = root") == [(6000, 1500, 500)]
    assert desk.broken() == []


def test_twice_in_one_payment_is_said_too(desk_lite):
    desk_lite.submit(make_claim())
    manifest = desk_lite.ingest(file_of(payment([answer(), answer(payer_number="PCN2")])), payers=PAYERS)
    (finding,) = said(manifest)
    assert "the other answer in this payment" in finding.fix


def test_another_payer_answers_and_nothing_is_said(desk_lite):
    desk_lite.submit(make_claim())
    desk_lite.ingest(file_of(payment([answer()])), payers=PAYERS)
    other = payment([answer(500, "OA*23*45", payer_number="S1")], trace="T2", payer="1598765432")
    assert said(desk_lite.ingest(file_of(other), payers=PAYERS)) == []
    assert listed(desk_lite) == {}


@pytest.mark.parametrize(
    "settling",
    [
        payment([answer(sign=-1)], trace="T3", day="20260410", bank=0, plb=[("FB:T3", -3000)]),
        payment(
            [claim("B1", line("97110", 5000, 4000), payer_number="PCN9", member="X")],
            trace="T3",
            day="20260410",
            plb=[("WO:PCN1", 3000)],
        ),
    ],
    ids=["reversal", "take-back"],
)
def test_what_takes_the_money_back_ends_it(desk, settling):
    desk.submit(make_claim(lines=make_claim().lines[:1]))
    for trace, day in (("T0001", "20260320"), ("T2", "20260402")):
        desk.ingest(file_of(payment([answer()], trace=trace, day=day)), payers=PAYERS)
    assert listed(desk)["A0000001"]["amount"] == "30.00"
    assert said(desk.ingest(file_of(settling), payers=PAYERS)) == []
    assert listed(desk) == {}


def test_a_correction_before_its_reversal_is_work_until_the_reversal_comes(desk_lite):
    desk_lite.submit(make_claim())
    desk_lite.ingest(file_of(payment([answer()])), payers=PAYERS)
    correction = payment([answer(3500, "CO*45*15", payer_number="PCN2")], trace="T2", day="20260401")
    assert len(said(desk_lite.ingest(file_of(correction), payers=PAYERS))) == 1
    reversal = payment([answer(sign=-1)], trace="T3", day="20260402", bank=0, plb=[("FB:T3", -3000)])
    assert said(desk_lite.ingest(file_of(reversal), payers=PAYERS)) == []
    assert listed(desk_lite) == {}


HELD = {
    "in suspense": ({"said": "CO*45*15"}, "claim_payment:2 (-30.00), with held show and held release"),
    "of another patient": (
        {"patient": "STRANGER*ODD", "member": "Z987654321", "payer_number": "PCN9"},
        "claim_payment:2 (-30.00), with unmatched list and unmatched link",
    ),
}


@pytest.mark.parametrize("why", HELD)
def test_a_reversal_that_is_held_is_told_and_the_payer_is_not_asked(desk_lite, why):
    changes, step = HELD[why]
    desk_lite.submit(make_claim())
    desk_lite.ingest(file_of(payment([answer()])), payers=PAYERS)
    held = payment([answer(sign=-1, **changes)], trace="T2", day="20260401", bank=0, plb=[("FB:T2", -3000)])
    desk_lite.ingest(file_of(held), payers=PAYERS)
    assert listed(desk_lite) == {}
    again = desk_lite.ingest(
        file_of(payment([answer(2500, "CO*45*20|PR*2*5")], trace="T3", day="20260402")), payers=PAYERS
    )
    (finding,) = said(again)
    assert "its reversal is held" in finding.message
    row = listed(desk_lite)["A0000001"]
    assert row["reason"].startswith("a reversal of it is held: 30.00 on 2026-03-20")
    for told in (finding.fix, row["next_step"]):
        assert step in told
        assert "ask the payer for nothing before" in told
    assert desk_lite.broken() == []


def test_a_held_reversal_of_another_claim_or_payer_is_not_told(desk_lite):
    desk_lite.submit(
        make_claim(), make_claim(patient_control_number="B0000002", lines=make_claim().lines[:1])
    )
    desk_lite.ingest(file_of(payment([answer()])), payers=PAYERS)
    other = claim(
        "B0000002", line("97110", -5000, -3000, adjustments=["CO*45*-15"]), status="22", payer_number="PCN8"
    )
    desk_lite.ingest(
        file_of(payment([other], trace="T2", bank=0, plb=[("FB:T2", -3000)])),
        file_of(
            payment(
                [answer(said="CO*45*15", sign=-1)],
                trace="T3",
                payer="1598765432",
                bank=0,
                plb=[("FB:T3", -3000)],
            )
        ),
        file_of(payment([answer()], trace="T4", day="20260402")),
        payers=PAYERS,
    )
    assert listed(desk_lite)["A0000001"]["reason"].startswith("answered twice")


def test_the_commands_show_it(desk_lite):
    desk_lite.submit(make_claim())
    for trace in ("T0001", "T2"):
        desk_lite.ingest(file_of(payment([answer()], trace=trace)), payers=PAYERS)
    told = claimloop("work", "list", "--json", "--database", desk_lite.url)
    assert [(row["kind"], row["claim"]) for row in told.json] == [("overpaid", "A0000001")]
    assert claimloop("work", "list", "--database", desk_lite.url).out.count("overpaid claim") == 1
    assert claimloop("work", "list", "--status", "done", "--json", "--database", desk_lite.url).json == []


def test_money_of_two_payers_beyond_the_charge_is_said(desk_lite):
    desk_lite.submit(make_claim(lines=(make_line(1, "97110", line_control_number="L0000001"),)))
    desk_lite.ingest(file_of(payment([answer(4000, "CO*45*10")])), payers=PAYERS)
    other = payment([answer(3000, "OA*23*20", payer_number="S1")], trace="T2", payer="1598765432")
    manifest = desk_lite.ingest(file_of(other, control=2), payers=PAYERS)
    (finding,) = manifest.files[0].payments[0].findings
    assert (finding.code, finding.message) == (
        "PAID_BEYOND_CHARGE",
        "30.00 stands on the claim beyond its charge",
    )
    assert "trace T0001" in finding.fix
    assert (manifest.exit_code(), manifest.files[0].payments[0].answered_twice) == (1, 0)
    assert listed(desk_lite)["A0000001"]["amount"] == "30.00"
