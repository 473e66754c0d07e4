"""Collections: the groups add up, closed months stay, patients and payers are told apart."""

from __future__ import annotations

from datetime import date

import pytest

from reconcile.reports.collections import REPORT, group_of, groups
from reconcile.reports.registry import Scope
from reconcile.store.journal import Dating
from reconcile.store.report_rows.collections import NO_DEPOSIT, PATIENTS, CollectedRow
from tests.jobs.conftest import Desk
from tests.jobs.hand_desk import add, both_lines, patient, table
from tests.jobs.test_export_postings import close, first, reversal

TODAY = date(2026, 5, 2)


@pytest.fixture
def desk(tmp_path):
    made = Desk(f"sqlite:///{tmp_path / 'claimloop.db'}", tmp_path)
    yield made
    made.store.close()


def collected(**changes) -> CollectedRow:
    fields = {
        "practice_id": "orchard", "posting_date": date(2026, 3, 20), "payer": "acme", "source": "835",
        "trace_number": "T1", "deposit": NO_DEPOSIT, "from_payers": 7000, "from_patients": 0, "written": False,
    }  # fmt: skip
    return CollectedRow(**{**fields, **changes})


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("practice", "orchard"), ("deposit", NO_DEPOSIT), ("posting_date", "2026-03-20"), ("month", "2026-03"),
        ("payer", "acme"), ("source", "835"),
    ],
)  # fmt: skip
def test_the_group_of_a_row(by, name):
    assert by in REPORT.groupings
    assert group_of(collected(), by) == name


def test_days_stand_in_order_and_others_by_size():
    rows = [
        collected(posting_date=date(2026, 4, 1), from_payers=100, payer="beta"),
        collected(),
        collected(payer=PATIENTS, from_payers=0, from_patients=300),
    ]
    assert [one["group"] for one in groups(rows, "posting_date")] == ["2026-03-20", "2026-04-01"]
    assert [(one["group"], one["collected"]) for one in groups(rows, "payer")] == [
        ("acme", 7000), (PATIENTS, 300), ("beta", 100),
    ]  # fmt: skip


def answer(desk, by="month", **scope):
    with desk.store.read() as connection:
        told = REPORT.read(connection, Scope(today=TODAY, **scope), by)
        behind = list(REPORT.rows_of("entries").read(connection, Scope(today=TODAY, **scope), by))
    for row in told.rows:
        mine = [one for one in behind if one["group"] == row["group"]]
        for name in ("from_payers", "from_patients", "collected"):
            assert row[name] == sum(one[name] for one in mine)
    return {row["group"]: (row["from_payers"], row["from_patients"]) for row in told.rows}, told.total


def test_a_closed_month_keeps_its_sum(desk):
    desk.submit()
    first(desk)
    add(desk, table(patient("4.00", date="2026-03-28")), "desk.csv")
    assert answer(desk)[0] == {"2026-03": (7000, 400)}
    close(desk, date(2026, 3, 31))
    reversal(desk, day="20260325")
    rows, whole = answer(desk)
    assert rows == {"2026-03": (7000, 400), "2026-04": (-1500, 0)}
    assert whole["collected"] == 5900
    assert answer(desk, until=date(2026, 3, 31))[0] == {"2026-03": (7000, 400)}
    assert answer(desk, since=date(2026, 4, 1))[0] == {"2026-04": (-1500, 0)}
    assert answer(desk, as_of=date(2026, 3, 19))[0] == {}


def test_paper_and_patients_are_named(desk):
    desk.submit()
    add(desk, both_lines())
    add(desk, table(patient("4.00")), "desk.csv")
    assert answer(desk, "source")[0] == {"paper_eob": (7000, 0), "patient": (0, 400)}
    assert answer(desk, "payer", payer="acme")[0] == {"acme": (7000, 0)}
    assert answer(desk, "practice", practice="willow")[0] == {}


def test_an_open_day_is_told_by_the_settings(desk):
    desk.submit()
    first(desk)
    dating = Dating(today=TODAY, floor=date(2026, 3, 31))
    assert answer(desk, dating=dating)[0] == {"2026-04": (7000, 0)}
    assert answer(desk, dating=Dating(today=TODAY, rule="ingest"))[0] == {"2026-03": (7000, 0)}
    assert answer(desk, "posting_date", dating=Dating(today=TODAY, rule="ingest"))[0] == {
        "2026-03-21": (7000, 0)
    }
