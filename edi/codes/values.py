"""The rows of the dated code tables, as values. Labels are our own words; nothing of a licensed text is kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import msgspec

from edi.model.units import UNIT_MINUTES


class Dated(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row with the days it holds for, both included; None is open or not known. ``source`` says whence."""

    code: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether the row holds on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class ProcedureCode(Dated, frozen=True, gc=False, kw_only=True):
    """A procedure code of therapy.

    Attributes:
        kind: supervised_modality, therapeutic_procedure, evaluation, group …
        time_basis: untimed, timed, timed-initial, timed-additional, timed-monthly or timed-monthly-additional.
        minutes: what one unit stands for when timed, else None.
        add_on_to: codes of which one must be billed with it.
        therapy_list: whether Medicare counts it as therapy (always, sometimes, not on therapy list; ``?`` unverified).
        mpfs_status: status in the Medicare fee schedule (A paid, B bundled, C carrier priced, I another code
            is used, N not covered, R restricted), "" when not researched.
        successors: codes that took its place, or that Medicare uses instead (status I).
    """

    label: str = ""
    kind: str = ""
    time_basis: str = "untimed"
    minutes: int | None = None
    add_on_to: tuple[str, ...] = ()
    therapy_list: str = ""
    mpfs_status: str = ""
    successors: tuple[str, ...] = ()

    @property
    def counts_by_quarter_hour(self) -> bool:
        """Whether a unit is 15 one-on-one minutes that pool with other codes; first blocks and add-ons do not."""
        return self.time_basis == "timed" and self.minutes == UNIT_MINUTES and not self.add_on_to

    @property
    def in_series(self) -> bool:
        """Whether it is a first block of a day's minutes, or an add-on that counts those beyond one."""
        added = self.time_basis in ("timed", "timed-additional") and bool(self.add_on_to)
        return self.minutes is not None and (self.time_basis == "timed-initial" or added)

    def series_beside(self, codes: Collection[str]) -> str:
        """The name of the series it counts in: its first block among the codes of the day, else all it may add to."""
        return next((one for one in self.add_on_to if one in codes), "|".join(self.add_on_to)) or self.code


class ModifierCode(Dated, frozen=True, gc=False, kw_only=True):
    """A modifier: ``order_rank`` is its usual place (1 first), ``ncci_associated`` that NCCI counts it as its own."""

    label: str = ""
    classification: str = msgspec.field(default="", name="class")
    order_rank: int = 9
    ncci_associated: bool = False


class PtpEdit(Dated, frozen=True, gc=False, kw_only=True):
    """An NCCI pair: ``code`` is column 1 (paid), ``column_2`` the code denied beside it.

    ``indicator`` 0: never both. 1: both with a modifier on a documented separate service.
    """

    column_2: str
    indicator: str
    rationale: str = ""


class Mue(Dated, frozen=True, gc=False, kw_only=True):
    """The most units Medicare expects of a code in a day. ``mai`` 2 is absolute, 3 may be overcome with records."""

    units: int
    mai: str
    rationale: str = ""


class KxThreshold(Dated, frozen=True, gc=False, kw_only=True):
    """Medicare's therapy threshold of a year (``code``), in cents: physical and speech therapy together, and OT.

    ``targeted_review`` is the amount above which claims may be picked for review.
    """

    pt_slp: int
    ot: int
    targeted_review: int


class Carc(Dated, frozen=True, gc=False, kw_only=True):
    """A claim adjustment reason code and what it means for the money and the work.

    Attributes:
        posting_class: patient, contractual, memo, pended or denial; "" when deactivated.
        category: the denial category.
        preventable: yes, partly or no; "" when deactivated.
        default_action: next action when no RARC says more.
        group_restriction: group codes it may come with (``any``, ``OA only`` …).
        group_dependence: how its meaning changes with the group code.
        rarc_required: the code says nothing without a remark.
        policy_segment: look at REF*0K.
        successor: what took its place, as told.
    """

    last_modified: date | None = None
    label: str = ""
    category: str = ""
    posting_class: str = ""
    preventable: str = ""
    default_action: str = ""
    group_restriction: str = ""
    group_dependence: str = ""
    rarc_required: bool = False
    policy_segment: bool = False
    common_in_therapy: bool = False
    successor: str = ""


class Rarc(Dated, frozen=True, gc=False, kw_only=True):
    """A remittance advice remark code.

    Attributes:
        effect: what it does to the CARC's category: sets, refines, none or informational.
        assignment: manual, reviewed or keyword_rule; the last never overrides a CARC's category.
        alert: it informs and explains no adjustment.
    """

    last_modified: date | None = None
    label: str = ""
    category: str = ""
    effect: str = ""
    action: str = ""
    alert: bool = False
    assignment: str = ""


class Combo(Dated, frozen=True, gc=False, kw_only=True):
    """What a group code, a CARC (``code``) and RARCs mean together. ``rarcs`` empty: whatever the remarks."""

    group: str
    rarcs: frozenset[str] = frozenset()
    category: str = ""
    action: str = ""


class Category(Dated, frozen=True, gc=False, kw_only=True):
    """A denial category and what it means."""

    label: str = ""


class SetCode(Dated, frozen=True, gc=False, kw_only=True):
    """A code of a small code set: an X12 element (CLP02, PLB, 277CA …), POS or TAX (taxonomy)."""

    set: str
    meaning: str = ""
    note: str = ""


class Family(Dated, frozen=True, gc=False, kw_only=True):
    """Codes from ``code`` to ``last`` of which procedures.csv is complete: what is missing there does not exist."""

    last: str
    name: str = ""


class Release(Dated, frozen=True, gc=False, kw_only=True):
    """The edition of a table (``code`` is the table's name) and the dates of service it was made for."""

    release: str
    name: str = ""


class Edition(Release, frozen=True, gc=False, kw_only=True):
    """A part of a release that this installation loaded from an official file.

    Attributes:
        part: ``f1`` … where CMS publishes the release in parts, else "".
        parts: how many parts the release has; it is in force when all are there.
        rows: how many rows are kept of it. file: the file it came from.
        digest: SHA-256 of the kept rows, so that the same rows are known again whatever file they come in.
        data: the name its rows are kept under.
    """

    part: str = ""
    parts: int = 1
    rows: int = 0
    file: str = ""
    digest: str = ""
    data: str = ""


class ListedCode(Dated, frozen=True, gc=False, kw_only=True):
    """A CARC or RARC as X12's list gives it: the code and its dates, never its text."""

    last_modified: date | None = None


class DiagnosisDates(Dated, frozen=True, gc=False, kw_only=True):
    """A diagnosis whose dates we hold ourselves; they outrank the ICD-10-CM release. ``successors`` took its place."""

    successors: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What the tables say of a procedure code on a day.

    ``state`` is valid, malformed, unknown, ended, not_begun or unchecked (outside every complete family).
    """

    state: str
    procedure: ProcedureCode | None = None


class DiagnosisStanding(msgspec.Struct, frozen=True, gc=False):
    """What the tables say of a diagnosis on a day.

    ``state`` is billable, header (too short to bill; ``meant``: the codes under it), misplaced (a 7th character that is
    in the wrong place or not one of the code's; ``meant``: what may be meant), ended (``ended``: its last day;
    ``meant``: its successors) or unknown.
    """

    state: str
    meant: tuple[str, ...] = ()
    ended: date | None = None
