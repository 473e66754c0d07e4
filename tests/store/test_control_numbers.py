"""Control numbers: each given once, whoever asks, on both databases; given back when nothing was named."""

from __future__ import annotations

import multiprocessing
import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.errors import StoreError
from reconcile.store import (
    CLM01,
    GS06,
    ISA13,
    REF6R,
    ST02,
    allocate,
    events,
    group_control_number,
    interchange_control_number,
    line_control_number,
    open_store,
    patient_control_number,
    transaction_control_number,
)

NOW = datetime(2026, 11, 22, 8, 0)
EACH = 1000
AT_ONCE = 20


def worker(url: str, vault: Path, start, results) -> None:
    store = open_store(url, vault)
    start.wait()
    taken: list[int] = []
    for _ in range(EACH // AT_ONCE):
        with store.write() as connection:
            taken += allocate(connection, "house", ISA13, AT_ONCE, at=NOW)
    store.close()
    results.put(taken)


def test_four_processes_get_four_thousand_numbers(database_url, tmp_path):
    open_store(database_url, tmp_path / "vault").close()
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(4), context.Queue()
    processes = [
        context.Process(target=worker, args=(database_url, tmp_path / "vault", start, results))
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    taken = [number for _ in processes for number in results.get(timeout=120)]
    for process in processes:
        process.join(timeout=30)
        assert process.exitcode == 0
    assert sorted(taken) == list(range(1, 4 * EACH + 1))


def test_counters_of_partners_and_kinds_are_apart(database_url, tmp_path):
    store = open_store(database_url, tmp_path / "vault")
    with store.write() as connection:
        assert allocate(connection, "one", ISA13, 2, at=NOW) == range(1, 3)
        assert allocate(connection, "one", GS06, 1, at=NOW) == range(1, 2)
        assert allocate(connection, "two", ISA13, 1, at=NOW) == range(1, 2)
        assert allocate(connection, "one", ISA13, 1, at=NOW) == range(3, 4)
        assert allocate(connection, "one", ST02, 0, at=NOW) == range(0)
        logged = [(event.subject, event.data["first"], event.data["count"]) for event in events(connection)]
    store.close()
    assert logged == [
        ("control_number:one/isa13", 1, 2),
        ("control_number:one/gs06", 1, 1),
        ("control_number:two/isa13", 1, 1),
        ("control_number:one/isa13", 3, 1),
    ]


def test_a_rollback_gives_the_numbers_back(database_url, tmp_path):
    store = open_store(database_url, tmp_path / "vault")

    def fails() -> None:
        with store.write() as connection:
            allocate(connection, "", CLM01, 5, at=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with store.write() as connection:
        assert allocate(connection, "", CLM01, 1, at=NOW) == range(1, 2)
    store.close()


def test_a_counter_that_is_full_says_so(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'a.db'}")
    with store.write() as connection:
        allocate(connection, "house", ISA13, 1, at=NOW)
        connection.exec_driver_sql("UPDATE control_number SET next_number = 999999999")
        assert allocate(connection, "house", ISA13, 1, at=NOW) == range(999_999_999, 1_000_000_000)
    with pytest.raises(StoreError, match="nine digits"), store.write() as connection:
        allocate(connection, "house", ISA13, 1, at=NOW)
    store.close()


def test_envelope_numbers_have_the_width_that_x12_wants():
    assert interchange_control_number(7) == "000000007"
    assert group_control_number(7) == "7"
    assert transaction_control_number(7) == "0007"
    assert transaction_control_number(123_456) == "123456"


@given(st.integers(1, 10_000_000), st.sampled_from(["", "A", "PT1", "NORTH"]))
def test_a_patient_control_number_fits_clm01(number, prefix):
    told = patient_control_number(number, prefix)
    assert re.fullmatch(r"[A-Z0-9]{1,17}", told)
    assert told.startswith(prefix)
    assert not told.isdigit()


@given(st.sets(st.integers(1, 1 << 36), min_size=2, max_size=50))
def test_no_two_patient_control_numbers_are_equal(numbers):
    assert len({patient_control_number(number) for number in numbers}) == len(numbers)


def test_neighbours_differ_in_more_than_one_character():
    told = [patient_control_number(number) for number in range(1, 2000)]
    assert min(sum(a != b for a, b in zip(one, two, strict=True)) for one, two in pairwise(told)) >= 2


@given(st.integers(1, 36**9 - 1))
def test_a_line_control_number_is_no_small_number(number):
    told = line_control_number(number)
    assert re.fullmatch(r"L[A-Z0-9]{9}", told)


def test_a_prefix_that_leaves_no_room_is_refused():
    with pytest.raises(StoreError, match="do not fit"):
        patient_control_number(1, "VERYLONGPREFIX", 17)


def test_the_kinds_have_their_own_names():
    assert len({ISA13, GS06, ST02, CLM01, REF6R}) == 5
