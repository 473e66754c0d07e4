"""The same interchange in other clothes: line breaks, terminators, delimiters, envelopes. Content stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def segments_of(data: bytes) -> list[str]:
    """The segments of an interchange with the usual delimiters, line ends dropped."""
    return [part for part in data.decode("ascii").replace("\n", "").split("~") if part]


def wrapped(data: bytes) -> bytes:
    """A line break after every 80 characters, as punched cards would have it."""
    whole = "".join(f"{one}~" for one in segments_of(data))
    return "\r\n".join(whole[start : start + 80] for start in range(0, len(whole), 80)).encode()


def newline_terminated(data: bytes) -> bytes:
    """The line feed is the segment terminator."""
    return "".join(f"{one}\n" for one in segments_of(data)).encode()


def other_delimiters(data: bytes) -> bytes:
    """Other marks for elements, components, repetitions and segments; blank lines between segments."""
    whole = "".join(f"{one}!\n\n" for one in segments_of(data))
    assert not set("|>}") & set(whole)
    return whole.translate(str.maketrans("*:^", "|>}")).encode()


def reenveloped(files: Iterable[bytes], control_number: int) -> bytes:
    """All transaction sets of the files in one new interchange and group, under new ISA13, GS06 and ST02."""
    bodies: list[list[str]] = []
    isa = gs = ""
    for data in files:
        for one in segments_of(data):
            if one.startswith("ISA*"):
                isa = isa or one
            elif one.startswith("GS*"):
                gs = gs or one
            elif one.startswith("ST*"):
                bodies.append([one])
            elif not one.startswith(("GE*", "IEA*")):
                bodies[-1].append(one)
    out = [_with(isa, 13, f"{control_number:09d}"), _with(gs, 6, str(control_number))]
    for number, body in enumerate(bodies, start=1):
        name = f"{control_number % 100:02d}{number:07d}"
        out += [_with(body[0], 2, name), *body[1:-1], _with(body[-1], 2, name)]
    out += [f"GE*{len(bodies)}*{control_number}", f"IEA*1*{control_number:09d}"]
    return "".join(f"{one}~" for one in out).encode()


def _with(segment: str, place: int, value: str) -> str:
    """The segment with another element."""
    elements = segment.split("*")
    elements[place] = value
    return "*".join(elements)


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "80 columns": wrapped,
    "newline terminators": newline_terminated,
    "other delimiters": other_delimiters,
    "new envelope": lambda data: reenveloped([data], 900_000_000 + len(data) % 1_000_000),
}
