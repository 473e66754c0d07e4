"""Claims by the thousand for tests and measurements: valid enough to be written as 837P, read and imported.

Every person, organisation and number is made up; NPIs have a right check digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import msgspec

from edi.model.claim import Address, Claim, ClaimPayer, Person, Provider, ServiceLine, Subscriber
from edi.model.remittance import Procedure
from edi.testpayer.adjudicate import hits

TWIN_SHARE = 0.05
"""Share of lines that have an identical twin in their claim."""

_PAYERS = (("FEDERAL PART B NORTHEAST", "04412", "MB"), ("LARKSPUR HEALTH PLANS", "60601", "12"),
           ("HARBOR BLUE MUTUAL", "90909", "BL"))  # fmt: skip
_PRACTICES = (
    ("QUILLFEATHER PHYSICAL THERAPY", "GP", ("97110", "97112", "97140", "97530", "97116", "97535", "97032")),
    ("MARROWSTONE CHIROPRACTIC", "", ("98940", "98941", "97140", "97012", "G0283")),
    ("SALTMARSH HAND AND MASSAGE", "GO", ("97124", "97530", "97535", "97110", "97018")),
)
_LAST = ("AMBERWICK", "BRACKENDALE", "CLOVERMIST", "DUNWHISTLE", "ELDERFROST", "FENWILLOW", "GRAVENMOOR", "HOLLYBRIGHT",
         "IVORYDALE", "JUNIPERSON", "KESTRELMAN", "LARKENFIELD")  # fmt: skip
_FIRST = ("ADA", "BEA", "CYRIL", "DORA", "EMIL", "FAYE", "GUS", "HAZEL", "IGOR", "JUNO")
_DIAGNOSES = ("M5450", "M25511", "M542", "S83511A", "M6281", "R262", "M9903", "M79641")
_CHARGES = {"98940": 4500, "98941": 6500, "G0283": 2500, "97012": 3000, "97018": 2200, "97032": 3500}
_UNTIMED = ("98940", "98941", "G0283", "97012", "97018")


def npi(number: int) -> str:
    """Return a ten-digit NPI with its check digit (Luhn over 80840 and nine digits) for a number of up to 8 digits."""
    body = f"1{number:08d}"
    total = 24
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def generate_claims(
    rng: Random,
    n: int,
    *,
    today: date,
    first_number: int = 1,
    prefix: str = "CL",
    line_numbers: bool = True,
    days: int = 60,
) -> Iterator[Claim]:
    """Yield claims of three practices with three payers, each with lines of one day.

    Args:
        rng: all chance there is.
        n: how many.
        today: no service is later than the day before.
        first_number: number of the first claim; CLM01 is the prefix and seven digits, so two calls can be kept apart.
        prefix: letters CLM01 starts with.
        line_numbers: False leaves REF*6R out, as many systems do.
        days: so many days before today are worked.
    """
    patients: dict[int, Subscriber] = {}
    for number in range(first_number, first_number + n):
        payer, practice = rng.randrange(len(_PAYERS)), rng.randrange(len(_PRACTICES))
        patient = rng.randrange(max(1, n // 4))
        subscriber = patients.get(patient)
        if subscriber is None:
            subscriber = patients[patient] = _subscriber(rng, patient, _PAYERS[payer][2])
        key = f"{prefix}{number:07d}"
        lines = _lines(
            rng, practice, today - timedelta(days=rng.randint(1, days)), key, line_numbers=line_numbers
        )
        filing = _PAYERS[payer][2]
        yield Claim(
            patient_control_number=key,
            charge=sum(line.charge for line in lines),
            diagnoses=tuple(rng.sample(_DIAGNOSES, 2)),
            billing=_billing(practice),
            rendering=_clinician(practice, rng.randrange(3)),
            referring=_referrer(rng.randrange(5)),
            subscriber=msgspec.structs.replace(subscriber, filing_indicator=filing),
            payer=ClaimPayer(name=_PAYERS[payer][0], id=_PAYERS[payer][1]),
            lines=lines,
        )


def _lines(rng: Random, practice: int, day: date, key: str, *, line_numbers: bool) -> tuple[ServiceLine, ...]:
    """Draw lines of different codes, some with an identical twin."""
    _, discipline, codes = _PRACTICES[practice]
    drawn: list[tuple[str, int]] = []
    for code in rng.sample(codes, rng.randint(1, min(4, len(codes)))):
        units = 1 if code in _UNTIMED else rng.randint(1, 4)
        drawn.append((code, units))
        if hits(rng, TWIN_SHARE):
            drawn.append((code, units))
    modifiers = (discipline,) if discipline else ()
    return tuple(
        ServiceLine(
            number=number,
            procedure=Procedure("HC", code, modifiers=("AT",) if code.startswith("9894") else modifiers),
            charge=_CHARGES.get(code, 5500 + 100 * (int(code[-2:]) % 30)) * units,
            units=str(units),
            pointers=(1,),
            date_from=day,
            date_to=day,
            line_control_number=f"{key}L{number}" if line_numbers else "",
        )
        for number, (code, units) in enumerate(drawn, start=1)
    )


def _address(number: int) -> Address:
    return Address(line_1=f"{number + 1} FABLE STREET", city="PLAINFIELD", state="MA", zip="010010001")


def _subscriber(rng: Random, number: int, filing: str) -> Subscriber:
    return Subscriber(
        person=Person(
            last_name=rng.choice(_LAST),
            first_name=rng.choice(_FIRST),
            birth_date=date(1940, 1, 1) + timedelta(days=rng.randrange(22_000)),
            sex=rng.choice(("F", "M")),
            address=_address(number % 900),
        ),
        member_id=f"ZX{number:09d}",
        filing_indicator=filing,
    )


def _billing(practice: int) -> Provider:
    return Provider(
        is_person=False,
        last_name=_PRACTICES[practice][0],
        npi=npi(70_000_000 + practice),
        taxonomy=("261QP2000X", "111N00000X", "225XH1200X")[practice],
        tax_id=f"00{practice + 1}555444",
        address=_address(practice),
    )


def _clinician(practice: int, number: int) -> Provider:
    return Provider(
        is_person=True,
        last_name=("THISTLEDOWN", "UMBERFIELD", "VALEWORTH")[number],
        first_name=("NELL", "ORIN", "PIA")[practice],
        npi=npi(71_000_000 + 10 * practice + number),
        taxonomy=("225100000X", "111N00000X", "225X00000X")[practice],
    )


def _referrer(number: int) -> Provider:
    return Provider(
        is_person=True, last_name="WRENHOLLOW", first_name=_FIRST[number], npi=npi(72_000_000 + number)
    )
