"""A world: what one archive goes through, drawn from a seed, of ingredients each of which may be there or not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from tests.reliability.worlds.happenings import HAPPENINGS

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_BEGINS = 1000
"""Days, from the first on, on one of which a world begins."""
_DAYS = (2, 8)
_LIKELY = 0.3
"""How likely an ingredient is."""
CALLS = (
    "getOffice365ActiveUserCounts(period='D7')",
    "getEmailAppUsageUserCounts(period='D7')",
    "getOffice365GroupsActivityStorage(period='D30')",
    "getOffice365ServicesUserCounts(period='D7')",
    "getOneDriveUsageAccountDetail(period='D7')",
    "getOffice365ActiveUserDetail(period='D7')",
    "getEmailActivityUserDetail(period='D30')",
    "getMicrosoft365CopilotUserCountSummary(period='D7')",
    "getOffice365ActivationsUserDetail",
)
DAILY = "getTeamsUserActivityUserDetail, -getTeamsUserActivityUserDetail(period='D90')"
"""A report of single days, in one of six worlds."""


class World(NamedTuple):
    """What one archive goes through."""

    seed: int
    began: datetime
    days: int
    reports: Sequence[str]
    """What is pulled, as items of the setting."""
    ingredients: Collection[str]
    """Of HAPPENINGS."""
    likely: float = 0.0
    """How likely each of them happens before a run; 0: as HAPPENINGS says."""

    def __str__(self) -> str:
        what = ", ".join(self.ingredients) or "nothing"
        return f"World {self.seed}: {self.days} days from {self.began:%Y-%m-%d} with {what}"


def draw(seed: int, among: Collection[str] = tuple(HAPPENINGS)) -> World:
    """Return the world of a seed, with no other ingredients than those."""
    random_ = Random(f"world {seed}")
    began = _FIRST + timedelta(days=random_.randrange(_BEGINS))
    days = random_.randint(*_DAYS)
    reports = random_.sample(CALLS, random_.randint(1, 3)) + ([DAILY] if random_.random() < 1 / 6 else [])
    drawn = [name for name in HAPPENINGS if random_.random() < _LIKELY]
    return World(seed, began, days, reports, [name for name in drawn if name in among])
