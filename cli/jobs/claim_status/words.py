"""What an answer about a claim means, in a person's words and without PHI, and what is to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from cli.render import Row, money
from edi.codes.acknowledgment_words import CATEGORY_FAMILIES, CLAIM_STATUSES, word
from edi.codes.lookup import Tables
from edi.model.days import days_after
from edi.model.money import decimal_text
from edi.model.status import (
    DENIED,
    FAILED,
    FINISHED,
    INFORMATION,
    NOT_FOUND,
    PAID,
    PENDED,
    RECEIVED,
    REJECTED,
    ClaimStatus,
    StatusCode,
)
from edi.payers.profile import PayerProfile

if TYPE_CHECKING:  # the store takes a second to load, and `x12 show` needs none
    from reconcile.store.claim_status.known import StoredAnswer

KIND = "claim_status"
"""The kind of a row of work."""
_SAYS = {
    NOT_FOUND: "the payer has no such claim",
    REJECTED: "the payer did not take the claim in",
    RECEIVED: "the payer has the claim and has not begun with it",
    PENDED: "the payer has not decided yet",
    INFORMATION: "the payer waits for information",
    PAID: "the payer says it paid",
    DENIED: "the payer says it denied the claim",
    FINISHED: "the payer says it is done with the claim and names no payment",
    FAILED: "the payer could not answer; ask again",
}
_UNKNOWN = "the answer has no category that is known here: read it"
_FIXES = {
    NOT_FOUND: "see that its file arrived, then send the claim again",
    REJECTED: "mend what is named, and send the claim again",
    INFORMATION: "send what the payer asks for",
    PAID: "the 835 is missing: ask the payer or clearinghouse to send it again",
    DENIED: "the 835 is missing: ask for it; the denial cannot be worked without its reasons",
    FINISHED: "the 835 is missing: ask the payer what it decided",
}
_READ_IT = "read the answer, and call the payer where it stays unclear"


def sentence(state: str, status: ClaimStatus) -> str:
    """What a status comes to, in a line without PHI: state, amount, days, check."""
    text = _SAYS.get(state, _UNKNOWN)
    if state == PAID and status.paid is not None:
        text += f" {decimal_text(status.paid)}"
    if state in (PAID, DENIED, FINISHED):
        day = status.remitted_on or status.finalized_on
        text += f" on {day}" if day is not None else ""
    return text + (f" by check or trace {status.check_number}" if status.check_number else "")


def said_of(one: StoredAnswer) -> str:
    """What an answer of the store comes to."""
    return sentence(one.state, one.answer.leading)


def code_words(code: StatusCode, tables: Tables) -> str:
    """One composite in words: category, status and entity; a code without words of ours is shown as a code."""
    categories = {key: row.meaning for key, row in tables.code_set("277CA").items()}
    entities = {key: row.meaning for key, row in tables.code_set("NM101").items()}
    family = CATEGORY_FAMILIES.get(code.category[:1])
    head = (
        f"{family} ({code.category})"
        if family and code.category not in categories
        else word(categories, code.category)
    )
    text = f"{head}: {word(CLAIM_STATUSES, code.status)}" if code.status else head
    return text + (f" of {word(entities, code.entity)}" if code.entity else "")


def statuses_in_words(statuses: Iterable[ClaimStatus], tables: Tables) -> Iterator[str]:
    """Every composite of STC segments in words, each once."""
    yield from dict.fromkeys(code_words(code, tables) for one in statuses for code in one.codes)


def due_date(one: StoredAnswer, payers: Mapping[str, PayerProfile]) -> date | None:
    """The day by which information that a payer waits for is sent; None for other states."""
    if one.state != INFORMATION or one.answered_on is None:
        return None
    profile = payers.get(one.payer)
    days = profile.status.reply_days if profile is not None else PayerProfile(name="").status.reply_days
    return days_after(one.answered_on, days)


def status_rows(
    answers: Iterable[StoredAnswer], tables: Tables, payers: Mapping[str, PayerProfile]
) -> list[Row]:
    """Answers as rows of `work list`, without an id: they end with the payment, or when the claim goes again."""
    return [
        {
            "id": None,
            "practice_id": one.practice_id,
            "claim": one.patient_control_number,
            "payer": one.payer,
            "kind": KIND,
            "reason": "; ".join([said_of(one), *statuses_in_words([one.answer.leading], tables)]),
            "opened_on": one.answered_on,
            "due_date": due_date(one, payers),
            "status": "open",
            "amount": money(one.paid if one.state == PAID and one.paid is not None else one.charge),
            "payer_claim_control_number": one.payer_claim_control_number or None,
            "next_step": _FIXES.get(one.state, _READ_IT),
            "command": command(one),
        }
        for one in answers
    ]


def command(one: StoredAnswer) -> str:
    """The command that comes next."""
    if one.state in (NOT_FOUND, REJECTED):
        return f"claimloop claims correct {one.patient_control_number} --out DIR"
    return f"claimloop claims status show {one.patient_control_number}"
