"""`claimloop simulate FILE... --out DIR`: the test payer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from cli.jobs.claim_status.simulate import simulate_status
from cli.jobs.eligibility.simulate import simulate_answers
from cli.jobs.inquiries.simulating import SimulatedAnswers, first_kind
from cli.jobs.simulate import Simulated, load_scenario, simulate_all
from cli.options import AsJson, AsOf, out_folder, today
from cli.render import SCHEMA_VERSION, stderr, stdout, write_json
from edi.model.errors import UsageError
from edi.model.money import decimal_text
from edi.transactions import t270, t276

_MONEY = ("charge", "cash", "contractual", "patient", "denied", "pended", "open", "bank")
_COUNTS = ("claims", "rejected", "lines", "undecidable")


def simulate(
    files: Annotated[list[Path], typer.Argument(help="The 837P, 270 or 276 to answer.", metavar="FILE...")],
    out: Annotated[
        Path, typer.Option("--out", callback=out_folder, metavar="DIR", help="Folder for the answer.")
    ],
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Decides every draw of each file.")] = 1,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", metavar="FILE", help="Scenario file, or demo or clean (shipped)."),
    ] = None,
    truths: Annotated[
        list[Path] | None,
        typer.Option(
            "--truth",
            metavar="FILE",
            help="For a 276: what the payer knows of the claims; default: the truths beside --out.",
        ),
    ] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Answer an 837P as a payer would: TA1, 999, 277CA, 835, and the truth as JSON; a 270 by a 271, a 276 by a 277.

    Of several files each is answered as if it came alone.
    """
    kinds = {first_kind(file) for file in files}
    if t276.KIND in kinds:
        if len(kinds) > 1:
            raise UsageError("answer 276 files in a run of their own")
        told = simulate_status(*files, out=out, truths=truths or (), today=today(as_of))
        _show_answers(told, "276", as_json=as_json)
        return
    if t270.KIND in kinds:
        if len(kinds) > 1:
            raise UsageError("answer 837P and 270 files in two runs")
        made_271 = simulate_answers(*files, out=out, seed=seed, today=today(as_of))
        _show_answers(made_271, f"270, seed {seed}", as_json=as_json)
        return
    made = simulate_all(files, out=out, seed=seed, today=today(as_of), scenario=load_scenario(scenario))
    for finding in made.findings:
        stderr().print(f"{finding.code}: {finding.message}", markup=False, soft_wrap=True)
    if as_json:
        write_json(_document(made))
        return
    _show(made)


def _show_answers(made: SimulatedAnswers, what: str, *, as_json: bool) -> None:
    """Say what the 271 or 277 hold."""
    if as_json:
        told = {name: value for name, value in msgspec.structs.asdict(made).items() if value is not None}
        write_json({"schema_version": SCHEMA_VERSION, **told})
        return
    table = Table("answer", "count", title=f"answers to a {what}")
    for outcome, count in made.outcomes.items():
        table.add_row(outcome, str(count))
    stdout().print(table)
    stdout().print(f"{', '.join(made.files)} in {made.folder}, and {made.truth}", markup=False)


def _sums(made: Simulated) -> dict[str, int]:
    """Counts and cents over all interchanges answered."""
    return {name: sum(getattr(one, name) for one in made.totals) for name in (*_COUNTS, *_MONEY)}


def _document(made: Simulated) -> dict[str, object]:
    sums = _sums(made)
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": made.scenario,
        "seed": made.seed,
        "as_of": made.as_of,
        "folder": made.folder,
        "files": made.files,
        "truths": made.truths,
        "totals": {name: decimal_text(sums[name]) if name in _MONEY else sums[name] for name in sums},
        "findings": made.findings,
    }


def _show(made: Simulated) -> None:
    console = stdout()
    sums = _sums(made)
    table = Table("what", "sum", title=f"scenario {made.scenario}, seed {made.seed}")
    for name, value in sums.items():
        table.add_row(name, decimal_text(value) if name in _MONEY else str(value))
    console.print(table)
    console.print(f"{len(made.files)} files and {', '.join(made.truths)} in {made.folder}", markup=False)
