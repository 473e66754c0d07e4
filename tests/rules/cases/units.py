"""Cases of the UNT rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from edi.payers.profile import UnitsPolicy

CASES = {
    "UNT001": (
        lambda m: m.findings(m.draft(m.row(units="1.5"))),
        lambda m: m.findings(m.draft(m.row(units="2", minutes=30))),
    ),
    "UNT002": (
        lambda m: m.findings(m.draft(m.row(units="1", minutes=23))),
        lambda m: m.findings(m.draft(m.row(units="1", minutes=22))),
    ),
    "UNT003": (
        lambda m: m.findings(m.draft(m.row(units="2", minutes=22))),
        lambda m: m.findings(m.draft(m.row(units="2", minutes=23))),
    ),
    "UNT004": (
        lambda m: m.findings(m.draft(m.row("97110", "1", 30), m.row("97140", "2", 15))),
        lambda m: m.findings(m.draft(m.row("97110", "2", 30), m.row("97140", "1", 15))),
    ),
    "UNT005": (
        lambda m: m.findings(m.draft(m.row("97150", "2", 45))),
        lambda m: m.findings(m.draft(m.row("97150", "1", 45))),
    ),
    "UNT006": (
        lambda m: m.findings(m.draft(m.row(minutes=None))),
        lambda m: m.findings(m.draft(m.row(minutes=None, visit_timed_minutes=15))),
    ),
    "UNT007": (
        lambda m: m.findings(m.draft(m.row("97112", "2", 20), m.row("97110", "1", 20))),
        lambda m: m.findings(m.draft(m.row("97112", "2", 24), m.row("97110", "1", 16))),
    ),
    "UNT008": (
        lambda m: m.findings(
            m.draft(m.row(units="5", minutes=75)),
            payers=m.payers(units=UnitsPolicy(max_timed_units_per_day=4)),
        ),
        lambda m: m.findings(
            m.draft(m.row(units="4", minutes=60)),
            payers=m.payers(units=UnitsPolicy(max_timed_units_per_day=4)),
        ),
    ),
}
