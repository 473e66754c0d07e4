"""Silence: what partners, payers and the bank should have sent by now is work of the next run, once, by a stable key."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from cli.jobs.simulate import simulate
from edi.testpayer import parse_scenario
from reconcile.store import ClaimOrigin, save_claims
from reconcile.store.bulk import table_of
from reconcile.store.events import record_event
from reconcile.store.files import SENT, register_file
from reconcile.store.open_work import open_work
from reconcile.store.schema import FileRow
from reconcile.store.silence import Expectations, late_claims, silences
from tests.builders import make_claim, make_line
from tests.command_line import claimloop
from tests.jobs.acks import HEAD, claim_answer, functional_answer
from tests.jobs.office import SETTINGS, Office, session
from tests.jobs.test_run import RUN, SCENARIOS, TRANSPORT
from tests.remits import claim, file_of, line, payment

SENT_AT = datetime(2026, 3, 20, 12, 0)
EXPECTED = Expectations(partners={"house": {"TA1": 24, "999": 24, "277CA": 72}}, payers={"acme": 14})


@pytest.fixture
def sent(desk):
    """A file of two claims that the far side held on March 20, noon."""
    kept = desk.store.vault.keep([b"a file"])
    origin = ClaimOrigin(
        source="created",
        partner="house",
        file_sha256=kept.sha256,
        interchange_control_number="000000003",
        group_control_number="7",
        st_control_number="0001",
    )
    lines = (
        make_line(1, line_control_number="L0000011"),
        make_line(2, "97140", line_control_number="L0000012"),
    )
    with desk.store.write() as connection:
        save_claims(
            connection, [make_claim(), make_claim(patient_control_number="A0000002", lines=lines)], origin
        )
        register_file(
            connection,
            kept.sha256,
            size=6,
            direction="out",
            kind="837P",
            name="f.837",
            outcome=SENT,
            at=SENT_AT,
        )
        record_event(connection, kind="sent", subject=f"file:{kept.sha256}", at=SENT_AT)
    return desk


def overdue(desk, **after) -> dict[str, int]:
    """What is silent that long after the file was sent: claims by what is missing."""
    with desk.store.read() as connection:
        found = list(silences(connection, EXPECTED, SENT_AT + timedelta(**after)))
        assert {one.key for one in found} <= set(open_work(connection, found, now=datetime(2026, 3, 20)))
    counts: dict[str, int] = {}
    for one in found:
        counts[one.expected] = counts.get(one.expected, 0) + one.claims
    return counts


def test_each_answer_is_overdue_when_its_hours_are_over(sent):
    assert overdue(sent, hours=24) == {}
    assert overdue(sent, hours=25) == {"TA1": 2, "999": 2}
    assert overdue(sent, hours=73) == {"TA1": 2, "999": 2, "277CA": 2}
    assert overdue(sent, days=31) == {"TA1": 2, "999": 2, "277CA": 2, "835": 2}


def test_an_answer_ends_the_silence_that_it_and_what_comes_before_it_made(sent):
    sent.ingest((HEAD.format(9) + "\nTA1*000000003*260320*1200*A*000~\nIEA*0*000000009~").encode())
    assert overdue(sent, hours=73) == {"999": 2, "277CA": 2}
    sent.ingest(functional_answer())
    assert overdue(sent, hours=73) == {"277CA": 2}
    sent.ingest(claim_answer("A0000002", "A2"))
    assert overdue(sent, hours=73) == {"277CA": 1}
    paid = claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))
    sent.ingest(file_of(payment([paid])))
    assert overdue(sent, days=31) == {"835": 1}


@pytest.mark.parametrize("answer", [functional_answer("R"), claim_answer("A0000001", "A3")])
def test_a_rejection_is_no_silence(sent, answer):
    sent.ingest(answer)
    assert overdue(sent, days=31).get("835", 0) == (0 if b"IK5*R" in answer else 1)
    assert overdue(sent, hours=73).get("277CA", 0) == (0 if b"IK5*R" in answer else 1)


def test_a_file_that_was_never_sent_is_not_waited_for(desk):
    desk.submit()
    assert overdue(desk, days=90) == {}


@pytest.mark.parametrize(
    ("outcome", "sending", "late"),
    [
        ("written", {"house"}, 0),
        ("placed", {"house"}, 0),
        ("sending", {"house"}, 0),
        (SENT, {"house"}, 2),
        ("written", set(), 2),
    ],
)
def test_a_payer_is_late_only_with_what_was_sent_or_goes_by_hand(sent, outcome, sending, late):
    with sent.store.write() as connection:
        connection.execute(table_of(FileRow).update().values(outcome=outcome))
    with sent.store.read() as connection:
        now = SENT_AT + timedelta(days=60)
        assert len(list(late_claims(connection, {}, now, sending=sending))) == late
        expected = Expectations(partners={}, payers={}, sending=frozenset(sending))
        assert sum(one.claims for one in silences(connection, expected, now)) == late


def test_what_a_partner_does_not_send_is_not_expected(sent):
    with sent.store.read() as connection:
        plain = Expectations(partners={"house": {"999": 24}}, payers={})
        found = list(silences(connection, plain, SENT_AT + timedelta(days=4)))
    assert [(one.expected, one.subject, one.source, one.due) for one in found] == [
        ("999", "f.837", "house", date(2026, 3, 21))
    ]


def test_a_run_tells_silence_and_counts_it_as_work_once(tmp_path):
    office = Office(tmp_path)
    (tmp_path / "claimloop.toml").write_text(SETTINGS + TRANSPORT + RUN, encoding="utf-8")
    for name in ("drop", "back"):
        (tmp_path / name).mkdir()
    office.write("sessions", [session("V1"), session("V2", patient="P2")])

    def run(day: str):
        return claimloop("run", "--as-of", day, "--config", tmp_path / "claimloop.toml", "--json")

    first = run("2026-03-20")
    assert (first.err, first.json["silent"]) == ("", {})
    later = (date.today() + timedelta(days=10)).isoformat()
    first = run(later)
    assert (first.code, first.json["silent"]) == (1, {"277CA": 1, "999": 1})
    assert first.json["new_work"] == {"silence": 2}
    assert {one["expected"] for one in first.json["silence"]} == {"277CA", "999"}
    assert "overdue: 1 277CA, 1 999" in (tmp_path / "summary.txt").read_text(encoding="utf-8")
    report = ("report", "silence", "--as-of", later, "--config", tmp_path / "claimloop.toml")
    listed = claimloop(*report, "--rows", "overdue", "--json").json
    told = [{name: value for name, value in one.items() if name != "group"} for one in listed]
    assert told == first.json["silence"]
    assert "overdue by what the profiles expect: 1 277CA, 1 999" in claimloop(*report).out
    assert claimloop(*report, "--rows", "overdue", "--until", "2026-01-01", "--json").json == []
    again = run(later)
    assert (again.code, again.json["new_work"], again.json["open_work"]) == (0, {}, {"silence": 2})
    text = (SCENARIOS / "clean.toml").read_text(encoding="utf-8")
    for path in (tmp_path / "drop").glob("*.837"):
        simulate(path, out=tmp_path / "back", seed=7, today=date(2026, 4, 1), scenario=parse_scenario(text))
    assert run(later).json["silent"] == {}
