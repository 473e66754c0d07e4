"""What a run did not or could not check, each said once: unchecked is never reported as clean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from edi.model.draft import ClaimDraft
from edi.model.finding import Location
from edi.rules.context import Problem, RuleContext
from edi.rules.registry import INFO, WARNING, run_rule


@run_rule("CHK001", severity=WARNING)
def edits_of_another_quarter(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """No NCCI edits were loaded for the quarter of some dates of service.

    Why: Pairs come and go each quarter; those of another quarter are applied as warnings.
    Fix: Download the quarter's practitioner PTP edits and MUE values from CMS and load them: claimloop tables update
        FILE.
    Source: claimloop tables list; edi/codes/tables/releases.csv.
    """
    days: dict[tuple[str, str], list[date]] = {}
    for draft in drafts:
        edits = context.payer(draft).edits
        judged = [table for table, judges in (("ptp", edits.ncci != "none"), ("mue", edits.mue)) if judges]
        dates = [line.date_from for line in draft.claim.lines if line.date_from is not None]
        for table in judged:
            for day in dates:
                if not context.tables.covers(table, day):
                    used = context.tables.release_on(table, day).release
                    days.setdefault((table, used), []).append(day)
    for (table, used), found in sorted(days.items(), reverse=True):
        release = next(one for one in context.tables.editions[table] if one.release == used)
        yield Problem(
            message=(
                f"{release.name} of {used} ({release.valid_from} to {release.valid_to}) were applied as warnings to"
                f" {len(found)} lines from {min(found)} to {max(found)}: no newer quarter is loaded for these dates"
            ),
            location=Location(),
        )


@run_rule("CHK002", severity=INFO)
def diagnoses_of_another_release(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """The ICD-10-CM release that is installed was made for other dates than some dates of service.

    Why: A diagnosis that the release does not have, or has with more characters, is a warning there and not an error;
        one that was split or deleted on another October 1 passes.
    Fix: Update the package simple-icd-10-cm when it holds the next release; else check new diagnoses against the code
        book of the fiscal year.
    Source: claimloop tables list; claim_format_eligibility_rules.md, Identifiers.
    """
    release = context.tables.diagnoses.release
    days: list[date] = []
    codes: set[str] = set()
    for draft in drafts:
        others = [
            line.date_from
            for line in draft.claim.lines
            if line.date_from is not None and not release.holds_on(line.date_from)
        ]
        if others and draft.claim.diagnoses:
            days += others
            codes.update(draft.claim.diagnoses)
    if days:
        yield Problem(
            message=(
                f"{len(codes)} different diagnoses of services from {min(days)} to {max(days)} were checked against"
                f" {release.name} ({release.valid_from} to {release.valid_to})"
            ),
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
