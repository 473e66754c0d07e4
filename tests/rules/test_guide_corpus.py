"""The rules of the guide on claims that others wrote: examples of the guide break none of its sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from edi.model.claim import Claim
from edi.model.finding import Finding
from edi.rules import RULES
from edi.rules.registry import check_claim
from edi.transactions import t837p
from edi.x12.envelope import read_transactions
from tests.rules.guide_claims import draft, payers

pytestmark = pytest.mark.corpus

COORDINATION = tuple(
    one for one in RULES if one.family == "guide" and one.code[:3] in ("ADJ", "COB", "SBR", "PNC")
)
OF_THE_GUIDE = ("LinuxForHealth+", "kputnam+stupidedi")
"""Whose files repeat the examples of the guide."""
KNOWN = {
    # One id for both payers.
    ("kputnam+stupidedi__COB-claim-from-billing-provider-to-payer-a.edi", "COB003"),
    # AMT*A8 of 15.00 beside AMT*D, on a claim of 120.00.
    ("kputnam+stupidedi__medicare-secondary-payer-COB.edi", "COB004"),
    ("kputnam+stupidedi__medicare-secondary-payer-COB.edi", "COB005"),
    ("kputnam+stupidedi__medicare-secondary-payer-COB.edi", "COB006"),
    # A made-up social security number.
    ("LinuxForHealth+x12__patient-is-dependent.837", "SBR009"),
}
KINDS = {"MB": "medicare_b", "MC": "medicaid", "WC": "workers_comp", "AM": "auto"}


def claims(path: Path) -> Iterator[Claim]:
    for transaction in read_transactions([path.read_bytes()]):
        if not isinstance(transaction, Finding):
            yield from (item for item in t837p.read(transaction) if isinstance(item, Claim))


@pytest.fixture
def found(corpus_dir, make):
    """File and code of what the rules of other payers, subscribers and property say of the guide's examples."""
    context = make.context(payers=payers(), today=date(2026, 11, 22), enrolments=())
    said, seen = set(), 0
    for path in sorted((corpus_dir / "837p").iterdir()):
        if path.name.startswith(OF_THE_GUIDE):
            for claim in claims(path):
                seen += bool(claim.other_payers)
                key = KINDS.get(claim.subscriber.filing_indicator, "commercial")
                one = draft(make.replace(claim, payer=make.replace(claim.payer, key=key)))
                said |= {(path.name, finding.code) for finding in check_claim(one, context, COORDINATION)}
    return said, seen


def test_the_guides_examples_hold_its_equations(found):
    said, with_other_payers = found
    assert with_other_payers >= 8
    assert said == KNOWN
