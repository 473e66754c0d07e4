"""PayerProfile: one table of payers.toml as a value.

Field names are the keys of the file (``from`` and ``to`` become ``valid_from`` and ``valid_to``, ``rule`` becomes
``rules``). Days are counts, money is integer cents. Source: design/input.md; the defaults are those of a commercial
payer that asks for nothing special.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

import msgspec

from edi.model.claim import Address

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
Level: TypeAlias = Literal["off", "info", "warning", "error"]


class RemitIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """How the payer's 835 calls itself: TRN03 values, N104 values, names of N102 (shell wildcards allowed)."""

    trn03: tuple[str, ...] = ()
    n104: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class UnitsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[units]: how minutes become units (``edi.model.units``), and caps per day."""

    method: Literal["cms", "midpoint", "strict15"] = "midpoint"
    max_timed_units_per_day: int | None = None
    one_unit_per_code: bool = False


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
    threshold modifier is used. ``at``: AT on active chiropractic care.
    """

    discipline_required: bool = False
    assistant: Literal["CQ/CO", "none"] = "none"
    kx: bool = False
    at: bool = False
    order: tuple[str, ...] = ()


class ProvidersPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[providers]: who may stand on the claim. ``lmt_payable``: massage therapists are paid."""

    assistant_may_render: bool = False
    supervising_required: bool = False
    referring_required: bool = False
    lmt_payable: bool = False
    taxonomy_required: bool = False


class ClaimPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[claim]: what one claim holds.

    ``span`` is how many days of service share a claim. ``dependents_have_own_id``: a dependent is written as the
    subscriber. ``report_patient_paid``: AMT*F5 goes out. ``attachments``: how papers travel, or "".
    """

    span: Literal["day", "week", "month"] = "day"
    max_lines: int = 50
    dependents_have_own_id: bool = False
    report_patient_paid: bool = False
    attachments: str = ""


class CorrectionsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[corrections]: how an adjudicated claim is mended. ``replacement_clm01`` None: as [numbering] says."""

    method: Literal["replace", "new_claim", "reopening"] = "replace"
    replacement_clm01: Literal["same", "new"] | None = None
    void: bool = True
    resend_denied_lines_only: bool = False


class FilingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[filing]: days to file, None where not known. ``clock`` starts them for a secondary claim."""

    initial_days: int | None = None
    secondary_days: int | None = None
    corrected_days: int | None = None
    clock: Literal["date_of_service", "primary_remittance"] = "date_of_service"


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


class AuthorizationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[authorization]: codes that need one (``*`` is all), from which visit of a case on, and whether a referral is."""

    required_for: tuple[str, ...] = ()
    from_visit: int = 1
    referral: bool = False

    def required(self, code: str) -> bool:
        """Whether the code needs a prior authorization (the visit count is not looked at)."""
        return "*" in self.required_for or code in self.required_for


class SecondaryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """[secondary]: payers it crosses over to by itself, and what it wants as a secondary payer."""

    crosses_over_to: tuple[str, ...] = ()
    wants: Literal["line", "claim"] = "line"
    bill_when_primary_paid_zero: bool = True


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
    claim: ClaimPolicy = ClaimPolicy()
    corrections: CorrectionsPolicy = CorrectionsPolicy()
    filing: FilingPolicy = FilingPolicy()
    appeals: AppealsPolicy = AppealsPolicy()
    authorization: AuthorizationPolicy = AuthorizationPolicy()
    secondary: SecondaryPolicy = SecondaryPolicy()
    remittance: RemittancePolicy = RemittancePolicy()
    rules: tuple[RuleOverride, ...] = ()

    def claim_id_for(self, trading_partner: str = "") -> str:
        """The payer's id (NM109) at a clearinghouse, else the default one, else ""."""
        return self.claim_id.get(trading_partner) or self.claim_id.get("default", "")
