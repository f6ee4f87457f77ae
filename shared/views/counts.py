"""The numbers of a day that say nothing of a person: licences by product, adoption by department, country, company."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from shared.domain.catalogue import Catalogue
from shared.domain.products import Product, product_of_sku
from shared.domain.verdict import AccountState, Verdict
from shared.views.licences import Holder, Licence, LicensedPeople, licensed_people
from shared.views.people import Accounts
from shared.views.small_groups import Cell, Group, Split, told_of_groups, told_of_products

DAYS = (30, 90, 180)
IDLE_DAYS = 90
DIMENSIONS = ("department", "country", "company")
NOTHING = "(none)"
"""Who has no department, country or company."""


class Tally:
    """What is counted of accounts."""

    def __init__(self, holders: Iterable[Holder], *, is_blind: bool) -> None:
        """`is_blind`: nothing is known of anybody's activity."""
        self._is_blind = is_blind
        self._counts: dict[str, Counter[str]] = {}
        self.skus: set[str] = set()
        self.holders: dict[str, set[Cell]] = {}
        """By sku id the cells of those who hold it."""
        self.cells: dict[Cell, Group] = {}
        """Those who can sign in and have a licence of which something is known."""
        for holder in holders:
            self._count(holder)

    @property
    def splits(self) -> dict[str, Split]:
        """By sku id of the products of which something is known."""
        return {sku: Split(**counts) for sku, counts in self._counts.items() if {*counts} != {str(Verdict.UNKNOWN)}}

    def _count(self, holder: Holder) -> None:
        person, known = holder.person, [each for each in holder.licences if self._is_known(each)]
        place = [text or NOTHING for text in (person.department, person.country, person.company)]
        cell = (*place, *sorted({each.sku for each in known}))
        is_counted = bool(known) and holder.state is AccountState.ENABLED
        self.skus |= {each.sku for each in holder.licences}
        for licence in known:
            # Who has one product is as active as it is used; of others nobody knows by which they were.
            shared = cell if is_counted and len(known) == 1 else (*cell, licence.sku, holder.state)
            self.holders.setdefault(licence.sku, set()).add(shared)
            counts = self._counts.setdefault(licence.sku, Counter())
            for name in _classes(licence):
                counts[name] += 1
        if is_counted:
            before = self.cells.get(cell, Group())
            is_active = any(each.judged[IDLE_DAYS].verdict is Verdict.ACTIVE for each in known)
            self.cells[cell] = Group(before.licensed + 1, before.active + is_active)

    def _is_known(self, licence: Licence) -> bool:
        is_told = self._is_blind or licence.judged[IDLE_DAYS].verdict is not Verdict.UNKNOWN
        return bool(licence.product.services) and is_told


def _classes(licence: Licence) -> Iterator[str]:
    """Yield the fields of a split that a licence counts for."""
    for days in DAYS:
        if licence.judged[days].verdict is Verdict.ACTIVE:
            yield f"active_{days}"
    if licence.judged[IDLE_DAYS].verdict is not Verdict.ACTIVE:
        yield str(licence.judged[IDLE_DAYS].verdict)


def counts_at(
    accounts: Accounts, catalogue: Catalogue, day: date, least: int, as_of: datetime | None
) -> dict[str, Any] | None:
    """Return what is told of a day, as JSON has it; None if its accounts are not archived.

    Counts of fewer people than `least` are not in it, nor anything from which they follow.
    """
    people = licensed_people(accounts, catalogue, day, DAYS, as_of)
    if not people or people.day != day:
        return None
    activity = people.activity
    is_blind = bool(activity.concealed) or not activity.sources
    tally = Tally(people.holders(), is_blind=is_blind)
    tables = told_of_groups(tally.cells, DIMENSIONS, least, is_blind=is_blind)
    told = {} if is_blind else told_of_products(tally.splits, tally.holders, tables, least)
    return {
        "refreshDate": day.isoformat(),
        "least": least,
        "sources": {str(each.call): each.day.isoformat() for each in activity.sources},
        "notArchived": activity.not_archived,
        "concealed": [str(call) for call in activity.concealed],
        "products": _products(people, tally, told),
        "adoption": {
            name: [[label, group.licensed, None if is_blind else group.active] for label, group in rows.items()]
            for name, rows in tables.told.items()
        },
    }


def _products(people: LicensedPeople, tally: Tally, told: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """Return the products that were bought or that somebody holds, with what is told of each.

    A licence call that failed that day leaves the numbers of units unknown.
    """
    found = []
    for sku in sorted({*people.units, *tally.skus}):
        enabled, warning, consumed = people.units.get(sku, ("", "", ""))
        of = people.products.get(sku) or product_of_sku(sku) or Product(sku, sku)
        found.append(
            {
                "sku": sku,
                "part": of.part_number,
                "name": of.name,
                "isMeasured": bool(of.services),
                "bought": int(enabled) + int(warning or 0) if enabled else None,
                "assigned": int(consumed) if consumed else None,
                **told.get(sku, {}),
            }
        )
    return found
