"""Claims that go again, round the whole loop: create, answer, correct or void, answer again; the books stay right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cli.jobs.again import sending
from edi.model.finding import Severity
from reconcile.store import open_store
from tests.jobs.again_desk import (
    DENIES,
    HALF,
    PAYS,
    REJECTS,
    SILENT,
    AgainOffice,
    covered,
    sent_claims,
    visit,
)

NUMBER = "C17WDRQP"
"""CLM01 of the first claim that a store makes."""
CHARGE = 12000


@pytest.fixture
def office(tmp_path: Path):
    """Makes an office whose patient has these coverages, with one claim sent and answered."""

    def make(*coverages: str, scenario: str | None = None, seed: int = 1, rows=()) -> AgainOffice:
        made = AgainOffice(tmp_path / "office", *coverages)
        result = made.create(*(rows or visit()))
        assert result.claims == 1
        if scenario is not None:
            made.answer(result.files[0].path, scenario, seed=seed)
        return made

    return make


def codes(result) -> list[str]:
    """The codes of what refuses claims."""
    return [one.code for one in result.findings if one.code.startswith("AGN")]


def file_of(result) -> str:
    """The one file written."""
    (file,) = result.files
    return file.path


# -- corrections -------------------------------------------------------------------------------------------------


def test_a_denied_claim_is_replaced_from_its_corrected_rows_and_paid(office):
    desk = office("acme", scenario=DENIES)
    desk.second_opinion = True
    assert desk.books() == (CHARGE, 0, 0, 0, CHARGE, 0)
    result = desk.correct(NUMBER, sessions=visit(modifiers="GP 59"))
    (sent,) = result.sent
    assert (sent.kind, sent.frequency, sent.original_reference) == ("replacement", "7", "P000001000001")
    (claim,) = sent_claims(file_of(result))
    assert (claim.patient_control_number, claim.frequency) == (NUMBER, "7")
    assert claim.lines[0].procedure.modifiers == ("GP", "59")
    before = {line.line_control_number for line in desk.claim(1).lines}
    assert before.isdisjoint(line.line_control_number for line in claim.lines)
    assert desk.books() == (CHARGE, 0, 0, 0, CHARGE, 0)
    desk.answer(file_of(result), PAYS)
    billed, paid, contractual, patient, denied, left = desk.books()
    assert (billed, denied, left) == (CHARGE, 0, 0)
    assert paid + contractual + patient == CHARGE
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("payer", "frequency", "number"),
    [("acme", "7", NUMBER), ("newnumber", "7", "C2FSRJHE"), ("anew", "1", "C2FSRJHE")],
)
def test_a_correction_that_changes_the_charge_counts_once(office, payer, frequency, number):
    desk = office(payer, scenario=DENIES)
    rows = visit(minutes="30")
    result = desk.correct(NUMBER, sessions=rows)
    (sent,) = result.sent
    assert (sent.frequency, sent.patient_control_number, sent.charge) == (frequency, number, 18000)
    assert [row[1:3] for row in desk.submissions()] == [(1, 1), (1, 2)]
    desk.answer(file_of(result), PAYS)
    billed, paid, contractual, patient, denied, left = desk.books()
    assert (billed, denied, left) == (18000, 0, 0)
    assert paid + contractual + patient == 18000
    assert desk.broken() == []


def test_only_the_denied_lines_go_again_where_the_payer_wants_that(office):
    desk = office("deniedonly", scenario=HALF, seed=3)
    denied = desk.rows("SELECT COUNT(*) FROM denial WHERE status = 'open'")[0][0]
    assert denied == 1
    result = desk.correct(NUMBER)
    (sent,) = result.sent
    assert (sent.kind, sent.frequency, sent.lines, sent.charge) == ("denied_lines", "1", 1, 6000)
    assert desk.books()[0] == CHARGE
    assert codes(desk.correct(NUMBER)) == ["AGN002"]
    desk.answer(file_of(result), PAYS)
    billed, paid, contractual, patient, denied, left = desk.books()
    assert (billed, denied, left) == (CHARGE, 0, 0)
    assert paid + contractual + patient == CHARGE
    assert desk.broken() == []
    history = desk.history()
    assert sorted(one.procedure_code for one in history) == ["97110", "97140"]


def test_a_line_that_the_correction_takes_out_is_billed_no_more(office):
    desk = office("acme", scenario=DENIES)
    answered = next(desk.back.glob("*.835"))
    rows = visit()
    rows[1]["note_status"] = "cancelled"
    result = desk.correct(NUMBER, sessions=rows)
    assert (result.sent[0].lines, result.sent[0].charge) == (1, 6000)
    desk.take_back(answered)
    desk.answer(file_of(result), PAYS)
    billed, paid, contractual, patient, _denied, left = desk.books()
    assert (billed, paid + contractual + patient, left) == (6000, 6000, 0)
    assert desk.broken() == []


def test_a_forgotten_line_of_the_visit_joins_the_correction(office):
    desk = office("acme", scenario=DENIES)
    added = {**visit()[1], "line_id": "V1-3", "procedure_code": "97530"}
    result = desk.correct(NUMBER, sessions=[*visit(), added])
    assert (result.sent[0].lines, result.sent[0].charge) == (3, 18000)
    again = desk.create(*visit(), added)
    assert (again.claims, again.already_billed) == (0, 3)


def test_what_was_corrected_is_known_to_the_next_run_and_billed_once(office):
    """A re-export of the corrected rows is silent; one of the old rows is a change again."""
    desk = office("acme", scenario=DENIES)
    rows = visit(minutes="30")
    assert len(desk.correct(NUMBER, sessions=rows).sent) == 1
    again = desk.create(*rows)
    assert (again.claims, again.already_billed, again.changed) == (0, 2, 0)
    assert desk.create(*visit()).changed == 1
    assert {(one.procedure_code, one.units) for one in desk.history()} == {("97110", "2"), ("97140", "1")}


def test_a_second_identical_run_sends_nothing_twice(office):
    desk = office("acme", scenario=DENIES)
    desk.correct(NUMBER, sessions=visit(minutes="30"))
    before = desk.everything()
    again = desk.correct(NUMBER, sessions=visit(minutes="30"))
    assert (again.sent, again.files, again.refused) == ((), (), (NUMBER,))
    assert codes(again) == ["AGN002"]
    after = desk.everything()
    assert {name for name in after if before.get(name) != after[name]} <= {"claimloop.db"}
    assert len(desk.submissions()) == 2
    forced = desk.correct(NUMBER, sessions=visit(minutes="30"), force=True)
    assert [one.frequency for one in forced.sent] == ["7"]


def test_a_rejected_claim_goes_again_as_it_was(office):
    desk = office("acme", scenario=REJECTS)
    result = desk.correct(NUMBER)
    (sent,) = result.sent
    assert (sent.kind, sent.frequency, sent.patient_control_number, sent.original_reference) == (
        "rejected", "1", NUMBER, "",
    )  # fmt: skip
    desk.answer(file_of(result), PAYS)
    assert desk.books()[0] == CHARGE
    assert desk.books()[-1] == 0
    assert desk.broken() == []


def test_a_rejected_claim_may_be_corrected_beyond_recognition(office):
    """Other codes and charges than before: still the same claim, and nothing of the rejected one is owed."""
    desk = office("federal", scenario=REJECTS)
    rows = [{**row, "procedure_code": "97530", "minutes": "30"} for row in visit()[:1]]
    rows.append({**visit()[1], "note_status": "no_show"})
    result = desk.correct(NUMBER, sessions=rows)
    assert [(one.frequency, one.lines) for one in result.sent] == [("1", 1)]
    assert desk.books()[0] == CHARGE - 6000 + 6000 == desk.rows("SELECT charge FROM claim WHERE id = 2")[0][0]
    assert desk.broken() == []


def test_a_paid_claim_without_a_change_is_not_sent_again(office):
    desk = office("acme", scenario=PAYS)
    assert codes(desk.correct(NUMBER)) == ["AGN015"]
    assert codes(desk.correct(NUMBER, sessions=visit())) == ["AGN015"]
    assert len(desk.correct(NUMBER, sessions=visit(minutes="30")).sent) == 1


def test_a_claim_without_answer_is_not_corrected(office):
    desk = office("acme")
    result = desk.correct(NUMBER, sessions=visit(minutes="30"))
    assert (codes(result), result.refused) == (["AGN002"], (NUMBER,))
    forced = desk.correct(NUMBER, sessions=visit(minutes="30"), force=True)
    assert codes(forced) == ["AGN003"]


# -- what stops a correction -------------------------------------------------------------------------------------


def test_every_row_of_the_claim_has_to_be_there(office):
    desk = office("acme", scenario=DENIES)
    result = desk.correct(NUMBER, sessions=visit(minutes="30")[:1])
    assert codes(result) == ["AGN011"]
    assert "V1-2" in next(one.message for one in result.findings if one.code == "AGN011")


def test_rows_of_another_payer_are_not_a_correction(office):
    desk = office("acme", scenario=DENIES)
    desk.write("patients", covered("anew"))
    assert codes(desk.correct(NUMBER, sessions=visit(minutes="30"))) == ["AGN013"]


def test_rows_that_make_no_claim_are_refused(office):
    desk = office("acme", scenario=DENIES)
    rows = [{**row, "note_status": "cancelled"} for row in visit()]
    assert codes(desk.correct(NUMBER, sessions=rows)) == ["AGN012"]


def test_an_error_of_the_rules_holds_the_correction(office):
    desk = office("acme", scenario=DENIES)
    result = desk.correct(NUMBER, sessions=visit(units="9"))
    assert (result.sent, result.held) == ((), (NUMBER,))
    assert any(one.severity is Severity.ERROR for one in result.findings)
    assert len(desk.submissions()) == 1


def test_what_the_second_opinion_refuses_is_not_sent(office, monkeypatch):
    desk = office("acme", scenario=DENIES)
    wrong = sending.refusal("PYX999", NUMBER, "no", "none")
    monkeypatch.setattr(sending, "refusals", lambda _verdict: (wrong,))
    result = desk.correct(NUMBER, second_opinion=True)
    assert (result.sent, result.held, result.files) == ((), (NUMBER,), ())
    assert len(desk.submissions()) == 1
    assert [one.location.claim for one in result.findings if one.code == "PYX999"] == [NUMBER]


def test_an_unknown_name_and_a_payer_it_never_went_to(office):
    desk = office("acme", scenario=DENIES)
    assert desk.correct("NOBODY").unknown == ("NOBODY",)
    assert desk.correct(NUMBER, payer="anew").unknown == (NUMBER,)
    assert len(desk.correct(NUMBER, NUMBER.lower(), "1").sent) == 1


def test_a_run_that_was_faster_is_noticed(office, monkeypatch):
    """Between this run's look at the claim and its write, another one sent it."""
    desk = office("acme", scenario=DENIES)
    plain = sending.judged

    def meanwhile(*arguments):
        monkeypatch.setattr(sending, "judged", plain)
        assert len(desk.correct(NUMBER).sent) == 1
        return plain(*arguments)

    monkeypatch.setattr(sending, "judged", meanwhile)
    result = desk.correct(NUMBER)
    assert (result.sent, result.refused, codes(result)) == ((), (NUMBER,), ["AGN017", "AGN014"])
    assert len(desk.submissions()) == 2


def test_a_dry_run_walks_the_same_path_and_writes_nothing(office):
    desk = office("acme", scenario=DENIES)
    before, files = desk.digest(), desk.written()
    result = desk.correct(NUMBER, sessions=visit(minutes="30"), dry_run=True)
    assert [one.frequency for one in result.sent] == ["7"]
    assert (desk.digest(), desk.written()) == (before, files)


# -- voids and reopenings ----------------------------------------------------------------------------------------


def test_a_void_takes_the_claim_back_and_the_rows_can_be_billed_anew(office):
    desk = office("acme", scenario=PAYS)
    paid = next(desk.back.glob("*.835"))
    desk.second_opinion = True
    result = desk.void(NUMBER)
    (claim,) = sent_claims(file_of(result))
    assert (claim.frequency, claim.original_reference, len(claim.lines)) == ("8", "P000001000001", 2)
    assert [line.charge for line in claim.lines] == [6000, 6000]
    assert codes(desk.void(NUMBER)) == ["AGN005"]
    assert codes(desk.correct(NUMBER)) == ["AGN002"]
    desk.take_back(paid)
    assert desk.books() == (0, 0, 0, 0, 0, 0)
    assert desk.history() == []
    desk.write("patients", covered("anew"))
    again = desk.correct(NUMBER, sessions=visit())
    assert [(one.kind, one.payer, one.frequency) for one in again.sent] == [("new_claim", "anew", "1")]
    desk.answer(file_of(again), PAYS)
    billed, money, contractual, patient, denied, left = desk.books()
    assert (billed, money + contractual + patient, denied, left) == (CHARGE, CHARGE, 0, 0)
    assert desk.broken() == []


@pytest.mark.parametrize(("job", "kind"), [("correct", "reopening"), ("void", "take_back")])
def test_medicare_takes_neither_7_nor_8_and_makes_work(office, job, kind):
    desk = office("federal", scenario=DENIES)
    answered = desk.day.date()
    result = getattr(desk, job)(NUMBER)
    assert (result.sent, result.files, result.opened) == ((), (), 1)
    (item,) = desk.work()
    assert (item.patient_control_number, item.kind, item.status, item.payer) == (
        NUMBER,
        kind,
        "open",
        "federal",
    )
    assert item.due_date == date(answered.year + 1, answered.month, answered.day)
    again = getattr(desk, job)(NUMBER)
    assert (again.opened, len(again.work_items), len(desk.work())) == (0, 1, 1)
    assert desk.broken() == []


def test_a_dry_run_opens_no_work(office):
    desk = office("federal", scenario=DENIES)
    desk.correct(NUMBER, dry_run=True)
    assert desk.work() == ()


# -- the next payer ----------------------------------------------------------------------------------------------


def test_the_next_payer_is_billed_with_the_answer_of_the_first_and_the_books_are_right(office):
    desk = office("acme", "beacon", scenario=PAYS)
    billed, paid, contractual, patient, _denied, left = desk.books()
    assert (billed, patient > 0, left) == (CHARGE, True, 0)
    assert desk.actions() == ["bill_secondary"]
    desk.second_opinion = True
    result = desk.secondary(due=True)
    (sent,) = result.sent
    assert (sent.kind, sent.payer, sent.frequency, sent.patient_control_number) == (
        "secondary", "beacon", "1", NUMBER,
    )  # fmt: skip
    (claim,) = sent_claims(file_of(result))
    (other,) = claim.other_payers
    assert (claim.subscriber.rank, other.rank, other.paid) == ("S", "P", paid)
    assert sum(line.adjudications[0].paid for line in claim.lines) == paid
    assert ("F8", "P000001000001") in other.payer.references
    assert desk.actions() == ["await_other_payer"]
    assert desk.secondary(due=True).sent == ()
    assert codes(desk.secondary(NUMBER)) == ["AGN029"]
    desk.answer(file_of(result), PAYS)
    assert desk.books() == (CHARGE, paid + patient, contractual, 0, 0, 0)
    assert desk.broken() == []
    assert codes(desk.secondary(NUMBER)) == ["AGN020"]


def test_the_truth_of_the_test_payer_is_what_the_books_say(office):
    """Its answer to a secondary claim counts both payers, as the books do."""
    desk = office("acme", "beacon", scenario=PAYS)
    result = desk.secondary(NUMBER)
    desk.answer(file_of(result), PAYS)
    truth = desk.truth()["totals"]
    names = ("charge", "cash", "contractual", "patient", "denied", "open")
    assert tuple(truth[name] for name in names) == desk.books()


def test_a_payer_that_wants_it_on_the_claim(office):
    desk = office("acme", "wantsclaim", scenario=PAYS)
    result = desk.secondary(NUMBER, second_opinion=True)
    (claim,) = sent_claims(file_of(result))
    assert all(line.adjudications == () for line in claim.lines)
    (other,) = claim.other_payers
    assert {one.reason for one in other.adjustments} == {"45", "2"}
    assert other.remaining_patient_liability == sum(
        one.cents for one in other.adjustments if one.group == "PR"
    )
    desk.answer(file_of(result), PAYS)
    _billed, paid, contractual, *_ = desk.books()
    assert paid + contractual == CHARGE
    assert desk.broken() == []


def test_three_payers_one_after_the_other(office):
    desk = office("acme", "beacon", "anew", scenario=PAYS)
    second = desk.secondary(NUMBER)
    desk.answer(file_of(second), PAYS, seed=5)
    third = desk.secondary(NUMBER, second_opinion=True)
    assert [one.payer for one in third.sent] == ["anew"]
    (claim,) = sent_claims(file_of(third))
    assert [one.rank for one in claim.other_payers] == ["P", "S"]
    assert claim.subscriber.rank == "T"
    desk.answer(file_of(third), PAYS)
    assert desk.books()[0] == CHARGE
    assert desk.books()[-1] == 0
    assert desk.broken() == []


def test_a_claim_without_answer_is_not_sent_on(office):
    assert codes(office("acme", "beacon").secondary(NUMBER)) == ["AGN022"]


def test_no_payer_comes_next(office):
    assert codes(office("acme", scenario=PAYS).secondary(NUMBER)) == ["AGN020"]


def test_without_records_the_coverage_on_the_claim_is_taken(office):
    desk = office("acme", "beacon", scenario=PAYS)
    (desk.folder / "patients.csv").unlink()
    result = desk.secondary(NUMBER)
    assert [one.payer for one in result.sent] == ["beacon"]
    (claim,) = sent_claims(file_of(result))
    assert claim.subscriber.member_id == "BEACON001"


def test_without_records_a_coverage_that_the_claim_does_not_name_is_missing(office):
    desk = office("acme", "unnamed", scenario=PAYS)
    (desk.folder / "patients.csv").unlink()
    assert codes(desk.secondary(NUMBER)) == ["AGN021"]


def test_a_crossover_is_refused_by_name_and_told_by_due(office):
    desk = office("crosses", "beacon", scenario=PAYS)
    by_name = desk.secondary(NUMBER)
    assert (codes(by_name), by_name.refused) == (["AGN023"], (NUMBER,))
    due = desk.secondary(due=True)
    assert (due.refused, [one.severity for one in due.findings if one.code == "AGN023"]) == (
        (), [Severity.INFO],
    )  # fmt: skip


def test_a_first_payer_that_paid_nothing(office):
    desk = office("acme", "wantspaid", scenario=DENIES)
    assert codes(desk.secondary(NUMBER)) == ["AGN024"]


def test_a_payment_taken_back_is_not_told(office):
    desk = office("acme", "beacon", scenario=PAYS)
    desk.take_back(next(desk.back.glob("*.835")))
    assert codes(desk.secondary(NUMBER)) == ["AGN025"]


def test_a_payer_lawfully_passed_over(office):
    desk = office("acme", "beacon")
    result = desk.secondary(
        NUMBER, bypass_reason="the first payer does not cover therapy by law", second_opinion=True
    )
    (claim,) = sent_claims(file_of(result))
    (other,) = claim.other_payers
    assert (other.noncovered, other.paid, other.adjustments) == (CHARGE, None, ())
    assert all(line.adjudications == () for line in claim.lines)
    events = desk.rows("SELECT data FROM event WHERE kind = 'resubmission'")
    assert "does not cover therapy" in events[0][0]


def test_a_correction_or_a_void_comes_before_the_next_payer(office):
    desk = office("acme", "beacon", scenario=PAYS)
    desk.correct(NUMBER, sessions=visit(minutes="30"))
    assert codes(desk.secondary(NUMBER)) == ["AGN022"]
    desk.void(NUMBER, force=True)
    assert codes(desk.secondary(NUMBER)) == ["AGN005"]


def test_several_claims_that_are_due_go_in_one_file(office):
    second = [{**row, "visit_id": "V2", "line_id": f"V2-{number}", "date_of_service": "2026-03-12"}
              for number, row in enumerate(visit(), 1)]  # fmt: skip
    desk = office("acme", "beacon")
    made = desk.create(*visit(), *second)
    assert (made.claims, made.already_billed) == (1, 2)
    for path in sorted(desk.out.glob("*.837")):
        desk.answer(path, PAYS)
    result = desk.secondary(due=True)
    assert (len(result.sent), len(result.files), result.files[0].claims) == (2, 1, 2)
    desk.answer(file_of(result), PAYS)
    billed, paid, contractual, patient, denied, left = desk.books()
    assert (billed, patient, denied, left) == (2 * CHARGE, 0, 0, 0)
    assert paid + contractual == 2 * CHARGE
    assert desk.broken() == []


def test_a_bypass_of_a_payer_that_decided_is_refused(office):
    desk = office("acme", "beacon", scenario=PAYS)
    assert codes(desk.secondary(NUMBER, bypass_reason="law")) == ["AGN028"]


def test_a_replacement_of_the_first_claim_beside_the_secondary(office):
    """The secondary waits; --payer corrects the first payer's claim all the same."""
    desk = office("acme", "beacon", scenario=SILENT)
    result = desk.secondary(NUMBER)
    assert len(result.sent) == 1
    assert codes(desk.correct(NUMBER, sessions=visit(minutes="30"))) == ["AGN002"]
    first = desk.correct(NUMBER, sessions=visit(minutes="30"), payer="acme")
    assert [(one.payer, one.frequency) for one in first.sent] == [("acme", "7")]
    assert desk.broken() == []


def test_the_store_keeps_why_each_submission_was_made(office):
    desk = office("acme", scenario=DENIES)
    desk.correct(NUMBER)
    assert desk.submissions() == [
        (NUMBER, 1, 1, "1", "", "acme", None),
        (NUMBER, 1, 2, "7", "P000001000001", "acme", "replacement"),
    ]
    store = open_store(f"sqlite:///{desk.folder / 'claimloop.db'}", read_only=True)
    with store.read() as connection:
        events = connection.exec_driver_sql(
            "SELECT subject, data FROM event WHERE kind = 'resubmission'"
        ).all()
    store.close()
    assert [(subject, '"replacement"' in data) for subject, data in events] == [(f"claim:{NUMBER}", True)]
