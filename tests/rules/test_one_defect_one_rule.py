"""One defect is told by one rule, the special one; and what rules advise runs into no other rule."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from edi.model.finding import Severity
from edi.model.records import Records
from edi.payers import shipped_packs

SAID_ALWAYS = {"CHK001", "CHK002", "COV015"}


def codes(make, *drafts, **context):
    return [one.code for one in make.findings(*drafts, **context) if one.code not in SAID_ALWAYS]


def lines(make, count):
    """A claim of so many like lines, that nothing but their number is wrong with."""
    draft = make.draft()
    many = tuple(make.replace(draft.claim.lines[0], number=n + 1) for n in range(count))
    return make.replace(draft, claim=make.replace(draft.claim, lines=many))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda m: m.draft(m.row("97161"), m.row("97161")), ["COD009"]),
        (lambda m: m.draft(m.row("97161"), m.row("97162")), ["COD009"]),
        (lambda m: m.draft(m.row("97012"), m.row("97012", modifiers=("GP", "77"))), ["DUP005"]),
        (lambda m: m.draft(diagnoses=()), ["DX001"]),
        (lambda m: m.draft(subscriber=m.subscriber(member_id="123456789")), ["COV012"]),
        (lambda m: m.draft(subscriber=m.subscriber(member_id="1.23E+09")), ["COV012"]),
    ],
)
def test_the_special_rule_speaks_alone(make, made, told):
    found = [one for one in codes(make, made(make)) if not one.startswith("MUE") or "COD009" in told]
    assert found == told


def test_a_fifty_first_line_is_told_once(make):
    told = {"REQ008", "CLM015"}
    assert set(codes(make, lines(make, 51))) & told == {"CLM015"}
    payers = make.payers(claim=make.replace(make.payers()["medicare"].claim, max_lines=99))
    assert set(codes(make, lines(make, 51), payers=payers)) & told == {"REQ008"}


def test_an_id_of_a_payers_own_shape_that_is_a_placeholder_is_told_once(make):
    payers = make.payers()
    shape = make.replace(payers["commercial"].coverage, member_id="[A-Z]{3}[0-9]{9}")
    payers["commercial"] = make.replace(payers["commercial"], coverage=shape)
    for member_id, told in (("UNKNOWN", "COV012"), ("ABD12", "COV013")):
        subscriber = make.subscriber(member_id=member_id, filing_indicator="CI")
        draft = make.draft(payer="commercial", subscriber=subscriber)
        assert codes(make, draft, payers=payers) == [told]


# -- advice that another rule would undo -------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "repeats"), [("97110", False), ("97012", True)])
def test_76_is_advised_only_where_it_may_stand(make, code, repeats):
    twice = make.draft(make.row(code), make.row(code))
    (found,) = make.findings(twice, code="DUP002")
    assert ("76" in found.fix) is repeats
    (found,) = make.findings(make.draft(make.row(code)), earlier=(make.earlier(code),), code="DUP004")
    assert ("76" in found.fix) is repeats
    assert "give the times" in found.fix or repeats
    marked = make.draft(make.row(code, modifiers=("76", "GP")))
    assert ("MOD008" not in codes(make, marked)) is repeats


def test_massage_to_medicare_passes_with_gy(make):
    given = {"discipline": "LMT", "code": "PRO009"}

    def told(*modifiers):
        rows = [make.row("97124", modifiers=one) for one in modifiers]
        return make.findings(make.draft(*rows, discipline=given["discipline"]), code=given["code"])

    assert told(("GY",)) == []
    assert [one.severity for one in told(())] == [Severity.ERROR]
    assert [one.severity for one in told(("GY",), ())] == [Severity.ERROR], "one line still asks for payment"


# -- claims that were rejected -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "told"), [("rejected", []), ("settled", ["AUT006"])])
def test_a_rejected_claim_uses_no_authorized_visit(make, status, told):
    given = {"payer": "workers_comp", "authorization": "WC100", "date_of_service": date(2024, 7, 20)}
    records = Records(authorizations=(make.authorization(visits=1),))
    draft = make.draft(payer="workers_comp")
    earlier = (make.earlier("97110", status=status, **given),)
    assert [one for one in codes(make, draft, records=records, earlier=earlier) if one == "AUT006"] == told


def test_a_rejected_claim_is_not_with_the_payer(make):
    earlier = (make.earlier("97112", status="rejected"),)
    (found,) = make.findings(make.draft(), earlier=earlier, code="DUP001")
    assert "was rejected" in found.message
    assert "is with the payer" not in found.message


@pytest.mark.parametrize(("status", "told"), [("rejected", True), ("settled", False)])
def test_an_add_on_does_not_lean_on_a_rejected_claim(make, status, told):
    earlier = (make.earlier("97129", status=status),)
    draft = make.draft(make.row("97130"))
    assert bool(make.findings(draft, earlier=earlier, code="COD007")) is told


# -- visits of the VA --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visits", "numbered", "told"), [(13, False, True), (12, False, False), (13, True, False)]
)
def test_visits_of_a_first_va_authorization_over_the_run(make, visits, numbered, told):
    """Each week a visit; another patient's, another payer's and those before the 90 days do not count."""
    payers = {**make.payers(), "va": shipped_packs()["va_ccn"]}

    def on(day, payer="va", patient="pat1"):
        row = make.row("97124", modifiers=(), day=day)
        draft = make.draft(row, payer=payer, discipline="LMT", authorization="A1")
        patient_record = msgspec.structs.replace(draft.patient, patient_id=patient)
        return msgspec.structs.replace(draft, patient=patient_record)

    days = [make.day - timedelta(days=7 * week) for week in range(visits)]
    drafts = [on(day) for day in days]
    drafts += [on(days[0] - timedelta(days=100)), on(days[1], "commercial"), on(days[1], patient="pat2")]
    known = make.authorization(authorization_number="A1", payer="va", visits=40 if numbered else None)
    records = Records(authorizations=(known,))
    found = make.findings(*drafts, payers=payers, records=records, code="VAC001", today=make.day)
    assert len(found) == told


# -- values without end ------------------------------------------------------------------------------------------------


def test_names_of_session_lines_without_end_are_shown_cut(make):
    twice = make.draft(make.row("97110", visit="1" * 5000), make.row("97110", visit="1" * 5000))
    (found,) = make.findings(twice, code="DUP002")
    assert f"{'1' * 60} … and {'1' * 60} …" in found.message
    assert len(found.message) < 300
