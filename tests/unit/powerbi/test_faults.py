"""The rules of `test_project.py` have teeth: each fault here, put into a copy of the project, breaks its rule."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from powerbi.generator.ids import short, tag
from tests.unit.powerbi import test_project
from tests.unit.powerbi.project import FOLDER, Project

MODEL = "powerbi/Usage.SemanticModel/definition"
TEAMS, PEOPLE, STORAGE = (f"{MODEL}/tables/{name}.tmdl" for name in ("Teams", "People", "Storage"))
ACTIVE = f"{MODEL}/tables/Active users.tmdl"
FRESHNESS = f"{MODEL}/tables/Freshness.tmdl"
EXPRESSIONS, RELATIONS = f"{MODEL}/expressions.tmdl", f"{MODEL}/relationships.tmdl"
REPORT = "powerbi/Usage.Report/definition"
START = f"{REPORT}/pages/{short('page', 'START HERE')}"
CARD = f"{START}/visuals/{short('visual', 'START HERE', 'card', 'Age in days')}/visual.json"
HISTORY = f"{START}/visuals/{short('visual', 'START HERE', 'card', 'History since')}/visual.json"
CHART_TITLE = "Active users, and a year before (average of 28 days)"
CHART = (
    f"{REPORT}/pages/{short('page', 'Active users')}/visuals/"
    f"{short('visual', 'Active users', 'lineChart', CHART_TITLE)}/visual.json"
)
LATEST = "powerbi/queries/latest.pq"

pytestmark = pytest.mark.long


class Fault(NamedTuple):
    file: str
    old: str
    new: str


FAULTS = {
    "every_file_is_what_the_generator_writes": [
        Fault(LATEST, '"D30"', '"D7"'),
    ],
    "files_have_short_paths_and_no_byte_order_mark": [
        Fault(LATEST, "// The newest", "\ufeff// The newest"),
    ],
    "every_json_is_as_its_schema_says": [
        Fault(CHART, '"visualType"', '"visualKind"'),
        Fault(CHART, '"tabOrder": 7000', '"tabOrder": "last"'),
        Fault(CHART, '"queryRef": "Date.Date",', ""),
        Fault(f"{START}/page.json", '"displayOption": "FitToPage"', '"displayOption": "Fit"'),
        Fault(f"{REPORT}/report.json", '"themeCollection"', '"themes"'),
        Fault("powerbi/Usage.pbip", '"report": {', '"dataset": {'),
        Fault("powerbi/Usage.Report/definition.pbir", '"byPath"', '"byName"'),
        Fault("powerbi/Usage.SemanticModel/definition.pbism", '"version"', '"vesion"'),
        Fault("powerbi/Usage.Report/.platform", '"type": "Report"', '"kind": "Report"'),
    ],
    "schemas_are_old_enough_for_power_bi_desktop_of_the_middle_of_2025": [
        Fault(CHART, "visualContainer/2.0.0", "visualContainer/2.9.0"),
    ],
    "microsofts_validator_of_reports_has_nothing_to_say": [
        Fault(CHART, '"Y": {', '"Values": {'),
        Fault(CARD, '"wordWrap"', '"wrap"'),
        Fault(f"{REPORT}/pages/pages.json", short("page", "Storage"), short("page", "Storing")),
    ],
    "every_tmdl_file_can_be_read_and_lists_what_there_is": [
        Fault(TEAMS, "\t\tdataType: int64", "\t\tdataTyp: int64"),
        Fault(TEAMS, "\t\tdataType: int64", "\t\tdataType: integer"),
        Fault(TEAMS, "\t\tdataType: int64", "\t\t\tdataType: int64"),
        Fault(TEAMS, "\t\tdataType: int64", "        dataType: int64"),
        Fault(TEAMS, "\tcolumn 'Report Date'", "\tcolumn Report Date"),
        Fault(TEAMS, "\tcolumn 'Report Date'", "\tcolumn 'Report Refresh Date'"),
        Fault(TEAMS, "\t\tincrementalGranularity: quarter", "\t\tincrementalGranularity: fortnight"),
        Fault(TEAMS, "/// How many", "// How many"),
        Fault(f"{MODEL}/model.tmdl", "ref table Teams\n", ""),
    ],
    "a_parser_that_others_wrote_finds_in_every_table_what_was_meant": [
        Fault(TEAMS, "\tcolumn 'Report Date'", "\t\tcolumn 'Report Date'"),
        Fault(TEAMS, "\tmeasure 'Active teams'", "measure 'Active teams'"),
    ],
    "no_two_objects_have_one_lineage_tag": [
        Fault(TEAMS, tag("column", "Teams", "Report Date"), tag("column", "Teams", "Report Refresh Date")),
    ],
    "no_measure_has_the_name_of_another_or_of_a_column_beside_it": [
        Fault(TEAMS, "measure 'Active teams'", "measure 'active users'"),
        Fault(ACTIVE, "measure 'Active users'", "measure Users"),
    ],
    "columns_sort_by_columns_and_queries_are_in_groups_that_exist": [
        Fault(f"{MODEL}/tables/Service.tmdl", "sortByColumn: Order", "sortByColumn: Place"),
        Fault(EXPRESSIONS, "queryGroup: Setup", "queryGroup: Setups"),
    ],
    "every_piece_of_power_query_parses": [
        Fault(TEAMS, "[from = RangeStart, to = RangeEnd]\n\t\t\t\t    )\n", "[from = RangeStart, to = RangeEnd]\n"),
        Fault(LATEST, "in\n    Typed", "Typed"),
        Fault("docs/power-bi.md", "```powerquery-m\nlet", "```powerquery-m\nlet let"),
    ],
    "power_query_uses_names_that_exist_with_as_many_arguments_as_they_take": [
        Fault(EXPRESSIONS, "Web.Contents(", "Web.Content("),
        Fault(EXPRESSIONS, "[Delimiter =", "Tail, [Delimiter ="),
        Fault(TEAMS, "in\n\t\t\t\t    Days", "in\n\t\t\t\t    Day"),
        Fault(
            LATEST, 'Table.TransformColumnTypes(Headed, {{"Report Refresh Date", type date}}, "en-US")', "Int64.From()"
        ),
    ],
    "every_report_and_column_that_is_asked_for_is_in_the_catalogue": [
        Fault(TEAMS, '"Active Public Teams", Int64.Type', '"Busy Public Teams", Int64.Type'),
        Fault(STORAGE, '"getMailboxUsageStorage"', '"getMailboxStorage"'),
        Fault(f"{MODEL}/tables/Services.tmdl", "[period = period, from", "[from"),
    ],
    "people_are_those_of_a_period_as_a_single_day_has_only_those_who_did_something": [
        Fault(PEOPLE, 'period = "D90", ', ""),
    ],
    "people_are_counted_on_the_last_date_of_all_of_them": [
        Fault(PEOPLE, "REMOVEFILTERS(", "KEEPFILTERS("),
    ],
    "sites_are_counted_where_there_are_no_rows_for_all_of_them": [
        Fault(STORAGE, "if Table.IsEmpty(All) then rows else All", "All"),
        Fault(STORAGE, "Whole(OneDrive)", "OneDrive"),
    ],
    "every_column_of_a_table_is_asked_for_or_made_in_its_query": [
        Fault(STORAGE, "\t\tsourceColumn: Service", "\t\tsourceColumn: Workload"),
    ],
    "every_column_has_the_type_that_its_query_gives_it": [
        Fault(STORAGE, "dataType: int64", "dataType: string"),
    ],
    "tables_of_history_are_loaded_between_range_start_and_range_end": [
        Fault(STORAGE, "[from = RangeStart, to = RangeEnd]", "[from = RangeStart]"),
        Fault(
            EXPRESSIONS,
            'RangeStart = #datetime(2020, 1, 1, 0, 0, 0) meta [IsParameterQuery = true, Type = "DateTime"',
            'RangeStart = #datetime(2020, 1, 1, 0, 0, 0) meta [IsParameterQuery = true, Type = "Date"',
        ),
    ],
    "what_microsoft_may_still_correct_is_loaded_again": [
        Fault(STORAGE, "incrementalPeriods: 3", "incrementalPeriods: 2"),
        Fault(STORAGE, "incrementalGranularity: quarter", "incrementalGranularity: month"),
    ],
    "there_is_one_data_source_and_its_address_is_a_parameter": [
        Fault(FRESHNESS, "Archive()", 'Web.Contents(BaseUrl, [ApiKeyName = "code"])'),
        Fault(EXPRESSIONS, "Web.Contents(BaseUrl,", 'Web.Contents(BaseUrl & "/" & path,'),
    ],
    "a_key_is_a_credential_unless_somebody_writes_it_down": [
        Fault(LATEST, 'Key = "",', 'Key = "c2VjcmV0",'),
        Fault(EXPRESSIONS, 'ApiKeyName = "code"', 'ApiKeyName = "key"'),
        Fault(EXPRESSIONS, '(Key ?? "") = ""', 'Key = ""'),
    ],
    "queries_to_paste_ask_for_what_there_is": [
        Fault(LATEST, "getOffice365ServicesUserCounts", "getOffice365ServiceUserCounts"),
        Fault(LATEST, '"D30"', '"D28"'),
        Fault(LATEST, "[period = Period]", "[days = Period]"),
    ],
    "csv_is_read_without_a_number_of_columns_and_typed_in_one_culture": [
        Fault(LATEST, '[Delimiter = ","', '[Delimiter = ",", Columns = 16'),
        Fault(LATEST, 'type date}}, "en-US")', "type date}})"),
    ],
    "every_field_of_a_visual_is_in_the_model": [
        Fault(CHART, '"Property": "Active users a year before"', '"Property": "Active users last year"'),
        Fault(CHART, '"Property": "Date"', '"Property": "Day"'),
        Fault(CARD, '"Entity": "Freshness"', '"Entity": "Connection"'),
    ],
    "every_measure_is_shown_or_used_by_another": [
        Fault(HISTORY, '"Property": "History since"', '"Property": "Active users"'),
    ],
    "dax_names_tables_columns_and_measures_that_exist": [
        Fault(ACTIVE, "MIN('Active users'[Report Date])", "MIN('Active users'[Day])"),
        Fault(TEAMS, "CALCULATE([Active users],", "CALCULATE([Active people],"),
        Fault(TEAMS, "AVERAGEX(Teams,", "AVERAGEX(Groups,"),
        Fault(TEAMS, "'Date'[Date] = LastDay)", "'Date'[Date] = LastDay"),
        Fault(TEAMS, "VAR LastDay =", "VAR LastDate ="),
    ],
    "a_share_is_of_the_same_period_as_what_it_is_a_share_of": [
        Fault(f"{MODEL}/tables/Services.tmdl", "DIVIDE([Inactive 90 days], Licensed)", "[Licensed users]"),
    ],
    "a_time_before_is_counted_from_the_last_day_that_there_is": [
        Fault(STORAGE, "LastDay - 365, -7, DAY", "LastDay - 365, -7, DAY) + DATEADD('Date'[Date], 1, DAY"),
    ],
    "relationships_lead_from_many_to_a_key_of_the_same_type": [
        Fault(RELATIONS, "toColumn: Date.Date", "toColumn: Date.Day"),
        Fault(RELATIONS, "toColumn: Date.Date", "toColumn: Date.Month"),
        Fault(RELATIONS, "fromColumn: Storage.'Report Date'", "fromColumn: Storage.'Storage Used (Byte)'"),
        Fault(RELATIONS, "fromColumn: Teams.'Report Date'", "fromColumn: Storage.'Report Refresh Date'"),
    ],
    "every_table_of_history_is_related_to_the_dates": [
        Fault(RELATIONS, "fromColumn: People.'Report Refresh Date'", "fromColumn: Freshness.'Refresh Date'"),
    ],
    "the_first_page_tells_whether_the_connection_works_and_how_fresh_the_data_is": [
        Fault(f"{REPORT}/pages/pages.json", short("page", "START HERE"), short("page", "Storage")),
    ],
    "every_visual_has_a_text_for_screen_readers_and_lies_on_the_page": [
        Fault(CARD, '"altText"', '"text"'),
        Fault(CARD, '"x": 858', '"x": 1100'),
    ],
}
"""Each a file, what stands there, and what is put in its place."""


def broken(rule: str, project: Project) -> bool:
    try:
        getattr(test_project, f"test_{rule}")(project)
    except Exception:
        return True
    return False


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the project and of the pages; whoever changes it puts that right again."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(FOLDER, folder / "powerbi")
    shutil.copytree(FOLDER.parent / "docs", folder / "docs")
    return folder


@pytest.mark.parametrize(
    ("rule", "fault"),
    [pytest.param(rule, fault, id=f"{rule}-{number}") for rule in FAULTS for number, fault in enumerate(FAULTS[rule])],
)
def test_a_fault_breaks_its_rule(rule: str, fault: Fault, copy: Path) -> None:
    file = copy / fault.file
    text = file.read_text("utf-8")
    assert fault.old in text
    file.write_text(text.replace(fault.old, fault.new, 1), "utf-8")
    try:
        assert broken(rule, Project(copy / "powerbi"))
    finally:
        file.write_text(text, "utf-8")


def test_every_rule_has_a_fault_against_it() -> None:
    rules = {name.removeprefix("test_") for name in vars(test_project) if name.startswith("test_")}
    assert rules == set(FAULTS)


def test_a_copy_without_a_fault_breaks_no_rule(copy: Path) -> None:
    project = Project(copy / "powerbi")
    assert not [rule for rule in FAULTS if broken(rule, project)]
