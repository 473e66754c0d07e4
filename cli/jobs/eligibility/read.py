"""`eligibility read` and `eligibility list`: what payers answered, in a person's words."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from cli.jobs.eligibility.answers import ingest_answers
from cli.jobs.eligibility.words import sentence
from cli.jobs.inquiries.reading import Reader
from cli.render import Row, mask, money
from edi.transactions import t271
from reconcile.store import Store
from reconcile.store.eligibility import StoredConfirmation, confirmations

COLUMNS = (
    "trace_number", "patient", "payer", "status", "confirmed_on", "age_days", "coverage_to", "other_payers",
    "visits_left", "therapy_dollars_used", "says",
)  # fmt: skip
NARROW = ("trace_number", "payer", "status", "confirmed_on", "says")


read_answers: Final = Reader[StoredConfirmation](
    verb="eligibility read",
    kind=t271.KIND,
    is_answer=lambda transaction: transaction.kind == t271.KIND,
    foreign=("answer about eligibility (271)", "ingest takes 835, 277CA, 999 and TA1"),
    ingest=ingest_answers,
    totals={"eligibility_answers": "count"},
    meanings=confirmations,
).read


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
