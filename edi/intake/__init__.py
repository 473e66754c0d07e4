"""What a practice exports, to values: rows to session lines and records, session lines to claims.

`read_table` makes rows of a file's bytes; `read_sessions`, `read_patients`, `read_cases`, `read_authorizations` and
`read_fees` make values of rows; `build_claims` makes claims of values.
"""

from __future__ import annotations

from edi.intake.charge import ChargeSummary, build_claims
from edi.intake.patients import read_patients
from edi.intake.records import read_authorizations, read_cases, read_fees
from edi.intake.rows import NOT_READ, RowRejected, TableSummary
from edi.intake.seen import SeenIds
from edi.intake.sessions import read_sessions, without_withdrawn
from edi.intake.table import Heading, Row, read_table, rows_of

__all__ = [
    "NOT_READ",
    "ChargeSummary",
    "Heading",
    "Row",
    "RowRejected",
    "SeenIds",
    "TableSummary",
    "build_claims",
    "read_authorizations",
    "read_cases",
    "read_fees",
    "read_patients",
    "read_sessions",
    "read_table",
    "rows_of",
    "without_withdrawn",
]
