"""A CSV told as Graph's beta tells it in JSON, by the examples in Microsoft's documentation."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.call import Call, calls_of, parse
from shared.domain.catalogue import Report, catalogue
from shared.web.formats.graph_json import is_documented, pieces, property_name
from tests.shelf import lines

REPORTS = {name: report for name, report in catalogue().reports.items() if not report.is_directory}
DOCUMENTED: dict[str, str] = json.loads((Path(__file__).parent / "documented_json.json").read_text("utf-8"))
"""The members in Microsoft's example for each report: `a b rows[c d]`."""
NAMES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "shared" / "web" / "formats" / "json_names.json").read_text("utf-8")
)
TYPES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "shared" / "report" / "column_types.json").read_text("utf-8")
)

NOT_IN_THE_CSV = {
    "getFormsUserActivityCounts": ["Report Date"],
    "getFormsUserActivityUserCounts": ["Report Date"],
    "getTeamsTeamCounts": ["Report Period"],
}
"""Columns that Microsoft shows in JSON and leaves out of the documented header."""
NOT_IN_THE_EXAMPLE = {
    "getTeamsUserActivityUserDetail": {
        "audioDurationInSeconds",
        "videoDurationInSeconds",
        "screenShareDurationInSeconds",
    }
}


def to_json(report: Report, call: Call, body: bytes) -> bytes:
    return b"".join(pieces(report, call, body))


every_known_report = pytest.mark.parametrize("name", DOCUMENTED)


def told(call: str, *rows: str) -> list[dict[str, Any]]:
    parsed = parse(call, catalogue())
    value: list[dict[str, Any]] = json.loads(to_json(REPORTS[parsed.report], parsed, lines(*rows)))["value"]
    return value


def header(report: Report) -> list[str]:
    documented = report.columns.get("beta") or report.columns["v1.0"]
    return [*documented, *NOT_IN_THE_CSV.get(report.name, [])]


# What is known


def test_all_reports_are_known_but_those_of_api_consumption() -> None:
    unknown = {name for name, report in REPORTS.items() if not is_documented(report, calls_of(report)[0])}
    assert unknown == {"getApiUsage", "getSharePointApiUsage"}
    assert DOCUMENTED.keys() == REPORTS.keys() - unknown


def test_the_second_version_of_the_copilot_reports_is_not_known() -> None:
    for report in (report for report in REPORTS.values() if report.version_2):
        assert {call.version for call in calls_of(report) if is_documented(report, call)} == {None}


def test_a_single_day_is_told_like_a_period() -> None:
    [row] = told("getEmailActivityUserDetail(date=2026-11-18)", "Report Refresh Date,Send Count", "2026-11-18,3")
    assert row == {"reportRefreshDate": "2026-11-18", "sendCount": 3}


def test_what_is_not_known_cannot_be_told() -> None:
    with pytest.raises(KeyError, match="getApiUsage"):
        to_json(REPORTS["getApiUsage"], Call("getApiUsage", period="D7"), lines("Date", "2026-11-18"))


# Names


@every_known_report
def test_the_names_are_those_of_the_documentation(name: str) -> None:
    columns = header(REPORTS[name])
    [row] = told(str(calls_of(REPORTS[name])[0]), ",".join(columns), "," * (len(columns) - 1))
    assert members(row) == expected_members(DOCUMENTED[name], NOT_IN_THE_EXAMPLE.get(name, set()))


def members(row: dict[str, Any]) -> set[tuple[str, str]]:
    """The members of an object with the collection that each is in."""
    found = set()
    for key, value in row.items():
        if isinstance(value, list) and value:
            found |= {(key, inner) for inner in value[0]}
        else:
            found.add(("", key))
    return found


def expected_members(documented: str, others: set[str]) -> set[tuple[str, str]]:
    outer, collection, inner = re.fullmatch(r"(.*?)(?:(\w+)\[(.*)\])?", documented).groups("")  # type: ignore[union-attr]
    return {("", key) for key in [*outer.split(), *others]} | {(collection, key) for key in inner.split()}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("Report Refresh Date", "reportRefreshDate"),
        ("Storage Used (Byte)", "storageUsedInBytes"),
        ("Prohibit Send/Receive Quota (Byte)", "prohibitSendReceiveQuotaInBytes"),
        ("POP3 App", "pop3App"),
        ("OneDrive Last Activity Date", "oneDriveLastActivityDate"),
        ("Used iPhone", "usediPhone"),
        ("Peer-to-peer IM Count", "peerToPeerIMCount"),
        ("Dial-in/out 3rd Party", "dialInOut3rdParty"),
        ("Outlook (Windows)", "outlookWindows"),
        ("TotalUsers", "totalUsers"),
        ("Über uns", "überUns"),
        ("?", "?"),
        ("", ""),
    ],
)
def test_the_rule(column: str, expected: str) -> None:
    assert property_name(column) == expected


def test_only_names_that_break_the_rule_are_listed() -> None:
    assert not [column for column, name in NAMES["names"].items() if property_name(column) == name]


# Types


def test_every_documented_column_has_one_type() -> None:
    typed = [column for columns in TYPES["types"].values() for column in columns]
    documented = {column for name in DOCUMENTED for columns in REPORTS[name].columns.values() for column in columns}
    assert sorted(typed) == sorted(documented)


@every_known_report
def test_what_a_report_has_of_its_own_is_about_its_columns(name: str) -> None:
    of_types = [column for columns in TYPES["reports"].get(name, {}).values() for column in columns]
    other = [column for columns in REPORTS[name].headers for column in columns]
    assert {*NAMES["reports"][name].get("outside", [])} <= {*header(REPORTS[name])}
    assert {*of_types} <= {*header(REPORTS[name]), *other}


COUNTS = "getOffice365ActiveUserCounts(period='D7')"
PEOPLE = "getEmailActivityUserDetail(period='D7')"

CELLS = {
    "number": (COUNTS, "Teams", "1718", 1718),
    "number with a fraction": (COUNTS, "Teams", "-0.5", -0.5),
    "number that is blank": (COUNTS, "Teams", "", None),
    "number that is none": (COUNTS, "Teams", "N/A", "N/A"),
    "number that JSON would not take": (COUNTS, "Teams", "007", "007"),
    "number that is infinite": (COUNTS, "Teams", "Infinity", "Infinity"),
    "date": (COUNTS, "Report Date", "2026-11-18", "2026-11-18"),
    "date with a midnight": (COUNTS, "Report Date", "2026-11-18T00:00:00Z", "2026-11-18"),
    "date with an offset": (COUNTS, "Report Date", "2026-11-18T00:00:00+00:00", "2026-11-18"),
    "date that is blank": (PEOPLE, "Deleted Date", "", None),
    "date that is blank, of the newer reports": (
        "getFormsUserActivityUserDetail(period='D7')",
        "Last Activity Date",
        "",
        "",
    ),
    "true": (PEOPLE, "Is Deleted", "True", True),
    "no": ("getTeamsUserActivityUserDetail(period='D7')", "Is Licensed", "No", False),
    "truth that is blank": (PEOPLE, "Is Deleted", "", None),
    "truth that is neither": (PEOPLE, "Is Deleted", "maybe", "maybe"),
    "products": (PEOPLE, "Assigned Products", "OFFICE 365 E5+VISIO", ["OFFICE 365 E5", "VISIO"]),
    "product with a plus in its name": (
        PEOPLE,
        "Assigned Products",
        "ENTERPRISE MOBILITY + SECURITY E5+OFFICE 365 E5",
        ["ENTERPRISE MOBILITY + SECURITY E5", "OFFICE 365 E5"],
    ),
    "product with a blank on one side of its plus": (PEOPLE, "Assigned Products", "A +B+C+ D", ["A +B", "C+ D"]),
    "no products": (PEOPLE, "Assigned Products", "", []),
    "apps of a person": (
        "getEmailAppUsageUserDetail(period='D7')",
        "Outlook For Web",
        "Undetermined",
        ["Undetermined"],
    ),
    "apps as numbers": ("getEmailAppUsageUserCounts(period='D7')", "Outlook For Web", "7", 7),
    "period": (COUNTS, "Report Period", "7", "7"),
    "duration": ("getTeamsUserActivityCounts(period='D7')", "Audio Duration", "PT1H2S", "PT1H2S"),
    "text": (PEOPLE, "Display Name", "1", "1"),
    "quotation marks as Graph spells them": (PEOPLE, "Display Name", "A #QUOT#B#QUOT#", "A #QUOT#B#QUOT#"),
    "text that is blank": (PEOPLE, "Display Name", "", None),
    "column that is not documented": (COUNTS, "Copilot In (New) Outlook", "7", "7"),
}


@pytest.mark.parametrize(("call", "column", "cell", "expected"), CELLS.values(), ids=CELLS.keys())
def test_a_cell(call: str, column: str, cell: str, expected: object) -> None:
    [row] = told(call, f"{column},Other", f"{cell},x")
    value = row[property_name(column)]
    assert (value, type(value)) == (expected, type(expected))


def test_no_digit_of_a_number_is_lost() -> None:
    call = Call("getMailboxUsageStorage", period="D7")
    body = lines("Storage Used (Byte)", "12345678901234567890.10")
    assert to_json(REPORTS[call.report], call, body) == b'{"value":[{"storageUsedInBytes":12345678901234567890.10}]}'


# Objects


def test_each_row_is_an_object() -> None:
    assert told(COUNTS, "Report Refresh Date,Office 365", "2026-11-18,7", "", "2026-11-18,8") == [
        {"reportRefreshDate": "2026-11-18", "office365": 7},
        {"reportRefreshDate": "2026-11-18", "office365": 8},
    ]


def test_the_days_of_one_snapshot_are_a_collection_where_graph_has_one() -> None:
    assert told(
        "getM365AppPlatformUserCounts(period='D7')",
        "Report Refresh Date,Report Period,Report Date,Windows,New",
        "2026-11-18,7,2026-11-18,1445,a",
        "2026-11-18,7,2026-11-17,1440,b",
    ) == [
        {
            "reportRefreshDate": "2026-11-18",
            "reportPeriod": 7,
            "userCounts": [
                {"reportDate": "2026-11-18", "windows": 1445, "new": "a"},
                {"reportDate": "2026-11-17", "windows": 1440, "new": "b"},
            ],
        }
    ]


def test_the_products_of_a_person_are_one_collection_wherever_their_rows_are() -> None:
    assert told(
        "getOffice365ActivationsUserDetail",
        "Report Refresh Date,User Principal Name,Product Type,Windows,iOS,Activated On Shared Computer",
        "2026-11-18,a@x,Visio,1,0,Yes",
        "2026-11-18,b@x,Visio,2,0,No",
        "2026-11-18,a@x,Project,3,4,False",
    ) == [
        {
            "reportRefreshDate": "2026-11-18",
            "userPrincipalName": "a@x",
            "userActivationCounts": [
                {"productType": "Visio", "windows": 1, "ios": 0, "activatedOnSharedComputer": True},
                {"productType": "Project", "windows": 3, "ios": 4, "activatedOnSharedComputer": False},
            ],
        },
        {
            "reportRefreshDate": "2026-11-18",
            "userPrincipalName": "b@x",
            "userActivationCounts": [
                {"productType": "Visio", "windows": 2, "ios": 0, "activatedOnSharedComputer": False}
            ],
        },
    ]


def test_a_collection_does_without_the_columns_around_it() -> None:
    assert told("getM365AppUserCounts(period='D7')", "Word", "1", "2") == [{"userCounts": [{"word": 1}, {"word": 2}]}]


def test_no_rows_are_no_objects() -> None:
    assert told(COUNTS, "Report Refresh Date,Teams") == []
    assert told("getM365AppUserCounts(period='D7')", "Report Refresh Date,Teams") == []


def test_cells_that_are_missing_are_blank_and_cells_without_a_column_are_left_out() -> None:
    assert told(COUNTS, "Report Refresh Date,Teams", "2026-11-18", "2026-11-18,1,2") == [
        {"reportRefreshDate": "2026-11-18", "teams": None},
        {"reportRefreshDate": "2026-11-18", "teams": 1},
    ]


def test_columns_of_one_name_are_told_apart() -> None:
    assert told(COUNTS, "Teams,Teams,teams", "1,2,3") == [{"teams": 1, "teams (2)": 2, "teams (3)": 3}]


def test_what_is_no_csv_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="not a CSV"):
        told(COUNTS, "Teams", '"1"2')


text = st.text(st.characters(codec="utf-8"), max_size=6)


@given(st.sampled_from([COUNTS, "getM365AppUserCounts(period='D7')"]), st.data())
def test_nothing_that_a_cell_holds_is_lost(call: str, data: st.DataObject) -> None:
    columns = data.draw(st.lists(text, min_size=1, max_size=3))
    rows = data.draw(st.lists(st.lists(text, min_size=len(columns), max_size=len(columns)), max_size=3))
    body = io.StringIO(newline="")
    csv.writer(body, quoting=csv.QUOTE_ALL).writerows(
        [["Report Refresh Date", *columns], *(["day", *row] for row in rows)]
    )
    parsed = parse(call, catalogue())
    value = json.loads(to_json(REPORTS[parsed.report], parsed, body.getvalue().encode()))["value"]
    flat = [{"reportRefreshDate": "day", **row} for each in value for row in each.get("userCounts", [each])]
    assert [[cell or "" for cell in row.values()] for row in flat] == [["day", *row] for row in rows]
