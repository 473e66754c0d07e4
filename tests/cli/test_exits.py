"""Exit codes: which wins, and that each way out of the command line has its own."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli import app as shell
from cli.exits import MEANING, ExitCode, Stopped, worst
from edi.model.errors import AccessError, ClaimloopError, InputError, SettingsError, TemporaryError

COMMAND = Path(sys.executable).with_name("claimloop")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 0),
        ([0, 1], 1),
        ([1, 75], 75),
        ([75, 3], 3),
        ([3, 2], 2),
        ([2, 4], 4),
        ([4, 70], 70),
        ([70, 5], 5),
        ([0, 1, 2, 3, 4, 5, 70, 75], 5),
    ],
)
def test_the_worst_code_wins(codes, expected):
    assert worst(map(ExitCode, codes)) == expected
    assert worst(map(ExitCode, reversed(codes))) == expected


def test_every_code_has_a_meaning():
    assert set(MEANING) == set(ExitCode)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("no key"), 2),
        (InputError("empty"), 3),
        (AccessError("no"), 4),
        (TemporaryError("busy"), 75),
        (ClaimloopError("odd"), 70),
        (OSError(errno.ENOSPC, "No space left on device", "f"), 75),
        (OSError(errno.EROFS, "Read-only file system", "f"), 4),
        (FileNotFoundError(errno.ENOENT, "No such file", "f"), 3),
        (ValueError("JANE DOE"), 70),
        (Stopped(ExitCode.TERMINATED), 143),
        (Stopped(ExitCode.INTERRUPTED), 130),
    ],
)
def test_each_error_ends_with_its_code_and_one_line(error, code, monkeypatch, capsys):
    def fail() -> None:
        raise error

    monkeypatch.setattr(shell, "app", fail)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as ended:
            shell.main()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert ended.value.code == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("claimloop: ")
    assert said.err.count("\n") == 1
    assert "JANE" not in said.err


def test_an_unknown_command_is_a_usage_error():
    done = subprocess.run([COMMAND, "reconsider"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
