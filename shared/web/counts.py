"""The views without people, made of what runs counted: no container with people in it is opened here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.archive.blob_store import BlobStore
from shared.domain.error_code import ErrorCode
from shared.domain.errors import BadArgument, NotArchived
from shared.domain.products import Product
from shared.views.counts import DIMENSIONS
from shared.views.idle import Cell
from shared.views.inputs import Price, read_prices
from shared.views.kept import KeptViews
from shared.views.small_groups import OTHER
from shared.web import query
from shared.web.http import Request, Response
from shared.web.query import Parameters
from shared.web.rfc9110 import send
from shared.web.rows import FORMATS, represent

_LICENCES = (
    *("Refresh Date", "Product", "Sku Part Number", "Bought", "Assigned", "Free", "Active 30 Days", "Active 90 Days"),
    *("Active 180 Days", "Idle", "New", "Not Measured", "Price", "Currency", "Cost A Month", "Cost Of Idle"),
    "Cost Of Free",
)
_YEAR = timedelta(days=365)
_HEADERS = {"Cache-Control": "private, no-cache"}


class Counts:
    """What answers them. Every method raises RequestError, ArchiveUnavailable."""

    def __init__(self, store: BlobStore, min_group: int, now: datetime) -> None:
        self._store = store
        self._kept = KeptViews(store)
        self._min_group = min_group
        self._now = now

    def licences(self, request: Request) -> Response:
        """Answer with a row for each product."""
        parameters = Parameters(request.query, query.OF_LICENCES, of_call=False)
        form = parameters.format(FORMATS, request.headers.get("accept", ""))
        numbers = self._numbers(parameters)
        prices, day = read_prices(self._store), date.fromisoformat(numbers["refreshDate"])
        rows = [
            _licence(numbers, each, prices.of(Product(each["part"], each["name"]), each["sku"], day))
            for each in numbers["products"]
        ]
        return send(request, represent(_LICENCES, rows, _facts(numbers), form, "licences", _HEADERS))

    def adoption(self, request: Request) -> Response:
        """Answer with a row for each department, country or company."""
        parameters = Parameters(request.query, query.OF_ADOPTION, of_call=False)
        form = parameters.format(FORMATS, request.headers.get("accept", ""))
        by = (parameters.text("by") or DIMENSIONS[0]).lower()
        if by not in DIMENSIONS:
            raise BadArgument(f"by must be one of {', '.join(DIMENSIONS)}.")
        numbers = self._numbers(parameters)
        day = date.fromisoformat(numbers["refreshDate"]) - _YEAR
        before = self._kept.until(day, self._min_group) or {}
        columns = ("Refresh Date", by.title(), "Licensed", "Active", "Share", "Change To Year Before")
        rows = _adoption(numbers, before, by)
        return send(request, represent(columns, rows, _facts(numbers), form, "adoption", _HEADERS))

    def _numbers(self, parameters: Parameters) -> Mapping[str, Any]:
        """Return the numbers of the day that is asked for, or the newest before it; of `asOf`, where no day is named.

        A day is counted from what was known at its end.
        """
        as_of = parameters.as_of(self._now)
        day = parameters.refresh_date(as_of, self._now)
        if as_of:
            over = as_of.toordinal() - (as_of.time() < _LAST)
            day = min(day, date.fromordinal(max(over, date.min.toordinal())))
        numbers = self._kept.until(day, self._min_group)
        if not numbers:
            raise NotArchived(ErrorCode.NOT_PULLED, f"Nothing was counted of {day} or shortly before.")
        return numbers


_LAST = datetime.max.time().replace(microsecond=0)
"""From then on a day is over."""


def _facts(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: numbers[name] for name in ("refreshDate", "sources", "notArchived", "concealed")}


def _licence(numbers: Mapping[str, Any], it: Mapping[str, Any], price: Price | None) -> list[Cell]:
    bought, assigned, idle = it["bought"], it["assigned"], it.get("idle")
    free = None if bought is None or assigned is None else max(0, bought - assigned)
    return [
        *(numbers["refreshDate"], it["name"], it["part"], bought, assigned, free),
        *(it.get(f"active_{days}") for days in (30, 90, 180)),
        *(idle, it.get("new"), None if it["isMeasured"] else assigned),
        *((price.amount, price.currency) if price else (None, None)),
        *(_cost(price, count) for count in (bought, idle, free)),
    ]


def _cost(price: Price | None, count: int | None) -> Decimal | None:
    return None if price is None or count is None else price.amount * count


def _adoption(numbers: Mapping[str, Any], before: Mapping[str, Any], by: str) -> Iterable[Sequence[Cell]]:
    """Yield the rows; the change of a group is told where it was told a year ago too."""
    shares = {name: _share(licensed, active) for name, licensed, active in before.get("adoption", {}).get(by, ())}
    for name, licensed, active in numbers["adoption"][by]:
        now, then = _share(licensed, active), shares.get(name) if name != OTHER else None
        change = None if now is None or then is None else now - then
        yield [numbers["refreshDate"], name, licensed, active, now, change]


def _share(licensed: int, active: int | None) -> Decimal | None:
    return None if active is None else round(Decimal(active) / licensed, 4)
