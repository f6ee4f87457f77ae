"""Who has a licence and did nothing: a row for each person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from shared.domain.verdict import Verdict
from shared.views.activity import SERVICES
from shared.views.inputs import People, Prices
from shared.views.licences import Holder, Licence, LicensedPeople

Cell = str | int | Decimal | None
"""None is not known, or not there."""


class IdleFilter(NamedTuple):
    """Which of the rows are wanted; empty is any."""

    product: str = ""
    """Part number, name or sku id, in any letter case."""
    department: str = ""

    def has(self, licence: Licence) -> bool:
        """Whether a licence is of the product."""
        names = (licence.sku, licence.product.part_number, licence.product.name)
        return not self.product or self.product.casefold() in map(str.casefold, names)


class IdleView(NamedTuple):
    """The rows, and the columns they have."""

    people: LicensedPeople
    prices: Prices
    added: People
    wanted: IdleFilter
    days: int

    @property
    def columns(self) -> list[str]:
        return [
            *("Refresh Date", "User Id", "User Principal Name", "Display Name", "Account State", "Department"),
            *("Company Name", "Country", "Products", "Last Activity Date", "None Since", "Days Idle"),
            *(f"{service} Last Activity Date" for service in SERVICES),
            *(f"Cost A Month ({currency})" for currency in self.prices.currencies(self.people.day)),
            *self.added.columns,
        ]

    def rows(self) -> Iterator[list[Cell]]:
        """Yield a row for each person with an idle licence that is wanted."""
        for holder in self.people.holders():
            idle = [each for each in holder.licences if self._is_idle(each)]
            department = self.wanted.department.casefold()
            if idle and (not department or holder.person.department.casefold() == department):
                yield self._row(holder, idle)

    def _is_idle(self, licence: Licence) -> bool:
        return licence.judged[self.days].verdict is Verdict.IDLE and self.wanted.has(licence)

    def _row(self, holder: Holder, idle: list[Licence]) -> list[Cell]:
        person, judged = holder.person, [each.judged[self.days] for each in idle]
        least = min(judged, key=lambda each: each.days or 0)
        seen = [holder.seen[service].last if service in holder.seen else None for service in SERVICES]
        return [
            *(self.people.day.isoformat(), person.id, person.address, person.name, holder.state, person.department),
            *(person.company, person.country, "+".join(sorted(each.product.name for each in idle))),
            *(_text(least.last), _text(least.since), least.days),
            *map(_text, seen),
            *self._costs(idle),
            *self.added.of(person.id, person.address),
        ]

    def _costs(self, idle: list[Licence]) -> list[Cell]:
        """Return what the licences cost, of each currency apart."""
        day = self.people.day
        costs: dict[str, Decimal] = {}
        for each in idle:
            if price := self.prices.of(each.product, each.sku, day):
                costs[price.currency] = costs.get(price.currency, Decimal()) + price.amount
        return [costs.get(currency) for currency in self.prices.currencies(day)]


def _text(day: date | None) -> str | None:
    return day.isoformat() if day and day != date.min else None
