"""`init`: the files a new installation starts from, and an empty store."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from cli.settings import load_settings
from edi.model.errors import UsageError
from reconcile.store import open_store


class Initialised(msgspec.Struct, frozen=True, kw_only=True):
    """The files written, and the folders made for the example clearinghouse."""

    folder: str
    files: tuple[str, ...]
    folders: tuple[str, ...]
    database: str


FOLDERS = ("clearinghouse/to", "clearinghouse/from")


def initialise(folder: Path) -> Initialised:
    """Write templates and an empty store into a folder; nothing that is there is overwritten.

    Raises:
        UsageError: one of the files is there already; nothing was written.
    """
    templates = sorted(
        (one for one in files("cli").joinpath("templates").iterdir() if one.name.endswith((".toml", ".csv"))),
        key=lambda one: one.name,
    )
    taken = [one.name for one in templates if (folder / one.name).exists()]
    if taken:
        raise UsageError(f"{folder} has {', '.join(taken)} already; nothing was written")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for template in templates:
        (folder / template.name).write_bytes(template.read_bytes())
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    settings = load_settings(folder / "claimloop.toml", environment={})
    open_store(settings.store.database, Path(settings.store.vault)).close()
    return Initialised(
        folder=str(folder),
        files=tuple(one.name for one in templates),
        folders=FOLDERS,
        database=settings.store.database,
    )
