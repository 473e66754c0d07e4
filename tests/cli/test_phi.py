"""A marker in every field that tells who a patient is, each broken in turn: no marker on the screen, masked, nor in a log.

Names, member ids, birth dates, addresses, telephone and group numbers, in the tables of a practice, in the 837P that
another system made, and in the payer's 835. Control numbers are not PHI here: they bind things together.
"""

from __future__ import annotations

import csv
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command_line import AS_OF, COMMAND, Office, Run

MARKER = re.compile(r"QZX|1903-?07-?19|0?7[-/]19[-/](19)?03|9770421|88877", re.IGNORECASE)
"""What every marker holds: names, ids and addresses begin with QZX; birth dates, telephones and ZIPs have their own."""
EVERY = [6, pytest.param(1, marks=pytest.mark.soak)]
"""The soak looks at each broken file, the everyday run at each sixth."""
SHIFT = {
    "last_name": "QZXLAST",
    "first_name": "QZXFIRST",
    "middle_name": "QZXMIDDLE",
    "suffix": "QZXJR",
    "birth_date": "1903-07-19",
    "address_1": "QZXSTREET 1",
    "address_2": "QZXFLAT 2",
    "city": "QZXCITY",
    "zip": "888770001",
    "phone": "6179770421",
    "member_id": "QZXMEMBER1",
    "group_number": "QZXGROUP1",
    "group_name": "QZXGROUPNAME",
    "subscriber_last_name": "QZXHOLDER",
    "subscriber_first_name": "QZXHOLDERFIRST",
    "subscriber_birth_date": "1903-07-19",
    "subscriber_address_1": "QZXSTREET 3",
    "subscriber_city": "QZXTOWN",
    "subscriber_zip": "888770002",
}
"""A valid value of each PHI column of patients.csv."""
CHILD = "P007"
"""The patient who is somebody's child here; the others are insured themselves."""


@pytest.fixture(autouse=True)
def logs(tmp_path, monkeypatch) -> Path:
    """Where logs of unexpected errors would go."""
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def silent(run: Run, what: object) -> Run:
    """The run, whose streams must not hold a marker, and which must not have failed unexpectedly."""
    for stream in (run.out, run.err):
        found = MARKER.search(stream)
        if found:
            line = next(one for one in stream.splitlines() if MARKER.search(one))
            place = line.index(found.group())
            pytest.fail(f"{what}: …{line[max(0, place - 200) : place + 100]}…")
    assert run.code in (0, 1, 2, 3), (what, run.code, run.err)
    return run


# -- the tables of the practice ------------------------------------------------------------------------------------


def marked_office(folder: Path, *, children: bool = False) -> Office:
    """An office in which every PHI column of every patient holds its marker, and all of it is valid.

    Args:
        folder: where to make it.
        children: make all patients children, so that each has the columns of a subscriber too.
    """
    office = Office(folder)
    with (office.folder / "patients.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    used = set(re.findall(r",(P\d\d\d),", office.sessions.read_text(encoding="utf-8")))
    rows = [row for row in rows if row["patient_id"] in used]
    for row in rows:
        whose = {key: value for key, value in SHIFT.items() if not key.startswith("subscriber_")}
        row.update(whose)
        row["relationship"], row["sex"] = "self", "F"
        if children or row["patient_id"] == CHILD:
            row.update(SHIFT)
            row.update(relationship="child", subscriber_sex="M", subscriber_state="MA", payer="larkspur")
    write_patients(office, rows)
    return office


def patients(office: Office) -> list[dict[str, str]]:
    with (office.folder / "patients.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_patients(office: Office, rows: list[dict[str, str]]) -> None:
    columns = list(dict.fromkeys([*rows[0], *SHIFT, "subscriber_sex", "subscriber_state"]))
    with (office.folder / "patients.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> Office:
    """The marked office, its claims made and answered."""
    office = marked_office(tmp_path_factory.mktemp("marked") / "office")
    run = silent(office.create(), "claims create")
    assert run.out.splitlines()[1].startswith("6 claims"), run
    assert MARKER.search(office.submitted.read_text()), "the markers go out in the 837P"
    office.answer()
    return office


BREAKS: dict[str, Callable[[str], str]] = {
    "too long": lambda value: value + "A" * 200,
    "bad characters": lambda value: value + "\u4e2d\x01~*:^\ufffd",
    "wrong type": lambda value: "QZX/" + value,
    "a formula": lambda value: "=" + value,
    "quotes": lambda value: '"' + value + "'; --",
    "blank": lambda value: "",
}


def create_both_ways(office: Office, what: object) -> None:
    """Dry runs of `claims create`, on the terminal and as JSON: markers in neither."""
    for more in ((), ("--json",)):
        silent(office.create("--dry-run", *more), (what, more))


@pytest.mark.parametrize("column", SHIFT)
def test_each_column_of_patients_broken(tmp_path, column):
    """Six patients, each broken another way."""
    office = marked_office(tmp_path / "office", children=column.startswith("subscriber_"))
    rows = patients(office)
    assert [row[column] for row in rows] == [SHIFT[column]] * len(BREAKS)
    for row, change in zip(rows, BREAKS.values(), strict=True):
        row[column] = change(SHIFT[column])
    write_patients(office, rows)
    create_both_ways(office, column)


@pytest.mark.parametrize("by", [-3, -2, -1, 1, 2, 3])
@pytest.mark.parametrize("every", EVERY)
def test_rows_of_patients_shifted_sideways(tmp_path, by, every):
    """A comma too many or too few puts every value under another column's heading."""
    office = marked_office(tmp_path / "office")
    rows = patients(office)
    columns = list(rows[0])
    for first in range(abs(by) % every, len(columns) - 3, every):
        shifted = []
        for row in rows:
            cells = [row[column] for column in columns]
            moved = cells[:first] + ([""] * by + cells[first:] if by > 0 else cells[first - by :])
            shifted.append(dict(zip(columns, [*moved, *[""] * len(columns)], strict=False)))
        write_patients(office, shifted)
        silent(office.create("--dry-run", "--json"), (by, columns[first]))


def _without_heading(text: str) -> str:
    return text.split("\n", 1)[1]


def _without_heading_all_different(text: str) -> str:
    rows = list(csv.reader(_without_heading(text).splitlines()))
    return "\n".join(",".join(cell or f"QZX{place}" for place, cell in enumerate(row)) for row in rows)


TEXTS: dict[str, Callable[[str], str]] = {
    "no heading": _without_heading,
    "no heading, all cells different": lambda text: re.sub(
        "1903-07-19|larkspur", "QZXONCE", _without_heading_all_different(text), count=1
    ),
    "cut off": lambda text: text[: text.rindex("QZX") + 5],
    "an open quote": lambda text: text.replace(",QZXLAST", ',"QZXLAST', 1),
    "semicolons in the body": lambda text: (
        text.split("\n", 1)[0] + "\n" + _without_heading(text).replace(",", ";")
    ),
    "a comment": lambda text: "# QZXLAST\n" + text,
    "a column twice": lambda text: text.replace("first_name", "last_name", 1),
    "json": lambda text: (
        '{"last_name": "QZXLAST", "first_name": {"x": "QZXFIRST"}, "QZXLAST": 1, "practice_id": "QZX"}\n'
    ),
    "broken json": lambda text: '{"last_name": "QZXLAST", "first_name": \n',
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("file", ["patients.csv", "sessions.csv"])
def test_the_whole_table_broken(tmp_path, name, file):
    office = marked_office(tmp_path / "office")
    path = office.folder / file
    if file == "sessions.csv":
        # A sessions export that says more than it should.
        lines = path.read_text(encoding="utf-8").splitlines()
        text = "\n".join([lines[0] + ",patient_name", *[f"{line},QZXLAST QZXFIRST" for line in lines[1:]]])
        text = text.replace("case_id", "first_name", 1) if "column" in name else text
    else:
        text = path.read_text(encoding="utf-8")
    path.write_text(TEXTS[name](text), encoding="utf-8")
    create_both_ways(office, (file, name))


CODE_COLUMNS = (
    "procedure_code", "modifiers", "diagnosis_codes", "prior_authorization", "place_of_service", "rendering_npi",
    "treating_npi", "units", "minutes", "charge",
)  # fmt: skip
"""Columns of sessions.csv that hold codes and numbers, whose wrong values a finding may want to repeat."""


@pytest.mark.parametrize("column", CODE_COLUMNS)
@pytest.mark.parametrize(
    "turn", [0, 1, *(pytest.param(more, marks=pytest.mark.soak) for more in (2, 3, 4, 5))]
)
def test_a_value_of_a_patient_in_a_column_of_codes(tmp_path, column, turn):
    """Each visit has another value; with all turns, every visit has every value."""
    office = marked_office(tmp_path / "office")
    with office.sessions.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    values = ["QZXLAST", "QZXLAST QZXFIRST", "QZX", "QZXMEMBER1", "1903-07-19"]
    # Eight digits are a number where numbers belong.
    if column not in ("units", "minutes", "charge"):
        values.append("19030719")
    visits = sorted({row["visit_id"] for row in rows})
    assert len(visits) >= len(values)
    value_of = {visit: values[(place + turn) % len(values)] for place, visit in enumerate(visits)}
    with office.sessions.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys([*rows[0], *CODE_COLUMNS])), restval="")
        writer.writeheader()
        writer.writerows({**row, column: value_of[row["visit_id"]]} for row in rows)
    create_both_ways(office, (column, value_of))


# -- the 837P of another system ------------------------------------------------------------------------------------


def segments_of(path: Path) -> list[list[str]]:
    return [
        segment.split("*") for segment in re.split(r"~\s*", path.read_text(encoding="latin-1")) if segment
    ]


def text_of(segments: list[list[str]]) -> bytes:
    return "".join("*".join(segment) + "~\n" for segment in segments).encode("utf-8")


def broken_segments(
    segments: list[list[str]], is_phi: Callable[[list[str]], bool]
) -> Iterator[tuple[str, bytes]]:
    """The file again and again, one segment that holds PHI broken another way each time."""
    seen: set[tuple[str, str, int]] = set()
    for place, segment in enumerate(segments):
        kind = (segment[0], segment[1] if segment[0] in ("NM1", "REF", "PER") else "", len(segment))
        if not is_phi(segment) or kind in seen:
            continue
        seen.add(kind)
        label = "*".join(segment[:2])
        for name, others in _broken(segment):
            yield f"{label} {name}", text_of([*segments[:place], *others, *segments[place + 1 :]])
        before, after = segments[place - 1], segments[place + 1]
        yield f"{label} neighbour lost", text_of([*segments[:place], *segments[place + 2 :]])
        yield f"{label} neighbour before lost", text_of([*segments[: place - 1], *segments[place:]])
        joined = [*before[:-1], before[-1] + segment[0], *segment[1:]]
        yield f"{label} terminator lost", text_of([*segments[: place - 1], joined, *segments[place + 1 :]])
        swapped = [*segments[:place], after, segment, *segments[place + 2 :]]
        yield f"{label} swapped", text_of(swapped)
        yield f"{label} cut off", text_of(segments[: place + 1])[:-6]


def _broken(segment: list[str]) -> Iterator[tuple[str, list[list[str]]]]:
    """The segment broken in each way, as the segments that stand in its place."""
    yield "twice", [segment, segment]
    yield "shifted left", [[segment[0], *segment[2:]]]
    yield "shifted right", [[segment[0], "", *segment[1:]]]
    yield "no qualifier", [[segment[0], "", *segment[2:]]]
    yield "other qualifier", [[segment[0], "Z9", *segment[2:]]]
    yield "as another segment", [["REF", *segment[1:]], ["HI", *segment[1:]]]
    yield "as its own identifier", [segment[1:]]
    for place, value in enumerate(segment):
        if place == 0 or not MARKER.search(value):
            continue

        def with_value(*values: str, at: int = place) -> list[list[str]]:
            return [[*segment[:at], *values, *segment[at + 1 :]]]

        yield f"{place} too long", with_value(value + "A" * 300)
        yield f"{place} bad characters", with_value(value + "\u4e2d\xe9\x01`|")
        yield f"{place} components", with_value(value + ":" + value + "^" + value)
        yield f"{place} wrong type", with_value("QZX" + value)
        yield f"{place} an element more", with_value(value, value)
        yield f"{place} the last", [segment[: place + 1]]
        yield f"{place} in the place before", [[*segment[: place - 1], value, *segment[place:]]]
        if place + 1 < len(segment):
            yield f"{place} in the place after", [[*segment[: place + 1], value, *segment[place + 2 :]]]


def has_marker(segment: list[str]) -> bool:
    return any(MARKER.search(element) for element in segment)


def add_more_phi(segments: list[list[str]]) -> list[list[str]]:
    """Also what our own writer leaves out: a social security number, a middle name, a telephone, a group name."""
    more: list[list[str]] = []
    for segment in segments:
        if segment[:2] == ["SBR", "P"]:
            segment = [*segment[:4], "QZXGROUPNAME", *segment[5:]]
        if segment[:2] == ["NM1", "IL"]:
            segment = [*segment[:5], "QZXMIDDLE", "", "QZXJR", *segment[8:]]
        more.append(segment)
        if segment[0] == "DMG":
            more += [
                ["REF", "SY", "QZX456789"],
                ["REF", "Y4", "QZXCASE"],
                ["PER", "IC", "QZXLAST", "TE", "6179770421"],
            ]
    count = 0
    for segment in more:
        count = 1 if segment[0] == "ST" else count + 1
        if segment[0] == "SE":
            segment[1] = str(count)
    return more


def write_all(folder: Path, files: Iterator[tuple[str, bytes]], suffix: str) -> dict[Path, str]:
    folder.mkdir()
    paths = {}
    for number, (label, data) in enumerate(files):
        path = folder / f"{number:04d}.{suffix}"
        path.write_bytes(data)
        paths[path] = label
    return paths


@pytest.fixture(scope="module")
def broken_837(marked, tmp_path_factory) -> dict[Path, str]:
    segments = add_more_phi(segments_of(marked.submitted))
    folder = tmp_path_factory.mktemp("p837") / "files"
    files = write_all(folder, broken_segments(segments, has_marker), "837")
    assert len(files) > 200
    assert {label.split(" ")[0] for label in files.values()} >= {
        "NM1*IL", "NM1*QC", "N3*QZXSTREET", "N4*QZXCITY", "DMG*D8", "REF*SY", "REF*Y4", "PER*IC", "SBR*P",
    }  # fmt: skip
    return files


def test_broken_837s_are_imported_without_a_word_about_the_patient(broken_837, tmp_path, logs):
    other = Office(tmp_path / "other")
    folder = next(iter(broken_837)).parent
    for more in ((), ("--json",)):
        silent(other("claims", "import", folder, *more), ("claims import", more))
    listed = silent(other("claims", "list", "--json"), "claims list").json
    assert len(listed) > 6
    for form in ("table", "csv", "json"):
        silent(other("claims", "list", "--format", form), "claims list")
    for number in sorted({one["patient_control_number"] for one in listed}):
        silent(other("claims", "show", number), number)
        silent(other("claims", "show", number, "--json"), number)
    silent(other("verify"), "verify")
    assert list(logs.iterdir()) == []


@pytest.mark.parametrize("command", [("x12", "show"), ("x12", "check")])
@pytest.mark.parametrize("every", EVERY)
def test_broken_837s_are_looked_at(broken_837, command, marked, logs, every):
    for path, label in list(broken_837.items())[::every]:
        silent(marked(*command, path, "--json"), label)
    for path, label in list(broken_837.items())[:: every * 7]:
        silent(marked(*command, path), label)
    assert list(logs.iterdir()) == []


def test_broken_837s_are_answered_or_refused(broken_837, marked, tmp_path, logs):
    for path, label in list(broken_837.items())[::9]:
        silent(marked("simulate", path, "--out", tmp_path / "out", "--as-of", AS_OF), label)
        silent(marked("simulate", path, "--out", tmp_path / "out", "--as-of", AS_OF, "--json"), label)
    assert list(logs.iterdir()) == []


# -- the payer's 835 -----------------------------------------------------------------------------------------------

MORE_PARTIES = [
    ["NM1", "IL", "1", "QZXHOLDER", "QZXHOLDERFIRST", "QZXMIDDLE", "", "QZXJR", "MI", "QZXMEMBER1"],
    ["NM1", "74", "1", "QZXRIGHT", "QZXRIGHTFIRST", "", "", "", "C", "QZXMEMBER2"],
    ["NM1", "82", "1", "QZXDOCTOR", "QZXDOCTORFIRST", "", "", "", "MC", "QZXDOC1"],
    ["NM1", "TT", "2", "QZXCROSSOVER", "", "", "", "", "PI", "QZXPAYER"],
    ["NM1", "GB", "1", "QZXOTHER", "QZXOTHERFIRST", "", "", "", "MI", "QZXOTHERID"],
    ["REF", "1L", "QZXGROUP1"],
    ["REF", "SY", "QZX456789"],
    ["REF", "CE", "QZXCLASS"],
    ["DTM", "036", "19030719"],
    ["PER", "CX", "QZXCLERK", "TE", "6179770421"],
    ["QTY", "CA", "88877"],
]


def add_parties(segments: list[list[str]]) -> list[list[str]]:
    """Every party and reference that a claim payment may hold, with markers, after each NM1*QC."""
    more: list[list[str]] = []
    for segment in segments:
        more.append(segment)
        if segment[:2] == ["NM1", "QC"]:
            more += [list(one) for one in MORE_PARTIES]
        if segment[0] == "N1" and segment[1] == "PR":
            continue
    count = 0
    for segment in more:
        count = 1 if segment[0] == "ST" else count + 1
        if segment[0] == "SE":
            segment[1] = str(count)
    return more


def renumbered(files: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Each file a payment of its own, so that none is a duplicate of another."""
    for number, (label, data) in enumerate(files):
        yield label, re.sub(rb"TRN\*1\*EFT", b"TRN*1*E%04d" % number, data)


@pytest.fixture(scope="module")
def broken_835(marked, tmp_path_factory) -> dict[Path, str]:
    (remittance,) = [
        one
        for one in (marked.folder / "answers").glob("*.835")
        if b"QZX" in one.read_bytes() and "0001.835" in one.name
    ]
    segments = add_parties(segments_of(remittance))
    folder = tmp_path_factory.mktemp("p835") / "files"
    files = write_all(folder, renumbered(broken_segments(segments, has_marker)), "835")
    assert len(files) > 150
    assert {label.split(" ")[0] for label in files.values()} >= {
        "NM1*QC", "NM1*IL", "NM1*74", "NM1*82", "NM1*TT", "REF*1L", "REF*SY", "DTM*036", "PER*CX",
    }  # fmt: skip
    return files


LISTS: tuple[tuple[str, ...], ...] = (
    ("unmatched", "list"),
    ("held", "list"),
    ("denials", "list"),
    ("denials", "list", "--all"),
    ("claims", "list"),
)


def look_everywhere(office: Office) -> None:
    """Every list in every form, every claim, verify and the report: no marker."""
    for command in LISTS:
        for form in ("table", "csv", "json"):
            silent(office(*command, "--format", form), command)
    for claim in office("claims", "list", "--json").json:
        silent(office("claims", "show", claim["patient_control_number"]), claim)
        silent(office("claims", "show", claim["patient_control_number"], "--json"), claim)
    for command in (
        ("verify",),
        ("verify", "--json"),
        ("report", "denials"),
        ("report", "denials", "--json"),
    ):
        silent(office(*command), command)


@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.soak)])
def test_broken_835s_are_posted_held_and_listed(broken_835, tmp_path, logs, marked, every):
    subprocess.run(["cp", "-a", str(marked.folder), str(tmp_path / "office")], check=True)
    office = Office(tmp_path / "office")
    files = list(broken_835)[::every]
    ingested = silent(office("ingest", *files), "ingest")
    assert "quarantined" in ingested.out
    assert "posted" in ingested.out
    silent(office("ingest", *files, "--json"), "ingest again")
    look_everywhere(office)
    assert list(logs.iterdir()) == []


@pytest.mark.parametrize("every", EVERY)
def test_broken_835s_of_unknown_claims_wait_and_are_listed(broken_835, tmp_path, logs, every):
    office = Office(tmp_path / "office")
    silent(office("ingest", *list(broken_835)[::every], "--json"), "ingest")
    assert office("unmatched", "list", "--json").json
    look_everywhere(office)
    assert list(logs.iterdir()) == []


@pytest.mark.parametrize("command", [("x12", "show"), ("x12", "check")])
@pytest.mark.parametrize("every", EVERY)
def test_broken_835s_are_looked_at(broken_835, command, marked, logs, every):
    for path, label in list(broken_835.items())[::every]:
        silent(marked(*command, path, "--json"), label)
        if command == ("x12", "show"):
            silent(marked(*command, path), label)
    assert list(logs.iterdir()) == []


# -- shown when asked for ------------------------------------------------------------------------------------------


def test_names_are_shown_when_asked_for(marked, tmp_path):
    subprocess.run(["cp", "-a", str(marked.folder), str(tmp_path / "office")], check=True)
    office = Office(tmp_path / "office")
    silent(office("ingest", office.folder / "answers"), "ingest")
    number = office("claims", "list", "--json").json[0]["patient_control_number"]
    for more in ((), ("--json",)):
        masked = silent(office("claims", "show", number, *more), "claims show").out
        assert "Q••" in masked
        shown = office("claims", "show", number, *more, "--show-phi").out
        assert "QZXLAST" in shown or "QZXHOLDER" in shown
        assert "QZXMEMBER1" in shown
    for path in sorted((office.folder / "answers").glob("*.835")):
        masked = silent(office("x12", "show", path, "--json"), "x12 show")
        members = [claim["member_id"] for line in masked.json_lines for claim in line["claims"]]
        assert members
        assert set(members) == {"Q••••••"}
        shown = office("x12", "show", path, "--json", "--show-phi")
        assert {claim["member_id"] for line in shown.json_lines for claim in line["claims"]} == {"QZXMEMBER1"}
        silent(office("x12", "show", path), "x12 show")
        assert "QZXLAST" in office("x12", "show", path, "--show-phi").out


def test_an_unexpected_error_names_a_log_without_phi(marked, monkeypatch, logs):
    def fail(*_arguments: object, **_named: object) -> None:
        raise ValueError("QZXLAST, QZXFIRST")

    monkeypatch.setattr("cli.commands.remittances.ingest_files", fail)
    told = marked("ingest", marked.folder / "answers")
    assert told.code == 70
    assert not MARKER.search(told.out + told.err)
    (log,) = logs.iterdir()
    assert not MARKER.search(log.read_text())
    assert str(log) in told.err


_SETS = 60
"""Enough for a file of over 200,000 bytes, which is read and judged in many parts."""


def test_a_process_of_its_own_and_its_loggers_say_nothing(marked, tmp_path):
    """One real process, with the second opinion on a file of many parts."""
    segments = add_more_phi(segments_of(marked.submitted))
    place = next(at for at, segment in enumerate(segments) if segment[:2] == ["NM1", "IL"])
    segments[place] = [*segments[place][:3], "QZXLAST" + "A" * 100, "QZX\x01", *segments[place][5:]]
    begin = next(at for at, segment in enumerate(segments) if segment[0] == "ST")
    end = next(at for at, segment in enumerate(segments) if segment[0] == "SE")
    sets: list[list[str]] = []
    for number in range(1, _SETS + 1):
        body = [list(segment) for segment in segments[begin : end + 1]]
        body[0][2] = body[-1][2] = f"{number:04d}"
        sets += body
    trailer = [list(segment) for segment in segments[end + 1 :]]
    trailer[0][1] = str(_SETS)
    path = tmp_path / "large.837"
    isa = marked.submitted.read_text(encoding="latin-1")[:106]
    path.write_bytes(isa.encode() + text_of([*segments[1:begin], *sets, *trailer]))
    assert path.stat().st_size > 200_000
    done = subprocess.run([COMMAND, "x12", "check", path], capture_output=True, text=True, timeout=120)
    assert done.returncode in (1, 3)
    assert not MARKER.search(done.stdout + done.stderr)
    assert "PYX" in done.stdout
