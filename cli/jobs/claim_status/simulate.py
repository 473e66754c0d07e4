"""The test payer's 277 to a 276 file, from the truth that `simulate` wrote about the claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

import msgspec

from cli.jobs.inquiries.simulating import SimulatedAnswers, answer_files
from edi.model.errors import InputError
from edi.testpayer import Truth
from edi.testpayer.claim_status import answer_status
from edi.transactions import t276, t277


def simulate_status(*files: Path, out: Path, truths: Sequence[Path], today: date) -> SimulatedAnswers:
    """Answer 276 files as ``answer_files`` does.

    ``truths`` are the truth files of the claims that the payer has; none: those that `simulate` put beside ``out``.

    Raises:
        InputError: also when a truth file is none.
    """
    known = [_truth(path) for path in truths or _beside(out)]
    reply = partial(answer_status, truths=known, today=today)
    return answer_files(files, (t276, t277), lambda _file: reply, name="status", out=out, today=today)


def _beside(out: Path) -> list[Path]:
    """The truth files about claims; those about inquiries are named for their transaction set."""
    inquiries = {f"{out.name}-truth-{kind}.json" for kind in ("270", "276")}
    found = out.parent.glob(f"{out.name}-truth-[0-9]*.json")
    return sorted(path for path in found if path.name not in inquiries)


def _truth(path: Path) -> Truth:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Truth)
    except OSError:
        raise InputError(f"{path}: there is no such file") from None
    except msgspec.DecodeError:
        raise InputError(f"{path}: this is no truth file of claimloop simulate") from None
