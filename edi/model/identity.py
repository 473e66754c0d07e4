"""Whether two descriptions are of one person, and whether an answer about coverage is to an inquiry of ours.

Every store counts its trace numbers from one, and families share member ids: neither alone says who is meant.
Source: 005010X279A1 loops 2100C and 2100D (a payer repeats name and birth date of whom it found), TRN of the levels
above them.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import msgspec

from edi.model.eligibility import EligibilityAnswer, EligibilityInquiry
from edi.model.party import Person
from edi.model.spelling import alike, spelled

Name: TypeAlias = tuple[str, str]
"""Last and first name."""

_BETWEEN_WORDS: Final = re.compile(r"[\s\-,.]+")
_ENOUGH: Final = 2
"""Of member id, birth date and name, how many must agree besides a trace number."""


class Likeness(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What of an answer agrees with an inquiry: True, False where it contradicts, None where one side is silent."""

    member_id: bool | None
    birth_date: bool | None
    name: bool | None
    payer: bool | None


def name_of(person: Person) -> Name:
    """Last and first name of a person, as given."""
    return person.last_name, person.first_name


def same_name(one: Name, other: Name) -> bool | None:
    """Whether two names may be one person's; None where one of them is not whole and nothing contradicts.

    Double last names may be cut to one of their words, and first names to their first letters: payers do both.
    """
    last = _same_last(one[0], other[0])
    first = _same_first(one[1], other[1])
    if last is False or first is False:
        return False
    return True if last and first else None


def _same_last(one: str, other: str) -> bool | None:
    agree = alike(one, other)
    if agree is False:
        first, second = ({spelled(word) for word in _BETWEEN_WORDS.split(name)} for name in (one, other))
        return first <= second or second <= first
    return agree


def _same_first(one: str, other: str) -> bool | None:
    first, second = spelled(one), spelled(other)
    if not (first and second):
        return None
    return first.startswith(second) or second.startswith(first)


def likeness(answer: EligibilityAnswer, inquiry: EligibilityInquiry) -> Likeness:
    """Compare whom an answer is about, and who gives it, with whom an inquiry asks about, and whom it asks."""
    person, asked = answer.patient_person, inquiry.patient_person
    born = None
    if person.birth_date is not None and asked.birth_date is not None:
        born = person.birth_date == asked.birth_date
    return Likeness(
        member_id=alike(answer.member_id, inquiry.member_id),
        birth_date=born,
        name=same_name(name_of(person), name_of(asked)),
        payer=alike(answer.payer_id, inquiry.payer_id),
    )


def answers_by_trace(answer: EligibilityAnswer, inquiry: EligibilityInquiry) -> bool:
    """Whether an answer that repeats the inquiry's trace number is about the person asked about.

    Birth date and name may not contradict, nor who gave the number (TRN03). Two of member id, birth date and name
    agree. A payer may correct the member id, or call itself otherwise (clearinghouses give payers ids of their own),
    but not both.
    """
    given = [
        assigner for kind, number, assigner in answer.traces if (kind, number) == ("2", inquiry.trace_number)
    ]
    if not any(alike(assigner, inquiry.trace_assigner) is not False for assigner in given):
        return False
    like = likeness(answer, inquiry)
    if like.birth_date is False or like.name is False:
        return False
    if False in (like.member_id, like.payer) and True not in (like.member_id, like.payer):
        return False
    return [like.member_id, like.birth_date, like.name].count(True) >= _ENOUGH


def answers_by_member(answer: EligibilityAnswer, inquiry: EligibilityInquiry) -> bool:
    """Whether an answer without a trace number of ours is of the same payer, member id, birth date and name."""
    like = likeness(answer, inquiry)
    return bool(like.member_id and like.birth_date and like.name and like.payer)
