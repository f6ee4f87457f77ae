"""The page, the Power BI model and the API tell the same numbers, of one archive of a year.

The page's are those of its own modules, in Node.js. The model's are its DAX and M, evaluated by the small evaluators of
`tests/unit/powerbi`: it is not Microsoft's engine. The API's are worked out here of what it answers.
"""

from __future__ import annotations

import csv
import html
import io
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from local.in_memory import InMemoryBlobStore
from local.in_process import InProcessControl, in_process_graph
from shared.app import App
from shared.archive.layout import INPUT
from shared.settings import read
from shared.views.inputs import PRICES
from simulator import Simulator
from tests.asking import ask, value
from tests.browser.test_modules import run
from tests.unit.powerbi import dax, mashup
from tests.unit.powerbi.project import FOLDER, Project

NOW = datetime(2026, 11, 21, 13, 15, tzinfo=UTC)
BEGIN, END = date(2025, 1, 1), date(2040, 1, 1)
USERS, SERVICES, TEAMS = (
    "getOffice365ActiveUserCounts",
    "getOffice365ServicesUserCounts",
    "getTeamsUserActivityUserCounts",
)
COPILOT = "getMicrosoft365CopilotUserCountSummary"
STORAGE = {
    "getMailboxUsageStorage": "Exchange",
    "getOneDriveUsageStorage": "OneDrive",
    "getSharePointSiteUsageStorage": "SharePoint",
}
DETAIL, COPILOTS = "getOffice365ActiveUserDetail", "getMicrosoft365CopilotUsageUserDetail"
DAILY = [USERS, TEAMS, "getTeamsUserActivityCounts", "getTeamsTeamCounts", *STORAGE]
REPORTS = [
    *(f"{report}(period='D180')" for report in [*DAILY, COPILOTS]),
    *(f"{SERVICES}(period='{period}')" for period in ("D30", "D90")),
    *(f"{COPILOT}(period='D30')", f"{DETAIL}(period='D90')", "directory"),
]
GB = 2**30
OF_PEOPLE = {"People with a product", "Idle people", "Idle share", "Last activity", "Concealed people"}
COMPARED = {
    *("Active people", "Active people a year before", "Change of active people", "Active users"),
    *("Active users a year before", "People active in 30 days", "People with a licence", "Active share"),
    *("Active share a year before", "Users active in 30 days", "Share of users active", "Users a day"),
    *("Users a day a year before", "Storage (GB)", "Storage a year before (GB)", "Storage in 90 days (GB)"),
    *("Copilot active", "Copilot adoption", "Copilot adoption a year before", "App adoption"),
    *("Idle licences", "Cost of idle licences"),
}
"""The measures of which page, model and API tell the same."""


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    """With the snapshots of five runs, which have the daily rows of more than a year."""
    with Simulator(users=300) as simulator:
        control = InProcessControl(simulator)
        control.grant()
        settings = {"ARCHIVE_URL": "https://x.blob.core.windows.net", "GRAPH_ENDPOINT": simulator.graph_endpoint}
        settings |= {"DOWNLOAD_HOSTS": simulator.download_origin, "REPORTS": ", ".join(REPORTS)}
        app = App(
            read(settings),
            control.now,
            store=InMemoryBlobStore(clock=control.now),
            graph=in_process_graph(simulator, control.sleep),
            sleep=control.sleep,
        )
        app.archive.store.create(
            INPUT,
            PRICES,
            b"product,price,currency,validFrom\nSPE_E5,57.00,EUR,\nENTERPRISEPACK,33.80,EUR,\nSPE_F1,8.40,EUR,\n",
            {},
        )
        for days in (364, 300, 150, 0):
            control.set_time(NOW - timedelta(days=days))
            assert app.pull_run.execute().needing_a_person() == []
        yield app


def rows_of(app: App, path: str, query: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows of a table as CSV; none if the archive has nothing of it."""
    reply = ask(app, f"v1.0/reports/{path}", query, personal=True)
    assert reply.status == 200, reply.body
    return [*csv.DictReader(io.StringIO(reply.body.decode("utf-8-sig"), newline=""))]


# -- the model ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(app: App) -> dax.Model:
    """The model, filled from the archive."""
    project = Project(FOLDER)
    begin, today = BEGIN, NOW.date()
    days = [begin + timedelta(days=number) for number in range((today - begin).days + 1)]
    dates = [{"Date": day, "Month": day.replace(day=1)} for day in days]
    answered = {"Address": "https://HOST", "Connected": "yes", "Message": "", "Refreshed": NOW}
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "Date": dates,
        "Measures": [],
        "Connection": [answered],
        "Freshness": [{"Refresh Date": today}],
    }
    for name, source in project.sources("m").items():
        if name not in tables:
            tables[name] = mashup.evaluate(source, functions(app))
    measures = {name: text for name, (_, text) in project.measures.items()}
    return dax.Model(tables, project.relationships, measures, today + timedelta(days=2))


def functions(app: App) -> Mapping[str, Any]:
    """The functions of `expressions.tmdl`, and its parameters."""
    types: Mapping[str, Callable[[str], Any]] = {
        "type date": date.fromisoformat,
        "type text": str,
        "type number": float,
        "Int64.Type": int,
    }

    def rows(path: str, columns: Sequence[tuple[str, str]], query: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = rows_of(app, path, {name: str(each) for name, each in query.items()})
        return [{name: types[kind](row[name]) if row[name] else None for name, kind in columns} for row in found]

    def series(report: str, columns: Sequence[tuple[str, str]], query: Mapping[str, Any]) -> list[dict[str, Any]]:
        return rows(f"{report}/series", columns, query)

    def by_name(table: Sequence[Mapping[str, Any]], name: str, number: str) -> list[dict[str, Any]]:
        keys = {"Report Refresh Date", "Report Date", "Report Period"}
        return [
            {key: row[key] for key in keys & row.keys()} | {name: column, number: cell}
            for row in table
            for column, cell in row.items()
            if column not in keys and cell is not None
        ]

    def by_state(table: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
        long = by_name(table, "Name", "Users")
        parts = [row.pop("Name").removesuffix(" Users").rsplit(" ", 1) for row in long]
        return [row | {name: first, "State": state} for row, (first, state) in zip(long, parts, strict=True)]

    def storage_of(report: str, service: str) -> list[dict[str, Any]]:
        used = storage(rows_of(app, f"{report}/series", {"from": str(BEGIN), "to": str(END)}))
        return [{"Report Date": day, "Service": service, "Bytes": size} for day, size in used.items()]

    def person_and_date(row: Mapping[str, Any]) -> str:
        return f"{row['Report Refresh Date']} {row['User Principal Name']} {row['Display Name']}"

    def by_product(table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        held = [(person_and_date(row), each) for row in table for each in (row["Assigned Products"] or "").split("+")]
        return [{"Person And Date": person, "Product": each} for person, each in dict.fromkeys(held) if each]

    own = {
        "PersonAndDate": person_and_date,
        "ByProduct": by_product,
        "Rows": rows,
        "Series": series,
        "ByName": by_name,
        "ByState": by_state,
        "StorageOf": storage_of,
    }
    return {**own, "RangeStart": BEGIN, "RangeEnd": END, "DetailEvery": "month"}


def storage(rows: Sequence[Mapping[str, str]]) -> dict[date, int]:
    """Bytes by day: of the rows for all sites, or of all rows where there are none."""
    whole = [row for row in rows if row.get("Site Type") == "All"] or rows
    used: dict[date, int] = {}
    for row in whole:
        day = date.fromisoformat(row["Report Date"])
        used[day] = used.get(day, 0) + int(row["Storage Used (Byte)"])
    return used


# -- the page ----------------------------------------------------------------------------------------------------------

OF_PAGE = """(({ users, services, teams, copilot, storage, licences }) => {
    const each = (content, names) =>
        Object.fromEntries(names.map((name) => [name, m.recent(m.measures(content), name)]));
    const shares = (content, ...ends) => Object.fromEntries(m.shares(content, ...ends).lines.map(([name, now, was]) => [
        name, { active: now.active, all: now.all, share: now.active / now.all, before: was && was.active / was.all },
    ]));
    const used = storage.map(m.stored);
    const sum = (name) => used.reduce((total, one) => total + one[name], 0);
    return {
        users: each(users, ["Office 365", "Exchange", "Teams"]),
        teams: each(teams, ["Meetings", "Calls"]),
        services: shares(services, " Active", " Inactive"),
        copilot: shares(copilot, " Active Users", " Enabled Users"),
        storage: { now: sum("now"), before: sum("before"), ahead: Math.max(0, sum("now") + sum("ahead")) },
        licences: m.idle(licences),
    };
})(a[0])"""


@pytest.fixture(scope="module")
def page(app: App) -> dict[str, Any]:
    """What the modules of the page work out of what the page asks for."""
    query = {"from": str(NOW.date() - timedelta(days=364 + 28 + 14))}

    def content(report: str, **more: str) -> dict[str, Any]:
        rows = rows_of(app, f"{report}/series", query | more)
        return {"columns": [*rows[0]], "rows": [[*row.values()] for row in rows]}

    contents = {
        "users": content(USERS),
        "teams": content(TEAMS),
        "services": content(SERVICES, period="D30"),
        "copilot": content(COPILOT, period="D30"),
        "storage": [content(report) for report in STORAGE],
        "licences": value(ask(app, "v1.0/licences", {"format": "json"})),
    }
    found: dict[str, Any] = run("numbers.js", OF_PAGE, contents)
    return found


# -- the API -----------------------------------------------------------------------------------------------------------


def recent(app: App, report: str, column: str, back: int = 0) -> float:
    """The mean of the last 28 days, as the API's own `of=mean` over weeks and days adds up to."""
    end = max(date.fromisoformat(row["Report Date"]) for row in rows_of(app, f"{report}/series", {}))
    days = {"from": str(end - timedelta(days=27 + back)), "to": str(end + timedelta(days=1 - back))}
    return statistics.mean(float(row[column]) for row in rows_of(app, f"{report}/series", days))


def states(app: App, report: str, period: str, one: str, other: str, back: int = 0) -> tuple[int, int]:
    """Two numbers of the newest snapshot, or of the newest up to 52 weeks before it."""
    path = f"{report}(period='{period}')"
    (newest,) = rows_of(app, path, {})
    if back:
        day = date.fromisoformat(newest["Report Refresh Date"]) - timedelta(days=back)
        (newest,) = rows_of(app, path, {"refreshDate": str(day)})
    return int(newest[one]), int(newest[other])


def line(points: Mapping[date, int], ahead: int) -> float:
    """The value so many days after the last, by a straight line's growth through the last 90 days."""
    last = max(points)
    kept = {(day - last).days: size for day, size in points.items() if (last - day).days <= 90}
    slope = statistics.linear_regression([*kept], [*kept.values()]).slope
    return points[last] + ahead * slope


def test_twenty_numbers_are_the_same_in_page_model_and_api(app: App, model: dax.Model, page: dict[str, Any]) -> None:
    active, inactive = states(app, SERVICES, "D30", "Office 365 Active", "Office 365 Inactive")
    was, rest = states(app, SERVICES, "D30", "Office 365 Active", "Office 365 Inactive", back=364)
    teams, without = states(app, SERVICES, "D30", "Teams Active", "Teams Inactive")
    used, enabled = states(app, COPILOT, "D30", "Any App Active Users", "Any App Enabled Users")
    before, could = states(app, COPILOT, "D30", "Any App Active Users", "Any App Enabled Users", back=364)
    word, words = states(app, COPILOT, "D30", "Word Active Users", "Word Enabled Users")
    stored = [storage(rows_of(app, f"{report}/series", {})) for report in STORAGE]
    licences = value(ask(app, "v1.0/licences", {"format": "json"}))
    office, services, copilot = page["users"]["Office 365"], page["services"], page["copilot"]
    the = model.value
    told = {
        # name: page, model, API
        "Active people": (office["now"], the("Active people"), recent(app, USERS, "Office 365")),
        "Active people a year before": (
            *(office["before"], the("Active people a year before")),
            recent(app, USERS, "Office 365", back=364),
        ),
        "Change of active people": (
            *(office["now"] / office["before"] - 1, the("Change of active people")),
            recent(app, USERS, "Office 365") / recent(app, USERS, "Office 365", back=364) - 1,
        ),
        "Active users of Teams": (
            *(page["users"]["Teams"]["now"], the("Active users", Service="Teams")),
            recent(app, USERS, "Teams"),
        ),
        "Active users of Exchange a year before": (
            *(page["users"]["Exchange"]["before"], the("Active users a year before", Service="Exchange")),
            recent(app, USERS, "Exchange", back=364),
        ),
        "People active in 30 days": (services["Office 365"]["active"], the("People active in 30 days"), active),
        "People with a licence": (services["Office 365"]["all"], the("People with a licence"), active + inactive),
        "Active share": (services["Office 365"]["share"], the("Active share"), active / (active + inactive)),
        "Active share a year before": (
            *(services["Office 365"]["before"], the("Active share a year before")),
            was / (was + rest),
        ),
        "Users active in 30 days in Teams": (
            *(services["Teams"]["active"], the("Users active in 30 days", Service="Teams")),
            teams,
        ),
        "Share of users active in Teams": (
            *(services["Teams"]["share"], the("Share of users active", Service="Teams")),
            teams / (teams + without),
        ),
        "Users a day in meetings": (
            *(page["teams"]["Meetings"]["now"], the("Users a day", Activity="Meetings")),
            recent(app, TEAMS, "Meetings"),
        ),
        "Users a day in calls a year before": (
            *(page["teams"]["Calls"]["before"], the("Users a day a year before", Activity="Calls")),
            recent(app, TEAMS, "Calls", back=364),
        ),
        "Storage (GB)": (
            *(page["storage"]["now"] / GB, the("Storage (GB)")),
            sum(each[max(each)] for each in stored) / GB,
        ),
        "Storage a year before (GB)": (
            *(page["storage"]["before"] / GB, the("Storage a year before (GB)")),
            sum(each[max(each) - timedelta(days=364)] for each in stored) / GB,
        ),
        "Storage in 90 days (GB)": (
            *(page["storage"]["ahead"] / GB, the("Storage in 90 days (GB)")),
            sum(line(each, 90) for each in stored) / GB,
        ),
        "Copilot active": (copilot["Any App"]["active"], the("Copilot active"), used),
        "Copilot adoption": (copilot["Any App"]["share"], the("Copilot adoption"), used / enabled),
        "Copilot adoption a year before": (
            *(copilot["Any App"]["before"], the("Copilot adoption a year before")),
            before / could,
        ),
        "Adoption of Copilot in Word": (copilot["Word"]["share"], the("App adoption", App="Word"), word / words),
        "Idle licences": (
            *(page["licences"]["idle"], the("Idle licences")),
            sum(each["Idle"] or 0 for each in licences),
        ),
        "Cost of idle licences": (
            *(page["licences"]["costs"][0][1], the("Cost of idle licences")),
            sum(each["Cost Of Idle"] or 0 for each in licences),
        ),
    }
    assert len(told) == 22
    assert all(api for _, _, api in told.values()), "nothing is compared that is not there"
    assert {name: each for name, each in told.items() if each != pytest.approx((each[2],) * 3, rel=1e-9)} == {}


def test_a_browser_without_javascript_is_told_addresses_that_answer(app: App) -> None:
    page = Path("shared/web/dashboard/index.html").read_text("utf-8")
    (told,) = re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)
    addresses = [html.unescape(each) for each in re.findall(r"<code>(v1\.0/.*?)</code>", told)]
    assert len(addresses) == 4
    for address in addresses:
        path, _, query = address.removesuffix("code=KEY").rstrip("&?").partition("?")
        assert ask(app, path, dict(parse_qsl(query))).status == 200, address


# -- the rest of the model ---------------------------------------------------------------------------------------------


def test_every_other_measure_is_what_the_api_says(app: App, model: dax.Model, page: dict[str, Any]) -> None:
    teams, licensed = (states(app, SERVICES, period, "Teams Inactive", "Teams Active") for period in ("D90", "D30"))
    inactive, active = states(app, SERVICES, "D90", "Office 365 Inactive", "Office 365 Active")
    word, words = states(app, COPILOT, "D30", "Word Active Users", "Word Enabled Users")
    stored = [storage(rows_of(app, f"{report}/series", {})) for report in STORAGE]
    now, before = (sum(each[max(each) - timedelta(days=back)] for each in stored) for back in (0, 364))
    actions = rows_of(app, "getTeamsUserActivityCounts/series", {})
    counts = rows_of(app, "getTeamsTeamCounts/series", {})
    products = value(ask(app, "v1.0/licences", {"format": "json"}))
    groups = value(ask(app, "v1.0/adoption", {"format": "json"}))
    told = [each for each in groups if each["Active"] is not None]
    activities = ("Team Chat Messages", "Private Chat Messages", "Calls", "Meetings")
    found = {
        "History since": min(row["Report Date"] for row in rows_of(app, f"{USERS}/series", {})),
        "People inactive for 90 days": inactive,
        "Inactive share": inactive / (inactive + active),
        "Users with a licence": sum(licensed),
        "Users inactive for 90 days": teams[0],
        "Change of active users": recent(app, USERS, "Teams") / recent(app, USERS, "Teams", back=364) - 1,
        "Change of users a day": recent(app, TEAMS, "Calls") / recent(app, TEAMS, "Calls", back=364) - 1,
        "Change of storage": now / before - 1,
        "Teams actions": sum(int(row[activity]) for row in actions for activity in activities),
        "Meetings in 28 days": sum(int(row["Meetings"]) for row in actions[-28:]),
        "Teams in all": int(counts[-1]["Public Teams"]) + int(counts[-1]["Private Teams"]),
        "Active teams": statistics.mean(
            int(row["Active Public Teams"]) + int(row["Active Private Teams"]) for row in counts[-28:]
        ),
        "Copilot enabled": page["copilot"]["Any App"]["all"],
        "App enabled": words,
        "App active": word,
        **{f"{name} licences": sum(each[name] or 0 for each in products) for name in ("Bought", "Assigned", "Free")},
        "Department people": sum(each["Licensed"] for each in groups),
        "Department active share": sum(each["Active"] for each in told) / sum(each["Licensed"] for each in told),
        "Newest refresh date": str(NOW.date()),
        "Age in days": 2,
        "Connection state": "Connected to https://HOST, refreshed 2026-11-21 13:15 UTC.",
    }
    of_teams = ["Users with a licence", "Users inactive for 90 days", "Change of active users"]
    chosen = {  # where more than one would be counted
        "Change of users a day": {"Activity": "Calls"},
        **{name: {"App": "Word"} for name in ("App enabled", "App active")},
        **{name: {"Service": "Teams"} for name in of_teams},
    }
    said = {name: model.value(name, **chosen.get(name, {})) for name in found}
    assert {name: (each, said[name]) for name, each in found.items() if not is_same(each, said[name])} == {}
    assert {*model.measures} - {*found} == COMPARED | OF_PEOPLE


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "Not connected yet: set the parameter BaseUrl, then refresh."),
        ([("no", "The key was refused.")], "Not connected to https://HOST: The key was refused."),
    ],
    ids=["never refreshed", "refused"],
)
def test_the_first_page_says_what_is_wrong_with_the_connection(rows: list[tuple[str, str]], said: str) -> None:
    measure = {"Connection state": Project(FOLDER).measures["Connection state"][1]}
    told = [{"Address": "https://HOST", "Connected": yes, "Message": why, "Refreshed": NOW} for yes, why in rows]
    assert dax.Model({"Connection": told}, [], measure).value("Connection state") == said


def is_same(one: float | str, other: Any) -> bool:
    return one == str(other) if isinstance(one, str) else other == pytest.approx(one, rel=1e-9)


def test_at_the_end_of_a_month_a_mean_is_of_its_last_28_days(app: App, model: dax.Model) -> None:
    june = {"from": "2026-06-03", "to": "2026-07-01"}
    days = [int(row["Office 365"]) for row in rows_of(app, f"{USERS}/series", june)]
    assert model.value("Active people", Month=date(2026, 6, 1)) == pytest.approx(statistics.mean(days))
    assert model.value("Active people", Month=date(2025, 1, 1)) is None


def test_a_number_of_several_services_activities_or_apps_is_blank_and_not_that_of_all(model: dax.Model) -> None:
    for name in ("Active users", "Users with a licence", "Users a day", "App adoption"):
        assert model.value(name) is None, name


def test_people_are_those_of_the_newest_date(app: App, model: dax.Model) -> None:
    rows = rows_of(app, f"{DETAIL}(period='D90')", {})
    licensed = [row for row in rows if row["Is Deleted"] != "True" and row["Assigned Products"]]
    day = date.fromisoformat(rows[0]["Report Refresh Date"])
    last = [
        max(row[f"{each} Last Activity Date"] for each in ("Exchange", "OneDrive", "SharePoint", "Teams", "Yammer"))
        for row in licensed
    ]
    idle = [each for each in last if each <= str(day - timedelta(days=90))]
    assert model.value("People with a product") == len(licensed)
    assert model.value("Idle people") == len(idle) > 0
    copilots = [row for row in licensed if "MICROSOFT 365 COPILOT" in row["Assigned Products"].split("+")]
    assert model.value("People with a product", Product="MICROSOFT 365 COPILOT") == len(copilots) > 0
    assert model.value("Idle share") == len(idle) / len(licensed)
    assert model.value("Last activity") == date.fromisoformat(max(last))
    assert model.value("Concealed people") is None  # a count of none
