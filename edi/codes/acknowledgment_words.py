"""What the codes of TA1, 999, 277CA and 277 mean, in our own words; a code that is not here is shown as unknown.

Source: facts/code_sets.csv (999-IK304, 999-IK403, TA104; the categories A0 to A8 and the entities are in the table
code_sets). IK502, AK905, TA105, the families of categories and the claim status codes are our own words and not
verified against their lists: they say where to look, and no status code decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SEGMENT_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1": "is not known",
        "2": "should not be there",
        "3": "is required and missing",
        "4": "begins its loop more often than allowed",
        "5": "stands more often than allowed",
        "6": "does not belong to this kind of file",
        "7": "stands in the wrong order",
        "8": "has an element that is wrong",
        "I4": "is present and must not be used",
        "I6": "lacks another segment that it depends on",
        "I7": "begins its loop less often than required",
        "I8": "stands less often than required",
        "I9": "is present and another segment forbids it",
    }
)
"""IK304 (AK304 of a 997)."""
ELEMENT_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1": "is required and missing",
        "2": "is required by another element and missing",
        "3": "is one element too many",
        "4": "is too short",
        "5": "is too long",
        "6": "has a character that is not allowed",
        "7": "is no code that is allowed there",
        "8": "is no valid date",
        "9": "is no valid time",
        "10": "excludes another element that is present",
        "12": "is repeated too often",
        "13": "has too many components",
        "I6": "has no value that the guide allows",
        "I9": "lacks another element that it depends on",
        "I10": "is present and must not be used",
        "I11": "is repeated less often than required",
        "I12": "has not the form that is required",
        "I13": "depends on another element that is not as required",
    }
)
"""IK403 (AK403 of a 997)."""
SET_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1": "the kind of transaction set is not taken",
        "2": "the SE is missing",
        "3": "SE02 is not ST02",
        "4": "SE01 is not the count of segments",
        "5": "one or more segments are wrong",
        "6": "ST01 is missing or wrong",
        "7": "ST02 is missing or wrong",
        "23": "ST02 stands twice in the group",
        "I5": "one or more segments break the guide",
        "I6": "the guide named in ST03 is not taken",
    }
)
"""IK502 (AK502 of a 997)."""
GROUP_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1": "this kind of group is not taken",
        "2": "the version in GS08 is not taken",
        "3": "the GE is missing",
        "4": "GE02 is not GS06",
        "5": "GE01 is not the count of transaction sets",
        "6": "GS06 is wrong",
    }
)
"""AK905."""
INTERCHANGE_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "000": "no error",
        "001": "ISA13 and IEA02 differ",
        "002": "the standard named in ISA11 is not taken",
        "003": "the version in ISA12 is not taken",
        "004": "the segment terminator is wrong",
        "005": "the qualifier of the sender (ISA05) is wrong",
        "006": "the sender (ISA06) is not known",
        "007": "the qualifier of the receiver (ISA07) is wrong",
        "008": "the receiver (ISA08) is not known",
        "009": "the receiver does not know this interchange",
        "010": "ISA01 is wrong",
        "011": "ISA02 is wrong",
        "012": "ISA03 is wrong",
        "013": "ISA04 is wrong",
        "014": "the date (ISA09) is wrong",
        "015": "the time (ISA10) is wrong",
        "016": "ISA11 is wrong",
        "017": "the version (ISA12) is wrong",
        "018": "the interchange control number (ISA13) is wrong",
        "019": "ISA14 is wrong",
        "020": "ISA15 says test or production and the other was expected",
        "021": "IEA01 is not the count of groups",
        "022": "the control structure is wrong",
        "023": "the file ends too early",
        "024": "the content is wrong",
        "025": "the control number was used before",
        "026": "the element separator is wrong",
        "027": "the component separator is wrong",
    }
)
"""TA105."""
CLAIM_STATUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "16": "passed on",
        "19": "received",
        "20": "taken in for processing",
        "21": "information that is missing or wrong",
        "33": "subscriber and member id not found",
        "54": "a duplicate of a claim or line that was processed",
        "78": "a duplicate of a claim or line that waits",
        "88": "not covered on the dates of service",
        "97": "coverage not found",
        "116": "sent to the wrong payer",
        "122": "information without which the payer cannot process it",
        "125": "name",
        "126": "address",
        "128": "tax id",
        "145": "taxonomy",
        "153": "identifier",
        "158": "birth date",
        "164": "member or contract number",
        "187": "dates of service",
        "247": "service line",
        "249": "place of service",
        "254": "principal diagnosis",
        "255": "diagnosis",
        "453": "modifiers",
        "454": "procedure code",
        "476": "units of service",
        "477": "diagnosis pointer",
        "496": "the submitter may not send for it",
        "500": "ZIP code",
        "535": "claim frequency",
        "562": "NPI",
    }
)
"""STC01-2 (also STC10-2, STC11-2), as far as they are common in rejections; unverified."""
CATEGORY_FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "A": "acknowledged",
        "D": "nothing found",
        "E": "the inquiry could not be answered",
        "F": "finished",
        "P": "pending",
        "R": "information wanted",
    }
)
"""STC01-1 by its first letter, where the category itself has no words; unverified."""


def word(words: Mapping[str, str], code: str) -> str:
    """The words of a code with the code behind them; of a code that is not known that it is not."""
    return f"{words[code]} ({code})" if code in words else f"code {code} (not known here)"
