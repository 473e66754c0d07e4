"""What `held list`, `unmatched list` and `claims list` answer: store rows in the contract's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from cli.render import Row, money
from edi.model.errors import UsageError
from edi.payers.profile import PayerProfile
from reconcile.deadlines import UNPROCESSABLE, deadlines
from reconcile.store.listing import DenialListing, HeldListing, UnmatchedListing
from reconcile.store.totals import ClaimListing

HELD_COLUMNS = ("id", "kind", "patient_control_number", "payer_name", "amount", "reason", "detail", "file")
HELD_NARROW = ("id", "kind", "patient_control_number", "amount", "file")
UNMATCHED_COLUMNS = (
    "id",
    "patient_control_number",
    "payer_name",
    "charge",
    "paid",
    "reason",
    "detail",
    "candidates",
)
UNMATCHED_NARROW = ("id", "patient_control_number", "paid", "reason", "candidates")
CLAIM_COLUMNS = (
    "patient_control_number", "practice_id", "payer", "date_from", "frequency", "again", "status", "charge", "paid",
    "contractual", "patient", "denied", "open", "waiting",
)  # fmt: skip
CLAIM_NARROW = ("patient_control_number", "date_from", "again", "status", "charge", "paid", "open", "waiting")
CLAIM_STATUSES = (
    "submitted", "accepted", "rejected", "pended", "partly_answered", "partly_denied", "denied", "settled",
    "overpaid", "reversed",
)  # fmt: skip
"""What a claim's status can be: its acknowledgment's word, then what ``reconcile.reconciliation`` derives."""

NEXT_STEPS = {
    "suspense": "the claim payment does not add up: ask the payer for a corrected 835, or wait for its reversal; "
    "nothing of it is posted; held show tells what is off, held release posts it as it is",
    "quarantined": "the payment does not add up as a whole: ask the payer or clearinghouse for a corrected 835 and "
    "ingest that; nothing of it is posted; held release posts it with the difference to the bank unexplained, unless "
    "it was cut off, or what is in it is posted already; held dismiss takes it off the list for good",
    "released": "posted by hand with this much unexplained: it is cleared when the payer corrects it; held release "
    "--undo takes the release back",
    "dismissed": "nothing: a person said that it is never to be posted; held dismiss --undo brings it back",
    "conflict": "a payment with this trace number is posted with other content: possibly a reissue; ask the payer "
    "which of the two is right; held release puts this one in the place of the other, held dismiss lets that stand",
    "unknown_payee": "the payee is none of the practices: add its NPI or tax id to claimloop.toml, or return the 835 "
    "to whom it belongs; ingest again",
    "no_claim": "no claim here bears this number: import the 837P that billed it (claims import)",
    "ambiguous": "several claims fit: compare the candidates (claims show) and ask the payer which one it answered; "
    "then unmatched link",
    "conflict_of_match": "the number and the patient or payer contradict each other: compare with the candidates "
    "(claims show) and ask the payer",
    "other_patient": "name and member id in the 835 are another patient's: compare with the candidate (claims show) "
    "and ask the payer; unmatched link posts it where it is that claim all the same",
    "too_many_answers": "the claim has more answers than any claim gets: find out what the payer sent, and ask it; "
    "unmatched link posts one all the same",
    "lines_unmatched": "the claim is found, but its lines are not: compare with the candidate (claims show); the "
    "payer may have recoded, or answered another submission: import that one",
    "no_original": "nothing: it is posted by itself when the payment that it takes back comes; ask the payer for that "
    "835 if it is older than this store",
    "not_ours": "nothing here: hand the 835 to whom the claim belongs",
    "predetermination": "nothing: it says what would be paid; the payment comes by itself",
}
"""What a person does next, by the kind of what is held and the reason why a payment found no claim."""


def profile_of(denial: DenialListing, payers: Mapping[str, PayerProfile]) -> PayerProfile | None:
    """Return the profile of who paid; where the remittance's payer is not identified, of whom the claim went to."""
    return payers.get(denial.payer) or payers.get(denial.claim_payer)


def resubmit_by(denial: DenialListing, payers: Mapping[str, PayerProfile]) -> date | None:
    """Return the last day for a new claim in place of an unprocessable one; None for other denials or if unknown.

    It is the payer's limit for first claims (``filing.initial_days`` or ``initial_months``), counted from the date of
    service.
    """
    return due_date(denial, payers) if denial.kind == UNPROCESSABLE else None


def due_date(denial: DenialListing, payers: Mapping[str, PayerProfile]) -> date | None:
    """Return the payer's last day that decides, as it is before anybody worked on the denial.

    It is the first of ``reconcile.deadlines.deadlines``: of a denial with right of appeal the last day of the first
    level, whatever the action is: until then the right is kept. None where the payer's days are not known.
    """
    found = deadlines(
        profile_of(denial, payers),
        kind=denial.kind,
        guardrails=denial.guardrails,
        served=denial.date_of_service or denial.claim_date_from,
        remitted_on=denial.remitted_on,
    )
    return found[0].on if found else None


def waiting_footer(rows: Sequence[Row], cents: int, word: str, key: str) -> list[str]:
    """Return the lines under held or unmatched rows: count and sum, and the next step once for each ``key``."""
    steps = {str(row[key]): str(row["next_step"]) for row in rows}
    return [
        f"{counted(len(rows), word)}, {money(cents)}",
        *(f"{name}: {step}" for name, step in steps.items()),
    ]


def counted(number: int, word: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _next_step(reason: str) -> str:
    """The next step of an unmatched payment; a ``conflict`` here is no reissue."""
    if reason == "conflict":
        return NEXT_STEPS["conflict_of_match"]
    return NEXT_STEPS.get(
        reason, "compare with the candidates (claims show), then ask the payer what it answered"
    )


def held_rows(held: Iterable[HeldListing]) -> list[Row]:
    """Return suspense, quarantine and conflicts, one row each."""
    return [
        {
            "id": one.id,
            "kind": one.kind,
            "patient_control_number": one.patient_control_number or None,
            "trace_number": one.trace_number or None,
            "payer_name": one.payer_name or None,
            "amount": money(one.amount),
            "reason": one.reason,
            "detail": one.detail,
            "file": one.file,
            "next_step": NEXT_STEPS[one.kind],
        }
        for one in held
    ]


def unmatched_rows(unmatched: Iterable[UnmatchedListing]) -> list[Row]:
    """Return claim payments that found no claim, one row each."""
    return [
        {
            "id": one.id,
            "patient_control_number": one.patient_control_number,
            "payer_name": one.payer_name,
            "payer_claim_control_number": one.payer_claim_control_number or None,
            "charge": money(one.charge),
            "paid": money(one.paid),
            "reason": one.reason,
            "detail": one.detail,
            "candidates": one.candidates,
            "trace_number": one.trace_number or None,
            "file": one.file,
            "next_step": _next_step(one.reason),
        }
        for one in unmatched
    ]


def claim_rows(claims: Iterable[ClaimListing], waiting: Mapping[tuple[str, str], int]) -> list[Row]:
    """Return claims, one row a submission; the sums stand with the first one of a claim that went out again.

    Args:
        claims: in the order they are shown.
        waiting: cents held in suspense or unmatched, by practice and control number; shown on the first row of each.
    """
    left = dict(waiting)
    return [
        {
            "patient_control_number": one.patient_control_number,
            "practice_id": one.practice_id,
            "payer": one.payer,
            "date_from": one.date_from,
            "date_to": one.date_to,
            "frequency": one.frequency,
            "status": one.status,
            "acknowledged": one.acknowledged or None,
            "again": one.again or None,
            "charge": money(one.charge),
            "paid": money(one.paid),
            "contractual": money(one.contractual),
            "patient": money(one.patient),
            "denied": money(one.denied),
            "pended": money(one.pended),
            "open": money(one.open),
            "waiting": money(left.pop((one.practice_id, one.patient_control_number), None)),
        }
        for one in claims
    ]


# -- filters ---------------------------------------------------------------------------------------------------------


def known_word(option: str, given: str, known: Iterable[str]) -> str:
    """Return the known word that was given, in its own spelling; case does not matter.

    Raises:
        UsageError: it is none of them; the message names them.
    """
    words = sorted({word for word in known if word})
    for word in words:
        if word.casefold() == given.casefold():
            return word
    raise UsageError(
        f"{option}: {given!r} is none of {', '.join(words) or 'those known (there are none yet)'}"
    )


def known_payers(given: str, known: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return the payers that were meant: pairs of key and name.

    Args:
        given: a key or a name, or a part of one that only one payer has; case does not matter.
        known: keys and names of the store and of payers.toml; one payer may have several names.

    Raises:
        UsageError: it is none of them, or may mean several; the message names them.
    """
    wanted, pairs = given.casefold(), sorted(set(known))
    exact = frozenset(pair for pair in pairs if wanted in (pair[0].casefold(), pair[1].casefold()))
    found = exact or frozenset(
        pair for pair in pairs if any(wanted in spelling.casefold() for spelling in pair)
    )
    keys = {pair[0] for pair in found}
    if wanted and (exact or len(keys) == 1):
        return frozenset(pair for pair in pairs if pair[0] in keys and (pair[0] or pair in found))
    labels = {(key or name).casefold(): f"{key} ({name})" if key else name for key, name in found or pairs}
    names = ", ".join(sorted(labels.values()))
    if found:
        raise UsageError(f"--payer: {given!r} could be any of {names}")
    raise UsageError(f"--payer: {given!r} is none of {names or 'those known (there are none yet)'}")
