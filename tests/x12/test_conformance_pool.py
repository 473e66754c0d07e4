"""The pool gives the verdict of one process, and cuts only what may be cut."""

from __future__ import annotations

import pytest

from cli import conformance_pool
from cli.conformance_pool import ConformancePool, cut
from edi.transactions import t837p
from edi.x12 import conformance
from tests.builders import make_claim, make_subscriber
from tests.claim_strategies import CREATED, PARTNER, SUBMITTER, read_claims


def file_of(sets: int, claims: int = 3) -> bytes:
    transactions = [
        (
            f"{place + 1:04d}",
            [
                make_claim(
                    patient_control_number=f"S{place}C{number}",
                    subscriber=make_subscriber(member_id=f"W{place}{number}"),
                )
                for number in range(claims)
            ],
        )
        for place in range(sets)
    ]
    return t837p.write(
        transactions,
        submitter=SUBMITTER,
        partner=PARTNER,
        interchange_control_number=1,
        group_control_number=1,
        created=CREATED,
    ).data


@pytest.fixture(scope="module")
def pool():
    with ConformancePool(2) as shared:
        yield shared


BROKEN = [
    (b"CLM*S0C0*100*", b"CLM*S0C0*1OO*"),
    (b"CLM*S4C1*100*", b"CLM*S4C1*1OO*"),
    (b"NM1*IL*1*TESTER*ADA****MI*W42", b"NM1*IL*1**ADA****MI*W42"),
    (b"SE*99*0005", b"SE*98*0005"),
    (b"GS*HC*", b"GS*XX*"),
    (b"X222A1~\nST*837*0001", b"X999~\nST*837*0001"),
    (b"HI*ABK:M5450~\n", b""),
    (b"IEA*1*", b"IEA*9*"),
    (b"GE*5*", b"GE*6*"),
    (b"ST*837*0003*", b"ST*837*0002*"),
    (b"\nHL*1**20*1~", b"\nHL*1**20*1~~"),
    (b"", b""),
]


@pytest.mark.parametrize(("old", "new"), BROKEN)
def test_the_same_verdict_as_one_process(pool, monkeypatch, old, new):
    monkeypatch.setattr(conformance_pool, "SMALL_FILE", 0)
    data = file_of(5)
    changed = data.replace(old, new) if old else data
    alone = conformance.check_bytes(changed, file="F")
    together = pool.check(changed, file="F")
    assert together.opinion == alone.opinion
    key = repr
    assert sorted(together.findings, key=key) == sorted(alone.findings, key=key)


def test_a_plain_file_is_cut_into_files_of_whole_transaction_sets():
    data = file_of(5)
    shards = cut(data, 2)
    assert shards is not None
    assert len(shards) == 2
    parts = [[claim.patient_control_number for claim in read_claims(shard.data)] for shard in shards]
    assert [number for part in parts for number in part] == [
        claim.patient_control_number for claim in read_claims(data)
    ]
    assert all(parts)
    assert shards[0].skipped == 0
    first_set = shards[1].data.split(b"ST*837*")[1][:4]
    assert shards[1].skipped == data[: data.index(b"ST*837*" + first_set)].count(b"~") - 2
    for shard in shards:
        assert conformance.check_bytes(shard.data).passed


@pytest.mark.parametrize(("sets", "shares"), [(2, [1, 1]), (4, [2, 2]), (8, [4, 4]), (3, [2, 1])])
def test_the_shards_are_about_the_same_size(sets, shares):
    shards = cut(file_of(sets), 2)
    assert shards is not None
    counts = [shard.data.count(b"ST*837*") for shard in shards]
    assert sorted(counts, reverse=True) == shares


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"GE*5*1", b"GE*4*1"),
        (b"GE*5*1", b"GE*5*2"),
        (b"IEA*1*", b"IEA*2*"),
        (b"ST*837*0003*", b"ST*837*0002*"),
        (b"\nHL*1**20*1~", b"\nHL*1**20*1~~"),
        (b"TESTER", b"T" * 9000),
        (b"ISA*00", b"XSA*00"),
    ],
)
def test_what_only_the_whole_file_shows_is_not_cut(old, new):
    data = file_of(5)
    assert cut(data, 2) is not None
    assert cut(data.replace(old, new, 1), 2) is None


@pytest.mark.parametrize("data", [b"", b"ISA", file_of(1), file_of(2) + file_of(2), file_of(3)[:-30]])
def test_one_set_two_interchanges_or_half_a_file_are_not_cut(data):
    assert cut(data, 2) is None


def test_small_files_start_no_process():
    with ConformancePool(2) as fresh:
        assert fresh.check(file_of(2)).passed
        assert fresh._executor is None


def test_one_worker_is_this_process(monkeypatch):
    monkeypatch.setattr(conformance_pool, "SMALL_FILE", 0)
    with ConformancePool(1) as fresh:
        assert fresh.check(file_of(2)).passed
        assert fresh._executor is None
