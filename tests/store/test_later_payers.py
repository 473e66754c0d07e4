"""Whether a further coverage is on file: told by the practice's records, or by the 2320 loops of an imported claim."""

from __future__ import annotations

import pytest

from edi.model.claim import ClaimPayer, OtherPayer
from reconcile.store.claims import later_payers
from tests.builders import make_claim, make_subscriber


@pytest.mark.parametrize(
    ("rank", "known", "others", "expected"),
    [
        ("P", (), "", ()),
        ("P", ("supplement",), "", ("supplement",)),
        ("P", ("supplement",), "S", ("supplement",)),
        ("P", (), "S", ("S",)),
        ("P", (), "ST", ("S", "T")),
        ("S", (), "P", ()),
        ("S", (), "PT", ("T",)),
    ],
)
def test_later_payers(rank, known, others, expected):
    named = tuple(
        OtherPayer(rank=one, payer=ClaimPayer(name=f"PLAN {one}", id=f"0000{one}")) for one in others
    )
    claim = make_claim(subscriber=make_subscriber(rank=rank), later_payers=known, other_payers=named)
    assert later_payers(claim) == expected
