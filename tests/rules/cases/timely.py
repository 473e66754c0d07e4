"""Cases of the TIM rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

from edi.payers.profile import FilingPolicy

CASES = {
    "TIM001": (
        lambda m: m.findings(m.draft(), today=date(2024, 7, 31)),
        lambda m: m.findings(m.draft(), today=date(2024, 8, 1)),
    ),
    "TIM002": (
        lambda m: m.findings(m.draft(), today=date(2025, 8, 2)),
        lambda m: m.findings(m.draft(), today=date(2025, 8, 1)),
    ),
    "TIM003": (
        lambda m: m.findings(m.draft(), today=date(2025, 8, 2), payers=m.payers(filing=FilingPolicy())),
        lambda m: m.findings(m.draft(), today=date(2025, 8, 1), payers=m.payers(filing=FilingPolicy())),
    ),
}
