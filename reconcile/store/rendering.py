"""Who rendered a claim and its lines, as the reports name them: a column of each, derived from the kept value.

A column holds NPI and last name with a blank between, "" for nobody. A line's names who rendered it only where the
file says so for the line; of the others the claim's counts: its rendering provider, else the billing provider.
"""

from __future__ import annotations

from edi.model.claim import Claim, ServiceLine
from edi.model.party import Provider


def _named(who: Provider) -> str:
    """A provider as the column holds it."""
    told = f"{who.npi} {who.last_name}"
    return told if told.strip() else ""


def rendered_claim(claim: Claim) -> str:
    """Who rendered the lines of a claim that name nobody."""
    return _named(claim.rendering or claim.billing)


def rendered_line(line: ServiceLine) -> str:
    """Who rendered a line, where it names someone."""
    return "" if line.rendering is None else _named(line.rendering)
