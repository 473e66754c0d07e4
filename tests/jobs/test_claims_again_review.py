"""Claims that go again where answers are odd: duplicates, rejections, waits, twins; each loop ends with sound books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from cli.jobs.import_claims import import_claims
from cli.jobs.simulate import simulate
from edi.codes import load_tables
from edi.model.remittance import Adjustment, ClaimPayment, RemittanceHeader
from edi.testpayer import parse_scenario
from edi.testpayer.payments import trailer_of
from edi.transactions import t835
from edi.x12.envelope import TransactionSet, read_transactions
from tests.jobs.again_desk import (
    DENIES,
    HALF,
    PAYS,
    REJECTS,
    AgainOffice,
    covered,
    sent_claims,
    visit,
)
from tests.loop.loop_stage import write_835

NUMBER = "C17WDRQP"
"""CLM01 of the first claim that a store makes."""
CHARGE = 12000
PAID = (CHARGE, 5424, 5220, 1356, 0, 0)
"""The books after PAYS."""


class Desk(AgainOffice):
    """An office with one claim out."""

    first: Path
    """The file that carries the claim."""


@pytest.fixture
def office(tmp_path: Path):
    """Makes an office whose patient has these coverages, with one claim sent and answered."""

    def make(*coverages: str, scenario: str | None = None, seed: int = 1) -> Desk:
        made = Desk(tmp_path / "office", *coverages)
        result = made.create(*visit())
        made.first = Path(result.files[0].path)
        if scenario is not None:
            made.answer(made.first, scenario, seed=seed)
        return made

    return make


def codes(result) -> list[str]:
    """The codes of what refuses claims."""
    return [one.code for one in result.findings if one.code.startswith("AGN")]


def sent(result) -> list[tuple[str, str, str, str]]:
    """What went out: kind, payer, frequency and REF*F8."""
    return [(one.kind, one.payer, one.frequency, one.original_reference) for one in result.sent]


def file_of(result) -> str:
    """The one file written."""
    (file,) = result.files
    return file.path


def said(desk: AgainOffice, path: str | Path, scenario: str, kind: str) -> list[Path]:
    """What the test payer says to a file a week later, of one kind (``277`` or ``835``), not taken in."""
    desk._answers += 1
    desk.day += timedelta(days=7)
    back = desk.folder / f"back{desk._answers}"
    simulate(Path(path), out=back, seed=1, today=desk.day.date(), scenario=parse_scenario(scenario))
    return sorted(back.glob(f"*.{kind}"))


def altered(path: Path, desk: AgainOffice, change: Callable[[ClaimPayment], ClaimPayment]) -> Path:
    """An 835 like another one with other claims, under a trace number of its own, a week later."""
    desk.day += timedelta(days=7)
    header, claims = None, []
    for transaction in read_transactions([path.read_bytes()]):
        assert isinstance(transaction, TransactionSet), transaction
        for item in t835.read(transaction):
            if isinstance(item, RemittanceHeader):
                header = item
            elif isinstance(item, ClaimPayment):
                claims.append(change(item))
        break
    assert header is not None
    paid = sum(claim.paid for claim in claims)
    payment = replace(
        header.payment,
        amount=paid,
        method="CHK" if paid else "NON",
        handling="I" if paid else "H",
        date=desk.day.date(),
        trace_number="ALTERED1",
        bpr=(),
        trn=(),
    )
    header = replace(
        header, payment=payment, production_date=desk.day.date(), interchange_control_number="000000888"
    )
    made = desk.folder / f"altered-{desk.day:%Y%m%d}.835"
    made.write_bytes(write_835((header, claims, trailer_of(claims, []))))
    return made


def refused_with(group: str, reason: str, number: str | None = None):
    """Turns a claim payment into one that pays nothing, every line for that reason."""

    def change(claim: ClaimPayment) -> ClaimPayment:
        return replace(
            claim,
            status="4",
            paid=0,
            patient_responsibility=None,
            adjustments=(),
            payer_claim_control_number=number or claim.payer_claim_control_number,
            lines=tuple(
                replace(
                    line,
                    paid=0,
                    allowed=None,
                    amounts=(),
                    units="1",
                    adjustments=(Adjustment(group, reason, line.charge, None),),
                    remarks=(),
                )
                for line in claim.lines
            ),
        )

    return change


def imported(folder: Path, data: bytes, *coverages: str, **patient: str) -> Desk:
    """An office that took a claim of another system over."""
    desk = Desk(folder, *coverages)
    if patient:
        desk.write("patients", [{**row, **patient} for row in covered(*coverages)])
    desk.first = desk.folder / "in.837"
    desk.first.write_bytes(data)
    with desk._open() as (settings, store):
        practices = tuple(settings.need_directory().practices.values())
        import_claims(
            [desk.first],
            store,
            payers=settings.payers,
            practices=practices,
            now=desk.day,
            tables=load_tables(),
        )
    return desk


# -- a duplicate that is denied ----------------------------------------------------------------------------------


@pytest.fixture
def repeated(office):
    """A claim that was paid, and whose duplicate was denied after that."""
    desk = office("acme", "beacon", scenario=PAYS)
    paid = next(desk.back.glob("*.835"))
    desk.ingest(altered(paid, desk, refused_with("OA", "18", "DUPLICATE9")))
    assert desk.books() == PAID
    return desk


def test_the_next_payer_is_told_what_was_paid_not_the_denied_duplicate(repeated):
    (claim,) = sent_claims(file_of(repeated.secondary(NUMBER)))
    (other,) = claim.other_payers
    assert (other.paid, other.payer.references) == (5424, (("F8", "P000001000001"),))
    assert [one.paid for line in claim.lines for one in line.adjudications] == [3024, 2400]
    assert repeated.broken() == []


def test_a_void_names_the_paid_claim_not_the_denied_duplicate(repeated):
    assert sent(repeated.void(NUMBER)) == [("void", "acme", "8", "P000001000001")]


def test_a_duplicate_of_one_line_leaves_the_answer_of_the_other(office):
    """The second 835 denies line 1 as a duplicate and pays line 2 anew: line 1 stays as it was paid."""
    desk = office("acme", "beacon", scenario=PAYS)

    def change(claim: ClaimPayment) -> ClaimPayment:
        whole = refused_with("OA", "18", "DUPLICATE9")(claim)
        lines = (whole.lines[0], claim.lines[1])
        return replace(whole, status="1", paid=lines[1].paid, lines=lines)

    desk.ingest(altered(next(desk.back.glob("*.835")), desk, change))
    (claim,) = sent_claims(file_of(desk.secondary(NUMBER)))
    assert [one.paid for line in claim.lines for one in line.adjudications] == [3024, 2400]


# -- denied lines ------------------------------------------------------------------------------------------------


def test_the_denied_one_of_two_alike_lines_is_the_one_that_is_paid_again(office, tmp_path):
    data = office("deniedonly").first.read_bytes()
    data = (
        data.replace(b"HC:97140:GP", b"HC:97110:GP")
        .replace(b"C17WDRQP", b"IMPX1")
        .replace(b"L0000", b"Q0000")
    )
    desk = imported(tmp_path / "taken over", data, "deniedonly")

    def second_denied(claim: ClaimPayment) -> ClaimPayment:
        first, second = claim.lines[0], refused_with("CO", "50")(claim).lines[1]
        return replace(claim, paid=first.paid, patient_responsibility=None, lines=(first, second))

    (answer,) = said(desk, desk.first, PAYS, "835")
    desk.ingest(altered(answer, desk, second_denied))
    assert desk.rows("SELECT line_id, amount, status FROM denial") == [(2, 6000, "open")]
    result = desk.correct("1")
    assert [(one.kind, one.lines) for one in result.sent] == [("denied_lines", 1)]
    desk.answer(file_of(result), PAYS)
    assert desk.rows("SELECT status FROM denial") == [("recovered",)]
    assert desk.books()[4:] == (0, 0)
    assert desk.broken() == []


def test_denied_lines_that_were_rejected_go_again(office):
    desk = office("deniedonly", scenario=HALF, seed=3)
    desk.answer(file_of(desk.correct(NUMBER)), REJECTS)
    again = desk.correct(NUMBER)
    assert sent(again) == [("denied_lines", "deniedonly", "1", "")]
    desk.answer(file_of(again), PAYS)
    assert desk.books()[4:] == (0, 0)
    assert desk.broken() == []


# -- the next payer ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"payer": "acme"}, {"due": True, "payer": "acme"}])
def test_the_next_payer_is_not_billed_twice(office, options):
    desk = office("acme", "beacon", scenario=PAYS)
    first = desk.secondary(NUMBER)
    assert codes(desk.secondary(NUMBER, **options)) == ["AGN029"]
    desk.answer(file_of(first), PAYS)
    again = desk.secondary(NUMBER, payer="acme")
    assert (sent(again), codes(again)) == ([], ["AGN029"])
    assert len(desk.submissions()) == 2
    assert desk.broken() == []


def test_after_a_corrected_primary_the_next_payer_gets_a_replacement(office):
    desk = office("acme", "beacon", scenario=PAYS)
    desk.answer(file_of(desk.secondary(NUMBER)), PAYS)
    corrected = desk.correct(NUMBER, payer="acme", sessions=visit(minutes="30"))
    assert codes(desk.secondary(NUMBER)) == ["AGN022"]
    desk.answer(file_of(corrected), PAYS)
    again = desk.secondary(NUMBER)
    assert sent(again) == [("secondary", "beacon", "7", "P000002000001")]
    (claim,) = sent_claims(file_of(again))
    assert (claim.patient_control_number, claim.charge) == (NUMBER, 18000)
    assert codes(desk.secondary(NUMBER, payer="acme")) == ["AGN029"]
    assert codes(desk.correct(NUMBER)) == ["AGN002"]
    desk.answer(file_of(again), PAYS)
    assert desk.books()[0] == 18000
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ('method = "new_claim"', [("secondary", "beacon", "1", "")]),
        ('method = "reopening"', ["AGN004"]),
        ("resend_denied_lines_only = true", ["AGN004"]),
    ],
)
def test_the_next_payer_says_how_it_is_billed_again(office, policy, expected):
    desk = office("acme", "beacon", scenario=PAYS)
    payers = desk.folder / "payers.toml"
    own = f"[payer.beacon]\ncorrections = {{ {policy} }}"
    payers.write_text(payers.read_text("utf-8").replace("[payer.beacon]", own), encoding="utf-8")
    desk.answer(file_of(desk.secondary(NUMBER)), PAYS)
    desk.answer(file_of(desk.correct(NUMBER, payer="acme", sessions=visit(minutes="30"))), PAYS)
    again = desk.secondary(NUMBER)
    assert sent(again) + codes(again) == expected
    assert NUMBER not in [one.patient_control_number for one in again.sent]
    assert desk.broken() == []


def test_a_pended_claim_is_not_billed_on(office):
    desk = office("acme", "beacon")
    (answer,) = said(desk, desk.first, PAYS, "835")
    desk.ingest(altered(answer, desk, refused_with("OA", "133")))
    assert desk.actions() == ["hold_wait"]
    assert codes(desk.secondary(NUMBER)) == ["AGN022"]
    desk.ingest(answer)
    assert len(desk.submissions()) == 1


def test_every_remark_of_a_crossover_keeps_the_claim_from_the_next_payer(office):
    desk = office("acme", "beacon")
    (answer,) = said(desk, desk.first, PAYS, "835")
    forwarded = altered(answer, desk, lambda claim: replace(claim, outpatient=("MOA", "", "", "N89")))
    desk.ingest(forwarded)
    assert desk.actions() == ["await_other_payer"]
    assert codes(desk.secondary(NUMBER)) == ["AGN023"]


def test_a_next_payer_that_answered_by_itself_is_not_billed(office):
    """The first payer sent the claim on and said nothing of it: the second one's 835 is there."""
    desk = office("acme", "beacon", scenario=PAYS)
    theirs = altered(next(desk.back.glob("*.835")), desk, refused_with("PR", "1", "BEACON1"))
    theirs.write_bytes(theirs.read_bytes().replace(b"60601", b"77177"))
    desk.ingest(theirs)
    assert codes(desk.secondary(NUMBER)) == ["AGN029"]


def test_a_rejected_secondary_is_due_again(office):
    desk = office("acme", "beacon", scenario=PAYS)
    desk.answer(file_of(desk.secondary(NUMBER)), REJECTS)
    assert desk.actions() == ["bill_secondary"]
    rows = covered("acme", "beacon")
    rows[1]["member_id"] = "BEACON002"
    desk.write("patients", rows)
    again = desk.secondary(due=True)
    assert sent(again) == [("secondary", "beacon", "1", "")]
    assert sent_claims(file_of(again))[0].subscriber.member_id == "BEACON002"
    assert desk.actions() == ["await_other_payer"]
    assert desk.secondary(due=True).sent == ()
    desk.answer(file_of(again), PAYS)
    assert desk.books() == (CHARGE, 6780, 5220, 0, 0, 0)
    assert desk.broken() == []


def test_a_rejected_secondary_that_was_sent_again_by_correct_is_not_due(office):
    desk = office("acme", "beacon", scenario=PAYS)
    desk.answer(file_of(desk.secondary(NUMBER)), REJECTS)
    again = desk.correct(NUMBER)
    assert sent(again) == [("rejected", "beacon", "1", "")]
    assert desk.actions() == ["await_other_payer"]
    assert desk.secondary(due=True).sent == ()
    assert codes(desk.secondary(NUMBER)) == ["AGN029"]
    desk.answer(file_of(again), PAYS)
    assert desk.books() == (CHARGE, 6780, 5220, 0, 0, 0)
    assert desk.broken() == []


def test_the_void_of_a_secondary_does_not_bill_the_primary_anew(office):
    desk = office("acme", "beacon", scenario=PAYS)
    desk.answer(file_of(desk.secondary(NUMBER)), PAYS)
    assert sent(desk.void(NUMBER)) == [("void", "beacon", "8", "P000002000001")]
    again = desk.correct(NUMBER, force=True, sessions=visit(minutes="30"))
    assert (sent(again), codes(again)) == ([], ["AGN013"])
    assert desk.broken() == []


def test_a_twin_is_not_taken_for_the_other_one(tmp_path):
    """One member id and birth date, two first names: the coverage on the claim is what is known."""
    family = {
        "relationship": "child", "subscriber_last_name": "Tester", "subscriber_first_name": "Mom",
        "subscriber_birth_date": "1950-05-17", "subscriber_sex": "F", "birth_date": "2015-01-01",
    }  # fmt: skip
    source = AgainOffice(tmp_path / "source", "acme", "beacon")
    source.write("patients", [{**row, **family} for row in covered("acme", "beacon")])
    data = Path(source.create(*visit()).files[0].path).read_bytes()
    for first_name, member in (("Eve", "BEACON001"), ("Áda", "BEACON777")):
        people = {**family, "first_name": first_name}
        desk = imported(tmp_path / first_name, data, "acme", "beacon", **people)
        rows = [{**row, **people} for row in covered("acme", "beacon")]
        rows[1]["member_id"] = "BEACON777"
        desk.write("patients", rows)
        desk.answer(desk.first, PAYS)
        result = desk.secondary("1")
        (claim,) = sent_claims(file_of(result))
        assert claim.patient_person.first_name == "ADA"
        assert claim.subscriber.member_id == member


# -- what was rejected -------------------------------------------------------------------------------------------


def test_a_rejected_void_leaves_the_claim_as_it_was(office):
    desk = office("acme")
    desk.ingest(*said(desk, desk.first, PAYS, "277"))
    void = desk.void(NUMBER, force=True)
    assert desk.books() == (0, 0, 0, 0, 0, 0)
    desk.ingest(*said(desk, file_of(void), REJECTS, "277"))
    assert desk.books() == (CHARGE, 0, 0, 0, 0, CHARGE)
    assert [one.procedure_code for one in desk.history()] == ["97110", "97140"]
    assert desk.broken() == []


def test_a_line_that_a_rejected_correction_left_out_is_billed_again(office):
    desk = office("acme")
    desk.ingest(*said(desk, desk.first, PAYS, "277"))
    rows = visit()
    rows[1]["note_status"] = "cancelled"
    result = desk.correct(NUMBER, sessions=rows, force=True)
    assert desk.books()[0] == 6000
    desk.ingest(*said(desk, file_of(result), REJECTS, "277"))
    assert desk.books() == (CHARGE, 0, 0, 0, 0, CHARGE)
    assert desk.broken() == []


def test_after_a_rejected_void_the_paid_claim_is_corrected_or_voided(office):
    desk = office("acme", scenario=PAYS)
    desk.answer(file_of(desk.void(NUMBER)), REJECTS)
    assert desk.books() == PAID
    assert [one.procedure_code for one in desk.history()] == ["97110", "97140"]
    assert codes(desk.correct(NUMBER)) == ["AGN015"]
    assert sent(desk.void(NUMBER, dry_run=True)) == [("void", "acme", "8", "P000001000001")]
    again = desk.correct(NUMBER, sessions=visit(minutes="30"))
    assert sent(again) == [("replacement", "acme", "7", "P000001000001")]
    desk.answer(file_of(again), PAYS)
    assert desk.books()[0] == 18000
    assert desk.broken() == []


def test_after_a_rejected_correction_of_a_paid_claim_the_paid_one_is_history(office):
    desk = office("acme", scenario=PAYS)
    desk.answer(file_of(desk.correct(NUMBER, sessions=visit(minutes="30"))), REJECTS)
    assert desk.books() == PAID
    assert [(one.procedure_code, one.units, one.counts) for one in desk.history()] == [
        ("97110", "1", True),
        ("97140", "1", True),
    ]


def test_a_rejection_that_comes_after_a_void_was_accepted_counts(office):
    """Of two 277CA the later dated one counts: the void is out of force, and in force again."""
    desk = office("acme")
    desk.ingest(*said(desk, desk.first, PAYS, "277"))
    path = file_of(desk.void(NUMBER, force=True))
    desk.ingest(*said(desk, path, REJECTS, "277"))
    assert desk.books()[0] == CHARGE
    desk.ingest(*said(desk, path, DENIES, "277"))
    assert desk.books()[0] == 0
    assert desk.broken() == []
