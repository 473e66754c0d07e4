"""Cases of the MOD rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

CASES = {
    "MOD001": (
        lambda m: m.findings(m.draft(m.row(modifiers=("59", "GP", "KX", "CQ", "96")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("59", "GP", "KX", "CQ")))),
    ),
    "MOD002": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "59", "GP")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "59")))),
    ),
    "MOD003": (
        lambda m: m.findings(m.draft(m.row(modifiers=("ZZ",)))),
        lambda m: m.findings(m.draft(m.row(modifiers=("U9",)))),
    ),
    "MOD004": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP59",)))),
        lambda m: m.findings(m.draft(m.row(modifiers=("ZZ",)))),
    ),
    "MOD005": (
        lambda m: m.findings(m.draft(m.row(modifiers=("SZ",), day=date(2018, 1, 1)))),
        lambda m: m.findings(m.draft(m.row(modifiers=("SZ",), day=date(2017, 12, 31)))),
    ),
    "MOD006": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "59")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("59", "GP")))),
    ),
    "MOD007": (
        lambda m: m.findings(m.draft(m.row(modifiers=("59", "XS", "GP")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("XS", "GP")))),
    ),
    "MOD008": (
        lambda m: m.findings(m.draft(m.row("97161", modifiers=("25", "GP")))),
        lambda m: m.findings(m.draft(m.row("99213", modifiers=("25",)), discipline="DC")),
    ),
    "MOD009": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "PN")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "59")))),
    ),
    "MOD010": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "U1")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("U1", "GP")), payer="medicaid")),
    ),
    "MOD011": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "99")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("59", "GP", "KX", "96", "CR", "99")))),
    ),
}
