"""What a therapist did, before any billing rule: one row of sessions.csv as a value. Source: design/input.md."""

from __future__ import annotations

from datetime import date, time

import msgspec


class SessionLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One billed line of a visit. Field names are the columns of sessions.csv; blank is None, "" or ().

    Minutes are whole minutes, ``charge`` and ``patient_paid`` cents (total of the line). ``row`` and ``file`` say
    where it came from, for findings.
    """

    practice_id: str
    visit_id: str
    line_id: str
    patient_id: str
    date_of_service: date
    procedure_code: str
    diagnosis_codes: tuple[str, ...] = ()
    note_status: str = ""
    case_id: str = ""
    start_time: time | None = None
    end_time: time | None = None
    discipline: str = ""
    treating_npi: str = ""
    treating_id: str = ""
    rendering_npi: str = ""
    supervising_npi: str = ""
    modifiers: tuple[str, ...] = ()
    minutes: int | None = None
    assistant_minutes: int | None = None
    visit_timed_minutes: int | None = None
    visit_total_minutes: int | None = None
    units: int | None = None
    group_size: int | None = None
    charge: int | None = None
    place_of_service: str = ""
    facility_id: str = ""
    prior_authorization: str = ""
    kx_attested: bool = False
    abn: str = ""
    telehealth: str = ""
    active_care: bool | None = None
    patient_paid: int | None = None
    claim_key: str = ""
    line_note: str = ""
    do_not_bill: str = ""
    file: str = ""
    row: int = 0

    @property
    def billable(self) -> bool:
        """Whether the line may become a claim: the note is signed (or unmarked) and nobody said not to bill it."""
        return self.note_status in ("", "signed") and not self.do_not_bill


class BilledSession(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A session line that an earlier claim took, unchanged since, and the units it was billed with.

    ``units`` is 0 when its minutes earned none, or when another session line of its service line carries them.
    """

    line: SessionLine
    units: int
