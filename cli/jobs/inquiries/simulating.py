"""The test payer's answers to files of inquiries: so that the loop of asking and reading runs without a payer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import msgspec

from cli.inputs import read_chunks
from cli.private import write_private
from edi.model.directory import TradingPartner
from edi.model.errors import InputError
from edi.model.finding import Finding
from edi.transport.whole import private_folder
from edi.x12.envelope import Envelope, TransactionSet, read_transactions

Reply: TypeAlias = Callable[..., Iterable[tuple[Any, Any]]]
"""The answer to each inquiry of a set, and the truth about it; takes the inquiries and ``reference``."""
_Interchanges: TypeAlias = dict[str, tuple[Envelope, list[tuple[str, list[Any]]]]]
"""By interchange control number: the envelope, and the answers of each of its transaction sets."""


class SimulatedAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: names of files in ``folder``, the truth's path, and how many answers of each outcome.

    ``seed`` is None where nothing is drawn.
    """

    folder: str
    seed: int | None
    as_of: date
    files: tuple[str, ...]
    truth: str
    outcomes: dict[str, int]
    findings: tuple[Finding, ...]


def first_kind(file: Path) -> str:
    """ST01 of the first transaction set of a file, "" when it has none.

    Raises:
        InputError: the file cannot be read.
    """
    sets = read_transactions(read_chunks(file), file=file.name)
    return next((item.kind for item in sets if isinstance(item, TransactionSet)), "")


def answer_files(
    files: Iterable[Path],
    kinds: tuple[ModuleType, ModuleType],
    reply_to: Callable[[Path], Reply],
    *,
    name: str,
    out: Path,
    today: date,
    seed: int | None = None,
) -> SimulatedAnswers:
    """Answer every inquiry of the files, a file for each interchange; the truth of all stands beside their folder.

    Args:
        files: the inquiries.
        kinds: the transaction sets that ask and answer.
        reply_to: what answers one file.
        name: how the names of the answers begin.
        out: folder for the answers, made if it is not there.
        today: the day the payer answers, at nine.
        seed: what decides, None where nothing is drawn.

    Raises:
        InputError: a file cannot be read, or two have the same interchange control number.
    """
    asked, answered = kinds
    findings: list[Finding] = []
    truths: list[Any] = []
    interchanges: _Interchanges = {}
    for file in files:
        found = _answers(file, asked, reply_to(file), truths, findings)
        for number in found.keys() & interchanges.keys():
            raise InputError(
                f"{file.name}: another file has the interchange control number {number}; use two folders"
            )
        interchanges |= found
    names = _write(interchanges, answered, name, out, today)
    truth = out.parent / f"{out.name}-truth-{asked.KIND}.json"
    write_private(truth, msgspec.json.format(msgspec.json.encode(truths), indent=1) + b"\n")
    return SimulatedAnswers(
        folder=str(out),
        seed=seed,
        as_of=today,
        files=names,
        truth=str(truth),
        outcomes=dict(sorted(Counter(one.outcome for one in truths).items())),
        findings=tuple(findings),
    )


def _write(
    interchanges: _Interchanges, answered: ModuleType, name: str, out: Path, today: date
) -> tuple[str, ...]:
    """Write a file for each interchange; their names."""
    private_folder(out)
    names: list[str] = []
    for number, (envelope, sets) in interchanges.items():
        data = answered.write(
            sets,
            partner=_partner(envelope),
            interchange_control_number=int(number) if number.isdigit() else 1,
            created=datetime.combine(today, time(9, 0)),
        )
        names.append(f"{name}-{number}.{answered.KIND}")
        write_private(out / names[-1], data)
    return tuple(names)


def _answers(
    file: Path, asked: ModuleType, reply: Reply, truths: list[Any], findings: list[Finding]
) -> _Interchanges:
    """The answers to one file; truths and findings are added to."""
    found: _Interchanges = {}
    for item in read_transactions(read_chunks(file), file=file.name):
        if isinstance(item, Finding):
            findings.append(item)
        elif item.kind == asked.KIND:
            envelope = item.envelope or Envelope()
            number = (envelope.interchange_control_number or "000000001").strip()
            inquiries = [one for one in asked.read(item) if not isinstance(one, Finding)]
            made = list(reply(inquiries, reference=f"{number}{item.control_number}"))
            truths += [truth for _, truth in made]
            answers = [answer for answer, _ in made]
            found.setdefault(number, (envelope, []))[1].append((item.control_number, answers))
    return found


def _partner(envelope: Envelope) -> TradingPartner:
    """The envelope of the answer: sender and receiver change places."""
    return TradingPartner(
        id="payer",
        sender_id=(envelope.receiver_id or "PAYER").strip()[:15],
        receiver_id=(envelope.sender_id or "PROVIDER").strip()[:15],
        usage="T" if envelope.test else "P",
        line_ends=False,
    )
