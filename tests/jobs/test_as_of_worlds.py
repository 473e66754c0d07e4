"""Small random worlds, day by day: as of a day the whole store says what it said at the end of that day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

import msgspec
import pytest

from cli.jobs.denial_work import Desk as Worklist
from cli.jobs.denial_work import do
from reconcile.reports.registry import REPORTS, Scope, report
from reconcile.store import ClaimOrigin, begin_file, save_claims
from reconcile.store.again import Resubmission, save_resubmissions
from reconcile.values import Again
from reconcile.worklist import Deed, Verb
from tests.builders import make_claim, make_line
from tests.jobs.acks import claim_answer, from_partner, functional_answer, sent_file, whole_answer
from tests.jobs.conftest import Desk
from tests.jobs.test_as_of import items
from tests.jobs.test_denial_checks import CLAIM, FIRST, PAYERS, PAYS, contract, denied, done, opened
from tests.remits import claim, file_of, line, payment

CLAIMS = {"alpha": ("A0000001", "A0000002"), "beta": ("B0000001", "B0000002")}
"""Two partners; the file to each has the same control numbers."""
PARTNER_OF = {number: partner for partner, numbers in CLAIMS.items() for number in numbers}
LINES = (("97110", "1"), ("97140", "2"))
ANSWERS = {
    "pays": (4000, "CO*45*10"),
    "denies": (0, "CO*50*50"),
    "wants more": (0, "CO*16*50"),
    "leaves to the patient": (2000, "PR*2*30"),
    "pends": (0, "OA*133*50"),
    "calls a duplicate": (0, "CO*18*50"),
}
"""What a payer may say of a line of 50.00: cents paid, and the adjustment."""
LATER = 9
"""Things that happen in a world, a day or more apart."""
COSTLY = ("kpi", "payers")
"""Reports made of the others: read on every third day."""
READ = tuple(one for one in map(report, REPORTS) if not one.needs_contract)


class World:
    """A store to which random things happen, and what it said at the end of each day."""

    def __init__(self, folder, seed: int) -> None:
        self.rng = Random(seed)
        self.desk = Desk(f"sqlite:///{folder / 'claimloop.db'}", folder)
        self.day = date(2026, 3, 15)
        self.number = 0
        self.paid: dict[str, tuple[list, str, str]] = {}
        for partner, numbers in CLAIMS.items():
            sent_file(self.desk, partner, *numbers)
        self.said: dict[date, dict[str, object]] = {}
        self.whole_days: list[date] = []
        for _ in range(LATER):
            self.number += 1
            self.day += timedelta(days=self.rng.randint(1, 5))
            happens = [self.pays, self.pays, self.takes_back, self.takes_back, self.acknowledges,
                       self.answers_group, self.rejects_whole, self.writes_off, self.goes_again]  # fmt: skip
            self.rng.choice(happens)()
            if self.number % 3 == 0:
                self.whole_days.append(self.day)
            self.said[self.day] = self.tells()

    def one(self) -> str:
        return self.rng.choice(sorted(PARTNER_OF))

    def take(self, data: bytes) -> None:
        at = datetime.combine(self.day, time(6))
        self.desk.ingest(data, payers=PAYERS, now=at)

    def told(self, number: str, answers: list, payer_number: str, *, back: bool = False):
        """A claim payment, or its reversal."""
        sign = -1 if back else 1
        lines = []
        for (code, place), name in zip(LINES, answers, strict=False):
            cents, adjustment = ANSWERS[name]
            group, reason, left = adjustment.split("*")
            adjusted = f"{group}*{reason}*{sign * int(left)}"
            lines.append(
                line(code, sign * 5000, sign * cents, adjustments=[adjusted], number=f"{place}{number}")
            )
        return claim(number, *lines, status="22" if back else "1", payer_number=payer_number)

    def remit(self, payer: str, *claims) -> None:
        told = payment(list(claims), trace=f"T{self.number}", day=f"{self.day:%Y%m%d}", payer=payer)
        self.take(file_of(told, control=self.number))

    def answers(self, number: str, payer: str):
        """A new answer to a claim, of one line or both."""
        said = [self.rng.choice(sorted(ANSWERS)) for _ in range(self.rng.choice((1, 2, 2)))]
        self.paid[number] = (said, f"N{self.number}", payer)
        return self.told(number, said, f"N{self.number}")

    def pays(self) -> None:
        payer = self.rng.choice(("1512345678", "1512345678", "1999999999"))
        self.remit(payer, self.answers(self.one(), payer))

    def takes_back(self) -> None:
        """A payer takes an answer back, and mostly corrects it in the same file."""
        if not self.paid:
            return self.pays()
        number = self.rng.choice(sorted(self.paid))
        said, payer_number, payer = self.paid.pop(number)
        claims = [self.told(number, said, payer_number, back=True)]
        if self.rng.random() < 0.7:
            claims.append(self.answers(number, payer))
        return self.remit(payer, *claims)

    def acknowledges(self) -> None:
        number = self.one()
        answer = claim_answer(number, self.rng.choice(("A1", "A2", "A3")), day=f"{self.day:%Y%m%d}")
        self.take(from_partner(answer, PARTNER_OF[number]))

    def answers_group(self) -> None:
        answer = functional_answer(self.rng.choice("AR"), "1", control=self.number)
        self.take(from_partner(answer, self.rng.choice(sorted(CLAIMS))))

    def rejects_whole(self) -> None:
        answer = whole_answer("0000000010001", day=f"{self.day:%Y%m%d}")
        self.take(from_partner(answer, self.rng.choice(sorted(CLAIMS))))

    def writes_off(self) -> None:
        worklist = Worklist(contract(), self.day)
        with self.desk.store.write() as connection:
            cases = [*worklist.cases(connection)]
            if cases:
                deed = Deed(verb=Verb.WRITE_OFF, on=self.day, text="small").by("ana")
                do(connection, worklist, cases[:1], deed, at=datetime.combine(self.day, time(9)))

    def goes_again(self) -> None:
        """A claim is replaced, in a file of its own."""
        number = self.one()
        lines = tuple(
            make_line(n, code, line_control_number=f"{p}{number}") for n, (code, p) in enumerate(LINES, 1)
        )
        value = make_claim(patient_control_number=number, lines=lines)
        value = msgspec.structs.replace(value, frequency="7", original_reference=f"N{self.number}")
        digest = f"{self.number:064x}"
        origin = ClaimOrigin(source="created", partner=PARTNER_OF[number], file_sha256=digest,
                             group_control_number=f"9{self.number}", st_control_number="0001",
                             interchange_control_number=f"9{self.number:08d}")  # fmt: skip
        at = datetime.combine(self.day, time(9))
        last = f"SELECT max(id) FROM claim WHERE patient_control_number = '{number}'"
        ((follows,),) = self.desk.rows(last)
        with self.desk.store.write() as connection:
            begin_file(connection, digest, size=1, direction="out", kind="837", name=digest[-4:], at=at)
            (new,) = save_claims(connection, [value], origin).new
            sent = Resubmission(claim_id=new, kind=Again.REPLACEMENT, follows=follows)
            save_resubmissions(connection, [sent])

    def tells(self, as_of: date | None = None) -> dict[str, object]:
        """Every report and the worklist: now, or as of a day."""
        scope = Scope(today=as_of or self.day, as_of=as_of)
        found: dict[str, object] = {}
        with self.desk.store.read() as connection:
            for one in READ:
                if one.name in COSTLY and scope.today not in self.whole_days:
                    continue
                every = one.groupings or ("",)
                for by in dict.fromkeys([every[0], *(by for by in every if by in ("stage", "status"))]):
                    told = one.read(connection, scope, by)
                    rows = sorted(
                        str(sorted((key, str(value)) for key, value in row.items())) for row in told.rows
                    )
                    found[f"{one.name} {by}"] = [rows, str(told.total)]
        for everything in (False, True):
            found[f"worklist {everything}"] = items(self.desk, as_of, everything=everything)
        return found


def differences(folder, seed: int) -> list[tuple]:
    """Day, report, what the whole store says as of it, and what the store of that day said."""
    world = World(folder, seed)
    found = []
    for day, then in world.said.items():
        told = world.tells(as_of=day)
        found += [(day, name, told[name], then[name]) for name in then if told[name] != then[name]]
    world.desk.store.close()
    return found


@pytest.mark.parametrize("seed", range(2))
def test_as_of_a_day_a_store_says_what_it_said_that_day(tmp_path, seed):
    assert differences(tmp_path, seed) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 109))
def test_as_of_a_day_more_worlds_say_what_they_said_that_day(tmp_path, seed):
    assert differences(tmp_path, seed) == []


# -- what the worlds are about, one by one ---------------------------------------------------------------------------


def as_of(desk, name: str, by: str, day: date) -> tuple[list, list]:
    """The rows of a report as of a day, and of the store as it is, read on that day."""
    with desk.store.read() as connection:
        told, now = (
            [*report(name).read(connection, Scope(today=day, as_of=limit), by).rows] for limit in (day, None)
        )
    return told, now


def test_as_of_a_day_a_correction_beside_its_reversal_stands(desk_lite):
    """The reversal in the file of the new denial settles nothing; the payment of a later day did."""
    desk_lite.submit(CLAIM)
    back = line("97140", -5000, 0, adjustments=["CO*50*-50"], number="L2")
    files = (
        [claim("A0000001", denied(), payer_number="N1")],
        [claim("A0000001", back, status="22", payer_number="N1"),
         claim("A0000001", denied(reason="CO*16"), payer_number="N2")],
        [claim("A0000001", line("97140", 5000, 5000, number="L2"), payer_number="N3")],
    )  # fmt: skip
    day, said = date(2026, 4, 5), []
    for number, (told, paid_on) in enumerate(
        zip(files, ("20260320", "20260401", "20260420"), strict=True), 1
    ):
        desk_lite.ingest(
            file_of(payment(told, trace=f"T{number}", day=paid_on), control=number), payers=PAYERS
        )
        said.append((as_of(desk_lite, "denials", "status", day), items(desk_lite, day)))
    (_, (then, work)), (told, later) = (said[1][0][0], said[1]), said[2]
    assert [(row["group"], row["count"]) for row in told[0]] == [("open", 1), ("reversed", 1)]
    assert (told[0], later) == (then[1], work)


def test_as_of_a_day_aging_knows_what_a_person_wrote_off(desk_lite):
    opened(desk_lite, FIRST)
    done(desk_lite, Verb.WRITE_OFF, date(2026, 3, 25), text="small")
    day = date(2026, 4, 1)
    _, then = as_of(desk_lite, "aging", "payer", day)
    desk_lite.ingest(PAYS, payers=PAYERS)
    told, _ = as_of(desk_lite, "aging", "payer", day)
    assert sum(row["written_off"] for row in then) == 5000
    assert told == then


@pytest.mark.parametrize(
    "rejects", [lambda: functional_answer("R", "1"), lambda: whole_answer("0000000010001")]
)
def test_as_of_a_day_a_rejected_file_is_its_partners(desk_lite, rejects):
    for partner, numbers in CLAIMS.items():
        sent_file(desk_lite, partner, *numbers)
    desk_lite.ingest(from_partner(rejects(), "alpha"))
    desk_lite.ingest(from_partner(functional_answer("A", "1", control=6), "beta"))
    for name, by, column in (("acceptance", "practice", "accepted"), ("silence", "stage", "claims")):
        told, now = as_of(desk_lite, name, by, date(2026, 5, 1))
        assert told == now
        assert {row[column] for row in now} == {2}
