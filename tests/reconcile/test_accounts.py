"""Which account an adjustment goes to, where group and amount decide."""

from __future__ import annotations

import pytest

from edi.codes.lookup import load_tables
from edi.model.remittance import Adjustment
from reconcile.accounts import account_of
from reconcile.values import Account

CASES = [
    ("PR", "1", 6000, 0, Account.PATIENT),
    ("OA", "1", 6000, 0, Account.PATIENT),
    ("CO", "1", 2000, 4000, Account.CONTRACTUAL),
    ("CO", "1", 6000, 0, Account.DENIED),
    ("PI", "3", 6000, 0, Account.DENIED),
    ("CO", "45", 2000, 4000, Account.CONTRACTUAL),
    ("CO", "45", 6000, 0, Account.DENIED),
    ("PR", "45", 6000, 0, Account.PATIENT),
    ("OA", "23", 6000, 0, Account.MEMO),
    ("OA", "133", 6000, 0, Account.PENDED),
    ("PR", "27", 6000, 0, Account.DENIED),
]


@pytest.mark.parametrize(("group", "reason", "cents", "paid", "expected"), CASES)
def test_account(group, reason, cents, paid, expected):
    """An adjustment equal to the whole charge with nothing paid is never an automatic write-off."""
    adjustment = Adjustment(group, reason, cents)
    tables = load_tables()
    assert account_of(adjustment, 6000, paid, capitated=False, bundled=False, tables=tables) is expected
