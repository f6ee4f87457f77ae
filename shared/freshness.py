"""How the archive stands: what the last run found, call by call."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .runs import Pulled, Run


def status(run: Run | None, now: datetime) -> dict[str, Any]:
    """The answer of `/status`, as JSON has it: dates and times in UTC, ages in days.

    `permission` is `missing` while Graph refuses calls for want of Reports.Read.All, which takes up to a day to reach
    the identity after it was granted: https://github.com/MicrosoftDocs/azure-docs/issues/101801
    """
    if run is None:
        return {"at": now.isoformat(), "permission": "unknown", "run": None, "calls": []}
    missing = any(pulled.reason == "permission" for pulled in run.pulls)
    return {
        "at": now.isoformat(),
        "permission": "missing" if missing else "granted",
        "run": {
            "id": run.id,
            "started": run.started.isoformat(),
            "finished": run.finished.isoformat(),
            "waitingDays": run.waiting,
            "lost": dict(run.lost),
        },
        "calls": [_call(pulled, now) for pulled in run.pulls],
    }


def _call(pulled: Pulled, now: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {"call": pulled.call, "outcome": str(pulled.outcome)}
    if pulled.reason:
        told["reason"] = pulled.reason
    if pulled.refresh_date:
        age = now.date() - date.fromisoformat(pulled.refresh_date)
        told |= {"refreshDate": pulled.refresh_date, "ageDays": age.days}
    return told
