"""A check number that a person keys with other zeros or letters is the number that the payer sent."""

from __future__ import annotations

import importlib
from datetime import date

import msgspec
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations

from cli.jobs.holds import Decider
from cli.jobs.linking import link
from cli.jobs.posting import Tools
from edi.codes.lookup import load_tables
from edi.payers.profile import RemitIdentity
from reconcile.store.journal import Dating, write_journal
from tests.builders import make_claim, make_line
from tests.jobs.conftest import NOW
from tests.jobs.hand_desk import PAYERS, add, both_lines
from tests.remits import claim, file_of, line, payment

NAMED = {"acme": msgspec.structs.replace(PAYERS["acme"], remit=RemitIdentity(names=("ACME HEALTH",)))}
SCRIPT = importlib.import_module("reconcile.store.migrations.versions.0010_trace_numbers_as_keyed")
SUMS = "SELECT billed, paid, contractual, patient, open_balance FROM claim WHERE id = root"
LINES = line("97110", 5000, 4000), line("97140", 5000, 3000, adjustments=["CO*45*10", "PR*2*10"])


def sent(trace):
    """The 835 of the paper EOB of `both_lines`."""
    return file_of(payment([claim("A0000001", *LINES)], trace=trace, day="20260330"))


@pytest.mark.parametrize(
    ("sent_as", "keyed"), [("0055A01", "55a01"), ("55a01", "00055A01"), ("55001", "055001")]
)
@pytest.mark.parametrize("paper_first", [False, True])
def test_a_check_keyed_otherwise_than_its_835_posts_once(desk_lite, sent_as, keyed, paper_first):
    desk = desk_lite
    desk.submit()
    steps = [
        lambda: desk.ingest(sent(sent_as), payers=NAMED),
        lambda: add(desk, both_lines(reference=keyed)),
    ]
    first, second = (step() for step in (reversed(steps) if paper_first else steps))
    assert [one.outcome for one in first.files[0].payments] == ["posted"]
    (held,) = second.files[0].payments
    assert (held.outcome, [one.code for one in held.findings][-1]) == ("conflict", "ING011")
    assert desk.rows(SUMS) == [(10000, 7000, 2000, 1000, 0)]
    assert desk.rows("SELECT COUNT(*) FROM remittance") == [(1,)]
    assert desk.broken() == []


def test_a_store_of_before_gets_the_names_of_now(desk):
    """Every table that names a payment: posted, set aside, journal, decisions of people and what they left."""
    strange = make_claim(
        patient_control_number="B0000002", lines=(make_line(1, "97530", line_control_number="L0000009"),)
    )
    desk.submit(make_claim(), strange)
    unknown = claim("X99", line("97530", 5000, 4000), payer_number="P1")
    desk.ingest(file_of(payment([claim("A0000001", *LINES), unknown], trace="000a5")))
    desk.ingest(file_of(payment([claim("A0000001", line("97110", 11000, 11000))], trace="000a5"), control=2))
    ((number,),) = desk.rows("SELECT id FROM claim_payment WHERE outcome <> 'posted'")
    link(str(number), "B0000002", Decider(store=desk.store, tools=Tools(load_tables(), {}), now=NOW))
    with desk.store.write() as connection:
        write_journal(connection, "orchard", Dating(today=date(2026, 4, 1)))
    digest = desk.digest(with_files=True)
    renamed = [
        f"UPDATE {table} SET {column} = replace({column}, '|A5|', '|000a5|')"
        for table, column in (
            ("remittance", "payment_key"),
            ("file_transaction", "payment_key"),
            ("journal_entry", "payment_key"),
            ("event", "subject"),
            ("hold_release", "subject"),
            ("claim_alias", "subject"),
        )
    ]
    desk.sql(*renamed)
    assert desk.digest(with_files=True) != digest
    with desk.store.write() as connection, Operations.context(MigrationContext.configure(connection)):
        SCRIPT.rename()
    assert desk.digest(with_files=True) == digest
    assert desk.broken() == []


def test_two_posted_payments_never_get_one_name():
    """Which of two writings is wrong nobody knows: both stay, and so does what hangs on them."""
    posted = [
        "P|N|01|2026-03-20|5",
        "P|N|1|2026-03-20|5",
        "P|N|a|2026-03-20|5",
        "P|N|A0|d|5",
        "P|N|00|d|5|abc",
    ]
    assert SCRIPT.renamed(posted, ["", "P|N|01|2026-03-20|5", "P|N|007|2026-03-20|5", "odd"]) == {
        "P|N|a|2026-03-20|5": "P|N|A|2026-03-20|5",
        "P|N|00|d|5|abc": "P|N|0|d|5|abc",
        "P|N|007|2026-03-20|5": "P|N|7|2026-03-20|5",
    }
    assert SCRIPT.renamed(["P|N|01|d|5", "P|N|001|d|5"], []) == {"P|N|001|d|5": "P|N|1|d|5"}
