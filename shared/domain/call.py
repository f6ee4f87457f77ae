"""A call of a report, in every notation that people use for one.

`getX(period='D7')`, `getX(date=2026-11-18)`, `getX` with query parameters, or the form of 2017,
`Office365ActiveUsers(view='Users',period='D7')/content`: `parse` reads them all, `str(call)` writes the one canonical
form, which is Graph's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import unquote

from shared.domain.errors import BadArgument, UnknownReport

if TYPE_CHECKING:
    from shared.domain.catalogue import Catalogue, LegacyFamily, Report

ARGUMENTS = ("view", "period", "date", "version", "reportType")
_LOWER_ARGUMENTS = {name.lower() for name in ARGUMENTS}

_CALL = re.compile(
    r"(?:microsoft\.graph\.)?(?P<name>\w+)\s*(?:\((?P<arguments>[^()]*)\))?(?:/content)?/?", re.ASCII | re.IGNORECASE
)
_ARGUMENT = re.compile(r"(?P<key>\w+)\s*=\s*(?:'(?P<quoted>[^']*)'|(?P<bare>[^\s',]+))", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CANONICAL = re.compile(
    r"(\w+)(?:\((?:period='(\w+)'|date=(\d{4}-\d{2}-\d{2}))(?:,version='(\w+)')?(?:,reportType='(\w+)')?\))?", re.ASCII
)
"""What `str(call)` writes."""


class Call(NamedTuple):
    """A report with its argument: one period, or one date, or neither."""

    report: str
    period: str | None = None
    date: date | None = None
    version: str | None = None
    """`v2` for the second form of the Copilot reports; None is the first."""
    report_type: str | None = None
    """What `reportType` says if a function has several reports; None is the usual one."""

    def __str__(self) -> str:
        arguments = []
        if self.period:
            arguments.append(f"period='{self.period}'")
        if self.date:
            arguments.append(f"date={self.date.isoformat()}")
        if self.version:
            arguments.append(f"version='{self.version}'")
        if self.report_type:
            arguments.append(f"reportType='{self.report_type}'")
        return f"{self.report}({','.join(arguments)})" if arguments else self.report

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the call for which `str` is `text`. Raises ValueError if there is none; asks no catalogue."""
        match = _CANONICAL.fullmatch(text)
        if not match:
            raise ValueError(f"not a call as Graph writes it: {text!r}")
        report, period, day, version, report_type = match.groups()
        return cls(report, period, date.fromisoformat(day) if day else None, version, report_type)

    @property
    def is_single_day(self) -> bool:
        """Whether it names a date."""
        return self.date is not None

    @property
    def key(self) -> str:
        """The argument as the archive's names spell it: `D7`, `D28-v2`, `day` (for a date), `none`."""
        of_time = "day" if self.is_single_day else self.period or "none"
        return "-".join(filter(None, (of_time, self.version, self.report_type)))


def parse(
    text: str,
    catalogue: Catalogue,
    parameters: Mapping[str, str] | None = None,
    *,
    any_day: date | None = None,
) -> Call:
    """Return the call that `text` names, its arguments in parentheses or given as query `parameters`.

    Percent-encoding, spaces, letter case and the order of arguments do not matter; a 2017 form becomes the call of
    the function that replaced it. With `any_day` the call stands for its whole history, and period and date may be
    left out: the answer is then the call for that day if the report has single days, or else for the longest period if
    that has a row for each day. Raises UnknownReport or BadArgument, and nothing else, whatever `text` is.
    """
    decoded = unquote(text).strip()
    match = _CALL.fullmatch(decoded)
    name = match and catalogue.canonical_name(match["name"])
    if not match or not name:
        raise _unknown(match["name"] if match else decoded, catalogue)
    arguments = _arguments((match["arguments"] or "").strip(), name)
    for key, value in (parameters or {}).items():
        _add(arguments, key, value, name)
    if family := catalogue.legacy.get(name):
        report, arguments = _modern(family, arguments, catalogue)
    else:
        report = catalogue.reports[name]
    if any_day and not {"period", "date"} & arguments.keys():
        if report.date_window_days:
            arguments["date"] = any_day.isoformat()
        elif report.kind == "counts" and "version" not in arguments:
            arguments["period"] = report.periods[-1]
    return _call(report, arguments)


def parse_date(text: str, what: str) -> date:
    """Return `YYYY-MM-DD` as a date. Raises BadArgument, which names `what`, for anything else."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadArgument(f"{what} must be a day of the calendar as YYYY-MM-DD, not {quoted(text)}.")


def calls_of(report: Report) -> list[Call]:
    """Return every call of a report except those for single days."""
    if report.without_argument:
        return [Call(report.name)]
    calls = [Call(report.name, period=period) for period in report.periods]
    if report.version_2:
        calls += [Call(report.name, period=period, version="v2") for period in report.version_2.periods]
    types = report.report_types.columns if report.report_types else ()
    return calls + [call._replace(report_type=report_type) for report_type in types for call in calls]


def every_call(report: Report, day: date = date.min) -> list[Call]:
    """Return every call of a report that the archive has a place for; those for `day` stand for all single days."""
    if not report.date_window_days:
        return calls_of(report)
    types = (None, *(report.report_types.columns if report.report_types else ()))
    return [*calls_of(report), *(Call(report.name, date=day, report_type=report_type) for report_type in types)]


def calls_in(catalogue: Catalogue, day: date = date.min) -> Iterator[Call]:
    """Yield every call of every report, as `every_call` has them."""
    for report in catalogue.reports.values():
        yield from every_call(report, day)


def _arguments(text: str, name: str) -> dict[str, str]:
    arguments: dict[str, str] = {}
    for part in text.split(",") if text else ():
        match = _ARGUMENT.fullmatch(part.strip())
        if not match:
            raise BadArgument(f"{quoted(part.strip())} is not an argument of {name}: write key='value'.")
        if match["key"].lower() in arguments:
            raise BadArgument(f"{name} was given {match['key']} twice.")
        _add(arguments, match["key"], match["quoted"] or match["bare"] or "", name)
    return arguments


def _add(arguments: dict[str, str], key: str, value: str, name: str) -> None:
    key = key.lower()
    if key not in _LOWER_ARGUMENTS:
        raise BadArgument(f"{name} has no argument {quoted(key)}; there are {', '.join(ARGUMENTS[1:])}.")
    if value.lower() == "null":  # the first drafts of the 2017 calls wrote period=null for "not given"
        return
    if arguments.setdefault(key, value).lower() != value.lower():
        raise BadArgument(f"{name} was given {key} twice: {quoted(arguments[key])} and {quoted(value)}.")


def _modern(family: LegacyFamily, arguments: dict[str, str], catalogue: Catalogue) -> tuple[Report, dict[str, str]]:
    """Return the function of today for a 2017 form, with the arguments that the form did not ignore."""
    given = arguments.pop("view", None)
    view = next((view for view in family.views if given and view.lower() == given.lower()), None)
    if view is None:
        instead = f"not {quoted(given)}" if given is not None else "and was given none"
        raise BadArgument(f"{family.family} needs a view, one of {', '.join(family.views)}, {instead}.")
    if view != "Detail":
        arguments.pop("date", None)
    elif "date" in arguments and family.date_with_detail:
        arguments.pop("period", None)
    return catalogue.reports[family.views[view]], arguments


def _call(report: Report, arguments: Mapping[str, str]) -> Call:
    if "view" in arguments:
        raise BadArgument(f"{report.name} has no argument 'view': only the 2017 forms do.")
    if report.without_argument:
        if arguments:
            raise BadArgument(f"{report.name} takes no argument, but was given {', '.join(arguments)}.")
        return Call(report.name)
    version = _version(report, arguments.get("version"))
    report_type = _report_type(report, arguments.get("reporttype"))
    periods = report.version_2.periods if report.version_2 and version else report.periods
    if report.date_window_days is None:
        if "date" in arguments:
            raise BadArgument(f"{report.name} takes no date; it takes a period, one of {', '.join(periods)}.")
        if "period" not in arguments:
            raise BadArgument(f"{report.name} needs a period, one of {', '.join(periods)}.")
    elif ("date" in arguments) == ("period" in arguments):
        given = "both" if "date" in arguments else "neither"
        wants = f"a period, one of {', '.join(periods)}, or a date as YYYY-MM-DD"
        raise BadArgument(f"{report.name} takes {wants}, and was given {given}.")
    if "date" in arguments:
        day = parse_date(arguments["date"], f"The date of {report.name}")
        return Call(report.name, date=day, report_type=report_type)
    period = arguments["period"].upper()
    if period not in periods:
        raise BadArgument(f"{report.name} takes a period of {', '.join(periods)}, not {quoted(arguments['period'])}.")
    return Call(report.name, period=period, version=version, report_type=report_type)


def _version(report: Report, text: str | None) -> str | None:
    if text is None or (report.version_2 and text.lower() == "v1"):
        return None
    if report.version_2 and text.lower() == "v2":
        return "v2"
    wants = "'v1' or 'v2'" if report.version_2 else "none: only the Copilot reports have versions"
    raise BadArgument(f"The version of {report.name} is {wants}, not {quoted(text)}.")


def _report_type(report: Report, text: str | None) -> str | None:
    types = report.report_types
    if text is None or (types and text.lower() == types.usual.lower()):
        return None
    by_lower = {each.lower(): each for each in (types.columns if types else ())}
    if known := by_lower.get(text.lower()):
        return known
    wants = f"one of {', '.join([types.usual, *types.columns])}" if types else "none: it has one kind of file"
    raise BadArgument(f"The reportType of {report.name} is {wants}, not {quoted(text)}.")


def _unknown(name: str, catalogue: Catalogue) -> UnknownReport:
    import difflib  # only for those who misspell

    known = {each.lower(): each for each in catalogue.not_archived}.get(name.lower())
    if known:
        return UnknownReport(f"{known} is not archived: {catalogue.not_archived[known].why}.", nearest=[])
    by_lower = {each.lower(): each for each in catalogue.names}
    near = [by_lower[match] for match in difflib.get_close_matches(name[:200].lower(), by_lower, n=3)]
    hint = f" Did you mean {near[0]}?" if near else " The catalogue at /api/v1.0/reports lists every report."
    return UnknownReport(f"There is no report {quoted(name)}.{hint}", nearest=near)


def quoted(text: str) -> str:
    """Return what a caller wrote in quotes and safe to show: printable ASCII, not too long."""
    shown = ascii(text[:80])
    return shown if len(text) <= 80 and len(shown) <= 82 else f"{shown[:78]}...{shown[0]}"
