"""Cases of the BND rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from edi.payers.profile import EditsPolicy

CASES = {
    "BND001": (
        lambda m: m.findings(m.draft(m.row("97140"), m.row("97124", modifiers=("59", "GP")))),
        lambda m: m.findings(m.draft(m.row("97140"), m.row("97124"), payer="workers_comp")),
    ),
    "BND002": (
        lambda m: m.findings(m.draft(m.row("98941"), m.row("97140"))),
        lambda m: m.findings(m.draft(m.row("98941"), m.row("97140", modifiers=("XS", "GP")))),
    ),
    "BND003": (
        lambda m: m.findings(m.draft(m.row("97010"))),
        lambda m: m.findings(m.draft(m.row("97010"), payer="workers_comp")),
    ),
    "BND004": (
        lambda m: m.findings(
            m.draft(m.row("97110"), m.row("97530")),
            payers=m.payers(edits=EditsPolicy(pairs=(("97110", "97530"),))),
        ),
        lambda m: m.findings(
            m.draft(m.row("97110"), m.row("97112")),
            payers=m.payers(edits=EditsPolicy(pairs=(("97110", "97530"),))),
        ),
    ),
}
