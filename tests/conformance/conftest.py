"""The generated documents, once for each process that runs these tests."""

from __future__ import annotations

import pytest

from tests.conformance.documents import Document, documents


@pytest.fixture(scope="session")
def clean_documents(request: pytest.FixtureRequest) -> tuple[Document, ...]:
    """The catalogue of documents for the run's seed."""
    seed: int = request.config.getoption("--seed")
    return documents(seed)
