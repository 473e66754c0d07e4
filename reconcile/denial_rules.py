"""``tables/denials.toml`` as values: read once, never changed."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from datetime import date
from functools import cache
from importlib import resources

import msgspec


class DenialContext(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is known of the denied line beside the codes.

    Attributes:
        payer_kind: kind of the payer profile (``medicare_b`` …), "" when unknown.
        modifiers: modifiers as submitted.
        procedure_code: code as submitted.
        zero_allowed: a write-off code that took the whole charge.
        later_payer: another payer answered the line before.
        ncci_indicator: modifier indicator of the NCCI pair, None when not looked up.
        several: the line carries more than one denial code, so a line's remark cannot be laid to one of them.
        on: day of the remittance, None when unknown: then every rule's dates hold.
    """

    payer_kind: str = ""
    modifiers: tuple[str, ...] = ()
    procedure_code: str = ""
    zero_allowed: bool = False
    later_payer: bool = False
    ncci_indicator: str | None = None
    several: bool = False
    on: date | None = None


class DenialRule(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"valid_from": "from", "valid_to": "to"},
):
    """One [[rule]]: conditions (empty or None: any), and what it sets (None: leaves it)."""

    id: str
    group: frozenset[str] = frozenset()
    carc: frozenset[str] = frozenset()
    rarc: frozenset[str] = frozenset()
    payer_kind: frozenset[str] = frozenset()
    modifier: frozenset[str] = frozenset()
    without_modifier: frozenset[str] = frozenset()
    ncci_indicator: frozenset[str] = frozenset()
    zero_allowed: bool | None = None
    later_payer: bool | None = None
    category: frozenset[str] | str = frozenset()
    """A list is a condition, a word is what the rule sets."""
    cause: str | None = None
    next_action: str | None = None
    guardrails: tuple[str, ...] = ()
    kind: str | None = None
    counted: bool | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def holds(
        self, group: str, carc: str, rarcs: Collection[str], category: str, context: DenialContext
    ) -> bool:
        """Whether every condition of the rule is met."""
        return (
            (not self.carc or carc in self.carc)
            and (not self.group or group in self.group)
            and (not self.rarc or not self.rarc.isdisjoint(rarcs))
            and (not self.payer_kind or context.payer_kind in self.payer_kind)
            and (not self.modifier or not self.modifier.isdisjoint(context.modifiers))
            and self.without_modifier.isdisjoint(context.modifiers)
            and (not self.ncci_indicator or context.ncci_indicator in self.ncci_indicator)
            and (isinstance(self.category, str) or not self.category or category in self.category)
            and self.zero_allowed in (None, context.zero_allowed)
            and self.later_payer in (None, context.later_payer)
            and (context.on is None or self._in_force(context.on))
        )

    def _in_force(self, day: date) -> bool:
        """Whether the rule holds for remittances of that day (both ends)."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class ReversalReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[reversal]]: a remark that makes a reversal without correction a denial."""

    remark: str
    category: str
    next_action: str
    guardrails: tuple[str, ...] = ()


class Preventable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[preventable]]: which scrubber rules would have caught the denial."""

    rules: tuple[str, ...]
    carc: frozenset[str] = frozenset()
    rarc: frozenset[str] = frozenset()
    cause: frozenset[str] = frozenset()


class Unpreventable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[unpreventable]]: CARCs that the facts call preventable and no rule can see coming, and why."""

    carc: tuple[str, ...]
    because: str


class DenialTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. ``version`` goes with the decisions it made."""

    version: str
    rule: tuple[DenialRule, ...]
    chance: dict[str, int]
    """Percent of denials of a category that are won; ``default`` for the others."""
    without_patient: dict[str, str]
    """The action that takes the place of one that would bill the patient, where nobody may."""
    reversal: tuple[ReversalReason, ...]
    preventable: tuple[Preventable, ...]
    unpreventable: tuple[Unpreventable, ...]

    def preventable_by(self, carc: str, rarcs: Collection[str], cause: str) -> tuple[str, ...]:
        """Codes of the scrubber rules that look for the cause; () when none does."""
        for row in self.preventable:
            if (
                (not row.cause or cause in row.cause)
                and (not row.carc or carc in row.carc)
                and (not row.rarc or not row.rarc.isdisjoint(rarcs))
            ):
                return row.rules
        return ()

    def chance_of(self, category: str) -> int:
        """The chance of winning a denial of the category, in percent."""
        return self.chance.get(category, self.chance["default"])

    def not_preventable_because(self, carc: str) -> str:
        """Why no rule of the scrubber looks for the cause of a CARC; "" where one does, or nothing is said of it."""
        for row in self.unpreventable:
            if carc in row.carc:
                return row.because
        return ""


@cache
def denial_table() -> DenialTable:
    """The table that is shipped; the same value at every call.

    Raises:
        msgspec.ValidationError: the shipped file does not fit; a fault of the installation.
    """
    text = resources.files("reconcile.tables").joinpath("denials.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), DenialTable)


def reversal_reason(remarks: Collection[str]) -> ReversalReason | None:
    """The first listed reason among the remarks of a reversal, or None."""
    for reason in denial_table().reversal:
        if reason.remark in remarks:
            return reason
    return None
