"""Microsoft's products: what people call them, and which services tell whether they are used.

All of it is data in `products.json`: Microsoft's own table of names and service plans.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple


class Product(NamedTuple):
    """One product, as its part number names it."""

    part_number: str
    name: str
    """That people know; of an unknown product the part number."""
    services: tuple[str, ...] = ()
    """Those that are paid for and have a usage report: none = it is not measured."""


def product(part_number: str) -> Product:
    """Return a product by its part number, in any letter case."""
    return _products().get(part_number.casefold()) or Product(part_number, part_number)


def part_numbers(name: str) -> Collection[str]:
    """Return in lower case the part numbers that a part number, name or id stands for; of an unknown one itself."""
    return _called().get(name.casefold()) or (name.casefold(),)


def product_of_sku(sku: str) -> Product | None:
    """Return a product by the id that Microsoft gives it; None if it is not known."""
    return _by_sku().get(sku)


@functools.cache
def _by_sku() -> dict[str, Product]:
    entries = _entries().items()
    return {sku: product(part) for part, (_, _, skus) in entries for sku in skus.split()}


@functools.cache
def _called() -> dict[str, set[str]]:
    called: dict[str, set[str]] = {}
    for part, (name, _, skus) in _entries().items():
        for each in (part, name, *skus.split()):
            called.setdefault(each.casefold(), set()).add(part.casefold())
    return called


@functools.cache
def _products() -> dict[str, Product]:
    entries = _entries().items()
    return {part.casefold(): Product(part, name, tuple(services.split())) for part, (name, services, _) in entries}


@functools.cache
def _entries() -> dict[str, tuple[str, str, str]]:
    """Return by part number the name, the services and the ids of each product."""
    entries: dict[str, tuple[str, str, str]] = json.loads(Path(__file__).with_name("products.json").read_text("utf-8"))[
        "products"
    ]
    return entries
