"""What is kept in `compiled/` is what the compiler makes of `infra/` today, and it has nothing against it."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from tests.unit.infra.compiler import SOURCES, Compiler, digest
from tests.unit.infra.template import INFRA, PARAMETERS, SETS, stored

AGAIN = "run `python -m tests.unit.infra.compiler`"
BEFORE = json.loads(Path(__file__).with_name("names_before.json").read_text("utf-8"))
"""What a deployment by each of these names was called when a name had to have 16 letters at most (commit 91a2226^)."""


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


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "Usage" else pytest.mark.long) for name in BEFORE]
)
def test_an_update_makes_no_resource_by_another_name(bicep: Compiler, work: Path, name: str) -> None:
    """Else there would be a new, empty archive beside the old one."""
    lines = ["using 'main.bicep'", f"param name = '{name}'", "param location = 'westeurope'"]
    (work / f"{name}.bicepparam").write_text("\n".join(lines), "utf-8")
    ids = {each["id"].partition("/resourceGroups/")[2] for each in bicep.read(work, name)["predictedResources"]}
    assert set(BEFORE[name]) - ids == set()


@pytest.mark.long
def test_any_two_options_go_together(bicep: Compiler, work: Path) -> None:
    lines = (PARAMETERS / "everything.bicepparam").read_text("utf-8").splitlines()
    options = [line for line in lines if re.match(r"param (?!name|location)", line)]
    always = (PARAMETERS / "default.bicepparam").read_text("utf-8")
    assert len(options) > 8
    for number, pair in enumerate(itertools.combinations(options, 2)):
        (work / f"pair{number}.bicepparam").write_text("\n".join([always, *pair]), "utf-8")
        assert bicep.read(work, f"pair{number}")["diagnostics"] == [], pair
