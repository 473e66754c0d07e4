"""Answers -> 271: what the test payer sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeAlias, Unpack

from edi.model.eligibility import Benefit, EligibilityAnswer, Rejection, RelatedEntity
from edi.model.money import format_amount
from edi.model.party import Person, Provider
from edi.model.remittance import Procedure
from edi.transactions.eligibility_levels import VERSION, LevelWriter
from edi.transactions.levels import (
    DEPENDENT,
    RECEIVER,
    SOURCE,
    SUBSCRIBER,
    Interchange,
    file_of,
    grouped,
    payer_of,
)

_KIND: Final = "271"


def write(
    transactions: Sequence[tuple[str, Sequence[EligibilityAnswer]]], **interchange: Unpack[Interchange]
) -> bytes:
    """Return an interchange with one 271 for each 270 answered; as ``levels.file_of``.

    Args:
        transactions: each ST02 with its answers; BHT03 is that of the first. Segments kept are not written.
        interchange: what stands around them. An answer's own day (BHT04) is that of the first one of its set.
    """
    return file_of((_KIND, "HB", VERSION), _Writer, _fill, transactions, upper_case=True, **interchange)


def _fill(writer: _Writer, _reference: str, created: datetime, answers: Sequence[EligibilityAnswer]) -> None:
    """What stands between ST and SE."""
    first = answers[0] if answers else EligibilityAnswer()
    day = first.answered_on or created.date()
    writer.add("BHT", "0022", "11", writer.code[first.reference], f"{day:%Y%m%d}", f"{created:%H%M}")
    for payer, members in grouped(answers, _payer_of):
        writer.payer(payer, members)


_Payer: TypeAlias = tuple[str, str, str, tuple[Rejection, ...]]


def _of_level(answer: EligibilityAnswer, level: str) -> tuple[Rejection, ...]:
    return tuple(one for one in answer.rejections if one.level == level)


def _payer_of(answer: EligibilityAnswer) -> _Payer:
    return *payer_of(answer), _of_level(answer, "source")


class _Writer(LevelWriter):
    """The segments of one 271."""

    def payer(self, payer: _Payer, answers: Iterable[EligibilityAnswer]) -> None:
        """2000A and all below it; a payer that rejects ends there."""
        name, qualifier, identifier, rejections = payer
        source = self.level(SOURCE, "", child=not rejections)
        self.organization("PR", name, qualifier, identifier)
        self._rejections(rejections)
        if rejections:
            return
        for (provider, refused), members in grouped(
            answers, lambda one: (one.provider, _of_level(one, "receiver"))
        ):
            receiver = self.level(RECEIVER, source, child=not refused)
            self.provider(provider or Provider(is_person=False, last_name=""))
            self._rejections(refused)
            for answer in members if not refused else ():
                self._subscriber(receiver, answer)

    def _subscriber(self, receiver: str, answer: EligibilityAnswer) -> None:
        """2000C and 2000D; all but the subscriber's name stands with the patient."""
        patient = answer.patient
        own = self.level(SUBSCRIBER, receiver, child=patient is not None)
        if patient is None:
            self._traces(answer)
        references = answer.references if patient is None else ()
        self.patient("IL", answer.subscriber, answer.member_id, references)
        self._rejections(_of_level(answer, "subscriber"))
        if patient is not None:
            self.level(DEPENDENT, own, child=False)
            self._traces(answer)
            self.patient("03", patient, "", answer.references)
            self._rejections(_of_level(answer, "dependent"))
        if answer.relationship:
            self.add("INS", "Y" if patient is None else "N", self.code[answer.relationship])
        self.dates(answer.dates)
        for benefit in answer.benefits:
            self._benefit(benefit)

    def _traces(self, answer: EligibilityAnswer) -> None:
        for kind, number, assigner in answer.traces:
            self.add("TRN", self.code[kind], self.code[number], self.code[assigner])

    def _rejections(self, rejections: Iterable[Rejection]) -> None:
        for one in rejections:
            self.add("AAA", "Y" if one.valid else "N", "", self.code[one.code], self.code[one.follow_up])

    def _benefit(self, benefit: Benefit) -> None:
        """2110 and its 2120."""
        code, procedure = self.code, benefit.procedure
        self.add(
            "EB",
            code[benefit.code],
            code[benefit.coverage_level],
            self.repetition.join(code[kind] for kind in benefit.service_types),
            code[benefit.insurance_type],
            self.text[benefit.plan_name],
            code[benefit.period],
            format_amount(benefit.amount) if benefit.amount is not None else "",
            code[benefit.percent],
            code[benefit.quantity_qualifier],
            code[benefit.quantity],
            code[benefit.authorization],
            code[benefit.in_network],
            self._procedure(procedure) if procedure is not None else "",
        )
        for kind, value in benefit.references:
            self.add("REF", code[kind], code[value])
        self.dates(benefit.dates)
        self._rejections(benefit.rejections)
        for message in benefit.messages:
            self.add("MSG", self.text[message])
        if benefit.entities:
            self.add("LS", "2120")
            for entity in benefit.entities:
                self._entity(entity)
            self.add("LE", "2120")

    def _procedure(self, procedure: Procedure) -> str:
        parts = (procedure.qualifier, procedure.code, *procedure.modifiers)
        return self.component.join(self.code[part] for part in parts)

    def _entity(self, entity: RelatedEntity) -> None:
        names = Person(
            last_name=entity.last_name,
            first_name=entity.first_name,
            middle_name=entity.middle_name,
            suffix=entity.suffix,
        )
        self.add(
            "NM1",
            self.code[entity.role],
            "1" if entity.is_person else "2",
            *self._names(names),
            *self._id(entity.id_qualifier, entity.id),
        )
