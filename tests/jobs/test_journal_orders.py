"""Whatever comes in what order, between closings and exports: told once, closed days kept, all of it told in the end."""

from __future__ import annotations

import random
from datetime import date

import pytest

from edi.model.errors import UsageError
from tests.builders import make_claim, make_line
from tests.jobs.hand_desk import PAYERS, add, paper, patient, table
from tests.jobs.test_export_postings import close, export
from tests.remits import claim, file_of, line, payment

NUMBERS = ("A0000001", "A0000002", "A0000003")


def lines_of(place: int):
    return tuple(
        make_line(number, code, line_control_number=f"L{place}00000{number}", session_line_ids=())
        for number, code in ((1, "97110"), (2, "97140"))
    )


def arrivals(chance: random.Random):
    """Payments of three claims: answers, a second answer, a reversal with its correction, patients, paper."""
    made = []
    for place, number in enumerate(NUMBERS):
        day = f"2026{chance.choice(['0320', '0405', '0410', '0501'])}"
        paid = chance.choice([0, 2500, 4000])
        one = line("97110", 5000, paid), line("97140", 5000, 3000, adjustments=["CO*45*10", "PR*2*10"])
        made.append(
            file_of(
                payment([claim(number, *one, payer_number=f"P{place}")], trace=f"T{place}", day=day),
                control=place + 1,
            )
        )
        back = (
            line("97110", -5000, -paid, adjustments=[f"CO*45*-{50 - paid // 100}"]),
            line("97140", -5000, -3000, adjustments=["CO*45*-10", "PR*2*-10"]),
        )
        anew = line("97110", 5000, 3500), line("97140", 5000, 3500)
        again = [
            claim(number, *back, status="22", payer_number=f"P{place}"),
            claim(number, *anew, payer_number=f"P{place}"),
        ]
        made.append(
            file_of(
                payment(again, trace=f"R{place}", day=f"2026{chance.choice(['0415', '0430'])}"),
                control=place + 11,
            )
        )
    made.append(table(patient("5.00", date="2026-03-28"), patient("-1.00", claim=NUMBERS[1])))
    made.append(
        table(
            paper("97110", "10.00", "OA-23=40.00", claim=NUMBERS[2], payer="beta", reference="88", status="2")
        )
    )
    chance.shuffle(made)
    return made


def journal(desk, last=None):
    query = "SELECT id, practice_id, payment_key, ordinal, account, cents, posting_date FROM journal_entry"
    return desk.rows(query + (f" WHERE posting_date <= '{last}'" if last else "") + " ORDER BY id")


@pytest.mark.parametrize(
    "seed", [1, 2, 3, 4, pytest.param(5, marks=pytest.mark.soak), pytest.param(6, marks=pytest.mark.soak)]
)
def test_every_order_tells_all_of_it_once(desk_lite, seed):
    chance = random.Random(seed)
    desk_lite.submit(
        *(
            make_claim(patient_control_number=number, lines=lines_of(place))
            for place, number in enumerate(NUMBERS)
        )
    )
    kept: dict[str, list[tuple]] = {}
    batches: dict[int, bytes] = {}
    for number, data in enumerate(arrivals(chance)):
        if data.startswith(b"ISA"):
            desk_lite.ingest(data, payers=PAYERS)
        else:
            add(desk_lite, data, f"hand{number}.csv")
        if chance.random() < 0.4:
            rows, printed = export(desk_lite)
            if rows:
                batches[int(rows[0]["batch"])] = printed
        if chance.random() < 0.4:
            last = date(2026, chance.choice([3, 4]), 30)
            try:
                if close(desk_lite, last).closed:
                    kept[last.isoformat()] = journal(desk_lite, last)
            except UsageError:
                pytest.fail("the day is over")
        for told, entries in kept.items():
            assert journal(desk_lite, told) == entries
    rows, printed = export(desk_lite)
    if rows:
        batches[int(rows[0]["batch"])] = printed
    keys = "payment_key, ordinal, line_id, account, group_code, reason"
    told = desk_lite.rows(
        f"SELECT {keys}, SUM(cents) FROM journal_entry WHERE payment_key <> '' GROUP BY {keys}"
    )
    own = "r.payment_key, p.ordinal, x.line_id, x.account, x.group_code, x.reason"
    stands = desk_lite.rows(
        f"SELECT {own}, SUM(x.cents) FROM posting x JOIN claim_payment p ON p.id = x.claim_payment_id"
        " JOIN remittance r ON r.id = p.remittance_id WHERE x.account NOT IN ('memo', 'pended')"
        f" GROUP BY {own}"
    )
    assert sorted(map(repr, (one for one in told if one[-1]))) == sorted(
        map(repr, (one for one in stands if one[-1]))
    )
    assert sum(len(one.splitlines()) - 1 for one in batches.values()) == len(journal(desk_lite))
    assert export(desk_lite)[0] == []
    assert desk_lite.broken() == []
