"""`export postings` and `close month`: each posting told once, closed days left alone, differences as entries."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from datetime import date, datetime

import pytest
from sqlalchemy import event

from cli.jobs.closing import close_month
from cli.jobs.deposits import ImportRequest, import_deposits
from cli.jobs.export import COLUMNS, ExportRequest, export_postings, print_again
from cli.jobs.holds import release, undo
from edi.model.errors import UsageError
from reconcile.store import register_practices
from reconcile.store.journal import Dating, collected, posting_day
from reconcile.store.journal_copy import carry_over
from tests.builders import make_claim
from tests.jobs.hand_desk import PAYERS, add, both_lines, opening, patient, table
from tests.jobs.test_held_release import decider, waiting_names
from tests.remits import claim, file_of, line, payment

TODAY = date(2026, 5, 2)


class Told(list):
    """The bytes that came out."""

    def __call__(self, blocks):
        self.append(b"".join(blocks))


def export(desk, *, since=None, form="csv", dating=None, dry_run=False):
    """Rows of a new batch, and what was printed."""
    told = Told()
    request = ExportRequest(
        practices=("orchard",),
        known=desk.practices,
        dating=dating or Dating(today=TODAY),
        now=datetime(2026, 5, 2, 8, 0),
        since=since,
        form=form,
        dry_run=dry_run,
    )
    batch = export_postings(request, desk.store, told)
    text = told[0].decode()
    rows = json.loads(text)["entries"] if form == "json" else list(csv.DictReader(io.StringIO(text)))
    assert (batch.entries if batch else 0) == len(rows)
    return rows, told[0]


def close(desk, through, **options):
    dating = options.pop("dating", Dating(today=TODAY))
    now = datetime(2026, 5, 1, 8, 0)
    return close_month(desk.store, ("orchard",), through, dating, known=desk.practices, now=now, **options)


def first(desk, **changes):
    """An 835 that pays both lines of the claim."""
    lines = line("97110", 5000, 4000), line("97140", 5000, 3000, adjustments=["CO*45*10", "PR*2*10"])
    desk.ingest(file_of(payment([claim("A0000001", *lines)], trace="T1", **changes)), payers=PAYERS)


def reversal(desk, day="20260420"):
    """An 835 that takes the first one back and pays less."""
    back = (
        line("97110", -5000, -4000, adjustments=["CO*45*-10"]),
        line("97140", -5000, -3000, adjustments=["CO*45*-10", "PR*2*-10"]),
    )
    anew = (
        line("97110", 5000, 2500, adjustments=["CO*45*25"]),
        line("97140", 5000, 3000, adjustments=["CO*45*10", "PR*2*10"]),
    )
    claims = [claim("A0000001", *back, status="22"), claim("A0000001", *anew)]
    desk.ingest(file_of(payment(claims, trace="T2", day=day), control=2), payers=PAYERS)


def bank(desk, trace, words):
    """What came in at the bank on the 24th of March for the first 835."""
    text = f"deposit_date,amount,trace_number,description\n2026-03-24,70.00,{trace},{words}\n"
    paths = (desk.file(text.encode(), "bank.csv"),)
    import_deposits(ImportRequest(paths=paths, now=datetime(2026, 5, 2, 8, 0), today=TODAY), desk.store)


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ({}, "2026-03-20"),  # the bank's words name nobody that is known
        ({"names": {"acme": ("BLUE PLAN",)}}, "2026-03-24"),
        ({"names": {"acme": ("BLUE PLAN",)}, "window_days": 3}, "2026-03-20"),
    ],
)
def test_deposits_are_tied_as_the_settings_say(desk_lite, given, day):
    desk_lite.submit()
    first(desk_lite)
    desk_lite.sql("UPDATE remittance SET payer_key = 'acme'")
    bank(desk_lite, "", "BLUE PLAN DES MOINES")
    rows, _ = export(desk_lite, dating=Dating(rule="deposit", today=TODAY, **given))
    assert {one["posting_date"] for one in rows} == {day}


def movements(rows):
    return sorted((one["account"], one["amount"], one["posting_date"]) for one in rows)


def test_a_payment_released_as_a_whole_is_told_to_its_amount(desk):
    """BPR02 is a dollar more than the claims: the dollar is the practice's, in suspense, until it is taken back."""
    desk.submit()
    first(desk, bank=7100)
    ((name, _),) = waiting_names(desk)
    release(name, "the bank has it", decider(desk))
    rows, _ = export(desk)
    (own,) = [one for one in rows if not one["patient_control_number"]]
    assert (own["account"], own["amount"], own["line_number"], own["reason"]) == ("suspense", "1.00", "", "")
    assert own["trace_number"] == "T1"
    cash = [one["amount"] for one in rows if one["account"] == "paid" or one is own]
    assert sum(map(float, cash)) == 71.00
    assert desk.broken() == []
    assert export(desk)[0] == []
    undo(name, "no", decider(desk))
    back, _ = export(desk)
    assert ("suspense", "-1.00") in [(one["account"], one["amount"]) for one in back]
    assert desk.broken() == []


def test_a_batch_has_what_a_practice_books(desk):
    desk.submit()
    first(desk)
    add(desk, table(patient("4.00")), "desk.csv")
    rows, _ = export(desk)
    assert movements(rows) == [
        ("contractual", "10.00", "2026-03-20"), ("contractual", "10.00", "2026-03-20"), ("paid", "30.00", "2026-03-20"),
        ("paid", "40.00", "2026-03-20"), ("patient", "10.00", "2026-03-20"), ("patient_paid", "4.00", "2026-04-01"),
    ]  # fmt: skip
    share = next(one for one in rows if one["account"] == "patient")
    assert {name: share[name] for name in COLUMNS if name not in ("entry", "payer_name")} == {
        "batch": "1", "posting_date": "2026-03-20", "practice_id": "orchard", "patient_id": "P1",
        "patient_control_number": "A0000001", "line_number": "2", "line_control_number": "L0000002",
        "date_of_service": "2026-03-10", "procedure_code": "97140", "modifiers": "GP", "account": "patient",
        "amount": "10.00", "group": "PR", "reason": "2", "payer": "1512345678", "source": "835", "trace_number": "T1",
        "payment_date": "2026-03-20", "patient_balance": "6.00", "reference": "",
    }  # fmt: skip
    assert desk.broken() == []


def test_nothing_is_told_twice_and_a_batch_is_printed_again_as_it_was(desk):
    desk.submit()
    first(desk)
    rows, printed = export(desk)
    assert len(rows) == 5
    assert export(desk)[0] == []
    first(desk)
    assert export(desk)[0] == []
    reversal(desk)
    again = Told()
    print_again(desk.store, 1, None, again)
    assert again == [printed]
    with pytest.raises(UsageError, match="the last one is 1"):
        print_again(desk.store, 2, None, again)
    with pytest.raises(UsageError, match="told as csv"):
        print_again(desk.store, 1, "json", again)


def test_a_correction_goes_out_as_the_difference(desk):
    desk.submit()
    first(desk)
    export(desk)
    reversal(desk)
    rows, _ = export(desk)
    sums = {}
    for one in rows:
        sums[one["account"]] = sums.get(one["account"], 0) + round(float(one["amount"]) * 100)
    assert {account: cents for account, cents in sums.items() if cents} == {
        "paid": -1500,
        "contractual": 1500,
    }
    assert {one["posting_date"] for one in rows} == {"2026-04-20"}
    told = desk.rows("SELECT account, SUM(cents) FROM journal_entry GROUP BY account ORDER BY account")
    stands = desk.rows("SELECT account, SUM(cents) FROM posting GROUP BY account ORDER BY account")
    assert [(name, int(cents)) for name, cents in told] == [(name, int(cents)) for name, cents in stands]
    assert desk.broken() == []


def test_an_earlier_payment_that_comes_late_moves_what_was_told(desk_lite):
    """The later payer's answer was told first; the first payer's comes in after it and takes its place."""
    desk_lite.submit(make_claim(later_payers=("beta",)))
    second = line("97110", 5000, 1000, adjustments=["OA*23*40"])
    desk_lite.ingest(
        file_of(
            payment(
                [claim("A0000001", second, charge=5000, status="2")],
                trace="S1",
                day="20260410",
                payer="BETA1",
            )
        ),
        payers=PAYERS,
    )
    export(desk_lite)
    first(desk_lite)
    rows, _ = export(desk_lite)
    assert rows
    told = desk_lite.rows(
        "SELECT account, SUM(cents) FROM journal_entry GROUP BY account HAVING SUM(cents) <> 0"
    )
    stands = desk_lite.rows(
        "SELECT account, SUM(cents) FROM posting WHERE account <> 'memo' GROUP BY account HAVING SUM(cents) <> 0"
    )
    assert sorted(told) == sorted(stands)
    assert export(desk_lite)[0] == []


def test_since_leaves_the_rest_for_a_batch_without_it(desk_lite):
    desk_lite.submit()
    first(desk_lite)
    add(desk_lite, table(patient("4.00")), "desk.csv")
    rows, _ = export(desk_lite, since=date(2026, 4, 1))
    assert movements(rows) == [("patient_paid", "4.00", "2026-04-01")]
    assert len(export(desk_lite)[0]) == 5


def test_a_dry_run_tells_and_notes_nothing(desk):
    desk.submit()
    first(desk)
    before, kept = desk.digest(with_files=True), sorted((desk.folder / "vault").rglob("*"))
    assert len(export(desk, dry_run=True)[0]) == 5
    assert desk.digest(with_files=True) == before
    assert sorted((desk.folder / "vault").rglob("*")) == kept


def test_json_is_one_document_with_the_same_rows(desk_lite):
    desk_lite.submit()
    first(desk_lite)
    rows, _ = export(desk_lite, form="json")
    paid = next(one for one in rows if one["account"] == "paid")
    assert (paid["amount"], paid["line_number"], paid["group"]) == ("40.00", 1, None)
    assert desk_lite.broken() == []
    assert json.loads(export(desk_lite, form="json")[1]) == {
        "schema_version": 1,
        "batch": None,
        "entries": [],
    }


def test_nothing_posts_in_a_closed_month(desk):
    desk.submit()
    first(desk)
    done = close(desk, date(2026, 3, 31))
    assert [(one.through, one.new, one.cents) for one in done.closed] == [(date(2026, 3, 31), 5, 10000)]
    assert close(desk, date(2026, 3, 31)).already == ("orchard",)
    reversal(desk, day="20260325")
    add(desk, table(patient("4.00", date="2026-03-30")), "desk.csv")
    rows, _ = export(desk)
    assert {one["posting_date"] for one in rows if one["trace_number"] == "T1"} == {"2026-03-20"}
    late = {
        one["posting_date"] for one in rows if one["trace_number"] == "T2" or one["account"] == "patient_paid"
    }
    assert late == {"2026-04-01"}
    close(desk, date(2026, 4, 30))
    assert desk.broken() == []


def test_a_day_that_is_not_over_is_not_closed(desk_lite):
    with pytest.raises(UsageError, match="days that are over"):
        close(desk_lite, TODAY)


def test_closed_through_of_the_settings_holds_for_all(desk_lite):
    desk_lite.submit()
    first(desk_lite)
    dating = Dating(today=TODAY, floor=date(2026, 3, 31))
    assert {one["posting_date"] for one in export(desk_lite, dating=dating)[0]} == {"2026-04-01"}


@pytest.mark.parametrize(
    ("rule", "day"), [("remittance", "2026-03-20"), ("ingest", "2026-03-21"), ("deposit", "2026-03-24")]
)
def test_the_day_is_the_one_that_the_settings_want(desk_lite, rule, day):
    desk_lite.submit()
    first(desk_lite)
    bank(desk_lite, "T1", "ACME HEALTH")
    rows, _ = export(desk_lite, dating=Dating(rule=rule, today=TODAY))
    assert {one["posting_date"] for one in rows} == {day}


@pytest.mark.parametrize(
    ("natural", "closed", "posted"),
    [
        (date(2026, 3, 20), None, date(2026, 3, 20)),
        (date(2026, 3, 20), date(2026, 2, 28), date(2026, 3, 20)),
        (date(2026, 2, 28), date(2026, 2, 28), date(2026, 3, 1)),
        (date(2025, 1, 1), date(2026, 2, 28), date(2026, 3, 1)),
    ],
)
def test_posting_day(natural, closed, posted):
    assert posting_day(natural, closed) == posted


def test_collected_is_the_cash_whatever_is_in_the_journal(desk):
    desk.submit()
    first(desk)
    add(desk, table(patient("4.00"), patient("-1.00", date="2026-04-09")), "desk.csv")

    def sums():
        with desk.store.read() as connection:
            found = {}
            for one in collected(connection, Dating(today=TODAY)):
                key = (one.remittance_id is None, one.posting_date.isoformat())
                found[key] = found.get(key, 0) + one.cents
            return found

    before = {(False, "2026-03-20"): 7000, (True, "2026-04-01"): 400, (True, "2026-04-09"): -100}
    assert sums() == before
    close(desk, date(2026, 3, 31))
    assert sums() == before
    export(desk)
    assert sums() == before
    reversal(desk, day="20260325")
    assert sums() == {**before, (False, "2026-04-01"): -1500}


def test_a_rebuilt_store_keeps_the_journal_as_it_was_told(desk, tmp_path):
    desk.submit()
    first(desk)
    add(desk, table(patient("4.00"), opening("20.00", payer="", claim="OLD7", procedure_code="")), "desk.csv")
    close(desk, date(2026, 3, 31))
    export(desk)
    other = type(desk)(f"sqlite:///{tmp_path / 'again.db'}", tmp_path)
    other.submit(make_claim(patient_control_number="B0000001"), make_claim())
    add(
        other, table(patient("4.00"), opening("20.00", payer="", claim="OLD7", procedure_code="")), "desk.csv"
    )
    first(other)
    with desk.store.read() as source, other.store.write() as target:
        assert carry_over(source, target) == len(desk.rows("SELECT id FROM journal_entry"))

    def journal(one):
        from reconcile.store.digest import table_digests

        with one.store.read() as connection:
            return table_digests(connection)["journal_entry"]

    assert journal(other) == journal(desk)
    other.store.close()


def test_two_practices_have_books_of_their_own(desk_lite):
    desk_lite.submit()
    first(desk_lite)
    with desk_lite.store.write() as connection:
        register_practices(connection, ())
    result = close_month(
        desk_lite.store, ("orchard", "willow"), date(2026, 3, 31), Dating(today=TODAY),
        known=desk_lite.practices, now=datetime(2026, 5, 1),
    )  # fmt: skip
    assert [(one.practice_id, one.entries) for one in result.closed] == [("orchard", 5), ("willow", 0)]


def test_paper_says_that_it_is_paper(desk_lite):
    desk_lite.submit()
    add(desk_lite, both_lines())
    assert {one["source"] for one in export(desk_lite)[0]} == {"paper_eob"}


def test_what_was_told_of_a_payment_that_is_in_the_books_no_more_is_taken_back(desk):
    desk.submit()
    first(desk, bank=9000)
    ((digest, position),) = desk.rows("SELECT file_sha256, position FROM file_transaction")
    name = f"transaction:{digest}/{position}"
    release(name, "the bank confirms", decider(desk))
    assert export(desk)[0]
    undo(name, "another bank account", decider(desk))

    def told():
        with desk.store.read() as connection:
            found = list(collected(connection, Dating(today=TODAY)))
        assert not any(one.by_patient for one in found)
        return sorted((one.written, one.posting_date.isoformat(), one.cents) for one in found)

    assert told() == [(False, "2026-03-20", -7000), (True, "2026-03-20", 7000)]
    close(desk, date(2026, 3, 31))
    assert told() == [(True, "2026-03-20", 0)]


def with_adjustments(desk, plb, *, control=1, **changes):
    """An 835 that pays both lines, less what the payer takes at the level of the practice."""
    lines = line("97110", 5000, 4000), line("97140", 5000, 3000, adjustments=["CO*45*10", "PR*2*10"])
    one = payment([claim("A0000001", *lines)], trace="T1", plb=plb, **changes)
    desk.ingest(file_of(one, control=control), payers=PAYERS)


def cents_in(rows, *accounts):
    return sum(round(float(one["amount"]) * 100) for one in rows if one["account"] in accounts)


@pytest.mark.parametrize(
    "plb", [[("WO:OLD77", 1500)], [("L6:", -250), ("WO:OLD77", 1000), ("WO:OLD78", 1000)]]
)
def test_the_entries_of_a_remittance_come_to_its_amount(desk, plb):
    desk.submit()
    with_adjustments(desk, plb)
    ((amount,),) = desk.rows("SELECT amount FROM remittance")
    rows, _ = export(desk)
    assert cents_in(rows, "paid", "provider_adjustment") == amount == 7000 - sum(cents for _, cents in plb)
    taken = [one for one in rows if one["account"] == "provider_adjustment"]
    assert sorted((one["reason"], one["reference"], one["amount"]) for one in taken) == sorted(
        (name.partition(":")[0], name.partition(":")[2], f"{-cents / 100:.2f}") for name, cents in plb
    )
    for one in taken:
        assert (one["trace_number"], one["source"], one["practice_id"]) == ("T1", "835", "orchard")
        for name in ("patient_id", "patient_control_number", "line_number", "line_control_number", "procedure_code",
                     "date_of_service", "patient_balance"):  # fmt: skip
            assert one[name] == "", name
    assert export(desk)[0] == []  # told once
    assert desk.broken() == []


def test_an_adjustment_of_a_closed_month_is_told_on_the_first_open_day(desk):
    desk.submit()
    first(desk)
    close(desk, date(2026, 3, 31))
    one = payment([], trace="T9", plb=[("WO:OLD77", -1500)], day="20260325")
    desk.ingest(file_of(one, control=5), payers=PAYERS)
    rows, _ = export(desk)
    taken = [one for one in rows if one["account"] == "provider_adjustment"]
    assert [(one["amount"], one["posting_date"]) for one in taken] == [("15.00", "2026-04-01")]


def test_an_adjustment_of_two_practices_payment_is_told_by_one_of_them(desk):
    desk.submit()
    with_adjustments(desk, [("WO:OLD77", 1500)])
    desk.sql("UPDATE remittance SET practice_id = 'willow\norchard'")
    rows, _ = export(desk)
    assert cents_in(rows, "provider_adjustment") == -1500  # PLB01 is the orchard's NPI
    desk.sql("DELETE FROM journal_entry", "UPDATE provider_adjustment SET provider = '1999999984'")
    rows, _ = export(desk)
    assert cents_in(rows, "provider_adjustment") == 0  # nobody's, so the first practice's


def test_any_number_of_adjustments_of_two_practices_payments_is_told(desk_lite):
    """More than a statement takes values, and places far beyond those of any other payment."""
    desk = desk_lite
    desk.submit()
    with_adjustments(desk, [("WO:OLD77", 1500)])
    desk.ingest(file_of(payment([], trace="T9", plb=[("WO:OLD78", -700)]), control=5), payers=PAYERS)
    ((npi,),) = desk.rows("SELECT DISTINCT provider FROM provider_adjustment")
    places = [*range(1, 301), 10_000, 20_000]
    values = ", ".join(f"(1, {one}, '{npi}', '2026-12-31', 'WO', 'x', 1)" for one in places)
    desk.sql(
        "UPDATE remittance SET practice_id = 'willow\norchard'",
        f"INSERT INTO provider_adjustment VALUES {values}",
        "UPDATE provider_adjustment SET provider = '1999999984' WHERE ordinal = 10000",
    )
    if desk.store.engine.dialect.name == "sqlite":  # PostgreSQL takes 65,535 of them
        event.listen(
            desk.store.engine,
            "checkout",
            lambda raw, *_: raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 200),
        )
    rows, _ = export(desk)
    assert cents_in(rows, "provider_adjustment") == -1500 + 700 - 301
