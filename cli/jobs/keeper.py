"""What writing 837P files asks of whoever sends claims that went out before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edi.model.claim import Claim
from edi.model.draft import ClaimDraft
from edi.model.finding import Finding
from reconcile.store import ClaimOrigin, Connection


class Keeper(Protocol):
    """How claims that went out before are looked at and stored; claims of new sessions need none."""

    def wanted(
        self, connection: Connection, drafts: Sequence[ClaimDraft], findings: list[Finding]
    ) -> list[ClaimDraft]:
        """The drafts that nobody sent meanwhile, with a finding for each of the others."""
        ...

    def save(
        self,
        connection: Connection,
        pairs: Sequence[tuple[Claim, ClaimDraft]],
        origin: ClaimOrigin,
    ) -> Sequence[int]:
        """Store the claims of one transaction set, numbered and written, each with its draft; gives their ids."""
        ...
