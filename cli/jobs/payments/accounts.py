"""Rows that are no payer's answer: what patients paid or owed, and claims from before with a balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from edi.model.by_hand import OPENING_BALANCE, PATIENT, HandRow
from edi.model.claim import Claim, ClaimPayer, Provider, ServiceLine, Subscriber
from edi.model.directory import Practice
from edi.model.finding import Finding, Location, Severity
from edi.model.remittance import Procedure
from edi.payers.profile import PayerProfile
from reconcile.store import ClaimOrigin, Connection, load_claim, save_claims
from reconcile.store.patient_entries import (
    OPENING,
    PAYMENT,
    ClaimNamed,
    KnownEntry,
    PatientEntry,
    claims_named,
    save_patient_entries,
)

UNKNOWN_CLAIM: Final = "PAY020"
SEVERAL_CLAIMS: Final = "PAY021"
UNKNOWN_LINE: Final = "PAY022"
KNOWN_CLAIM: Final = "PAY023"
CHANGED_OPENING: Final = "PAY024"
KNOWN_ENTRY: Final = "PAY025"


class AccountsDone(msgspec.Struct, frozen=True, kw_only=True):
    """What was saved: new entries of patients, new claims brought forward, whether anything was read at all.

    ``known`` counts entries of patients that were in the store, ``refused`` are the rows of claims that were not
    brought forward, ``paid`` the new payments of patients with the claim each is for.
    """

    patient_entries: int
    known: int
    paid: tuple[tuple[HandRow, int], ...]
    openings: int
    taken: bool
    refused: frozenset[int]
    findings: tuple[Finding, ...]


class AccountRows:
    """The rows of one file that are no payer's answer.

    Args:
        file: its name.
        sha256: its digest.
        practices: claimloop.toml's, by id.
        payers: profiles by key.
    """

    def __init__(
        self, file: str, sha256: str, practices: Mapping[str, Practice], payers: Mapping[str, PayerProfile]
    ) -> None:
        self._file = file
        self._sha256 = sha256
        self._practices = practices
        self._payers = payers
        self._findings: list[Finding] = []
        self._refused: set[int] = set()

    def save(self, connection: Connection, rows: Sequence[HandRow]) -> AccountsDone:
        """Save them: first the claims brought forward, for what a patient paid may be for one of them."""
        owed = [row for row in rows if row.kind == OPENING_BALANCE and row.payer]
        own = [row for row in rows if row.kind == PATIENT or (row.kind == OPENING_BALANCE and not row.payer)]
        openings, known = self._bring_forward(connection, owed)
        entries = self._entries(connection, own)
        found = save_patient_entries(connection, [entry for _, entry in entries])
        for (row, entry), before in zip(entries, found, strict=True):
            if before is not None:
                self._say_known(row, entry, before)
        new = [before is None for before in found]
        return AccountsDone(
            patient_entries=sum(new),
            known=len(new) - sum(new),
            paid=tuple(
                (row, entry.claim_id)
                for (row, entry), is_new in zip(entries, new, strict=True)
                if is_new and entry.claim_id is not None and entry.kind == PAYMENT and entry.cents > 0
            ),
            openings=openings,
            taken=bool(entries or openings or known),
            refused=frozenset(self._refused),
            findings=tuple(self._findings),
        )

    # -- claims from before --------------------------------------------------------------------------------------

    def _bring_forward(self, connection: Connection, rows: Sequence[HandRow]) -> tuple[int, int]:
        """Make a claim of the rows of each claim number; how many were new, and how many known."""
        grouped: dict[tuple[str, str], list[HandRow]] = {}
        for row in rows:
            grouped.setdefault((row.practice_id, row.claim), []).append(row)
        held = claims_named(connection, grouped)
        fresh: list[Claim] = []
        known = 0
        for key, some in grouped.items():
            claim = self._claim(some)
            if not held[key]:
                fresh.append(claim)
            elif all(load_claim(connection, one.root) == claim for one in held[key]):
                known += 1
            else:
                self._refuse_opening(some[0], held[key])
                self._refused.update(row.row for row in some)
        origin = ClaimOrigin(source=OPENING_BALANCE, file_sha256=self._sha256)
        return len(save_claims(connection, fresh, origin).new), known

    def _refuse_opening(self, row: HandRow, held: Sequence[ClaimNamed]) -> None:
        """Say why a claim is not brought forward: it is in the store otherwise."""
        if any(one.source != OPENING_BALANCE for one in held):
            message = "the claim is in the store already, with its own lines and payments"
            self._say(KNOWN_CLAIM, row, "claim", message, "Take the row out; claims show tells its balance.")
        else:
            fix = "Take the row out; book what changed as a payment or an adjustment."
            self._say(CHANGED_OPENING, row, "claim", "it was brought forward before with other content", fix)

    def _claim(self, rows: Sequence[HandRow]) -> Claim:
        """A claim with a line for each row, at the charge that was billed, else at what is still owed."""
        first = rows[0]
        practice, payer = self._practices[first.practice_id], self._payers[first.payer]
        lines = tuple(
            ServiceLine(
                number=number,
                procedure=Procedure("HC", row.procedure_code, row.modifiers),
                charge=row.amount if row.charge is None else row.charge,
                units=str(row.units or 1),
                date_from=row.date_of_service,
                date_to=row.date_of_service,
                line_control_number=row.line,
            )
            for number, row in enumerate(rows, 1)
        )
        return Claim(
            practice_id=first.practice_id,
            patient_id=first.patient_id,
            patient_control_number=first.claim,
            charge=sum(line.charge for line in lines),
            billing=Provider(
                is_person=practice.kind == "individual",
                last_name=practice.name,
                first_name=practice.first_name,
                npi=practice.npi,
                tax_id=practice.tax_id,
            ),
            subscriber=Subscriber(),
            payer=ClaimPayer(name=payer.name, id=payer.claim_id_for(), key=first.payer),
            notes=(("ADD", f"balance brought forward on {first.date.isoformat()}"),),
            lines=lines,
        )

    # -- patients ------------------------------------------------------------------------------------------------

    def _entries(self, connection: Connection, rows: Sequence[HandRow]) -> list[tuple[HandRow, PatientEntry]]:
        """The entries of patients, each with its row; a row whose claim cannot be told is left out and said."""
        held = claims_named(connection, {(row.practice_id, row.claim) for row in rows if row.claim})
        found = []
        for row in rows:
            entry = self._entry(row, held.get((row.practice_id, row.claim), []))
            if entry is not None:
                found.append((row, entry))
        return found

    def _entry(self, row: HandRow, held: Sequence[ClaimNamed]) -> PatientEntry | None:
        """One entry, None when it names a claim or line that cannot be told."""
        fitting = [one for one in held if not row.patient_id or one.patient_id in ("", row.patient_id)]
        if row.claim and len(fitting) != 1 and not (row.kind == OPENING_BALANCE and not held):
            self._unknown(row, fitting)
            return None
        claim = fitting[0] if fitting else None
        line = (0, None) if claim is None else self._line(row, claim)
        if line is None:
            return None
        return PatientEntry(
            practice_id=row.practice_id,
            kind=PAYMENT if row.kind == PATIENT else OPENING,
            entry_date=row.date,
            cents=row.amount,
            patient_id=row.patient_id or ("" if claim is None else claim.patient_id),
            patient_control_number=row.claim,
            claim_id=None if claim is None else claim.root,
            line_number=line[0],
            line_id=line[1],
            reference=row.reference,
            note=row.note,
            file_sha256=self._sha256,
            source_row=row.row,
        )

    def _unknown(self, row: HandRow, fitting: Sequence[ClaimNamed]) -> None:
        if fitting:
            fix = "Add the patient_id, or correct the control number."
            self._say(SEVERAL_CLAIMS, row, "claim", f"{len(fitting)} claims have this control number", fix)
        else:
            fix = (
                "Correct the control number, import the claim (claims import), or give the patient_id alone."
            )
            self._say(
                UNKNOWN_CLAIM, row, "claim", "no claim of the practice and patient has this number", fix
            )

    def _line(self, row: HandRow, claim: ClaimNamed) -> tuple[int, int | None] | None:
        """Place and id of the line that a row names; 0 and None when it names none, nothing when it cannot be told."""
        if not row.line and not row.procedure_code:
            return 0, None
        found = [
            (number, line_id)
            for number, (line_id, control, code, day) in enumerate(claim.lines, 1)
            if (control == row.line if row.line else (code, day) == (row.procedure_code, row.date_of_service))
        ]
        if len(found) == 1:
            return found[0]
        fix = "Name the line by its line control number, or leave line and procedure_code blank."
        message = f"{len(found) or 'no'} lines of the claim fit"
        self._say(UNKNOWN_LINE, row, "line" if row.line else "procedure_code", message, fix)
        return None

    def _say_known(self, row: HandRow, entry: PatientEntry, before: KnownEntry) -> None:
        """An entry that is dropped, for it is known; without a reference it may as well be another of that day."""
        again = before.file_sha256 == entry.file_sha256
        severity = Severity.INFO if entry.reference or again else Severity.WARNING
        message = (
            f"row {row.row} is left out: row {before.row} of {before.file or 'another file'} says the same"
        )
        fix = "Nothing, if it is the same; another payment of that day needs a reference of its own."
        self._say(KNOWN_ENTRY, row, "amount", message, fix, severity)

    def _say(
        self, code: str, row: HandRow, name: str, message: str, fix: str, severity: Severity = Severity.ERROR
    ) -> None:
        place = Location(file=self._file, row=row.row, field=name, claim=row.claim or None)
        self._findings.append(
            Finding(code=code, severity=severity, message=f"{name}: {message}", location=place, fix=fix)
        )
