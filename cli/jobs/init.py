"""`init`: the files a new installation starts from, and an empty store."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from cli.privacy import store_of
from cli.private import write_private
from cli.settings import load_settings
from edi.model.errors import UsageError
from edi.transport.whole import private_folder


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
    private_folder(folder)
    for template in templates:
        write_private(folder / template.name, template.read_bytes())
    for name in FOLDERS:
        private_folder(folder / name)
    settings = load_settings(folder / "claimloop.toml", environment={})
    store_of(settings).close()
    return Initialised(
        folder=str(folder),
        files=tuple(one.name for one in templates),
        folders=FOLDERS,
        database=settings.store.database,
    )
