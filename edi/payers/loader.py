"""payers.toml to PayerProfiles: the shipped packs, and an installation's own payers on top of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from edi.model.finding import Finding, Location, Severity, cut
from edi.payers.convert import convert_table, unknown_key
from edi.payers.profile import PayerProfile

UNKNOWN_BASE: Final = "SET003"
NOT_A_PAYER: Final = "SET004"
SAME_IDENTITY: Final = "SET005"
NO_REASON: Final = "SET015"
NEVER_HOLDS: Final = "SET016"

PACK_OF_KIND: Final = {
    "medicare_b": "medicare_b",
    "railroad": "medicare_b",
    "medicaid": "medicaid",
    "va_ccn": "va_ccn",
    "workers_comp": "workers_comp",
    "auto": "auto",
}
"""Which shipped pack a payer starts from when it names no ``base``; every other kind starts from ``commercial``."""


@cache
def _shipped_tables() -> dict[str, dict[str, Any]]:
    text = resources.files("edi.payers").joinpath("payers.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, Any]] = tomllib.loads(text, parse_float=str)["payer"]
    return tables


@cache
def shipped_packs() -> Mapping[str, PayerProfile]:
    """The packs that ship with claimloop, by key: medicare_b, medicaid, va_ccn, workers_comp, auto, commercial."""
    profiles, _ = load_payers({"payer": {key: {"base": key} for key in _shipped_tables()}})
    return profiles


def load_payers(
    document: Mapping[str, Any], file: str | None = None
) -> tuple[dict[str, PayerProfile], tuple[Finding, ...]]:
    """Make profiles of an installation's payers.toml.

    Each ``[payer.key]`` starts from the shipped pack it names in ``base``, else from that of its ``kind``, else from
    ``commercial``; its own keys win table by table, its ``[[payer.key.rule]]`` rows come after the pack's.

    Args:
        document: the file as tomllib gives it.
        file: its name, for findings.

    Returns:
        Profiles by key, and findings: unknown keys (warnings), wrong values, an unknown base, a rule turned without a
        reason or for no day at all, two payers whose 835s cannot be told apart (errors). A payer with a wrong value or
        an unknown base has no profile.
    """
    findings = [unknown_key(name, ["payer"], "payers.toml", file) for name in document if name != "payer"]
    payers = document.get("payer", {})
    if not isinstance(payers, Mapping):
        return {}, (
            *findings,
            _wrong(NOT_A_PAYER, "payer is not a table", "payer", "Write [payer.key].", file),
        )
    profiles: dict[str, PayerProfile] = {}
    for key, own in payers.items():
        if not isinstance(own, Mapping):
            place = f"payer.{cut(key)}"
            findings.append(_wrong(NOT_A_PAYER, f"{place} is not a table", place, "Write [payer.key].", file))
            continue
        profile, problems = _one(key, own, file)
        findings += problems
        if profile is not None:
            profiles[key] = profile
    findings += _same_identity(profiles, file)
    return profiles, tuple(findings)


def _one(key: str, own: Mapping[str, Any], file: str | None) -> tuple[PayerProfile | None, list[Finding]]:
    packs = _shipped_tables()
    base = own.get("base", PACK_OF_KIND.get(str(own.get("kind", "")), "commercial"))
    if base not in packs:
        place = f"payer.{cut(key)}.base"
        return None, [
            _wrong(UNKNOWN_BASE, "there is no such pack", place, f"Name one of {', '.join(packs)}.", file)
        ]
    table = {name: value for name, value in own.items() if name not in ("base", "key")}
    # A pack may lend everything but who it is.
    lent = packs[base] if key == base else {name: v for name, v in packs[base].items() if name != "name"}
    profile, findings = convert_table(
        {**_merge(lent, table), "key": key}, PayerProfile, f"payer.{cut(key)}", file
    )
    return profile, [*findings, *(_rule_rows(profile, file) if profile is not None else ())]


def _rule_rows(profile: PayerProfile, file: str | None) -> Iterator[Finding]:
    """What is wrong with the rows that turn rules; whether each names a rule is known to ``edi.rules`` alone."""
    place = f"payer.{cut(profile.key)}.rule"
    for row in profile.rules:
        if not row.reason.strip():
            message = f"{cut(row.code)} is turned to {row.level} without a reason"
            yield _wrong(NO_REASON, message, f"{place}.reason", "Say why, and where it is written.", file)
        if row.valid_from is not None and row.valid_to is not None and row.valid_to < row.valid_from:
            message = f"{cut(row.code)} is turned from {row.valid_from} to {row.valid_to}, which is no day"
            yield _wrong(NEVER_HOLDS, message, f"{place}.to", "Correct from or to.", file)


def _merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Own keys over the base's, table by table; arrays replace, except ``rule``, which is appended."""
    merged = dict(base)
    for name, value in own.items():
        below = merged.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[name] = _merge(below, value)
        elif name == "rule" and isinstance(value, list) and isinstance(below, list):
            merged[name] = [*below, *value]
        else:
            merged[name] = value
    return merged


def _same_identity(profiles: Mapping[str, PayerProfile], file: str | None) -> list[Finding]:
    """Two payers with one N104 and overlapping TRN03 could never be told apart by those; names may still do it."""
    seen: dict[tuple[str, tuple[str, ...], tuple[str, ...]], str] = {}
    findings = []
    for key, profile in profiles.items():
        remit = profile.remit
        for trn03 in remit.trn03:
            same = (trn03, remit.n104, remit.names)
            if same in seen:
                findings.append(
                    _wrong(
                        SAME_IDENTITY,
                        f"payers {cut(seen[same])} and {cut(key)} have the same remit block,"
                        " so no 835 can be told to be of one",
                        f"payer.{cut(key)}.remit",
                        "Give each its own n104 or names, or make them one payer.",
                        file,
                    )
                )
            seen.setdefault(same, key)
    return findings


def _wrong(code: str, message: str, field: str, fix: str, file: str | None) -> Finding:
    return Finding(
        code=code,
        severity=Severity.ERROR,
        message=message,
        location=Location(file=file, field=field),
        fix=fix,
    )
