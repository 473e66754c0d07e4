"""A cell in the wrong column: no rule repeats a name, a birth date or a member id that stands where a code belongs."""

from __future__ import annotations

from datetime import date

import pytest

from edi.model.records import Records

NAMES = (
    "JANE DOE",
    "JONES",
    "DOE",
    "1EG4TE5MK73",
    "19600102",
    "1960-01-02",
    "O'NEIL",
    "J\tDOE",
    "123-45-6789",
)
MANY = ("GP", "GP", "59", "XS", "76", "AT", "GA", "GY", "GZ", "95", "U1", "CQ", "99", "PN", "25")
TREATED = {
    "telehealth": "video",
    "kx_attested": True,
    "abn": "signed",
    "group_size": 3,
    "assistant_minutes": 3,
}


def as_code(m, value):
    long_line = {"place_of_service": "10", "date_to": date(2024, 9, 1)}
    return (
        m.draft(m.row(value, modifiers=MANY), m.row(value)),
        m.draft(m.row(value, day=None)),
        m.draft(m.row(value, units="X", charge=0, pointers=())),
        m.draft(m.row(value, units="9999", minutes=5, line=long_line, session=TREATED)),
    )


def as_modifier(m, value):
    return (m.draft(m.row(modifiers=(value, "GP", value, "KX", "59"))), m.draft(m.row(modifiers=(value,))))


def as_diagnosis(m, value):
    return (m.draft(diagnoses=("M5450", value, value)), m.draft(diagnoses=(value,)))


def as_place(m, value):
    line = m.row(line={"place_of_service": value})
    return (m.draft(place_of_service=value), m.draft(line, place_of_service=value))


def as_authorization(m, value):
    return (
        m.draft(authorization=value, referral_number=value, payer="workers_comp"),
        m.draft(m.row(line={"authorization": value}), payer="workers_comp"),
        m.draft(m.row(day=date(2025, 8, 1)), authorization=value, payer="workers_comp"),
        m.draft(authorization=value),
    )


def as_provider(m, value):
    wrong = m.provider(value, taxonomy=value)
    return (
        m.draft(rendering=wrong, referring=wrong, supervising=wrong),
        m.draft(billing=m.billing(npi=value, taxonomy=value)),
    )


SPOILED = {
    as_code: {"COD001", "MOD001", "DX003", "UNT001"},
    as_modifier: {"MOD002", "MOD004"},
    as_diagnosis: {"DX002", "DX004"},
    as_place: {"POS001"},
    as_authorization: {"AUT002"},
    as_provider: {"NPI001", "NPI002", "PRO005"},
}


@pytest.mark.parametrize("value", NAMES)
@pytest.mark.parametrize("spoil", SPOILED, ids=lambda one: one.__name__)
def test_no_rule_repeats_it(make, spoil, value):
    kept = make.authorization(authorization_number="OTHER1")
    found = make.findings(*spoil(make, value), records=Records(authorizations=(kept,)))
    told = {one.code for one in found}
    assert len(told & SPOILED[spoil]) == len(SPOILED[spoil]), told
    for one in found:
        shown = f"{one.message} {one.fix} {one.location}"
        assert value not in shown
        assert repr(value)[1:-1] not in shown


@pytest.mark.parametrize("value", NAMES)
def test_nor_where_authorizations_csv_has_it_too(make, value):
    used_up = {
        "authorization_number": value,
        "visits": 0,
        "units": 0,
        "status": "denied",
        "valid_to": make.today,
    }
    of_another = make.authorization(authorization_number=value, patient_id="pat2", payer="medicare")
    found = []
    for codes in ((), ("97530",)):
        rows = (make.authorization(**used_up, codes=codes), of_another)
        found += make.findings(*as_authorization(make, value), records=Records(authorizations=rows))
    assert {one.code for one in found} >= {
        "AUT003",
        "AUT004",
        "AUT005",
        "AUT006",
        "AUT007",
        "AUT008",
        "AUT009",
    }
    assert [one for one in found if value in f"{one.message} {one.fix} {one.location}"] == []


def test_the_patients_own_member_id_is_no_authorization(make):
    draft = make.draft(authorization="ABC900000123", payer="workers_comp")
    kept = make.authorization(authorization_number="OTHER1")
    (found,) = make.findings(draft, records=Records(authorizations=(kept,)), code="AUT002")
    assert "ABC900000123" not in found.message


@pytest.mark.parametrize(
    ("spoil", "value", "code"),
    [
        (as_code, "971110", "COD001"),
        (as_modifier, "59XS", "MOD004"),
        (as_diagnosis, "M54.50", "DX002"),
        (as_place, "98", "POS001"),
        (as_authorization, "WC-101/7", "AUT002"),
        (as_provider, "1234567890", "NPI002"),
    ],
)
def test_what_looks_like_its_kind_is_shown(make, spoil, value, code):
    kept = make.authorization(authorization_number="OTHER1")
    found = make.findings(*spoil(make, value), records=Records(authorizations=(kept,)), code=code)
    assert all(value in one.message for one in found)
    assert found
