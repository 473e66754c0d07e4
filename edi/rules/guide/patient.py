"""Loops 2010BA and 2010CA: names, birth dates and addresses of persons. No value of a person is repeated here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from edi.model.claim import Person
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_claim, first_day
from edi.rules.guide.forms import (
    has_digit,
    is_filler,
    sounds_like_company,
    title_in,
    zip_problem,
)
from edi.rules.registry import ERROR, WARNING, rule
from edi.rules.subjects import MEMBER

CHILD: Final = "19"
OLDEST_CHILD: Final = 26
"""Years at which health plans let a child go; a disabled child may stay, so it is a warning."""
OLDEST: Final = 120
"""Years above which a birth date is a slip."""


def _people(draft: ClaimDraft) -> Iterator[tuple[str, Person]]:
    """The persons of the claim with the prefix of their columns: the patient, then a subscriber who is another."""
    claim = draft.claim
    if claim.patient is None:
        yield "", claim.subscriber.person
        return
    yield "", claim.patient.person
    if not claim.subscriber.organization:
        yield "subscriber_", claim.subscriber.person


@rule("PAT001", severity=ERROR, carc="33", subject=MEMBER)
def dependent_of_payer_without_dependents(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The patient is written as a dependent, and the payer gives every member an id of his own.

    Why: Medicaid and others know no dependents; a member with an id of his own is the subscriber.
    Fix: Bill the patient as the subscriber under his own member id.
    Source: claim_format_eligibility_rules.md, Subscriber and patient loops; payers.toml claim.dependents_have_own_id.
    """
    claim = draft.claim
    if claim.patient is None or claim.subscriber.organization:
        return
    own = context.payer(draft).claim.dependents_have_own_id
    if own and draft.coverage.patient_has_own_member_id is not False:
        yield Problem(
            message=f"a patient loop 2000C on a claim to payer {draft.payer_key}, which has no dependents",
            location=at_claim(draft, "relationship", "HL03"),
        )


@rule("PAT002", severity=WARNING, carc="32")
def relationship_against_birth_dates(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The dependent's age does not fit the relationship to the subscriber.

    Why: A child older than the subscriber, or grown out of the plan, is not an eligible dependent.
    Fix: Look at relationship, birth_date and subscriber_birth_date in patients.csv.
    Source: 005010X222A1 PAT01, DMG02; CARC 32. The age of 26 has exceptions (disability).
    """
    claim = draft.claim
    if claim.patient is None or claim.patient.relationship != CHILD:
        return
    born, day = claim.patient.person.birth_date, first_day(draft)
    holder = claim.subscriber.person.birth_date
    if born is None:
        return
    if holder is not None and born <= holder:
        said = "a child not younger than the subscriber"
    elif day is not None and _years_between(born, day) > OLDEST_CHILD:
        said = f"a child of more than {OLDEST_CHILD} years"
    else:
        return
    yield Problem(message=said, location=at_claim(draft, "relationship", "PAT01"))


@rule("PAT003", severity=WARNING, carc="31", subject=MEMBER)
def dependent_is_the_subscriber(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The dependent and the subscriber are the same person.

    Why: A patient who holds the coverage is the subscriber; written as his own dependent he is not found.
    Fix: Set relationship to self in patients.csv.
    Source: 005010X222A1 2000C.
    """
    claim = draft.claim
    if claim.patient is None or claim.subscriber.organization:
        return
    one, other = claim.patient.person, claim.subscriber.person
    if one.birth_date is not None and (one.birth_date, one.last_name.upper(), one.first_name.upper()) == (
        other.birth_date,
        other.last_name.upper(),
        other.first_name.upper(),
    ):
        yield Problem(
            message="the patient of 2000C has the name and birth date of the subscriber",
            location=at_claim(draft, "relationship", "PAT01"),
        )


@rule("PAT004", severity=WARNING, carc="140", subject=MEMBER)
def name_has_a_digit(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The name of a person has a digit in it.

    Why: The payer compares id, name and birth date; a zero for an O does not match.
    Fix: Write the name as the member card has it.
    Source: 005010X222A1 2010BA and 2010CA NM103, NM104; CARC 140.
    """
    for prefix, person in _people(draft):
        for field, name in (("last_name", person.last_name), ("first_name", person.first_name)):
            if has_digit(name):
                yield Problem(
                    message=f"{prefix}{field} has a digit", location=at_claim(draft, prefix + field, "NM103")
                )


@rule("PAT005", severity=WARNING, carc="140", subject=MEMBER)
def name_has_a_title(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A title or suffix stands inside the name of a person.

    Why: SMITH JR is not SMITH to a payer; suffixes have NM107, titles no place at all.
    Fix: Write the suffix in its own column, and leave titles out.
    Source: 005010X222A1 NM103 to NM107; CARC 140.
    """
    for prefix, person in _people(draft):
        for field, name in (("last_name", person.last_name), ("first_name", person.first_name)):
            if " " in name and title_in(name):
                yield Problem(
                    message=f"{prefix}{field} begins or ends in a title or suffix",
                    location=at_claim(draft, prefix + field, "NM107"),
                )


@rule("PAT006", severity=WARNING, carc="140", subject=MEMBER)
def name_is_a_filler(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The name of a person is a word for not knowing it, or one letter repeated.

    Why: The payer finds nobody of that name under the id.
    Fix: Write the name as the member card has it.
    Source: 005010X222A1 2010BA and 2010CA NM103, NM104; CARC 140.
    """
    for prefix, person in _people(draft):
        # A first name of two equal letters is a name; a last name of one is too.
        for field, name in (("last_name", person.last_name), ("first_name", person.first_name)):
            if len(name) > 2 and is_filler(name):
                yield Problem(
                    message=f"{prefix}{field} is a filler", location=at_claim(draft, prefix + field, "NM103")
                )


@rule("PAT007", severity=WARNING, carc="16", subject=MEMBER)
def person_sounds_like_company(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The last name of a person ends as a company's does.

    Why: An organisation written as a person is looked up among the members and not found.
    Fix: Give subscriber_organization instead of a last name, or correct the name.
    Source: 005010X222A1 2010BA NM102, NM103.
    """
    for prefix, person in _people(draft):
        if " " in person.last_name and sounds_like_company(person.last_name):
            yield Problem(
                message=f"{prefix}last_name ends as a company's name",
                location=at_claim(draft, f"{prefix}last_name", "NM102"),
            )


@rule("PAT008", severity=WARNING, carc="140", subject=MEMBER)
def person_without_first_name(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A person on the claim has no first name.

    Why: NM104 is left out only for people who have none; the payer matches by it.
    Fix: Complete first_name in patients.csv.
    Source: 005010X222A1 2010BA and 2010CA NM104; CARC 140.
    """
    for prefix, person in _people(draft):
        if person.last_name and not person.first_name:
            yield Problem(
                message=f"{prefix}first_name is blank",
                location=at_claim(draft, f"{prefix}first_name", "NM104"),
            )


@rule("PAT009", severity=WARNING, carc="16", subject=MEMBER)
def birth_date_out_of_reach(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A birth date makes a person more than 120 years old, or lies after the day of this check.

    Why: A slipped century matches nobody.
    Fix: Correct the birth date in patients.csv.
    Source: 005010X222A1 DMG02; CARC 16 with RARC N329.
    """
    for prefix, person in _people(draft):
        born = person.birth_date
        if born is not None and (born > context.today or context.today.year - born.year > OLDEST):
            yield Problem(
                message=f"{prefix}birth_date is in the future or more than {OLDEST} years ago",
                location=at_claim(draft, f"{prefix}birth_date", "DMG02"),
            )


@rule("PAT010", severity=ERROR, carc="16", subject=MEMBER)
def zip_of_person_malformed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The ZIP of a person is not five or nine digits, or is none.

    Why: N403 of a US address has five or nine digits; pyx12 takes any three to fifteen characters.
    Fix: Correct the ZIP in patients.csv.
    Source: 005010X222A1 2010BA and 2010CA N403; CARC 16 with RARC MA37.
    """
    for prefix, person in _people(draft):
        problem = zip_problem(person.address, nine=False) if person.address is not None else ""
        if problem:
            yield Problem(message=f"{prefix}zip {problem}", location=at_claim(draft, f"{prefix}zip", "N403"))


@rule("PAT011", severity=WARNING, carc="16", subject=MEMBER)
def street_of_person_is_a_filler(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The street or city of a person is a word for not knowing it.

    Why: Payers compare the address with their own; some return the claim.
    Fix: Ask the patient; GENERAL DELIVERY stands for people without an address.
    Source: 005010X222A1 2010BA and 2010CA N301, N401.
    """
    for prefix, person in _people(draft):
        address = person.address
        if address is not None and (is_filler(address.line_1) or is_filler(address.city)):
            yield Problem(
                message=f"{prefix}address is a filler", location=at_claim(draft, f"{prefix}address_1", "N301")
            )


@rule("PAT012", severity=WARNING, carc="16", subject=MEMBER)
def subscriber_address_in_part(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The subscriber of a dependent has part of an address.

    Why: N3 and N4 of the subscriber may be left out together when a dependent is treated, never one without the other.
    Fix: Complete the subscriber's address in patients.csv, or leave all of it blank.
    Source: 005010X222A1 2010BA N3, N4.
    """
    claim = draft.claim
    address = claim.subscriber.person.address
    if claim.patient is None or address is None:
        return
    given = (address.line_1, address.city, address.state or address.country, address.zip or address.country)
    if any(given) and not all(given):
        yield Problem(
            message="the subscriber's address is not whole",
            location=at_claim(draft, "subscriber_address_1", "N3"),
        )


def _years_between(born: date, day: date) -> int:
    """Whole years of age on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
