"""Every report of the catalogue: header, shape and refresh date."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.integration.simulator.client import BOM, Client, rows

CATALOGUE = json.loads((Path(__file__).parents[3] / "shared" / "domain" / "catalogue.json").read_text(encoding="utf-8"))
REPORTS: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in CATALOGUE["reports"]}


def pull(client: Client, path: str) -> bytes:
    answer = client.get(path)
    return answer.content if answer.status_code == 200 else client.download(answer).content


def header(content: bytes) -> list[str]:
    return content.decode().removeprefix(BOM).partition("\r\n")[0].split(",")


@pytest.fixture
def anyone(client: Client) -> Client:
    """A client that may also read what is for users only."""
    client.steer("PUT", "/roles", {"scopes": ["Reports.Read.All"]})
    client.token = client.new_token()
    return client


def test_every_report_has_its_documented_header_in_every_version(anyone: Client) -> None:
    for name, entry in REPORTS.items():
        for version, root in entry["root"].items():
            argument = f"(period='{entry['periods'][0]}')" if entry["periods"] else ""
            content = pull(anyone, f"/{version}/{root}/{name}{argument}")
            assert header(content) == entry["columns"][version], name
            assert content.startswith(b"\xef\xbb\xbf")
            assert content.endswith(b"\r\n")
            assert content.count(b"\n") == content.count(b"\r\n")


def test_the_second_version_of_copilot_reports_has_its_own_header(client: Client) -> None:
    second = {name: entry["version_2"] for name, entry in REPORTS.items() if "version_2" in entry}
    assert len(second) == 3
    for name, entry in second.items():
        for period in entry["periods"]:
            content = pull(client, f"/v1.0/copilot/reports/{name}(period='{period}',version='v2')")
            assert header(content) == entry["columns"]
            assert rows(content)[0]["Report Period"] == period.removeprefix("D")


def test_each_type_of_the_api_usage_has_its_own_header(anyone: Client) -> None:
    for report_type, columns in REPORTS["getSharePointApiUsage"]["report_types"]["columns"].items():
        for argument in ("period='D7'", "date=2026-11-12"):
            answer = anyone.call(f"getSharePointApiUsage({argument},reportType='{report_type}')", "beta")
            assert (answer.status_code, header(answer.content)) == (200, columns)


def test_the_api_usage_of_a_day_that_is_not_out_is_204(anyone: Client) -> None:
    answer = anyone.call("getSharePointApiUsage(date=2026-11-20)", "beta")
    assert (answer.status_code, answer.content) == (204, b"")


def test_an_unknown_type_of_the_api_usage_is_refused(anyone: Client) -> None:
    assert anyone.call("getSharePointApiUsage(period='D7',reportType='x')", "beta").status_code == 400


@pytest.mark.parametrize("period", ["D7", "D30", "D90", "D180"])
def test_daily_reports_have_a_row_per_day_newest_first(client: Client, period: str) -> None:
    days = [row["Report Date"] for row in client.rows(f"getOffice365ActiveUserCounts(period='{period}')")]
    assert len(days) == int(period[1:])
    assert days == sorted(days, reverse=True)
    assert (date.fromisoformat(days[0]) - date.fromisoformat(days[-1])).days == len(days) - 1
    assert days[0] == client.visible("getOffice365ActiveUserCounts")


def test_report_period_is_a_bare_number_and_1_for_a_day(client: Client) -> None:
    assert {row["Report Period"] for row in client.rows("getEmailActivityUserDetail(period='D30')")} == {"30"}
    assert {row["Report Period"] for row in client.rows("getEmailActivityUserDetail(date=2026-11-12)")} == {"1"}


def test_cells_of_skype_are_blank(client: Client) -> None:
    assert {row["Skype For Business"] for row in client.rows("getOffice365ActiveUserCounts(period='D7')")} == {""}
    (row,) = client.rows("getOffice365ServicesUserCounts(period='D7')")
    assert row["Skype For Business Active"] == row["Skype For Business Inactive"] == ""
    detail = client.rows("getSkypeForBusinessActivityUserDetail(period='D7')")
    assert len(detail) > 100
    assert {row["Peer-to-peer IM Count"] + row["Last Activity Date"] for row in detail} == {""}


def test_only_commas_are_quoted_and_a_quote_is_spelt_out(client: Client) -> None:
    call = "getOffice365ActiveUserDetail(period='D7')"
    shown = [row["Display Name"] for row in client.rows(call)]
    assert any("," in name for name in shown)
    assert any(name.count("#QUOT#") == 2 for name in shown)
    assert client.pull(call).count(b'"') == 2 * sum("," in name for name in shown)


def test_a_product_may_have_a_plus_between_blanks(client: Client) -> None:
    cells = {row["Assigned Products"] for row in client.rows("getOffice365ActiveUserDetail(period='D7')")}
    assert any("+ENTERPRISE MOBILITY + SECURITY E5" in cell for cell in cells)


def test_people_have_one_row_and_one_name_in_all_reports(client: Client) -> None:
    client.steer("PUT", "/clock", {"now": "2026-11-20T23:59:59"})  # both reports are of the same refresh date
    people = {row["User Principal Name"]: row for row in client.rows("getOffice365ActiveUserDetail(period='D7')")}
    mail = {row["User Principal Name"]: row for row in client.rows("getEmailActivityUserDetail(period='D7')")}
    assert len(people) > len(mail) > 200
    assert all(people[name]["Display Name"] == row["Display Name"] for name, row in mail.items())
    assert all(people[name]["Exchange Last Activity Date"] == row["Last Activity Date"] for name, row in mail.items())


def test_sites_are_split_by_type_and_added_up(client: Client) -> None:
    by_day = client.rows("getSharePointSiteUsageSiteCounts(period='D7')")
    newest = [row for row in by_day if row["Report Date"] == by_day[0]["Report Date"]]
    totals = {row["Site Type"]: int(row["Total"]) for row in newest}
    assert totals.pop("All") == sum(totals.values()) > 0
    assert len(totals) > 1


@pytest.mark.parametrize("family", CATALOGUE["legacy"], ids=lambda family: family["family"])
def test_the_forms_of_2017_give_the_files_of_today(client: Client, family: dict[str, Any]) -> None:
    for view, name in family["views"].items():
        period = ",period='D30'" if family["periods"] else ""
        old = client.get(f"/beta/reports/{family['family']}(view='{view}'{period})/content")
        assert client.download(old).content == client.pull(f"{name}({period[1:]})", "beta")
    if family["date_with_detail"]:
        old = client.get(f"/beta/reports/{family['family']}(view='Detail',date='2026-11-12')/content")
        assert client.download(old).content == client.pull(f"{family['views']['Detail']}(date=2026-11-12)", "beta")
