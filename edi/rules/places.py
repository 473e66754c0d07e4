"""Places of service: the code is one of CMS's, and in use on the date of service."""

from __future__ import annotations

from collections.abc import Iterator

from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, rule
from edi.rules.subjects import LINES


@rule("POS001", severity=ERROR, carc="16", subject=LINES)
def place_of_service_not_valid(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The place of service is no code, or was none yet on the date of service.

    Why: pyx12 takes any two characters; payers reject a place that CMS does not list (M77), such as 10 before 2022.
    Fix: Give the place where the service was given, as it was coded on that date.
    Source: edi/codes/tables/code_sets.csv POS; 005010X222A1 CLM05-1 and SV105.
    """
    places = context.tables.code_set("POS")
    for line in draft.claim.lines:
        code = line.place_of_service or draft.claim.place_of_service
        known = places.get(code)
        if known is None:
            said = f"place of service {code} is no code"
        elif line.date_from is not None and not known.holds_on(line.date_from):
            said = f"place of service {code} is not in use on {line.date_from} (from {known.valid_from})"
        else:
            continue
        element = "SV105" if line.place_of_service else "CLM05-1"
        yield Problem(
            message=f"line {line.number}: {said}", location=at_line(draft, line, "place_of_service", element)
        )
