"""Cases of the DUP rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

CASES = {
    "DUP001": (
        lambda m: m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110"),)),
        lambda m: (
            m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110", payer="commercial"),))
            + m.findings(m.draft(m.row("97140")), earlier=(m.earlier("97110", modifiers=("GO",)),))
            + m.findings(m.draft(m.row("97140", day=date(2024, 8, 2))), earlier=(m.earlier("97110"),))
        ),
    ),
}
