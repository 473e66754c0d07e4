"""Denials worked on a store: states that follow money and people, whatever order files came in, and what verify checks."""

from __future__ import annotations

from datetime import date, datetime
from itertools import permutations

import pytest

from cli.jobs.denial_work import Desk as Worklist
from cli.jobs.denial_work import do
from cli.jobs.denial_work.rows import denial_row
from edi.model.records import Fee
from edi.payers.profile import AppealLevel, AppealsPolicy, PayerProfile, RemitIdentity
from reconcile.reports import aging
from reconcile.reports.registry import Scope
from reconcile.store import ClaimOrigin, save_claims
from reconcile.store.again import Resubmission, save_resubmissions
from reconcile.store.denial_work import denial_work, written_off
from reconcile.store.rejections import count_rejected
from reconcile.store.report_rows.books import Books
from reconcile.underpayment import Contract, ExpectedFees
from reconcile.values import Again
from reconcile.worklist import Deed, Verb, WorkState
from tests.builders import make_claim, make_line
from tests.remits import claim, file_of, line, payment

AT = datetime(2026, 5, 1, 9, 0)
TODAY = date(2026, 5, 1)
ACME = PayerProfile(
    key="acme",
    name="Acme",
    remit=RemitIdentity(n104=("PAYOR123",)),
    appeals=AppealsPolicy(levels=(AppealLevel(days=90), AppealLevel(days=60, clock="decision"))),
)
PAYERS = {"acme": ACME}
CLAIM = make_claim(
    lines=(
        make_line(1, "97110", line_control_number="L1"),
        make_line(2, "97140", line_control_number="L2"),
    )
)
CORRUPTIONS = {
    "write_offs": [
        "UPDATE event SET data = replace(data, '\"cents\":5000', '\"cents\":4000') WHERE kind = 'denial'"
    ]
}
S = WorkState


def answer(day, trace, *lines, status="1", number="PCN1"):
    """An 835 of one claim payment."""
    told = claim("A0000001", *lines, status=status, payer_number=number)
    return file_of(payment([told], trace=trace, day=day), control=int(trace[1:]))


def denied(code="97140", reason="CO*50", number="L2", *remarks):
    return line(
        code, 5000, 0, adjustments=[f"{reason}*50"], number=number, extra=[f"LQ*HE*{one}" for one in remarks]
    )


def paid(code="97140", number="L2"):
    return line(code, 5000, 4000, number=number)


def taken_back(code="97140", number="L2"):
    return line(code, -5000, -4000, adjustments=["CO*45*-10"], number=number)


FIRST = answer("20260320", "T1", paid("97110", "L1"), denied())
AGAIN = answer("20260410", "T2", denied(), number="PCN2")
OTHER = answer("20260410", "T2", denied(reason="CO*16"), number="PCN2")
PAYS = answer("20260420", "T3", paid(), number="PCN3")
BACK = answer("20260425", "T4", taken_back(), status="22", number="PCN3")


def opened(desk, *files):
    desk.submit(CLAIM)
    for one in files:
        desk.ingest(one, payers=PAYERS)


def contract(*fees) -> Contract:
    return Contract(fees=ExpectedFees(fees), payers=PAYERS, least=100)


def states(desk) -> dict[str, str]:
    """State by line and cause."""
    with desk.store.read() as connection:
        return {
            f"{one.denial.procedure_code} {one.denial.group}-{one.denial.reason}": one.work.state.value
            for one in denial_work(connection, everything=True)
        }


def done(desk, verb, on, name=None, **told):
    """Do a deed to all denials, or those of one cause; what was refused or warned of."""
    with desk.store.write() as connection:
        worklist = Worklist(contract(), on)
        cases = [
            one
            for one in worklist.cases(connection, everything=True)
            if name is None or one.denial.reason == name
        ]
        assert cases
        found = do(connection, worklist, cases, Deed(verb=verb, on=on, **told).by("ana"), at=AT)
    return [one.code for one in found.findings]


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ((FIRST,), {"97140 CO-50": "open"}),
        ((FIRST, AGAIN), {"97140 CO-50": "open"}),
        ((FIRST, OTHER), {"97140 CO-50": "superseded", "97140 CO-16": "open"}),
        ((FIRST, PAYS), {"97140 CO-50": "recovered"}),
        ((FIRST, PAYS, BACK), {"97140 CO-50": "open"}),
        ((FIRST, AGAIN, PAYS), {"97140 CO-50": "recovered"}),
    ],
)
def test_states_follow_the_money_whatever_order_files_came_in(desk_lite, tmp_path, files, state):
    opened(desk_lite, *files)
    assert states(desk_lite) == state
    for number, order in enumerate(permutations(files)):
        folder = tmp_path / str(number)
        folder.mkdir()
        other = type(desk_lite)(f"sqlite:///{folder / 'claimloop.db'}", folder)
        opened(other, *order)
        assert states(other) == state, order
        other.store.close()


def test_one_denial_per_line_and_cause_opens_again_rather_than_twice(desk):
    opened(desk, FIRST)
    assert done(desk, Verb.WRITE_OFF, date(2026, 3, 25), text="small") == []
    assert states(desk) == {"97140 CO-50": "written_off"}
    desk.ingest(AGAIN, payers=PAYERS)
    with desk.store.read() as connection:
        (one,) = denial_work(connection)
    assert (one.work.state, one.work.reopened, one.denied) == (S.OPEN, 1, 2)
    assert one.denial.remitted_on == date(2026, 4, 10)
    assert done(desk, Verb.APPEAL, date(2026, 4, 12)) == []
    assert states(desk) == {"97140 CO-50": "appealed"}
    desk.ingest(PAYS, payers=PAYERS)
    assert states(desk) == {"97140 CO-50": "recovered"}
    assert done(desk, Verb.APPEAL, date(2026, 4, 21)) == ["DEN001"]
    desk.ingest(BACK, payers=PAYERS)
    assert states(desk) == {"97140 CO-50": "open"}, "what was taken back is worked again"


def second_payer(*adjustments, cents=1000):
    """Another payer's answer to the denied line."""
    told = line("97140", 5000, cents, adjustments=adjustments, number="L2")
    value = claim("A0000001", told, status="2", payer_number="S1")
    return file_of(payment([value], trace="T9", day="20260420", payer="1999999999"), control=9)


@pytest.mark.parametrize(
    ("later", "state", "left"),
    [
        ((second_payer("OA*23*40"),), "open", 4000),
        ((second_payer("CO*45*10", "OA*23*30"),), "open", 3000),
        ((second_payer("OA*23*0", cents=5000),), "recovered", 0),
        ((second_payer("OA*23*40"), PAYS), "recovered", 0),
    ],
)
def test_a_denial_stands_while_any_of_its_cents_does(desk, later, state, left):
    """A second payer's part does not settle what the first still denies."""
    opened(desk, FIRST, *later)
    assert desk.rows("SELECT denied FROM claim") == [(left,)]
    ((status, recovered),) = desk.rows("SELECT status, recovered FROM denial")
    assert (status, recovered > 0) == (state, True)
    assert states(desk) == {"97140 CO-50": state}
    assert desk.broken() == []
    with desk.store.read() as connection:
        (case,) = Worklist(contract(), TODAY).cases(connection, everything=True)
    assert denial_row(case, TODAY)["recovered"] == f"{recovered // 100}.00"


def test_what_is_written_off_stays_so_when_a_second_payer_pays_a_part(desk):
    opened(desk, FIRST)
    done(desk, Verb.WRITE_OFF, date(2026, 4, 1), text="small")
    desk.ingest(second_payer("OA*23*40"), payers=PAYERS)
    assert states(desk) == {"97140 CO-50": "written_off"}
    with desk.store.read() as connection:
        assert written_off(connection) == {1: 4000}
    assert desk.broken() == []


def test_what_was_sent_again_and_has_no_answer_is_not_opened_by_hand(desk):
    opened(desk, FIRST)
    again = make_claim(patient_control_number="A0000009", lines=CLAIM.lines)
    with desk.store.write() as connection:
        (number,) = save_claims(connection, [again], ClaimOrigin(source="created"), roots=[1]).new
        save_resubmissions(connection, [Resubmission(claim_id=number, kind=Again.NEW_CLAIM, follows=1)])
    assert states(desk) == {"97140 CO-50": "corrected"}
    assert done(desk, Verb.REOPEN, date(2026, 4, 12)) == ["DEN001"]
    assert done(desk, Verb.CORRECT, date(2026, 4, 12)) == []
    desk.sql("UPDATE claim SET status = 'rejected' WHERE id <> 1")
    assert done(desk, Verb.REOPEN, date(2026, 4, 13)) == [], "what a person called corrected is"
    assert states(desk) == {"97140 CO-50": "open"}


def test_deeds_give_the_same_states_in_a_store_that_took_the_files_in_another_order(desk, tmp_path):
    opened(desk, FIRST, AGAIN, PAYS, BACK)
    folder = tmp_path / "other"
    folder.mkdir()
    other = type(desk)(f"sqlite:///{folder / 'claimloop.db'}", folder)
    opened(other, FIRST, BACK, PAYS, AGAIN)
    for one in (desk, other):
        done(one, Verb.APPEAL, date(2026, 4, 1))
        done(one, Verb.WRITE_OFF, date(2026, 4, 28), text="given up")
    assert states(desk) == states(other) == {"97140 CO-50": "written_off"}
    with desk.store.read() as left, other.store.read() as right:
        assert [one.denial.work for one in denial_work(left)] == [
            one.denial.work for one in denial_work(right)
        ]
    other.store.close()


def test_an_appeal_that_is_answered_by_the_same_denial_is_upheld(desk_lite):
    opened(desk_lite, FIRST)
    done(desk_lite, Verb.APPEAL, date(2026, 4, 1), reference="A1")
    desk_lite.ingest(AGAIN, payers=PAYERS)
    with desk_lite.store.read() as connection:
        (case,) = Worklist(contract(), TODAY).cases(connection, everything=True)
    assert (case.work.state, case.work.decided_on) == (S.UPHELD, date(2026, 4, 10))
    assert (case.deadlines[0].what, case.deadlines[0].on) == ("appeal level 2", date(2026, 6, 9))
    assert done(desk_lite, Verb.APPEAL, date(2026, 4, 20)) == []
    assert done(desk_lite, Verb.UPHOLD, date(2026, 5, 20)) == []
    assert done(desk_lite, Verb.APPEAL, date(2026, 5, 21)) == ["DEN003"], "there is no third level"


@pytest.mark.parametrize(
    ("file", "verb", "told", "codes"),
    [
        (FIRST, Verb.APPEAL, {}, []),
        (FIRST, Verb.APPEAL, {"on": date(2026, 6, 19)}, ["DEN006"]),
        (FIRST, Verb.REOPEN, {}, ["DEN001"]),
        (FIRST, Verb.CORRECT, {}, []),
        (FIRST, Verb.SNOOZE, {"day": date(2026, 6, 18)}, []),
        (FIRST, Verb.SNOOZE, {"day": date(2026, 6, 19)}, ["DEN007"]),
        (FIRST, Verb.DUE, {"day": date(2026, 6, 19)}, ["DEN007"]),
        (FIRST, Verb.DUE, {"day": None}, []),
        (answer("20260320", "T1", denied("97140", "CO*16", "L2", "MA130")), Verb.APPEAL, {}, ["DEN002"]),
        (answer("20260320", "T1", denied("97140", "CO*16", "L2", "MA130")), Verb.CORRECT, {}, []),
        (answer("20260320", "T1", denied("97140", "CO*29", "L2", "N211")), Verb.APPEAL, {}, ["DEN002"]),
        (answer("20260320", "T1", denied("97140", "CO*97")), Verb.CORRECT, {}, ["DEN005"]),
        (answer("20260320", "T1", denied("97140", "CO*97")), Verb.CORRECT, {"attested_by": "Pat"}, []),
        (answer("20260320", "T1", denied("97140", "CO*18")), Verb.CORRECT, {}, ["DEN004"]),
        (answer("20260320", "T1", denied("97140", "CO*18")), Verb.APPEAL, {}, ["DEN002"]),
    ],
)  # fmt: skip
def test_what_must_not_be_done_is_refused_or_warned_of(desk_lite, file, verb, told, codes):
    opened(desk_lite, file)
    before = states(desk_lite)
    told = {"on": date(2026, 4, 1), **told}
    assert done(desk_lite, verb, told.pop("on"), **told) == codes
    refused = codes and codes[0] in ("DEN001", "DEN002", "DEN003", "DEN004", "DEN005")
    assert (states(desk_lite) == before) is bool(refused or verb in (Verb.SNOOZE, Verb.DUE))


def test_what_is_written_off_is_told_and_checked(desk):
    opened(desk, FIRST)
    with desk.store.read() as connection:
        assert written_off(connection) == {}
    done(desk, Verb.WRITE_OFF, date(2026, 4, 1), text="small")
    with desk.store.read() as connection:
        assert written_off(connection) == {1: 5000}
        (event,) = [
            one for one in desk.rows("SELECT kind, subject, actor, data FROM event") if one[0] == "denial"
        ]
    assert event[1].startswith("denial:")
    assert event[2:] == (
        "ana",
        '{"cents":5000,"denied":5000,"on":"2026-04-01","text":"small","verb":"write_off"}',
    )
    assert desk.broken() == []
    desk.ingest(PAYS, payers=PAYERS)
    with desk.store.read() as connection:
        assert written_off(connection) == {}, "money came"
    assert desk.broken() == []


IN_PART = line("97140", 5000, 0, adjustments=["CO*50*20", "CO*45*30"], number="L2")
IN_PART_BACK = line("97140", -5000, 0, adjustments=["CO*50*-20", "CO*45*-30"], number="L2")


def corrected():
    """The partial denial taken back, and all of it denied."""
    back = claim("A0000001", IN_PART_BACK, status="22", payer_number="PCN1")
    anew = claim("A0000001", denied(), payer_number="PCN2")
    return file_of(payment([back, anew], trace="T2", day="20260410"), control=2)


@pytest.mark.parametrize(
    ("first", "late", "state", "off", "left"),
    [
        (answer("20260320", "T1", denied()), answer("20260410", "T2", IN_PART), "written_off", 2000, 0),
        (answer("20260320", "T1", IN_PART), corrected(), "open", 2000, 1),
    ],
    ids=["less", "more"],
)
def test_a_late_file_that_changes_what_is_denied_is_no_fault_of_the_books(
    desk, first, late, state, off, left
):
    """The write-off was made after the day of the late file; it stands for what is denied, the rest is work."""
    opened(desk, first)
    done(desk, Verb.WRITE_OFF, date(2026, 4, 20), name="50", text="small")
    desk.ingest(late, payers=PAYERS)
    with desk.store.read() as connection:
        (one,) = [one for one in denial_work(connection) if one.denial.reason == "50"]
        assert (one.work.state.value, one.work.written_off, one.work.reopened) == (state, off, left)
        assert written_off(connection) == {1: off}
    assert desk.broken() == []
    if state == "open":
        assert done(desk, Verb.WRITE_OFF, date(2026, 4, 21), name="50", text="the rest") == []
        with desk.store.read() as connection:
            assert written_off(connection) == {1: 5000}
        assert desk.broken() == []


def test_what_is_written_off_is_no_receivable_and_told_apart(desk):
    """Aging leaves it out of its balances and says how much it is; by the day of the write-off."""
    opened(desk, FIRST)
    done(desk, Verb.WRITE_OFF, date(2026, 4, 1), text="small")
    for day, left in ((date(2026, 3, 31), 5000), (date(2026, 4, 1), 0)):
        scope = Scope(today=day, as_of=day)
        with desk.store.read() as connection:
            total = aging.whole(aging.groups(Books(connection, scope), "payer"))
            sets = {one.name: list(one.read(connection, scope, "payer")) for one in aging.REPORT.row_sets}
        assert (total["total"], total["written_off"]) == (left, 5000 - left)
        assert total["balances"] == len(sets["balances"]) == (1 if left else 0)
        assert sum(row["amount"] for row in sets["balances"]) == left
        assert sum(row["amount"] for row in sets["written_off"]) == 5000 - left
    desk.ingest(PAYS, payers=PAYERS)
    with desk.store.read() as connection:
        total = aging.whole(aging.groups(Books(connection, Scope(today=TODAY)), "payer"))
    assert (total["total"], total["written_off"]) == (0, 0)


def test_no_more_counts_as_written_off_than_the_books_hold_as_denied(desk):
    opened(desk, FIRST)
    done(desk, Verb.WRITE_OFF, date(2026, 4, 1), text="small")
    for denied_now, counts in ((3000, {1: 3000}), (0, {})):
        desk.sql(f"UPDATE claim SET denied = {denied_now}")
        with desk.store.read() as connection:
            assert written_off(connection) == counts


@pytest.mark.parametrize("check", sorted(CORRUPTIONS))
def test_a_corrupted_row_fails_its_check_alone(desk, check):
    opened(desk, FIRST)
    done(desk, Verb.WRITE_OFF, date(2026, 4, 1), text="small")
    assert desk.broken() == []
    desk.sql(*CORRUPTIONS[check])
    assert desk.broken() == [check]


@pytest.mark.parametrize("denied_then", ["", '"denied":4000,'], ids=["of an old log", "said twice"])
def test_a_write_off_of_cents_that_no_answer_has_is_found(desk, denied_then):
    """Also where the event does not say what was denied, or says the same wrong amount."""
    opened(desk, FIRST)
    done(desk, Verb.WRITE_OFF, date(2026, 4, 1), text="small")
    said = (
        "UPDATE event SET data = replace(data, '\"cents\":5000,\"denied\":5000,', '{}') WHERE kind = 'denial'"
    )
    desk.sql(said.format(f'"cents":4000,{denied_then}'))
    assert desk.broken() == ["write_offs"]


def test_a_write_off_of_an_old_log_is_sound_when_an_answer_has_its_cents(desk_lite):
    """Of what stood denied before a late file changed it."""
    opened(desk_lite, answer("20260320", "T1", IN_PART))
    done(desk_lite, Verb.WRITE_OFF, date(2026, 4, 20), name="50", text="small")
    desk_lite.sql("UPDATE event SET data = replace(data, '\"denied\":2000,', '') WHERE kind = 'denial'")
    assert desk_lite.broken() == []
    desk_lite.ingest(corrected(), payers=PAYERS)
    assert desk_lite.broken() == []


def fee(code, amount, **more):
    known = {
        "kind": "expected",
        "basis": "per_unit",
        "payer": "acme",
        "valid_from": date(2026, 1, 1),
        "row": 2,
    }
    return Fee(code=code, amount=amount, **{**known, **more})


def test_the_contract_says_what_a_denial_may_bring_and_what_comes_first(desk):
    opened(desk, answer("20260320", "T1", denied("97110", "CO*50", "L1"), denied("97140", "CO*197")))
    with desk.store.read() as connection:
        plain = Worklist(contract(), TODAY).cases(connection)
        rated = Worklist(contract(fee("97110", 4400), fee("97140", 1000)), TODAY).cases(connection)
    assert {one.expected for one in plain} == {None}
    assert [(one.denial.procedure_code, one.expected) for one in rated] == [("97110", 4400), ("97140", 1000)]
    weight = rated[0].weight
    assert weight.cents == 4400 * weight.chance * weight.urgency // 10000
    assert (weight.rated, plain[0].weight.rated, plain[0].weight.expected) == (True, False, 2500)


def test_a_line_allowed_less_than_the_contract_is_work_until_it_is_made_up(desk):
    opened(desk, FIRST)
    rates = contract(fee("97110", 4600), fee("97140", 9900))
    with desk.store.read() as connection:
        (case,) = Worklist(rates, TODAY).underpaid(connection)
        assert Worklist(contract(fee("97110", 4099)), TODAY).underpaid(connection) == []
    denial = case.denial
    assert (denial.procedure_code, denial.kind, denial.amount, case.expected) == (
        "97110",
        "underpaid",
        600,
        600,
    )
    assert denial.because[-1] == "short: 46.00 - 40.00 = 6.00"
    with desk.store.write() as connection:
        found = do(connection, Worklist(rates, TODAY), [case], Deed(verb=Verb.WRITE_OFF, on=TODAY), at=AT)
        assert [one.code for one in found.findings] == ["DEN008"]
        do(connection, Worklist(rates, TODAY), [case], Deed(verb=Verb.APPEAL, on=TODAY), at=AT)
        (case,) = Worklist(rates, TODAY).underpaid(connection)
    assert (case.work.state, case.due) == (S.APPEALED, date(2026, 6, 15))
    desk.ingest(
        answer("20260420", "T5", line("97110", 5000, 4600, number="L1"), number="PCN5"), payers=PAYERS
    )
    with desk.store.read() as connection:
        found = [one.denial.amount for one in Worklist(rates, TODAY).underpaid(connection)]
    assert found == [], "it was paid again in full"


def test_rejected_claims_are_counted_apart(desk):
    opened(desk, FIRST)
    with desk.store.read() as connection:
        assert count_rejected(connection) == 0
    desk.sql("UPDATE claim SET status = 'rejected' WHERE id = 1")
    with desk.store.read() as connection:
        assert count_rejected(connection) == 1


def test_a_lines_primary_cause_is_its_largest_amount_and_all_are_kept(desk_lite):
    told = line("97140", 5000, 0, adjustments=["CO*50*20", "CO*16*30"], number="L2")
    opened(desk_lite, answer("20260320", "T1", told))
    with desk_lite.store.read() as connection:
        found = {one.denial.reason: one.denial.primary for one in denial_work(connection)}
    assert found == {"50": False, "16": True}
