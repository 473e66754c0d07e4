"""X12 text for the tests of the readers. Every person and number is made up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from edi.model.finding import Finding
from edi.model.remittance import ClaimPayment
from edi.transactions import t835
from edi.x12.envelope import TransactionSet, read_transactions

BODY = (
    "BPR*I*130*C*ACH*CCP*01*071000013*DA*123*1512345678**01*071000013*DA*456*20240601",
    "TRN*1*TRACE1*1512345678",
    "DTM*405*20240531",
    "N1*PR*EXAMPLE PLAN*XV*87726",
    "N3*1 MAIN ST",
    "N4*SPRINGFIELD*IL*62701",
    "PER*BL*SERVICES*TE*8005550100",
    "N1*PE*EXAMPLE THERAPY*XX*1234567893",
    "REF*TJ*123456789",
    "LX*1",
    "CLP*C1*1*210*80*20*12*P1*11*1",
    "NM1*QC*1*MARKERNAME*MARKERFIRST****MI*W1",
    "MOA***MA18",
    "DTM*232*20240502",
    "SVC*HC:97110:GP*150*80**2",
    "DTM*472*20240502",
    "CAS*CO*45*50",
    "CAS*PR*2*20",
    "REF*6R*L1",
    "AMT*B6*100",
    "SVC*HC:97124*60*0**0",
    "DTM*150*20240502",
    "DTM*151*20240503",
    "CAS*CO*236*60",
    "LQ*HE*N130",
    "CLP*C2*1*100*80*20*12*P2",
    "CAS*PR*1*20",
    "PLB*1234567893*20241231*WO:X1*30*L6*-.42",
    "PLB*1234567893*20241231*CS:Y*.42",
)
"""A balanced 835 between ST and SE: two claims, two lines."""


def st(body: Iterable[str] = BODY, number: str = "0001", count: int | None = None) -> list[str]:
    """ST to SE around a body; SE01 is right unless given."""
    inner = list(body)
    return [f"ST*835*{number}", *inner, f"SE*{len(inner) + 2 if count is None else count}*{number}"]


def group(sets: Iterable[list[str]], number: str = "1", count: int | None = None) -> list[str]:
    """GS to GE around transaction sets."""
    inner = list(sets)
    head = f"GS*HP*PAYER*PRACTICE*20240601*1200*{number}*X*005010X221A1"
    return [
        head,
        *[one for lines in inner for one in lines],
        f"GE*{len(inner) if count is None else count}*{number}",
    ]


def isa(number: str = "000000001", version: str = "00501", repetition: str = "^") -> str:
    """An ISA of 106 characters with its terminator."""
    return f"ISA*00*{'':10}*00*{'':10}*ZZ*{'PAYER':15}*ZZ*{'PRACTICE':15}*240601*1200*{repetition}*{version}*{number}*0*T*:~"


def text(
    groups: Iterable[list[str]] | None = None,
    *,
    number: str = "000000001",
    end: str = "",
    marks: str = "*:~",
    last: bool = True,
) -> str:
    """A whole interchange; ``end`` stands after each terminator, ``marks`` are element, component and terminator."""
    inner = list(groups) if groups is not None else [group([st()])]
    segments = [one for lines in inner for one in lines]
    segments.append(f"IEA*{len(inner)}*{number}")
    body = isa(number) + end + "".join(f"{segment}~{end}" for segment in segments)
    if not last:
        body = body[: len(body) - len(end) - 1]
    return body.translate(str.maketrans("*:~", marks))


def events(chunks: Iterable[bytes], **options: Any) -> list[Any]:
    """Everything a reader makes of a file, comparable: findings, and each set with all its segments."""
    found: list[Any] = []
    for item in read_transactions(chunks, **options):
        if isinstance(item, TransactionSet):
            found.append(
                (
                    item.kind,
                    item.control_number,
                    item.version,
                    item.envelope,
                    item.delimiters,
                    list(item.segments),
                )
            )
        else:
            found.append(item)
    return found


def of_835(
    data: bytes, chunks: Iterable[bytes] | None = None, **options: Any
) -> Iterator[tuple[TransactionSet, list[Any]]]:
    """Each 835 of a file with everything its reader yields; ``chunks`` are the same bytes in pieces."""
    for item in read_transactions([data] if chunks is None else chunks, **options):
        if isinstance(item, TransactionSet) and item.kind == "835":
            yield item, list(t835.read(item))


def codes(found: Iterable[Any]) -> list[str]:
    """The codes of the findings among the events."""
    return [one.code for one in found if isinstance(one, Finding)]


def segments_of(found: Iterable[Any]) -> list[list[list[str]]]:
    """The segments of each set among the events."""
    return [one[5] for one in found if isinstance(one, tuple)]


CLP = "CLP*C1*1*210*80*20*12*P1*11*1"
CLP2 = "CLP*C2*1*100*80*20*12*P2"
SVC = "SVC*HC:97110:GP*150*80**2"
DTM = "DTM*472*20240502"
CAS = "CAS*CO*45*50"
LX = "LX*1"


def read(body: Iterable[str] = BODY, **options: Any) -> list[Any]:
    """Everything one 835 with that body gives; the same byte by byte, and with something behind it."""
    data = text([group([st(body, **options)])]).encode()
    ((_, found),) = of_835(data)
    ((_, bytewise),) = of_835(data, [data[place : place + 1] for place in range(len(data))], block_size=1)
    ((_, followed),) = of_835(data + b"\r\n  trailing words")
    assert bytewise == found
    assert followed == found
    return found


def changed(old: str, new: str) -> list[Any]:
    """Everything the standard body gives with one segment replaced."""
    assert old in BODY
    return read([new if segment == old else segment for segment in BODY])


def with_more(after: str, *more: str) -> list[Any]:
    """Everything the standard body gives with segments put in behind one."""
    place = BODY.index(after) + 1
    return read([*BODY[:place], *more, *BODY[place:]])


def claims(found: Iterable[Any]) -> list[ClaimPayment]:
    return [one for one in found if isinstance(one, ClaimPayment)]


def findings(found: Iterable[Any]) -> list[Finding]:
    return [one for one in found if isinstance(one, Finding)]
