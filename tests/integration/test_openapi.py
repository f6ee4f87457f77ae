"""`/openapi.json` says what docs/api.md says and what the app does; whatever is asked, the app answers as described."""

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local.functions_host.host import HOST_KEY, Function
from local.functions_host.routes import Route
from local.stack import Stack
from shared.archive.coverage import GapState
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import ConcealmentChange, Partition
from shared.archive.run_record import CallState, RunRecord
from shared.domain.call import ARGUMENTS, Call
from shared.domain.catalogue import catalogue
from shared.domain.date_ranges import DateRanges
from shared.domain.error_code import ErrorCode
from shared.domain.outcome import Outcome, Reason
from shared.domain.selection import select
from shared.web import query
from shared.web.status import summary
from tests.serving import CALLS, DAY, Served, serving

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "shared" / "web" / "openapi.json").read_text("utf-8"))
PATHS: dict[str, Any] = DOCUMENT["paths"]
READ = [item for path, item in PATHS.items() if path != "/pull"]
COMPONENTS: dict[str, Any] = DOCUMENT["components"]
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "2")
"""By chance for each operation; `--long` tries all of every parameter besides, and `=500` looks longer."""


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` stands for."""
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    found: dict[str, Any] = COMPONENTS[kind][name]
    return found


def parameters(path: str, place: str) -> dict[str, dict[str, Any]]:
    """Of an operation, by name: those in `query`, `path` or `header`."""
    listed = map(resolved, PATHS[path].get("parameters", []))
    return {each["name"]: each for each in listed if each["in"] == place}


def methods(item: dict[str, Any]) -> set[str]:
    """Those of a path."""
    return item.keys() - {"parameters"}


def forms(path: str) -> list[str]:
    return list(parameters(path, "query")["format"]["schema"]["enum"])


def function_of(path: str, served: Served) -> Function:
    """What answers a path, as the host finds it."""
    there = [each for each in served.host.functions.values() if each.is_http]
    fitting = [each for each in there if Route.parse(each.route).match(path) is not None]
    return min(fitting, key=lambda each: Route.parse(each.route).precedence)


def sample(path: str) -> str:
    return path.replace("{api}", "v1.0").replace("{call}", "getOffice365ActiveUserCounts(period='D7')")


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(child)


@pytest.fixture(scope="module")
def served(stack: Stack) -> Iterator[Served]:
    with serving(stack) as served:
        yield served


def test_it_is_openapi_3_1() -> None:
    from schemathesis import openapi  # which takes a while, and only here

    openapi.from_dict(DOCUMENT).validate()
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_every_schema_is_a_json_schema() -> None:
    schemas = [*COMPONENTS["schemas"].values(), *(node["schema"] for node in nodes(DOCUMENT) if "schema" in node)]
    assert len(schemas) > 50
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    used = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    there = {f"#/components/{kind}/{name}" for kind in COMPONENTS for name in COMPONENTS[kind]}
    assert used <= there
    assert (
        there - used
        == {
            "#/components/securitySchemes/key",
            "#/components/securitySchemes/keyHeader",
            "#/components/responses/MethodNotAllowed",
            "#/components/headers/Allow",
        }
        - used
    )


def test_every_path_has_its_function_and_every_function_its_path(served: Served) -> None:
    names = {path: function_of(sample(path), served).name for path in PATHS}
    of_tenants = {function_of(f"/tenants/id{sample(path)}", served).name for path in PATHS}
    assert of_tenants == {"tenants", "personal_tenants", "pseudonymous_tenants"}
    assert {*names.values(), *of_tenants} == {each.name for each in served.host.functions.values() if each.is_http}
    for path, name in names.items():
        first = path.split("/")[1]
        unlike = {"{api}": "reports", "pull": "pull_now"}
        unlike |= {each: f"{each}_reports" for each in ("personal", "pseudonymous")}
        assert name == unlike.get(first, first.removesuffix(".json"))


def test_every_place_where_graph_has_reports_has_its_paths() -> None:
    places = {place for report in catalogue().reports.values() for place in report.root.values() if place}
    roots = r"/(personal|pseudonymous)(?=/)"
    paths = {tail for path in PATHS if (tail := re.sub(roots, "", path)).startswith("/{api}/")}
    tails = {tail.removeprefix("/{api}/").partition("/{call}")[0] for tail in paths}
    views = {f"{name}{view}" for name in catalogue().directory for view in ("", "/series", "/snapshots")}
    assert tails == places | views | {"idle", "people/{id}", "licences", "adoption", "restatements"}


def test_a_path_needs_a_key_exactly_if_its_function_does(served: Served) -> None:
    for path, item in PATHS.items():
        anonymous = function_of(sample(path), served).auth_level == "anonymous"
        assert all(("security" in item[method]) == anonymous for method in methods(item))


def test_every_path_takes_get_and_head_and_answers_both_alike_but_for_the_one_that_begins_something() -> None:
    assert [methods(item) for path, item in PATHS.items() if path == "/pull"] == [{"post"}]
    for item in READ:
        assert methods(item) == {"get", "head"}
        assert item["get"]["responses"] == item["head"]["responses"]


@pytest.mark.parametrize("root", ["", "/personal", "/pseudonymous"])
def test_the_query_parameters_are_those_that_the_app_reads(root: str) -> None:
    for view, names in (("", query.OF_SNAPSHOT), ("/series", query.OF_SERIES), ("/snapshots", query.OF_SNAPSHOTS)):
        assert sorted(parameters(f"{root}/{{api}}/reports/{{call}}{view}", "query")) == sorted(
            (*ARGUMENTS, *filter(is_named, names))
        )


def test_the_query_parameters_of_the_status_are_those_that_the_app_reads() -> None:
    assert sorted(parameters("/status", "query")) == sorted(filter(is_named, query.OF_STATUS))


def test_the_query_parameters_of_the_views_are_those_that_the_app_reads() -> None:
    of_people = (("idle", query.OF_IDLE), ("people/{id}", query.OF_PERSON))
    for view, names in (*of_people, ("licences", query.OF_LICENCES), ("adoption", query.OF_ADOPTION)):
        assert sorted(parameters(f"/personal/{{api}}/{view}", "query")) == sorted(filter(is_named, names))


def is_named(parameter: str) -> bool:
    """Whether the document names a parameter: what Graph's clients alone send is in its description."""
    if parameter.startswith("$"):
        assert f"`{parameter}`" in DOCUMENT["info"]["description"]
    return not parameter.startswith("$")


def test_no_two_parameters_of_an_operation_are_one_variable_of_a_generated_client() -> None:
    for path, item in PATHS.items():
        names = [re.sub(r"\W", "", resolved(each)["name"].lower()) for each in item.get("parameters", [])]
        assert len(names) == len(set(names)), path


def test_a_generated_client_can_tell_what_went_wrong() -> None:
    assert COMPONENTS["schemas"]["Problem"]["properties"]["detail"]["x-ms-primary-error-message"] is True
    schemas = {node["content"]["text/plain"]["schema"]["type"] for node in nodes(PATHS["/health"]) if "content" in node}
    assert schemas == {"string"}
    assert not any("$ref" in item for item in PATHS.values())  # which NSwag and openapi-python-client do not follow


def test_the_forms_are_those_of_the_page_for_people() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section("Forms"), re.MULTILINE)[1:]
    columns = [
        "/{api}/reports/{call}",
        "/{api}/reports/{call}/series",
        "/{api}/reports/{call}/snapshots",
        "/status",
    ]
    for number, path in enumerate(columns):
        there = [form for form, cells in rows if cells.split(" | ")[number] != "no"]
        assert sorted(forms(path)) == sorted(there), path


def test_the_words_are_those_of_the_catalogue() -> None:
    reports = catalogue().reports.values()
    periods = {period for report in reports for period in report.periods}
    periods |= {period for report in reports if report.version_2 for period in report.version_2.periods}
    types = catalogue().reports["getSharePointApiUsage"].report_types
    assert types
    assert COMPONENTS["parameters"]["ReportType"]["schema"]["enum"] == [types.usual, *types.columns]
    views = {view for family in catalogue().legacy.values() for view in family.views}
    assert set(COMPONENTS["parameters"]["Period"]["schema"]["enum"]) == periods
    assert set(COMPONENTS["parameters"]["View"]["schema"]["enum"]) == views
    assert COMPONENTS["parameters"]["Every"]["schema"]["enum"] == list(query.EVERY)


def test_the_error_codes_are_those_of_the_app() -> None:
    used = {
        (status, answer["$ref"])
        for item in READ
        for status, answer in item["get"]["responses"].items()
        if "$ref" in answer
    }
    told = {(status, code) for status, ref in used for code in codes(resolved({"$ref": ref}))}
    told |= {("405", code) for code in codes(COMPONENTS["responses"]["MethodNotAllowed"])}
    assert told == {(str(code.status), code) for code in ErrorCode}


def codes(answer: dict[str, Any]) -> list[str]:
    """The words that `code` may be in a problem document."""
    content = answer.get("content", {})
    if "application/problem+json" not in content:
        return []
    return list(resolved(content["application/json"]["schema"])["allOf"][1]["properties"]["code"]["enum"])


def section(title: str) -> str:
    """Of docs/api.md."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    return page.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_gaps_and_flips_in_the_status_are_as_described() -> None:
    place, sunday = Partition("getOffice365ActiveUserDetail", "day"), date(2026, 11, 15)
    days = DateRanges.of([date(2026, 10, 1), date(2026, 10, 4), DAY])
    held = {place: days, Partition(place.report, "D7"): DateRanges.of([DAY])}
    flips = {place: [ConcealmentChange(place, DAY, 1, "named", "concealed")]}
    coverage = CoverageIndex(held, {place: DateRanges.of([date(2026, 10, 2)])}, flips)
    now = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
    empty = {Call(place.report, date=sunday): CallState(Outcome.NO_DATA, Reason.NO_ROWS, now)}
    run = RunRecord("the run", now, now, [], 0, states=empty)
    told = summary(select(place.report, catalogue()), coverage, run, now)
    assert {gap["state"] for call in told["calls"] for gap in call["gaps"]} == {*GapState}
    schema = {"$ref": "#/components/schemas/Status", "components": COMPONENTS}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(told)


def test_no_key_is_written_in_it() -> None:
    text = (ROOT / "shared" / "web" / "openapi.json").read_text("utf-8")
    assert not re.findall(r"code=[^`&\"\s]+", text)
    assert not [
        node for node in nodes(DOCUMENT) if node.get("name") == "code" and {"example", "examples"} & node.keys()
    ]


# -- the app does what it says --------------------------------------------------------------------------------------

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
CONFIGURATION = """
# The same code answers these as the others: a few are tried by chance.
[[operations]]
include-method = "HEAD"
phases.examples.enabled = false
phases.coverage.enabled = false

[[operations]]
include-path-regex = '^/(personal|pseudonymous|pull|health|openapi|dashboard|[{]api[}]/copilot)'
phases.coverage.enabled = false

# An archive that nobody pulled for two days is not well, and that is how it is said.
[[operations]]
include-path = "/health"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "503"]
"""


QUICK = """
# The same code answers GET: HEAD is tried where the most lies behind it.
[[operations]]
include-method = "HEAD"
exclude-path-regex = '^/([{]api[}]/reports/[{]call[}].*|status)$'
phases.fuzzing.enabled = false
"""
"""Unless it may take long."""


def with_what_is_there(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the calls and days of the archive among its values, so that they are asked for too."""
    known = copy.deepcopy(document)
    there: dict[str, list[Any]] = {"Call": list(CALLS), "RefreshDate": [DAY.isoformat()], "Revision": [1, 2, 3]}
    for name, values in there.items():
        parameter = known["components"]["parameters"][name]
        parameter["schema"] = {"anyOf": [{"enum": values}, parameter["schema"]]}
        parameter["examples"] = {f"there {value}": {"value": value} for value in values}
    return known


def test_whatever_is_asked_is_answered_as_described(
    served: Served, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    is_long = pytestconfig.getoption("--long")
    phases = "examples,coverage,fuzzing" if is_long else "examples,fuzzing"
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(with_what_is_there(DOCUMENT)), "utf-8")
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION + ("" if is_long else QUICK), "utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", configuration, "run", document),
            *("--url", served.api, "--no-color"),
            *("--header", f"x-functions-key: {served.host.keys[HOST_KEY]}", "--checks", ",".join(CHECKS)),
            *("--header", "Accept-Encoding: identity"),  # a part of a gzip body cannot be unpacked, and it would try
            *("--phases", phases, "--max-examples", EXAMPLES, "--generation-deterministic"),
        ],
        cwd=tmp_path,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")},  # what it knows of Unicode
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    operations = sum(len(methods(item)) for item in PATHS.values())
    assert f"{operations} selected / {operations} total" in run.stdout
    generated = re.search(r"(\d+) generated, \d+ passed", run.stdout)
    assert generated
    assert int(generated[1]) > (200 if is_long else 150)
