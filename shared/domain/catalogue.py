"""The reports that Microsoft Graph has: names, arguments, columns, clouds.

All of it is data in `catalogue.json`; no report has code of its own, so a new report is a new entry there.
The collections of the directory are reports too, which the archive makes of what Graph answers in pages.
Sources: the reportroot-* and copilotreportroot-* pages of learn.microsoft.com/graph/api, and the metadata in
github.com/microsoftgraph/msgraph-metadata.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

REPORTS_PERMISSION = "Reports.Read.All"
DIRECTORY_VERSION = "v1.0"
"""Of Graph, in every cloud."""


class Version2(NamedTuple):
    """What a Copilot report takes and answers when it is called with `version='v2'`."""

    periods: tuple[str, ...]
    columns: tuple[str, ...]


class ReportTypes(NamedTuple):
    """The reports of a function that takes `reportType`."""

    usual: str
    """The one that a call without it means."""
    columns: Mapping[str, tuple[str, ...]]
    """The header of each of the others."""


class Report(NamedTuple):
    """One reports function of Graph, or one collection of its directory."""

    name: str
    title: str
    """What it is called, for people."""
    family: str
    question: str
    """The question that it answers, for people who choose."""
    kind: str
    """`detail` (a row per person, site, ...), `counts` (a row per day) or `summary` (no daily rows)."""
    grain: str
    personal_data: bool
    retired: bool
    """The service behind it is gone: served where archived, never pulled."""
    delegated_only: bool
    """Graph answers it to signed-in people only, so a managed identity cannot pull it."""
    periods: tuple[str, ...]
    date_window_days: int | None
    """Days back that a `date=` call may name; None = takes no date."""
    root: Mapping[str, str]
    """Path below each Graph version that has the report: `reports` or `copilot/reports`."""
    clouds: Mapping[str, tuple[str, ...]]
    """Graph versions that have it, for each cloud; `usnat` and `ussec` are the air-gapped ones of the US Government."""
    columns: Mapping[str, tuple[str, ...]]
    """The documented header for each Graph version; live files may differ, so columns are found by name."""
    version_2: Version2 | None = None
    report_types: ReportTypes | None = None
    permission: str = REPORTS_PERMISSION
    """Of Microsoft Graph, that the app's identity needs."""
    is_stock: bool = False
    """Whether its numbers are of what there is at the end of a day, such as storage, and not of what was done."""
    is_directory: bool = False
    """Whether it is a collection: of this moment alone, in pages of JSON."""

    @property
    def is_of_owners(self) -> bool:
        """Whether a row is of what one person alone owns, and so of that person."""
        return self.grain.startswith("OneDrive account")

    @property
    def headers(self) -> list[tuple[str, ...]]:
        """The documented headers of all versions and types."""
        headers = [*self.columns.values(), *([self.version_2.columns] if self.version_2 else [])]
        return [*headers, *(self.report_types.columns.values() if self.report_types else [])]

    @property
    def live(self) -> bool:
        """Whether there is anything to pull."""
        return not self.retired and not self.delegated_only

    @property
    def aggregate(self) -> str:
        """What stands best for a week or a month: the `mean` of numbers that are of a day alone, else the `last`."""
        return "mean" if self.kind == "counts" and not self.is_stock else "last"

    @property
    def without_argument(self) -> bool:
        return not self.periods

    def columns_of(self, graph_version: str, version: str | None, report_type: str | None) -> tuple[str, ...]:
        """Return the documented header; `version` and `report_type` are those of a call."""
        if report_type and self.report_types:
            return self.report_types.columns[report_type]
        return self.version_2.columns if version and self.version_2 else self.columns[graph_version]

    def documented(self, version: str | None, report_type: str | None) -> list[tuple[str, ...]]:
        """Return the documented headers of all versions of Graph; `version` and `report_type` are those of a call."""
        return [self.columns_of(each, version, report_type) for each in self.columns]

    def graph_version(self, preferred: str) -> str:
        """Return `preferred` if Graph has the report there, else the version that has it (some exist on beta only)."""
        return preferred if preferred in self.root else next(iter(self.root))


class NotArchived(NamedTuple):
    """What Graph tells of usage besides the reports, and the archive does not pull."""

    name: str
    question: str
    root: Mapping[str, str]
    """As that of a report."""
    why: str


class LegacyFamily(NamedTuple):
    """A report of the 2017 beta: `Office365ActiveUsers(view='Detail',period='D7')/content`."""

    family: str
    periods: tuple[str, ...]
    date_with_detail: bool
    views: Mapping[str, str]
    """The function of today for each view."""


class Catalogue:
    """All reports, and the families of 2017 that map to them. Names are found without regard to case."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self.directory = {entry["name"]: _collection(entry) for entry in entries["directory"]}
        """The reports that are made of the directory."""
        self.reports = {entry["name"]: _report(entry) for entry in entries["reports"]} | self.directory
        self.legacy = {entry["family"]: LegacyFamily(**_tuples(entry)) for entry in entries["legacy"]}
        self.not_archived = {entry["name"]: NotArchived(**entry) for entry in entries["not_archived"]}
        self._by_lower_name = {name.lower(): name for name in (*self.reports, *self.legacy)}
        self._by_lower_name |= {alias.lower(): name for alias, name in entries["aliases"].items()}

    def canonical_name(self, name: str) -> str | None:
        """Return the report or 2017 family of that name as Microsoft spells it, or None."""
        return self._by_lower_name.get(name.lower())

    def reports_with(self, header: Sequence[str]) -> set[str]:
        """Return the names of the reports that are documented with exactly this header, in any version."""
        return self._by_header.get(_lower(header), set())

    @functools.cached_property
    def _by_header(self) -> Mapping[tuple[str, ...], set[str]]:
        reports: dict[tuple[str, ...], set[str]] = {}
        for report in self.reports.values():
            for header in report.headers:
                reports.setdefault(_lower(header), set()).add(report.name)
        return reports

    @functools.cached_property
    def personal(self) -> frozenset[str]:
        """The names of the reports with personal data."""
        return frozenset(report.name for report in self.reports.values() if report.personal_data)

    @property
    def names(self) -> list[str]:
        """Every name that `canonical_name` knows, as Microsoft spells it."""
        return [*self.reports, *self.legacy]


@functools.cache
def catalogue() -> Catalogue:
    """Return the catalogue of this app."""
    return Catalogue(json.loads(Path(__file__).with_name("catalogue.json").read_text("utf-8")))


def _report(entry: Mapping[str, Any]) -> Report:
    fields = _tuples(entry)
    for name in ("clouds", "columns"):
        fields[name] = _tuples(fields[name])
    if version_2 := fields.get("version_2"):
        fields["version_2"] = Version2(**_tuples(version_2))
    if report_types := fields.get("report_types"):
        fields["report_types"] = ReportTypes(report_types["usual"], _tuples(report_types["columns"]))
    return Report(**fields)


def _collection(entry: Mapping[str, Any]) -> Report:
    clouds = dict.fromkeys(("global", "usgov", "dod", "china", "usnat", "ussec"), (DIRECTORY_VERSION,))
    return Report(
        **{**entry, "columns": {DIRECTORY_VERSION: tuple(entry["columns"])}},
        family="Directory",
        retired=False,
        delegated_only=False,
        periods=(),
        date_window_days=None,
        root={DIRECTORY_VERSION: ""},
        clouds=clouds,
        is_directory=True,
    )


def _lower(header: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.lower() for name in header)


def _tuples(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in mapping.items()}
