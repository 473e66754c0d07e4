"""277, claim status answer (005010X212): what a payer says has become of a claim. Both directions.

The 277CA (005010X214) is another transaction set of the same number, told by GS08; so are the ones that a payer sends
unasked (005010X228 pending, 005010X213 request for information), which nothing here reads.
Source: 005010X212, 004010X093A1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final, Unpack

from edi.model.finding import Finding
from edi.model.party import Provider
from edi.model.status import CLAIM, StatusAnswer
from edi.model.status import PROVIDER as OF_PROVIDER
from edi.model.status import RECEIVER as OF_RECEIVER
from edi.transactions.elements import at, never_silent
from edi.transactions.levels import (
    DEPENDENT,
    PROVIDER,
    RECEIVER,
    SOURCE,
    SUBSCRIBER,
    Interchange,
    file_of,
    grouped,
    payer_of,
)
from edi.transactions.status_levels import VERSION, LevelReader, OpenClaim
from edi.transactions.status_writing import StatusWriter
from edi.x12.envelope import TransactionSet

KIND: Final = "277"
_GUIDES: Final = ("X212", "X093")
_LEVELS: Final = {RECEIVER: OF_RECEIVER, PROVIDER: OF_PROVIDER}


def answers_inquiries(ts: TransactionSet) -> bool:
    """Whether a transaction set is a 277 that answers a 276, and no 277CA or one that comes unasked."""
    return ts.kind == KIND and any(guide in ts.version for guide in _GUIDES)


@never_silent
def read(ts: TransactionSet) -> Iterator[StatusAnswer | Finding]:
    """Read one 277: an answer for each claim in the file's order, or for a level that is answered as one.

    Yields:
        Answers. Finding SUB005 for what cannot be read, CST005 for a segment outside every level, CST004 for an answer
        without a status or a file without an answer.
    """
    reader = LevelReader(ts, answered=True)
    answered = False
    for item in reader.read(ts):
        if isinstance(item, Finding):
            yield item
            continue
        answer = _answer(reader, item)
        if answer.level != CLAIM and not answer.statuses:
            continue
        answered = True
        if not answer.statuses and not any(line.statuses for line in answer.lines):
            yield reader.finding("CST004", item.segment, "an answer gives no status (STC)", "STC")
        yield answer
    if not answered:
        yield reader.finding("CST004", 1, "the file answers nothing", "TRN")


def _answer(reader: LevelReader, claim: OpenClaim) -> StatusAnswer:
    source, receiver, provider, subscriber = (
        reader.level(code) for code in (SOURCE, RECEIVER, PROVIDER, SUBSCRIBER)
    )
    first, last = claim.period or (None, None)
    levels = dict.fromkeys((*reader.levels.values(), claim.level))
    return StatusAnswer(
        level=_LEVELS.get(claim.level.code, CLAIM),
        reference=reader.reference,
        answered_on=reader.created,
        trace_number=claim.trace_number,
        payer_name=source.name,
        payer_id=source.id,
        payer_id_qualifier=at(source.nm1, 8),
        receiver_name=receiver.name,
        receiver_id=receiver.id,
        provider=provider.provider() if provider.nm1 else None,
        subscriber=subscriber.person(),
        member_id=subscriber.id,
        patient=claim.level.person() if claim.level.code == DEPENDENT else None,
        statuses=tuple(claim.statuses),
        payer_claim_control_number=claim.reference("1K"),
        patient_control_number=claim.reference("EJ"),
        references=claim.others("1K", "EJ"),
        date_from=first,
        date_to=last,
        lines=tuple(claim.lines),
        kept=(*(one for level in levels for one in level.kept), *claim.kept),
    )


def write(
    transactions: Sequence[tuple[str, Sequence[StatusAnswer]]], **interchange: Unpack[Interchange]
) -> bytes:
    """Return an interchange with one 277 for each 276 answered, as the test payer sends it; as ``levels.file_of``.

    Args:
        transactions: each ST02 with its answers; BHT03 and BHT04 are those of the first. Segments kept are not written.
        interchange: what stands around them.
    """
    return file_of((KIND, "HN", VERSION), StatusWriter, _fill, transactions, upper_case=True, **interchange)


def _fill(writer: StatusWriter, _reference: str, created: datetime, answers: Sequence[StatusAnswer]) -> None:
    """What stands between ST and SE."""
    first = answers[0] if answers else StatusAnswer()
    day: date = first.answered_on or created.date()
    writer.add("BHT", "0010", "08", writer.code[first.reference], f"{day:%Y%m%d}", f"{created:%H%M}", "DG")
    for (name, qualifier, identifier), of_payer in grouped(answers, payer_of):
        source = writer.level(SOURCE, "", child=True)
        writer.organization("PR", name, qualifier, identifier)
        for (receiver, receiver_id), mine in grouped(
            of_payer, lambda one: (one.receiver_name, one.receiver_id)
        ):
            whole = [one for one in mine if one.level == OF_RECEIVER]
            top = writer.level(RECEIVER, source, child=len(whole) < len(mine))
            writer.organization("41", receiver, "46", receiver_id)
            _statuses(writer, whole)
            _providers(writer, top, [one for one in mine if one.level != OF_RECEIVER])


def _providers(writer: StatusWriter, top: str, answers: Iterable[StatusAnswer]) -> None:
    """2000C and all below it."""
    for provider, mine in grouped(answers, lambda one: one.provider):
        whole = [one for one in mine if one.level == OF_PROVIDER]
        parent = writer.level(PROVIDER, top, child=len(whole) < len(mine))
        writer.provider(provider or Provider(is_person=False, last_name=""))
        _statuses(writer, whole)
        for answer in mine:
            if answer.level == CLAIM:
                _claim(writer, parent, answer)


def _statuses(writer: StatusWriter, answers: Iterable[StatusAnswer]) -> None:
    """2200B or 2200C: what is said of all below."""
    for answer in answers:
        writer.add("TRN", "2" if answer.level == OF_RECEIVER else "1", writer.code[answer.trace_number])
        for status in answer.statuses:
            writer.status(status)


def _claim(writer: StatusWriter, parent: str, answer: StatusAnswer) -> None:
    """2000D, 2000E, 2200 and 2220 of one claim."""
    own = writer.level(SUBSCRIBER, parent, child=answer.patient is not None)
    writer.person("IL", answer.subscriber, answer.member_id)
    if answer.patient is not None:
        writer.level(DEPENDENT, own, child=None)
        writer.person("QC", answer.patient, "")
    writer.add("TRN", "2", writer.code[answer.trace_number])
    for status in answer.statuses:
        writer.status(status)
    writer.references(
        ("1K", answer.payer_claim_control_number),
        ("EJ", answer.patient_control_number),
        *answer.references,
    )
    writer.period(answer.date_from, answer.date_to)
    for line in answer.lines:
        writer.line(line)
