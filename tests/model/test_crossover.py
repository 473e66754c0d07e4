"""What says that a payer sent a claim on to the next one, for the books and the secondary claim alike."""

from __future__ import annotations

import pytest

from edi.model.crossover import sent_on
from edi.model.remittance import RemittanceParty
from tests.builders import make_claim_payment


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "19"}, "CLP02 19"),
        ({"status": "20"}, "CLP02 20"),
        ({"status": "21"}, "CLP02 21"),
        ({"parties": (RemittanceParty(role="TT", kind="2"),)}, "NM1*TT"),
        ({"remarks": ("MA01", "MA07")}, "MA07"),
        ({"remarks": ("MA18",)}, "MA18"),
        ({"remarks": ("N89",)}, "N89"),
        ({"remarks": ("MA08", "MA19")}, ""),
        ({"status": "2"}, ""),
        ({}, ""),
    ],
)
def test_what_says_that_a_claim_was_sent_on(changes, said):
    assert sent_on(make_claim_payment(**changes)) == said
