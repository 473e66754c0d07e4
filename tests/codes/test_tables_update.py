"""`tables update` on files as CMS and X12 publish them: every form, every refusal, twice, side by side, interrupted."""

from __future__ import annotations

import multiprocessing
import zipfile
from contextlib import suppress
from datetime import date

import pytest

from cli.jobs.tables import store
from cli.jobs.tables.listing import list_tables
from cli.jobs.tables.sheets import sheets_of
from cli.jobs.tables.store import is_sound, load_installed, locked
from cli.jobs.tables.update import UpdateRequest, update_tables
from edi.codes import Tables, load_tables
from edi.model.errors import AccessError, InputError, TemporaryError, UsageError
from tests.codes.official_files import (
    CARC_HEADER,
    CARC_ROWS,
    LICENSED,
    MUE_HEADER,
    MUE_NAME,
    MUE_ROWS,
    PTP_HEADER,
    PTP_NAME,
    PTP_ONE_ROW,
    PTP_ROWS,
    RARC_ROWS,
    csv_text,
    excel,
    mue_text,
    ptp_text,
    zipped,
)

TODAY = date(2026, 11, 22)
Q4 = date(2026, 11, 1)


class Desk:
    """A folder of downloads and the tables of an installation."""

    def __init__(self, folder):
        self.folder = folder
        self.tables_folder = folder / "tables"

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def ptp(self, data=None, part=1, name=None):
        return self.file(name or PTP_NAME.format(part=part), ptp_text() if data is None else data)

    def update(self, *files, **given):
        request = {"files": files, "folder": self.tables_folder, "today": TODAY, "parts": 1}
        return update_tables(UpdateRequest(**{**request, **given}))

    @property
    def tables(self):
        return Tables(installed=load_installed(self.tables_folder))

    def bytes(self):
        """Everything in the folder of tables, by name."""
        return {one.name: one.read_bytes() for one in self.tables_folder.iterdir() if one.name != ".lock"}


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


# -- every form --------------------------------------------------------------------------------------------------------

FORMS = {
    "text": ("ccipra-v323r0-f1.txt", ptp_text()),
    "one header row": (
        "ccipra-v323r0-f1.txt",
        ptp_text(header=[PTP_ONE_ROW[:2] + tuple(" ".join(cell.split()) for cell in PTP_ONE_ROW[2:])]),
    ),
    "csv": ("ccipra-v323r0-f1.csv", csv_text(PTP_ONE_ROW, PTP_ROWS)),
    "semicolons": ("ccipra-v323r0-f1.csv", csv_text(PTP_ONE_ROW, PTP_ROWS).replace(b",", b";")),
    "UTF-16": ("ccipra-v323r0-f1.txt", ptp_text().decode().encode("utf-16")),
    "Excel": ("ccipra-v323r0-f1.xlsx", excel([("a banner",), *PTP_HEADER, *PTP_ROWS])),
    "Excel, header in one row": ("ccipra-v323r0-f1.xlsx", excel([PTP_ONE_ROW, *PTP_ROWS])),
    "zip of text": ("edits-f1.zip", zipped(**{"ccipra-v323r0-f1__txt": ptp_text(), "readme__pdf": b"%PDF"})),
    "zip of text and Excel": (
        "ccipra-v323r0-f1.zip",
        zipped(part__xlsx=b"never read", part__TXT=ptp_text()),
    ),
    "zip of Excel": ("ccipra-v323r0-f1.zip", zipped(part__xlsx=excel([PTP_ONE_ROW, *PTP_ROWS]))),
    "zip in a zip": ("all.zip", zipped(**{"ccipra-v323r0-f1__txt": ptp_text()})),
    "no ending": ("ccipra-v323r0-f1", ptp_text()),
}


@pytest.mark.parametrize("form", FORMS)
def test_pairs_from_every_form_are_the_same(desk, form):
    name, data = FORMS[form]
    result = desk.update(desk.file(name, data))
    (file,) = result.files
    assert (file.table, file.release, file.part, file.outcome) == ("ptp", "2026Q4", "f1", "loaded")
    assert (file.rows, file.left_out) == (4, 1)
    found = desk.tables.ptp("97530", "97110", Q4)
    assert found is not None
    assert (found.indicator, found.valid_from, found.valid_to) == ("1", date(2020, 1, 1), date(2026, 12, 31))
    assert desk.tables.ptp("0001A", "00100", Q4) is not None, "leading zeros survive a spreadsheet"
    assert desk.tables.ptp("97161", "97140", Q4) is None
    reference = desk.update(desk.ptp(), folder=desk.folder / "other")
    assert {one.data for one in load_installed(desk.tables_folder).editions} == {
        one.data for one in load_installed(desk.folder / "other").editions
    }
    assert reference.version == result.version


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (MUE_NAME, mue_text()),
        ("MCR_MUE_PractitionerServices_Eff_10-01-2026.xlsx", excel([("a preamble",), MUE_HEADER, *MUE_ROWS])),
        ("medicare-ncci-2026q4-practitioner-services-mue-table.zip", zipped(table__csv=mue_text())),
    ],
)
def test_limits_from_every_form(desk, name, data):
    (file,) = desk.update(desk.file(name, data)).files
    assert (file.table, file.release, file.rows) == ("mue", "2026Q4", 3)
    found = desk.tables.mue("97110", Q4)
    assert found is not None
    assert (found.units, found.mai, found.rationale) == (8, "3", "clinical-data")


def test_a_list_of_carcs_is_of_the_last_day_up_to_today_on_which_it_changed_and_keeps_no_text(desk):
    result = desk.update(desk.file("carc.csv", csv_text(CARC_HEADER, CARC_ROWS)))
    assert [(one.table, one.release, one.rows) for one in result.files] == [("carc", "2026-11-01", 4)]
    new = desk.tables.carc("325")
    assert new is not None
    assert new.category == "unclassified"
    assert all(LICENSED not in data.decode() for data in desk.bytes().values())


def test_a_list_of_rarcs_from_excel(desk):
    (file,) = desk.update(desk.file("rarc.xlsx", excel([CARC_HEADER, *RARC_ROWS]))).files
    assert (file.table, file.release) == ("rarc", "2026-11-01")
    assert desk.tables.rarc("N999") is not None


def test_the_release_may_be_named_where_the_file_does_not_say_it(desk):
    with pytest.raises(UsageError, match="--release like 2026Q4"):
        desk.update(desk.file("edits.txt", ptp_text()))
    (state,) = desk.update(desk.file("edits.txt", ptp_text()), release="2026Q4").tables
    assert (state.release, state.in_force, state.covers_today) == ("2026Q4", "2026Q4", True)
    with pytest.raises(UsageError, match="come by quarter"):
        desk.update(desk.file("edits.txt", ptp_text()), release="2026-11-01")
    with pytest.raises(UsageError, match="is not a release"):
        desk.update(desk.file("edits.txt", ptp_text()), release="autumn")


@pytest.mark.parametrize(("release", "today"), [("2026Q4", TODAY), (None, date(1990, 1, 1))])
def test_a_list_needs_a_day(desk, release, today):
    with pytest.raises(UsageError, match="give --release"):
        desk.update(desk.file("carc.csv", csv_text(CARC_HEADER, CARC_ROWS)), release=release, today=today)


def test_a_list_may_be_of_a_day_that_the_caller_names(desk):
    carcs = desk.file("carc.csv", csv_text(CARC_HEADER, CARC_ROWS))
    (file,) = desk.update(carcs, release="2026-11-20").files
    assert file.release == "2026-11-20"


def test_a_list_of_places_of_service_is_no_list_of_carcs(desk):
    places = csv_text(("Code", "Description"), [("01", "Pharmacy"), ("02", "Telehealth"), ("11", "Office")])
    with pytest.raises(InputError, match=r"pos\.csv: its codes have the form of CARCs"):
        desk.update(desk.file("pos.csv", places), release="2026-11-01")
    assert desk.tables.version == load_tables().version


@pytest.mark.parametrize(
    ("name", "given"),
    [("ccipra-v323r0-f1.txt", "2025Q1"), ("MCR_MUE_PractitionerServices_Eff_10-01-2026.csv", "2026Q3")],
)
def test_a_name_and_an_option_that_disagree_are_refused(desk, name, given):
    data = ptp_text() if name.startswith("ccipra") else mue_text()
    with pytest.raises(UsageError, match=f"its name says 2026Q4, and --release {given}"):
        desk.update(desk.file(name, data), release=given)
    (file,) = desk.update(desk.file(name, data), release="2026Q4").files
    assert file.release == "2026Q4"


def test_a_part_is_never_taken_for_the_whole_quarter(desk):
    one = desk.file("ptp_part_f1.txt", ptp_text(PTP_ROWS[:2]))
    two = desk.file("ptp_part_f2.txt", ptp_text(PTP_ROWS[2:]))
    first = desk.update(one, release="2026Q4", parts=None)
    assert first.exit_code() == 3
    assert first.tables[0].missing == ("f2", "f3", "f4")
    second = desk.update(two, release="2026Q4", parts=2)
    assert [(file.part, file.outcome) for file in second.files] == [("f2", "loaded")], "f1 stays beside it"
    assert len(load_installed(desk.tables_folder).editions) == 2


def test_the_number_of_parts_may_be_put_right_later(desk):
    files = [desk.ptp(ptp_text([row]), part) for part, row in enumerate(PTP_ROWS[:3], 1)]
    waiting = desk.update(*files, parts=None)
    assert waiting.tables[0].missing == ("f4",)
    again = desk.update(files[0], parts=3)
    assert again.changed
    assert (again.tables[0].missing, again.tables[0].in_force) == ((), "2026Q4")
    assert [one.parts for one in load_installed(desk.tables_folder).editions] == [3, 3, 3]
    assert not desk.update(*files, parts=None).changed


@pytest.mark.parametrize("parts", [None, 2, 4])
@pytest.mark.parametrize("name", ["edits.txt", "medicare-ncci-2026q4-practitioner-ptp.txt"])
def test_pairs_that_say_no_part_are_the_whole_quarter_only_when_the_caller_says_so(desk, name, parts):
    pairs = desk.file(name, ptp_text())
    with pytest.raises(UsageError, match=rf"{name}: its name does not say which part .* --parts 1"):
        desk.update(pairs, release="2026Q4", parts=parts)
    (state,) = desk.update(pairs, release="2026Q4", parts=1).tables
    assert (state.missing, state.in_force) == ((), "2026Q4")


# -- refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", b"%PDF-1.7 and more", "a PDF"),
        ("a.txt", b"", "empty"),
        ("a.txt", b" \r\n ", "empty"),
        ("a.zip", zipped(), "no text, CSV or Excel file in the zip; it holds nothing"),
        ("a.zip", zipped(readme__pdf=b"%PDF"), "no text, CSV or Excel file in the zip; it holds readme.pdf"),
        ("a.zip", zipped(table__txt=b""), "table.txt in a.zip: empty"),
        ("a.zip", zipped(table__csv=mue_text())[:-40], "damaged zip"),
        ("a.bin", bytes(range(256)), "not a text, CSV, Excel or zip file"),
        ("a.xlsx", excel([("code", "price"), ("97110", "50")]), "no header that is understood"),
        ("a.csv", b"code,price\n97110,50\n", "no header that is understood"),
        ("a.xls", b"\xd0\xcf\x11\xe0 and nothing else", "an Excel file that cannot be read"),
        (PTP_NAME.format(part=1), ptp_text(rows=[("97140", "97124", "", "soon", "*", "0", "x")]), "row 7: 'soon' is not a date"),
        ("ccioph-v323r0-f1.txt", ptp_text(), "edits of outpatient hospitals"),
        ("medicaid-ncci-q4-2026-ptp-edits-practitioner-services.txt", ptp_text(), "edits of Medicaid"),
        (PTP_NAME.format(part=1), ptp_text(rows=[PTP_ROWS[3]]), "no rows under it"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_understood_changes_nothing(desk, name, data, said):
    desk.update(desk.ptp())
    before = desk.bytes()
    with pytest.raises(InputError, match=said) as caught:
        desk.update(desk.file(MUE_NAME, mue_text()), desk.file(name, data))
    assert name in str(caught.value)
    assert desk.bytes() == before, "not even the good file beside it is loaded"


def test_files_that_are_not_there_or_may_not_be_read(desk):
    with pytest.raises(InputError, match="no such file"):
        desk.update(desk.folder / "none.zip")
    with pytest.raises(InputError, match="a folder"):
        desk.update(desk.folder)
    assert not desk.tables_folder.exists() or desk.bytes() == {}


def test_a_folder_that_may_not_be_written(desk, monkeypatch):
    def refuse(*_args, **_more):
        raise PermissionError(13, "denied")

    monkeypatch.setattr(type(desk.folder), "mkdir", refuse)
    with pytest.raises(AccessError, match="nothing may be written"):
        desk.update(desk.ptp())


# -- twice, parts, side by side ----------------------------------------------------------------------------------------


def test_the_same_rows_again_change_nothing(desk):
    first = desk.update(desk.ptp(), desk.file(MUE_NAME, mue_text()))
    before = desk.bytes()
    again = desk.update(
        desk.file("ccipra-v323r0-f1.zip", zipped(part__txt=ptp_text())), desk.file(MUE_NAME, mue_text())
    )
    assert first.changed
    assert not again.changed
    assert {one.outcome for one in again.files} == {"unchanged"}
    assert [one.changes for one in again.tables] == [None, None]
    assert desk.bytes() == before
    assert again.version == first.version


def test_a_file_twice_in_one_call_is_one(desk):
    result = desk.update(desk.ptp(), desk.file("copy-ccipra-v323r0-f1.csv", csv_text(PTP_ONE_ROW, PTP_ROWS)))
    assert len(result.files) == 1


def test_two_files_for_one_part_that_differ_are_refused(desk):
    other = desk.ptp(ptp_text(PTP_ROWS[:1]), name="newer-ccipra-v323r0-f1.txt")
    with pytest.raises(InputError, match="are both ptp 2026Q4 f1, and they differ"):
        desk.update(desk.ptp(), other)


def test_a_quarter_waits_for_its_parts(desk):
    files = [
        desk.ptp(ptp_text([row]), part)
        for part, row in enumerate((*PTP_ROWS[:2], *PTP_ROWS[2:3], PTP_ROWS[4]), 1)
    ]
    first = desk.update(*files[:3], parts=None)
    (state,) = first.tables
    assert (state.missing, state.in_force, first.exit_code()) == (("f4",), "2024Q3", 3)
    assert desk.tables.release_on("ptp", Q4).release == "2024Q3"
    waiting = [row for row in list_tables(desk.tables, TODAY) if row.note.startswith("waits")]
    assert [(row.release, row.note, row.in_force) for row in waiting] == [("2026Q4", "waits for f4", False)]
    last = desk.update(files[3], parts=None)
    (state,) = last.tables
    assert (state.missing, state.in_force, last.exit_code()) == ((), "2026Q4", 0)
    assert state.changes is not None
    assert desk.tables.ptp("97140", "97124", Q4) is not None


def test_a_whole_quarter_takes_the_place_of_its_parts(desk):
    desk.update(desk.ptp(part=1), parts=4)
    result = desk.update(desk.file("ccipra-v323r0.txt", ptp_text()))
    assert result.exit_code() == 0
    assert [one.part for one in load_installed(desk.tables_folder).editions] == [""]


def test_quarters_stand_side_by_side_and_the_list_says_so(desk):
    desk.update(
        desk.ptp(ptp_text([("97530", "97116", "", "20200101", "*", "1", "x")]), name="ccipra-v322r0-f1.txt")
    )
    result = desk.update(desk.ptp(ptp_text([("97530", "97116", "", "20261001", "*", "0", "x")])))
    (state,) = result.tables
    assert state.changes is not None
    assert (state.changes.against, state.changes.changed) == ("2026Q3", 1)
    found = {day: desk.tables.ptp("97530", "97116", day) for day in (date(2026, 8, 1), Q4)}
    assert [one.indicator for one in found.values() if one] == ["1", "0"]
    rows = [row for row in list_tables(desk.tables, TODAY) if row.table == "ptp"]
    assert [(row.release, row.in_force, row.source) for row in rows] == [
        ("2024Q3", False, "shipped"),
        ("2026Q3", False, "ccipra-v322r0-f1.txt"),
        ("2026Q4", True, "ccipra-v323r0-f1.txt"),
    ]


def test_a_corrected_file_takes_the_place_of_the_first(desk):
    desk.update(desk.ptp())
    result = desk.update(desk.ptp(ptp_text(PTP_ROWS[:1]), name="ccipra-v323r1-f1.txt"))
    (file,), (state,) = result.files, result.tables
    assert (file.outcome, file.rows) == ("replaced", 1)
    assert state.changes is not None
    assert (state.changes.against, state.changes.ended) == ("2026Q4", 2)
    assert len(list(desk.tables_folder.glob("ptp-*"))) == 2, "a run that began before reads the old one"
    desk.update(desk.file(MUE_NAME, mue_text()))
    assert len(list(desk.tables_folder.glob("ptp-*"))) == 1, "what neither list names is removed"


def test_a_run_that_began_before_an_update_reads_its_own_tables_to_the_end(desk):
    desk.update(desk.ptp(), desk.file(MUE_NAME, mue_text()))
    running = desk.tables
    version = running.version
    desk.update(
        desk.ptp(ptp_text(PTP_ROWS[1:2]), name="ccipra-v323r1-f1.txt"),
        desk.file(MUE_NAME, mue_text(MUE_ROWS[:1])),
    )
    assert running.ptp("97140", "97124", Q4) is not None
    assert running.mue("97161", Q4) is not None
    assert running.version == version
    assert desk.tables.ptp("97140", "97124", Q4) is None


def test_a_dry_run_tells_and_writes_nothing(desk):
    result = desk.update(desk.ptp(), dry_run=True)
    assert result.changed
    assert result.tables[0].changes is not None
    assert not desk.tables_folder.exists()


# -- interrupted -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writes", range(3))
def test_an_update_that_breaks_leaves_the_old_tables_in_force(desk, monkeypatch, writes):
    desk.update(desk.ptp(name="ccipra-v322r0-f1.txt"))
    version, listed = desk.tables.version, desk.bytes()["releases.csv"]
    real, done = store._replace, []

    def break_down(path, data):
        if len(done) == writes:
            raise OSError(28, "No space left on device")
        done.append(path.name)
        real(path, data)

    files = [desk.ptp(), desk.file(MUE_NAME, mue_text())]
    with monkeypatch.context() as patched:
        patched.setattr(store, "_replace", break_down)
        with pytest.raises(OSError, match="No space"):
            desk.update(*files)
    assert desk.bytes()["releases.csv"] == listed
    assert desk.tables.version == version
    assert desk.tables.release_on("ptp", Q4).release == "2026Q3"
    desk.update(*files)
    assert desk.tables.release_on("ptp", Q4).release == "2026Q4"
    assert {name.partition("-")[0] for name in desk.bytes()} == {"ptp", "mue", "releases.csv"}


def test_a_write_that_breaks_halfway_leaves_no_half_file(desk, monkeypatch):
    desk.update(desk.ptp())
    before = desk.bytes()
    monkeypatch.setattr(store.os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError(28, "No space")))
    with pytest.raises(OSError, match="No space"):
        desk.update(desk.file(MUE_NAME, mue_text()))
    assert desk.bytes() == before


def _hold(folder, ready, done):
    with locked(folder):
        ready.set()
        done.wait(20)


def test_two_updates_at_once(desk):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(desk.tables_folder, ready, done))
    other.start()
    try:
        assert ready.wait(20)
        with pytest.raises(TemporaryError, match="another update"):
            desk.update(desk.ptp())
    finally:
        done.set()
        other.join(20)
    assert desk.update(desk.ptp()).changed


# -- damaged -----------------------------------------------------------------------------------------------------------


def test_a_missing_file_says_what_to_do(desk):
    desk.update(desk.ptp())
    (data,) = desk.tables_folder.glob("ptp-*.zip")
    data.unlink()
    with pytest.raises(InputError, match="run claimloop tables update"):
        desk.tables.ptp("97140", "97124", Q4)


def _gone(path):
    path.unlink()


def _cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def _altered(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x07
    path.write_bytes(data)


def _other_rows(path):
    """A sound file of its kind that holds other rows."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("971", "97140\t97124\t1\t19960101\t\tother")
    else:
        path.write_text(path.read_text().replace(",8,", ",9,"))


@pytest.mark.parametrize("harm", [_gone, _cut, _altered, _other_rows])
@pytest.mark.parametrize("table", ["ptp", "mue"])
def test_a_kept_file_that_is_missing_or_damaged_is_written_again(desk, table, harm):
    files = (desk.ptp(), desk.file(MUE_NAME, mue_text()))
    desk.update(*files)
    before = desk.bytes()
    (data,) = desk.tables_folder.glob(f"{table}-*")
    harm(data)
    harmed = data.read_bytes() if data.exists() else None
    assert desk.update(*files, dry_run=True).changed
    assert (data.read_bytes() if data.exists() else None) == harmed, "a dry run writes nothing"
    again = desk.update(*files)
    assert again.changed
    assert {one.table: one.outcome for one in again.files} == {
        "ptp": "unchanged",
        "mue": "unchanged",
        table: "repaired",
    }
    assert desk.bytes() == before
    assert desk.tables.ptp("97140", "97124", Q4) is not None
    assert desk.tables.mue("97110", Q4).units == 8
    assert not desk.update(*files).changed


def test_the_advice_for_a_missing_file_helps(desk):
    desk.update(desk.ptp())
    (data,) = desk.tables_folder.glob("ptp-*.zip")
    data.unlink()
    desk.update(desk.ptp())
    assert desk.tables.ptp("97140", "97124", Q4) is not None


@pytest.mark.parametrize("harm", [_gone, _cut, _altered, _other_rows])
def test_limits_that_were_altered_are_never_answered_from(desk, harm):
    desk.update(desk.file(MUE_NAME, mue_text()))
    (data,) = desk.tables_folder.glob("mue-*.csv")
    harm(data)
    with pytest.raises(InputError, match="missing or damaged; run claimloop tables update"):
        desk.tables.mue("97110", Q4)


def test_a_damaged_file_of_an_older_quarter_does_not_keep_the_next_one_out(desk):
    desk.update(desk.ptp(name="ccipra-v322r0-f1.txt"))
    (data,) = desk.tables_folder.glob("ptp-*.zip")
    data.unlink()
    (state,) = desk.update(desk.ptp()).tables
    assert (state.in_force, state.changes) == ("2026Q4", None)


BAD_LISTS = {
    "a word for a number": lambda good: b"code,release,digest,parts\nptp,2026Q4,abc,many\n",
    "no UTF-8": lambda good: b"\xff\xfe\x00" + good,
    "a cell too many": lambda good: good.replace(b"\n", b",x\n").replace(b",x\n", b"\n", 1),
    "a cell too few": lambda good: good.rsplit(b",", 1)[0] + b"\n",
    "cut off": lambda good: good[:-20],
    "cut off in the header": lambda good: good[:5],
    "empty": lambda good: b"",
    "an open quote": lambda good: good.replace(b"\nptp", b'\n"ptp'),
}


@pytest.mark.parametrize("harm", BAD_LISTS)
def test_a_damaged_list_says_what_to_do_and_that_helps(desk, harm):
    desk.update(desk.ptp())
    path = desk.tables_folder / "releases.csv"
    good = path.read_bytes()
    path.write_bytes(BAD_LISTS[harm](good))
    with pytest.raises(InputError, match="damaged; remove it and run claimloop tables update"):
        load_installed(desk.tables_folder)
    path.unlink()
    desk.update(desk.ptp())
    assert path.read_bytes() == good


def _flips(data):
    """The data with each of its bytes wrong, in two ways."""
    for place in range(len(data)):
        for bits in (0xFF, 0x07):
            harmed = bytearray(data)
            harmed[place] ^= bits
            yield bytes(harmed)


def test_any_wrong_byte_of_a_zip_is_refused_or_does_not_matter(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ccipra-v323r0-f1.txt", ptp_text(PTP_ROWS * 9))
    whole = [list(sheet.rows) for sheet in sheets_of(path)]
    refused = []
    for data in _flips(path.read_bytes()):
        path.write_bytes(data)
        try:
            assert [list(sheet.rows) for sheet in sheets_of(path)] == whole
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > len(data), "most of them"
    assert all("a.zip: " in said for said in refused)


def test_any_wrong_byte_of_a_kept_zip_says_what_to_do_or_does_not_matter(desk):
    desk.update(desk.ptp())
    (path,) = desk.tables_folder.glob("ptp-*.zip")
    (edition,) = load_installed(desk.tables_folder).editions
    whole = path.read_bytes()
    lines = load_installed(desk.tables_folder).read(path.name, "971")
    told = set()
    for data in _flips(whole):
        path.write_bytes(data)
        sound = is_sound(desk.tables_folder, edition)
        try:
            same = load_installed(desk.tables_folder).read(path.name, "971") == lines
        except InputError as error:
            told.add(str(error))
            same = False
        assert same or not sound
    assert told == {f"{path}: missing or damaged; run claimloop tables update with its file again"}
    path.write_bytes(whole)
    assert is_sound(desk.tables_folder, edition)


def test_any_wrong_byte_of_an_excel_file_is_refused_or_read(tmp_path):
    path = tmp_path / "a.xlsx"
    whole = excel([PTP_ONE_ROW, *PTP_ROWS])
    for place in range(0, len(whole), 7):
        harmed = bytearray(whole)
        harmed[place] ^= 0xFF
        path.write_bytes(harmed)
        with suppress(InputError):
            assert all(list(sheet.rows) for sheet in sheets_of(path))


def test_no_folder_is_the_shipped_tables(desk):
    assert desk.tables.version == load_tables().version


def test_data_files_are_the_same_bytes_at_any_time(desk):
    desk.update(desk.ptp())
    desk.update(desk.ptp(), folder=desk.folder / "other")
    (one,), (two,) = desk.tables_folder.glob("ptp-*"), (desk.folder / "other").glob("ptp-*")
    assert one.read_bytes() == two.read_bytes()
    assert zipfile.ZipFile(one).namelist() == ["000", "971", "975"]


# -- age ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "today", "note"),
    [
        ("ptp", date(2024, 8, 1), ""),
        ("ptp", TODAY, "does not cover today: load 2026Q4 from CMS"),
        ("mue", date(2025, 1, 1), "does not cover today: load 2025Q1 from CMS"),
        ("carc", date(2024, 12, 15), ""),
        ("carc", date(2024, 12, 16), "181 days old: load X12's newest list"),
        ("mpfs", TODAY, "made for earlier dates"),
        ("procedures", date(2027, 1, 1), "made for earlier dates"),
        ("families", date(2027, 1, 1), "made for earlier dates"),
        ("icd10cm", date(2026, 5, 1), ""),
        ("modifiers", TODAY, ""),
    ],
)
def test_a_table_in_force_says_that_it_is_old(table, today, note):
    (row,) = [row for row in list_tables(load_tables(), today) if row.table == table]
    assert row.in_force
    assert row.note == note


def test_every_table_is_listed_with_its_rows():
    rows = list_tables(load_tables(), TODAY)
    assert {row.table for row in rows} >= {
        "ptp",
        "mue",
        "carc",
        "rarc",
        "icd10cm",
        "procedures",
        "modifiers",
        "code_sets",
    }
    assert all(row.rows > 0 for row in rows)
    assert next(row.rows for row in rows if row.table == "ptp") == 2211
