"""The session lines of claims that go again: none is lost, none is billed by two claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.jobs.again import sending
from edi.model.errors import StoreError
from edi.model.finding import Severity
from reconcile.store import ClaimOrigin, open_store, save_claims
from reconcile.store.again import rebill_sessions, sessions_elsewhere
from tests.builders import make_claim, make_line
from tests.jobs.again_desk import DENIES, HALF, AgainOffice, sent_claims, visit

NUMBER = "C17WDRQP"
FORGOTTEN = {**visit()[1], "line_id": "V1-3", "procedure_code": "97530"}
"""A row of the visit that was not there when it was billed."""


def half_denied(folder: Path) -> AgainOffice:
    """An office whose payer wants denied lines alone, with a claim of which 97140 (V1-2) is denied."""
    desk = AgainOffice(folder / "office", "deniedonly")
    desk.answer(desk.create(*visit()).files[0].path, HALF, seed=3)
    query = "SELECT l.procedure_code FROM denial d JOIN service_line l ON l.id = d.line_id WHERE d.status = 'open'"
    assert desk.rows(query) == [("97140",)]
    return desk


def denied(folder: Path) -> AgainOffice:
    """An office whose claim is denied whole, at a payer that takes replacements."""
    desk = AgainOffice(folder / "office", "acme")
    desk.answer(desk.create(*visit()).files[0].path, DENIES)
    return desk


def staying(result) -> list[str | None]:
    """The session lines that stay as they were."""
    found = [one for one in result.findings if one.code == "AGN016"]
    assert all(one.severity is Severity.WARNING for one in found)
    return [one.location.session for one in found]


def billed(desk: AgainOffice) -> list[tuple]:
    return desk.rows("SELECT line_id, claim_id, line_number FROM billed_session ORDER BY line_id")


# -- only denied lines ---------------------------------------------------------------------------------------------


def test_a_forgotten_row_of_no_denied_line_is_told_and_billed_by_the_next_run(tmp_path):
    desk = half_denied(tmp_path)
    result = desk.correct(NUMBER, sessions=[*visit(), FORGOTTEN])
    (claim,) = sent_claims(result.files[0].path)
    assert [line.procedure.code for line in claim.lines] == ["97140"]
    assert staying(result) == ["V1-3"]
    assert billed(desk) == [("V1-1", 1, 1), ("V1-2", 2, 1)]
    again = desk.create(*visit(), FORGOTTEN)
    assert (again.claims, again.already_billed) == (1, 2)
    assert billed(desk) == [("V1-1", 1, 1), ("V1-2", 2, 1), ("V1-3", 3, 1)]
    assert desk.broken() == []


def test_a_changed_row_of_a_paid_line_stays_a_change(tmp_path):
    desk = half_denied(tmp_path)
    rows = visit(minutes="30")
    result = desk.correct(NUMBER, sessions=rows)
    assert len(result.sent) == 1
    assert staying(result) == ["V1-1"]
    assert desk.create(*rows).changed == 1


def test_a_changed_row_of_a_denied_line_goes_out_and_is_known(tmp_path):
    desk = half_denied(tmp_path)
    rows = visit()
    rows[1]["modifiers"] = "GP 59"
    result = desk.correct(NUMBER, sessions=rows)
    (claim,) = sent_claims(result.files[0].path)
    assert [line.procedure.modifiers for line in claim.lines] == [("GP", "59")]
    assert staying(result) == []
    again = desk.create(*rows)
    assert (again.claims, again.already_billed, again.changed) == (0, 2, 0)


def test_no_claim_goes_out_when_the_rows_bill_no_denied_line_any_more(tmp_path):
    desk = half_denied(tmp_path)
    rows = visit()
    rows[1]["note_status"] = "cancelled"
    result = desk.correct(NUMBER, sessions=rows)
    assert (result.sent, result.refused, len(desk.submissions())) == ((), (NUMBER,), 1)
    assert "AGN006" in {one.code for one in result.findings}


# -- another run at the same time ------------------------------------------------------------------------------------


def test_a_row_that_another_run_bills_meanwhile_does_not_join(tmp_path, monkeypatch):
    desk = denied(tmp_path)
    writing, rival = sending.submit, []

    def after_the_other(drafts, to):
        with monkeypatch.context() as patch:
            patch.setattr(sending, "submit", writing)
            rival.append(desk.create(*visit(), FORGOTTEN))
        return writing(drafts, to)

    with monkeypatch.context() as patch:
        patch.setattr(sending, "submit", after_the_other)
        result = desk.correct(NUMBER, sessions=[*visit(), FORGOTTEN])
    assert rival[0].claims == 1
    assert (result.sent, result.refused) == ((), (NUMBER,))
    (found,) = [one for one in result.findings if one.code == "AGN014"]
    assert "V1-3" in found.message
    assert [row[:2] for row in billed(desk)] == [("V1-1", 1), ("V1-2", 1), ("V1-3", 2)]
    assert [row[1:3] for row in desk.submissions()] == [(1, 1), (2, 1)]
    assert desk.broken() == []
    assert len(desk.correct(NUMBER, sessions=[*visit(), FORGOTTEN]).sent) == 1


def test_a_row_of_two_claims_of_one_file_joins_one_of_them(tmp_path, monkeypatch):
    """Two claims of one visit go again in one run. The rule of duplicates holds the second, where it is in force."""
    desk = AgainOffice(tmp_path / "office", "acme")
    other = {**visit()[1], "line_id": "V1-9", "procedure_code": "97112"}
    for rows in (visit(), [*visit(), other]):
        desk.create(*rows)
    for path in sorted(desk.out.glob("*.837")):
        desk.answer(path, DENIES)
    assert [row[:2] for row in billed(desk)] == [("V1-1", 1), ("V1-2", 1), ("V1-9", 2)]
    monkeypatch.setattr(sending, "judged", lambda *_arguments: ([], {}))
    result = desk.correct("1", "2", sessions=[*visit(), other, FORGOTTEN])
    assert [found.code for found in result.findings if found.code.startswith("AGN")] == ["AGN014"]
    assert (len(result.sent), len(result.refused)) == (1, 1)
    assert dict(row[:2] for row in billed(desk)) == {"V1-1": 3, "V1-2": 3, "V1-3": 3, "V1-9": 2}
    assert desk.broken() == []


@pytest.fixture
def store(database_url, tmp_path):
    made = open_store(database_url, tmp_path / "vault")
    lines = {1: "V1-1", 2: "V2-1"}
    claims = [
        make_claim(patient_control_number=f"C{one}", lines=(make_line(1, session_line_ids=(name,)),))
        for one, name in lines.items()
    ]
    with made.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO practice (id, name, source) VALUES ('orchard', 'O', 'settings')"
        )
        hashes = {("orchard", name): "old" for name in lines.values()}
        save_claims(connection, claims, ClaimOrigin(source="created"), hashes)
    yield made
    made.close()


def test_a_session_line_of_another_chain_is_never_taken_over(store):
    with store.read() as connection:
        assert sessions_elsewhere(connection, "orchard", 1, ["V1-1", "V2-1", "V3-1"]) == {"V2-1"}
        assert sessions_elsewhere(connection, "harbor", 1, ["V2-1"]) == frozenset()
    with pytest.raises(StoreError), store.write() as connection:
        rebill_sessions(connection, "orchard", 1, {"V1-1": 1, "V2-1": 2}, {"V1-1": "new", "V2-1": "new"})
    with store.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT line_id, content_hash, claim_id FROM billed_session ORDER BY 1"
        )
        assert [tuple(row) for row in rows] == [("V1-1", "old", 1), ("V2-1", "old", 2)]
