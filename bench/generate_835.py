"""Writes a balanced 835 of a given size, the same bytes for the same seed.

    python bench/generate_835.py PATH [--claims 100000] [--sets 1] [--seed 7]

On average 2.5 service lines, 4 adjustments and 21 segments a claim; every field of the contract is filled.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

CODES = ("97110", "97112", "97140", "97530", "97535", "97116", "97161", "97162", "97164", "G0283")
LAST = (
    "ABLE",
    "BAKER",
    "CARR",
    "DOVER",
    "ELLIS",
    "FINCH",
    "GROVE",
    "HALE",
    "IRVING",
    "JONES",
    "KNOTT",
    "LANE",
)
FIRST = ("ANN", "BEN", "CLEO", "DAN", "EVE", "FAY", "GUS", "HAL", "IDA", "JAY", "KIM", "LEE")
DENIALS = (("CO", "16", "M80"), ("CO", "97", "N19"), ("CO", "197", "N706"), ("CO", "29", "N211"))
LINES = (1, 2, 3, 4)
LINE_WEIGHTS = (20, 30, 30, 20)
FIRST_DAY = date(2024, 1, 2)


def amount(cents: int) -> str:
    """X12 text of an amount in cents."""
    text = f"{cents // 100}.{cents % 100:02d}".rstrip("0").rstrip(".")
    return text or "0"


def service_line(rng: random.Random, number: str, day: str) -> tuple[list[str], int, int, int]:
    """One 2110 loop: segments, charge, paid and patient share in cents."""
    code, units = rng.choice(CODES), rng.choice((1, 1, 2, 2, 3, 4))
    charge = units * rng.randrange(4000, 9000, 5)
    allowed = units * rng.randrange(2200, 3900)
    modifiers = rng.choice((":GP", ":GP", ":GP:59", ":GP:KX", ":GO", ":GP:CQ"))
    adjustments, remarks, patient = [], [], 0
    if rng.random() < 0.08:
        group, reason, remark = rng.choice(DENIALS)
        allowed = 0
        adjustments.append(f"CAS*{group}*{reason}*{amount(charge)}")
        remarks.append(f"LQ*HE*{remark}")
    else:
        adjustments.append(f"CAS*CO*45*{amount(charge - allowed)}")
        if rng.random() < 0.68:
            patient = min(allowed, rng.choice((500, 1000, 1500, 2000, allowed // 5)))
            adjustments.append(f"CAS*PR*{rng.choice(('1', '2', '3'))}*{amount(patient)}")
        if rng.random() < 0.1:
            remarks.append("LQ*HE*N130")
    paid = allowed - patient
    units_paid = units if paid or patient else 0
    segments = [
        f"SVC*HC:{code}{modifiers}*{amount(charge)}*{amount(paid)}**{units_paid}",
        f"DTM*472*{day}",
        *adjustments,
        f"REF*6R*{number}",
        f"AMT*B6*{amount(allowed)}",
        *remarks,
    ]
    return segments, charge, paid, patient


def claim(rng: random.Random, number: int) -> tuple[list[str], int]:
    """One 2100 loop with its lines, and what it pays in cents."""
    day = f"{FIRST_DAY + timedelta(days=rng.randrange(360)):%Y%m%d}"
    lines: list[str] = []
    charge = paid = patient = 0
    for line in range(1, rng.choices(LINES, LINE_WEIGHTS)[0] + 1):
        segments, line_charge, line_paid, line_patient = service_line(rng, f"L{number:08d}{line:02d}", day)
        lines += segments
        charge, paid, patient = charge + line_charge, paid + line_paid, patient + line_patient
    status = "1" if paid or patient else "4"
    loop = [
        f"CLP*C{number:09d}*{status}*{amount(charge)}*{amount(paid)}*{amount(patient) if patient else ''}*12"
        f"*P{rng.randrange(10**11):011d}*11*1",
        f"NM1*QC*1*{rng.choice(LAST)}*{rng.choice(FIRST)}****MI*W{rng.randrange(10**8):08d}",
        f"NM1*82*1*{rng.choice(LAST)}*{rng.choice(FIRST)}****XX*{rng.choice(('1234567893', '1245319599'))}",
        "REF*EA*M" + str(rng.randrange(10**6)),
        f"DTM*232*{day}",
        f"DTM*050*{day}",
    ]
    if rng.random() < 0.3:
        loop.insert(3, "MOA***MA18" if rng.random() < 0.5 else "MOA***MA07*N381")
    if rng.random() < 0.5:
        loop.append("PER*CX*CLAIMS*TE*8005550100")
    return loop + lines, paid


def transaction_set(rng: random.Random, control: str, first: int, claims: int) -> Iterator[str]:
    """The segments of one ST: BPR needs the total, so the claims are made twice from one state."""
    state = rng.getstate()
    total = sum(claim(rng, first + index)[1] for index in range(claims))
    rng.setstate(state)
    taken = min(total, 1000)
    head = [
        f"ST*835*{control}",
        f"BPR*I*{amount(total - taken)}*C*ACH*CCP*01*071000013*DA*12345*1512345678**01*071000013*DA*98765*20240601",
        f"TRN*1*T{control}{first:09d}*1512345678",
        f"REF*EV*CLEARING{control}",
        "DTM*405*20240531",
        "N1*PR*EXAMPLE HEALTH PLAN*XV*87726",
        "N3*1 MAIN STREET",
        "N4*SPRINGFIELD*IL*62701",
        "PER*BL*PROVIDER SERVICES*TE*8005550100",
        "N1*PE*EXAMPLE THERAPY*XX*1234567893",
        "REF*TJ*123456789",
        "LX*1",
    ]
    yield from head
    count = len(head)
    for index in range(claims):
        segments = claim(rng, first + index)[0]
        count += len(segments)
        yield from segments
    yield f"PLB*1234567893*20241231*WO:T{first}*{amount(taken)}"
    yield f"SE*{count + 2}*{control}"


def segments(claims: int, sets: int, seed: int) -> Iterator[str]:
    """The whole interchange of `claims` claims in `sets` transaction sets."""
    rng = random.Random(seed)
    yield (
        "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PRACTICE       "
        "*240601*1200*^*00501*000000001*0*T*:"
    )
    yield "GS*HP*PAYER*PRACTICE*20240601*1200*1*X*005010X221A1"
    per_set, rest = divmod(claims, sets)
    first = 1
    for index in range(sets):
        size = per_set + (index < rest)
        yield from transaction_set(rng, f"{index + 1:04d}", first, size)
        first += size
    yield f"GE*{sets}*1"
    yield "IEA*1*000000001"


def write(path: Path, claims: int, sets: int, seed: int) -> int:
    """Write the file; returns its number of segments."""
    count = 0
    with path.open("w", encoding="ascii", newline="") as out:
        for segment in segments(claims, sets, seed):
            out.write(segment + "~\n")
            count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("path", type=Path)
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--sets", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    count = write(options.path, options.claims, options.sets, options.seed)
    print(f"{count} segments, {options.path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
