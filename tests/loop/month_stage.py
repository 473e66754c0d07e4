"""A month of nights: practices whose exports arrive daily, clearinghouses behind SFTP, and `run` under a set clock."""

from __future__ import annotations

import csv
import os
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from cli.jobs.simulate import answer_files, remittance_bytes, submissions
from edi.model.acknowledgment import Acknowledgment
from edi.model.claim import Claim
from edi.testpayer import RemittanceFile, Scenario, Truth, answer, shipped_scenario
from tests.command_line import COMMAND, DEMO
from tests.transport.sftp_server import PASSWORD, USER, Faults, SftpServer

FIRST_NIGHT = date(2026, 2, 3)
PRACTICES: Final = {"quill": "north", "marrow": "south", "saltmarsh": "coast"}
"""Each practice with the clearinghouse that it bills through."""
PAYER_DAYS = {"04412": 6, "60601": 3, "90909": 8}
"""Days that each payer takes to answer; others take four."""
OVERDUE_DAYS = 14
"""What payers.toml says of every payer."""
RECORDS = ("patients", "cases", "authorizations", "fees")


Call = Callable[[Sequence[str], Mapping[str, str]], tuple[int, str, str]]
"""Words and environment of a command to exit code, stdout and stderr."""


class Due(NamedTuple):
    """A file that a clearinghouse offers from a night on. ``payment`` names what an 835 pays."""

    night: int
    name: str
    data: bytes


class Answered(NamedTuple):
    """What the test payer decided of one 837P file, and what becomes of its 835 files.

    ``lost`` are names of 835 files that never come; ``payable`` says whether any come at all.
    """

    truth: Truth
    claims: tuple[Claim, ...]
    lost: frozenset[str]
    payable: bool
    night: int


class Payment(NamedTuple):
    """A payment as the bank books it. ``era`` is whether its remittance comes."""

    trace: str
    payer: str
    amount: int
    day: date
    night: int
    era: bool


class House:
    """One clearinghouse: its folders, its server, what it took and what it will offer."""

    def __init__(self, name: str, place: int, folder: Path, seed: int, rate: float) -> None:
        self.name, self.place = name, place
        self.folder = folder
        for side in ("out", "in"):
            (folder / side).mkdir(parents=True)
        self.server = SftpServer(folder, Faults(seed, rate))
        self.server.faults.stall = 3.0
        self.password = PASSWORD
        self.random = Random(f"{seed} {name}")
        self.taken: list[tuple[str, bytes]] = []
        self.due: list[Due] = []
        self.answered: list[Answered] = []
        self.refused: list[Claim] = []
        """Claims of files that a 999 refused whole."""
        self.deaf: list[str] = []
        """Names of files that nothing answers."""
        self.payments: list[Payment] = []

    def settings(self) -> str:
        """Its transport, as claimloop.toml has it."""
        return (
            f'transport = {{ kind = "sftp", host = "127.0.0.1", port = {self.server.port}, user = "{USER}", '
            f'password_env = "PASSWORD_{self.name.upper()}", host_key = ["{self.server.host_key}"], '  # pragma: allowlist secret
            'outbound = "/out", inbound = "/in", timeout = 2, attempts = 15, first_wait = 0, longest_wait = 0, '
            "quiet_seconds = 0 }"
        )

    def take(self) -> list[tuple[str, bytes]]:
        """Take away what was delivered, as clearinghouses do."""
        new = []
        for path in sorted((self.folder / "out").iterdir()):
            if not path.name.startswith("."):
                new.append((path.name, path.read_bytes()))
                path.unlink()
        self.taken += new
        return new

    def offer(self, night: int) -> None:
        """Put what is due into the folder that is fetched from; some of it in archives, now and then a report."""
        due = [one for one in self.due if one.night <= night]
        self.due = [one for one in self.due if one.night > night]
        if len(due) > 1 and self.random.random() < 0.25:
            packed = BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for one in due:
                    archive.writestr(one.name, one.data)
            due = [Due(night, f"answers-{night:02d}.zip", packed.getvalue())]
        elif due and self.random.random() < 0.2:
            again = self.random.choice(due)
            self.due.append(Due(night + 1, f"again-{night:02d}-{again.name}", again.data))
        if self.random.random() < 0.3:
            due.append(Due(night, f"report-{night:02d}.txt", b"Daily report: files received, none waiting\n"))
        for one in due:
            (self.folder / "in" / one.name).write_bytes(one.data)


class Injected(msgspec.Struct, kw_only=True):
    """What goes wrong on which night, counted from 0."""

    wrong_password: frozenset[int] = frozenset()
    down: int = -1
    bad_sessions: int = -1
    kills: frozenset[int] = frozenset()
    kill_at_rename: frozenset[int] = frozenset()
    restarts: frozenset[int] = frozenset()
    lost: int = 0
    deaf: int = -1
    refused: int = -1
    undeposited: int = 0


class Night(NamedTuple):
    """One ended run: exit code and manifest."""

    number: int
    code: int
    manifest: dict[str, Any]


class Month:
    """The practices' folder, the clearinghouses, and everything that is known of them outside of the store.

    Args:
        folder: for all of it.
        seed: decides every draw.
        nights: how many. answered: nights whose claims are paid for within the month.
        rate: share of requests at which a server fails.
        injected: what goes wrong.
        cutback: of the demo's patients only every so many-th, for a small month.
        call: runs the command in this process, where nothing is killed.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        nights: int,
        answered: int,
        rate: float,
        injected: Injected,
        scenario: Scenario,
        cutback: int = 1,
        call: Call | None = None,
    ) -> None:
        self.random = Random(seed)
        self.seed, self.nights, self.answered_nights = seed, nights, answered
        self.injected, self.scenario = injected, scenario
        self.office = folder / "office"
        self.office.mkdir(parents=True)
        self.houses = {
            name: House(name, place, folder / name, seed + place, rate)
            for place, name in enumerate(PRACTICES.values(), start=1)
        }
        self.ended: list[Night] = []
        self.killed = 0
        self.said: list[str] = []
        """Everything that the runs printed."""
        self._cutback = cutback
        self._call = call
        self._lasted = 3.0
        self._mend: Callable[[], None] | None = None
        self._lay_out()

    # -- the office ------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        text = (DEMO / "claimloop.toml").read_text(encoding="utf-8")
        head, rest = text.split("[[trading_partner]]", 1)
        rest = rest[rest.index("[[practice]]") :]
        for practice, house in PRACTICES.items():
            start = rest.index(f'id = "{practice}"')
            rest = rest[:start] + rest[start:].replace('["meadowgate"]', f'["{house}"]', 1)
        partners = "".join(
            f'[[trading_partner]]\nid = "{name}"\nsender_id = "DEMOBILL"\nreceiver_id = "{name.upper()}"\n'
            f'application_sender = "DEMOBILL"\napplication_receiver = "{name.upper()}"\nusage = "T"\n'
            f'expects = ["TA1", "999", "277CA"]\n{house.settings()}\n\n'
            for name, house in self.houses.items()
        )
        sessions = ", ".join(f'{one} = "exports/{one}/sessions-*.csv"' for one in PRACTICES)
        run = f'[run]\nsessions = {{ {sessions} }}\ndeposits = "bank/*.csv"\nsummary = "summary.txt"\n\n'
        (self.office / "claimloop.toml").write_text(run + head + partners + rest, encoding="utf-8")
        payers = (DEMO / "payers.toml").read_text(encoding="utf-8")
        lag = f"remittance = {{ lag_days = {{ p50 = 6, p90 = {OVERDUE_DAYS} }} }}\nremit = "
        (self.office / "payers.toml").write_text(payers.replace("remit = ", lag), encoding="utf-8")
        for practice in PRACTICES:
            (self.office / "exports" / practice).mkdir(parents=True)
            for name in RECORDS:
                heading, rows = _table(DEMO / f"{name}.csv")
                mine = [row for row in rows if row.get("practice_id", practice) in ("", practice)]
                _write(self.office / "exports" / practice / f"{name}.csv", heading, mine)
        (self.office / "bank").mkdir()
        self._heading, self._sessions = _table(DEMO / "sessions.csv")

    def day(self, night: int) -> date:
        """The day on which a night's run starts, early in the morning."""
        return FIRST_NIGHT + timedelta(days=night)

    def export(self, night: int) -> None:
        """Each practice's sessions of the day before, as a file of its own."""
        yesterday = self.day(night) - timedelta(days=1)
        wanted = {yesterday.isoformat(), f"{yesterday.month}/{yesterday.day}/{yesterday.year}"}
        for place, practice in enumerate(PRACTICES):
            path = self.office / "exports" / practice / f"sessions-{yesterday}.csv"
            rows = [
                row
                for row in self._sessions
                if row["practice_id"] == practice
                and row["date_of_service"] in wanted
                and int(row["patient_id"][1:]) % self._cutback == 0
            ]
            if night == self.injected.bad_sessions and place == 1:
                path.write_bytes(b"%PDF-1.7\nnot a table")
                self._mend = partial(_write, path, self._heading, rows)
            elif rows:
                _write(path, self._heading, rows)
        if self._mend is not None and night > self.injected.bad_sessions:
            self._mend()
            self._mend = None

    def book(self, night: int) -> None:
        """What the bank booked by the evening before, as a file."""
        booked = [one for house in self.houses.values() for one in house.payments if one.night == night]
        rows = [
            {
                "deposit_date": one.day.isoformat(),
                "amount": f"{one.amount // 100}.{one.amount % 100:02d}",
                "trace_number": one.trace,
                "payer_id": one.payer,
                "bank_reference": f"B{one.trace}",
            }
            for one in booked
        ]
        if rows:
            _write(self.office / "bank" / f"account-{self.day(night)}.csv", list(rows[0]), rows)

    # -- the nights ------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Every night in turn."""
        for house in self.houses.values():
            house.server.__enter__()
        try:
            for night in range(self.nights):
                self._night(night)
        finally:
            for house in self.houses.values():
                house.server.__exit__()

    def _night(self, night: int) -> None:
        plan = self.injected
        self.export(night)
        self.book(night)
        north, south, coast = self.houses.values()
        for house in self.houses.values():
            house.offer(night)
        coast.password = "expired" if night in plan.wrong_password else PASSWORD  # pragma: allowlist secret
        if night == plan.down:
            south.server.stop()
        if night in plan.restarts:
            north.server.restart()
        second = False
        if night in plan.kill_at_rename:
            self.run(night, minute=10, kill_at=north)
        elif night in plan.kills:
            second = self.run(night, minute=10, kill_after=self.random.uniform(0.3, self._lasted)) is None
            second = second and self.random.random() < 0.5
        else:
            self.run(night, minute=10)
        self._collect(night)
        if second:  # what a second line of the crontab does half an hour later
            self.run(night, minute=40)
            self._collect(night)
        if night == plan.down:
            south.server.start()

    def run(
        self, night: int, *, minute: int, kill_after: float | None = None, kill_at: House | None = None
    ) -> Night | None:
        """`claimloop run --json` at that minute of the night's second hour; None when it was killed."""
        words = ["run", "--json", "--config", str(self.office / "claimloop.toml")]
        environment = {
            "CLAIMLOOP_CLOCK": f"{self.day(night)}T02:{minute}:00",
            **{f"PASSWORD_{name.upper()}": house.password for name, house in self.houses.items()},
        }
        if self._call is not None:
            code, out, err = self._call(words, environment)
        else:
            code, out, err = self._process(words, environment, kill_after, kill_at)
        self.said += [out, err]
        if code < 0:
            self.killed += 1
            return None
        assert "Traceback" not in err, err
        assert out, (code, err)
        self.ended.append(Night(night, code, msgspec.json.decode(out)))
        return self.ended[-1]

    def _process(
        self, words: Sequence[str], environment: Mapping[str, str], after: float | None, at: House | None
    ) -> tuple[int, str, str]:
        """The command in a process of its own, killed after so many seconds or when a clearinghouse has a file."""
        process = subprocess.Popen(
            [COMMAND, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            text=True,
        )
        if at is not None:
            at.server.faults.renamed = process.kill
        started = time.perf_counter()
        try:
            out, err = process.communicate(timeout=after if after is not None else 300)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        finally:
            if at is not None:
                at.server.faults.renamed = None
        if process.returncode >= 0:
            self._lasted = 0.7 * self._lasted + 0.3 * (time.perf_counter() - started)
        return process.returncode, out, err

    # -- the far side ----------------------------------------------------------------------------------------------

    def _collect(self, night: int) -> None:
        """Each clearinghouse takes what it got, and plans what comes of it."""
        for house in self.houses.values():
            for name, data in house.take():
                self._answer(house, night, name, data)

    def _answer(self, house: House, night: int, name: str, data: bytes) -> None:
        ((asked, claims),) = list(submissions([data], name, []))
        inside = msgspec.structs.replace(
            asked, interchange_control_number=f"000{house.place}{asked.interchange_control_number[-5:]}"
        )
        random = Random(f"{self.seed} {house.name} {asked.interchange_control_number}")
        made = answer(claims, rng=random, today=self.day(night), scenario=self.scenario, submission=inside)
        made = msgspec.structs.replace(
            made,
            interchange=msgspec.structs.replace(
                made.interchange, interchange_control_number=asked.interchange_control_number
            ),
        )
        first = house.name == "north"
        if first and night >= self.injected.deaf >= 0 and not house.deaf:
            house.deaf.append(name)
            house.answered.append(Answered(made.truth, tuple(claims), frozenset(), False, night))
            return
        if first and night >= self.injected.refused >= 0 and not house.refused:
            house.refused += claims
            refusal = tuple(_refused(one) for one in made.functional)
            made = msgspec.structs.replace(made, functional=refusal, claims=(), files=())
            self._plan(house, night, list(answer_files(made, [], inside)))
            return
        payable = night <= self.answered_nights
        lost = self._lost(house, made.truth, made.files, night) if payable else frozenset()
        house.answered.append(Answered(made.truth, tuple(claims), lost, payable, night))
        answers = answer_files(msgspec.structs.replace(made, files=()), claims, inside)
        self._plan(house, night, list(answers))
        for file in made.files if payable else ():
            came = min(self._came(file, night), self.nights - 1)
            if file.name not in lost:
                house.due.append(Due(came, file.name, remittance_bytes(file)))
            self._pay(house, file, came, era=file.name not in lost)

    def _plan(self, house: House, night: int, answers: Sequence[tuple[str, bytes]]) -> None:
        """TA1 and 999 by the next night, 277CA by the one after."""
        for name, data in answers:
            house.due.append(Due(night + (2 if name.endswith(".277") else 1), name, data))

    def _came(self, file: RemittanceFile, night: int) -> int:
        """The night by which an 835 is there: two after its claims were taken, its wave, and what its payer takes."""
        header = file.sets[0].header
        wave = ((header.payment.date or self.day(night)) - self.day(night)).days
        return night + 2 + wave + PAYER_DAYS.get(header.payer.id or "", 4)

    def _lost(
        self, house: House, truth: Truth, files: Sequence[RemittanceFile], night: int
    ) -> frozenset[str]:
        """A file that alone speaks of its claims, and of nothing else, now and then never comes."""
        lost = sum(len(one.lost) for other in self.houses.values() for one in other.answered)
        if lost >= self.injected.lost or night + OVERDUE_DAYS + 1 >= self.nights:
            return frozenset()
        if night < self.nights - OVERDUE_DAYS - 4 and house.random.random() < 0.7:
            return frozenset()
        places = [
            {answer.file for line in claim.lines for answer in line.answered_by} for claim in truth.claims
        ]
        for file in files:
            others = {name for other in files if other is not file for name in _names(other)}
            alone = all(where == {file.name} for where in places if file.name in where)
            alone = alone and others.isdisjoint(_names(file))
            plain = file.outcome == "posted" and not any(
                one.trailer.provider_adjustments for one in file.sets
            )
            paid = sum(one.header.payment.amount for one in file.sets)
            if alone and plain and paid and any(file.name in where for where in places):
                return frozenset({file.name})
        return frozenset()

    def _pay(self, house: House, file: RemittanceFile, came: int, *, era: bool) -> None:
        """The deposits of a file's payments, booked two days after its day; some never are."""
        if file.outcome != "posted":
            return
        for one in file.sets:
            payment = one.header.payment
            if payment.amount <= 0:
                continue
            day = (payment.date or self.day(came)) + timedelta(days=2)
            night = min((day - FIRST_NIGHT).days + 1, self.nights - 1)
            day = min(day, self.day(night))
            missing = sum(1 for other in self.houses.values() for held in other.payments if held.night < 0)
            # Before the first deposit that was imported none is missed, and a late one not yet.
            late = 7 < came < self.nights - 9 and 7 < (day - FIRST_NIGHT).days < self.nights - 13
            if era and late and missing < self.injected.undeposited and house.random.random() < 0.5:
                night = -1
            house.payments.append(
                Payment(payment.trace_number or "", payment.payer_id or "", payment.amount, day, night, era)
            )


def scenario(nasty: float) -> Scenario:
    """The demo's payers and rates, one payment a file, waves of four days."""
    return msgspec.structs.replace(
        shipped_scenario(), nasty=nasty, claims_per_payment=6, payments_per_file=1, days_between=4
    )


def _names(file: RemittanceFile) -> set[str]:
    """The claims of a file by either number: an answer that a later one overtakes is in no truth."""
    claims = [claim for one in file.sets for claim in one.claims]
    return {
        name
        for claim in claims
        for name in (claim.patient_control_number, claim.payer_claim_control_number)
        if name
    }


def _refused(one: Acknowledgment) -> Acknowledgment:
    return msgspec.structs.replace(one, accepted=False, code="R")


def _table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Heading and rows of a CSV file."""
    reader = csv.DictReader(StringIO(path.read_text(encoding="utf-8")))
    return list(reader.fieldnames or ()), list(reader)


def _write(path: Path, heading: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, heading)
        writer.writeheader()
        writer.writerows(rows)
