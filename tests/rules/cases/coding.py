"""Cases of the COD rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

CASES = {
    "COD001": (
        lambda m: m.findings(m.draft(m.row("971110"))),
        lambda m: m.findings(m.draft(m.row("97110"))),
    ),
    "COD002": (
        lambda m: m.findings(m.draft(m.row("97111"))),
        lambda m: m.findings(m.draft(m.row("99213"))),
    ),
    "COD003": (
        lambda m: m.findings(m.draft(m.row("97001", day=date(2017, 1, 2)))),
        lambda m: m.findings(m.draft(m.row("97001", day=date(2016, 12, 31)))),
    ),
    "COD004": (
        lambda m: m.findings(m.draft(m.row("99213"))),
        lambda m: m.findings(m.draft(m.row("97161"))),
    ),
    "COD005": (
        lambda m: m.findings(m.draft(m.row("97014"))),
        lambda m: m.findings(m.draft(m.row("97014"), payer="commercial")),
    ),
    "COD006": (lambda m: m.findings(m.draft(m.row(day=None))), lambda m: m.findings(m.draft())),
}
