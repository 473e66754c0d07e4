"""``tables/denials.toml`` as values: read once, never changed."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
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
    """

    payer_kind: str = ""
    modifiers: tuple[str, ...] = ()
    procedure_code: str = ""
    zero_allowed: bool = False
    later_payer: bool = False
    ncci_indicator: str | None = None
    several: bool = False


class DenialRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[rule]]: conditions (empty or None: any), and what it sets (None: leaves it)."""

    id: str
    group: tuple[str, ...] = ()
    carc: tuple[str, ...] = ()
    rarc: tuple[str, ...] = ()
    payer_kind: tuple[str, ...] = ()
    modifier: tuple[str, ...] = ()
    without_modifier: tuple[str, ...] = ()
    ncci_indicator: tuple[str, ...] = ()
    zero_allowed: bool | None = None
    later_payer: bool | None = None
    category: tuple[str, ...] | str = ()
    """A list is a condition, a word is what the rule sets."""
    cause: str | None = None
    next_action: str | None = None
    guardrails: tuple[str, ...] = ()
    kind: str | None = None
    counted: bool | None = None

    def holds(
        self, group: str, carc: str, rarcs: Collection[str], category: str, context: DenialContext
    ) -> bool:
        """Whether every condition of the rule is met."""
        return (
            _any(self.group, (group,))
            and _any(self.carc, (carc,))
            and _any(self.rarc, rarcs)
            and _any(self.payer_kind, (context.payer_kind,))
            and _any(self.modifier, context.modifiers)
            and not any(one in context.modifiers for one in self.without_modifier)
            and _any(self.ncci_indicator, (context.ncci_indicator,))
            and (isinstance(self.category, str) or _any(self.category, (category,)))
            and self.zero_allowed in (None, context.zero_allowed)
            and self.later_payer in (None, context.later_payer)
        )


class ReversalReason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[reversal]]: a remark that makes a reversal without correction a denial."""

    remark: str
    category: str
    next_action: str
    guardrails: tuple[str, ...] = ()


class Preventable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[preventable]]: which scrubber rules would have caught the denial."""

    rules: tuple[str, ...]
    carc: tuple[str, ...] = ()
    rarc: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()


class DenialTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. ``version`` goes with the decisions it made."""

    version: str
    rule: tuple[DenialRule, ...]
    reversal: tuple[ReversalReason, ...]
    preventable: tuple[Preventable, ...]

    def preventable_by(self, carc: str, rarcs: Collection[str], cause: str) -> tuple[str, ...]:
        """Codes of the scrubber rules that look for the cause; () when none does."""
        for row in self.preventable:
            if _any(row.cause, (cause,)) and _any(row.carc, (carc,)) and _any(row.rarc, rarcs):
                return row.rules
        return ()


def _any(wanted: Collection[str], given: Collection[str | None]) -> bool:
    """Whether a condition is empty or one of the given values meets it."""
    return not wanted or any(one in wanted for one in given)


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
