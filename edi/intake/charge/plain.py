"""What a line that is on no claim would have charged, as far as the line and fees.csv alone can tell."""

from __future__ import annotations

from collections.abc import Iterable

from edi.codes import Tables
from edi.model.records import Fee
from edi.model.session import SessionLine
from edi.model.units import UNIT_MINUTES, units_from_minutes


class PlainCharges:
    """The rows of fees.csv that hold for every payer, therapist and place; built once per run."""

    def __init__(self, fees: Iterable[Fee], tables: Tables) -> None:
        self._tables = tables
        self._by_code: dict[str, list[Fee]] = {}
        for fee in fees:
            if fee.kind == "charge" and not (
                fee.payer or fee.modifier or fee.credential or fee.place_of_service
            ):
                self._by_code.setdefault(fee.code, []).append(fee)

    def charge(self, line: SessionLine) -> int | None:
        """Cents of a line: its own charge, else the one fee of its code and day; None when that cannot be told.

        Units that are blank are those its minutes earn by themselves, by the count of Medicare.
        """
        if line.charge is not None:
            return line.charge
        day = line.date_of_service
        fees = [
            fee
            for fee in self._by_code.get(line.procedure_code, ())
            if fee.practice_id in ("", line.practice_id)
            and fee.valid_from <= day
            and (fee.valid_to is None or day <= fee.valid_to)
        ]
        units = self._units(line)
        if len(fees) != 1 or units is None:
            return None
        return fees[0].amount * (units if fees[0].basis == "per_unit" else 1)

    def _units(self, line: SessionLine) -> int | None:
        if line.units is not None:
            return line.units
        known = self._tables.procedure(line.procedure_code)
        if known is not None and known.time_basis == "untimed":
            return 1
        if known is None or known.minutes != UNIT_MINUTES or line.minutes is None:
            return None
        return units_from_minutes(line.minutes)
