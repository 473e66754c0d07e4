"""What must be true of a named adjudication when all its files are in: the vocabulary of `adjudications`."""

from __future__ import annotations

import msgspec


class ExpectedMatch(msgspec.Struct, frozen=True, kw_only=True):
    """What one claim payment must be tied to.

    ``set`` counts from 1, ``claim`` (the CLP in the set) and ``submission`` (in `scenario_claims`) from 0; ``lines``
    has for each 835 line the LX01s it answers; ``evidence`` and ``notes`` are words of ``reconcile.values``.
    """

    set: int
    claim: int
    submission: int
    lines: tuple[tuple[int, ...], ...]
    evidence: str
    notes: tuple[str, ...] = ()


class ExpectedDenial(msgspec.Struct, frozen=True, kw_only=True):
    """One denial that must be there, in cents; no other may be. ``lines`` with two LX01s means either of the twins.

    ``guardrails`` must be among those given; ``preventable`` says that a rule of ours would have held the claim.
    """

    set: int
    submission: int
    lines: tuple[int, ...]
    amount: int
    category: str
    next_action: str
    group: str = ""
    reason: str = ""
    remarks: tuple[str, ...] = ()
    cause: str = ""
    extent: str = "full"
    guardrails: tuple[str, ...] = ()
    preventable: bool = False
    kind: str = "merits"
    status: str = "open"


class ExpectedLines(msgspec.Struct, frozen=True, kw_only=True):
    """End state of one submitted line, or the sum of several (``lines``), in cents."""

    submission: int
    lines: tuple[int, ...]
    charge: int
    paid: int = 0
    contractual: int = 0
    patient: int = 0
    denied: int = 0
    pended: int = 0
    memo: int = 0
    open: int = 0


class ExpectedEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What one set moves, in cents. ``forward`` is owed to the payer when negative, settled when positive."""

    bank: int = 0
    cash: int = 0
    contractual: int = 0
    patient: int = 0
    denied: int = 0
    pended: int = 0
    memo: int = 0
    suspense: int = 0
    forward: int = 0
    takeback: int = 0
    interest: int = 0


class ExpectedAction(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about a claim (CLM01) when all sets are in, and about how many cents."""

    claim: str
    action: str
    amount: int


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that must be true of a scenario.

    ``outcome`` is that of every payment (``posted``, or ``partial`` when a claim is held); ``findings`` are codes that
    must appear, ``guardrails`` what must not have been done, ``effects`` one entry a set.
    """

    matches: tuple[ExpectedMatch, ...]
    lines: tuple[ExpectedLines, ...]
    effects: tuple[ExpectedEffect, ...]
    denials: tuple[ExpectedDenial, ...] = ()
    actions: tuple[ExpectedAction, ...] = ()
    findings: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    outcome: str = "posted"
