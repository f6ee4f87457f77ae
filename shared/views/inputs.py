"""What only the organisation knows: `prices.csv` and `people.csv` in the container `usage-input`, checked when read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from shared.archive.blob_store import BlobStore
from shared.archive.layout import INPUT
from shared.domain.errors import BadInput
from shared.domain.products import Product, part_numbers
from shared.domain.tenants import Tenant, tenant_id
from shared.report.csv_records import BOM, distinct, same

PRICES, PEOPLE, TENANTS = "prices.csv", "people.csv", "tenants.csv"
LARGEST = 64 << 20
"""Bytes of a file."""
PEOPLE_KEYS = ("userprincipalname", "id", "userid")
_PRICE_COLUMNS = ("product", "price", "currency", "validfrom")
_AMOUNT = re.compile(r"\d{1,9}(?:[.,]\d{1,4})?", re.ASCII)
_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)


class Price(NamedTuple):
    """What a licence of a product costs a month."""

    amount: Decimal
    currency: str
    """As ISO 4217 has it."""


class Prices:
    """The price list."""

    def __init__(self, prices: Mapping[str, Mapping[date, Price]] = MappingProxyType({})) -> None:
        """`prices` has by part number, in lower case, the prices by the day from which on they are valid."""
        self._prices = prices

    @property
    def columns(self) -> tuple[str, ...]:
        """What the list has for each product; nothing where there is none."""
        return _PRICE_COLUMNS if self._prices else ()

    def of(self, product: Product, sku: str, day: date) -> Price | None:
        """Return the price of a product on a day, listed by part number, name or sku id; None if there is none."""
        parts = (part for name in (product.part_number, sku) for part in part_numbers(name))
        valid = next((found for part in parts if (found := self._prices.get(part))), {})
        newest = max((start for start in valid if start <= day), default=None)
        return valid[newest] if newest else None

    def currencies(self, day: date) -> list[str]:
        """Return the currencies of a day's prices."""
        current = (max((start for start in valid if start <= day), default=None) for valid in self._prices.values())
        listed = zip(self._prices.values(), current, strict=True)
        return sorted({valid[start].currency for valid, start in listed if start})


class People(NamedTuple):
    """What the organisation adds to its people."""

    columns: tuple[str, ...] = ()
    cells: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """By address or id, in lower case."""

    def of(self, id_: str, address: str) -> Sequence[str]:
        """Return the cells of a person, empty where the file does not know them."""
        found = self.cells.get(id_.casefold()) or self.cells.get(address.casefold())
        return found or ("",) * len(self.columns)


def read_prices(store: BlobStore) -> Prices:
    """Return the price list, empty if there is none. Raise BadInput, ArchiveUnavailable."""
    header, _, rows = _table(store, PRICES, _PRICE_COLUMNS)
    prices: dict[str, dict[date, Price]] = {}
    for line, row in rows:
        name, amount, currency, start = (row[header.index(column)].strip() for column in _PRICE_COLUMNS)
        if not name or not _AMOUNT.fullmatch(amount) or not _CURRENCY.fullmatch(currency.upper()):
            raise BadInput(PRICES, line, "a row has a product, a price such as 12.50, and a currency such as EUR")
        day = _day(start, line)
        price = Price(Decimal(amount.replace(",", ".")), currency.upper())
        for part in part_numbers(name):
            if prices.setdefault(part, {}).setdefault(day, price) != price:
                raise BadInput(PRICES, line, f"{name} has two prices from {day} on")
    return Prices(prices)


def read_people(store: BlobStore) -> People:
    """Return what is added to people, nothing if there is no such file. Raise BadInput, ArchiveUnavailable.

    Its text says no person's name.
    """
    header, shown, rows = _table(store, PEOPLE)
    keys = [header.index(key) for key in PEOPLE_KEYS if key in header]
    if header and not keys:
        raise BadInput(PEOPLE, 1, "the header has userPrincipalName or id")
    names = [name for place, name in enumerate(shown) if place not in keys]
    cells: dict[str, tuple[str, ...]] = {}
    for line, row in rows:
        added = tuple(cell for place, cell in enumerate(row) if place not in keys)
        for name in filter(None, (row[place].strip().casefold() for place in keys)):
            if cells.setdefault(name, added) != added:
                raise BadInput(PEOPLE, line, "somebody stands there twice, with other cells")
    return People(tuple(names), cells)


def read_tenants(store: BlobStore) -> tuple[list[Tenant], list[str]]:
    """Return the tenants that the file lists, and what is wrong with its other lines. Raise BadInput for a bad file.

    A line that is wrong stops no other: its tenant alone is not archived. Raise ArchiveUnavailable too.
    """
    header, _, rows = _table(store, TENANTS, ("id",))
    found: dict[str, Tenant] = {}
    wrong: list[str] = []
    for line, row in rows:
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
        id_ = tenant_id(cells["id"])
        if not id_ or id_ in found:
            wants = "no other line has that id" if id_ else "an id such as 11111111-2222-3333-4444-555555555555"
            wrong.append(str(BadInput(TENANTS, line, wants)))
            continue
        found[id_] = Tenant(id_, cells.get("name", ""), cells.get("reports", ""))
    return [*found.values()], wrong


def delimiter_of(content: bytes) -> str:
    """Return what stands between the cells of a file: what there is most of in its first line."""
    first = content.partition(b"\n")[0].decode(errors="replace")
    return max(",;\t", key=first.count)


def states(store: BlobStore) -> dict[str, str]:
    """Return for each file `good`, `none`, or what is wrong with it. Raise ArchiveUnavailable."""
    found = {}
    for name, read in ((PRICES, read_prices), (PEOPLE, read_people)):
        try:
            found[name] = "good" if read(store).columns else "none"
        except BadInput as error:
            found[name] = str(error)
    return found


class _Table(NamedTuple):
    """What a file holds."""

    header: Sequence[str] = ()
    """The names of columns as they are compared: in lower case, without blanks."""
    shown: Sequence[str] = ()
    """As they are written, told apart."""
    rows: Sequence[tuple[int, list[str]]] = ()
    """Each with its line."""


def _table(store: BlobStore, name: str, needed: Sequence[str] = ()) -> _Table:
    """Return a file, an empty table if there is none. Raise BadInput."""
    stored = store.get(INPUT, name)
    if not stored:
        return _Table()
    if len(stored.content) > LARGEST:
        raise BadInput(name, 1, f"at most {LARGEST} bytes")
    try:
        text = stored.content.decode().removeprefix(BOM)
    except UnicodeDecodeError:
        raise BadInput(name, 1, "UTF-8 (in Excel: CSV UTF-8)") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(stored.content), strict=True)
    try:
        lines = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except csv.Error:
        raise BadInput(name, reader.line_num, "CSV, its quotes as RFC 4180 has them") from None
    if not lines:
        raise BadInput(name, 1, "a header")
    (_, names), *rows = lines
    header = [re.sub(r"[\s_]", "", same(each)) for each in names]
    for column in needed:
        if header.count(column) != 1:
            raise BadInput(name, 1, f"the columns {', '.join(needed)}, once each")
    for line, row in rows:
        if len(row) != len(header):
            raise BadInput(name, line, "as many cells as the header")
    return _Table(header, distinct(names), rows)


def _day(text: str, line: int) -> date:
    try:
        return date.fromisoformat(text) if text else date.min
    except ValueError:
        raise BadInput(PRICES, line, "validFrom as YYYY-MM-DD, or nothing") from None
