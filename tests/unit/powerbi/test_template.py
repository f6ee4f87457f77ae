"""The template has what the project has, in the form in which Power BI Desktop keeps a template."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
import zipfile
from typing import Any

import pytest

from powerbi.generator import template
from tests.unit.powerbi.project import FOLDER, Project

TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"


@pytest.fixture(scope="module")
def package() -> dict[str, bytes]:
    """The content of each part of the file that is handed out."""
    with zipfile.ZipFile(FOLDER / template.NAME) as opened:
        assert not opened.testzip()
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def model(package: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(package[template.MODEL].decode("utf-16-le"))["model"]
    return found


def named(objects: list[dict[str, Any]]) -> list[str]:
    return [each["name"] for each in objects]


def test_it_is_made_of_the_project_as_it_is(package: dict[str, bytes]) -> None:
    assert package == template.parts(FOLDER), "run `python -m powerbi.generator`"


def test_it_has_the_tables_columns_measures_and_roles_of_the_project(model: dict[str, Any]) -> None:
    project = Project(FOLDER)
    assert sorted(named(model["tables"])) == sorted(project.tables)
    columns = {(table["name"], column["name"]) for table in model["tables"] for column in table.get("columns", [])}
    assert columns == project.columns.keys()
    assert {name for table in model["tables"] for name in named(table.get("measures", []))} == {*project.measures}
    assert len(model["relationships"]) == len(project.relationships)
    assert named(model["roles"]) == [role.name for role in project.all("role")]


def test_every_expression_is_that_of_the_project(model: dict[str, Any]) -> None:
    project = Project(FOLDER)
    given = [
        *[each["expression"] for table in model["tables"] for each in table.get("measures", [])],
        *[each["source"]["expression"] for table in model["tables"] for each in table["partitions"]],
        *[each["expression"] for each in model["expressions"]],
    ]
    texts = sorted(text if isinstance(text, str) else "\n".join(text) for text in given)
    nodes = [*project.all("measure"), *project.all("expression")]
    assert texts == sorted(
        [node.value for node in nodes] + [each.properties["source"] for each in project.all("partition")]
    )


def test_opening_it_asks_for_the_parameters(model: dict[str, Any]) -> None:
    asked = [each["name"] for each in model["expressions"] if "IsParameterQuery = true" in each["expression"]]
    assert asked == ["BaseUrl", "Tenant", "Key", "RangeStart", "RangeEnd", "DetailEvery", "FiscalYearBegins"]


def test_it_holds_no_data_no_credential_and_nothing_of_a_machine(package: dict[str, bytes]) -> None:
    assert not {"DataModel", "DataMashup", "Connections", "SecurityBindings"} & package.keys()
    assert "https://HOST/" in package[template.MODEL].decode("utf-16-le")


def test_its_text_is_utf_16_beside_the_report_which_is_the_projects_own(package: dict[str, bytes]) -> None:
    assert package["Version"].decode("utf-16-le").replace(".", "").isdigit()
    for name in ("Settings", "Metadata", template.MODEL):
        assert isinstance(json.loads(package[name].decode("utf-16-le")), dict)
    report = {name: content for name, content in package.items() if name.startswith("Report/")}
    assert {"Report/definition/report.json", "Report/definition/version.json"} < report.keys()
    for name, content in report.items():
        assert content == (FOLDER / name.replace("Report/", "Usage.Report/", 1)).read_bytes()


def test_each_part_has_a_content_type(package: dict[str, bytes]) -> None:
    assert package[template.CONTENT_TYPES].startswith(b"\xef\xbb\xbf<?xml")
    root = ElementTree.fromstring(package[template.CONTENT_TYPES].decode("utf-8-sig"))
    own = {each.attrib["PartName"].removeprefix("/") for each in root.iter(f"{TYPES}Override")}
    endings = tuple("." + each.attrib["Extension"] for each in root.iter(f"{TYPES}Default"))
    assert package.keys() - own - {template.CONTENT_TYPES} == {name for name in package if name.endswith(endings)}
