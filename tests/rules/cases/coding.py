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
    "COD007": (
        lambda m: m.findings(m.draft(m.row("97130"))),
        lambda m: m.findings(m.draft(m.row("97129"), m.row("97130"))),
    ),
    "COD008": (
        lambda m: m.findings(m.draft(m.row("97810"), m.row("97813"))),
        lambda m: m.findings(m.draft(m.row("97813"), m.row("97811"), m.row("97129"))),
    ),
    "COD009": (
        lambda m: m.findings(m.draft(m.row("97162"), m.row("97164"))),
        lambda m: m.findings(
            m.draft(m.row("97162")), m.draft(m.row("97166", modifiers=("GO",)), discipline="OT")
        ),
    ),
    "COD010": (
        lambda m: m.findings(m.draft(m.row("97165"))),
        lambda m: m.findings(m.draft(m.row("97165"), discipline="OT")),
    ),
    "COD011": (
        lambda m: m.findings(m.draft(m.row("97139"))),
        lambda m: m.findings(m.draft(m.row("97139", line={"notes": (("ADD", "KINESIO TAPING 20 MIN"),)}))),
    ),
    "COD012": (
        lambda m: m.findings(m.draft(m.row("S8990"))),
        lambda m: m.findings(m.draft(m.row("S8990"), payer="commercial")),
    ),
    "COD013": (
        lambda m: m.findings(m.draft(m.row("97037"))),
        lambda m: m.findings(m.draft(m.row("97037", modifiers=("GP", "GY")))),
    ),
    "COD014": (
        lambda m: m.findings(m.draft(m.row("20560"))),
        lambda m: m.findings(m.draft(m.row("97129"))) + m.findings(m.draft(m.row("20560"), discipline="MD")),
    ),
    "COD015": (
        lambda m: m.findings(m.draft(m.row("97140", session={"line_note": "Massage of the neck, 15 min"}))),
        lambda m: m.findings(
            m.draft(m.row("97140", session={"line_note": "Joint mobilisation, then massage of the neck"}))
        ),
    ),
}
