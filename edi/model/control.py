"""Control numbers as payers send them back: one canonical spelling for looking them up."""

from __future__ import annotations


def normalise_control_number(text: str) -> str:
    """Return the spelling under which control numbers are indexed and compared.

    Payers lower-case, pad with zeros or blanks and put in dashes; so: upper case, ASCII letters and digits only,
    leading zeros dropped. An all-zero or empty number gives "" or "0".
    """
    kept = text.upper()
    if not (kept.isascii() and kept.isalnum()):
        kept = "".join([c for c in kept if c.isascii() and c.isalnum()])
    stripped = kept.lstrip("0")
    return stripped or kept[:1]
