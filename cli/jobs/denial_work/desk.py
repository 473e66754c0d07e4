"""What a biller's desk knows: the worklist with the contract, the payers' days and the order to work in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import cached_property

import msgspec

from cli.inputs import RecordFiles, load_records
from cli.settings import Settings
from edi.model.days import days_after
from edi.model.errors import SettingsError
from edi.model.money import parse_cents
from edi.payers.profile import PayerProfile
from reconcile.deadlines import Deadline, appeal_by, appeal_levels, deadlines
from reconcile.denial_rules import denial_table
from reconcile.priority import Priority, priority
from reconcile.store import Connection
from reconcile.store.denial_listing import DenialListing
from reconcile.store.denial_work import DenialWork, deeds_by_item, denial_work
from reconcile.store.priced_lines import UNDERPAID, paid_lines, treated_lines
from reconcile.underpaid import Underpaid, compare_lines
from reconcile.underpayment import BilledLine, Contract, ExpectedFees, Price, price_alone, recoverable
from reconcile.values import DenialStatus
from reconcile.worklist import WAITING, Answer, Deed, Work, work_of


class DenialSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[denials] of claimloop.toml. ``underpaid_from`` is dollars as text, ``follow_up_days`` days."""

    underpaid_from: str = "1.00"
    follow_up_days: int = 45


def read_contract(settings: Settings) -> Contract:
    """The contract of an installation: fees.csv beside claimloop.toml, payers.toml, [denials] and who treats.

    Raises:
        SettingsError: [denials] has an unknown key or a wrong value.
        InputError: fees.csv cannot be read.
    """
    told = settings.table("denials", DenialSettings)
    try:
        least = parse_cents(told.underpaid_from)
    except ValueError:
        raise SettingsError('claimloop.toml: denials.underpaid_from: not an amount. Write "1.00".') from None
    beside = RecordFiles.beside(settings.folder / "sessions.csv")
    records = load_records(RecordFiles(fees=beside.fees), settings.directory).records
    clinicians = settings.directory.clinicians.values() if settings.directory is not None else ()
    return Contract(
        fees=ExpectedFees(records.fees),
        payers=settings.payers,
        least=least,
        credentials={one.npi: one.credential.upper() for one in clinicians if one.npi},
        follow_up=told.follow_up_days,
    )


class Case(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A denial on the desk.

    Attributes:
        item: the denial and where the work on it stands.
        deadlines: the payer's last days, the one that decides first.
        due: the day to act by: the person's own, the follow-up of what waits, else the first deadline.
        price: what the line should come to; None without a rate.
        expected: cents that may come of it; None without a rate.
        weight: its place in the order of work.
    """

    item: DenialWork
    deadlines: tuple[Deadline, ...]
    due: date | None
    price: Price | None
    expected: int | None
    weight: Priority

    @property
    def denial(self) -> DenialListing:
        """The denial."""
        return self.item.denial

    @property
    def work(self) -> Work:
        """Where the work stands."""
        return self.item.work


class Desk:
    """The worklist of a store on a day.

    Args:
        contract: rates, payers and days.
        today: days left are counted from it.
    """

    def __init__(self, contract: Contract, today: date) -> None:
        self.contract = contract
        self.today = today
        self._prices: dict[tuple[object, ...], Price | None] = {}
        self._last_days: dict[tuple[object, ...], tuple[Deadline, ...]] = {}

    def cases(
        self,
        connection: Connection,
        *,
        everything: bool = False,
        roots: Collection[int] | None = None,
        as_of: date | None = None,
    ) -> list[Case]:
        """The denials of the store, the most pressing first.

        Args:
            connection: any transaction.
            everything: those too that money has settled.
            roots: only those of these chains.
            as_of: as they stood at the end of that day; None for all that is stored.
        """
        items = denial_work(connection, everything=everything, roots=roots, as_of=as_of)
        treated = self._treated(connection, items)
        return _ordered([self._case(item, treated) for item in items])

    def underpaid(self, connection: Connection, as_of: date | None = None) -> list[Case]:
        """Lines that their payer allowed less than its contract says, by that day; the most pressing first."""
        deeds = deeds_by_item(connection, as_of)
        cases = []
        for payer in self.contract.fees.payers:
            credentials = self.contract.credentials if self.contract.fees.needs_claim(payer) else None
            lines = paid_lines(connection, payer, credentials=credentials, as_of=as_of)
            profile = self.contract.payers.get(payer)
            for one in compare_lines(lines, self.contract.fees, profile, least=self.contract.least):
                if one.underpaid is not None:
                    item = _underpaid_item(one.underpaid, deeds.get(one.underpaid.line.work, ()))
                    cases.append(self._case(item, {}))
        return _ordered(cases)

    def again(self, connection: Connection, cases: Sequence[Case]) -> list[Case]:
        """The same denials and underpaid lines as they are now."""
        names = {one.denial.work for one in cases}
        roots = {one.denial.claim_root for one in cases if one.denial.kind != UNDERPAID}
        found = self.cases(connection, everything=True, roots=roots) if roots else []
        if any(one.denial.kind == UNDERPAID for one in cases):
            found += self.underpaid(connection)
        return [one for one in found if one.denial.work in names]

    def profile(self, denial: DenialListing) -> PayerProfile | None:
        """The profile of who paid; where the remittance's payer is not identified, of whom the claim went to."""
        payers = self.contract.payers
        return payers.get(denial.payer) or payers.get(denial.claim_payer)

    def appeals(self, case: Case) -> list[dict[str, int | date | None]]:
        """The payer's levels of appeal for a denial: number, days, and the last day where its clock has begun."""
        denial, work, profile = case.denial, case.work, self.profile(case.denial)
        levels = appeal_levels(profile, denial.guardrails, denial.kind)
        return [
            {
                "level": number,
                "days": profile.appeals.levels[number - 1].days if profile is not None else None,
                "by": appeal_by(profile, number, denial.remitted_on, work.decided_on),
            }
            for number in range(1, levels + 1)
        ]

    def _treated(
        self, connection: Connection, items: Iterable[DenialWork]
    ) -> dict[tuple[int, int], tuple[str, str]]:
        """Credential and place of service, for payers whose rates turn on those."""
        fees = self.contract.fees
        claims = {one.denial.answered for one in items if fees.needs_claim(self._key(one.denial))}
        return treated_lines(connection, claims, self.contract.credentials) if claims else {}

    def _key(self, denial: DenialListing) -> str:
        return denial.payer if denial.payer in self.contract.payers else denial.claim_payer

    def _case(self, item: DenialWork, treated: dict[tuple[int, int], tuple[str, str]]) -> Case:
        denial, work = item.denial, item.work
        last_days = self._deadlines(denial, work)
        due = self._due(work, last_days)
        price = self._price(denial, treated) if denial.kind != UNDERPAID else None
        expected = denial.amount if denial.kind == UNDERPAID else None
        if price is not None:
            expected = recoverable(price, denial.charge, denial.amount)
        chance = self._chances.get(denial.category, self._chances["default"])
        left = (last_days[0].on - self.today).days if last_days else None
        return Case(
            item=item,
            deadlines=last_days,
            due=due,
            price=price,
            expected=expected,
            weight=priority(denial.amount, expected, chance, left, kind=denial.kind),
        )

    def _deadlines(self, denial: DenialListing, work: Work) -> tuple[Deadline, ...]:
        """The payer's last days, worked out once for denials that share what they turn on."""
        served = denial.date_of_service or denial.claim_date_from
        key = (
            denial.payer, denial.claim_payer, denial.kind, denial.guardrails, served, denial.remitted_on,
            work.appealed_level, work.decided_on,
        )  # fmt: skip
        found = self._last_days.get(key)
        if found is None:
            found = self._last_days[key] = deadlines(
                self.profile(denial),
                kind=denial.kind,
                guardrails=denial.guardrails,
                served=served,
                remitted_on=denial.remitted_on,
                appealed_level=work.appealed_level,
                decided_on=work.decided_on,
            )
        return found

    @cached_property
    def _chances(self) -> dict[str, int]:
        return denial_table().chance

    def _due(self, work: Work, last_days: tuple[Deadline, ...]) -> date | None:
        if work.due is not None:
            return work.due
        if work.state in WAITING:
            return days_after(work.since, self.contract.follow_up) if work.since is not None else None
        return last_days[0].on if last_days else None

    def _price(self, denial: DenialListing, treated: dict[tuple[int, int], tuple[str, str]]) -> Price | None:
        """What the denied line should come to, as if it stood alone."""
        if not self.contract.fees or not denial.procedure_code:
            return None
        payer = self._key(denial)
        who, place = treated.get((denial.answered, denial.line_number or 0), ("", ""))
        day = denial.date_of_service
        key = (
            payer, denial.practice_id, denial.procedure_code, denial.modifiers, denial.units, denial.charge, day, who,
            place,
        )  # fmt: skip
        if key not in self._prices:
            line = BilledLine(
                id=0,
                practice_id=denial.practice_id,
                payer=payer,
                code=denial.procedure_code,
                modifiers=denial.modifiers,
                units=denial.units,
                charge=denial.charge,
                day=day,
                credential=who,
                place_of_service=place,
            )
            self._prices[key] = price_alone(line, self.contract.fees, self.contract.payers.get(payer))
        return self._prices[key]


def _ordered(cases: list[Case]) -> list[Case]:
    """The order to work in: what waits for the payer last, then by priority, amount and name."""
    return sorted(
        cases,
        key=lambda one: (
            one.work.state in WAITING,
            -one.weight.cents,
            -one.denial.amount,
            one.denial.work,
        ),
    )


def _underpaid_item(found: Underpaid, deeds: Sequence[Deed]) -> DenialWork:
    """An underpaid line as an item of the worklist; it is there as long as it is short."""
    line, short = found.line, found.shortfall
    codes = dict.fromkeys(one.line.code for one in found.lines)
    denial = DenialListing(
        denial_id=line.work,
        practice_id=line.line.practice_id,
        patient_control_number=line.patient_control_number,
        line_control_number=line.line_control_number,
        procedure_code="+".join(codes),
        date_of_service=line.line.day,
        payer=line.line.payer,
        payer_name=line.payer_name,
        group="CO",
        reason="45",
        remarks=(),
        category=UNDERPAID,
        cause="",
        kind=UNDERPAID,
        extent="partial",
        charge=found.charge,
        amount=short.short,
        status=DenialStatus.OPEN,
        counted=False,
        next_action="contact_payer_contracting_appeal",
        guardrails=("no_patient_bill",),
        preventable_by=(),
        because=short.steps,
        remitted_on=found.remitted_on,
        trace_number="",
        claim_root=line.claim_root,
        claim_payer=line.line.payer,
        claim_date_from=line.line.day,
        line_number=line.line_number,
        work=line.work,
        line_id=line.line.id,
        payer_claim_control_number=line.payer_claim_control_number,
    )
    work = work_of([Answer(found.remitted_on, DenialStatus.OPEN)], deeds)
    return DenialWork(denial=denial, work=work, deeds=tuple(deeds))
