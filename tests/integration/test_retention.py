"""Runs of an app that keeps reports with people for some days alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from local.simulator_client import Control
from shared.app import App
from shared.archive.layout import PERSONAL, USAGE, SnapshotName, parse
from tests.asking import ask, code
from tests.conftest import MORNING
from tests.reliability.checks import findings
from tests.reliability.faulty_memory import FaultyMemory

DETAIL = "getOffice365ActiveUserDetail(period='D7')"
REPORTS = f"{DETAIL}, getOffice365ServicesUserCounts(period='D7')"


def names(storage: FaultyMemory, container: str) -> set[SnapshotName]:
    parsed = (parse(name) for place, name in storage.sound.blobs if place == container)
    return {name for name in parsed if isinstance(name, SnapshotName)}


def test_what_is_too_old_is_gone_after_a_run_and_is_neither_lost_nor_missed(
    make_app_in_memory: Callable[..., App], control: Control, storage: FaultyMemory
) -> None:
    app = make_app_in_memory(REPORTS=REPORTS, PERSONAL_RETENTION_DAYS="90")
    app.pull()
    first = names(storage, PERSONAL) | names(storage, USAGE)
    control.set_time(MORNING + timedelta(days=100))
    record = app.pull_run.execute()
    ((old,),) = [{*first} & names(storage, USAGE)]
    assert not first & names(storage, PERSONAL)
    assert len(names(storage, PERSONAL)) == 1
    assert not any(old.refresh_date in days for days in record.lost.values())
    gone = ask(app, f"v1.0/reports/{DETAIL}", {"refreshDate": str(old.refresh_date)}, personal=True)
    assert (gone.status, code(gone)) == (404, "before_archive")
    assert findings(storage.sound.blobs, control.now() + timedelta(hours=2)) == []


def test_a_run_of_a_younger_archive_asks_storage_for_no_more(
    make_app_in_memory: Callable[..., App], control: Control, storage: FaultyMemory
) -> None:
    operations = []
    for days in ("0", "90"):
        storage.clear()
        app = make_app_in_memory(REPORTS=REPORTS, PERSONAL_RETENTION_DAYS=days)
        for day in range(2):
            control.set_time(MORNING + timedelta(days=day))
            app.pull()
        operations.append(sorted((each.name, each.container) for each in storage.seen))
    assert operations[0] == operations[1]
