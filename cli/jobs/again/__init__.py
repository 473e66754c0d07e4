"""`claims correct`, `claims void` and `claims secondary`: claims that go out again, in the chains they belong to."""

from cli.jobs.again.corrections import correct_claims, void_claims
from cli.jobs.again.request import AgainRequest, AgainResult, SentAgain
from cli.jobs.again.secondaries import bill_next

__all__ = ["AgainRequest", "AgainResult", "SentAgain", "bill_next", "correct_claims", "void_claims"]
