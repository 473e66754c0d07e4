"""Session lines to claims: grouping, parties, units, charges, authorizations, holds."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from edi.intake import ChargeSummary, RowRejected, build_claims
from edi.model.claim import Address
from edi.model.directory import Clinician, Enrolment
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding, Severity
from edi.payers import load_payers
from tests.builders import (
    DAY,
    FACILITY_NPI,
    PRACTICE_NPI,
    REFERRER_NPI,
    SUPERVISOR_NPI,
    THERAPIST_NPI,
    make_authorization,
    make_case,
    make_coverage,
    make_directory,
    make_fee,
    make_patient,
    make_person,
    make_records,
    make_session_line,
    npi,
)


def payers(**tables):
    own = {"name": "ACME HEALTH", "claim_id": {"default": "12345", "house": "MC001"}, **tables}
    profiles, findings = load_payers({"payer": {"acme": own, "other": {"name": "OTHER"}}})
    assert findings == ()
    return profiles


def run(*lines, records=None, directory=None, profiles=None, **options):
    return list(
        build_claims(
            lines or (make_session_line(),),
            records or make_records(),
            directory or make_directory(),
            profiles or payers(),
            **options,
        )
    )


def drafts(items):
    return [item for item in items if isinstance(item, ClaimDraft)]


def only(items) -> ClaimDraft:
    (draft,) = drafts(items)
    return draft


def codes(items, severity=None):
    return [item.code for item in items if isinstance(item, Finding) and severity in (None, item.severity)]


def summary(items) -> ChargeSummary:
    assert isinstance(items[-1], ChargeSummary)
    found = items[-1]
    counted = found.billed + found.held + found.zero_units + found.self_pay + found.unsigned + found.cancelled
    assert found.lines == counted + found.no_show + sum(found.do_not_bill.values())
    return found


def line(number=1, **changes):
    return make_session_line(**{"line_id": f"V1-{number}", "row": number + 1, **changes})


# -- one plain claim -----------------------------------------------------------------------------------------------


def test_a_plain_claim():
    items = run(line(1), line(2, procedure_code="97140", units=2, charge=9000))
    draft = only(items)
    claim = draft.claim
    assert codes(items) == []
    assert summary(items) == ChargeSummary(lines=2, billed=2, claims=1)
    assert (claim.charge, claim.place_of_service, claim.diagnoses) == (14000, "11", ("M5450",))
    assert (claim.patient_control_number, claim.lines[0].line_control_number) == ("", "")
    assert [(one.number, one.procedure.code, one.units, one.charge) for one in claim.lines] == [
        (1, "97110", "1", 5000),
        (2, "97140", "2", 9000),
    ]
    assert claim.lines[0].procedure.modifiers == ("GP",)
    assert claim.lines[0].pointers == (1,)
    assert claim.lines[0].date_from == claim.lines[0].date_to == DAY
    assert [one.session_line_ids for one in claim.lines] == [("V1-1",), ("V1-2",)]
    assert (draft.payer_key, draft.practice_id, draft.discipline) == ("acme", "orchard", "PT")
    assert [one.line_id for one in draft.sessions] == ["V1-1", "V1-2"]


def test_the_parties_of_a_plain_claim():
    claim = only(run()).claim
    assert (claim.billing.npi, claim.billing.is_person, claim.billing.tax_id) == (
        PRACTICE_NPI,
        False,
        "123456789",
    )
    assert claim.rendering is not None
    assert (claim.rendering.npi, claim.rendering.last_name, claim.rendering.taxonomy) == (
        THERAPIST_NPI, "WALKER", "225100000X",
    )  # fmt: skip
    assert claim.referring is not None
    assert (claim.referring.npi, claim.referring.last_name) == (REFERRER_NPI, "REED")
    assert (claim.facility, claim.supervising, claim.patient) == (None, None, None)
    assert claim.subscriber.is_patient
    assert (claim.subscriber.member_id, claim.subscriber.filing_indicator) == ("W123456789", "CI")
    assert (claim.payer.name, claim.payer.id, claim.payer.key) == ("ACME HEALTH", "MC001", "acme")
    assert claim.dates == (("431", date(2026, 2, 1)),)
    assert (claim.accepts_assignment, claim.benefits_assigned, claim.release_of_information) == (
        "A",
        "Y",
        "Y",
    )


def test_modifiers_are_never_added():
    assert only(run(line(modifiers=()))).claim.lines[0].procedure.modifiers == ()


# -- counting and holding ------------------------------------------------------------------------------------------


def test_what_is_not_billed_is_counted():
    items = run(
        line(1),
        line(2, note_status="unsigned"),
        line(3, note_status="cancelled"),
        line(4, note_status="no_show"),
        line(5, do_not_bill="package"),
        line(6, do_not_bill="package"),
        line(7, do_not_bill="self_pay"),
        line(8, note_status="unsigned", do_not_bill="courtesy"),
    )
    assert codes(items) == []
    assert summary(items) == ChargeSummary(
        lines=8,
        billed=1,
        claims=1,
        unsigned=1,
        cancelled=1,
        no_show=1,
        do_not_bill={"package": 2, "self_pay": 1, "courtesy": 1},
    )


@pytest.mark.parametrize(
    "records",
    [
        make_records(patients=(make_patient(coverages=()),)),
        make_records(patients=(make_patient(coverages=(make_coverage(payer="cash"),)),)),
    ],
)
def test_self_pay_is_counted_not_claimed(records):
    profiles, _ = load_payers({"payer": {"cash": {"name": "CASH", "kind": "self"}}})
    items = run(records=records, profiles=profiles)
    assert drafts(items) == []
    assert codes(items) == []
    assert summary(items).self_pay == 1


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"practice_id": "nowhere"}, "CHG003", "practice_id"),
        ({"patient_id": "P9"}, "CHG001", "patient_id"),
        ({"case_id": "C9"}, "CHG004", "case_id"),
        ({"treating_npi": npi(99)}, "CHG007", "treating_npi"),
        ({"treating_npi": "", "treating_id": "nobody"}, "CHG007", "treating_id"),
        ({"rendering_npi": npi(99)}, "CHG007", "rendering_npi"),
        ({"supervising_npi": npi(99)}, "CHG007", "supervising_npi"),
        ({"facility_id": "moon"}, "CHG009", "facility_id"),
        ({"place_of_service": "12"}, "CHG009", "facility_id"),
        ({"place_of_service": "99"}, "CHG009", "facility_id"),
        ({"units": None, "minutes": None}, "CHG011", "units"),
        ({"units": None, "procedure_code": "97545"}, "CHG011", "units"),
        ({"units": None, "procedure_code": "971110"}, "CHG011", "units"),
        ({"charge": None, "procedure_code": "97035"}, "CHG012", "charge"),
    ],
)
def test_a_line_that_cannot_be_charged_is_held(changes, code, field):
    items = run(line(**changes))
    (finding,) = [item for item in items if isinstance(item, Finding)]
    assert (finding.code, finding.severity) == (code, Severity.ERROR)
    assert (finding.location.row, finding.location.field, finding.location.session) == (2, field, "V1-1")
    assert finding.fix
    assert drafts(items) == []
    assert summary(items) == ChargeSummary(lines=1, held=1)


def test_a_mistyped_code_is_guessed_in_the_fix():
    items = run(line(units=None, procedure_code="971110"))
    assert any("Did you mean 97110" in item.fix for item in items if isinstance(item, Finding))


def test_an_unknown_payer_is_held():
    records = make_records(patients=(make_patient(coverages=(make_coverage(payer="nowhere"),)),))
    items = run(records=records)
    assert codes(items) == ["CHG002"]
    assert summary(items).held == 1


def test_no_diagnosis_anywhere():
    records = make_records(cases=(make_case(diagnosis_codes=()),))
    assert codes(run(line(diagnosis_codes=()), records=records)) == ["CHG010"]


def test_an_error_holds_the_whole_day_and_only_it():
    next_day = line(3, visit_id="V2", date_of_service=DAY + timedelta(days=1))
    items = run(line(1), line(2, facility_id="moon"), next_day)
    assert codes(items, Severity.ERROR) == ["CHG009"]
    assert codes(items, Severity.WARNING) == ["CHG016"]
    assert [one.line_id for one in only(items).sessions] == ["V1-3"]
    assert summary(items) == ChargeSummary(lines=3, billed=1, claims=1, held=2)


def test_a_refused_row_holds_its_visit():
    items = run(line(1), RowRejected(9, "s.csv", "orchard", "V1"), line(2, visit_id="V2", patient_id="P1"))
    assert drafts(items) == []
    assert codes(items, Severity.ERROR) == ["CHG016"]
    assert "row 9" in next(item.message for item in items if isinstance(item, Finding))
    assert summary(items).held == 2


# -- the order of rows does not matter -----------------------------------------------------------------------------


def test_any_order_of_rows_gives_the_same_claims():
    days = [DAY + timedelta(days=n) for n in range(3)]
    lines = [
        line(
            10 * i + n,
            visit_id=f"V{i}",
            date_of_service=day,
            procedure_code=code,
            units=None,
            minutes=20,
            charge=None,
        )
        for i, day in enumerate(days)
        for n, code in enumerate(("97110", "97140", "97530"))
    ]
    profiles = payers(units={"method": "cms"})
    expected = run(*lines, profiles=profiles)
    shuffled = lines[:]
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        assert run(*shuffled, profiles=profiles) == expected


# -- grouping ------------------------------------------------------------------------------------------------------

OTHER_CASE = make_case(case_id="C2", plan_of_care_from=date(2026, 3, 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"date_of_service": DAY + timedelta(days=1)},
        {"discipline": "OT"},
        {"treating_npi": SUPERVISOR_NPI},
        {"facility_id": "north"},
        {"place_of_service": "02"},
        {"case_id": "C2"},
        {"prior_authorization": "B2"},
        {"supervising_npi": SUPERVISOR_NPI},
    ],
)
def test_what_parts_claims(changes):
    records = make_records(cases=(make_case(), OTHER_CASE))
    items = run(
        line(1, case_id="C1", prior_authorization="B1"),
        line(2, **{"case_id": "C1", "prior_authorization": "B1", **changes}),
        records=records,
    )
    assert len(drafts(items)) == 2
    assert codes(items) == []


def test_two_visits_of_a_day_share_a_claim():
    assert len(drafts(run(line(1), line(2, visit_id="V2")))) == 1


def test_a_coverage_change_parts_claims_of_a_week():
    coverages = (
        make_coverage(coverage_to=DAY),
        make_coverage(payer="other", coverage_from=DAY + timedelta(days=1)),
    )
    records = make_records(patients=(make_patient(coverages=coverages),))
    items = run(line(1), line(2, date_of_service=DAY + timedelta(days=1)), records=records)
    assert [one.payer_key for one in drafts(items)] == ["acme", "other"]


@pytest.mark.parametrize(("span", "claims"), [("day", 3), ("week", 2), ("month", 1)])
def test_claim_span(span, claims):
    """10 March 2026 is a Tuesday: the next day is in its week, a week later is not."""
    dates = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=7)]
    lines = [line(n, date_of_service=day) for n, day in enumerate(dates, 1)]
    assert len(drafts(run(*lines, profiles=payers(claim={"span": span})))) == claims


def test_a_line_without_authorization_joins_one_with():
    draft = only(run(line(1, prior_authorization="B1"), line(2)))
    assert draft.claim.authorization == "B1"
    assert [one.authorization for one in draft.claim.lines] == ["", ""]


def test_more_than_fifty_lines_of_a_day():
    items = run(*(line(n) for n in range(1, 61)))
    assert [len(one.claim.lines) for one in drafts(items)] == [50, 10]
    assert codes(items) == ["CHG021"]
    assert [one.number for one in drafts(items)[1].claim.lines] == list(range(1, 11))


def test_a_month_is_split_between_days():
    lines = [line(10 * n + k, date_of_service=date(2026, 3, n)) for n in range(1, 8) for k in range(8)]
    items = run(*lines, profiles=payers(claim={"span": "month"}))
    assert [len(one.claim.lines) for one in drafts(items)] == [48, 8]
    assert codes(items) == ["CHG021"]


def test_the_payers_own_line_limit():
    items = run(*(line(n) for n in range(1, 5)), profiles=payers(claim={"max_lines": 3}))
    assert [len(one.claim.lines) for one in drafts(items)] == [3, 1]


def test_claim_key_keeps_rows_together():
    later = DAY + timedelta(days=3)
    draft = only(
        run(
            line(1, claim_key="K", prior_authorization="B1"),
            line(
                2, claim_key="K", date_of_service=later, treating_npi=SUPERVISOR_NPI, prior_authorization="B2"
            ),
            line(3, claim_key="K", place_of_service="02"),
        )
    )
    by_session = {one.session_line_ids[0]: one for one in draft.claim.lines}
    assert draft.claim.authorization == "B1"
    assert by_session["V1-2"].authorization == "B2"
    assert by_session["V1-2"].rendering is not None
    assert by_session["V1-2"].rendering.npi == SUPERVISOR_NPI
    assert by_session["V1-3"].place_of_service == "02"
    assert by_session["V1-1"].rendering is None


@pytest.mark.parametrize(
    ("changes", "reason"), [({"facility_id": "north"}, "facility"), ({"case_id": "C2"}, "case")]
)
def test_a_claim_key_that_cannot_be(changes, reason):
    records = make_records(cases=(make_case(), OTHER_CASE))
    items = run(
        line(1, claim_key="K", case_id="C1"),
        line(2, **{"claim_key": "K", "case_id": "C1", **changes}),
        records=records,
    )
    (finding,) = [item for item in items if isinstance(item, Finding)]
    assert (finding.code, finding.severity) == ("CHG015", Severity.ERROR)
    assert reason in finding.message
    assert summary(items) == ChargeSummary(lines=2, held=2)


def test_a_claim_key_with_too_many_lines():
    assert codes(run(*(line(n, claim_key="K") for n in range(51)))) == ["CHG015"]


# -- diagnoses -----------------------------------------------------------------------------------------------------


def icd(*numbers):
    return tuple(f"M{number:04d}" for number in numbers)


def test_diagnoses_are_united_in_order_with_four_pointers():
    draft = only(run(line(1, diagnosis_codes=icd(1, 2, 3, 4, 5)), line(2, diagnosis_codes=icd(6, 2))))
    assert draft.claim.diagnoses == icd(1, 2, 3, 4, 5, 6)
    assert [one.pointers for one in draft.claim.lines] == [(1, 2, 3, 4), (6, 2)]


def test_a_blank_list_is_the_cases():
    draft = only(run(line(diagnosis_codes=())))
    assert draft.claim.diagnoses == ("M5450", "R262")
    assert draft.claim.lines[0].pointers == (1, 2)


def test_above_twelve_the_unpointed_are_cut():
    items = run(
        line(1, diagnosis_codes=icd(*range(1, 11))),
        line(2, diagnosis_codes=icd(21, 22, 23, 24)),
    )
    claim = only(items).claim
    assert claim.diagnoses == icd(1, 2, 3, 4, 21, 22, 23, 24, 5, 6, 7, 8)
    assert claim.lines[1].pointers == (5, 6, 7, 8)
    assert codes(items) == ["CHG023"]


def test_more_than_twelve_pointed_to_are_split():
    lines = [line(n, diagnosis_codes=icd(*range(4 * n, 4 * n + 4))) for n in range(1, 5)]
    items = run(*lines)
    assert [len(one.claim.lines) for one in drafts(items)] == [3, 1]
    assert codes(items) == ["CHG022"]


# -- units ---------------------------------------------------------------------------------------------------------


def billed(items):
    return {one.session_line_ids[0]: one.units for draft in drafts(items) for one in draft.claim.lines}


def timed(number, code, minutes, **changes):
    return line(number, procedure_code=code, minutes=minutes, **{"units": None, "charge": None, **changes})


def test_units_by_the_payers_method():
    lines = [timed(1, "97112", 24), timed(2, "97110", 23)]
    assert billed(run(*lines, profiles=payers(units={"method": "cms"}))) == {"V1-1": "2", "V1-2": "1"}
    assert billed(run(*lines, profiles=payers(units={"method": "midpoint"}))) == {"V1-1": "2", "V1-2": "2"}
    assert billed(run(*lines, profiles=payers(units={"method": "strict15"}))) == {"V1-1": "1", "V1-2": "1"}
    capped = payers(units={"method": "midpoint", "one_unit_per_code": True})
    assert billed(run(*lines, profiles=capped)) == {"V1-1": "1", "V1-2": "1"}


def test_units_pool_over_the_day_whatever_claim():
    """Two therapists, two claims, one allowance: 20 and 20 minutes are three units."""
    lines = [timed(1, "97112", 20), timed(2, "97110", 20, treating_npi=SUPERVISOR_NPI)]
    items = run(*lines, profiles=payers(units={"method": "cms"}))
    assert len(drafts(items)) == 2
    assert sorted(billed(items).values()) == ["1", "2"]


def test_disciplines_do_not_pool():
    lines = [timed(1, "97112", 20), timed(2, "97110", 20, discipline="OT")]
    assert billed(run(*lines, profiles=payers(units={"method": "cms"}))) == {"V1-1": "1", "V1-2": "1"}


def test_given_units_are_kept_and_still_count():
    lines = [timed(1, "97110", 33, units=3), timed(2, "97140", 7)]
    items = run(*lines, profiles=payers(units={"method": "cms"}))
    assert billed(items) == {"V1-1": "3", "V1-2": "1"}


def test_untimed_codes_are_one_unit_and_out_of_the_pool():
    lines = [timed(1, "97162", 40), timed(2, "97110", 8)]
    assert billed(run(*lines, profiles=payers(units={"method": "cms"}))) == {"V1-1": "1", "V1-2": "1"}


def test_minutes_that_earn_nothing_leave_the_claim():
    items = run(timed(1, "97110", 20), timed(2, "97140", 7))
    assert billed(items) == {"V1-1": "1"}
    assert codes(items) == ["CHG020"]
    assert summary(items) == ChargeSummary(lines=2, billed=1, claims=1, zero_units=1)


def test_a_zero_given_is_kept_for_the_rules():
    assert billed(run(line(units=0))) == {"V1-1": "0"}


# -- charges -------------------------------------------------------------------------------------------------------


def charge_of(*fees, **changes):
    items = run(line(charge=None, **changes), records=make_records(fees=fees))
    return only(items).claim.charge if drafts(items) else codes(items)


def test_the_most_specific_fee_wins():
    general = make_fee(amount=1000, code="*")
    coded = make_fee(amount=2000)
    modified = make_fee(amount=3000, modifier="GP")
    narrow = make_fee(amount=4000, modifier="GP", payer="acme")
    narrower = make_fee(amount=5000, modifier="GP", payer="acme", credential="PT", place_of_service="11")
    assert charge_of(general) == 1000
    assert charge_of(general, coded) == 2000
    assert charge_of(general, coded, modified) == 3000
    assert charge_of(general, coded, modified, narrow) == 4000
    assert charge_of(general, coded, modified, narrow, narrower) == 5000


def test_fees_that_do_not_apply():
    wrong = (
        make_fee(payer="other"),
        make_fee(modifier="KX"),
        make_fee(credential="PTA"),
        make_fee(place_of_service="12"),
        make_fee(practice_id="elsewhere"),
        make_fee(valid_to=date(2026, 3, 9)),
        make_fee(valid_from=date(2026, 3, 11)),
        make_fee(kind="expected", payer="acme"),
        make_fee(code="97140"),
    )
    assert charge_of(*wrong) == ["CHG012"]
    assert charge_of(*wrong, make_fee(amount=700, valid_from=DAY, valid_to=DAY)) == 700


def test_equally_specific_fees_are_an_error():
    assert charge_of(make_fee(payer="acme", row=3), make_fee(modifier="GP", row=4)) == ["CHG013"]


def test_per_unit_and_per_line():
    assert charge_of(make_fee(amount=2000), units=3) == 6000
    assert charge_of(make_fee(amount=2000, basis="per_line"), units=3) == 2000


# -- authorizations ------------------------------------------------------------------------------------------------


def authorized(*rows, lines=None, **options):
    items = run(*(lines or [line()]), records=make_records(authorizations=rows), **options)
    return [one.claim.authorization for one in drafts(items)], codes(items)


def test_an_authorization_is_looked_up():
    assert authorized(make_authorization()) == (["AUTH0001"], [])
    assert authorized(make_authorization(codes=("97110",))) == (["AUTH0001"], [])
    assert authorized(make_authorization(case_id="C1", status="Approved")) == (["AUTH0001"], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"patient_id": "P2"},
        {"payer": "other"},
        {"codes": ("97140",)},
        {"valid_to": DAY - timedelta(days=1)},
        {"valid_from": DAY + timedelta(days=1)},
        {"case_id": "C2"},
        {"status": "Denied"},
        {"status": "pending"},
        {"practice_id": "elsewhere"},
    ],
)
def test_an_authorization_that_does_not_fit(changes):
    assert authorized(make_authorization(**changes)) == ([""], [])


def test_the_line_names_its_own():
    assert authorized(make_authorization(), lines=[line(prior_authorization="MINE")]) == (["MINE"], [])


def test_visits_left():
    one = make_authorization(visits=3, visits_used_elsewhere=1)
    lines = [line(10 * n + k, date_of_service=DAY + timedelta(days=n)) for n in range(3) for k in (1, 2)]
    assert authorized(one, lines=lines) == (["AUTH0001", "AUTH0001", ""], ["CHG025", "CHG025"])
    assert authorized(one, lines=lines[:4], visits_used={"AUTH0001": 1})[0] == ["AUTH0001", ""]


def test_the_next_authorization_takes_over():
    rows = (
        make_authorization(authorization_number="LATER", valid_to=date(2026, 12, 31)),
        make_authorization(authorization_number="SOON", visits=1),
    )
    lines = [line(n, date_of_service=DAY + timedelta(days=n)) for n in range(2)]
    assert authorized(*rows, lines=lines) == (["SOON", "LATER"], [])


# -- who renders ---------------------------------------------------------------------------------------------------

ASSISTANT = {"treating_npi": "", "treating_id": "pta1"}


def rendering_npi(items):
    rendering = only(items).claim.rendering
    return rendering.npi if rendering is not None else None


def with_clinician(**changes):
    directory = make_directory()
    fields = {"id": "new", "last_name": "NEW", "first_name": "NIK", "disciplines": ("PT",), **changes}
    return make_directory(clinicians={**directory.clinicians, "new": Clinician(**fields)})


def test_an_assistants_supervisor_renders():
    assert rendering_npi(run(line(**ASSISTANT))) == SUPERVISOR_NPI


def test_a_supervisor_named_on_the_line_renders():
    draft = only(run(line(**ASSISTANT, supervising_npi=THERAPIST_NPI)))
    assert draft.claim.rendering is not None
    assert draft.claim.rendering.npi == THERAPIST_NPI
    assert draft.claim.supervising is None


def test_a_named_rendering_provider():
    assert rendering_npi(run(line(rendering_npi=SUPERVISOR_NPI))) == SUPERVISOR_NPI


def test_an_assistant_with_npi_renders_only_where_the_payer_lets_him():
    directory = with_clinician(npi=npi(77), credential="PTA", supervisor="senior")
    treated = line(treating_npi=npi(77))
    assert rendering_npi(run(treated, directory=directory)) == SUPERVISOR_NPI
    lenient = payers(providers={"assistant_may_render": True, "supervising_required": True})
    draft = only(run(treated, directory=directory, profiles=lenient))
    assert draft.claim.rendering is not None
    assert draft.claim.rendering.npi == npi(77)
    assert draft.claim.supervising is not None
    assert draft.claim.supervising.npi == SUPERVISOR_NPI


@pytest.mark.parametrize(
    "changes",
    [
        {"credential": "PTA"},
        {"credential": "LMT"},
        {"credential": "PTA", "supervisor": "senior", "supervised_to": DAY - timedelta(days=1)},
        {"credential": "PTA", "supervisor": "senior", "supervised_from": DAY + timedelta(days=1)},
    ],
)
def test_nobody_renders(changes):
    items = run(line(treating_npi="", treating_id="new"), directory=with_clinician(**changes))
    assert codes(items) == ["CHG008"]


def test_a_solo_practice_has_no_rendering_loop():
    directory = with_clinician(npi=PRACTICE_NPI, credential="PT")
    assert only(run(line(treating_npi=PRACTICE_NPI), directory=directory)).claim.rendering is None


def test_the_discipline_comes_from_the_therapist_or_the_case():
    assert only(run(line(discipline=""))).discipline == "PT"
    two = with_clinician(npi=npi(77), credential="PT", disciplines=("PT", "OT"))
    assert only(run(line(discipline="", treating_npi=npi(77)), directory=two)).discipline == "PT"
    no_case = make_records(cases=())
    assert codes(run(line(discipline="", treating_npi=npi(77)), directory=two, records=no_case)) == ["CHG006"]


def test_the_payers_number_of_a_provider():
    directory = make_directory(
        enrolments=(
            Enrolment(practice="orchard", payer="acme", provider="walker", provider_number="W1"),
            Enrolment(practice="orchard", payer="acme", provider="senior", provider_number="S1"),
            Enrolment(practice="orchard", payer="acme", role="billing", provider_number="B1"),
            Enrolment(practice="orchard", payer="other", provider="walker", provider_number="X1"),
        )
    )
    claim = only(run(directory=directory)).claim
    assert claim.rendering is not None
    assert claim.rendering.references == (("G2", "W1"),)
    assert claim.billing.references == (("G2", "B1"),)


# -- facility ------------------------------------------------------------------------------------------------------


def test_a_facility_elsewhere_is_named():
    facility = only(run(line(facility_id="north"))).claim.facility
    assert facility is not None
    assert (facility.npi, facility.last_name, facility.is_person) == (FACILITY_NPI, "ORCHARD NORTH", False)
    assert facility.address is not None
    assert facility.address.city == "SALEM"


def test_a_practice_of_one_address_needs_no_facility():
    directory = make_directory(facilities={})
    claim = only(run(directory=directory)).claim
    assert (claim.facility, claim.place_of_service) == (None, "11")


def test_several_sites_and_no_default():
    directory = make_directory()
    from msgspec.structs import replace

    practice = replace(directory.practices["orchard"], default_facility="")
    items = run(directory=replace(directory, practices={"orchard": practice}))
    assert codes(items) == ["CHG009"]


# -- cases ---------------------------------------------------------------------------------------------------------


def test_the_case_is_found_by_discipline_and_day():
    old = make_case(case_id="C0", plan_of_care_from=date(2025, 1, 1), plan_of_care_to=date(2025, 6, 1))
    speech = make_case(case_id="C3", discipline="SLP")
    found = only(run(records=make_records(cases=(old, speech, make_case())))).case
    assert found is not None
    assert found.case_id == "C1"


def test_two_open_cases_need_a_case_id():
    records = make_records(cases=(make_case(), OTHER_CASE))
    assert codes(run(records=records)) == ["CHG005"]
    assert only(run(line(case_id="C2"), records=records)).case == OTHER_CASE


def test_a_case_of_another_patient():
    records = make_records(cases=(make_case(patient_id="P2"),))
    assert codes(run(line(case_id="C1"), records=records)) == ["CHG004"]


def test_without_a_case():
    draft = only(run(records=make_records(cases=())))
    assert draft.case is None
    assert (draft.claim.dates, draft.claim.referring, draft.claim.accident_causes) == ((), None, ())


def test_dates_and_accident():
    case = make_case(
        onset_date=date(2026, 2, 1),
        initial_treatment_date=date(2026, 2, 2),
        acute_manifestation_date=date(2026, 2, 3),
        last_xray_date=date(2026, 2, 4),
        last_worked_date=date(2026, 2, 5),
        return_to_work_date=date(2026, 2, 6),
        first_contact_date=date(2026, 2, 7),
        accident_type="auto",
        accident_date=date(2026, 1, 31),
        accident_state="MA",
        claim_number="CL-1",
        referral_number="R9",
    )
    records = make_records(cases=(case,))
    claim = only(run(records=records, profiles=payers(kind="auto"))).claim
    assert dict(claim.dates) == {
        "431": date(2026, 2, 1), "454": date(2026, 2, 2), "453": date(2026, 2, 3), "455": date(2026, 2, 4),
        "297": date(2026, 2, 5), "296": date(2026, 2, 6), "444": date(2026, 2, 7), "439": date(2026, 1, 31),
    }  # fmt: skip
    assert (claim.accident_causes, claim.accident_state, claim.referral_number) == (("AA",), "MA", "R9")
    assert claim.subscriber.references == (("Y4", "CL-1"),)
    assert claim.subscriber.filing_indicator == "AM"
    health = only(run(records=records)).claim
    assert "444" not in dict(health.dates)
    assert health.subscriber.references == ()


def test_onset_on_the_day_of_service_is_not_sent():
    assert only(run(records=make_records(cases=(make_case(onset_date=DAY),)))).claim.dates == ()


@pytest.mark.parametrize(("word", "code"), [("work", "EM"), ("other", "OA")])
def test_accident_causes(word, code):
    case = make_case(accident_type=word, accident_date=date(2026, 1, 1))
    claim = only(run(records=make_records(cases=(case,)))).claim
    assert (claim.accident_causes, claim.accident_state) == ((code,), "")


# -- subscriber and patient ----------------------------------------------------------------------------------------

PARENT = make_person(first_name="PAM", address=Address(line_1="9 HILL", city="LYNN", state="MA", zip="01901"))


def covered(**changes):
    return make_records(patients=(make_patient(coverages=(make_coverage(**changes),)),))


@pytest.mark.parametrize(
    ("word", "code"), [("spouse", "01"), ("child", "19"), ("employee", "20"), ("other", "G8")]
)
def test_a_dependent(word, code):
    claim = only(run(records=covered(relationship=word, subscriber=PARENT, group_number="G1"))).claim
    assert not claim.subscriber.is_patient
    assert claim.subscriber.person == PARENT
    assert (claim.subscriber.member_id, claim.subscriber.group_number) == ("W123456789", "G1")
    assert claim.patient is not None
    assert (claim.patient.relationship, claim.patient.person.first_name) == (code, "ADA")


def test_a_dependent_with_an_id_of_his_own_is_the_subscriber():
    own = covered(relationship="child", subscriber=PARENT, patient_has_own_member_id=True)
    claim = only(run(records=own)).claim
    assert claim.patient is None
    assert claim.subscriber.is_patient
    assert claim.subscriber.person.first_name == "ADA"
    by_payer = payers(claim={"dependents_have_own_id": True})
    plain = covered(relationship="child", subscriber=PARENT)
    assert only(run(records=plain, profiles=by_payer)).claim.patient is None
    said_no = covered(relationship="child", subscriber=PARENT, patient_has_own_member_id=False)
    assert only(run(records=said_no, profiles=by_payer)).claim.patient is not None


def work_records(employer_in="coverage"):
    case = make_case(
        accident_type="work",
        accident_date=date(2026, 1, 5),
        claim_number="WC77",
        employer="MILL WORKS" if employer_in == "case" else "",
    )
    coverage = make_coverage(
        relationship="employee", subscriber_organization="MILL WORKS" if employer_in == "coverage" else ""
    )
    return make_records(patients=(make_patient(coverages=(coverage,)),), cases=(case,))


@pytest.mark.parametrize("employer_in", ["coverage", "case"])
def test_workers_compensation_is_billed_under_the_employer(employer_in):
    claim = only(run(records=work_records(employer_in), profiles=payers(kind="workers_comp"))).claim
    assert (claim.subscriber.organization, claim.subscriber.is_patient) == ("MILL WORKS", False)
    assert (claim.subscriber.member_id, claim.subscriber.filing_indicator) == ("", "WC")
    assert claim.patient is not None
    assert (claim.patient.relationship, claim.patient.references) == ("20", (("Y4", "WC77"),))
    assert claim.accident_causes == ("EM",)
    assert dict(claim.dates)["439"] == date(2026, 1, 5)


def test_workers_compensation_without_employer_is_held():
    items = run(records=work_records("nowhere"), profiles=payers(kind="workers_comp"))
    assert codes(items) == ["CHG014"]
    assert summary(items).held == 1


def test_the_chain_of_coverages():
    chain = (make_coverage(rank=2, payer="other", member_id="X2"), make_coverage())
    draft = only(run(records=make_records(patients=(make_patient(coverages=chain),))))
    assert draft.coverage.payer == "acme"
    assert [one.payer for one in draft.other_coverages] == ["other"]
    assert draft.claim.subscriber.rank == "P"


def test_a_later_coverage_alone_is_billed_first_and_said():
    chain = (make_coverage(coverage_to=date(2026, 2, 1)), make_coverage(rank=2, payer="other"))
    items = run(records=make_records(patients=(make_patient(coverages=chain),)))
    assert only(items).payer_key == "other"
    assert codes(items) == ["CHG024"]


def test_no_coverage_on_the_day_is_left_to_the_rules():
    """The draft carries the latest coverage of the first rank; rules COV001 and COV002 hold it."""
    draft = only(run(records=covered(coverage_to=date(2026, 1, 31))))
    assert not draft.coverage.covers(DAY)


def test_benefits_and_signatures():
    records = make_records(
        patients=(
            make_patient(
                release_of_information="I", coverages=(make_coverage(assignment_of_benefits=False),)
            ),
        )
    )
    claim = only(run(records=records)).claim
    assert (claim.benefits_assigned, claim.release_of_information) == ("N", "I")


# -- money from the patient, notes ---------------------------------------------------------------------------------


def test_patient_paid_goes_out_only_where_the_payer_wants_it():
    lines = [line(1, patient_paid=2000), line(2, patient_paid=500)]
    assert only(run(*lines)).claim.patient_paid is None
    wants = payers(claim={"report_patient_paid": True})
    assert only(run(*lines, profiles=wants)).claim.patient_paid == 2500
    assert only(run(profiles=wants)).claim.patient_paid is None


def test_a_note_goes_to_nte_or_describes_an_unlisted_code():
    plain = only(run(line(line_note="LEFT SHOULDER"))).claim.lines[0]
    assert (plain.notes, plain.procedure.description) == ((("ADD", "LEFT SHOULDER"),), None)
    unlisted = only(run(line(procedure_code="97139", line_note="CUPPING"))).claim.lines[0]
    assert (unlisted.notes, unlisted.procedure.description) == ((), "CUPPING")
