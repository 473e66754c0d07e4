"""The books of one claim while it is posted: what stands where, one posting at a time, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from edi.codes.lookup import Tables
from edi.model.balance import REVERSAL
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.remittance import ServicePayment
from reconcile.accounts import PRIOR_PAYERS, Entry
from reconcile.chain import Chain
from reconcile.ledger.books import YIELDING, Service
from reconcile.ledger.entries import EntryReader
from reconcile.ledger.sequence import may_take_back, same_number
from reconcile.ledger.twins import NO_ORIGINAL, TwinKey, by_codes, retie_twins
from reconcile.values import Account, Adjudication, Posting, SubmittedLine

_PAID: Final = Account.PAID


class Booking:
    """What stands on the services of one claim, and the ways to write to it."""

    def __init__(self, lines: Sequence[SubmittedLine], tables: Tables, chain: Chain | None) -> None:
        self.tables = tables
        self.chain = chain
        self.lines = {line.id: line for line in lines} if chain is None else chain.lines
        self.services: dict[int | None, Service] = {}
        ids = [line.id for line in lines] if chain is None else list(chain.versions)
        for service in ids:
            self.services[service] = Service(self.lines[service].charge)
        self.first_lines = lines
        self.ties: dict[int, Mapping[int, int]] = {}
        self.doubtful: set[TwinKey] = set()
        self.reader = EntryReader(self.lines, lines, tables, chain, self._known)
        self.postings: list[Posting] = []
        self.findings: list[Finding] = []
        self.by_key: dict[tuple[int, int | None], list[Posting]] = {}
        self.adjudications: dict[int, Adjudication] = {}
        self.reversed_by: dict[int, int] = {}
        self.waiting: list[int] = []
        self.bundles: dict[int, frozenset[int]] = {}

    def _retie(self, adjudication: Adjudication) -> Mapping[int, int]:
        """Where the rows of twins belong, given what stands in the books."""
        lines = self.first_lines
        if self.chain is not None:
            lines = self.chain.lines_of(adjudication.match.claim_id)
        return retie_twins(
            adjudication,
            lines,
            self.doubtful,
            lambda line_id: bool(self.services[self.reader.service(line_id)].live),
            lambda row, line_id: self._mismatch(adjudication, row, self.reader.service(line_id)),
        )

    def _mismatch(self, adjudication: Adjudication, row: ServicePayment, service_id: int) -> int:
        """By how many cents a row misses what stands on a service (see reconcile.ledger.twins)."""
        service = self.services[service_id]
        if adjudication.claim.status == REVERSAL:
            entry = Entry(None, service_id, _PAID, row.paid)
            original = self._original(adjudication, service_id, service, [entry])
            if original is None:
                return NO_ORIGINAL
            standing = self.by_key.get((original, service_id), ())
            return sum(
                abs(given + sum(one.cents for one in standing if (one.group, one.reason) == codes))
                for codes, given in by_codes(row).items()
            )
        if any(self.adjudications[one].payer == adjudication.payer for one in service.live):
            return service.settled()
        if not service.live and any(one.payers[adjudication.payer] > 0 for one in self.services.values()):
            return 0  # the rest of a split claim answers the twin that the payer has not answered
        prior = sum(one.cents for one in row.adjustments if one.reason == PRIOR_PAYERS)
        if prior:
            return abs(prior - service.settled())
        share = sum(one.cents for one in row.adjustments if one.group == "PR")
        return abs(row.paid + share - service.accounts[Account.PATIENT])

    def _known(self, service_id: int | None) -> bool:
        """Whether a duplicate of the service was paid or is in process: it was sent before, or it was answered."""
        service = self.services.get(service_id)
        if service is not None and service.live:
            return True
        return (
            self.chain is not None
            and service_id is not None
            and len(self.chain.versions.get(service_id, ())) > 1
        )

    def _book(
        self,
        adjudication: int,
        service: Service,
        entry: Entry,
        account: Account,
        cents: int,
        *,
        transfer: bool = False,
        codes: tuple[str | None, str | None] | None = None,
    ) -> None:
        """Write one posting and carry it into the service."""
        if not cents:
            return
        group, reason = (entry.group, entry.reason) if codes is None else codes
        quantity = None if transfer else entry.quantity
        posting = Posting(
            adjudication, entry.line, entry.service, account, cents, group, reason, quantity, transfer
        )
        self.postings.append(posting)
        self.by_key.setdefault((adjudication, entry.service), []).append(posting)
        if account is not Account.MEMO:
            service.accounts[account] += cents
            pool = service.pools.get(account)
            if pool is not None:
                pool.append((group, reason, cents))

    def _make_room(
        self, number: int, service: Service, entry: Entry, charge: int, coming: int, kept: int = 0
    ) -> None:
        """Take out of suspense, the patient's share, then the denials what more than the open balance is coming.

        ``kept`` cents of the patient's share stay where they are.
        """
        excess = coming - service.open(charge)
        for account in YIELDING:
            if excess <= 0:
                return
            held = service.accounts[account] - (kept if account is Account.PATIENT else 0)
            excess -= self._draw(number, service, entry, account, min(excess, held))

    def _share_told_again(
        self, adjudication: Adjudication, service: Service, entries: Sequence[Entry], room: int
    ) -> int:
        """The cents of the patient's share that a payer's second answer leaves to the patient once more.

        Where the write-offs find no room beside the money, it is the whole service that was answered again: money twice
        is the payer's to take back, and settles nothing of what the patient owes.
        """
        written_off = sum(max(entry.cents, 0) for entry in entries if entry.account is Account.CONTRACTUAL)
        if service.only_payer() != adjudication.payer or written_off <= room:
            return 0
        again = sum(entry.cents for entry in entries if entry.account is Account.PATIENT)
        return max(min(again, service.accounts[Account.PATIENT]), 0)

    def _draw(self, number: int, service: Service, entry: Entry, account: Account, cents: int) -> int:
        """Move cents out of an account, under the codes they stood under, oldest first. Return what was moved."""
        left = cents
        standing: dict[tuple[str | None, str | None], int] = {}
        for group, reason, amount in service.pools[account]:
            standing[group, reason] = standing.get((group, reason), 0) + amount
        for codes, amount in standing.items():
            part = min(left, amount)
            if part > 0:
                self._book(number, service, entry, account, -part, transfer=True, codes=codes)
                left -= part
        return cents - left

    def _charge_answered(self, adjudication: Adjudication, entry: Entry, service: Service) -> int:
        """The charge of the service in the submission that is answered."""
        if self.chain is None or entry.service is None:
            return service.charge
        return self.chain.charge_in(adjudication.match.claim_id, entry.service)

    def _original(
        self, reversal: Adjudication, service_id: int | None, service: Service, entries: Sequence[Entry]
    ) -> int | None:
        """The standing adjudication that a reversal means: same payer or claim number, best the exact opposite."""
        given = sum(entry.cents for entry in entries if entry.account is _PAID)
        best: tuple[tuple[bool, bool, int], int] | None = None
        for position, one in enumerate(service.live):
            candidate = self.adjudications[one]
            if not may_take_back(reversal, candidate):
                continue
            paid = sum(p.cents for p in self.by_key.get((one, service_id), ()) if p.account is _PAID)
            key = (same_number(reversal, candidate), paid == -given, position)
            if best is None or key > best[0]:
                best = (key, one)
        return None if best is None else best[1]

    def _overstated(self, adjudication: Adjudication, service: Service, entry: Entry, rest: int) -> None:
        """Say that a write-off found no room."""
        if service.only_payer() == adjudication.payer:
            code, what = "ANSWERED_TWICE", "the payer answered the line before and did not reverse it; its"
        else:
            code, what = "COB_OVERSTATED", "a later payer's"
        self._find(
            code,
            adjudication,
            entry,
            f"{what} write-off {entry.group}-{entry.reason} exceeds the open balance by {decimal_text(rest)}, "
            "which is kept as memo",
        )

    def _find(self, code: str, adjudication: Adjudication, entry: Entry, message: str) -> None:
        claim = adjudication.claim
        segment, line = claim.segment, None
        if entry.line is not None:
            segment = claim.lines[entry.line].segment
            line = claim.lines[entry.line].line_control_number
        self.findings.append(
            Finding(
                code=code,
                severity=Severity.WARNING,
                message=message,
                location=Location(claim=claim.patient_control_number, line=line, segment=segment),
            )
        )
