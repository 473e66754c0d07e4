"""Whose claim payment it is: the patient it tells against the one of a submitted claim, or of another claim payment.

Payers write names and ids their own way, so there are two questions. Does the patient agree (`patient_agrees`) asks for
the same id, or the same last name and first letter. Is it another patient (`another_patient`) is asked only where that
fails, and is true only where last name and id are told on both sides and neither is even similar.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final
from unicodedata import combining, normalize

from edi.codes.identifiers import mbi_is_formed
from edi.model.control import is_placeholder, normalise_control_number
from edi.model.remittance import ClaimPayment, RemittanceParty
from reconcile.values import SubmittedClaim

_NAMED: Final = ("QC", "74")
"""NM1 of the patient: as submitted, and as the payer corrects it."""
_INSURED: Final = (*_NAMED, "IL")
_MEMBER_REFERENCES: Final = ("1W", "IG", "SY")
"""REF of loop 2100 with another number of the person: member id, policy, social security number."""
_SOCIAL_SECURITY: Final = "34"
_SUFFIXES: Final = frozenset(("JR", "SR", "II", "III", "IV", "V"))
_OLD_MEDICARE: Final = re.compile(r"\d{6,9}[A-Z][A-Z0-9]?|[A-Z]{1,3}\d{6}(\d{3})?")
"""What Medicare, and the railroad's, numbered people by before the MBI, without leading zeros."""
_NAME_LEAST: Final = 5
_ID_LEAST: Final = 6
"""Letters of a name, and signs of an id, that may stand for a longer one: payers cut both, and add to ids."""


def patient_agrees(payment: ClaimPayment, claim: SubmittedClaim) -> int:
    """1 when member id or name agree, -1 when both sides tell one and none agrees, 0 when nothing can be compared."""
    if payment.member_id and payment.member_id in claim.member_ids:
        return 1
    told = False
    members = {normalise_control_number(value) for value in claim.member_ids if value}
    given = {payment.member_id} | {party.id for party in payment.parties if party.role in _INSURED}
    numbers = {normalise_control_number(value) for value in given if value}
    if members and numbers:
        told = True
        if members & numbers:
            return 1
    submitted = (_letters(claim.patient_last_name), _letters(claim.patient_first_name))
    for role in _NAMED:
        party = payment.party(role)
        if party is None or not party.last_name or not submitted[0]:
            continue
        told = True
        last, first = _letters(party.last_name), _letters(party.first_name or "")
        if last == submitted[0] and (not first or not submitted[1] or first[0] == submitted[1][0]):
            return 1
    return -1 if told else 0


def another_patient(payment: ClaimPayment, chain: Iterable[SubmittedClaim]) -> bool:
    """Whether last name and member id both contradict every submission of a claim.

    What is absent on either side contradicts nothing, nor does what differs by case, hyphens, accents, blanks, a
    suffix, a part of a double name, additions or cutting; nor an MBI against the number that Medicare gave before.
    Where the payer announces a correction of the patient (NM1*74), name and id may both be new: then only another first
    name beside them makes it another patient.

    Args:
        payment: the claim payment; NM1*74 and the insured's names and numbers speak for it as well.
        chain: the submissions, at least one: a replacement may have mended the patient.
    """
    told = _Told(payment)
    return all(
        told.other_id(one.member_ids)
        and told.other_name(one.patient_last_name, one.patient_first_name)
        and not told.corrected(one.patient_first_name)
        for one in chain
    )


def same_patient(payment: ClaimPayment, other: ClaimPayment) -> bool:
    """Whether two claim payments tell one patient: an id is the same, or the last name is."""
    one, two = _Told(payment), _Told(other)
    return bool(one.ids & two.ids) or any(_joined(left) in map(_joined, two.names) for left in one.names)


class _Told:
    """What a claim payment tells of its patient.

    ``ids`` and ``names`` (the words of a last name) may be compared, ``also`` may only speak for a claim.
    """

    def __init__(self, payment: ClaimPayment) -> None:
        parties = [one for one in payment.parties if one.role in _INSURED]
        self._announced = any(one.role == "74" and (one.id or one.last_name) for one in parties)
        self._persons = [one for one in parties if one.role in _NAMED and _words(one.last_name)]
        weak = {one.id for one in parties if one.id and one.id_qualifier == _SOCIAL_SECURITY}
        given = {one.id for one in parties if one.id} | {payment.member_id or ""}
        self.ids = _numbers(given - weak)
        self.also = _numbers(
            weak | {value for kind, value in payment.references if kind in _MEMBER_REFERENCES}
        )
        self.names = [_words(one.last_name) for one in self._persons]
        self._insured = [words for one in parties if one.role == "IL" and (words := _words(one.last_name))]

    def other_id(self, members: Collection[str]) -> bool:
        """Whether an id is told that can be compared with these, and none is similar."""
        ours = _numbers(members)
        if any(_like_id(one, own) for one in self.ids | self.also for own in ours):
            return False
        return any(_comparable(one, own) for one in self.ids for own in ours)

    def other_name(self, last: str, first: str) -> bool:
        """Whether a last name is told, and none is similar to this one, nor first and last name exchanged."""
        own = _words(last)
        if not own or not self.names:
            return False
        if any(_like_name(words, own) for words in (*self.names, *self._insured)):
            return False
        return not any(_exchanged(party, own, _words(first)) for party in self._persons)

    def corrected(self, first: str) -> bool:
        """Whether the payer says that it corrected the patient, and no first name it tells begins otherwise."""
        if not self._announced:
            return False
        ours = _letters(first)[:1]
        return all(_letters(one.first_name or "")[:1] in ("", ours) for one in self._persons if ours)


def _numbers(given: Iterable[str]) -> frozenset[str]:
    """Ids in one spelling, without what stands for none."""
    return frozenset(normalise_control_number(one) for one in given if one and not is_placeholder(one))


def _like_id(one: str, other: str) -> bool:
    """Whether two ids are the same, or one is the other with something before or after it."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _ID_LEAST and (long.startswith(short) or long.endswith(short)))


def _comparable(one: str, other: str) -> bool:
    """Whether two ids can differ: Medicare's old and new number of a person have nothing in common."""
    return not any(
        mbi_is_formed(new) and not mbi_is_formed(old) and _OLD_MEDICARE.fullmatch(old)
        for new, old in ((one, other), (other, one))
    )


def _letters(text: str) -> str:
    return "".join([character for character in text.upper() if character.isalpha()])


def _words(name: str | None) -> tuple[str, ...]:
    """The words of a name in capitals without accents, without a suffix behind another word."""
    if not name:
        return ()
    letters = [one for one in normalize("NFKD", name.upper()) if one != "'" and not combining(one)]
    words = "".join([one if one.isalpha() else " " for one in letters]).split()
    return tuple(one for place, one in enumerate(words) if not place or one not in _SUFFIXES)


def _joined(words: Iterable[str]) -> str:
    return "".join(words)


def _like_name(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two last names are the same, cut, or one is part of the other."""
    left, right = sorted((_joined(one), _joined(other)), key=len)
    if left == right or (len(left) >= _NAME_LEAST and right.startswith(left)):
        return True
    return set(one) <= set(other) or set(other) <= set(one)


def _exchanged(party: RemittanceParty, last: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """Whether a payer wrote the first name as the last, and the last as the first."""
    return bool(first) and _words(party.last_name) == first and _words(party.first_name) == last
