"""The test payer's 271 to a 270 file: so that the loop of asking and reading runs without a payer."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from random import Random
from typing import TypeAlias

import msgspec

from cli.inputs import read_chunks
from cli.private import write_private
from edi.model.directory import TradingPartner
from edi.model.eligibility import EligibilityAnswer, EligibilityInquiry
from edi.model.errors import InputError
from edi.model.finding import Finding
from edi.testpayer.eligibility import AnsweredInquiry, answer_inquiries
from edi.transactions import t270, t271
from edi.transport.whole import private_folder
from edi.x12.envelope import Envelope, TransactionSet, read_transactions

_Interchanges: TypeAlias = dict[str, tuple[Envelope, list[tuple[str, list[EligibilityAnswer]]]]]
"""By interchange control number: the envelope, and the answers of each of its transaction sets."""


class SimulatedAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: names of files in ``folder``, the truth's path, and how many answers of each outcome."""

    folder: str
    seed: int
    as_of: date
    files: tuple[str, ...]
    truth: str
    outcomes: dict[str, int]
    findings: tuple[Finding, ...]


def is_inquiry(file: Path) -> bool:
    """Whether the first transaction set of a file is a 270.

    Raises:
        InputError: the file cannot be read.
    """
    for item in read_transactions(read_chunks(file), file=file.name):
        if isinstance(item, TransactionSet):
            return item.kind == t270.KIND
    return False


def simulate_answers(*files: Path, out: Path, seed: int, today: date) -> SimulatedAnswers:
    """Answer every 270 of the files, a 271 file for each interchange; the truth of all stands in one file.

    Args:
        files: the 270 files, each answered as if it came alone with this seed.
        out: folder for the answers, made if it is not there.
        seed: decides every draw; the same file, seed and day give the same bytes.
        today: the day the payer answers.

    Raises:
        InputError: a file cannot be read, or two have the same interchange control number.
    """
    findings: list[Finding] = []
    truths: list[AnsweredInquiry] = []
    interchanges: _Interchanges = {}
    for file in files:
        answered = _answered(file, Random(seed), today, truths, findings)
        for number in answered.keys() & interchanges.keys():
            raise InputError(
                f"{file.name}: another file has the interchange control number {number}; use two folders"
            )
        interchanges |= answered
    private_folder(out)
    names = []
    for number, (envelope, sets) in interchanges.items():
        data = t271.write(
            sets,
            partner=_partner(envelope),
            interchange_control_number=int(number) if number.isdigit() else 1,
            created=datetime.combine(today, time(9, 0)),
        )
        name = f"eligibility-{number.strip()}.271"
        write_private(out / name, data)
        names.append(name)
    truth = out.parent / f"{out.name}-truth-270.json"
    write_private(truth, msgspec.json.format(msgspec.json.encode(truths), indent=1) + b"\n")
    outcomes: dict[str, int] = {}
    for one in truths:
        outcomes[one.outcome] = outcomes.get(one.outcome, 0) + 1
    return SimulatedAnswers(
        folder=str(out),
        seed=seed,
        as_of=today,
        files=tuple(names),
        truth=str(truth),
        outcomes=dict(sorted(outcomes.items())),
        findings=tuple(findings),
    )


def _answered(
    file: Path, rng: Random, today: date, truths: list[AnsweredInquiry], findings: list[Finding]
) -> _Interchanges:
    """The answers to one file by interchange control number; truths and findings are added to."""
    interchanges: _Interchanges = {}
    for item in read_transactions(read_chunks(file), file=file.name):
        if isinstance(item, Finding):
            findings.append(item)
        elif item.kind == t270.KIND:
            asked = [one for one in t270.read(item) if isinstance(one, EligibilityInquiry)]
            reference = (
                f"{(item.envelope or Envelope()).interchange_control_number or ''}{item.control_number}"
            )
            made = list(answer_inquiries(asked, rng=rng, today=today, reference=reference))
            truths += [truth for _, truth in made]
            envelope = item.envelope or Envelope()
            number = envelope.interchange_control_number or "000000001"
            sets = interchanges.setdefault(number, (envelope, []))[1]
            sets.append((item.control_number, [answer for answer, _ in made]))
    return interchanges


def _partner(envelope: Envelope) -> TradingPartner:
    """The envelope of the answer: sender and receiver change places."""
    return TradingPartner(
        id="payer",
        sender_id=(envelope.receiver_id or "PAYER").strip()[:15],
        receiver_id=(envelope.sender_id or "PROVIDER").strip()[:15],
        usage="T" if envelope.test else "P",
        line_ends=False,
    )
