"""What `explain` tells of a CARC: what the books and the denial rules make of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cli.jobs.code_texts import GUARDRAILS
from cli.jobs.explain.values import Explanation, known_facts
from cli.jobs.word_texts import ACTIONS, POSTED_AS
from edi.codes import Tables
from edi.codes.values import Carc
from edi.model.remittance import Adjustment
from reconcile.accounts import account_of
from reconcile.denial_rules import DenialContext, denial_table
from reconcile.denials import categorise
from reconcile.values import Account

GROUPS: Final = ("CO", "PR", "OA", "PI", "CR")
_TOLD: Final = GROUPS[:4]
"""The groups of 005010 that a CARC without group is told for."""


def carc_explained(code: str, tables: Tables, group: str) -> Iterator[Explanation]:
    """A CARC as the worklist would treat it: under the group typed, or a line for each group."""
    one = tables.carc(code)
    if one is None:
        return
    plain = not group
    answer = _under(group, one, tables) if group else {"category": one.category}
    yield Explanation(
        kind="carc",
        code=f"{group}-{one.code}" if group else one.code,
        title=one.label or f"deactivated on {one.valid_to}",
        facts=known_facts(
            group=tables.code_set("CAGC")[group].meaning if group else None,
            **answer,
            posting_class=one.posting_class,
            by_group=[_group_line(each, one, tables) for each in _TOLD] if plain and _live(one) else None,
            preventable=one.preventable,
            preventable_by=list(denial_table().preventable_by(one.code, (), "")),
            no_rule_because=denial_table().not_preventable_because(one.code),
            group_codes=one.group_restriction,
            group_dependence=one.group_dependence if plain else None,
            needs_remark=one.rarc_required,
            look_at_policy_segment=one.policy_segment,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            last_modified=one.last_modified,
            successor=one.successor,
            with_remarks=[
                f"{each} {one.code} {' + '.join(sorted(row.rarcs)) or 'alone'}: {row.category}, {row.action}"
                for each in ((group,) if group else GROUPS)
                for row in tables.combos(each, one.code)
            ],
            source=one.source,
        ),
    )


def _live(one: Carc) -> bool:
    """Whether the CARC is posted by its own row; a deactivated one is not."""
    return bool(one.posting_class)


def _under(group: str, one: Carc, tables: Tables) -> dict[str, object]:
    """What the books and the denial rules make of the CARC under a group, on a part of the charge and on all of it.

    By `account_of` and `categorise`, which post and categorise what is ingested, so that the two cannot disagree.
    """
    if not _live(one):
        return {}
    posted = _account(group, one, tables, whole=False)
    if posted is Account.DENIED:
        return {"posted_as": "denied", **_denial(group, one, tables, zero_allowed=False)}
    said: dict[str, object] = {"posted_as": POSTED_AS[posted.value]}
    if _account(group, one, tables, whole=True) is Account.DENIED:
        denial = _denial(group, one, tables, zero_allowed=True)
        return {**said, "if_it_takes_the_whole_charge": "denied, for a person to look at", **denial}
    if posted is Account.CONTRACTUAL:
        said["guardrails"] = _guardrails(_denial(group, one, tables, zero_allowed=False))
    return said


def _account(group: str, one: Carc, tables: Tables, *, whole: bool) -> Account:
    """Where a dollar of two, or the whole charge, goes under the group and CARC."""
    cents, paid = (200, 0) if whole else (100, 100)
    adjustment = Adjustment(group, one.code, cents)
    return account_of(adjustment, 200, paid, capitated=False, bundled=False, tables=tables)


def _denial(group: str, one: Carc, tables: Tables, *, zero_allowed: bool) -> dict[str, object]:
    """Category, next action, guardrails and reasons of a plain denial: no remark, nothing known of the line."""
    made = categorise(group, one.code, (), DenialContext(zero_allowed=zero_allowed), tables)
    return {
        "category": made.category,
        "next_action": f"{made.next_action}: {ACTIONS.get(made.next_action, 'no text yet')}",
        "guardrails": [f"{word}: {GUARDRAILS[word]}" for word in made.guardrails],
        "because": list(made.because),
    }


def _guardrails(denial: dict[str, object]) -> list[str]:
    said = denial["guardrails"]
    return said if isinstance(said, list) else []


def _group_line(group: str, one: Carc, tables: Tables) -> str:
    """One group's answer in a line: ``CO: eligibility_coverage, appeal_or_writeoff; no_patient_bill``."""
    said = _under(group, one, tables)
    guards = ", ".join(word.partition(":")[0] for word in _guardrails({"guardrails": [], **said}))
    parts = [] if said["posted_as"] == "denied" else [str(said["posted_as"])]
    if "next_action" in said:
        denied = f"{said['category']}, {str(said['next_action']).partition(':')[0]}"
        parts.append(denied if not parts else f"if it takes the whole charge: {denied}")
    return f"{group}: {'; '.join([*parts, guards] if guards else parts)}"
