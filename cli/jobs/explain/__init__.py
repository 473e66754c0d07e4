"""`explain CODE`: what a code means, in our own words. One code may be several things; all are told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from cli.exits import MEANING
from cli.jobs.code_texts import GUARDRAILS, NEXT_ACTIONS_OF_NO_TABLE, code_text, finding_codes
from cli.jobs.explain.carcs import GROUPS, carc_explained
from cli.jobs.explain.values import Explanation as Explanation
from cli.jobs.explain.values import known_facts
from cli.jobs.fix_texts import FIXES
from cli.jobs.word_texts import ACTIONS, WORDS
from edi.codes import Tables
from edi.codes.acknowledgment_words import CATEGORY_FAMILIES
from edi.codes.spelling import nearest
from edi.model.status import ClaimStatus, StatusCode
from edi.payers import PayerProfile
from edi.rules import Rule
from edi.rules.repairs import MENDED
from reconcile.denial_rules import denial_table


def explain(
    code: str, tables: Tables, rules: Sequence[Rule], payers: Mapping[str, PayerProfile] | None = None
) -> tuple[Explanation, ...]:
    """Everything a code may mean, a CARC first and an exit code last; empty when it is nothing known here.

    Args:
        code: as typed; letters in any case. ``CO-97``, ``CO 97`` and ``co97`` ask for CARC 97 under that group,
            ``CARC 97`` and ``RARC M15`` for that kind alone.
        tables: the code tables.
        rules: all rules.
        payers: profiles by key; a rule tells which of them turn it off, up or down.
    """
    asked = _asked(code, tables)
    wanted = asked.code
    carcs = tuple(carc_explained(wanted, tables, asked.group))
    if asked.group and carcs:
        return carcs
    found = [
        *carcs,
        *(_rule(one, tables, payers or {}) for one in rules if one.code == wanted),
        *_finding(wanted),
        *_rarc(wanted, tables),
        *_category(wanted.lower(), tables),
        *_next_action(wanted.lower(), tables),
        *_guardrail(wanted.lower()),
        *_set_codes(wanted, tables),
        *_status_category(wanted),
        *_word(wanted.lower()),
        *_exit_code(wanted),
    ]
    # The checks are asked last: they come with the store, which takes a second to load.
    return tuple(one for one in found or _check(wanted.lower()) if asked.kind in ("", one.kind))


def similar(code: str, tables: Tables, rules: Sequence[Rule]) -> tuple[str, ...]:
    """Up to three codes that a slip of the finger may have meant; none for a number, whose neighbours mean anything."""
    asked = _asked(code, tables)
    if asked.group or asked.kind or asked.code.isdecimal():
        return ()
    from reconcile.store.checks import CHECKS

    codes = {one.code for one in rules} | set(tables.carcs) | set(tables.rarcs) | set(finding_codes())
    listed = (*tables.categories, *GUARDRAILS, *CHECKS, *next_actions(tables), *WORDS)
    words = {name.upper(): name for name in listed}
    near = nearest(asked.code, codes) or nearest(asked.code, words, within=3 if len(asked.code) > 6 else 1)
    return tuple(words.get(one, one) for one in near)


_AS_THE_CARC: Final = "see_carc"
"""Action of a remark that leaves the CARC's as it is."""
_STATUS_CATEGORY: Final = re.compile(r"[DEFPR](Q|[0-9]{1,2}[A-Z]?)")
"""STC01-1 of a 277 beyond those of the set 277CA."""
SETS: Final = {
    "CAGC": "group",
    "CLP02": "claim_status",
    "277CA": "acknowledgment_category",
    "999-IK501": "999_code",
    "PLB": "provider_adjustment",
}
"""Small code sets that are explained, and the kind they are told as."""


class _Asked(msgspec.Struct, frozen=True):
    """What was typed: the code in capitals, the group before it, the one kind that is meant ("" for any)."""

    code: str
    group: str = ""
    kind: str = ""


def _asked(typed: str, tables: Tables) -> _Asked:
    """Take a group or the name of a kind off what was typed."""
    text = typed.strip().upper()
    named = re.fullmatch(r"(CARC|RARC|RULE|EXIT)[-: ]+(.+)", text)
    if named:
        kind = named[1].lower().replace("exit", "exit_code")
        return _Asked(named[2], kind=kind)
    grouped = re.fullmatch(rf"({'|'.join(GROUPS)})([-: ]*)(\w+)", text)
    if grouped and (grouped[2] or tables.carc(grouped[3]) is not None):
        return _Asked(grouped[3], group=grouped[1])
    return _Asked(text)


def _rule(one: Rule, tables: Tables, payers: Mapping[str, PayerProfile]) -> Explanation:
    known = tables.carc(one.carc) if one.carc else None
    return Explanation(
        kind="rule",
        code=one.code,
        title=one.title,
        facts=known_facts(
            name=one.name,
            family=one.family,
            severity=one.severity.value,
            only_for=", ".join(one.payers) if one.payers is not None else None,
            why=one.why,
            fix=one.fix,
            mended_by="claimloop scrub --fix" if one.code in MENDED else None,
            would_come_back_as=f"CARC {known.code}: {known.label}" if known is not None else None,
            at_your_payers=list(_overrides(one.code, payers)),
            source=one.source,
        ),
    )


def _overrides(code: str, payers: Mapping[str, PayerProfile]) -> Iterator[str]:
    """What payers.toml makes of a rule: ``medicare: warning from 2026-01-01 to 2026-06-30: reason``."""
    for key, payer in payers.items():
        for row in payer.rules:
            if row.code == code:
                dates = f" from {row.valid_from}" if row.valid_from is not None else ""
                dates += f" to {row.valid_to}" if row.valid_to is not None else ""
                yield f"{key}: {row.level}{dates}: {row.reason}"


def _finding(code: str) -> Iterator[Explanation]:
    known = code_text(code)
    if known is not None:
        facts = known_facts(area=known.area, fix=FIXES.get(code))
        yield Explanation(kind="finding", code=code, title=known.text, facts=facts)


def _status_category(code: str) -> Iterator[Explanation]:
    """The category of a claim status by its first letter; the words are ours and unverified."""
    if _STATUS_CATEGORY.fullmatch(code):
        state = ClaimStatus(codes=(StatusCode(code),)).state
        facts = known_facts(
            state=state, means=WORDS[state][-1][1], note="by its first letter, in our own words; unverified"
        )
        yield Explanation(
            kind="claim_status_category", code=code, title=CATEGORY_FAMILIES[code[0]], facts=facts
        )


def _word(name: str) -> Iterator[Explanation]:
    """A word that a list prints; one explanation for each place where it is met."""
    for where, said in WORDS.get(name, ()):
        yield Explanation(kind="word", code=name, title=said, facts=known_facts(where=where))


def _set_codes(code: str, tables: Tables) -> Iterator[Explanation]:
    """A code of a small set: a group, a claim status, what an acknowledgment says, a provider adjustment."""
    for name, kind in SETS.items():
        row = tables.code_set(name).get(code)
        if row is not None:
            yield Explanation(
                kind=kind, code=row.code, title=row.meaning, facts=known_facts(code_set=name, note=row.note)
            )


def _check(name: str) -> Iterator[Explanation]:
    """A check of `verify`, by its name or by the code of its findings."""
    from reconcile.store.checks import CHECKS

    known = CHECKS.get(name.removeprefix("ver_"))
    if known is not None:
        yield Explanation(
            kind="check",
            code=known.name,
            title=known.asks,
            facts=known_facts(run=f"claimloop verify {known.name}"),
        )


def next_actions(tables: Tables) -> dict[str, list[str]]:
    """Every next action of a denial, and what leads to it: CARCs alone or with remarks, remarks, the denial table."""
    found: dict[str, list[str]] = {name: [why] for name, why in NEXT_ACTIONS_OF_NO_TABLE.items()}
    for carc in tables.carcs.values():
        if carc.default_action and carc.posting_class == "denial":
            found.setdefault(carc.default_action, []).append(f"CARC {carc.code}: {carc.label}")
        for row in (row for group in GROUPS for row in tables.combos(group, carc.code)):
            word, _, note = row.action.partition(" ")
            if word in ACTIONS:
                remarks = " + ".join(sorted(row.rarcs)) or "alone"
                found.setdefault(word, []).append(f"{row.group} {carc.code} {remarks} {note}".strip())
    for rarc in tables.rarcs.values():
        word = rarc.action.partition(" ")[0]
        if word and word != _AS_THE_CARC:
            found.setdefault(word, []).append(f"RARC {rarc.code}: {rarc.label or 'not described yet'}")
    for rule in denial_table().rule:
        if rule.next_action:
            found.setdefault(rule.next_action, []).append(f"rule {rule.id}")
    for reason in denial_table().reversal:
        found.setdefault(reason.next_action, []).append(f"a reversal with {reason.remark}")
    return found


def _next_action(name: str, tables: Tables) -> Iterator[Explanation]:
    for action, leading in next_actions(tables).items():
        if action.lower() == name:
            yield Explanation(
                kind="next_action", code=action, title=ACTIONS[action], facts=known_facts(comes_from=leading)
            )


def _guardrail(name: str) -> Iterator[Explanation]:
    if name in GUARDRAILS:
        table = denial_table()
        set_by = [f"rule {rule.id}" for rule in table.rule if name in rule.guardrails]
        set_by += [
            f"a reversal with {reason.remark}" for reason in table.reversal if name in reason.guardrails
        ]
        yield Explanation(
            kind="guardrail", code=name, title=GUARDRAILS[name], facts=known_facts(comes_from=set_by)
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
        facts=known_facts(
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
        facts=known_facts(
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
                kind="exit_code", code=text, title=meaning, facts=known_facts(name=code.name.lower())
            )
