"""The two time axes: which day, and what was known of it when. Over an archive with a corrected day."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from local.in_memory import Operation
from local.simulator_client import Control
from shared.app import App
from shared.domain.call import Call
from shared.settings import read
from shared.web.http import Response
from tests.asking import ask, code, value
from tests.shelf import Shelf, lines, snapshot

SERVICES = "getOffice365ServicesUserCounts"
D7 = f"{SERVICES}(period='D7')"
PATH = f"v1.0/reports/{D7}"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Corrected(NamedTuple):
    """An archive with two refresh dates, of which Microsoft corrected the second a day after it was archived."""

    app: App
    first: str
    second: str
    said: list[bytes]
    """What Graph said: of the first day, of the second, and of the second again."""
    at: list[datetime]
    """When each was archived."""


@pytest.fixture(scope="module")
def archive(lasting: tuple[Callable[..., App], Control]) -> Corrected:
    make_app, control = lasting
    app = make_app(REPORTS=D7)
    days, said, at = [], [], []

    def pull() -> None:
        app.pull_run.execute()
        days.append(control.get("visible", report=SERVICES)["refresh_date"])
        said.append(ask(app, PATH).body)
        at.append(control.now())

    pull()
    # A minute before midnight the refresh date of the day is out; five minutes after it that of the next one is not.
    control.set_time((control.now() + timedelta(days=1)).replace(hour=23, minute=59, microsecond=500_000))
    pull()
    control.put("restate", {"report": SERVICES, "refresh_date": days[1], "revision": 1})
    control.sleep(6 * 60)
    pull()
    assert days[0] < days[1]
    assert days[2] == days[1]
    return Corrected(app, days[0], days[1], said, at)


def day(moment: datetime, shift: int = 0) -> str:
    return (moment + timedelta(days=shift)).date().isoformat()


def test_as_of_yesterday_still_gives_the_old_numbers_and_today_the_new(archive: Corrected) -> None:
    assert len(set(archive.said)) == 3
    assert ask(archive.app, PATH).body == archive.said[2]
    assert ask(archive.app, PATH, {"asOf": day(archive.at[2])}).body == archive.said[2]
    assert ask(archive.app, PATH, {"asOf": day(archive.at[1])}).body == archive.said[1]
    assert ask(archive.app, PATH, {"asOf": day(archive.at[0])}).body == archive.said[0]


def test_as_of_an_instant_is_exact(archive: Corrected) -> None:
    corrected = archive.at[2]
    for shift, number in ((timedelta(), 2), (timedelta(microseconds=-1), 1)):
        assert ask(archive.app, PATH, {"asOf": (corrected + shift).isoformat()}).body == archive.said[number]


def test_refresh_date_revision_and_as_of_go_together(archive: Corrected) -> None:
    def body(**query: str) -> bytes:
        return ask(archive.app, PATH, query).body

    first, second, third = archive.said
    assert body(refreshDate=archive.first) == first
    assert body(refreshDate=archive.second) == third
    assert body(refreshDate=archive.second, revision="1") == second
    assert body(revision="1") == second
    assert body(revision="2") == third
    assert body(refreshDate=archive.second, asOf=day(archive.at[1])) == second
    assert body(revision="1", asOf=day(archive.at[0])) == first
    assert body(refreshDate=archive.second, revision="1", asOf=day(archive.at[2])) == second


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"asOf": "2020-01-01"}, "before_archive"),
        ({"asOf": "0001-01-01"}, "before_archive"),
        ({"refreshDate": "{second}", "asOf": "{before}"}, "not_pulled"),
        ({"refreshDate": "{second}", "revision": "3"}, "no_such_revision"),
        ({"refreshDate": "{second}", "revision": "2", "asOf": "{then}"}, "no_such_revision"),
        ({"refreshDate": "9999-12-31"}, "in_future"),
        ({"asOf": "9999-12-31"}, "in_future"),
    ],
)
def test_what_was_not_known_is_not_found(archive: Corrected, query: dict[str, str], expected: str) -> None:
    words = {"second": archive.second, "then": day(archive.at[1]), "before": day(archive.at[0])}
    response = ask(archive.app, PATH, {name: text.format(**words) for name, text in query.items()})
    assert (response.status, code(response)) == (404, expected)


def test_the_nearest_of_what_was_not_known_was_known(archive: Corrected) -> None:
    """What a 404 names is there, if it is asked for in the same way."""
    early, first = day(archive.at[0], -1), day(archive.at[0])
    problem = json.loads(ask(archive.app, PATH, {"asOf": early}).body)
    assert (problem["code"], problem["nearestAfter"]) == ("before_archive", first)
    assert ask(archive.app, PATH, {"asOf": problem["nearestAfter"]}).body == archive.said[0]

    problem = json.loads(ask(archive.app, PATH, {"refreshDate": day(archive.at[0], -30), "asOf": first}).body)
    assert (problem["code"], problem["nearestAfter"]) == ("before_archive", archive.first)
    problem = json.loads(ask(archive.app, PATH, {"refreshDate": day(archive.at[1]), "asOf": first}).body)
    assert (problem["code"], problem["nearestBefore"]) == ("not_pulled", archive.first)
    problem = json.loads(ask(archive.app, PATH, {"refreshDate": archive.second, "asOf": early}).body)
    assert (problem["code"], problem.keys() & {"nearestBefore", "nearestAfter"}) == ("not_pulled", set())


def test_the_list_of_snapshots_has_every_revision(archive: Corrected) -> None:
    listed = value(ask(archive.app, f"{PATH}/snapshots"))
    assert [(line["refreshDate"], line["revision"]) for line in listed] == [
        (archive.first, 1),
        (archive.second, 1),
        (archive.second, 2),
    ]
    for line, said in zip(listed, archive.said, strict=True):
        path, _, query = line["url"].removeprefix("/api/").partition("?")
        assert ask(archive.app, path, dict(part.split("=") for part in query.split("&"))).body == said
        assert line["size"] == len(said)
    assert value(ask(archive.app, f"{PATH}/snapshots", {"asOf": day(archive.at[1])})) == listed[:2]
    table = ask(archive.app, f"{PATH}/snapshots", {"format": "csv"}).body.decode().splitlines()
    assert table[0] == "refreshDate,revision,pulledAt,rows,size,sha256,names,flags,url"
    assert [line.split(",")[:2] for line in table[1:]] == [
        [line["refreshDate"], str(line["revision"])] for line in listed
    ]


def test_a_series_shows_what_was_said_last_and_as_of_what_was_said_then(archive: Corrected) -> None:
    now = ask(archive.app, f"{PATH}/series").body
    then = ask(archive.app, f"{PATH}/series", {"asOf": day(archive.at[1])}).body
    assert now != then
    assert now.splitlines()[0] == then.splitlines()[0]
    assert now.splitlines()[1] == then.splitlines()[1]


# -- Memento (RFC 7089) ------------------------------------------------------------------------------------------------


def http(moment: datetime) -> str:
    return f"{moment:%a, %d %b %Y %H:%M:%S} GMT"


def test_accept_datetime_stands_in_for_as_of(archive: Corrected) -> None:
    response = ask(archive.app, PATH, headers={"accept-datetime": http(archive.at[1] + timedelta(seconds=1))})
    assert response.body == archive.said[1]
    assert response.headers["Memento-Datetime"] == http(archive.at[1])
    assert response.headers["Content-Location"].endswith(f"?refreshDate={archive.second}&revision=1")
    assert "Accept-Datetime" in response.headers["Vary"]


def test_the_time_of_a_memento_finds_it(archive: Corrected) -> None:
    for moment, said in zip(archive.at, archive.said, strict=True):
        response = ask(archive.app, PATH, headers={"accept-datetime": http(moment)})
        assert (response.body, response.headers["Memento-Datetime"]) == (said, http(moment))


def test_before_the_first_memento_is_the_first(archive: Corrected) -> None:
    assert ask(archive.app, PATH, headers={"accept-datetime": "Thu, 01 Jan 1998 00:00:00 GMT"}).body == archive.said[0]


def test_a_memento_is_the_same_whatever_accept_datetime_says(archive: Corrected) -> None:
    exact = {"refreshDate": archive.second, "revision": "2"}
    response = ask(archive.app, PATH, exact, headers={"accept-datetime": "Thu, 01 Jan 1998 00:00:00 GMT"})
    assert (response.status, response.body) == (200, archive.said[2])
    assert response.headers["Vary"] == "Accept, Accept-Encoding"


def test_an_accept_datetime_that_is_none_is_refused(archive: Corrected) -> None:
    response = ask(archive.app, PATH, headers={"accept-datetime": "2026-11-20"})
    assert (response.status, code(response)) == (400, "bad_argument")


def test_the_timemap_lists_every_memento(archive: Corrected) -> None:
    response = ask(archive.app, f"{PATH}/snapshots", headers={"accept": "application/link-format"})
    assert response.headers["Content-Type"] == "application/link-format"
    lines = response.body.decode().strip().split(",\n")
    assert lines[:2] == [f'</api/{PATH}>; rel="original"', f'</api/{PATH}>; rel="timegate"']
    assert [line.partition("; ")[2] for line in lines[3:]] == [
        f'rel="memento"; datetime="{http(moment)}"' for moment in archive.at
    ]
    assert ask(archive.app, f"{PATH}/snapshots", {"format": "link"}).body == response.body


def test_no_link_is_made_of_the_host_that_the_caller_names(archive: Corrected) -> None:
    responses: list[Response] = [
        ask(archive.app, path, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
        for path in (PATH, f"{PATH}/snapshots", "v1.0/reports")
    ]
    assert not any("evil" in f"{dict(response.headers)} {response.body!r}" for response in responses)
    assert json.loads(responses[1].body)["value"][0]["url"].startswith("/api/v1.0/reports/")


class Arriving(Shelf):
    """To which the second snapshot comes as soon as somebody has looked what there is."""

    def __init__(self) -> None:
        super().__init__(self._arrive)

    def _arrive(self, operation: Operation, carry_out: Callable[[], Any]) -> Any:
        result = carry_out()
        if operation.name == "list" and len(self.blobs) == 1:
            self.put_of(19)
        return result

    def put_of(self, number: int) -> None:
        body = lines("Report Refresh Date,Exchange Active", f"2026-11-{number},1")
        self.put(snapshot(Call(SERVICES, period="D7"), date(2026, 11, number), body), body)


@pytest.mark.parametrize("more", [{}, {"asOf": "2026-11-21"}], ids=["now", "asOf"])
def test_a_snapshot_that_is_archived_while_it_is_looked_for_may_not_be_found(more: dict[str, str]) -> None:
    shelf = Arriving()
    app = App(read({"ARCHIVE_URL": "https://nowhere.invalid", "REPORTS": D7}), store=shelf.memory, clock=lambda: NOON)
    shelf.put_of(18)
    problem = json.loads(ask(app, PATH, {"refreshDate": "2026-11-19"} | more).body)
    assert (problem["status"], problem["code"], problem["nearestBefore"]) == (404, "not_pulled", "2026-11-18")


def test_what_parameters_choose_is_not_behind_though_the_newest_may_be() -> None:
    shelf = Shelf()
    app = App(read({"ARCHIVE_URL": "https://nowhere.invalid", "REPORTS": D7}), store=shelf.memory, clock=lambda: NOON)
    said = [lines("Report Refresh Date,Exchange Active", f"2026-11-{number},1") for number in (18, 19)]
    for number, body in zip((18, 19), said, strict=True):
        shelf.put(snapshot(Call(SERVICES, period="D7"), date(2026, 11, number), body), body)
        assert ask(app, PATH).body == said[0]
    for query in ({"revision": "1"}, {"asOf": "2026-11-21"}, {"refreshDate": "2026-11-19"}):
        assert ask(app, PATH, query).body == said[1]


def test_the_first_memento_is_the_one_that_was_pulled_first_though_graph_then_went_back() -> None:
    shelf = Shelf()
    app = App(read({"ARCHIVE_URL": "https://nowhere.invalid", "REPORTS": D7}), store=shelf.memory, clock=lambda: NOON)
    for number, at in ((18, NOON - timedelta(days=1)), (17, NOON)):
        body = lines("Report Refresh Date,Exchange Active", f"2026-11-{number},1")
        shelf.put(snapshot(Call(SERVICES, period="D7"), date(2026, 11, number), body, pulled_at=at), body)
    response = ask(app, PATH, headers={"accept-datetime": "Thu, 01 Jan 1998 00:00:00 GMT"})
    assert response.headers["Memento-Datetime"] == http(NOON - timedelta(days=1))
