"""Every notation of a call is read, and written in one form."""

import time
from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.call import Call, calls_of, every_call, parse, parse_date
from shared.domain.catalogue import LegacyFamily, catalogue
from shared.domain.errors import BadArgument, UnknownReport

REPORTS = catalogue().reports
COUNTS = "getEmailActivityCounts"
DETAIL = "getEmailActivityUserDetail"
COPILOT = "getMicrosoft365CopilotUserCountTrend"
ACTIVATIONS = "getOffice365ActivationCounts"
API_USAGE = "getSharePointApiUsage"
DAY = date(2024, 11, 29)
VIEWS = [
    pytest.param(family, view, id=f"{name}-{view}")
    for name, family in catalogue().legacy.items()
    for view in family.views
]


def call(text: str, **parameters: str) -> str:
    """The canonical form of a call."""
    return str(parse(text, catalogue(), parameters))


def unknown(text: str) -> UnknownReport:
    with pytest.raises(UnknownReport) as raised:
        call(text)
    return raised.value


def refusal(text: str, parameters: Mapping[str, str] | None = None) -> str:
    """The text of the BadArgument that a call of a known report is answered with."""
    with pytest.raises(BadArgument) as raised:
        parse(text, catalogue(), parameters)
    return str(raised.value)


# Notations


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{COUNTS}(period='D7')", id="Graph's own"),
        pytest.param(f"{COUNTS}(period=D7)", id="bare value"),
        pytest.param(f"  {COUNTS} ( period = 'D7' )  ", id="spaces"),
        pytest.param(f"{COUNTS}(\tperiod='D7'\n)", id="tab and newline"),
        pytest.param(f"{COUNTS}%28period%3D%27D7%27%29", id="percent-encoded"),
        pytest.param(f"{COUNTS}%28period%3d%27D7%27%29", id="percent-encoded in lower case"),
        pytest.param(f"{COUNTS}(%20period='D7')", id="encoded space"),
        pytest.param("".join(f"%{ord(letter):02x}" for letter in f"{COUNTS}(period='D7')"), id="all percent-encoded"),
        pytest.param(f"{COUNTS.lower()}(period='D7')", id="name in lower case"),
        pytest.param(f"{COUNTS.upper()}(PERIOD='D7')", id="name and key in upper case"),
        pytest.param(f"{COUNTS}(period='d7')", id="period in lower case"),
        pytest.param(f"microsoft.graph.{COUNTS}(period='D7')", id="namespace"),
        pytest.param(f"{COUNTS}(period='D7')/content", id="content"),
        pytest.param(f"{COUNTS}(period='D7')/", id="slash at the end"),
        pytest.param(f"Microsoft.Graph.{COUNTS}(period='D7')/Content/", id="namespace and content in any letter case"),
        pytest.param(f"{COUNTS}(period='D7',date=null)", id="null = not given"),
        pytest.param(f"{COUNTS}(period='D7',view=null,version=null)", id="null for what it does not take"),
    ],
)
def test_every_notation_of_a_period_is_read(text: str) -> None:
    assert call(text) == f"{COUNTS}(period='D7')"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{DETAIL}(date=2024-11-29)", id="Graph's own"),
        pytest.param(f"{DETAIL}(date='2024-11-29')", id="quoted"),
        pytest.param(f"{DETAIL}(DATE = 2024-11-29 )", id="spaces and upper case"),
        pytest.param(f"{DETAIL}(date%3D2024%2D11%2D29)", id="percent-encoded"),
        pytest.param(f"{DETAIL}(period=null,date='2024-11-29')/content", id="period null"),
    ],
)
def test_every_notation_of_a_date_is_read(text: str) -> None:
    assert call(text) == f"{DETAIL}(date=2024-11-29)"


@pytest.mark.parametrize("text", [COUNTS, f"{COUNTS}()", f"{COUNTS}( )", f"{COUNTS}/content", f"{COUNTS}(period=null)"])
@pytest.mark.parametrize("parameters", [{"period": "D7"}, {"Period": "d7"}, {"period": "D7", "date": "null"}])
def test_arguments_may_be_query_parameters(text: str, parameters: Mapping[str, str]) -> None:
    assert call(text, **parameters) == f"{COUNTS}(period='D7')"


@pytest.mark.parametrize("parameters", [{"period": "D7"}, {"PERIOD": "d7"}])
def test_the_same_argument_may_be_given_in_both_places(parameters: Mapping[str, str]) -> None:
    assert call(f"{COUNTS}(period='D7')", **parameters) == f"{COUNTS}(period='D7')"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{COPILOT}(period='D28',version='v2')", id="period first"),
        pytest.param(f"{COPILOT}(version='v2',period='D28')", id="version first"),
        pytest.param(f"{COPILOT}( version = V2 , period = d28 )", id="bare, with spaces"),
    ],
)
def test_the_order_of_arguments_does_not_matter(text: str) -> None:
    assert call(text) == f"{COPILOT}(period='D28',version='v2')"


@pytest.mark.parametrize("text", [ACTIVATIONS, f"{ACTIVATIONS}()", f"{ACTIVATIONS}(period=null)/content"])
def test_a_report_without_argument_is_its_bare_name(text: str) -> None:
    assert call(text) == ACTIVATIONS


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("getOneDriveUsageUserDetail", "getOneDriveUsageAccountDetail"),
        ("GETMAILBOXUSAGEUSERDETAIL", "getMailboxUsageDetail"),
    ],
)
def test_an_alias_becomes_the_name_that_graph_knows(alias: str, name: str) -> None:
    assert call(alias, period="D7") == f"{name}(period='D7')"


# The forms of 2017


@pytest.mark.parametrize(("family", "view"), VIEWS)
def test_a_2017_form_with_a_period(family: LegacyFamily, view: str) -> None:
    text = f"{family.family}(view='{view}',period='D30')/content"
    if family.periods:
        assert parse(text, catalogue()) == Call(family.views[view], period="D30")
    else:
        assert "takes no argument" in refusal(text)


@pytest.mark.parametrize(("family", "view"), VIEWS)
def test_a_2017_form_with_a_date_names_a_day_for_detail_where_it_took_one(family: LegacyFamily, view: str) -> None:
    text = f"{family.family}(view='{view}',date='2024-11-29')/content"
    if view == "Detail" and family.date_with_detail:
        assert parse(text, catalogue()) == Call(family.views[view], date=DAY)
    elif view != "Detail" and not family.periods:
        assert parse(text, catalogue()) == Call(family.views[view])
    else:
        assert family.views[view] in refusal(text)


@pytest.mark.parametrize(("family", "view"), VIEWS)
def test_a_2017_form_with_both_takes_the_date_for_detail_and_the_period_else(family: LegacyFamily, view: str) -> None:
    text = f"{family.family}(view='{view}',period='D90',date='2024-11-29')/content"
    if view == "Detail" and family.date_with_detail:
        assert parse(text, catalogue()) == Call(family.views[view], date=DAY)
    elif view != "Detail" and family.periods:
        assert parse(text, catalogue()) == Call(family.views[view], period="D90")
    else:
        assert "takes no" in refusal(text)


@pytest.mark.parametrize(("family", "view"), VIEWS)
def test_a_2017_form_with_a_view_alone(family: LegacyFamily, view: str) -> None:
    text = f"{family.family}(view='{view}')/content"
    if family.periods:
        assert "period" in refusal(text)
    else:
        assert parse(text, catalogue()) == Call(family.views[view])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Office365ActiveUsers(view='Users',period='D7')/content", id="as documented"),
        pytest.param("office365activeusers(period=d7,view=users)", id="lower case, bare, other order"),
        pytest.param("Office365ActiveUsers(view='Users',period='D7',date=null)/content", id="as drafted"),
        pytest.param("Office365ActiveUsers%28view%3D%27Users%27%2Cperiod%3D%27D7%27%29/content", id="percent-encoded"),
        pytest.param("Office365ActiveUser(view='Users',period='D7')", id="as some pages misspelt it"),
        pytest.param("microsoft.graph.Office365ActiveUsers(view='Users',period='D7')", id="namespace"),
    ],
)
def test_a_2017_form_is_read_in_every_notation(text: str) -> None:
    assert call(text) == "getOffice365ActiveUserCounts(period='D7')"


def test_a_2017_form_may_have_its_arguments_as_query_parameters() -> None:
    assert call("EmailActivity", view="detail", date="2024-11-29") == f"{DETAIL}(date=2024-11-29)"


def test_a_date_that_2017_ignored_need_not_even_be_one() -> None:
    assert call("EmailActivity(view='Activity',period='D7',date='soon')") == f"{COUNTS}(period='D7')"


@pytest.mark.parametrize(
    ("text", "given"),
    [
        pytest.param("EmailActivity(view='Files',period='D7')", "'Files'", id="view of another family"),
        pytest.param("EmailActivity(period='D7')", "given none", id="no view"),
        pytest.param("EmailActivity(view='',period='D7')", "''", id="empty view"),
        pytest.param("EmailActivity", "given none", id="nothing at all"),
    ],
)
def test_a_2017_form_needs_one_of_its_views(text: str, given: str) -> None:
    assert "one of Detail, Activity, Users" in refusal(text)
    assert given in refusal(text)


def test_only_2017_forms_have_a_view() -> None:
    assert "only the 2017 forms" in refusal(f"{COUNTS}(view='Detail',period='D7')")


# The second version of the Copilot reports


@pytest.mark.parametrize("name", [report.name for report in REPORTS.values() if report.version_2])
@pytest.mark.parametrize(
    ("arguments", "canonical"),
    [
        ("period='D30'", "period='D30'"),
        ("period='all'", "period='ALL'"),
        ("period='D30',version='v1'", "period='D30'"),
        ("period='D28',version='v2'", "period='D28',version='v2'"),
        ("period='ALL',version='V2'", "period='ALL',version='v2'"),
    ],
)
def test_each_copilot_version_has_its_own_periods(name: str, arguments: str, canonical: str) -> None:
    assert call(f"{name}({arguments})") == f"{name}({canonical})"


@pytest.mark.parametrize(
    ("arguments", "lists"),
    [
        pytest.param("period='D28'", "D7, D30, D90, D180, ALL", id="period of v2 without version"),
        pytest.param("period='D28',version='v1'", "D7, D30, D90, D180, ALL", id="period of v2 in v1"),
        pytest.param("period='D30',version='v2'", "D7, D28, D90, D180, ALL", id="period of v1 in v2"),
        pytest.param("version='v2'", "D7, D28, D90, D180, ALL", id="v2 without period"),
        pytest.param("period='D7',version='v3'", "'v1' or 'v2'", id="no such version"),
    ],
)
def test_the_wrong_period_of_a_copilot_version_is_answered_with_its_own(arguments: str, lists: str) -> None:
    assert lists in refusal(f"{COPILOT}({arguments})")


def test_other_reports_have_no_version() -> None:
    assert "only the Copilot reports" in refusal(f"{COUNTS}(period='D7',version='v2')")


# The report types of SharePoint's API usage


@pytest.mark.parametrize(
    ("arguments", "canonical"),
    [
        pytest.param("period='D1'", "period='D1'", id="the usual one"),
        pytest.param("period='D1',reportType='egressReport'", "period='D1'", id="the usual one by its name"),
        pytest.param(
            "reporttype=THROTTLINGREPORT,period=d7", "period='D7',reportType='throttlingReport'", id="another"
        ),
        pytest.param(
            "date='2024-11-29',reportType='throttlingReport'",
            "date=2024-11-29,reportType='throttlingReport'",
            id="of a single day",
        ),
    ],
)
def test_a_report_type_is_part_of_the_call(arguments: str, canonical: str) -> None:
    assert call(f"{API_USAGE}({arguments})") == f"{API_USAGE}({canonical})"


def test_an_unknown_report_type_is_answered_with_those_there_are() -> None:
    wants = "egressReport, throttlingReport, sharePointServicePrioritizationReport"
    assert wants in refusal(f"{API_USAGE}(period='D7',reportType='x')")


def test_other_reports_have_no_report_type() -> None:
    assert "one kind of file" in refusal(f"{COUNTS}(period='D7',reportType='egressReport')")


# What is refused


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        pytest.param("getEmailActivityCount(period='D7')", COUNTS, id="letter missing"),
        pytest.param("getEmialActivityCounts", COUNTS, id="letters swapped"),
        pytest.param("getOffice365ServicesUserCount", "getOffice365ServicesUserCounts", id="singular"),
        pytest.param("GETTEAMSUSERACTIVITYDETAIL", "getTeamsUserActivityUserDetail", id="word missing"),
        pytest.param("Office365ActiveUsrs(view='Users')", "Office365ActiveUsers", id="2017 form"),
        pytest.param("getEmailActivityCounts(period='D7'", COUNTS, id="parenthesis left open"),
        pytest.param("getEmailActivityCounts%2528period='D7'%2529", COUNTS, id="percent-encoded twice"),
    ],
)
def test_an_unknown_report_is_answered_with_the_nearest(text: str, nearest: str) -> None:
    error = unknown(text)
    facts: object = error.facts["nearest"]
    assert isinstance(facts, list)
    assert facts[0] == nearest
    assert f"Did you mean {nearest}?" in str(error)


@pytest.mark.parametrize(
    "text",
    ["azureADPremiumLicenseInsight", "GETMICROSOFT365COPILOTUSAGEUSERDETAILBYDATE(date=2026-11-18)"],
)
def test_what_is_not_archived_is_told_from_a_slip_of_the_pen(text: str) -> None:
    name = next(name for name in catalogue().not_archived if name.lower() in text.lower())
    assert str(unknown(text)) == f"{name} is not archived: {catalogue().not_archived[name].why}."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" ", id="space"),
        pytest.param("()", id="no name"),
        pytest.param("con", id="device name"),
        pytest.param("$logs", id="system container"),
        pytest.param("..%2f..%2f", id="traversal"),
        pytest.param("../../etc/passwd", id="traversal, plain"),
        pytest.param("%00", id="NUL"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param("%ff%fe", id="not UTF-8"),
        pytest.param("😀" * 100, id="not ASCII"),
        pytest.param("x" * 100_000, id="very long"),
    ],
)
def test_what_is_near_no_report_is_answered_with_the_way_to_the_catalogue(text: str) -> None:
    error = unknown(text)
    assert "/api/v1.0/reports lists every report" in str(error)
    assert error.facts == {"nearest": []}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{COUNTS}\0(period='D7')", id="NUL after the name"),
        pytest.param(f"{COUNTS}(period='D7')%00", id="encoded NUL at the end"),
        pytest.param(f"{COUNTS}(period='D7')/series", id="something after the call"),
        pytest.param(f"../{COUNTS}(period='D7')", id="something before the call"),
        pytest.param(f"{COUNTS}(period='D7')(period='D7')", id="two argument lists"),
        pytest.param(f"{COUNTS}(period='(D7)')", id="parentheses inside"),
        pytest.param(f"x.{COUNTS}(period='D7')", id="another namespace"),
        pytest.param(COUNTS.replace("get", "\uff47\uff45\uff54"), id="fullwidth letters"),
        pytest.param(COUNTS.replace("i", "\u0456"), id="Cyrillic letters"),
        pytest.param("getS\u212aypeForBusinessActivityCounts", id="Kelvin sign, which is k in lower case"),
        pytest.param(f"microsoft/graph/{COUNTS}(period='D7')", id="namespace with slashes"),
    ],
)
def test_a_name_with_anything_about_it_is_no_report(text: str) -> None:
    unknown(text)


@pytest.mark.parametrize(
    "period",
    ["", "D8", "7", "D07", "D7 ", "D", "ALL", "D365", "D\uff17", "day", "D7\0", '"D7"', "D7;D30", "%44%37", "null "],
)
def test_a_period_that_the_report_does_not_take_is_answered_with_those_it_does(period: str) -> None:
    assert "D7, D30, D90, D180" in refusal(COUNTS, {"period": period})
    assert ascii(period) in refusal(COUNTS, {"period": period})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2024-02-30", id="no such day"),
        pytest.param("2023-02-29", id="no leap year"),
        pytest.param("2024-13-01", id="no such month"),
        pytest.param("0000-01-01", id="no such year"),
        pytest.param("24-11-29", id="short year"),
        pytest.param("2024-1-9", id="no leading zeros"),
        pytest.param("11/29/2024", id="slashes"),
        pytest.param("29.11.2024", id="points"),
        pytest.param("20241129", id="no hyphens"),
        pytest.param("2024-W48-5", id="week date"),
        pytest.param("2024-334", id="day of the year"),
        pytest.param("+2024-11-29", id="plus"),
        pytest.param("-2024-11-29", id="minus"),
        pytest.param("2024-+1-29", id="plus inside"),
        pytest.param("\uff12\uff10\uff12\uff14-11-29", id="fullwidth digits"),
        pytest.param("\u0662\u0660\u0662\u0664-11-29", id="Arabic digits"),
        pytest.param("2024-11-29T00:00:00Z", id="instant"),
        pytest.param("2024-11-29\n", id="newline"),
        pytest.param(" 2024-11-29", id="space"),
        pytest.param("2024\u201011\u201029", id="typographic hyphens"),
        pytest.param("today", id="word"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_date_is_a_day_of_the_calendar_written_in_full(text: str) -> None:
    assert "YYYY-MM-DD" in refusal(DETAIL, {"date": text})
    assert ascii(text) in refusal(DETAIL, {"date": text})


def test_a_leap_day_is_a_date() -> None:
    assert call(f"{DETAIL}(date=2024-02-29)") == f"{DETAIL}(date=2024-02-29)"


def test_a_wrong_date_of_something_else_names_it() -> None:
    with pytest.raises(BadArgument, match=r"^refreshDate must be a day"):
        parse_date("29.11.2024", "refreshDate")


@pytest.mark.parametrize(
    ("text", "given"),
    [
        pytest.param(f"{DETAIL}(period='D7',date=2024-11-29)", "both", id="both"),
        pytest.param(DETAIL, "neither", id="neither"),
        pytest.param(f"{DETAIL}()", "neither", id="empty parentheses"),
        pytest.param(f"{DETAIL}(period=null,date=null)", "neither", id="both null"),
    ],
)
def test_period_and_date_exclude_each_other_and_one_is_needed(text: str, given: str) -> None:
    assert "D7, D30, D90, D180" in refusal(text)
    assert refusal(text).endswith(f"was given {given}.")


@pytest.mark.parametrize("arguments", ["date=2024-11-29", "period='D7',date=2024-11-29"])
@pytest.mark.parametrize("name", [COUNTS, COPILOT, "getMailboxUsageDetail"])
def test_a_report_that_takes_no_date_says_so(name: str, arguments: str) -> None:
    assert f"{name} takes no date; it takes a period, one of D7, " in refusal(f"{name}({arguments})")


def test_a_report_that_needs_a_period_says_which() -> None:
    assert refusal(COUNTS) == f"{COUNTS} needs a period, one of D7, D30, D90, D180."


@pytest.mark.parametrize("arguments", ["period='D7'", "date=2024-11-29", "version='v2'"])
def test_a_report_without_argument_takes_none(arguments: str) -> None:
    assert f"{ACTIVATIONS} takes no argument" in refusal(f"{ACTIVATIONS}({arguments})")


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        pytest.param(f"{COUNTS}(period='D7')", {"period": "D30"}, id="in parentheses and as parameter"),
        pytest.param(COUNTS, {"period": "D7", "Period": "D30"}, id="as parameter in two letter cases"),
        pytest.param(f"{COUNTS}(period='D7',period='D30')", {}, id="twice in parentheses"),
        pytest.param(f"{COUNTS}(period='D7',PERIOD='D30')", {}, id="twice in parentheses in two letter cases"),
    ],
)
def test_an_argument_given_with_two_values_is_refused(text: str, parameters: Mapping[str, str]) -> None:
    assert "twice" in refusal(text, parameters)


@pytest.mark.parametrize("key", ["period[]", "period[0]", "periods", "$top", "", "per iod", "period\0", "date.gte"])
def test_a_parameter_that_no_report_has_is_refused(key: str) -> None:
    assert refusal(COUNTS, {"period": "D7", key: "D7"}).endswith("there are period, date, version, reportType.")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("D7", id="value without key"),
        pytest.param("period", id="key without value"),
        pytest.param("period=", id="nothing after ="),
        pytest.param("period='D7", id="quote left open"),
        pytest.param("period=''D7''", id="quotes doubled"),
        pytest.param("period:'D7'", id="colon"),
        pytest.param("period='D7',", id="comma at the end"),
        pytest.param("period='D7' date=2024-11-29", id="no comma between"),
        pytest.param("period='D7';date=null", id="semicolon between"),
        pytest.param("period[]='D7'", id="array"),
        pytest.param("foo=null", id="unknown key that is null"),
        pytest.param("foo='D7'", id="unknown key"),
    ],
)
def test_what_is_no_argument_is_refused(arguments: str) -> None:
    assert "argument" in refusal(f"{COUNTS}({arguments})")


@pytest.mark.parametrize("last", ["x", "(", ")x"])
def test_a_long_run_of_spaces_costs_no_time(last: str) -> None:
    begin = time.process_time()
    with pytest.raises((UnknownReport, BadArgument)):
        call(f"{COUNTS}({' ' * 1500}{last}")
    assert time.process_time() - begin < 0.3


# The parts of a call


@pytest.mark.parametrize(
    ("a_call", "key"),
    [
        pytest.param(Call(COUNTS, period="D7"), "D7", id="period"),
        pytest.param(Call(DETAIL, date=DAY), "day", id="date"),
        pytest.param(Call(ACTIVATIONS), "none", id="without argument"),
        pytest.param(Call(COPILOT, period="D28", version="v2"), "D28-v2", id="second version"),
        pytest.param(Call(API_USAGE, period="D7", report_type="throttlingReport"), "D7-throttlingReport", id="type"),
        pytest.param(Call(API_USAGE, date=DAY, report_type="throttlingReport"), "day-throttlingReport", id="day, type"),
    ],
)
def test_the_key_of_a_call_is_its_argument_in_the_names_of_the_archive(a_call: Call, key: str) -> None:
    assert a_call.key == key


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param(DETAIL, ["D7", "D30", "D90", "D180"], id="a call for each period, none for single days"),
        pytest.param(ACTIVATIONS, ["none"], id="one call without argument"),
        pytest.param(
            COPILOT,
            ["D7", "D30", "D90", "D180", "ALL", "D7-v2", "D28-v2", "D90-v2", "D180-v2", "ALL-v2"],
            id="a call for each period of both versions",
        ),
    ],
)
def test_the_calls_of_a_report(name: str, arguments: list[str]) -> None:
    assert [a_call.key for a_call in calls_of(REPORTS[name])] == arguments


# Properties

CALLS = [a_call for report in REPORTS.values() for a_call in calls_of(report)]
"""Every call of the catalogue but those for single days."""
PRINTABLE = {chr(code) for code in range(0x20, 0x7F)}
days = st.dates(date(2017, 1, 1), date(2100, 12, 31))
single_days = st.builds(
    lambda report, day: Call(report, date=day),
    st.sampled_from([r.name for r in REPORTS.values() if r.date_window_days]),
    days,
)
calls = st.sampled_from(CALLS) | single_days
spaces = st.text(" \t\n", max_size=2)
keys = st.sampled_from(["view", "period", "date", "version", "Period", "period[]", ""]) | st.text(max_size=5)
values = st.sampled_from(["D7", "ALL", "null", "v2", "Detail", "2024-11-29", "2024-02-30", ""]) | st.text()


@st.composite
def letter_cases(draw: st.DrawFn, text: str) -> str:
    """The text, any of its letters in the other case."""
    other = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    return "".join(letter.swapcase() if swap else letter for letter, swap in zip(text, other, strict=True))


@st.composite
def notations(draw: st.DrawFn, a_call: Call) -> tuple[str, dict[str, str]]:
    """A path and query parameters that mean the call."""
    given = {"period": a_call.period, "date": a_call.date and a_call.date.isoformat(), "version": a_call.version}
    given["reportType"] = a_call.report_type
    inside, parameters = [], {}
    for key, value in draw(st.permutations(list(given.items()))):
        held = draw(letter_cases(value)) if value else "null"
        if value is None and draw(st.booleans()):
            continue
        if draw(st.booleans()):
            parameters[draw(letter_cases(key))] = held
        else:
            shown = held if draw(st.booleans()) else f"'{held}'"
            parts = [draw(letter_cases(key)), "=", shown]
            inside.append("".join(draw(spaces) + part for part in parts) + draw(spaces))
    name = draw(st.sampled_from(["", "microsoft.graph."])) + draw(letter_cases(a_call.report)) + draw(spaces)
    brackets = f"({draw(spaces)}{','.join(inside)})" if inside != [] or draw(st.booleans()) else ""
    text = draw(spaces) + name + brackets + draw(st.sampled_from(["", "/content", "/"]))
    return draw(st.sampled_from([text, quote(text), quote(text, safe="")])), parameters


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A notation with something cut out and something put in."""
    text, _ = draw(notations(draw(calls)))
    begin = draw(st.integers(0, len(text)))
    end = draw(st.integers(begin, min(begin + 5, len(text))))
    return text[:begin] + draw(st.text(max_size=3) | st.text("()='%,/ \0", max_size=3)) + text[end:]


def answered(text: str, parameters: Mapping[str, str]) -> Call | UnknownReport | BadArgument:
    try:
        return parse(text, catalogue(), parameters)
    except (UnknownReport, BadArgument) as error:
        return error


texts = st.text() | damaged() | st.sampled_from(catalogue().names)


def test_the_canonical_form_of_every_call_means_that_call() -> None:
    assert [parse(str(a_call), catalogue()) for a_call in CALLS] == CALLS


@given(single_days)
def test_the_canonical_form_of_every_single_day_means_that_day(a_call: Call) -> None:
    assert parse(str(a_call), catalogue()) == a_call


@given(st.data())
def test_every_notation_of_a_call_means_that_call(data: st.DataObject) -> None:
    a_call = data.draw(calls)
    text, parameters = data.draw(notations(a_call))
    assert parse(text, catalogue(), parameters) == a_call


@given(texts, st.dictionaries(keys, values, max_size=3))
@example(f"{COUNTS}(period='{'😀' * 100}',date='{'😀' * 100}')", {"period": "😁" * 100})
@example("", {})
@example(COUNTS, {"😀" * 100: "\ud800"})
@example(COUNTS, {"Date": "\0" * 100, "DATE": "\x1b" * 100})
def test_whatever_is_asked_the_answer_is_a_canonical_call_or_a_readable_error(
    text: str, parameters: dict[str, str]
) -> None:
    answer = answered(text, parameters)
    if isinstance(answer, Call):
        assert parse(str(answer), catalogue()) == answer
    else:
        assert set(str(answer)) <= PRINTABLE
        assert len(str(answer)) <= 600


@given(st.text())
def test_only_ten_characters_of_ascii_are_a_date(text: str) -> None:
    try:
        day = parse_date(text, "it")
    except BadArgument:
        return
    assert day.isoformat() == text


@given(days)
def test_every_day_of_the_calendar_is_a_date(day: date) -> None:
    assert parse_date(day.isoformat(), "it") == day
    assert parse_date((day + timedelta(days=1)).isoformat(), "it") > day


def test_the_text_of_every_call_is_read_without_a_catalogue() -> None:
    calls = [call for report in REPORTS.values() for call in every_call(report, DAY)]
    assert [Call.from_text(str(call)) for call in calls] == calls
    assert {call.is_single_day for call in calls} == {True, False}


@pytest.mark.parametrize("text", ["", f"{COUNTS}()", f"{COUNTS}(period=D7)", f"{DETAIL}(date=2026-02-30)", "a b"])
def test_no_other_text_is_read_without_a_catalogue(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a call|day|month"):
        Call.from_text(text)
