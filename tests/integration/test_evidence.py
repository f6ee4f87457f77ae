"""What the live service does is kept as evidence, compared with what was assumed, and played by the simulator."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from gzip import decompress
from pathlib import Path
from typing import Any

import pytest

from local import doctor
from local.environment import environment, identity
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.layout import DERIVED, EVIDENCE, PERSONAL
from shared.domain.assumptions import ASSUMPTIONS
from shared.domain.errors import RunFailed
from shared.domain.evidence import Evidence, compared
from shared.settings import read
from shared.web.http import Request, handle
from tests.reliability.faulty_memory import FaultyMemory

SERVICES, STORAGE = "getOffice365ServicesUserCounts", "getMailboxUsageStorage"
REPORTS = (
    f"{SERVICES}(period='D7'), {STORAGE}(period='D7'), getOffice365ActiveUserDetail(period='D7'), "
    "getMicrosoft365CopilotUserCountTrend(period='D7'), getTeamsUserActivityCounts(period='D7')"
)
NOT_HERE = {"retry_after", "retry_after_seconds", "host", "python", "memory"}
"""What a simulator that is asked politely does not show, and what no machine but one of Azure's does."""


@pytest.fixture
def app(make_app_in_memory: Callable[..., App]) -> App:
    return make_app_in_memory(REPORTS=REPORTS)


def kept(app: App) -> Evidence:
    stored = app.archive.store.get(DERIVED, EVIDENCE)
    assert stored
    return Evidence.from_bytes(stored.content)


def differing(evidence: Evidence) -> dict[str, set[str]]:
    return {each.assumption.fact: {*each.differs} for each in compared(evidence) if each.differs}


def told(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    lines = [each.getMessage() for each in caplog.records]
    return [json.loads(line.partition(" ")[2]) for line in lines if line.startswith(event)]


def test_the_simulator_does_what_is_assumed_of_the_live_service(app: App, control: Control) -> None:
    now = control.now()
    control.set_time(now.replace(hour=0, minute=5) + timedelta(days=1))  # when most reports show the day before still
    app.pull()
    control.sleep(900)
    app.pull()
    verdicts = {each.assumption.fact: each.verdict for each in compared(kept(app))}
    assert differing(kept(app)) == {}
    assert {fact for fact, verdict in verdicts.items() if verdict == "not_seen"} == NOT_HERE


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The evidence of a tenant that differs in five ways, one report redirecting to another host."""
    every = [SERVICES, "getOffice365ActiveUserDetail", "getMicrosoft365CopilotUserCountTrend"]
    seen = {
        "line_ends": {"LF": {"since": "2026-11-21", "reports": every}},
        "bom": {"none": {"since": "2026-11-21", "reports": every}},
        "etag": {"none": {"since": "2026-11-21", "reports": every}},
        "redirect_host": {"another: contoso.net": {"since": "2026-11-21", "reports": [STORAGE]}},
    }
    numbers = {"days_behind": {report: [5, 5, 6] for report in every}}
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps({"format": 1, "written": "2026-11-21", "seen": seen, "numbers": numbers}), "utf-8")
    return path


@pytest.mark.long
def test_a_tenant_that_differs_in_five_ways_is_told_by_those_and_nothing_else(
    changed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "archive"
    likeness, settings = ["--as", str(changed)], {"REPORTS": REPORTS}
    with (
        Stack(archive, azurite=False, users=20, simulator=likeness, settings=settings) as stack,
        environment(identity(stack.settings)),
    ):
        app = App(read(stack.settings), Control(stack.control).now)
        with pytest.raises(RunFailed, match=STORAGE):
            app.pull()
    assert set(differing(kept(app))) == {"line_ends", "bom", "etag", "redirect_host", "days_behind"}
    assert doctor.main(["--archive", str(archive)]) == 1
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("differs")]
    ends = sorted(line.partition("Instead: ")[2].partition(" (")[0] for line in said)
    assert ends[0] in ("5", "5 to 6", "6")
    assert ends[1:] == ["LF", "another: contoso.net", "none", "none"]


def test_it_is_written_once_a_day_and_when_something_is_new(
    make_app_in_memory: Callable[..., App], control: Control
) -> None:
    lf = {"fault": "lf", "match": {"call": "getTeamsUserActivityCounts*"}, "times": None}
    control.put("faults", {"rules": [lf]})
    written = []
    for report in (SERVICES, STORAGE, "getTeamsUserActivityCounts"):
        app = make_app_in_memory(REPORTS=f"{report}(period='D7')")
        app.pull()
        written.append(kept(app))
    assert written[0] == written[1]
    assert {"CRLF", "LF"} == {*written[2].seen["line_ends"]}
    control.sleep(24 * 3600)
    app.pull()
    assert kept(app).written > written[2].written


def test_a_difference_is_one_event(app: App, control: Control, caplog: pytest.LogCaptureFixture) -> None:
    control.put("faults", {"rules": [{"fault": "lf", "match": {"call": f"{SERVICES}*"}, "times": None}]})
    for _ in range(3):
        with caplog.at_level("INFO", "usage_archive"):
            app.pull()
        control.sleep(24 * 3600)
    (difference,) = told(caplog, "evidence.differs")
    assert (difference["fact"], difference["seen"], difference["reports"]) == ("line_ends", ["LF"], [SERVICES])


CANARY = "c4n4ry"
LEAKS = [
    {"fault": "redirect", "args": {"location": f"https://{CANARY}.sharepoint.com/data/{CANARY}?token={CANARY}"}},
    {"fault": "etag", "args": {"etag": f'"{CANARY}"'}},
    {"fault": "page", "args": {"text": f"{CANARY}@contoso.com", "kind": f"text/html; {CANARY}"}},
    {"fault": "throttled", "args": {"retry_after": f"{CANARY}", "message": CANARY}},
    {"fault": "unnamed", "args": {"text": f"{CANARY}{{number}}@contoso.com"}},
]
QUICK = ("redirect", "unnamed")


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule, id=str(rule["fault"]), marks=[] if rule["fault"] in QUICK else pytest.mark.long)
        for rule in LEAKS
    ],
)
def test_no_name_and_no_secret_is_in_it(
    make_app_in_memory: Callable[..., App], control: Control, rule: dict[str, Any]
) -> None:
    control.put("faults", {"rules": [rule | {"times": None}]})
    app = make_app_in_memory(REPORTS="getOffice365ActiveUserDetail(period='D7')")
    with suppress(RunFailed):
        app.pull()
    content = kept(app).to_bytes().decode()
    assert CANARY not in content
    assert "@" not in content
    assert "statuses" in content


def test_no_cell_is_in_it(app: App) -> None:
    app.pull()
    content = kept(app).to_bytes().decode()
    (personal,) = app.archive.store.list(PERSONAL)
    stored = app.archive.store.get(PERSONAL, personal.name)
    assert stored
    _, *rows = csv.reader(decompress(stored.content).decode().splitlines())
    cells = {cell for row in rows for cell in row if len(cell) > 4 and not cell.startswith("20")} - {"False"}
    assert len(cells) > 40
    assert [cell for cell in cells if cell in content] == []
    assert [each for each in ("token=", "127.0.0.1", "Bearer", stored.metadata["etag"]) if each in content] == []


@pytest.mark.parametrize(("content", "stays"), [(b'{"format": 2, "new": true}', True), (b"{", False), (b"[1]", False)])
def test_the_evidence_of_a_newer_version_is_left_alone_and_what_is_damaged_made_anew(
    app: App, content: bytes, stays: bool
) -> None:
    app.archive.store.create(DERIVED, EVIDENCE, content, {})
    app.pull()
    stored = app.archive.store.get(DERIVED, EVIDENCE)
    assert stored
    assert (stored.content == content) == stays


def test_doctor_says_of_a_file_of_a_newer_version_that_this_one_is_to_be_updated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "evidence.json").write_text('{"format": 2}', "utf-8")
    assert doctor.main(["--file", str(tmp_path / "evidence.json")]) == 2
    assert "newer version of the app: update this one" in capsys.readouterr().err


def test_what_could_not_be_kept_is_said_and_the_run_is_none_the_worse(
    app: App, storage: FaultyMemory, caplog: pytest.LogCaptureFixture
) -> None:
    storage.set([{"fault": "disabled", "match": {"blob": EVIDENCE}, "times": None}])
    with caplog.at_level("INFO", "usage_archive"):
        app.pull()
    (event,) = told(caplog, "evidence.behind")
    assert "AccountIsDisabled" in event["detail"]


def test_before_the_first_run_nothing_is_seen(app: App) -> None:
    response = handle(Request("GET", "/evidence"), app.api.status)
    verdicts = {each["verdict"] for each in json.loads(response.body)["assumptions"]}
    assert (response.status, verdicts) == (200, {"not_seen"})


def test_the_status_answers_with_each_assumption_and_what_was_seen(app: App) -> None:
    app.pull()
    response = handle(Request("GET", "/evidence"), app.api.status)
    document = json.loads(response.body)
    assert response.status == 200
    assert [each["fact"] for each in document["assumptions"]] == [each.fact for each in ASSUMPTIONS]
    assert document["assumptions"][0]["verdict"] == "as_assumed"
    assert Evidence.from_bytes(response.body) == kept(app)
    assert handle(Request("GET", "/other"), app.api.status).status == 404
