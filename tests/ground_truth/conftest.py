"""Judge every row once for all tests of this folder."""

from __future__ import annotations

from typing import Any

import pytest
from ground_truth.runs import answers


@pytest.fixture(scope="session")
def judged() -> list[Any]:
    """Return the answers of the reference engine for each row and size."""
    return answers("judge")
