"""Cases of the COV rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

CASES = {
    "COV001": (
        lambda m: m.findings(m.draft(draft_coverage=m.coverage(coverage_from=date(2024, 8, 2)))),
        lambda m: m.findings(m.draft(draft_coverage=m.coverage(coverage_from=date(2024, 8, 1)))),
    ),
    "COV002": (
        lambda m: m.findings(m.draft(draft_coverage=m.coverage(coverage_to=date(2024, 7, 31)))),
        lambda m: m.findings(m.draft(draft_coverage=m.coverage(coverage_to=date(2024, 8, 1)))),
    ),
    "COV003": (
        lambda m: m.findings(m.draft(draft_patient=m.patient(death_date=date(2024, 7, 31)))),
        lambda m: m.findings(m.draft(draft_patient=m.patient(death_date=date(2024, 8, 1)))),
    ),
}
