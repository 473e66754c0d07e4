"""`explain CODE`: what a code means, in our own words. One code may be several things; all are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from cli.exits import MEANING
from cli.jobs.code_texts import GUARDRAILS, NEXT_ACTIONS_OF_NO_TABLE, code_text, finding_codes
from edi.codes import Tables
from edi.codes.spelling import nearest
from edi.rules import Rule
from reconcile.denial_rules import denial_table
from reconcile.store.checks import CHECKS


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One meaning of a code.

    Attributes:
        kind: rule, finding, carc, rarc, category, next_action, guardrail, check or exit_code.
        code: the code as it is written.
        title: what it is, in a few words.
        facts: what else is known, by name, in the order to be shown; only what is known.
    """

    kind: str
    code: str
    title: str
    facts: dict[str, str | list[str]]


def explain(code: str, tables: Tables, rules: Sequence[Rule]) -> tuple[Explanation, ...]:
    """Everything a code may mean; empty when it is nothing known here.

    Args:
        code: as typed; letters in any case, ``CARC 97`` and ``CO-97`` meaning 97.
        tables: the code tables.
        rules: all rules.
    """
    wanted = _plain(code)
    found = [
        *(_rule(one, tables) for one in rules if one.code == wanted),
        *_finding(wanted),
        *_carc(wanted, tables),
        *_rarc(wanted, tables),
        *_category(wanted.lower(), tables),
        *_next_action(wanted.lower(), tables),
        *_guardrail(wanted.lower()),
        *_check(wanted.lower()),
        *_exit_code(wanted),
    ]
    return tuple(found)


def similar(code: str, tables: Tables, rules: Sequence[Rule]) -> tuple[str, ...]:
    """Up to three codes that a slip of the finger may have meant."""
    wanted = _plain(code)
    codes = {one.code for one in rules} | set(tables.carcs) | set(tables.rarcs) | set(finding_codes())
    words = {name.upper(): name for name in (*tables.categories, *GUARDRAILS, *CHECKS, *next_actions(tables))}
    near = nearest(wanted, codes) or nearest(wanted, words, within=3)
    return tuple(words.get(one, one) for one in near)


_GROUPS = ("CO", "PR", "OA", "PI", "CR")
_AS_THE_CARC = "see_carc"
"""Action of a remark that leaves the CARC's as it is."""


def _plain(code: str) -> str:
    """``co-97``, ``CARC 97`` and ``97`` are 97."""
    text = code.strip().upper()
    for prefix in ("CARC", "RARC", "RULE", *_GROUPS):
        rest = text.removeprefix(prefix)
        if rest != text and rest[:1] in ("-", " ", ":"):
            return rest[1:].strip()
    return text


def _known(**facts: object) -> dict[str, str | list[str]]:
    """Facts that are there, as text; true and false become yes and no."""
    said: dict[str, str | list[str]] = {}
    for name, value in facts.items():
        if isinstance(value, bool):
            said[name] = "yes" if value else "no"
        elif isinstance(value, list):
            if value:
                said[name] = value
        elif value not in (None, ""):
            said[name] = str(value)
    return said


def _rule(one: Rule, tables: Tables) -> Explanation:
    known = tables.carc(one.carc) if one.carc else None
    return Explanation(
        kind="rule",
        code=one.code,
        title=one.title,
        facts=_known(
            name=one.name,
            family=one.family,
            severity=one.severity.value,
            why=one.why,
            fix=one.fix,
            would_come_back_as=f"CARC {known.code}: {known.label}" if known is not None else None,
            source=one.source,
        ),
    )


def _finding(code: str) -> Iterator[Explanation]:
    known = code_text(code)
    if known is not None:
        yield Explanation(kind="finding", code=code, title=known.text, facts=_known(area=known.area))


def _check(name: str) -> Iterator[Explanation]:
    """A check of `verify`, by its name or by the code of its findings."""
    known = CHECKS.get(name.removeprefix("ver_"))
    if known is not None:
        yield Explanation(
            kind="check",
            code=known.name,
            title=known.asks,
            facts=_known(run=f"claimloop verify {known.name}"),
        )


def next_actions(tables: Tables) -> dict[str, list[str]]:
    """Every next action of a denial, and what leads to it: CARCs alone or with remarks, remarks, the denial table."""
    found: dict[str, list[str]] = {name: [why] for name, why in NEXT_ACTIONS_OF_NO_TABLE.items()}
    for carc in tables.carcs.values():
        if carc.default_action and carc.posting_class == "denial":
            found.setdefault(carc.default_action, []).append(f"CARC {carc.code}: {carc.label}")
        for row in (row for group in _GROUPS for row in tables.combos(group, carc.code)):
            remarks = " + ".join(sorted(row.rarcs)) or "alone"
            found.setdefault(row.action, []).append(f"{row.group} {carc.code} {remarks}")
    for rarc in tables.rarcs.values():
        if rarc.action and rarc.action != _AS_THE_CARC:
            found.setdefault(rarc.action, []).append(f"RARC {rarc.code}: {rarc.label or 'not described yet'}")
    for rule in denial_table().rule:
        if rule.next_action:
            found.setdefault(rule.next_action, []).append(f"rule {rule.id}")
    for reason in denial_table().reversal:
        found.setdefault(reason.next_action, []).append(f"a reversal with {reason.remark}")
    return found


def _next_action(name: str, tables: Tables) -> Iterator[Explanation]:
    for action, leading in next_actions(tables).items():
        if action.lower() == name:
            title = f"what to do next about a denial: {action.replace('_', ' ')}"
            yield Explanation(kind="next_action", code=action, title=title, facts=_known(comes_from=leading))


def _guardrail(name: str) -> Iterator[Explanation]:
    if name in GUARDRAILS:
        table = denial_table()
        set_by = [f"rule {rule.id}" for rule in table.rule if name in rule.guardrails]
        set_by += [
            f"a reversal with {reason.remark}" for reason in table.reversal if name in reason.guardrails
        ]
        yield Explanation(
            kind="guardrail", code=name, title=GUARDRAILS[name], facts=_known(comes_from=set_by)
        )


def _carc(code: str, tables: Tables) -> Iterator[Explanation]:
    one = tables.carc(code)
    if one is None:
        return
    title = one.label or f"deactivated on {one.valid_to}"
    yield Explanation(
        kind="carc",
        code=one.code,
        title=title,
        facts=_known(
            category=one.category,
            posting_class=one.posting_class,
            preventable=one.preventable,
            next_action=one.default_action,
            group_codes=one.group_restriction,
            group_dependence=one.group_dependence,
            needs_remark=one.rarc_required,
            look_at_policy_segment=one.policy_segment,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            last_modified=one.last_modified,
            successor=one.successor,
            with_remarks=[
                f"{group} {one.code} {' + '.join(sorted(row.rarcs)) or 'alone'}: {row.category}, {row.action}"
                for group in _GROUPS
                for row in tables.combos(group, one.code)
            ],
            source=one.source,
        ),
    )


def _rarc(code: str, tables: Tables) -> Iterator[Explanation]:
    one = tables.rarc(code)
    if one is None:
        return
    effects = {
        "sets": "decides the category in place of the CARC",
        "refines": "makes the CARC's category more exact",
        "none": "leaves the CARC's category as it is",
        "informational": "informs only",
    }
    by_keyword = one.assignment == "keyword_rule"
    yield Explanation(
        kind="rarc",
        code=one.code,
        title=one.label or "remark code, not described in our own words yet",
        facts=_known(
            category=one.category,
            effect="informs only" if one.alert else effects.get(one.effect, one.effect),
            assignment="by a rule on key words; never overrides the CARC" if by_keyword else one.assignment,
            next_action="as the CARC says" if one.action == _AS_THE_CARC else one.action,
            alert=one.alert,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            last_modified=one.last_modified,
            source=one.source,
        ),
    )


def _category(name: str, tables: Tables) -> Iterator[Explanation]:
    one = tables.categories.get(name)
    if one is None:
        return
    live = [carc for carc in tables.carcs.values() if carc.category == name and carc.posting_class]
    common = [carc for carc in live if carc.common_in_therapy]
    yield Explanation(
        kind="category",
        code=name,
        title=one.label,
        facts=_known(
            carcs=[f"{carc.code}: {carc.label}" for carc in common],
            other_carcs=" ".join(carc.code for carc in live if not carc.common_in_therapy),
            next_actions=sorted({carc.default_action for carc in common}),
            posting_classes=sorted({carc.posting_class for carc in live}),
            source=one.source,
        ),
    )


def _exit_code(text: str) -> Iterator[Explanation]:
    for code, meaning in MEANING.items():
        if text == str(int(code)):
            yield Explanation(
                kind="exit_code", code=text, title=meaning, facts=_known(name=code.name.lower())
            )
