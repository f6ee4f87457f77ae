"""What a random walk draws from: reports, faults, and steps with their arguments."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.reliability.faults.drawn import GRAPH_FAULTS, STORAGE_FAULTS

REPORTS = (
    "getOffice365ActiveUserCounts(period='D7')",
    "getOffice365ServicesUserCounts(period='D7'), getOffice365ServicesUserCounts(period='D30')",
    "getOneDriveUsageAccountDetail(period='D7')",
    "getOffice365ActiveUserDetail(period='D7')",
    "getMicrosoft365CopilotUserCountSummary(period='D7')",
    "getOffice365ActivationsUserDetail",
    "getTeamsUserActivityUserDetail, -getTeamsUserActivityUserDetail(period='D90')",
)
"""What is pulled; of one report each, so that nothing happens in parallel and the steps determine a walk."""


def draw(random_: random.Random) -> tuple[str, tuple[Any, ...]]:
    """Return a step of a RandomWalk and its arguments."""
    steps: tuple[tuple[int, str, Callable[[], tuple[Any, ...]]], ...] = (
        (30, "pull", lambda: ()),
        (6, "pull_again", lambda: ()),
        (6, "miss", lambda: (random_.choice((1, 2, 3, 4, 5, 8, 12, 40)),)),
        (12, "crash", lambda: (random_.randint(1, 25), random_.random() < 0.5)),
        (3, "restart", lambda: ()),
        (12, "break_graph", lambda: (random_.randrange(len(GRAPH_FAULTS)),)),
        (8, "break_storage", lambda: (random_.randrange(len(STORAGE_FAULTS)), random_.choice((0, 1, 2, 5)))),
        (14, "heal", lambda: ()),
        (4, "conceal", lambda: (random_.choice((0, 0, 0.5, 1)),)),
        (8, "restate", lambda: (random_.choice((0, 0, 0, 1, 2, 5)), random_.randrange(8))),
        (6, "read", lambda: ()),
    )
    ((_, name, arguments),) = random_.choices(steps, [weight for weight, *_ in steps])
    return name, arguments()
