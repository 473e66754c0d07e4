"""A garbled amount, a NUL, an empty CLP01: what is wrong is held or cleaned, the rest of the file posts, on both databases."""

from __future__ import annotations

import pytest

from edi.model.errors import ClaimloopError, StoreError, TemporaryError
from reconcile.store.bulk import insert
from reconcile.store.driver_errors import translated
from reconcile.store.schema import FileRow
from tests.builders import make_claim, make_line
from tests.jobs.conftest import NOW
from tests.remits import claim, file_of, line, payment

LONG = "99999999999999999"


@pytest.fixture
def three(desk):
    """Three claims, sent."""
    for place in (1, 2, 3):
        lines = (make_line(1, line_control_number=f"L000001{place}"),)
        desk.submit(make_claim(patient_control_number=f"A000000{place}", lines=lines))
    return desk


def paid(place: int, **options) -> list[str]:
    """A payment of one claim, with a trace number of its own."""
    return payment([claim(f"A000000{place}", line("97110", 5000, 4000), **options)], trace=f"T{place}")


GARBLED = {
    "CLP03": ("CLP*A0000002*1*50*", f"CLP*A0000002*1*{LONG}*", "suspense"),
    "CLP04": ("CLP*A0000002*1*50*40*", f"CLP*A0000002*1*50*{LONG}*", None),
    "CLP05": ("CLP*A0000002*1*50*40**", f"CLP*A0000002*1*50*40*{LONG}*", "suspense"),
    "SVC02": ("SVC*HC:97110:GP*50*", f"SVC*HC:97110:GP*{LONG}*", "suspense"),
    "CAS03": ("CAS*CO*45*10", f"CAS*CO*45*{LONG}", "suspense"),
    "BPR02": ("BPR*I*40*", f"BPR*I*{LONG}*", None),
    "PLB04": ("PLB*", "PLB*", None),
}


@pytest.mark.parametrize("element", GARBLED)
def test_an_amount_beyond_all_bounds_does_not_stop_the_file(three, element):
    old, new, outcome = GARBLED[element]
    second = [segment.replace(old, new) for segment in paid(2)]
    if element == "PLB04":
        second.insert(-1, f"PLB*1234567893*20261231*WO:X*{LONG}")
        second[-1] = f"SE*{len(second)}*0001"
        outcome = "posted"
    data = three.file(file_of(paid(1), second, paid(3)))
    three.ingest(data)
    outcomes = dict(three.rows("SELECT patient_control_number, outcome FROM claim_payment"))
    assert outcomes.get("A0000002") == outcome
    assert outcomes["A0000001"] == outcomes["A0000003"] == "posted"
    assert three.rows("SELECT COUNT(*) FROM file WHERE outcome = 'started'") == [(0,)]
    assert three.broken() == []
    before = three.digest()
    three.ingest(data)
    assert three.digest() == before


def test_a_nul_in_a_name_posts_and_is_told(three):
    manifest = three.ingest(file_of(paid(1)).replace(b"PATIENT*TEST", b"PAT\x00IENT*T\x07EST"))
    assert three.rows("SELECT outcome FROM claim_payment") == [("posted",)]
    assert "ENV008" in repr(manifest)
    assert three.broken() == []


def test_a_nul_in_a_stored_number_posts_the_same_on_both(three):
    three.ingest(file_of(paid(1, payer_number="PC\x00N1")))
    assert three.rows("SELECT outcome, payer_claim_control_number FROM claim_payment") == [("posted", "PCN1")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CLP**1*50*40*", "CLP**1*5O*40*"),
        ("SVC*HC:97110:GP*50*", "SVC*HC:97110:GP*5O*"),
        ("CLP**1*", "CLP***"),
    ],
)
def test_an_error_holds_a_claim_without_a_number(desk, old, new):
    desk.submit(make_claim())
    one = payment([claim("", line("97110", 5000, 4000))])
    assert any(old in segment for segment in one)
    desk.ingest(file_of([segment.replace(old, new) for segment in one]))
    outcome, detail = desk.rows("SELECT outcome, detail FROM claim_payment")[0]
    assert outcome == "suspense"
    assert "RMT" in detail


def test_copy_tells_no_value(desk):
    """COPY bypasses SQLAlchemy: its errors are ours all the same and carry no cell."""
    if desk.url.startswith("sqlite"):
        pytest.skip("SQLite has no COPY")
    columns = len(FileRow.__table__.columns)
    row = ("MARKER-PHI", "SMITH-NOT-A-NUMBER", "in", "835", "n", "o", "m", NOW, 1)
    assert len(row) == columns
    with pytest.raises(StoreError) as caught, desk.store.write() as connection:
        insert(connection, FileRow, [row])
    assert "SMITH" not in str(caught.value)
    assert "MARKER" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


def test_copy_on_a_lost_connection_is_temporary(desk):
    """The server ends the connection while rows are on their way."""
    if desk.url.startswith("sqlite"):
        pytest.skip("SQLite has no server")
    row = ("x", 1, "in", "835", "n", "o", "m", NOW, 1)

    def lose_it_and_copy() -> None:
        with desk.store.write() as connection:
            process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with desk.store.engine.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({process})")
            insert(connection, FileRow, [row])

    with pytest.raises(TemporaryError):
        lose_it_and_copy()


def test_the_drivers_errors_by_state():
    psycopg = pytest.importorskip("psycopg")
    cases = {
        psycopg.errors.DiskFull: TemporaryError,
        psycopg.errors.AdminShutdown: TemporaryError,
        psycopg.OperationalError: TemporaryError,
        psycopg.errors.DataCorrupted: StoreError,
        psycopg.errors.NumericValueOutOfRange: StoreError,
        psycopg.DataError: StoreError,
    }
    for kind, ours in cases.items():
        with pytest.raises(ClaimloopError) as caught, translated("x"):
            raise kind("CONTEXT: COPY claim, line 1, column name: SMITH")
        assert type(caught.value) is ours
        assert "SMITH" not in str(caught.value)
