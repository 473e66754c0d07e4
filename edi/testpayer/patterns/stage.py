"""What a pattern works with: one case, chance, and the ways to decide and to send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random

import msgspec

from edi.model.remittance import Adjustment, ClaimPayment
from edi.testpayer.adjudicate import decide_claim
from edi.testpayer.bookkeeping import Decision
from edi.testpayer.cases import Account, Case, Sent, claim_payment, reversal_of
from edi.testpayer.lines import AnsweredLine, answer_lines
from edi.testpayer.values import LaterPayer, Rates, Scenario


def later_run(wave: int, scenario: Scenario, rng: Random) -> int:
    """The payment run of what follows: the next, or some weeks on where the scenario is spread over time."""
    return wave + (rng.randint(1, 8) if scenario.spread else 1)


UNWORN = Rates()
"""Nothing is dropped on the way."""


class Stage:
    """One case on which a pattern is played.

    Args:
        case: the case; a pattern fills its ``sent`` and ``standing``.
        scenario: rates, payers and classes.
        rng: all chance there is.
        today: day of the first payments.
        others: normalised control numbers of all claims.
    """

    def __init__(self, case: Case, scenario: Scenario, rng: Random, today: date, others: set[str]) -> None:
        self.case = case
        self.scenario = scenario
        self.rng = rng
        self.today = today
        self.others = others

    def after(self, wave: int) -> int:
        """A payment run after that one: the next, or some weeks on where the scenario is spread over time."""
        return later_run(wave, self.scenario, self.rng)

    def paid(self) -> list[Decision]:
        """Decisions that pay every line."""
        return decide_claim(self.case.claim, self.case.payer, self.scenario, self.rng, final=True)

    def lines(self, decisions: Sequence[Decision], rates: Rates | None = None) -> list[AnsweredLine]:
        """One 835 line for each decision, worn as the scenario's rates say (or those given)."""
        return answer_lines(self.case.claim, decisions, rates or self.scenario.rates, self.rng, reshape=False)

    def payment(
        self,
        lines: Sequence[AnsweredLine],
        *,
        status: str = "1",
        claim_number: str | None = None,
        claim_adjustments: tuple[Adjustment, ...] = (),
        remarks: tuple[str, ...] = (),
        later: LaterPayer | None = None,
        filing_indicator: str = "",
    ) -> ClaimPayment:
        """The claim payment of these lines under the case's own number."""
        return claim_payment(
            self.case,
            lines,
            status=status,
            claim_number=self.case.claim_number if claim_number is None else claim_number,
            claim_adjustments=claim_adjustments,
            remarks=tuple(one for one in (self.case.payer.claim_remark, *remarks) if one),
            filing_indicator=filing_indicator or self.case.payer.filing_indicator,
            later=later,
            received=self.today,
        )

    def send(
        self,
        wave: int,
        kind: str,
        payment: ClaimPayment,
        lines: Sequence[AnsweredLine],
        *,
        account: Account | None = None,
        interest: int = 0,
    ) -> Sent:
        """Send a claim payment in a payment run."""
        sent = Sent(
            wave=wave,
            kind=kind,
            account=account or self.case.account,
            payment=payment,
            lines=tuple(lines),
            interest=interest,
        )
        self.case.sent.append(sent)
        return sent

    def first(self, decisions: Sequence[Decision], *, status: str = "1", rates: Rates | None = None) -> Sent:
        """Send the first answer in the case's own run."""
        lines = self.lines(decisions, rates)
        return self.send(self.case.wave, "first", self.payment(lines, status=status), lines)

    def take_back(self, wave: int, sent: Sent, remark: str = "MA67") -> Sent:
        """Send the reversal of what was sent."""
        return self.send(wave, "reversal", reversal_of(sent, remark), sent.lines, account=sent.account)

    def correct(self, wave: int, decisions: Sequence[Decision], *, renumbered: bool = True) -> Sent:
        """Send a correction, under a new payer claim control number or the old one."""
        lines = self.lines(decisions)
        number = f"{self.case.claim_number}C" if renumbered else self.case.claim_number
        return self.send(wave, "correction", self.payment(lines, claim_number=number), lines)

    def stands(self, *decisions: Sequence[Decision]) -> None:
        """Say which decisions stand in the end, payer by payer."""
        self.case.standing = [list(one) for one in decisions]


def changed(line: AnsweredLine, **fields: object) -> AnsweredLine:
    """An 835 line with other fields."""
    return msgspec.structs.replace(line, payment=msgspec.structs.replace(line.payment, **fields))
