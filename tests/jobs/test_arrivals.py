"""A file whose delivery was cut off: its acknowledgment says that it arrived, and nothing less does."""

from __future__ import annotations

import json

import pytest

from cli.jobs.posting import Tools
from cli.jobs.untied import tie_to_imported
from edi.codes.lookup import load_tables
from reconcile.store import ClaimOrigin, save_claims
from reconcile.store.arrivals import inquiry_files
from reconcile.store.events import record_event
from reconcile.store.files import PLACED, SENDING, SENT, move_file, register_file
from reconcile.store.outgoing import ACKNOWLEDGED, REJECTED, UPLOADED, outgoing
from tests.builders import make_claim, make_line
from tests.jobs.acks import HEAD, claim_answer, from_partner, functional_answer, sent_file
from tests.jobs.conftest import NOW


def interchange_answer(code: str = "A") -> bytes:
    """A TA1 about interchange 1."""
    return (HEAD.format(9) + f"\nTA1*000000001*260320*1200*{code}*000~\nIEA*0*000000009~").encode()


def in_doubt(desk, outcome: str = SENDING) -> str:
    """The one file of the desk, in that state; returns its digest."""
    ((sha256,),) = desk.rows("SELECT DISTINCT file_sha256 FROM claim")
    with desk.store.write() as connection:
        register_file(
            connection, sha256, size=9, direction="out", kind="837P", name="one.837", outcome=outcome, at=NOW
        )
    return sha256


def state(desk) -> tuple[str, list[dict]]:
    """Outcome of the file that went out, and what the arrivals in the log say."""
    ((outcome,),) = desk.rows("SELECT outcome FROM file WHERE direction = 'out'")
    return outcome, [json.loads(row[0]) for row in desk.rows("SELECT data FROM event WHERE kind = 'arrived'")]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("TA1", interchange_answer()),
        ("TA1", interchange_answer("R")),
        ("999", functional_answer("A", "1")),
        ("999", functional_answer("R", "1")),
        ("277CA", claim_answer("A0000001", "A2")),
        ("277CA", claim_answer("A0000001", "A3")),
    ],
)
def test_an_answer_shows_that_the_file_arrived(desk, kind, data):
    sent_file(desk, "alpha", "A0000001")
    in_doubt(desk)
    answer = from_partner(data, "alpha")
    desk.ingest(answer)
    said = {"partner": "alpha", "name": "one.837", "by": kind}
    assert state(desk) == (SENT, [said])
    desk.ingest(answer)
    assert state(desk) == (SENT, [said])


@pytest.mark.parametrize("data", [functional_answer("A", "2"), claim_answer("B0000001", "A2")])
def test_an_answer_to_something_else_says_nothing(desk, data):
    sent_file(desk, "alpha", "A0000001")
    in_doubt(desk)
    desk.ingest(from_partner(data, "alpha"))
    assert state(desk) == (SENDING, [])


def test_an_answer_from_another_partner_says_nothing(desk):
    sent_file(desk, "alpha", "A0000001")
    in_doubt(desk)
    desk.ingest(from_partner(functional_answer("A", "1"), "beta"))
    assert state(desk) == (SENDING, [])


def test_a_late_277ca_to_the_first_submission_says_nothing_of_the_second(desk):
    sent_file(desk, "alpha", "A0000001")
    first = in_doubt(desk, SENT)
    kept = desk.store.vault.keep([b"second"])
    again = make_claim(lines=(make_line(1),), charge=5000)
    origin = ClaimOrigin(source="created", partner="alpha", file_sha256=kept.sha256)
    with desk.store.write() as connection:
        save_claims(connection, [again], origin)
        register_file(
            connection,
            kept.sha256,
            size=9,
            direction="out",
            kind="837P",
            name="two.837",
            outcome=SENDING,
            at=NOW,
        )
    desk.ingest(from_partner(claim_answer("A0000001", "A2", charge=""), "alpha"))
    assert desk.rows("SELECT acknowledged FROM claim ORDER BY id") == [("",), ("277CA:accepted:A2",)]
    outcomes = dict(desk.rows("SELECT sha256, outcome FROM file WHERE direction = 'out'"))
    assert outcomes == {first: SENT, kept.sha256: SENDING}


@pytest.mark.parametrize(("tried", "outcome"), [(True, SENT), (False, PLACED)])
def test_a_file_that_waits_to_be_sent_again_is_not_sent_twice(desk, tried, outcome):
    sent_file(desk, "alpha", "A0000001")
    sha256 = in_doubt(desk)
    with desk.store.write() as connection:
        if tried:
            record_event(connection, kind="sending", subject=f"file:{sha256}", at=NOW)
        move_file(connection, sha256, before=SENDING, outcome=PLACED)
    desk.ingest(from_partner(functional_answer("A", "1"), "alpha"))
    assert state(desk)[0] == outcome


ASKED = (
    HEAD.replace("HOUSE          *ZZ*PRACTICE       ", "ORCH01         *ZZ*ALPHA          ").format(1)
    + "GS*HS*ORCH01*ALPHA*20260319*1200*1*X*005010X279A1~ST*270*0001*005010X279A1~SE*2*0001~GE*1*1~IEA*1*000000001~"
)


def inquiries(desk, outcome: str, *, tried: bool) -> str:
    """A file of inquiries that went to alpha, in that state."""
    kept = desk.store.vault.keep([ASKED.encode()])
    with desk.store.write() as connection:
        register_file(
            connection,
            kept.sha256,
            size=kept.size,
            direction="out",
            kind="270",
            name="one.270",
            outcome=outcome,
            at=NOW,
        )
        if tried:
            data = {"partner": "alpha", "name": "one.270"}
            record_event(connection, kind="sending", subject=f"file:{kept.sha256}", at=NOW, data=data)
    return kept.sha256


@pytest.mark.parametrize(
    ("data", "partner", "outcome", "tried", "then"),
    [
        (functional_answer("A", "1").replace(b"AK1*HC", b"AK1*HS"), "alpha", SENDING, True, SENT),
        (interchange_answer(), "alpha", SENDING, True, SENT),
        (functional_answer("A", "1"), "alpha", PLACED, True, SENT),
        (functional_answer("A", "1"), "alpha", PLACED, False, PLACED),
        (functional_answer("A", "2"), "alpha", SENDING, True, SENDING),
        (functional_answer("A", "1"), "beta", SENDING, True, SENDING),
    ],
)
def test_an_answer_to_a_file_of_inquiries_shows_that_it_arrived(desk, data, partner, outcome, tried, then):
    inquiries(desk, outcome, tried=tried)
    desk.ingest(from_partner(data, partner))
    said = {"partner": "alpha", "name": "one.270", "by": "TA1" if b"TA1*" in data else "999"}
    assert state(desk) == (then, [said] if then == SENT else [])


@pytest.mark.parametrize(
    ("data", "partner", "codes"),
    [
        (functional_answer("R", "1").replace(b"AK1*HC", b"AK1*HS"), "alpha", ["ACK008"]),
        (interchange_answer("R"), "alpha", ["ACK008"]),
        (functional_answer("A", "1"), "alpha", []),
        (functional_answer("R", "2"), "alpha", ["ACK007"]),
        (functional_answer("R", "1"), "beta", ["ACK007"]),
    ],
)
def test_a_rejected_file_of_inquiries_is_told_and_listed(desk, data, partner, codes):
    sha256 = inquiries(desk, SENT, tried=True)
    (file,) = desk.ingest(from_partner(data, partner)).files
    assert [found.code for found in file.findings] == codes
    with desk.store.read() as connection:
        (listed,) = outgoing(connection)
    state = {"ACK008": REJECTED, "ACK007": UPLOADED}[codes[0]] if codes else ACKNOWLEDGED
    assert (listed.sha256, listed.state) == (sha256, state)


def test_a_rejected_file_of_inquiries_of_another_partners_number_is_not_named_foreign(desk):
    """Beta has claims in its group 1: the 999 about alpha's inquiries of group 1 speaks of those alone."""
    sent_file(desk, "beta", "B0000001")
    inquiries(desk, SENT, tried=True)
    (file,) = desk.ingest(from_partner(functional_answer("R", "1"), "alpha")).files
    assert [found.code for found in file.findings] == ["ACK008"]
    assert desk.rows("SELECT acknowledged FROM claim") == [("",)]


@pytest.mark.parametrize("imported_first", [True, False])
def test_a_999_of_inquiries_does_not_reject_claims_that_another_system_numbered_alike(desk, imported_first):
    """Imported claims of group 1 and inquiries of group 1, between the same two addresses."""
    answer = from_partner(functional_answer("R", "1").replace(b"AK1*HC", b"AK1*HS"), "alpha")
    if imported_first:
        imported(desk)
    inquiries(desk, SENT, tried=True)
    codes = [found.code for found in desk.ingest(answer).files[0].findings]
    assert codes == (["ACK005", "ACK008"] if imported_first else ["ACK008"])
    if not imported_first:
        (sha256,) = imported(desk)
        with desk.store.write() as connection:
            tie_to_imported(connection, desk.store.vault, Tools(load_tables(), {}), [sha256])
    assert desk.rows("SELECT acknowledged FROM claim") == [("",)]


def imported(desk) -> list[str]:
    """A claim of another system's file in the vault, whose envelope is that of `ASKED`."""
    data = ASKED.replace("GS*HS", "GS*HC").replace("270*", "837*").encode()
    kept = desk.store.vault.keep([data])
    origin = ClaimOrigin(
        source="imported",
        partner="",
        file_sha256=kept.sha256,
        interchange_control_number="000000001",
        group_control_number="1",
        st_control_number="0001",
    )
    with desk.store.write() as connection:
        save_claims(connection, [make_claim()], origin)
    return [kept.sha256]


def test_a_file_of_postings_is_nothing_that_goes_to_a_partner(desk):
    with desk.store.write() as connection:
        known = {"size": 1, "direction": "out", "kind": "postings", "name": "may.csv"}
        register_file(connection, "a" * 64, **known, outcome="exported", at=NOW)
    with desk.store.read() as connection:
        assert list(outgoing(connection)) == []
        assert inquiry_files(connection) == []
