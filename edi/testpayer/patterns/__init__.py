"""The unusual adjudications, by name: what a payer may do to a claim.

Of a scenario's claims, the share ``nasty`` gets one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edi.testpayer.patterns import names, payers, reversals, shapes
from edi.testpayer.patterns.stage import Stage

Pattern = Callable[[Stage], bool]
"""Plays itself on a stage; False, with nothing sent, where the claim does not lend itself to it."""

_ALL: tuple[Pattern, ...] = (
    reversals.corrected_in_one_file,
    reversals.correction_before_its_reversal,
    reversals.corrected_across_files,
    reversals.correction_a_file_before_its_reversal,
    reversals.reversal_beside_its_original,
    reversals.corrected_twice,
    reversals.reversed_for_lost_coverage,
    reversals.reversed_without_a_reason,
    reversals.denied_then_paid,
    reversals.pended_then_decided,
    reversals.corrected_after_the_next_payer,
    shapes.split_claim,
    shapes.split_claim_across_files,
    shapes.split_line_in_parts,
    shapes.unbundled,
    shapes.bundled,
    shapes.bundled_by_both_payers,
    shapes.bundled_by_the_first_payer_alone,
    shapes.merged,
    shapes.claim_level_without_lines,
    shapes.claim_level_with_lines,
    shapes.many_adjustments,
    shapes.recoded,
    shapes.recoded_without_saying,
    shapes.modifiers_added,
    shapes.units_changed,
    shapes.dates_changed,
    shapes.dates_on_the_claim,
    payers.supplement_pays,
    payers.next_payer_without_oa_23,
    payers.next_payer_denies_the_whole_charge,
    payers.tertiary,
    payers.secondary_status_from_the_first_payer,
    payers.not_ours_and_forwarded,
    payers.predetermined_then_paid,
    payers.paid_to_the_patient,
    payers.zero_paid,
    payers.denied,
    payers.pended,
    payers.with_interest,
    payers.sequestered,
    names.patient_replaced,
    names.control_number_mangled,
    names.among_institutional,
    names.among_dental,
    names.among_pharmacy,
    names.among_unknown,
)
PATTERNS: Mapping[str, Pattern] = {one.__name__: one for one in _ALL}
"""Every pattern by its name."""


def play(stage: Stage) -> bool:
    """Play one pattern on a case, drawn among the scenario's; False where none of them fits the claim."""
    names_left = list(stage.scenario.patterns or PATTERNS)
    while names_left:
        name = names_left.pop(stage.rng.randrange(len(names_left)))
        if PATTERNS[name](stage):
            stage.case.traits.append(name)
            return True
    return False
