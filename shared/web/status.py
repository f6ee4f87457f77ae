"""`/status`: how the archive stands, call by call, as JSON or as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.archive.archive import Archive
from shared.archive.coverage import Gap, GapState
from shared.archive.coverage_index import CoverageIndex
from shared.archive.run_record import RunRecord
from shared.domain.catalogue import REPORTS_PERMISSION, catalogue
from shared.domain.errors import SettingError
from shared.domain.outcome import Outcome, Reason
from shared.domain.schedule import longest_gap, next_firing
from shared.domain.selection import Selection
from shared.views.inputs import states
from shared.web import query, representation
from shared.web.archive_cache import ArchiveCache
from shared.web.call_status import CallStatus, call_statuses
from shared.web.health import health_word
from shared.web.http import Request, Response
from shared.web.problems import NEVER, Timer, headline, problems
from shared.web.query import Parameters
from shared.web.rfc9110 import send

COLUMNS = (
    "call",
    "report",
    "since",
    "refreshDate",
    "ageDays",
    "expectedNext",
    "late",
    "outcome",
    "reason",
    "run",
    "missing",
    "lost",
    "names",
)
"""Of the status as a table."""
_HEADERS = {"Cache-Control": "private, no-cache"}


def status(
    request: Request,
    cache: ArchiveCache,
    archive: Archive,
    selection: Callable[[], Selection],
    schedule: str,
    now: datetime,
) -> Response:
    """Answer `/status`. Raises RequestError, SettingError, ArchiveUnavailable."""
    parameters = Parameters(request.query, query.OF_STATUS, of_call=False)
    format_name = parameters.format(("json", "csv"), request.headers.get("accept", ""))
    selected = selection()
    content = summary(
        selected,
        cache.coverage(),
        cache.run(),
        now,
        health=health_word(cache, schedule, now),
        timer=timer(schedule, now),
        inputs=states(archive.store) if selected.directory else None,
    )
    if format_name == "json":
        return send(request, representation.from_json(content, _HEADERS))
    return send(request, representation.from_csv(table(content), _HEADERS, "status.csv"))


def summary(
    selection: Selection,
    coverage: CoverageIndex,
    run: RunRecord | None,
    now: datetime,
    *,
    health: str = "healthy",
    timer: Timer = NEVER,
    inputs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return how the archive stands, as JSON has it: dates and times in UTC.

    `permission` is `missing` while Graph refuses calls for want of Reports.Read.All, which takes up to a day to reach
    the identity after it was granted: https://github.com/MicrosoftDocs/azure-docs/issues/101801
    Where the directory is selected, `permissions` says the same of each that is needed. `health` is the word of
    `/health`, `inputs` says of each file of one's own whether it is good.
    """
    calls = call_statuses(selection, coverage, run, now)
    permissions = {REPORTS_PERMISSION: _of_reports(run)}
    permissions |= {each: _of_directory(report, run) for report, each in selection.directory.items()}
    found = problems(
        calls,
        run,
        health=health,
        lacking=[name for name, state in permissions.items() if state == "missing"],
        inputs=inputs,
        timer=timer,
        now=now,
    )
    return {
        "at": now.isoformat(),
        "state": headline(found),
        "problems": [each.to_json() for each in found],
        "nextRun": timer.next.isoformat() if timer.next else None,
        "permission": permissions[REPORTS_PERMISSION],
        **({"permissions": permissions} if selection.directory else {}),
        **({"inputs": inputs} if inputs is not None else {}),
        "run": _run_to_json(run) if run else None,
        "calls": [_to_json(each, run, now) for each in calls],
    }


def timer(schedule: str, now: datetime) -> Timer:
    """Return when runs begin by a schedule; never, if it is none."""
    try:
        return Timer(next_firing(schedule, now), longest_gap(schedule))
    except SettingError:
        return NEVER


def _run_to_json(run: RunRecord) -> dict[str, Any]:
    return {
        "id": run.id,
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat(),
        "waitingDays": run.waiting,
        "lost": {str(call): [*map(str, days)] for call, days in run.lost.items()},
    }


def _of_reports(run: RunRecord | None) -> str:
    """Return how the permission of the reports stands."""
    if run is None:
        return "unknown"
    refused = {pulled.call.report for pulled in run.pulls if pulled.reason is Reason.PERMISSION}
    return "missing" if refused - catalogue().directory.keys() else "granted"


def _of_directory(report: str, run: RunRecord | None) -> str:
    """Return how the permission of one report of the directory stands."""
    pulled = next((pulled for pulled in run.pulls if pulled.call.report == report), None) if run else None
    if pulled and pulled.reason is Reason.PERMISSION:
        return "missing"
    return "granted" if pulled and (pulled.outcome.is_success or pulled.outcome is Outcome.NO_DATA) else "unknown"


def table(status: Mapping[str, Any]) -> list[list[str]]:
    """Return the same as rows of text, a line for each call below the header; without flips, and gaps only counted."""
    return [list(COLUMNS), *([_text(call.get(name)) for name in COLUMNS] for call in status["calls"])]


def _to_json(status: CallStatus, run: RunRecord | None, now: datetime) -> dict[str, Any]:
    newest, pulled, state = status.refresh_date, status.pulled, status.state
    return {
        "call": status.call,
        "report": status.report,
        "state": status.standing,
        "since": status.since.isoformat() if status.since else None,
        "refreshDate": newest.isoformat() if newest else None,
        "ageDays": (now.date() - newest).days if newest else None,
        "revision": state.revision if state else None,
        "rows": state.rows if state else None,
        "expectedNext": status.expected.isoformat() if status.expected else None,
        "late": status.late,
        "outcome": str(pulled.outcome) if pulled else None,
        "reason": pulled.reason or "" if pulled else None,
        "run": run.id if run and pulled else None,
        "missing": status.missing,
        "waiting": status.waiting,
        "lost": _days(status.gaps, GapState.LOST),
        "gaps": [_gap_to_json(gap) for gap in status.gaps],
        "names": state.names or None if state else None,
        "flips": [
            {
                "refreshDate": flip.refresh_date.isoformat(),
                "revision": flip.revision,
                "from": flip.before,
                "to": flip.now,
            }
            for flip in status.flips
        ],
    }


def _gap_to_json(gap: Gap) -> dict[str, Any]:
    until = {"recoverableUntil": gap.until.isoformat()} if gap.until else {}
    return {
        "first": gap.first.isoformat(),
        "last": gap.last.isoformat(),
        "days": gap.days,
        "state": gap.state,
        **until,
    }


def _days(gaps: Sequence[Gap], state: GapState) -> int:
    """Return how many days are missing in that state."""
    return sum(gap.days for gap in gaps if gap.state is state)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
