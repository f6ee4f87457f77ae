"""What there is in the archive and what a run marks in it: Graph is asked over HTTP, and storage is memory."""

import logging
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from local.simulator_client import Control
from shared.app import App
from shared.archive.layout import CONCEALMENT_CHANGES, COVERAGE, DERIVED, LOST
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Outcome
from shared.domain.selection import select
from shared.web.archive_cache import ArchiveCache
from shared.web.health import health_word
from shared.web.status import summary
from tests.reliability.faulty_memory import FaultyMemory

MakeApp = Callable[..., App]
SERVICES = Call("getOffice365ServicesUserCounts", period="D7")
DETAIL = Call("getOffice365ActiveUserDetail", period="D7")
SINGLE_DAYS = f"{DETAIL.report}, {', '.join(f'-{DETAIL._replace(period=each)}' for each in ('D30', 'D90', 'D180'))}"
"""Single days, and D7."""
DAY = 86400
SCHEDULE = "0 0 */6 * * *"


@pytest.fixture
def make_app(make_app_in_memory: MakeApp) -> MakeApp:
    return make_app_in_memory


@pytest.fixture
def of(control: Control) -> Callable[[App], ArchiveCache]:
    """The cache of an app that has not been asked yet."""
    return lambda app: ArchiveCache(app.archive, catalogue(), control.now)


@pytest.fixture
def told(of: Callable[[App], ArchiveCache], control: Control) -> Callable[..., dict[str, dict[str, Any]]]:
    """The status of that app's archive, by call."""

    def told(app: App, *items: object) -> dict[str, dict[str, Any]]:
        selection = select(", ".join(map(str, items)), catalogue())
        cache = of(app)
        content = summary(selection, cache.coverage(), cache.run(), control.now())
        return {call["call"]: call for call in content["calls"]}

    return told


def marks(storage: FaultyMemory, kind: str) -> list[str]:
    return sorted(name for container, name in storage.sound.blobs if container == DERIVED and name.startswith(kind))


# -- an outage ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def outage(make_app: MakeApp, control: Control) -> tuple[App, set[date]]:
    """An app that was down for four days and has run again, and the refresh dates that Graph showed meanwhile."""
    app = make_app(REPORTS=str(SERVICES))
    app.pull_run.execute()
    shown = set()
    for _ in range(8):
        control.sleep(DAY / 2)
        shown.add(date.fromisoformat(control.get("visible", report=SERVICES.report)["refresh_date"]))
    app.pull_run.execute()
    return app, shown - set(app.archive.snapshots.refresh_dates(SERVICES))


def test_the_refresh_dates_of_an_outage_are_lost(
    outage: tuple[App, set[date]], told: Callable[..., dict[str, dict[str, Any]]]
) -> None:
    app, missed = outage
    (gap,) = told(app, SERVICES)[str(SERVICES)]["gaps"]
    assert len(missed) >= 3
    assert gap == {
        "first": min(missed).isoformat(),
        "last": max(missed).isoformat(),
        "days": len(missed),
        "state": "lost",
    }


def test_a_date_is_lost_if_it_is_marked_and_never_published_else(
    outage: tuple[App, set[date]], of: Callable[[App], ArchiveCache], storage: FaultyMemory
) -> None:
    app, missed = outage
    assert {of(app).why_missing(SERVICES, day) for day in missed} == {"lost"}
    for name in marks(storage, LOST):
        storage.sound.delete(DERIVED, name)
    assert {of(app).why_missing(SERVICES, day) for day in missed} == {"never_published"}


def test_single_days_are_recoverable_within_reach_and_lost_beyond(
    make_app: MakeApp,
    of: Callable[[App], ArchiveCache],
    told: Callable[..., dict[str, dict[str, Any]]],
    control: Control,
) -> None:
    """One run fetches the oldest few; the next, which notices that, comes when as many others are out of reach."""
    control.put("faults", {"rules": [{"fault": "empty", "match": {"call": "*(date=*"}, "nth": 7}]})
    app = make_app(REPORTS=SINGLE_DAYS)

    def days() -> tuple[list[date], dict[str, Any]]:
        held = app.archive.snapshots.refresh_dates(Call(DETAIL.report, date=date.min))
        return held, told(app, SINGLE_DAYS)[f"{DETAIL.report}(date)"]

    def why(day: date) -> str:
        return of(app).why_missing(Call(DETAIL.report, date=day), day)

    run = app.pull_run.execute()
    (empty,) = [pull.call.date for pull in run.pulls if pull.call.date and pull.outcome is Outcome.NO_DATA]
    held, before = days()
    first = (held[-1] + timedelta(days=1)).isoformat()
    assert {gap["first"]: gap["state"] for gap in before["gaps"]} == {
        empty.isoformat(): "empty",
        first: "recoverable",
    }
    assert (why(empty), why(held[-1] + timedelta(days=1))) == ("empty", "recoverable")
    control.sleep(12 * DAY)
    for notice in (lambda: None, app.pull_run.execute):
        notice()
        _, after = days()
        (lost,) = [gap for gap in after["gaps"] if gap["state"] == "lost"]
        assert lost["first"] == first
        assert date.fromisoformat(lost["last"]) == control.now().date() - timedelta(days=28)
        assert (why(empty), why(date.fromisoformat(lost["last"]))) == ("never_published", "lost")


def lost_days(status: dict[str, dict[str, Any]]) -> list[tuple[date, date]]:
    """First and last of each stretch of single days that is lost, by what the status says."""
    gaps = status[f"{DETAIL.report}(date)"]["gaps"]
    return [
        (date.fromisoformat(gap["first"]), date.fromisoformat(gap["last"])) for gap in gaps if gap["state"] == "lost"
    ]


def test_the_single_days_of_an_outage_of_months_are_lost_though_no_record_of_a_run_is_looked_at(
    make_app: MakeApp, told: Callable[..., dict[str, dict[str, Any]]], control: Control
) -> None:
    app = make_app(REPORTS=SINGLE_DAYS)
    app.pull_run.execute()
    newest = app.archive.snapshots.refresh_dates(Call(DETAIL.report, date=date.min))[-1]
    control.sleep(80 * DAY)
    assert app.archive.runs.newest(control.now()) is None
    for notice in (lambda: None, app.pull_run.execute):
        notice()
        assert lost_days(told(app, SINGLE_DAYS)) == [
            (newest + timedelta(days=1), control.now().date() - timedelta(days=28))
        ]


def test_the_single_days_of_a_report_that_was_not_selected_for_months_are_lost(
    make_app: MakeApp, told: Callable[..., dict[str, dict[str, Any]]], control: Control
) -> None:
    app, without = make_app(REPORTS=SINGLE_DAYS), make_app(REPORTS=str(SERVICES))
    app.pull_run.execute()
    newest = app.archive.snapshots.refresh_dates(Call(DETAIL.report, date=date.min))[-1]
    control.sleep(80 * DAY)
    without.pull_run.execute()
    for notice in (lambda: None, app.pull_run.execute):
        notice()
        assert lost_days(told(app, SINGLE_DAYS)) == [
            (newest + timedelta(days=1), control.now().date() - timedelta(days=28))
        ]


# -- marks -------------------------------------------------------------------------------------------------------------


def test_lost_days_in_a_row_are_one_empty_blob_however_often_they_are_marked(
    outage: tuple[App, set[date]], storage: FaultyMemory, control: Control
) -> None:
    app, missed = outage
    name = f"lost/report={SERVICES.report}/period=D7/first={min(missed)}/last={max(missed)}"
    for _ in range(2):
        written = marks(storage, f"lost/report={SERVICES.report}/")
        control.sleep(DAY / 4)
        app.pull_run.execute()
    assert written == [name]
    assert storage.sound.blobs[DERIVED, name].content == b""


def test_a_run_that_cannot_mark_ends_well_and_the_next_one_that_can_marks_what_it_lost(
    make_app: MakeApp,
    storage: FaultyMemory,
    control: Control,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app(REPORTS=str(SERVICES))
    app.pull_run.execute()
    control.sleep(4 * DAY)
    storage.set([{"fault": "read_only", "match": {"blob": "lost/*"}, "times": None}])
    run = app.pull_run.execute()
    assert run.lost
    assert app.archive.runs.newest(control.now()) == run
    assert marks(storage, LOST) == []
    assert [record.getMessage().split()[0] for record in caplog.records if record.levelno >= logging.WARNING] == [
        "mark.failed",
        "archive.lost",
    ]
    control.sleep(DAY / 4)
    assert app.pull_run.execute().lost == run.lost
    storage.set([])
    control.sleep(DAY / 4)
    app.pull_run.execute()
    assert len(marks(storage, LOST)) == 1


def test_a_run_with_nothing_to_mark_asks_storage_for_no_mark(
    make_app: MakeApp, storage: FaultyMemory, control: Control
) -> None:
    app = make_app(REPORTS=str(SERVICES))
    app.pull_run.execute()
    control.sleep(DAY / 4)
    storage.seen.clear()
    app.pull_run.execute()
    assert {each.blob.partition("/")[0] for each in storage.seen if each.container == "usage-derived"} == {
        "",  # the listing of records of runs
        "runs",
        "series",
        "requests.json",
        "coverage.json.gz",
        "tables.json.gz",
        f"report={SERVICES.report}",  # the table of the day
        "newest",  # the manifest of the month
    }


# -- names -------------------------------------------------------------------------------------------------------------


def test_where_names_are_concealed_and_shown_again_is_marked_and_told(
    make_app: MakeApp, told: Callable[..., dict[str, dict[str, Any]]], control: Control, storage: FaultyMemory
) -> None:
    app = make_app(REPORTS=str(DETAIL))
    concealed = [{"fault": "concealed", "match": {"call": str(DETAIL)}, "times": None}]
    names = []
    for rules in ([], concealed, concealed, []):
        control.put("faults", {"rules": rules})
        app.pull_run.execute()
        names.append(told(app, DETAIL)[str(DETAIL)]["names"])
        control.sleep(DAY)
    flips = told(app, DETAIL)[str(DETAIL)]["flips"]
    assert names == ["named", "concealed", "concealed", "named"]
    assert [(flip["from"], flip["to"]) for flip in flips] == [("named", "concealed"), ("concealed", "named")]
    at = [f"refresh_date={flip['refreshDate']}/revision={flip['revision']}" for flip in flips]
    assert marks(storage, CONCEALMENT_CHANGES) == [
        f"flips/report={DETAIL.report}/period=D7/{at[0]}/named-to-concealed",
        f"flips/report={DETAIL.report}/period=D7/{at[1]}/concealed-to-named",
    ]


def test_where_names_of_single_days_are_concealed_and_shown_again_is_marked_once_and_told(
    make_app: MakeApp, told: Callable[..., dict[str, dict[str, Any]]], control: Control, storage: FaultyMemory
) -> None:
    app = make_app(REPORTS=SINGLE_DAYS)
    concealed = [{"fault": "concealed", "match": {"call": f"{DETAIL.report}(date=*"}, "times": None}]
    for rules in ([], concealed, concealed, [], []):
        control.put("faults", {"rules": rules})
        app.pull_run.execute()
        control.sleep(DAY)
    flips = told(app, DETAIL.report)[f"{DETAIL.report}(date)"]["flips"]
    assert [(flip["from"], flip["to"]) for flip in flips] == [("named", "concealed"), ("concealed", "named")]
    assert len(marks(storage, CONCEALMENT_CHANGES)) == 2


# -- what there is -----------------------------------------------------------------------------------------------------


def test_the_newest_date_of_every_archived_call_is_known_selected_or_not(
    make_app: MakeApp, of: Callable[[App], ArchiveCache]
) -> None:
    app = make_app(REPORTS=f"{SERVICES}, {SINGLE_DAYS}, getOffice365ActivationCounts")
    app.pull_run.execute()
    newest = {
        call: app.archive.snapshots.refresh_dates(call)[-1] for call in (SERVICES, Call("getOffice365ActivationCounts"))
    }
    assert of(app).newest_dates(personal=False) == newest
    newest[DETAIL] = app.archive.snapshots.refresh_dates(DETAIL)[-1]
    day = app.archive.snapshots.refresh_dates(Call(DETAIL.report, date=date.min))[-1]
    assert of(app).newest_dates(personal=True) == newest | {Call(DETAIL.report, date=day): day}


def test_an_archive_that_does_not_exist_yet_is_empty(make_app: MakeApp, of: Callable[[App], ArchiveCache]) -> None:
    assert of(make_app()).newest_dates(personal=True) == {}


def test_the_index_is_read_again_when_a_run_has_ended_or_after_ten_minutes(
    make_app: MakeApp, of: Callable[[App], ArchiveCache], storage: FaultyMemory, control: Control
) -> None:
    app = make_app(REPORTS=str(SERVICES))
    app.pull_run.execute()
    cache = of(app)

    def read() -> list[str]:
        storage.seen.clear()
        cache.newest_dates(personal=False)
        return [each.name for each in storage.seen if each.container == "usage" or each.blob == COVERAGE]

    assert read() == ["get"]
    control.sleep(60)
    assert read() == []
    control.sleep(60)
    app.pull_run.execute()
    control.sleep(30)
    assert read() == ["get"]
    control.sleep(600)
    assert read() == ["get"]


def test_the_cost_of_a_look_does_not_grow_with_the_archive(
    make_app: MakeApp, of: Callable[[App], ArchiveCache], storage: FaultyMemory, control: Control
) -> None:
    app = make_app(REPORTS=str(SERVICES))
    operations = []
    control.set_time(control.now().replace(day=3, hour=4))  # the newest run is looked for in its month
    for _ in range(3):
        control.sleep(DAY)
        app.pull_run.execute()
        storage.seen.clear()
        of(app).coverage()
        operations.append(len(storage.seen))
    assert len(app.archive.snapshots.refresh_dates(SERVICES)) > 1
    assert operations == operations[:1] * 3


# -- health ------------------------------------------------------------------------------------------------------------


def test_the_app_is_healthy_from_the_first_pull_on_that_ended_well(
    make_app: MakeApp, of: Callable[[App], ArchiveCache], control: Control
) -> None:
    app = make_app(REPORTS=str(SERVICES))
    before = health_word(of(app), SCHEDULE, control.now())
    app.pull_run.execute()
    assert (before, health_word(of(app), SCHEDULE, control.now())) == ("starting", "healthy")


def test_who_hears_that_it_is_not_healthy_hears_when_to_ask_again(make_app: MakeApp, control: Control) -> None:
    make_app().api.health()
    control.sleep(DAY)
    response = make_app().api.health()
    assert (response.status, response.body, response.headers["Retry-After"]) == (503, b"stopped", "30")


def test_runs_that_archive_nothing_do_not_make_the_app_healthy(
    make_app: MakeApp, of: Callable[[App], ArchiveCache], control: Control
) -> None:
    control.put("roles", {"roles": []})
    app = make_app(REPORTS=str(SERVICES))
    app.pull_run.execute()
    never = health_word(of(app), SCHEDULE, control.now())
    control.put("roles", {"roles": ["Reports.Read.All"]})
    control.sleep(DAY / 4)
    app = make_app(REPORTS=str(SERVICES))
    app.pull_run.execute()
    control.put("roles", {"roles": []})
    control.sleep(DAY)
    app = make_app(REPORTS=str(SERVICES))
    words = []
    for _ in range(2):
        app.pull_run.execute()
        words.append(health_word(of(app), SCHEDULE, control.now()))
        control.sleep(DAY + 60)
    assert (never, words) == ("empty", ["healthy", "stale"])


def test_health_costs_one_look_in_half_a_minute(
    make_app: MakeApp, of: Callable[[App], ArchiveCache], storage: FaultyMemory, control: Control
) -> None:
    app = make_app(REPORTS=str(SERVICES))
    app.pull_run.execute()
    cache = of(app)
    storage.seen.clear()
    for _ in range(29):
        assert health_word(cache, SCHEDULE, control.now()) == "healthy"
        control.sleep(1)
    assert [str(operation).partition("/")[0][2:] for operation in storage.seen] == [
        "list usage-derived",
        "get usage-derived",
    ]


def test_an_archive_that_does_not_answer_is_unreachable_and_left_alone_for_half_a_minute(
    make_app: MakeApp, of: Callable[[App], ArchiveCache], storage: FaultyMemory, control: Control
) -> None:
    app = make_app(REPORTS=str(SERVICES))
    storage.set([{"fault": "disabled", "times": None}])
    cache = of(app)
    words = {health_word(cache, SCHEDULE, control.now()) for _ in range(5)}
    with pytest.raises(ArchiveUnavailable):
        cache.newest_dates(personal=False)
    assert words == {"unreachable"}
    assert len(storage.seen) == 1
    control.sleep(30)
    storage.set([])
    assert health_word(cache, SCHEDULE, control.now()) == "starting"


# -- bodies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "reads"),
    [pytest.param(SERVICES, 2, id="once in each form"), pytest.param(DETAIL, 6, id="personal: never kept")],
)
def test_a_body_is_kept_in_memory_unless_it_is_personal(
    make_app: MakeApp, of: Callable[[App], ArchiveCache], storage: FaultyMemory, call: Call, reads: int
) -> None:
    app = make_app(REPORTS=str(call))
    app.pull_run.execute()
    cache = of(app)
    newest = cache.newest(call)
    assert newest
    storage.seen.clear()
    plain = [cache.body(newest) for _ in range(3)]
    packed = [cache.body(newest, compressed=True) for _ in range(3)]
    assert set(plain) == {app.archive.snapshots.content(newest)}
    assert set(packed) == {app.archive.snapshots.compressed(newest)}
    assert [operation.name for operation in storage.seen] == ["get"] * (reads + 2)
