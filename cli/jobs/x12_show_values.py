"""What the views of several transaction sets show in the same way."""

from __future__ import annotations

from datetime import date
from typing import Any

from cli.render import mask
from edi.model.remittance import Procedure


def procedure_json(procedure: Procedure) -> dict[str, Any]:
    """A procedure as contract.md shows it."""
    return {"qualifier": procedure.qualifier, "code": procedure.code, "modifiers": procedure.modifiers}


def procedure_text(procedure: Procedure) -> str:
    """A procedure in one phrase: code and modifiers."""
    return " ".join([procedure.code, *procedure.modifiers])


def day(value: date | None) -> str:
    """A date for the terminal, "-" when there is none."""
    return value.isoformat() if value is not None else "-"


def name_text(last: str | None, first: str | None, show_phi: bool) -> str:
    """A person's name for the terminal, last name first, each part masked unless ``show_phi``."""
    return " ".join([mask(name, show_phi) for name in (last, first) if name])
