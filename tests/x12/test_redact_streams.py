"""`redact` while it copies: a file of any size in little memory, and nothing left of a copy that did not end."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from cli.jobs import redact as job
from edi.model.errors import TemporaryError, UsageError
from edi.transport.base import NameTakenError
from edi.transport.whole import stream_whole
from tests.remits import claim, file_of, line, payment

ONE = file_of(payment([claim("A0000001", line("97110", 5000, 4000), line("97140", 5000, 4000))]))
MEGABYTE = 1 << 20
BLOCK = MEGABYTE // 4
COPY = """
import json, resource, sys
from pathlib import Path
from cli.jobs.redact import redact
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(done,) = redact([Path(sys.argv[1])], Path(sys.argv[2]))
print(json.dumps([before // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]))
"""


def written(path: Path, blocks: int) -> Path:
    """A file of so many interchanges that it has that many blocks."""
    with path.open("wb") as sink:
        block = ONE * (BLOCK // len(ONE))
        for _ in range(blocks):
            sink.write(block)
    return path


def peak(path: Path, out: Path) -> int:
    tracemalloc.start()
    (done,) = job.redact([path], out)
    assert isinstance(done, job.Redacted)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    copied = Path(done.copy).read_bytes()
    assert copied.count(b"CLP*") == path.read_bytes().count(b"CLP*")
    return taken


def test_a_copy_is_never_whole_in_memory(tmp_path):
    small = peak(written(tmp_path / "small", 1), tmp_path / "out")
    large = peak(written(tmp_path / "large", 4), tmp_path / "out")
    assert large < small + MEGABYTE
    assert large < 8 * MEGABYTE


@pytest.mark.soak
def test_two_hundred_megabytes_take_no_more_memory(tmp_path):
    path = written(tmp_path / "large.835", 200 * MEGABYTE // BLOCK)
    told = subprocess.run(
        [sys.executable, "-c", COPY, str(path), str(tmp_path / "out")],
        capture_output=True, check=True, cwd=Path(__file__).parents[2], timeout=900,
    )  # fmt: skip
    before, after = json.loads(told.stdout)
    print(f"200 MB redacted: {before} MB before, {after} MB at most")
    assert after - before < 60
    assert (tmp_path / "out" / "large.835").stat().st_size > 190 * MEGABYTE


def test_a_file_that_cannot_be_read_to_its_end_leaves_no_copy(tmp_path, monkeypatch):
    def failing(_path):
        yield ONE
        raise TemporaryError("reading failed")

    monkeypatch.setattr(job, "read_blocks", failing)
    with pytest.raises(TemporaryError):
        list(job.redact([tmp_path / "a.835"], tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []
    monkeypatch.setattr(job, "read_blocks", lambda _path: iter([b"Dear practice"]))
    (failed,) = job.redact([tmp_path / "a.835"], tmp_path / "out")
    assert isinstance(failed, job.NotRedacted)
    assert "no X12" in failed.reason
    assert list((tmp_path / "out").iterdir()) == []


def test_a_copy_is_its_owners_alone_and_replaces_nothing(tmp_path):
    path = written(tmp_path / "a.835", 1)
    (done,) = job.redact([path], tmp_path / "out")
    assert Path(done.copy).stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError):
        list(job.redact([path], tmp_path / "out"))
    with pytest.raises(NameTakenError):
        stream_whole(Path(done.copy), [b"other"])
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["a.835"]
