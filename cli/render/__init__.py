"""Everything a person or a script sees: tables, JSON, CSV, bars, masks. Data on stdout, talk on stderr."""

from __future__ import annotations

from cli.render.columns import label
from cli.render.console import (
    SCHEMA_VERSION,
    Cell,
    Row,
    bar,
    console_on,
    mask,
    money,
    output,
    progress,
    stderr,
    stdout,
    to_json,
    write_json,
)
from cli.render.csv_text import csv_cells
from cli.render.findings import finding_json, place, print_findings
from cli.render.rows import FORMS, check_target, write_rows
from cli.render.table import lay_out

__all__ = [
    "FORMS",
    "SCHEMA_VERSION",
    "Cell",
    "Row",
    "bar",
    "check_target",
    "console_on",
    "csv_cells",
    "finding_json",
    "label",
    "lay_out",
    "mask",
    "money",
    "output",
    "place",
    "print_findings",
    "progress",
    "stderr",
    "stdout",
    "to_json",
    "write_json",
    "write_rows",
]
