"""The note of a line against its code: words that plainly describe another service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from edi.model.draft import ClaimDraft
from edi.model.finding import Severity
from edi.rules.context import Problem, RuleContext, at_line, session_of
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import TREATMENTS


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """Words that describe another service than ``code``, unless one of the code's ``own`` words is there too."""

    code: str
    other: re.Pattern[str]
    own: re.Pattern[str]
    meant: str
    severity: Severity


def _words(*stems: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(stems)})", re.IGNORECASE)


_MANUAL: Final = _words(
    "mobili[sz]",
    "manipul",
    "manual traction",
    "lymph",
    "drainage",
    "myofascial",
    "joint",
    "glide",
    "distraction",
)

WORDINGS: Final = (
    Wording(
        code="97140",
        other=_words("massag", "effleurage", "petrissage", "tapotement"),
        own=_MANUAL,
        meant="massage is 97124",
        severity=WARNING,
    ),
    Wording(
        code="97140",
        other=_words("passive range", "passive rom", "prom", "resist"),
        own=_MANUAL,
        meant="exercise, resisted or passive, is 97110",
        severity=WARNING,
    ),
    Wording(
        code="97124",
        other=_words("heat", "hot pack", "cold", "ice", "cryo", "electric", "e-?stim", "ultrasound"),
        own=_words("massag", "effleurage", "petrissage", "tapotement"),
        meant="physical agents are 97010 to 97036",
        severity=WARNING,
    ),
    Wording(
        code="97150",
        other=_words("manual therapy", "mobili[sz]", "one[- ]on[- ]one", "individual"),
        own=_words("group"),
        meant="97150 is group therapy; one-on-one manual therapy is 97140",
        severity=WARNING,
    ),
    Wording(
        code="29530",
        other=_words("cast", "leg cast"),
        own=_words("strap", "tap(?:e|ing)"),
        meant="29530 is strapping of the knee; a cast has another code",
        severity=ERROR,
    ),
)
_BY_CODE: Final = {
    code: tuple(row for row in WORDINGS if row.code == code) for code in {row.code for row in WORDINGS}
}


@rule("COD015", severity=WARNING, carc="150", subject=TREATMENTS)
def note_describes_another_service(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The line's note describes only another service than its code.

    Why: The record must show the service that is billed; a note of massage does not support 97140.
    Fix: Bill the code of what was done, or complete the note if both were.
    Source: wrong_advice.csv (massage and passive motion as 97140, resistive exercise as 97140, agents as 97124, manual
        therapy as 97150, a leg cast as 29530: that one an error).
    """
    for line in draft.claim.lines:
        rows = _BY_CODE.get(line.procedure.code, ())
        session = session_of(draft, line) if rows else None
        note = session.line_note if session is not None else ""
        for row in rows if note else ():
            if row.other.search(note) and not row.own.search(note):
                yield Problem(
                    message=f"the note of {row.code} describes another service: {row.meant}",
                    location=at_line(draft, line, "line_note", "SV101-2"),
                    severity=None if row.severity is WARNING else row.severity,
                )
                break
