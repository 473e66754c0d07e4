"""Payers' answers about coverage (271) onto the practice's records: verified on, ended on, therapy dollars used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final, TypeAlias

import msgspec

from edi.model.confirmation import ACTIVE, BUCKETS, INACTIVE, Confirmation
from edi.model.finding import Finding, Location, Severity
from edi.model.identity import name_of, same_name
from edi.model.records import Case, Coverage, PatientRecord, Records
from edi.model.spelling import spelled
from edi.payers.profile import PayerProfile

OTHER_MEMBER_ID: Final = "ELI006"
ENDED: Final = "ELI007"

_Key: TypeAlias = tuple[str, str, str, str]
"""Practice, patient, payer, member id as compared."""


def with_confirmations(
    records: Records, confirmations: Iterable[Confirmation], payers: Mapping[str, PayerProfile]
) -> tuple[Records, tuple[Finding, ...]]:
    """Stamp coverages and cases with the latest answer of their payer, where it is newer than what the files say.

    A coverage takes the answer about its own member id, the patient's birth date and name: an answer to something that
    was corrected since says nothing, nor does one about his twin.
    It gets ``confirmation``, ``last_verified`` when the answer is active or inactive, and ``coverage_to`` when the
    answer gives an earlier end. A case takes therapy dollars of its discipline and the answer's year.

    Args:
        records: as read from the files.
        confirmations: of the store, oldest first.
        payers: profiles by key; they know the ids under which an answer without inquiry names its payer.

    Returns:
        The records, and findings ELI006 (the payer has another member id) and ELI007 (the payer ends the coverage).
    """
    latest = _Latest(confirmations, payers)
    if latest.is_empty:
        return records, ()
    findings: list[Finding] = []
    patients = dict(records.patients)
    cases = dict(records.cases)
    dollars: dict[tuple[str, str], Confirmation] = {}
    for key, patient in records.patients.items():
        coverages = list(patient.coverages)
        for place, coverage in enumerate(patient.coverages):
            found = latest.of(patient, coverage)
            if found is None:
                continue
            coverages[place] = _stamped(coverage, found)
            findings += _said(coverage, coverages[place], found)
            if found.therapy_dollars and found.confirmed_on is not None:
                dollars[key] = found
            patients[key] = msgspec.structs.replace(patient, coverages=tuple(coverages))
    for case_key, case in records.cases.items():
        answered = dollars.get((case.practice_id, case.patient_id))
        if answered is not None:
            cases[case_key] = _with_dollars(case, answered)
    return msgspec.structs.replace(records, patients=patients, cases=cases), tuple(findings)


class _Latest:
    """The latest answer about each coverage."""

    def __init__(self, confirmations: Iterable[Confirmation], payers: Mapping[str, PayerProfile]) -> None:
        self._payers = payers
        self._tied: dict[_Key, Confirmation] = {}
        self._untied: dict[tuple[str, date, str], list[Confirmation]] = {}
        for one in confirmations:
            if one.patient_id:
                self._tied[one.practice_id, one.patient_id, one.payer_key, spelled(one.member_id)] = one
            elif one.member_id and one.birth_date is not None:
                key = (spelled(one.member_id), one.birth_date, spelled(one.payer_id))
                self._untied.setdefault(key, []).append(one)

    @property
    def is_empty(self) -> bool:
        """Whether no payer has answered."""
        return not (self._tied or self._untied)

    def of(self, patient: PatientRecord, coverage: Coverage) -> Confirmation | None:
        """The answer about a coverage: of its own inquiry, or of the same member, person and payer; the newer."""
        member = spelled(coverage.member_id)
        born, name = patient.person.birth_date, name_of(patient.person)
        found: list[Confirmation] = []
        tied = self._tied.get((patient.practice_id, patient.patient_id, coverage.payer, member))
        if tied is not None and tied.birth_date == born and same_name(tied.name, name) is not False:
            found.append(tied)
        if born is not None:
            for payer_id in self._ids(coverage.payer):
                loose = self._untied.get((member, born, spelled(payer_id)), ())
                found += [one for one in loose if same_name(one.name, name)][-1:]
        return max(found, key=lambda one: one.confirmed_on or date.min) if found else None

    def _ids(self, payer: str) -> Iterator[str]:
        profile = self._payers.get(payer)
        if profile is not None:
            yield from dict.fromkeys(
                one for one in (profile.eligibility_id, *profile.claim_id.values()) if one
            )


def _stamped(coverage: Coverage, answer: Confirmation) -> Coverage:
    """The coverage with its answer, unless the file was verified later in another way."""
    day, verified = answer.confirmed_on, coverage.last_verified
    if day is None or (verified is not None and day < verified):
        return coverage
    if answer.status not in (ACTIVE, INACTIVE):
        return msgspec.structs.replace(coverage, confirmation=answer)
    return msgspec.structs.replace(
        coverage, confirmation=answer, last_verified=day, coverage_to=_end(coverage, answer)
    )


def _end(coverage: Coverage, answer: Confirmation) -> date | None:
    """The last day of the coverage: the payer's where it is earlier than the file's, and no nonsense."""
    end = answer.coverage_to
    if end is None or end < coverage.coverage_from:
        return coverage.coverage_to
    return end if coverage.coverage_to is None else min(end, coverage.coverage_to)


def _said(coverage: Coverage, stamped: Coverage, answer: Confirmation) -> Iterator[Finding]:
    """What a person should put right in the records."""
    if stamped is coverage:
        return
    place = Location(row=coverage.row or None, field="member_id")
    if answer.answered_member_id and answer.status == ACTIVE:
        yield Finding(
            code=OTHER_MEMBER_ID,
            severity=Severity.WARNING,
            message=f"{coverage.payer} answered under another member id than patients.csv has",
            location=place,
            fix="Take the member id of the answer (claimloop eligibility list --show-phi), after a look at the card.",
            why="A claim under an old number comes back as one for a member who is not known.",
            carc="31",
        )
    if stamped.coverage_to != coverage.coverage_to:
        yield Finding(
            code=ENDED,
            severity=Severity.INFO,
            message=f"{coverage.payer} says that the coverage ends on {stamped.coverage_to}; this is what counts",
            location=msgspec.structs.replace(place, field="coverage_to"),
            fix="Write it into patients.csv, and ask the patient who covers him now.",
        )


def _with_dollars(case: Case, answer: Confirmation) -> Case:
    """The case with the dollars its discipline's bucket had used on the day of the answer, if that is news."""
    day, bucket = answer.confirmed_on, BUCKETS.get(case.discipline)
    if day is None or (case.therapy_dollars_as_of is not None and day < case.therapy_dollars_as_of):
        return case
    for one in answer.therapy_dollars:
        if (one.bucket, one.year) == (bucket, day.year):
            return msgspec.structs.replace(case, therapy_dollars_used=one.used, therapy_dollars_as_of=day)
    return case
