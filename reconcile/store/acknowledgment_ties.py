"""Which claims an acknowledgment speaks of: by control numbers and envelope, by BHT03, or by the claim's own number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, select

from edi.model.acknowledgment import Acknowledgment, AcknowledgmentLevel
from edi.model.control import normalise_control_number
from edi.model.finding import Finding, Location, Severity
from reconcile.store.answered import CLAIMS_ANSWER
from reconcile.store.bulk import IN_LIST, chunks, table_of
from reconcile.store.claims import IMPORTED
from reconcile.store.practices import Payees, payees
from reconcile.store.schema import ClaimRow, FileRow
from reconcile.store.whole_rejections import noted_provider, rejects_submission, under

_CLAIM = table_of(ClaimRow)
_FILE = table_of(FileRow)


class SentFile(msgspec.Struct, frozen=True):
    """An interchange that carried claims: its file in the vault ("" when the store has none), ISA13 and GS06."""

    sha256: str
    partner: str
    interchange_control_number: str
    group_control_number: str


Answers = Callable[[SentFile], bool | None]
"""Whether the envelope of the acknowledgments is the answer to that of a file; None when the file's is not known."""


class _Held(msgspec.Struct, frozen=True):
    """A submission that carries a patient control number, as an acknowledgment of it is compared."""

    id: int
    root: int
    practice_id: str
    charge: int
    sent: datetime | None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of an acknowledgment's row that depend on what it is tied to."""

    interchange_control_number: str
    group_control_number: str
    transaction_control_number: str
    notes: str
    claims: int
    claim_id: int | None
    answered_file: str = ""


class Tie:
    """Finds the claims that the acknowledgments of one set answer.

    ``untied`` is what could be several claims' answer, ``files`` the digests of the files that were meant. ``others``
    says of a TA1 or 999 that it speaks of a file without claims.
    """

    def __init__(
        self,
        connection: Connection,
        answers: Sequence[Acknowledgment],
        answers_file: Answers | None,
        others: Callable[[Acknowledgment], bool] = lambda _answer: False,
    ) -> None:
        self._others = others
        self._connection = connection
        self._answers_file = answers_file or (lambda _file: None)
        self._by_number = _claims_by_number(connection, answers)
        self._payees: Payees | None = None
        self._known: dict[SentFile, bool | None] = {}
        self.untied: dict[tuple[str, str], Finding] = {}
        self.files: set[str] = set()
        self._address: dict[int, tuple[SentFile, str]] = {}

    def claims(self, answer: Acknowledgment) -> list[int]:
        """Ids of the claims an acknowledgment answers."""
        if answer.group_control_number:
            where = _CLAIM.c.group_control_number == answer.group_control_number
            if answer.transaction_control_number:
                where = and_(where, _CLAIM.c.st_control_number == answer.transaction_control_number)
            return self._of_file([where], answer, "AK102", f"group {answer.group_control_number}")
        if answer.patient_control_number:
            return self._of_number(answer, answer.patient_control_number)
        if rejects_submission(answer):
            return self._of_submission(answer)
        if answer.interchange_control_number:
            number = answer.interchange_control_number
            where = _CLAIM.c.interchange_control_number == number
            return self._of_file([where], answer, "TA101", f"interchange {number}")
        return []

    def _of_file(
        self, wheres: Sequence[ColumnElement[bool]], answer: Acknowledgment, element: str, what: str
    ) -> list[int]:
        """The claims of the one file that fits the control numbers and the envelope; of a submission, of its one set.

        Claims fit one of ``wheres``.
        """
        columns = (
            _CLAIM.c.st_control_number,
            _CLAIM.c.file_sha256,
            _CLAIM.c.partner,
            _CLAIM.c.interchange_control_number,
            _CLAIM.c.group_control_number,
        )
        fitting: dict[tuple[SentFile, str], list[int]] = {}
        for where in wheres:
            query = select(_CLAIM.c.id, *columns).where(where).order_by(_CLAIM.c.id)
            for number, set_number, *names in self._connection.execute(query):
                sent = SentFile(*names)
                if answer.kind != CLAIMS_ANSWER:
                    set_number = ""
                    if not answer.group_control_number:
                        sent = msgspec.structs.replace(sent, group_control_number="")
                fitting.setdefault((sent, set_number), []).append(number)
        says = {one: self._says(one[0]) for one in fitting}
        sure = [one for one in fitting if says[one]]
        chosen = sure or [one for one in fitting if says[one] is None]
        if len(chosen) == 1 and self._is_of_two(answer, fitting[chosen[0]]):
            message = f"the {answer.kind} fits {what} of imported claims and of inquiries; the claims are left alone"
            self._note("ACK005", what, message, Location(element=element))
            return []
        if len(chosen) == 1:
            self.files.update(filter(None, (chosen[0][0].sha256,)))
            self._address.update(dict.fromkeys(fitting[chosen[0]], chosen[0]))
            return fitting[chosen[0]]
        if chosen:
            files = len({sent.sha256 for sent, _ in chosen})
            where_else = f"{files} files" if files > 1 else f"{len(chosen)} transaction sets"
            message = f"the {answer.kind} fits {what} of {where_else}; it is tied to none of them"
            self._note("ACK005", what, message, Location(element=element))
        elif fitting:
            message = (
                f"the {answer.kind} fits {what} only of files that went to or from others; it is not tied"
            )
            self._note("ACK006", what, message, Location(element=element))
        return []

    def _is_of_two(self, answer: Acknowledgment, claims: Sequence[int]) -> bool:
        """Whether a TA1 or 999 fits claims of another system and a file of inquiries that went out from here.

        Both counted from one; control numbers that were given here are never given again.
        """
        if answer.kind == CLAIMS_ANSWER:
            return False
        source = select(_CLAIM.c.source).where(_CLAIM.c.id == claims[0])
        return self._connection.execute(source).scalar() == IMPORTED and self._others(answer)

    def kept(self, answer: Acknowledgment, claims: Sequence[int]) -> Kept:
        """What a row keeps of an acknowledgment that was tied to claims: ISA13, GS06 and ST02 are then all theirs."""
        one = Kept(
            interchange_control_number=answer.interchange_control_number or "",
            group_control_number=answer.group_control_number or "",
            transaction_control_number=answer.transaction_control_number or "",
            notes=" ".join(answer.notes),
            claims=len(claims),
            claim_id=claims[0] if len(claims) == 1 else None,
        )
        if answer.patient_control_number or not claims:
            return one
        sent, set_number = self._address[claims[0]]
        return msgspec.structs.replace(
            one,
            interchange_control_number=sent.interchange_control_number,
            group_control_number=sent.group_control_number,
            transaction_control_number=set_number or one.transaction_control_number,
            notes=" ".join(noted_provider(answer).notes),
            answered_file=sent.sha256,
        )

    def carried_by(self, claims: Sequence[int]) -> str:
        """The digest of the file that claims of one acknowledgment went out in."""
        query = select(_CLAIM.c.file_sha256).where(_CLAIM.c.id == claims[0])
        return str(self._connection.execute(query).scalar_one())

    def _of_submission(self, answer: Acknowledgment) -> list[int]:
        """The claims of the transaction set that a 277CA rejects whole, or those of the provider it names."""
        reference = answer.submission_reference or ""
        found = self._of_file(under(reference), answer, "TRN02", f"submission {reference}")
        if answer.level is not AcknowledgmentLevel.PROVIDER or not found:
            return found
        self._payees = self._payees or payees(self._connection)
        practices = self._payees.practices(answer.provider_npi, answer.provider_tax_id)
        query = select(_CLAIM.c.id).where(_CLAIM.c.practice_id.in_(sorted(practices)))
        mine = {claim for some in chunks(found, IN_LIST) for claim in self._ids(query, some)}
        return [claim for claim in found if claim in mine]

    def _ids(self, query: Select[tuple[int]], claims: Sequence[int]) -> list[int]:
        return [row.id for row in self._connection.execute(query.where(_CLAIM.c.id.in_(claims)))]

    def _says(self, sent: SentFile) -> bool | None:
        if sent not in self._known:
            self._known[sent] = self._answers_file(sent)
        return self._known[sent]

    def _of_number(self, answer: Acknowledgment, number: str) -> list[int]:
        """The submission of the one chain of the practice with the number and charge that went out last before it."""
        held = [
            one
            for one in self._by_number.get(normalise_control_number(number), [])
            if answer.charge in (None, one.charge)
        ]
        place = Location(claim=number, element="TRN02")
        if held and (answer.provider_npi or answer.provider_tax_id):
            self._payees = self._payees or payees(self._connection)
            practices = self._payees.practices(answer.provider_npi, answer.provider_tax_id)
            held = [one for one in held if one.practice_id in practices]
            if not held:
                message = f"the {answer.kind} names a billing provider who has no such claim; it is not tied"
                self._note("ACK006", number, message, place)
        if len({one.root for one in held}) > 1:
            message = f"the {answer.kind} fits several claims of one number; it is tied to none of them"
            self._note("ACK005", number, message, place)
            return []
        return [one.id for one in (_sent_by(held, answer.date) or held)[-1:]]

    def note_lost(self, answer: Acknowledgment) -> None:
        """Say of a rejection that nothing here is meant by it, unless more was said of what it names."""
        what, place = _named(answer)
        if not what:
            return
        if answer.kind != CLAIMS_ANSWER and ("ACK005", what) not in self.untied and self._others(answer):
            self.untied.pop(("ACK006", what), None)
            return
        if answer.accepted or any(said == what for _, said in self.untied):
            return
        rejected = "a claim" if answer.patient_control_number else what
        message = (
            f"the {answer.kind} rejects {rejected} that this store does not have; it waits for claims import"
        )
        self._note("ACK007", what, message, place)

    def _note(self, code: str, what: str, message: str, place: Location) -> None:
        fix = "Ask the clearinghouse which file or claim it means, and look at those claims."
        found = Finding(code=code, severity=Severity.WARNING, message=message, location=place, fix=fix)
        self.untied.setdefault((code, what), found)


def _named(answer: Acknowledgment) -> tuple[str, Location]:
    """What an acknowledgment is about, by its number and in words, and where it says so; "" where it does not."""
    claim, place = answer.patient_control_number, Location(element="TRN02")
    if answer.group_control_number:
        return f"group {answer.group_control_number}", Location(element="AK102")
    if claim:
        return claim, Location(claim=claim, element="TRN02")
    if rejects_submission(answer):
        return f"submission {answer.submission_reference or ''}", place
    if answer.interchange_control_number and answer.kind != CLAIMS_ANSWER:
        return f"interchange {answer.interchange_control_number}", Location(element="TA101")
    return "", place


def _sent_by(held: Sequence[_Held], day: date | None) -> list[_Held]:
    """Those of submissions that had gone out when an answer of that day was made; a clock's day may be the next one."""
    if day is None:
        return []
    return [one for one in held if one.sent is None or one.sent.date() <= day + timedelta(days=1)]


def _claims_by_number(connection: Connection, answers: Sequence[Acknowledgment]) -> dict[str, list[_Held]]:
    """Claims by normalised patient control number, latest submission last."""
    wanted = {
        normalise_control_number(answer.patient_control_number)
        for answer in answers
        if answer.patient_control_number
    }
    found: dict[str, list[_Held]] = {}
    columns = (_CLAIM.c.id, _CLAIM.c.root, _CLAIM.c.practice_id, _CLAIM.c.charge, _FILE.c.first_seen)
    query = select(_CLAIM.c.pcn_normalised, *columns).order_by(_CLAIM.c.sequence, _CLAIM.c.id)
    query = query.outerjoin(_FILE, _FILE.c.sha256 == _CLAIM.c.file_sha256)
    for some in chunks(sorted(wanted), IN_LIST):
        for number, *fields in connection.execute(query.where(_CLAIM.c.pcn_normalised.in_(some))):
            found.setdefault(number, []).append(_Held(*fields))
    return found
