"""Microsoft's products: what people call them, and which services tell whether they are used.

All of it is data in `products.json`: Microsoft's own table of names and service plans.
"""

from __future__ import annotations

import functools
import json
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


@functools.cache
def _products() -> dict[str, Product]:
    entries = json.loads(Path(__file__).with_name("products.json").read_text("utf-8"))["products"]
    return {part.casefold(): Product(part, name, tuple(services.split())) for part, (name, services) in entries.items()}
