"""Days counted from dates of files, where senders write 99991231 for "no end" and 00010101 for "no date"."""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, date, timedelta


def days_after(day: date, days: int) -> date:
    """The day so many days later, or earlier for a minus; the last or first day there is, where that is past it."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def months_after(day: date, months: int) -> date:
    """The same day so many months later, the last of that month where it has none; as far as `days_after` goes."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        return date.max if months > 0 else date.min
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
