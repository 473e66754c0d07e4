"""`ingest`, `claims import`, `payments add` and `deposits import` of broken files: no crash, and `verify` holds.

Each reader works on one SQLite store that lives for some hundred inputs. After each input its tables are not looked at;
after every few, `verify` recomputes all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from cli.jobs.deposits import ImportRequest, import_deposits
from cli.jobs.payments.add import AddRequest, add_payments
from cli.settings import DepositsSettings
from edi.codes.lookup import load_tables
from edi.payers import shipped_packs
from tests.builders import TODAY, make_claim, make_line
from tests.fuzz.readers import NOW, NeitherReadNorRefusedError, Reader
from tests.jobs.conftest import Desk

_INPUTS_A_STORE: Final = 200
_INPUTS_A_VERIFY: Final = 20
_BATCH_PATIENCE: Final = 4.0
"""Times the time of a reader alone: a database writes to a disk, and each twentieth input pays for a `verify`."""


class Broken:
    """A desk that is made anew after some hundred inputs.

    Args:
        take: takes one file in, and says what became of it.
        suffix: of the file's name.
    """

    def __init__(self, take: Callable[[Desk, Path], Iterator[str]], suffix: str) -> None:
        self._take = take
        self._suffix = suffix
        self._desk: Desk | None = None
        self._count = 0
        self._unverified: list[bytes] = []

    def read(self, data: bytes, folder: Path) -> set[str]:
        """Take an input in; every few times look whether the books hold."""
        if self._desk is None or self._count % _INPUTS_A_STORE == 0:
            self._close()
            self._desk = _desk(folder)
        self._count += 1
        self._unverified.append(data)
        try:
            said = self._taken(self._desk, data)
            broken = self._desk.broken() if len(self._unverified) >= _INPUTS_A_VERIFY else []
        except BaseException:
            self._close()
            raise
        if broken:
            inputs = self._unverified
            self._close()
            raise NeitherReadNorRefusedError(f"verify: {', '.join(broken)}", self._guilty(inputs, folder))
        if len(self._unverified) >= _INPUTS_A_VERIFY:
            self._unverified = []
        return said

    def alone(self, data: bytes, folder: Path) -> set[str]:
        """Take an input into a store of its own, and verify."""
        desk = _desk(folder)
        try:
            said = self._taken(desk, data)
            broken = desk.broken()
        finally:
            desk.store.close()
        if broken:
            raise NeitherReadNorRefusedError(f"verify: {', '.join(broken)}")
        return said

    def _taken(self, desk: Desk, data: bytes) -> set[str]:
        path = desk.folder / f"input{self._count}{self._suffix}"
        path.write_bytes(data)
        try:
            return set(self._take(desk, path))
        finally:
            path.unlink()

    def _guilty(self, inputs: list[bytes], folder: Path) -> bytes | None:
        """The input that breaks a store alone; None when it takes several."""
        for data in inputs:
            try:
                self.alone(data, folder)
            except NeitherReadNorRefusedError:
                return data
        return None

    def _close(self) -> None:
        if self._desk is not None:
            self._desk.store.close()
        self._desk, self._unverified = None, []


def _desk(folder: Path) -> Desk:
    """A store with two claims that were sent."""
    home = Path(mkdtemp(dir=folder))
    desk = Desk(f"sqlite:///{home / 'claimloop.db'}", home)
    lines = (
        make_line(1, line_control_number="L0000011"),
        make_line(2, "97140", line_control_number="L0000012"),
    )
    desk.submit(make_claim(), make_claim(patient_control_number="A0000002", lines=lines))
    return desk


def _ingested(desk: Desk, path: Path) -> Iterator[str]:
    for entry in desk.ingest(path, second_opinion_megabytes=1).files:
        yield f"{entry.kind and entry.kind[:3]}{entry.outcome}"
        yield from (finding.code for finding in entry.findings)
        yield from (payment.outcome for payment in entry.payments)


def _imported(desk: Desk, path: Path) -> Iterator[str]:
    for entry in desk.import_claims(path).files:
        yield f"{entry.kind and entry.kind[:3]}{entry.outcome}"
        yield from (finding.code for finding in entry.findings)


def _added(desk: Desk, path: Path) -> Iterator[str]:
    request = AddRequest(
        paths=(path,),
        now=NOW,
        practices={one.id: one for one in desk.practices},
        payers=shipped_packs(),
        tables=load_tables(),
    )
    for entry in add_payments(request, desk.store).files:
        yield str(entry.outcome)
        yield from (finding.code for finding in entry.findings)


def _banked(desk: Desk, path: Path) -> Iterator[str]:
    request = ImportRequest(
        paths=(path,), now=NOW, today=TODAY, settings=DepositsSettings(), payers=shipped_packs()
    )
    for entry in import_deposits(request, desk.store).files:
        yield str(entry.outcome)
        yield from (finding.code for finding in entry.findings)


def in_stores() -> dict[str, Reader]:
    """The commands that take files into a store, by name."""
    incoming = ("835", "999", "277", "TA1", "271", "bad", "archive", "report")
    listed = (
        ("ingest", _ingested, ".835", incoming, 6.0),
        ("claims import", _imported, ".837", ("837",), 2.0),
        ("payments add", _added, ".csv", ("payments",), 1.0),
        ("payments add toml", _added, ".toml", ("payments",), 1.0),
        ("deposits import", _banked, ".txt", ("deposits", "bai2"), 1.0),
    )
    return {
        name: Reader(
            name=name,
            read=(store := Broken(take, suffix)).read,
            alone=store.alone,
            seeds=seeds,
            share=share,
            patience=_BATCH_PATIENCE,
        )
        for name, take, suffix, seeds, share in listed
    }
