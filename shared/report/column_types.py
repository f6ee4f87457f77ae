"""What the columns of each report hold, as `column_types.json` says it. Pure.

Sources: the examples of JSON on the beta pages reportroot-*, and the types on the pages of their resources, in
github.com/microsoftgraph/microsoft-graph-docs-contrib; the pages copilotreportroot-* in
github.com/MicrosoftDocs/m365copilot-docs.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared.report.csv_records import same


class ColumnType(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    """An integer."""
    FRACTION = "fraction"
    """A number that need not be an integer."""
    BOOLEAN = "boolean"
    LIST = "list"
    """Items with a `+` between them."""


@functools.cache
def column_types(report: str) -> Mapping[str, ColumnType]:
    """Return the types of the columns of a report, by what is the `same` of their names; others are text."""
    content = _content()
    return _by_column(content["types"]) | _by_column(content["reports"].get(report, {}))


@functools.cache
def _content() -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return content


def _by_column(columns: Mapping[str, Iterable[str]]) -> dict[str, ColumnType]:
    return {same(column): ColumnType(kind) for kind, names in columns.items() for column in names}
