"""The records of a CSV file, read while they are used: what is kept in memory is one record, not the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

_BOM = "\ufeff"


def records(body: bytes) -> Iterator[list[str]]:
    """Every record, the header first, with empty ones for blank lines; BOMs before the header are left out.

    Raises ValueError if it is not a CSV in UTF-8.
    """
    # Lines end at line feeds alone, as for the check that each snapshot went through.
    text = io.TextIOWrapper(io.BytesIO(body), "utf-8", newline="\n")
    try:
        yield from csv.reader(_without_bom(text), strict=True)
    except csv.Error as error:
        raise ValueError(f"This is not a CSV file: {error}.") from error


def distinct(names: Iterable[str]) -> list[str]:
    """The names of a header, told apart by ` (2)`, ` (3)` ... behind those that came before."""
    found: dict[str, None] = {}
    for name in names:
        unique, number = name, 1
        while unique in found:
            number += 1
            unique = f"{name} ({number})"
        found[unique] = None
    return list(found)


def _without_bom(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line.lstrip(_BOM)
        break
    yield from lines
