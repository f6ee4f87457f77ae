"""The Power BI project holds together, as far as can be told without Power BI. `test_faults.py` breaks each rule."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from typing import Any

import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT7
from tmdlparser import TMLDParser  # type: ignore[import-untyped]

from powerbi.generator.project import documents, stale
from powerbi.generator.tables import TABLES
from shared.domain.catalogue import catalogue
from tests.unit.powerbi.project import FOLDER, HERE, Project, literals
from tests.unit.powerbi.tmdl import unquoted, walk

SCHEMAS = HERE / "schemas"
SITE = "https://developer.microsoft.com/json-schemas/"
KINDS = {"measure", "column", "partition"}
QUERY = {"period", "from", "to", "every", "asOf", "refreshDate"}
"""The parameters that the archive's HTTP API has for series and snapshots, as far as they are used here."""
BASE_URL = "https://HOST/api/v1.0/reports"


@pytest.fixture(scope="session")
def project() -> Project:
    return Project(FOLDER)


@cache
def registry() -> Registry[Any]:
    """Microsoft's schemas, under the addresses by which they know each other."""
    files = SCHEMAS.rglob("*.json")
    named = ((SITE + path.relative_to(SCHEMAS).as_posix(), json.loads(path.read_text("utf-8"))) for path in files)
    return Registry().with_resources(
        (address, DRAFT7.create_resource({**schema, "$id": address})) for address, schema in named
    )


@cache
def validator(address: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator({"$ref": address}, registry=registry())


def test_every_file_is_what_the_generator_writes(project: Project) -> None:
    written = {name: (project.folder / name).read_text("utf-8") for name in documents()}
    assert written == documents(), "run `python3 -m local powerbi`"
    assert not stale(project.folder)


def test_files_have_short_paths_and_no_byte_order_mark(project: Project) -> None:
    for path in project.files():
        assert len(path.relative_to(project.folder).as_posix()) < 160  # Windows allows 260 with the folders around it
        assert not path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_every_json_is_as_its_schema_says(project: Project) -> None:
    for path, content in project.json_files():
        errors = [error.message for error in validator(content["$schema"]).iter_errors(content)]
        assert not errors, path


def test_schemas_are_old_enough_for_power_bi_desktop_of_the_middle_of_2025(project: Project) -> None:
    used = {content["$schema"].removeprefix(f"{SITE}fabric/item/") for _, content in project.json_files()}
    report = {name.split("/")[2] + "/" + name.split("/")[3] for name in used if name.startswith("report/definition/")}
    assert report == {
        "report/2.0.0",
        "page/2.0.0",
        "pagesMetadata/1.0.0",
        "versionMetadata/1.0.0",
        "visualContainer/2.0.0",
    }


def test_microsofts_validator_of_reports_has_nothing_to_say(project: Project) -> None:
    assert project.objections == []


def test_every_tmdl_file_can_be_read_and_lists_what_there_is(project: Project) -> None:
    assert {node.name for node in project.all("ref")} == set(project.tables)
    files = {path.stem for path in (project.model / "tables").glob("*.tmdl")}
    assert files == set(project.tables)


def test_a_parser_that_others_wrote_finds_in_every_table_what_was_meant(project: Project) -> None:
    files = TMLDParser(str(project.folder / "Usage.pbip")).parse_all_tables()
    found = {
        unquoted(top.element.removeprefix("table ")): [each.element.split(" =")[0] for each in top.properties]
        for tops in files.values()
        for top in tops
    }
    meant = {
        table.name: [("measure", each.name) for each in table.measures]
        + [("column", each.name) for each in table.columns]
        + [("partition", table.name)]
        for table in TABLES
    }
    members = {
        name: [(kind, unquoted(rest)) for kind, _, rest in (text.partition(" ") for text in texts) if kind in KINDS]
        for name, texts in found.items()
    }
    assert members == meant


def test_no_two_objects_have_one_lineage_tag(project: Project) -> None:
    tags = Counter(
        node.properties["lineageTag"]
        for top in project.objects
        for node in walk(top)
        if "lineageTag" in node.properties
    )
    assert [tag for tag, count in tags.items() if count > 1] == []


def test_no_measure_has_the_name_of_another_or_of_a_column_beside_it(project: Project) -> None:
    names = Counter(measure.name.lower() for table in project.all("table") for measure in table.all("measure"))
    assert [name for name, count in names.items() if count > 1] == []
    for table in project.all("table"):
        columns = {column.name.lower() for column in table.all("column")}
        assert not columns & {measure.name.lower() for measure in table.all("measure")}


def test_columns_sort_by_columns_and_queries_are_in_groups_that_exist(project: Project) -> None:
    groups = {group.name for group in project.all("queryGroup")}
    for node in (node for top in project.objects for node in walk(top)):
        assert node.properties.get("queryGroup", "Data") in groups
    for table in project.all("table"):
        names = {column.name for column in table.all("column")}
        assert {column.properties.get("sortByColumn", column.name) for column in table.all("column")} <= names


def test_every_piece_of_power_query_parses(project: Project) -> None:
    assert len(project.mashup) > 25
    assert len(project.snippets) > 1
    assert {where: said["error"] for where, said in project.parsed.items() if "error" in said} == {}


def test_power_query_uses_names_that_exist_with_as_many_arguments_as_they_take(project: Project) -> None:
    library = json.loads((HERE / "standard-library.json").read_text("utf-8"))
    own = {each.name for each in project.all("expression")}
    for where, said in project.parsed.items():
        known = set(library) | (own if not where.endswith(".pq") else set())
        assert set(said["free"]) <= known | {"_"}, where
        for name, count in said["calls"]:
            least, most = library.get(name) or (0, count)
            assert least <= count <= most, f"{name} in {where}"


def test_every_report_and_column_that_is_asked_for_is_in_the_catalogue(project: Project) -> None:
    calls = list(project.asked())
    assert len(calls) == sum(text.count("Series(") for text in project.mashup.values())
    for call in calls:
        report = catalogue().reports[call.report]
        assert report.live
        assert set(call.columns) <= set(next(iter(report.columns.values()))), call.report
        assert set(call.query) <= QUERY
        assert "period" in call.query or report.date_window_days or "Report Date" in call.columns, (
            f"{call.report} has no series without a period"
        )


def test_people_are_those_of_a_period_as_a_single_day_has_only_those_who_did_something(project: Project) -> None:
    personal = [call for call in project.asked() if catalogue().reports[call.report].personal_data]
    assert personal
    assert {call.where for call in personal if "period" not in call.query} == set()


def test_people_are_counted_on_the_last_date_of_all_of_them(project: Project) -> None:
    measures = [dax for table, dax in project.measures.values() if table == "People" and "LastDate" in dax]
    assert len(measures) == 4
    for dax in measures:
        assert re.sub(r"\s", "", dax).startswith("VARLastDate=CALCULATE(MAX(People[ReportRefreshDate]),REMOVEFILTERS(")


def test_sites_are_counted_where_there_are_no_rows_for_all_of_them(project: Project) -> None:
    for where in ("table Storage", "refresh policy of Storage"):
        assert "if Table.IsEmpty(All) then rows else All" in project.mashup[where]
        assert {"Whole(OneDrive)", "Whole(SharePoint)"} <= set(re.findall(r"Whole\(\w+\)", project.mashup[where]))


def test_every_column_of_a_table_is_asked_for_or_made_in_its_query(project: Project) -> None:
    for name, source in project.loaded():
        made = literals(source) | set(re.findall(r"[\[,] ?(\w+) = ", source))
        for column in project.tables[name].all("column"):
            assert column.properties["sourceColumn"] in made, f"{name}[{column.name}]"


def test_every_column_has_the_type_that_its_query_gives_it(project: Project) -> None:
    types = {"date": "dateTime", "datetime": "dateTime", "text": "string", "Int64.Type": "int64"}
    for name, source in project.loaded():
        given = dict(re.findall(r'\{"([^"]+)", (?:type )?([\w.]+)\}', source))
        for column in project.tables[name].all("column"):
            if kind := given.get(column.properties["sourceColumn"]):
                assert types[kind] == column.properties["dataType"], f"{name}[{column.name}]"


def test_tables_of_history_are_loaded_between_range_start_and_range_end(project: Project) -> None:
    parameters = {each.name: each.value for each in project.all("expression")}
    assert 'Type = "DateTime"' in parameters["RangeStart"]
    assert 'Type = "DateTime"' in parameters["RangeEnd"]
    for name in project.history():
        table = project.tables[name]
        policy, partition = table.one("refreshPolicy"), table.one("partition")
        assert policy, f"{name} has no refresh policy"
        assert partition
        assert policy.properties["sourceExpression"] == partition.properties["source"]
    for call in project.asked():
        assert {"from", "to"} <= set(call.query), f"{call.where} reads all of {call.report} for every part"


def test_what_microsoft_may_still_correct_is_loaded_again(project: Project) -> None:
    days = {"day": 1, "month": 28, "quarter": 90, "year": 365}
    reach = max(
        int(period[1:]) for report in catalogue().reports.values() for period in report.periods if period[1:].isdigit()
    )
    for table in project.all("table"):
        if policy := table.one("refreshPolicy"):
            whole_parts = int(policy.properties["incrementalPeriods"]) - 1  # the last one has only begun
            assert whole_parts * days[policy.properties["incrementalGranularity"]] >= reach


def test_there_is_one_data_source_and_its_address_is_a_parameter(project: Project) -> None:
    places = [where for where, text in project.mashup.items() if "Web.Contents" in text and not where.endswith(".pq")]
    assert places == ["expression Archive"]
    for where, text in project.mashup.items():
        assert set(re.findall(r"Web\.Contents\((.*?),", text)) <= {"BaseUrl"}, where
    (base,) = [each.value for each in project.all("expression") if each.name == "BaseUrl"]
    assert base.startswith(f'"{BASE_URL}" meta [IsParameterQuery = true')


def test_a_key_is_a_credential_unless_somebody_writes_it_down(project: Project) -> None:
    places = [text for text in project.mashup.values() if "Web.Contents" in text]
    assert len(places) == 1 + len(project.queries())
    for text in places:
        assert ' then [ApiKeyName = "code", Query = Asked] else [Query = Asked & [code = Key]]' in text
        empty = 'if Key = "" then' if 'Key = "",' in text else 'NoKey = (Key ?? "") = "",'
        assert empty in text
    for path in project.queries():
        assert '    Key = "",\n' in path.read_text("utf-8")
    (key,) = [each.value for each in project.all("expression") if each.name == "Key"]
    assert key.startswith('"" meta')


def test_queries_to_paste_ask_for_what_there_is(project: Project) -> None:
    assert {path.stem for path in project.queries()} == {"latest", "by-date", "as-of", "series"}
    for path in project.queries():
        text = path.read_text("utf-8")
        names = dict(re.findall(r'^    (\w+) = "([^"]*)"', text, re.MULTILINE))
        report = catalogue().reports[names["Report"]]
        assert names.get("Period", report.periods[0]) in report.periods
        assert names["BaseUrl"] == BASE_URL
        (asked,) = re.findall(r"Asked = \[(.*)\]", text)
        assert set(re.findall(r"(\w+) =", asked)) <= QUERY


def test_csv_is_read_without_a_number_of_columns_and_typed_in_one_culture(project: Project) -> None:
    for where, text in project.mashup.items():
        code = re.sub(r"//.*", "", text)
        assert "Columns =" not in code, where
        for typing in re.findall(r"Table\.TransformColumnTypes\(.*?\n(?:\s*in\b|$)", code + "\n", re.DOTALL):
            assert '"en-US"' in typing, where


def test_every_field_of_a_visual_is_in_the_model(project: Project) -> None:
    shown = list(project.shown())
    assert len(shown) > 60
    for field in shown:
        if field.kind == "Measure":
            assert project.measures.get(field.name, ("", ""))[0] == field.table, field
        else:
            assert (field.table, field.name) in project.columns, field


def test_every_measure_is_shown_or_used_by_another(project: Project) -> None:
    shown = {field.name for field in project.shown()}
    used = {name for _, dax in project.measures.values() for name in re.findall(r"(?<![\w'])\[([^\]]+)\]", dax)}
    assert set(project.measures) <= shown | used


def test_dax_names_tables_columns_and_measures_that_exist(project: Project) -> None:
    calculated = {
        table.name: partition.properties["source"]
        for table in project.all("table")
        if (partition := table.one("partition")) and partition.value == "calculated"
    }
    for where, dax in [*((name, dax) for name, (_, dax) in project.measures.items()), *calculated.items()]:
        code = re.sub(r'"[^"]*"', '""', dax)
        assert code.count("(") == code.count(")"), where
        for quoted, plain, column in re.findall(r"(?:'([^']+)'|(\w+))\[([^\]]+)\]", code):
            assert (quoted or plain, column) in project.columns, f"{quoted or plain}[{column}] in {where}"
        bare = set(re.findall(r"(?<![\w'])\[([^\]]+)\]", code))
        own = (
            {column for table, column in project.columns if table == where} | {"Value"}
            if where in calculated
            else set()
        )
        assert bare <= set(project.measures) | own, where
        variables = set(re.findall(r"\bVAR (\w+)", code))
        words = set(re.findall(r"(?<![\w'\[.])[A-Za-z]\w*(?![\w(\['])(?![^\[]*\])", re.sub(r"'[^']*'", "''", code)))
        assert words <= variables | set(project.tables) | {"VAR", "RETURN", "NOT", "DAY"}, where


def test_a_time_before_is_counted_from_the_last_day_that_there_is(project: Project) -> None:
    before = [dax for name, (_, dax) in project.measures.items() if "before" in name or "in 90" in name]
    assert sum("LastDay - " in dax for dax in before) == 3
    for name, (_, dax) in project.measures.items():
        assert not re.search(r"SAMEPERIODLASTYEAR|DATEADD|PARALLELPERIOD", dax), name


def test_a_share_is_of_the_same_period_as_what_it_is_a_share_of(project: Project) -> None:
    for share, part in (("Active share", "Active in 30 days"), ("Inactive share", "Inactive 90 days")):
        whole = project.measures[share][1].replace("[Licensed users]", project.measures["Licensed users"][1])
        periods = [set(re.findall(r"Report Period\] = (\d+)", dax)) for dax in (whole, project.measures[part][1])]
        assert periods[0] == periods[1], share


def test_relationships_lead_from_many_to_a_key_of_the_same_type(project: Project) -> None:
    columns = {
        (table.name, column.name): column.properties for table in project.all("table") for column in table.all("column")
    }
    assert len(project.relationships) > 8
    for many, one in project.relationships:
        assert columns[many]["dataType"] == columns[one]["dataType"]
        assert "isKey" in columns[one]
        assert "isKey" not in columns[many]
    pairs = Counter((many[0], one[0]) for many, one in project.relationships)
    assert max(pairs.values()) == 1


def test_every_table_of_history_is_related_to_the_dates(project: Project) -> None:
    dated = {many[0] for many, one in project.relationships if one == ("Date", "Date")}
    assert project.history() == dated
    (dates,) = [table for table in project.all("table") if table.properties.get("dataCategory") == "Time"]
    assert dates.name == "Date"


def test_the_first_page_tells_whether_the_connection_works_and_how_fresh_the_data_is(project: Project) -> None:
    pages = json.loads((project.report / "definition/pages/pages.json").read_text("utf-8"))
    titles = [
        json.loads((project.report / f"definition/pages/{name}/page.json").read_text("utf-8"))["displayName"]
        for name in pages["pageOrder"]
    ]
    assert titles == ["START HERE", "Active users", "Storage", "Teams and Copilot", "People (optional)"]
    assert pages["activePageName"] == pages["pageOrder"][0]
    visuals = {path.name for path in (project.report / f"definition/pages/{pages['pageOrder'][0]}/visuals").iterdir()}
    shown = {(field.table, field.name) for field in project.shown() if field.where in visuals}
    assert {("Connection", "Connection state"), ("Freshness", "Age in days"), ("Freshness", "Call")} <= shown


def test_every_visual_has_a_text_for_screen_readers_and_lies_on_the_page(project: Project) -> None:
    for path in project.report.rglob("visual.json"):
        content = json.loads(path.read_text("utf-8"))
        (general,) = content["visual"]["visualContainerObjects"]["general"]
        assert general["properties"]["altText"]["expr"]["Literal"]["Value"].strip("'")
        place = content["position"]
        assert place["x"] + place["width"] <= 1280
        assert place["y"] + place["height"] <= 720
