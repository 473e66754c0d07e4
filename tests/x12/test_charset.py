"""Text in the X12 character set."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.model.errors import UsageError
from edi.model.finding import Finding
from edi.model.spelling import transliterate
from edi.x12.charset import Cleaner, transliterate_around, unspellable
from edi.x12.delimiters import Delimiters
from edi.x12.envelope import read_transactions
from edi.x12.envelope_writer import GroupHeader, InterchangeHeader, interchange, transaction_text

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


@given(st.text(), st.sampled_from(["*:^~", "|>!'"]))
def test_finished_text_keeps_its_structure(text, marks):
    """What is spelled anew never becomes a delimiter, and what is ASCII stays: counts made before hold."""
    delimiters = Delimiters(element=marks[0], component=marks[1], repetition=marks[2], segment=marks[3])
    spelled = transliterate_around(text, delimiters)
    assert spelled.isascii()
    assert [spelled.count(mark) for mark in marks] == [text.count(mark) for mark in marks]
    if text.isascii():
        assert spelled == text


def test_fullwidth_signs_are_no_delimiters():
    assert transliterate_around("NM1*\u00c9\uff0a\uff5eX~", Delimiters()) == "NM1*EX~"


def test_an_interchange_counts_its_segments_whatever_its_text():
    """The writers of answers hand their text over as it is; a letter beyond ASCII in an identifier is refused."""
    header = InterchangeHeader(
        sender_id="A", receiver_id="B", control_number=1, created=datetime(2026, 3, 1, 9, 30)
    )
    body = transaction_text("999", "0001", "005010X231A1", "NM1*IN\uff5eES\u00c9*1\uff0a~\n", header)
    group = GroupHeader(
        functional_id="FA", version="005010X231A1", control_number=1, sender="A", receiver="B"
    )
    data = interchange(header, [(group, [body])])
    assert b"NM1*INESE*1~" in data
    assert not [one for one in read_transactions([data]) if isinstance(one, Finding)]
    with pytest.raises(UsageError, match="ISA06"):
        interchange(msgspec.structs.replace(header, sender_id="\u00c9"), [])
