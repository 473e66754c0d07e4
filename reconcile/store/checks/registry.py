"""How a check of the store is registered, asks its query, and tells of a row that breaks it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection, text

from edi.codes.lookup import Tables
from edi.model.finding import Finding, Location, Severity
from reconcile.store.second_path import Seek
from reconcile.store.vault import Vault

Run: TypeAlias = Callable[[Connection, Vault, Tables, Seek], Iterator[Finding]]
"""A check: a read transaction, the vault, the code tables and what finds interchanges that declare no separators in; a
finding for each row that breaks it out."""


class Check(msgspec.Struct, frozen=True):
    """One invariant: its name, what it asks, and how."""

    name: str
    asks: str
    run: Run


REGISTERED: dict[str, Check] = {}
"""Every check whose module is loaded, by name."""


def check(run: Run) -> Run:
    """Register a check under its function's name; the first line of its doc is what it asks."""
    name = getattr(run, "__name__", "")
    REGISTERED[name] = Check(name, (run.__doc__ or "").strip().splitlines()[0], run)
    return run


def rows(connection: Connection, query: str) -> Iterator[Any]:
    """Yield the rows of a query, streamed."""
    with connection.execute(text(query), execution_options={"yield_per": 5_000}) as found:
        yield from found


def broken(name: str, message: str, *, claim: str | None = None, line: str | None = None) -> Finding:
    """Return a finding of a check; it names control numbers and cents, and no patient.

    Args:
        name: the check's name; the code is ``VER_`` and the name in capitals.
        message: what differs.
        claim: the patient control number.
        line: the line control number.
    """
    place = Location(field=name, claim=claim, line=line)
    return Finding(code=f"VER_{name.upper()}", severity=Severity.ERROR, message=message, location=place)


def rows_told(manifest: Mapping[str, Any], codes: Collection[str] = ()) -> set[int] | None:
    """The rows of a file that its import refused, or spoke of under one of some codes.

    Returns:
        Their numbers; None where it had more to say than a manifest lists.
    """
    said = manifest.get("findings", ())
    if any(one["code"] == MORE_FINDINGS for one in said):
        return None
    return {
        one["row"]
        for one in said
        if one.get("row") and (one["severity"] == Severity.ERROR.value or one["code"] in codes)
    }


MORE_FINDINGS: Final = "ING000"
"""The code by which a manifest says how many findings it does not list."""


def told_of_files(connection: Connection, query: str) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield files with what their import told, and the rows that are left of each.

    Args:
        connection: a read transaction.
        query: selects the sha256, the manifest and something else of each file. Files without a manifest, whose
            import was interrupted, are passed over.
    """
    for digest, manifest, count in list(rows(connection, query)):
        if manifest:
            yield digest, msgspec.json.decode(manifest), count
