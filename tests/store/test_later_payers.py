"""Whether a further coverage is on file: told by the practice's records, or by the 2320 loops of an imported claim."""

from __future__ import annotations

import pytest

from reconcile.store.claims import later_payers
from tests.builders import make_claim, make_subscriber


@pytest.mark.parametrize(
    ("rank", "known", "kept", "expected"),
    [
        ("P", (), (), ()),
        ("P", ("supplement",), (), ("supplement",)),
        ("P", (), (("SBR", "S", "18"),), ("S",)),
        ("P", (), (("SBR", "S", "18"), ("OI", "", ""), ("SBR", "T", "18")), ("S", "T")),
        ("S", (), (("SBR", "P", "18"),), ()),
        ("S", (), (("SBR", "P", "18"), ("SBR", "T", "18")), ("T",)),
    ],
)
def test_later_payers(rank, known, kept, expected):
    claim = make_claim(subscriber=make_subscriber(rank=rank), later_payers=known, kept=kept)
    assert later_payers(claim) == expected
