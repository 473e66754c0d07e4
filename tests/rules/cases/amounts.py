"""Cases of the AMT rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

CASES = {
    "AMT001": (
        lambda m: m.findings(m.draft(m.row(charge=0))),
        lambda m: m.findings(m.draft(m.row(charge=1))),
    ),
    "AMT002": (
        lambda m: m.findings(m.draft(charge=50_01)),
        lambda m: m.findings(m.draft(m.row(), m.row("97140"), charge=100_00)),
    ),
    "AMT003": (
        lambda m: m.findings(m.draft(m.row(charge=10_000_01))),
        lambda m: m.findings(m.draft(m.row(charge=10_000_00))),
    ),
    "AMT004": (
        lambda m: m.findings(m.draft(patient_paid=-1)) and m.findings(m.draft(patient_paid=50_01)),
        lambda m: m.findings(m.draft(patient_paid=0)) + m.findings(m.draft(patient_paid=50_00)),
    ),
    "AMT005": (
        lambda m: m.findings(m.draft(m.row(charge=10_000_000_000))),
        lambda m: m.findings(m.draft(m.row(charge=9_999_999_999))),
    ),
}
