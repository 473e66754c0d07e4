"""What waits and is tried again, what another run got to first, and what the reader's own errors hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cli.jobs import retrying, taking
from cli.jobs.ingest_835 import Source, ingest_remittance
from cli.jobs.posting import Tools
from cli.jobs.retrying import retry_unmatched
from edi.codes.lookup import load_tables
from edi.model.directory import Practice
from edi.payers.profile import PayerProfile, RemitIdentity
from edi.transactions import t835
from edi.transport.base import RetryPolicy
from edi.x12.envelope import read_transactions
from reconcile.store.driver_errors import GivenUpError
from tests.builders import make_claim, make_line, npi
from tests.jobs.conftest import Desk
from tests.remits import claim, file_of, line, payment

NUMBER = "A0000001"
HMO = {
    "hmo": PayerProfile(
        key="hmo", name="HMO", capitated=True, remit=RemitIdentity(trn03=("1512345678",), n104=("PAYOR123",))
    )
}
SUMS = "SELECT paid, contractual, denied, open_balance, status FROM claim"


def paid(number: str = NUMBER, *, reason: str = "CO*45*10") -> list[str]:
    """A claim payment that answers `make_claim`: two lines of 50.00, 40.00 paid."""
    return claim(
        number,
        line("97110", 5000, 4000, adjustments=[reason], number="L0000001"),
        line("97140", 5000, 4000, adjustments=[reason], number="L0000002"),
    )


# -- capitation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["837", "835"])
def test_capitation_counts_whichever_comes_first(tmp_path, first):
    """CO-24 of a payer with capitation is a write-off, at once or when the claim payment finds its claim later."""
    desk = Desk(f"sqlite:///{tmp_path / 'a.db'}", tmp_path)
    remit = file_of(
        payment([claim(NUMBER, *(line(c, 5000, 0, adjustments=["CO*24*50"]) for c in ("97110", "97140")))])
    )
    if first == "837":
        desk.submit()
    desk.ingest(remit, payers=HMO)
    if first == "835":
        desk.submit()
        assert retry_unmatched(desk.store, Tools(load_tables(), HMO)) == 1
    assert desk.rows(SUMS) == [(0, 10000, 0, 0, "settled")]
    assert desk.rows("SELECT COUNT(*) FROM denial") == [(0,)]
    assert desk.broken() == []
    desk.store.close()


# -- a payee that becomes known ----------------------------------------------------------------------------------


def test_what_waited_for_its_payee_is_posted_once_the_settings_name_it(desk):
    desk.submit()
    remit = desk.file(file_of(payment([paid()], npi=npi(777))))
    assert desk.ingest(remit).totals.unmatched == 1
    assert desk.ingest(remit).totals.retried_matched == 0
    (own,) = desk.practices
    desk.practices = (Practice(id=own.id, name=own.name, npi=own.npi, former_npis=(npi(777),)),)
    manifest = desk.ingest(remit)
    assert [file.outcome for file in manifest.files] == ["duplicate"]
    assert manifest.totals.retried_matched == 1
    assert desk.rows(SUMS) == [(8000, 2000, 0, 0, "settled")]
    assert desk.rows("SELECT outcome FROM claim_payment") == [("posted",)]
    assert desk.ingest(remit).totals.retried_matched == 0
    assert desk.broken() == []


def test_a_known_payee_without_the_claim_is_tried_only_once(desk_lite, monkeypatch):
    """The reason becomes that there is no claim: that is work for an import, not for every ingest."""
    tried = []
    real = retrying.post_chunk
    monkeypatch.setattr(retrying, "post_chunk", lambda *given: tried.append(len(given[1])) or real(*given))
    remit = desk_lite.file(file_of(payment([paid("NOBODY")], npi=npi(777))))
    desk_lite.ingest(remit)
    (own,) = desk_lite.practices
    desk_lite.practices = (Practice(id=own.id, name=own.name, npi=own.npi, former_npis=(npi(777),)),)
    desk_lite.ingest(remit)
    desk_lite.ingest(remit)
    assert tried == [1]
    assert desk_lite.rows("SELECT outcome, reason FROM claim_payment") == [("unmatched", "no_claim")]


# -- two runs at once --------------------------------------------------------------------------------------------


class _Rivalled:
    """A store on which another run takes in the same set after the first transaction of this one rolled back."""

    def __init__(self, store, rival) -> None:
        self._store, self._rival = store, rival
        self.vault = store.vault

    @contextmanager
    def write(self) -> Iterator:
        try:
            with self._store.write() as connection:
                yield connection
        except Exception:
            self._rival()
            raise


@pytest.mark.parametrize(
    ("outcome", "remit"),
    [
        ("quarantined", payment([paid()], bank=1)),
        ("duplicate", payment([paid()], control="0042")),
        ("conflict", payment([paid(reason="CO*253*10")])),
    ],
)
def test_two_runs_that_put_one_set_aside_agree(desk, outcome, remit):
    desk.submit()
    desk.ingest(file_of(payment([paid()])))
    before = desk.digest()
    path = desk.file(file_of(remit))
    tools = Tools(load_tables(), {})

    def run(store):
        transaction = next(iter(read_transactions([path.read_bytes()])))
        return ingest_remittance(store, Source("0" * 64, path.name, 0), t835.read(transaction), tools)

    desk.sql(
        "INSERT INTO file (sha256, size, direction, kind, name, outcome, manifest, first_seen)"
        f" VALUES ('{'0' * 64}', 1, 'in', '', 'a', 'started', '', '2026-03-21 06:00:00')"
    )
    entries = []
    entries.append(run(_Rivalled(desk.store, lambda: entries.append(run(desk.store)))))
    assert [entry.outcome for entry in entries] == [outcome, outcome]
    assert entries[0] == entries[1]
    assert desk.rows(f"SELECT outcome FROM file_transaction WHERE file_sha256 = '{'0' * 64}'") == [(outcome,)]
    assert desk.digest() == before


# -- errors of the reader ----------------------------------------------------------------------------------------


def test_a_claim_payment_with_an_error_of_the_reader_is_held_though_it_balances(desk):
    """A date that is no date (RMT002) changes no cent; which service was paid is uncertain all the same."""
    other = make_claim(patient_control_number="A0000002", lines=(make_line(line_control_number="L0000009"),))
    desk.submit(make_claim(), other)
    odd = claim("A0000002", line("97110", 5000, 4000, day="20261399"), payer_number="PCN2")
    manifest = desk.ingest(file_of(payment([paid(), odd])))
    (entry,) = manifest.files[0].payments
    assert [(one.code, one.claim) for one in entry.findings] == [("RMT002", "A0000002")]
    assert (entry.outcome, entry.claims_matched, entry.claims_held) == ("posted", 1, 1)
    rows = desk.rows("SELECT patient_control_number, outcome, detail FROM claim_payment ORDER BY ordinal")
    assert rows == [(NUMBER, "posted", ""), ("A0000002", "suspense", "RMT")]
    assert desk.rows("SELECT paid FROM claim ORDER BY patient_control_number") == [(8000,), (0,)]
    assert manifest.exit_code() == 3
    assert desk.broken() == []


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_error_holds_its_own_claim_payment_at_any_place_of_a_chunk(desk_lite, monkeypatch, size, place):
    monkeypatch.setattr("cli.jobs.ingest_835.run.CHUNK", size)
    days = ["20261399" if place == one else "20260310" for one in range(3)]
    claims = [claim(f"B{one}", line("97110", 5000, 4000, day=day)) for one, day in enumerate(days)]
    desk_lite.ingest(file_of(payment(claims)))
    held = desk_lite.rows("SELECT ordinal FROM claim_payment WHERE outcome = 'suspense'")
    assert held == [(place,)]


# -- a transaction that the database gave up ---------------------------------------------------------------------

GIVEN_UP = """
CREATE SEQUENCE tries;
CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'given up' USING ERRCODE = '{state}'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER give_up BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION give_up();
"""


@pytest.fixture
def at_once(monkeypatch):
    """No wait between tries."""
    monkeypatch.setattr(taking, "_AGAIN", RetryPolicy(attempts=3, first_wait=0, longest_wait=0))


@pytest.mark.postgres
@pytest.mark.parametrize(("state", "table"), [("40P01", "posting"), ("40001", "file_transaction")])
def test_what_the_database_gave_up_is_done_again_from_its_beginning(
    postgres_database, tmp_path, at_once, state, table
):
    """A deadlock or a failed serialization: nothing of the set is stored, so all of it is done once more."""
    remits = [file_of(payment([paid()])), file_of(payment([paid("A0000002")], trace="T2"))]
    digests = []
    for times in (0, 2):
        folder = tmp_path / str(times)
        folder.mkdir()
        url = postgres_database if times else f"sqlite:///{folder / 'a.db'}"
        desk = Desk(url, folder)
        desk.submit()
        if times:
            desk.sql(GIVEN_UP.format(times=times, state=state, table=table))
        done = desk.ingest(*remits)
        assert [file.outcome for file in done.files] == ["posted", "posted"]
        digests.append(desk.digest(with_files=True))
        assert desk.broken() == []
        desk.store.close()
    assert digests[0] == digests[1]


@pytest.mark.postgres
def test_what_is_given_up_every_time_is_temporary_and_taken_up_again_later(
    postgres_database, tmp_path, at_once
):
    desk = Desk(postgres_database, tmp_path)
    desk.submit()
    remit = desk.file(file_of(payment([paid()])))
    desk.sql(GIVEN_UP.format(times=3, state="40P01", table="posting"))
    with pytest.raises(GivenUpError) as caught:
        desk.ingest(remit)
    assert caught.value.exit_code == 75
    assert desk.rows("SELECT outcome FROM file") == [("started",)]
    assert desk.ingest(remit).files[0].outcome == "posted"
    assert desk.broken() == []
    desk.store.close()
