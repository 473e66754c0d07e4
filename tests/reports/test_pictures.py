"""Which groups a picture shows when there are too many, and what its axis counts."""

from __future__ import annotations

from datetime import date

import pytest

from cli.jobs.reports.answer import Asked, Found
from cli.jobs.reports.picture import draw
from reconcile.reports.registry import Answer, Scope, report


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Draws rows of a report as SVG with its words as text."""
    import matplotlib as mpl

    def command(name, rows, by):
        asked = Asked(report=report(name), by=by, scope=Scope(today=date(2026, 4, 1)))
        path = tmp_path / "picture.svg"
        with mpl.rc_context({"svg.fonttype": "none"}):
            draw(Found(asked=asked, answer=Answer(rows), rows=[], total=None, notes=()), path)
        return path.read_text(encoding="utf-8")

    return command


def row(name, columns, **values):
    return {**dict.fromkeys((one.name for one in columns), 0), "group": name, **values}


def test_of_many_payments_the_largest_are_shown_in_their_order(drawn):
    columns = report("payments").columns
    rows = [row(f"PAY{number:02d}", columns, amount=number * 100) for number in range(40)]
    text = drawn("payments", rows, "payment")
    assert "the largest 16 of 40" in text
    shown = [number for number in range(40) if f"PAY{number:02d}" in text]
    assert shown == list(range(24, 40))
    assert text.index("PAY24") < text.index("PAY39")


def test_what_is_no_money_is_cut_in_the_order_of_the_table_and_names_its_unit(drawn):
    columns = report("payers").columns
    rows = [row(f"PAYER{number:02d}", columns, lag_p50=number, lag_p90=number) for number in range(20)]
    text = drawn("payers", rows, "payer")
    assert "the first 16 of 20" in text
    assert "PAYER00" in text
    assert "PAYER19" not in text
    assert "days from submission to payment" in text
