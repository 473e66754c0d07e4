"""`claims status read`, `list` and `show`: what payers said of claims, in a person's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from cli.jobs.claim_status.answers import ingest_status
from cli.jobs.claim_status.words import command, due_date, said_of, statuses_in_words
from cli.jobs.inquiries.reading import Reader
from cli.render import Row, money
from edi.codes.lookup import Tables
from edi.model.status import StatusLine
from edi.payers.profile import PayerProfile
from edi.transactions import t277
from reconcile.store.claim_status.known import StoredAnswer, status_answers

COLUMNS = (
    "practice_id", "claim", "payer", "state", "code", "answered_on", "age_days", "paid", "remitted_on",
    "check_number", "payer_claim_control_number", "open", "asked_on", "tied", "says",
)  # fmt: skip
NARROW = ("claim", "payer", "state", "code", "answered_on", "says")


read_answers: Final = Reader[StoredAnswer](
    verb="claims status read",
    kind=t277.KIND,
    is_answer=t277.answers_inquiries,
    foreign=(
        "answer to a claim status inquiry (277, 005010X212)",
        "claimloop ingest takes what else comes back",
    ),
    ingest=ingest_status,
    totals={"claim_status_answers": "count", "claim_status_work": "work"},
    meanings=lambda connection, files: status_answers(connection, files=files),
).read


def last_of_each(answers: Iterable[StoredAnswer]) -> list[StoredAnswer]:
    """The last answer about each claim, by practice and number; answers to no claim are left out."""
    last = {one.claim_id: one for one in answers if one.claim_id}
    return sorted(last.values(), key=lambda one: (one.practice_id, one.patient_control_number, one.claim_id))


def answer_json(
    one: StoredAnswer, *, today: date, tables: Tables, payers: Mapping[str, PayerProfile]
) -> dict[str, Any]:
    """An answer as JSON values. Nothing of it names a patient."""
    status = one.answer.leading
    return {
        "practice_id": one.practice_id or None,
        "claim": one.patient_control_number or None,
        "payer": one.payer or None,
        "payer_name": one.payer_name or None,
        "charge": money(one.charge) if one.claim_id else None,
        "state": one.state,
        "code": ":".join(part for part in (one.code.category, one.code.status, one.code.entity) if part),
        "answered_on": one.answered_on,
        "age_days": (today - one.answered_on).days if one.answered_on is not None else None,
        "effective_on": one.effective_on,
        "stated_charge": money(status.charge) if status.charge is not None else None,
        "paid": money(one.paid) if one.paid is not None else None,
        "finalized_on": one.finalized_on,
        "remitted_on": one.remitted_on,
        "check_number": one.check_number or None,
        "payer_claim_control_number": one.payer_claim_control_number or None,
        "open": one.is_open,
        "due_date": due_date(one, payers) if one.is_open else None,
        "level": one.answer.level,
        "tied": one.tied or None,
        "trace_number": one.trace_number or None,
        "asked_on": one.asked_on,
        "file": one.file or None,
        "st_control_number": one.st_control_number or None,
        "says": said_of(one),
        "statuses": list(statuses_in_words(one.answer.statuses, tables)),
        "lines": [_line_json(line, tables) for line in one.answer.lines],
        "command": command(one) if one.is_open else None,
    }


def _line_json(line: StatusLine, tables: Tables) -> dict[str, Any]:
    return {
        "line_control_number": line.line_control_number or None,
        "procedure": line.procedure.code,
        "modifiers": line.procedure.modifiers,
        "charge": money(line.charge) if line.charge is not None else None,
        "paid": money(line.paid) if line.paid is not None else None,
        "date_from": line.date_from,
        "date_to": line.date_to,
        "statuses": list(statuses_in_words(line.statuses, tables)),
    }


def answer_row(one: StoredAnswer, *, today: date, tables: Tables, payers: Mapping[str, PayerProfile]) -> Row:
    """An answer as a row of a table or CSV: what JSON has as lists in one cell each."""
    told = answer_json(one, today=today, tables=tables, payers=payers)
    lines = [
        f"{line['line_control_number'] or line['procedure']}: {'; '.join(line['statuses'])}"
        for line in told["lines"]
    ]
    return {**told, "lines": lines}
