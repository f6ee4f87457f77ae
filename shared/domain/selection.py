"""What the `REPORTS` setting asks to pull."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Set
from types import MappingProxyType
from typing import NamedTuple

from shared.domain.call import Call, calls_of, parse
from shared.domain.catalogue import Catalogue, Report
from shared.domain.errors import RequestError, SettingError

GROUPS: dict[str, Callable[[Report], bool]] = {
    "aggregates": lambda report: not report.is_directory and not report.personal_data,
    "personal": lambda report: not report.is_directory and report.personal_data,
    "all": lambda report: not report.is_directory,
    "directory": lambda report: report.is_directory,
}

# A comma inside parentheses separates the arguments of a call, not two items.
_SEPARATOR = re.compile(r"[,\n](?![^()\n]*\))")


class Selection(NamedTuple):
    """The calls to keep up to date."""

    calls: Set[Call]
    """Each with its period, or with none for a report that takes no argument."""
    daily: Set[str]
    """Reports of which every single day is wanted too, through `date=` calls."""
    directory: Mapping[str, str] = MappingProxyType({})
    """Those that are collections of the directory, each with the permission that it needs."""

    @property
    def by_report(self) -> dict[str, list[Call]]:
        """The calls of each selected report, both in order; a report may be selected for its single days alone."""
        calls: dict[str, list[Call]] = {
            report: [] for report in sorted({call.report for call in self.calls} | self.daily)
        }
        for call in sorted(self.calls, key=str):
            calls[call.report].append(call)
        return calls

    def only(self, reports: Container[str]) -> Selection:
        """Return what is selected of these reports."""
        calls = {call for call in self.calls if call.report in reports}
        daily = {report for report in self.daily if report in reports}
        return Selection(calls, daily, {name: each for name, each in self.directory.items() if name in reports})


def select(text: str, catalogue: Catalogue) -> Selection:
    """Return what the setting selects: items separated by comma or newline, added from left to right; `-item` removes.

    An item is a group (`aggregates`, `personal`, `all`, `directory`), a family, a report or a call; the first three
    select what is live. Raises SettingError that names the first item that is none of these or cannot be pulled.
    """
    calls: set[Call] = set()
    daily: set[str] = set()
    for item in items(text):
        some_calls, some_daily = _matching(item.removeprefix("-").strip(), catalogue)
        if item.startswith("-"):
            calls -= some_calls
            daily -= some_daily
        else:
            calls |= some_calls
            daily |= some_daily
    if not calls and not daily:
        raise SettingError("REPORTS", text, "something that leaves at least one call to pull, such as aggregates")
    reports = {call.report for call in calls}
    directory = {name: each.permission for name, each in catalogue.directory.items() if name in reports}
    return Selection(frozenset(calls), frozenset(daily), MappingProxyType(directory))


def items(text: str) -> list[str]:
    """Return what a list says between commas or newlines, without blanks around it."""
    return [*filter(None, map(str.strip, _SEPARATOR.split(text)))]


def _matching(item: str, catalogue: Catalogue) -> tuple[set[Call], set[str]]:
    reports = list(catalogue.reports.values())
    if group := GROUPS.get(item.lower()):
        return _whole([report for report in reports if report.live and group(report)])
    if "=" not in item and (family := [report for report in reports if _plain(item) == _plain(report.family)]):
        return _whole([report for report in family if report.live] or [_live(item, family[0])])
    if (name := catalogue.canonical_name(item)) in catalogue.reports:
        return _whole([_live(item, catalogue.reports[name])])
    try:
        call = parse(item, catalogue)
    except RequestError as error:
        raise SettingError("REPORTS", item, f"{', '.join(GROUPS)}, a family, a report or a call: {error}") from error
    if call.date:
        raise SettingError("REPORTS", item, f"no single day: {call.report} selects every day that Graph still has")
    _live(item, catalogue.reports[call.report])
    return {call}, set()


def _live(item: str, report: Report) -> Report:
    """Return the report itself. Raises SettingError if there is nothing to pull."""
    if report.live:
        return report
    why = "the service is retired" if report.retired else "Graph answers it to signed-in people only"
    raise SettingError("REPORTS", item, f"reports that can be pulled, and {report.name} cannot: {why}")


def _whole(reports: list[Report]) -> tuple[set[Call], set[str]]:
    calls = {call for report in reports for call in calls_of(report)}
    return calls, {report.name for report in reports if report.date_window_days}


def _plain(family: str) -> str:
    """Return a family as people would type it: letters and digits alone, without what stands in parentheses."""
    return re.sub(r"[^a-z0-9]+", "", re.sub(r"\(.*?\)", "", family.lower()))
