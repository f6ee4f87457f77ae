"""What two writers pull at once, and how these pulls may end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.domain.call import Call
from tests.reliability.environment import Rules
from tests.reliability.faults.cases import large

REPORT = "getOffice365ActiveUserCounts"
CALL, OTHER, FAILED = (Call(REPORT, period=period) for period in ("D7", "D30", "D90"))


class Pair(NamedTuple):
    """What the two pull at once."""

    what: str
    restated: int = 0
    """The numbers that Graph has for the second: those of that revision of its own."""
    second: Rules = ()
    """The faults of Graph for the second ..."""
    both: Rules = ()
    """... and for both."""
    archived: Sequence[tuple[Call, int]] = ((OTHER, 0),)
    """What is pulled before, each with the numbers that Graph had then ..."""
    before: Rules = ()
    """... and its faults."""
    ends: Sequence[Sequence[str]] = (("published", "revised"),)
    """The outcomes of the two that are right, in alphabetical order."""


# A quarantine is there before: creating it would make eight times the schedules.
LARGE = Pair(
    "",
    both=large("Office 365"),
    archived=[(OTHER, 0), (FAILED, 0)],
    before=[{"fault": "page", "match": {"call": str(FAILED)}}],
    ends=[("published", "unchanged")],
)
PAIRS = {
    "same": Pair("both pull the same body", ends=[("published", "unchanged")]),
    "two": Pair("each pulls a body of its own, of one refresh date", restated=1),
    "columns": Pair("that of the second has a column more", second=[{"fault": "column_added", "times": None}]),
    "third": Pair(
        "an earlier body is archived already",
        restated=1,
        archived=[(OTHER, 0), (CALL, 2)],
        ends=[("revised", "revised")],
    ),
    "new": Pair(
        "both pull the same body, and there is no container for it",
        archived=[(Call("getOffice365ActiveUserDetail", period="D7"), 0)],
        ends=[("published", "unchanged")],
    ),
    "large": LARGE._replace(what="both pull the same large body, in blocks under one name"),
    "large_two": LARGE._replace(
        what="each pulls a large body of its own, in blocks under one name",
        restated=1,
        ends=[("published", "revised"), ("deferred", "published")],
    ),
}
