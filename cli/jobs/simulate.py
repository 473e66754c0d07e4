"""Answer an 837P file as a payer would: TA1, 999, 277CA and 835 files, and the truth about them as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from random import Random

import msgspec

from cli.private import write_private
from edi.model.claim import Claim
from edi.model.directory import TradingPartner
from edi.model.errors import InputError
from edi.model.finding import Finding
from edi.model.submission import SubmissionHeader
from edi.testpayer import (
    Answer,
    RemittanceFile,
    RemittanceSet,
    Scenario,
    Submission,
    Totals,
    answer,
    parse_scenario,
    shipped_scenario,
)
from edi.transactions import t277ca, t835, t837p, t999, ta1
from edi.transactions.outgoing import group_header, interchange_header
from edi.transport.whole import private_folder
from edi.x12.envelope import read_transactions
from edi.x12.envelope_writer import interchange, segments_text

_READ_SIZE = 1 << 20
_PAYER_VERSION = "005010X221A1"


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What `simulate` wrote: names of files in ``folder`` in the order of arrival, and the sums of the truth.

    ``truths`` are paths beside the folder, so that the folder holds only what a clearinghouse would send.
    """

    folder: str
    scenario: str
    seed: int
    as_of: date
    files: tuple[str, ...]
    truths: tuple[str, ...]
    totals: tuple[Totals, ...]
    findings: tuple[Finding, ...]


def simulate_all(
    files: Sequence[Path], *, out: Path, seed: int, today: date, scenario: Scenario | None = None
) -> Simulated:
    """Answer several 837P files, each as if it came alone with this seed; their answers and sums together.

    Raises:
        InputError: a file cannot be read, holds no professional claim, or would be answered under the names of another.
    """
    done: list[Simulated] = []
    for file in files:
        taken = frozenset(name for one in done for name in one.files)
        done.append(simulate(file, out=out, seed=seed, today=today, scenario=scenario, taken=taken))
    return msgspec.structs.replace(
        done[0],
        files=tuple(name for one in done for name in one.files),
        truths=tuple(name for one in done for name in one.truths),
        totals=tuple(sums for one in done for sums in one.totals),
        findings=tuple(found for one in done for found in one.findings),
    )


def simulate(
    file: Path,
    *,
    out: Path,
    seed: int,
    today: date,
    scenario: Scenario | None = None,
    taken: Collection[str] = (),
) -> Simulated:
    """Answer an 837P file and write what comes back into a folder.

    Args:
        file: the 837P; each of its interchanges is answered by itself.
        out: folder for the answer, made if it is not there; files of the same names are replaced.
        seed: decides every draw; the same file, seed, scenario and day give the same bytes.
        today: the day the payer answers; later waves follow by the scenario's days.
        scenario: None for the shipped ``demo``.
        taken: names of answers in the folder that must stay.

    Raises:
        InputError: the file cannot be read, holds no professional claim, or its answers would get names taken.
    """
    scenario = scenario or shipped_scenario()
    rng = Random(seed)
    findings: list[Finding] = []
    names: list[str] = []
    truths: list[str] = []
    totals: list[Totals] = []
    for submission, claims in submissions(_chunks(file), file.name, findings):
        made = answer(claims, rng=rng, today=today, scenario=scenario, submission=submission)
        answers = list(answer_files(made, claims, submission))
        if any(name in taken for name, _ in answers):
            number = submission.interchange_control_number
            raise InputError(
                f"{file.name}: another file has the interchange control number {number}; use two folders"
            )
        private_folder(out)
        for name, data in answers:
            write_private(out / name, data)
            names.append(name)
        truth = out.parent / f"{out.name}-truth-{submission.batch}.json"
        write_private(truth, msgspec.json.format(msgspec.json.encode(made.truth), indent=1) + b"\n")
        truths.append(str(truth))
        totals.append(made.truth.totals)
    if not totals:
        raise InputError(f"{file.name}: there is no professional claim (837P) in it")
    return Simulated(
        folder=str(out),
        scenario=scenario.name,
        seed=seed,
        as_of=today,
        files=tuple(names),
        truths=tuple(truths),
        totals=tuple(totals),
        findings=tuple(findings),
    )


def load_scenario(text_or_name: Path | None) -> Scenario:
    """Return the scenario of a TOML file; None is the shipped ``demo``, a bare shipped name that one.

    Raises:
        UsageError: it is no scenario. InputError: the file is not there.
    """
    if text_or_name is None:
        return shipped_scenario()
    if text_or_name.exists():
        return parse_scenario(text_or_name.read_text(encoding="utf-8"))
    if text_or_name.suffix:
        raise InputError(f"{text_or_name}: there is no such scenario file")
    return shipped_scenario(str(text_or_name))


def submissions(
    chunks: Iterable[bytes], name: str, findings: list[Finding]
) -> Iterator[tuple[Submission, list[Claim]]]:
    """Read the interchanges of an 837P file, each with its claims; what is wrong with them goes to ``findings``."""
    current: SubmissionHeader | None = None
    groups: dict[str, list[str]] = {}
    claims: list[Claim] = []
    for item in _items(chunks, name, findings):
        if isinstance(item, Claim):
            claims.append(item)
            continue
        if current is not None and item.interchange_control_number != current.interchange_control_number:
            yield _submission(current, groups), claims
            current, groups, claims = None, {}, []
        current = current or item
        groups.setdefault(item.group_control_number or "1", []).append(item.st_control_number)
    if current is not None and claims:
        yield _submission(current, groups), claims


def _items(chunks: Iterable[bytes], name: str, findings: list[Finding]) -> Iterator[SubmissionHeader | Claim]:
    for transaction in read_transactions(chunks, file=name):
        if isinstance(transaction, Finding):
            findings.append(transaction)
        elif transaction.kind == "837":
            for item in t837p.read(transaction):
                if isinstance(item, Finding):
                    findings.append(item)
                elif isinstance(item, (SubmissionHeader, Claim)):
                    yield item


def _submission(header: SubmissionHeader, groups: dict[str, list[str]]) -> Submission:
    return Submission(
        interchange_control_number=header.interchange_control_number or "000000001",
        groups=tuple((group, tuple(numbers)) for group, numbers in groups.items()),
        sender_id=header.sender_id or header.submitter_id or "SUBMITTER",
        receiver_id=header.receiver_id or header.receiver_number or "RECEIVER",
        reference=header.reference,
        test=header.test,
    )


def answer_files(
    made: Answer, claims: Sequence[Claim], submission: Submission
) -> Iterator[tuple[str, bytes]]:
    """Serialise an answer: yield name and bytes of each file, in the order of arrival.

    Args:
        made: what the test payer answered.
        claims: the claims it answered, in the same order.
        submission: whose answer it is; the envelopes go the other way.
    """
    created = datetime.combine(made.truth.as_of, time(9, 0))
    partner = _partner(submission)
    batch = submission.batch
    number = int(batch) * 10
    yield (
        f"acknowledgment-{batch}-1.ta1",
        ta1.write(made.interchange, partner=partner, control_number=number, created=created),
    )
    for place, (group, _) in enumerate(submission.groups, start=1):
        told = [one for one in made.functional if one.group_control_number == group]
        yield (
            f"acknowledgment-{batch}-2-{place:02d}.999",
            t999.write(told, partner=partner, control_number=number + 1000 * place + 1, created=created),
        )
    by_payer: dict[tuple[str, str], list[t277ca.ClaimStatus]] = {}
    for claim, status in zip(claims, made.claims, strict=True):
        one = t277ca.ClaimStatus(claim=claim, status=status)
        by_payer.setdefault((claim.payer.name, claim.payer.id), []).append(one)
    for place, ((payer_name, payer_id), statuses) in enumerate(by_payer.items(), start=1):
        data = t277ca.write(
            statuses,
            payer_name=payer_name,
            payer_id=payer_id,
            submission_reference=submission.reference,
            partner=partner,
            control_number=number + 1000 * place + 2,
            created=created,
        )
        yield f"acknowledgment-{batch}-3-{place:02d}.277", data
    for file in made.files:
        yield file.name, remittance_bytes(file)


def remittance_bytes(file: RemittanceFile) -> bytes:
    """Return an 835 file: one interchange of one group, dated by its first payment."""
    return _interchange_of(file.sets, file.interchange_control_number, line_ends=file.line_ends)


def _interchange_of(sets: Sequence[RemittanceSet], control_number: str, *, line_ends: bool) -> bytes:
    first = sets[0].header
    created = datetime.combine(first.payment.date or date(2026, 1, 1), time(6, 30))
    partner = TradingPartner(
        id="payer",
        sender_id=(first.sender_id or "PAYER")[:15],
        receiver_id=(first.receiver_id or "PROVIDER")[:15],
        usage="T" if first.test else "P",
        line_ends=line_ends,
    )
    header = interchange_header(partner, int(control_number), created)
    group = group_header(partner, "HP", _PAYER_VERSION, int(first.group_control_number or control_number))
    texts = [segments_text(t835.write(one.header, one.claims, one.trailer), header) for one in sets]
    return interchange(header, [(group, texts)])


def _partner(submission: Submission) -> TradingPartner:
    """The envelope of the answer: sender and receiver change places."""
    return TradingPartner(
        id="payer",
        sender_id=submission.receiver_id.strip()[:15],
        receiver_id=submission.sender_id.strip()[:15],
        usage="T" if submission.test else "P",
        line_ends=False,
    )


def _chunks(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_READ_SIZE):
                yield chunk
    except FileNotFoundError:
        raise InputError(f"{file}: there is no such file") from None
