"""Cases of the DSC rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

CASES = {
    "DSC001": (
        lambda m: m.findings(m.draft(m.row(modifiers=("59",)))),
        lambda m: m.findings(m.draft(m.row(modifiers=()), payer="commercial")),
    ),
    "DSC002": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "GO")))),
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "GP")))),
    ),
    "DSC003": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GO",)))),
        lambda m: m.findings(m.draft(m.row(modifiers=("GO",)), discipline="OT")),
    ),
    "DSC004": (
        lambda m: m.findings(m.draft(m.row("97161", modifiers=("GO",)))),
        lambda m: m.findings(m.draft(m.row("97165", modifiers=("GO",)), discipline="OT")),
    ),
}
