"""The tenant is believable: totals agree with details, weeks have weekends, people come and go."""

from datetime import UTC, date, datetime, timedelta
from statistics import mean

import pytest

from simulator import Simulator
from tests.integration.simulator.client import Client, Rows

SERVICES = ("Exchange", "OneDrive", "SharePoint", "Yammer", "Teams")
NIGHT = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
REFRESHED = "2026-11-18"


@pytest.fixture
def client(simulator: Simulator, client: Client) -> Client:
    """A client late in the evening, when all reports have the refresh date of two days ago."""
    simulator.clock.set(NIGHT, running=False)
    return client


def total(rows: Rows, column: str) -> int:
    return sum(int(row[column]) for row in rows)


def done(rows: Rows, column: str) -> int:
    return sum(int(row[column]) > 0 for row in rows)


def on(rows: Rows, day: str) -> dict[str, str]:
    return next(row for row in rows if row["Report Date"] == day)


def living(rows: Rows) -> Rows:
    return [row for row in rows if row["Is Deleted"] == "False"]


@pytest.mark.parametrize("day", ["2026-10-28", "2026-11-12", "2026-11-15"], ids=["oldest", "Thursday", "Sunday"])
def test_users_of_a_day_are_those_in_its_detail(client: Client, day: str) -> None:
    counted = on(client.rows("getOffice365ActiveUserCounts(period='D30')"), day)
    detail = client.rows(f"getOffice365ActiveUserDetail(date={day})")
    assert int(counted["Office 365"]) == len(detail)
    for service in SERVICES:
        assert int(counted[service]) == sum(row[f"{service} Last Activity Date"] == day for row in detail)


def assert_services_agree(client: Client, period: str) -> None:
    (counted,) = client.rows(f"getOffice365ServicesUserCounts(period='{period}')")
    start = (date.fromisoformat(REFRESHED) - timedelta(days=int(period[1:]) - 1)).isoformat()
    detail = client.rows(f"getOffice365ActiveUserDetail(period='{period}')")
    for service in SERVICES:
        have = [row for row in detail if row[f"Has {service} License"] == "True"]
        active = sum(row[f"{service} Last Activity Date"] >= start for row in have)
        assert int(counted[f"{service} Active"]) == active > 0
        assert int(counted[f"{service} Inactive"]) == len(have) - active
    assert int(counted["Office 365 Active"]) + int(counted["Office 365 Inactive"]) == len(detail)


@pytest.mark.parametrize("period", ["D7", "D30", "D180"])
def test_active_and_inactive_users_are_those_in_the_detail(client: Client, period: str) -> None:
    assert_services_agree(client, period)


def test_they_are_so_in_a_larger_tenant() -> None:
    with Simulator(users=3000, now=NIGHT) as simulator, Client(simulator) as client:
        assert_services_agree(client, "D180")


def test_mail_of_a_day_is_that_of_its_users(client: Client) -> None:
    detail = client.rows("getEmailActivityUserDetail(date=2026-11-12)")
    sent = on(client.rows("getEmailActivityCounts(period='D7')"), "2026-11-12")
    users = on(client.rows("getEmailActivityUserCounts(period='D7')"), "2026-11-12")
    for action in ("Send", "Receive", "Read", "Meeting Created", "Meeting Interacted"):
        assert int(sent[action]) == total(detail, f"{action} Count") > 0
        assert int(users[action]) == done(detail, f"{action} Count") > 0


def test_devices_of_a_period_are_those_of_its_users(client: Client) -> None:
    (counted,) = client.rows("getTeamsDeviceUsageDistributionUserCounts(period='D30')")
    detail = client.rows("getTeamsDeviceUsageUserDetail(period='D30')")
    for device in ("Web", "iOS", "Mac", "Android Phone", "Windows", "Chrome OS", "Linux"):
        assert int(counted[device]) == sum(row[f"Used {device}"] == "Yes" for row in detail) > 0
    assert counted["Windows Phone"] == "0"


def test_stores_of_the_refresh_date_are_those_of_the_living(client: Client) -> None:
    mailboxes = living(client.rows("getMailboxUsageDetail(period='D7')"))
    assert on(client.rows("getMailboxUsageMailboxCounts(period='D7')"), REFRESHED)["Total"] == str(len(mailboxes))
    stored = on(client.rows("getMailboxUsageStorage(period='D7')"), REFRESHED)["Storage Used (Byte)"]
    assert int(stored) == total(mailboxes, "Storage Used (Byte)")
    states = on(client.rows("getMailboxUsageQuotaStatusMailboxCounts(period='D7')"), REFRESHED)
    full = sum(int(row["Storage Used (Byte)"]) >= int(row["Issue Warning Quota (Byte)"]) for row in mailboxes)
    assert int(states["Under Limit"]) == len(mailboxes) - full
    sites = living(client.rows("getSharePointSiteUsageDetail(period='D7')"))
    files = on(client.rows("getSharePointSiteUsageFileCounts(period='D7')"), REFRESHED)
    assert (files["Site Type"], int(files["Total"])) == ("All", total(sites, "File Count"))


def test_teams_are_counted_by_type(client: Client) -> None:
    teams = client.rows("getTeamsTeamActivityDetail(period='D7')")
    counted = on(client.rows("getTeamsTeamCounts(period='D7')"), REFRESHED)
    public = sum(row["Team Type"] == "Public" for row in teams)
    assert (int(counted["Public Teams"]), int(counted["Private Teams"])) == (public, len(teams) - public)
    assert 0 < int(counted["Active Private Teams"]) < int(counted["Private Teams"])


def test_activations_are_those_of_the_users(client: Client) -> None:
    detail = client.rows("getOffice365ActivationsUserDetail")
    for counted in client.rows("getOffice365ActivationCounts"):
        own = [row for row in detail if row["Product Type"] == counted["Product Type"]]
        for device in ("Windows", "Mac", "Android", "iOS", "Windows 10 Mobile"):
            assert int(counted[device]) == total(own, device)
    for counted in client.rows("getOffice365ActivationsUserCounts"):
        own = [row for row in detail if row["Product Type"] == counted["Product Type"]]
        assert int(counted["Assigned"]) == len(own)
        assert int(counted["Activated"]) == sum(row["Last Activated Date"] != "" for row in own)


def test_copilot_users_are_those_in_the_detail(client: Client) -> None:
    root, call = "/v1.0/copilot/reports", "(period='D28',version='v2')"
    (counted,) = client.direct_rows(f"{root}/getMicrosoft365CopilotUserCountSummary{call}")
    detail = client.direct_rows(f"{root}/getMicrosoft365CopilotUsageUserDetail{call}")
    assert int(counted["Any App Enabled Users"]) == len(detail)
    assert int(counted["Any App Active Users"]) == done(detail, "Active Usage Days for all apps")
    assert int(counted["Total prompts submitted"]) == total(detail, "Prompts submitted for all apps")
    start = (date.fromisoformat(REFRESHED) - timedelta(days=27)).isoformat()
    active = sum(row["Word Copilot Last Activity Date"] >= start for row in detail)
    assert int(counted["Word Active Users"]) == active > 0


def test_detail_of_a_period_shows_the_deleted_for_30_days(client: Client) -> None:
    detail = client.rows("getOffice365ActiveUserDetail(period='D7')")
    gone = [row for row in detail if row["Is Deleted"] == "True"]
    assert gone
    assert all("2026-10-19" <= row["Deleted Date"] <= REFRESHED for row in gone)
    assert all(row["Teams Last Activity Date"] < row["Deleted Date"] for row in gone)
    assert {row["Deleted Date"] for row in living(detail)} == {""}


def test_weekends_and_holidays_are_quiet(client: Client) -> None:
    users = {
        date.fromisoformat(row["Report Date"]): int(row["Teams"])
        for row in client.rows("getOffice365ActiveUserCounts(period='D180')")
    }
    week = mean(count for day, count in users.items() if day.weekday() < 5)
    weekend = mean(count for day, count in users.items() if day.weekday() > 4)
    assert weekend < week / 4
    client.simulator.clock.set(datetime(2026, 12, 28, tzinfo=UTC), running=False)
    christmas = on(client.rows("getOffice365ActiveUserCounts(period='D7')"), "2026-12-25")
    assert int(christmas["Teams"]) < week / 4


def test_tenant_grows_over_the_years(client: Client) -> None:
    sizes = []
    for year in (2019, 2022, 2025, 2028):
        client.simulator.clock.set(datetime(year, 6, 1, tzinfo=UTC), running=False)
        sizes.append(len(living(client.rows("getOffice365ActiveUserDetail(period='D7')"))))
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("users", [1, 40, 5000])
def test_tenant_has_about_the_users_asked_for(users: int) -> None:
    with Simulator(users=users, now=datetime(2026, 1, 3, tzinfo=UTC)) as simulator, Client(simulator) as client:
        detail = living(client.rows("getOffice365ActiveUserDetail(period='D7')"))
        (counted,) = client.rows("getOffice365ServicesUserCounts(period='D180')")
    assert len(detail) == pytest.approx(users, rel=0.15, abs=1)
    assert int(counted["Office 365 Active"]) <= len(detail) * 1.1 + 1


def test_numbers_depend_on_seed_and_day_alone(client: Client) -> None:
    call = "getTeamsUserActivityUserDetail(date=2026-11-12)"
    before = client.pull(call)
    client.wait(days=10)
    assert client.pull(call) == before
    for seed, same in ((1, True), (2, False)):
        with Simulator(seed=seed, now=NIGHT) as other, Client(other) as again:
            assert (again.pull(call) == before) is same


def test_days_of_a_trend_stay_as_they_were(client: Client) -> None:
    earlier = client.rows("getOffice365ActiveUserCounts(period='D7')")
    client.wait(days=3)
    later = client.rows("getOffice365ActiveUserCounts(period='D30')")
    numbers = ("Office 365", *SERVICES)
    for row in earlier:
        assert [row[name] for name in numbers] == [on(later, row["Report Date"])[name] for name in numbers]
