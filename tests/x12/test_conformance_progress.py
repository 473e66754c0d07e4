"""The pool tells how far it is, and cuts large files into more parts than it has workers."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from cli.conformance_pool import SHARDS_A_WORKER, SMALL_FILE, ConformancePool, cut
from edi.model.directory import Submitter, TradingPartner
from edi.transactions import t837p
from tests.builders import make_claim

SUBMITTER = Submitter(organization_name="DESK", etin="DESK", contact_name="DESK", phone="6175550100")
PARTNER = TradingPartner(id="house", sender_id="DESK", receiver_id="HOUSE")


def file_of(claims: int, per_set: int) -> bytes:
    numbered = [
        msgspec.structs.replace(make_claim(), patient_control_number=f"A{number:07d}")
        for number in range(claims)
    ]
    sets = [numbered[start : start + per_set] for start in range(0, claims, per_set)]
    written = t837p.write(
        [(f"{place:04d}", one) for place, one in enumerate(sets, 1)],
        submitter=SUBMITTER,
        partner=PARTNER,
        interchange_control_number=1,
        group_control_number=1,
        created=datetime(2026, 3, 20, 12, 0),
    )
    return written.data


@pytest.mark.parametrize(("claims", "per_set", "parts"), [(5, 5, 1), (900, 90, 2 * SHARDS_A_WORKER)])
def test_every_claim_is_counted_once(claims, per_set, parts):
    data = file_of(claims, per_set)
    assert (len(data) >= SMALL_FILE) == (parts > 1)
    told: list[int] = []
    with ConformancePool(2) as pool:
        verdict = pool.check(data, advance=told.append)
    assert verdict.passed
    assert sum(told) == claims
    assert len(told) == parts


def test_parts_are_whole_transaction_sets():
    shards = cut(file_of(900, 90), 2 * SHARDS_A_WORKER)
    assert shards is not None
    assert sum(shard.data.count(b"CLM*") for shard in shards) == 900
    assert all(shard.data.count(b"\nST*") == shard.data.count(b"\nSE*") > 0 for shard in shards)
