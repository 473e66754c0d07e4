"""Claims that go again under one and the same CLM01: each in its own chain, whatever stands beside it in the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.jobs.import_claims import import_claims
from edi.codes import load_tables
from tests.builders import PRACTICE_NPI, npi
from tests.jobs.again_desk import DENIES, PAYS, AgainOffice, covered, sent_claims, visit
from tests.jobs.office import CASE, SETTINGS

HARBOR_NPI = npi(77)
OTHER_PATIENT = {"patient_id": "P2", "last_name": "Zeta", "first_name": "Bob", "birth_date": "1961-02-03"}


def other_visit() -> list[dict[str, str]]:
    """The visit of the second patient, a day later."""
    changes = {"patient_id": "P2", "case_id": "CP2", "visit_id": "V2", "date_of_service": "2026-03-11"}
    return [{**row, **changes, "line_id": f"V2-{number}"} for number, row in enumerate(visit(), 1)]


def two_patients(folder: Path) -> AgainOffice:
    """An office with two patients of the same coverages."""
    made = AgainOffice(folder, "acme", "beacon")
    rows = covered("acme", "beacon")
    made.write(
        "patients", rows + [{**row, **OTHER_PATIENT, "member_id": f"{row['member_id']}9"} for row in rows]
    )
    made.write("cases", [{"case_id": f"C{one}", "patient_id": one, **CASE} for one in ("P1", "P2")])
    return made


def two_practices(folder: Path) -> AgainOffice:
    """An office for two practices, each with a patient P1."""
    made = AgainOffice(folder, "acme", "beacon")
    settings = made.folder / "claimloop.toml"
    practice = SETTINGS[SETTINGS.index("[[practice]]") : SETTINGS.index("[[provider]]")]
    harbor = practice.replace('"orchard"', '"harbor"').replace(PRACTICE_NPI, HARBOR_NPI)
    harbor = harbor.replace("123456789", "987654321")
    enrolled = re.findall(
        r"\n\[\[enrolment\]\].*?(?=\n\[|\Z)", settings.read_text(encoding="utf-8"), re.DOTALL
    )
    more = "".join(one.replace('"orchard"', '"harbor"') for one in enrolled)
    settings.write_text(settings.read_text(encoding="utf-8") + harbor + more, encoding="utf-8")
    rows = covered("acme", "beacon")
    practices = ("orchard", "harbor")
    made.write("patients", [{"practice_id": one, **row} for one in practices for row in rows])
    case = {"case_id": "CP1", "patient_id": "P1", **CASE}
    made.write("cases", [{"practice_id": one, **case} for one in practices])
    return made


def take_in(desk: AgainOffice, *files: bytes) -> list[Path]:
    """Import 837P files."""
    paths = []
    for number, data in enumerate(files, 1):
        paths.append(desk.folder / f"in{number}.837")
        paths[-1].write_bytes(data)
    with desk._open() as (settings, store):
        practices = tuple(settings.need_directory().practices.values())
        import_claims(
            paths, store, tables=load_tables(), payers=settings.payers, practices=practices, now=desk.day
        )
    return paths


def of_two_patients(folder: Path) -> tuple[AgainOffice, list[Path]]:
    """Two patients' claims, imported from one file under one CLM01."""
    source = two_patients(folder / "source")
    (file,) = source.create(*visit(), *other_visit()).files
    data = Path(file.path).read_bytes()
    first, second = re.findall(rb"CLM\*([^*]+)\*", data)
    desk = two_patients(folder / "desk")
    return desk, take_in(desk, data.replace(second, first))


def of_two_practices(folder: Path) -> tuple[AgainOffice, list[Path]]:
    """Two practices' claims, imported from two files under one CLM01."""
    source = AgainOffice(folder / "source", "acme", "beacon")
    (file,) = source.create(*visit()).files
    data = Path(file.path).read_bytes()
    other = data.replace(PRACTICE_NPI.encode(), HARBOR_NPI.encode()).replace(b"123456789", b"987654321")
    other = other.replace(b"000000001", b"000000002").replace(b"REF*6R*L0", b"REF*6R*M0")
    desk = two_practices(folder / "desk")
    return desk, take_in(desk, data, other)


WHO = "SELECT c.root, c.practice_id, UPPER(c.patient_last_name), c.frequency, c.payer_key FROM claim c ORDER BY c.id"


@pytest.mark.parametrize("world", [of_two_patients, of_two_practices])
def test_secondary_claims_under_one_number_stay_with_their_own(tmp_path, world):
    desk, paths = world(tmp_path)
    first, second = [row[:3] for row in desk.rows(WHO)]
    assert (first[0], second[0]) == (1, 2)
    assert first[1:] != second[1:]
    for path in paths:
        desk.answer(path, PAYS)
    result = desk.secondary(due=True)
    (file,) = result.files
    assert len({claim.patient_control_number for claim in sent_claims(file.path)}) == 1
    assert [row[:3] for row in desk.rows(WHO)[2:]] == [first, second]
    assert desk.rows("SELECT claim_id, follows FROM resubmission ORDER BY claim_id") == [(3, 1), (4, 2)]
    desk.answer(file.path, PAYS)
    books = desk.rows("SELECT billed, paid + contractual, patient, open_balance FROM claim WHERE root = id")
    assert books == [(12000, 12000, 0, 0)] * 2
    assert desk.broken() == []


@pytest.mark.parametrize("world", [of_two_patients, of_two_practices])
def test_voids_under_one_number_stay_with_their_own(tmp_path, world):
    desk, paths = world(tmp_path)
    for path in paths:
        desk.answer(path, DENIES)
    result = desk.void("1", "2")
    assert len(result.files) == 1
    before, after = desk.rows(WHO)[:2], desk.rows(WHO)[2:]
    assert [row[:3] for row in after] == [row[:3] for row in before]
    assert {row[3] for row in after} == {"8"}
    assert desk.broken() == []


@pytest.mark.parametrize("name", ["9" * 20, "9" * 19, "²", "٣"])
def test_a_number_that_is_no_id_names_no_claim(tmp_path, name):
    desk = AgainOffice(tmp_path / "office", "acme")
    desk.create(*visit())
    result = desk.void(name, dry_run=True)
    assert (result.unknown, result.sent) == ((name,), ())
