"""A fair verdict on each licence that somebody holds. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from shared.domain.products import Product
from shared.domain.verdict import Verdict
from shared.views.activity import Seen
from shared.views.people import Person


class Judged(NamedTuple):
    """What is said of one licence."""

    verdict: Verdict
    last: date | None = None
    """The last activity; None: none since `since`."""
    since: date | None = None
    days: int | None = None
    """Since the last activity, or since that day; by the service in which they are fewest."""


def judge(
    product: Product, seen: Mapping[str, Seen], held_since: Callable[[int], date | None], days: Iterable[int]
) -> dict[int, Judged]:
    """Return the verdict on a licence for each of these numbers of days.

    `held_since` answers for a number of days since when the licence is held (None: it is not new). A licence is as idle
    as the least idle of its services, each at the date of its own reports.
    """
    if not product.services:
        return dict.fromkeys(days, Judged(Verdict.NOT_MEASURED))
    told = [seen[service] for service in product.services if service in seen]
    if not told:
        return dict.fromkeys(days, Judged(Verdict.UNKNOWN))
    active = [each.last for each in told if each.last]
    last, since, day = max(active, default=None), max(each.since for each in told), max(each.day for each in told)
    idle = min((each.day - (each.last or each.since)).days for each in told if each.last or not active)
    # Of a service without activity it is known for so many days that there was none.
    known = min(((each.day - each.since).days + 1 for each in told if not each.last), default=math.inf)

    def verdict(within: int) -> Verdict:
        if active and idle < within:
            return Verdict.ACTIVE
        if (held := held_since(within)) and (day - held).days < within:
            return Verdict.NEW
        return Verdict.UNKNOWN if known < within else Verdict.IDLE

    return {each: Judged(verdict(each), last, None if last else since, idle) for each in days}


def held_since(person: Person, sku: str, before: str | None) -> date | None:
    """Return since when a person has a product; None if that is long ago.

    `before` are their licences of a day as long ago as is asked for, if the archive reaches so far.
    """
    if sku in (before or ""):
        return None
    return max(filter(None, (person.created_on, person.assigned_on(sku))), default=None)
