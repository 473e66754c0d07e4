"""Provider adjustments (PLB) as chains: what payers deferred, carried forward, took back, and will still take.

For each chain: deferred = its entries that raised a payment, taken = those that lowered one, and its balance is taken
less deferred; a refund by check (72) is told beside, and counts against what was taken beyond what was deferred.
An open chain below zero is what the payer will still take from a later payment (``to_be_taken``); one above zero is
what it took without a reversal that explains it (``unexplained``). Interest, levies, capitation and the like are final:
nothing follows them. Nothing of all this is posted to a line or a patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconcile.reports.registry import (
    GROUP,
    UNKNOWN,
    Answer,
    Chart,
    Column,
    Connection,
    Figure,
    Part,
    Report,
    Row,
    RowSet,
    Scope,
    by_amount,
    by_name,
    summed,
)
from reconcile.store.report_rows.takebacks import chain_rows, claim_numbers
from reconcile.takebacks import Chain, ChainState

_SUMS: Final = ("chains", "open", "deferred", "taken", "refunded", "to_be_taken", "unexplained", "final")
_GROUPINGS: Final = ("payer", "practice", "reason", "state", "month")


def _group(chain: Chain, by: str) -> str:
    """The group that a chain counts in."""
    if by == "payer":
        return chain.payer_name or UNKNOWN
    if by == "practice":
        return " ".join(chain.payee.split()) or UNKNOWN
    if by == "reason":
        return " ".join(chain.reasons) or UNKNOWN
    if by == "month":
        opened = chain.entries[0].day
        return f"{opened:%Y-%m}" if opened is not None else UNKNOWN
    return chain.state.value


def _amounts(chain: Chain) -> dict[str, int]:
    """What a chain adds to the sums, in cents; two counts."""
    is_open = chain.state is ChainState.OPEN
    settled_for_good = chain.state in (ChainState.FINAL, ChainState.UNKNOWN)
    return {
        "chains": 1,
        "open": int(is_open),
        "deferred": 0 if settled_for_good else chain.deferred,
        "taken": 0 if settled_for_good else chain.taken,
        "refunded": 0 if settled_for_good else chain.refunded,
        "to_be_taken": max(0, -chain.balance) if is_open else 0,
        "unexplained": max(0, chain.balance) if is_open else 0,
        "final": chain.balance if settled_for_good else 0,
    }


def groups(chains: Sequence[Chain], by: str) -> list[Row]:
    """Chains as groups, with their counts and sums."""
    found: dict[str, list[Row]] = {}
    for chain in chains:
        found.setdefault(_group(chain, by), []).append({**_amounts(chain)})
    rows = [summed(rows, _SUMS, name) for name, rows in found.items()]
    return by_name(rows) if by in ("month", "state") else by_amount(rows, "to_be_taken")


def _read(connection: Connection, scope: Scope, by: str) -> Answer:
    rows = groups(chain_rows(connection, scope), by)
    return Answer(rows=rows, total=summed(rows, _SUMS))


def _chains(connection: Connection, scope: Scope, by: str) -> list[Row]:
    chains = chain_rows(connection, scope)
    numbers = claim_numbers(connection, chains)
    return [
        {
            GROUP: _group(chain, by),
            "payer": chain.payer_name,
            "practice": " ".join(chain.payee.split()),
            "reasons": " ".join(chain.reasons),
            "reference": chain.reference,
            "claim": numbers.get(chain.claim or 0, ""),
            "state": chain.state.value,
            "opened_on": chain.entries[0].day,
            "last_on": chain.entries[-1].day,
            **_amounts(chain),
            "reversals": " ".join(dict.fromkeys(one.patient_control_number for one in chain.reversals)),
            "deferred_by": " ".join(
                dict.fromkeys(one.trace_number for one in chain.entries if one.cents < 0)
            ),
            "reduced": " ".join(dict.fromkeys(one.trace_number for one in chain.reduced)),
            "notes": " ".join(chain.notes),
        }
        for chain in chains
    ]


def _entries(connection: Connection, scope: Scope, by: str) -> list[Row]:
    return [
        {
            GROUP: _group(chain, by),
            "payer": chain.payer_name,
            "chain": chain.reference,
            "state": chain.state.value,
            "paid_on": one.day,
            "trace_number": one.trace_number,
            "reason": one.reason,
            "reference": " ".join(one.reference.split()),
            "amount": one.cents,
        }
        for chain in chain_rows(connection, scope)
        for one in chain.entries
    ]


_CENTS: Final = ("deferred", "taken", "refunded", "to_be_taken", "unexplained", "final")
_CHAIN_COLUMNS: Final = (
    *(Column(name) for name in ("payer", "practice", "reasons", "reference", "claim", "state")),
    Column("opened_on", "date"),
    Column("last_on", "date"),
    Column("chains", "count"),
    Column("open", "count"),
    *(Column(name, "cents") for name in _CENTS),
    *(Column(name) for name in ("reversals", "deferred_by", "reduced", "notes")),
)

REPORT: Final = Report(
    name="takebacks",
    title="Take-backs",
    help="Provider adjustments as chains: deferred, carried forward, taken, and what payers will still take.",
    period="first payment of the chain",
    columns=(
        Column(GROUP),
        Column("chains", "count"),
        Column("open", "count"),
        *(Column(name, "cents") for name in _CENTS),
    ),
    figures=(
        Figure(column="chains", formula="chains of provider adjustments", numerator=Part("chains")),
        Figure(
            column="open", formula="chains that do not add up to zero yet", numerator=Part("chains", "open")
        ),
        Figure(
            column="deferred",
            formula="cents by which entries raised payments (PLB below zero), without final ones",
            numerator=Part("chains", "deferred"),
        ),
        Figure(
            column="taken",
            formula="cents by which entries lowered payments (PLB above zero), without final ones",
            numerator=Part("chains", "taken"),
        ),
        Figure(
            column="refunded",
            formula="refunds by check that payers say they received (72)",
            numerator=Part("chains", "refunded"),
        ),
        Figure(
            column="to_be_taken",
            formula="what open chains still lack of what was deferred: open recoupment",
            numerator=Part("chains", "to_be_taken"),
        ),
        Figure(
            column="unexplained",
            formula="what open chains took beyond what was deferred or refunded: no reversal explains it",
            numerator=Part("chains", "unexplained"),
        ),
        Figure(
            column="final",
            formula="interest, levies, capitation and reasons in no table; below zero it was paid to the practice",
            numerator=Part("chains", "final"),
        ),
    ),
    row_sets=(
        RowSet(
            "chains",
            "each chain, with the claim, reversals and payments it is tied to",
            _CHAIN_COLUMNS,
            _chains,
        ),
        RowSet(
            "entries",
            "each provider adjustment with its chain",
            (
                *(Column(name) for name in ("payer", "chain", "state")),
                Column("paid_on", "date"),
                *(Column(name) for name in ("trace_number", "reason", "reference")),
                Column("amount", "cents"),
            ),
            _entries,
        ),
    ),
    read=_read,
    groupings=_GROUPINGS,
    chart=Chart("bar", ("to_be_taken", "unexplained")),
)
