"""The rules of `test_template.py` have teeth: each fault of `faults.toml`, put into a copy, breaks its rule."""

from __future__ import annotations

import shutil
import tomllib
from functools import partial
from pathlib import Path

import pytest

from tests.unit.infra import test_template
from tests.unit.infra.compiler import Compiler
from tests.unit.infra.template import INFRA, Infra
from tests.unit.seeded_faults import Fault, is_broken, parameters, read_faults, rules, seeded

UNFORESEEN = {
    name: Fault(*texts)
    for half in tomllib.loads(Path(__file__).with_name("unforeseen.toml").read_text("utf-8")).values()
    for name, texts in half.items()
}
FAULTS = read_faults(Path(__file__).with_name("faults.toml"))
RULES = rules(test_template)
HAVE = RULES.pop("resources_have_what_they_must_have")
RULES |= {rule["why"]: partial(HAVE, rule=rule) for rule in test_template.REQUIRED}
COMPILER = "the compiler has nothing against it"
RULES[COMPILER] = lambda infra: infra.read("main")


def compiled(bicep: Compiler, folder: Path) -> Infra:
    """Return the templates of the folder `infra` there, as the compiler sees them now."""
    bicep.prepare(folder / "infra", folder / "work")
    return Infra(folder / "infra", partial(bicep.read, folder / "work"))


@pytest.mark.long
@pytest.mark.parametrize(("rule", "fault"), parameters(FAULTS))
def test_a_fault_breaks_its_rule(bicep: Compiler, rule: str, fault: Fault, tmp_path: Path) -> None:
    shutil.copytree(INFRA, tmp_path / "infra")
    with seeded(fault, tmp_path / "infra"):
        assert is_broken(RULES[rule], compiled(bicep, tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("fault", [pytest.param(fault, id=name) for name, fault in UNFORESEEN.items()])
def test_a_fault_that_no_rule_was_written_for_breaks_one(bicep: Compiler, fault: Fault, tmp_path: Path) -> None:
    shutil.copytree(INFRA, tmp_path / "infra")
    with seeded(fault, tmp_path / "infra"):
        infra = compiled(bicep, tmp_path)
        # What does not compile is compiled once: each other rule would try again.
        assert is_broken(RULES[COMPILER], infra) or any(is_broken(rule, infra) for rule in RULES.values())


def test_every_rule_has_a_fault_against_it() -> None:
    assert set(RULES) == set(FAULTS)


@pytest.mark.long
def test_a_template_without_a_fault_breaks_no_rule(bicep: Compiler, tmp_path: Path) -> None:
    shutil.copytree(INFRA, tmp_path / "infra")
    infra = compiled(bicep, tmp_path)
    assert not [name for name, rule in RULES.items() if is_broken(rule, infra)]
