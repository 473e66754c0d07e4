"""Provider adjustments (PLB) in, chains out: what a payer defers, carries forward, takes back and gives back.

An entry is one reason, reference and amount of a PLB. Entries that speak of one matter make a chain: of one payer and
payee, by the claim that their references name, else by the reference. A balance carried forward (FB) names the trace
number of the payment that was short; what the next payment cannot settle it carries on, and that is the same chain.
A chain nets when its entries add up to zero. Positive cents lower a payment, negative raise it, so a chain below zero
says what the payer will still take, and one above zero what it took without a reversal that this store has seen.

Nothing here is ever posted to a line or a patient. Chains are computed from all entries at once, so the order in which
files arrived cannot matter. Source: facts/remittance_835_rules.md, negative totals and PLB patterns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.remittance import Payment, ProviderAdjustment

FORWARD_NOT_ZERO: Final = "TKB001"
UNKNOWN_REASON: Final = "TKB002"
FORWARDING: Final = "FB"
REFUND: Final = "72"
_ICN_LENGTH: Final = 19
_PATIENT_END: Final = 39
_LONGEST_CODE: Final = 3


class Nature(StrEnum):
    """What a reason code does, and so what is expected after it."""

    RECOVERY = "recovery"
    """Money of a claim taken back, deferred, or given back: nets to zero with the claim's reversal."""
    FORWARD = "forward"
    """A negative total carried to a later payment."""
    ADVANCE = "advance"
    """Money ahead of claims, recovered later."""
    FINAL = "final"
    """Given or taken for good: interest, levies, capitation. Nothing follows."""
    UNKNOWN = "unknown"
    """A reason that is in no table."""


class ChainState(StrEnum):
    """Where a chain stands."""

    OPEN = "open"
    NET_ZERO = "net_zero"
    FINAL = "final"
    UNKNOWN = "unknown"


_NATURES: Final = {
    **dict.fromkeys(("WO", "WU", "72", "CS", "OB", "B3"), Nature.RECOVERY),
    FORWARDING: Nature.FORWARD,
    **dict.fromkeys(("AP", "C5"), Nature.ADVANCE),
}
"""Reasons after which something follows. Others of the PLB code set are final."""


class Entry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One provider adjustment and the payment it stands in; cents.

    ``payer`` is the key in payers.toml or the 835's own id, ``payer_name`` what the reports call it, ``payee`` the
    practices (or the payee's number), ``place`` where the payment stands among all payments, ``bank`` BPR02, ``method``
    BPR04, ``reference`` PLB03-2.
    """

    remittance: int
    ordinal: int
    payer: str
    payer_name: str
    payee: str
    trace_number: str
    place: str
    day: date | None
    bank: int
    method: str
    reason: str
    reference: str
    cents: int


class Reversal(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A claim payment of CLP02 22. ``claim`` is the first submission of its claim, None when it found none."""

    remittance: int
    trace_number: str
    claim: int | None
    patient_control_number: str
    payer_claim_control_number: str
    paid: int


class Chain(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Entries that speak of one matter, by place. ``claim`` is the id of the first submission of the claim, if known.

    ``reversals`` are those whose money it defers or carries. ``notes`` are words: ``no_reference``, ``bank_not_zero``
    (a balance is carried forward by a payment that is not zero), ``not_forwarded_here`` (a balance is settled that no
    payment of this store carried forward), ``reversed_too`` (money was taken, and a reversal took it once more).
    """

    payer: str
    payer_name: str
    payee: str
    nature: Nature
    state: ChainState
    entries: tuple[Entry, ...]
    claim: int | None = None
    reversals: tuple[Reversal, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def balance(self) -> int:
        """Cents: below zero the payer will still take them, above zero it took them with nothing to show for it.

        A refund by check (72) is money of ours that no PLB shows. It may settle what was deferred, or stand for what a
        WO beside it took; so it counts only against what was taken beyond what was deferred.
        """
        net = self.taken - self.deferred
        return net if net < 0 else max(0, net - self.refunded)

    @property
    def deferred(self) -> int:
        """Cents by which it raised payments, but for refunds."""
        return -sum(one.cents for one in self.entries if one.cents < 0 and one.reason != REFUND)

    @property
    def taken(self) -> int:
        """Cents by which it lowered payments."""
        return sum(one.cents for one in self.entries if one.cents > 0 and one.reason != REFUND)

    @property
    def refunded(self) -> int:
        """Cents of our refunds that the payer says it received (72)."""
        return -sum(one.cents for one in self.entries if one.reason == REFUND)

    @property
    def reduced(self) -> tuple[Entry, ...]:
        """The entries of the payments that it lowered."""
        return tuple(one for one in self.entries if one.cents > 0)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Its reason codes, in order of appearance."""
        return tuple(dict.fromkeys(one.reason for one in self.entries))

    @property
    def reference(self) -> str:
        """The reference of its first entry, single blanks."""
        return " ".join(self.entries[0].reference.split())


Named: TypeAlias = tuple[str, str, str]
"""Payer, payee and a reference, as an entry gives them."""
_Node: TypeAlias = tuple[str, ...]


def nature_of(reason: str, known: Collection[str]) -> Nature:
    """What a reason code does.

    Args:
        reason: PLB03-1.
        known: the codes of the set PLB.
    """
    return _NATURES.get(reason) or (Nature.FINAL if reason in known else Nature.UNKNOWN)


def numbers_of(reference: str) -> tuple[str, ...]:
    """The control numbers that a reference may hold, most telling first.

    Medicare's layout has the payer's claim number in positions 1 to 19 and the patient control number in 20 to 39;
    elsewhere the whole reference is a number, or its words are.
    """
    if len(reference) > _ICN_LENGTH and reference[_ICN_LENGTH - 1] == " ":
        parts = [reference[:_ICN_LENGTH].strip(), reference[_ICN_LENGTH:_PATIENT_END].strip()]
    else:
        words = reference.split()
        parts = words if len(words) < 2 else [reference.strip(), *words]
    return tuple(dict.fromkeys(part for part in parts if part))


def find_chains(
    entries: Iterable[Entry],
    *,
    known: Collection[str],
    claims: Mapping[Named, int] | None = None,
    reversals: Iterable[Reversal] = (),
) -> tuple[Chain, ...]:
    """Tie provider adjustments to chains.

    Args:
        entries: of any payments, in any order.
        known: the codes of the set PLB.
        claims: the one claim (id of its first submission) that a payer's and payee's reference names.
        reversals: the claim payments of CLP02 22 of these payments.

    Returns:
        The chains, by payer, then in the order of their first entries. The same for every order of the arguments.
    """
    listed = sorted(entries, key=lambda one: (one.place, one.ordinal))
    named = claims or {}
    natures = {reason: nature_of(reason, known) for reason in {one.reason for one in listed}}
    nodes = [_node(one, natures[one.reason]) for one in listed]
    groups = _Groups()
    short: dict[int, _Node] = {}
    for one, node in zip(listed, nodes, strict=True):
        groups.add(node)
        nature = natures[one.reason]
        if nature is Nature.RECOVERY:
            claim = named.get((one.payer, one.payee, one.reference))
            if claim is not None:
                groups.join(node, (one.payer, one.payee, "claim", str(claim)))
        elif nature is Nature.FORWARD:  # a payment settles what came before it and carries on what it cannot
            groups.join(short.setdefault(one.remittance, node), node)
    gathered: dict[_Node, list[Entry]] = {}
    for one, node in zip(listed, nodes, strict=True):
        gathered.setdefault(groups.root(node), []).append(one)
    by_payment: dict[int, list[Reversal]] = {}
    by_claim: dict[int, list[Reversal]] = {}
    for reversal in reversals:
        by_payment.setdefault(reversal.remittance, []).append(reversal)
        if reversal.claim is not None:
            by_claim.setdefault(reversal.claim, []).append(reversal)
    made = [
        _chain(parts, natures[parts[0].reason], named, by_payment, by_claim) for parts in gathered.values()
    ]
    return tuple(
        sorted(made, key=lambda chain: (chain.payer, chain.entries[0].place, chain.entries[0].ordinal))
    )


def _node(one: Entry, nature: Nature) -> _Node:
    """What an entry is gathered under by itself: payer, payee and reference; also the reason where that is all."""
    numbers = numbers_of(one.reference)
    number = numbers[0].upper() if numbers else ""
    alone = one.reason if nature in (Nature.FINAL, Nature.UNKNOWN) else nature.value
    return (one.payer, one.payee, alone, number)


class _Groups:
    """Nodes that were joined belong together."""

    def __init__(self) -> None:
        self._above: dict[_Node, _Node] = {}

    def add(self, node: _Node) -> None:
        """Know a node."""
        self._above.setdefault(node, node)

    def join(self, node: _Node, other: _Node) -> None:
        """Put two nodes together."""
        self.add(other)
        first, second = self.root(node), self.root(other)
        if first != second:
            self._above[max(first, second)] = min(first, second)

    def root(self, node: _Node) -> _Node:
        """The node that stands for all that were joined with it."""
        while self._above[node] != node:
            self._above[node] = self._above[self._above[node]]
            node = self._above[node]
        return node


def _chain(
    entries: Sequence[Entry],
    nature: Nature,
    named: Mapping[Named, int],
    by_payment: Mapping[int, Sequence[Reversal]],
    by_claim: Mapping[int, Sequence[Reversal]],
) -> Chain:
    """One chain of its entries, which are in order."""
    first = entries[0]
    told: set[int | None] = {named.get((one.payer, one.payee, one.reference)) for one in entries} - {None}
    deferring = {one.remittance for one in entries if one.cents < 0}
    nearby = [one for number in deferring for one in by_payment.get(number, ())]
    if nature is Nature.FORWARD:
        reversals = nearby
        told = {one.claim for one in reversals}
    elif nature is Nature.RECOVERY:
        numbers = (
            {number.upper() for one in entries for number in numbers_of(one.reference)} if nearby else ()
        )
        reversals = [one for one in nearby if _is_of(one, numbers, told)]
        told |= {one.claim for one in reversals} - {None}
    else:
        reversals = []
    claim = next(iter(told)) if len(told) == 1 else None
    made = Chain(
        payer=first.payer,
        payer_name=first.payer_name,
        payee=first.payee,
        nature=nature,
        state=ChainState.OPEN,
        entries=tuple(entries),
        claim=claim,
        reversals=tuple(
            sorted(reversals, key=lambda one: (one.patient_control_number, one.trace_number, one.paid))
        ),
    )
    notes = list(_notes(entries, nature, made.balance))
    more = nature is Nature.RECOVERY and made.balance > 0 and claim is not None
    if more and any(one.remittance not in deferring for one in by_claim.get(claim or 0, ())):
        notes.append("reversed_too")
    return msgspec.structs.replace(made, state=_state(nature, made.balance), notes=tuple(notes))


def _is_of(reversal: Reversal, numbers: Collection[str], claims: Collection[int | None]) -> bool:
    """Whether a reversal is of the claim that a chain names."""
    if reversal.claim is not None and reversal.claim in claims:
        return True
    own = (reversal.payer_claim_control_number.upper(), reversal.patient_control_number.upper())
    return any(number in numbers for number in own if number)


def _state(nature: Nature, balance: int) -> ChainState:
    if nature is Nature.FINAL:
        return ChainState.FINAL
    if nature is Nature.UNKNOWN:
        return ChainState.UNKNOWN
    return ChainState.OPEN if balance else ChainState.NET_ZERO


def _notes(entries: Sequence[Entry], nature: Nature, balance: int) -> Iterable[str]:
    """What is odd about a chain."""
    if any(not one.reference.strip() for one in entries) and nature is not Nature.FINAL:
        yield "no_reference"
    if nature is not Nature.FORWARD:
        return
    if any(
        one.cents < 0 and one.reference.strip() == one.trace_number and (one.bank or one.method != "NON")
        for one in entries
    ):
        yield "bank_not_zero"
    if balance > 0:
        yield "not_forwarded_here"


def adjustment_findings(
    payment: Payment,
    adjustments: Iterable[ProviderAdjustment],
    known: Collection[str],
    *,
    file: str | None = None,
    transaction: str | None = None,
) -> tuple[Finding, ...]:
    """What is odd about the provider adjustments of one payment; warnings, for nothing of them is posted.

    Args:
        payment: BPR and TRN.
        adjustments: of its PLBs.
        known: the codes of the set PLB.
        file: its name.
        transaction: ST02.

    Returns:
        TKB001 for a balance that is carried forward under the payment's own trace number although BPR02 is not 0 or
        BPR04 not NON (RFI 222: it only lifts a negative total to zero); TKB002 for a reason that is in no table.
    """
    found = []
    for one in adjustments:
        place = Location(file=file, transaction=transaction, segment=one.segment, element="PLB03")
        carried = one.reason == FORWARDING and one.cents < 0 and one.identifier == payment.trace_number
        if carried and (payment.amount or payment.method != "NON"):
            message = (
                f"PLB FB carries {decimal_text(-one.cents)} forward, but the payment is not zero:"
                f" BPR02 {decimal_text(payment.amount)}, BPR04 {payment.method or '-'}"
            )
            found.append(_finding(FORWARD_NOT_ZERO, message, place))
        elif nature_of(one.reason, known) is Nature.UNKNOWN:
            code = one.reason if one.reason.isalnum() and len(one.reason) <= _LONGEST_CODE else "?"
            message = f"provider adjustment reason {code} is in no table; it is kept and shown as unknown"
            found.append(_finding(UNKNOWN_REASON, message, place))
    return tuple(found)


def _finding(code: str, message: str, place: Location) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, message=message, location=place)
