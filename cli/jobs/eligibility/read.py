"""`eligibility read` and `eligibility list`: what payers answered, in a person's words."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from cli.jobs import manifest
from cli.jobs.eligibility.answers import AnswerCounts, ingest_answers
from cli.jobs.eligibility.words import sentence
from cli.jobs.ingest import error_finding, files_of, take_in
from cli.jobs.manifest import FileEntry, Manifest, entries, summarise
from cli.render import Row, mask, money
from edi.model.finding import Finding
from edi.transactions import t271
from edi.x12.envelope import FATAL, read_transactions
from reconcile.store import Kept, Store
from reconcile.store.eligibility import StoredConfirmation, confirmations

COLUMNS = (
    "trace_number", "patient", "payer", "status", "confirmed_on", "age_days", "coverage_to", "other_payers",
    "visits_left", "therapy_dollars_used", "says",
)  # fmt: skip
NARROW = ("trace_number", "payer", "status", "confirmed_on", "says")


class AnswersRead(msgspec.Struct, frozen=True, kw_only=True):
    """What `eligibility read` did: a manifest of the files, and what their answers mean."""

    manifest: Manifest
    answers: tuple[StoredConfirmation, ...]


def read_answers(paths: Iterable[Path], store: Store, *, now: datetime) -> AnswersRead:
    """Take in 271 files; a file that is known is only said.

    Args:
        paths: files and folders.
        store: open for writing.
        now: UTC without zone.

    Raises:
        AccessError, TemporaryError, StoreError: the store or the vault failed; what was done is whole.
    """
    listed = [
        take_in(
            path,
            store,
            now,
            verb="eligibility read",
            read=lambda kept, name=path.name: _read_file(store, kept, name),  # type: ignore[misc]
        )
        for path in files_of(paths)
    ]
    digests = {entry.sha256 for entry in listed if entry.sha256 is not None}
    with store.read() as connection:
        answers = tuple(confirmations(connection, digests))
    return AnswersRead(manifest=summarise(listed), answers=answers)


def _read_file(store: Store, kept: Kept, name: str) -> FileEntry:
    """Take in every 271 of a kept file."""
    findings: list[Finding] = []
    counts: list[AnswerCounts] = []
    foreign = False
    with closing(store.vault.read(kept.sha256)) as blocks:
        position = 0
        for item in read_transactions(blocks, file=name):
            if isinstance(item, Finding):
                findings.append(item)
                continue
            if item.kind == t271.KIND:
                one, said = ingest_answers(store, kept.sha256, position, item)
                counts.append(one)
                findings += said
            else:
                foreign = True
                message = f"a transaction set {item.kind} is no answer about eligibility (271)"
                findings.append(
                    error_finding("ING004", message, name, "ingest takes 835, 277CA, 999 and TA1")
                )
            position += 1
    answered = sum(one.count for one in counts)
    broken = foreign or any(one.code in FATAL for one in findings)
    outcome = manifest.PARTIAL if broken else manifest.POSTED
    if not answered:
        outcome = manifest.REJECTED
    elif not broken and all(one.known for one in counts):
        outcome = manifest.DUPLICATE
    return FileEntry(
        file=name,
        sha256=kept.sha256,
        kind=t271.KIND if counts else None,
        outcome=outcome,
        eligibility_answers=answered,
        findings=entries(findings),
    )


def last_confirmations(store: Store) -> list[StoredConfirmation]:
    """The last answer about each coverage, by practice, patient and payer; answers to no inquiry come last.

    Those are told apart by person: families share a member id.
    """
    last: dict[tuple[str, ...], StoredConfirmation] = {}
    with store.read() as connection:
        for one in confirmations(connection):
            said = one.confirmation
            own = (said.practice_id, said.patient_id, said.payer_key, said.member_id)
            born = said.birth_date.isoformat() if said.birth_date is not None else ""
            loose = ("", "", said.payer_id, said.member_id, born, *said.name)
            last[own if said.patient_id else loose] = one
    return [last[key] for key in sorted(last, key=lambda key: (not key[1], key))]


def confirmation_json(one: StoredConfirmation, *, today: date, show_phi: bool = False) -> dict[str, Any]:
    """An answer as JSON values; patient and member id masked unless ``show_phi``."""
    said = one.confirmation
    day = said.confirmed_on
    return {
        "practice_id": said.practice_id or None,
        "patient": mask(said.patient_id, show_phi) or None,
        "member_id": mask(said.member_id, show_phi) or None,
        "payer": said.payer_key or said.payer_id or None,
        "trace_number": said.trace_number or None,
        "tied": one.tied or None,
        "asked_on": one.asked_on,
        "asked_from": said.asked_from,
        "asked_to": said.asked_to,
        "confirmed_on": day,
        "age_days": (today - day).days if day is not None else None,
        "status": said.status,
        "plan_name": said.plan_name or None,
        "insurance_type": said.insurance_type or None,
        "coverage_from": said.coverage_from,
        "coverage_to": said.coverage_to,
        "not_covered": said.not_covered,
        "other_payers": [
            {
                "name": each.name or None,
                "id": each.id or None,
                "role": each.role or None,
                "insurance_type": each.insurance_type or None,
                "primary": each.is_primary,
                "service_types": each.service_types,
                "from": each.date_from,
                "to": each.date_to,
            }
            for each in said.other_coverages
        ],
        "visits_left": dict(said.visits_left),
        "therapy_dollars_used": [
            {"bucket": each.bucket, "year": each.year, "used": money(each.used)}
            for each in said.therapy_dollars
        ],
        "rejections": [{"code": code, "follow_up": follow_up or None} for code, follow_up in said.rejections],
        "says": sentence(said),
    }


def confirmation_row(one: StoredConfirmation, *, today: date, show_phi: bool = False) -> Row:
    """An answer as a row of a table or CSV: what JSON has as lists in one cell each."""
    said = one.confirmation
    flat: dict[str, Any] = {
        "patient": mask(said.patient_id, show_phi) or "(not tied)",
        "other_payers": [
            " ".join(part for part in (each.role, each.insurance_type, each.name or each.id) if part)
            for each in said.other_coverages
        ],
        "visits_left": [f"{kind}: {visits}" for kind, visits in said.visits_left],
        "therapy_dollars_used": [
            f"{each.bucket} {each.year}: {money(each.used)}" for each in said.therapy_dollars
        ],
        "rejections": [f"{code} {follow_up}".strip() for code, follow_up in said.rejections],
    }
    return {**confirmation_json(one, today=today, show_phi=show_phi), **flat}
