"""What the `REPORTS` setting selects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.call import calls_of
from shared.domain.catalogue import Report, catalogue
from shared.domain.errors import SettingError
from shared.domain.selection import GROUPS, Selection, select
from shared.settings import SETTINGS

REPORTS = catalogue().reports
LIVE = [report for report in REPORTS.values() if report.live and not report.is_directory]
COUNTS = "getEmailActivityCounts"
DETAIL = "getEmailActivityUserDetail"


def selection(text: str) -> Selection:
    return select(text, catalogue())


def calls(text: str) -> set[str]:
    return {str(call) for call in selection(text).calls}


def refusal(text: str) -> str:
    """The text of the SettingError that a setting is answered with."""
    with pytest.raises(SettingError, match=r"^The app setting REPORTS ") as raised:
        selection(text)
    return str(raised.value)


def names(reports: list[Report]) -> list[str]:
    return [report.name for report in reports]


# Groups


def test_the_default_is_every_live_report_without_personal_data() -> None:
    default = next(setting.default for setting in SETTINGS if setting.name == "REPORTS")
    assert default == "aggregates"
    assert list(selection(default).by_report) == names([report for report in LIVE if not report.personal_data])


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_selects_every_period_of_its_reports(group: str) -> None:
    chosen = selection(group)
    assert chosen.calls == {call for name in list(chosen.by_report) for call in calls_of(REPORTS[name])}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_selects_nothing_that_cannot_be_pulled(group: str) -> None:
    assert all(REPORTS[name].live for name in selection(group).by_report)


def test_personal_is_every_live_report_with_personal_data() -> None:
    assert list(selection("personal").by_report) == names([report for report in LIVE if report.personal_data])


def test_all_is_everything_that_can_be_pulled() -> None:
    assert list(selection("all").by_report) == names(LIVE)
    assert selection("all") == selection("aggregates,personal")


def test_the_directory_is_a_group_of_its_own_and_says_what_it_needs() -> None:
    assert list(selection("directory").by_report) == ["subscribedSkus", "users"]
    assert selection("all").directory == {}
    assert selection("all, directory, -users").directory == {"subscribedSkus": "LicenseAssignment.Read.All"}
    assert selection("directory").only({"users"}).directory == {"users": "User.Read.All"}


def test_single_days_are_wanted_of_the_reports_that_take_a_date() -> None:
    assert selection("all").daily == {report.name for report in LIVE if report.date_window_days}
    assert selection("aggregates").daily == set()


def test_both_versions_of_the_copilot_reports_are_selected() -> None:
    versions = {call.version for call in selection("getMicrosoft365CopilotUserCountTrend").calls}
    assert versions == {None, "v2"}


# Families, reports and calls


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Outlook activity (email activity)", id="in full"),
        pytest.param("Outlook activity", id="without what is in parentheses"),
        pytest.param("outlook ACTIVITY", id="in any letter case"),
        pytest.param("OutlookActivity", id="without spaces"),
        pytest.param("outlook-activity", id="with a hyphen"),
        pytest.param("outlook_activity", id="with an underscore"),
    ],
)
def test_a_family_selects_its_reports(text: str) -> None:
    assert list(selection(text).by_report) == [COUNTS, "getEmailActivityUserCounts", DETAIL]


@pytest.mark.parametrize("family", sorted({report.family for report in LIVE}))
def test_every_family_is_selected_by_its_name_with_its_live_reports(family: str) -> None:
    assert list(selection(family).by_report) == names([report for report in LIVE if report.family == family])


@pytest.mark.parametrize("text", [DETAIL, DETAIL.lower(), f" {DETAIL} "])
def test_a_report_selects_its_periods_and_its_single_days(text: str) -> None:
    assert calls(text) == {f"{DETAIL}(period='{period}')" for period in ("D7", "D30", "D90", "D180")}
    assert selection(text).daily == {DETAIL}


def test_an_alias_selects_the_report_that_it_means() -> None:
    assert selection("getMailboxUsageUserDetail") == selection("getMailboxUsageDetail")


def test_a_report_without_argument_selects_its_one_call() -> None:
    assert calls("getOffice365ActivationCounts") == {"getOffice365ActivationCounts"}


@pytest.mark.parametrize("text", [f"{COUNTS}(period='D7')", f"{COUNTS}( period = d7 )", f"{COUNTS.upper()}(period=D7)"])
def test_a_call_selects_that_call_alone(text: str) -> None:
    assert calls(text) == {f"{COUNTS}(period='D7')"}


def test_a_period_of_a_report_that_takes_dates_selects_no_single_days() -> None:
    assert selection(f"{DETAIL}(period='D7')").daily == set()


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("EmailActivity(view='Activity',period='D7')", "getEmailActivityCounts(period='D7')"),
        ("YammerActivity(view='Activity',period='D7')/content", "getYammerActivityCounts(period='D7')"),
        ("OneDriveUsage(view='Storage',period='D7')", "getOneDriveUsageStorage(period='D7')"),
        ("Office365Activations(view='Users')", "getOffice365ActivationsUserCounts"),
    ],
)
def test_a_2017_form_selects_that_call_alone_even_where_a_family_has_the_same_name(text: str, call: str) -> None:
    assert calls(text) == {call}
    assert selection(text).daily == set()


# Lists


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("getTeamsTeamCounts,getOneDriveUsageStorage", id="comma"),
        pytest.param("getTeamsTeamCounts\ngetOneDriveUsageStorage", id="newline"),
        pytest.param("getTeamsTeamCounts\r\ngetOneDriveUsageStorage\r\n", id="newline of Windows"),
        pytest.param(" getTeamsTeamCounts , getOneDriveUsageStorage ", id="spaces"),
        pytest.param(",getTeamsTeamCounts,,\n\ngetOneDriveUsageStorage,", id="nothing between separators"),
        pytest.param("getOneDriveUsageStorage,getTeamsTeamCounts,getTeamsTeamCounts", id="other order, one twice"),
    ],
)
def test_items_are_separated_by_comma_or_newline(text: str) -> None:
    assert list(selection(text).by_report) == ["getOneDriveUsageStorage", "getTeamsTeamCounts"]


def test_a_comma_inside_parentheses_separates_arguments_not_items() -> None:
    text = "getMicrosoft365CopilotUserCountTrend(period='D7',version='v2'),EmailActivity(view='Activity',period='D7')"
    assert calls(text) == {
        "getMicrosoft365CopilotUserCountTrend(period='D7',version='v2')",
        f"{COUNTS}(period='D7')",
    }


@pytest.mark.parametrize("minus", ["-", "- "])
def test_minus_takes_away_what_was_added_before(minus: str) -> None:
    assert COUNTS not in list(selection(f"aggregates,{minus}{COUNTS}").by_report)
    assert calls(f"{COUNTS},{minus}{COUNTS}(period='D180')") == {
        f"{COUNTS}(period='{period}')" for period in ("D7", "D30", "D90")
    }


def test_items_count_from_left_to_right() -> None:
    assert COUNTS in list(selection(f"aggregates,-Outlook activity,{COUNTS}").by_report)
    assert COUNTS not in list(selection(f"{COUNTS},aggregates,-Outlook activity").by_report)


def test_taking_a_report_away_takes_its_single_days_too() -> None:
    assert DETAIL not in selection(f"personal,-{DETAIL}").daily


def test_taking_a_period_away_leaves_the_single_days() -> None:
    assert DETAIL in selection(f"personal,-{DETAIL}(period='D7')").daily


def test_a_group_can_be_taken_away() -> None:
    assert selection("all,-personal") == selection("aggregates")


# What is refused


@pytest.mark.parametrize("text", ["", " ", ",", "\n,\n", "aggregates,-aggregates", "-all", f"-{COUNTS},{COUNTS},-all"])
def test_a_setting_must_leave_something_to_pull(text: str) -> None:
    assert "at least one call to pull" in refusal(text)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("everything", id="no group"),
        pytest.param("Outlook", id="part of a family"),
        pytest.param("getEmailActivityCount", id="misspelt report"),
        pytest.param("aggregates;personal", id="semicolon"),
        pytest.param(f"{COUNTS}(period='D7'", id="parenthesis never closed"),
        pytest.param("*", id="wildcard"),
    ],
)
def test_an_unknown_item_is_named(item: str) -> None:
    assert f"holds {item!r}" in refusal(f"aggregates\n{item}")
    assert f"holds {item!r}" in refusal(f"aggregates\n-{item}")


def test_a_parenthesis_never_opened_is_refused() -> None:
    assert "There is no report 'aggregates)'" in refusal("aggregates)")


def test_the_first_wrong_item_is_the_one_named() -> None:
    assert "'first'" in refusal("aggregates,first,second")


def test_a_misspelt_report_is_answered_with_the_nearest() -> None:
    assert f"Did you mean {COUNTS}?" in refusal("getEmailActivityCount")


def test_a_wrong_period_is_answered_with_the_right_ones() -> None:
    assert "D7, D30, D90, D180" in refusal(f"{COUNTS}(period='D8')")


@pytest.mark.parametrize("text", [f"{DETAIL}(date=2024-11-29)", "EmailActivity(view='Detail',date='2024-11-29')"])
def test_a_single_day_is_refused_for_a_day_is_no_standing_wish(text: str) -> None:
    assert f"{DETAIL} selects every day" in refusal(text)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param("getSkypeForBusinessActivityCounts", "retired", id="retired report"),
        pytest.param("getSkypeForBusinessActivityCounts(period='D7')", "retired", id="call of a retired report"),
        pytest.param("Skype for Business activity", "retired", id="retired family"),
        pytest.param("SfbActivity(view='Users',period='D7')", "retired", id="2017 form of a retired report"),
        pytest.param("getApiUsage", "signed-in people only", id="report for signed-in people"),
        pytest.param("getApiUsage(period='D7')", "signed-in people only", id="call for signed-in people"),
        pytest.param("azureADPremiumLicenseInsight", "one JSON object", id="object that is no report"),
        pytest.param("Microsoft Graph API usage", "signed-in people only", id="family for signed-in people"),
    ],
)
def test_what_cannot_be_pulled_is_refused_with_the_reason(item: str, reason: str) -> None:
    assert f"holds {item!r}" in refusal(f"aggregates,{item}")
    assert reason in refusal(f"aggregates,{item}")


# Properties

ITEMS = [*GROUPS, *names(LIVE), *sorted({report.family for report in LIVE}), f"{COUNTS}(period='D7')"]
lists = st.lists(st.tuples(st.sampled_from(["", "-"]), st.sampled_from(ITEMS)), min_size=1, max_size=5)


@given(lists, st.sampled_from([",", "\n", " ,\n"]))
def test_a_list_selects_what_its_items_add_and_take_away_in_turn(items: list[tuple[str, str]], separator: str) -> None:
    expected: set[str] = set()
    for minus, item in items:
        expected = expected - calls(item) if minus else expected | calls(item)
    text = separator.join(minus + item for minus, item in items)
    if expected:
        assert calls(text) == expected
    else:
        assert "at least one call to pull" in refusal(text)


@given(st.text() | st.text("aglmnopreDtsu-,()='7 \n"))
def test_whatever_the_setting_holds_it_selects_something_live_or_is_refused(text: str) -> None:
    try:
        chosen = selection(text)
    except SettingError:
        return
    assert list(chosen.by_report)
    assert set(list(chosen.by_report)) <= set(names(LIVE))
