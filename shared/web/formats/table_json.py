"""A table as JSON: what its CSV says, all of it as text."""

from __future__ import annotations

from shared.report.table import Table
from shared.web.formats.json_value import encode, wrap


def to_json(table: Table) -> bytes:
    """Return `{"value": [{column: text}]}`."""
    keys = [encode(name) + ":" for name in table.header]
    return wrap(
        "{" + ",".join([key + encode(cell) for key, cell in zip(keys, row, strict=True)]) + "}" for row in table.rows()
    )
