"""Submissions that this store sent again: which services they bill, what counts, and what the store keeps of them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.directory import Practice
from reconcile.chain import build_chain
from reconcile.store import (
    ClaimOrigin,
    billed_sessions,
    billed_units,
    by_roots,
    earlier_lines,
    open_store,
    register_practices,
    save_acknowledgments,
    save_claims,
    store_digest,
)
from reconcile.store.again import (
    Resubmission,
    acknowledged,
    acknowledged_number,
    chains_named,
    rebill_sessions,
    save_resubmissions,
    sessions_billed,
)
from reconcile.store.work_items import close_work_item, open_work_item, work_items
from reconcile.values import Again, SubmittedClaim, SubmittedLine
from tests.builders import DAY, make_claim, make_line, npi

CREATED = ClaimOrigin(source="created")
AT = datetime(2026, 3, 20, 12)


def line(number: int, code: str, charge: int, place: int = 1) -> SubmittedLine:
    return SubmittedLine(
        id=number,
        number=place,
        procedure_code=code,
        modifiers=("GP",),
        charge=charge,
        units="1",
        date_from=DAY,
        date_to=DAY,
        control_number=f"L{number}",
        allocated=True,
    )


def claim(
    number: int, *lines: SubmittedLine, again: Again | None = None, frequency: str = "1", **more
) -> SubmittedClaim:
    return SubmittedClaim(
        id=number,
        practice_id="orchard",
        patient_control_number=f"C{number}",
        charge=sum(one.charge for one in lines),
        frequency=frequency,
        payer_key="acme",
        payer_id="12345",
        payer_name="ACME",
        member_ids=(),
        patient_last_name="",
        patient_first_name="",
        date_from=DAY,
        date_to=DAY,
        original_reference="",
        payer_claim_control_numbers=(),
        sequence=number,
        root=1,
        lines=lines,
        again=again,
        **more,
    )


FIRST = claim(1, line(11, "97110", 5000), line(12, "97140", 4000, 2))


@pytest.mark.parametrize(
    ("again", "same"),
    [
        (None, False),
        (Again.SECONDARY, False),
        (Again.NEW_CLAIM, True),
        (Again.REJECTED, True),
        (Again.DENIED_LINES, True),
        (Again.REPLACEMENT, True),
    ],
)
def test_a_correction_may_change_code_and_charge_and_stays_the_service(again, same):
    chain = build_chain([FIRST, claim(2, line(21, "97530", 6000), again=again)])
    assert (chain.service_of[21] == 11) is same


@pytest.mark.parametrize(
    ("again", "left_out"),
    [
        (Again.NEW_CLAIM, 0),
        (Again.REJECTED, 0),
        (Again.REPLACEMENT, 0),
        (Again.DENIED_LINES, 4000),
        (Again.SECONDARY, 4000),
        (None, 4000),
    ],
)
def test_a_service_that_a_whole_correction_leaves_out_is_billed_no_more(again, left_out):
    chain = build_chain([FIRST, claim(2, line(21, "97110", 5000), again=again)])
    assert chain.charge(11, live=()) == 5000
    assert chain.charge(12, live=()) == left_out


@pytest.mark.parametrize(
    ("again", "frequency"), [(Again.VOID, "8"), (Again.REPLACEMENT, "7"), (Again.NEW_CLAIM, "1")]
)
def test_a_rejected_submission_changes_nothing_of_what_is_billed(again, frequency):
    """It leaves line 2 out, changes the charge of line 1 and adds another one."""
    lines = (line(21, "97110", 6000), line(23, "97530", 3000, 3))
    rejected = claim(2, *lines, again=again, frequency=frequency, follows=1, rejected=True)
    chain = build_chain([FIRST, rejected])
    assert [chain.charge(service, live=()) for service in (11, 12)] == [5000, 4000]
    added = chain.service_of[23]
    assert added in (12, 23)
    assert sum(chain.charge(service, live=()) for service in chain.versions) == FIRST.charge


def test_the_resend_of_a_rejected_claim_is_what_is_billed():
    first = claim(1, *FIRST.lines, rejected=True)
    assert build_chain([first]).charge(11, live=()) == 5000
    chain = build_chain([first, claim(2, line(21, "97110", 6000), again=Again.REJECTED, follows=1)])
    assert [chain.charge(service, live=()) for service in (11, 12)] == [6000, 0]


TWINS = claim(1, line(11, "97110", 5000), line(12, "97110", 5000, 2))


@pytest.mark.parametrize(("repeats", "service"), [((1,), 11), ((2,), 12), ((), 11), ((1, 2), 11), ((9,), 11)])
def test_of_lines_alike_the_noted_one_went_again(repeats, service):
    part = claim(2, line(21, "97110", 5000), again=Again.DENIED_LINES, follows=1, repeats=repeats)
    assert build_chain([TWINS, part]).service_of[21] == service


def test_the_repeat_of_a_rejected_secondary_went_to_the_next_payer():
    secondary = claim(2, *FIRST.lines, again=Again.SECONDARY, follows=1, rejected=True)
    repeat = claim(3, *FIRST.lines, again=Again.REJECTED, follows=2)
    resend = claim(3, *FIRST.lines, again=Again.REJECTED, follows=1)
    assert build_chain([FIRST, secondary]).to_next_payers() == []
    assert [one.id for one in build_chain([FIRST, secondary, repeat]).to_next_payers()] == [3]
    assert build_chain([FIRST, secondary, resend]).to_next_payers() == []


@pytest.fixture
def store(database_url, tmp_path):
    made = open_store(database_url, tmp_path / "vault")
    with made.write() as connection:
        register_practices(
            connection, [Practice(id="orchard", name="ORCHARD", npi=npi(10), tax_id="123456789")]
        )
        first = make_claim(patient_control_number="C1")
        hashes = {("orchard", name): "old" for one in first.lines for name in one.session_line_ids}
        save_claims(connection, [first], CREATED, hashes)
    yield made
    made.close()


def saved_again(connection, number: str, again: Again, *lines, **changes) -> int:
    made = make_claim(patient_control_number=number, lines=lines or (make_line(1, units="2"),), **changes)
    (saved,) = save_claims(connection, [made], CREATED, roots=[1]).new
    save_resubmissions(connection, [Resubmission(claim_id=saved, kind=again, follows=1)])
    return saved


def test_a_new_number_joins_the_chain_it_is_told_to_and_comes_last(store):
    with store.write() as connection:
        saved_again(connection, "C1", Again.REPLACEMENT, frequency="7")
        saved_again(connection, "C2", Again.NEW_CLAIM)
        saved_again(connection, "C1", Again.REPLACEMENT, make_line(1, units="3"), frequency="7")
    with store.read() as connection:
        (claims,) = by_roots(connection, [1]).chains.values()
        ordered = build_chain(claims).claims
        assert [(one.id, one.sequence, one.root, one.again) for one in ordered] == [
            (1, 1, 1, None),
            (2, 2, 1, Again.REPLACEMENT),
            (3, 3, 1, Again.NEW_CLAIM),
            (4, 4, 1, Again.REPLACEMENT),
        ]
        assert {one.root for one in chains_named(connection, "c2")} == {1}
        assert {one.root for one in chains_named(connection, "3")} == {1}
        assert chains_named(connection, "C2", "elsewhere") == ()


def test_only_the_newest_whole_submission_is_history(store):
    def seen(connection):
        found = earlier_lines(connection, "orchard", ["P1"], DAY, DAY)
        return sorted((one.procedure_code, one.units) for one in found)

    with store.write() as connection:
        assert seen(connection) == [("97110", "1"), ("97140", "1")]
        saved_again(connection, "C2", Again.DENIED_LINES, make_line(1, "97140"))
        assert seen(connection) == [("97110", "1"), ("97140", "1")]
        saved_again(connection, "C3", Again.NEW_CLAIM, make_line(1, units="3"))
        assert seen(connection) == [("97110", "3")]


def test_sessions_go_over_to_the_newest_submission(store):
    with store.write() as connection:
        saved = saved_again(connection, "C2", Again.NEW_CLAIM)
        rebill_sessions(
            connection, "orchard", saved, {"V1-1": 1, "V1-3": 1}, {"V1-1": "new", "V1-2": "out", "V1-3": "in"}
        )
    with store.read() as connection:
        assert billed_sessions(connection, "orchard", ["V1-1", "V1-2", "V1-3"]) == {
            "V1-1": "new", "V1-2": "out", "V1-3": "in",
        }  # fmt: skip
        assert sessions_billed(connection, 1) == {"V1-1": 1, "V1-2": 0, "V1-3": 1}
        assert billed_units(connection, "orchard", ["V1-1", "V1-2"]) == {"V1-1": 2, "V1-2": 0}


def test_sessions_that_were_not_read_again_keep_their_content(store):
    with store.write() as connection:
        saved = saved_again(connection, "C2", Again.NEW_CLAIM)
        rebill_sessions(connection, "orchard", saved, {"V1-1": 1}, {})
        assert billed_sessions(connection, "orchard", ["V1-1", "V1-2"]) == {"V1-1": "old", "V1-2": "old"}


def test_the_newest_277CA_names_the_claim(store):
    def acknowledge(connection, number, day, digest):
        answer = Acknowledgment(
            kind="277CA",
            level=AcknowledgmentLevel.CLAIM,
            accepted=True,
            code="A2",
            patient_control_number="C1",
            payer_claim_control_number=number,
            date=day,
        )
        save_acknowledgments(connection, digest, "", [answer])

    with store.write() as connection:
        assert acknowledged_number(connection, [1]) == ""
        acknowledge(connection, "NEW", date(2026, 3, 15), "a")
        acknowledge(connection, "OLD", date(2026, 3, 12), "b")
        assert acknowledged_number(connection, [1]) == "NEW"
        assert acknowledged(connection, [1]) == {1: "277CA:accepted:A2"}


def test_work_is_opened_once_listed_by_its_day_and_closed(store):
    def opened(connection, kind, due):
        return open_work_item(connection, root=1, kind=kind, reason="ask", due_date=due, at=AT)

    with store.write() as connection:
        late, fresh = opened(connection, "reopening", date(2026, 9, 1))
        assert fresh
        again, second = opened(connection, "reopening", date(2026, 10, 1))
        assert (again, second) == (late, False)
        soon, _ = opened(connection, "take_back", date(2026, 4, 1))
        assert [one.id for one in work_items(connection)] == [soon.id, late.id]
        done = close_work_item(connection, late.id, note="asked", at=AT)
        assert done is not None
        assert done.status == "done"
        assert close_work_item(connection, 99, note="", at=AT) is None
        assert [one.id for one in work_items(connection, status="open")] == [soon.id]
        _, third = opened(connection, "reopening", None)
        assert third


def test_the_digest_sees_why_and_what_is_to_be_done(store):
    digests = []
    with store.write() as connection:
        for step in (
            lambda: None,
            lambda: saved_again(connection, "C2", Again.NEW_CLAIM),
            lambda: connection.exec_driver_sql("UPDATE resubmission SET kind = 'void'"),
            lambda: connection.exec_driver_sql("UPDATE resubmission SET repeats = '2'"),
            lambda: open_work_item(connection, root=1, kind="reopening", reason="a", due_date=None, at=AT),
            lambda: connection.exec_driver_sql("UPDATE work_item SET status = 'done'"),
        ):
            step()
            digests.append(store_digest(connection))
    assert len(set(digests)) == 6
