"""The rules of `test_project.py` have teeth: each fault of `faults.toml`, put into a copy of it, breaks its rule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from powerbi.generator.pages import PAGES, identifier
from tests.unit.powerbi import test_project
from tests.unit.powerbi.project import FOLDER, Project
from tests.unit.seeded_faults import Fault, is_broken, parameters, read_faults, rules, seeded


def visual(page: str, kind: str, title: str) -> str:
    """Return the file of a visual."""
    ids = identifier("page", page), identifier("visual", page, kind, title)
    return f"powerbi/{PAGES}/{ids[0]}/visuals/{ids[1]}/visual.json"


FILES = {
    "MODEL": "powerbi/Usage.SemanticModel/definition",
    "REPORT": "powerbi/Usage.Report/definition",
    "MEASURES": "powerbi/Usage.SemanticModel/definition/tables/Measures.tmdl",
    "CARD": visual("Start", "card", "Age in days"),
    "HISTORY": visual("Start", "card", "History since"),
    "CHART": visual("Overview", "lineChart", "Active people, and a year before (mean of 28 days)"),
}
FAULTS = read_faults(Path(__file__).with_name("faults.toml"), FILES)


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the project and of the pages; whoever changes it puts that right again."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(FOLDER, folder / "powerbi")
    shutil.copytree(FOLDER.parent / "docs", folder / "docs")
    return folder


@pytest.mark.long
@pytest.mark.parametrize(("rule", "fault"), parameters(FAULTS))
def test_a_fault_breaks_its_rule(rule: str, fault: Fault, copy: Path) -> None:
    with seeded(fault, copy):
        assert is_broken(rules(test_project)[rule], Project(copy / "powerbi"))


def test_every_rule_has_a_fault_against_it() -> None:
    assert set(rules(test_project)) == set(FAULTS)


@pytest.mark.long
def test_a_copy_without_a_fault_breaks_no_rule(copy: Path) -> None:
    project = Project(copy / "powerbi")
    assert not [name for name, rule in rules(test_project).items() if is_broken(rule, project)]
