"""Cases of the ENR rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

CASES = {
    "ENR001": (
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(valid_from=date(2024, 8, 2))),
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(valid_from=date(2024, 8, 1))),
    ),
    "ENR002": (
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(status="out")),
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(status="in")),
    ),
    "ENR003": (
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(role="billing", status="pending")),
        lambda m: m.findings(m.draft(), enrolments=m.enrolments(role="billing", provider="")),
    ),
}
