"""`claimloop demo`: the loop once around, with a summary a person can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Final

import typer

from cli.exits import ExitCode, worst
from cli.jobs.code_texts import title
from cli.jobs.demo import SEED, Demo, fresh_folder
from cli.jobs.demo import demo as run_demo
from cli.jobs.lists import counted
from cli.options import AsJson, Quiet, end
from cli.render import SCHEMA_VERSION, bar, finding_json, money, stderr, stdout, write_json
from cli.summaries import held_text, this_command
from edi.codes import load_tables
from reconcile.reports.registry import cell

_HELD_SHOWN: Final = 5


def demo(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A new folder; default: claimloop-demo here.")
    ] = None,
    seed: Annotated[int, typer.Option(help="What the test payer draws from.")] = SEED,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run the whole loop on shipped data against the test payer, offline, in seconds."""
    console = stderr()
    step = None if quiet else (lambda name: console.print(f"… {name}", style="dim", markup=False))
    told = run_demo(folder or fresh_folder(Path.cwd()), seed=seed, step=step)
    if as_json:
        write_json(_document(told))
    else:
        _print(told)
    end(_exit(told))


def _exit(told: Demo) -> ExitCode:
    """0 when the loop finished and the ledger balances; 5 when it does not; a partner's trouble is its own code."""
    troubles = [ExitCode(one.exit_code) for one in (*told.sent.troubles, *told.fetched.troubles)]
    return worst([ExitCode(told.verification.exit_code()), *troubles])


def _held_reasons(told: Demo) -> list[tuple[str, int]]:
    """Codes that hold lines or claims, with how many findings each has, most first."""
    codes = Counter(finding.code for finding in told.created.findings if finding.severity.value == "error")
    return codes.most_common()


def _print(told: Demo) -> None:
    console = stdout()
    for text in _lines(told):
        console.print(text, markup=False, soft_wrap=True)


def _lines(told: Demo) -> Iterator[str]:
    created, sums, counts = told.created, told.totals, told.manifest.totals
    yield ""
    yield (
        f"{told.visits} visits of {told.practices} practices over {told.payers} payers, "
        f"{created.lines + created.rejected_rows} session lines"
    )
    yield ""
    yield f"  claims written    {created.claims:>6}   {money(created.charge):>12}   {created.claim_lines} lines"
    yield from _held_lines(told)
    not_billed = sum(created.not_billed.values())
    reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in created.not_billed.items())
    yield f"  lines not billed  {not_billed:>6}                  {reasons}"
    yield ""
    yield (
        f"  accepted          {_answered(told, 'accepted'):>6}   {_answered(told, 'rejected')} rejected, "
        f"{_answered(told, '')} without an answer"
    )
    yield f"  payments posted   {counts.posted:>6}   {money(sums.bank):>12}   {counts.duplicates} seen before"
    yield ""
    yield f"  charge                     {money(sums.charge):>12}"
    for label, cents in (
        ("paid", sums.paid),
        ("contractual", sums.contractual),
        ("patient", sums.patient),
        ("denied", sums.denied),
        ("open", sums.open),
    ):
        yield f"    {label:<12}             {money(cents):>12}   {bar(cents, sums.charge)}"
    yield ""
    yield "  denied by category"
    waiting = sorted(
        (one for one in told.denials if one["open_count"]), key=lambda one: -cell(one, "open_amount")
    )
    largest = max((cell(one, "open_amount") for one in waiting), default=0)
    for one in waiting:
        cents = cell(one, "open_amount")
        shown = f"{one['group']:<34} {one['open_count']:>3}  {money(cents):>9}"
        yield f"    {shown}   {bar(cents, largest)}"
    yield ""
    yield f"  suspense          {sums.suspense_count:>6}   {money(sums.suspense):>12}"
    yield f"  unmatched         {sums.unmatched_count:>6}   {money(sums.unmatched):>12}"
    yield from _balance(told)
    yield ""
    yield from _where(told)


def _held_lines(told: Demo) -> Iterator[str]:
    held = sum(one.charge for one in told.created.held)
    yield (
        f"  claims held       {len(told.created.held):>6}   {money(held):>12}   "
        f"and {counted(told.created.held_lines, 'line')} held, {counted(told.created.rejected_rows, 'row')} refused "
        "before a claim was made"
    )
    for code, count in _held_reasons(told):
        yield f"    {code:<8} {count:>3}  {title(code)}".rstrip()
    yield ""
    for text in held_text(told.created, most=_HELD_SHOWN):
        yield f"    {text}"
    yield ""


def _answered(told: Demo, word: str) -> int:
    """Claims whose newest acknowledgment says ``word`` (kind:accepted:code); "" counts those without any."""
    return sum(
        count
        for said, count in told.totals.by_acknowledgment.items()
        if (word in said.split(":") if word else not said)
    )


def _balance(told: Demo) -> Iterator[str]:
    sums = told.totals
    failed = [check.name for check in told.verification.checks if not check.holds]
    equation = (
        f"bank {money(sums.bank)} = posted {money(sums.posted)} + suspense {money(sums.suspense)} "
        f"+ unmatched {money(sums.unmatched)} - provider adjustments {money(sums.provider_adjustments)}"
    )
    if failed:
        yield f"  DOES NOT BALANCE  {', '.join(failed)}: claimloop verify says more"
    else:
        yield f"  balanced to the cent: {equation} ({len(told.verification.checks)} checks hold)"


def _where(told: Demo) -> Iterator[str]:
    folder = told.folder
    for what, path in (
        ("sessions and settings", folder),
        ("837P claims", folder / "out"),
        ("what came back", folder / "inbox"),
        ("what the payer meant", folder / "truth"),
        ("store", folder / "claimloop.db"),
    ):
        yield f"  {what:<22} {path}"
    yield ""
    command = this_command()
    rest = "; ".join(f"{command} {words}" for words in ("denials list", "report denials", "verify"))
    yield f"  next: cd {quote(str(folder))}; {rest}"


def _document(told: Demo) -> dict[str, Any]:
    created, sums = told.created, told.totals
    return {
        "schema_version": SCHEMA_VERSION,
        "folder": str(told.folder),
        "visits": told.visits,
        "practices": told.practices,
        "payers": told.payers,
        "session_lines": created.lines + created.rejected_rows,
        "claims": created.claims,
        "claims_held": len(created.held),
        "held": [finding_json(finding) for one in created.held for finding in one.findings],
        "not_billed": created.not_billed,
        "acknowledged": sums.by_acknowledgment,
        "charge": money(sums.charge),
        "paid": money(sums.paid),
        "contractual": money(sums.contractual),
        "patient": money(sums.patient),
        "denied": money(sums.denied),
        "open": money(sums.open),
        "denials": [
            {"category": one["group"], "count": one["count"], "amount": money(cell(one, "amount"))}
            for one in told.denials
        ],
        "suspense": money(sums.suspense),
        "unmatched": money(sums.unmatched),
        "bank": money(sums.bank),
        "balanced": told.verification.holds,
        "tables": load_tables().version,
    }
