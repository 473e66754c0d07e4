"""The one tree of exceptions: what the caller did wrong, or an edge that broke. Problems in data are Findings.

::

    ClaimloopError
    ├── UsageError            the call cannot be carried out as given            exit 2
    │   ├── SettingsError     claimloop.toml or payers.toml cannot be used       exit 2
    │   └── StoreUrlError     the database URL is not one                        exit 2
    │       └── StoreMissingError  there is no store there yet                   exit 2
    ├── InputError            an input is missing, empty or not what was asked   exit 3
    ├── AccessError           credentials or permission                          exit 4
    ├── StoreError            the store cannot be used as it is                  exit 3
    │   └── StoreVersionError the store was written by a newer claimloop         exit 3
    └── TemporaryError        worth trying again later (busy, full disk, net)    exit 75

Messages never carry PHI: they name file, key, control number and the fix.
"""

from __future__ import annotations

from typing import ClassVar


class ClaimloopError(Exception):
    """Base of all exceptions claimloop raises on purpose; ``exit_code`` is what the command line ends with."""

    exit_code: ClassVar[int] = 70


class UsageError(ClaimloopError):
    """The call cannot be carried out as given."""

    exit_code = 2


class SettingsError(UsageError):
    """claimloop.toml or payers.toml is missing, cannot be parsed or lacks a required key."""


class StoreUrlError(UsageError):
    """The database URL is not one that claimloop can open."""


class StoreMissingError(StoreUrlError):
    """The database URL is fine, but no store was made there yet."""


class InputError(ClaimloopError):
    """An input is missing, empty, unreadable or not the kind of file that was asked for."""

    exit_code = 3


class AccessError(ClaimloopError):
    """Credentials or permission are missing."""

    exit_code = 4


class StoreError(ClaimloopError):
    """The store cannot be used as it is."""

    exit_code = 3


class StoreVersionError(StoreError):
    """The store was written by a newer claimloop."""


class TemporaryError(ClaimloopError):
    """An edge failed in a way that may pass: a busy or unreachable database, a full disk, a dropped connection."""

    exit_code = 75
