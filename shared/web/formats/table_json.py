"""A table as JSON: what its CSV says, all of it as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.report.history import History, rows
from shared.report.table import Column
from shared.web.formats.json_value import encode, wrap


def pieces(history: History) -> Iterator[bytes]:
    """Yield `{"value": [{column: text}]}`."""
    keys = _keys(history.columns)
    return wrap(
        "{" + ",".join([key + encode(cell) for key, cell in zip(keys, row, strict=True)]) + "}" for row in rows(history)
    )


def bytes_of_names(columns: Sequence[Column]) -> int:
    """Return how many bytes of each object are names."""
    return sum(len(key.encode()) for key in _keys(columns))


def _keys(columns: Sequence[Column]) -> list[str]:
    return [encode(str(name)) + ":" for name in columns]
