"""Rejections of what is not here, and rejected files of inquiries, as rows of `work list`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cli.jobs.fix_texts import FIXES
from cli.jobs.inquiries.acknowledged import ASK_AGAIN
from cli.render import Row, money
from reconcile.store.lost_rejections import LostRejection
from reconcile.store.outgoing import RefusedInquiries


def lost_rows(rejections: Iterable[LostRejection]) -> list[Row]:
    """Rejections without their claims as rows, without an id: an import ends them, or time."""
    return [
        {
            **_EMPTY,
            "claim": one.claim or None,
            "kind": "lost_rejection",
            "reason": f"ACK007: the {one.kind} rejects {_what(one)} that is not here ({one.code})",
            "opened_on": one.said_on or one.came_on,
            "amount": money(one.charge) if one.charge is not None else None,
            "next_step": FIXES["ACK007"],
            "command": "claimloop claims import FILE",
        }
        for one in rejections
    ]


def inquiry_rows(files: Iterable[RefusedInquiries], practices: Mapping[str, Sequence[str]]) -> list[Row]:
    """Rejected files of inquiries as rows, without an id: they end when they are asked again.

    Args:
        files: of the store.
        practices: ids of the practices in each, by digest.
    """
    return [
        {
            **_EMPTY,
            "practice_id": "\n".join(practices.get(one.sha256, ())),
            "kind": "inquiries",
            "reason": f"ACK008: {one.name} with {_inquiries(one.inquiries)} is rejected; nobody will answer",
            "opened_on": one.refused_at.date(),
            "next_step": f"Correct what the 999 or TA1 names, then claimloop {ASK_AGAIN[one.kind]}.",
            "command": f"claimloop {ASK_AGAIN[one.kind]}",
        }
        for one in files
    ]


_EMPTY: Row = {
    "id": None,
    "practice_id": "",
    "claim": None,
    "payer": "",
    "kind": "",
    "reason": "",
    "opened_on": None,
    "due_date": None,
    "status": "open",
    "amount": None,
    "payer_claim_control_number": None,
    "next_step": None,
    "command": None,
}


def _what(one: LostRejection) -> str:
    """What is rejected; a claim has a column, and the store has no number of a submission."""
    if one.claim:
        return "a claim"
    return one.what if " " in one.what else f"a {one.what}"


def _inquiries(number: int) -> str:
    return f"{number} inquiry" if number == 1 else f"{number} inquiries"
