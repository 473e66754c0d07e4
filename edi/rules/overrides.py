"""The rows of payers.toml that turn rules on, off, up or down: whether each names a rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from edi.codes.spelling import nearest
from edi.model.draft import ClaimDraft
from edi.model.finding import Location
from edi.rules.context import Problem, RuleContext
from edi.rules.registry import KNOWN_CODES, WARNING, run_rule


@run_rule("OVR001", severity=WARNING)
def override_names_no_rule(drafts: Sequence[ClaimDraft], context: RuleContext) -> Iterator[Problem]:
    """A payer turns off, up or down a rule that does not exist.

    Why: The row changes nothing: the rule that was meant goes on as before, and holds or lets pass the wrong claims.
    Fix: Write the code as docs/rules.md has it.
    Source: payers.toml [[payer.key.rule]] code.
    """
    known = cast("tuple[str, ...]", context.kept.get(KNOWN_CODES, ()))
    for key, payer in context.payers.items():
        for row in payer.rules:
            if row.code in known:
                continue
            near = nearest(row.code.upper(), known)
            yield Problem(
                message=f"payer {key} turns {row.code!r} to {row.level}; there is no such rule",
                location=Location(field=f"payer.{key}.rule"),
                fix=f"Did you mean {near[0]}?" if near else "",
            )
