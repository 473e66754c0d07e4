"""Where pyx12 4.0.0 is wrong and we know better: data, each with its reason, applied after the verdict.

Source: facts/claim_format_eligibility_rules.md (26 probe claims), design/conformance.md (pitfalls).
"""

from __future__ import annotations

from typing import Final

import msgspec

from edi.x12.conformance.errors import ConformanceError, ErrorKind


class AcceptedDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Errors to be set aside: every field that is not None must agree. ``name`` is stable and goes to the Finding."""

    name: str
    reason: str
    kind: ErrorKind
    code: str
    segment_id: str
    loops: frozenset[str] | None = None
    elements: frozenset[str] | None = None
    entity_type: str | None = None
    acknowledges: bool | None = None

    def covers(self, error: ConformanceError) -> bool:
        """Whether this error is the one meant."""
        return (
            error.kind is self.kind
            and error.code == self.code
            and error.segment_id == self.segment_id
            and (self.loops is None or error.loop in self.loops)
            and (self.elements is None or error.element in self.elements)
            and (self.entity_type is None or error.entity_type == self.entity_type)
            and (self.acknowledges is None or error.acknowledges == self.acknowledges)
        )


ACCEPTED_DIFFERENCES: Final = (
    AcceptedDifference(
        name="employer-subscriber",
        reason="a workers' compensation employer is a subscriber without a member id, so NM108 and NM109 stay empty",
        kind=ErrorKind.ELEMENT,
        code="1",
        segment_id="NM1",
        loops=frozenset({"2010BA"}),
        elements=frozenset({"NM108", "NM109"}),
        entity_type="2",
    ),
    AcceptedDifference(
        name="several-plb",
        reason="an 835 may carry one PLB for each provider and fiscal period; the map's footer loop allows one",
        kind=ErrorKind.SEGMENT,
        code="4",
        segment_id="PLB",
        loops=frozenset({"FOOTER"}),
    ),
    AcceptedDifference(
        name="interchange-without-group",
        reason="a TA1 travels in an interchange without a functional group; the map demands one",
        kind=ErrorKind.SEGMENT,
        code="3",
        segment_id="GS",
        acknowledges=True,
    ),
)


def accepted(error: ConformanceError) -> AcceptedDifference | None:
    """Return the accepted difference that covers the error, or None."""
    for difference in ACCEPTED_DIFFERENCES:
        if difference.covers(error):
            return difference
    return None
