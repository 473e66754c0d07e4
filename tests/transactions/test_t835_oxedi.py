"""Our reader against oxedi (a reader of another make): the same claims, lines, adjustments, totals, to the cent.

On every 835 of the corpus and on 200 files of the test payer. What differs is listed with its reason, and a
difference that is gone must leave the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import oxedi
import pyarrow
import pytest

from cli.jobs.simulate import remittance_bytes
from edi.model.finding import Finding
from edi.model.remittance import Adjustment, ClaimPayment, RemittanceHeader, RemittanceTrailer
from edi.testpayer import answer, generate_claims, shipped_scenario
from edi.transactions import t835
from edi.x12.envelope import read_transactions

Row = tuple[Any, ...]


class Told(NamedTuple):
    """What a reader makes of a file: one list a kind, in the order of the file, money in cents."""

    payments: list[Row]
    claims: list[Row]
    lines: list[Row]
    adjustments: list[Row]
    provider_adjustments: list[Row]
    totals: list[Row]


class Accepted(NamedTuple):
    """A difference that is known: the kinds of rows that differ, and why."""

    kinds: tuple[str, ...]
    because: str


_ONE_COMPONENT = Accepted(
    ("lines",),
    "SVC01 has one component by the file's own separators (its ISA16 is another one): we keep it as the code, since "
    "that is what is looked up, oxedi as the qualifier. Charge, payment and units agree",
)
ACCEPTED: dict[str, Accepted] = {
    "LinuxForHealth+x12__cob-contractural-adjustment.835": _ONE_COMPONENT,
    "LinuxForHealth+x12__secondary-payment.835": _ONE_COMPONENT,
    "LinuxForHealth+x12__tertiary-payment.835": _ONE_COMPONENT,
    "genformai+edi-cli__test_edge_cases.py.emb7.edi": _ONE_COMPONENT,
    "javillegasna+oxedi__multi_claim_sample.txt": _ONE_COMPONENT,
    "keironstoddart+edi-835-parser__blue_cross_nc_sample.txt": Accepted(
        ("refused",), "the file begins at ST: oxedi wants an ISA, we read a bare transaction set"
    ),
}


def by_claimloop(data: bytes) -> Told:
    """What our reader tells."""
    told = Told([], [], [], [], [], [])
    for transaction in read_transactions([data]):
        if isinstance(transaction, Finding) or transaction.kind != "835":
            continue
        for value in t835.read(transaction):
            if isinstance(value, RemittanceHeader):
                payment = value.payment
                told.payments.append((payment.amount, payment.trace_number, payment.date))
            elif isinstance(value, ClaimPayment):
                _claim(told, value)
            elif isinstance(value, RemittanceTrailer):
                told.provider_adjustments.extend(
                    (one.provider, one.fiscal_date, one.reason, one.identifier, one.cents)
                    for one in value.provider_adjustments
                )
    told.totals.append(_totals(told))
    return told


def _claim(told: Told, claim: ClaimPayment) -> None:
    told.claims.append(
        (
            claim.patient_control_number,
            claim.status,
            claim.charge,
            claim.paid,
            claim.patient_responsibility or 0,
            claim.payer_claim_control_number,
        )
    )
    told.adjustments.extend(_adjustment(one) for one in claim.adjustments)
    for line in claim.lines:
        told.lines.append(
            (
                line.procedure.qualifier,
                line.procedure.code,
                line.charge,
                line.paid,
                None if line.units is None else Decimal(line.units),
            )
        )
        told.adjustments.extend(_adjustment(one) for one in line.adjustments)


def _adjustment(one: Adjustment) -> Row:
    return (one.group, one.reason, one.cents)


def by_oxedi(path: Path) -> Told:
    """What oxedi tells."""
    tables = {name: pyarrow.table(table).to_pylist() for name, table in _tables(path)}
    told = Told(
        [
            (_cents(row["total_payment_amount"]), _text(row["trace_number"]), row["payment_date"])
            for row in tables["payments"]
        ],
        [
            (
                _text(row["claim_id"]) or "",
                _text(row["claim_status"]) or "",
                _cents(row["charge_amount"]),
                _cents(row["payment_amount"]),
                _cents(row["patient_responsibility"]),
                _text(row["payer_control_number"]),
            )
            for row in tables["claims"]
        ],
        [
            (
                _text(row["procedure_qualifier"]) or "",
                _text(row["procedure_code"]) or "",
                _cents(row["charge_amount"]),
                _cents(row["payment_amount"]),
                row["units_paid"],
            )
            for row in tables["services"]
        ],
        [
            (_text(row["group_code"]), _text(row["reason_code"]), _cents(row["amount"]))
            for row in sorted(tables["adjustments"], key=lambda row: (row["segment"], row["row"]))
        ],
        [
            (
                _text(row["provider_id"]) or "",
                row["fiscal_period_date"],
                _text(row["reason_code"]),
                _text(row["reference_id"]),
                _cents(row["amount"]),
            )
            for row in tables["provider_adjustments"]
        ],
        [],
    )
    told.totals.append(_totals(told))
    return told


def _tables(path: Path) -> Iterator[tuple[str, Any]]:
    tables = oxedi.parse_file(str(path)).tables
    for name in tables:
        yield name, tables[name]


def _totals(told: Told) -> Row:
    """Sums of BPR02, CLP03, CLP04, SVC02, SVC03, CAS and PLB."""
    return (
        sum(row[0] for row in told.payments),
        sum(row[2] for row in told.claims),
        sum(row[3] for row in told.claims),
        sum(row[2] for row in told.lines),
        sum(row[3] for row in told.lines),
        sum(row[2] for row in told.adjustments),
        sum(row[4] for row in told.provider_adjustments),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _cents(value: Decimal | None) -> int:
    return 0 if value is None else int(value * 100)


def differing(ours: Told, theirs: Told) -> tuple[str, ...]:
    """The kinds of rows that are not the same."""
    return tuple(name for name in Told._fields if getattr(ours, name) != getattr(theirs, name))


@pytest.mark.corpus
def test_every_835_of_the_corpus(corpus_dir: Path) -> None:
    files = sorted((corpus_dir / "835").iterdir())
    assert len(files) >= 55
    found: dict[str, tuple[str, ...]] = {}
    for path in files:
        ours = by_claimloop(path.read_bytes())
        assert ours.claims, path.name
        try:
            kinds = differing(ours, by_oxedi(path))
        except oxedi.ParseError:
            kinds = ("refused",)
        if kinds:
            found[path.name] = kinds
    assert found == {name: one.kinds for name, one in ACCEPTED.items()}
    assert all(one.because for one in ACCEPTED.values())


def test_two_hundred_files_of_the_test_payer(tmp_path: Path) -> None:
    scenario = msgspec.structs.replace(
        shipped_scenario(), nasty=0.5, spread=True, claims_per_payment=12, payments_per_file=2
    )
    rng = Random(20261122)
    claims = list(generate_claims(rng, 1500, today=date(2026, 12, 31), days=365))
    made = answer(claims, rng=rng, today=date(2026, 1, 5), scenario=scenario)
    files = [file for file in made.files if file.outcome == "posted"][:200]
    assert len(files) == 200
    lines = 0
    for file in files:
        path = tmp_path / file.name
        path.write_bytes(remittance_bytes(file))
        ours = by_claimloop(path.read_bytes())
        assert differing(ours, by_oxedi(path)) == (), file.name
        lines += len(ours.lines)
    assert lines > 2000


def test_the_comparison_sees_a_cent(tmp_path: Path) -> None:
    """Were it blind, every file would pass."""
    claims = list(generate_claims(Random(1), 3, today=date(2026, 3, 2)))
    made = answer(claims, rng=Random(1), today=date(2026, 3, 2), scenario=shipped_scenario("clean"))
    data = remittance_bytes(made.files[0])
    path = tmp_path / "one.835"
    path.write_bytes(data)
    line = by_claimloop(data).lines[0]
    wrong = by_claimloop(data.replace(f"*{line[2] // 100}*".encode(), f"*{line[2] // 100 + 1}*".encode(), 1))
    assert differing(wrong, by_oxedi(path)) != ()
