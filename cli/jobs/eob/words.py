"""What the codes of a remittance mean in our own words: a label, else category and action; never a payer's text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from cli.jobs.word_texts import ACTIONS
from edi.codes.lookup import Tables
from reconcile.accounts import current_carc

_GROUPS: Final = {
    "CO": "The provider bears it under its contract; the patient is not billed for it.",
    "PR": "The patient's share.",
    "OA": "Neither the provider's nor the patient's by itself.",
    "PI": "The payer reduced it on its own account; the patient is not billed for it.",
    "CR": "A correction or reversal.",
}
_METHODS: Final = {"VCC": "virtual card"}
SOURCES: Final = {
    "paper_eob": "paper EOB, written down by hand",
    "virtual_card": "virtual card, written down by hand",
    "opening_balance": "balance brought forward",
}
"""What a payment is that did not come as an 835, by the kind that the store keeps."""


@lru_cache(maxsize=4096)
def adjustment_words(group: str, reason: str, tables: Tables) -> str:
    """What a CAS group and CARC say."""
    info = current_carc(tables, reason)
    whose = _GROUPS.get(group, "")
    if info is None:
        return _sentences(["This code is in no table here; ask the payer what it means", whose])
    parts = [info.label or _category(info.category, tables), whose]
    if info.default_action and info.posting_class not in ("patient", "memo"):
        parts.append(_action(info.default_action))
    return _sentences(parts)


@lru_cache(maxsize=4096)
def remark_words(code: str, tables: Tables) -> str:
    """What a RARC says."""
    info = tables.rarc(code)
    if info is None:
        return "This remark is in no table here; ask the payer what it means."
    return _sentences([info.label or _category(info.category, tables), _action(info.action)])


def set_words(name: str, code: str | None, tables: Tables) -> str:
    """What a code of a small set says (CLP02, PLB, BPR04); the code itself where it is in none."""
    if not code:
        return ""
    known = tables.code_set(name).get(code)
    return known.meaning if known is not None and known.meaning else _METHODS.get(code, code)


def _category(name: str, tables: Tables) -> str:
    """A category in words."""
    known = tables.categories.get(name)
    return known.label if known is not None and known.label else name.replace("_", " ")


def _action(name: str) -> str:
    """A next action in words; nothing where the adjustment's own decides."""
    return ACTIONS.get(name, "")


def _sentences(parts: Iterable[str]) -> str:
    """Phrases as sentences."""
    said = [part.strip() for part in parts if part.strip()]
    return " ".join(part[0].upper() + part[1:] + ("" if part[-1] in ".!?" else ".") for part in said)
