"""A past of three processes and one timer a day, next to the same days with every timer in one process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.measure import spent
from local.backfill import Past
from local.incidents import LEAST
from local.past_days import RUNS_A_DAY, live_through
from local.run import USUAL_REPORTS
from shared.app import App
from shared.archive.archive import Archive
from shared.archive.layout import DERIVED, MANIFESTS, PERSONAL, PERSONAL_DERIVED, USAGE, VIEWS, TableName, parse
from shared.domain.catalogue import catalogue
from shared.settings import read
from shared.verification.archive import everything, verify
from tests.conftest import USERS

END = datetime(2026, 11, 18, 12, tzinfo=UTC)
WITHOUT_SINGLE_DAYS = "directory, getOffice365ServicesUserCounts(period='D7'), getTeamsTeamCounts(period='D7')"
"""They are not caught up on, so that one stretch of ten days begins before the one before has ended."""
CORRECTED = "getOffice365ActiveUserCounts(period='D180'), getTeamsTeamCounts(period='D7')"
"""The second is the first of its part, and the first one is what is restated."""
SOME = "directory, getOffice365ServicesUserCounts, getTeamsUserActivityCounts, getOffice365ActiveUserDetail"


def archive(settings: Mapping[str, str]) -> Archive:
    return App(read(settings), lambda: END).archive


def live_slowly(days: int, settings: Mapping[str, str]) -> None:
    """Let every timer of the days before END fire in one process, and keep each series in each pull."""
    with Past(settings, USERS) as past:
        pull_run = past.app(settings["REPORTS"]).pull_run
        for number in range(days * RUNS_A_DAY):
            past.control.set_time(END + timedelta(days=number / RUNS_A_DAY - days))
            pull_run.execute()
        past.keep()


def snapshots(of: Archive) -> dict[str, bytes]:
    blobs = ((container, blob.name) for container in (USAGE, PERSONAL) for blob in of.store.list(container))
    return {name: stored.content for container, name in blobs if (stored := of.store.get(container, name))}


def derived(of: Archive, start: str) -> dict[str, bytes]:
    """Return what can be made again and has a name that begins so."""
    stored = {blob.name: of.store.get(DERIVED, blob.name) for blob in of.store.list(DERIVED, start)}
    return {name: each.content for name, each in stored.items() if each}


def tables(of: Archive) -> set[str]:
    """Return what is in tables by their names, but for how often each was made."""
    blobs = (blob.name for container in (DERIVED, PERSONAL_DERIVED) for blob in of.store.list(container))
    return {str(name._replace(generation=1)) for name in map(parse, blobs) if isinstance(name, TableName)}


@pytest.mark.parametrize(
    ("reports", "days"),
    [
        pytest.param(SOME, 3, id="single days"),
        pytest.param(WITHOUT_SINGLE_DAYS, 14, id="stretches"),
        pytest.param(USUAL_REPORTS, 30, id="usual", marks=pytest.mark.long),
    ],
)
def test_it_leaves_the_blobs_that_every_timer_leaves(reports: str, days: int, tmp_path: Path) -> None:
    fast, slow = ({"ARCHIVE_URL": f"file://{tmp_path}/{name}", "REPORTS": reports} for name in ("fast", "slow"))
    before = spent()
    lived = [progress.days for progress in live_through(days, END, USERS, fast, processes=3)]
    took = spent() - before
    live_slowly(days, slow)
    assert lived[-1] == days
    of_fast, of_slow = archive(fast), archive(slow)
    assert snapshots(of_fast) == snapshots(of_slow)
    assert derived(of_fast, "series") == derived(of_slow, "series")
    assert derived(of_fast, "series") != {}
    assert took > 0, "the CPU of processes that nobody waits for is not counted"
    assert of_fast.tables.index() == of_slow.tables.index()
    assert tables(of_fast) == tables(of_slow) != set()
    assert derived(of_fast, MANIFESTS) == derived(of_slow, MANIFESTS) != {}
    assert derived(of_fast, VIEWS) == derived(of_slow, VIEWS) != {}
    newest = of_fast.runs.newest(END)
    kept = of_fast.coverage.read(newest.id if newest else "")
    assert newest
    assert kept.has_all_of(newest.id)
    assert kept.dates == of_slow.coverage.read(None).dates


def test_nothing_is_wrong_with_what_it_leaves(tmp_path: Path) -> None:
    settings = {"ARCHIVE_URL": f"file://{tmp_path}/past", "REPORTS": CORRECTED}
    *_, lived = live_through(LEAST, END, USERS, settings, processes=2)
    left = archive(settings)
    assert lived.days == LEAST
    assert [at for at, later in left.coverage.read(None).later.items() if later], "nothing was corrected"
    assert [*verify(everything(left.store), catalogue(), END)] == []
