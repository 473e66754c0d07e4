"""The values of the test payer: what a scenario says, what an answer holds, and the truth beside it.

Amounts are integer cents, also in the truth's JSON. A share is a float between 0 and 1 and never multiplies money.
"""

from __future__ import annotations

from datetime import date

import msgspec

from edi.model.acknowledgment import Acknowledgment
from edi.model.remittance import ClaimPayment, RemittanceHeader, RemittanceTrailer


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often each thing happens, as a share of what its name counts. Source: the rates of the scenario file.

    Attributes:
        line_number_dropped: lines answered without their REF*6R.
        modifiers_dropped: lines answered without any modifier.
        lines_merged_or_split: lines paid as one, bundled by OA-94 and CO-97, or paid in two parts.
        control_number_mangled: claims whose CLP01 is not CLM01 as sent.
        claim_numbers_acknowledged: accepted claims whose 277CA carries the payer's claim number (REF*1K).
        rejected: claims rejected at the 277CA.
        denied: lines denied in full. denied_in_part: lines with money paid and a denial.
        pended: lines that wait (OA-133). paid_in_full: lines without any adjustment.
        reversed: claims taken back and corrected later. corrected_in_same_file: of these, correction in the same 835.
        corrected_alike: of the reversed, corrections that repeat the first payment to the cent.
        crossed_over: claims with a patient share, of payers that cross over, that a second payer answers.
        later_payer_overstates: of these, the second payer writes off its whole difference (CO-45, no OA-23).
        later_payer_denies: of these, the second payer denies the whole charge (PR-96).
        claim_level: claims whose copay stands in a CAS of the claim.
        deductible: lines whose allowed amount goes to the deductible.
        taken_back: payments that recover money by a PLB WO. interest: payments with interest (PLB L6).
        takeback_deferred: reversals whose money a PLB WO defers and later payments take.
        refund_received: payments that acknowledge a refund check (72 with WO). adjusted: that adjust (CS) and take it
            again later. advanced: that advance money (AP) and take it later. offset: that offset amounts (J1).
        unknown_adjustment: payments with a PLB reason that is in no code set.
        zero_trace_reused: payments of zero that carry the trace number every such payment carries.
        lines_out_of_order: claims whose lines come back in another order.
        file_renamed, file_rewrapped, file_reenveloped: files sent again under another name, with other line ends,
            or in another envelope (new ISA13, GS06 and ST02).
    """

    line_number_dropped: float = 0.0
    modifiers_dropped: float = 0.0
    lines_merged_or_split: float = 0.0
    control_number_mangled: float = 0.0
    claim_numbers_acknowledged: float = 1.0
    rejected: float = 0.0
    denied: float = 0.0
    denied_in_part: float = 0.0
    pended: float = 0.0
    paid_in_full: float = 0.0
    reversed: float = 0.0
    corrected_in_same_file: float = 0.5
    corrected_alike: float = 0.2
    crossed_over: float = 0.0
    later_payer_overstates: float = 0.0
    later_payer_denies: float = 0.0
    claim_level: float = 0.0
    deductible: float = 0.0
    taken_back: float = 0.0
    interest: float = 0.0
    takeback_deferred: float = 0.0
    refund_received: float = 0.0
    adjusted: float = 0.0
    advanced: float = 0.0
    offset: float = 0.0
    unknown_adjustment: float = 0.0
    zero_trace_reused: float = 0.0
    lines_out_of_order: float = 0.0
    file_renamed: float = 0.0
    file_rewrapped: float = 0.0
    file_reenveloped: float = 0.0


class LaterPayer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payer that a claim crosses over to: its name, N104, TRN03 and CLP06."""

    name: str
    id: str
    originator_id: str
    filing_indicator: str = "15"


class PayerBehaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one payer answers.

    Attributes:
        ids: the NM109 of 2010BB it answers to; empty answers everyone not named elsewhere.
        name, id, originator_id: how its 835 calls itself (N102, N104, TRN03); "" takes the claim's.
        filing_indicator: CLP06; "" takes the claim's SBR09.
        allowed_percent: lowest and highest allowed amount in percent of the charge.
        copays: cents of a visit's copay, one drawn a claim; 0 is none.
        coinsurance_percent: patient share of what is allowed.
        sequestration_percent: CO-253 in percent of what would be paid.
        multiple_procedure_percent: CO-59 in percent of the allowed amount, from the second line of a day on.
        crosses_over_to: the payer it sends claims on to.
        claim_remark: a MOA remark code on every claim, or "".
    """

    ids: tuple[str, ...] = ()
    name: str = ""
    id: str = ""
    originator_id: str = ""
    filing_indicator: str = ""
    allowed_percent: tuple[int, int] = (50, 90)
    copays: tuple[int, ...] = (0,)
    coinsurance_percent: int = 0
    sequestration_percent: int = 0
    multiple_procedure_percent: int = 0
    crosses_over_to: LaterPayer | None = None
    claim_remark: str = ""


class DenialReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way a line is denied: group, CARC, RARCs, the category a biller should see, and how often (weight)."""

    group: str
    reason: str
    category: str
    weight: int
    remarks: tuple[str, ...] = ()
    claim_remarks: tuple[str, ...] = ()


class Rejection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way a claim is rejected before adjudication: STC01-1 to -3 of the 277CA, and how often."""

    category: str
    status: str
    entity: str
    weight: int


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario file: rates, payers, reasons and file layout.

    ``classes`` says for each CARC used which account it goes to (facts/carc_categories.csv, posting_class); it is
    data of the scenario so that the truth does not lean on the tables under test. ``days_between`` is the number of
    days between the first payments, the second wave and the third.

    ``nasty`` is the share of claims that get one of the unusual adjudications of `edi.testpayer.patterns`, drawn among
    ``patterns`` (all of them when empty). ``spread``: payments follow each claim's date of service by two weeks, and
    what comes after them by some weeks more, so that a year of claims is answered over a year.
    """

    name: str
    about: str = ""
    rates: Rates = Rates()
    payers: tuple[PayerBehaviour, ...] = (PayerBehaviour(),)
    denials: tuple[DenialReason, ...] = ()
    partial_denials: tuple[DenialReason, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    classes: dict[str, str] = {}
    claims_per_payment: int = 50
    payments_per_file: int = 3
    days_between: int = 7
    nasty: float = 0.0
    patterns: tuple[str, ...] = ()
    spread: bool = False


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What an 837P interchange said about itself.

    Attributes:
        interchange_control_number: ISA13.
        groups: each GS06 with the ST02s under it.
        sender_id, receiver_id: ISA06 and ISA08; the answer goes the other way.
        reference: BHT03 of the first transaction set.
        test: ISA15 is T; the answer says the same.
    """

    interchange_control_number: str = "000000001"
    groups: tuple[tuple[str, tuple[str, ...]], ...] = (("1", ("0001",)),)
    sender_id: str = "SENDER"
    receiver_id: str = "RECEIVER"
    reference: str = ""
    test: bool = False

    @property
    def batch(self) -> str:
        """The six digits that keep the numbers of two answers apart: the end of ISA13."""
        digits = "".join(c for c in self.interchange_control_number if c in "0123456789")
        return f"{digits[-6:]:0>6}"


class RemittanceSet(msgspec.Struct, frozen=True, kw_only=True):
    """One 835 transaction set as values."""

    header: RemittanceHeader
    claims: tuple[ClaimPayment, ...]
    trailer: RemittanceTrailer


class RemittanceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One 835 file: its name, its interchange control number and its sets.

    ``outcome`` is what a reader that has seen the files before it must say: ``posted`` or ``duplicate``; ``why``
    names the kind of duplicate (``renamed``, ``rewrapped``, ``reenveloped``). ``line_ends``: a line break after each
    segment.
    """

    name: str
    interchange_control_number: str
    sets: tuple[RemittanceSet, ...]
    line_ends: bool = False
    outcome: str = "posted"
    why: str = ""


class AnsweredBy(msgspec.Struct, frozen=True, kw_only=True):
    """Where an answer stands: file, ST02, 0-based claim payment in the set, 0-based line in it (-1: no own line)."""

    file: str
    transaction: str
    claim: int
    line: int
    kind: str
    """``first``, ``reversal``, ``correction`` or ``later``."""


class TrueLine(msgspec.Struct, frozen=True, kw_only=True):
    """The end state of one submitted line after all files, in cents.

    charge = cash + contractual + patient + denied + open; ``pended`` is a part of open, ``memo`` of nothing.

    Attributes:
        number: LX01. line_control_number: REF*6R as submitted, before anyone drops it.
        category: the denial's category, or "" when nothing is denied.
        group: LX01s of the lines that nothing in the files tells apart, or whose money comes in one sum; only their
            sums can be compared. A line that stands alone is a group of one.
        decidable: whether the files say enough to find the line (or its group).
        why_not: why not, or "".
    """

    number: int
    line_control_number: str
    procedure_code: str
    charge: int
    cash: int
    contractual: int
    patient: int
    denied: int
    pended: int
    memo: int
    open: int
    category: str
    group: tuple[int, ...]
    decidable: bool
    why_not: str
    answered_by: tuple[AnsweredBy, ...]


class TrueClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One submitted claim: CLM01, what became of it, and its lines.

    ``status`` is ``rejected``, ``adjudicated``, ``unanswered`` (a void of a claim that was not in the same file) or
    ``again`` (a replacement, void or resend of a claim of the same file, whose lines hold the end state).
    ``traits`` names what was done to it (``mangled``, ``reversed``, ``crossed_over``, ``bundled``, ``split`` …).
    """

    patient_control_number: str
    billing_npi: str
    payer_id: str
    status: str
    payer_claim_control_number: str
    traits: tuple[str, ...]
    lines: tuple[TrueLine, ...]


class TruePayment(msgspec.Struct, frozen=True, kw_only=True):
    """One 835 set: what must become of it and what it says. ``provider_adjustments`` is the sum of its PLB."""

    transaction: str
    trace_number: str
    payer_id: str
    payment_date: date
    amount: int
    claims: int
    lines: int
    claims_paid: int
    provider_adjustments: int
    outcome: str


class TrueFile(msgspec.Struct, frozen=True, kw_only=True):
    """One 835 file and its expected outcome."""

    file: str
    outcome: str
    why: str
    payments: tuple[TruePayment, ...]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over all lines, in cents, and counts."""

    claims: int
    rejected: int
    lines: int
    undecidable: int
    charge: int
    cash: int
    contractual: int
    patient: int
    denied: int
    pended: int
    memo: int
    open: int
    bank: int
    """Sum of BPR02 over all payments that are not duplicates."""
    provider_adjustments: int
    """Sum of PLB over them; cash + strangers = bank + provider_adjustments."""
    strangers: int = 0
    """Sum of CLP04 over claims of other systems that came in the same files."""


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What is true after all files of an answer have been read, each once and in order."""

    schema_version: int = 1
    scenario: str
    as_of: date
    totals: Totals
    claims: tuple[TrueClaim, ...]
    files: tuple[TrueFile, ...]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the test payer sends back, and the truth."""

    interchange: Acknowledgment
    functional: tuple[Acknowledgment, ...]
    claims: tuple[Acknowledgment, ...]
    files: tuple[RemittanceFile, ...]
    truth: Truth
