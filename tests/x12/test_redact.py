"""`redact`: nothing of a person remains, and all that ties and balances does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.codes.identifiers import npi_is_valid
from edi.x12.redact import Redactor
from tests.command_line import claimloop

KEY = b"a key of the tests, no secret"
WORDS = st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz -/", min_size=4, max_size=20)


def redacted(text: str, key: bytes = KEY) -> str:
    pieces = Redactor(key).copy([text.encode()])
    return b"".join(piece for piece in pieces if isinstance(piece, bytes)).decode()


@given(st.lists(WORDS, unique=True, max_size=40))
def test_two_values_never_become_one(words):
    redactor = Redactor(KEY)
    made = [redactor.identifier(word) for word in words]
    assert len(set(made)) == len(words)


@given(WORDS)
def test_a_value_keeps_its_shape_and_its_spelling_ties(word):
    redactor = Redactor(KEY)
    made = redactor.identifier(word)
    shape = [re.sub(r"[A-Z]", "A", re.sub(r"[a-z]", "a", re.sub(r"\d", "9", text))) for text in (word, made)]
    assert shape[0] == shape[1]
    assert redactor.identifier(word.upper()).upper() == made.upper()
    core = word.strip().lstrip("0")
    assert redactor.identifier("00" + core).lstrip("0") == redactor.identifier(core)


def test_digits_of_one_length_are_permuted():
    redactor = Redactor(KEY)
    every = {redactor.identifier(str(number)) for number in range(1000, 10_000)}
    assert every == {str(number) for number in range(1000, 10_000)}


@pytest.mark.parametrize("npi", ["1234567893", "1000000004", "2000000000"])
def test_an_npi_becomes_another_valid_one(npi):
    made = Redactor(KEY).identifier(npi)
    assert npi_is_valid(made) == npi_is_valid(npi)
    assert made != npi


@pytest.mark.parametrize(
    ("text", "shape"),
    [("20260310", 8), ("20260310-20260312", 17), ("260310", 6), ("202603101200", 12)],
)
def test_dates_move_together_by_weeks(text, shape):
    from datetime import date

    redactor = Redactor(KEY)
    moved = redactor.moved(text)
    assert len(moved) == shape
    full = redactor.moved("20260310")
    days = (date(2026, 3, 10) - date.fromisoformat(f"{full[:4]}-{full[4:6]}-{full[6:]}")).days
    assert days > 0
    assert days % 7 == 0
    assert moved.startswith((full, full[2:]))


CLAIM = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260310*1200*^*00501*000000001*0*T*:~"
    "GS*HC*SENDER*RECEIVER*20260310*1200*1*X*005010X222A1~ST*837*0001*005010X222A1~"
    "NM1*IL*1*TESTER*ADA*Q***MI*1EG4TE5MK73~N3*1 Example Street~N4*BOSTON*MA*021390001~DMG*D8*19500517*F~"
    "NM1*PR*2*FEDERAL PART B*****PI*04412~REF*SY*123456789~PER*IC*ADA TESTER*TE*6175550100~"
    "CLM*ORCH0000123*120***11:B:1*Y*A*Y*Y~HI*ABK:M5450*ABF:R262~NTE*ADD*CALL ADA~"
    "SV1*HC:97140:59::::MANUAL THERAPY*60*UN*2***1~DTP*472*RD8*20260310-20260311~REF*6R*7~ZZZ*ADA*20260310~"
    "SE*14*0001~GE*1*1~IEA*1*000000001~"
)


def test_codes_counts_and_amounts_stay_and_everything_else_goes():
    done = redacted(CLAIM)
    for gone in (
        "TESTER", "ADA", "1EG4TE5MK73", "Example", "BOSTON", "02139", "19500517", "123456789", "6175550100",
        "ORCH0000123", "CALL", "20260310", "SENDER", "MANUAL", "THERAPY",
    ):  # fmt: skip
        assert gone not in done, gone
    for stays in (
        "FEDERAL PART B", "04412", "*120***11:B:1*Y*A*Y*Y", "HI*ABK:M5450*ABF:R262", "HC:97140:59", "*60*UN*2",
        "REF*6R*7", "SE*14*0001", "*MA*", "005010X222A1",
    ):  # fmt: skip
        assert stays in done, stays
    assert len(done.splitlines()) == CLAIM.count("~")
    names = [[line.split("*")[0] for line in text] for text in (done.splitlines(), CLAIM.split("~")[:-1])]
    unknown = names[1].index("ZZZ")
    assert names[0].pop(unknown) != names[1].pop(unknown)
    assert names[0] == names[1]
    assert redacted(CLAIM) == done
    assert redacted(CLAIM, b"another key of 16 bytes") != done


HEAD = CLAIM[: CLAIM.index("ST*")]


@pytest.mark.parametrize(
    ("segment", "gone"),
    [
        ("NM1*GB*1*DOE*JANE****MI*W123456789", ("DOE", "JANE", "W123456789")),  # 835: another insured
        ("NM1*41*2*ORCHARD THERAPY*****46*123456789", ("ORCHARD", "123456789")),  # often the practice itself
        ("NM1*PR*1*DOE*JANE****PI*123456789", ("DOE", "JANE", "123456789")),
        ("NM1*IL*1*ABEL*ADA****MI*W1*25*QC*MAIDEN", ("MAIDEN",)),
        ("STC*F1:65*20260310**100*50*20260309*CHK*20260308*123456789", ("20260309", "20260308", "123456789")),
        ("INS*Y*18*******AC**D8*20260101**BOSTON", ("20260101", "BOSTON")),
        ("REF*2U*12345*A TEXT*SY:123456789", ("TEXT", "123456789")),
        ("NM1*IL*1*WEI\u00df*J\u00dcRG", ("WEI", "RG")),
    ],
)
def test_what_names_somebody_goes_wherever_it_stands(segment, gone):
    pieces = Redactor(KEY).copy([f"{HEAD}{segment}~".encode("latin-1")])
    done = b"".join(piece for piece in pieces if isinstance(piece, bytes)).decode()
    made = done.splitlines()[-1]
    assert len(made) == len(segment) + 1
    for value in gone:
        assert value not in made, value


def test_a_round_still_ties_and_balances(tmp_path):
    """The demo's files, redacted: imported and ingested they give the same sums, and every check holds."""
    assert claimloop("demo", tmp_path / "demo", "--quiet").code == 0
    sent = sorted((tmp_path / "demo").rglob("*.837"))
    back = [
        path
        for path in sorted((tmp_path / "demo").rglob("*"))
        if path.suffix in (".835", ".999", ".277", ".ta1") and "vault" not in path.parts
    ]
    assert sent
    assert back
    key = tmp_path / "key"
    key.write_bytes(KEY)
    sums = []
    for name, claims, answers in (("plain", sent, back), ("redacted", None, None)):
        folder = tmp_path / name
        folder.mkdir()
        if claims is None:
            files = unique([*sent, *back])
            assert claimloop("redact", *files, "--out", folder, "--key-file", key).code == 0
            claims = sorted(folder.glob("*.837"))
            answers = [path for path in sorted(folder.iterdir()) if path.suffix != ".837"]
        database = f"sqlite:///{folder / 'store.db'}"
        assert claimloop("claims", "import", *unique(claims), "--database", database, "--json").code in (0, 1)
        got = claimloop("ingest", *unique(answers), "--database", database, "--json")
        assert claimloop("verify", "--database", database).code == 0
        sums.append(
            {
                key: got.json["totals"][key]
                for key in ("claims", "claims_matched", "lines", "denials", "posted")
            }
        )
    assert sums[0]["claims_matched"] > 100
    assert sums[0] == sums[1]


def unique(files):
    return list({path.name: path for path in files}.values())


def test_segment_names_that_are_none_are_told(tmp_path):
    claim = tmp_path / "a.837"
    claim.write_text(CLAIM.replace("CALL ADA", "CALL~ADA TESTER 617"), encoding="utf-8")
    done = claimloop("redact", claim, "--out", tmp_path / "out", "--json")
    assert done.code == 0
    assert [(one["renamed"], one["left_out"]) for one in done.json["copies"]] == [(2, [])]
    assert "segment names that X12 does not have were replaced (2)" in done.err
    assert "TESTER" not in (tmp_path / "out" / "a.837").read_text(encoding="utf-8")
    claim.write_text(CLAIM.replace("ZZZ*", "K3*"), encoding="utf-8")
    plain = claimloop("redact", claim, "--out", tmp_path / "plain", "--json")
    assert (plain.json["copies"][0]["renamed"], plain.err) == (0, "")


def test_what_is_no_x12_is_refused_and_nothing_is_replaced(tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear practice", encoding="utf-8")
    assert claimloop("redact", letter, "--out", tmp_path / "out").code == 3
    claim = tmp_path / "a.837"
    claim.write_text(CLAIM, encoding="utf-8")
    assert claimloop("redact", claim, "--out", tmp_path / "out").code == 0
    again = claimloop("redact", claim, "--out", tmp_path / "out")
    assert again.code == 2
    assert "nothing was replaced" in again.err
    short = tmp_path / "short"
    short.write_bytes(b"1234")
    assert claimloop("redact", claim, "--out", tmp_path / "two", "--key-file", short).code == 2
    assert claimloop("redact", claim, claim, "--out", tmp_path / "two").code == 2


@pytest.mark.corpus
def test_every_file_of_the_corpus_keeps_its_segments(corpus_dir):
    from edi.x12.tokenizer import tokens

    redactor = Redactor(KEY)
    for path in sorted(Path(corpus_dir).rglob("*")):
        if not path.is_file() or path.suffix == ".tsv":
            continue
        data = path.read_bytes()
        copied = b"".join(piece for piece in redactor.copy([data]) if isinstance(piece, bytes))
        names = [
            [one[:3] for token in tokens([text]) if isinstance(token, list) for one in token]
            for text in (data, copied)
        ]
        assert names[0] == names[1], path.name


@pytest.mark.parametrize("end", ["\n", "\r", "~"])
def test_an_isa_without_a_component_separator_keeps_its_end(end):
    copy = redacted(f"ISA****************{end}ST*835*0001{end}SE*2*0001{end}")
    assert [one.strip() for one in copy.split(end) if one.strip()][1:] == ["ST*835*0001", "SE*2*0001"]
