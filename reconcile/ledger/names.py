"""The accounts by the names a biller uses, and the rule by which cents came to each."""

from __future__ import annotations

from typing import Final

from edi.codes.lookup import Tables
from reconcile.accounts import BUNDLED_IN, BUNDLED_OUT, CAPITATION, PATIENT_GROUPS, PRIOR_PAYERS, current_carc
from reconcile.values import Account

CHARGE: Final = "charge"
OTHER_PAYER: Final = "other payer"
"""What earlier payers' adjudications came to (OA-23): told beside, it is no cents of this payment."""
INTEREST: Final = "interest"
TAKE_BACK: Final = "take-back"
PROVIDER: Final = "provider adjustment"
SUSPENSE: Final = "suspense"
_INTEREST: Final = ("L6", "51")
"""PLB03 of interest paid to the provider, and of interest or a penalty charged."""
_TAKE_BACKS: Final = ("WO", "FB", "72", "CS", "J1", "L3", "B2", "B3", "LE", "50", "AP", "PI")
"""PLB03 of money that is taken back, carried forward, or given back (facts/remittance_835_rules.md)."""


def account_name(account: str, reason: str | None) -> str:
    """Return the biller's name of a posting's account; memo of OA-23 is the other payer's."""
    if account == Account.MEMO and reason == PRIOR_PAYERS:
        return OTHER_PAYER
    return account


def adjustment_account(reason: str) -> str:
    """Return the account of a provider adjustment by its PLB reason: interest, take-back, or neither."""
    code = reason.split(":")[0].upper()
    return INTEREST if code in _INTEREST else TAKE_BACK if code in _TAKE_BACKS else PROVIDER


def rule_of(
    account: str,
    group: str | None,
    reason: str | None,
    *,
    transfer: bool,
    reversal: bool,
    tables: Tables,
    remainder: bool = False,
) -> str:
    """Return the rule by which cents came to an account, as one name and what it goes by.

    Args:
        account: of the posting.
        group: CAS01, None for money.
        reason: the CARC, None for money.
        transfer: the posting moves cents that its adjudication does not name.
        reversal: the claim payment is a reversal (CLP02 22).
        tables: the code tables, which tell what a CARC is.
        remainder: it is the cash by which a reversal differs from its original.
    """
    if remainder:
        return "reversal: its cash differs from what the original paid by this"
    if transfer and account == Account.DENIED and group is None:
        return "reversed and not corrected: denied"
    if transfer:
        return f"moved: a later answer changes what stood in {account}"
    if reversal:
        return "reversal: the opposite of what the original posted"
    if account == Account.SUSPENSE:
        return "released by hand: charge - paid - adjustments"
    if reason is None:
        return "money: SVC03, CLP04"
    return f"{_adjusted(account, group or '', reason, tables)} ({group}-{reason})"


def _adjusted(account: str, group: str, reason: str, tables: Tables) -> str:
    """The rule for an adjustment."""
    info = current_carc(tables, reason)
    kind = "denial" if info is None else info.posting_class or "denial"
    if account == Account.MEMO:
        return "memo: prior payers" if reason == PRIOR_PAYERS else "memo: no room left, or told beside"
    if info is None:
        return "CARC in no table: denied until a person decides"
    if account == Account.CONTRACTUAL and reason in (BUNDLED_IN, BUNDLED_OUT):
        return "bundled: OA-94 and CO-97 cancel each other"
    if account == Account.CONTRACTUAL and kind == "denial" and reason in CAPITATION:
        return "payer profile: paid by capitation"
    if account == Account.PATIENT:
        return "CARC class patient" if group in PATIENT_GROUPS and kind == "patient" else "group PR"
    if account == Account.DENIED and kind != "denial":
        return "the whole charge with nothing paid is never written off"
    return f"CARC class {kind}"
