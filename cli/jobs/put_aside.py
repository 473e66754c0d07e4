"""The folders of an inbox where a run puts aside what it took in, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TAKEN: Final = "taken"
NOT_TAKEN: Final = "not-taken"


def was_put_aside(inbox: Path, path: Path) -> bool:
    """Whether a file or folder was moved aside by an earlier run, or is the folder of such; links are not followed."""
    place = path.parent.resolve() / path.name
    root = inbox.resolve()
    return (
        place != root
        and place.is_relative_to(root)
        and place.relative_to(root).parts[0] in (TAKEN, NOT_TAKEN)
    )
