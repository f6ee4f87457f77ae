"""What lies in the quarantine: of which call, why, and since when; nothing of what is in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from shared.archive.layout import QUARANTINE, LargeQuarantineName, QuarantineName, parse
from shared.domain.catalogue import Catalogue
from shared.domain.outcome import Reason
from shared.verification.call import Blob

_UNKNOWN = datetime.max.replace(tzinfo=UTC)


def quarantined(blobs: Iterable[Blob], catalogue: Catalogue) -> list[str]:
    """Return a line for each quarantined body, longest there first.

    What a name or metadata say is told only if the app has that word: others may have written somebody's name.
    """
    lines = []
    for blob in blobs:
        it = parse(blob.name) if blob.container == QUARANTINE else None
        if not isinstance(it, QuarantineName | LargeQuarantineName) or it.partition.report not in catalogue.reports:
            continue
        reason = it.reason if isinstance(it, QuarantineName) else blob.metadata.get("reason")
        why = reason if reason in {*Reason} else "for an unknown reason"
        since = _time(blob.metadata.get("pulled_at", ""))
        when = "an unknown time" if since is _UNKNOWN else f"{since:%Y-%m-%dT%H:%M:%SZ}"
        of_day = f", date={it.day}" if it.day else ""
        lines.append((since, f"quarantined: {it.partition}{of_day}: {why}, since {when}"))
    return [line for _, line in sorted(lines)]


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return _UNKNOWN
