"""`claims show`: a claim's whole story as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from cli.jobs.lists import due_date, resubmit_by
from cli.jobs.rejected.explaining import Explainer, command, deciding
from cli.jobs.rejected.words import Said
from cli.render import mask, money
from edi.codes import load_tables
from edi.model.money import decimal_text
from edi.payers.profile import PayerProfile
from reconcile.store.listing import RESEND
from reconcile.store.patient_entries import OPENING
from reconcile.store.posting_rows import SUSPENSE
from reconcile.store.rejections import REJECTED, Answer
from reconcile.store.story import ClaimStory
from reconcile.takebacks import ChainState
from reconcile.values import Account, Again


def story_lines(
    stories: Sequence[ClaimStory],
    payers: Mapping[str, PayerProfile],
    *,
    show_phi: bool,
    explainer: Explainer | None = None,
) -> Iterator[str]:
    """Yield the lines of the story, submissions in the order they were made; amounts in dollars.

    On a service line, charge = paid + contractual + patient + denied + suspense + open; what stands in brackets
    (pended, memo) is told beside and is not part of that sum. ``payers`` are profiles by key, for the days due,
    ``explainer`` puts rejections into words.
    """
    for story in stories:
        yield from _heading(story, show_phi)
        yield from _lines(story)
        yield from _acknowledged(story, explainer)
        yield from _answers(story)
        yield from _patient(story)
        yield from _denials(story, payers)
        yield from _waiting(story)
        yield from _takebacks(story)
        for finding in story.findings:
            yield f"  note {finding}"
        yield ""


def _heading(story: ClaimStory, show_phi: bool) -> Iterator[str]:
    name = f"{mask(story.patient_last_name, show_phi)}, {mask(story.patient_first_name, show_phi)}"
    members = " ".join(mask(member, show_phi) for member in story.member_ids.split("\n") if member)
    days = f"{story.date_from or '?'}" + (f" to {story.date_to}" if story.date_to != story.date_from else "")
    again = f"  {AGAIN.get(story.again, story.again)}" if story.again else ""
    yield f"claim {story.patient_control_number}  frequency {story.frequency}  {story.status}{again}"
    yield f"  practice {story.practice_id}   payer {story.payer_name or story.payer}   file {story.file or '-'}"
    yield f"  patient {name}   member {members or '-'}   service {days}"
    if story.again:
        yield f"  charge {decimal_text(story.charge)}; the answers to it are booked with the first submission, above"
        return
    yield (
        f"  charge {decimal_text(story.charge)} = paid {decimal_text(story.paid)}"
        f" + contractual {decimal_text(story.contractual)} + patient {decimal_text(story.patient)}"
        f" + denied {decimal_text(story.denied)}"
        + (f" + suspense {decimal_text(story.suspense)}" if story.suspense else "")
        + f" + open {decimal_text(story.open)}"
        + (f"   (pended {decimal_text(story.pended)})" if story.pended else "")
    )


def _lines(story: ClaimStory) -> Iterator[str]:
    for line in story.lines:
        sums = "  ".join(
            f"({account} {decimal_text(cents)})" if account in _BESIDE else f"{account} {decimal_text(cents)}"
            for account, cents in line.accounts.items()
            if cents
        )
        code = f"{line.procedure_code} {line.modifiers}".strip()
        nothing = "booked above" if story.again else "no answer yet"
        yield (
            f"  {line.number:>2}  {line.date_of_service or '?'}  {code:<14} x{line.units:<3}"
            f" {decimal_text(line.charge):>9}   {sums or nothing}   [{line.line_control_number or '-'}]"
        )


def _acknowledged(story: ClaimStory, explainer: Explainer | None) -> Iterator[str]:
    meanings = load_tables().code_set("277CA")
    for answer in story.acknowledgments:
        word = "accepted" if answer.accepted else "rejected"
        codes = " ".join(filter(None, (answer.code, answer.status)))
        meaning = meanings.get(answer.code) if answer.kind == "277CA" else None
        said = f"{codes}, {meaning.meaning}" if meaning is not None else codes
        yield f"  {answer.kind} {answer.level}: {word} ({said})"
        told = _told(story, answer, explainer)
        if told is not None:
            yield f"      {told.text}: {told.fix}"
    if story.status == REJECTED and explainer is not None:
        yield f"  next: {_next(story, explainer)}"


def _told(story: ClaimStory, answer: Answer, explainer: Explainer | None) -> Said | None:
    """A rejection in words; None for what is no rejection."""
    if answer.accepted or explainer is None or story.sent is None:
        return None
    return explainer.said(answer, story.patient_control_number, story.sent)


def _next(story: ClaimStory, explainer: Explainer) -> str:
    """The command that sends a rejected claim again."""
    answer = deciding(one for one in story.acknowledgments if not one.accepted)
    told = _told(story, answer, explainer) if answer is not None else None
    return command(story.patient_control_number, told)


def _answers(story: ClaimStory) -> Iterator[str]:
    for payment in story.payments:
        yield (
            f"  {payment.payment_date or '?'}  {payment.payer_name}  status {payment.status}"
            f"  paid {decimal_text(payment.paid)}  trace {payment.trace_number or '-'}"
            + (f"  ({payment.source}, by hand)" if payment.source != "835" else "")
            + f"  payer's number {payment.payer_claim_control_number or '-'}"
            f"  matched by {payment.evidence or '-'}  ({payment.outcome}, {payment.file or '-'})"
        )


def _patient(story: ClaimStory) -> Iterator[str]:
    for entry in story.patient_entries:
        word = "owed before" if entry.kind == OPENING else "paid" if entry.amount >= 0 else "was given back"
        said = decimal_text(abs(entry.amount))
        yield f"  {entry.date}  patient {word} {said}  reference {entry.reference or '-'}"
    if story.patient_entries:
        balance = story.patient_balance
        word = "the patient owes" if balance >= 0 else "the patient has a credit of"
        yield f"  {word} {decimal_text(abs(balance))}"


def _denials(story: ClaimStory, payers: Mapping[str, PayerProfile]) -> Iterator[str]:
    for denial in story.denials:
        line = f"line {denial.line_number} {denial.procedure_code}" if denial.line_number else "whole claim"
        name = f" [{denial.line_control_number}]" if denial.line_control_number else ""
        codes = " ".join((f"{denial.group}-{denial.reason}", *denial.remarks))
        yield (
            f"  denied {decimal_text(denial.amount)}  {line}{name}  {codes}"
            f"  {denial.category}, {denial.extent}, {denial.status}: {denial.next_action}"
        )
        due = due_date(denial, payers)
        more = [f"due {due}"] if due is not None else []
        more += [f"guardrails {' '.join(denial.guardrails)}"] if denial.guardrails else []
        if more:
            yield f"      {'   '.join(more)}"


def _waiting(story: ClaimStory) -> Iterator[str]:
    for one in story.waiting:
        held = one.outcome == SUSPENSE
        where = "held in suspense" if held else "unmatched"
        yield (
            f"  {decimal_text(one.paid)} {where} ({one.detail or one.reason}), file {one.file or '-'}; "
            f"see claimloop {'held' if held else 'unmatched'} list"
        )


def _takebacks(story: ClaimStory) -> Iterator[str]:
    for one in story.takebacks:
        stands = "settled"
        if one.state == ChainState.OPEN and one.balance < 0:
            stands = f"{decimal_text(-one.balance)} will still be taken"
        elif one.state == ChainState.OPEN:
            stands = f"{decimal_text(one.balance)} taken, and no reversal explains it"
        notes = f"  ({' '.join(one.notes)})" if one.notes else ""
        yield (
            f"  take-back {' '.join(one.reasons)} {one.reference}  deferred {decimal_text(one.deferred)}"
            f" by {' '.join(one.deferred_by) or '-'}  taken {decimal_text(one.taken)}"
            f" from {' '.join(one.reduced) or '-'}: {stands}{notes}; on no line, see claimloop report takebacks"
        )


AGAIN = {
    Again.REPLACEMENT: "(in the place of the one above)",
    Again.VOID: "(takes the one above back)",
    Again.NEW_CLAIM: "(a new claim in the place of the one above)",
    Again.DENIED_LINES: "(the denied lines of the one above)",
    Again.REJECTED: "(the one above, which was rejected, sent again)",
    Again.SECONDARY: "(to the next payer)",
    RESEND: "(sent again by another system)",
}
"""Why a submission follows another, in words."""
_BESIDE = (Account.PENDED, Account.MEMO)
_CENTS = (
    "charge", "paid", "contractual", "patient", "denied", "pended", "suspense", "open", "amount", "deferred",
    "taken", "refunded", "balance", "patient_balance",
)  # fmt: skip


def story_json(
    story: ClaimStory,
    payers: Mapping[str, PayerProfile],
    *,
    show_phi: bool,
    explainer: Explainer | None = None,
) -> dict[str, Any]:
    """Return the story as JSON values: amounts as decimal text, names and member ids masked unless ``show_phi``.

    ``payers`` are profiles by key: denials get the ``due_date`` and ``resubmit_by`` of `denials list`. ``explainer``
    puts rejections into words: they get ``says`` and ``next_step``, and a claim that is rejected ``command``.
    """
    document: dict[str, Any] = _with_decimals(msgspec.to_builtins(story))
    for name in ("patient_last_name", "patient_first_name"):
        document[name] = mask(document[name], show_phi)
    document["member_ids"] = [mask(member, show_phi) for member in story.member_ids.split("\n") if member]
    for row, denial in zip(document["denials"], story.denials, strict=True):
        row["due_date"] = due_date(denial, payers)
        row["resubmit_by"] = resubmit_by(denial, payers)
    for row, answer in zip(document["acknowledgments"], story.acknowledgments, strict=True):
        told = _told(story, answer, explainer)
        row["says"], row["next_step"] = (told.text, told.fix) if told is not None else (None, None)
    document["command"] = (
        _next(story, explainer) if story.status == REJECTED and explainer is not None else None
    )
    for row, waiting in zip(document["waiting"], story.waiting, strict=True):
        row["claims"] = sorted(waiting.claims)
    return document


def _with_decimals(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_with_decimals(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: money(one)
        if key in _CENTS and isinstance(one, int)
        else {account: money(cents) for account, cents in one.items()}
        if key == "accounts"
        else _with_decimals(one)
        for key, one in value.items()
    }
