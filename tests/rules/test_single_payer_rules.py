"""Rules of single payers: the first episode of VA community care by discipline, days and what is known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edi.model.records import Authorization, Records
from tests.builders import DAY, make_line
from tests.rules.guide_claims import TODAY, change, draft, payers, veteran

CODES = {"DC": "98941", "ACU": "97810", "LMT": "97124"}
VISITS = {"DC": 90, "ACU": 60, "LMT": 90}


@pytest.fixture
def visits(make):
    """What is said of a veteran's visit on DAY after earlier ones so many days before it."""

    def judge(discipline, before, *, code="", payer="va_ccn", status="", run=(), **context):
        earlier = tuple(
            make.replace(
                make.earlier(code or CODES[discipline], payer=payer), date_of_service=DAY - timedelta(days=days), status=status
            )
            for days in before
        )  # fmt: skip
        made = veteran(lines=(make_line(1, CODES[discipline], ()),))
        others = [
            draft(change(made, lines=(change(made.lines[0], date_from=day, date_to=day),)), discipline)
            for day in (DAY - timedelta(days=days) for days in run)
        ]
        drafts = (draft(made, discipline), *others)
        given = {"payers": payers(), "today": TODAY, "enrolments": (), "earlier": earlier, **context}
        return make.findings(*drafts, code="VAC001", **given)

    return judge


@pytest.mark.parametrize("discipline", CODES)
def test_the_thirteenth_visit_in_the_days_of_the_discipline(visits, discipline):
    last = VISITS[discipline] - 1
    twelve = [last - step for step in range(12)]
    (found,) = visits(discipline, twelve)
    assert f"visit 13 of {discipline} in {VISITS[discipline]} days" in found.message
    assert visits(discipline, [last + 1, *twelve[1:]]) == [], "the first one lies before the days"
    assert visits(discipline, twelve[1:]) == []


def test_visits_of_the_run_count_and_a_day_counts_once(visits):
    assert visits("LMT", range(1, 7), run=range(1, 12)) == []
    assert len(visits("LMT", range(1, 7), run=range(1, 13))) == 1


@pytest.mark.parametrize(
    "other",
    [{"code": "97110"}, {"payer": "commercial"}, {"status": "rejected"}],
    ids=lambda one: next(iter(one)),
)
def test_other_services_other_payers_and_rejected_claims_do_not_count(visits, other):
    assert visits("LMT", range(1, 20), **other) == []


@pytest.mark.parametrize(("given", "said"), [(None, 1), (24, 0)])
def test_an_authorization_that_says_its_visits_speaks_for_itself(visits, given, said):
    one = Authorization(
        authorization_number="VA0012345678", patient_id="pat1", payer="va_ccn", visits=given,
        valid_from=DAY - timedelta(days=90), valid_to=DAY,
    )  # fmt: skip
    assert len(visits("LMT", range(1, 13), records=Records(authorizations=(one,)))) == said


def test_a_payer_that_sets_no_first_authorization_is_silent(visits):
    packs = payers()
    plain = change(packs["va_ccn"], authorization=change(packs["va_ccn"].authorization, first=()))
    assert visits("LMT", range(1, 20), payers={**packs, "va_ccn": plain}) == []
