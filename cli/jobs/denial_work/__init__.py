"""The worklist: denials and underpaid lines in the order to work them, and what a biller does with them."""

from __future__ import annotations

from cli.jobs.denial_work.act import Done, do
from cli.jobs.denial_work.choose import Choice, Known, choose, pool
from cli.jobs.denial_work.desk import Case, Desk, read_contract
from cli.jobs.denial_work.hints import hints
from cli.jobs.denial_work.rows import (
    COLUMNS,
    CSV,
    NARROW,
    because,
    csv_rows,
    deed_row,
    denial_row,
    footer,
    table_rows,
)

__all__ = [
    "COLUMNS",
    "CSV",
    "NARROW",
    "Case",
    "Choice",
    "Desk",
    "Done",
    "Known",
    "because",
    "choose",
    "csv_rows",
    "deed_row",
    "denial_row",
    "do",
    "footer",
    "hints",
    "pool",
    "read_contract",
    "table_rows",
]
