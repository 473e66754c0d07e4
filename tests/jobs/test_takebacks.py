"""Chains of provider adjustments in the store: tied to claims, the same in any order of files, and never posted."""

from __future__ import annotations

import itertools
from datetime import date

import msgspec
import pytest

from cli.jobs.story_text import story_json, story_lines
from edi.codes import load_tables
from reconcile.reports.registry import Scope
from reconcile.reports.takebacks import REPORT
from reconcile.store.story import claims as stories
from reconcile.store.takebacks import claim_chains, load_chains
from tests.builders import make_claim, make_line
from tests.remits import claim, file_of, line, payment

ICN = "2225300000210"
MEDICARE = f"{ICN:<19}A0000001"


def chains(desk, **given):
    with desk.store.read() as connection:
        return load_chains(connection, load_tables(), **given)


def told(desk):
    return [(one.reasons, one.state.value, one.balance, one.claim) for one in chains(desk)]


def plain(found):
    """Chains without the ids that the order of arrival gives."""
    return [
        msgspec.structs.replace(
            one,
            claim=None,
            entries=tuple(msgspec.structs.replace(entry, remittance=0) for entry in one.entries),
            reversals=tuple(
                msgspec.structs.replace(back, remittance=0, claim=None) for back in one.reversals
            ),
        )
        for one in found
    ]


def two_lines(number, start):
    lines = (
        make_line(1, line_control_number=f"L{start + 1:07d}"),
        make_line(2, "97140", line_control_number=f"L{start + 2:07d}"),
    )
    return make_claim(patient_control_number=number, lines=lines)


def paid(number, icn=ICN, sign=1):
    lines = [line("97110", sign * 5000, sign * 4000), line("97140", sign * 5000, sign * 4000)]
    return claim(number, *lines, status="1" if sign > 0 else "22", payer_number=icn)


FILES = [
    file_of(payment([paid("A0000001")], trace="T1", day="20260301"), control=1),
    # the reversal is deferred by WO, and what is left of the payment is paid
    file_of(
        payment([paid("A0000001", sign=-1), paid("A0000002", "P2")], trace="T2", day="20260308",
                plb=[(f"WO:{MEDICARE}", -8000)]),
        control=2,
    ),
    # half of it is taken, and the other half
    file_of(payment([paid("A0000003", "P3")], trace="T3", day="20260315", plb=[(f"WO:{ICN}", 5000)]), control=3),
    file_of(payment([paid("A0000004", "P4")], trace="T4", day="20260322", plb=[(f"WO:{MEDICARE}", 3000)]), control=4),
    # a negative total is carried forward, through a payment that cannot settle all of it
    file_of(payment([paid("A0000002", "P2", -1)], trace="T5", day="20260329", method="NON", plb=[("FB:T5", -8000)]), control=5),
    file_of(
        payment([claim("A0000005", line("97110", 5000, 4000))], trace="T6", day="20260405", method="NON",
                plb=[("FB:T5", 8000), ("FB:T6", -4000)]),
        control=6,
    ),
    file_of(
        payment([claim("A0000006", line("97110", 5000, 4900))], trace="T7", day="20260412",
                plb=[("FB:T6", 4000), ("L6:P9", -42), ("ZZ:X", 7)]),
        control=7,
    ),
]  # fmt: skip


@pytest.fixture
def desk_with_claims(desk_lite):
    desk_lite.submit(*(two_lines(f"A000000{number}", 10 * number) for number in range(1, 7)))
    return desk_lite


def test_chains_are_tied_to_claims_reversals_and_the_payments_that_they_lower(desk):
    desk.submit(*(two_lines(f"A000000{number}", 10 * number) for number in range(1, 7)))
    manifest = desk.ingest(*FILES)
    assert {one.outcome for one in manifest.files} == {"posted"}
    by_reason = {one.reasons: one for one in chains(desk)}
    taken = by_reason["WO",]
    roots = dict(desk.rows("SELECT patient_control_number, id FROM claim"))
    assert (taken.state.value, taken.claim, taken.deferred) == ("net_zero", roots["A0000001"], 8000)
    assert [(one.trace_number, one.paid) for one in taken.reversals] == [("T2", -8000)]
    assert [one.trace_number for one in taken.reduced] == ["T3", "T4"]
    carried = by_reason["FB",]
    assert (carried.state.value, carried.claim, carried.notes) == ("net_zero", roots["A0000002"], ())
    assert [one.trace_number for one in carried.entries] == ["T5", "T6", "T6", "T7"]
    assert by_reason["L6",].state.value == "final"
    assert by_reason["ZZ",].state.value == "unknown"
    assert [
        one.code
        for file in manifest.files
        for pay in file.payments
        for one in pay.findings
        if "TKB" in one.code
    ] == ["TKB002"]


def test_no_cent_of_a_provider_adjustment_is_on_a_line_or_a_claim(desk_with_claims):
    desk = desk_with_claims
    desk.ingest(FILES[0])
    books = "SELECT patient_control_number, paid, contractual, patient, denied, open_balance FROM claim ORDER BY 1"
    before = desk.rows(books)
    desk.ingest(
        file_of(
            payment(
                [],
                trace="T9",
                day="20260420",
                method="NON",
                bank=0,
                plb=[(f"WO:{MEDICARE}", 100), ("72:X", -100)],
            )
        )
    )
    assert desk.rows(books) == before
    assert desk.rows("SELECT count(*) FROM provider_adjustment") == [(2,)]
    assert desk.broken() == []


def test_the_order_of_files_does_not_matter(desk_with_claims, tmp_path):
    desk = desk_with_claims
    orders = list(itertools.permutations(range(len(FILES))))
    found = []
    for order in (orders[0], orders[-1], orders[1777], orders[3333]):
        for table in (
            "posting", "denial", "service_payment", "claim_payment_content", "claim_payment", "provider_adjustment",
            "claim_finding", "file_transaction", "remittance", "payer_claim_control_number", "file",
        ):  # fmt: skip
            desk.sql(f"DELETE FROM {table}")
        desk.ingest(*(FILES[place] for place in order))
        found.append(plain(chains(desk)))
    assert found[0] == found[1] == found[2] == found[3]
    assert {one.state.value for one in found[0]} == {"net_zero", "final", "unknown"}


def test_as_of_a_day_the_open_recoupment_is_what_was_not_taken_by_then(desk_with_claims):
    desk = desk_with_claims
    desk.ingest(*FILES)
    (open_then,) = chains(desk, as_of=date(2026, 3, 15))
    assert (open_then.state.value, open_then.balance) == ("open", -3000)
    with desk.store.read() as connection:
        scope = Scope(today=date(2026, 3, 15), as_of=date(2026, 3, 15))
        answer = REPORT.read(connection, scope, "payer")
        assert (answer.total["open"], answer.total["to_be_taken"], answer.total["unexplained"]) == (
            1,
            3000,
            0,
        )
        (row,) = REPORT.rows_of("chains").read(connection, scope, "payer")
        assert (row["claim"], row["reversals"], row["deferred_by"], row["reduced"]) == (
            "A0000001",
            "A0000001",
            "T2",
            "T3",
        )
        everything = Scope(today=date(2026, 5, 1))
        answer = REPORT.read(connection, everything, "state")
        assert {row["group"]: row["chains"] for row in answer.rows} == {
            "net_zero": 2,
            "final": 1,
            "unknown": 1,
        }
        assert answer.total["final"] == -35
        entries = list(REPORT.rows_of("entries").read(connection, everything, "reason"))
        assert (
            sum(row["amount"] for row in entries)
            == desk.rows("SELECT sum(cents) FROM provider_adjustment")[0][0]
        )
        late = Scope(today=date(2026, 5, 1), since=date(2026, 4, 1), practice="orchard")
        assert len(list(REPORT.rows_of("chains").read(connection, late, "payer"))) == 2
        assert REPORT.read(connection, Scope(today=date(2026, 5, 1), payer="nobody"), "payer").rows == []


def test_money_taken_for_a_claim_that_was_never_reversed_is_open_against_it(desk_with_claims):
    desk = desk_with_claims
    desk.ingest(
        FILES[0],
        file_of(payment([paid("A0000003", "P3")], trace="T8", plb=[(f"WO:{MEDICARE}", 5000)]), control=8),
    )
    (root,) = desk.rows("SELECT id FROM claim WHERE patient_control_number = 'A0000001'")[0]
    assert told(desk) == [(("WO",), "open", 5000, root)]
    with desk.store.read() as connection:
        (story,) = stories(connection, "A0000001")
        assert [one.balance for one in story.takebacks] == [5000]
        assert len(claim_chains(connection, load_tables(), root)) == 1
    (text,) = [one for one in story_lines([story], {}, show_phi=False) if "take-back" in one]
    assert "WO 2225300000210 A0000001" in text
    assert "5.00" not in text.split("taken")[0]
    assert "50.00 taken, and no reversal explains it; on no line" in text
    assert story_json(story, {}, show_phi=False)["takebacks"][0]["balance"] == "50.00"


def test_a_reference_that_names_two_claims_or_another_payers_is_tied_to_none(desk_with_claims):
    desk = desk_with_claims
    desk.ingest(FILES[0])
    other = file_of(
        payment([], trace="T8", bank=-5000, payer="1999999999", plb=[(f"WO:{MEDICARE}", 5000)]), control=8
    )
    desk.ingest(other.replace(b"*XV*PAYOR123", b"*XV*ELSEWHERE").replace(b"BPR*I*-50*", b"BPR*I*-50*"))
    assert [one[3] for one in told(desk)] == [None]


def test_a_carried_balance_in_a_payment_that_is_not_zero_is_warned_of(desk_with_claims):
    manifest = desk_with_claims.ingest(
        file_of(payment([paid("A0000001")], trace="T8", plb=[("FB:T8", -500)]), control=8)
    )
    assert [one.code for one in manifest.files[0].payments[0].findings if one.code.startswith("TKB")] == [
        "TKB001"
    ]
    assert chains(desk_with_claims)[0].notes == ("bank_not_zero",)
