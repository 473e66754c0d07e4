"""Which denials are meant: by name, by what they have in common, or all like one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from cli.jobs.denial_work.desk import Case, Desk
from cli.jobs.lists import known_payers, known_word
from edi.codes import Tables
from edi.model.errors import InputError, UsageError
from edi.payers.profile import PayerProfile
from reconcile.denials import UNCLASSIFIED
from reconcile.store import Connection
from reconcile.store.priced_lines import UNDERPAID
from reconcile.worklist import WorkState

_SHORTEST_PREFIX = 4


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. Empty fields ask for nothing; several must all hold.

    ``reason`` is ``CO-50`` or ``50``; ``like`` names a denial whose payer, category, group, reason and next action the
    others share.
    """

    names: tuple[str, ...] = ()
    payer: str | None = None
    category: str | None = None
    reason: str | None = None
    code: str | None = None
    practice: str | None = None
    state: str | None = None
    owner: str | None = None
    kind: str | None = None
    like: str | None = None

    @property
    def by_filter(self) -> bool:
        """Whether denials are chosen by what they have in common, so that a count is shown before anything is done."""
        return any(
            value is not None for name, value in msgspec.structs.asdict(self).items() if name != "names"
        )

    @property
    def empty(self) -> bool:
        """Whether nothing was asked for."""
        return not self.names and not self.by_filter


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a word of a choice may be: categories of the tables, payers of the settings, practices of the store."""

    tables: Tables
    payers: Mapping[str, PayerProfile]
    practices: tuple[str, ...]


def pool(desk: Desk, connection: Connection, choice: Choice) -> list[Case]:
    """What a choice is made from: all denials, and underpaid lines where it names or asks for one.

    Args:
        desk: the worklist.
        connection: any transaction.
        choice: what was asked for.
    """
    if choice.kind == UNDERPAID:
        return desk.underpaid(connection)
    cases = desk.cases(connection, everything=True)
    names = [*choice.names, choice.like or ""]
    held = {case.denial.work for case in cases}
    if all(any(one.startswith(name.strip().upper()) for one in held) for name in names):
        return cases
    return [*cases, *desk.underpaid(connection)]


def choose(cases: Sequence[Case], choice: Choice, known: Known) -> list[Case]:
    """The cases that a choice means, in their order.

    Raises:
        UsageError: a word of it is unknown; the message names those there are.
        InputError: a name is none of a denial here.
    """
    tests = list(_tests(cases, choice, known))
    found = [case for case in cases if all(test(case) for test in tests)]
    if not choice.names:
        return found
    named = {case.denial.work: case for name in choice.names for case in [named_case(cases, name)]}
    if choice.by_filter:
        return [case for case in found if case.denial.work in named]
    return list(named.values())


def named_case(cases: Iterable[Case], name: str) -> Case:
    """The case that a name means: the denial's id, or the beginning of it that no other one has.

    Raises:
        InputError: there is none, or several.
    """
    wanted = name.strip().upper()
    found = [one for one in cases if one.denial.work == wanted]
    if not found and len(wanted) >= _SHORTEST_PREFIX:
        found = [one for one in cases if one.denial.work.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{name} is the beginning of {len(found)} denials; write more of it")
    raise InputError(f"no denial has the id {name}; claimloop denials list --all shows what there is")


def _tests(cases: Sequence[Case], choice: Choice, known: Known) -> Iterable[Callable[[Case], bool]]:
    """One test for each field of the choice."""
    if choice.payer is not None:
        named = {(key, profile.name) for key, profile in known.payers.items()}
        named |= {(one.denial.payer, one.denial.payer_name) for one in cases}
        meant = known_payers(choice.payer, named)
        yield lambda case: (case.denial.payer, case.denial.payer_name) in meant
    if choice.category is not None:
        words = {*known.tables.categories, UNCLASSIFIED, *(one.denial.category for one in cases)}
        category = known_word("--category", choice.category, words)
        yield lambda case: case.denial.category == category
    if choice.practice is not None:
        practice = known_word("--practice", choice.practice, known.practices)
        yield lambda case: case.denial.practice_id == practice
    if choice.state is not None:
        state = known_word("--state", choice.state.replace("-", "_"), list(WorkState))
        yield lambda case: case.work.state == state
    if choice.kind is not None:
        kind = known_word("--kind", choice.kind, _KINDS)
        yield lambda case: case.denial.kind == kind
    if choice.reason is not None:
        group, reason = _group_and_reason(choice.reason)
        yield lambda case: case.denial.reason == reason and group in ("", case.denial.group)
    if choice.code is not None:
        code = choice.code.upper()
        yield lambda case: case.denial.procedure_code == code
    if choice.owner is not None:
        owner = choice.owner.casefold()
        yield lambda case: case.work.owner.casefold() == owner
    if choice.like is not None:
        pattern = _alike(named_case(cases, choice.like))
        yield lambda case: _alike(case) == pattern


_KINDS = ("merits", "unprocessable", "duplicate", "zero_allowed", UNDERPAID)


def _alike(case: Case) -> tuple[str, ...]:
    """What denials share that are worked in one go."""
    one = case.denial
    return (one.payer, one.category, one.cause, one.kind, one.group, one.reason, one.next_action)


def _group_and_reason(text: str) -> tuple[str, str]:
    """``CO-50``, ``co50`` or ``50`` as group and reason.

    Raises:
        UsageError: there is no reason in it.
    """
    word = text.strip().upper().replace(" ", "-")
    group, dash, reason = word.partition("-")
    if dash:
        if not reason:
            raise UsageError(f"--reason: {text!r} names no reason; write CO-50 or 50")
        return group, reason
    if word[:2] in _GROUPS and len(word) > len(word[:2]):
        return word[:2], word[2:]
    return "", word


_GROUPS = ("CO", "PR", "OA", "PI", "CR")
