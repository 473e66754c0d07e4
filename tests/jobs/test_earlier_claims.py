"""`claims create` judges a run by what the store knows of earlier claims, made here or imported."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from cli.jobs.earlier import LOOK_BACK, StoreHistory, history_of
from edi.model.claim import ClaimPayer
from edi.model.draft import ClaimDraft
from edi.model.history import EarlierLine
from edi.payers import shipped_packs
from reconcile.store import ClaimOrigin, open_store, register_practices, save_claims
from tests.builders import (
    DAY,
    make_claim,
    make_coverage,
    make_directory,
    make_line,
    make_patient,
    make_subscriber,
)
from tests.jobs.office import CASE, Office, session


def codes(result):
    return [one.code for one in result.findings]


def of(result, code):
    return [one.message for one in result.findings if one.code == code]


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


def on(visit, day, **changes):
    return session(visit, date_of_service=f"2026-03-{day:02d}", **changes)


# -- runs one after the other ------------------------------------------------------------------------------------------


def test_a_row_under_a_new_id_is_not_billed_again(office):
    assert office.create(session("V1")).claims == 1
    again = office.create(session("V2"))
    assert [one.session_line_ids for one in again.held] == [("V2-1",)]
    (said,) = of(again, "DUP004")
    assert "which is with the payer" in said
    assert "DUP004" not in codes(office.create(session("V3", procedure_code="97140")))


def test_visits_of_an_authorization_are_counted_over_runs(office):
    row = {
        "authorization_number": "AU1",
        "patient_id": "P1",
        "payer": "federal",
        "from": "2026-01-01",
        "to": "2026-12-31",
        "visits": "5",
    }
    office.write("authorizations", [row])
    office.create(on("V1", 2), on("V2", 3))
    ending = office.create(on("V3", 4))
    assert of(ending, "AUT009") == ["authorization AU1 has 2 visits left"]
    office.write("authorizations", [{**row, "visits": "3"}])
    named = {"prior_authorization": "AU1"}
    beyond = office.create(on("V4", 5, **named), on("V5", 6, **named))
    assert of(beyond, "AUT006") == [
        "2026-03-05 is visit 4 of the 3 of authorization AU1",
        "2026-03-06 is visit 5 of the 3 of authorization AU1",
    ]


def test_visits_of_a_plan_of_care_are_counted_over_runs(office):
    case = {"case_id": "CP1", "patient_id": "P1", **CASE, "plan_of_care_visits": "3"}
    office.write("cases", [case])
    assert "POC004" not in codes(office.create(on("V1", 2), on("V2", 3), on("V3", 4)))
    assert of(office.create(on("V4", 5)), "POC004") == [
        "the service of 2026-03-05 is visit 4 of a plan of care of 3"
    ]


# -- what is fetched ---------------------------------------------------------------------------------------------------


def draft(claim, payer="commercial", **changes):
    patient = make_patient(coverages=(make_coverage(payer=payer, member_id=claim.subscriber.member_id),))
    return ClaimDraft(
        claim=claim,
        sessions=(),
        patient=patient,
        coverage=patient.coverages[0],
        case=None,
        payer_key=payer,
        practice_id="orchard",
        discipline="PT",
        **changes,
    )


def billed(number, day, **changes):
    line = make_line(1, date_from=day, date_to=day, session_line_ids=())
    payer = ClaimPayer(name="X", id="1", key="commercial")
    return make_claim(patient_control_number=number, lines=(line,), payer=payer, **changes)


@pytest.fixture
def stored(tmp_path):
    """The dates of service that the history of a claim has, of these claims in the store."""

    def told(claims, *drafts):
        store = open_store(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "vault")
        with store.write() as connection:
            register_practices(connection, make_directory().practices.values())
            save_claims(connection, claims, ClaimOrigin(source="imported"))
        with store.read() as connection:
            history = history_of(connection, drafts, shipped_packs())
        store.close()
        return [one.date_of_service for one in history.lines_between("orchard", "P1", date.min, date.max)]

    return told


JANUARY, LAST_YEAR = date(2026, 1, 1), date(2025, 12, 31)
MONTH = date(2026, 3, 1)


def test_a_payer_that_counts_nothing_has_the_month_alone(stored):
    days = (LAST_YEAR, JANUARY, date(2026, 2, 28), MONTH, date(2026, 3, 31), date(2026, 4, 1))
    claims = [billed(f"A{place}", day) for place, day in enumerate(days)]
    now = billed("N", DAY)
    assert stored(claims, draft(now)) == [MONTH, date(2026, 3, 31)]


def test_the_year_where_visits_or_dollars_count(stored):
    claims = [billed(f"A{place}", day) for place, day in enumerate((LAST_YEAR, JANUARY, date(2026, 12, 31)))]
    assert stored(claims, draft(billed("N", DAY), "medicare_b")) == [JANUARY, date(2026, 12, 31)]


def test_a_year_back_where_a_claim_names_an_authorization(stored):
    first = DAY - LOOK_BACK
    claims = [
        billed(f"A{place}", day, authorization="AU1")
        for place, day in enumerate((first - timedelta(days=1), first))
    ]
    assert stored(claims, draft(billed("N", DAY, authorization="AU1"))) == [first]


def test_imported_claims_are_the_patients_by_member_id_and_birth_date(stored):
    own = billed("A1", DAY, patient_id="")
    other = billed("A2", MONTH, patient_id="", subscriber=make_subscriber(member_id="W000000000"))
    assert stored([own, other], draft(billed("N", DAY))) == [DAY]


def line(day, patient="P1"):
    return EarlierLine(
        practice_id="orchard",
        patient_id=patient,
        patient_control_number="A1",
        payer="acme",
        procedure_code="97110",
        modifiers=(),
        date_of_service=day,
        charge=1,
        units="1",
    )


def test_lines_of_a_day_and_between_days_oldest_first():
    history = StoreHistory([line(MONTH), line(JANUARY), line(DAY), line(DAY, "P2")])
    assert [one.date_of_service for one in history.lines_on("orchard", "P1", DAY)] == [DAY]
    assert [one.date_of_service for one in history.lines_between("orchard", "P1", JANUARY, MONTH)] == [
        JANUARY,
        MONTH,
    ]
    assert history.lines_on("orchard", "P3", DAY) == ()
    assert history.lines_between("elsewhere", "P1", JANUARY, DAY) == ()


def test_nothing_is_known_of_a_store_without_claims(stored, tmp_path):
    assert stored([], draft(billed("N", DAY), "medicare_b")) == []
    assert Path(tmp_path / "x.db").is_file()
