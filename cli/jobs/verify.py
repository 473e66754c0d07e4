"""``verify``: every invariant of the ledger over the whole store, by name."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from cli.jobs.manifest import FindingEntry, entries
from edi.codes import Tables, load_tables
from edi.model.errors import UsageError
from reconcile.store import Store, Vault
from reconcile.store.checks import CHECKS

LEDGER_BROKEN = 5
"""Exit code: our ledger does not balance (never the payer's file)."""


class CheckResult(msgspec.Struct, frozen=True):
    """One check: its name, what it asks, whether it holds, and what breaks it."""

    name: str
    asks: str
    holds: bool
    findings: tuple[FindingEntry, ...] = ()


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The document that ``verify --json`` prints."""

    schema_version: int = 1
    holds: bool
    checks: tuple[CheckResult, ...]

    def exit_code(self) -> int:
        """5 when a check fails, else 0."""
        return 0 if self.holds else LEDGER_BROKEN


def verify(store: Store, names: Collection[str] = (), tables: Tables | None = None) -> Verification:
    """Run checks over one snapshot of the store.

    Args:
        store: open; nothing is written.
        names: which checks; all when empty.
        tables: of the installation; the shipped ones if None.

    Raises:
        UsageError: there is no check of that name.
    """
    unknown = sorted(set(names) - CHECKS.keys())
    if unknown:
        raise UsageError(f"no check {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    vault = Vault(store.vault)
    results = []
    with store.read() as connection:
        for check in CHECKS.values():
            if names and check.name not in names:
                continue
            findings = entries(check.run(connection, vault, tables or load_tables()))
            results.append(CheckResult(check.name, check.asks, not findings, findings))
    return Verification(holds=all(result.holds for result in results), checks=tuple(results))
