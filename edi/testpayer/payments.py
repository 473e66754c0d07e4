"""From claim payments to 835 files: who is paid when, provider adjustments, and files that come twice.

Source: facts/remittance_835_rules.md (negative totals, PLB patterns, zero-pay file).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

import msgspec

from edi.model.money import format_amount
from edi.model.remittance import (
    ClaimPayment,
    Payee,
    Payment,
    ProviderAdjustment,
    RawSegment,
    RemittanceHeader,
    RemittancePayer,
    RemittanceTrailer,
)
from edi.testpayer.adjudicate import hits
from edi.testpayer.cases import Account, Case
from edi.testpayer.provider_adjustments import (
    Owed,
    Owing,
    adjustment,
    further_adjustments,
    reference_of,
    settling_adjustments,
)
from edi.testpayer.values import RemittanceFile, RemittanceSet, Scenario, Submission

REUSED_TRACE = "0000000"
"""The trace number under which some payers send every payment of zero."""
SMALLEST_RECOVERY = 2000
"""A take-back is drawn between this many cents and half the payment."""


class Till:
    """Numbers and open balances while an answer's payments are made."""

    def __init__(self, scenario: Scenario, submission: Submission, rng: Random, today: date) -> None:
        self.scenario = scenario
        self.submission = submission
        self.rng = rng
        self.today = today
        self.payments = 0
        self.interchanges = 0
        self.forwarded: dict[Account, list[tuple[str, int]]] = {}
        self.owed: Owed = {}

    @property
    def batch(self) -> str:
        """The digits that keep the numbers of two answers apart: the end of the interchange answered."""
        return self.submission.batch

    def trace_number(self) -> str:
        """A trace number that no other payment carries."""
        self.payments += 1
        return f"EFT{self.batch}{self.payments:05d}"

    def interchange_number(self) -> str:
        """The next ISA13, nine digits."""
        self.interchanges += 1
        return f"{(int(self.batch) % 100_000) * 10_000 + self.interchanges:09d}"


def make_files(cases: Sequence[Case], till: Till) -> list[RemittanceFile]:
    """Gather everything the cases have sent into payments and files, wave by wave, and record where each stands."""
    files: list[RemittanceFile] = []
    waves: dict[int, list[tuple[Case, int]]] = {}
    for case in cases:
        for place, sent in enumerate(case.sent):
            waves.setdefault(sent.wave, []).append((case, place))
    size = till.scenario.payments_per_file
    for wave in sorted(waves):
        day = till.today + timedelta(days=wave * till.scenario.days_between)
        batches = _batches(waves[wave], till.scenario.claims_per_payment)
        made = [
            _file(batches[start : start + size], len(files) + start // size, day, till)
            for start in range(0, len(batches), size)
        ]
        copies = [copy for file in made for copy in _copies(file, till)]
        files.extend(made)
        for copy in copies:
            files.append(msgspec.structs.replace(copy, name=file_name(till.batch, len(files))))
    if till.scenario.spread and (till.forwarded or till.owed):
        day = till.today + timedelta(days=(max(waves) + 1) * till.scenario.days_between)
        files.append(_settlement(len(files), day, till))
    return files


def _settlement(number: int, day: date, till: Till) -> RemittanceFile:
    """A file without claims that ends every balance: what is carried forward or owed is refunded by check (72)."""
    name, interchange = file_name(till.batch, number), till.interchange_number()
    sets = []
    open_accounts = sorted({*till.forwarded, *till.owed}, key=lambda one: (one.id, one.payee_npi, one.name))
    for place, account in enumerate(open_accounts, 1):
        adjustments = [
            adjustment(account, day, reason, reference, cents)
            for reference, owing in till.forwarded.get(account, ())
            for reason, cents in (("FB", owing), ("72", -owing))
        ]
        adjustments += settling_adjustments(account, day, till.owed)
        amount = -sum(one.cents for one in adjustments)
        header = _header(account, amount, till.trace_number(), day, (interchange, f"{place:04d}"), till)
        sets.append(RemittanceSet(header=header, claims=(), trailer=trailer_of([], adjustments)))
    till.forwarded.clear()
    return RemittanceFile(name=name, interchange_control_number=interchange, sets=tuple(sets))


def file_name(batch: str, number: int) -> str:
    """Return the name of the 835 file of that number, counted from 0: names sort in the order of arrival."""
    return f"remittance-{batch}-{number + 1:04d}.835"


Batch = tuple[Account, list[tuple[Case, int]]]
"""One payment to be: who pays whom, and each case with the place of what it sent."""


def _batches(parts: Sequence[tuple[Case, int]], size: int) -> list[Batch]:
    """Gather what is sent in a wave by account, at most ``size`` cases a payment; a case's parts stay together."""
    by_account: dict[Account, dict[int, list[tuple[Case, int]]]] = {}
    for case, place in parts:
        by_account.setdefault(case.sent[place].account, {}).setdefault(case.number, []).append((case, place))
    return [
        (account, [part for parts in gathered[start : start + size] for part in parts])
        for account, held in by_account.items()
        for gathered in [list(held.values())]
        for start in range(0, len(gathered), size)
    ]


def _file(batches: Sequence[Batch], number: int, day: date, till: Till) -> RemittanceFile:
    name = file_name(till.batch, number)
    interchange = till.interchange_number()
    sets = tuple(
        _set(batch, (name, interchange, f"{place + 1:04d}"), day, till) for place, batch in enumerate(batches)
    )
    return RemittanceFile(name=name, interchange_control_number=interchange, sets=sets)


def _set(batch: Batch, numbers: tuple[str, str, str], day: date, till: Till) -> RemittanceSet:
    """Make one 835: claim payments, provider adjustments, BPR and TRN."""
    account, parts = batch
    name, interchange, transaction = numbers
    claims = []
    for ordinal, (case, place) in enumerate(parts):
        sent = case.sent[place]
        case.record(place, (name, transaction, ordinal))
        claims.append(msgspec.structs.replace(sent.payment, ordinal=ordinal, header_number="1"))
    trace = till.trace_number()
    paid = sum(claim.paid for claim in claims)
    adjustments = _provider_adjustments(account, parts, paid, trace, day, till)
    amount = paid - sum(item.cents for item in adjustments)
    if amount == 0 and not adjustments and hits(till.rng, till.scenario.rates.zero_trace_reused):
        trace = REUSED_TRACE
    header = _header(account, amount, trace, day, (interchange, transaction), till)
    return RemittanceSet(header=header, claims=tuple(claims), trailer=trailer_of(claims, adjustments))


def trailer_of(
    claims: Sequence[ClaimPayment], adjustments: Sequence[ProviderAdjustment] = ()
) -> RemittanceTrailer:
    """Return the trailer that goes with these claim payments and provider adjustments."""
    return RemittanceTrailer(
        provider_adjustments=tuple(adjustments),
        claims=len(claims),
        lines=sum(len(claim.lines) for claim in claims),
        charge_total=sum(claim.charge for claim in claims),
        paid_total=sum(claim.paid for claim in claims),
    )


def _provider_adjustments(
    account: Account, parts: Sequence[tuple[Case, int]], paid: int, trace: str, day: date, till: Till
) -> list[ProviderAdjustment]:
    """Settle and make forward balances, recover, pay interest; BPR02 never gets negative."""
    rates, rng = till.scenario.rates, till.rng
    adjustments: list[ProviderAdjustment] = []

    def add(reason: str, identifier: str, cents: int) -> None:
        adjustments.append(adjustment(account, day, reason, identifier, cents))

    wanted, paid_interest = hits(rng, rates.taken_back), hits(rng, rates.interest)
    case = rng.choice(parts)[0]
    owed = till.forwarded.pop(account, [])
    left = paid - sum(cents for _, cents in owed)
    for reference, cents in owed:
        add("FB", reference, cents)
    recovered = 0
    if wanted and left > 2 * SMALLEST_RECOVERY:
        recovered = rng.randint(SMALLEST_RECOVERY, left // 2)
        add("WO", reference_of(case), recovered)
        left -= recovered
    if paid_interest and left > 0:
        interest = rng.randint(1, 500)
        add("L6", case.claim_number, -interest)
        left += interest
    for one, place in parts:
        if one.sent[place].interest:
            add("L6", one.claim_number, -one.sent[place].interest)
            left += one.sent[place].interest
    for made in further_adjustments(account, parts, left, day, rng=rng, rates=rates, owed=till.owed):
        adjustments.append(made)
        left -= made.cents
    if recovered:
        till.owed.setdefault(account, []).append(Owing("WO", reference_of(case), -recovered))
    if left < 0:
        add("FB", trace, left)
        till.forwarded[account] = [(trace, -left)]
    return adjustments


def _header(
    account: Account, amount: int, trace: str, day: date, numbers: tuple[str, str], till: Till
) -> RemittanceHeader:
    """Return ST to loop 1000B: BPR, TRN, the payer and the payee."""
    interchange, transaction = numbers
    return RemittanceHeader(
        st_control_number=transaction,
        interchange_control_number=interchange,
        group_control_number=str(int(interchange)),
        sender_id=till.submission.receiver_id,
        receiver_id=till.submission.sender_id,
        version="005010X221A1",
        test=till.submission.test,
        payment=Payment(
            amount=amount,
            method="ACH" if amount else "NON",
            date=day,
            trace_number=trace,
            payer_id=account.originator_id,
            credit_debit="C",
            handling="I" if amount else "H",
            bpr=_bpr(amount, account, day),
            trn=("TRN", "1", trace, account.originator_id),
        ),
        payer=RemittancePayer(
            name=account.name,
            id=account.id,
            id_qualifier="XV",
            address=(("N3", "1 ADJUDICATION WAY"), ("N4", "PLAINFIELD", "MA", "010010001")),
            contacts=(("PER", "BL", "REMITTANCE DESK", "TE", "5555550100"),),
        ),
        payee=Payee(
            name=account.payee_name,
            npi=account.payee_npi or None,
            tax_id=account.payee_tax_id or None,
            references=(("TJ", account.payee_tax_id),) if account.payee_tax_id else (),
        ),
        production_date=day,
    )


def _bpr(amount: int, account: Account, day: date) -> RawSegment:
    """Return the whole BPR: bank accounts (invented) only where money moves."""
    if not amount:
        return ("BPR", "H", "0", "C", "NON", *[""] * 11, f"{day:%Y%m%d}")
    ours = ("CCP", "01", "999999992", "DA", "1000200030", account.originator_id, "")
    theirs = ("01", "999988880", "DA", "4000500060")
    return ("BPR", "I", format_amount(amount), "C", "ACH", *ours, *theirs, f"{day:%Y%m%d}")


def _copies(file: RemittanceFile, till: Till) -> list[RemittanceFile]:
    """Return the copies of a file that the scenario sends again, each a duplicate in the end."""
    rates, rng = till.scenario.rates, till.rng
    copies = []
    if hits(rng, rates.file_renamed):
        copies.append(msgspec.structs.replace(file, outcome="duplicate", why="renamed"))
    if hits(rng, rates.file_rewrapped):
        copies.append(msgspec.structs.replace(file, line_ends=True, outcome="duplicate", why="rewrapped"))
    if hits(rng, rates.file_reenveloped):
        interchange = till.interchange_number()
        sets = tuple(
            msgspec.structs.replace(
                one,
                header=msgspec.structs.replace(
                    one.header,
                    st_control_number=f"{int(one.header.st_control_number) + 5000:04d}",
                    interchange_control_number=interchange,
                    group_control_number=str(int(interchange)),
                ),
            )
            for one in file.sets
        )
        copies.append(
            msgspec.structs.replace(
                file,
                interchange_control_number=interchange,
                sets=sets,
                outcome="duplicate",
                why="reenveloped",
            )
        )
    return copies
