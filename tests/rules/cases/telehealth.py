"""Cases of the TEL rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

VIDEO, AUDIO = {"telehealth": "video"}, {"telehealth": "audio"}
HOME = {"place_of_service": "10"}

CASES = {
    "TEL001": (
        lambda m: m.findings(m.draft(m.row(session=VIDEO))),
        lambda m: m.findings(m.draft(m.row(session=VIDEO, line=HOME))),
    ),
    "TEL002": (
        lambda m: m.findings(m.draft(m.row(line=HOME))),
        lambda m: m.findings(m.draft(m.row(line=HOME, modifiers=("GP", "95")))),
    ),
    "TEL003": (
        lambda m: m.findings(m.draft(m.row(modifiers=("GP", "95")))),
        lambda m: m.findings(
            m.draft(m.row(modifiers=("GP", "95"))),
            payers=m.payers(
                modifiers=m.replace(m.payers()["medicare"].modifiers, telehealth_at_usual_place=True)
            ),
        ),
    ),
    "TEL004": (
        lambda m: m.findings(m.draft(m.row(session=AUDIO, line=HOME, modifiers=("GP", "95")))),
        lambda m: m.findings(m.draft(m.row(session=AUDIO, line=HOME, modifiers=("GP", "93")))),
    ),
    "TEL005": (
        lambda m: m.findings(m.draft(m.row(line=HOME, day=date(2028, 1, 1)))),
        lambda m: m.findings(m.draft(m.row(line=HOME, day=date(2027, 12, 31)))),
    ),
}
