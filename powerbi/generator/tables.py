"""The tables of the semantic model: what they read from the archive, and what is measured on them."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent
from typing import NamedTuple

DATE, WHOLE, TEXT = "date", "whole number", "text"
MASHUP_TYPES = {DATE: "type date", WHOLE: "Int64.Type", TEXT: "type text"}


class Column(NamedTuple):
    """A column of the model."""

    name: str
    kind: str
    hidden: bool = False
    form: str = ""
    """A format string; empty = what goes with the kind."""
    sort_by: str = ""
    key: bool = False


class Measure(NamedTuple):
    """A measure of the model; `expression` is DAX."""

    name: str
    meaning: str
    expression: str
    form: str = "#,##0"


class Table(NamedTuple):
    """A table of the model; `source` is M, or DAX where `calculated`."""

    name: str
    meaning: str
    source: str
    columns: tuple[Column, ...]
    measures: tuple[Measure, ...] = ()
    calculated: bool = False
    incremental: bool = False
    """Whether Power BI loads it in parts between RangeStart and RangeEnd."""


def _series(report: str, kinds: Mapping[str, str], query: str = "[from = RangeStart, to = RangeEnd]") -> str:
    """A call of the function Series, for one column to a line."""
    columns = ",\n            ".join(f'{{"{name}", {MASHUP_TYPES[kind]}}}' for name, kind in kinds.items())
    return f'Series(\n        "{report}",\n        {{\n            {columns}\n        }},\n        {query}\n    )'


def _daily(*names: str) -> dict[str, str]:
    return {"Report Refresh Date": DATE, "Report Date": DATE, **dict.fromkeys(names, WHOLE)}


_REFRESHED = Column("Report Refresh Date", DATE, hidden=True)
_DAY = Column("Report Date", DATE, hidden=True)
_SERVICES = ("Office 365", "Exchange", "OneDrive", "SharePoint", "Teams", "Yammer")
_STATES = [f"{service} {state}" for service in _SERVICES for state in ("Active", "Inactive")]
_STORAGE = ("Storage Used (Byte)",)
_ACTIVITIES = ("Team Chat Messages", "Private Chat Messages", "Calls", "Meetings")
_TEAMS = ("Public Teams", "Active Public Teams", "Private Teams", "Active Private Teams")
_APPS = ("Any App", "Copilot Chat", "Microsoft Teams", "Word", "Excel", "PowerPoint", "Outlook", "OneNote", "Loop")
_COPILOT = [f"{app} {state} Users" for app in _APPS for state in ("Enabled", "Active")]
_LAST_DATES = [f"{service} Last Activity Date" for service in _SERVICES[1:]]

CONNECTION = Table(
    "Connection",
    "One row: whether the archive answered at the last refresh. If a refresh fails, refresh this table alone.",
    """\
let
    Tried = try Json.Document(Archive()),
    Connected = not Tried[HasError] and Record.HasFields(Tried[Value], "value"),
    Message = if Connected then ""
        else if Tried[HasError] then Tried[Error][Message]
        else Record.FieldOrDefault(Tried[Value], "detail", "This is not the archive."),
    Row = #table(
        type table [Address = text, Connected = text, Message = text, Refreshed = datetime],
        {{BaseUrl, if Connected then "yes" else "no", Message, DateTimeZone.RemoveZone(DateTimeZone.UtcNow())}}
    )
in
    Row""",
    (
        Column("Address", TEXT),
        Column("Connected", TEXT),
        Column("Message", TEXT),
        Column("Refreshed", DATE, form="yyyy-mm-dd hh:nn"),
    ),
    (
        Measure(
            "Connection state",
            "Whether the archive answers, and what to do if it does not.",
            """\
VAR Address = MAX(Connection[Address])
VAR Refreshed = FORMAT(MAX(Connection[Refreshed]), "yyyy-mm-dd hh:nn")
RETURN
    SWITCH(
        TRUE(),
        ISEMPTY(Connection), "Not connected yet: set the parameter BaseUrl, then refresh.",
        MAX(Connection[Connected]) = "yes", "Connected to " & Address & ", refreshed " & Refreshed & " UTC.",
        "Not connected to " & Address & ": " & MAX(Connection[Message])
    )""",
            form="",
        ),
    ),
)

FRESHNESS = Table(
    "Freshness",
    "Every call that the archive pulls, with its newest refresh date.",
    """\
let
    Reports = Table.FromRecords(Json.Document(Archive())[value], {"name", "calls"}, MissingField.UseNull),
    Calls = Table.ExpandListColumn(Reports, "calls"),
    Pulled = Table.SelectRows(Calls, each [calls] <> null),
    Facts = Table.ExpandRecordColumn(Pulled, "calls", {"call", "refreshDate"}, {"Call", "Refresh Date"}),
    Named = Table.RenameColumns(Facts, {{"name", "Report"}}),
    Typed = Table.TransformColumnTypes(
        Named,
        {{"Report", type text}, {"Call", type text}, {"Refresh Date", type date}},
        "en-US"
    )
in
    Typed""",
    (Column("Report", TEXT), Column("Call", TEXT), Column("Refresh Date", DATE)),
    (
        Measure(
            "Newest refresh date",
            "The newest day that the archive has anything of.",
            "MAX(Freshness[Refresh Date])",
            form="yyyy-mm-dd",
        ),
        Measure(
            "Age in days",
            "Days since the newest refresh date, in UTC. Two to four are usual: Microsoft is that late.",
            "IF(NOT ISBLANK([Newest refresh date]), DATEDIFF([Newest refresh date], UTCTODAY(), DAY))",
            form="0",
        ),
    ),
)

CALENDAR = Table(
    "Date",
    "Every day from the year in which the loaded history begins to today, in UTC.",
    """\
VAR FirstDays = {
    MIN('Active users'[Report Date]),
    MIN(Services[Report Refresh Date]),
    MIN(Storage[Report Date]),
    MIN('Teams users'[Report Date]),
    MIN('Teams activity'[Report Date]),
    MIN(Teams[Report Date]),
    MIN(Copilot[Report Date]),
    MIN(People[Report Refresh Date])
}
VAR FirstDay = COALESCE(MINX(FirstDays, [Value]), UTCTODAY())
RETURN
    ADDCOLUMNS(
        CALENDAR(DATE(YEAR(FirstDay), 1, 1), UTCTODAY()),
        "Year", YEAR([Date]),
        "Month", DATE(YEAR([Date]), MONTH([Date]), 1)
    )""",
    (
        Column("Date", DATE, key=True),
        Column("Year", WHOLE, form="0"),
        Column("Month", DATE, form="yyyy-mm"),
    ),
    calculated=True,
)

SERVICE = Table(
    "Service",
    "The services of Microsoft 365, under the names that the reports give them; Office 365 is any of them.",
    """\
let
    Rows = #table(
        type table [Service = text, Order = Int64.Type],
        {{"Office 365", 1}, {"Exchange", 2}, {"OneDrive", 3}, {"SharePoint", 4}, {"Teams", 5}, {"Yammer", 6}}
    )
in
    Rows""",
    (Column("Service", TEXT, sort_by="Order", key=True), Column("Order", WHOLE, hidden=True)),
)

# A time before is counted from the last day that there is, not by the calendar: of a month that has just begun there is
# none for days, and the months before it would be compared with nothing.
_YEAR = 364
"""Days: whole weeks, as on the dashboard."""


def _active_users(days_before: int = 0) -> str:
    """The average of 28 days up to the last day of the selection, or up to so many days before it."""
    return f"""\
VAR Chosen = SELECTEDVALUE(Service[Service], "Office 365")
VAR LastDay = CALCULATE(MAX('Active users'[Report Date]), Service[Service] = Chosen)
RETURN
    IF(
        NOT ISBLANK(LastDay),
        CALCULATE(
            AVERAGE('Active users'[Users]),
            Service[Service] = Chosen,
            DATESINPERIOD('Date'[Date], LastDay{f" - {days_before}" if days_before else ""}, -28, DAY)
        )
    )"""


def _stored(days_before: int) -> str:
    """Storage so many days before the last day of the selection, or up to a week earlier if that day is missing."""
    return f"""\
SUMX(
    VALUES(Storage[Service]),
    VAR LastDay = CALCULATE(MAX(Storage[Report Date]))
    VAR Before = CALCULATE(MAX(Storage[Report Date]), DATESINPERIOD('Date'[Date], LastDay - {days_before}, -7, DAY))
    RETURN
        DIVIDE(CALCULATE(SUM(Storage[Storage Used (Byte)]), 'Date'[Date] = Before), 1073741824)
)"""


ACTIVE_USERS = Table(
    "Active users",
    "Users who were active on a day, per service.",
    f"""\
let
    Days = {_series("getOffice365ActiveUserCounts", _daily(*_SERVICES))},
    ByService = Table.UnpivotOtherColumns(Days, {{"Report Refresh Date", "Report Date"}}, "Service", "Users"),
    Typed = Table.TransformColumnTypes(ByService, {{{{"Service", type text}}, {{"Users", Int64.Type}}}}, "en-US")
in
    Typed""",
    (_REFRESHED, _DAY, Column("Service", TEXT, hidden=True), Column("Users", WHOLE, hidden=True)),
    (
        Measure(
            "Active users",
            "Users active on a day, of the service that is selected, else of any: the average of the last 28 days of "
            "the selection, so that weekdays weigh the same at any time.",
            _active_users(),
        ),
        Measure(
            "Active users a year before",
            "The same, 52 weeks before.",
            _active_users(_YEAR),
        ),
        Measure(
            "Change to the year before",
            "How the active users changed in a year.",
            "DIVIDE([Active users] - [Active users a year before], [Active users a year before])",
            form="+0.0%;-0.0%;0.0%",
        ),
        Measure(
            "History since",
            "The first day of the loaded history.",
            "MIN('Active users'[Report Date])",
            form="yyyy-mm-dd",
        ),
    ),
    incremental=True,
)


def _services_measure(period: int, state: str) -> str:
    """Users of the last refresh date of the selection, of the service that is selected, else of any."""
    of_state = f'Services[State] = "{state}",\n        ' if state else ""
    return f"""\
VAR Chosen = SELECTEDVALUE(Service[Service], "Office 365")
VAR LastDate =
    CALCULATE(
        MAX(Services[Report Refresh Date]),
        Service[Service] = Chosen,
        Services[Report Period] = {period}
    )
RETURN
    CALCULATE(
        SUM(Services[Users]),
        Service[Service] = Chosen,
        Services[Report Period] = {period},
        {of_state}'Date'[Date] = LastDate
    )"""


_OF_PERIOD = _series(
    "getOffice365ServicesUserCounts",
    {"Report Refresh Date": DATE, "Report Period": WHOLE, **dict.fromkeys(_STATES, WHOLE)},
    "[period = period, from = RangeStart, to = RangeEnd]",
)

SERVICES = Table(
    "Services",
    "Users with a license who were active or inactive in a service over 30 and over 90 days, per refresh date.",
    f"""\
let
    OfPeriod = (period as text) => {_OF_PERIOD},
    Both = Table.Combine({{OfPeriod("D30"), OfPeriod("D90")}}),
    Long = Table.UnpivotOtherColumns(Both, {{"Report Refresh Date", "Report Period"}}, "Name", "Users"),
    LastWord = Splitter.SplitTextByEachDelimiter({{" "}}, QuoteStyle.None, true),
    Split = Table.SplitColumn(Long, "Name", LastWord, {{"Service", "State"}}),
    Typed = Table.TransformColumnTypes(
        Split,
        {{{{"Service", type text}}, {{"State", type text}}, {{"Users", Int64.Type}}}},
        "en-US"
    )
in
    Typed""",
    (
        _REFRESHED,
        Column("Report Period", WHOLE, hidden=True, form="0"),
        Column("Service", TEXT, hidden=True),
        Column("State", TEXT, hidden=True),
        Column("Users", WHOLE, hidden=True),
    ),
    (
        Measure("Licensed users", "Users with a license, active or not.", _services_measure(30, "")),
        Measure("Active in 30 days", "Licensed users who were active in 30 days.", _services_measure(30, "Active")),
        Measure(
            "Active share",
            "Of the licensed users, those who were active in 30 days.",
            "DIVIDE([Active in 30 days], [Licensed users])",
            form="0.0%",
        ),
        Measure("Inactive 90 days", "Licensed users without activity in 90 days.", _services_measure(90, "Inactive")),
        Measure(
            "Inactive share",
            "Of the licensed users of the same refresh date, those without activity in 90 days.",
            f"""\
VAR Licensed =
{indent(_services_measure(90, ""), "    ")}
RETURN
    DIVIDE([Inactive 90 days], Licensed)""",
            form="0.0%",
        ),
    ),
    incremental=True,
)

_SITES = {"Report Refresh Date": DATE, "Site Type": TEXT, "Report Date": DATE, **dict.fromkeys(_STORAGE, WHOLE)}

STORAGE = Table(
    "Storage",
    "Storage used on a day by mailboxes (Exchange), OneDrive and SharePoint.",
    f"""\
let
    Mailboxes = {_series("getMailboxUsageStorage", _daily(*_STORAGE))},
    OneDrive = {_series("getOneDriveUsageStorage", _SITES)},
    SharePoint = {_series("getSharePointSiteUsageStorage", _SITES)},
    Of = (service as text, rows as table) => Table.AddColumn(rows, "Service", each service, type text),
    // All sites together have rows of their own, but not in every report and tenant.
    Whole = (rows as table) as table =>
        let
            All = Table.SelectRows(rows, each [Site Type] = "All")
        in
            Table.RemoveColumns(if Table.IsEmpty(All) then rows else All, {{"Site Type"}}),
    Together = Table.Combine({{
        Of("Exchange", Mailboxes),
        Of("OneDrive", Whole(OneDrive)),
        Of("SharePoint", Whole(SharePoint))
    }})
in
    Together""",
    (
        _REFRESHED,
        _DAY,
        Column("Service", TEXT, hidden=True),
        Column("Storage Used (Byte)", WHOLE, hidden=True),
    ),
    (
        Measure(
            "Storage (GB)",
            "Storage on the last day of the selection, in GB of 2^30 bytes.",
            """\
SUMX(
    VALUES(Service[Service]),
    VAR LastDay = CALCULATE(MAX(Storage[Report Date]))
    RETURN
        DIVIDE(CALCULATE(SUM(Storage[Storage Used (Byte)]), 'Date'[Date] = LastDay), 1073741824)
)""",
            form="#,##0.0",
        ),
        Measure(
            "Storage a year before (GB)",
            "The same, a year before.",
            _stored(365),
            form="#,##0.0",
        ),
        Measure(
            "Storage growth",
            "How storage grew in a year.",
            "DIVIDE([Storage (GB)] - [Storage a year before (GB)], [Storage a year before (GB)])",
            form="+0.0%;-0.0%;0.0%",
        ),
        Measure(
            "Storage in 90 days (GB)",
            "Where storage will be in 90 days if it grows as in the last 90.",
            f"""\
VAR InDaysBefore =
{indent(_stored(90), "    ")}
RETURN
    IF(NOT ISBLANK(InDaysBefore), 2 * [Storage (GB)] - InDaysBefore)""",
            form="#,##0.0",
        ),
    ),
    incremental=True,
)


def _by_activity(report: str, value: str) -> str:
    return f"""\
let
    Days = {_series(report, _daily(*_ACTIVITIES))},
    ByActivity = Table.UnpivotOtherColumns(Days, {{"Report Refresh Date", "Report Date"}}, "Activity", "{value}"),
    Typed = Table.TransformColumnTypes(ByActivity, {{{{"Activity", type text}}, {{"{value}", Int64.Type}}}}, "en-US")
in
    Typed"""


TEAMS_USERS = Table(
    "Teams users",
    "Licensed users who did something in Teams on a day, per activity; one user may do several.",
    _by_activity("getTeamsUserActivityUserCounts", "Users"),
    (_REFRESHED, _DAY, Column("Activity", TEXT), Column("Users", WHOLE, hidden=True)),
    (
        Measure(
            "Users per day",
            "Users who did it on a day, as the average of the last 28 days of the selection.",
            """\
VAR LastDay = MAX('Teams users'[Report Date])
RETURN
    IF(
        NOT ISBLANK(LastDay),
        CALCULATE(AVERAGE('Teams users'[Users]), DATESINPERIOD('Date'[Date], LastDay, -28, DAY))
    )""",
        ),
    ),
    incremental=True,
)

TEAMS_ACTIVITY = Table(
    "Teams activity",
    "What licensed users did in Teams on a day.",
    _by_activity("getTeamsUserActivityCounts", "Times"),
    (_REFRESHED, _DAY, Column("Activity", TEXT), Column("Times", WHOLE, hidden=True)),
    (
        Measure("Teams actions", "Messages, calls and meetings in the selection.", "SUM('Teams activity'[Times])"),
        Measure(
            "Meetings",
            "Meetings that users took part in, in the selection.",
            "CALCULATE([Teams actions], 'Teams activity'[Activity] = \"Meetings\")",
        ),
    ),
    incremental=True,
)

TEAMS = Table(
    "Teams",
    "How many teams there were on a day, and how many of them were active.",
    f"let\n    Days = {_series('getTeamsTeamCounts', _daily(*_TEAMS))}\nin\n    Days",
    (_REFRESHED, _DAY, *(Column(name, WHOLE, hidden=True) for name in _TEAMS)),
    (
        Measure(
            "Teams in all",
            "Public and private teams on the last day of the selection.",
            """\
VAR LastDay = MAX(Teams[Report Date])
RETURN
    CALCULATE(SUM(Teams[Public Teams]) + SUM(Teams[Private Teams]), 'Date'[Date] = LastDay)""",
        ),
        Measure(
            "Active teams",
            "Teams that were active on a day, as the average of the last 28 days of the selection.",
            """\
VAR LastDay = MAX(Teams[Report Date])
RETURN
    IF(
        NOT ISBLANK(LastDay),
        CALCULATE(
            AVERAGEX(Teams, Teams[Active Public Teams] + Teams[Active Private Teams]),
            DATESINPERIOD('Date'[Date], LastDay, -28, DAY)
        )
    )""",
        ),
        Measure(
            "Teams active users",
            "Active users of Teams.",
            'CALCULATE([Active users], Service[Service] = "Teams")',
        ),
        Measure(
            "Teams active share",
            "Of those licensed for Teams, the users who were active in 30 days.",
            'CALCULATE([Active share], Service[Service] = "Teams")',
            form="0.0%",
        ),
    ),
    incremental=True,
)


def _copilot_measure(state: str) -> str:
    return f"""\
VAR Chosen = SELECTEDVALUE(Copilot[App], "Any App")
VAR LastDay = CALCULATE(MAX(Copilot[Report Date]), Copilot[App] = Chosen)
RETURN
    CALCULATE(SUM(Copilot[Users]), Copilot[App] = Chosen, Copilot[State] = "{state}", 'Date'[Date] = LastDay)"""


COPILOT = Table(
    "Copilot",
    "Users who are enabled for Microsoft 365 Copilot in an app, and who were active in it, on a day.",
    f"""\
let
    Days = {_series("getMicrosoft365CopilotUserCountTrend", _daily(*_COPILOT))},
    Long = Table.UnpivotOtherColumns(Days, {{"Report Refresh Date", "Report Date"}}, "Name", "Users"),
    Short = Table.ReplaceValue(Long, " Users", "", Replacer.ReplaceText, {{"Name"}}),
    LastWord = Splitter.SplitTextByEachDelimiter({{" "}}, QuoteStyle.None, true),
    Split = Table.SplitColumn(Short, "Name", LastWord, {{"App", "State"}}),
    Typed = Table.TransformColumnTypes(
        Split,
        {{{{"App", type text}}, {{"State", type text}}, {{"Users", Int64.Type}}}},
        "en-US"
    )
in
    Typed""",
    (_REFRESHED, _DAY, Column("App", TEXT), Column("State", TEXT, hidden=True), Column("Users", WHOLE, hidden=True)),
    (
        Measure(
            "Copilot enabled",
            "Users enabled for Copilot on the last day of the selection, in the app that is selected, else in any.",
            _copilot_measure("Enabled"),
        ),
        Measure(
            "Copilot active",
            "Users active in Copilot on the last day of the selection, in the app that is selected, else in any.",
            _copilot_measure("Active"),
        ),
        Measure(
            "Copilot active share",
            "Of those enabled for Copilot, the active ones.",
            "DIVIDE([Copilot active], [Copilot enabled])",
            form="0.0%",
        ),
    ),
    incremental=True,
)

_PEOPLE = {
    "Report Refresh Date": DATE,
    **dict.fromkeys(("User Principal Name", "Display Name", "Is Deleted", "Assigned Products"), TEXT),
    **dict.fromkeys(_LAST_DATES, DATE),
}
_LAST_OF_ROW = ", ".join(f"[{name}]" for name in _LAST_DATES)
_PEOPLE_QUERY = '[period = "D90", every = DetailEvery, from = RangeStart, to = RangeEnd]'
"""Of a period, which has everybody: a single day has only those who did something on it."""
_KEPT = ", ".join(f'"{name}"' for name in (*list(_PEOPLE)[:5], "Last Activity Date"))
_LAST_DATE = """\
VAR LastDate =
    CALCULATE(
        MAX(People[Report Refresh Date]),
        REMOVEFILTERS(People[User Principal Name], People[Display Name], People[Assigned Products])
    )"""
"""Of all people, so that who has left since is not counted by the date on which they were seen last."""
_LICENSED = """\
            People[Is Deleted] <> "True"
                && People[Assigned Products] <> BLANK()"""

PEOPLE = Table(
    "People",
    "Optional: every person, with the last activity in any service. Filled only if BaseUrl is that of the personal "
    "reports and the archive pulls them.",
    f"""\
let
    States = {_series("getOffice365ActiveUserDetail", _PEOPLE, _PEOPLE_QUERY)},
    Dated = Table.AddColumn(
        States,
        "Last Activity Date",
        each List.Max({{{_LAST_OF_ROW}}}),
        type date
    ),
    Kept = Table.SelectColumns(Dated, {{{_KEPT}}})
in
    Kept""",
    (
        _REFRESHED,
        Column("User Principal Name", TEXT),
        Column("Display Name", TEXT),
        Column("Is Deleted", TEXT, hidden=True),
        Column("Assigned Products", TEXT),
        Column("Last Activity Date", DATE, hidden=True),
    ),
    (
        Measure(
            "Licensed people",
            "People with a product, on the last refresh date of the selection.",
            f"""\
{_LAST_DATE}
RETURN
    COUNTROWS(
        FILTER(
            CALCULATETABLE(People, 'Date'[Date] = LastDate),
{_LICENSED}
        )
    )""",
        ),
        Measure(
            "People inactive 90 days",
            "People with a product who did nothing in the 90 days up to the last refresh date, or never.",
            f"""\
{_LAST_DATE}
RETURN
    COUNTROWS(
        FILTER(
            CALCULATETABLE(People, 'Date'[Date] = LastDate),
{_LICENSED}
                && People[Last Activity Date] <= LastDate - 90
        )
    )""",
        ),
        Measure(
            "People inactive share",
            "Of the people with a product, those who did nothing in 90 days.",
            "DIVIDE([People inactive 90 days], [Licensed people])",
            form="0.0%",
        ),
        Measure(
            "Last activity",
            "When a person last did something in any service.",
            f"""\
{_LAST_DATE}
RETURN
    CALCULATE(MAX(People[Last Activity Date]), 'Date'[Date] = LastDate)""",
            form="yyyy-mm-dd",
        ),
        Measure(
            "Concealed people",
            "People whose names the tenant conceals; nothing can be joined with them.",
            f"""\
{_LAST_DATE}
RETURN
    COUNTROWS(
        FILTER(
            CALCULATETABLE(People, 'Date'[Date] = LastDate),
            NOT CONTAINSSTRING(People[User Principal Name], "@")
        )
    )""",
        ),
    ),
    incremental=True,
)

TABLES = (
    *(CONNECTION, FRESHNESS, CALENDAR, SERVICE),
    *(ACTIVE_USERS, SERVICES, STORAGE, TEAMS_USERS, TEAMS_ACTIVITY, TEAMS, COPILOT, PEOPLE),
)

RELATIONSHIPS = (
    ("Active users", "Report Date", "Date", "Date"),
    ("Services", "Report Refresh Date", "Date", "Date"),
    ("Storage", "Report Date", "Date", "Date"),
    ("Teams users", "Report Date", "Date", "Date"),
    ("Teams activity", "Report Date", "Date", "Date"),
    ("Teams", "Report Date", "Date", "Date"),
    ("Copilot", "Report Date", "Date", "Date"),
    ("People", "Report Refresh Date", "Date", "Date"),
    ("Active users", "Service", "Service", "Service"),
    ("Services", "Service", "Service", "Service"),
    ("Storage", "Service", "Service", "Service"),
)
"""The table and column of the many, and of the one."""
