"""The posting machine: the adjudications of one claim, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from edi.model.balance import REVERSAL
from edi.model.money import decimal_text
from reconcile.accounts import Entry, bundles
from reconcile.denial_rules import reversal_reason
from reconcile.ledger.booking import Booking
from reconcile.ledger.books import BOOKED, GIVING, YIELDING, Ledger, Service, balance_of
from reconcile.ledger.bundling import bundled_services, without_bundling
from reconcile.ledger.overcharge import overcharged
from reconcile.values import Account, Adjudication

_PAID: Final = Account.PAID


class Poster(Booking):
    """The posting machine: one claim, one adjudication after the other."""

    # -- one adjudication ----------------------------------------------------------------------------------------

    def post(self, adjudication: Adjudication) -> None:
        """Post one adjudication, service by service."""
        self.adjudications[adjudication.id] = adjudication
        self.ties[adjudication.id] = self._retie(adjudication)
        grouped: dict[int | None, list[Entry]] = {}
        for entry in self.reader.read(adjudication, self.ties[adjudication.id]):
            grouped.setdefault(entry.service, []).append(entry)
        together = bundled_services(adjudication, grouped)
        if any(self.services[one].live for one in together):
            grouped = without_bundling(grouped, bundles(adjudication.claim))
        reversal = adjudication.claim.status == REVERSAL
        if reversal and not self._in_the_books(adjudication, grouped):
            self._wait(adjudication, next(iter(grouped.values()))[0])
            return
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
                service.payers[adjudication.payer] += 1
        if together and not reversal:
            self.bundles[adjudication.id] = together
        if self.bundles and not reversal:
            self._even_out(adjudication, grouped)

    def bring_forward(self, adjudication: Adjudication) -> None:
        """Post what was settled before, after all answers: as memo where one stands, which says the same again."""
        number = adjudication.id
        self.adjudications[number] = adjudication
        self.ties[number] = self._retie(adjudication)
        grouped: dict[int | None, list[Entry]] = {}
        for entry in self.reader.read(adjudication, self.ties[number]):
            grouped.setdefault(entry.service, []).append(entry)
        for service_id, entries in grouped.items():
            service = self.services[service_id]
            for entry in entries:
                self._book(
                    number, service, entry, Account.MEMO if service.live else entry.account, entry.cents
                )
            if not service.live:
                service.live.append(number)
                service.payers[adjudication.payer] += 1

    def _even_out(self, adjudication: Adjudication, grouped: Mapping[int | None, Sequence[Entry]]) -> None:
        """Let a later payer's money for one line of a bundle answer what is owed on the others.

        The charge that is answered moves with it, as OA-94 and CO-97 would have moved it (RFI 2320).
        """
        number = adjudication.id
        for bundler, together in self.bundles.items():
            if not together.intersection(grouped) or not any(
                bundler in self.services[one].live for one in together
            ):
                continue
            for credit in sorted(together):
                for owed in sorted(together):
                    self._move_within(number, credit, owed)

    def _move_within(self, number: int, credit: int, owed: int) -> None:
        """Move a credit balance of one line of a bundle to what stands with the patient or as denied on another."""
        here, there = self.services[credit], self.services[owed]
        over = -here.open(self.lines[credit].charge)
        for account in (Account.PATIENT, Account.DENIED):
            cents = min(over, there.accounts[account])
            if cents <= 0 or here is there:
                continue
            self._draw(number, there, Entry(None, owed, account, 0), account, cents)
            for service, service_id, moved in ((there, owed, cents), (here, credit, -cents)):
                entry = Entry(None, service_id, Account.CONTRACTUAL, 0)
                codes = (None, None)
                self._book(number, service, entry, Account.CONTRACTUAL, moved, transfer=True, codes=codes)
            over -= cents

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
        for entry in entries:  # money, and what gives room back
            if entry.account is _PAID or (entry.account in GIVING and entry.cents < 0):
                self._book(number, service, entry, entry.account, entry.cents)
                drawn += entry.cents
        kept = self._share_told_again(adjudication, service, entries, room - drawn)
        room -= kept
        for account in (Account.CONTRACTUAL, Account.PATIENT, Account.DENIED, Account.SUSPENSE):
            for entry in entries:
                if entry.account is not account or (account in GIVING and entry.cents < 0):
                    continue
                fits = min(entry.cents, max(room - drawn, 0))
                drawn += fits
                if fits < entry.cents and account is not Account.SUSPENSE:
                    self._book(number, service, entry, Account.MEMO, entry.cents - fits)
                    if account is Account.CONTRACTUAL:
                        self._overstated(adjudication, service, entry, entry.cents - fits)
                self._make_room(number, service, entry, charge, fits, kept)
                self._book(number, service, entry, account, fits)
        self._make_room(number, service, entries[0], charge, 0, kept)
        self._settle_pended(number, service, entries, charge)
        for entry in entries:
            if entry.account is Account.MEMO:
                self._book(number, service, entry, Account.MEMO, entry.cents)

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

    # -- reversals -----------------------------------------------------------------------------------------------

    def _in_the_books(self, reversal: Adjudication, grouped: Mapping[int | None, Sequence[Entry]]) -> bool:
        """Whether what a reversal takes back stands on every service that it names."""
        for service_id, entries in grouped.items():
            service = self.services.get(service_id)
            if service is None or self._original(reversal, service_id, service, entries) is None:
                return False
        return True

    def _wait(self, reversal: Adjudication, entry: Entry) -> None:
        """Leave a reversal unposted until its original comes."""
        self.waiting.append(reversal.id)
        self._find(
            "REVERSAL_WITHOUT_ORIGINAL",
            reversal,
            entry,
            "the reversal takes back an adjudication that is not in the books; it waits for it",
        )

    def _reverse(
        self, reversal: Adjudication, service_id: int | None, service: Service, entries: Sequence[Entry]
    ) -> None:
        """Take back what the original posted on the service; the cash is always what the file says."""
        original = self._original(reversal, service_id, service, entries)
        if original is None:
            raise AssertionError("a reversal is posted where its original is in the books")
        first = entries[0]
        for posting in tuple(self.by_key.get((original, service_id), ())):
            entry = Entry(
                first.line, service_id, posting.account, 0, posting.group, posting.reason, posting.quantity
            )
            self._book(reversal.id, service, entry, posting.account, -posting.cents, transfer=posting.transfer,
                       codes=(posting.group, posting.reason))  # fmt: skip
        later = service.live[service.live.index(original) + 1 :]
        service.live.remove(original)
        service.payers[self.adjudications[original].payer] -= 1
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
        for account in YIELDING:  # a later payer had answered what is now gone
            moved = -sum(
                posting.cents
                for one in later
                for posting in self.by_key.get((one, service_id), ())
                if posting.transfer and posting.account is account
            )
            back = min(moved, -service.accounts[account])
            if back > 0:
                self._book(reversal.id, service, first, account, back, transfer=True, codes=(None, None))

    def deny_uncorrected(self, ordered: Sequence[Adjudication]) -> None:
        """A reversal with a reason that leaves nothing standing opens a denial of the whole service (N687 ...)."""
        for adjudication in ordered:
            if adjudication.claim.status != REVERSAL or adjudication.id in self.waiting:
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
            waiting=frozenset(self.waiting),
            live=frozenset(
                (one, service_id)
                for service_id, service in self.services.items()
                if service_id is not None
                for one in service.live
            ),
        )
