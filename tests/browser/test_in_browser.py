"""What people see and do, in a real browser, in front of the real app."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.storage.blob import BlobServiceClient
from playwright.sync_api import Error, Route, ViewportSize, expect

from local.functions_host.host import HOST_KEY
from local.setup import NODE
from tests.browser.conftest import BROWSER, ONLY_CHROMIUM, OWN_PAST, Site, Visit
from tests.browser.world import DETAIL, HOSTILE, RESTATED
from tests.unit.powerbi.project import checked

AXE = NODE / "axe-core" / "axe.min.js"
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
D7 = f"{DETAIL}(period='D7')"
SINGLE = f"{DETAIL}(date)"
AT_FIRST = 50
"""Rows of a table that are shown before more are asked for."""


def part(call: str, view: str = "series") -> str:
    """The part of the address that shows a call."""
    return f"#/reports/{call}?view={view}"


def table_of(answer: requests.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def written(tab: Visit, day: date) -> str:
    """A day as the browser writes it: September is `Sept` by some versions of its data, and `Sep` by others."""
    form = "{day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC'}"
    return str(tab.page.evaluate(f"day => new Date(day).toLocaleDateString('en-GB', {form})", str(day)))


def standing(site: Site, call: str) -> dict[str, Any]:
    """What /status says of a call."""
    found: dict[str, Any] = next(each for each in site.get("status").json()["calls"] if each["call"] == call)
    return found


# -- the key -----------------------------------------------------------------------------------------------------------


def test_the_key_is_asked_for_once_and_is_never_in_a_url(visit: Visit) -> None:
    visit.open()
    visit.page.reload()
    expect(visit.page.locator("#headline")).to_be_visible()
    expect(visit.page.locator("#key-form")).to_be_hidden()
    api = [each for each in visit.requests if "/api/" in each.url and "/dashboard" not in each.url]
    assert len(api) > 7
    assert {each.headers.get("x-functions-key") for each in api} == {visit.site.key}
    assert [each.url for each in visit.requests if visit.site.key in each.url] == []
    assert visit.page.evaluate("[localStorage, document.cookie].map(each => JSON.stringify(each))") == ["{}", '""']


def test_a_key_that_somebody_wrote_into_the_address_does_not_stay_there(visit: Visit) -> None:
    visit.page.goto(f"{visit.site.url}?code=secret#/archive")
    visit.page.wait_for_url(f"{visit.site.url}#/archive")


def test_a_key_in_the_fragment_opens_the_page_and_does_not_stay_there(visit: Visit) -> None:
    visit.page.goto(f"{visit.site.url}#key={visit.site.key}")
    expect(visit.page.locator("#headline")).to_be_visible()
    visit.page.wait_for_url(visit.site.url)
    assert [each.url for each in visit.requests if visit.site.key in each.url.partition("#")[0]] == []


def test_a_wrong_key_is_said_and_the_right_one_goes_on(visit: Visit) -> None:
    visit.foreseen.append("status of 401")
    visit.page.goto(visit.site.url)
    visit.enter("wrong")
    expect(visit.page.locator("#key-problem")).to_contain_text("The key was refused. The function status (/api/status)")
    expect(visit.page.locator("#key-problem")).to_contain_text("Use an app key")
    visit.enter(visit.site.key)
    expect(visit.page.locator("#headline")).to_be_visible()
    expect(visit.page.locator("main")).to_be_focused()


def test_what_cannot_be_a_key_is_said_at_once(visit: Visit) -> None:
    visit.page.goto(visit.site.url)
    visit.enter(f"{visit.site.key}\u200b\u2026")
    expect(visit.page.locator("#key-problem")).to_contain_text("That is no key. It has characters that no key has.")
    visit.page.reload()
    expect(visit.page.locator("#key-form")).to_be_visible()


def test_the_key_of_one_function_opens_what_it_opens_and_the_rest_is_said(visit: Visit) -> None:
    visit.foreseen.append("status of 401")
    visit.open(key=visit.site.host.keys["reports"])
    expect(visit.page.locator("#health-body")).to_contain_text(
        "The function status (/api/status) does not take this key"
    )
    expect(visit.page.locator("#answers-body .card")).to_have_count(5)
    expect(visit.page.locator(".tile").first).to_contain_text("Active people")
    visit.show("#/people")
    expect(visit.page.locator("#people-body .failure")).to_contain_text("The function personal_reports")
    visit.show("#/archive")
    expect(visit.page.locator("#restated")).to_contain_text("Restated by Microsoft")


def test_the_key_of_the_personal_function_may_be_given_beside(visit: Visit) -> None:
    visit.page.goto(f"{visit.site.url}#call={D7}")  # as addresses were written before
    visit.foreseen.append("status of 401")
    visit.page.get_by_text("Another key for personal reports").click()
    visit.page.get_by_label("Key of the function personal_reports").fill(visit.site.host.keys["personal_reports"])
    visit.enter(visit.site.host.keys["reports"])
    visit.settled()
    expect(visit.page.locator("#reports")).to_contain_text("Which services is each user licensed for")
    assert len(visit.rows("#panel")) > 20


@pytest.fixture
def renewed(site: Site) -> Iterator[Callable[[], str]]:
    """Renews the app key, and gives the new one."""
    before = site.host.keys

    def renew() -> str:
        site.host.keys = {**before, HOST_KEY: "renewed"}
        return site.key

    yield renew
    site.host.keys = before


@OWN_PAST
def test_a_key_that_was_renewed_is_asked_for_where_it_is_missed(visit: Visit, renewed: Callable[[], str]) -> None:
    visit.foreseen.append("status of 401")
    visit.open(part(RESTATED))
    key = renewed()
    visit.show(part(D7, "day"))
    expect(visit.page.locator("#days .failure")).to_contain_text("The function personal_reports")
    expect(visit.page.locator("#days .failure")).to_contain_text("it is wrong, was renewed, or is that of another")
    visit.page.get_by_role("button", name="Enter another key").click()
    visit.enter(key)
    visit.settled()
    assert len(visit.rows("#panel")) > 20


def test_what_was_asked_with_the_key_before_says_no_more(visit: Visit) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.headers["x-functions-key"] == "wrong":
            held.append(route)
        else:
            route.continue_()

    visit.page.route("**/api/status", hold)
    visit.page.goto(visit.site.url)
    visit.foreseen.append("status of 401")
    visit.enter("wrong")
    visit.page.get_by_role("button", name="Change key").click()
    visit.enter(visit.site.key)
    visit.page.locator("main[aria-busy=false]").wait_for()
    held[0].fulfill(status=401)
    visit.heard()
    expect(visit.page.locator("#key-form")).to_be_hidden()
    visit.page.reload()
    expect(visit.page.locator("#key-form")).to_be_hidden()


def test_a_late_answer_does_not_take_the_form_away_while_a_key_is_typed(visit: Visit) -> None:
    held: list[Route] = []
    visit.page.route("**/api/status", lambda route: held.append(route))
    visit.page.goto(visit.site.url)
    visit.enter(visit.site.key)
    visit.page.get_by_role("button", name="Change key").click()
    held[0].fulfill(json=visit.site.get("status").json())
    visit.heard()
    expect(visit.page.get_by_label("Key", exact=True)).to_be_focused()


def test_a_browser_that_keeps_nothing_can_read_all_the_same(new_visit: Callable[..., Visit]) -> None:
    visit = new_visit(viewport=DESKTOP)
    for name in ("localStorage", "sessionStorage"):
        denied = "get() { throw new DOMException('denied', 'SecurityError') }"
        visit.page.add_init_script(f"Object.defineProperty(window, '{name}', {{ {denied} }})")
    visit.open()
    expect(visit.page.locator("#headline")).to_be_visible()
    visit.page.get_by_role("button", name="Dark").click()


def test_without_javascript_it_says_which_addresses_to_open(new_visit: Callable[..., Visit]) -> None:
    visit = new_visit(java_script_enabled=False)
    visit.page.goto(visit.site.url)
    expect(visit.page.locator("noscript .failure")).to_be_visible()
    expect(visit.page.locator("noscript li").first).to_have_text("idle licences, as a table: v1.0/licences?code=KEY")
    expect(visit.page.locator("#key-form")).to_be_hidden()


# -- health ------------------------------------------------------------------------------------------------------------


@OWN_PAST
def test_while_the_calls_are_still_counted_it_says_whether_pulls_go_on(visit: Visit) -> None:
    held: list[Route] = []
    visit.page.route("**/api/status", lambda route: held.append(route))
    visit.page.goto(visit.site.url)
    visit.enter(visit.site.key)
    expect(visit.page.locator("#headline")).to_have_text("Running")
    held[0].continue_()
    expect(visit.page.locator("#headline")).to_have_text("Missing")


@OWN_PAST
def test_the_first_words_say_how_the_archive_stands(tab: Visit) -> None:
    told = tab.site.get("status").json()
    tab.show("#/archive")
    assert tab.text("#headline") == "Missing"
    missing = sum(each["missing"] for each in told["calls"])
    expect(tab.page.locator(".headline")).to_contain_text(f"{missing} single days are missing. Graph still has them")
    facts = dict(
        tab.page.locator(".facts div").evaluate_all("all => all.map(each => each.innerText.split('\\n'))")[index][:2]
        for index in range(6)
    )
    assert facts["Lost"] == str(sum(each["lost"] for each in told["calls"]))
    fresh = sum(each["state"] == "up_to_date" for each in told["calls"])
    assert facts["Up to date"] == f"{fresh} of {len(told['calls'])}"
    outcomes = [each["outcome"] for each in told["calls"] if each["outcome"]]
    expect(tab.page.locator(".outcomes")).to_contain_text(f"{outcomes.count('unchanged')} unchanged")


@OWN_PAST
def test_concealed_names_are_announced_with_the_day_they_changed(tab: Visit) -> None:
    [flip] = standing(tab.site, D7)["flips"]
    assert (flip["from"], flip["to"]) == ("named", "concealed")
    expect(tab.page.locator(".banner", has_text="Concealed.")).to_contain_text("in 2 calls")
    tab.show("#/archive")
    tab.page.locator("#flips summary").click()
    expect(tab.page.locator("#flips")).to_contain_text(f"{flip['refreshDate']}: named to concealed in {D7}")


@OWN_PAST
def test_each_report_has_a_line_with_its_periods_those_that_need_somebody_first(tab: Visit) -> None:
    tab.show("#/archive")
    calls = [each["call"] for each in tab.site.get("status").json()["calls"]]
    if tab.page.locator("#show-all").is_visible():
        tab.page.locator("#show-all").click()
    names = tab.page.locator("#overview th code").all_inner_texts()
    assert sorted(names) == sorted({call.partition("(")[0] for call in calls})
    assert names[0] == DETAIL
    row = tab.page.locator("#overview tr", has_text="Active and inactive users by service")
    row.locator("summary").click()
    strip = row.locator(".call", has_text="30 days").get_by_role("img")
    since = date.fromisoformat(standing(tab.site, RESTATED)["since"])
    assert strip.get_attribute("aria-label") == f"archived since {written(tab, since)}, 3 days lost"
    row.get_by_role("link", name="30 days").click()
    tab.settled()
    expect(tab.page.locator("#argument")).to_have_value(RESTATED)
    expect(tab.page.locator("#reports")).to_be_focused()


@OWN_PAST
def test_what_microsoft_restated_is_listed_over_all_reports(tab: Visit) -> None:
    tab.show("#/archive")
    rows = tab.rows("#restated")
    told = tab.site.get("v1.0/restatements?format=json").json()["value"]
    assert {row[1].rpartition(", ")[2] for row in rows} == {"30 days", "90 days"}
    assert [[row[0], row[1].rpartition(", ")[0]] for row in rows] == [
        [each["Refresh Date"], each["Title"]] for each in told
    ]
    assert len({(row[0], row[1]) for row in rows}) == len(rows)
    tab.page.locator("#restated").get_by_role("link").first.click()
    tab.settled()
    expect(tab.page.locator("#changes")).to_contain_text("cells in 1 row changed")


@OWN_PAST
def test_of_what_is_well_a_number_alone_is_told(tab: Visit) -> None:
    tab.show("#/overview")
    tab.show("#/archive")
    shown = tab.page.locator("#overview tbody tr").count()
    tab.page.locator("#show-all").click()
    assert 0 < shown < tab.page.locator("#overview tbody tr").count()


# -- answers -----------------------------------------------------------------------------------------------------------


@OWN_PAST
def test_what_people_ask_is_worked_out_from_the_archive(tab: Visit) -> None:
    tab.show("#/overview")
    [header, *rows] = table_of(tab.site.get("v1.0/reports/getOffice365ActiveUserCounts/series?period=D180"))
    recent = [dict(zip(header, row, strict=True)) for row in rows[-28:]]
    lines = {line[0]: line[1] for line in tab.rows(".card:has(h3:text-is('Active users'))")}
    assert {"Exchange", "OneDrive", "Teams"} < lines.keys()
    assert lines == {name: f"{sum(int(row[name]) for row in recent) / 28 + 1e-9:.0f}" for name in lines}

    [header, row] = table_of(tab.site.get(f"v1.0/reports/{RESTATED}"))
    active, inactive = (int(row[header.index(f"Teams {name}")]) for name in ("Active", "Inactive"))
    [teams] = [line for line in tab.rows(".card:has(h3:text-is('Licensed and active'))") if line[0] == "Teams"]
    assert teams[1:3] == [str(active), str(active + inactive)]

    assert [line[0] for line in tab.rows(".card:has(h3:text-is('Storage'))")] == ["Exchange", "OneDrive"]
    expect(tab.page.locator(".card", has_text="Copilot")).to_contain_text("Copilot users in the period (30 days)")
    people = tab.page.locator(".tile", has_text="Active people")
    expect(people.locator("strong")).to_have_text(lines["Office 365"])
    expect(people).to_contain_text("no year to compare with yet")


@OWN_PAST
def test_what_is_not_archived_says_how_to_have_it(tab: Visit) -> None:
    tab.show("#/overview")
    teams = tab.page.locator(".card", has=tab.page.get_by_role("heading", name="Teams"))
    expect(teams).to_contain_text(
        "Not selected. To have it, add getTeamsUserActivityUserCounts to the app setting REPORTS"
    )


# -- one report --------------------------------------------------------------------------------------------------------


@OWN_PAST
def test_the_calendar_tells_each_kind_of_day(tab: Visit) -> None:
    tab.show(part(RESTATED))
    kinds = {"archived", "restated", "lost", "waiting"}
    assert {kind for kind in kinds if tab.page.locator(f".calendar .day.{kind}").count()} == kinds
    assert tab.page.locator(".calendar .day.lost").count() == standing(tab.site, RESTATED)["lost"] == 3
    [restated] = tab.page.locator(".calendar .day.restated").all()
    assert str(restated.get_attribute("aria-label")).endswith(": 2 revisions")

    tab.show(part(SINGLE))
    assert tab.page.locator(".calendar .day.recoverable").count() == sum(
        standing(tab.site, SINGLE)[name] for name in ("missing", "waiting")
    )


def test_the_calendar_is_walked_with_the_arrow_keys(tab: Visit) -> None:
    tab.show(part(SINGLE))
    newest = date.fromisoformat(standing(tab.site, SINGLE)["refreshDate"])
    tab.page.locator(".calendar button[tabindex='0']").focus()
    for key in ("ArrowUp", "ArrowLeft", "Enter"):
        tab.page.keyboard.press(key)
    expect(tab.page.locator("#day")).to_have_value(str(newest - timedelta(8)))
    expect(tab.page.locator(".calendar button:focus")).to_have_attribute("aria-pressed", "true")


def test_a_series_is_drawn_and_stands_in_a_table(tab: Visit) -> None:
    tab.show(part(RESTATED))
    [_, *rows] = table_of(tab.site.get(f"v1.0/reports/{RESTATED}/series"))
    assert tab.rows("#panel") == rows[::-1][:AT_FIRST]

    tab.page.locator("#to").fill(rows[2][0])
    expect(tab.page.locator("#panel")).to_contain_text("2 rows, the newest first.")
    assert tab.rows("#panel") == rows[1::-1]
    tab.page.locator("#from").fill(rows[-1][0])
    expect(tab.page.get_by_role("alert").filter(has_text="Bad argument")).to_contain_text("must be before")
    tab.foreseen.append("status of 400")
    tab.page.locator("#all-days").click()
    tab.settled()


USERS = "getOffice365ActiveUserCounts(period='D180')"


def test_a_chart_says_what_is_at_the_cursor_and_lines_can_be_switched_off(tab: Visit) -> None:
    tab.show(f"{part(USERS)}&smooth=1")
    [header, *rows] = table_of(tab.site.get(f"v1.0/reports/{USERS}/series"))
    newest = dict(zip(header, rows[-1], strict=True))
    told = tab.page.locator(".chart .cursor")
    expect(told).to_contain_text(f"Teams {int(newest['Teams']):,}")
    tab.page.locator("figure.chart").focus()
    tab.page.keyboard.press("ArrowLeft")
    tab.page.keyboard.press("ArrowLeft")
    expect(told).to_contain_text(f"Teams {int(rows[-2][header.index('Teams')]):,}")
    teams = tab.page.locator(".lines").get_by_role("button", name="Teams")
    drawn = tab.page.locator(".plots canvas").evaluate("canvas => canvas.toDataURL()")
    teams.click()
    expect(teams).to_have_attribute("aria-pressed", "false")
    tab.heard()
    assert tab.page.locator(".plots canvas").evaluate("canvas => canvas.toDataURL()") != drawn
    spoken = str(tab.page.locator(".plots").get_attribute("aria-label"))
    assert spoken.startswith("Lines of Office 365, Exchange")


def test_a_week_is_drawn_as_the_mean_of_its_days(tab: Visit) -> None:
    tab.show(f"{part(USERS)}&every=week")
    [header, *rows] = table_of(tab.site.get(f"v1.0/reports/{USERS}/series?every=week&of=mean"))
    moved = [[row[header.index("Report Date")], *(cell for cell in row if cell != row[-2])] for row in rows]
    assert tab.rows("#panel")[0][0] == moved[-1][0]
    assert tab.rows("#panel")[0].count(rows[-1][header.index("Teams")]) >= 1
    sunday = next(row for row in rows[::-1] if date.fromisoformat(row[header.index("Report Date")]).weekday() == 6)
    told = date.fromisoformat(sunday[header.index("Report Date")])
    expect(tab.page.locator(".chart .cursor")).to_contain_text(f"Week to {written(tab, told)}")


def test_what_the_archive_knew_then_is_shown_again(tab: Visit) -> None:
    newest = standing(tab.site, RESTATED)["refreshDate"]
    tab.show(f"{part(RESTATED)}&asOf={newest}")
    [_, *rows] = table_of(tab.site.get(f"v1.0/reports/{RESTATED}/series?asOf={newest}"))
    assert tab.rows("#panel") == rows[::-1]
    tab.page.get_by_role("link", name="Overview", exact=True).click()
    tab.settled()
    assert f"asOf={newest}" in tab.page.url  # it holds for the whole page
    expect(tab.page.locator(".card", has_text="Licensed and active")).to_contain_text("Active within 30 days of")
    tab.page.locator("#all-days").click()
    tab.settled()


def test_reports_are_found_by_what_people_call_them(tab: Visit) -> None:
    tab.show("#/overview")
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_role("combobox", name="Find an answer or a report").fill("storage mailboxes day")
    expect(tab.page.locator("#found li")).to_have_count(1)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**#/reports/getMailboxUsageStorage")
    tab.settled()
    expect(tab.page.locator("#report-title")).to_contain_text("Storage of mailboxes")
    expect(tab.page).to_have_title("Reports · Usage archive")
    tab.show("#/reports")
    tab.page.locator("#report-filter").fill("which services")
    expect(tab.page.locator(".family li")).to_have_count(1)
    expect(tab.page.locator(".family li")).to_contain_text("Services by person")


def test_a_question_is_found_before_reports_and_leads_to_its_answer(tab: Visit) -> None:
    tab.show("#/overview")
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_role("combobox", name="Find an answer or a report").fill("dead teams")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**#/places?kind=teams&which=idle")
    tab.settled()
    expect(tab.page.locator("#places-body")).to_contain_text(
        "Not selected. To have it, add getTeamsTeamActivityDetail to the app setting REPORTS"
    )
    tab.page.locator("#kind").select_option("sites")
    expect(tab.page.locator("#places-body")).to_contain_text("add getSharePointSiteUsageDetail")


# -- people, licences, departments -------------------------------------------------------------------------------------


@ONLY_CHROMIUM
@OWN_PAST
def test_who_is_idle_is_filtered_sorted_and_saved_as_it_is_shown(tab: Visit) -> None:
    named = date.fromisoformat(standing(tab.site, D7)["since"]) + timedelta(4)
    tab.show(f"#/people?asOf={named}&days=30")
    found = tab.site.get(f"personal/v1.0/idle?days=30&asOf={named}&format=json").json()["value"]
    rows = tab.rows("#people-list")
    assert sorted(row[0] for row in rows) == sorted(each["Display Name"] for each in found)
    assert len(rows) > 1
    tab.page.get_by_role("button", name="Display Name").click()
    assert [row[0] for row in tab.rows("#people-list")] == sorted(each["Display Name"] for each in found)
    tab.page.locator("#people-filter").fill(rows[0][0].split()[-1])
    shown = tab.rows("#people-list")
    assert 0 < len(shown) <= len(rows)
    with tab.page.expect_download() as waiting:
        tab.page.get_by_role("button", name="Download these rows").click()
    saved = list(csv.reader(io.StringIO(Path(waiting.value.path()).read_text("utf-8-sig"), newline="")))
    assert [row[0] for row in saved[1:]] == [row[0] for row in shown]


@OWN_PAST
def test_where_names_are_concealed_the_page_says_what_to_do(tab: Visit) -> None:
    tab.foreseen.append("status of 409")
    tab.show("#/people")
    expect(tab.page.locator("#people-body .failure")).to_contain_text("concealed")


@OWN_PAST
def test_licences_and_departments_say_what_the_api_says(tab: Visit) -> None:
    tab.show("#/licences")
    products = tab.site.get("v1.0/licences?format=json").json()["value"]
    assert sorted(row[0] for row in tab.rows("#licences-body")) == sorted(each["Product"] for each in products)
    tab.show("#/departments?by=country")
    countries = tab.site.get("v1.0/adoption?by=country&format=json").json()["value"]
    assert [row[0] for row in tab.rows("#departments-body")] == [each["Country"] or "(none)" for each in countries]


def test_any_day_and_any_revision_of_it_can_be_read(tab: Visit) -> None:
    tab.show(part(RESTATED))
    tab.page.locator(".calendar .day.restated, .calendar .day.archived").last.click()
    newest, revisions = (standing(tab.site, RESTATED)[key] for key in ("refreshDate", "revision"))
    path = f"v1.0/reports/{RESTATED}?refreshDate={newest}"
    for revision in range(revisions, 0, -1):
        tab.page.locator("#revision").select_option(str(revision))
        answer = tab.site.get(f"{path}&revision={revision}")
        expect(tab.page.locator(".details")).to_contain_text(answer.headers["ETag"].strip('"').removesuffix("-gzip"))
        assert tab.rows("#panel") == table_of(answer)[1:]
    tab.page.get_by_role("button", name="Day before").click()
    before = str(date.fromisoformat(newest) - timedelta(1))
    expect(tab.page.locator("#day")).to_have_value(before)
    expect(tab.page.locator("#previous")).to_be_focused()


def test_the_rows_of_a_day_are_sorted_by_any_column(tab: Visit) -> None:
    tab.show(f"#/reports/{D7}?view=day")
    names = sorted(row[2] for row in tab.rows("#panel"))
    head = tab.page.locator("#panel th").nth(2).get_by_role("button")
    for expected in (names, names[::-1]):
        head.click()
        assert [row[2] for row in tab.rows("#panel")] == expected


def test_a_day_is_typed_as_a_whole(new_visit: Callable[..., Visit]) -> None:
    visit = new_visit(viewport=DESKTOP, locale="en-US")
    visit.open(part(RESTATED, "day"))
    newest = standing(visit.site, RESTATED)["refreshDate"]
    wanted = date.fromisoformat(newest) - timedelta(1)
    visit.page.locator("#day").focus()
    visit.page.keyboard.type(f"{wanted:%m%d%Y}")
    visit.heard()
    expect(visit.page.locator("#panel table").first).to_contain_text(newest)
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#panel table").first).to_contain_text(str(wanted))
    expect(visit.page.locator("#day")).to_be_focused()

    visit.page.get_by_role("tab", name="Over time").click()
    visit.settled()
    visit.page.locator("#from").focus()
    visit.page.keyboard.type(f"{wanted:%m%d%Y}")
    visit.heard()
    for _ in range(2):  # the button of the field, and then out of it
        visit.page.keyboard.press("Tab")
    expect(visit.page.locator("#panel")).to_contain_text("2 rows, the newest first.")


@OWN_PAST
def test_the_flags_of_a_day_are_shown(tab: Visit) -> None:
    [flip] = standing(tab.site, D7)["flips"]
    tab.show(f"{part(D7, 'day')}&day={flip['refreshDate']}")
    expect(tab.page.locator(".details")).to_contain_text("names_changed")
    assert len(tab.rows("#panel")) > 20


@OWN_PAST
def test_a_day_that_is_not_there_names_the_nearest(tab: Visit) -> None:
    tab.show(part(RESTATED, "day"))
    lost = tab.page.locator(".calendar .day.lost").first.get_attribute("title")
    gap = next(each for each in standing(tab.site, RESTATED)["gaps"] if each["state"] == "lost")
    assert str(lost).endswith(": lost")
    tab.page.locator("#day").fill(gap["first"])
    before, after = (date.fromisoformat(gap["first"]) - timedelta(1), date.fromisoformat(gap["last"]) + timedelta(1))
    told = " and ".join(written(tab, each) for each in (before, after))
    expect(tab.page.locator("#day-problem")).to_have_text(f"There is no snapshot of that day. The nearest are {told}.")


def test_going_back_shows_again_what_was_shown(visit: Visit) -> None:
    argument, day = visit.page.locator("#argument"), visit.page.locator("#day")
    visit.open(part("getOffice365ActiveUserCounts"))
    usual = argument.input_value()
    visit.page.locator("#report").select_option("getOffice365ServicesUserCounts")
    expect(argument).not_to_have_value(usual)
    days: list[str] = []
    for button in ("#tab-day", "#previous", "#previous"):
        visit.page.locator(button).click()
        if days:
            expect(day).not_to_have_value(days[-1])
        days.append(day.input_value())
    visit.page.get_by_role("tab", name="Over time").click()
    expect(day).to_have_count(0)
    for value in reversed(days):
        visit.page.go_back()
        expect(day).to_have_value(value)
    visit.page.go_back()
    expect(day).to_have_count(0)
    expect(argument).not_to_have_value(usual)
    visit.page.go_back()
    expect(argument).to_have_value(usual)


def test_an_address_of_what_is_not_there_says_so(tab: Visit) -> None:
    problem, day = tab.page.locator("#not-there"), tab.page.locator("#day")
    newest = standing(tab.site, RESTATED)["refreshDate"]
    tab.show(f"{part(RESTATED, 'day')}&day=2020-01-01")
    expect(problem).to_have_text("There is no snapshot of 2020-01-01: this is what there is.")
    expect(day).to_have_value(newest)
    tab.show(f"{part(RESTATED, 'day')}&day={newest}&revision=99")
    expect(problem).to_have_text(f"There is no revision 99 of {newest}: this is what there is.")
    tab.show(part("getNothing", "day"))
    expect(problem).to_have_text("getNothing is no call of this archive.")
    tab.show(part(RESTATED, "toString"))
    expect(problem).to_be_empty()
    expect(tab.page.locator(".chart canvas").first).to_be_visible()


@OWN_PAST
def test_what_changed_between_two_revisions_is_told_cell_by_cell(tab: Visit) -> None:
    tab.show(part(RESTATED, "changes"))
    newest = standing(tab.site, RESTATED)["refreshDate"]
    [header, old], [_, new] = (
        table_of(tab.site.get(f"v1.0/reports/{RESTATED}?refreshDate={newest}&revision={revision}"))
        for revision in (1, 2)
    )
    changed = [(name, *pair) for name, *pair in zip(header, old, new, strict=True) if pair[0] != pair[1]]
    assert len(changed) > 3
    assert [tuple(row[:3]) for row in tab.rows("#panel")] == changed
    expect(tab.page.locator("#changes")).to_have_text(f"{len(changed)} cells in 1 row changed.")


@ONLY_CHROMIUM
def test_a_download_is_byte_for_byte_what_the_api_sends(tab: Visit) -> None:
    tab.show(part(D7, "day"))
    with tab.page.expect_download() as waiting:
        tab.page.get_by_role("button", name="Download CSV").click()
    newest = standing(tab.site, D7)["refreshDate"]
    assert waiting.value.suggested_filename == f"{DETAIL}_D7_{newest}_r1.csv"
    assert Path(waiting.value.path()).read_bytes() == tab.site.get(f"personal/v1.0/reports/{D7}").content


@pytest.fixture
def clipboard(tab: Visit) -> Iterator[Callable[[], str]]:
    """Reads what was copied."""
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield lambda: str(tab.page.evaluate("navigator.clipboard.readText()"))
    tab.page.context.clear_permissions()


@ONLY_CHROMIUM
@pytest.mark.parametrize("tool", ["curl", "PowerShell", "pandas", "Power Query", "Excel"])
def test_what_is_on_screen_is_copied_for_other_tools_without_the_key(
    tab: Visit, clipboard: Callable[[], str], tool: str
) -> None:
    newest = standing(tab.site, RESTATED)["refreshDate"]
    tab.show(f"{part(RESTATED, 'day')}&day={newest}&revision=1")
    tab.page.get_by_role("button", name=tool, exact=True).click()
    tab.page.locator("#copy").click()
    expect(tab.page.locator("#copy")).to_have_text("Copied")
    text = clipboard()
    query = {"period": "D30", "refreshDate": newest, "revision": "1"}
    if tool in ("Power Query", "Excel"):
        fields = ", ".join(f'{name} = "{value}"' for name, value in query.items())
        assert f'RelativePath = "getOffice365ServicesUserCounts",\n        Query = [{fields}],' in text
        assert 'ApiKeyName = "code"' in text
    else:
        url = f"{tab.site.host.url}/api/v1.0/reports/getOffice365ServicesUserCounts?"
        assert url + "&".join(f"{name}={value}" for name, value in query.items()) in text
        assert "YOUR_KEY" in text
    assert tab.site.key not in text


CHANGED = """
import io, pandas
read = pandas.read_csv
tables = iter(["Report Refresh Date,User,Deleted Date\\n2026-11-17,ann,\\n2026-11-17,bob,\\n",
               "Report Refresh Date,User,Deleted Date\\n2026-11-18,ann,\\n2026-11-18,bob,2026-11-18\\n"])
pandas.read_csv = lambda url, storage_options, **options: read(io.StringIO(next(tables)), **options)
"""
"""Two tables take the place of what pandas would ask for."""


@ONLY_CHROMIUM
def test_what_changed_is_copied_as_one_program(tab: Visit, clipboard: Callable[[], str]) -> None:
    tab.show(part(RESTATED, "changes"))
    copied = {}
    for tool in ("pandas", "Power Query", "Excel"):
        tab.page.get_by_role("button", name=tool, exact=True).click()
        tab.page.locator("#copy").click()
        expect(tab.page.locator("#copy")).to_have_text("Copied")
        copied[tool] = clipboard()
    program, expression = copied.pop("pandas").rsplit("\n", 1)
    code = f"{CHANGED}{program}\nprint(list(({expression}).User))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stderr, run.stdout) == ("", "['bob', 'bob']\n")
    assert [said.get("error") for said in checked("blocks", copied).values()] == [None, None]


def test_where_the_browser_does_not_let_copy_the_text_is_selected(tab: Visit) -> None:
    tab.show(part(RESTATED))
    tab.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('denied')) }")
    tab.page.get_by_role("button", name="curl").click()
    tab.page.locator("#copy").click()
    expect(tab.page.locator("#copy")).to_have_text("Selected: press Ctrl+C")
    assert tab.page.evaluate("String(getSelection())").startswith("curl --fail")
    tab.page.evaluate("() => { delete navigator.clipboard.writeText }")


# -- bad input ---------------------------------------------------------------------------------------------------------


@OWN_PAST
def test_a_name_with_markup_is_shown_as_the_text_that_it_is(tab: Visit) -> None:
    oldest = standing(tab.site, D7)["since"]
    tab.show(f"{part(D7, 'day')}&day={oldest}")
    assert HOSTILE in {cell for row in tab.rows("#panel") for cell in row}
    assert tab.page.evaluate("document.querySelectorAll('[onerror], img').length") == 0


def test_a_script_that_got_into_the_page_would_not_run(tab: Visit) -> None:
    tab.foreseen.append("TrustedScript" if BROWSER == "chromium" else "require-trusted-types-for")
    with pytest.raises(Error, match=r"TrustedScript|blocked by CSP"):
        tab.page.evaluate("() => document.body.setAttribute('onclick', 'alert(1)')")
    tab.heard()


@pytest.fixture
def broken(tab: Visit, blobs: BlobServiceClient) -> Iterator[str]:
    """A call whose newest snapshot rotted in storage, and whose series has to be made anew."""
    newest = standing(tab.site, RESTATED)["refreshDate"]
    place = "report=getOneDriveUsageStorage/period=D180/"
    [snapshot] = blobs.get_container_client("usage").list_blobs(f"{place}refresh_date={newest}", include=["metadata"])
    [series] = blobs.get_container_client("usage-derived").list_blobs(f"series/{place}")
    blob = blobs.get_blob_client("usage", snapshot.name)
    whole = blob.download_blob().readall()
    blob.upload_blob(b"rot", overwrite=True, metadata=snapshot.metadata)
    blobs.get_blob_client("usage-derived", series.name).delete_blob()
    yield "getOneDriveUsageStorage(period='D180')"
    blob.upload_blob(whole, overwrite=True, metadata=snapshot.metadata)


@OWN_PAST
def test_one_broken_report_does_not_take_the_others_with_it(visit: Visit, broken: str) -> None:
    visit.foreseen.append("status of 502")
    visit.open(part(broken)).settled()
    failure = visit.page.locator("#panel .failure")
    expect(failure).to_contain_text("is damaged.")
    visit.show(part(broken, "day"))
    expect(failure).to_contain_text("is damaged.")
    visit.show(part("getMailboxUsageStorage(period='D180')"))
    assert len(visit.rows("#panel")) > 20
    visit.show("#/overview")
    expect(visit.page.locator(".card", has_text="Storage").locator(".failure")).to_contain_text("is damaged.")


# -- looks and access --------------------------------------------------------------------------------------------------


def background(visit: Visit) -> str:
    return str(visit.page.evaluate("getComputedStyle(document.body).backgroundColor"))


@ONLY_CHROMIUM
def test_it_is_dark_where_that_is_preferred_and_where_it_is_chosen(visit: Visit) -> None:
    visit.page.emulate_media(color_scheme="dark")
    visit.page.goto(visit.site.url)
    dark = background(visit)
    visit.page.emulate_media(color_scheme="light")
    visit.page.reload()
    assert background(visit) != dark
    visit.page.get_by_role("button", name="Dark").click()
    assert background(visit) == dark
    visit.page.reload()
    assert background(visit) == dark


@ONLY_CHROMIUM
def test_days_can_be_told_apart_where_the_user_forces_colours(visit: Visit) -> None:
    visit.page.emulate_media(forced_colors="active")
    visit.open(part(RESTATED))
    drawn = "each => getComputedStyle(each).backgroundColor"
    archived, calendar = (
        visit.page.locator(selector).first.evaluate(drawn) for selector in (".calendar .day.archived", ".calendar")
    )
    assert archived != calendar


VIEWS = {
    **{view: part(RESTATED, view) for view in ("series", "day", "changes")},
    **{page: f"#/{page}" for page in ("overview", "licences", "departments", "places", "reports", "archive")},
}
FEW_VIEWS = ("series", "overview", "archive")
views = pytest.mark.parametrize(
    "views", [FEW_VIEWS, pytest.param([*VIEWS], marks=pytest.mark.long)], ids=["few", "all"]
)


@views
def test_a_phone_needs_no_scrolling_sideways(tab: Visit, views: list[str]) -> None:
    tab.page.set_viewport_size(PHONE)
    for view in views:
        tab.show(VIEWS[view])
        widths = tab.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert (view, widths[0]) == (view, widths[1])
        heights = tab.page.locator("button:visible").evaluate_all("all => all.map(each => each.clientHeight)")
        assert min(heights) >= 24
    tab.page.set_viewport_size(DESKTOP)


@views
def test_axe_finds_nothing_serious(tab: Visit, views: list[str]) -> None:
    found: dict[str, list[str]] = {}
    for view in views:
        tab.show(VIEWS[view])
        found[view] = violations(tab, within=".page:not([hidden])" if found else "body")
    assert found == {view: [] for view in found}


def test_axe_finds_nothing_serious_where_the_key_is_asked_for(visit: Visit) -> None:
    visit.page.goto(visit.site.url)
    assert violations(visit) == []


def test_axe_finds_enough_contrast_in_the_dark(tab: Visit) -> None:
    tab.show(part(USERS))
    theme = tab.page.get_by_role("button", name="Dark")
    theme.click()
    assert violations(tab, rules="color-contrast") == []
    theme.click()


def violations(visit: Visit, *, within: str = "body", rules: str = "") -> list[str]:
    """What axe finds of serious and critical in a part of the page, by all rules or by some."""
    if not AXE.exists():
        pytest.skip(f"{AXE} is not there (npm package axe-core)")
    visit.page.evaluate(AXE.read_text("utf-8") + ";0")
    options = {"resultTypes": ["violations"], **({"runOnly": rules.split()} if rules else {})}
    results = visit.page.evaluate("([within, options]) => axe.run(within, options)", [within, options])
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in results["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
