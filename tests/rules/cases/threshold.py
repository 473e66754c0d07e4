"""Cases of the KX rules: (claims that fail, claims that pass and nearly do not). The threshold of 2024 is 2,330.00."""

from __future__ import annotations

ATTESTED = {"kx_attested": True}


def used(m, cents, modifiers=("GP",), session=None, **case):
    given = m.case(therapy_dollars_used=cents, **case)
    return m.findings(m.draft(m.row(modifiers=modifiers, session=session or {}), draft_case=given))


CASES = {
    "KX001": (
        lambda m: used(m, 2330_01),
        lambda m: used(m, 2280_00) + used(m, 2330_01, ("GP", "KX"), ATTESTED),
    ),
    "KX002": (
        lambda m: used(m, 0, ("GP", "KX"), ATTESTED) + used(m, 0, session=ATTESTED),
        lambda m: used(m, 2280_01, ("GP", "KX"), ATTESTED),
    ),
    "KX003": (
        lambda m: used(m, 2280_01, ("GP", "KX")),
        lambda m: used(m, 2280_01, ("GP", "KX"), ATTESTED),
    ),
    "KX004": (
        lambda m: m.findings(m.draft(draft_case=None)) + used(m, None),
        lambda m: m.findings(m.draft(draft_case=None, payer="commercial")) + used(m, 0),
    ),
    "KX005": (
        lambda m: used(m, 2950_01),
        lambda m: used(m, 2950_00),
    ),
}
