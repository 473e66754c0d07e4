"""Cases of the guide's rules and of single payers': (claims that fail, claims that pass and nearly do not).

The claims stand in ``tests/rules/guide_breaks.py``, where the comparison with pyx12 finds them too.
"""

from __future__ import annotations

from datetime import date, timedelta

from edi.payers import RuleOverride
from tests.builders import DAY, make_line
from tests.rules.guide_breaks import BREAKS
from tests.rules.guide_claims import TODAY, draft, payers, veteran


def _findings(m, made):
    return m.findings(draft(made), payers=payers(), today=TODAY, enrolments=())


def _pair(broken, near):
    return (lambda m: _findings(m, broken()), lambda m: _findings(m, near()))


def _visits(m, count, **changes):
    """The claim of a veteran's massage, and ``count`` earlier ones a week apart."""
    earlier = tuple(
        m.replace(m.earlier("97124", payer="va_ccn"), date_of_service=DAY - timedelta(days=7 * week))
        for week in range(1, count + 1)
    )
    made = veteran(lines=(make_line(1, "97124", ()),))
    return m.findings(
        draft(made, discipline="LMT", **changes), payers=payers(), today=TODAY, enrolments=(), earlier=earlier
    )


def _override(m, code):
    row = RuleOverride(code=code, level="off", reason="x", valid_from=date(2020, 1, 1))
    return m.findings(m.draft(), payers=m.payers(rules=(row,)))


CASES = {code: _pair(*pair) for code, pair in BREAKS.items()} | {
    "VAC001": (lambda m: _visits(m, 12), lambda m: _visits(m, 11)),
    "OVR001": (lambda m: _override(m, "UNT03"), lambda m: _override(m, "UNT003")),
}
