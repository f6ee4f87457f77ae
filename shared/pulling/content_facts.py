"""What a body that was believed is like, in words that tell of nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.domain.call import Call
from shared.domain.evidence import Facts
from shared.report.validator import Body

_MOST_CHANGES = 8
_LONGEST_NAME = 40


def content_facts(call: Call, documented: Sequence[str], body: Body, refresh_date: date, today: date) -> Facts:
    """Return what the columns and dates of a body are like, next to the documented columns."""
    facts: dict[str, str | float] = {
        "columns": _columns(documented, body.header),
        "refresh_dates": "one in each row" if body.has_own_dates else "one",
    }
    return facts if call.date else facts | {"days_behind": float((today - refresh_date).days)}


def _columns(documented: Sequence[str], header: Sequence[str]) -> str:
    """Return in what a header differs, its names cut short."""
    new = [f"+{name[:_LONGEST_NAME]}" for name in header if name not in documented]
    gone = [f"-{name[:_LONGEST_NAME]}" for name in documented if name not in header]
    same = "as documented" if [*header] == [*documented] else "in another order"
    return ", ".join([*new, *gone][:_MOST_CHANGES]) or same
