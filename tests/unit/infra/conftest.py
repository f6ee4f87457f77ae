"""Microsoft's compiler, where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.infra.compiler import Compiler, compiler, program
from tests.unit.infra.template import stored


@pytest.fixture(scope="session")
def bicep() -> Iterator[Compiler]:
    """The compiler that made what is kept; the tests that want it are skipped where there is none."""
    if not program():
        pytest.skip("there is no Bicep compiler: neither $BICEP nor bicep on PATH nor the Azure CLI's")
    with compiler() as running:
        made_by = stored("main")["metadata"]["_generator"]["version"]
        if not made_by.startswith(f"{running.version()}."):
            pytest.skip(f"the templates were compiled by Bicep {made_by}, and this is {running.version()}")
        yield running
