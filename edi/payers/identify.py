"""Which payer an 835 is from."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from edi.payers.profile import PayerProfile


def identify_payer(
    profiles: Mapping[str, PayerProfile], trn03: str | None, n104: str | None, name: str | None
) -> str | None:
    """Find the profile whose ``remit`` block names the sender of an 835; its ``claim_id`` is never looked at.

    TRN03 decides, then N104 among those left, then the name (shell wildcards, case ignored). An identifier that no
    profile lists is passed over; one that contradicts what is already known does not overrule it.

    Args:
        profiles: by key of payers.toml.
        trn03: originating company id of the payment.
        n104: id of loop 1000A.
        name: N102 of loop 1000A.

    Returns:
        The key, or None when no profile or more than one fits.
    """
    left: list[str] = []
    for found in (
        _keys(profiles, trn03, "trn03"),
        _keys(profiles, n104, "n104"),
        _named(profiles, name),
    ):
        left = [key for key in left if key in found] or left or found
        if len(left) == 1:
            return left[0]
    return None


def _keys(profiles: Mapping[str, PayerProfile], value: str | None, where: str) -> list[str]:
    wanted = (value or "").strip().upper()
    if not wanted:
        return []
    return [
        key
        for key, profile in profiles.items()
        if wanted in [listed.strip().upper() for listed in getattr(profile.remit, where)]
    ]


def _named(profiles: Mapping[str, PayerProfile], name: str | None) -> list[str]:
    wanted = " ".join((name or "").upper().split())
    if not wanted:
        return []
    return [
        key
        for key, profile in profiles.items()
        if any(fnmatchcase(wanted, " ".join(each.upper().split())) for each in profile.remit.names)
    ]
