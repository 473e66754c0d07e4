"""What waits finds its claim whatever came first, in the store in use as in one that is rebuilt."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cli.jobs.rebuild import open_beside, rebuild
from cli.settings import load_settings
from edi.codes.lookup import load_tables
from edi.payers.profile import MatchingPolicy, PayerProfile, RemitIdentity
from reconcile.store import ClaimOrigin, begin_file, open_store, save_claims
from tests.builders import make_claim, make_line
from tests.jobs.acks import claim_answer
from tests.jobs.again_desk import AgainOffice, visit
from tests.jobs.conftest import NOW, Desk
from tests.jobs.test_rebuild import rebuilt
from tests.remits import claim, file_of, line, payment

SENT = "C17WDRQP"
"""The number that the first claim of an office gets."""
MEMBER = "ACME001"
BOOKS = "SELECT status, paid, adjudications FROM claim"


def answered(
    number: str, paid: int, *, sign: int = 1, icn: str, refers: str = "", charge: int = 6000
) -> list[str]:
    """A claim payment of two lines, each of ``charge`` cents and ``paid`` for ``sign`` 1, taken back for -1."""
    left = f"CO*45*{sign * (charge - paid) // 100}"
    lines = [line(code, sign * charge, sign * paid, adjustments=[left]) for code in ("97110", "97140")]
    made = claim(
        number,
        *lines,
        status="1" if sign > 0 else "22",
        payer_number=icn,
        member=MEMBER,
        patient="TESTER*ADA",
    )
    return [*made[:2], f"REF*F8*{refers}", *made[2:]] if refers else made


def remit(number: str, place: int, *claims: list[str]) -> bytes:
    """A file with one payment, the ``place``-th in time."""
    return file_of(payment(claims, trace=number, day=f"202604{place:02d}"), control=place)


ORIGINAL = remit("T1", 1, answered("GARBLED", 4000, icn="ICN77"))
REVERSAL = remit("T2", 2, answered(SENT, 4000, sign=-1, icn="ICN77"))
CORRECTION = remit("T3", 3, answered("SCRAMBLED", 5000, icn="ICN78", refers="ICN77"))


class Found(AgainOffice):
    """An office to which files come in any order, and what its store and a rebuilt one say."""

    def take(self, name: str, data: bytes) -> None:
        """Take a file in."""
        path = self.folder / name
        path.write_bytes(data)
        self.ingest(path)

    def rebuilt(self) -> tuple[str, ...]:
        """The tables of a rebuilt store that differ."""
        url = f"sqlite:///{self.folder / 'claimloop.db'}"
        store = open_store(url, self.folder / "vault", read_only=True)
        target, _ = open_beside(url, self.folder / "vault", None)
        settings = load_settings(self.folder / "claimloop.toml", environment={})
        try:
            return rebuild(store, target, settings, load_tables()).differs
        finally:
            target.close()
            store.close()


ORDERS = ("create O R C", "O R C create", "C R create O", "R C O create", "C O create R")
FILES = {"O": ORIGINAL, "R": REVERSAL, "C": CORRECTION}


@pytest.mark.parametrize("names", ["R create O", "R O create", *ORDERS])
def test_what_waits_meets_its_claim_whenever_that_is_sent(tmp_path, names):
    """The original is known by the payer's number alone, and only the reversal tells whose that is."""
    office = Found(tmp_path / "office", "acme")
    for name in names.split():
        if name == "create":
            office.create(*visit())
        else:
            office.take(name, FILES[name])
    assert office.rows("SELECT patient_control_number FROM claim") == [(SENT,)]
    assert office.rows(BOOKS) == [("settled", 10000, 3) if "C" in names.split() else ("reversed", 0, 2)]
    assert office.broken() == []
    assert office.rebuilt() == ()


# -- stores of claims that are there from the start ------------------------------------------------------------------

LINE = line("97110", 5000, 4000)


def visit_of(number: str, day: int = 10, **changes):
    """A claim of one line of 50.00."""
    control = f"L{number}"
    made = make_line(1, "97110", line_control_number=control)
    return make_claim(patient_control_number=number, lines=(made,), **changes)


def small(trace: str, *claims: list[str], day: str = "20260320") -> bytes:
    """A file with one payment."""
    return file_of(payment(claims, trace=trace, day=day), control=int(trace[1:]))


ROWS = "SELECT patient_control_number, outcome, reason FROM claim_payment ORDER BY patient_control_number"


def each_order(
    folder: Path, prepare: Callable[[Desk], object], files: Iterable[bytes], payers=None
) -> list[tuple[list[tuple], str]]:
    """What became of the claim payments of files, and the digest, in each order."""
    found = []
    for place, order in enumerate(itertools.permutations(files)):
        (folder / str(place)).mkdir()
        desk = Desk(f"sqlite:///{folder / str(place) / 'a.db'}", folder / str(place))
        prepare(desk)
        for one in order:
            desk.ingest(one, payers=payers)
        assert desk.broken() == []
        if payers is None:
            made, _, _ = rebuilt(desk)
            assert made.differs == ()
        found.append((desk.rows(ROWS), desk.digest()))
        desk.store.close()
    return found


def test_original_reversal_and_correction_in_every_order(tmp_path):
    files = [
        remit("T1", 1, answered("GARBLED", 4000, icn="ICN77", charge=5000)),
        remit("T2", 2, answered("X1", 4000, sign=-1, icn="ICN77", charge=5000)),
        remit("T3", 3, answered("SCRAMBLED", 5000, icn="ICN78", refers="ICN77", charge=5000)),
    ]
    found = each_order(tmp_path, lambda desk: desk.submit(make_claim(patient_control_number="X1")), files)
    assert len({digest for _, digest in found}) == 1
    assert {row[1] for row in found[0][0]} == {"posted"}


@pytest.mark.parametrize("number", ["0", "n/a"])
def test_a_number_that_is_none_finds_no_claim_and_is_not_learnt(tmp_path, number):
    ours = small("T1", claim("X1", LINE, payer_number=number))
    other = small("T2", claim("OTHER9", LINE, payer_number=number), day="20260401")
    found = each_order(tmp_path, lambda desk: desk.submit(visit_of("X1")), [ours, other])
    assert len({digest for _, digest in found}) == 1
    assert found[0][0] == [("OTHER9", "unmatched", "no_claim"), ("X1", "posted", "")]


def test_no_number_of_a_payer_s_own_spelling_is_used(desk_lite):
    policy = MatchingPolicy(placeholders=("SEEEOB",))
    payers = {
        "acme": PayerProfile(key="acme", name="A", remit=RemitIdentity(n104=("PAYOR123",)), matching=policy)
    }
    desk_lite.submit(visit_of("X1"))
    paid = [
        small("T1", claim("X1", LINE, payer_number="SEE EOB")),
        small("T2", claim("Y", LINE, payer_number="SEE EOB")),
    ]
    desk_lite.ingest(*paid, payers=payers)
    assert desk_lite.rows(ROWS) == [("X1", "posted", ""), ("Y", "unmatched", "no_claim")]


def test_an_acknowledgment_s_placeholder_teaches_nothing(desk_lite):
    desk_lite.submit(visit_of("X1"))
    desk_lite.ingest(claim_answer("X1", "A2", charge="50").replace(b"PAYER77", b"0000"))
    assert desk_lite.rows("SELECT number FROM payer_claim_control_number") == []


@pytest.mark.parametrize(("day", "outcome"), [("20260310", "posted"), ("20260317", "unmatched")])
def test_a_payer_s_number_alone_does_not_post_another_day(tmp_path, day, outcome):
    ours = small("T1", claim("X1", LINE, payer_number="ICN5"))
    other = small("T2", claim("OTHER9", line("97110", 5000, 0, day=day), payer_number="ICN5"), day="20260401")
    found = each_order(tmp_path, lambda desk: desk.submit(visit_of("X1")), [ours, other])
    assert {rows[0][1] for rows, _ in found} == {outcome}
    assert len({digest for _, digest in found}) == 1


@pytest.mark.parametrize(("patient", "reason"), [("PATIENT*TEST", "ambiguous"), ("", "conflict")])
def test_a_number_of_several_claims_needs_patient_and_lines_as_well(desk_lite, patient, reason):
    """Both claims fit a patient that is told alike, so a person decides; without one not even that is known."""
    desk_lite.submit(visit_of("X1"), visit_of("X2"))
    second = line("97110", 5000, 4000, number="LX2")
    both = (claim("X1", LINE, payer_number="SAME"), claim("X2", second, payer_number="SAME"))
    desk_lite.ingest(small("T1", *both))
    lost = claim(
        "LOST", LINE, payer_number="SAME", member="W123456789" if patient else "", patient=patient or "*"
    )
    desk_lite.ingest(small("T2", lost))
    assert desk_lite.rows(ROWS)[0] == ("LOST", "unmatched", reason)


@pytest.mark.parametrize("margin", [0, 2, 5, 50])
def test_a_margin_that_a_payer_asks_for_does_not_hang_on_the_order(tmp_path, margin):
    policy = MatchingPolicy(line_margin=margin)
    payers = {
        "acme": PayerProfile(key="acme", name="A", remit=RemitIdentity(n104=("PAYOR123",)), matching=policy)
    }
    lines = (make_line(1, line_control_number="L1"), make_line(2, line_control_number="L2"))
    files = [
        small("T1", claim("X1", LINE, payer_number="N1")),
        small(
            "T2", claim("X1", line("97110", 5000, 3000, day="20260313"), payer_number="N2"), day="20260410"
        ),
    ]
    sent = make_claim(patient_control_number="X1", lines=lines)
    found = each_order(tmp_path, lambda desk: desk.submit(sent), files, payers)
    assert len({digest for _, digest in found}) == 1


def test_files_of_one_ingest_and_of_several_leave_what_a_rebuild_gives(tmp_path):
    """A 277CA for another claim, a reversal and its original in one go; then a claim that concerns none of them goes out."""
    taken = [
        answered("X1", 4000, sign=-1, icn="ICN77", charge=5000),
        answered("LOST", 4000, icn="ICN77", charge=5000),
    ]
    files = [
        claim_answer("Q1", "A2", charge="50"),
        *(remit(f"T{place}", place, one) for place, one in enumerate(taken, 1)),
    ]
    digests = set()
    for together in (True, False):
        folder = tmp_path / str(together)
        folder.mkdir()
        desk = Desk(f"sqlite:///{folder / 'a.db'}", folder)
        desk.submit(make_claim(patient_control_number="X1"), visit_of("Q1"))
        for some in [files] if together else [[one] for one in files]:
            desk.ingest(*some)
        kept = desk.store.vault.keep([b"a file of claims"])
        with desk.store.write() as connection:
            begin_file(connection, kept.sha256, size=16, direction="out", kind="837P", name="n.837", at=NOW)
            save_claims(connection, [visit_of("Z1")], ClaimOrigin(source="created", file_sha256=kept.sha256))
        assert {row[1] for row in desk.rows(ROWS)} == {"posted"}
        assert rebuilt(desk)[0].differs == ()
        digests.add(desk.digest())
        desk.store.close()
    assert len(digests) == 1
