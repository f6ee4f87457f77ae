"""The templates of `infra/`, and what they would deploy."""

from __future__ import annotations

import pytest

from tests.unit.infra.template import INFRA, Infra


@pytest.fixture(scope="session")
def infra() -> Infra:
    return Infra(INFRA)
