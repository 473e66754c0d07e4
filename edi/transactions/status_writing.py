"""Writing a 276 or a 277: levels, parties, references, days and statuses. Source: 005010X212, loops 2000A to 2220E."""

from __future__ import annotations

from datetime import date

from edi.model.money import format_amount
from edi.model.remittance import Reference
from edi.model.status import ClaimStatus, StatusCode, StatusLine
from edi.transactions.levels import PartyWriter
from edi.transactions.status_levels import LINE_NUMBER, SERVICE_DATE


class StatusWriter(PartyWriter):
    """Writes what stands on the levels of a 276 or 277."""

    def references(self, *references: Reference) -> None:
        """A REF for each that has a value."""
        for kind, value in references:
            if value:
                self.add("REF", self.code[kind], self.code[value])

    def period(self, first: date | None, last: date | None) -> None:
        """DTP*472 where the days are known."""
        if first is None:
            return
        if last is None or last == first:
            self.add("DTP", SERVICE_DATE, "D8", f"{first:%Y%m%d}")
        else:
            self.add("DTP", SERVICE_DATE, "RD8", f"{first:%Y%m%d}-{last:%Y%m%d}")

    def charge(self, cents: int | None) -> None:
        """AMT*T3 where the charge is known."""
        if cents is not None:
            self.add("AMT", "T3", format_amount(cents))

    def line(self, line: StatusLine) -> None:
        """2210 or 2220: SVC and what stands below it."""
        procedure = line.procedure
        parts = [self.code[one] for one in (procedure.qualifier, procedure.code, *procedure.modifiers)]
        self.add(
            "SVC",
            self.component.join(parts),
            _amount(line.charge),
            _amount(line.paid),
            self.code[line.revenue_code],
            "",
            "",
            line.units,
        )
        for status in line.statuses:
            self.status(status)
        self.references((LINE_NUMBER, line.line_control_number))
        self.period(line.date_from, line.date_to)

    def status(self, status: ClaimStatus) -> None:
        """STC."""
        first, second, third = [*(self._composite(code) for code in status.codes), "", "", ""][:3]
        self.add(
            "STC",
            first,
            _day(status.effective_on),
            self.code[status.action],
            _amount(status.charge),
            _amount(status.paid),
            _day(status.finalized_on),
            self.code[status.method],
            _day(status.remitted_on),
            self.code[status.check_number],
            second,
            third,
            self.text[status.message] if status.message else "",
        )

    def _composite(self, code: StatusCode) -> str:
        parts = [self.code[one] for one in (code.category, code.status, code.entity, code.code_list)]
        return self.component.join(parts).rstrip(self.component)


def _amount(cents: int | None) -> str:
    return "" if cents is None else format_amount(cents)


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%Y%m%d}"
