"""Group code + CARC + RARCs -> category, cause, next action, guardrails, and the trace of why.

The order of what decides: the CARC's own category; the most specific known combination with the remarks; for a CARC
that says nothing alone (16, 96, A1 ...) the first reviewed remark that sets or refines the category; then the rules of
``tables/denials.toml``. Remarks refine denials only, never a write-off or a patient share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import msgspec

from edi.codes.lookup import Tables
from edi.codes.values import Carc
from edi.model.balance import REVERSAL
from reconcile.accounts import DUPLICATE, current_carc
from reconcile.chain import Chain
from reconcile.denial_rules import DenialContext, denial_table, reversal_reason
from reconcile.denial_status import denial_status
from reconcile.ledger import Ledger
from reconcile.values import Account, Adjudication, Denial, Posting, SubmittedLine

UNCLASSIFIED: Final = "unclassified"
_REVIEWED: Final = ("manual", "reviewed")
_EFFECTS: Final = ("sets", "refines")
_NO_ACTION: Final = ("", "see_carc", "none")


class Categorisation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a denial is and what to do. Fields as in reconcile.values.Denial."""

    category: str
    cause: str
    next_action: str
    guardrails: tuple[str, ...]
    kind: str
    counted: bool
    preventable_by: tuple[str, ...]
    because: tuple[str, ...]


def categorise(
    group: str,
    carc: str,
    rarcs: Sequence[str],
    context: DenialContext,
    tables: Tables,
) -> Categorisation:
    """Say what one denied adjustment is.

    Args:
        group: CAS01.
        carc: the reason.
        rarcs: remarks of the line, then of the claim (MOA, MIA).
        context: what else is known of the line.
        tables: the code tables.

    Returns:
        The categorisation; an unknown CARC is ``unclassified``, and says so.
    """
    info = current_carc(tables, carc)
    if info is None:
        category, action = UNCLASSIFIED, "review_unknown_code"
        because = [f"CARC {carc} is in no table"]
    else:
        category, action = info.category, info.default_action
        because = [_of_carc(carc, info, context.on)]
    if not context.zero_allowed:
        generic = info is None or info.rarc_required or category in ("other", UNCLASSIFIED)
        category, action = _refined(
            group, carc, rarcs, category, action, because, tables, context.on,
            generic=(generic or carc in _GENERIC) and not (context.several and not generic),
        )  # fmt: skip
    return _ruled(group, carc, rarcs, context, category, action, because, prevented=_prevented(info))


_GENERIC: Final = ("16", "96", "125", "148", "A1", "226", "227", "252")
"""CARCs that say nothing without a remark, whatever their definition says."""


def _of_carc(carc: str, info: Carc, on: date | None) -> str:
    """What the CARC alone says; where it was not in force on that day, or another row rules it, that too."""
    said = f"CARC {carc}: {info.category}"
    if info.code != carc:
        said += f" (deactivated; read as its successor {info.code})"
    elif on is not None and not info.holds_on(on):
        said += f" (not in force on {on})"
    return said


def _prevented(info: object) -> bool:
    return getattr(info, "preventable", "") in ("yes", "partly")


def _refined(
    group: str,
    carc: str,
    rarcs: Sequence[str],
    category: str,
    action: str,
    because: list[str],
    tables: Tables,
    on: date | None,
    *,
    generic: bool,
) -> tuple[str, str]:
    """Category and action after the remarks: a listed combination first, then reviewed remarks one by one."""
    combo = tables.combo(group, carc, rarcs, on)
    if combo is not None:
        because.append(
            f"{group}-{carc} with {'+'.join(sorted(combo.rarcs)) or 'any remark'}: {combo.category}"
        )
        category, action = combo.category, _token(combo.action, action)
        if combo.rarcs or not generic:
            return category, action
    for effect in _EFFECTS:
        for code in rarcs:
            remark = tables.rarc(code)
            if remark is None or remark.assignment not in _REVIEWED or remark.effect != effect:
                continue
            if not (generic or remark.category == category):
                continue
            because.append(f"RARC {code} {effect}: {remark.category}")
            return remark.category, action if remark.action in _NO_ACTION else _token(remark.action, action)
    return category, action


def _token(action: str, otherwise: str) -> str:
    """The action's word without the note that some rows of the table carry; ``otherwise`` where it is a sentence."""
    word = action.partition(" ")[0]
    return otherwise if word[:1].isupper() else word


def _ruled(
    group: str,
    carc: str,
    rarcs: Sequence[str],
    context: DenialContext,
    category: str,
    action: str,
    because: list[str],
    *,
    prevented: bool,
) -> Categorisation:
    """Apply the rules of denials.toml."""
    table = denial_table()
    cause, kind, counted = "", "merits", True
    guardrails: dict[str, None] = {}
    for rule in table.rule:
        if not rule.holds(group, carc, rarcs, category, context):
            continue
        if isinstance(rule.category, str):
            category = rule.category
        cause = rule.cause if rule.cause is not None else cause
        action = rule.next_action if rule.next_action is not None else action
        kind = rule.kind if rule.kind is not None else kind
        counted = rule.counted if rule.counted is not None else counted
        guardrails.update(dict.fromkeys(rule.guardrails))
        because.append(f"rule {rule.id}")
    if "no_patient_bill" in guardrails:
        guardrails.pop("no_patient_bill_while_open", None)
        action = table.without_patient.get(action, action)
    return Categorisation(
        category=category,
        cause=cause,
        next_action=action,
        guardrails=tuple(guardrails),
        kind=kind,
        counted=counted,
        preventable_by=table.preventable_by(carc, rarcs, cause) if prevented else (),
        because=tuple(because),
    )


def never_the_patients(denial: Denial) -> Denial:
    """A denial of a patient whom nobody may bill, whatever group it has: QMB, Social Security Act 1902(n)(3)(B)."""
    rails = dict.fromkeys(("no_patient_bill", *denial.guardrails))
    rails.pop("no_patient_bill_while_open", None)
    action = denial_table().without_patient.get(denial.next_action, denial.next_action)
    because = (*denial.because, "patient may never be billed (QMB)")
    return msgspec.structs.replace(denial, guardrails=tuple(rails), next_action=action, because=because)


# -- the denials of a claim ----------------------------------------------------------------------------------------


def find_denials(
    adjudications: Sequence[Adjudication],
    ledger: Ledger,
    lines: Mapping[int, SubmittedLine],
    tables: Tables,
    *,
    chain: Chain | None = None,
) -> tuple[Denial, ...]:
    """Read the denials off the books: one for each service, group and reason of an adjudication.

    Args:
        adjudications: the posted ones, in order.
        ledger: their books.
        lines: submitted lines by id.
        tables: the code tables.
        chain: the submissions, when there are several.

    Returns:
        Denials in the order of the postings. A duplicate whose original is known is listed with amount 0: nothing of
        it is posted. So the amounts of the others sum to what was posted as denied.
    """
    if not speaks(ledger):
        return ()
    by_id = {one.id: one for one in adjudications}
    grouped: dict[tuple[int, int | None, str, str], list[Posting]] = {}
    on_service: dict[int | None, list[Posting]] = {}
    for posting in ledger.postings:
        on_service.setdefault(posting.line_id, []).append(posting)
        if _is_denial(posting, reversal=by_id[posting.adjudication].claim.status == REVERSAL):
            key = (posting.adjudication, posting.line_id, posting.group or "", posting.reason or "")
            grouped.setdefault(key, []).append(posting)
    return tuple(
        [
            _denial(by_id[key[0]], key, postings, by_id, ledger, on_service[key[1]], lines, tables, chain)
            for key, postings in grouped.items()
        ]
    )


def speaks(ledger: Ledger) -> bool:
    """Whether the books hold a posting that may say that something was denied: of most claims they hold none."""
    accounts = [posting.account for posting in ledger.postings]
    return Account.DENIED in accounts or Account.MEMO in accounts


def _is_denial(posting: Posting, *, reversal: bool) -> bool:
    """Whether a posting says that something was denied, and does not only move or restore a denial."""
    if posting.cents <= 0:
        return False
    if reversal:  # only what the ledger opened for a reversal with a listed reason
        return (
            posting.account is Account.DENIED
            and posting.transfer
            and posting.group is None
            and bool(posting.reason)
        )
    if posting.account is Account.DENIED:
        return not posting.transfer
    return posting.account is Account.MEMO and posting.reason == DUPLICATE


def _denial(
    adjudication: Adjudication,
    key: tuple[int, int | None, str, str],
    postings: Sequence[Posting],
    by_id: Mapping[int, Adjudication],
    ledger: Ledger,
    on_service: Sequence[Posting],
    lines: Mapping[int, SubmittedLine],
    tables: Tables,
    chain: Chain | None,
) -> Denial:
    """One denial out of its postings; ``on_service`` are all that the books hold on its service."""
    _, service, group, reason = key
    claim = adjudication.claim
    index = next((one.line for one in postings if one.line is not None), None)
    answered = _answered_line(adjudication, service, lines, chain)
    remarks = tuple(dict.fromkeys((*_line_remarks(postings, adjudication), *claim.remarks)))
    if claim.status == REVERSAL:
        found, reason = _of_reversal(remarks), ""
    else:
        context = _context(adjudication, postings, answered, by_id, on_service, tables)
        found = _categorised(group, reason, remarks, context, tables)
    own = adjudication.id
    paid = sum([one.cents for one in on_service if one.adjudication == own and one.account is Account.PAID])
    status, recovered = denial_status(adjudication, service, postings, by_id, ledger, on_service)
    return Denial(
        adjudication=adjudication.id,
        line_id=service,
        line=index,
        group=group,
        reason=reason,
        remarks=remarks,
        category=found.category,
        cause=found.cause,
        extent="partial" if paid > 0 else "full",
        charge=answered.charge if answered is not None else abs(claim.charge),
        amount=sum([one.cents for one in postings if one.account is Account.DENIED]),
        next_action=found.next_action,
        guardrails=found.guardrails,
        preventable_by=found.preventable_by,
        because=found.because,
        counted=found.counted,
        kind=found.kind,
        status=status,
        line_ids=_meant(adjudication, index, service, lines, chain),
        recovered=recovered,
    )


_categorised = lru_cache(maxsize=4096)(categorise)
"""``categorise``, remembered: a payer repeats a few combinations of codes, thousands of times in one file."""


def _of_reversal(remarks: Sequence[str]) -> Categorisation:
    """The work item that a reversal without correction leaves."""
    reason = reversal_reason(remarks)
    if reason is None:  # find_denials lets only listed reasons through
        return Categorisation(
            category=UNCLASSIFIED, cause="reversed", next_action="review_unknown_code", guardrails=(),
            kind="merits", counted=False, preventable_by=(), because=("reversal without a listed reason",),
        )  # fmt: skip
    return Categorisation(
        category=reason.category,
        cause="reversed",
        next_action=reason.next_action,
        guardrails=reason.guardrails,
        kind="merits",
        counted=True,
        preventable_by=(),
        because=(f"reversal with RARC {reason.remark} and no correction: {reason.category}",),
    )


def _line_remarks(postings: Sequence[Posting], adjudication: Adjudication) -> tuple[str, ...]:
    indexes = dict.fromkeys(one.line for one in postings if one.line is not None)
    return tuple(code for index in indexes for code in adjudication.claim.lines[index].remarks)


def _answered_line(
    adjudication: Adjudication, service: int | None, lines: Mapping[int, SubmittedLine], chain: Chain | None
) -> SubmittedLine | None:
    """The line of the answered submission that bills the service."""
    if service is None:
        return None
    if chain is not None:
        for line in chain.lines_of(adjudication.match.claim_id):
            if chain.service_of[line.id] == service:
                return line
    return lines.get(service)


def _context(
    adjudication: Adjudication,
    postings: Sequence[Posting],
    line: SubmittedLine | None,
    by_id: Mapping[int, Adjudication],
    on_service: Sequence[Posting],
    tables: Tables,
) -> DenialContext:
    """What categorise should know of the line."""
    first = postings[0]
    info = current_carc(tables, first.reason or "")
    reasons = {
        one.reason
        for one in on_service
        if one.adjudication == adjudication.id and one.account is Account.DENIED and not one.transfer
    }
    return DenialContext(
        payer_kind=adjudication.payer_kind,
        modifiers=line.modifiers if line is not None else (),
        procedure_code=line.procedure_code if line is not None else "",
        zero_allowed=info is not None and info.posting_class in ("contractual", "patient"),
        later_payer=len(by_id) > 1
        and any(
            by_id[one.adjudication].payer != adjudication.payer
            and by_id[one.adjudication].order < adjudication.order
            for one in on_service
        ),
        several=len(reasons) > 1,
        on=adjudication.payment_date,
    )


def _meant(
    adjudication: Adjudication,
    index: int | None,
    service: int | None,
    lines: Mapping[int, SubmittedLine],
    chain: Chain | None,
) -> tuple[int, ...]:
    """Every submitted line the denial may mean: the twins of its line, the lines the payer merged, else itself."""
    if index is None or service is None:
        return () if service is None else (service,)
    match = adjudication.match.lines[index]
    if not match.twin:
        return match.line_ids
    own = _answered_line(adjudication, service, lines, chain)
    if own is None:
        return match.line_ids
    group = (
        lines if chain is None else {line.id: line for line in chain.lines_of(adjudication.match.claim_id)}
    )
    return tuple(
        line.id
        for line in group.values()
        if (line.procedure_code, line.date_from, line.charge)
        == (own.procedure_code, own.date_from, own.charge)
    )
