"""What is deployed is what was tested: every package and every action of the workflows is one and the same."""

import re
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements.txt"
AZURE = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux", "platform_system": "Linux"}
_LINE = re.compile(r"^(\S+==\S+)(?: ; (.+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def locked(file: Path) -> dict[tuple[str, str], set[str]]:
    """Return the hashes of the files of each package, by name with version and by marker."""
    found = _LINE.findall(file.read_text("utf-8"))
    return {(package, marker): set(hashes.split()) - {"\\"} for package, marker, hashes in found}


def pinned(file: Path) -> set[str]:
    """Return the packages that a file asks for, with their versions."""
    lines = re.findall(r"^[\w-]+==[^;\s]+", file.read_text("utf-8"), re.MULTILINE)
    assert lines
    return set(lines)


def test_every_package_that_is_deployed_has_a_version_and_hashes() -> None:
    lines = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if line[:1] not in ("#", " ")]
    assert len(locked(REQUIREMENTS)) == len(lines) > 10


def test_what_the_app_asks_for_is_what_is_deployed() -> None:
    asked = pinned(ROOT / "requirements.in")
    assert asked <= {package for package, _ in locked(REQUIREMENTS)}


def test_what_is_deployed_is_what_the_tests_run_with() -> None:
    here = locked(ROOT / "local" / "requirements.lock")
    assert {package: hashes - here.get(package, set()) for package, hashes in locked(REQUIREMENTS).items()} == {
        package: set() for package in locked(REQUIREMENTS)
    }


def test_the_worker_on_an_older_python_is_that_of_azure() -> None:
    (worker,) = pinned(ROOT / "local" / "runtime.lock")
    assert worker in pinned(ROOT / "requirements.in")


@pytest.mark.skipif(sys.version_info < (3, 13), reason="not all that Azure gets is installed on an older Python")
def test_whatever_a_package_needs_in_azure_is_deployed_too() -> None:
    """pip refuses to install a package by its hash if one that it needs has none."""
    packages = [package for package, marker in locked(REQUIREMENTS) if not marker or Marker(marker).evaluate(AZURE)]
    names = {canonicalize_name(package.partition("==")[0]) for package in packages}
    needed = [Requirement(each) for name in names for each in requires(name) or ()]
    lacking = {
        each.name
        for each in needed
        if canonicalize_name(each.name) not in names
        and (not each.marker or each.marker.evaluate({**AZURE, "extra": ""}))
    }
    assert lacking == set()


@pytest.mark.parametrize("workflow", [*ROOT.glob(".github/workflows/*.yml")], ids=lambda path: path.name)
def test_each_action_of_a_workflow_is_named_by_its_commit(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    uses = [step["uses"] for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"] if "uses" in step]
    assert uses
    assert [each for each in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each)] == []
    assert len(re.findall(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", text, re.MULTILINE)) == len(uses)


def test_the_workflow_tries_each_python_that_azure_offers() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert {"3.13", "3.14"} <= set(workflow["jobs"]["test"]["strategy"]["matrix"]["python"])
