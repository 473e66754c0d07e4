"""What a TA1, 999 or 277CA says of a claim, in words: what is wrong, in which field, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from cli.jobs.rejected.places import Place
from edi.codes.acknowledgment_words import (
    CLAIM_STATUSES,
    ELEMENT_ERRORS,
    GROUP_ERRORS,
    INTERCHANGE_ERRORS,
    SEGMENT_ERRORS,
    SET_ERRORS,
    word,
)
from edi.codes.lookup import Tables
from edi.model.control import normalise_control_number
from edi.x12.conformance.errors import ConformanceError, ErrorKind
from edi.x12.conformance.fields import field_name
from reconcile.store.rejections import Answer

_MARKS: Final = {
    "IK3": "segment", "AK3": "segment", "IK4": "element", "AK4": "element", "CLM01": "claim", "STC": "status",
    "REF": "other", "QTY": "other", "AMT": "other",
}  # fmt: skip
_LOOP_LENGTH: Final = 4
"""Loops have at least four characters, codes two."""
_LISTED: Final = 3
_LEVELS: Final = {"transaction": "transaction set"}
ENVELOPE_FIX: Final = (
    "correct [[trading_partner]] in claimloop.toml as the partner has it; then send its claims again"
)
OTHERS_FIX: Final = "nothing is wrong with this claim itself: send it again"
_UNNAMED_FIX: Final = "ask the partner what is wrong, mend the claim's source, and send it again"
_FIXES: Final = {
    "A3": "mend what is named in the claim's source; it was returned and is a new claim",
    "A4": "the partner has no such claim: ask whether the file arrived, then send it again",
    "A6": "put in what is missing, and send it again",
    "A7": "correct what is named, and send it again",
    "A8": "make the fields that contradict each other agree, and send it again",
}


class Problem(msgspec.Struct, kw_only=True):
    """One IK3 with its first IK4. ``claims`` is who it is about, as the 999 (CTX) or our own file tells; empty: all."""

    segment: str
    position: int | None
    loop: str = ""
    code: str = ""
    element: str = ""
    element_code: str = ""
    claims: list[str] = msgspec.field(default_factory=list)


def problems(notes: str) -> list[Problem]:
    """The IK3, IK4 and CTX of an answer's notes, as ``edi.transactions.t999`` writes them."""
    found: list[Problem] = []
    for kind, parts in _parts(notes):
        if kind == "segment":
            codes = parts[2:]
            loop = codes.pop(0) if codes and len(codes[0]) >= _LOOP_LENGTH else ""
            number = parts[1] if len(parts) > 1 else ""
            found.append(
                Problem(
                    segment=parts[0] if parts else "",
                    position=int(number) if number.isdigit() else None,
                    loop=loop,
                    code=codes[0] if codes else "",
                )
            )
        elif found and kind == "element" and parts and not found[-1].element:
            found[-1].element = parts[0]
            found[-1].element_code = parts[1] if len(parts) > 1 else ""
        elif found and kind == "claim":
            found[-1].claims.append(" ".join(parts))
    return found


def _parts(notes: str) -> Iterator[tuple[str, list[str]]]:
    """The notes one by one: what each is, and its words."""
    kind, words = "", list[str]()
    for token in notes.split():
        if token in _MARKS:
            if kind:
                yield kind, words
            kind, words = _MARKS[token], []
        else:
            words.append(token)
    if kind:
        yield kind, words


class Said(msgspec.Struct, frozen=True):
    """What an answer says of one claim: in words, and the next step without its command."""

    text: str
    fix: str


def said_of(answer: Answer, number: str, found: Mapping[int, Place], tables: Tables) -> Said:
    """Put one rejection into words.

    Args:
        answer: what came.
        number: patient control number of the claim it is told to.
        found: places in our own file, by position.
        tables: entities and categories.
    """
    if answer.kind == "277CA":
        return Said(_statuses(answer, tables), _FIXES.get(answer.code, _UNNAMED_FIX))
    if answer.kind == "TA1":
        return Said(f"the whole file: {word(INTERCHANGE_ERRORS, answer.status)}", ENVELOPE_FIX)
    listed = problems(answer.notes)
    for one in listed:
        place = found.get(one.position or 0)
        if place is not None:
            one.loop = place.loop or one.loop
            one.claims = one.claims or place.claims
    mine = [one for one in listed if not one.claims or _names(one.claims, number)]
    if listed and not mine:
        others = len({normalise_control_number(name) for one in listed for name in one.claims})
        claims = "another claim" if others == 1 else f"{others} other claims"
        return Said(
            f"its whole {_LEVELS.get(answer.level, answer.level)} was, because of errors in {claims}",
            OTHERS_FIX,
        )
    texts = [_problem(one, found.get(one.position or 0)) for one in mine]
    more = [f"and {len(texts) - _LISTED} more"] if len(texts) > _LISTED else []
    if not texts and answer.status:
        texts = [word(GROUP_ERRORS if answer.level == "group" else SET_ERRORS, answer.status)]
    whole = f"the whole {_LEVELS.get(answer.level, answer.level)}"
    return Said(
        f"{whole}: {'; '.join([*texts[:_LISTED], *more]) or 'no reason is given'}",
        "correct what is named, and send it again" if mine else _UNNAMED_FIX,
    )


def _names(claims: Sequence[str], number: str) -> bool:
    return normalise_control_number(number) in {normalise_control_number(claim) for claim in claims}


def _problem(one: Problem, place: Place | None) -> str:
    """One error: its field where there is one, the element or segment, the loop, and what is wrong."""
    place_of_it = one.element or one.segment
    field = field_name(
        ConformanceError(
            kind=ErrorKind.ELEMENT,
            code=one.element_code,
            line=one.position or 0,
            segment_id=one.segment,
            loop=one.loop,
            element=_two_digits(one.element),
            qualifier=place.qualifier if place is not None else "",
            transaction_kind="837",
        )
    )
    where = f" at {one.position}" if one.position is not None else ""
    loop = f" in loop {one.loop}" if one.loop else ""
    named = f"{field} ({place_of_it}{where}{loop})" if field else f"{place_of_it}{where}{loop}"
    if one.element:
        return f"{named} {_wrong(ELEMENT_ERRORS, one.element_code)}"
    return f"{named} {_wrong(SEGMENT_ERRORS, one.code)}"


def _wrong(words: Mapping[str, str], code: str) -> str:
    return words.get(code, f"has error {code}, which is not known here" if code else "is wrong")


def _two_digits(element: str) -> str:
    """``HI01-2`` as the fields are named, ``HI01-02``."""
    whole, dash, inner = element.partition("-")
    return f"{whole}-{inner.zfill(2)}" if dash else whole


def _statuses(answer: Answer, tables: Tables) -> str:
    """The composites of a 277CA's STC, each category once."""
    composites = [(answer.code, answer.status, answer.entity)]
    for kind, parts in _parts(answer.notes):
        if kind == "status" and parts:
            category, status, entity, *_ = [*parts[0].split(":"), "", ""]
            composites.append((category, status, entity))
    categories = {code: row.meaning for code, row in tables.code_set("277CA").items()}
    entities = {code: row.meaning for code, row in tables.code_set("NM101").items()}
    texts: list[str] = []
    last = ""
    for category, status, entity in dict.fromkeys(composites):
        text = f"{word(categories, category)}: " if category != last else ""
        last = category
        text += word(CLAIM_STATUSES, status) if status else "no status"
        text += f" of {word(entities, entity)}" if entity else ""
        texts.append(text)
    line = f"line {answer.line_control_number}: " if answer.line_control_number else ""
    return line + "; ".join(texts)
