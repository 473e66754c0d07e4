"""The test payer's 271 to a 270 file, drawn from a seed."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from random import Random

from cli.jobs.inquiries.simulating import Reply, SimulatedAnswers, answer_files
from edi.testpayer.eligibility import answer_inquiries
from edi.transactions import t270, t271


def simulate_answers(*files: Path, out: Path, seed: int, today: date) -> SimulatedAnswers:
    """Answer 270 files, each as if it came alone with this seed; else as ``answer_files``."""

    def reply_to(_file: Path) -> Reply:
        return partial(answer_inquiries, rng=Random(seed), today=today)

    return answer_files(files, (t270, t271), reply_to, name="eligibility", out=out, today=today, seed=seed)
