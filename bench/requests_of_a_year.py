"""How many requests a year of runs makes to Graph, next to the least with which nothing is missed."""

from __future__ import annotations

from bench.measure import Row, Scale, held
from simulator.protocol.api_errors import TooManyRequests
from tests.reliability.test_year import EVERYTHING, World, least_requests, runs


def rows(scale: Scale) -> list[Row]:
    """All reports, with personal data too; from what was visible when."""
    days = scale.pick(365, 60)
    world, refused = World(EVERYTHING), 0
    for now in runs(days):
        try:
            world.run(now)
        except TooManyRequests:
            refused += 1
    least = least_requests(world, days)
    question = f"requests to Graph in {days} days, all reports"
    return [
        held(question, world.requests.total(), "the least possible", least, "requests", 1.05),
        held("429 in those days", refused, "one", 1, "answers", 0),
    ]
