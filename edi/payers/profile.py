"""PayerProfile: one table of payers.toml as a value.

Field names are the keys of the file (``from`` and ``to`` become ``valid_from`` and ``valid_to``, ``rule`` becomes
``rules``). Days are counts, money is integer cents. Source: design/input.md; the defaults are those of a commercial
payer that asks for nothing special.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, TypeAlias

import msgspec

from edi.model.claim import Address
from edi.model.control import PLACEHOLDERS
from edi.model.days import days_after, months_after

PayerKind: TypeAlias = Literal[
    "medicare_b",
    "railroad",
    "medicare_advantage",
    "medicaid",
    "commercial",
    "bcbs",
    "tricare",
    "va_ccn",
    "workers_comp",
    "auto",
    "self",
]
ORIGINAL_MEDICARE: Final[tuple[PayerKind, ...]] = ("medicare_b", "railroad")
"""Kinds of original Medicare; an Advantage plan stands in for it."""
MEDICARE: Final[tuple[PayerKind, ...]] = (*ORIGINAL_MEDICARE, "medicare_advantage")
"""Kinds of payers that follow Medicare's fee schedule and edits."""
Level: TypeAlias = Literal["off", "info", "warning", "error"]


class RemitIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """How the payer's 835 calls itself: TRN03 values, N104 values, names of N102 (shell wildcards allowed)."""

    trn03: tuple[str, ...] = ()
    n104: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class UnitsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[units]: how minutes become units (``edi.model.units``), and caps per day.

    ``add_on_minutes``: a unit that is no quarter of an hour is earned past its middle, or when full.
    """

    method: Literal["cms", "midpoint", "strict15"] = "midpoint"
    max_timed_units_per_day: int | None = None
    one_unit_per_code: bool = False
    add_on_minutes: Literal["midpoint", "full"] = "midpoint"


class EditsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[edits]: which bundling tables apply.

    ``pairs`` are the payer's own (column 1, column 2) pairs, ``bundled`` codes it never pays by themselves.
    """

    ncci: Literal["medicare", "medicaid", "none"] = "medicare"
    mue: bool = True
    pairs: tuple[tuple[str, str], ...] = ()
    bundled: tuple[str, ...] = ()
    accepts_97014: bool = True


class ModifiersPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[modifiers]: which ones the payer asks for, and the order it wants them in.

    ``discipline_required``: GP, GO or GN on therapy lines. ``assistant``: how assistants are marked. ``kx``: the
    threshold modifier is used. ``at``: AT on active chiropractic care. ``telehealth_at_usual_place``: 95 and its like
    go with the place of service where the patient would have come, instead of 02 or 10.
    """

    discipline_required: bool = False
    assistant: Literal["CQ/CO", "none"] = "none"
    kx: bool = False
    at: bool = False
    telehealth_at_usual_place: bool = False
    order: tuple[str, ...] = ()


class ProvidersPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[providers]: who may stand on the claim. ``lmt_payable``: massage therapists are paid."""

    assistant_may_render: bool = False
    supervising_required: bool = False
    referring_required: bool = False
    lmt_payable: bool = False
    taxonomy_required: bool = False


class CoveragePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[coverage]: what a coverage of this payer looks like.

    ``member_id`` is a regular expression that the whole of a member id must fit, "" for any. ``verified_within_days``
    is how old the last confirmation of the coverage may be on the date of service without a warning, None for any age.
    """

    member_id: str = ""
    verified_within_days: int | None = 30


class ClaimPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[claim]: what one claim holds.

    ``span`` is how many days of service share a claim. ``dependents_have_own_id``: a dependent is written as the
    subscriber. ``report_patient_paid``: AMT*F5 goes out. ``attachments``: how papers travel, or "".
    ``spinal_condition``: CR2 goes with spinal manipulation.
    """

    span: Literal["day", "week", "month"] = "day"
    max_lines: int = 50
    dependents_have_own_id: bool = False
    report_patient_paid: bool = False
    attachments: str = ""
    spinal_condition: bool = False


class CorrectionsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[corrections]: how an adjudicated claim is mended. ``replacement_clm01`` None: as [numbering] says."""

    method: Literal["replace", "new_claim", "reopening"] = "replace"
    replacement_clm01: Literal["same", "new"] | None = None
    void: bool = True
    resend_denied_lines_only: bool = False


class FilingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[filing]: how long a claim may be filed, None where not known.

    ``initial_months`` are calendar months and count where ``initial_days`` are not given: a service of February 29 may
    be filed until February 28 twelve months later. ``clock`` starts the days of a secondary claim, ``corrected_clock``
    those of a replacement: the payer's answer to the claim it replaces, where that is known. ``range_end``: a service
    of several days is counted from its last day. ``warn_days``: this many days before the limit is a warning.
    """

    initial_days: int | None = None
    initial_months: int | None = None
    secondary_days: int | None = None
    corrected_days: int | None = None
    clock: Literal["date_of_service", "primary_remittance"] = "date_of_service"
    corrected_clock: Literal["date_of_service", "remittance"] = "remittance"
    range_end: bool = False
    warn_days: int = 14

    def last_day(self, served: date) -> date | None:
        """The last day on which a first claim for a service of that day may be filed, None where no limit is known."""
        if self.initial_days is not None:
            return days_after(served, self.initial_days)
        return months_after(served, self.initial_months) if self.initial_months is not None else None


class AppealLevel(msgspec.Struct, frozen=True, kw_only=True):
    """One level of appeal: days from ``clock`` (the remittance, or the decision before it)."""

    days: int
    clock: Literal["remittance", "decision"] = "remittance"


class AppealsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[appeals]: levels in order, days for a reopening, and where they go."""

    levels: tuple[AppealLevel, ...] = ()
    reopening_days: int | None = None
    address: str = ""
    fax: str = ""
    portal: str = ""


class FirstAuthorization(msgspec.Struct, frozen=True, kw_only=True):
    """What the first authorization of a discipline covers when it does not say: visits within days of the first."""

    discipline: str
    visits: int
    days: int


class AuthorizationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[authorization]: codes that need one (``*`` is all), from which visit of a case on, and whether a referral is.

    ``first``: what a first authorization covers, by discipline.
    ``warn_days`` and ``warn_visits``: with that little left of an authorization, it is time to ask for the next.
    """

    required_for: tuple[str, ...] = ()
    from_visit: int = 1
    first: tuple[FirstAuthorization, ...] = ()
    referral: bool = False
    warn_days: int = 14
    warn_visits: int = 2

    def required(self, code: str) -> bool:
        """Whether the code needs a prior authorization (the visit count is not looked at)."""
        return "*" in self.required_for or code in self.required_for


class PlanOfCarePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[plan_of_care]: what the payer asks of the plan under which PT, OT and SLP treat.

    ``certification_days``: a plan is certified within so many days of its start. ``signed_order_from``: plans begun on
    that day or later need no signature where a signed order or referral is on file. ``progress_report_visits`` and
    ``progress_report_days``: a report is due after so many treatment days, or calendar days; None for never.
    """

    required: bool = False
    certification_days: int = 30
    signed_order_from: date | None = None
    progress_report_visits: int | None = None
    progress_report_days: int | None = None


class SecondaryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[secondary]: payers it crosses over to by itself, and what it wants as a secondary payer."""

    crosses_over_to: tuple[str, ...] = ()
    wants: Literal["line", "claim"] = "line"
    bill_when_primary_paid_zero: bool = True
    bypass_allowed: bool = False
    """A payer before it may be passed over unasked (AMT*A8)."""


class LagDays(msgspec.Struct, frozen=True, kw_only=True):
    """Days from sending a claim to its 835: the middle and the slow tenth."""

    p50: int = 14
    p90: int = 30


class RemittancePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[remittance]: habits of the payer's 835.

    ``drops`` names what it does not send back (``modifiers``, ``REF6R``). ``status_2_means_primary``: CLP02 2 is sent
    although nobody paid before (Medicaid). ``claim_level_cas_repeats_lines``: the claim's CAS repeat those of the
    lines. ``plb_reference`` is the layout of PLB03-2.
    """

    sends_835: bool = True
    lag_days: LagDays = LagDays()
    drops: tuple[str, ...] = ()
    status_2_means_primary: bool = False
    claim_level_cas_repeats_lines: bool = False
    plb_reference: Literal["", "medicare"] = ""


class MatchingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[matching]: how sure a match of the payer's claim payments must be, in points of ``reconcile.match``.

    ``claim_margin``: the best claim leads the next one by at least so much, else a person decides; claims that fit
    alike always wait. ``line_margin``: the same for a line that neither a number nor its twins explain.
    ``charge_or_patient``: a claim is taken on its number alone only where its charge or its patient agrees too.
    ``placeholders``: what the payer writes in CLP07 where it has no number (letters and digits, upper case); blanks and
    zeros always are. No claim is found by them.
    """

    claim_margin: int = 0
    line_margin: int = 0
    charge_or_patient: bool = False
    placeholders: tuple[str, ...] = PLACEHOLDERS


class StatusPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[status]: how the payer is asked what became of a claim (276).

    ``takes_276``: it answers; workers' compensation, auto and self-pay never do. ``payer_id`` is its id there where it
    is not that of claims. ``after_days`` is how long after sending it is asked, None for the slow tenth of its lag.
    ``interval_days``: it is not asked about the same claim again within them. ``lines``: service lines are asked about
    too. ``reply_days``: within so many days of an answer that wants more information somebody replies (a custom).
    """

    takes_276: bool = True
    payer_id: str = ""
    after_days: int | None = None
    interval_days: int = 7
    lines: bool = False
    reply_days: int = 14


class RuleOverride(
    msgspec.Struct, frozen=True, kw_only=True, rename={"valid_from": "from", "valid_to": "to"}
):
    """[[rule]]: a rule turned off, up or down for this payer, between dates of service, with the reason."""

    code: str
    level: Level
    reason: str
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the override is in force on that date of service (both ends included)."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class PayerProfile(msgspec.Struct, frozen=True, kw_only=True, rename={"rules": "rule"}):
    """Everything known about one payer.

    ``claim_id`` is 2010BB NM109 by trading partner, ``default`` for the rest; ``remit`` is how its 835 calls itself
    and never the same thing. ``filing_indicator`` is SBR09. ``capitated``: a payment of zero is no denial.
    """

    key: str = ""
    name: str
    kind: PayerKind = "commercial"
    claim_id: dict[str, str] = {}
    eligibility_id: str = ""
    filing_indicator: str = "CI"
    address: Address | None = None
    remit: RemitIdentity = RemitIdentity()
    capitated: bool = False
    units: UnitsPolicy = UnitsPolicy()
    edits: EditsPolicy = EditsPolicy()
    modifiers: ModifiersPolicy = ModifiersPolicy()
    providers: ProvidersPolicy = ProvidersPolicy()
    coverage: CoveragePolicy = CoveragePolicy()
    claim: ClaimPolicy = ClaimPolicy()
    corrections: CorrectionsPolicy = CorrectionsPolicy()
    filing: FilingPolicy = FilingPolicy()
    appeals: AppealsPolicy = AppealsPolicy()
    authorization: AuthorizationPolicy = AuthorizationPolicy()
    plan_of_care: PlanOfCarePolicy = PlanOfCarePolicy()
    secondary: SecondaryPolicy = SecondaryPolicy()
    remittance: RemittancePolicy = RemittancePolicy()
    matching: MatchingPolicy = MatchingPolicy()
    status: StatusPolicy = StatusPolicy()
    rules: tuple[RuleOverride, ...] = ()

    @property
    def is_original_medicare(self) -> bool:
        """Whether the payer is Medicare Part B or Railroad Medicare, not a plan that stands in for them."""
        return self.kind in ORIGINAL_MEDICARE

    @property
    def follows_medicare(self) -> bool:
        """Whether Medicare's fee schedule and edits are the payer's: original Medicare and Advantage plans."""
        return self.kind in MEDICARE

    @property
    def counts_visits(self) -> bool:
        """Whether rules count a patient's visits or dollars over more than the day of a claim."""
        return (
            self.modifiers.kx
            or self.plan_of_care.required
            or self.authorization.from_visit > 1
            or bool(self.authorization.first)
        )

    def claim_id_for(self, trading_partner: str = "") -> str:
        """The payer's id (NM109) at a clearinghouse, else the default one, else ""."""
        return self.claim_id.get(trading_partner) or self.claim_id.get("default", "")
