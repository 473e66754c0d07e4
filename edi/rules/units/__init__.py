"""Units: what the documented minutes allow, against what is billed.

Units of 15-minute codes are judged over all lines of one patient, day, payer and discipline, by the payer's method. The
arithmetic is ``edi.model.units``; here it is set against the lines, and said so that a biller can follow it.
Source: units_rules.md (CMS Pub. 100-04 ch. 5 s20.2; the CPT midpoint).
"""

from __future__ import annotations
