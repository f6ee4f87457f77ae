"""What `run` shows in the terminal: how far it is, a line for each family, and in full only what is not well."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from local.screen import progress, show_run
from shared.archive.run_record import PullResult, RunRecord
from shared.domain.call import Call
from shared.domain.outcome import Outcome, Reason

AT = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
COUNTS, SERVICES = (
    Call(f"getOffice365{name}UserCounts", period=period) for name, period in (("Active", "D7"), ("Services", "D30"))
)


@pytest.mark.parametrize(
    ("done", "of", "seconds", "told"),
    [
        (0, 236, 0, "[--------------------] 0 of 236"),
        (118, 236, 30, "[##########----------] 118 of 236, 30 s to go"),
        (10, 400, 60, "[--------------------] 10 of 400, 39 min to go"),
        (236, 236, 60, "[####################] 236 of 236"),
        (240, 236, 60, "[####################] 236 of 236"),
    ],
)
def test_it_says_how_far_it_is_and_how_long_the_rest_takes(done: int, of: int, seconds: float, told: str) -> None:
    assert progress(done, of, seconds) == told


def shown(capsys: pytest.CaptureFixture[str], *, verbose: bool) -> list[str]:
    pulls = [
        PullResult(COUNTS, Outcome.PUBLISHED, AT, refresh_date=date(2026, 11, 18), rows=7, blob="a name"),
        PullResult(SERVICES, Outcome.DEFERRED, AT, Reason.GRAPH_ERROR, detail="503"),
        PullResult(Call("getYammerActivityCounts", period="D7"), Outcome.REFUSED, AT, Reason.NOT_SWITCHED_ON),
    ]
    show_run(RunRecord("the run", AT, AT, pulls, 24), [{"status": 200}, {"status": 429}], verbose=verbose)
    return capsys.readouterr().out.splitlines()


def test_a_family_has_one_line_and_what_is_not_well_another(capsys: pytest.CaptureFixture[str]) -> None:
    users, yammer, deferred, *end = shown(capsys, verbose=False)
    assert users.split("  ")[0] == "Microsoft 365 active users"
    assert users.split()[-9:] == ["2", "reports", "2", "calls", "newest", "18", "Nov", "1", "deferred"]
    assert yammer.split()[-8:] == ["1", "report", "1", "call", "nothing", "yet", "1", "refused"]
    assert deferred.split() == ["deferred", str(SERVICES), "-", "graph_error:", "503"]
    assert end[1] == "3 calls: 1 published, 1 deferred, 1 refused."
    assert end[3].startswith("24 daily snapshots left to fetch.")


def test_every_call_has_a_line_if_that_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    assert [line.split()[0] for line in shown(capsys, verbose=True)[:3]] == ["published", "deferred", "refused"]
