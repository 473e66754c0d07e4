"""What `send` and `fetch` say: files that went over or came, whose trouble stopped them, and what waits."""

from __future__ import annotations

import msgspec


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the trading partner holds: claims, or inquiries about coverages or claims.

    ``already_there``: an earlier, interrupted run had delivered it.
    """

    file: str
    partner: str
    claims: int
    already_there: bool
    inquiries: int = 0


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is now here, whole."""

    file: str
    partner: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why a partner's exchange stopped, or that of one file of ours. ``exit_code`` is the error's own.

    ``sha256`` is the file's; "" of what is the partner's.
    """

    partner: str
    message: str
    exit_code: int
    sha256: str = ""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A file that no run sends: its trading partner was not among those asked."""

    file: str
    partner: str


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """What went over, which partners had trouble, and which files wait for partners that were not asked."""

    sent: tuple[Sent, ...] = ()
    fetched: tuple[Fetched, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    waiting: tuple[Waiting, ...] = ()
