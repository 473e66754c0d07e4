"""``verify``: every invariant of the ledger over the whole store, by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from cli.jobs.interchanges import next_interchange
from cli.jobs.manifest import FindingEntry, entries
from cli.render import Row
from edi.codes import Tables, load_tables
from edi.model.errors import StoreError, UsageError
from edi.model.finding import Finding
from edi.model.money import decimal_text
from reconcile.store import Connection, Store, Vault
from reconcile.store.checks import CHECKS, Check
from reconcile.store.checks.registry import broken
from reconcile.store.holds import unexplained_money

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
    unexplained: int = 0
    """Claims and payments that a release left with cents unexplained, and nothing has cleared since."""
    unexplained_amount: str = "0.00"

    def exit_code(self) -> int:
        """5 when a check fails, else 0."""
        return 0 if self.holds else LEDGER_BROKEN


CHECK_COLUMNS: Final = ("check", "holds", "asks", "code", "claim", "message")


def check_rows(verification: Verification) -> list[Row]:
    """The checks as rows: one for each finding, and one for a check that holds."""
    rows: list[Row] = []
    for check in verification.checks:
        named: Row = {"check": check.name, "holds": check.holds, "asks": check.asks}
        rows += [
            {**named, "code": found.code, "claim": found.claim, "message": found.message}
            for found in check.findings
        ] or [{**named, "code": None, "claim": None, "message": None}]
    return rows


def _found(check: Check, connection: Connection, vault: Vault, tables: Tables) -> Iterator[Finding]:
    """What a check finds; a row that cannot even be read breaks it, and ends it there."""
    try:
        yield from check.run(connection, vault, tables, next_interchange)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        message = f"a row of the store cannot be read ({type(error).__name__}), so the rest was not looked at"
        yield broken(check.name, message)
    except StoreError as error:
        yield broken(check.name, f"{error}; the rest was not looked at")


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
    vault = store.vault
    results = []
    with store.read() as connection:
        for check in CHECKS.values():
            if names and check.name not in names:
                continue
            findings = entries(_found(check, connection, vault, tables or load_tables()))
            results.append(CheckResult(check.name, check.asks, not findings, findings))
        left = unexplained_money(connection)
    return Verification(
        holds=all(result.holds for result in results),
        checks=tuple(results),
        unexplained=len(left),
        unexplained_amount=decimal_text(sum(one.cents for one in left)),
    )
