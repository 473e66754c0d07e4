"""Session lines to claims: counting, holding, grouping, diagnoses."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from edi.intake import ChargeSummary, RowRejected
from edi.model.finding import Finding, Severity
from edi.model.records import Fee
from edi.payers import load_payers
from tests.builders import (
    DAY,
    PRACTICE_NPI,
    REFERRER_NPI,
    SUPERVISOR_NPI,
    THERAPIST_NPI,
    make_case,
    make_coverage,
    make_patient,
    make_records,
    npi,
)
from tests.intake.charging import codes, drafts, line, only, payers, run, summary

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
        ({"units": None, "procedure_code": "96105"}, "CHG011", "units"),
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
    found = summary(items)
    priced = {"unpriced": 1} if code == "CHG012" else {"held_charge": 5000}
    assert found == ChargeSummary(lines=1, held=1, **priced)


def test_a_mistyped_code_is_guessed_in_the_fix():
    items = run(line(units=None, procedure_code="971110"))
    assert any("Did you mean 97110" in item.fix for item in items if isinstance(item, Finding))


def test_an_unknown_payer_is_held():
    records = make_records(patients=(make_patient(coverages=(make_coverage(payer="nowhere"),)),))
    items = run(records=records)
    assert codes(items) == ["CHG002"]
    assert summary(items).held == 1


@pytest.mark.parametrize(
    ("payer", "shown"),
    [
        ("aetna", True), ("blue_cross-2", True), ("Aetna", False), ("w12345", False), ("1eg4te5mk73", False),
        ("a" * 41, False), ("ada tester", False),
    ],
)  # fmt: skip
def test_an_unknown_payer_is_named_when_it_has_the_form_of_a_key(payer, shown):
    records = make_records(patients=(make_patient(coverages=(make_coverage(payer=payer),)),))
    (finding,) = [item for item in run(records=records) if isinstance(item, Finding)]
    assert (payer in finding.message) is shown


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"treating_npi": npi(99)}, npi(99)),
        ({"treating_npi": "", "treating_id": "smith-pta"}, "smith-pta"),
        ({"supervising_npi": npi(99)}, npi(99)),
        ({"treating_npi": "Ada Tester"}, ""),
        ({"treating_npi": "9175550100"}, ""),
        ({"treating_npi": "", "treating_id": "W123456789"}, ""),
    ],
)
def test_an_unknown_therapist_is_named_by_npi_or_key(changes, shown):
    (finding,) = [item for item in run(line(**changes)) if isinstance(item, Finding)]
    assert finding.code == "CHG007"
    assert finding.message.split("_", 1)[1].split(" ", 1)[1] == f"{shown} is not in claimloop.toml".strip()


@pytest.mark.parametrize(("case_id", "held"), [("C9", True), ("", True), ("C1", False)])
def test_a_case_that_was_refused_holds_the_lines_that_may_be_its_own(case_id, held):
    records = replace(make_records(), refused_cases={("orchard", "C9"): "P1"})
    items = run(line(case_id=case_id), records=records)
    assert codes(items, Severity.ERROR) == (["CHG004"] if held else [])
    assert all("refused" in item.message for item in items if isinstance(item, Finding))
    assert bool(drafts(items)) is not held


def test_a_patient_who_paid_more_than_the_charge_is_told_of():
    (finding,) = [item for item in run(line(patient_paid=5001)) if isinstance(item, Finding)]
    assert (finding.code, finding.severity, finding.location.field) == (
        "CHG027", Severity.WARNING, "patient_paid",
    )  # fmt: skip
    assert codes(run(line(patient_paid=5000))) == []


def test_a_service_before_birth_is_an_error_of_the_date():
    born = make_patient().person.birth_date
    early = line(date_of_service=born - timedelta(days=1), charge=None)
    (finding,) = [item for item in run(early) if isinstance(item, Finding)]
    assert (finding.code, finding.severity) == ("CHG028", Severity.ERROR)
    assert finding.location.field == "date_of_service"
    assert str(born.year) not in finding.message
    assert codes(run(line(date_of_service=born))) == []


# -- what the lines held would have charged ------------------------------------------------------------------------

FEES = (
    Fee(kind="charge", code="97110", basis="per_unit", amount=6000, valid_from=date(2026, 1, 1)),
    Fee(
        kind="charge", code="97140", basis="per_unit", amount=6000, valid_from=date(2026, 1, 1), payer="acme"
    ),
    Fee(kind="charge", code="97010", basis="per_line", amount=1500, valid_from=date(2026, 1, 1)),
    Fee(kind="charge", code="97124", basis="per_line", amount=1500, valid_from=DAY + timedelta(days=1)),
)


@pytest.mark.parametrize(
    ("changes", "cents"),
    [
        ({"charge": 5000}, 5000),
        ({"charge": None, "units": 2}, 12000),
        ({"charge": None, "units": None, "minutes": 38}, 18000),
        ({"charge": None, "units": None, "minutes": None}, None),
        ({"charge": None, "procedure_code": "97140"}, None),
        ({"charge": None, "procedure_code": "97010", "units": None}, 1500),
        ({"charge": None, "procedure_code": "97124"}, None),
    ],
)
def test_the_charge_of_held_lines_is_told_as_far_as_it_is_known(changes, cents):
    nobody = make_records(patients=(make_patient(coverages=(make_coverage(payer="nowhere"),)),), fees=FEES)
    found = summary(run(line(**changes), records=nobody))
    assert (found.held_charge, found.unpriced) == ((cents, 0) if cents is not None else (0, 1))
    refused = RowRejected(9, "s.csv", "orchard", "V9", line=line(**changes))
    found = summary(run(line(visit_id="V2", patient_id="P9"), refused, records=nobody))
    assert (found.refused_charge, found.unpriced) == ((cents, 0) if cents is not None else (0, 1))


def test_lines_that_wait_for_their_day_are_priced_for_their_payer():
    records = make_records(fees=FEES)
    items = run(
        line(1, facility_id="moon", charge=None),
        line(2, procedure_code="97140", charge=None),
        line(3, charge=7000),
        records=records,
    )
    assert summary(items).held_charge == 6000 + 6000 + 7000
    assert drafts(items) == []


@pytest.mark.parametrize(("charge", "counts"), [(4200, (4200, 0)), (None, (0, 1))])
def test_of_a_row_that_could_hardly_be_read_the_charge_column_counts(charge, counts):
    found = summary(run(line(), RowRejected(9, "s.csv", "orchard", "V9", charge=charge)))
    assert (found.refused_charge, found.unpriced) == counts


def test_a_row_that_is_not_to_be_billed_has_no_charge():
    refused = RowRejected(9, "s.csv", "orchard", "V9", line=line(do_not_bill="package"))
    assert summary(run(line(), refused)).refused_charge == 0


# -- rows withdrawn ------------------------------------------------------------------------------------------------


def test_a_row_withdrawn_takes_its_line_out_and_holds_its_visit():
    rows = [line(1), line(2), line(3, visit_id="V2", date_of_service=DAY + timedelta(days=1))]
    items = run(*rows, RowRejected(2, rows[0].file, withdrawn=True))
    assert codes(items, Severity.ERROR) == ["CHG017"]
    assert [one.line_id for one in only(items).sessions] == ["V1-3"]
    assert (summary(items).lines, summary(items).refused_charge) == (2, 5000)


def test_no_diagnosis_anywhere():
    records = make_records(cases=(make_case(diagnosis_codes=()),))
    assert codes(run(line(diagnosis_codes=()), records=records)) == ["CHG010"]


def test_an_error_holds_the_whole_day_and_only_it():
    next_day = line(3, visit_id="V2", date_of_service=DAY + timedelta(days=1))
    items = run(line(1), line(2, facility_id="moon"), next_day)
    assert codes(items, Severity.ERROR) == ["CHG009"]
    assert codes(items, Severity.WARNING) == ["CHG016"]
    assert [one.line_id for one in only(items).sessions] == ["V1-3"]
    assert summary(items) == ChargeSummary(lines=3, billed=1, claims=1, held=2, held_charge=10000)


def test_a_refused_row_holds_its_visit():
    items = run(line(1), RowRejected(9, "s.csv", "orchard", "V1"), line(2, visit_id="V2", patient_id="P1"))
    assert drafts(items) == []
    assert codes(items, Severity.ERROR) == ["CHG017"]
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
    assert summary(items) == ChargeSummary(lines=2, held=2, held_charge=10000)


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


def test_ids_are_ordered_by_the_size_of_their_numbers_whatever_they_are():
    names = ["9" * 5000, "²", "10", "009", "8"]
    found = only(run(*[line(place, visit_id=name) for place, name in enumerate(names, 1)]))
    assert [one.visit_id for one in found.sessions] == ["8", "009", "10", "9" * 5000, "²"]
