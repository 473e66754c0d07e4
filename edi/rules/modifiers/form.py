"""Modifiers by themselves: how many, which, whether they were valid, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from edi.codes import Tables
from edi.model.draft import ClaimDraft
from edi.rules.context import Problem, RuleContext, at_line
from edi.rules.registry import ERROR, INFO, WARNING, rule
from edi.rules.subjects import LINES

MOST: Final = 4
LAST_RANK: Final = 9
"""The usual place of a modifier that the table does not know: behind all others."""
_FORMAT: Final = re.compile(r"[0-9A-Z]{2}")


@rule("MOD001", severity=ERROR, carc="4", subject=LINES)
def too_many_modifiers(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line has more than four modifiers.

    Why: SV101 has four places; what does not fit is lost or rejects the claim.
    Fix: Keep the modifiers that decide payment and drop informational ones.
    Source: 005010X222A1 SV101-3 to -6.
    """
    for line in draft.claim.lines:
        if len(line.procedure.modifiers) > MOST:
            yield Problem(
                message=(
                    f"{line.procedure.code} has {len(line.procedure.modifiers)} modifiers"
                    f" ({' '.join(line.procedure.modifiers)}); a line takes {MOST}"
                ),
                location=at_line(draft, line, "modifiers", "SV101"),
            )


@rule("MOD002", severity=ERROR, carc="4", subject=LINES)
def modifier_repeated(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A line has the same modifier twice.

    Why: A repeated modifier adds nothing, takes a place, and rejects the line at several payers.
    Fix: Give each modifier once.
    Source: 005010X222A1 SV101; CARC 4.
    """
    for line in draft.claim.lines:
        given = line.procedure.modifiers
        if len(set(given)) == len(given):
            continue
        doubled = sorted({one for one in given if given.count(one) > 1})
        yield Problem(
            message=f"{line.procedure.code} has modifier {' '.join(doubled)} more than once",
            location=at_line(draft, line, "modifiers", "SV101"),
        )


@rule("MOD003", severity=WARNING, carc="182", subject=LINES)
def modifier_unchecked(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """UNCHECKED: the table of modifiers does not have this one.

    Why: The table holds what therapy meets, not all of HCPCS; the modifier may be right or a slip.
    Fix: Check it against the HCPCS list of the date of service.
    Source: edi/codes/tables/modifiers.csv.
    """
    for line in draft.claim.lines:
        for one in line.procedure.modifiers:
            if _FORMAT.fullmatch(one) and context.tables.modifier(one) is None:
                yield Problem(
                    message=f"UNCHECKED: no loaded table says whether modifier {one} is valid",
                    location=at_line(draft, line, "modifiers", "SV101"),
                )


@rule("MOD004", severity=ERROR, carc="182", subject=LINES)
def modifier_malformed(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A modifier does not have the form of one.

    Why: A modifier is two letters or digits; anything else is rejected at the front door.
    Fix: Correct or remove it.
    Source: 005010X222A1 SV101-3 to -6.
    """
    for line in draft.claim.lines:
        for one in line.procedure.modifiers:
            if not _FORMAT.fullmatch(one):
                yield Problem(
                    message=f"{one!r} on {line.procedure.code} is not a modifier (two letters or digits)",
                    location=at_line(draft, line, "modifiers", "SV101"),
                )


@rule("MOD005", severity=ERROR, carc="182", subject=LINES)
def modifier_not_valid_on_date(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """A modifier was retired before, or begins after, the date of service.

    Why: Payers check modifiers against the date of service.
    Fix: Use the one that was valid then.
    Source: edi/codes/tables/modifiers.csv (SZ ended 2017-12-31; 96 and 97 came instead).
    """
    for line in draft.claim.lines:
        if line.date_from is None:
            continue
        for one in line.procedure.modifiers:
            known = context.tables.modifier(one)
            if known is not None and not known.holds_on(line.date_from):
                yield Problem(
                    message=f"modifier {one} was not valid on {line.date_from}",
                    location=at_line(draft, line, "modifiers", "SV101"),
                )


@rule("MOD006", severity=INFO, subject=LINES)
def modifier_order(draft: ClaimDraft, context: RuleContext) -> Iterator[Problem]:
    """The modifiers of a line are not in the order the payer wants.

    Why: Modifiers that decide payment come first; some payers read only the first, and price the line wrongly.
    Fix: Put them in the order the message names.
    Source: payers.toml modifiers.order; modifiers.csv order_rank for those it does not name.
    """
    order = context.payer(draft).modifiers.order
    if not order:
        return
    for line in draft.claim.lines:
        given = line.procedure.modifiers
        if len(given) < 2:
            continue
        wanted = in_order(given, order, context.tables)
        if wanted != given:
            yield Problem(
                message=f"{line.procedure.code} has {' '.join(given)}, this payer wants {' '.join(wanted)}",
                location=at_line(draft, line, "modifiers", "SV101-3"),
                fix=f"Write {' '.join(wanted)}.",
            )


def in_order(given: tuple[str, ...], order: tuple[str, ...], tables: Tables) -> tuple[str, ...]:
    """The modifiers in the payer's order; those it does not name come after, by their usual rank, else as given."""

    def place(modifier: str) -> tuple[int, int]:
        if modifier in order:
            return order.index(modifier), 0
        known = tables.modifier(modifier)
        return len(order), known.order_rank if known is not None else LAST_RANK

    return tuple(sorted(given, key=place))
