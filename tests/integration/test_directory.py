"""The directory as reports: pulled once a day from pages, archived as one CSV, served as any other."""

import csv
import io
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from local.in_memory import InMemoryBlobStore
from local.in_process import InProcessControl, in_process_graph
from shared.app import App
from shared.archive.run_record import PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.outcome import Outcome, Reason
from shared.report.directory import SIGN_IN_COLUMNS
from shared.settings import read
from shared.web.http import Request, handle
from simulator import Simulator
from simulator.protocol.directory import AUDIT, PERMISSIONS
from tests.asking import ask, code, value

MORNING = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
TODAY = MORNING.date()
SKUS, USERS = Call("subscribedSkus"), Call("users")
REPORTS_ALONE = ("Reports.Read.All",)


class World:
    """The app over a simulated tenant, at a time that stands still."""

    def __init__(self, simulator: Simulator, users: int = 0) -> None:
        self._simulator = simulator
        self.control = InProcessControl(simulator)
        self.control.set_time(MORNING)
        self.store = InMemoryBlobStore(clock=self.control.now)
        self.grant(*PERMISSIONS.values())

    def grant(self, *roles: str) -> None:
        self.control.put("roles", {"roles": [*REPORTS_ALONE, *roles]})

    def app(self, reports: str = "directory", **settings: str) -> App:
        usual = {
            "ARCHIVE_URL": "https://archive.blob.core.windows.net",
            "GRAPH_ENDPOINT": self._simulator.graph_endpoint,
            "REPORTS": reports,
        }
        graph = in_process_graph(self._simulator, self.control.sleep)
        return App(
            read(usual | settings),
            self.control.now,
            store=self.store,
            graph=graph,
            sleep=self.control.sleep,
            random=lambda low, high: low,
        )

    def run(self, reports: str = "directory", **settings: str) -> RunRecord:
        return self.app(reports, **settings).pull_run.execute()

    def break_(self, fault: str, nth: int = 1, times: int | None = 1, call: str = "users", **args: Any) -> None:
        rule = {"fault": fault, "nth": nth, "times": times, "match": {"listener": "graph", "call": call}, "args": args}
        self.control.put("faults", {"rules": [rule]})

    def next_day(self, days: int = 1) -> None:
        self.control.set_time(self.control.now() + timedelta(days=days))

    def requests(self, call: str) -> list[dict[str, Any]]:
        return [each for each in self.control.get("record", listener="graph") if each["call"] == call]

    def body(self, call: Call, app: App | None = None) -> bytes:
        snapshots = (app or self.app()).archive.snapshots
        newest = snapshots.newest(call, self.control.now().date())
        assert newest
        return snapshots.content(newest)

    def flags(self, call: Call = USERS) -> tuple[str, ...]:
        newest = self.app().archive.snapshots.newest(call, self.control.now().date())
        assert newest
        return newest.metadata.flags

    def snapshots(self) -> dict[str, bytes]:
        """Every snapshot that is archived, by its name."""
        containers = ("usage", "usage-personal")
        return {name: kept.content for (place, name), kept in self.store.blobs.items() if place in containers}

    def rows(self, call: Call) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.body(call).decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def simulators() -> Iterator[Mapping[str, Simulator]]:
    """A tenant of one page, and one of two."""
    made = {"small": Simulator(users=60), "large": Simulator(users=950)}
    yield made
    for simulator in made.values():
        simulator.stop()


@pytest.fixture
def world(simulators: Mapping[str, Simulator]) -> World:
    return usual(simulators["small"])


@pytest.fixture
def large(simulators: Mapping[str, Simulator]) -> World:
    return usual(simulators["large"])


def usual(simulator: Simulator) -> World:
    InProcessControl(simulator).reset()
    return World(simulator)


def outcome(run: RunRecord, call: Call) -> tuple[Outcome, Reason | None]:
    pulled = result(run, call)
    return pulled.outcome, pulled.reason


def result(run: RunRecord, call: Call) -> PullResult:
    return next(pulled for pulled in run.pulls if pulled.call == call)


PUBLISHED = (Outcome.PUBLISHED, None)


# -- what is archived --------------------------------------------------------------------------------------------------


def test_a_snapshot_has_everybody_once_in_order_under_the_day_of_today(large: World) -> None:
    run = large.run()
    assert [outcome(run, call) for call in (SKUS, USERS)] == [PUBLISHED] * 2
    ids = [row["User Id"] for row in large.rows(USERS)]
    assert ids == sorted({*ids})
    assert len(ids) > 999
    assert {row["Report Refresh Date"] for row in large.rows(USERS)} == {TODAY.isoformat()}
    place = f"period=none/refresh_date={TODAY}/revision=1"
    assert {name for container, name in large.store.blobs if container in ("usage", "usage-personal")} == {
        f"report=subscribedSkus/{place}/subscribedSkus_none_{TODAY}_r1.csv.gz",
        f"report=users/{place}/users_none_{TODAY}_r1.csv.gz",
    }
    assert ("usage-personal", f"report=users/{place}/users_none_{TODAY}_r1.csv.gz") in large.store.blobs


@pytest.mark.parametrize("call", [SKUS, USERS], ids=str)
def test_the_columns_are_those_of_the_catalogue_and_lines_end_as_graphs_do(world: World, call: Call) -> None:
    world.run()
    body = world.body(call)
    header = ",".join(catalogue().directory[call.report].columns["v1.0"])
    assert body.startswith(f"\ufeff{header}\r\n".encode())
    assert body.endswith(b"\r\n")
    assert world.flags(call) == ()


def test_what_the_products_count_is_what_the_accounts_have(world: World) -> None:
    world.run()
    consumed = {row["Sku Id"]: int(row["Consumed Units"]) for row in world.rows(SKUS)}
    assigned = Counter(sku for row in world.rows(USERS) for sku in row["Assigned Licenses"].split("+") if sku)
    assert {sku: assigned[sku] for sku in consumed} == consumed
    assert any(not row["Assigned Licenses"] and row["User Type"] == "Guest" for row in world.rows(USERS))


def test_the_same_directory_gives_the_same_bytes_in_whatever_pages(large: World) -> None:
    large.run()
    first = large.body(USERS)
    large.store.clear()
    large.grant(*PERMISSIONS.values(), AUDIT)
    app = large.app(SIGN_IN_ACTIVITY="true")
    app.pull_run.execute()
    paged = len(large.requests("users"))
    with_sign_ins = large.rows(USERS)
    assert tuple(with_sign_ins[0])[-3:] == SIGN_IN_COLUMNS
    assert any(row["Last Sign In Date Time"] for row in with_sign_ins)
    large.store.clear()
    large.run()
    assert large.body(USERS) == first
    assert paged > 10


def test_permissions_are_told_only_where_the_directory_is_selected(world: World) -> None:
    assert "permissions" not in told(world.app("aggregates"))


def test_a_bad_price_list_is_told_and_stops_nothing(world: World) -> None:
    world.store.put("usage-input", "prices.csv", b"product,price\nSPE_E5,57\n", {})
    run = world.run()
    assert [outcome(run, call) for call in (SKUS, USERS)] == [PUBLISHED] * 2
    inputs = told(world.app())["inputs"]
    assert inputs["prices.csv"].startswith("prices.csv, line 1: ")
    assert inputs["people.csv"] == "none"
    assert "inputs" not in told(world.app("aggregates"))


# -- when it is pulled -------------------------------------------------------------------------------------------------


def test_the_directory_is_read_once_a_day(world: World) -> None:
    world.run()
    world.control.sleep(6 * 3600)
    world.control.forget()
    run = world.run()
    assert outcome(run, USERS) == (Outcome.UNCHANGED, Reason.NOT_DUE)
    assert world.requests("users") == []
    world.next_day()
    assert outcome(world.run(), USERS) == PUBLISHED


def test_its_requests_are_no_part_of_the_reports_budget(world: World) -> None:
    world.run()
    assert ("usage-derived", "requests.json") not in world.store.blobs


def test_days_without_a_snapshot_are_lost(world: World) -> None:
    world.run()
    world.next_day(3)
    run = world.run()
    days = [TODAY + timedelta(days=1), TODAY + timedelta(days=2)]
    assert run.lost == {SKUS: days, USERS: days}
    gaps = next(each["gaps"] for each in told(world.app())["calls"] if each["call"] == "users")
    assert [(gap["first"], gap["last"], gap["state"]) for gap in gaps] == [(str(days[0]), str(days[1]), "lost")]


def test_as_few_requests_are_made_as_pages_are_needed(large: World) -> None:
    large.run()
    accounts = len(large.rows(USERS))
    assert len(large.requests("users")) == -(-accounts // 999)
    assert len(large.requests("subscribedSkus")) == 1


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "refused", "other"),
    [("/v1.0/users", USERS, SKUS), ("/v1.0/subscribedSkus", SKUS, USERS)],
    ids=["users", "subscribedSkus"],
)
def test_a_permission_that_is_missing_is_named_and_nothing_else_fails(
    world: World, path: str, refused: Call, other: Call
) -> None:
    world.grant(*({*PERMISSIONS.values()} - {PERMISSIONS[path]}))
    run = world.run("directory,getOffice365ServicesUserCounts(period='D7')")
    assert outcome(run, refused) == (Outcome.REFUSED, Reason.PERMISSION)
    assert PERMISSIONS[path] in result(run, refused).detail
    assert outcome(run, other) == PUBLISHED
    status = told(world.app())
    assert status["permission"] == "granted"
    states = {name: "missing" if name == PERMISSIONS[path] else "granted" for name in PERMISSIONS.values()}
    assert status["permissions"] == {"Reports.Read.All": "granted", **states}
    world.grant(*PERMISSIONS.values())
    assert outcome(world.run(), refused) == PUBLISHED


def test_without_the_permissions_of_the_directory_reports_are_as_they_were(world: World) -> None:
    reports = "getOffice365ServicesUserCounts(period='D7'), getOffice365ActiveUserDetail(period='D180')"
    world.grant()
    run = world.run(reports)
    assert {(pull.outcome, pull.reason) for pull in run.pulls} == {PUBLISHED}
    assert world.requests("users") + world.requests("subscribedSkus") == []
    before = world.snapshots()
    world.store.clear()
    run = world.run(f"{reports}, directory")
    assert [outcome(run, call) for call in (SKUS, USERS)] == [(Outcome.REFUSED, Reason.PERMISSION)] * 2
    assert len(before) == 2
    assert world.snapshots() == before
    views = ("licences", "adoption", "idle", "people/ada")
    assert {code(ask(world.app(), f"v1.0/{view}", personal=True)) for view in views} == {"not_pulled"}


@pytest.mark.parametrize("retry_after", ["7", None])
def test_a_throttled_page_is_asked_for_again_and_not_those_before_it(large: World, retry_after: str | None) -> None:
    large.break_("throttled", nth=2, times=2, retry_after=retry_after)
    before = large.control.now()
    assert outcome(large.run(), USERS) == PUBLISHED
    assert [each["status"] for each in large.requests("users")] == [200, 429, 429, 200]
    waited = (large.control.now() - before).total_seconds()
    assert waited == 14 if retry_after else waited >= 60


@pytest.mark.parametrize(
    ("fault", "args", "reason"),
    [
        ("server_error", {}, Reason.GRAPH_ERROR),
        ("cut", {"at": 1000}, Reason.CUT_SHORT),
        ("page", {"text": "<html>Sign in</html>"}, Reason.BAD_PAGE),
        ("page", {"text": '{"value": [{"displayName": "Adele"}]}'}, Reason.BAD_PAGE),
        ("page_link", {}, Reason.BAD_PAGE),
    ],
    ids=["5xx", "cut", "no JSON", "no id", "the same page again"],
)
def test_without_one_page_there_is_no_snapshot(large: World, fault: str, args: Any, reason: Reason) -> None:
    large.break_(fault, nth=2, times=None, **args)
    assert outcome(large.run(), USERS) == (Outcome.DEFERRED, reason)
    assert not [name for container, name in large.store.blobs if container == "usage-personal"]


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.example/v1.0/users?$skiptoken=1",
        "{here}@graph.example/",
        "//graph.example/",
        "file:///etc/passwd",
    ],
)
def test_the_token_goes_to_no_other_host(large: World, url: str) -> None:
    if url.startswith("{here}"):
        url = f"{large.app().settings.graph_endpoint}@graph.example/"
    large.break_("page_link", nth=1, url=url)
    assert outcome(large.run(), USERS) == (Outcome.REFUSED, Reason.FOREIGN_PAGE)
    assert len(large.requests("users")) == 1


def test_an_account_on_two_pages_is_told_and_stands_there_once(large: World) -> None:
    large.break_("page_repeats", nth=2, count=3)
    assert outcome(large.run(), USERS) == PUBLISHED
    ids = [row["User Id"] for row in large.rows(USERS)]
    assert len(ids) == len({*ids})
    assert large.flags() == ("repeated_rows",)


def test_an_account_that_is_lost_between_two_pages_is_told(large: World, caplog: pytest.LogCaptureFixture) -> None:
    large.break_("page_loses", nth=2)
    with caplog.at_level(logging.WARNING):
        assert outcome(large.run(), USERS) == PUBLISHED
    assert large.flags() == ("uncounted_rows",)
    assert [each.getMessage() for each in caplog.records] == ['accounts.uncounted {"call": "users"}']


def test_a_directory_that_lost_a_third_is_read_again_before_it_is_believed(large: World) -> None:
    large.run()
    large.next_day()
    large.break_("page_loses", nth=1, count=700)
    assert outcome(large.run(), USERS) == PUBLISHED
    assert large.flags() == ()


@pytest.mark.parametrize(
    "roles", [PERMISSIONS.values(), ()], ids=["that of sign-ins is missing", "that of accounts too"]
)
def test_sign_ins_that_graph_refuses_are_left_out_and_told(world: World, roles: Any) -> None:
    world.grant(*roles)
    run = world.run(SIGN_IN_ACTIVITY="true")
    if not roles:
        assert "User.Read.All" in result(run, USERS).detail
        return
    assert outcome(run, USERS) == PUBLISHED
    assert world.flags() == ("without_sign_ins",)
    assert not {*world.rows(USERS)[0]} & {*SIGN_IN_COLUMNS}


# -- what is served ----------------------------------------------------------------------------------------------------


def told(app: App) -> dict[str, Any]:
    request = Request("GET", "status", {}, {})
    status: dict[str, Any] = json.loads(handle(request, app.api.status).body)
    return status


def test_each_is_served_where_graph_has_it_and_accounts_behind_their_own_keys_alone(world: World) -> None:
    world.run()
    app = world.app()
    assert ask(app, "v1.0/subscribedSkus").body == world.body(SKUS)
    assert ask(app, "v1.0/users", personal=True).body == world.body(USERS)
    refused = ask(app, "v1.0/users")
    assert (refused.status, code(refused)) == (404, "personal_report")
    assert "/api/personal/v1.0/users" in refused.body.decode()
    assert ask(app, "v1.0/users", personal=True).headers["Cache-Control"] == "private, no-store"


def test_snapshots_series_and_forms_are_those_of_any_report(world: World) -> None:
    world.run()
    world.next_day()
    world.run()
    app = world.app()
    dates = [each["refreshDate"] for each in value(ask(app, "v1.0/subscribedSkus/snapshots"))]
    assert dates == [TODAY.isoformat(), (TODAY + timedelta(days=1)).isoformat()]
    series = ask(app, "v1.0/subscribedSkus/series").body.decode()
    assert series.count("SPE_E5") == 2
    (account, *_) = value(ask(app, "v1.0/users", {"format": "json", "refreshDate": str(TODAY)}, personal=True))
    assert (account["accountEnabled"], type(account["assignedLicenses"])) in ((True, list), (False, list))
    product = value(ask(app, "v1.0/subscribedSkus", {"format": "json"}))[0]
    assert isinstance(product["consumedUnits"], int)
    assert value(ask(app, "v1.0/subscribedSkus/snapshots"))[0]["url"].startswith("/api/v1.0/subscribedSkus?")


@pytest.mark.parametrize("path", ["v1.0/reports/subscribedSkus", "v1.0/getOffice365ServicesUserCounts"])
def test_reports_and_the_directory_have_each_their_place(world: World, path: str) -> None:
    world.run()
    answer = ask(world.app(), path)
    assert (answer.status, code(answer)) in ((404, "unknown_report"), (404, "unknown_path"))


def test_the_list_names_the_directory_once_it_is_archived(world: World) -> None:
    listed = partial(ask, world.app(), "v1.0/reports")
    assert not {"users", "subscribedSkus"} & {each["name"] for each in value(listed(personal=True))}
    world.run()
    listed = partial(ask, world.app(), "v1.0/reports")
    calls = {each["name"]: each["calls"] for each in value(listed(personal=True))}
    assert calls["users"][0]["url"] == "/api/personal/v1.0/users"
    assert "users" not in {each["name"] for each in value(listed())}


def test_who_is_asked_for_by_no_name_is_in_no_log_and_no_record(large: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        large.break_("page", nth=2, times=None, text='{"value": [{"userPrincipalName": "adele.vance@contoso.com"}]}')
        run = large.run()
    assert "contoso.com" not in caplog.text + run.to_bytes().decode(errors="replace")


def test_the_day_is_that_of_utc(world: World) -> None:
    world.control.set_time(datetime(2026, 11, 21, 23, 59, tzinfo=UTC))
    assert result(world.run(), USERS).refresh_date == date(2026, 11, 21)
