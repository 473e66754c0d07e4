"""One 835 transaction set on its way into the store: read, matched, judged at its SE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from cli.jobs import manifest
from cli.jobs.manifest import PaymentEntry, entries
from cli.jobs.overpaid import again_findings, book_findings
from cli.jobs.posting import Candidate, Chunk, Tools, post_chunk, recompute
from cli.jobs.reading.sets import Judged, JudgedClaim
from edi.model.balance import transaction_imbalance
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.remittance import RemittanceHeader, RemittanceTrailer
from edi.payers.identify import identify_payer
from reconcile.store import (
    ChainState,
    Connection,
    ContentDigest,
    RemittanceFacts,
    StoredSet,
    complete_remittance,
    insert_claim_payments,
    is_non_payment,
    next_claim_payment_id,
    next_remittance_id,
    open_denials,
    payees,
    payment_key,
    payment_place,
    posted_payment,
    reserve_remittance,
    save_set,
)
from reconcile.store.files import TRUNCATED
from reconcile.store.held_reversals import takes_back_released
from reconcile.store.holds import note_unexplained
from reconcile.store.overpaid import TWICE, overpaid
from reconcile.takebacks import adjustment_findings

_NPI_DIGITS: Final = 10
CHUNK: Final = 2000
"""Claim payments that are matched and written together."""


class Source(msgspec.Struct, frozen=True):
    """Which transaction set this is: its file's digest and name, and its 0-based place in the file.

    What a person wrote down in an 835's place names its ``kind`` (``paper_eob`` …) and the payer's key.
    """

    sha256: str
    name: str
    position: int
    kind: str = "835"
    payer: str = ""


class SetAsideError(Exception):
    """The set is not to be in the ledger: rolls the transaction back, and carries what to note instead."""

    def __init__(self, noted: StoredSet) -> None:
        super().__init__()
        self.noted = noted


class Run:
    """The state of one transaction set on its way into the store."""

    def __init__(
        self, connection: Connection, source: Source, tools: Tools, *, released: bool = False
    ) -> None:
        self._released = released
        self._connection = connection
        self._source = source
        self._tools = tools
        self._findings: list[Finding] = []
        self._imbalances: list[Finding] = []
        self._matched = self._held = self._unmatched = self._lines_matched = self._denials = 0
        self._next = next_claim_payment_id(connection)
        self._number = ""
        self._answered_again: set[int] = set()
        self._beyond: set[int] = set()
        self._twice = 0

    def take(self, values: Iterable[Judged]) -> PaymentEntry:
        """Read to the end, then commit by returning or roll back by raising."""
        stream = iter(values)
        header = self._header(stream)
        self._number = header.st_control_number
        self._digest = ContentDigest(header)
        self._facts = self._facts_of(header)
        key = self._facts.payment_key
        posted = None if is_non_payment(header) else posted_payment(self._connection, key)
        writing = posted is None
        if writing:
            reserve_remittance(self._connection, self._facts, header)
        trailer: RemittanceTrailer | None = None
        wrong = False
        while trailer is None:
            block: list[Candidate] = []
            for value in stream:
                if isinstance(value, JudgedClaim):
                    self._digest.add(value.content)
                    if writing:
                        block.append(self._candidate(value, wrong=wrong))
                    wrong = False
                    if len(block) >= CHUNK:
                        break
                elif isinstance(value, Finding):
                    self._findings.append(self._placed(value))
                    wrong = wrong or (value.severity is Severity.ERROR and value.location.claim is not None)
                elif isinstance(value, RemittanceTrailer):
                    trailer = value
            else:
                trailer = trailer or RemittanceTrailer(complete=False)
            self._chunk(block)
        return self._close(header, trailer, posted)

    def _header(self, stream: Iterator[Judged]) -> RemittanceHeader:
        """The header, and the findings before it."""
        for value in stream:
            if isinstance(value, RemittanceHeader):
                return value
            if isinstance(value, Finding):
                self._findings.append(self._placed(value))
        raise AssertionError("a reader of remittances yields a header")

    def _placed(self, finding: Finding) -> Finding:
        """A finding that names its file."""
        if finding.location.file is not None:
            return finding
        place = msgspec.structs.replace(finding.location, file=self._source.name)
        return msgspec.structs.replace(finding, location=place)

    def _facts_of(self, header: RemittanceHeader) -> RemittanceFacts:
        """Who pays whom."""
        payment, payer, payee = header.payment, header.payer, header.payee
        key = self._source.payer or (
            identify_payer(self._tools.payers, payment.payer_id, payer.id, payer.name) or ""
        )
        profile = self._tools.payers.get(key)
        numbers = [payment.payer_id, payer.id, *(value for kind, value in payer.references if kind == "2U")]
        practices = payees(self._connection).practices(payee.npi, _tax_id(header))
        if not practices:
            self._note(
                "ING010",
                Severity.WARNING,
                f"the payee{_known_npi(payee.npi)} is none of our practices; nothing of it is posted",
                "N104",
            )
        number = payment.payer_id or payer.id or payer.name or ""
        trace, day = payment.trace_number or "", _payment_day(header)
        # No digest has an "r": an advice that is still being read stands behind those that are read.
        own = payment_key(header, key or number, "reading")
        return RemittanceFacts(
            id=next_remittance_id(self._connection),
            payment_key=own,
            payer_key=key,
            payer_id=number,
            payer_kind=profile.kind if profile is not None else "",
            payer_ids=tuple(dict.fromkeys(number for number in numbers if number)),
            practices=practices,
            trace_number=trace,
            payment_date=day,
            place=payment_place(day, header.production_date, trace, own),
            capitated=profile.capitated if profile is not None else False,
        )

    def _chunk(self, candidates: list[Candidate]) -> None:
        """Match, post and write a chunk of claim payments; there are none where this payment is known."""
        self._findings += self._imbalances
        self._imbalances = []
        if not candidates:
            return
        chunk = post_chunk(self._connection, candidates, self._tools)
        told = book_findings(self._connection, chunk.chains)
        self._findings += [self._placed(one) for one in told]
        insert_claim_payments(self._connection, self._facts.id, chunk.stored)
        chunk.write(self._connection, self._tools)
        self._count(chunk)

    def _candidate(self, judged: JudgedClaim, *, wrong: bool) -> Candidate:
        """A claim payment with its id and whether its own equations hold."""
        held = ["RMT"] if wrong else []
        claim, imbalances = judged.claim, judged.imbalances
        if (
            imbalances
            and not wrong
            and any(one.severity is Severity.ERROR for one in imbalances)
            and takes_back_released(self._connection, claim, self._facts.payer)
        ):
            imbalances = ()
        for imbalance in imbalances:
            self._imbalances.append(imbalance.finding(file=self._source.name, transaction=self._number))
            if imbalance.severity is Severity.ERROR:
                held.append(f"{imbalance.code} {decimal_text(imbalance.actual - imbalance.expected)}")
        number = self._next
        self._next += 1
        return Candidate(number, self._facts, claim, judged.content, bool(held), "; ".join(held))

    def _count(self, chunk: Chunk) -> None:
        """Add a chunk to the manifest's counts."""
        for one in chunk.stored:
            if one.outcome == "posted":
                self._matched += 1
                self._lines_matched += len([line for line in one.match.lines if line.line_ids])
            elif one.outcome == "suspense":
                self._held += 1
            else:
                self._unmatched += 1
        self._denials += chunk.denials
        self._answered_again.update([chain.state.claim_id for chain in chunk.chains if chain.had])
        several = [chain for chain in chunk.chains if len(chain.adjudications) > 1]
        self._beyond.update([chain.state.claim_id for chain in several if _is_beyond(chain)])

    def _close(
        self, header: RemittanceHeader, trailer: RemittanceTrailer, posted: str | None
    ) -> PaymentEntry:
        """Decide what becomes of the set now that all of it is read."""
        digest = self._digest.finish(trailer)
        key = payment_key(header, self._facts.payer, digest)
        if is_non_payment(header) and posted is None:
            posted = posted_payment(self._connection, key)
        problem = self._problem(header, trailer)
        if problem is not None:
            self._findings.append(problem)
        if problem is not None and not (self._released and trailer.complete):
            raise self._aside(manifest.QUARANTINED, header, trailer, key, digest)
        if posted is not None and posted != digest:
            self._note(
                "ING011",
                Severity.ERROR,
                "this payment is posted already with other content: a possible reissue",
                "TRN02",
            )
            raise self._aside(manifest.CONFLICT, header, trailer, key, digest)
        if posted is not None:
            raise self._aside(manifest.DUPLICATE, header, trailer, key, digest)
        complete_remittance(
            self._connection,
            self._facts.id,
            trailer,
            payment_key=key,
            content_digest=digest,
            file_sha256=self._source.sha256,
            position=self._source.position,
            tables_version=self._tools.version,
        )
        if self._released:
            expected = trailer.paid_total - sum(one.cents for one in trailer.provider_adjustments)
            unexplained = header.payment.amount - expected
            note_unexplained(self._connection, self._source.sha256, self._source.position, unexplained)
        self._findings += adjustment_findings(
            header.payment,
            trailer.provider_adjustments,
            self._tools.tables.code_set("PLB"),
            file=self._source.name,
            transaction=self._number,
        )
        self._settle(header)
        self._tell_twice()
        noted = self._noted(manifest.POSTED, header, trailer, key, digest)
        save_set(self._connection, noted)
        return msgspec.json.decode(noted.record, type=PaymentEntry)

    def _settle(self, header: RemittanceHeader) -> None:
        """Bring claims that had an answer before to their final state, and count what denials are left of this set.

        A non-payment advice has its place among those of its day and trace number only now that its digest is known.
        """
        if not self._answered_again:
            return
        if is_non_payment(header):
            recompute(self._connection, self._answered_again, self._tools)
        self._denials = open_denials(self._connection, self._facts.id)

    def _tell_twice(self) -> None:
        """Say which claims this payment answered that its payer had answered before, or that hold too much with it.

        A correction may come before its reversal, so only a person can tell it from a payment that came twice.
        """
        if self._beyond:
            found = again_findings(
                overpaid(self._connection, self._beyond),
                self._facts.id,
                file=self._source.name,
                transaction=self._number,
            )
            self._twice = len([one for one in found if one.code == TWICE])
            self._findings += found

    def _problem(self, header: RemittanceHeader, trailer: RemittanceTrailer) -> Finding | None:
        """Why the whole set is quarantined, or None."""
        if not trailer.complete:
            return self._finding(TRUNCATED, "the transaction set is truncated: it has no SE", "SE")
        if not trailer.control_number_matches:
            return self._finding("ING013", "SE02 is not ST02: the envelope is broken", "SE02")
        if trailer.declared_segments is not None and trailer.declared_segments != trailer.segments:
            return self._finding(
                "ING013",
                f"SE01 says {trailer.declared_segments} segments and there are {trailer.segments}",
                "SE01",
            )
        imbalance = transaction_imbalance(
            header.payment.amount, trailer.paid_total, trailer.provider_adjustments
        )
        if imbalance is None:
            return None
        return imbalance.finding(file=self._source.name, transaction=header.st_control_number)

    def _note(self, code: str, severity: Severity, message: str, element: str) -> None:
        """Add a finding about the whole set."""
        self._findings.append(self._finding(code, message, element, severity))

    def _finding(self, code: str, message: str, element: str, severity: Severity = Severity.ERROR) -> Finding:
        """A finding about the whole set."""
        place = Location(file=self._source.name, element=element, transaction=self._number)
        return Finding(code=code, severity=severity, message=message, location=place)

    def _aside(
        self, outcome: str, header: RemittanceHeader, trailer: RemittanceTrailer, key: str, digest: str
    ) -> SetAsideError:
        """What rolls the set back and notes its outcome."""
        self._matched = self._held = self._unmatched = self._lines_matched = self._denials = 0
        return SetAsideError(self._noted(outcome, header, trailer, key, digest))

    def _noted(
        self, outcome: str, header: RemittanceHeader, trailer: RemittanceTrailer, key: str, digest: str
    ) -> StoredSet:
        """The row that tells what became of the set."""
        listed = self._findings
        if outcome == manifest.DUPLICATE:
            listed = []
        payment = PaymentEntry(
            st_control_number=header.st_control_number,
            outcome=outcome,
            trace_number=header.payment.trace_number,
            amount=decimal_text(header.payment.amount),
            claims=trailer.claims,
            claims_matched=self._matched,
            claims_held=self._held,
            lines=trailer.lines,
            lines_matched=self._lines_matched,
            unmatched=self._unmatched,
            denials=self._denials,
            answered_twice=self._twice,
            findings=entries(listed),
        )
        return StoredSet(
            file_sha256=self._source.sha256,
            position=self._source.position,
            kind=self._source.kind,
            st_control_number=header.st_control_number,
            outcome=outcome,
            payment_key=key,
            content_digest=digest,
            trace_number=header.payment.trace_number or "",
            amount=header.payment.amount,
            record=msgspec.json.encode(payment).decode(),
        )


def _is_beyond(chain: ChainState) -> bool:
    """Whether a claim of several answers holds more than its charge, or the ledger says that it was answered twice."""
    state = chain.state
    return any(one.code == TWICE for one in state.findings) or sum(one.open for one in state.balances) < 0


def _known_npi(npi: str | None) -> str:
    """A payee's NPI as a finding names it; "" where what stands there is none."""
    return f" (NPI {npi})" if npi and len(npi) == _NPI_DIGITS and npi.isascii() and npi.isdigit() else ""


def _tax_id(header: RemittanceHeader) -> str | None:
    """The payee's tax id: N104 under FI, else REF*TJ."""
    if header.payee.tax_id:
        return header.payee.tax_id
    return next((value for kind, value in header.payee.references if kind == "TJ"), None)


def _payment_day(header: RemittanceHeader) -> date | None:
    """BPR16, else DTM*405."""
    return header.payment.date or header.production_date
