"""The reports that the simulator offers, with their arguments and columns, read from a JSON file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

DEFAULT_PATH = Path(__file__).resolve().parents[1] / "shared" / "domain" / "catalogue.json"


@dataclass(frozen=True)
class Report:
    """A Graph reports function."""

    name: str
    kind: str
    """`detail` (a row per member), `counts` (a row per day) or `summary` (a row per period)."""
    periods: tuple[str, ...]
    takes_date: bool
    delegated_only: bool
    roots: Mapping[str, str]
    """API version -> path of the function's parent."""
    columns: Mapping[str, tuple[str, ...]]
    """API version -> documented columns; by `v2` those of the second version of Copilot, and by `reportType`."""
    second_periods: tuple[str, ...]
    """Periods with `version='v2'`: those of the Copilot reports only."""
    usual_type: str
    """What a call without `reportType` means; empty if the function takes none. The others are in `columns`."""


@dataclass(frozen=True)
class Family:
    """A function of the Graph beta of 2017, which took the view as an argument."""

    views: Mapping[str, str]
    """View -> today's function."""
    takes_period: bool


@dataclass(frozen=True)
class Catalogue:
    """All reports, and all families of 2017, by name."""

    reports: Mapping[str, Report]
    families: Mapping[str, Family]


@lru_cache(maxsize=4)
def read(path: Path = DEFAULT_PATH) -> Catalogue:
    """Return the catalogue in a file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return Catalogue(
        reports={entry["name"]: _report(entry) for entry in content["reports"]},
        families={entry["family"]: Family(entry["views"], bool(entry["periods"])) for entry in content["legacy"]},
    )


def _report(entry: Mapping[str, Any]) -> Report:
    second = entry.get("version_2", {"periods": (), "columns": ()})
    types = entry.get("report_types", {"usual": "", "columns": {}})
    columns = {**entry["columns"], "v2": second["columns"], **types["columns"]}
    return Report(
        name=entry["name"],
        kind=entry["kind"],
        periods=tuple(entry["periods"]),
        takes_date=entry["date_window_days"] is not None,
        delegated_only=entry["delegated_only"],
        roots=entry["root"],
        columns={version: tuple(names) for version, names in columns.items() if names},
        second_periods=tuple(second["periods"]),
        usual_type=types["usual"],
    )
