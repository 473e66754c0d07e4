"""Where the work on a denial stands: out of what the payers answered and what people did, and of nothing else.

An item of work is one denial: a service, a payer, a group and a reason. When the payer denies the same again, that is
the same item. Its state is worked out anew from the whole set of facts whenever it is asked for, and nothing of it is
stored: so it is the same whatever order files arrived in, and a payment that comes in late takes its place by its date.

* money first: while no denial of the item stands, it is ``recovered`` (paid, or left to the patient), ``reversed``
  (taken back by the payer) or ``superseded`` (denied anew for another reason), whatever people did;
* else the facts are gone through by date. A denial that comes again after an appeal says that it is ``upheld``; after
  anything else that closed or waited it opens the item again, and so does a payment that is taken back;
* a submission that went out after the denial and has no answer makes an open item ``corrected``.

Dates are those of payments and the days that people gave; on one day the payers come first, then people in the order of
the event log. Money is integer cents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from reconcile.values import DenialStatus


class WorkState(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    IN_WORK = "in_work"
    CORRECTED = "corrected"
    APPEALED = "appealed"
    UPHELD = "upheld"
    WRITTEN_OFF = "written_off"
    RECOVERED = "recovered"
    REVERSED = "reversed"
    SUPERSEDED = "superseded"


class Verb(StrEnum):
    """What a person does with an item; the name of its event."""

    ASSIGN = "assign"
    NOTE = "note"
    APPEAL = "appeal"
    CORRECT = "correct"
    UPHOLD = "uphold"
    WRITE_OFF = "write_off"
    REOPEN = "reopen"
    SNOOZE = "snooze"
    DUE = "due"


S = WorkState
TO_DO: Final = frozenset({S.OPEN, S.IN_WORK})
"""States in which a person has something to do."""
WAITING: Final = frozenset({S.CORRECTED, S.APPEALED})
"""States in which the payer has."""
BY_MONEY: Final = frozenset({S.RECOVERED, S.REVERSED, S.SUPERSEDED})
"""States that only money brings about, and only money ends."""
SETTLED: Final = BY_MONEY | {S.UPHELD, S.WRITTEN_OFF}
"""States in which nobody has."""

_UNSETTLED: Final = TO_DO | WAITING
ALLOWED: Final[Mapping[Verb, frozenset[WorkState]]] = {
    Verb.ASSIGN: _UNSETTLED | {S.UPHELD},
    Verb.NOTE: frozenset(WorkState),
    Verb.APPEAL: _UNSETTLED | {S.UPHELD},
    Verb.CORRECT: _UNSETTLED | {S.UPHELD},
    Verb.UPHOLD: _UNSETTLED,
    Verb.WRITE_OFF: _UNSETTLED | {S.UPHELD},
    Verb.REOPEN: WAITING | {S.UPHELD, S.WRITTEN_OFF},
    Verb.SNOOZE: _UNSETTLED,
    Verb.DUE: _UNSETTLED | {S.UPHELD},
}
"""The states in which a verb may be said of an item."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """One denial of the item by the payer: its day, and whether it stands by the books."""

    on: date | None
    status: str


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did: an event. ``on`` is the day he gave, ``number`` the event's place in the log.

    Attributes:
        verb: what was done.
        actor: who wrote it down.
        owner: to whom (assign; "" takes it away).
        text: the note, the reason, the payer's words.
        reference: of a call, letter or appeal.
        level: of the appeal, from 1.
        cents: what was written off.
        denied: what stood denied when it was written off.
        attested_by: the therapist who stands for what the claim says again (correct).
        day: until when (snooze), or by when (due); None takes it away.
        mistaken: what is opened again was never so (reopen): an appeal that did not go out counts as no level.
    """

    verb: Verb
    on: date
    number: int = 0
    actor: str = ""
    owner: str = ""
    text: str = ""
    reference: str = ""
    level: int = 0
    cents: int = 0
    denied: int = 0
    attested_by: str = ""
    day: date | None = None
    mistaken: bool = False

    def by(self, actor: str) -> Deed:
        """The same, done by somebody."""
        return msgspec.structs.replace(self, actor=actor)


class Work(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where an item stands.

    ``since`` is the day on which the state came about (None: not known), ``appealed_level`` of the last appeal,
    ``decided_on`` the day on which a payer upheld the denial, ``reopened`` how often. ``written_off`` are cents, never
    more than are denied; an item is open again beside them when more came to be denied. ``sent_again``: it is
    corrected by a submission that has no answer yet, which no deed undoes.
    """

    state: WorkState = WorkState.OPEN
    owner: str = ""
    since: date | None = None
    snoozed_until: date | None = None
    due: date | None = None
    appealed_level: int = 0
    appealed_on: date | None = None
    decided_on: date | None = None
    written_off: int = 0
    reopened: int = 0
    notes: int = 0
    sent_again: bool = False

    def asleep(self, today: date) -> bool:
        """Whether it is put aside on that day."""
        return self.snoozed_until is not None and today < self.snoozed_until and self.state not in SETTLED


def work_id(
    practice_id: str, patient_control_number: str, sequence: int, line: int, payer: str, cause: str
) -> str:
    """The name of an item of work, the same in every store that has the same claim.

    Args:
        practice_id: whose claim.
        patient_control_number: of the submission that first billed the service.
        sequence: of that submission among those of its number.
        line: LX01 there; 0 for the whole claim.
        payer: who denied.
        cause: group and reason (``CO50``), or what else is worked (``underpaid``).
    """
    named = "\n".join((practice_id, patient_control_number, str(sequence), str(line), payer, cause))
    return hashlib.blake2b(named.encode(), digest_size=_ID_BYTES).hexdigest().upper()


_ID_BYTES: Final = 7
"""As many as keep a million names apart, and few enough to be typed by their beginning."""


class _Fact(msgspec.Struct, frozen=True):
    """One thing that happened. ``deed`` None: the payer denied, or took money back."""

    on: date
    rank: int
    number: int
    deed: Deed | None = None
    denied: bool = True


def work_of(
    answers: Sequence[Answer],
    deeds: Iterable[Deed] = (),
    taken_back: Collection[date] = (),
    *,
    sent_again: bool = False,
    denied: int | None = None,
) -> Work:
    """Work out one item.

    Args:
        answers: the payer's denials of it, at least one, in any order.
        deeds: what people did with it, in any order.
        taken_back: days on which a payer took money of the service back.
        sent_again: a submission that went out after the denial has no answer yet.
        denied: cents of the denial that stands; what was written off is held to them. None: not compared.

    Returns:
        Where it stands; the same for the same facts in any order.
    """
    begun = min((one.on for one in answers if one.on is not None), default=date.min)
    facts = [
        _Fact(max(one.on, begun), _PERSON, one.number, deed=one)
        for one in sorted(deeds, key=lambda deed: deed.number)
    ]
    standing = any(one.status == DenialStatus.OPEN for one in answers)
    if not facts and standing:
        state = WorkState.CORRECTED if sent_again else WorkState.OPEN
        return Work(state=state, since=_known(begun), sent_again=sent_again)
    again = sorted({one.on for one in answers if one.on is not None and one.on > begun})
    facts += [_Fact(day, _PAYER, 0) for day in again]
    facts += [_Fact(day, _PAYER, 1, denied=False) for day in set(taken_back) if day > begun]
    work = Work(since=_known(begun))
    for fact in sorted(facts, key=lambda one: (one.on, one.rank, one.number)):
        work = _done(work, fact.deed, fact.on) if fact.deed is not None else _answered(work, fact)
    if not standing:
        return msgspec.structs.replace(work, state=_by_money(answers), written_off=0, since=None)
    if denied is not None:
        work = _held_to(work, denied, max((one.on for one in answers if one.on is not None), default=None))
    if sent_again and work.state in TO_DO:
        return msgspec.structs.replace(work, state=WorkState.CORRECTED, sent_again=True)
    return work


def _held_to(work: Work, denied: int, on: date | None) -> Work:
    """The item after a later file changed what is denied: a write-off stands for no more, and what is more is work."""
    if work.state is not WorkState.WRITTEN_OFF or work.written_off == denied:
        return work
    if work.written_off > denied:
        return msgspec.structs.replace(work, written_off=denied)
    return msgspec.structs.replace(_opened(work, on or work.since), written_off=work.written_off)


_PAYER: Final = 0
_PERSON: Final = 1


def _known(day: date) -> date | None:
    return None if day == date.min else day


def _by_money(answers: Sequence[Answer]) -> WorkState:
    """The state of an item of which no denial stands."""
    statuses = {one.status for one in answers}
    for status in (DenialStatus.RECOVERED, DenialStatus.REVERSED):
        if status in statuses:
            return WorkState(status.value)
    return WorkState.SUPERSEDED


def _answered(work: Work, fact: _Fact) -> Work:
    """The item after the payer denied it again, or took money of it back."""
    if fact.denied and work.state is WorkState.APPEALED:
        return msgspec.structs.replace(work, state=WorkState.UPHELD, since=fact.on, decided_on=fact.on)
    if work.state in TO_DO:
        return work
    return _opened(work, fact.on)


def _opened(work: Work, on: date | None) -> Work:
    state = WorkState.IN_WORK if work.owner else WorkState.OPEN
    return msgspec.structs.replace(
        work, state=state, since=on, written_off=0, reopened=work.reopened + 1, snoozed_until=None
    )


_CLOSED_AS: Final = {
    Verb.CORRECT: WorkState.CORRECTED,
    Verb.APPEAL: WorkState.APPEALED,
    Verb.UPHOLD: WorkState.UPHELD,
    Verb.WRITE_OFF: WorkState.WRITTEN_OFF,
}


def takes_back_appeal(work: Work, deed: Deed) -> bool:
    """Whether a deed takes an appeal back that was opened again before, though it did not go out."""
    return deed.verb is Verb.REOPEN and deed.mistaken and work.state in TO_DO and work.appealed_level > 0


def _without_mistake(work: Work) -> Work:
    """The item as if its last appeal, or the decision on it, had not been noted."""
    if work.state is WorkState.APPEALED or (work.state in TO_DO and work.appealed_level):
        return msgspec.structs.replace(
            work, appealed_level=work.appealed_level - 1, appealed_on=None, decided_on=None
        )
    return msgspec.structs.replace(work, decided_on=None) if work.state is WorkState.UPHELD else work


def _done(work: Work, deed: Deed, on: date) -> Work:
    """The item after a person's deed. One that no longer fits the state (a later fact came in) still counts."""
    replace = msgspec.structs.replace
    state = _CLOSED_AS.get(deed.verb)
    if state is not None:
        cents = deed.cents if deed.verb is Verb.WRITE_OFF else 0
        work = replace(work, state=state, since=on, written_off=cents, snoozed_until=None)
        if deed.verb is Verb.APPEAL:
            return replace(work, appealed_level=deed.level, appealed_on=on, decided_on=None)
        return replace(work, decided_on=on) if deed.verb is Verb.UPHOLD else work
    if deed.verb is Verb.REOPEN:
        work = _without_mistake(work) if deed.mistaken else work
        return work if work.state in TO_DO else _opened(work, on)
    if deed.verb is Verb.SNOOZE:
        return replace(work, snoozed_until=deed.day)
    if deed.verb is Verb.DUE:
        return replace(work, due=deed.day)
    noted = deed.verb is Verb.NOTE
    work = replace(work, notes=work.notes + 1) if noted else replace(work, owner=deed.owner)
    taken = bool(work.owner) or noted
    if taken and work.state is WorkState.OPEN:
        return replace(work, state=WorkState.IN_WORK, since=on)
    if not taken and work.state is WorkState.IN_WORK:
        return replace(work, state=WorkState.OPEN, since=on)
    return work
