"""Every snippet of docs/recipes.md is run against the app, or at least parsed where its tool cannot be had here."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
import requests
import tree_sitter
import tree_sitter_powershell
import yaml  # type: ignore[import-untyped]

from bench.parts import bearer
from local import export
from local.environment import environment, identity
from local.stack import Stack
from tests.integration.consumers import changing
from tests.integration.consumers.duck import duck, secret, storage_options
from tests.integration.consumers.installed import LARGE, LOCKS, python
from tests.serving import COUNTS, DAY, DETAIL, SERVICES, Served

PAGE = (Path(__file__).parents[3] / "docs" / "recipes.md").read_text("utf-8")


class Snippet(NamedTuple):
    """A block of code on the page."""

    id: str
    language: str
    code: str
    said: str
    """How its section begins."""

    @property
    def is_run(self) -> bool:
        return self.said == RUN

    @property
    def is_large(self) -> bool:
        """Whether what it needs is installed for it alone."""
        return self.said == RUN_LONG


RUN, RUN_LONG, PARSED = "*Run by the tests", "*Run by `test --long`", "*Parsed by the tests, not run"


def snippets() -> Iterator[Snippet]:
    for section in PAGE.split("\n## ")[1:]:
        title, _, text = section.partition("\n\n")
        (said,) = (each for each in (RUN, RUN_LONG, PARSED) if text.startswith(each))
        blocks = re.finditer(r"^```([\w-]+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        for number, block in enumerate(blocks, 1):
            yield Snippet(f"{title} {number}", block[1], block[2], said)


SNIPPETS = list(snippets())


OF_TENANTS = [each for each in SNIPPETS if "tenant=*" in each.code]


def of(*languages: str, run: bool) -> pytest.MarkDecorator:
    """The snippets in these languages that the page says are run, or only parsed, but for those over many tenants."""
    said = RUN if run else PARSED
    chosen = [each for each in SNIPPETS if each.language in languages and each.said == said and each not in OF_TENANTS]
    assert chosen
    return pytest.mark.parametrize("snippet", chosen, ids=lambda snippet: snippet.id)


def filled(code: str, served: Served) -> str:
    """The code with this app's address and keys. The days that it names are in the archive."""
    values = {"https://HOST": served.host.url, "PERSONAL_KEY": served.personal_key, "KEY": served.key}
    return re.sub(rf"\b({'|'.join(values)})\b", lambda match: values[match[1]], code)


def answer(served: Served, call: str, query: str = "") -> str:
    """What the app answers, as text."""
    base, key = f"{served.api}/v1.0/reports", served.key
    if call.startswith(DETAIL):
        base, key = f"{served.api}/personal/v1.0/reports", served.personal_key
    found = requests.get(f"{base}/{call}", query, headers={"x-functions-key": key}, timeout=30)
    found.raise_for_status()
    return found.content.decode()


ARCHIVE = ".local/archive/files"
OF_AZURE = '{"account_name": "ACCOUNT", "use_azure_cli": "true"}'
TENANTS = ("11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000")
COUNTS_D30, SERVICES_D7, DETAIL_D7 = f"{COUNTS}(period='D30')", f"{SERVICES}(period='D7')", f"{DETAIL}(period='D7')"


def rows(body: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"))))


# -- run ---------------------------------------------------------------------------------------------------------------


@of("sh", run=True)
def test_a_command_does_what_the_page_says(snippet: Snippet, served: Served, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("there is no curl here")
    command = ["sh", "-euc", filled(snippet.code, served)]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    files = {file.name: file.read_bytes().decode() for file in tmp_path.iterdir()}
    expected = answer(served, COUNTS_D30)
    match snippet.id:
        case "curl 1":
            assert files == {f"{COUNTS}_D30_{DAY}_r1.csv": expected}
        case "curl 2":
            assert printed == answer(served, SERVICES_D7, f"refreshDate={DAY}&revision=1")
        case "curl 3":
            assert printed == "first: 200\nsecond: 304\n"
            assert files["counts.csv"] == expected
        case "curl 4":
            assert printed.startswith("ETag: ")
            assert files["counts.csv"] == expected
        case "curl 5":
            assert files == {"year.csv": answer(served, f"{COUNTS_D30}/series")}
        case "curl 6":
            name = f"{SERVICES}_D7_{DAY}_r2_excel.csv"
            assert files == {name: answer(served, SERVICES_D7, "format=excel")}
        case _:
            raise AssertionError("nobody says what this should give")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an archive of reports that change lies, as `python3 -m local run` keeps it."""
    folder = tmp_path_factory.mktemp("project")
    changing.write(folder / ARCHIVE)
    tables = folder / ARCHIVE / "usage-derived"
    of_report = f"report={SERVICES}/period=D7"
    for tenant in TENANTS:
        shutil.copytree(tables / of_report, tables / f"tenant={tenant}" / of_report)
    return folder


def of_added(code: str) -> str:
    """The code, asking for the column that nobody knew."""
    return code.replace("Teams Active", changing.ADDED)


@pytest.fixture(scope="module")
def printed(served: Served, stack: Stack, folder: Path) -> dict[str, str]:
    """What each snippet in Python prints; one interpreter runs them all, as pandas is slow to load."""
    chosen = {each.id: filled(each.code, served) for each in SNIPPETS if each.language == "python" and each.is_run}
    emulated = str(storage_options(stack.settings))
    chosen = {id: code.replace(OF_AZURE, emulated) for id, code in chosen.items()}
    chosen |= {f"{id} of the added column": of_added(code) for id, code in chosen.items() if ARCHIVE in code}
    program = f"""
import contextlib, io, json, os, traceback
printed = {{}}
for id, code in {chosen!r}.items():
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(code, {{}})
        except Exception:
            print(traceback.format_exc())
    printed[id] = out.getvalue()
print(json.dumps(printed), flush=True)
os._exit(0)  # all is printed; with so many readers in it, a process may abort while it is taken down
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(run.stdout)
    return found


@of("python", run=True)
def test_a_program_prints_what_the_archive_says(snippet: Snippet, served: Served, printed: dict[str, str]) -> None:
    told = printed[snippet.id].splitlines()
    (services,) = rows(answer(served, SERVICES_D7))
    active, inactive = services["Exchange Active"], services["Exchange Inactive"]
    match snippet.id:
        case "Python 1":
            assert told == [f"{DAY} {active} of {int(active) + int(inactive)}"]
        case "Python 2":
            newest = rows(answer(served, f"{COUNTS_D30}/series"))[-7:]
            assert told[0].split() == ["Exchange", "Teams"]
            assert int(told[-1].split()[1]) in {int(row["Exchange"]) for row in newest}
        case "Python 3":
            (before,) = rows(answer(served, SERVICES_D7, f"refreshDate={DAY}&revision=1"))
            was = before["Exchange Active"]
            assert f"Exchange Active was {was} is {active}" in " ".join(" ".join(told).split())
        case "Python 4":
            assert told == answer(served, DETAIL_D7).splitlines()[1:2]
        case str() if OF_AZURE in snippet.code:
            assert told[-1] == f"{DAY} {active} {services['Teams Active']}"
            assert len(told) == 3
        case str(id) if ARCHIVE in snippet.code:
            texts = [printed[each].replace("<NA>", "None").splitlines() for each in (id, f"{id} of the added column")]
            assert texts[0] == [f"{day} 100 {cell}" for day, cell, _ in changing.NEWEST]
            assert texts[1] == [f"{day} 100 {cell}" for day, _, cell in changing.NEWEST]
        case _:
            raise AssertionError("nobody says what this should print")


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duck() as database:
        yield database


@of("sql", run=True)
def test_a_query_gives_what_the_archive_says(
    snippet: Snippet, served: Served, stack: Stack, database: duckdb.DuckDBPyConnection
) -> None:
    code = filled(snippet.code, served).replace("https://ACCOUNT.blob.core.windows.net", stack.settings["ARCHIVE_URL"])
    if "'TOKEN'" in code:
        with environment(identity(stack.settings)):
            code = code.replace("'TOKEN'", f"'{bearer()}'")
    found = database.execute(code).fetchall()
    if "PROVIDER credential_chain" in code:
        database.execute(secret(stack.settings))
    series = rows(answer(served, f"{COUNTS_D30}/series"))
    (services,) = rows(answer(served, SERVICES_D7))
    match snippet.id:
        case "DuckDB over HTTP 1" | "DuckDB over the tables 1":
            assert found == [(True,)]
        case "DuckDB over HTTP 2":
            month = series[-1]["Report Date"][:7]
            of_month = [row for row in series if row["Report Date"].startswith(month)]
            assert f"{found[-1][0]:%Y-%m}" == month
            assert found[-1][1:] == tuple(max(int(row[name]) for row in of_month) for name in ("Exchange", "Teams"))
        case "DuckDB over the tables 2" | "DuckDB over whole tables 1":
            assert found == []
        case "DuckDB over the tables 3" | "The snapshots themselves 1" | "The snapshots themselves 2":
            assert found[-1] == (DAY, int(services["Exchange Active"]), int(services["Teams Active"]))
            assert len(found) == 3
        case "DuckDB over the tables 4" | "DuckDB over whole tables 2":
            people = [row for row in rows(answer(served, DETAIL_D7)) if row["Has Exchange License"] == "True"]
            without = [row for row in people if not row["Exchange Last Activity Date"]]
            assert found[-1] == (DAY, len(people), len(without))
        case "DuckDB over the tables 5":
            days = [date.fromisoformat(row["Report Date"]) for row in series]
            assert found == [(len(days), min(days), max(days))]
        case _:
            raise AssertionError("nobody says what this should give")


def test_many_tenants_are_one_table(folder: Path, printed: dict[str, str], database: duckdb.DuckDBPyConnection) -> None:
    of_sql, of_python = OF_TENANTS
    found = database.execute(of_sql.code.replace(ARCHIVE, str(folder / ARCHIVE))).fetchall()
    day, cell, _ = changing.NEWEST[-1]
    assert [(tenant, str(newest), str(teams)) for tenant, newest, teams in found] == [
        (tenant, day, cell) for tenant in TENANTS
    ]
    told = printed[of_python.id].splitlines()
    assert told == [f"{tenant} {day} 100 {cell}" for tenant in TENANTS for day, cell, _ in changing.NEWEST]


OVER_BLOBS = [
    each for each in SNIPPETS if each.language == "sql" and "az://" in each.code and "series/" not in each.code
]


@pytest.mark.parametrize("snippet", OVER_BLOBS, ids=lambda snippet: snippet.id)
def test_a_query_bears_what_microsoft_changes(
    snippet: Snippet, folder: Path, database: duckdb.DuckDBPyConnection
) -> None:
    code = snippet.code.replace("az://", f"{folder / ARCHIVE}/")
    found, of_new = (database.execute(each).fetchall() for each in (code, of_added(code)))
    if DETAIL in code:
        assert [(str(day), *counts) for day, *counts in found] == changing.PEOPLE
        return
    assert [(str(day), exchange, str(cell)) for day, exchange, cell in found] == [
        (day, 100, str(cell)) for day, cell, _ in changing.NEWEST
    ]
    assert [str(cell) for *_, cell in of_new] == [str(cell) for *_, cell in changing.NEWEST]
    with pytest.raises(duckdb.Error, match=changing.ADDED):  # the column is dropped
        database.execute(of_added(code).replace("union_by_name = true", "union_by_name = false"))


FOR_LARGE = [each for each in SNIPPETS if each.is_large]


@pytest.mark.long
@pytest.mark.parametrize("snippet", FOR_LARGE, ids=lambda snippet: snippet.id)
def test_a_large_reader_bears_what_microsoft_changes(snippet: Snippet, folder: Path) -> None:
    if snippet.language == "r":
        if not shutil.which("Rscript"):
            pytest.skip("there is no R here")
        archive = folder / ARCHIVE
        assert export.main([str(folder / "home"), "--archive", str(archive.parent), "--format", "csv"]) == 0
        command = ["Rscript", "-"]
    else:
        command = [str(python("readers", home=LARGE)), "-"]
    for code, place in ((snippet.code, 1), (of_added(snippet.code), 2)):
        run = subprocess.run(command, input=code, cwd=folder, capture_output=True, text=True, check=True)
        told = [["None" if cell in ("NA", "\\N") else cell for cell in row.split()] for row in run.stdout.splitlines()]
        assert told == [[row[0], "100", str(row[place])] for row in changing.NEWEST]


# -- parsed ------------------------------------------------------------------------------------------------------------


@of("powershell", "json", "yaml", run=False)
def test_what_cannot_be_run_here_is_parsed(snippet: Snippet) -> None:
    parse(snippet.language, snippet.code)
    with pytest.raises((SyntaxError, ValueError, yaml.YAMLError)):
        parse(snippet.language, "}" + snippet.code)


@of("powershell", run=False)
def test_powershell_ends_at_an_error_and_leaves_no_part_of_a_file(snippet: Snippet) -> None:
    assert snippet.code.startswith('$ErrorActionPreference = "Stop"\n')
    for file in re.findall(r"-OutFile (\S+)", snippet.code):
        assert file == '"$file.part"'
        assert snippet.code.index("-OutFile") < snippet.code.index("Get-FileHash") < snippet.code.index("Move-Item")


def parse(language: str, code: str) -> object:
    """Raises SyntaxError, ValueError or YAMLError."""
    match language:
        case "powershell":
            parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
            tree = parser.parse(code.encode())
            if tree.root_node.has_error:
                raise SyntaxError("this is no PowerShell")
            return tree
        case "json":
            return json.loads(code)
        case _:
            return yaml.safe_load(code)


def test_the_query_of_grafana_finds_its_columns(served: Served) -> None:
    (query,) = (json.loads(filled(each.code, served)) for each in SNIPPETS if each.id == "Grafana 2")
    body = requests.get(query["url"], headers={"x-functions-key": served.key}, timeout=30).content.decode()
    assert {column["selector"] for column in query["columns"]} <= rows(body)[0].keys()


# -- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_says_how_many_are_run(record_property: Callable[[str, object], None]) -> None:
    run, large = sum(each.is_run for each in SNIPPETS), len(FOR_LARGE)
    parsed = len(SNIPPETS) - run - large
    record_property("recipes", f"{run} run, {large} by --long, {parsed} parsed only, 0 neither")
    said = " ".join(PAGE.split())
    assert f"Of the {len(SNIPPETS)} snippets on this page, the tests run {run}, and {large} more with `--long`" in said
    assert f"{parsed} are parsed and not run" in said


def test_the_page_names_the_versions_that_are_run() -> None:
    said = re.findall(r"^\*Run by the tests, with (.+?)(?:, against| on a folder)", PAGE, re.MULTILINE)
    named = [each for part in said for each in re.findall(r"(DuckDB|Polars|PyArrow|pandas) ([\d.]+\d)", part)]
    assert {name for name, _ in named} == {"DuckDB", "Polars", "PyArrow", "pandas"}
    assert named == [(name, version(name)) for name, _ in named]
    large = re.findall(r"^\*Run by `test --long`, with (.+?),? on a folder", PAGE, re.MULTILINE)
    named = [each for part in large for each in re.findall(r"(Spark|chDB|DataFusion) ([\d.]+\d)", part)]
    locked = {"Spark": "pyspark", "chDB": "chdb", "DataFusion": "datafusion"}
    assert {f"{locked[name]}=={number}" for name, number in named} <= {*(LOCKS / "readers.in").read_text().splitlines()}
    assert {name for name, _ in named} == {*locked}


def test_every_snippet_is_run_or_parsed() -> None:
    known = {(language, True) for language in ("sh", "python", "sql")}
    known |= {(language, False) for language in ("powershell", "json", "yaml")}
    known |= {("powerquery-m", False)}  # by tests/powerbi, with Microsoft's own parser
    assert {(each.language, each.is_run) for each in SNIPPETS if not each.is_large} == known
    assert {each.language for each in FOR_LARGE} == {"python", "r"}


def test_the_page_shows_no_key() -> None:
    shown = re.findall(r"(?:code=|x-functions-key[\"' =:]+|apiKeyValue: )(\w+)", PAGE)
    assert len(shown) > 10
    assert set(shown) == {"KEY"}
