"""`outbox`: how far each outgoing file is; and, when asked, whether the far side still shows what it was given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from cli.jobs.exchange import reached, trouble_of
from cli.jobs.exchanged import Trouble
from cli.jobs.inquiries.acknowledged import ASK_AGAIN
from cli.jobs.lists import counted
from cli.jobs.transports import Partner
from edi.model.directory import TradingPartner
from edi.model.errors import ClaimloopError
from edi.transport.base import Whereabouts, with_retries
from reconcile.store.outgoing import (
    ACKNOWLEDGED,
    ANSWERED,
    IN_DOUBT,
    PLANNED,
    UPLOADED,
    UPLOADING,
    WRITTEN,
    OutgoingFile,
)

SHOWN: Final[Mapping[Whereabouts, str]] = {
    Whereabouts.THERE: "there",
    Whereabouts.STAGED: "staged",
    Whereabouts.OTHER: "changed",
    Whereabouts.ABSENT: "gone",
}
"""What is said of a file at the far side. Partners take files away, so that one which is gone was probably taken."""
_NEXT: Final[Mapping[str, str]] = {
    PLANNED: "claims create or send puts it in its folder",
    WRITTEN: "send",
    UPLOADING: "send goes on",
    IN_DOUBT: "send asks the far side",
    UPLOADED: "a TA1 or 999 is to come",
    ACKNOWLEDGED: "a 277CA is to come",
    ANSWERED: "an 835 is to come",
}
"""By state what a file waits for; what is late is in `report silence --rows overdue`."""
_NEXT_OF_INQUIRIES: Final[Mapping[str, Mapping[str, str]]] = {
    kind: {
        PLANNED: f"{command} puts it in its folder",
        UPLOADED: f"a TA1, 999 or {answer} is to come",
        ACKNOWLEDGED: f"a {answer} is to come",
        ANSWERED: "",
    }
    for kind, command, answer in (("270", "eligibility ask", "271"), ("276", "claims status ask", "277"))
}
"""The same by kind, where files of inquiries wait for something else than claims do."""
_ASKED_ABOUT: Final = (UPLOADED, IN_DOUBT)
"""States in which the far side may still hold the file and nobody has answered it."""


def next_step(file: OutgoingFile, *, by_hand: bool) -> str:
    """What brings a file further, in words; "" when nothing has to.

    Args:
        file: of the outbox.
        by_hand: its partner has no transport, so that a person uploads it.
    """
    if file.to_correct and not file.claims:
        return f"correct what the 999 or TA1 names, then {ASK_AGAIN[file.kind]}"
    if file.to_correct:
        return f"correct {counted(file.to_correct, 'claim')}: work list"
    if by_hand and file.state == WRITTEN:
        return "upload it by hand"
    return {**_NEXT, **_NEXT_OF_INQUIRIES.get(file.kind, {})}.get(file.state, "")


def look(
    files: Iterable[OutgoingFile], partners: Collection[TradingPartner], folder: Path
) -> tuple[dict[str, str], list[Trouble]]:
    """Ask the far side for the files that nothing has answered yet.

    Args:
        files: of the outbox.
        partners: those with a transport.
        folder: where claimloop.toml lies.

    Returns:
        By digest what is shown of a file (values of ``SHOWN``), and which partners could not be asked.
    """
    shown: dict[str, str] = {}
    troubles: list[Trouble] = []
    waiting = [file for file in files if file.state in _ASKED_ABOUT]
    for partner in partners:
        mine = [file for file in waiting if file.partner == partner.id]
        if not mine:
            continue
        try:
            with reached(partner, folder, None) as way:
                shown |= {file.sha256: SHOWN[_look(way, file)] for file in mine}
        except (ClaimloopError, OSError) as error:
            troubles.append(trouble_of(partner.id, error))
    return shown, troubles


def _look(way: Partner, file: OutgoingFile) -> Whereabouts:
    return with_retries(lambda: way.transport.look(file.name, file.sha256, file.size), way.policy)
