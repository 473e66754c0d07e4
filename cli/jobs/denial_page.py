"""docs/denials.md out of the code tables, the table of denials and the states of the worklist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from cli.jobs.code_texts import GUARDRAILS
from cli.jobs.word_texts import ACTIONS, WORDS
from edi.codes import Tables
from edi.codes.values import Carc
from reconcile.denial_rules import DenialContext, DenialTable
from reconcile.denials import categorise
from reconcile.priority import TOO_LATE, UNRATED_PERCENT, URGENCY
from reconcile.worklist import ALLOWED, BY_MONEY, TO_DO, WAITING, Verb, WorkState

_HEAD: Final = """# Denials

Made from the code tables, `reconcile/tables/denials.toml` and `reconcile/worklist.py` by `make goldens`; do not edit.

## What a denial is called, and why

A denial is any positive adjustment whose CARC has the posting class `denial`, whatever the group and the payment: full
when the line was paid nothing, else partial. A write-off code that takes the whole charge is listed as one too
(`zero_allowed`). What decides, in this order:

1. the CARC's own row; a deactivated CARC with one successor is read as that; a CARC in no table is `unclassified`;
2. the most specific listed combination of group, CARC and remarks;
3. where the CARC says nothing alone (16, 96, 125, 148, 226, 227, 252, A1, or one that wants a remark by definition),
   the first remark that sets or refines, of those that a person reviewed or assigned; a remark sorted by keyword never
   changes a category;
4. the rules of `denials.toml`: groups (CO, PI and CR never go to the patient), causes, guardrails; each may have dates.

`because` names what decided. Every row and rule has dates; the day of the remittance counts. Counted apart from denials
on the merits are claims rejected before a payer (277CA), unprocessable ones (MA130: no appeal, a new claim),
duplicates, and lines allowed at zero. A line's primary cause is its largest denied amount; all causes are kept."""

_WORK: Final = """## The worklist

One item is one service, payer, group and reason. Its state is worked out from the books and the event log whenever it
is asked for, so it is the same whatever order files came in; a late file takes its place by its date.

- Money goes first: while no denial of the item stands it is `recovered`, `reversed` or `superseded`.
- Else the facts count by date. Denied again after an appeal: `upheld`. Denied again, or a payment taken back, after
  anything else that closed it or waited: open again, never a second item.
- A submission that went out after the denial and has no answer makes an open item `corrected`.
- A write-off moves the denied cents to the account of what is written off. The payer's word in the books stays
  (`denied`); the event holds cents, reason, day and person. When money comes, the write-off counts no more.
  When a later file changes what is denied, it stands for no more than that; where more is denied, the item is open
  again, for the rest. Of a claim never more counts than the books hold as denied. `verify write_offs` compares each
  with what was denied when it was made."""

_ORDER: Final = """## The order of work

    priority = expected x chance x urgency

- expected: what fees.csv (`expected`) lets expect for the line, in the proportion of what was denied to its charge; the
  line is priced as if it stood alone. Without a rate: {unrated} % of the amount denied. A duplicate brings nothing.
- chance: percent by category, our own estimates (`[chance]` of `denials.toml`).
- urgency: percent by the days left to the payer's last day: {urgency}; else 100; nothing runs: 100; run out: {late}.

The last day is that of the next level of appeal, from the remittance or the decision before it; of a new claim where it
was unprocessable; else of a corrected claim or a reopening. `denials list --explain` shows the arithmetic."""


def render(tables: Tables, table: DenialTable) -> str:
    """The page as Markdown, ending in a line end.

    Args:
        tables: the code tables.
        table: reconcile/tables/denials.toml.
    """
    urgency = ", ".join(f"at most {days}: {percent}" for days, percent in URGENCY)
    parts = [
        _HEAD,
        "\n".join(_counts(tables)),
        _WORK,
        "\n".join(_states()),
        "\n".join(_verbs()),
        _ORDER.format(unrated=UNRATED_PERCENT, urgency=urgency, late=TOO_LATE),
        "\n".join(_categories(tables, table)),
        "## Guardrails\n\n" + "\n".join(f"- `{name}`: {text}" for name, text in sorted(GUARDRAILS.items())),
        "\n".join(_carcs(tables, table)),
    ]
    return "\n\n".join(parts) + "\n"


def active(tables: Tables) -> list[Carc]:
    """The CARCs that are not deactivated, numbers first."""
    rows = [row for row in tables.carcs.values() if row.valid_to is None]
    return sorted(
        rows, key=lambda row: (not row.code.isdigit(), int(row.code) if row.code.isdigit() else 0, row.code)
    )


def _counts(tables: Tables) -> Iterator[str]:
    """How many rows of each kind decide."""
    codes = active(tables)
    classes = Counter(row.posting_class for row in codes)
    listed = ", ".join(f"{count} {name}" for name, count in sorted(classes.items()))
    assigned = Counter(row.assignment for row in tables.rarcs.values())
    combos = sum(len(tables.combos(group, row.code)) for group in _GROUPS for row in tables.carcs.values())
    yield f"- CARCs: {len(tables.carcs)}, of which {len(codes)} are active: {listed}."
    yield (
        f"- RARCs: {len(tables.rarcs)}: {assigned['reviewed']} reviewed and {assigned['manual']} assigned by hand,"
        f" which may decide; {assigned['keyword_rule']} sorted by keyword, which never do."
    )
    yield f"- Combinations of group, CARC and remarks: {combos}, each from a payer's published page."


_GROUPS: Final = ("CO", "PR", "OA", "PI", "CR")


def _states() -> Iterator[str]:
    yield "| state | who acts | what it says |"
    yield "|---|---|---|"
    for state in WorkState:
        who = "a person" if state in TO_DO else "the payer" if state in WAITING else "nobody"
        said = next((text for where, text in WORDS.get(state.value, ()) if "denial" in where), "")
        yield f"| `{state.value}` | {who} | {said} |"


_COMMANDS: Final = {
    Verb.CORRECT: "corrected",
    Verb.UPHOLD: "resolve --as upheld",
    Verb.WRITE_OFF: "resolve --as written-off",
}


def _verbs() -> Iterator[str]:
    yield "| command | in state |"
    yield "|---|---|"
    for verb, states in ALLOWED.items():
        name = _COMMANDS.get(verb, verb.value)
        told = (
            "any" if states == set(WorkState) else ", ".join(one.value for one in WorkState if one in states)
        )
        yield f"| `denials {name}` | {told} |"
    yield ""
    ended = ", ".join(one.value for one in WorkState if one in BY_MONEY)
    yield f"No command says {ended}: these follow from payments alone."


def _categories(tables: Tables, table: DenialTable) -> Iterator[str]:
    """The categories that denials have, with their chance."""
    yield "## Categories"
    yield ""
    yield "| category | chance % | active CARCs | what |"
    yield "|---|---|---|---|"
    counted = Counter(row.category for row in active(tables) if row.posting_class == "denial")
    for name, row in sorted(tables.categories.items()):
        if counted[name]:
            yield f"| `{name}` | {table.chance_of(name)} | {counted[name]} | {row.label} |"


def _carcs(tables: Tables, table: DenialTable) -> Iterator[str]:
    """Every active CARC: one class, one category, one action; for denials also what CO and PR make of the action."""
    yield "## Every active CARC"
    yield ""
    yield (
        "The action under CO and under PR is given for denials without remarks; `claimloop explain CO-CODE` tells all."
        " An action is explained by `claimloop explain ACTION`."
    )
    yield ""
    yield "| CARC | what | class | category | action | under CO | under PR | prevented by |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in active(tables):
        under = ["", ""]
        if row.posting_class == "denial":
            under = [
                categorise(group, row.code, (), DenialContext(), tables).next_action for group in ("CO", "PR")
            ]
        rules = " ".join(table.preventable_by(row.code, (), ""))
        cells = (row.code, row.label, row.posting_class, row.category, row.default_action, *under, rules)
        yield f"| {' | '.join(cells)} |"


def actions_without_text(tables: Tables) -> set[str]:
    """Actions of active CARCs that `explain` has no sentence for; there should be none."""
    return {row.default_action for row in active(tables)} - set(ACTIONS)
