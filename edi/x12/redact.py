"""A de-identified copy of X12 files that keeps what they are good for: structure, joins and balances.

Every value is kept, shifted or replaced by what its element is: codes, counts and amounts are kept where they have the
form of their element, or of their part of a composite (a name in LX01 has not); dates of one call move by the same
number of weeks; names, addresses, identifiers and free text are replaced by others of the same shape. What no table
here knows is replaced, names of segments too: a terminator within a text makes one of the words behind it. The same
value becomes the same other value wherever it stands, in every file of the same key, and two values never become one: a
claim and its remittance still meet, whatever zeros lead and whatever the case.

Without the key nobody gets back; with it everybody does who tries all values, so it is to be thrown away or kept as the
files are. Dates moved by weeks and codes of diagnoses remain: this is for sharing with those who may see a limited data
set, not for publishing (45 CFR 164.514).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache, lru_cache
from itertools import chain, repeat
from typing import Final

import msgspec

from edi.codes.identifiers import npi_is_valid
from edi.x12.delimiters import Delimiters, Heading
from edi.x12.tokenizer import SyntaxProblem, tokens

# One letter for each element. Kept while each part has the form: n a number, m one of six digits, 1 to 5 a code of at
# most so many characters, k a longer code, y a payer's number; of composites alone f a procedure, g a diagnosis or a
# date, o an ordinal, x an element. Else: p kept as it is, i an identifier, t text, d a date, and a capital a composite.
# The last letter goes on. Lengths are those of the X12 data element dictionary.
_SEGMENTS: Final = {
    "ISA": "2t2t2i2idn1nn111", "IEA": "n", "GS": "2iidnn2k", "GE": "n", "ST": "nnk", "SE": "n", "TA1": "ndn13",
    "BHT": "n2idn2", "HL": "mm21", "LX": "m", "NM1": "31ttttt2i23t", "N1": "3t2i23", "N2": "t", "N3": "t",
    "N4": "t2i32i3", "PER": "2t2i2i2it", "DMG": "3d11T232n3k", "PRV": "33i2T3", "SBR": "12it31122", "PAT": "21213d2n1",
    "INS": "12331122113d1t23n", "CLM": "in22L11111A313112122", "DTP": "33d", "DTM": "3dn23d", "REF": "3itC", "HI": "H",
    "SV1": "Sn2n22On12112211iin1", "SV2": "4Sn2nnn1k", "SV3": "SnLT1nk", "SV5": "S2nnn1", "SVC": "SnnknSn",
    "SVD": "ynSkn", "CAS": "25nn5nn5nn5nn5nn5nn", "AMT": "3n1", "QTY": "2nUt", "CN1": "2nniny", "PWK": "22n32itT2",
    "CRC": "213", "CR1": "2n112nttttk", "CR2": "nn332nn11tt1", "CR3": "12n1t", "CUR": "33n3333dn3dn3dn3dn3dn",
    "FRM": "k1idn", "HCP": "2nninknk2k2n2", "HSD": "2n2n2n21", "LIN": "k2k", "CTP": "23nnU3nn2kn", "LQ": "3k",
    "MEA": "23nUnn22243k", "MIA": "nnnnknnnnnnnnnnnnnnkkkkn", "MOA": "nnkkkkkn", "NTE": "3t", "K3": "t", "OI": "221",
    "TOO": "3kT", "PS1": "in2", "BPR": "2n13k2i3iyi2i3id32i3i", "TRN": "2iii", "CLP": "i2nnn2i2124nn1", "TS2": "n",
    "TS3": "i2dn", "RDM": "2tiCC", "STC": "Td2nnd3diTTt", "AK1": "2nk", "AK2": "nnk", "AK3": "3nk3", "AK4": "mn3t",
    "AK5": "13", "AK9": "1nnn3", "IK3": "3nk3", "IK4": "mn3t", "IK5": "13", "CTX": "X3nkm", "EB": "2323t2nn2n11SO",
    "EQ": "2S33O", "III": "3k2tnU2", "AAA": "1221", "LS": "k", "LE": "k", "MSG": "t2n", "CL1": "112",
}  # fmt: skip
_PLB: Final = ("id", "Cn")
_COMPOSITES: Final = {
    "A": "33323", "C": "3i", "H": "3g3dnngg1", "L": "221", "O": "o", "S": "2f2222tf", "T": "3", "U": "2n", "X": "xi",
}  # fmt: skip
"""The parts of composites: causes of an accident (CLM11), a code and identifiers, a diagnosis, a place (CLM05),
pointers, a procedure, a status, a unit, a context. The last letter goes on."""
_OTHER_NAMES: Final = frozenset({
    "ACT", "ADX", "ATH", "BEG", "BFR", "BGN", "COB", "CR5", "CR6", "CR7", "CTT", "DN1", "DN2", "DSB", "EC", "ENT",
    "FST", "HCR", "HD", "HLH", "ICM", "IDC", "IT1", "LUI", "N7", "PID", "PLA", "PLB", "PO1", "RDT", "RMR", "SAC", "SHP",
    "SLN", "SPI", "TST", "UIT", "UM", "UNU",
})  # fmt: skip
"""Names of segments whose elements are all replaced, but for those of PLB."""
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,20}\.?[0-9]{0,10}|\.[0-9]{1,10})")
_CODE: Final = re.compile(r"[0-9A-Za-z.\-]+")
_PART_FORMS: Final = {
    "f": re.compile(r"(?=.*[0-9])[0-9A-Za-z]{1,5}|[A-Za-z]{1,3}|[0-9]{11}"),
    "g": re.compile(r"(?=.*[0-9])[0-9A-Za-z]{1,7}|[A-Za-z]{1,3}|[0-9A-Za-z]{3}\.[0-9A-Za-z]{1,4}"),
    "o": re.compile(r"[0-9]{1,2}"),
    "x": re.compile(r"[A-Z][A-Z0-9]{1,2}[0-9]{2}|[A-Za-z]{1,3}"),
}
"""A procedure (11 digits of a drug), a diagnosis (procedures of hospitals too), a pointer, an element."""
_LOINC: Final = re.compile(r"[0-9]{1,5}-[0-9]")
_LONGEST_CODE: Final = 12
"""Of a version (005010X222A1); a code of more than three characters has a digit, which a name has not."""
_LONGEST_WORD: Final = 3
_LONGEST_ORDINAL: Final = 6
_LONGEST_NUMBER: Final = 20
_CONTEXTS: Final = frozenset({"SITUATIONAL TRIGGER", "SUBSCRIBER NAME NM109", "PATIENT NAME NM109"})
"""CTX01-1: what the second part is; the others are codes."""
_TAXONOMIES: Final = frozenset({"PXC", "ZZ"})
"""PRV02: PRV03 is what the provider does, not who he is."""
_OF_PAYERS: Final = frozenset({"2U", "NF"})
"""REF01: REF02 is the number of a payer."""
_CLOCK: Final = "TM"
"""DTP02: DTP03 is a time of day."""
_PUBLIC: Final = frozenset({"PR", "TT", "40", "Y2"})
"""Who in NM101 and N101 is a payer or a clearinghouse: name and id are kept, unless NM102 says it is a person."""
_PERSON: Final = "1"
_REMITTANCE: Final = "835"
_LETTERS: Final = "ACDEFGHJKMNPQRTUVWXY"
"""No letter that a Medicare beneficiary identifier may not have; the six others are in texts alone."""
_OTHERS: Final = "BILOSZ"
_SHORTEST: Final = 4
"""A shorter number names nobody, and is an ordinal more often than not."""
_ROUNDS: Final = 6
_PIECE: Final = 40
"""Characters that are replaced together; of a longer text each piece for itself."""
_BLOCK: Final = 256


class Renamed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """So many segments of a file have another name in its copy, since no table knows the one they had."""

    segments: int


class Redactor:
    """Replaces values, the same ones for the same key.

    Args:
        key: secret bytes, 16 at least.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        number = int.from_bytes(hmac.digest(key, b"weeks", "sha256")[:4], "big")
        self._shift = timedelta(weeks=-(1 + number % 52))
        self._kind = ""
        self._renamed = 0
        self.identifier = lru_cache(maxsize=100_000)(self._identifier)
        self._word = lru_cache(maxsize=100_000)(self._permuted)

    def copy(self, chunks: Iterable[bytes]) -> Iterator[bytes | SyntaxProblem | Renamed]:
        """Copy the bytes of a file.

        Args:
            chunks: the file.

        Yields:
            The bytes of the copy, a segment a line; a `SyntaxProblem` for what is no segment and is left out; one
            `Renamed` at the end if names of segments were replaced.
        """
        self._renamed = 0
        delimiters: Delimiters | None = None
        for token in tokens(chunks):
            if isinstance(token, SyntaxProblem):
                yield token
                continue
            if isinstance(token, Heading):
                delimiters = token.delimiters
                if token.isa:
                    isa = self._segment(delimiters.element.join(token.isa), delimiters)
                    # Without ISA16 a line break would be taken for the terminator.
                    yield isa if token.component_given else isa.removesuffix(b"\n")
                continue
            if delimiters is not None:
                yield b"".join([self._segment(segment, delimiters) for segment in token])
        if self._renamed:
            yield Renamed(segments=self._renamed)

    def _segment(self, segment: str, delimiters: Delimiters) -> bytes:
        name, *elements = segment.split(delimiters.element)
        if name.strip() and not _is_known(name):
            self._renamed += 1
            name = self._other_name(name)
        shape = self._shape(name, elements)
        kinds = chain(shape, repeat(shape[-1]))
        done = [
            element if kind == "p" or not element else self._element(element, kind, delimiters)
            for element, kind in zip(elements, kinds, strict=False)
        ]
        return (delimiters.element.join([name, *done]) + delimiters.segment + "\n").encode("utf-8")

    def _other_name(self, name: str) -> str:
        """Another name that no table knows, of the same shape; it may have been words of a text."""
        name = self._text(name)
        while _is_known(name):
            name = self._text(name)
        return name

    def _shape(self, name: str, elements: list[str]) -> str:
        """What the elements of a segment are: by its name, and by the qualifiers and the set it stands in."""
        first, second = elements[0] if elements else "", elements[1] if len(elements) > 1 else ""
        if name == "ST":
            self._kind = first
        elif name == "PLB":
            return _PLB[0] + _PLB[1] * len(elements)
        elif (public := _public(name, first, second)) is not None:
            return public
        elif name == "TRN" and self._kind == _REMITTANCE:
            return "2iyi"  # TRN03 is the payer, as BPR10 is
        return _SEGMENTS.get(name.strip(), "i")

    def _element(self, text: str, kind: str, delimiters: Delimiters) -> str:
        if kind == "d":
            return self.moved(text)
        if (forms := _COMPOSITES.get(kind)) is not None:
            parts = text.split(delimiters.component)
            going_on = chain(forms, repeat(forms[-1]))
            return delimiters.component.join(
                self._part(part, form, delimiters) for part, form in zip(parts, going_on, strict=False)
            )
        if kind not in "it":
            return text if _has_form(text, kind) else self._formed(text, kind, delimiters)
        if delimiters.repetition and delimiters.repetition in text:
            return delimiters.repetition.join(
                self.identifier(one) for one in text.split(delimiters.repetition)
            )
        return self.identifier(text) if kind == "i" else self._text(text)

    def _part(self, part: str, form: str, delimiters: Delimiters) -> str:
        """A part of a composite: a date among codes moves; a code or number that has not its form is replaced."""
        if form == "d" or (form == "g" and part[:2] in ("19", "20") and _is_date(part[:8])):
            return self.moved(part)
        if form in "it":
            return self.identifier(part) if form == "i" else self._text(part)
        if delimiters.repetition and delimiters.repetition in part:
            return delimiters.repetition.join(
                self._of_form(one, form) for one in part.split(delimiters.repetition)
            )
        return self._of_form(part, form)

    def _formed(self, text: str, kind: str, delimiters: Delimiters) -> str:
        """A value of several parts, or one that has not the form of its element: each part is kept by its form."""
        return (delimiters.repetition or "\0").join(
            delimiters.component.join(self._of_form(part, kind) for part in one.split(delimiters.component))
            for one in text.split(delimiters.repetition or "\0")
        )

    def _of_form(self, text: str, kind: str) -> str:
        """A value that has the form of its element, else another in its place."""
        return text if not text or _has_form(text, kind) else self._text(text)

    def _text(self, text: str) -> str:
        return " ".join(self._word(word) if word else word for word in text.split(" "))

    def moved(self, text: str) -> str:
        """Dates as X12 writes them (CCYYMMDD, YYMMDD, ranges, with a time) moved by weeks; other digits replaced."""
        if "-" in text:
            return "-".join(self.moved(part) for part in text.split("-"))
        for length, century in ((8, ""), (6, "20")):
            day = century + text[:length]
            if len(text) >= length and _is_date(day):
                moved = f"{_day(day) + self._shift:%Y%m%d}"
                return moved[len(century) :] + text[length:]
            if century == "" and len(text) < length:
                continue
        return self._permuted(text)

    def _identifier(self, text: str) -> str:
        core = text.strip().lstrip("0")
        if not core or (len(core) < _SHORTEST and core.isdigit()):
            return text
        return text.replace(core, self._npi(core) if npi_is_valid(core) else self._permuted(core), 1)

    def _npi(self, npi: str) -> str:
        """Another valid NPI that begins alike."""
        body = npi[0] + self._permuted(npi[1:9], first_may_be_zero=True)
        return next(body + digit for digit in "0123456789" if npi_is_valid(body + digit))

    def _permuted(self, text: str, *, first_may_be_zero: bool = False) -> str:
        """Another text of the same shape; one to one among the texts of a shape."""
        if len(text) > _PIECE:
            pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
            return "".join(self._permuted_piece(piece, str(at)) for at, piece in enumerate(pieces))
        return self._permuted_piece(text, "", first_may_be_zero=first_may_be_zero)

    def _permuted_piece(self, text: str, place: str, *, first_may_be_zero: bool = False) -> str:
        """Another text of the same shape, which hangs on the place of the piece too."""
        capitals = [_capital(char) for char in text]
        alphabets = [_alphabet(char) for char in capitals]
        if alphabets and alphabets[0] == "0123456789" and not first_may_be_zero and text[0] != "0":
            alphabets[0] = "123456789"
        size, number = 1, 0
        for char, alphabet in zip(capitals, alphabets, strict=True):
            number = number * len(alphabet) + alphabet.index(char)
            size *= len(alphabet)
        number = self._shuffled(number, size, place + "".join(alphabet[0] for alphabet in alphabets))
        found = []
        for char, capital, alphabet in zip(
            reversed(text), reversed(capitals), reversed(alphabets), strict=True
        ):
            number, at = divmod(number, len(alphabet))
            found.append(alphabet[at].lower() if char != capital else alphabet[at])
        return "".join(reversed(found))

    def _shuffled(self, number: int, size: int, shape: str) -> int:
        """A permutation of 0 to size - 1: a Feistel network, walked until the number is in the range."""
        if size < 2:
            return number
        half = max(1, ((size - 1).bit_length() + 1) // 2)
        mask = (1 << half) - 1
        while True:
            left, right = number >> half, number & mask
            for turn in range(_ROUNDS):
                told = hmac.digest(self._key, f"{shape}/{turn}/{right}".encode(), hashlib.sha256)
                left, right = right, left ^ (int.from_bytes(told, "big") & mask)
            number = left << half | right
            if number < size:
                return number


def _public(name: str, first: str, second: str) -> str | None:
    """What the elements are of a segment whose qualifiers say that nothing in it is a person's; None of others."""
    if (name == "N1" and first in _PUBLIC) or (name == "NM1" and first in _PUBLIC and second != _PERSON):
        return "p"
    if name == "PRV" and second in _TAXONOMIES:
        return "33k2T3"
    if name == "REF" and first in _OF_PAYERS:
        return "3ytC"
    return "33n" if name == "DTP" and second == _CLOCK else None


@lru_cache(maxsize=100_000)
def _has_form(text: str, kind: str) -> bool:
    """Whether a value is what its element holds: a number, or a code of that length. Blanks around it do not count."""
    core = text.strip()
    if not core:
        return True
    if (form := _PART_FORMS.get(kind)) is not None:
        return core in _CONTEXTS if kind == "x" and " " in core else form.fullmatch(core) is not None
    if kind == "n":
        return _NUMBER.fullmatch(core) is not None
    if kind == "m":
        return core.isascii() and core.isdigit() and len(core) <= _LONGEST_ORDINAL
    if kind == "1":
        return len(core) == 1
    if _CODE.fullmatch(core) is None:
        return False
    if kind == "y":
        return len(core) <= _LONGEST_NUMBER
    if kind == "k":
        if "-" in core:  # as an SSN has; of codes only those of LOINC
            return _LOINC.fullmatch(core) is not None
        has_digit = any(char.isdigit() for char in core)
        return len(core) <= (_LONGEST_CODE if has_digit else _LONGEST_WORD)
    return len(core) <= int(kind) and (len(core) <= _LONGEST_WORD or any(char.isdigit() for char in core))


def _is_known(name: str) -> bool:
    """Whether a table has a segment of that name."""
    return name.strip() in _SEGMENTS or name.strip() in _OTHER_NAMES


def _capital(char: str) -> str:
    """Its capital letter; the letter itself where that is two (a sharp s), or is another's too (a micro sign)."""
    upper = char.upper()
    return upper if len(upper) == 1 and upper.lower() == char else char


@cache
def _alphabet(char: str) -> str:
    """The characters that one may become: its own kind, or itself."""
    for alphabet in ("0123456789", _LETTERS, _OTHERS):
        if char in alphabet:
            return alphabet
    if char.isascii() or not char.isalnum():
        return char
    first = ord(char) // _BLOCK * _BLOCK
    others = (chr(number) for number in range(max(first, 128), first + _BLOCK))
    return "".join(one for one in others if _kind_of(one) == _kind_of(char)) or char


def _kind_of(char: str) -> tuple[str, bool]:
    """What a character beyond ASCII must have in common with those that it may become."""
    return unicodedata.category(char), len(char.lower()) == 1 and char.lower() != char and _capital(
        char.lower()
    ) == char


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _is_date(text: str) -> bool:
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return False
    try:
        return _day(text).year > 1
    except ValueError:
        return False
