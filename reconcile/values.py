"""The values that flow through reconcile: submitted claim + claim payment -> match -> postings -> denials.

Money is integer cents, dates are ``datetime.date``. Surrogate ids are ints from the store; pure code only carries them.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from edi.model.by_hand import BROUGHT_FORWARD
from edi.model.finding import Finding
from edi.model.remittance import ClaimPayment


class Again(StrEnum):
    """Why this store sent a claim after others of its chain; "" for a first submission and for imported ones."""

    REPLACEMENT = "replacement"
    """Frequency 7."""
    VOID = "void"
    """Frequency 8."""
    NEW_CLAIM = "new_claim"
    """Frequency 1 under a new CLM01, in the place of one that was adjudicated."""
    DENIED_LINES = "denied_lines"
    """The same with the denied lines alone; the others stand as they were adjudicated."""
    REJECTED = "rejected"
    """In the place of one that no payer took in."""
    SECONDARY = "secondary"
    """To the next payer."""

    @property
    def whole(self) -> bool:
        """Whether it stands for the whole claim, so that a service it leaves out is billed no more."""
        return self in (Again.REPLACEMENT, Again.NEW_CLAIM, Again.REJECTED)


class SubmittedLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A service line as it was billed. ``control_number`` is its REF*6R, ``allocated`` that this store made it."""

    id: int
    number: int
    procedure_code: str
    modifiers: tuple[str, ...]
    charge: int
    units: str
    date_from: date | None
    date_to: date | None
    control_number: str
    allocated: bool


class SubmittedClaim(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One submission of a claim (an original, a replacement, a resend), with what matching may look at.

    ``patient_control_number`` is as sent; the store also indexes it normalised. ``original_reference`` is REF*F8.
    ``payer_claim_control_numbers`` are those learned from acknowledgments and earlier remittances. ``sequence`` orders
    the submissions of one patient control number. ``root`` is the id of the first submission of the chain.
    ``has_next_payer``: a further coverage is on file, so the patient's share goes there first.
    ``patient_protected``: nobody may ever bill the patient (QMB).
    """

    id: int
    practice_id: str
    patient_control_number: str
    charge: int
    frequency: str
    payer_key: str
    payer_id: str
    payer_name: str
    member_ids: tuple[str, ...]
    patient_last_name: str
    patient_first_name: str
    date_from: date | None
    date_to: date | None
    original_reference: str
    payer_claim_control_numbers: tuple[str, ...]
    sequence: int
    root: int
    lines: tuple[SubmittedLine, ...]
    has_next_payer: bool = False
    patient_protected: bool = False
    again: Again | None = None
    """Why this store sent it after others; None for a first submission, and for those of other systems."""
    follows: int | None = None
    """Id of the submission that it replaces, voids, repeats or carries on, where this store sent it."""
    repeats: tuple[int, ...] = ()
    """For each of its lines the LX01 of that submission's line which it sends again; () where that is not noted."""
    rejected: bool = False
    """A TA1, 999 or 277CA rejected it, and no payer answered it: it is as if it had not been sent."""


class ClaimEvidence(StrEnum):
    """How the claim was found, strongest first."""

    CONTROL_NUMBER = "control_number"
    CONTROL_NUMBER_NORMALISED = "control_number_normalised"
    LINE_CONTROL_NUMBER = "line_control_number"
    PAYER_CLAIM_CONTROL_NUMBER = "payer_claim_control_number"
    BY_HAND = "by_hand"
    """A person linked the claim payment to the claim."""
    ALIAS = "alias"
    """By a number that a claim payment linked by hand taught for this payer."""
    NONE = "none"


class LineEvidence(StrEnum):
    """How a line was found inside its claim, strongest first."""

    LINE_CONTROL_NUMBER = "line_control_number"
    LINE_NUMBER = "line_number"
    CODE_DATE_CHARGE = "code_date_charge"
    CODE_DATE = "code_date"
    CODE_CHARGE = "code_charge"
    ONLY_LINE = "only_line"
    BY_HAND = "by_hand"
    """A person tied the two."""
    NONE = "none"


class LineMatch(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One 835 line tied to submitted lines.

    ``line_ids`` has one id normally, several when the payer merged lines, none when unmatched. ``twin`` says that the
    choice among identical lines was arbitrary. ``notes`` are evidence words (``modifiers_dropped``, ``units_differ``,
    ``recoded``, ``split``, ``merged``, ``merged_codes``, ``date_differs``, ``charge_differs``); ``runner_up`` is the
    id of the next best line and ``margin`` the score between them (0 for twins).
    """

    line_ids: tuple[int, ...]
    evidence: LineEvidence
    twin: bool = False
    notes: tuple[str, ...] = ()
    runner_up: int | None = None
    margin: int = 0


OTHER_PATIENT: Final = "other_patient"
"""Why a claim payment is unmatched although its numbers name a claim: last name and member id are both another's."""

TOO_MANY: Final = "too_many_answers"
"""Why a claim payment is unmatched although it fits its claim: more were posted there than any claim has."""


class ClaimMatch(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A claim payment tied to a submission, or the reasons why it is not.

    ``claim_id`` None means the queue; then ``reason`` is one code (``unknown_payee``, ``no_claim``, ``ambiguous``,
    ``conflict``, ``other_patient``, ``lines_unmatched``, ``not_ours``, ``predetermination``, ``no_original``,
    ``too_many_answers``), ``detail`` says why in words without PHI, ``candidates`` the ids considered.
    """

    claim_id: int | None
    evidence: ClaimEvidence
    notes: tuple[str, ...] = ()
    lines: tuple[LineMatch, ...] = ()
    reason: str = ""
    detail: str = ""
    candidates: tuple[int, ...] = ()
    runner_up: int | None = None
    margin: int = 0
    """How far the runner-up of another chain is behind, in points; 0 without one."""


class Adjudication(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A matched claim payment that balances, ready to be posted.

    ``id`` is the store's claim payment id; ``payer`` identifies who paid (payers.toml key, else the 835's own id);
    ``order`` sorts adjudications of one claim: (payment date, ordinal …), the same however files arrived.
    """

    id: int
    payer: str
    payer_kind: str
    capitated: bool
    order: tuple[str, int, int]
    payment_date: date | None
    claim: ClaimPayment
    match: ClaimMatch
    payer_ids: tuple[str, ...] = ()
    """The ids by which the 835 calls its payer."""

    @property
    def brought_forward(self) -> bool:
        """Whether it tells what was settled before a balance was brought forward: no payer's answer to this store."""
        return BROUGHT_FORWARD in self.claim.kept


class Account(StrEnum):
    """Where cents of a service line go. Open balance = charge - every account but MEMO and PENDED.

    The names a biller uses for them are in ``reconcile.ledger.names``.
    """

    PAID = "paid"
    CONTRACTUAL = "contractual"
    PATIENT = "patient"
    DENIED = "denied"
    PENDED = "pended"
    MEMO = "memo"
    SUSPENSE = "suspense"
    """What a claim payment released by hand does not explain: positive cents are missing, negative too many."""


class Posting(msgspec.Struct, frozen=True, gc=False):
    """Cents of one adjustment or payment on one account. An adjustment IS a posting; the counter-account is derived.

    ``line`` is the index into ``ClaimPayment.lines`` (None: claim level), ``adjudication`` the store's claim payment
    id, ``line_id`` the submitted line it lands on (None when claim level without lines). One adjustment that is capped
    gives two postings: the posted part and the memo rest. ``transfer`` marks cents that an adjudication moves between
    accounts without saying so itself (a later payer answers what the first left to the patient; a reversal with a
    reason and no correction leaves a denial): leave them out when postings are compared with the 835.
    """

    adjudication: int
    line: int | None
    line_id: int | None
    account: Account
    cents: int
    group: str | None = None
    reason: str | None = None
    quantity: str | None = None
    transfer: bool = False


class DenialStatus(StrEnum):
    """Where a denial stands, as derived from money; hand-made states are events on top."""

    OPEN = "open"
    RECOVERED = "recovered"
    REVERSED = "reversed"
    SUPERSEDED = "superseded"
    """The payer decided anew on the service, and denied it again: that denial is the one to work."""


class Denial(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One denied amount on one submitted line and cause.

    ``extent`` is full or partial; ``amount`` and ``charge`` cents; ``because`` the rule and codes that decided;
    ``cause`` a finer cause (``kx_missing``, ``zero_allowed``) or ""; ``preventable_by`` scrubber rule codes.
    """

    adjudication: int
    line_id: int | None
    line: int | None
    group: str
    reason: str
    remarks: tuple[str, ...]
    category: str
    cause: str
    extent: str
    charge: int
    amount: int
    next_action: str
    guardrails: tuple[str, ...]
    preventable_by: tuple[str, ...]
    because: tuple[str, ...]
    counted: bool = True
    """False where it is worked but kept out of the denial rate (duplicate, unprocessable)."""
    kind: str = "merits"
    """``merits``, ``unprocessable``, ``duplicate`` or ``zero_allowed``."""
    status: DenialStatus = DenialStatus.OPEN
    line_ids: tuple[int, ...] = ()
    """Every submitted line it may mean: several for twins and for lines the payer merged."""
    recovered: int = 0
    """Cents that later adjudications of the line paid or left to the patient."""


class LineBalance(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A submitted line's sums after all its adjudications, in cents. ``open`` is what nobody has answered for."""

    line_id: int
    charge: int
    paid: int
    contractual: int
    patient: int
    denied: int
    pended: int
    open: int
    suspense: int = 0
    repeats: tuple[int, ...] = ()
    """Ids of the lines of later submissions that bill the same service; their money is counted here."""


class ClaimState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything derived for one claim: recomputed as a whole whenever one of its adjudications changes."""

    claim_id: int
    status: str
    postings: tuple[Posting, ...] = ()
    denials: tuple[Denial, ...] = ()
    balances: tuple[LineBalance, ...] = ()
    findings: tuple[Finding, ...] = ()
    next_actions: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    """What must not be done with the claim as a whole (``no_patient_bill`` …)."""
    waiting: frozenset[int] = frozenset()
    """Adjudications of which nothing is posted: reversals whose original is not in the books."""
