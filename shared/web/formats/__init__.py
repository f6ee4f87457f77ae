"""The formats that are made of a CSV. The module of each is imported when its format is first asked for.

HTTP instances often start cold, and few requests need a chart: to import all of them takes 2 % of a cold start. For the
same reason `routes` imports `series` and `status` late.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.web.formats import chart, excel, graph_json, parquet, table_json

__all__ = ["chart", "excel", "graph_json", "parquet", "table_json"]


def __getattr__(name: str) -> ModuleType:
    """Import the module of a format."""
    if name not in __all__:
        raise AttributeError(f"There is no format {name}.")
    return importlib.import_module(f"{__name__}.{name}")
