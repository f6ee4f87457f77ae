"""What is kept in `compiled/` is what the compiler makes of `infra/` today, and it has nothing against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.infra.compiler import SOURCES, Compiler, digest
from tests.unit.infra.template import INFRA, SETS, stored

AGAIN = "run `python -m tests.unit.infra.compiler`"


@pytest.fixture(scope="module")
def work(bicep: Compiler, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the templates, ready to be compiled."""
    folder = tmp_path_factory.mktemp("infra")
    bicep.prepare(INFRA, folder)
    return folder


def test_the_templates_are_those_that_were_compiled() -> None:
    assert digest() == SOURCES.read_text("utf-8").strip(), AGAIN


def test_no_set_of_parameters_is_objected_to() -> None:
    assert not [name for name in SETS if stored(name)["diagnostics"]]


@pytest.mark.parametrize("name", ["main", *SETS])
def test_what_is_kept_is_what_the_compiler_makes(bicep: Compiler, work: Path, name: str) -> None:
    assert bicep.read(work, name) == stored(name), AGAIN
