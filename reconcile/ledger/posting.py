"""The posting machine: the adjudications of one claim, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from edi.codes.lookup import Tables
from edi.model.balance import REVERSAL
from edi.model.finding import Finding, Location, Severity
from edi.model.money import decimal_text
from edi.model.remittance import ServicePayment
from reconcile.accounts import PRIOR_PAYERS, Entry, bundles
from reconcile.chain import Chain
from reconcile.denial_rules import reversal_reason
from reconcile.ledger.books import BOOKED, Ledger, Service, balance_of
from reconcile.ledger.entries import EntryReader
from reconcile.ledger.overcharge import overcharged
from reconcile.ledger.twins import NO_ORIGINAL, TwinKey, by_codes, retie_twins
from reconcile.values import Account, Adjudication, Posting, SubmittedLine

_PAID: Final = Account.PAID


class Poster:
    """The posting machine: one claim, one adjudication after the other."""

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

    # -- one adjudication ----------------------------------------------------------------------------------------

    def post(self, adjudication: Adjudication) -> None:
        """Post one adjudication, service by service."""
        self.adjudications[adjudication.id] = adjudication
        self.ties[adjudication.id] = self._retie(adjudication)
        grouped: dict[int | None, list[Entry]] = {}
        for entry in self.reader.read(adjudication, self.ties[adjudication.id]):
            grouped.setdefault(entry.service, []).append(entry)
        reversal = adjudication.claim.status == REVERSAL
        beyond = {} if reversal else self._beyond(adjudication, grouped)
        for service_id, entries in grouped.items():
            service = self.services.get(service_id)
            if service is None:  # a claim without lines: its money stands at the claim
                service = self.services[service_id] = Service(adjudication.claim.charge)
            if reversal:
                self._reverse(adjudication, service_id, service, entries)
            else:
                if service.live:
                    self._post_later(adjudication, service, entries)
                else:
                    self._post_first(adjudication, service, entries, beyond)
                service.live.append(adjudication.id)

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

    # -- booking -------------------------------------------------------------------------------------------------

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

    def _beyond(
        self, adjudication: Adjudication, grouped: Mapping[int | None, Sequence[Entry]]
    ) -> dict[int, int]:
        """What answers more than was submitted, by ``id`` of the entry (reconcile.ledger.overcharge)."""
        first: dict[int | None, Sequence[Entry]] = {}
        charges: dict[int | None, int] = {}
        for service_id, entries in grouped.items():
            service = self.services.get(service_id)
            if service is not None and service_id is not None and not service.live:
                first[service_id] = entries
                charges[service_id] = self._charge_answered(adjudication, entries[0], service)
        return overcharged(first, charges, bundles(adjudication.claim))

    def _post_first(
        self,
        adjudication: Adjudication,
        service: Service,
        entries: Sequence[Entry],
        beyond: Mapping[int, int],
    ) -> None:
        """Post on a service that nothing stands on: all of it, except adjustments of more than was submitted."""
        rest = 0
        for entry in entries:
            cut = beyond.get(id(entry), 0)
            self._book(adjudication.id, service, entry, entry.account, entry.cents - cut)
            self._book(adjudication.id, service, entry, Account.MEMO, cut)
            rest += cut
        if rest:
            self._find(
                "CHARGE_DIFFERS",
                adjudication,
                next(entry for entry in entries if id(entry) in beyond),
                "the payer answered a higher charge than was submitted; its adjustments exceed ours by "
                f"{decimal_text(rest)}, which is kept as memo",
            )

    def _post_later(self, adjudication: Adjudication, service: Service, entries: Sequence[Entry]) -> None:
        """Post on a service that another adjudication has answered: only as far as there is room."""
        number = adjudication.id
        charge = self._charge_answered(adjudication, entries[0], service)
        room = charge - service.settled()
        drawn = 0
        for entry in entries:  # money, and write-offs that give room back
            if entry.account is _PAID or (entry.account is Account.CONTRACTUAL and entry.cents < 0):
                self._book(number, service, entry, entry.account, entry.cents)
                drawn += entry.cents
        for account in (Account.CONTRACTUAL, Account.PATIENT, Account.DENIED):
            for entry in entries:
                if entry.account is not account or (account is Account.CONTRACTUAL and entry.cents < 0):
                    continue
                fits = min(entry.cents, max(room - drawn, 0))
                drawn += fits
                if fits < entry.cents:
                    self._book(number, service, entry, Account.MEMO, entry.cents - fits)
                    if account is Account.CONTRACTUAL:
                        self._overstated(adjudication, service, entry, entry.cents - fits)
                self._make_room(number, service, entry, charge, fits)
                self._book(number, service, entry, account, fits)
        self._make_room(number, service, entries[0], charge, 0)
        self._settle_pended(number, service, entries, charge)
        for entry in entries:
            if entry.account is Account.MEMO:
                self._book(number, service, entry, Account.MEMO, entry.cents)

    def _make_room(self, number: int, service: Service, entry: Entry, charge: int, coming: int) -> None:
        """Take out of the patient's share, then out of the denials, what more than the open balance is coming."""
        excess = coming - service.open(charge)
        for account in (Account.PATIENT, Account.DENIED):
            if excess <= 0:
                return
            excess -= self._draw(number, service, entry, account, min(excess, service.accounts[account]))

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

    def _settle_pended(self, number: int, service: Service, entries: Sequence[Entry], charge: int) -> None:
        """A decision ends the wait of an earlier adjudication; a new wait is no longer than what is open."""
        pended = service.accounts[Account.PENDED]
        if pended:
            self._book(
                number, service, entries[0], Account.PENDED, -pended, transfer=True, codes=(None, None)
            )
        for entry in entries:
            if entry.account is Account.PENDED:
                fits = min(entry.cents, max(service.open(charge) - service.accounts[Account.PENDED], 0))
                self._book(number, service, entry, Account.PENDED, fits)
                self._book(number, service, entry, Account.MEMO, entry.cents - fits)

    def _charge_answered(self, adjudication: Adjudication, entry: Entry, service: Service) -> int:
        """The charge of the service in the submission that is answered."""
        if self.chain is None or entry.service is None:
            return service.charge
        return self.chain.charge_in(adjudication.match.claim_id, entry.service)

    # -- reversals -----------------------------------------------------------------------------------------------

    def _reverse(
        self, reversal: Adjudication, service_id: int | None, service: Service, entries: Sequence[Entry]
    ) -> None:
        """Take back what the original posted on the service; the cash is always what the file says."""
        original = self._original(reversal, service_id, service, entries)
        if original is None:
            for entry in entries:
                self._book(reversal.id, service, entry, entry.account, entry.cents)
            self._find(
                "REVERSAL_WITHOUT_ORIGINAL",
                reversal,
                entries[0],
                "the reversal takes back an adjudication that is not in the books; posted as it stands",
            )
            return
        first = entries[0]
        for posting in tuple(self.by_key.get((original, service_id), ())):
            entry = Entry(
                first.line, service_id, posting.account, 0, posting.group, posting.reason, posting.quantity
            )
            self._book(reversal.id, service, entry, posting.account, -posting.cents, transfer=posting.transfer,
                       codes=(posting.group, posting.reason))  # fmt: skip
        later = service.live[service.live.index(original) + 1 :]
        service.live.remove(original)
        self.reversed_by[original] = reversal.id
        given = sum(entry.cents for entry in entries if entry.account is _PAID)
        taken = -sum(one.cents for one in self.by_key.get((original, service_id), ()) if one.account is _PAID)
        if given != taken:
            self._book(reversal.id, service, Entry(first.line, service_id, _PAID, 0), _PAID, given - taken)
            self._find(
                "REVERSAL_DIFFERS",
                reversal,
                first,
                f"the reversal takes back {decimal_text(-given)} where the original paid {decimal_text(-taken)}",
            )
        for account in (Account.PATIENT, Account.DENIED):  # a later payer had answered what is now gone
            moved = -sum(
                posting.cents
                for one in later
                for posting in self.by_key.get((one, service_id), ())
                if posting.transfer and posting.account is account
            )
            back = min(moved, -service.accounts[account])
            if back > 0:
                self._book(reversal.id, service, first, account, back, transfer=True, codes=(None, None))

    def _original(
        self, reversal: Adjudication, service_id: int | None, service: Service, entries: Sequence[Entry]
    ) -> int | None:
        """The standing adjudication that a reversal means: same payer or claim number, best the exact opposite."""
        given = sum(entry.cents for entry in entries if entry.account is _PAID)
        number = reversal.claim.payer_claim_control_number
        best: tuple[tuple[bool, bool, int], int] | None = None
        for position, one in enumerate(service.live):
            candidate = self.adjudications[one]
            same_number = bool(number) and candidate.claim.payer_claim_control_number == number
            if candidate.payer != reversal.payer and not same_number:
                continue
            paid = sum(p.cents for p in self.by_key.get((one, service_id), ()) if p.account is _PAID)
            key = (same_number, paid == -given, position)
            if best is None or key > best[0]:
                best = (key, one)
        return None if best is None else best[1]

    def deny_uncorrected(self, ordered: Sequence[Adjudication]) -> None:
        """A reversal with a reason that leaves nothing standing opens a denial of the whole service (N687 ...)."""
        for adjudication in ordered:
            if adjudication.claim.status != REVERSAL:
                continue
            remarks = [*adjudication.claim.remarks]
            for line in adjudication.claim.lines:
                remarks += line.remarks
            reason = reversal_reason(remarks)
            if reason is None:
                continue
            held = dict.fromkeys(
                one.service for one in self.reader.read(adjudication, self.ties[adjudication.id])
            )
            for service_id in held:
                service = self.services[service_id]
                if service.live or service_id is None:
                    continue
                cents = service.open(self._charge_now(service_id))
                if cents > 0 and not service.accounts[Account.DENIED]:
                    entry = Entry(None, service_id, Account.DENIED, cents, None, reason.remark)
                    self._book(adjudication.id, service, entry, Account.DENIED, cents, transfer=True)

    # -- closing -------------------------------------------------------------------------------------------------

    def _charge_now(self, service_id: int) -> int:
        """What the service is billed at after all adjudications."""
        if self.chain is None or len(self.chain.claims) == 1:
            return self.lines[service_id].charge
        live = self.services[service_id].live
        answered = {self.adjudications[one].match.claim_id for one in live}
        return self.chain.charge(service_id, {one for one in answered if one is not None})

    def close(self, ordered: Sequence[Adjudication]) -> Ledger:
        """The finished books."""
        balances = []
        for service_id, service in self.services.items():
            if service_id is None:
                continue
            sums = [service.accounts[one] for one in BOOKED]
            repeats = () if self.chain is None else self.chain.versions[service_id][1:]
            balances.append(balance_of(service_id, self._charge_now(service_id), *sums, repeats=repeats))
        return Ledger(
            postings=tuple(self.postings),
            balances=tuple(balances),
            findings=tuple(self.findings),
            reversed_by=self.reversed_by,
            live=frozenset(
                (one, service_id)
                for service_id, service in self.services.items()
                if service_id is not None
                for one in service.live
            ),
        )

    # -- findings ------------------------------------------------------------------------------------------------

    def _overstated(self, adjudication: Adjudication, service: Service, entry: Entry, rest: int) -> None:
        """Say that a write-off found no room."""
        payers = {self.adjudications[one].payer for one in service.live}
        if payers == {adjudication.payer}:
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
