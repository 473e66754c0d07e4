"""Rejections told claim by claim: the words of each answer, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cli.jobs.lists import counted
from cli.jobs.rejected.places import Place, places
from cli.jobs.rejected.words import ENVELOPE_FIX, OTHERS_FIX, Said, problems, said_of
from cli.render import Row, money
from edi.codes.lookup import Tables
from edi.payers.profile import PayerProfile
from reconcile.deadlines import UNPROCESSABLE, deadlines
from reconcile.store import Vault
from reconcile.store.rejections import Answer, Rejection, Sent

KIND = "rejection"
"""The kind of a row of work."""
_PRECISION = ("interchange", "group", "transaction", "provider", "claim", "line")
_DEPTH = ("TA1", "997", "999", "277CA")


class Explainer:
    """Puts rejections into words; looks each position up once in the file that was sent.

    Args:
        vault: of the store.
        tables: entities and categories.
    """

    def __init__(self, vault: Vault, tables: Tables) -> None:
        self._vault = vault
        self._tables = tables
        self._known: dict[tuple[Sent, str], Mapping[int, Place]] = {}

    def said(self, answer: Answer, number: str, sent: Sent) -> Said:
        """What one rejection says of the claim of that number, which went out so."""
        return said_of(answer, number, self._places(answer, sent), self._tables)

    def _places(self, answer: Answer, sent: Sent) -> Mapping[int, Place]:
        key = (sent, answer.notes)
        if key not in self._known:
            wanted = {one.position for one in problems(answer.notes) if one.position is not None}
            self._known[key] = places(self._vault, sent, wanted)
        return self._known[key]


def command(number: str, said: Said | None) -> str:
    """The command that sends a rejected claim again: anew from its sessions where something must be mended."""
    mended = "" if said is not None and said.fix in (OTHERS_FIX, ENVELOPE_FIX) else "--sessions FILE "
    return f"claimloop claims correct {number} {mended}--out DIR"


def deciding(answers: Iterable[Answer]) -> Answer | None:
    """The rejection that says most: the deepest kind, of that the most precise level, of these the latest."""
    found = sorted(
        answers,
        key=lambda one: (_place(_DEPTH, one.kind), _place(_PRECISION, one.level), str(one.date or "")),
    )
    return found[-1] if found else None


def _place(order: Sequence[str], word: str) -> int:
    return order.index(word) if word in order else -1


def rejection_rows(
    rejections: Iterable[Rejection], explainer: Explainer, payers: Mapping[str, PayerProfile]
) -> list[Row]:
    """Rejected claims as rows of `work list`, without an id: they end by themselves.

    Args:
        rejections: of the store.
        explainer: for the words.
        payers: profiles by key, for the last day of a first claim.
    """
    rows: list[Row] = []
    for one in rejections:
        answer = deciding(one.answers)
        said = explainer.said(answer, one.patient_control_number, one.sent) if answer else None
        last = deadlines(
            payers.get(one.payer), kind=UNPROCESSABLE, guardrails=(), served=one.date_from, remitted_on=None
        )
        rows.append(
            {
                "id": None,
                "practice_id": one.practice_id,
                "claim": one.patient_control_number,
                "payer": one.payer,
                "kind": KIND,
                "reason": f"{answer.kind}: {said.text}" if answer and said else "rejected",
                "opened_on": answer.date if answer else None,
                "due_date": last[0].on if last else None,
                "status": "open",
                "amount": money(one.charge),
                "payer_claim_control_number": None,
                "next_step": said.fix if said else None,
                "command": command(one.patient_control_number, said),
            }
        )
    return rows


def footer(
    items: int, rejected: int, overpaid: int = 0, told: int = 0, unasked: int = 0, lost: int = 0
) -> list[str]:
    """The line under the list of work."""
    parts = [counted(items, "item")]
    parts += [counted(rejected, "rejected claim")] if rejected else []
    parts += [counted(overpaid, "overpaid claim")] if overpaid else []
    parts += [f"{counted(told, 'answer')} about claims"] if told else []
    parts += [counted(unasked, "rejected inquiry file")] if unasked else []
    parts += [counted(lost, "lost rejection")] if lost else []
    return [", ".join(parts)]
