"""Cases of the POC rules: (claims that fail, claims that pass and nearly do not). The payer is Medicare."""

from __future__ import annotations

from datetime import date, timedelta

from edi.model.records import Records
from edi.payers.profile import PlanOfCarePolicy

BEGUN, TODAY = date(2024, 7, 1), date(2024, 8, 15)


def _under(m, *rows, today=None, earlier=(), records=None, discipline="PT", payers=None, **case):
    """The findings on a claim under a plan changed as named."""
    drafts = (m.draft(*rows, discipline=discipline, draft_case=m.case(**case)),)
    more = {} if records is None else {"records": records}
    return m.findings(*drafts, today=today or TODAY, earlier=earlier, payers=payers or m.payers(), **more)


def _treated(m, count, since=BEGUN, modifiers=("GP",)):
    """Earlier lines of so many days, from one on."""
    days = [since + timedelta(days=number) for number in range(count)]
    return tuple(m.earlier("97110", date_of_service=day, modifiers=modifiers) for day in days)


def _uncertified(m, begun, today, **claim):
    case = m.case(
        plan_of_care_from=begun, plan_of_care_to=begun + timedelta(days=89), plan_of_care_certified_on=None
    )
    draft = m.draft(m.row(day=begun), draft_case=case, **claim)
    return m.findings(draft, today=today)


def _certified(m, on, begun=BEGUN, **changes):
    case = m.case(plan_of_care_from=begun, plan_of_care_to=None, plan_of_care_certified_on=on)
    return m.findings(m.draft(m.row(day=begun), draft_case=case, **changes), today=date(2025, 6, 1))


def _reported_by_others(m):
    """Another case of the practice tells of its reports, so this one's silence means something."""
    other = m.case(case_id="c2", patient_id="pat2", last_progress_report=BEGUN)
    return Records(cases={("p1", "c2"): other})


def _monthly(m):
    return m.payers(plan_of_care=PlanOfCarePolicy(required=True, progress_report_days=30))


CASES = {
    "POC001": (
        lambda m: (
            _under(m, plan_of_care_from=date(2024, 8, 2)) + _under(m, plan_of_care_to=date(2024, 7, 31))
        ),
        lambda m: (
            _under(m, plan_of_care_from=date(2024, 8, 1), plan_of_care_to=date(2024, 8, 1))
            + _under(m, plan_of_care_to=None)
            + _under(m, plan_of_care_to=date(2024, 7, 31), discipline="DC")
            + m.findings(m.draft(payer="commercial", draft_case=m.case(plan_of_care_to=date(2024, 7, 31))))
        ),
    ),
    "POC002": (
        lambda m: (
            _uncertified(m, BEGUN, date(2024, 8, 1))
            + _uncertified(m, date(2025, 1, 2), date(2025, 2, 2), referring=None)
        ),
        lambda m: (
            _uncertified(m, BEGUN, date(2024, 7, 31))
            + _uncertified(m, date(2025, 1, 2), date(2025, 2, 2))
            + _under(m)
        ),
    ),
    "POC003": (
        lambda m: _certified(m, date(2024, 8, 1)),
        lambda m: _certified(m, date(2024, 7, 31)) + _certified(m, date(2025, 2, 2), date(2025, 1, 2)),
    ),
    "POC004": (
        lambda m: _under(m, plan_of_care_visits=3, earlier=_treated(m, 3)),
        lambda m: (
            _under(m, plan_of_care_visits=4, earlier=_treated(m, 3))
            + _under(m, plan_of_care_visits=3, earlier=_treated(m, 3, modifiers=("GO",)))
            + _under(m, plan_of_care_visits=3, earlier=_treated(m, 3, since=date(2024, 6, 27)))
            + _under(m, m.row(), m.row("97140"), plan_of_care_visits=1)
        ),
    ),
    "POC005": (
        lambda m: (
            _under(m, last_progress_report=BEGUN, earlier=_treated(m, 11))
            + _under(m, earlier=_treated(m, 10), records=_reported_by_others(m))
            + _under(m, last_progress_report=date(2024, 7, 1), payers=_monthly(m))
        ),
        lambda m: (
            _under(m, last_progress_report=BEGUN, earlier=_treated(m, 10))
            + _under(m, earlier=_treated(m, 9), records=_reported_by_others(m))
            + _under(m, earlier=_treated(m, 20))
            + _under(m, last_progress_report=date(2024, 7, 20), earlier=_treated(m, 20))
            + _under(m, last_progress_report=date(2024, 7, 2), payers=_monthly(m))
        ),
    ),
    "POC006": (
        lambda m: m.findings(m.draft(draft_case=None)) + _under(m, plan_of_care_from=None),
        lambda m: (
            m.findings(m.draft(draft_case=None, payer="commercial"))
            + m.findings(m.draft(draft_case=None, discipline="DC"))
            + _under(m)
        ),
    ),
}
