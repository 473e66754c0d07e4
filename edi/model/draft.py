"""A claim that is being made, with what it is made from: the input of the rules."""

from __future__ import annotations

from datetime import date

import msgspec

from edi.model.claim import Claim
from edi.model.records import Case, Coverage, PatientRecord
from edi.model.session import BilledSession, SessionLine


class ClaimDraft(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One claim before it is numbered and sent.

    ``sessions`` are the session lines it bills; a service line names its own by ``session_line_ids``. Sessions whose
    minutes earned no unit stay here without a line, because their minutes count. ``coverage`` is the one the claim is
    billed to, ``payer_key`` its key in payers.toml. ``discipline`` is PT, OT, SLP, DC, LMT …
    """

    claim: Claim
    sessions: tuple[SessionLine, ...]
    patient: PatientRecord
    coverage: Coverage
    case: Case | None
    payer_key: str
    practice_id: str
    discipline: str
    other_coverages: tuple[Coverage, ...] = ()
    """The coverages in force that come after ``coverage``, in order: the next payers of the claim."""
    answered_on: date | None = None
    """When the payer answered the claim that this one replaces; None for a first claim, or where it is not known."""
    earlier: tuple[BilledSession, ...] = ()
    """What earlier claims billed of the claim's days and discipline: its minutes and units count with the claim's."""
