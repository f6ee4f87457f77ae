"""The catalogue is data, and what the app takes for granted about it holds."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.domain.call import Call, calls_of, parse
from shared.domain.catalogue import Catalogue, LegacyFamily, Report, Version2, catalogue

SHARED = Path(__file__).parents[2] / "shared" / "domain"
ENTRIES: dict[str, Any] = json.loads((SHARED / "catalogue.json").read_text("utf-8"))
SCHEMA: dict[str, Any] = json.loads((SHARED / "catalogue.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

DIRECTORY = list(catalogue().directory.values())
REPORTS = [report for report in catalogue().reports.values() if not report.is_directory]
FAMILIES_OF_2017 = list(catalogue().legacy.values())
API_CONSUMPTION = {"getApiUsage", "getSharePointApiUsage"}
"""They tell of apps, not of people's use, and have their own kind of file."""
FORMS_COUNTS = {"getFormsUserActivityCounts", "getFormsUserActivityUserCounts"}
"""Microsoft documents a row per day for them, and a CSV header without `Report Date`."""
NO_REPORT_DATE = API_CONSUMPTION | FORMS_COUNTS

NATIONAL = ["usgov", "dod", "china", "usnat", "ussec"]

every_family_of_2017 = pytest.mark.parametrize("family", FAMILIES_OF_2017, ids=lambda family: family.family)


REPORT_NAMES = {report.name for report in REPORTS}
HEADERS = [(report.name, header) for report in REPORTS for header in report.headers]


# The file


def test_the_schema_is_itself_in_order() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_catalogue_fits_its_schema() -> None:
    assert [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(ENTRIES)] == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        pytest.param("owner", "me", id="unknown member"),
        pytest.param("name", "teams", id="name that is not a function's"),
        pytest.param("question", "", id="no question"),
        pytest.param("question", "Counts of users.", id="question that asks nothing"),
        pytest.param("kind", "list", id="unknown kind"),
        pytest.param("periods", ["7"], id="period without D"),
        pytest.param("date_window_days", 0, id="window of no days"),
        pytest.param("root", {}, id="no root"),
        pytest.param("root", {"v2.0": "reports"}, id="unknown Graph version"),
        pytest.param("clouds", {"global": ["beta"]}, id="cloud left out"),
        pytest.param("columns", {"beta": ["Date", "Date"]}, id="column twice"),
        pytest.param("columns", {"beta": [" Date"]}, id="column with a space before it"),
    ],
)
def test_the_schema_turns_down(member: str, value: object) -> None:
    entries = copy.deepcopy(ENTRIES)
    entries["reports"][0][member] = value
    assert not VALIDATOR.is_valid(entries)


@pytest.mark.parametrize("member", SCHEMA["$defs"]["report"]["required"])
def test_the_schema_wants_every_member_of_a_report(member: str) -> None:
    entries = copy.deepcopy(ENTRIES)
    del entries["reports"][0][member]
    assert not VALIDATOR.is_valid(entries)


def test_report_names_are_unique_and_sorted() -> None:
    names = [entry["name"] for entry in ENTRIES["reports"]]
    assert names == sorted({name.lower(): name for name in names}.values())


def test_families_of_2017_are_unique_and_sorted() -> None:
    names = [entry["family"] for entry in ENTRIES["legacy"]]
    assert names == sorted(set(names))


def test_no_alias_hides_a_report_or_a_family_of_2017() -> None:
    names = {name.lower() for name in catalogue().names}
    assert not names & {alias.lower() for alias in ENTRIES["aliases"]}


@pytest.mark.parametrize("alias", ENTRIES["aliases"])
def test_an_alias_leads_to_a_name_that_exists(alias: str) -> None:
    assert ENTRIES["aliases"][alias] in catalogue().names
    assert catalogue().canonical_name(alias) == ENTRIES["aliases"][alias]


def test_questions_are_all_different() -> None:
    questions = [report.question.lower() for report in REPORTS]
    assert sorted(questions) == sorted(set(questions))


# What Graph has


def test_v1_has_75_usage_functions() -> None:
    assert sum(report.root.get("v1.0") == "reports" for report in REPORTS) == 75


def test_three_copilot_reports_have_a_second_version() -> None:
    copilot = [report for report in REPORTS if report.version_2]
    assert len(copilot) == 3
    assert [report.root["v1.0"] for report in copilot] == ["copilot/reports"] * 3


def test_the_15_reports_of_skype_for_business_are_retired() -> None:
    retired = [report.name for report in REPORTS if report.retired]
    assert len(retired) == 15
    assert all(name.startswith("getSkypeForBusiness") for name in retired)


def test_only_the_api_consumption_reports_are_for_signed_in_people() -> None:
    assert {report.name for report in REPORTS if report.delegated_only} == API_CONSUMPTION


def test_a_report_is_live_unless_it_is_retired_or_for_signed_in_people() -> None:
    assert sum(report.live for report in REPORTS) == len(REPORTS) - 15 - 2


# Every report: none breaks the rule


def test_personal_data_is_in_detail_reports_and_in_no_other() -> None:
    assert not [report.name for report in REPORTS if report.personal_data != (report.kind == "detail")]


def test_a_report_without_periods_takes_no_date() -> None:
    assert not [report.name for report in REPORTS if not report.periods and report.date_window_days]


def test_only_a_report_of_kind_detail_takes_a_date_or_that_of_sharepoints_api_usage() -> None:
    others = [report.name for report in REPORTS if report.kind != "detail" and report.date_window_days]
    assert others == ["getSharePointApiUsage"]


def test_every_file_but_those_of_api_consumption_begins_with_the_refresh_date() -> None:
    others = {name for name, header in HEADERS if "Report Refresh Date" not in header[0]}
    assert others == API_CONSUMPTION


def test_daily_counts_have_a_report_date_and_no_other_report_has() -> None:
    daily = {report.name for report in REPORTS if report.kind == "counts"}
    assert {name for name, header in HEADERS if "Report Date" in header} == daily - NO_REPORT_DATE
    assert {name for name, header in HEADERS if "Report Date" not in header} == {*REPORT_NAMES} - daily | NO_REPORT_DATE


def test_the_grain_begins_with_the_day_for_counts_and_for_no_other_report() -> None:
    assert not [report.name for report in REPORTS if report.grain.startswith("day") != (report.kind == "counts")]


def test_the_question_is_asked_day_by_day_for_counts_and_for_no_other_report() -> None:
    asked = {report.name for report in REPORTS if "day by day" in report.question}
    assert asked == {report.name for report in REPORTS if report.kind == "counts"} - FORMS_COUNTS


def test_a_header_is_known_for_each_version_that_has_the_report() -> None:
    assert not [report.name for report in REPORTS if report.columns.keys() != report.root.keys()]


@pytest.mark.parametrize("cloud", ["global", *NATIONAL])
def test_a_cloud_names_only_versions_that_have_the_report(cloud: str) -> None:
    assert not [report.name for report in REPORTS if not set(report.clouds[cloud]) <= report.root.keys()]


def test_the_global_cloud_has_every_version_of_a_report() -> None:
    assert not [report.name for report in REPORTS if set(report.clouds["global"]) != report.root.keys()]


@pytest.mark.parametrize("cloud", NATIONAL)
def test_a_national_cloud_has_beta_alone(cloud: str) -> None:
    assert {report.clouds[cloud] for report in REPORTS} == {(), ("beta",)}


@pytest.mark.parametrize("cloud", ["usnat", "ussec"])
def test_an_air_gapped_cloud_has_44_reports(cloud: str) -> None:
    assert sum(bool(report.clouds[cloud]) for report in REPORTS) == 44


@pytest.mark.parametrize("report", DIRECTORY, ids=lambda report: report.name)
def test_a_collection_is_a_report_without_argument_in_every_cloud(report: Report) -> None:
    assert calls_of(report) == [Call(report.name)]
    assert str(parse(report.name.upper(), catalogue())) == report.name
    assert {*report.clouds.values()} == {("v1.0",)}
    assert report.columns["v1.0"][0] == "Report Refresh Date"


def test_each_collection_has_its_permission_and_the_reports_have_one() -> None:
    assert {report.name: report.permission for report in DIRECTORY} == {
        "subscribedSkus": "LicenseAssignment.Read.All",
        "users": "User.Read.All",
    }
    assert {report.permission for report in REPORTS} == {"Reports.Read.All"}


def test_a_person_is_in_the_accounts_alone() -> None:
    assert [report.name for report in DIRECTORY if report.personal_data] == ["users"]


def test_what_is_not_archived_is_named_and_is_no_report() -> None:
    assert [*catalogue().not_archived] == [
        "azureADPremiumLicenseInsight",
        "getMicrosoft365CopilotUsageUserDetailByDate",
    ]
    assert not catalogue().not_archived.keys() & {*catalogue().names}


# The families of 2017


def test_every_view_leads_to_a_report_that_exists() -> None:
    assert {report for family in FAMILIES_OF_2017 for report in family.views.values()} <= REPORT_NAMES


def test_no_report_stands_for_two_views() -> None:
    reports = [report for family in FAMILIES_OF_2017 for report in family.views.values()]
    assert sorted(reports) == sorted(set(reports))


@every_family_of_2017
def test_the_view_detail_and_no_other_leads_to_a_report_of_kind_detail(family: LegacyFamily) -> None:
    kinds = {view: catalogue().reports[report].kind for view, report in family.views.items()}
    assert {view for view, kind in kinds.items() if kind == "detail"} == family.views.keys() & {"Detail"}


@every_family_of_2017
def test_the_view_detail_took_a_date_where_its_report_still_takes_one(family: LegacyFamily) -> None:
    detail = family.views.get("Detail")
    assert family.date_with_detail == bool(detail and catalogue().reports[detail].date_window_days)


@every_family_of_2017
def test_a_family_had_the_periods_that_its_reports_still_have(family: LegacyFamily) -> None:
    assert {catalogue().reports[report].periods for report in family.views.values()} == {family.periods}


# The loader


def test_an_entry_becomes_a_typed_report() -> None:
    report = catalogue().reports["getEmailActivityUserDetail"]
    assert report.family == "Outlook activity (email activity)"
    assert report.kind == "detail"
    assert report.periods == ("D7", "D30", "D90", "D180")
    assert report.date_window_days == 28
    assert report.clouds["china"] == ("beta",)
    assert report.columns["v1.0"][:2] == ("Report Refresh Date", "User Principal Name")
    assert report.version_2 is None


def test_a_second_version_becomes_typed_too() -> None:
    second = catalogue().reports["getMicrosoft365CopilotUserCountTrend"].version_2
    assert isinstance(second, Version2)
    assert second.periods == ("D7", "D28", "D90", "D180", "ALL")
    assert second.columns[0] == "Report Refresh Date"


@pytest.mark.parametrize(
    ("report_type", "own"),
    [
        pytest.param(None, {"UsageMB"}, id="egressReport"),
        pytest.param("throttlingReport", {"ThrottledRequests"}, id="throttlingReport"),
        pytest.param(
            "sharePointServicePrioritizationReport",
            {"StandardRequestCount", "HeavyRequestCount", "BilledStandardRequestCount", "BilledHeavyRequestCount"},
            id="sharePointServicePrioritizationReport",
        ),
    ],
)
def test_each_report_type_has_columns_of_its_own(report_type: str | None, own: set[str]) -> None:
    report = catalogue().reports["getSharePointApiUsage"]
    shared = {"UsageDateTime", "ServiceArea", "TenantId", "AppId", "UsageRequests", "ActiveApps"}
    assert {*report.columns_of("beta", None, report_type)} == shared | own


def test_a_family_of_2017_becomes_typed_too() -> None:
    family = catalogue().legacy["MailboxUsage"]
    assert family.periods == ("D7", "D30", "D90", "D180")
    assert family.views["Storage"] == "getMailboxUsageStorage"
    assert not family.date_with_detail


def test_the_catalogue_is_read_once() -> None:
    assert catalogue() is catalogue()


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase], ids=["lower", "upper", "swapped"])
def test_a_name_is_found_whatever_its_letter_case(change: Callable[[str], str]) -> None:
    names = catalogue().names
    assert [catalogue().canonical_name(change(name)) for name in names] == names


@pytest.mark.parametrize("name", ["", "get", "getNothing", "getEmailActivityCounts ", "Email"])
def test_what_is_no_name_is_not_found(name: str) -> None:
    assert catalogue().canonical_name(name) is None


@pytest.mark.parametrize(
    ("name", "preferred", "taken"),
    [
        ("getEmailActivityCounts", "v1.0", "v1.0"),
        ("getEmailActivityCounts", "beta", "beta"),
        ("getFormsUserActivityCounts", "v1.0", "beta"),
    ],
)
def test_the_preferred_graph_version_is_taken_where_it_has_the_report(name: str, preferred: str, taken: str) -> None:
    assert catalogue().reports[name].graph_version(preferred) == taken


# A new report


def test_no_two_reports_are_called_the_same() -> None:
    titles = [report.title for report in catalogue().reports.values()]
    assert len({*titles}) == len(titles)


def test_the_mean_of_a_week_stands_for_daily_counts_and_its_last_day_for_what_there_is() -> None:
    reports = catalogue().reports
    means = {name for name, report in reports.items() if report.aggregate == "mean"}
    assert {"getOffice365ActiveUserCounts", "getTeamsUserActivityCounts"} <= means
    assert not [name for name in means if name.endswith(("Storage", "Detail", "Summary")) or name in ("users",)]


def test_adding_a_report_needs_one_entry_and_no_code() -> None:
    invented = {
        "name": "getWhiteboardUserDetail",
        "title": "Whiteboards by person",
        "family": "Whiteboard activity",
        "question": "How many boards did each user draw on, and when last?",
        "kind": "detail",
        "grain": "user",
        "personal_data": True,
        "retired": False,
        "delegated_only": False,
        "periods": ["D7", "D365"],
        "date_window_days": 14,
        "root": {"beta": "reports"},
        "clouds": {"global": ["beta"], "usgov": [], "dod": [], "china": [], "usnat": [], "ussec": []},
        "columns": {"beta": ["Report Refresh Date", "User Principal Name", "Boards"]},
    }
    entries = {**ENTRIES, "reports": [*ENTRIES["reports"], invented]}
    assert VALIDATOR.is_valid(entries)
    reports = Catalogue(entries)
    assert str(parse("GETWHITEBOARDUSERDETAIL(period=d365)", reports)) == "getWhiteboardUserDetail(period='D365')"
    assert (
        str(parse("getWhiteboardUserDetail", reports, {"date": "2026-11-18"}))
        == "getWhiteboardUserDetail(date=2026-11-18)"
    )
    assert [call.key for call in calls_of(reports.reports["getWhiteboardUserDetail"])] == ["D7", "D365"]
