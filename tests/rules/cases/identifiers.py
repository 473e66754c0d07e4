"""Cases of the NPI rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

BAD_NPI = "1234567890"

CASES = {
    "NPI001": (
        lambda m: m.findings(m.draft(billing=m.billing(npi=BAD_NPI))),
        lambda m: m.findings(m.draft(billing=m.billing(npi=""))),
    ),
    "NPI002": (
        lambda m: m.findings(m.draft(rendering=m.provider(BAD_NPI))),
        lambda m: m.findings(m.draft(rendering=None)),
    ),
    "NPI003": (
        lambda m: m.findings(
            m.draft(m.row(line={"ordering": m.provider(BAD_NPI)}), referring=m.provider(BAD_NPI))
        ),
        lambda m: m.findings(m.draft(referring=None)),
    ),
    "NPI004": (
        lambda m: m.findings(m.draft(facility=m.provider(BAD_NPI, is_person=False))),
        lambda m: m.findings(m.draft(facility=m.provider("", is_person=False))),
    ),
    "NPI005": (
        lambda m: m.findings(m.draft(m.row(line={"supervising": m.provider(BAD_NPI)}))),
        lambda m: m.findings(m.draft(supervising=m.provider("1993999998"))),
    ),
}
