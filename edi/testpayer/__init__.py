"""A payer that answers: the acknowledgments and 835s of an 837P, from a seed and a scenario, with the truth beside."""

from edi.testpayer.adjudications import (
    scenario_claims,
    scenario_expectation,
    scenario_history,
    scenario_ids,
    scenario_remittances,
    scenario_sent_dates,
    scenario_title,
)
from edi.testpayer.answer import answer
from edi.testpayer.compare import Comparison, FoundLine, compare
from edi.testpayer.expectations import Expectation
from edi.testpayer.generate import generate_claims
from edi.testpayer.scenario_files import SHIPPED, parse_scenario, shipped_scenario
from edi.testpayer.values import (
    Answer,
    RemittanceFile,
    RemittanceSet,
    Scenario,
    Submission,
    Totals,
    Truth,
)

__all__ = [
    "SHIPPED",
    "Answer",
    "Comparison",
    "Expectation",
    "FoundLine",
    "RemittanceFile",
    "RemittanceSet",
    "Scenario",
    "Submission",
    "Totals",
    "Truth",
    "answer",
    "compare",
    "generate_claims",
    "parse_scenario",
    "scenario_claims",
    "scenario_expectation",
    "scenario_history",
    "scenario_ids",
    "scenario_remittances",
    "scenario_sent_dates",
    "scenario_title",
    "shipped_scenario",
]
