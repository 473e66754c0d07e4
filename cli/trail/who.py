"""Who is at work, and which file it is."""

from __future__ import annotations

import hashlib
import os
import pwd
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ACTOR_VARIABLE: Final = "CLAIMLOOP_ACTOR"
"""Environment variable that says who is at work, where many people share one account of the system."""
LONGEST_ACTOR: Final = 100
_BLOCK: Final = 1 << 20


def actor(environment: Mapping[str, str]) -> str:
    """Who is at work: the account of the system and the machine; before it what `ACTOR_VARIABLE` says.

    The account is that of the process, which the system vouches for. The variable is what the caller says.
    """
    try:
        account = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        account = str(os.geteuid())
    where = f"{account}@{socket.gethostname()}"
    said = " ".join(environment.get(ACTOR_VARIABLE, "").split())[:LONGEST_ACTOR]
    return f"{said} ({where})" if said else where


def digest_of_file(path: Path) -> str:
    """The SHA-256 of a file in hex; "" of what is no file, or cannot be read."""
    if not path.is_file():
        return ""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()
