"""A fair verdict on each licence that somebody holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
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


def judge(product: Product, seen: Mapping[str, Seen], held_since: date | None, days: int) -> Judged:
    """Return the verdict on a licence that is held since a day (None: it is not new), for so many days.

    A licence is as idle as the least idle of its services, each at the date of its own reports.
    """
    if not product.services:
        return Judged(Verdict.NOT_MEASURED)
    told = [seen[service] for service in product.services if service in seen]
    if not told:
        return Judged(Verdict.UNKNOWN)
    last = max((each.last for each in told if each.last), default=None)
    since = max(each.since for each in told)
    idle = min((each.day - (each.last or each.since)).days for each in told if each.last or not last)
    found = Judged(Verdict.IDLE, last, None if last else since, idle)
    if any(each.last and (each.day - each.last).days < days for each in told):
        return found._replace(verdict=Verdict.ACTIVE)
    if held_since and (max(each.day for each in told) - held_since).days < days:
        return found._replace(verdict=Verdict.NEW)
    if any(not each.last and (each.day - each.since).days + 1 < days for each in told):
        return found._replace(verdict=Verdict.UNKNOWN)
    return found


def held_since(person: Person, sku: str, before: str | None) -> date | None:
    """Return since when a person has a product; None if that is long ago.

    `before` are their licences of a day as long ago as is asked for, if the archive reaches so far.
    """
    if sku in (before or ""):
        return None
    return max(filter(None, (person.created_on, person.assigned_on(sku))), default=None)
