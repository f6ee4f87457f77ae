"""A call of a report, in every notation that people use for one.

`getX(period='D7')`, `getX(date=2026-11-18)`, `getX` with query parameters, or the form of 2017,
`Office365ActiveUsers(view='Users',period='D7')/content`: `parse` reads them all, `str(call)` writes the one canonical
form, which is Graph's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from shared.domain.errors import BadArgument, UnknownReport

if TYPE_CHECKING:
    from shared.domain.catalogue import Catalogue, LegacyFamily, Report

ARGUMENTS = ("view", "period", "date", "version")

_CALL = re.compile(
    r"(?:microsoft\.graph\.)?(?P<name>\w+)\s*(?:\((?P<arguments>[^()]*)\))?(?:/content)?/?", re.ASCII | re.IGNORECASE
)
_ARGUMENT = re.compile(r"(?P<key>\w+)\s*=\s*(?:'(?P<quoted>[^']*)'|(?P<bare>[^\s',]+))", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Call(NamedTuple):
    """A report with its argument: one period, or one date, or neither."""

    report: str
    period: str | None = None
    date: date | None = None
    version: str | None = None
    """`v2` for the second form of the Copilot reports; None is the first."""

    def __str__(self) -> str:
        arguments = []
        if self.period:
            arguments.append(f"period='{self.period}'")
        if self.date:
            arguments.append(f"date={self.date.isoformat()}")
        if self.version:
            arguments.append(f"version='{self.version}'")
        return f"{self.report}({','.join(arguments)})" if arguments else self.report

    @property
    def key(self) -> str:
        """The argument as the archive's names spell it: `D7`, `D28-v2`, `day` (for a date), `none`."""
        if self.date:
            return "day"
        return "-".join(part for part in (self.period or "none", self.version) if part)


def parse(
    text: str,
    catalogue: Catalogue,
    parameters: Mapping[str, str] | None = None,
    *,
    any_day: date | None = None,
) -> Call:
    """The call that `text` names, its arguments in parentheses or given as query `parameters`.

    Percent-encoding, spaces, letter case and the order of arguments do not matter; a 2017 form becomes the call of
    the function that replaced it. With `any_day`, to speak of the call's whole history, period and date may be left
    out: that means single days (and gives that day's call) where there are any, the longest period where it has a row
    for each day. Raises UnknownReport or BadArgument, and nothing else, whatever `text` is.
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
    """`YYYY-MM-DD` as a date; anything else raises BadArgument that names `what`."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadArgument(f"{what} must be a day of the calendar as YYYY-MM-DD, not {_shown(text)}.")


def calls_of(report: Report) -> list[Call]:
    """Every call of a report but those for single days."""
    if report.without_argument:
        return [Call(report.name)]
    calls = [Call(report.name, period=period) for period in report.periods]
    if report.version_2:
        calls += [Call(report.name, period=period, version="v2") for period in report.version_2.periods]
    return calls


def every_call(report: Report, day: date = date.min) -> list[Call]:
    """Every call of a report that the archive has a place for; one of them stands for those of all days."""
    return [*calls_of(report), *([Call(report.name, date=day)] if report.date_window_days else [])]


def _arguments(text: str, name: str) -> dict[str, str]:
    arguments: dict[str, str] = {}
    for part in text.split(",") if text else ():
        match = _ARGUMENT.fullmatch(part.strip())
        if not match:
            raise BadArgument(f"{_shown(part.strip())} is not an argument of {name}: write key='value'.")
        if match["key"].lower() in arguments:
            raise BadArgument(f"{name} was given {match['key']} twice.")
        _add(arguments, match["key"], match["quoted"] or match["bare"] or "", name)
    return arguments


def _add(arguments: dict[str, str], key: str, value: str, name: str) -> None:
    key = key.lower()
    if key not in ARGUMENTS:
        raise BadArgument(f"{name} has no argument {_shown(key)}; there are {_list(ARGUMENTS[1:])}.")
    if value.lower() == "null":  # the first drafts of the 2017 calls wrote period=null for "not given"
        return
    if arguments.setdefault(key, value).lower() != value.lower():
        raise BadArgument(f"{name} was given {key} twice: {_shown(arguments[key])} and {_shown(value)}.")


def _modern(family: LegacyFamily, arguments: dict[str, str], catalogue: Catalogue) -> tuple[Report, dict[str, str]]:
    """The function of today for a 2017 form, with the arguments that it did not ignore."""
    asked = arguments.pop("view", None)
    view = next((view for view in family.views if asked and view.lower() == asked.lower()), None)
    if view is None:
        given = f"not {_shown(asked)}" if asked is not None else "and was given none"
        raise BadArgument(f"{family.family} needs a view, one of {_list(family.views)}, {given}.")
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
            raise BadArgument(f"{report.name} takes no argument, but was given {_list(arguments)}.")
        return Call(report.name)
    version = _version(report, arguments.get("version"))
    periods = report.version_2.periods if report.version_2 and version else report.periods
    if report.date_window_days is None:
        if "date" in arguments:
            raise BadArgument(f"{report.name} takes no date; it takes a period, one of {_list(periods)}.")
        if "period" not in arguments:
            raise BadArgument(f"{report.name} needs a period, one of {_list(periods)}.")
    elif ("date" in arguments) == ("period" in arguments):
        given = "both" if "date" in arguments else "neither"
        wants = f"a period, one of {_list(periods)}, or a date as YYYY-MM-DD"
        raise BadArgument(f"{report.name} takes {wants}, and was given {given}.")
    if "date" in arguments:
        return Call(report.name, date=parse_date(arguments["date"], f"The date of {report.name}"))
    period = arguments["period"].upper()
    if period not in periods:
        raise BadArgument(f"{report.name} takes a period of {_list(periods)}, not {_shown(arguments['period'])}.")
    return Call(report.name, period=period, version=version)


def _version(report: Report, text: str | None) -> str | None:
    if text is None or (report.version_2 and text.lower() == "v1"):
        return None
    if report.version_2 and text.lower() == "v2":
        return "v2"
    wants = "'v1' or 'v2'" if report.version_2 else "none: only the Copilot reports have versions"
    raise BadArgument(f"The version of {report.name} is {wants}, not {_shown(text)}.")


def _unknown(name: str, catalogue: Catalogue) -> UnknownReport:
    import difflib  # only for those who misspell

    by_lower = {known.lower(): known for known in catalogue.names}
    near = [by_lower[match] for match in difflib.get_close_matches(name[:200].lower(), by_lower, n=3)]
    hint = f" Did you mean {near[0]}?" if near else " The catalogue at /api/v1.0/reports lists every report."
    return UnknownReport(f"There is no report {_shown(name)}.{hint}", nearest=near)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _shown(text: str) -> str:
    """What the caller wrote, safe to show: printable ASCII, not too long."""
    shown = ascii(text[:80])
    return shown if len(text) <= 80 and len(shown) <= 82 else f"{shown[:78]}...{shown[0]}"
