"""Named ways to spoil a file, each a small function.

Most of them change the list of segments (`Draft.segments`); some change how it is written, or the bytes themselves.
A mutation that finds nothing to change leaves the draft alone. `mutated` applies one to three of them.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, NamedTuple

from tests.conformance.documents import GUIDES, OTHER_GUIDES, Document
from tests.conformance.map_segments import COMPONENT, ELEMENT, REPETITION, SEGMENT

Mutation = Callable[[Random, "Draft"], None]

MUTATIONS: Final[dict[str, Mutation]] = {}
"""Name to function, in the order of this file."""

LONG: Final = 8_300
"""More than the 8,192 bytes that pyx12 reads at a time."""

ODD_VALUES: Final = (
    "", "0", "00", "-", "-0", ".", ".5", "5.", "1.234", "1.2.3", "1E5", "+1", " 1", "1 ", "01", "1_0", "\xb2", "X",
    "ZZ", "x", "^", "A^B", "`", "20240229", "20230229", "20261399", "20260101-20260131", "20260131-20260101",
    "2026-01-01", "260101", "202601012460", "2460", "0000", "235959", "D8", "RD8", "HC", "11", "MA", "A", "\\", "\x07",
    "\x01", "\x7f", "\xe9", "\xa0", "\n", "A\nB", "A\rB", "\t", "A  ", "\x1e", "\x85", "\x00",
)  # fmt: skip


class Draft:
    """A document while it is spoiled.

    Attributes:
        segments: texts without terminator; mutations change this list.
        nodes: for each segment the node it was made for, None when it is not known (always as long as segments).
        guide: the document's guide.
        documents: other documents, to be mixed in.
        line_end: what follows each terminator.
        exchange: separators of the file in place of the usual four, in their order (segment, element, component,
            repetition).
        edits: what is done to the bytes at the end.
    """

    def __init__(self, document: Document, documents: Sequence[Document]) -> None:
        self.segments = [piece.text for piece in document.pieces]
        self.nodes: list[Any] = [piece.node for piece in document.pieces]
        self.guide = document.guide
        self.documents = documents
        self.line_end = document.line_end
        self.exchange = ""
        self.edits: list[Callable[[bytes], bytes]] = []

    def any_place(self, rng: Random, *ids: str) -> int | None:
        """The place of a segment other than the first ISA; with ids, of one of them; None when there is none."""
        places = [
            place
            for place, text in enumerate(self.segments)
            if place and (not ids or text.split(ELEMENT, 1)[0] in ids)
        ]
        return rng.choice(places) if places else None

    def put(self, place: int, removed: int, texts: Sequence[str]) -> None:
        """Replace so many segments by others."""
        self.segments[place : place + removed] = texts
        self.nodes[place : place + removed] = [None] * len(texts)

    def change_element(self, place: int | None, element: int, change: Callable[[str], str]) -> None:
        """Change an element (1-based) of a segment."""
        if place is None:
            return
        values = self.segments[place].split(ELEMENT)
        values += [""] * (element + 1 - len(values))
        values[element] = change(values[element])
        self.segments[place] = ELEMENT.join(values)

    def change_some_element(self, rng: Random, change: Callable[[str], str]) -> None:
        """Change an element that is not blank, of any segment."""
        place = self.any_place(rng)
        if place is None:
            return
        values = self.segments[place].split(ELEMENT)
        filled = [number for number, value in enumerate(values) if number and value]
        if filled:
            self.change_element(place, rng.choice(filled), change)

    def data(self) -> bytes:
        """The file."""
        text = "".join(f"{one}{SEGMENT}{self.line_end}" for one in self.segments)
        if self.exchange:
            usual = SEGMENT + ELEMENT + COMPONENT + REPETITION
            text = text.translate(str.maketrans(usual + self.exchange, self.exchange + usual))
        data = text.encode("latin-1", "replace")
        for edit in self.edits:
            data = edit(data)
        return data


class Mutated(NamedTuple):
    """A spoiled file and the names of what was done to it."""

    data: bytes
    kinds: tuple[str, ...]


def mutated(
    rng: Random, document: Document, documents: Sequence[Document], kinds: Sequence[str] = (), most: int = 3
) -> Mutated:
    """Spoil a document.

    Args:
        rng: chance.
        document: a clean one.
        documents: others, of which parts are mixed in.
        kinds: what to choose from; all, when empty.
        most: at most so many at once; more than one is seldom.
    """
    draft = Draft(document, documents)
    count = min(most, rng.choice((1, 1, 1, 2, 3)))
    chosen = tuple(rng.choice(kinds or tuple(MUTATIONS)) for _ in range(count))
    for kind in chosen:
        MUTATIONS[kind](rng, draft)
    return Mutated(draft.data(), chosen)


def mutation(function: Mutation) -> Mutation:
    """Register a mutation under its name."""
    MUTATIONS[function.__name__] = function
    return function


# -- segments ------------------------------------------------------------------------------------------------------


@mutation
def delete_segment(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng)
    if place is not None:
        draft.put(place, 1, [])


@mutation
def duplicate_segment(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng)
    if place is not None:
        draft.put(place, 0, [draft.segments[place]])


@mutation
def swap_neighbours(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng)
    if place is not None and place > 1:
        draft.put(place - 1, 2, [draft.segments[place], draft.segments[place - 1]])


@mutation
def move_segment(rng: Random, draft: Draft) -> None:
    place, target = draft.any_place(rng), draft.any_place(rng)
    if place is not None and target is not None:
        text = draft.segments[place]
        draft.put(place, 1, [])
        draft.put(min(target, len(draft.segments)), 0, [text])


@mutation
def foreign_segment(rng: Random, draft: Draft) -> None:
    """A segment of another document, perhaps of another guide."""
    place = draft.any_place(rng)
    if place is not None:
        strangers = [piece.text for piece in rng.choice(draft.documents).pieces[1:]]
        draft.put(place, rng.choice((0, 1)), rng.choices(strangers, k=rng.choice((1, 1, 3))))


@mutation
def shuffled(rng: Random, draft: Draft) -> None:
    """A stretch of segments in any order."""
    place = draft.any_place(rng)
    if place is not None:
        stretch = draft.segments[place : place + rng.randint(2, 30)]
        draft.put(place, len(stretch), rng.sample(stretch, k=len(stretch)))


@mutation
def salad(rng: Random, draft: Draft) -> None:
    """Segments of documents of the same guide in any order, in the middle of a set."""
    place = draft.any_place(rng)
    like = [one for one in draft.documents if one.guide is draft.guide]
    if place is not None and like:
        draft.put(place, 0, [rng.choice(rng.choice(like).pieces[2:]).text for _ in range(rng.randint(3, 30))])


@mutation
def segment_beyond_max(rng: Random, draft: Draft) -> None:
    """A segment once more than its node allows, or just as often."""
    place = draft.any_place(rng)
    node = draft.nodes[place] if place is not None else None
    if place is not None and node is not None and node.get_max_repeat() <= 30:
        draft.put(place, 0, [draft.segments[place]] * (node.get_max_repeat() - rng.choice((0, 0, 1))))


@mutation
def loop_beyond_max(rng: Random, draft: Draft) -> None:
    """A loop repeated once more than it may, or just as often; the numbers in it are left as they are."""
    span = _some_loop(rng, draft)
    if span is None:
        return
    first, last, loop = span
    most = loop.get_max_repeat()
    times = most - rng.choice((0, 0, 1)) if most <= 20 else rng.choice((1, 3))
    if times * (last - first) <= 150:
        draft.put(last, 0, draft.segments[first:last] * times)


@mutation
def loop_removed(rng: Random, draft: Draft) -> None:
    """A whole loop is gone, needed or not."""
    span = _some_loop(rng, draft)
    if span is not None:
        draft.put(span[0], span[1] - span[0], [])


@mutation
def needed_segment_removed(rng: Random, draft: Draft) -> None:
    places = [
        place
        for place, node in enumerate(draft.nodes)
        if place and node is not None and node.usage == "R" and not node.is_first_seg_in_loop()
    ]
    if places:
        draft.put(rng.choice(places), 1, [])


@mutation
def segment_id_changed(rng: Random, draft: Draft) -> None:
    draft.change_element(draft.any_place(rng), 0, lambda old: rng.choice(
        (old.lower(), old + "X", old[:1], old[::-1], "", "ZZZ", "LS", "TA1", "ISA", "GS", "ST", "SE", "\xc9" + old)
    ))  # fmt: skip


@mutation
def empty_segment(rng: Random, draft: Draft) -> None:
    """Two terminators in a row, with nothing, blanks or line ends between them; or an id alone."""
    place = draft.any_place(rng)
    if place is not None:
        draft.put(place, 0, [rng.choice(("", "", " ", "\n", "\r\n ", "REF", "NM1*", "REF***", "HL**"))])


@mutation
def long_segment(rng: Random, draft: Draft) -> None:
    """A segment about as long as what pyx12 reads at a time."""
    place = draft.any_place(rng)
    if place is not None:
        size = rng.choice((LONG, 2 * LONG, 8_192, 8_191, 8_100))
        draft.change_element(place, rng.randint(1, 3), lambda old: old + "A" * size)


@mutation
def document_after_document(rng: Random, draft: Draft) -> None:
    """The whole file once more, as it is or with another control number."""
    first, *rest = draft.segments
    if len(rest) < 100:
        again = first if rng.random() < 0.5 else first[:90] + "000000777" + first[99:]
        draft.put(len(draft.segments), 0, [again, *rest])


@mutation
def other_document_behind(rng: Random, draft: Draft) -> None:
    """A second interchange, often of another guide."""
    draft.put(len(draft.segments), 0, _short_document(rng, draft))


@mutation
def group_of_another_document(rng: Random, draft: Draft) -> None:
    """The groups of another document before the last one ends, perhaps with a version pyx12 has no map of."""
    inner = _short_document(rng, draft)[1:-1]
    if inner and rng.random() < 0.4:
        head = inner[0].split(ELEMENT)[:8]
        inner[0] = ELEMENT.join([*head, rng.choice(("005010X279A1", "005010X999", ""))])
    draft.put(rng.choice((1, len(draft.segments) - 1)), 0, inner)


@mutation
def leading_space(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng)
    if place is not None:
        draft.segments[place] = rng.choice((" ", "  ", "\n ", " \n", "\t", "\x0b")) + draft.segments[place]


@mutation
def leading_line_ends(rng: Random, draft: Draft) -> None:
    """Line ends where they may stand: pyx12 strips them."""
    place = draft.any_place(rng)
    if place is not None:
        draft.segments[place] = rng.choice(("\n", "\r", "\r\n\r\n", "\n\n\n")) + draft.segments[place]


def _short_document(rng: Random, draft: Draft) -> list[str]:
    """The segments of another document that is not long."""
    pieces = min((rng.choice(draft.documents).pieces for _ in range(3)), key=len)
    return [piece.text for piece in pieces]


def _some_loop(rng: Random, draft: Draft) -> tuple[int, int, Any] | None:
    """First place, place behind the last, and node of a loop that stands in the draft."""
    starts = [
        place
        for place, node in enumerate(draft.nodes)
        if place and node is not None and node.is_first_seg_in_loop() and node.id not in ("ISA", "GS")
    ]
    if not starts:
        return None
    first = rng.choice(starts)
    loop = draft.nodes[first].parent
    inside = loop.get_path() + "/"
    last = first + 1
    while (
        last < len(draft.nodes)
        and draft.nodes[last] is not None
        and draft.nodes[last] is not draft.nodes[first]
        and draft.nodes[last].get_path().startswith(inside)
    ):
        last += 1
    return first, last, loop


# -- elements ------------------------------------------------------------------------------------------------------


@mutation
def drop_element(rng: Random, draft: Draft) -> None:
    """The elements behind it move one place forward."""
    place = draft.any_place(rng)
    if place is not None:
        values = draft.segments[place].split(ELEMENT)
        if len(values) > 2:
            del values[rng.randint(1, len(values) - 1)]
            draft.segments[place] = ELEMENT.join(values)


@mutation
def blank_element(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda _: "")


@mutation
def insert_element(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng)
    if place is not None:
        values = draft.segments[place].split(ELEMENT)
        values.insert(rng.randint(1, len(values)), rng.choice(ODD_VALUES))
        draft.segments[place] = ELEMENT.join(values)


@mutation
def lengthen_element(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda old: old + old[-1] * rng.choice((1, 1, 2, 30, 100)))


@mutation
def shorten_element(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda old: old[: rng.randrange(len(old))])


@mutation
def odd_value(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda _: rng.choice(ODD_VALUES))


@mutation
def odd_value_at_the_end(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda old: old + rng.choice(ODD_VALUES))


@mutation
def wrong_code(rng: Random, draft: Draft) -> None:
    """An element gets the value of the same element of another segment of that id, or of a neighbour."""
    place = draft.any_place(rng)
    if place is None:
        return
    values = draft.segments[place].split(ELEMENT)
    element = rng.randint(1, min(3, max(1, len(values) - 1)))
    like = [
        other.split(ELEMENT)
        for other in (*draft.segments, *(piece.text for piece in rng.choice(draft.documents).pieces))
        if other.startswith(values[0] + ELEMENT)
    ]
    donors = [other[element] for other in like if len(other) > element] or ["ZZ"]
    draft.change_element(place, element, lambda _: rng.choice(donors))


@mutation
def wrong_date(rng: Random, draft: Draft) -> None:
    days = ("20261399", "20260230", "20260431", "17991231", "00000101", "99991231", "2026010", "20260100")
    place = draft.any_place(rng, "DTP", "DMG", "DTM", "BHT", "BPR", "PAT", "GS", "HI", "PLB", "SVC", "AK1")
    if place is None:
        return
    values = draft.segments[place].split(ELEMENT)
    dates = [
        number for number, value in enumerate(values) if len(value) in (6, 8, 17) and value[:6].isdigit()
    ]
    draft.change_element(place, rng.choice(dates or [len(values) - 1]), lambda _: rng.choice(days))


@mutation
def leap_day(rng: Random, draft: Draft) -> None:
    """29 February, of years that have one and of years that do not."""
    day = rng.choice(("20240229", "20230229", "20000229", "19000229", "20240230", "20240228-20240229"))
    place = draft.any_place(rng, "DTP", "DMG", "DTM")
    element = 2 if place and draft.segments[place].startswith(("DMG", "DTM")) else 3
    draft.change_element(place, element, lambda _: day)


@mutation
def date_format_changed(rng: Random, draft: Draft) -> None:
    formats = ("D8", "RD8", "D6", "DT", "TM", "RTS", "")
    draft.change_element(draft.any_place(rng, "DTP"), 2, lambda _: rng.choice(formats))


@mutation
def trailing_separator(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng)
    if place is not None:
        draft.segments[place] += ELEMENT * rng.choice((1, 1, 1, 2, 9))


@mutation
def extra_element(rng: Random, draft: Draft) -> None:
    """More elements than the node has, or as many as it has."""
    place = draft.any_place(rng)
    node = draft.nodes[place] if place is not None else None
    if place is not None:
        most = len(node.children) if node is not None else 5
        draft.change_element(place, most + rng.choice((0, 1, 1, 2)), lambda _: rng.choice(ODD_VALUES) or "X")


@mutation
def extra_component(rng: Random, draft: Draft) -> None:
    more = COMPONENT * rng.randint(1, 9) + rng.choice(("", "X", "1"))
    draft.change_some_element(rng, lambda old: old + more)


@mutation
def component_gone(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng, "SV1", "HI", "CLM", "SVD", "SVC", "STC", "REF", "DMG", "CTX", "IK4", "PLB")
    if place is None:
        return
    values = draft.segments[place].split(ELEMENT)
    composites = [number for number, value in enumerate(values) if COMPONENT in value]
    if composites:
        parts = values[rng.choice(composites)].split(COMPONENT)
        number = values.index(COMPONENT.join(parts))
        parts[rng.randrange(len(parts))] = rng.choice(("", "", "ZZ"))
        draft.change_element(place, number, lambda _: COMPONENT.join(parts))


@mutation
def trailing_blank(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda old: old + rng.choice((" ", "   ")))


@mutation
def blank_before(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda old: " " + old[rng.randint(0, 1) :])


@mutation
def lower_case(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, str.lower)


@mutation
def qualifiers_swapped(rng: Random, draft: Draft) -> None:
    """Two segments of one id take each other's first element."""
    place = draft.any_place(rng)
    if place is None:
        return
    values = draft.segments[place].split(ELEMENT)
    twins = [
        other
        for other, text in enumerate(draft.segments)
        if other not in (0, place) and text.startswith(values[0] + ELEMENT)
    ]
    if twins and len(values) > 1:
        other = rng.choice(twins)
        theirs = draft.segments[other].split(ELEMENT)[1]
        draft.change_element(other, 1, lambda _: values[1])
        draft.change_element(place, 1, lambda _: theirs)


@mutation
def non_ascii(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda old: old[:-1] + rng.choice("\xe9\xd1\xa0\x85\xff\xb2\xb9\x80\xaa"))


@mutation
def control_character(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda old: old[:-1] + chr(rng.choice((*range(32), 127))) + old[-1:])


@mutation
def repetition_character(rng: Random, draft: Draft) -> None:
    draft.change_some_element(rng, lambda old: f"{old}{REPETITION}{old}")


# -- numbers that are counted along --------------------------------------------------------------------------------


def _miscount(rng: Random, old: str) -> str:
    """A number near the true one, or the true one written differently."""
    number = int(old) if old.isdigit() and old.isascii() else 1
    return rng.choice(
        (
            str(number + 1), str(number - 1), str(number + 10), "0", "", f"0{old}", f" {old}", f"{old} ", f"+{old}",
            f"-{old}", f"{old}.0", "X", f"{old}_0", f"{old}\n", f"{old}:1", "1_0", "\xb2", f"\xa0{old}",
        )
    )  # fmt: skip


@mutation
def wrong_hl01(rng: Random, draft: Draft) -> None:
    draft.change_element(draft.any_place(rng, "HL"), 1, lambda old: _miscount(rng, old))


@mutation
def wrong_hl02(rng: Random, draft: Draft) -> None:
    draft.change_element(draft.any_place(rng, "HL"), 2, lambda old: _miscount(rng, old))


@mutation
def wrong_hl03(rng: Random, draft: Draft) -> None:
    level = rng.choice(("20", "22", "23", "19", "PT", "", "X"))
    draft.change_element(draft.any_place(rng, "HL"), 3, lambda _: level)


@mutation
def wrong_lx(rng: Random, draft: Draft) -> None:
    draft.change_element(draft.any_place(rng, "LX"), 1, lambda old: _miscount(rng, old))


@mutation
def wrong_se01(rng: Random, draft: Draft) -> None:
    draft.change_element(draft.any_place(rng, "SE"), 1, lambda old: _miscount(rng, old))


@mutation
def wrong_se02(rng: Random, draft: Draft) -> None:
    draft.change_element(draft.any_place(rng, "SE"), 2, lambda old: _miscount(rng, old))


@mutation
def wrong_st02(rng: Random, draft: Draft) -> None:
    draft.change_element(draft.any_place(rng, "ST"), 2, lambda old: _miscount(rng, old))


@mutation
def set_repeated(rng: Random, draft: Draft) -> None:
    """A transaction set once more, with the ST02 it has."""
    starts = [place for place, text in enumerate(draft.segments) if text.startswith("ST*")]
    ends = [place for place, text in enumerate(draft.segments) if text.startswith("SE*")]
    pairs = [(first, last) for first, last in zip(starts, ends, strict=False) if first < last < first + 120]
    if pairs:
        first, last = rng.choice(pairs)
        draft.put(last + 1, 0, draft.segments[first : last + 1])


@mutation
def wrong_envelope_count(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng, "GE", "IEA", "GS")
    draft.change_element(place, rng.choice((1, 2, 6)), lambda old: _miscount(rng, old))


@mutation
def envelope_segment_gone(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng, "GS", "GE", "IEA", "ST", "SE")
    if place is not None:
        draft.put(place, 1, [])


@mutation
def ta1_inserted(rng: Random, draft: Draft) -> None:
    place = draft.any_place(rng, "GS", "IEA") or 1
    draft.put(place, 0, ["TA1*000000001*260321*0805*A*000"])


# -- which guide ---------------------------------------------------------------------------------------------------


@mutation
def gs08_patched(rng: Random, draft: Draft) -> None:
    others = [guide.version for guide in GUIDES] + ["005010X222", "005010X231A1", "004010X098A1", "X", ""]
    draft.change_element(draft.any_place(rng, "GS"), 8, lambda _: rng.choice(others))


@mutation
def gs01_patched(rng: Random, draft: Draft) -> None:
    functional_id = rng.choice(("HC", "HP", "FA", "HN", "HS", ""))
    draft.change_element(draft.any_place(rng, "GS"), 1, lambda _: functional_id)


@mutation
def guide_patched(rng: Random, draft: Draft) -> None:
    """GS01 and GS08 of another guide, by whose map the file is judged; both blank mean the control map."""
    guides = [(guide.functional_id, guide.version) for guide in GUIDES + OTHER_GUIDES] + [("", "")]
    (functional_id, version), place = rng.choice(guides), draft.any_place(rng, "GS")
    draft.change_element(place, 8, lambda _: version)
    draft.change_element(place, 1, lambda _: functional_id)


@mutation
def version_4010(rng: Random, draft: Draft) -> None:
    """The same segments as an interchange of 4010, also of the guides whose map depends on the BHT."""
    functional_id, version = rng.choice(
        ("HC 004010X098A1", "HP 004010X091A1", "HI 004010X094A1", "HI 004010X094", "FA 004010")
    ).split()
    for place, text in enumerate(draft.segments):
        if text.startswith("ISA*"):
            draft.segments[place] = text.replace("*00501*", "*00401*")
        elif text.startswith("GS*"):
            values = text.split(ELEMENT)
            values[1:2], values[8:] = [functional_id], [version]
            draft.segments[place] = ELEMENT.join(values)
        elif text.startswith("BHT*") and rng.random() < 0.7:
            draft.change_element(place, 2, lambda _: rng.choice(("13", "11", "00", "")))


@mutation
def isa_patched(rng: Random, draft: Draft) -> None:
    """A later interchange, or the first one without changing its length."""
    draft.segments[0] = rng.choice(
        (
            draft.segments[0].replace("*00501*", "*00401*"),
            draft.segments[0].replace("*ZZ*SENDER  ", "*01*SENDER  "),
            draft.segments[0].replace("*260321*", "*269921*"),
            draft.segments[0].replace("*0805*", "*08 5*"),
            draft.segments[0].lower(),
        )
    )


# -- how it is written ---------------------------------------------------------------------------------------------


@mutation
def other_delimiters(rng: Random, draft: Draft) -> None:
    """Separators that other writers use."""
    draft.exchange = rng.choice(
        ("\n|>^", "'+:*", "~|:^", "!*:^", "\x1c\x1d\x1f^", "~*>^", "?#<^", "\r|:^", "~^:*", "\\*|^")
    )


@mutation
def odd_delimiters(rng: Random, draft: Draft) -> None:
    """Separators that can stand in a value, or that are the same."""
    draft.exchange = rng.choice(
        ("~*.^", "~-:^", "A*:^", "~0:^", "~ :^", "~**^", "~~:^", "\xe9*:^", "~*\xa7^", "~*:A")
    )


@mutation
def random_delimiters(rng: Random, draft: Draft) -> None:
    """Any four separators: signs, or any characters."""
    draft.exchange = "".join(
        rng.sample(rng.choice((string.punctuation, bytes(range(256)).decode("latin-1"))), k=4)
    )


@mutation
def line_ends(rng: Random, draft: Draft) -> None:
    draft.line_end = rng.choice(("\n", "\r\n", "\r", "\n\n", "\n\r", " ", "\n ", "\t"))


@mutation
def truncated_tail(rng: Random, draft: Draft) -> None:
    share = rng.random()
    draft.edits.append(lambda data: data[: int(len(data) * share)])


@mutation
def unterminated_last_segment(rng: Random, draft: Draft) -> None:
    draft.edits.append(lambda data: data.rstrip()[:-1])


@mutation
def byte_order_mark(rng: Random, draft: Draft) -> None:
    draft.edits.append(lambda data: b"\xef\xbb\xbf" + data)


@mutation
def garbage_behind(rng: Random, draft: Draft) -> None:
    tail = rng.choice((b"\x1a", b"\x00", b"   ", b"\n\n", b"garbage", b"GARBAGE~", b"~~", b"ISA*00*short~"))
    draft.edits.append(lambda data: data + tail)


@mutation
def byte_noise(rng: Random, draft: Draft) -> None:
    """One byte, anywhere behind the ISA, is lost, doubled or replaced."""
    share, byte, how = rng.random(), rng.randbytes(1), rng.randrange(3)

    def spoil(data: bytes) -> bytes:
        place = 106 + int(max(0, len(data) - 107) * share)
        return data[:place] + (b"", data[place : place + 1] * 2, byte)[how] + data[place + 1 :]

    draft.edits.append(spoil)
