"""Rows of a view in each form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from shared.report.csv_records import to_csv
from shared.views.idle import Cell
from shared.web import formats, representation
from shared.web.representation import CSV, JSON, Representation

FORMATS = ("csv", "json", "excel")
"""The usual one first."""


def represent(
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    facts: Mapping[str, object],
    form: str,
    name: str,
    headers: Mapping[str, str],
) -> Representation:
    """Return rows in one form; `facts` stand beside them in JSON."""
    if form == "json":
        value = [{key: _json(cell) for key, cell in zip(columns, row, strict=True)} for row in rows]
        return representation.from_bytes(json.dumps({**facts, "value": value}).encode(), JSON, headers)
    texts = [list(columns), *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    pieces = formats.excel.pieces(texts) if form == "excel" else to_csv(texts)
    return representation.from_bytes(b"".join(pieces), CSV, headers, f"{name}.csv")


def _json(cell: Cell) -> str | int | float | None:
    return float(cell) if isinstance(cell, Decimal) else cell
