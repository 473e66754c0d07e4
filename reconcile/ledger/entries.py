"""A claim payment -> cents by service and account, before it is seen whether there is room for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from edi.codes.lookup import Tables
from reconcile.accounts import (
    DUPLICATE,
    Entry,
    account_of,
    bundles,
    share_all,
    unexplained_of_claim,
    unexplained_of_line,
)
from reconcile.chain import Chain
from reconcile.values import Account, Adjudication, SubmittedLine

_PAID: Final = Account.PAID
_Part: TypeAlias = tuple[Account, int, str | None, str | None, str | None]
"""Account, cents, group, reason and quantity of one amount."""


class EntryReader:
    """Reads adjudications of one claim.

    Args:
        lines: every submitted line by id. first_lines: those of the first submission.
        tables: the code tables.
        chain: the submissions when there are several.
        known: whether a service's duplicate was paid or is in process.
    """

    def __init__(
        self,
        lines: Mapping[int, SubmittedLine],
        first_lines: Sequence[SubmittedLine],
        tables: Tables,
        chain: Chain | None,
        known: Callable[[int | None], bool],
    ) -> None:
        self.lines = lines
        self.first_lines = first_lines
        self.tables = tables
        self.chain = chain
        self._known = known

    def read(self, adjudication: Adjudication, ties: Mapping[int, int]) -> list[Entry]:
        """What the claim payment says, account by account, on the services it answers.

        Args:
            adjudication: the claim payment and its match.
            ties: row of the 835 -> line id where the books know better than the match (twins).
        """
        claim, match = adjudication.claim, adjudication.match
        entries: list[Entry] = []
        neutral = bundles(claim)
        lines, service_of = self.lines, None if self.chain is None else self.chain.service_of
        for index, paid_line in enumerate(claim.lines):
            ids = [one for one in match.lines[index].line_ids if one in lines]
            if index in ties:
                ids = [ties[index]]
            services: list[int | None] = (
                list(ids) if service_of is None else [service_of[one] for one in ids]
            ) or [None]
            parts: list[_Part] = [(_PAID, paid_line.paid, None, None, None)] if paid_line.paid else []
            for adjustment in paid_line.adjustments:
                account = account_of(
                    adjustment,
                    paid_line.charge,
                    paid_line.paid,
                    capitated=adjudication.capitated,
                    bundled=index in neutral,
                    tables=self.tables,
                )
                if account is Account.DENIED and adjustment.reason == DUPLICATE and self._known(services[0]):
                    account = Account.MEMO
                parts.append(
                    (account, adjustment.cents, adjustment.group, adjustment.reason, adjustment.quantity)
                )
            unexplained = unexplained_of_line(paid_line)
            if unexplained:
                parts.append((Account.SUSPENSE, unexplained, None, None, None))
            parts = parts or [(_PAID, 0, None, None, None)]
            if len(services) == 1:
                entries += [Entry(index, services[0], *part) for part in parts]
            else:
                weights = [lines[one].charge for one in ids]
                rows = share_all([part[1] for part in parts], weights)
                for (account, _, group, reason, quantity), row in zip(parts, rows, strict=True):
                    for service, cents in zip(services, row, strict=True):
                        entries.append(Entry(index, service, account, cents, group, reason, quantity))
        if claim.adjustments or not claim.lines or unexplained_of_claim(claim):
            entries += self._claim_level(adjudication)
        return entries

    def _claim_level(self, adjudication: Adjudication) -> list[Entry]:
        """Claim-level money: shared over the lines by charge, largest remainder.

        With lines in the 835 a claim-level adjustment lowers the payment of the claim below the sum of its lines
        (CLP04 = sum(SVC03) - claim CAS), so each share also lowers the line's cash. Without lines the whole payment
        is at the claim and goes to the lines that were submitted; without those it stays at the claim.
        """
        claim = adjudication.claim
        targets: list[tuple[int | None, int | None, int]] = []
        if claim.lines:
            for index, match in enumerate(adjudication.match.lines):
                targets += [
                    (index, self.service(one), abs(self.lines[one].charge))
                    for one in match.line_ids[:1]
                    if one in self.lines
                ]
        else:
            answered = self.first_lines
            if self.chain is not None:
                answered = self.chain.lines_of(adjudication.match.claim_id) or answered
            targets = [(None, self.service(line.id), line.charge) for line in answered]
        targets = targets or [(None, None, 1)]
        parts: list[_Part] = []
        for adjustment in claim.adjustments:
            account = account_of(
                adjustment,
                claim.charge,
                claim.paid,
                capitated=adjudication.capitated,
                bundled=False,
                tables=self.tables,
            )
            if account is Account.DENIED and adjustment.reason == DUPLICATE and self._known(targets[0][1]):
                account = Account.MEMO
            parts.append(
                (account, adjustment.cents, adjustment.group, adjustment.reason, adjustment.quantity)
            )
        if claim.lines:
            less: list[_Part] = [(_PAID, -part[1], None, None, None) for part in parts]
            paired = [one for pair in zip(parts, less, strict=True) for one in pair]
        else:
            paired = [(_PAID, claim.paid, None, None, None), *parts]
        beyond = unexplained_of_claim(claim)
        if beyond:
            paired.append((Account.SUSPENSE, beyond, None, None, None))
            if claim.lines:  # the cash that no line tells of
                paired.append((_PAID, -beyond, None, None, None))
        rows = share_all([part[1] for part in paired], [weight for _, _, weight in targets])
        return [
            Entry(index, service, account, cents, group, reason, quantity)
            for (account, _, group, reason, quantity), row in zip(paired, rows, strict=True)
            for (index, service, _), cents in zip(targets, row, strict=True)
        ]

    def service(self, line_id: int) -> int:
        """The service that a submitted line bills."""
        return line_id if self.chain is None else self.chain.service_of[line_id]
