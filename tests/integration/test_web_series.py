"""`/series`: ranges, thinning, forms, and what is said of what is not there. Over an archive that the app filled."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow.parquet as parquet
import pytest
from azure.storage.blob import BlobServiceClient

from local.in_memory import InMemoryBlobStore, Operation
from local.simulator_client import Control
from shared.app import App
from shared.archive.layout import PERSONAL
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.report.table import last_days
from shared.settings import read
from shared.web.http import Response
from shared.web.representation import LARGEST
from tests.asking import ask, code, value
from tests.conftest import MORNING
from tests.shelf import Shelf, lines, snapshot

COUNTS = "getOffice365ActiveUserCounts"
SERVICES = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
D7 = f"v1.0/reports/{COUNTS}(period='D7')/series"
DAYS = f"v1.0/reports/{DETAIL}/series"


@pytest.fixture(scope="module")
def app(lasting: tuple[Callable[..., App], Control]) -> App:
    """With a few days of history, and single days of people: the first weeks of a month, as the oldest come first."""
    make_app, control = lasting
    app = make_app(REPORTS=f"{COUNTS}, {DETAIL}")
    control.set_time(datetime(2028, 1, 28, 7, 15, tzinfo=UTC))
    for _ in range(4):
        app.pull_run.execute()
        control.sleep(24 * 3600)
    return app


def rows(response: Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.body.decode(), newline="")))


def days(response: Response, column: str = "Report Date") -> list[str]:
    return sorted({row[column] for row in rows(response)})


# -- which days --------------------------------------------------------------------------------------------------------


def test_a_range_has_its_beginning_and_not_its_end(app: App) -> None:
    whole = days(ask(app, D7))
    assert len(whole) > 7
    assert days(ask(app, D7, {"from": whole[2], "to": whole[5]})) == whole[2:5]
    assert days(ask(app, D7, {"from": whole[2]})) == whole[2:]
    assert days(ask(app, D7, {"to": whole[2]})) == whole[:2]


def test_neighbouring_ranges_make_up_the_whole(app: App) -> None:
    middle = days(ask(app, D7))[4]
    parts = rows(ask(app, D7, {"to": middle})) + rows(ask(app, D7, {"from": middle}))
    assert parts == rows(ask(app, D7))


@pytest.mark.parametrize(("path", "personal"), [(D7, False), (DAYS, True)])
def test_a_range_without_rows_is_the_header_alone(app: App, path: str, *, personal: bool) -> None:
    full = ask(app, path, personal=personal)
    empty = ask(app, path, {"from": "1970-01-01", "to": "1970-01-02"}, personal=personal)
    assert (empty.status, empty.body) == (200, full.body.splitlines(keepends=True)[0])
    assert empty.body.startswith(b"Report Refresh Date,")


def test_a_week_may_be_told_by_the_mean_of_its_days(app: App) -> None:
    daily, weekly = rows(ask(app, D7)), rows(ask(app, D7, {"every": "week", "of": "mean"}))
    assert [row["Report Date"] for row in weekly] == sorted(last_days(days(ask(app, D7)), "week"))
    [monday, first] = [min(days(ask(app, D7))), weekly[0]["Report Date"]]
    of_week = [int(row["Teams"]) for row in daily if monday <= row["Report Date"] <= first]
    assert float(weekly[0]["Teams"]) == pytest.approx(sum(of_week) / len(of_week), abs=1e-4)


def test_there_is_no_mean_of_people(app: App) -> None:
    response = ask(app, DAYS, {"every": "week", "of": "mean"}, personal=True)
    assert (response.status, code(response)) == (400, "bad_argument")


def test_a_call_that_was_never_pulled_has_the_documented_header(app: App) -> None:
    response = ask(app, f"v1.0/reports/{SERVICES}(period='D7')/series")
    assert response.status == 200
    assert response.body.decode().strip().split(",")[:2] == ["Report Refresh Date", "Exchange Active"]


@pytest.mark.parametrize("asked", ["v1.0", "beta"])
def test_that_header_is_of_the_version_that_graph_is_asked_for(asked: str) -> None:
    report = catalogue().reports["getOneDriveUsageAccountDetail"]
    assert report.columns["v1.0"] != report.columns["beta"]
    settings = {"ARCHIVE_URL": "https://nowhere.invalid", "REPORTS": report.name, "GRAPH_VERSION": asked}
    app = App(read(settings), lambda: MORNING, store=InMemoryBlobStore())
    for path in ("v1.0", "beta"):
        response = ask(app, f"{path}/reports/{report.name}(period='D7')/series", personal=True)
        assert response.body.decode().strip().split(",") == list(report.columns[asked])


def test_every_week_or_month_is_the_last_day_of_it(app: App) -> None:
    whole = [date.fromisoformat(day) for day in days(ask(app, D7))]
    weekly = days(ask(app, D7, {"every": "week"}))
    assert weekly == [str(day) for day in whole if day.weekday() == 6 or day == whole[-1]]
    monthly = days(ask(app, D7, {"every": "month"}))
    assert monthly == [str(day) for day in whole if day.month != (day + timedelta(days=1)).month or day == whole[-1]]


class Growing(Shelf):
    """To which a snapshot with another column comes as soon as somebody has listed what there is of people."""

    def __init__(self) -> None:
        super().__init__(self._grow)

    def _grow(self, operation: Operation, carry_out: Callable[[], Any]) -> Any:
        result = carry_out()
        if (operation.name, operation.container) == ("list", PERSONAL) and len(result) == 1:
            self.put_of_people(19, lines("Report Refresh Date,Teams,Viva", "2026-11-19,2,3"))
        return result

    def put_of_people(self, day: int, body: bytes) -> None:
        self.put(snapshot(Call(DETAIL, period="D7"), date(2026, 11, day), body), body)


def test_no_column_lacks_of_people_who_are_archived_meanwhile() -> None:
    shelf = Growing()
    app = App(read({"ARCHIVE_URL": "https://nowhere.invalid", "REPORTS": DETAIL}), lambda: MORNING, store=shelf.memory)
    shelf.put_of_people(18, lines("Report Refresh Date,Teams", "2026-11-18,1"))
    came = [
        list(row.values())
        for _ in range(2)
        for row in rows(ask(app, f"v1.0/reports/{DETAIL}(period='D7')/series", personal=True))
    ]
    assert came == [["2026-11-18", "1", ""], ["2026-11-18", "1", ""], ["2026-11-19", "2", "3"]]


@pytest.mark.parametrize(
    "query",
    [{"from": "2024-12-01", "to": "2024-11-01"}, {"every": "year"}, {"refreshDate": "2026-11-18"}, {"format": "xml"}],
)
def test_bad_parameters_are_refused(app: App, query: dict[str, str]) -> None:
    response = ask(app, D7, query)
    assert (response.status, code(response)) == (400, "bad_argument")


# -- which call --------------------------------------------------------------------------------------------------------


def test_without_a_period_it_is_the_longest_where_each_day_has_its_row(app: App) -> None:
    longest = ask(app, f"v1.0/reports/{COUNTS}(period='D180')/series")
    assert ask(app, f"v1.0/reports/{COUNTS}/series").body == longest.body
    assert code(ask(app, f"v1.0/reports/{SERVICES}/series")) == "bad_argument"


def test_without_a_period_it_is_the_single_days_where_there_are_any(app: App) -> None:
    response = ask(app, DAYS, personal=True)
    listed = value(ask(app, f"v1.0/reports/{DETAIL}/snapshots", personal=True))
    assert days(response, "Report Refresh Date") == sorted({line["refreshDate"] for line in listed})
    assert len(rows(response)) == sum(line["rows"] for line in listed)
    for line in listed:
        assert f"{DETAIL}(date={line['refreshDate']})?revision=1" in line["url"]


def test_a_timemap_is_of_one_call_in_full(app: App) -> None:
    first, *others = value(ask(app, f"v1.0/reports/{DETAIL}/snapshots", personal=True))
    call = f"{DETAIL}(date={first['refreshDate']})"
    timemap = ask(app, f"v1.0/reports/{call}/snapshots", {"format": "link"}, personal=True)
    mementos = [line for line in timemap.body.decode().split(",\n") if 'rel="memento"' in line]
    assert others
    assert [line.partition(">")[0] for line in mementos] == [f"<{first['url']}"]
    response = ask(app, f"v1.0/reports/{DETAIL}/snapshots", {"format": "link"}, personal=True)
    assert (response.status, code(response)) == (400, "bad_argument")


def test_a_personal_series_is_the_personal_functions_alone(app: App) -> None:
    for view in ("series", "snapshots"):
        response = ask(app, f"v1.0/reports/{DETAIL}/{view}")
        assert (response.status, code(response)) == (404, "personal_report")
    response = ask(app, DAYS, personal=True)
    assert response.headers["Cache-Control"] == "private, no-store"


# -- forms -------------------------------------------------------------------------------------------------------------


def test_the_header_is_the_same_in_every_answer(app: App) -> None:
    headers = {ask(app, D7, {"to": day}).body.splitlines()[0] for day in days(ask(app, D7))}
    assert len(headers) == 1


def test_a_bom_is_there_if_asked_for(app: App) -> None:
    plain, marked = ask(app, D7), ask(app, D7, {"bom": "1"})
    assert marked.body == b"\xef\xbb\xbf" + plain.body
    assert marked.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize(("path", "personal"), [(D7, False), (DAYS, True)])
def test_json_says_the_same_as_csv(app: App, path: str, *, personal: bool) -> None:
    response = ask(app, path, {"format": "json"}, personal=personal)
    assert response.headers["Content-Type"] == "application/json"
    assert value(response) == rows(ask(app, path, personal=personal))


@pytest.mark.parametrize(("path", "personal"), [(D7, False), (DAYS, True)])
def test_svg_is_a_chart_with_the_report_as_its_title(app: App, path: str, *, personal: bool) -> None:
    response = ask(app, path, {"format": "svg"}, personal=personal)
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert (COUNTS if path == D7 else DETAIL).encode() in response.body
    assert b"<script" not in response.body


def test_the_form_for_excel_has_a_bom(app: App) -> None:
    response = ask(app, D7, {"format": "excel"})
    assert response.body == ask(app, D7, {"bom": "1"}).body
    assert response.headers["Content-Disposition"] == f'attachment; filename="{COUNTS}_D7_series_excel.csv"'


@pytest.mark.parametrize(("path", "personal"), [(D7, False), (DAYS, True)])
def test_parquet_has_the_rows_of_the_csv_with_types(app: App, path: str, *, personal: bool) -> None:
    response = ask(app, path, {"format": "parquet"}, personal=personal)
    assert response.headers["Content-Type"] == "application/vnd.apache.parquet"
    table = parquet.read_table(io.BytesIO(response.body)).to_pylist()
    expected = rows(ask(app, path, personal=personal))
    assert [{name: as_text(cell) for name, cell in row.items() if name != "_unfit"} for row in table] == expected
    assert {type(row["Report Refresh Date"]) for row in table} == {date}
    assert {row["_unfit"] for row in table} == {None}


def test_means_in_parquet_have_their_fractions(app: App) -> None:
    query = {"every": "month", "of": "mean"}
    table = parquet.read_table(io.BytesIO(ask(app, D7, query | {"format": "parquet"}).body)).to_pylist()
    expected = rows(ask(app, D7, query))
    assert [row["Teams"] for row in table] == [float(row["Teams"]) for row in expected]
    assert any(not row["Teams"].is_integer() for row in table)
    assert {row["_unfit"] for row in table} == {None}


def as_text(cell: object) -> str:
    return "" if cell is None else str(cell)


def test_a_month_is_its_days_and_no_second_way_to_give_them(app: App) -> None:
    whole = ask(app, DAYS, {"from": "2028-01-01", "to": "2028-02-01"}, personal=True)
    assert ask(app, DAYS, {"month": "2028-01"}, personal=True).body == whole.body
    for query in ({"month": "2028-01", "from": "2028-01-02"}, {"month": "2028-13"}, {"month": "January"}):
        assert ask(app, DAYS, query, personal=True).status == 400


def test_a_known_etag_gives_304(app: App) -> None:
    etag = ask(app, D7).headers["ETag"]
    assert ask(app, D7, headers={"if-none-match": etag}).status == 304


# -- what is too large -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fits", "of"), [("week", "week"), ("month", "month")])
def test_what_is_too_large_names_the_every_that_fits(app: App, blobs: BlobServiceClient, fits: str, of: str) -> None:
    held = [line["refreshDate"] for line in value(ask(app, f"v1.0/reports/{DETAIL}/snapshots", personal=True))]
    problem = asked_with_sizes(app, blobs, [LARGEST // len(last_days(held, of))] * len(held))
    assert (problem["status"], problem["code"], problem.get("every")) == (413, "too_large", fits)
    assert f"every={fits}" in problem["detail"]
    assert "month=YYYY-MM with format=parquet" in problem["detail"]


@pytest.mark.parametrize(("first", "instead"), [(1, "from and to"), (LARGEST + 1, "/snapshots")])
def test_what_is_too_large_with_any_every_names_what_else_to_ask(
    app: App, blobs: BlobServiceClient, first: int, instead: str
) -> None:
    held = value(ask(app, f"v1.0/reports/{DETAIL}/snapshots", personal=True))
    problem = asked_with_sizes(app, blobs, [first] + [LARGEST + 1] * (len(held) - 1))
    assert (problem["status"], problem["code"]) == (413, "too_large")
    assert "every" not in problem
    assert instead in problem["detail"]


def asked_with_sizes(app: App, blobs: BlobServiceClient, sizes: list[int]) -> dict[str, Any]:
    """The problem of a series of snapshots that are said to have so many bytes."""
    container = blobs.get_container_client("usage-personal")
    listed = list(container.list_blobs(f"report={DETAIL}/period=day/", include=["metadata"]))
    for blob, size in zip(listed, sizes, strict=True):
        container.get_blob_client(blob.name).set_blob_metadata(blob.metadata | {"size": str(size)})
    problem: dict[str, Any] = json.loads(ask(app, DAYS, personal=True).body)
    for blob in listed:
        container.get_blob_client(blob.name).set_blob_metadata(blob.metadata)
    return problem
