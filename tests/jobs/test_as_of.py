"""A store as of a day says what the store of that day said: answers, take-backs and acknowledgments that came later."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
import pytest

from reconcile.reports.registry import Scope, report
from reconcile.store import ClaimOrigin, begin_file, save_claims
from reconcile.store.again import Resubmission, save_resubmissions
from reconcile.store.denial_work import denial_work
from reconcile.values import Again
from tests.builders import PRACTICE_NPI, make_claim, make_line, npi
from tests.jobs.acks import claim_answer, functional_answer, whole_answer
from tests.jobs.conftest import Desk
from tests.jobs.test_denial_checks import AGAIN, BACK, FIRST, PAYERS, PAYS
from tests.remits import claim, file_of, line, payment

SENT = "f" * 64
REPORTS = (
    "rates",
    "resolution",
    "acceptance",
    "silence",
    "aging",
    "collection",
    "denials",
    "takebacks",
    "payments",
)
KEPT = make_claim(
    lines=(make_line(1, "97110", line_control_number="L1"), make_line(2, "97140", line_control_number="L2"))
)
OTHER = make_claim(patient_control_number="A0000002", lines=(make_line(1, line_control_number="L9"),))
WITHHELD = file_of(
    payment(
        [claim("NOBODY", line("97530", 7000, 6000))], trace="T7", day="20260422", plb=[("WO:A0000001", 500)]
    ),
    control=7,
)
FILES = (
    ("2026-03-18", claim_answer("A0000001", "A2", day="20260318")),
    ("2026-03-20", FIRST),
    ("2026-03-21", functional_answer()),
    ("2026-03-25", claim_answer("A0000002", "A3", "50", day="20260325")),
    ("2026-04-10", AGAIN),
    ("2026-04-12", claim_answer("A0000002", "A2", "50", day="20260412")),
    ("2026-04-20", PAYS),
    ("2026-04-22", WITHHELD),
    ("2026-04-25", BACK),
)
AGAIN_ON = datetime(2026, 4, 15, 9)
"""When the first claim goes again for its denied line."""
THOROUGH = ("2026-04-12", "2026-04-15", "2026-04-25")
"""The days on which every grouping is compared; on the others those that tell how far things came, and the first."""
DAYS = ["2026-03-17", *(day for day, _ in FILES), "2026-04-15"]


def went_out(desk: Desk, digest: str, at: datetime, number: int, *claims) -> tuple[int, ...]:
    """Claims go out in a file of group 7, interchange and set of a number."""
    origin = ClaimOrigin(source="created", partner="house", file_sha256=digest, group_control_number="7",
                         st_control_number="0001", interchange_control_number=f"{number:09d}")  # fmt: skip
    with desk.store.write() as connection:
        begin_file(connection, digest, size=1, direction="out", kind="837", name=f"{number}.837", at=at)
        return save_claims(connection, claims, origin).new


def goes_again(desk: Desk) -> None:
    """The first claim is replaced."""
    ((first,),) = desk.rows("SELECT id FROM claim WHERE patient_control_number = 'A0000001' AND id = root")
    replaced = msgspec.structs.replace(KEPT, frequency="7", original_reference="PCN2")
    (number,) = went_out(desk, "e" * 64, AGAIN_ON, 4, replaced)
    with desk.store.write() as connection:
        save_resubmissions(connection, [Resubmission(claim_id=number, kind=Again.REPLACEMENT, follows=first)])


class History(msgspec.Struct):
    """A store with everything in it, and what it said at the end of each day on its way there."""

    desk: Desk
    reports: dict[tuple[str, str], list]
    work: dict[tuple[str, bool], list]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history") / "desk"
    folder.mkdir()
    desk = Desk(f"sqlite:///{folder / 'claimloop.db'}", folder)
    went_out(desk, SENT, datetime(2026, 3, 10, 9), 3, KEPT, OTHER)
    made = History(desk, {}, {})
    for day in sorted(DAYS):
        for _, data in (one for one in FILES if one[0] == day):
            desk.ingest(data, payers=PAYERS)
        if day == AGAIN_ON.date().isoformat():
            goes_again(desk)
        for name in REPORTS:
            made.reports[day, name] = [*told(desk, name, Scope(today=date.fromisoformat(day)))]
        for everything in (False, True):
            made.work[day, everything] = items(desk, everything=everything)
    yield made
    desk.store.close()


def told(desk, name, scope):
    """The report by each grouping, as the rows and the total say it."""
    one = report(name)
    every = one.groupings or ("",)
    if scope.today.isoformat() not in THOROUGH:
        every = tuple(dict.fromkeys([every[0], *(by for by in every if by in ("stage", "status"))]))
    with desk.store.read() as connection:
        for by in every:
            answer = one.read(connection, scope, by)
            rows = sorted(str(sorted((key, str(value)) for key, value in row.items())) for row in answer.rows)
            yield by, rows, answer.total


def items(desk, as_of=None, *, everything=False):
    with desk.store.read() as connection:
        found = denial_work(connection, as_of=as_of, everything=everything)
        return sorted((one.denial.work, one.work.state.value, one.denial.amount, one.denied) for one in found)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("day", DAYS)
def test_a_report_as_of_a_day_is_that_of_the_day(history, day, name):
    then = date.fromisoformat(day)
    assert [*told(history.desk, name, Scope(today=then, as_of=then))] == history.reports[day, name]


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("day", DAYS)
def test_the_worklist_as_of_a_day_is_that_of_the_day(history, day, everything):
    assert (
        items(history.desk, date.fromisoformat(day), everything=everything) == history.work[day, everything]
    )


def test_the_days_tell_something_apart(history):
    """Else the tests above would compare nothing with nothing."""
    assert len({str(history.reports[day, "acceptance"]) for day in DAYS}) >= 4
    assert len({str(history.work[day, True]) for day in DAYS}) >= 3


# -- 277CA that name no claim ------------------------------------------------------------------------------------------

WHOLE = {"the submission": {}, "its provider": {"npi": PRACTICE_NPI}, "another provider": {"npi": npi(77)}}
BEFORE, ON, AFTER = date(2026, 3, 17), date(2026, 3, 18), date(2026, 3, 25)


@pytest.fixture(scope="module", params=WHOLE)
def refused(request, tmp_path_factory):
    """Two claims that a 277CA refused with their whole submission; one of them was taken a week later."""
    folder = tmp_path_factory.mktemp("refused") / "desk"
    folder.mkdir()
    desk = Desk(f"sqlite:///{folder / 'claimloop.db'}", folder)
    went_out(desk, SENT, datetime(2026, 3, 10, 9), 3, KEPT, OTHER)
    said = {}
    for day, data in (
        (BEFORE, None),
        (ON, whole_answer("0000000030001", day="20260318", **WHOLE[request.param])),
        (AFTER, claim_answer("A0000002", "A2", "50", day="20260325")),
    ):
        if data is not None:
            desk.ingest(data)
        for name in ("acceptance", "silence", "resolution"):
            said[day, name] = [*told(desk, name, Scope(today=day))]
    yield request.param, desk, said
    desk.store.close()


@pytest.mark.parametrize("name", ["acceptance", "silence", "resolution"])
@pytest.mark.parametrize("day", [BEFORE, ON, AFTER])
def test_a_whole_submission_is_refused_from_the_day_of_its_answer(refused, day, name):
    _, desk, said = refused
    assert [*told(desk, name, Scope(today=day, as_of=day))] == said[day, name]


def test_a_refused_submission_counts_as_rejected(refused):
    who, desk, _ = refused
    ((_, _, total),) = [
        one for one in told(desk, "acceptance", Scope(today=ON, as_of=ON)) if one[0] == "payer"
    ]
    assert total["rejected_277ca"] == (0 if who == "another provider" else 2)
