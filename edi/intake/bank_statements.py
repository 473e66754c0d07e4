"""BAI2, the balance and transaction file of US banks, to deposits. The only door to the library bai2.

Credits on detail level (16 records) become deposits: amount, as-of date or value date, bank reference, and the text,
where banks show the addenda of a health care transfer (``TRN*1*trace*originator``). Debits, summaries and status
records are none. Source: the BAI2 records as the library names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from bai2 import bai2
from bai2.constants import FundsType, GroupStatus, TypeCodeLevel, TypeCodeTransaction
from bai2.exceptions import IntegrityException, NotSupportedYetException, ParsingException

from edi.intake.deposits import last_four, money_out, trace_in
from edi.intake.rows import TableSummary
from edi.model.deposit import Deposit
from edi.model.finding import Finding, Location, Severity

NOT_BAI2: Final = "DEP002"
NOT_DOLLARS: Final = "DEP003"
SIGNATURE: Final = b"01,"
"""How the first record of a BAI2 file begins; no heading of a table does."""
_DOLLARS: Final = ("", "USD")
_AMOUNT: Final = re.compile(r" *[+-]?[0-9]+ *")
_DAY: Final = re.compile(r"[0-9]{6}")


def is_bai2(head: bytes) -> bool:
    """Whether a file that begins with these bytes is BAI2."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(SIGNATURE)


def read_bai2(
    chunks: Iterable[bytes], *, file: str | None = None
) -> Iterator[Deposit | Finding | TableSummary]:
    """Read the credits of a BAI2 file.

    Args:
        chunks: its bytes; a bank's file of a day or a month is small and held whole.
        file: its name, for findings.

    Yields:
        Deposits and Findings, and last one TableSummary. A file whose control totals or counts are wrong, or with a
        record that the library does not know, is refused whole: an error and nothing else.
    """
    text = b"".join(chunks).decode("utf-8-sig", errors="replace")
    if not _is_whole(text):
        yield _refused("its first record is not 01 or its last one not 99; it was cut off", file)
        return
    try:
        statement = bai2.parse_from_string(text)
    except IntegrityException:
        yield _refused("its control totals or record counts do not agree with its records", file)
        return
    except (ParsingException, NotSupportedYetException, ValueError, LookupError, TypeError, AttributeError):
        yield _refused(
            "it has a record that is no BAI2, version 2, with the type codes of the standard", file
        )
        return
    if not all(_is_plain(group, entry) for group, _, entry in _entries(statement)):
        yield _refused("it has an amount that is no plain number, or a day that is not YYMMDD", file)
        return
    accepted = out = 0
    for count, (group, account, entry) in enumerate(_entries(statement), 1):
        currency = (account.header.currency or group.header.currency or "").upper()
        if currency not in _DOLLARS:
            yield Finding(
                code=NOT_DOLLARS,
                severity=Severity.WARNING,
                message="an entry is not in US dollars and was left out",
                location=Location(file=file, row=count),
            )
        elif not _is_credit(entry):
            out += 1
        else:
            accepted += 1
            yield _deposit(group, account, entry, file or "", count)
    if out:
        yield money_out(out, file)
    yield TableSummary(file=file or "", rows=accepted, accepted=accepted)


def _is_whole(text: str) -> bool:
    """Whether a file begins and ends as it must: the library never comes back from one that ends with an entry."""
    codes = [line[:3] for line in text.splitlines() if line.strip()]
    return bool(codes) and codes[0] == "01," and codes[-1] == "99," and codes.count("99,") == 1


def _entries(statement: Any) -> Iterator[tuple[Any, Any, Any]]:
    """The entries of groups that report or correct; a group that deletes or tests is none of the books."""
    for group in statement.children:
        if group.header.group_status in (GroupStatus.update, GroupStatus.correction):
            for account in group.children:
                for entry in account.children:
                    yield group, account, entry


def _is_plain(group: Any, entry: Any) -> bool:
    """Whether amount and days are written as BAI2 has them; the library takes 28_09 and 26042 for numbers and days."""
    written = _fields(entry)
    days = [_fields(group.header)[3]]
    if entry.funds_type is FundsType.value_dated:
        days.append(written[3])
    return _AMOUNT.fullmatch(written[1] or "0") is not None and all(
        not one or _DAY.fullmatch(one) for one in days
    )


def _fields(record: Any) -> list[str]:
    """The fields of a record and its continuations as they are written, after its code."""
    return "".join(f"{text.removesuffix('/')}," for _, text in record.rows).split(",")


def _is_credit(entry: Any) -> bool:
    """Whether an entry is money that came in; one without a type code tells nothing of the kind."""
    code = entry.type_code
    return bool(
        code is not None
        and code.transaction is TypeCodeTransaction.credit
        and code.level is TypeCodeLevel.detail
        and (entry.amount or 0) > 0
    )


def _deposit(group: Any, account: Any, entry: Any, file: str, row: int) -> Deposit:
    """One credit as a deposit."""
    text = " ".join((entry.text or "").split())
    trace, payer = trace_in(text)
    day: date = group.header.as_of_date
    if entry.funds_type is FundsType.value_dated and entry.availability and entry.availability["date"]:
        day = entry.availability["date"]
    return Deposit(
        account=last_four(account.header.customer_account_number or ""),
        deposited_on=day,
        amount=entry.amount,
        bank_reference=(entry.bank_reference or "").strip(),
        trace_number=trace or (entry.customer_reference or "").strip(),
        payer_id=payer,
        payer_text=text,
        file=file,
        row=row,
    )


def _refused(why: str, file: str | None) -> Finding:
    return Finding(
        code=NOT_BAI2,
        severity=Severity.ERROR,
        message=f"the BAI2 file cannot be read: {why}",
        location=Location(file=file),
        fix="Ask the bank for the file again, or export the account as CSV.",
    )
