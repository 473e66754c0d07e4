"""`eob`: a remittance that a person can read, as text, HTML or PDF; codes are told in our own words."""

from __future__ import annotations

from cli.jobs.eob.content import Fact, Part, PartClaim, PartEnd, PartHead, PartNote
from cli.jobs.eob.read import of_claim, of_file

__all__ = ["Fact", "Part", "PartClaim", "PartEnd", "PartHead", "PartNote", "of_claim", "of_file"]
