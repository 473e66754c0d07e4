"""Text in the X12 character set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.x12.charset import Cleaner, transliterate, unspellable
from edi.x12.delimiters import Delimiters

STANDARD = Delimiters(element="*", component=":", repetition="^", segment="~")

SPELLINGS = [
    ("Muñoz", "Munoz"),
    ("Müller-Lüdenscheidt", "Muller-Ludenscheidt"),
    ("Straße", "Strasse"),
    ("Ærø", "AEro"),
    ("Œuvre", "OEuvre"),
    ("Ørsted", "Orsted"),
    ("Łódź", "Lodz"),
    ("Þór Guðmundsson", "THor Gudmundsson"),
    ("Đặng", "Dang"),
    ("Işık", "Isik"),
    ("Şükrü Çelik", "Sukru Celik"),
    ("Ångström", "Angstrom"),
    ("O’Neil", "O'Neil"),
    ("“A” – B…", '"A" - B...'),
    ("Nº 5 ½", "No 5 1/2"),
    ("ﬁn", "fin"),
    ("a\u00a0b", "a b"),
    ("Ｆｕｌｌ", "Full"),
    ("Smith", "Smith"),
]


@pytest.mark.parametrize(("text", "spelled"), SPELLINGS)
def test_transliterate(text, spelled):
    assert transliterate(text) == spelled
    assert not unspellable(text)


@pytest.mark.parametrize("text", ["Тест", "王", "x王", "Ελένη", "محمد"])
def test_letters_without_a_spelling(text):
    assert unspellable(text)


def test_other_signs_are_left_out_without_being_lost_letters():
    assert transliterate("A ☎ B™") == "A  BTM"
    assert not unspellable("☎")


CLEAN = [
    ("O*NEIL", "O NEIL"),
    ("*", ""),
    ("A:B^C~D", "A B C D"),
    ("  a   b ", "A B"),
    ("A\r\nB\tC", "A B C"),
    ("A\x00\x07B", "AB"),
    ("Zoë", "ZOE"),
    ("O'Neil & Sons, #5/2 (x)", "O'NEIL & SONS, #5/2 (X)"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), CLEAN)
def test_names_are_cleaned(text, expected):
    assert Cleaner(STANDARD, upper_case=True)[text] == expected


def test_identifiers_lose_delimiters_and_keep_their_case():
    assert Cleaner(STANDARD, upper_case=False, filler="")["aB*1:2~3 4"] == "aB123 4"


def test_lossy_texts_are_remembered():
    clean = Cleaner(STANDARD, upper_case=True)
    assert clean["Zoë"] == "ZOE"
    assert clean["Zoe 王"] == "ZOE"
    assert clean.lossy == {"Zoe 王"}


@given(
    text=st.text(),
    marks=st.sampled_from(["*:^~", "|>^\n", "+<!'", "\\/;?"]),
    upper=st.booleans(),
    filler=st.sampled_from(["", " "]),
)
def test_whatever_goes_in_what_comes_out_is_safe_and_stays(text, marks, upper, filler):
    delimiters = Delimiters(element=marks[0], component=marks[1], repetition=marks[2], segment=marks[3])
    clean = Cleaner(delimiters, upper_case=upper, filler=filler)
    result = clean[text]
    assert result.isascii()
    assert result.isprintable()
    assert not set(result) & set(marks)
    assert result == result.strip()
    assert "  " not in result
    assert not upper or result == result.upper()
    assert clean[result] == result
    assert Cleaner(delimiters, upper_case=upper, filler=filler)[text] == result
