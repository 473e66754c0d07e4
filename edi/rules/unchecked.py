"""What a run did not or could not check, each said once: unchecked is never reported as clean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edi.model.draft import ClaimDraft
from edi.model.finding import Location
from edi.rules.context import Problem, RuleContext
from edi.rules.registry import INFO, WARNING, run_rule


@run_rule("CHK001", severity=WARNING)
def edits_of_another_quarter(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """The loaded NCCI edits were made for another quarter than some dates of service.

    Why: Pairs come and go each quarter; edits of another quarter are applied as warnings.
    Fix: Load the quarter's edits from CMS into edi/codes/tables.
    Source: edi/codes/tables/releases.csv.
    """
    release = context.tables.releases["ptp"]
    days = [
        line.date_from
        for draft in drafts
        if context.payer(draft).edits.ncci != "none"
        for line in draft.claim.lines
        if line.date_from is not None and not release.holds_on(line.date_from)
    ]
    if days:
        yield Problem(
            message=(
                f"{release.name} are of {release.release} ({release.valid_from} to {release.valid_to}); they were"
                f" applied as warnings to {len(days)} lines from {min(days)} to {max(days)}"
            ),
            location=Location(),
        )


@run_rule("CHK002", severity=INFO)
def diagnoses_checked_for_form_only(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: diagnoses were checked for their form, not whether they exist on the date of service.

    Why: No table of diagnoses is loaded; a code that was split or deleted on October 1 passes here and is denied.
    Fix: Check new diagnoses against the code book of the fiscal year.
    Source: claim_format_eligibility_rules.md, Identifiers.
    """
    codes = {code for draft in drafts for code in draft.claim.diagnoses}
    if codes:
        yield Problem(
            message=f"UNCHECKED: {len(codes)} different diagnoses were checked for their form only",
            location=Location(),
        )


@run_rule("CHK003", severity=WARNING)
def enrolment_not_recorded(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: claimloop.toml has no enrolment of a practice's therapists with a payer.

    Why: Nothing says whether the therapists may bill the payer; a claim of one who may not is denied with B7.
    Fix: Add [[enrolment]] rows for the practice and the payer.
    Source: claimloop.toml [[enrolment]].
    """
    claims: dict[tuple[str, str], int] = {}
    for draft in drafts:
        key = (draft.practice_id, draft.payer_key)
        if (*key, "rendering") not in context.enrolments:
            claims[key] = claims.get(key, 0) + 1
    for (practice, payer), count in sorted(claims.items()):
        yield Problem(
            message=f"UNCHECKED: no enrolment of practice {practice} with payer {payer} is recorded ({count} claims)",
            location=Location(field="enrolment"),
        )
