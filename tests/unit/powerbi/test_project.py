"""The Power BI project holds together, as far as can be told without Power BI. `test_faults.py` breaks each rule."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT7

from powerbi.generator.pages import documents, stale
from shared.domain.catalogue import catalogue
from tests.unit.powerbi.project import FOLDER, HERE, Project, checked, literals

SCHEMAS = HERE / "schemas"
SITE = "https://developer.microsoft.com/json-schemas/"
QUERY = {"period", "from", "to", "every", "of", "asOf", "refreshDate"}
"""The parameters that the archive's HTTP API has for series and snapshots, as far as they are used here."""
BASE_URL = "https://HOST/api/v1.0/reports"
MADE = {
    "ByState": ("State", "Users"),
    "ByProduct": ("Person And Date", "Product"),
    "StorageOf": ("Report Date", "Service", "Bytes"),
}
"""The columns that functions of the model name themselves."""


@pytest.fixture(scope="session")
def project() -> Project:
    return Project(FOLDER)


@cache
def registry() -> Registry[Any]:
    """Return Microsoft's schemas, under the addresses by which they know each other."""
    schemas = {SITE + path.relative_to(SCHEMAS).as_posix(): path.read_text("utf-8") for path in SCHEMAS.rglob("*.json")}
    return Registry().with_resources(
        (address, DRAFT7.create_resource({**json.loads(text), "$id": address})) for address, text in schemas.items()
    )


@cache
def validator(address: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator({"$ref": address}, registry=registry())


def repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def bare(dax: str) -> set[str]:
    """Return the names in brackets that stand without a table: measures, or columns of the table itself."""
    return set(re.findall(r"(?<![\w'])\[([^\]]+)\]", dax))


# -- files -------------------------------------------------------------------------------------------------------------


def test_the_pages_are_what_the_generator_writes(project: Project) -> None:
    written = {name: (project.folder / name).read_text("utf-8") for name in documents()}
    assert written == documents(), "run `python -m powerbi.generator`"
    assert not stale(project.folder)


def test_files_have_short_paths_and_no_byte_order_mark(project: Project) -> None:
    for path in (path for path in project.folder.rglob("*") if path.is_file()):
        assert len(path.relative_to(project.folder).as_posix()) < 160  # Windows allows 260 with the folders around it
        assert not path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_every_json_is_as_its_schema_says(project: Project) -> None:
    for path, content in project.json_files():
        assert not [error.message for error in validator(content["$schema"]).iter_errors(content)], path


def test_schemas_are_old_enough_for_power_bi_desktop_of_the_middle_of_2025(project: Project) -> None:
    schemas = {content["$schema"] for _, content in project.json_files()}
    assert {match[1] for schema in schemas if (match := re.search(r"/report/definition/(.+)/schema", schema))} == {
        "report/2.0.0",
        "page/2.0.0",
        "pagesMetadata/1.0.0",
        "versionMetadata/1.0.0",
        "visualContainer/2.0.0",
    }


def test_microsofts_validator_of_reports_has_nothing_to_say(project: Project) -> None:
    assert checked("report", str(project.report)) == []


# -- the model ---------------------------------------------------------------------------------------------------------


def test_every_tmdl_file_can_be_read_and_lists_what_there_is(project: Project) -> None:
    files = {path.stem for path in (project.model / "tables").glob("*.tmdl")}
    roles = {role.name for role in project.all("role")}
    assert {node.name for node in project.all("ref")} == {*project.tables, *roles}
    assert set(project.tables) == files
    (order,) = [node.value for node in project.all("annotation") if node.name == "PBI_QueryOrder"]
    assert sorted(json.loads(order)) == sorted([*project.expressions, *project.sources("m")])


def test_no_two_objects_have_one_lineage_tag(project: Project) -> None:
    tags = [node.properties["lineageTag"] for node in project.objects if "lineageTag" in node.properties]
    assert repeated(tags) == []


def test_no_measure_has_the_name_of_another_or_of_a_column_beside_it(project: Project) -> None:
    assert repeated(measure.name.lower() for measure in project.all("measure")) == []
    for table in project.all("table"):
        assert repeated(each.name.lower() for each in table.members if each.kind in ("measure", "column")) == []


def test_columns_sort_by_columns_and_queries_are_in_groups_that_exist(project: Project) -> None:
    groups = {group.name for group in project.all("queryGroup")}
    assert {node.properties.get("queryGroup", "Data") for node in project.objects} <= groups
    for (table, name), properties in project.columns.items():
        assert (table, properties.get("sortByColumn", name)) in project.columns


# -- Power Query -------------------------------------------------------------------------------------------------------


def test_every_piece_of_power_query_parses(project: Project) -> None:
    assert len(project.mashup) > 25
    assert len(project.snippets) > 1
    assert {where: each["error"] for where, each in project.parsed.items() if "error" in each} == {}


def test_power_query_uses_names_that_exist_with_as_many_arguments_as_they_take(project: Project) -> None:
    library = json.loads((HERE / "standard-library.json").read_text("utf-8"))
    for where, piece in project.parsed.items():
        own = set() if where.endswith(".pq") else set(project.expressions)
        assert set(piece["free"]) <= {*library, *own, "_"}, where
        for name, count in piece["calls"]:
            least, most = library.get(name) or (0, count)
            assert least <= count <= most, f"{name} in {where}"


def test_every_report_and_column_that_is_asked_for_is_in_the_catalogue(project: Project) -> None:
    texts = [text for where, text in project.mashup.items() if not where.startswith("expression ")]
    assert len(project.requests) == sum(len(re.findall(r"\b(?:Series|StorageOf)\(", text)) for text in texts)
    for call in project.requests:
        report = catalogue().reports[call.report]
        assert report.live
        assert set(call.columns) <= set(next(iter(report.columns.values()))), call.report
        assert set(call.query) <= QUERY
        assert "period" in call.query or report.date_window_days or "Report Date" in call.columns, (
            f"{call.report} has no series without a period"
        )


def test_people_are_those_of_a_period_as_a_single_day_has_only_those_who_did_something(project: Project) -> None:
    personal = [call for call in project.requests if catalogue().reports[call.report].personal_data]
    assert personal
    assert all("period" in call.query for call in personal)


def test_people_are_counted_on_the_last_date_of_all_of_them(project: Project) -> None:
    measures = [dax for _, dax in project.measures.values() if "People[" in dax]
    assert len(measures) == 4
    for dax in measures:
        assert re.sub(r"\s", "", dax).startswith("VARLastDate=CALCULATE(MAX(People[ReportRefreshDate]),REMOVEFILTERS(")


def test_sites_are_counted_where_there_are_no_rows_for_all_of_them(project: Project) -> None:
    for piece in ("if Table.IsEmpty(All) then Days else All", 'Table.Group(Whole, {"Report Date"}'):
        assert piece in project.expressions["StorageOf"]


def test_every_column_of_a_table_is_made_in_its_query_and_has_the_type_that_it_gets_there(project: Project) -> None:
    types = {"date": "dateTime", "datetime": "dateTime", "text": "string", "Int64.Type": "int64", "number": "double"}
    for name, source in project.sources("m").items():
        made = literals(source) | set(re.findall(r"[\[,] ?(\w+) = ", source))
        made |= {column for function, columns in MADE.items() if f"{function}(" in source for column in columns}
        typed = dict(re.findall(r'\{"([^"]+)", (?:type )?([\w.]+)\}', source))
        for column in project.tables[name].all("column"):
            origin = column.properties["sourceColumn"]
            assert origin in made, f"{name}[{column.name}]"
            assert origin not in typed or types[typed[origin]] == column.properties["dataType"], (
                f"{name}[{column.name}]"
            )


def test_tables_of_history_are_loaded_between_range_start_and_range_end(project: Project) -> None:
    for name in ("RangeStart", "RangeEnd"):
        assert 'Type = "DateTime"' in project.expressions[name]
    assert "[from = RangeStart, to = RangeEnd]" in project.expressions["StorageOf"]
    for call in project.requests:
        assert {"from", "to"} <= set(call.query), f"{call.where} reads all of {call.report} for every part"


def test_people_alone_are_refreshed_in_parts(project: Project) -> None:
    of_people = {each.where for each in project.requests if catalogue().reports[each.report].personal_data}
    parts = {name for name, table in project.tables.items() if table.one("refreshPolicy")}
    assert {f"table {name}" for name in parts} == {where for where in of_people if where.startswith("table ")}
    for name in parts:
        assert project.mashup[f"refresh policy of {name}"] == project.mashup[f"table {name}"]


def test_what_microsoft_may_still_correct_is_loaded_again(project: Project) -> None:
    days = {"day": 1, "month": 28, "quarter": 90, "year": 365}
    periods = {period[1:] for report in catalogue().reports.values() for period in report.periods}
    reach = max(int(period) for period in periods if period.isdigit())
    for policy in project.all("refreshPolicy"):
        whole_parts = int(policy.properties["incrementalPeriods"]) - 1  # the last one has only begun
        assert whole_parts * days[policy.properties["incrementalGranularity"]] >= reach


def test_there_is_one_data_source_and_its_address_is_a_parameter(project: Project) -> None:
    places = {where: text for where, text in project.mashup.items() if "Web.Contents" in text}
    assert set(places) == {"expression Archive", *project.queries}
    for where, text in places.items():
        assert re.findall(r"Web\.Contents\((.*?),", text) == ["BaseUrl"], where
    assert project.expressions["BaseUrl"].startswith(f'"{BASE_URL}" meta [IsParameterQuery = true')


def test_one_of_many_tenants_is_chosen_below_that_address(project: Project) -> None:
    assert project.expressions["Tenant"].startswith('"" meta [IsParameterQuery = true')
    archive = project.expressions["Archive"]
    assert 'if (Tenant ?? "") = "" then null else Tenant & "/v1.0/reports"' in archive
    assert 'RelativePath = Text.Combine(Parts, "/")' in archive


def test_a_key_is_a_credential_unless_somebody_writes_it_down(project: Project) -> None:
    choice = ' then [ApiKeyName = "code", Query = Asked] else [Query = Asked & [code = Key]]'
    archive = project.expressions["Archive"]
    assert choice in archive
    assert 'NoKey = (Key ?? "") = "",' in archive
    assert project.expressions["Key"].startswith('"" meta')
    for text in project.queries.values():
        assert f'if Key = ""{choice}' in text
        assert '    Key = "",\n' in text


def test_examples_of_the_query_to_paste_ask_for_what_there_is(project: Project) -> None:
    (text,) = project.queries.values()
    assert f'BaseUrl = "{BASE_URL}"' in text
    examples = re.findall(r'Archive\("(\w+)"(?:, \[(.*?)\])?\)', text)
    assert len(examples) == 8
    for name, options in examples:
        given = dict(re.findall(r'(\w+) = "([^"]*)"', options))
        assert set(given) <= {*QUERY, "month", "tenant"}
        if name != "licences":
            report = catalogue().reports[name]
            assert given.get("period", report.periods[0]) in report.periods


def test_csv_is_read_without_a_number_of_columns_and_typed_in_one_culture(project: Project) -> None:
    for where, text in project.mashup.items():
        code = re.sub(r"//.*", "", text)
        assert "Columns =" not in code, where
        for typing in re.findall(r"Table\.TransformColumnTypes\(.*?\n(?:\s*in\b|$)", code + "\n", re.DOTALL):
            assert '"en-US"' in typing, where


# -- DAX and relationships ---------------------------------------------------------------------------------------------


def test_every_measure_is_shown_or_used_by_another(project: Project) -> None:
    used = {name for _, dax in project.measures.values() for name in bare(dax)}
    assert set(project.measures) <= {field.name for field in project.fields} | used


def test_dax_names_tables_columns_and_measures_that_exist(project: Project) -> None:
    calculated = project.sources("calculated")
    for where, dax in [*((name, dax) for name, (_, dax) in project.measures.items()), *calculated.items()]:
        code = re.sub(r'"[^"]*"', '""', dax)
        assert code.count("(") == code.count(")"), where
        for quoted, plain, column in re.findall(r"(?:'([^']+)'|(\w+))\[([^\]]+)\]", code):
            assert (quoted or plain, column) in project.columns, f"{quoted or plain}[{column}] in {where}"
        own = (
            {column for table, column in project.columns if table == where} | {"Value"}
            if where in calculated
            else set()
        )
        assert bare(code) <= set(project.measures) | own, where
        variables = set(re.findall(r"\bVAR (\w+)", code))
        words = set(re.findall(r"(?<![\w'\[.])[A-Za-z]\w*(?![\w(\['])(?![^\[]*\])", re.sub(r"'[^']*'", "''", code)))
        assert words <= variables | set(project.tables) | {"VAR", "RETURN", "NOT", "DAY", "BOTH"}, where


def test_a_year_before_is_52_weeks_from_the_last_day_that_there_is(project: Project) -> None:
    before = {
        name: dax for name, (_, dax) in project.measures.items() if name.removesuffix(" (GB)").endswith("a year before")
    }
    assert len(before) == 6
    assert all(re.search(r"Last(Day|Date) - 364", dax) for dax in before.values())
    for name, (_, dax) in project.measures.items():
        assert not re.search(r"SAMEPERIODLASTYEAR|DATEADD|PARALLELPERIOD", dax), name


def test_a_share_is_of_the_same_period_as_what_it_is_a_share_of(project: Project) -> None:
    for share in ("Active share", "Inactive share", "Active share a year before", "Share of users active"):
        dax = project.measures[share][1]
        whole = "".join([dax, *(project.measures[name][1] for name in bare(dax) if name in project.measures)])
        assert len(set(re.findall(r"Report Period\] = (\d+)", whole))) == 1, share


def test_all_measures_are_in_one_table_and_say_what_they_are(project: Project) -> None:
    assert {table for table, _ in project.measures.values()} == {"Measures"}
    assert all(node.meaning.endswith(".") for node in project.all("measure"))
    assert all(node.meaning for node in project.all("column") if "isHidden" not in node.properties)


def test_no_measure_has_the_name_of_a_table(project: Project) -> None:
    assert not set(project.measures) & set(project.tables)


def test_the_total_is_never_among_the_parts(project: Project) -> None:
    for name in ("Service", "App", "Activity"):
        assert not {"Office 365", "Any App"} & literals(project.sources("m")[name])
        facts = [many[0] for many, one in project.relationships if one[0] == name]
        assert facts
        for fact in facts:
            assert not re.search("Office 365|Any App", project.sources("m")[fact]), fact


def test_a_role_hides_all_tables_with_people(project: Project) -> None:
    (role,) = project.all("role")
    hidden = {each.name for each in role.all("tablePermission") if each.value == "FALSE()"}
    personal = {each.where for each in project.requests if catalogue().reports[each.report].personal_data}
    assert hidden == {where.removeprefix("table ") for where in personal if where.startswith("table ")}


def test_relationships_lead_from_many_to_a_key_of_the_same_type(project: Project) -> None:
    assert len(project.relationships) > 8
    for many, one in project.relationships:
        assert project.columns[many]["dataType"] == project.columns[one]["dataType"]
        assert "isKey" in project.columns[one]
        assert "isKey" not in project.columns[many]
    assert repeated(f"{many[0]} to {one[0]}" for many, one in project.relationships) == []


def test_every_table_of_history_is_related_to_the_dates(project: Project) -> None:
    dated = {many[0] for many, one in project.relationships if one == ("Date", "Date")}
    through_others = {many[0] for many, one in project.relationships if one[0] in dated}
    assert project.history() == dated | through_others
    assert [table.name for table in project.all("table") if table.properties.get("dataCategory") == "Time"] == ["Date"]


# -- the pages ---------------------------------------------------------------------------------------------------------


def test_every_field_of_a_visual_is_in_the_model(project: Project) -> None:
    assert len(project.fields) > 60
    for field in project.fields:
        if field.kind == "Measure":
            assert project.measures.get(field.name, ("", ""))[0] == field.table, field
        else:
            assert (field.table, field.name) in project.columns, field


def test_the_first_page_tells_whether_the_connection_works_and_how_fresh_the_data_is(project: Project) -> None:
    folder = project.report / "definition/pages"
    pages = json.loads((folder / "pages.json").read_text("utf-8"))
    names = [json.loads((folder / page / "page.json").read_text("utf-8"))["displayName"] for page in pages["pageOrder"]]
    shown_pages = ["Start", "Overview", "Storage", "Teams", "Copilot", "Licences", "People"]
    assert names == [*shown_pages, "One service", "One person", "About a day"]
    assert pages["activePageName"] == pages["pageOrder"][0]
    visuals = {path.name for path in (folder / pages["activePageName"] / "visuals").iterdir()}
    shown = {(field.table, field.name) for field in project.fields if field.visual in visuals}
    assert {("Measures", "Connection state"), ("Measures", "Age in days"), ("Freshness", "Call")} <= shown


def test_every_visual_has_a_text_for_screen_readers_and_lies_on_the_page(project: Project) -> None:
    for path in project.report.rglob("visual.json"):
        content = json.loads(path.read_text("utf-8"))
        (general,) = content["visual"]["visualContainerObjects"]["general"]
        assert general["properties"]["altText"]["expr"]["Literal"]["Value"].strip("'")
        place = content["position"]
        page = json.loads((path.parents[2] / "page.json").read_text("utf-8"))
        assert place["x"] + place["width"] <= page["width"]
        assert place["y"] + place["height"] <= page["height"]
