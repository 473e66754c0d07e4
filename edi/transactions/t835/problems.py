"""What is wrong with an 835, element by element: the Findings RMT001 to RMT008."""

from __future__ import annotations

from edi.model.finding import Finding, Location, Severity


class Problems:
    """Findings about one transaction set, gathered until the reader yields them. Values are never echoed."""

    def __init__(self, transaction: str, file: str | None) -> None:
        self._transaction = transaction
        self._file = file
        self.found: list[Finding] = []

    def take(self) -> list[Finding]:
        """Return what was found since the last call."""
        found, self.found = self.found, []
        return found

    def add(
        self,
        code: str,
        message: str,
        segment: int,
        name: str,
        *,
        severity: Severity = Severity.ERROR,
        claim: str | None = None,
    ) -> None:
        """Note a problem at an ordinal and element (``CLP04``).

        ``claim`` is the CLP01 of the claim it is about, "" where that is empty; None: it is about no claim.
        """
        where = Location(
            file=self._file, segment=segment, element=name, transaction=self._transaction, claim=claim
        )
        self.found.append(Finding(code=code, severity=severity, message=message, location=where))

    def bad_amount(self, segment: int, name: str, claim: str | None = None) -> None:
        """A required amount that is none; 0 stands in."""
        message = f"{name} is missing or not an amount; 0 stands in for it"
        self.add("RMT001", message, segment, name, claim=claim)

    def bad_date(self, segment: int, name: str, claim: str | None = None) -> None:
        """A date that is none."""
        self.add("RMT002", f"{name} is not a date; it is left out", segment, name, claim=claim)

    def bad_optional_amount(self, segment: int, name: str, claim: str | None = None) -> None:
        """An optional amount that is none."""
        self.add("RMT003", f"{name} is not an amount; it is left out", segment, name, claim=claim)

    def unread(self, segment: list[str], known: int, ordinal: int, claim: str | None = None) -> None:
        """Name each filled element beyond the ``known`` ones, for which the model has no place."""
        for index in range(known + 1, len(segment)):
            if segment[index]:
                name = f"{segment[0]}{index:02d}"
                message = f"{name} is not read: there is no place for it"
                self.add("RMT006", message, ordinal, name, severity=Severity.INFO, claim=claim)

    def check_clp(
        self, clp: list[str], charge: int | None, paid: int | None, patient: int | None, ordinal: int
    ) -> None:
        """Name what is wrong with CLP01 to CLP05, given what its amounts were read as."""
        number = clp[1]
        if charge is None:
            self.bad_amount(ordinal, "CLP03", number)
        if paid is None:
            self.bad_amount(ordinal, "CLP04", number)
        if patient is None and clp[5]:
            self.bad_optional_amount(ordinal, "CLP05", number)
        if not clp[1]:
            self.add("RMT008", "CLP01 is empty: the claim has no patient control number", ordinal, "CLP01")
        if not clp[2]:
            self.add("RMT008", "CLP02 is empty: the claim has no status", ordinal, "CLP02", claim=number)

    def check_svc(
        self, composite: str, charge: int | None, paid: int | None, ordinal: int, claim: str
    ) -> None:
        """Name what is wrong with SVC01 to SVC03, given what its amounts were read as."""
        if charge is None:
            self.bad_amount(ordinal, "SVC02", claim)
        if paid is None:
            self.bad_amount(ordinal, "SVC03", claim)
        if not composite:
            self.add("RMT008", "SVC01 is empty: the line has no procedure", ordinal, "SVC01", claim=claim)

    def unexpected(self, tag: str, ordinal: int) -> None:
        """A segment that no claim or line can own; unknown ids are not echoed unless they look like one."""
        name = tag if 2 <= len(tag) <= 3 and tag.isascii() and tag.isalnum() else "a segment"
        message = f"{name} stands where no claim can own it and is not read"
        self.add("RMT007", message, ordinal, name, severity=Severity.WARNING)
