"""What a rule is given beside the claim, and what it gives back."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Final, TypeAlias, TypeVar, cast

import msgspec

from edi.codes import Tables, shown
from edi.model.claim import ServiceLine
from edi.model.directory import Directory, Enrolment
from edi.model.draft import ClaimDraft
from edi.model.finding import Location, Severity
from edi.model.history import History, NoHistory
from edi.model.records import Records
from edi.model.session import SessionLine
from edi.payers import PayerProfile

Made = TypeVar("Made")

NOT_SHOWN: Final = "(not shown)"
"""Stands in a finding for a value that does not look like what belongs in its place, and so may be a person's."""

DayKey: TypeAlias = tuple[str, str, str, date]
"""Practice, patient, payer, date of service."""


class Problem(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a rule found; the registry makes a Finding of it with the rule's code, reason and CARC.

    ``fix`` and ``severity`` stand for the rule's own when given.
    """

    message: str
    location: Location
    fix: str = ""
    severity: Severity | None = None

    def without(self, values: Collection[str]) -> Problem:
        """The same problem with these values not repeated in message and fix."""
        if not values:
            return self
        written = {*values, *(repr(one)[1:-1] for one in values)}
        longest_first = sorted(written, key=len, reverse=True)
        pattern = re.compile(rf"'?(?<!\w)(?:{'|'.join(re.escape(one) for one in longest_first)})(?!\w)'?")
        return msgspec.structs.replace(
            self, message=pattern.sub(NOT_SHOWN, self.message), fix=pattern.sub(NOT_SHOWN, self.fix)
        )


class DayLine(msgspec.Struct, frozen=True, gc=False):
    """A service line with the claim it stands on."""

    draft: ClaimDraft
    line: ServiceLine


class RuleContext(msgspec.Struct, frozen=True, kw_only=True):
    """Everything rules may look at beside the claim.

    Attributes:
        tables: the code tables.
        payers: profiles by their key in payers.toml; every claim's payer is in it.
        directory: practices, clinicians, enrolments.
        records: patients, cases, authorizations, fees.
        today: the day the check is made for.
        history: claims made before.
        days: the run's lines by patient, payer and day: ``with_days`` fills it.
        enrolments: the directory's, by practice, payer and role: ``with_days`` fills it.
        kept: what was worked out once in this run: ``once`` fills it.
    """

    tables: Tables
    payers: Mapping[str, PayerProfile]
    directory: Directory
    records: Records = Records()
    today: date
    history: History = NoHistory()
    days: Mapping[DayKey, tuple[DayLine, ...]] = {}
    enrolments: Mapping[tuple[str, str, str], tuple[Enrolment, ...]] = {}
    kept: dict[tuple[object, ...], object] = {}

    def once(self, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """What ``make`` gives, worked out at the first call with that key and kept for this run."""
        if key not in self.kept:
            self.kept[key] = make()
        return cast("Made", self.kept[key])

    def with_days(self, drafts: Iterable[ClaimDraft]) -> RuleContext:
        """The same context knowing the lines of these claims, so that a day can be judged as a whole."""
        days: dict[DayKey, list[DayLine]] = {}
        for draft in drafts:
            for line in draft.claim.lines:
                if line.date_from is not None:
                    key = (draft.practice_id, draft.patient.patient_id, draft.payer_key, line.date_from)
                    days.setdefault(key, []).append(DayLine(draft, line))
        return msgspec.structs.replace(
            self,
            days={key: tuple(lines) for key, lines in days.items()},
            enrolments=self.directory.enrolments_by_role,
            kept={},
        )

    def payer(self, draft: ClaimDraft) -> PayerProfile:
        """The profile of the payer the claim goes to."""
        return self.payers[draft.payer_key]

    def day(self, draft: ClaimDraft, day: date, discipline: str | None = None) -> Iterator[DayLine]:
        """All lines of the run for the claim's patient and payer on a day, of one discipline if one is named."""
        key = (draft.practice_id, draft.patient.patient_id, draft.payer_key, day)
        for found in self.days.get(key, ()):
            if discipline is None or found.draft.discipline == discipline:
                yield found


def not_to_show(draft: ClaimDraft) -> frozenset[str]:
    """The codes and numbers of a claim that no finding may repeat: in a wrong column may stand a name or member id."""
    claim = draft.claim
    members = {claim.subscriber.member_id, draft.coverage.member_id} - {""}
    found = {code for code in claim.diagnoses if not shown.diagnosis_may_be_shown(code)}
    providers = [claim.billing, claim.rendering, claim.referring, claim.supervising, claim.facility]
    references, places = [claim.authorization, claim.referral_number], [claim.place_of_service]
    for line in claim.lines:
        procedure = line.procedure
        if not shown.procedure_may_be_shown(procedure.code):
            found.add(procedure.code)
        found.update(one for one in procedure.modifiers if not shown.modifier_may_be_shown(one))
        providers += [line.rendering, line.referring, line.ordering, line.supervising, line.facility]
        references.append(line.authorization)
        places.append(line.place_of_service)
    found.update(one for one in places if not shown.place_may_be_shown(one))
    found.update(one for one in references if one in members or not shown.reference_may_be_shown(one))
    for provider in providers:
        if provider is not None and not shown.npi_may_be_shown(provider.npi):
            found.add(provider.npi)
        if provider is not None and not shown.taxonomy_may_be_shown(provider.taxonomy):
            found.add(provider.taxonomy)
    return frozenset(found)


def session_of(draft: ClaimDraft, line: ServiceLine) -> SessionLine | None:
    """The first session line that a service line bills, or None."""
    for wanted in line.session_line_ids:
        for session in draft.sessions:
            if session.line_id == wanted:
                return session
    return None


def sessions_of(draft: ClaimDraft, line: ServiceLine) -> tuple[SessionLine, ...]:
    """The session lines that a service line bills."""
    wanted = line.session_line_ids
    return tuple([session for session in draft.sessions if session.line_id in wanted])


def at_claim(draft: ClaimDraft, field: str, element: str | None = None) -> Location:
    """The place of a problem that the whole claim has: its first session row stands for it."""
    first = draft.sessions[0] if draft.sessions else None
    return _location(draft, first, field, element, None)


def at_line(draft: ClaimDraft, line: ServiceLine, field: str, element: str | None = None) -> Location:
    """The place of a problem of one service line."""
    return _location(draft, session_of(draft, line), field, element, str(line.number))


def _location(
    draft: ClaimDraft, session: SessionLine | None, field: str, element: str | None, line: str | None
) -> Location:
    return Location(
        file=(session.file or None) if session is not None else None,
        row=(session.row or None) if session is not None else None,
        field=field,
        element=element,
        claim=draft.claim.patient_control_number or None,
        line=line,
        session=session.line_id if session is not None else None,
        visit=(session.visit_id or None) if session is not None else None,
    )


def first_day(draft: ClaimDraft) -> date | None:
    """The earliest date of service of the claim, or None when no line has one."""
    days = [line.date_from for line in draft.claim.lines if line.date_from is not None]
    return min(days) if days else None
