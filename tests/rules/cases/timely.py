"""Cases of the TIM rules: (claims that fail, claims that pass and nearly do not)."""

from __future__ import annotations

from datetime import date

from edi.model.claim import ClaimPayer, OtherPayer
from edi.payers.profile import FilingPolicy

LEAP_DAY = date(2024, 2, 29)


def _on(m, day, today, *, filing=None, **changes):
    given = m.payers() if filing is None else m.payers(filing=filing)
    return m.findings(m.draft(m.row(day=day), **changes), today=today, payers=given)


def _range(m, today, *, range_end):
    filing = FilingPolicy(initial_days=30, range_end=range_end)
    draft = m.draft(m.row(day=date(2024, 8, 1), line={"date_to": date(2024, 8, 5)}))
    return m.findings(draft, today=today, payers=m.payers(filing=filing))


def _later(m, today, *, paid_on=date(2024, 9, 1), filing=None):
    filing = filing or FilingPolicy(secondary_days=90, clock="primary_remittance")
    first = OtherPayer(rank="P", payer=ClaimPayer(name="FIRST", id="1"), paid=0, paid_on=paid_on)
    draft = m.draft(subscriber=m.subscriber(rank="S", insurance_type="12"), other_payers=(first,))
    return m.findings(draft, today=today, payers=m.payers(filing=filing))


def _replacement(m, today, *, answered_on=date(2024, 9, 1), clock="remittance"):
    filing = FilingPolicy(corrected_days=180, corrected_clock=clock)
    draft = m.draft(frequency="7", original_reference="1", draft_answered_on=answered_on)
    return m.findings(draft, today=today, payers=m.payers(filing=filing))


CASES = {
    "TIM001": (
        lambda m: m.findings(m.draft(), today=date(2024, 7, 31)),
        lambda m: m.findings(m.draft(), today=date(2024, 8, 1)),
    ),
    "TIM002": (
        lambda m: (
            m.findings(m.draft(), today=date(2025, 8, 2))
            + _on(m, LEAP_DAY, date(2025, 3, 1))
            + _range(m, date(2024, 9, 1), range_end=False)
        ),
        lambda m: (
            m.findings(m.draft(), today=date(2025, 8, 1))
            + _on(m, LEAP_DAY, date(2025, 2, 28))
            + _on(m, date(2023, 3, 1), date(2024, 3, 1))
            + _range(m, date(2024, 9, 4), range_end=True)
            + m.findings(m.draft(frequency="7", original_reference="1"), today=date(2025, 8, 2))
        ),
    ),
    "TIM003": (
        lambda m: m.findings(m.draft(), today=date(2025, 8, 2), payers=m.payers(filing=FilingPolicy())),
        lambda m: m.findings(m.draft(), today=date(2025, 8, 1), payers=m.payers(filing=FilingPolicy())),
    ),
    "TIM004": (
        lambda m: (
            m.findings(m.draft(), today=date(2025, 7, 18))
            + m.findings(m.draft(), today=date(2025, 8, 1))
            + _later(m, date(2024, 11, 25))
            + _replacement(m, date(2025, 2, 28))
        ),
        lambda m: (
            m.findings(m.draft(), today=date(2025, 7, 17)) + m.findings(m.draft(), today=date(2025, 8, 2))
        ),
    ),
    "TIM005": (
        lambda m: (
            _later(m, date(2024, 12, 1))
            + _later(m, date(2025, 8, 2), paid_on=date(2025, 7, 1), filing=FilingPolicy(initial_months=12))
        ),
        lambda m: (
            _later(m, date(2024, 11, 30))
            + _later(m, date(2025, 8, 1), filing=FilingPolicy(initial_months=12))
            + _later(m, date(2030, 1, 1), paid_on=None)
        ),
    ),
    "TIM006": (
        lambda m: (
            _replacement(m, date(2025, 3, 1))
            + _replacement(m, date(2025, 2, 1), answered_on=None, clock="date_of_service")
        ),
        lambda m: (
            _replacement(m, date(2025, 2, 28))
            + _replacement(m, date(2025, 1, 28), answered_on=None, clock="date_of_service")
            + _replacement(m, date(2030, 1, 1), answered_on=None)
        ),
    ),
}
