"""The test payer's 277 to a 276 file, from the truth that `simulate` wrote about the claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

import msgspec

from cli.inputs import read_chunks
from edi.model.directory import TradingPartner
from edi.model.errors import InputError
from edi.model.finding import Finding
from edi.model.status import StatusAnswer, StatusInquiry
from edi.testpayer import Truth
from edi.testpayer.claim_status import AnsweredStatus, answer_status
from edi.transactions import t276, t277
from edi.x12.envelope import Envelope, TransactionSet, read_transactions


class SimulatedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: names of files in ``folder``, the truth's path, and how many answers of each outcome."""

    folder: str
    as_of: date
    files: tuple[str, ...]
    truth: str
    outcomes: dict[str, int]
    findings: tuple[Finding, ...]


def is_inquiry(file: Path) -> bool:
    """Whether the first transaction set of a file is a 276.

    Raises:
        InputError: the file cannot be read.
    """
    for item in read_transactions(read_chunks(file), file=file.name):
        if isinstance(item, TransactionSet):
            return item.kind == t276.KIND
    return False


def simulate_status(*files: Path, out: Path, truths: Sequence[Path], today: date) -> SimulatedStatus:
    """Answer every 276 of the files, a 277 file for each interchange; the truth of all stands in one file.

    Args:
        files: the 276 files.
        out: folder for the answers, made if it is not there.
        truths: the truth files of the claims that the payer has; none: those that `simulate` put beside ``out``.
        today: the day the payer answers.

    Raises:
        InputError: a file cannot be read, or a truth file is none.
    """
    known = [_truth(path) for path in truths or sorted(out.parent.glob(f"{out.name}-truth-[0-9]*.json"))]
    findings: list[Finding] = []
    told: list[AnsweredStatus] = []
    names: list[str] = []
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        for envelope, sets in _interchanges(file, known, today, told, findings):
            number = (envelope.interchange_control_number or "000000001").strip()
            data = t277.write(
                sets,
                partner=_partner(envelope),
                interchange_control_number=int(number) if number.isdigit() else 1,
                created=datetime.combine(today, time(9, 0)),
            )
            name = f"status-{number}.277"
            (out / name).write_bytes(data)
            names.append(name)
    truth = out.parent / f"{out.name}-truth-276.json"
    truth.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    outcomes: dict[str, int] = {}
    for one in told:
        outcomes[one.outcome] = outcomes.get(one.outcome, 0) + 1
    return SimulatedStatus(
        folder=str(out),
        as_of=today,
        files=tuple(names),
        truth=str(truth),
        outcomes=dict(sorted(outcomes.items())),
        findings=tuple(findings),
    )


def _truth(path: Path) -> Truth:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Truth)
    except OSError:
        raise InputError(f"{path}: there is no such file") from None
    except msgspec.DecodeError:
        raise InputError(f"{path}: this is no truth file of claimloop simulate") from None


def _interchanges(
    file: Path, truths: Sequence[Truth], today: date, told: list[AnsweredStatus], findings: list[Finding]
) -> list[tuple[Envelope, list[tuple[str, list[StatusAnswer]]]]]:
    """The answers to one file, interchange by interchange; truths and findings are added to."""
    found: dict[str, tuple[Envelope, list[tuple[str, list[StatusAnswer]]]]] = {}
    for item in read_transactions(read_chunks(file), file=file.name):
        if isinstance(item, Finding):
            findings.append(item)
        elif item.kind == t276.KIND:
            asked = [one for one in t276.read(item) if isinstance(one, StatusInquiry)]
            envelope = item.envelope or Envelope()
            number = envelope.interchange_control_number or "000000001"
            made = list(
                answer_status(asked, truths, today=today, reference=f"{number.strip()}{item.control_number}")
            )
            told += [truth for _, truth in made]
            sets = found.setdefault(number, (envelope, []))[1]
            sets.append((item.control_number, [answer for answer, _ in made]))
    return list(found.values())


def _partner(envelope: Envelope) -> TradingPartner:
    """The envelope of the answer: sender and receiver change places."""
    return TradingPartner(
        id="payer",
        sender_id=(envelope.receiver_id or "PAYER").strip()[:15],
        receiver_id=(envelope.sender_id or "PROVIDER").strip()[:15],
        usage="T" if envelope.test else "P",
        line_ends=False,
    )
