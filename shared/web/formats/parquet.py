"""A history as Parquet, with a type for each column, for those who read it by URL."""

from __future__ import annotations

from collections.abc import Iterator

from shared.report.history import History
from shared.report.typed_table import write_history


def pieces(report: str, history: History, *, are_means: bool) -> Iterator[bytes]:
    """Yield the file of a history of that report, at once: its end says where everything is."""
    yield write_history(report, history, are_means=are_means)
