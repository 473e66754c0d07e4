"""Cases of the CHK rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

CASES = {
    "CHK001": (
        lambda m: m.findings(m.draft(m.row(day=date(2024, 6, 30)))),
        lambda m: m.findings(m.draft(m.row(day=date(2024, 7, 1)))),
    ),
    "CHK002": (
        lambda m: m.findings(m.draft()),
        lambda m: m.findings(m.draft(diagnoses=()), m.draft(m.row(day=date(2026, 5, 4)))),
    ),
    "CHK003": (lambda m: m.findings(m.draft(), enrolments=()), lambda m: m.findings(m.draft())),
}
