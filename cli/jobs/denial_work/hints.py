"""The command that comes next for a denial: what sends the claim again, asks the payer, or closes the item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cli.jobs.denial_work.desk import Case
from reconcile.worklist import TO_DO, WorkState

_CORRECTS: Final = (
    "correct",
    "resubmit",
    "split_and",
    "rebill",
    "fix_",
    "attest_kx",
    "verify_eligibility_correct",
)
_VOIDS: Final = ("void_freq8",)
_SECONDARY: Final = ("bill_secondary", "bill_other_payer", "bill_primary")
_WRITES_OFF: Final = ("write_off", "writeoff")


def hints(case: Case) -> Iterator[str]:
    """The commands that fit a denial's state and next action, the one to begin with first."""
    denial, work = case.denial, case.work
    name, claim, action = denial.work, denial.patient_control_number, denial.next_action
    if work.state is WorkState.APPEALED:
        yield f"claimloop denials resolve {name} --as upheld      if the payer stays with it; money closes it by itself"
        return
    if work.state not in TO_DO | {WorkState.UPHELD}:
        return
    if action.startswith(_VOIDS):
        yield f"claimloop claims void {claim} --out DIR"
    if action.startswith(_CORRECTS) and "no_resubmit" not in denial.guardrails:
        yield f"claimloop claims correct {claim} --out DIR      the denial is corrected by itself when it is sent"
    if action.startswith(_SECONDARY):
        yield f"claimloop claims secondary {claim} --out DIR"
    if _may_appeal(case):
        yield f"claimloop denials appeal {name} --reference NUMBER"
    if any(word in action for word in _WRITES_OFF) or work.state is WorkState.UPHELD:
        yield f"claimloop denials resolve {name} --as written-off --reason WORDS"


def _may_appeal(case: Case) -> bool:
    """Whether a level of appeal is left to ask for."""
    return any(one.what.startswith("appeal") for one in case.deadlines)
