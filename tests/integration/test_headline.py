"""The headline of a life in which nothing goes wrong: blue while the past is fetched, then green at every hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest

from local.backfill import Past
from shared.archive.coverage_index import CoverageIndex
from shared.domain.catalogue import catalogue
from shared.domain.selection import select
from shared.web.status import summary
from tests.conftest import MORNING

REPORTS = (
    "getOffice365ActiveUserDetail, -getOffice365ActiveUserDetail(period='D90'), getMailboxUsageStorage(period='D7')"
)


@pytest.mark.parametrize("days", [18, pytest.param(60, marks=pytest.mark.long)])
def test_it_is_blue_and_then_green(tmp_path: Path, days: int) -> None:
    told = [state for state, _ in groupby(headlines(tmp_path, days))]
    assert told == ["starting", "filling_up", "healthy"]


def headlines(folder: Path, days: int) -> Iterator[str]:
    """Of every hour, with the timer of the app's default, from the first hour on."""
    with Past({"ARCHIVE_URL": folder.as_uri()}, users=8) as past:
        app = past.app(REPORTS)
        for start in range(0, 24 * days, 6):
            coverage, run = CoverageIndex(), None
            if start:
                past.control.set_time(MORNING + timedelta(hours=start))
                run = app.pull_run.execute()
                coverage = app.archive.coverage.read(run.id)
            for hour in range(start, start + 6):
                yield str(
                    summary(select(REPORTS, catalogue()), coverage, run, MORNING + timedelta(hours=hour))["state"]
                )
