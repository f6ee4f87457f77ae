"""`/health`: one word, for which nothing is read but the newest record of a run."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.errors import ArchiveUnavailable
from shared.web.archive_cache import ArchiveCache
from shared.web.http import RETRY_SECONDS, Response

STALE = timedelta(days=2)
"""After that long without a pull that ended well, the app is not healthy; without a run, what it saw last is old."""


def health(cache: ArchiveCache, now: datetime) -> Response:
    """Answer 200 with `healthy`, or 503 with another word and Retry-After."""
    word = health_word(cache, now)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(word)),
        "Cache-Control": "no-store",
    }
    if word == "healthy":
        return Response(200, headers, word.encode())
    return Response(503, headers | {"Retry-After": str(RETRY_SECONDS)}, word.encode())


def health_word(cache: ArchiveCache, now: datetime) -> str:
    """Return `healthy`, or what is wrong.

    `unreachable` if storage does not answer; `empty` before the first pull that ended well; `stale` when that was more
    than two days ago.
    """
    try:
        run = cache.run()
    except ArchiveUnavailable:
        return "unreachable"
    if run is None or run.pulled_at is None:
        return "empty"
    return "stale" if now - run.pulled_at > STALE else "healthy"
