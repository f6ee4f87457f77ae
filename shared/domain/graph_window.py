"""Which days Microsoft Graph can still give, and from when on it has them. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

DATE_DAYS = 27
"""Days back that a `date=` call may reach. The service refuses more than 28 (microsoft-graph-docs#8946)."""
YOUNGEST_DAYS = 2
"""No refresh date is younger: reports appear 24 to 72 hours after the end of their day."""


def days_of_interest(now: datetime) -> tuple[date, date]:
    """Return the oldest and the youngest day that a `date=` call may ask for at `now`."""
    today = now.astimezone(UTC).date()
    return today - timedelta(days=DATE_DAYS), today - timedelta(days=YOUNGEST_DAYS)
