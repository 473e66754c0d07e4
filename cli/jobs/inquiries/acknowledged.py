"""What TA1 and 999 say of files of inquiries (270, 276): that one arrived, or that nobody will answer it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeAlias

from edi.model.acknowledgment import Acknowledgment
from edi.model.finding import Finding, Location, Severity
from reconcile.store import Connection
from reconcile.store.acknowledgment_ties import Answers, SentFile
from reconcile.store.answered import CLAIMS_ANSWER
from reconcile.store.arrivals import InquiryFile, doubtful_inquiries, inquiry_files, note_inquiry_arrived

ASK_AGAIN: Final = {"270": "eligibility ask --again", "276": "claims status ask --again"}
"""The command that asks anew what a rejected file asked, by its transaction set."""
_Numbers: TypeAlias = tuple[str, str]


class AnsweredInquiries:
    """The files of inquiries that the acknowledgments of one set answer.

    Args:
        connection: a write transaction.
        answers_file: tells the files that the acknowledgments can be about, by control numbers and envelope.
    """

    def __init__(self, connection: Connection, answers_file: Answers) -> None:
        self._connection = connection
        self._answers_file = answers_file
        self._files: list[InquiryFile] | None = None
        self._found: dict[_Numbers, InquiryFile | None] = {}
        self._rejections: dict[InquiryFile, list[Acknowledgment]] = {}

    def take(self, answer: Acknowledgment) -> bool:
        """Whether a TA1 or 999 speaks of a file of inquiries; of several with its numbers it is the newest."""
        numbers = _numbers(answer)
        if not any(numbers):
            return False
        if numbers not in self._found:
            if self._files is None:
                self._files = inquiry_files(self._connection)
            self._found[numbers] = next((one for one in self._files if self._fits(one, numbers)), None)
        file = self._found[numbers]
        if file is not None and not answer.accepted:
            self._rejections.setdefault(file, []).append(answer)
        return file is not None

    def note_arrived(self, answers: Iterable[Acknowledgment], *, at: datetime) -> None:
        """Count the files in doubt as sent that any of the acknowledgments speaks of."""
        named = {_numbers(one): one.kind for one in answers if one.kind != CLAIMS_ANSWER}
        for file in doubtful_inquiries(self._connection):
            for numbers, kind in named.items():
                if any(numbers) and self._fits(file, numbers):
                    note_inquiry_arrived(self._connection, file, kind=kind, at=at)
                    break

    def _fits(self, file: InquiryFile, numbers: _Numbers) -> bool:
        return bool(self._answers_file(SentFile(file.sha256, file.partner, *numbers)))

    @property
    def files(self) -> tuple[str, ...]:
        """Digests of the files that were answered."""
        return tuple(sorted({file.sha256 for file in self._found.values() if file is not None}))

    @property
    def refused(self) -> tuple[str, ...]:
        """Digests of those of which something was rejected."""
        return tuple(sorted(file.sha256 for file in self._rejections))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is rejected, one finding a file (ACK008)."""
        return tuple(_finding(file, answers) for file, answers in self._rejections.items())


def _numbers(answer: Acknowledgment) -> _Numbers:
    """ISA13 and GS06 that an acknowledgment names."""
    return answer.interchange_control_number or "", answer.group_control_number or ""


def _finding(file: InquiryFile, answers: list[Acknowledgment]) -> Finding:
    """That a file of inquiries is rejected, and at which elements."""
    places = dict.fromkeys(one.element_in_error or one.segment_in_error or "" for one in answers)
    named = ", ".join(place for place in places if place)
    message = f"the {answers[0].kind} rejects inquiries of {file.name}; nobody will answer them"
    return Finding(
        code="ACK008",
        severity=Severity.WARNING,
        message=f"{message}; it names {named}" if named else message,
        location=Location(element="AK102" if answers[0].group_control_number else "TA101"),
        fix=f"Correct what it names, then claimloop {ASK_AGAIN[file.kind]}.",
    )
