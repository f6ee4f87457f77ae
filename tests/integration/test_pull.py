"""Pulling over HTTP: what a run asks for, what it archives, and what it does when something is wrong."""

import hashlib
import logging
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.run_record import PullResult, RunRecord
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable, RunFailed, Unconfirmed
from shared.domain.outcome import Outcome, Reason
from shared.graph.body_stream import CHUNK
from shared.pulling.plan import PlannedPull
from shared.settings import read
from tests.conftest import maker
from tests.reliability.faulty_memory import FaultyMemory
from tests.wire import Wire, response

MakeApp = Callable[..., App]
SERVICES = "getOffice365ServicesUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
D7 = f"{SERVICES}(period='D7')"
CSV = b"Report Refresh Date,Report Period\n2026-11-18,7\n"


def outcomes(run: RunRecord) -> dict[str, Outcome]:
    return {str(pulled.call): pulled.outcome for pulled in run.pulls}


def only(run: RunRecord) -> PullResult:
    (pulled,) = run.pulls
    return pulled


def newest(app: App, call: Call) -> Snapshot:
    snapshot = app.archive.snapshots.newest(call, date(2026, 12, 31))
    assert snapshot is not None
    return snapshot


def names(storage: FaultyMemory, container: str) -> list[str]:
    return sorted(name for each, name in storage.sound.blobs if each == container)


@pytest.fixture
def make_app(make_app_in_memory: MakeApp) -> MakeApp:
    return make_app_in_memory


# -- what is archived --------------------------------------------------------------------------------------------------


def test_the_bytes_that_graph_sent_are_archived_under_their_refresh_date(
    make_app: MakeApp, control: Control, storage: FaultyMemory
) -> None:
    run = make_app(REPORTS=D7).pull_run.execute()
    expected = control.get("expected", call=D7)
    day = expected["refresh_date"]
    assert only(run).outcome is Outcome.PUBLISHED
    (name,) = names(storage, "usage")
    assert name == f"report={SERVICES}/period=D7/refresh_date={day}/revision=1/{SERVICES}_D7_{day}_r1.csv.gz"
    compressed = storage.sound.blobs["usage", name].content
    content = zlib.decompress(compressed, wbits=31)
    assert hashlib.sha256(content).hexdigest() == expected["sha256"]
    assert content.startswith(b"\xef\xbb\xbfReport Refresh Date,")


def test_the_facts_about_a_snapshot_are_metadata_of_its_blob(
    make_app: MakeApp, control: Control, storage: FaultyMemory
) -> None:
    make_app(REPORTS=D7).pull_run.execute()
    metadata = storage.sound.blobs["usage", names(storage, "usage")[0]].metadata
    expected = control.get("expected", call=D7)
    (download,) = control.get("record", listener="download")
    assert metadata["sha256"] == expected["sha256"] == download["sha256"]
    assert (metadata["size"], metadata["rows"]) == (str(expected["size"]), str(expected["rows"]))
    assert metadata["pulled_at"] == control.now().isoformat()
    assert metadata["etag"] == download["etag"]
    assert metadata["app_version"] == "0.1.0"


def test_personal_snapshots_lie_in_a_container_of_their_own(make_app: MakeApp, storage: FaultyMemory) -> None:
    make_app(REPORTS=f"{D7}, {DETAIL}").pull_run.execute()
    assert {name.split("/")[0] for name in names(storage, "usage")} == {f"report={SERVICES}"}
    assert {name.split("/")[0] for name in names(storage, "usage-personal")} == {f"report={DETAIL}"}


def test_a_single_day_is_archived_under_that_day(make_app: MakeApp, control: Control) -> None:
    app = make_app(REPORTS=DETAIL)
    app.pull_run.execute()
    oldest = control.now().date() - timedelta(days=27)
    assert newest(app, Call(DETAIL, date=oldest)).refresh_date == oldest


def test_a_copilot_report_comes_without_redirect_and_in_two_versions(make_app: MakeApp) -> None:
    run = make_app(REPORTS="getMicrosoft365CopilotUserCountTrend").pull_run.execute()
    assert len(run.pulls) == 10
    assert set(outcomes(run).values()) == {Outcome.PUBLISHED}


# -- again and again ---------------------------------------------------------------------------------------------------


def test_a_second_run_finds_everything_unchanged_and_archives_nothing(make_app: MakeApp, storage: FaultyMemory) -> None:
    app = make_app(REPORTS=SERVICES)
    app.pull_run.execute()
    before = names(storage, "usage")
    assert set(outcomes(app.pull_run.execute()).values()) == {Outcome.UNCHANGED}
    assert names(storage, "usage") == before


def next_day(control: Control) -> datetime:
    return (control.now() + timedelta(days=1)).replace(hour=0, minute=0)


def test_the_first_run_of_a_day_reads_the_body_and_finds_it_unchanged(make_app: MakeApp, control: Control) -> None:
    control.set_time(control.now().replace(hour=23, minute=59))  # the day's refresh date is out
    app = make_app(REPORTS=D7)
    app.pull_run.execute()
    control.set_time(next_day(control))
    pulled = only(app.pull_run.execute())
    assert (pulled.outcome, pulled.read) == (Outcome.UNCHANGED, True)


def test_a_corrected_day_becomes_a_second_revision_beside_the_first(make_app: MakeApp, control: Control) -> None:
    control.set_time(control.now().replace(hour=23, minute=59))  # the day's refresh date is out
    app = make_app(REPORTS=D7)
    app.pull_run.execute()
    first = newest(app, Call(SERVICES, period="D7"))
    control.put("restate", {"report": SERVICES, "refresh_date": first.refresh_date.isoformat(), "revision": 1})
    control.set_time(next_day(control))
    pulled = only(app.pull_run.execute())
    revisions = app.archive.snapshots.revisions(first.call, first.refresh_date)
    assert (pulled.outcome, pulled.revision) == (Outcome.REVISED, 2)
    assert [each.revision for each in revisions] == [1, 2]
    assert len({app.archive.snapshots.content(each) for each in revisions}) == 2


def test_a_new_refresh_date_is_published_beside_the_old(make_app: MakeApp, control: Control) -> None:
    app = make_app(REPORTS=D7)
    days = set()
    for _ in range(4):
        app.pull_run.execute()
        days.add(newest(app, Call(SERVICES, period="D7")).refresh_date)
        control.sleep(86400)
    assert app.archive.snapshots.refresh_dates(Call(SERVICES, period="D7")) == sorted(days)
    assert len(days) > 1


# -- the record of a run -----------------------------------------------------------------------------------------------


def test_a_run_leaves_a_record_that_the_next_one_reads(make_app: MakeApp, storage: FaultyMemory) -> None:
    app = make_app(REPORTS=D7)
    run = app.pull_run.execute()
    assert f"runs/{run.started:%Y-%m}/{run.id}.json.gz" in names(storage, "usage-derived")
    assert app.archive.runs.newest(run.started) == run


OF_OLD = datetime(2026, 11, 21, tzinfo=UTC)
NO_CALLS = RunRecord("", OF_OLD, OF_OLD, [], 0).to_json().replace(b'"lost": {}', b'"lost": []')


@pytest.mark.parametrize("damaged", [b"", b"{}", b"[]", b'{"run": 1', NO_CALLS, b"[" * 10**5])
def test_a_damaged_record_does_not_stop_the_next_run(
    make_app: MakeApp, control: Control, storage: FaultyMemory, damaged: bytes
) -> None:
    app = make_app(REPORTS=D7)
    run = app.pull_run.execute()
    storage.sound.put("usage-derived", f"runs/{run.started:%Y-%m}/9999.json", damaged, {})
    assert only(app.pull_run.execute()).outcome is Outcome.UNCHANGED
    assert app.archive.runs.newest(run.started) is not None


def test_every_call_of_a_run_has_one_event_line(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "usage_archive"):
        make_app(REPORTS=SERVICES).pull_run.execute()
    lines = [record.getMessage() for record in caplog.records if record.name == "usage_archive"]
    assert [line.split()[0] for line in lines] == ["pull.published"] * 4 + ["run.finished"]
    assert '"call": "getOffice365ServicesUserCounts(period=\'D7\')"' in "".join(lines)


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_the_download_host_never_sees_a_bearer_a_cookie_or_a_key(make_app: MakeApp, control: Control) -> None:
    make_app(REPORTS=SERVICES).pull_run.execute()
    downloads = control.get("record", listener="download")
    assert len(downloads) == 4
    assert not any(any(download["carried"].values()) for download in downloads)


def test_a_missing_permission_is_refused_and_needs_a_person(make_app: MakeApp, control: Control) -> None:
    control.put("roles", {"roles": []})
    app = make_app(REPORTS=D7)
    with pytest.raises(RunFailed, match="permission"):
        app.pull()
    assert only(app.pull_run.execute()).outcome is Outcome.REFUSED


def test_without_a_token_there_is_no_run(stack: Stack, control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with pytest.raises(ArchiveUnavailable):  # storage wants a token too
        maker(stack, control)(REPORTS=SERVICES).pull_run.execute()


def test_a_neighbour_that_uses_up_the_tenants_limit_makes_calls_wait(make_app: MakeApp, control: Control) -> None:
    control.put("neighbour", {"function": SERVICES, "used": 40})
    run = make_app(REPORTS=f"{SERVICES}, getOffice365ActiveUserCounts(period='D7')").pull_run.execute()
    assert outcomes(run)["getOffice365ActiveUserCounts(period='D7')"] is Outcome.PUBLISHED
    assert {pulled.reason for pulled in run.pulls if pulled.call.report == SERVICES} <= {"rate_limited", "budget"}


def test_deferred_calls_are_pulled_by_the_next_run(make_app: MakeApp, control: Control) -> None:
    control.put("neighbour", {"function": SERVICES, "used": 40})
    app = make_app(REPORTS=SERVICES)
    app.pull_run.execute()
    control.put("neighbour", {"function": SERVICES, "used": 0})
    control.sleep(6 * 3600)
    assert set(outcomes(app.pull_run.execute()).values()) == {Outcome.PUBLISHED}


@pytest.fixture
def scripted(stack: Stack) -> Iterator[Wire]:
    """A Graph that answers what the test says; everything but D7 is answered well."""
    with Wire() as graph:
        for period in ("D7", "D30", "D90", "D180"):
            body = CSV.replace(b",7", f",{period[1:]}".encode())
            graph.answers[f"/v1.0/reports/{SERVICES}(period='{period}')"] = response(body=body)
        yield graph


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        pytest.param(response(), Outcome.NO_DATA, "empty_body", id="empty"),
        pytest.param(response(body=CSV[:34]), Outcome.NO_DATA, "no_rows", id="header only"),
        pytest.param(response(body=CSV[:-3]), Outcome.DEFERRED, "cut_short", id="cut in a row"),
        pytest.param(response(body=CSV, Content_Length="999"), Outcome.DEFERRED, "cut_short", id="cut on the wire"),
        pytest.param(response(body=b"<html></html>"), Outcome.QUARANTINED, "not_this_report", id="HTML"),
        pytest.param(
            response(body=CSV.replace(b",7", b",30")), Outcome.QUARANTINED, "wrong_period", id="another period"
        ),
        pytest.param(
            response(body=CSV.replace(b"2026-11-18", b"")), Outcome.QUARANTINED, "no_refresh_date", id="no refresh date"
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", Outcome.NO_DATA, "empty_body", id="204"),
        pytest.param(response(401), Outcome.DEFERRED, "unauthorized", id="401"),
        pytest.param(response(403), Outcome.REFUSED, "permission", id="403"),
        pytest.param(response(503), Outcome.DEFERRED, "graph_error", id="503"),
        pytest.param(response(302, Location="https://evil.example/"), Outcome.REFUSED, "bad_redirect", id="redirect"),
    ],
)
def test_a_bad_answer_is_named_and_not_archived_and_the_other_calls_go_on(
    make_app: MakeApp, scripted: Wire, answer: bytes, outcome: Outcome, reason: str
) -> None:
    scripted.answers[f"/v1.0/reports/{D7}"] = answer
    app = make_app(REPORTS=SERVICES, GRAPH_ENDPOINT=scripted.origin)
    pulls = {str(pulled.call): (pulled.outcome, pulled.reason) for pulled in app.pull_run.execute().pulls}
    assert pulls.pop(D7) == (outcome, reason)
    assert set(pulls.values()) == {(Outcome.PUBLISHED, None)}
    assert app.archive.snapshots.newest(Call(SERVICES, period="D7"), date(2026, 11, 18)) is None


def test_the_version_of_graph_is_a_setting_as_other_clouds_have_beta_only(make_app: MakeApp, scripted: Wire) -> None:
    scripted.answers[f"/beta/reports/{D7}"] = response(body=CSV)
    app = make_app(REPORTS=D7, GRAPH_ENDPOINT=scripted.origin, GRAPH_VERSION="beta")
    assert only(app.pull_run.execute()).outcome is Outcome.PUBLISHED


def test_a_report_that_is_on_beta_only_is_asked_for_there(make_app: MakeApp, control: Control) -> None:
    make_app(REPORTS="getBrowserUserCounts(period='D7')").pull_run.execute()
    (request,) = control.get("record", listener="graph")
    assert request["path"].startswith("/beta/reports/getBrowserUserCounts")


def test_a_report_that_the_cloud_lacks_is_refused_once_a_week_and_needs_nobody(
    make_app: MakeApp, scripted: Wire, control: Control
) -> None:
    lacking = b'{"error": {"code": "BadRequest", "message": "Resource not found for the segment \'x\'."}}'
    scripted.answers[f"/v1.0/reports/{D7}"] = response(400, lacking)
    app = make_app(REPORTS=D7, GRAPH_ENDPOINT=scripted.origin)
    for _ in range(7 * 4):
        app.pull()
        control.sleep(6 * 3600)
    assert len(scripted.seen) == 1
    app.pull()
    assert len(scripted.seen) == 2


def csv(*rows: str, header: str = "Report Refresh Date,Exchange Active,Report Period") -> bytes:
    return "\n".join([header, *rows, ""]).encode()


ROWS = [f"2026-11-18,{number},7" for number in range(10)]


@pytest.fixture
def then(make_app: MakeApp, scripted: Wire, control: Control) -> Callable[[bytes], PullResult]:
    """Pulls that body on the next day; a body of ten rows was archived before."""
    app = make_app(REPORTS=D7, GRAPH_ENDPOINT=scripted.origin)

    def then(body: bytes) -> PullResult:
        scripted.answers[f"/v1.0/reports/{D7}"] = response(body=body)
        control.set_time(next_day(control))
        return only(app.pull_run.execute())

    then(csv(*ROWS))
    return then


def flags(storage: FaultyMemory, pulled: PullResult) -> str:
    metadata = storage.sound.blobs["usage", str(pulled.blob)].metadata
    return str(metadata.get("flags", ""))


def test_a_changed_schema_is_published_with_a_flag_and_an_event(
    then: Callable[[bytes], PullResult], storage: FaultyMemory, caplog: pytest.LogCaptureFixture
) -> None:
    pulled = then(csv(*(f"{row},1" for row in ROWS), header="Report Refresh Date,Exchange Active,Report Period,New"))
    assert (pulled.outcome, flags(storage, pulled)) == (Outcome.REVISED, "schema_changed")
    assert 'schema.changed {"call": "getOffice365ServicesUserCounts(period=\'D7\')", "added": ["New"]}' in caplog.text


def test_a_report_that_got_many_columns_more_is_published(
    then: Callable[[bytes], PullResult], storage: FaultyMemory
) -> None:
    header = ",".join(catalogue().reports[SERVICES].columns["v1.0"])
    more = ",".join(f"New {number}" for number in range(40))
    pulled = then(csv(*(f"2026-11-18,{row}{',7' * 54}" for row in range(10)), header=f"{header},{more}"))
    assert (pulled.outcome, flags(storage, pulled)) == (Outcome.REVISED, "schema_changed")


def test_blanks_around_the_names_of_columns_are_remembered(
    then: Callable[[bytes], PullResult], storage: FaultyMemory
) -> None:
    pulled = then(csv(*ROWS, header="Report Refresh Date,Exchange Active,Report Period "))
    metadata = storage.sound.blobs["usage", str(pulled.blob)].metadata
    assert SnapshotMetadata.from_metadata(metadata).columns[-1] == "Report Period "


def test_a_body_with_far_fewer_rows_is_believed_once_it_came_twice(
    then: Callable[[bytes], PullResult], storage: FaultyMemory, scripted: Wire
) -> None:
    before = len(scripted.seen)
    pulled = then(csv(*ROWS[:5]))
    assert (pulled.outcome, flags(storage, pulled)) == (Outcome.REVISED, "shrunk")
    assert len(scripted.seen) - before == 2


def test_the_same_values_in_another_order_are_a_revision_marked_as_reordered(
    then: Callable[[bytes], PullResult], storage: FaultyMemory
) -> None:
    pulled = then(csv(*reversed(ROWS)))
    assert (pulled.outcome, flags(storage, pulled)) == (Outcome.REVISED, "reordered")


def test_ragged_rows_are_published_with_a_flag(then: Callable[[bytes], PullResult], storage: FaultyMemory) -> None:
    pulled = then(csv(*ROWS[:9], f"{ROWS[9]},more"))
    assert (pulled.outcome, flags(storage, pulled)) == (Outcome.REVISED, "ragged")


def test_a_report_that_lost_its_report_date_makes_no_numbers_until_it_is_back(
    make_app: MakeApp, control: Control, storage: FaultyMemory
) -> None:
    call = Call("getOffice365ActiveUserCounts", period="D7")
    dated = "Report Refresh Date,Office 365,Report Date,Report Period"
    with Wire() as graph:
        app = make_app(REPORTS=str(call), GRAPH_ENDPOINT=graph.origin)

        def pulled(day: int, header: str, row: str) -> tuple[str, list[str]]:
            graph.answers[f"/v1.0/reports/{call}"] = response(body=csv(f"2026-11-{day},{row}", header=header))
            control.set_time(next_day(control))
            found = flags(storage, only(app.pull_run.execute()))
            return found, [",".join(row) for row in app.archive.series.table(call, control.now().date()).rows()]

        assert pulled(10, dated.replace(",Report Date", ""), "1,7") == ("undated", [])
        assert pulled(11, dated, "2,2026-11-11,7") == ("schema_changed", ["2026-11-11,2,7,2026-11-11"])
        assert pulled(12, dated.replace(",Report Date", ""), "3,7") == (
            "undated,schema_changed",
            ["2026-11-11,2,7,2026-11-11"],
        )
        assert pulled(13, dated, "4,2026-11-12,7") == (
            "schema_changed",
            ["2026-11-11,2,7,2026-11-11", "2026-11-13,4,7,2026-11-12"],
        )


def test_a_body_that_is_not_published_is_kept_aside_once_with_the_reason(
    then: Callable[[bytes], PullResult], storage: FaultyMemory
) -> None:
    html = b"<html>We are busy.</html>"
    pulled = then(html)
    assert then(html).blob == pulled.blob
    (name,) = names(storage, "usage-quarantine")
    assert name == f"report={SERVICES}/period=D7/reason=not_this_report/{hashlib.sha256(html).hexdigest()}.csv.gz"
    kept = storage.sound.blobs["usage-quarantine", name]
    assert zlib.decompress(kept.content, wbits=31) == html
    assert kept.metadata["reason"] == "not_this_report"
    assert pulled.blob == name


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"https://reports.example/a/b?x=topsecret", b"https://reports.example/[hidden]"),
        (b'"https://reports.example/data/download/topsecret"\r\n', b'"https://reports.example/[hidden]"\r\n'),
        (
            b'{"error": {"code": "x", "message": "sig=topsecret"}}',
            b'{"error": {"code": "x", "message": "sig=[hidden]"}}',
        ),
    ],
    ids=["a URL", "a URL in quotes", "an error"],
)
def test_a_body_that_is_no_report_is_kept_aside_without_what_is_secret_in_it(
    then: Callable[[bytes], PullResult],
    storage: FaultyMemory,
    caplog: pytest.LogCaptureFixture,
    body: bytes,
    expected: bytes,
) -> None:
    pulled = then(body)
    kept = storage.sound.blobs["usage-quarantine", str(pulled.blob)]
    assert zlib.decompress(kept.content, wbits=31) == expected
    assert kept.metadata["sha256"] == hashlib.sha256(expected).hexdigest()
    assert "topsecret" not in f"{caplog.text}{pulled}"
    assert then(body).blob == pulled.blob


def test_a_body_that_turns_out_wrong_early_is_kept_to_its_end(
    then: Callable[[bytes], PullResult], storage: FaultyMemory
) -> None:
    body = csv("soon,1,7", *ROWS * 5000)
    assert len(body) > 2 * CHUNK
    kept = storage.sound.blobs["usage-quarantine", str(then(body).blob)]
    assert zlib.decompress(kept.content, wbits=31) == body


@pytest.mark.parametrize("day", ["0001-01-01", "2099-01-01"])
def test_a_refresh_date_that_cannot_be_is_never_published(then: Callable[[bytes], PullResult], day: str) -> None:
    pulled = then(csv(f"{day},1,7"))
    assert (pulled.outcome, pulled.reason) == (Outcome.QUARANTINED, "bad_refresh_date")


def test_a_refused_token_is_renewed_once(make_app: MakeApp, scripted: Wire) -> None:
    scripted.answers[f"/v1.0/reports/{D7}"] = response(401)
    make_app(REPORTS=D7, GRAPH_ENDPOINT=scripted.origin).pull_run.execute()
    assert len(scripted.seen) == 2


def test_retries_count_against_the_request_budget(make_app: MakeApp, scripted: Wire) -> None:
    for path in scripted.answers:
        scripted.answers[path] = response(500)
    make_app(REPORTS=SERVICES, GRAPH_ENDPOINT=scripted.origin).pull_run.execute()
    assert len(scripted.seen) == 10


def test_each_wait_is_twice_as_long_as_the_one_before_with_jitter(
    stack: Stack, scripted: Wire, control: Control, storage: FaultyMemory
) -> None:
    scripted.answers[f"/v1.0/reports/{D7}"] = response(503)
    waits: list[float] = []
    settings = read(stack.settings | {"REPORTS": D7, "GRAPH_ENDPOINT": scripted.origin})
    app = App(settings, store=storage.store, clock=control.now, sleep=waits.append, random=lambda least, most: most)
    assert only(app.pull_run.execute()).reason is Reason.GRAPH_ERROR
    assert waits == [1.25, 2.5, 5.0]


def test_runs_that_begin_at_once_share_the_request_budget(make_app: MakeApp, control: Control) -> None:
    with ThreadPoolExecutor(12) as pool:
        runs = list(pool.map(lambda app: app.pull_run.execute(), [make_app(REPORTS=D7) for _ in range(12)]))
    asked = control.get("record", listener="graph")
    assert len(asked) == 10
    assert {entry["status"] for entry in asked} <= {302, 304}, "whoever asks after another archived it gets a 304"
    assert [only(run).reason for run in runs].count(Reason.BUDGET) == 2


def test_people_under_a_call_that_names_nobody_are_kept_aside_and_told_nowhere(
    make_app: MakeApp, scripted: Wire, storage: FaultyMemory, caplog: pytest.LogCaptureFixture
) -> None:
    call = "getEmailAppUsageUserCounts(period='D7')"
    header = ",".join(catalogue().reports["getEmailAppUsageUserDetail"].columns["v1.0"])
    scripted.answers[f"/v1.0/reports/{call}"] = response(body=users(10, header))
    app = make_app(REPORTS=call, GRAPH_ENDPOINT=scripted.origin)
    pulled = only(app.pull_run.execute())
    assert (pulled.outcome, pulled.reason) == (Outcome.QUARANTINED, Reason.NOT_THIS_REPORT)
    assert names(storage, "usage") == []
    told = b"".join(storage.sound.blobs["usage-derived", name].content for name in names(storage, "usage-derived"))
    assert "user0" not in f"{told!r} {caplog.text}"


PEOPLE = "Report Refresh Date,User Principal Name,Display Name,Report Period"
CANARY = "2026-11-18,canary@contoso.example,Canary Person,7"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(response(body=csv(CANARY, header=CANARY)), id="no header"),
        pytest.param(response(body=csv(CANARY, header=f"{PEOPLE},canary@contoso.example")), id="address in the header"),
        pytest.param(response(body=csv("Canary Person,canary@contoso.example,x,7", header=PEOPLE)), id="no date"),
        pytest.param(response(body=csv(CANARY, CANARY.replace("18", "17"), header=PEOPLE)), id="two dates"),
        pytest.param(response(body=csv("2026-11-18,x,x,Canary Person", CANARY, header=PEOPLE)), id="no period"),
        pytest.param(response(body=csv(f'{CANARY},"Canary"Person', header=PEOPLE)), id="no CSV"),
        pytest.param(response(body=csv(CANARY, header=PEOPLE)[:-5]), id="cut"),
        pytest.param(response(400, b'{"error": {"code": "x", "message": "No canary@contoso.example."}}'), id="400"),
    ],
)
def test_no_person_is_told_of_in_a_log_or_a_record(
    make_app: MakeApp, scripted: Wire, storage: FaultyMemory, caplog: pytest.LogCaptureFixture, answer: bytes
) -> None:
    call = f"{DETAIL}(period='D7')"
    scripted.answers[f"/v1.0/reports/{call}"] = answer
    caplog.set_level(logging.INFO)
    make_app(REPORTS=call, GRAPH_ENDPOINT=scripted.origin).pull_run.execute()
    told = b"".join(storage.sound.blobs["usage-derived", name].content for name in names(storage, "usage-derived"))
    assert f"{DETAIL}(period='D7')" in caplog.text
    assert "canary" not in f"{told!r} {caplog.text}".lower()


# -- single days -------------------------------------------------------------------------------------------------------


DAY = date(2026, 11, 18)


def users(number: int, header: str = "Report Refresh Date,User Principal Name,Display Name", day: date = DAY) -> bytes:
    cells = "," * (header.count(",") - 2)
    return csv(*(f"{day},user{each}@contoso.example,User{cells}" for each in range(number)), header=header)


@pytest.fixture
def of_day(make_app: MakeApp, scripted: Wire) -> Callable[..., Snapshot]:
    """Pulls that body for a single day; on the same day of the week before, 200 people did something."""
    app = make_app(REPORTS=DETAIL, GRAPH_ENDPOINT=scripted.origin)

    def of_day(body: bytes, day: date = DAY, doubted: Unconfirmed | None = None) -> Snapshot:
        call = Call(DETAIL, date=day)
        scripted.answers[f"/v1.0/reports/{call}"] = response(body=body)
        app.pull_run.puller.pull(PlannedPull(call), doubted)
        return newest(app, call)

    of_day(users(200, day=DAY - timedelta(days=7)), DAY - timedelta(days=7))
    return of_day


def test_a_single_day_with_far_fewer_rows_than_a_week_before_is_believed_once_it_came_twice(
    of_day: Callable[..., Snapshot],
) -> None:
    with pytest.raises(Unconfirmed) as caught:
        of_day(users(100))
    assert of_day(users(100), doubted=caught.value).metadata.flags == ("shrunk",)


def test_two_bodies_with_few_rows_need_not_be_the_same(of_day: Callable[..., Snapshot]) -> None:
    with pytest.raises(Unconfirmed) as caught:
        of_day(users(100))
    assert of_day(users(90), doubted=caught.value).metadata.rows == 90


def test_two_bodies_that_look_cut_have_to_have_the_same_values(of_day: Callable[..., Snapshot]) -> None:
    with pytest.raises(Unconfirmed) as caught:
        of_day(users(200).rstrip())
    with pytest.raises(Unconfirmed):
        of_day(users(199).rstrip(), doubted=caught.value)
    assert of_day(users(200).rstrip(), doubted=caught.value).metadata.flags == ("unended",)


def test_a_row_that_truly_holds_how_errors_begin_is_believed_once_it_came_twice(
    of_day: Callable[..., Snapshot],
) -> None:
    body = users(199) + f"{DAY},user199@contoso.example,<html lang=en>\r\n".encode()
    with pytest.raises(Unconfirmed) as caught:
        of_day(body)
    assert of_day(body, doubted=caught.value).metadata.flags == ("error_text",)


def test_a_whole_body_after_one_that_looks_cut_is_believed_at_once(of_day: Callable[..., Snapshot]) -> None:
    with pytest.raises(Unconfirmed) as caught:
        of_day(users(200)[:-3])
    assert of_day(users(200), doubted=caught.value).metadata.flags == ()


def test_a_single_day_with_other_columns_than_a_week_before_is_flagged(of_day: Callable[..., Snapshot]) -> None:
    header = "Report Refresh Date,User Principal Name,Display Name,New"
    assert of_day(users(190, header)).metadata.flags == ("schema_changed",)


def test_a_single_day_that_is_read_again_is_compared_with_itself(of_day: Callable[..., Snapshot]) -> None:
    sunday = DAY + timedelta(days=4)
    assert of_day(users(100, day=sunday), sunday).metadata.flags == ()
    with pytest.raises(Unconfirmed):
        of_day(users(60, day=sunday), sunday)


def test_a_single_day_with_the_rows_of_another_is_flagged_and_told_once(
    of_day: Callable[..., Snapshot], caplog: pytest.LogCaptureFixture
) -> None:
    for users_of_another_day in (users(190, day=DAY - timedelta(days=16)), users(191, day=DAY - timedelta(days=1))):
        assert of_day(users_of_another_day).metadata.flags == ("other_date",)
    assert caplog.text.count('date.differs {"call": "getOffice365ActiveUserDetail(date=2026-11-18)"') == 1
    assert of_day(users(192)).metadata.flags == ()
