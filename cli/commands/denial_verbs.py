"""What a biller does with denials: assign, note, appeal, corrected, resolve, reopen, snooze, due.

A verb is a function from its own options to a Deed; the options that all verbs have stand once, in ``_shared``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Annotated, Any, Final

import typer

from cli.commands.denial_options import (
    Actor,
    Ids,
    Like,
    OfCategory,
    OfCode,
    OfKind,
    OfOwner,
    OfPayer,
    OfPractice,
    OfReason,
    OfState,
    Yes,
)
from cli.commands.denials import group, known
from cli.exits import ExitCode
from cli.jobs.denial_work import Choice, Desk, Done, choose, do, hints, pool, read_contract
from cli.jobs.lists import counted, known_word
from cli.options import AsJson, AsOf, Config, Database, DryRun, ExitZero, end, parse_date, today, utc_now
from cli.render import SCHEMA_VERSION, finding_json, money, print_findings, stderr, stdout, write_json
from cli.trail import trail
from cli.workspace import workspace
from edi.model.errors import UsageError
from reconcile.worklist import ALLOWED, Deed, Verb, WorkState

Text = Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why, for the log.")]
Reference = Annotated[str, typer.Option("--reference", metavar="NUMBER", help="Of the call or letter.")]


def _shared(
    ids: Ids = None,
    payer: OfPayer = None,
    category: OfCategory = None,
    reason_code: OfReason = None,
    code: OfCode = None,
    practice: OfPractice = None,
    state: OfState = None,
    owner: OfOwner = None,
    kind: OfKind = None,
    like: Like = None,
    yes: Yes = False,
    actor: Actor = "",
    as_json: AsJson = False,
    as_of: AsOf = None,
    config: Config = None,
    database: Database = None,
    dry_run: DryRun = False,
    exit_zero: ExitZero = False,
) -> Choice:
    """What every verb is asked for: which denials, by whom, on which day."""
    del yes, actor, as_json, as_of, config, database, dry_run, exit_zero
    return Choice(
        names=tuple(ids or ()),
        payer=payer,
        category=category,
        reason=reason_code,
        code=code,
        practice=practice,
        state=state,
        owner=owner,
        kind=kind,
        like=like,
    )


def _verb(function: Callable[..., Deed]) -> Callable[..., None]:
    """Make a command of a verb: its own options and the shared ones."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared = list(inspect.signature(_shared, eval_str=True).parameters.values())

    @wraps(function)
    def command(**given: Any) -> None:
        told = {one.name: given.pop(one.name) for one in own}
        day = today(given["as_of"])
        deed = function(day, **told)
        _carry_out(deed, _shared(**given), day, given)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*shared, *own)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def _carry_out(deed: Deed, choice: Choice, day: date, options: dict[str, Any]) -> None:
    """Do the deed to the denials that are meant; where filters mean them, count them unless ``--yes``.

    Raises:
        UsageError: nothing says which denials, or the day lies ahead.
    """
    if day > today(None):
        raise UsageError(f"--as-of {day} lies ahead: a deed has the day on which it was done")
    if choice.empty:
        raise UsageError("name a denial, or give --like ID or a filter such as --payer or --category")
    only_counted = choice.by_filter and not options["yes"]
    look = options["dry_run"] or only_counted
    with workspace(options["config"], options["database"], read_only=look) as opened:
        contract = read_contract(opened.settings)
        desk = Desk(contract, day)
        with opened.store.read() if look else opened.store.write() as connection:
            cases = choose(pool(desk, connection, choice), choice, known(opened, connection))
            if choice.by_filter:
                cases = [one for one in cases if one.work.state in ALLOWED[deed.verb]]
            done = do(
                connection,
                desk,
                cases,
                deed.by(options["actor"]),
                at=utc_now(),
                dry_run=look,
            )
            done = Done(cases=tuple(desk.again(connection, done.cases)), findings=done.findings)
    if options["as_json"]:
        write_json(_document(deed, done, look=look, only_counted=only_counted))
    else:
        trail().document(
            [{"patient_control_number": one.denial.patient_control_number} for one in done.cases]
        )
        _say(deed, done, look=look, only_counted=only_counted)
        print_findings(done.findings, stderr())
    end(ExitCode.WORK if done.findings else ExitCode.DONE, exit_zero=options["exit_zero"])


def _document(deed: Deed, done: Done, *, look: bool, only_counted: bool) -> dict[str, Any]:
    """What came of it, as the contract has it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "verb": deed.verb.value,
        "on": deed.on,
        "written": not look,
        "needs_yes": only_counted,
        "count": len(done.cases),
        "amount": money(sum(one.denial.amount for one in done.cases)),
        "denials": [
            {
                "denial_id": one.denial.work,
                "patient_control_number": one.denial.patient_control_number,
                "amount": money(one.denial.amount),
                "status": one.work.state.value,
                "owner": one.work.owner or None,
                "due_date": one.due,
                "next": list(hints(one)),
            }
            for one in done.cases
        ],
        "refused": list(done.refused),
        "findings": [finding_json(one) for one in done.findings],
    }


_NAMED: Final = 10
"""Denials that are named one by one."""


def _say(deed: Deed, done: Done, *, look: bool, only_counted: bool) -> None:
    """What came of it, in lines."""
    console = stdout()
    amount = money(sum(one.denial.amount for one in done.cases))
    for one in done.cases[:_NAMED]:
        denial = one.denial
        where = f"{denial.work}  {denial.patient_control_number} {denial.procedure_code}"
        codes = f"{denial.group}-{denial.reason} {money(denial.amount)}"
        state = one.work.state.value.replace("_", " ")
        console.print(f"{where}  {codes}  {state}", markup=False, soft_wrap=True)
        for hint in hints(one) if not look and len(done.cases) == 1 else ():
            console.print(f"  next: {hint}", markup=False, soft_wrap=True)
    if len(done.cases) > _NAMED:
        console.print(f"and {len(done.cases) - _NAMED} more", markup=False)
    word = deed.verb.value.replace("_", " ")
    count = f"{counted(len(done.cases), 'denial')}, {amount}"
    if only_counted:
        console.print(
            f"{count} would be meant ({word}); nothing is written: repeat it with --yes",
            markup=False,
            soft_wrap=True,
        )
    else:
        would = "would be " if look else ""
        console.print(
            f"{word}: {count} {would}done, {len(done.refused)} refused", markup=False, soft_wrap=True
        )


# -- the verbs -------------------------------------------------------------------------------------------------------


@group.command()
@_verb
def assign(
    on: date,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="Who works them; nobody when empty.")] = "",
) -> Deed:
    """Give denials to somebody; an open one is in work then. Without --to they are nobody's."""
    return Deed(verb=Verb.ASSIGN, on=on, owner=to)


@group.command()
@_verb
def note(
    on: date,
    text: Annotated[str, typer.Option("--text", metavar="WORDS", help="What was said or found. No names.")],
    reference: Reference = "",
) -> Deed:
    """Add a note, with the reference of a call; an open denial is in work then. Notes are never changed."""
    if not text.strip():
        raise UsageError("--text is empty: say what was said or found")
    return Deed(verb=Verb.NOTE, on=on, text=text, reference=reference)


@group.command()
@_verb
def appeal(
    on: date,
    reference: Reference = "",
    level: Annotated[int, typer.Option("--level", min=0, help="The next one, if not given.")] = 0,
    text: Text = "",
) -> Deed:
    """Say that an appeal went to the payer. Refused where the payer takes none (MA130, N211, duplicates)."""
    return Deed(verb=Verb.APPEAL, on=on, reference=reference, level=level, text=text)


@group.command()
@_verb
def corrected(
    on: date,
    reference: Reference = "",
    attested_by: Annotated[
        str,
        typer.Option("--attested-by", metavar="NAME", help="Therapist, for KX or 59."),
    ] = "",
    text: Text = "",
) -> Deed:
    """Say that a correction went out by another way; what claims correct sends is seen by itself."""
    return Deed(verb=Verb.CORRECT, on=on, reference=reference, attested_by=attested_by, text=text)


_ENDS: Final = {WorkState.UPHELD: Verb.UPHOLD, WorkState.WRITTEN_OFF: Verb.WRITE_OFF}


@group.command()
@_verb
def resolve(
    on: date,
    outcome: Annotated[
        str,
        typer.Option("--as", metavar="OUTCOME", help="upheld or written-off."),
    ],
    reference: Reference = "",
    text: Text = "",
) -> Deed:
    """End the work on denials; recovered comes from the money alone.

    A write-off moves the denied cents to what is written off, which verify
    checks; the payer's word in the books stays as it is.
    """
    word = outcome.strip().lower().replace("-", "_").replace(" ", "_")
    if word in (WorkState.RECOVERED, WorkState.REVERSED, WorkState.SUPERSEDED):
        raise UsageError(
            f"--as: {outcome} follows the money: ingest the payment, or enter it with payments add"
        )
    if word == WorkState.CORRECTED:
        raise UsageError("--as: send it with claimloop claims correct, or say denials corrected")
    end_state = WorkState(known_word("--as", word, [one.value for one in _ENDS]))
    if end_state is WorkState.WRITTEN_OFF and not text:
        raise UsageError("--reason: a write-off needs a reason")
    return Deed(verb=_ENDS[end_state], on=on, reference=reference, text=text)


@group.command()
@_verb
def reopen(
    on: date,
    text: Text = "",
    mistaken: Annotated[
        bool, typer.Option("--mistaken", help="It was noted by mistake: an appeal did not go out.")
    ] = False,
) -> Deed:
    """Open denials again that were written off, upheld, appealed or corrected.

    With --mistaken the last appeal counts as no level, and its payer's days are
    as before; so too where it was opened again already.
    """
    return Deed(verb=Verb.REOPEN, on=on, text=text, mistaken=mistaken)


@group.command()
@_verb
def snooze(
    on: date,
    until: Annotated[
        date | None,
        typer.Option("--until", parser=parse_date, metavar="DATE", help="Back on that day; at once without."),
    ] = None,
    text: Text = "",
) -> Deed:
    """Put denials aside until a day; the list leaves them out so long."""
    return Deed(verb=Verb.SNOOZE, on=on, day=until, text=text)


@group.command()
@_verb
def due(
    on: date,
    day: Annotated[
        date | None,
        typer.Option("--on", parser=parse_date, metavar="DATE", help="The day; the payer's again without."),
    ] = None,
    text: Text = "",
) -> Deed:
    """Set the day by which something is to be done; the payer's last days stay where they are."""
    return Deed(verb=Verb.DUE, on=on, day=day, text=text)
