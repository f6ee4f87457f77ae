"""Graph's notation of report calls, today's and that of the 2017 beta, read strictly as OData writes it.

/v1.0/reports/getEmailActivityCounts(period='D7')
/v1.0/reports/microsoft.graph.getTeamsUserActivityUserDetail(date=2026-11-18)
/v1.0/copilot/reports/getMicrosoft365CopilotUserCountTrend(period='D28',version='v2')
/beta/reports/Office365ActiveUsers(view='Services',period='D7')/content
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

from simulator.catalogue import Catalogue, Family, Report
from simulator.protocol.api_errors import ApiError, InvalidArgument, UnknownSegment

_PATH = re.compile(r"/(?P<version>v1\.0|beta)/(?P<root>reports|copilot/reports)/(?P<segment>[^/]+)(?P<rest>/.*)?")
_FUNCTION = re.compile(r"(?:microsoft\.graph\.)?(?P<name>\w+)(?:\((?P<arguments>.*)\))?")
_ARGUMENT = re.compile(r"\s*(?P<name>\w+)\s*=\s*(?:'(?P<quoted>[^']*)'|(?P<bare>[\w.-]+))\s*(?:,|$)")
_DATE_WINDOW = 28  # days (github.com/microsoftgraph/microsoft-graph-docs/issues/13001)


@dataclass(frozen=True)
class Call:
    """A report with its argument, valid except perhaps for the age of the date."""

    report: Report
    version: str
    """`v1.0` or `beta`."""
    period: str = ""
    day: date | None = None
    """The day of a `date=` call."""
    second: bool = False
    """Whether the call has `version='v2'` (Copilot)."""
    report_type: str = ""
    """Of the report's other types (SharePoint's API usage)."""

    def __str__(self) -> str:
        more = ",version='v2'" if self.second else f",reportType='{self.report_type}'" if self.report_type else ""
        if self.day:
            return f"{self.report.name}(date={self.day}{more})"
        return f"{self.report.name}(period='{self.period}'{more})" if self.period else self.report.name

    @property
    def header(self) -> tuple[str, ...]:
        """The documented columns, in order."""
        return self.report.columns["v2" if self.second else self.report_type or self.version]

    @property
    def answers_directly(self) -> bool:
        """Whether Graph answers 200 with the CSV (Copilot on v1.0, API usage) and not 302."""
        return self.report.delegated_only or self.report.roots[self.version] == "copilot/reports"

    def check_age(self, today: date) -> None:
        """Raise InvalidArgument if Graph no longer has the day."""
        if self.day and (today - self.day).days > _DATE_WINDOW:
            raise InvalidArgument(
                f"Invalid date value specified: {self.day}. Only support data for the past {_DATE_WINDOW} days."
            )


@dataclass(frozen=True)
class _Value:
    text: str
    quoted: bool


def parse(path: str, catalogue: Catalogue) -> Call:
    """Return the call in the path of a request, percent-encoded or not. Raise UnknownSegment or InvalidArgument."""
    decoded = unquote(path)
    match = _PATH.fullmatch(decoded)
    if not match:
        raise UnknownSegment(decoded.strip("/").split("/")[-1])
    version, root, segment, rest = match.group("version", "root", "segment", "rest")
    function = _FUNCTION.fullmatch(segment)
    if not function:
        raise UnknownSegment(segment)
    name, text = function["name"], function["arguments"] or ""
    report = catalogue.reports.get(name)
    try:
        if name in catalogue.families and version == "beta" and root == "reports":
            return _parse_2017(segment, catalogue.families[name], text, rest or "", catalogue)
        if report is None or report.roots.get(version) != root:
            raise UnknownSegment(name)
        if rest:
            raise UnknownSegment(rest.strip("/"))
        return _call(report, version, _arguments(text, segment), segment)
    except ApiError as error:
        error.function = report.name if report else ""
        raise


def _arguments(text: str, segment: str) -> dict[str, _Value]:
    values: dict[str, _Value] = {}
    end = 0
    for match in _ARGUMENT.finditer(text):
        if match.start() != end or match["name"] in values:
            break
        values[match["name"]] = _Value(match["quoted"] or match["bare"] or "", match["quoted"] is not None)
        end = match.end()
    if end != len(text) or text.endswith(","):
        raise UnknownSegment(segment)
    return values


def _call(report: Report, version: str, values: Mapping[str, _Value], segment: str) -> Call:
    names = set(values)
    second = _is_second(report, version, values)
    arguments = names - {"version"} if _is_versioned(report, version) else names
    report_type = _report_type(report, values)
    if report.usual_type:
        arguments -= {"reportType"}
    if arguments == {"date"} and report.takes_date:
        return Call(report, version, day=_date(values["date"].text), report_type=report_type)
    periods = report.second_periods if second else report.periods
    if arguments == {"period"} and periods and values["period"].quoted:
        period = _period(values["period"].text, periods)
        return Call(report, version, period=period, second=second, report_type=report_type)
    if not names and not periods:
        return Call(report, version)
    raise UnknownSegment(segment)


def _is_versioned(report: Report, version: str) -> bool:
    """Whether the function takes an argument `version`, as those of Copilot do on v1.0."""
    return bool(report.second_periods) and version == "v1.0"


def _is_second(report: Report, version: str, values: Mapping[str, _Value]) -> bool:
    if "version" not in values or not _is_versioned(report, version):
        return False
    if values["version"].text not in ("v1", "v2"):
        raise InvalidArgument(f"Invalid version value specified: {values['version'].text}.")
    return values["version"].text == "v2"


def _report_type(report: Report, values: Mapping[str, _Value]) -> str:
    if not report.usual_type or "reportType" not in values or values["reportType"].text == report.usual_type:
        return ""
    if values["reportType"].text not in report.columns.keys() - report.roots.keys():
        raise InvalidArgument(f"Invalid reportType value specified: {values['reportType'].text}.")
    return values["reportType"].text


def _period(text: str, periods: tuple[str, ...]) -> str:
    if text not in periods:
        raise InvalidArgument(f"Invalid period value specified: {text}.")
    return text


def _date(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidArgument(f"Invalid date value specified: {text}.")


def _parse_2017(segment: str, family: Family, text: str, rest: str, catalogue: Catalogue) -> Call:
    """Return today's call for a call of 2017: the view names the function, the period may be in lower case.

    Only the view Detail takes a date; the others ignore it.
    """
    values = _arguments(text, segment)
    function = family.views.get(values["view"].text) if "view" in values else None
    if function is None or rest != "/content" or not set(values) <= {"view", "period", "date"}:
        raise UnknownSegment(segment)
    report = catalogue.reports[function]
    if "date" in values and values["view"].text == "Detail" and report.takes_date:
        return Call(report, "beta", day=_date(values["date"].text))
    if not family.takes_period:
        return Call(report, "beta")
    if "period" not in values:
        raise UnknownSegment(segment)
    return Call(report, "beta", period=_period(values["period"].text.upper(), report.periods))
