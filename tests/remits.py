"""835 files as text, for tests of ingest: small, balanced, and wrapped in as many ways as payers do.

text = file_of(payment([claim("A0000001", line("97110", 50, 40), line("97140", 50, 40))], trace="T1"))
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tests.builders import PRACTICE_NPI

DAY = "20260310"


def amount(cents: int) -> str:
    """X12 text of cents."""
    return f"{Decimal(cents) / 100:f}".rstrip("0").rstrip(".") if cents % 100 else str(cents // 100)


def line(
    code: str,
    charge: int,
    paid: int,
    *,
    adjustments: Sequence[str] | None = None,
    number: str = "",
    day: str = DAY,
    extra: Sequence[str] = (),
) -> list[str]:
    """One SVC loop in cents; what is not paid goes to CO-45 unless ``adjustments`` (``CO*45*1000``) say otherwise."""
    if adjustments is None:
        adjustments = [f"CO*45*{amount(charge - paid)}"] if charge != paid else []
    segments = [f"SVC*HC:{code}:GP*{amount(charge)}*{amount(paid)}**1", f"DTM*472*{day}"]
    segments += [f"CAS*{one}" for one in adjustments]
    return segments + ([f"REF*6R*{number}"] if number else []) + list(extra)


def claim(
    number: str,
    *lines: list[str],
    status: str = "1",
    charge: int | None = None,
    paid: int | None = None,
    payer_number: str = "PCN1",
    member: str = "W123456789",
    patient: str | None = None,
) -> list[str]:
    """One CLP loop; charge and payment are the sums of the lines unless given."""
    sums = [0, 0]
    for one in lines:
        parts = one[0].split("*")
        sums[0] += int(Decimal(parts[2]) * 100)
        sums[1] += int(Decimal(parts[3]) * 100)
    charge = sums[0] if charge is None else charge
    paid = sums[1] if paid is None else paid
    share = 0
    for segment in (segment for one in lines for segment in one if segment.startswith("CAS*PR*")):
        share += int(Decimal(segment.split("*")[3]) * 100)
    head = f"CLP*{number}*{status}*{amount(charge)}*{amount(paid)}*{amount(share) if share else ''}*12*{payer_number}*11*1"
    name = patient or "PATIENT*TEST"
    return [head, f"NM1*QC*1*{name}****MI*{member}", *(segment for one in lines for segment in one)]


def payment(
    claims: Sequence[list[str]],
    *,
    trace: str = "T0001",
    control: str = "0001",
    npi: str = PRACTICE_NPI,
    bank: int | None = None,
    method: str = "ACH",
    plb: Sequence[tuple[str, int]] = (),
    day: str = "20260320",
    payer: str = "1512345678",
    segments: int | None = None,
    truncated: bool = False,
) -> list[str]:
    """One ST..SE. ``bank`` is BPR02 in cents; by default what the claims and provider adjustments come to."""
    total = sum(int(Decimal(one[0].split("*")[4]) * 100) for one in claims)
    total -= sum(cents for _, cents in plb)
    body = [
        f"ST*835*{control}",
        f"BPR*I*{amount(total if bank is None else bank)}*C*{method}************{day}",
        f"TRN*1*{trace}*{payer}",
        f"DTM*405*{day}",
        "N1*PR*ACME HEALTH*XV*PAYOR123",
        f"N1*PE*ORCHARD THERAPY*XX*{npi}",
        "LX*1",
        *(segment for one in claims for segment in one),
        *(f"PLB*{npi}*20261231*{reason}*{amount(cents)}" for reason, cents in plb),
    ]
    if truncated:
        return body
    return [*body, f"SE*{segments if segments is not None else len(body) + 1}*{control}"]


def file_of(
    *payments: list[str],
    element: str = "*",
    component: str = ":",
    terminator: str = "~",
    end: str = "\n",
    control: int = 1,
) -> bytes:
    """An interchange with one group around the payments, in any separators."""
    ends = (
        []
        if payments and not payments[-1][-1].startswith("SE")
        else [f"GE*{len(payments)}*{control}", f"IEA*1*{control:09d}"]
    )
    segments = [
        f"ISA*00*          *00*          *ZZ*PAYER          *ZZ*PRACTICE       *260320*1200*^*00501*{control:09d}*0*P*:",
        f"GS*HP*PAYER*PRACTICE*20260320*1200*{control}*X*005010X221A1",
        *(segment for one in payments for segment in one),
        *ends,
    ]
    text = "".join(f"{segment}~{end}" for segment in segments)
    table = {"*": element, ":": component, "~": terminator}
    return "".join(table.get(character, character) for character in text).encode()
