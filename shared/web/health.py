"""`/health`: one word, for which nothing is read but the newest record of a run."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from shared import events
from shared.domain.error_code import ErrorCode
from shared.domain.errors import ArchiveUnavailable, SettingError
from shared.web.archive_cache import ArchiveCache
from shared.web.http import RETRY_SECONDS, Response

STALE = timedelta(days=2)
"""After that long without a pull that ended well, the app is not healthy; without a run, what it saw last is old."""
LATE = timedelta(minutes=30)
"""How late a run may end: as long as a function may take (host.json)."""


def health(cache: ArchiveCache, schedule: str, now: datetime) -> Response:
    """Answer 200 with `healthy` or `starting`, or 503 with another word and Retry-After."""
    return answer(health_word(cache, schedule, now))


def answer(word: str) -> Response:
    """Answer 200 to a word that says that all is well, or 503 with Retry-After."""
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(word)),
        "Cache-Control": "no-store",
    }
    if word in ("healthy", "starting"):
        return Response(200, headers, word.encode())
    return Response(503, headers | {"Retry-After": str(RETRY_SECONDS)}, word.encode())


def health_word(cache: ArchiveCache, schedule: str, now: datetime) -> str:
    """Return `healthy`, or what is wrong.

    `unscheduled` if the timer never fires; `unreachable` if storage does not answer; `stopped` if no run came to its
    end while two were due, and `starting` before the first one is; `empty` before the first pull that ended well;
    `stale` when that was more than two days ago, or when two runs were due since, if that is longer.
    """
    from shared.domain.schedule import longest_gap  # lazily: of all resources, only this one needs it

    try:
        patience = 2 * longest_gap(schedule) + LATE
        run = cache.run()
        if run is None:
            since = cache.awaited_since()
            return "starting" if since and now - since <= patience else "stopped"
    except SettingError as error:
        events.emit(events.REQUEST_FAILED, logging.ERROR, code=ErrorCode.BAD_SETTING, detail=str(error))
        return "unscheduled"
    except ArchiveUnavailable:
        return "unreachable"
    if now - run.finished > patience:
        return "stopped"
    if run.pulled_at is None:
        return "empty"
    return "stale" if now - run.pulled_at > max(STALE, patience) else "healthy"
