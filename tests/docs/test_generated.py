"""The generated pages of `docs/` say what the code says."""

import json
from typing import Any

import pytest

from docs.generate import documents
from shared.domain.catalogue import catalogue
from shared.settings import SETTINGS, Setting
from tests.docs.pages import ROOT

HOST_SETTINGS = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"}
"""Read by the Functions host and by the identity library, not by the app."""

every_setting = pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)


def rows(page: str, beginning: str) -> list[list[str]]:
    """The table rows of a page of which the first cell begins so, each as its cells."""
    lines = documents()[page].splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith(f"| `{beginning}")]


def sample() -> dict[str, Any]:
    """The settings that `local.settings.sample.json` names."""
    values = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    assert isinstance(values, dict)
    return values


@pytest.mark.parametrize("name", documents())
def test_the_page_is_what_the_generator_writes(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == documents()[name], "run `python -m docs.generate`"


@pytest.mark.parametrize("name", documents())
def test_every_row_of_a_table_has_as_many_cells_as_its_head(name: str) -> None:
    tables = documents()[name].split("\n\n")
    for table in (part.splitlines() for part in tables if part.startswith("|")):
        assert len({line.count("|") for line in table}) == 1


def test_every_report_has_one_row_with_its_title_and_its_question() -> None:
    written = [cells[:3] for name in catalogue().reports for cells in rows("docs/reports.md", f"{name}`")]
    assert sorted(name.split("`")[1] for name, *_ in written) == sorted(catalogue().reports)
    told = {(report.title, report.question) for report in catalogue().reports.values()}
    assert {(title, question) for _, title, question in written} == told


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("getEmailActivityCounts", "`getEmailActivityCounts`"),
        ("getSkypeForBusinessActivityCounts", "`getSkypeForBusinessActivityCounts` (retired)"),
        ("getApiUsage", "`getApiUsage` (delegated only)"),
    ],
)
def test_a_row_says_whether_the_report_is_pulled(name: str, shown: str) -> None:
    ((first, *_),) = rows("docs/reports.md", f"{name}`")
    assert first == shown


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        pytest.param(
            "getEmailActivityUserDetail",
            [
                "detail",
                "user",
                "yes",
                "D7, D30, D90, D180",
                "28",
                "v1.0, beta; US Government, DoD, China, USNat, USSec: beta",
            ],
            id="with single days",
        ),
        pytest.param(
            "getOffice365ActivationCounts",
            ["summary", "Product Type", "no", "none", "no", "v1.0, beta; China: beta"],
            id="without argument",
        ),
        pytest.param(
            "getMicrosoft365CopilotUserCountTrend",
            [
                *("counts", "day", "no"),
                "D7, D30, D90, D180, ALL; `version='v2'`: D7, D28, D90, D180, ALL",
                *("no", "v1.0, beta"),
            ],
            id="two versions",
        ),
    ],
)
def test_a_row_says_what_a_call_may_name_and_where(name: str, cells: list[str]) -> None:
    ((_, _, _, *rest),) = rows("docs/reports.md", f"{name}`")
    assert rest == cells


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        pytest.param("getOffice365ServicesUserCounts", True, id="summary"),
        pytest.param("getOffice365ActivationsUserDetail", True, id="without argument"),
        pytest.param("getMailboxUsageDetail", True, id="detail without single days"),
        pytest.param("getOffice365ActiveUserCounts", False, id="daily rows"),
        pytest.param("getOffice365ActiveUserDetail", False, id="single days"),
        pytest.param("getSkypeForBusinessDeviceUsageDistributionUserCounts", False, id="retired: never pulled"),
    ],
)
def test_the_page_lists_what_can_never_be_had_later(name: str, lost: bool) -> None:
    assert (f"- `{name}`" in documents()["docs/reports.md"].splitlines()) == lost


@every_setting
def test_every_setting_has_one_row_with_its_meaning(setting: Setting) -> None:
    ((_, default, meaning),) = rows("docs/settings.md", f"{setting.name}`")
    assert meaning == setting.meaning
    assert default == (
        "none: must be set" if setting.default is None else f"`{setting.default}`" if setting.default else "empty"
    )


@every_setting
def test_every_setting_stands_in_the_sample(setting: Setting) -> None:
    assert setting.name in sample()


def test_the_sample_names_no_setting_that_nobody_reads() -> None:
    assert sample().keys() <= {setting.name for setting in SETTINGS} | HOST_SETTINGS
