"""Who has a licence and does not use it: the views with people, over archives that are written here."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.app import App
from shared.archive.layout import INPUT
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.settings import read
from shared.web.http import Response
from tests.asking import ask, code, value
from tests.shelf import Shelf, lines, snapshot

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = NOW.date()
KNOWN = date(2026, 11, 19)
"""Up to which activity is known."""
E5, COPILOT, VISIO = "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "639dec6b-bb19-468b-871c-c5c441c4b0cb", "c5928f49"
USERS, SKUS = Call("users"), Call("subscribedSkus")
ACTIVE = Call("getOffice365ActiveUserDetail", period="D180")
COPILOTS = Call("getMicrosoft365CopilotUsageUserDetail", period="D180")
ADDRESS = "User Principal Name"
LONG_AGO = "2020-01-01T08:00:00Z"


def row(columns: tuple[str, ...], cells: Mapping[str, str]) -> str:
    assert {*cells} <= {*columns}
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([cells.get(column, "") for column in columns])
    return out.getvalue()


class World:
    """An archive, and the app over it."""

    def __init__(self, *, with_products: bool = True) -> None:
        self.shelf = Shelf()
        if not with_products:
            return
        skus = [{"Sku Id": E5, "Sku Part Number": "SPE_E5"}, {"Sku Id": COPILOT, "Sku Part Number": "M365_Copilot"}]
        self.put(SKUS, TODAY, *skus, {"Sku Id": VISIO, "Sku Part Number": "VISIOCLIENT"})

    def put(self, call: Call, day: date, *rows: Mapping[str, str], header: tuple[str, ...] = ()) -> None:
        columns = header or catalogue().reports[call.report].columns["v1.0"]
        dated = [{"Report Refresh Date": day.isoformat(), **cells} for cells in rows]
        body = lines(",".join(columns), *(row(columns, cells) for cells in dated))
        pulled_at = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
        self.shelf.put(snapshot(call, day, body, pulled_at=pulled_at), body)

    def users(self, *people: Mapping[str, str], day: date = TODAY) -> None:
        self.put(USERS, day, *sorted(people, key=lambda each: each["User Id"]))

    def active(self, *rows: Mapping[str, str], day: date = KNOWN, call: Call = ACTIVE) -> None:
        self.put(call, day, *rows)

    def app(self) -> App:
        settings = read({"ARCHIVE_URL": "https://archive.blob.core.windows.net"})
        return App(settings, lambda: NOW, store=self.shelf.memory)

    def ask(self, path: str, **query: str) -> Response:
        return ask(self.app(), f"v1.0/{path}", {key.rstrip("_"): text for key, text in query.items()}, personal=True)

    def idle(self, **query: str) -> dict[str, dict[str, Any]]:
        """The rows by id."""
        answer = self.ask("idle", **query, format="json")
        assert answer.status == 200, answer.body
        return {each["User Id"]: each for each in value(answer)}


def person(id_: str, *licences: str, **cells: str) -> dict[str, str]:
    since = cells.pop("since", LONG_AGO)
    return {
        "User Id": id_,
        ADDRESS: f"{id_}@contoso.com",
        "Display Name": id_.title(),
        "Account Enabled": "True",
        "User Type": "Member",
        "Department": "Sales",
        "Created Date Time": LONG_AGO,
        "Assigned Licenses": "+".join(licences),
        "License Assignments": "+".join(f"{sku}:Active:{since}" for sku in licences),
        **{key.replace("_", " "): text for key, text in cells.items()},
    }


def did(id_: str, days_ago: int | None, service: str = "Teams", **cells: str) -> dict[str, str]:
    """What the report of the suite says of somebody."""
    last = {f"{service} Last Activity Date": str(KNOWN - timedelta(days=days_ago))} if days_ago is not None else {}
    return {**named(id_), "Is Deleted": "False", **last, **cells}


def named(id_: str) -> dict[str, str]:
    return {ADDRESS: f"{id_}@contoso.com", "Display Name": id_.title()}


@pytest.fixture
def world() -> World:
    return World()


def test_who_did_something_within_the_days_is_not_idle(world: World) -> None:
    world.users(person("ada", E5), person("bob", E5), person("eve", E5))
    world.active(did("ada", 89), did("bob", 90), did("eve", None))
    found = world.idle()
    assert list(found) == ["bob", "eve"]
    assert (found["bob"]["Last Activity Date"], found["bob"]["None Since"]) == (str(KNOWN - timedelta(days=90)), None)
    assert (found["bob"]["Days Idle"], found["bob"]["Products"]) == (90, "Microsoft 365 E5")
    assert found["bob"]["Teams Last Activity Date"] == found["bob"]["Last Activity Date"]
    assert [*world.idle(days="91")] == ["eve"]


def test_a_blank_date_is_none_since_the_report_reaches_back_and_never_never(world: World) -> None:
    world.users(person("eve", E5))
    world.active(did("eve", None))
    (found,) = world.idle().values()
    assert (found["Last Activity Date"], found["None Since"]) == (None, str(KNOWN - timedelta(days=179)))


def test_the_days_are_those_since_the_last_activity_though_another_service_has_none(world: World) -> None:
    world.users(person("bob", E5))
    world.active(did("bob", 300))
    (found,) = world.idle().values()
    assert (found["Last Activity Date"], found["Days Idle"]) == (str(KNOWN - timedelta(days=300)), 300)


def test_a_report_that_does_not_reach_back_so_far_accuses_nobody(world: World) -> None:
    world.users(person("eve", E5))
    world.active(did("eve", None), call=ACTIVE._replace(period="D30"))
    assert world.idle() == {}
    assert [*world.idle(days="30")] == ["eve"]


def test_copilot_is_judged_by_its_own_report_and_what_has_none_is_not_judged(world: World) -> None:
    world.users(person("ada", E5, COPILOT, VISIO))
    world.active(did("ada", 1))
    assert world.idle() == {}
    world.active({**named("ADA"), "Last Activity Date": "2026-06-01"}, call=COPILOTS)
    (found,) = world.idle().values()
    assert found["Products"] == "Microsoft Copilot for Microsoft 365"
    assert found["Copilot Last Activity Date"] == "2026-06-01"


@pytest.mark.parametrize(
    "cells",
    [{"since": "2026-09-01T08:00:00Z"}, {"Created Date Time": "2026-09-01T08:00:00Z"}],
    ids=["licence", "account"],
)
def test_who_is_new_is_not_idle(world: World, cells: dict[str, str]) -> None:
    new = person("eve", E5, **{"since": cells["since"]} if "since" in cells else {}) | {
        key: text for key, text in cells.items() if key != "since"
    }
    world.users(new)
    world.active(did("eve", None))
    assert world.idle() == {}
    assert [*world.idle(days="30")] == ["eve"]


def test_who_held_the_licence_so_long_ago_is_not_new_though_the_assignment_changed_since(world: World) -> None:
    world.users(person("eve", E5), day=TODAY - timedelta(days=90))
    world.users(person("eve", E5, since="2026-11-01T08:00:00Z"))
    world.active(did("eve", None))
    assert [*world.idle()] == ["eve"]


def test_accounts_of_each_kind_are_told_apart_and_who_has_no_licence_is_not_there(world: World) -> None:
    guest, disabled = person("gus", E5, User_Type="Guest"), person("dis", E5, Account_Enabled="False")
    world.users(person("ada", E5), guest, disabled, person("nil"), person("box", E5))
    world.active(*(did(id_, None) for id_ in ("ada", "gus", "dis", "nil", "box")))
    header = (*catalogue().reports["getMailboxUsageDetail"].columns["v1.0"], "Recipient Type")
    mailbox = {ADDRESS: "box@contoso.com", "Recipient Type": "Shared"}
    world.put(Call("getMailboxUsageDetail", period="D180"), KNOWN, mailbox, header=header)
    states = {id_: each["Account State"] for id_, each in world.idle().items()}
    assert states == {"ada": "enabled", "gus": "guest", "dis": "disabled", "box": "shared"}


@pytest.mark.parametrize(
    ("archived", "address"),
    [(0, "Ada.Old"), (1, "Ada.Old"), (1, "ada.new")],
    ids=["on that day", "on the day before alone, renamed later", "on the day before alone, renamed that day"],
)
def test_who_was_renamed_is_found_under_the_address_of_the_report(world: World, archived: int, address: str) -> None:
    world.users(person("ada", E5) | {ADDRESS: "ada.old@contoso.com"}, day=KNOWN - timedelta(days=archived))
    world.users(person("ada", E5) | {ADDRESS: "ada.new@contoso.com"})
    world.active({**named(address), "Teams Last Activity Date": "2026-11-18"})
    assert world.idle() == {}


def test_an_address_that_was_somebody_elses_on_the_day_of_the_report_tells_nothing_of_who_has_it_now(
    world: World,
) -> None:
    ada, bob = person("ada", E5), person("bob", E5)
    world.users(ada, bob, day=KNOWN)
    world.users(ada | {ADDRESS: "ada.new@contoso.com"}, bob | {ADDRESS: ada[ADDRESS]})
    world.active(did("ada", 1))
    assert [*world.idle()] == ["bob"]


def test_who_has_no_licence_is_not_idle_and_can_be_asked_about(world: World) -> None:
    world.users(person("ada"))
    world.active(did("ada", None))
    assert world.idle() == {}
    assert world.ask("people/ada").status == 200


def test_an_address_that_was_given_to_somebody_else_tells_nothing_of_them(world: World) -> None:
    world.users(person("eve", E5, since="2026-07-01T00:00:00Z") | {"Created Date Time": "2026-07-01T00:00:00Z"})
    world.active(did("eve", None, **{"Teams Last Activity Date": "2026-06-01"}))
    (found,) = world.idle().values()
    assert found["Last Activity Date"] is None
    world.active(did("eve", None), did("eve", 3) | {"Is Deleted": "True"}, day=TODAY)
    assert [*world.idle()] == ["eve"]


def test_two_people_with_one_name_are_two(world: World) -> None:
    world.users(person("ada", E5, Display_Name="Kim Lee"), person("bob", E5, Display_Name="Kim Lee"))
    world.active(did("ada", 1), did("bob", None))
    assert [*world.idle()] == ["bob"]


def test_who_is_missing_on_one_day_alone_is_not_gone(world: World) -> None:
    ada, bob = person("ada", E5), person("bob", E5)
    world.users(ada, bob, day=TODAY - timedelta(days=2))
    world.users(bob, day=TODAY - timedelta(days=1))
    world.users(bob)
    world.active(did("ada", None), did("bob", 1))
    assert [*world.idle(refreshDate=str(TODAY - timedelta(days=1)))] == ["ada"]
    assert world.idle() == {}


def test_rows_can_be_chosen_by_product_and_department(world: World) -> None:
    world.users(person("ada", E5), person("bob", E5, COPILOT, Department="R&D"))
    world.active(did("ada", None), did("bob", None))
    world.active(named("bob"), call=COPILOTS)
    assert [*world.idle(product="m365_copilot")] == ["bob"]
    assert [*world.idle(department="sales")] == ["ada"]
    assert world.idle(product="microsoft 365 e5", department="r&d")["bob"]["Products"] == "Microsoft 365 E5"


def test_costs_of_two_currencies_are_never_added_and_people_have_what_is_known_of_them(world: World) -> None:
    world.users(person("ada", E5, COPILOT), person("bob", E5))
    world.active(did("ada", None), did("bob", None))
    world.active(named("ada"), call=COPILOTS)
    prices = b"product,price,currency,validFrom\nSPE_E5,57.10,EUR,\nM365_Copilot,30,USD,\n"
    world.shelf.memory.put(INPUT, "prices.csv", prices, {})
    world.shelf.memory.put(INPUT, "people.csv", b"id;Cost Centre\nada;4711\n", {})
    cells = [*csv.DictReader(io.StringIO(world.ask("idle").body.decode()))]
    assert [(each["Cost A Month (EUR)"], each["Cost A Month (USD)"]) for each in cells] == [
        ("57.10", "30"),
        ("57.10", ""),
    ]
    assert [each["Cost Centre"] for each in cells] == ["4711", ""]


def test_a_bad_price_list_is_named_by_the_view_that_needs_it(world: World) -> None:
    world.users(person("ada", E5))
    world.active(did("ada", None))
    world.shelf.memory.put(INPUT, "prices.csv", b"product\nSPE_E5\n", {})
    answer = world.ask("idle")
    assert (answer.status, code(answer)) == (500, "bad_input")
    assert world.ask("people/ada").status == 200


def test_the_answer_names_the_dates_of_its_sources_and_what_is_not_archived(world: World) -> None:
    world.users(person("ada", E5))
    world.active(did("ada", None))
    answer = json.loads(world.ask("idle", format="json").body)
    assert answer["refreshDate"] == str(TODAY)
    assert answer["sources"] == {"getOffice365ActiveUserDetail(period='D180')": str(KNOWN)}
    assert answer["notArchived"] == ["Apps", "Copilot"]


@pytest.mark.parametrize(
    ("view", "query"),
    [
        *((view, {"refreshDate": "0001-02-01"}) for view in ("idle", "licences", "adoption")),
        *((view, {"asOf": "0001-01-01T00:00:00Z"}) for view in ("idle", "licences", "adoption", "people/ann")),
        ("people/ann", {"from": "0001-01-01", "to": "0001-01-20"}),
    ],
)
def test_where_calendars_begin_there_is_nothing(world: World, view: str, query: dict[str, str]) -> None:
    assert code(ask(world.app(), f"v1.0/{view}", query, personal=True)) == "not_pulled"


def test_a_day_of_the_past_is_told_as_it_was_known(world: World) -> None:
    then = TODAY - timedelta(days=60)
    world.users(person("ada", E5), day=then)
    world.users(person("ada", E5))
    world.active(named("ada"), day=then - timedelta(days=2))
    world.active(did("ada", 1))
    assert world.idle() == {}
    assert [*world.idle(refreshDate=str(then))] == ["ada"]
    assert [*world.idle(asOf=str(then))] == ["ada"]
    assert world.idle(refreshDate=str(then + timedelta(days=3)))["ada"]["Refresh Date"] == str(then)


def test_concealed_names_are_a_conflict_that_says_what_to_change(world: World) -> None:
    world.users(person("ada", E5))
    world.active(*({ADDRESS: f"{number:032X}", "Display Name": f"{number:032X}"} for number in range(1, 9)))
    for path in ("idle", "people/ada"):
        answer = world.ask(path)
        assert (answer.status, code(answer)) == (409, "names_concealed")


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"days": "0"}, 400, "bad_argument"),
        ({"days": "181"}, 400, "bad_argument"),
        ({"days": "9x"}, 400, "bad_argument"),
        ({"bogus": "1"}, 400, "bad_argument"),
        ({"refreshDate": "2026-11-22"}, 404, "in_future"),
        ({"refreshDate": "2020-01-01"}, 404, "not_pulled"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_is_said(world: World, query: dict[str, str], status: int, said: str) -> None:
    world.users(person("ada", E5))
    answer = world.ask("idle", **query)
    assert (answer.status, code(answer)) == (status, said)


def test_the_key_of_reports_opens_no_view_of_people(world: World) -> None:
    world.users(person("ada", E5))
    for path in ("v1.0/idle", "v1.0/people/ada"):
        answer = ask(world.app(), path)
        assert (answer.status, code(answer)) == (404, "personal_report")
        assert "ada@" not in answer.body.decode()


def test_a_spreadsheet_runs_nothing(world: World) -> None:
    world.users(person("ada", E5, Display_Name='=HYPERLINK("x")'))
    world.active(did("ada", None))
    assert b"'=HYPERLINK" in world.ask("idle", format="excel").body


# -- one person --------------------------------------------------------------------------------------------------------


def test_of_one_person_everything_that_names_them_is_told(world: World) -> None:
    world.users(person("ada", E5), person("bob", E5))
    world.active(did("ada", 5), did("bob", 1))
    cells = {(each["Report"], each["Column"]): each["Value"] for each in value(world.ask("people/ADA", format="json"))}
    assert cells["users", "Display Name"] == "Ada"
    assert cells[str(ACTIVE), "Teams Last Activity Date"] == str(KNOWN - timedelta(days=5))
    assert "bob@contoso.com" not in cells.values()


def test_of_a_range_every_day_is_told_under_the_address_of_that_day(world: World) -> None:
    days = [TODAY - timedelta(days=number) for number in (2, 1, 0)]
    for day, address in zip(days, ("old@contoso.com", "old@contoso.com", "new@contoso.com"), strict=True):
        world.users(person("ada", E5) | {ADDRESS: address}, day=day)
        world.active({ADDRESS: address, "Display Name": "Ada"}, day=day)
    asked = world.ask("people/ada", format="json", from_=str(days[0]), to=str(TODAY))
    told = {(each["Report"], each["Refresh Date"]) for each in value(asked)}
    assert told == {(str(call), str(day)) for call in (USERS, ACTIVE) for day in days[:2]}
    assert world.ask("people/ada", from_="2026-10-20").status == 400


def test_a_name_in_the_directory_that_looks_like_a_hash_conceals_nothing(world: World) -> None:
    world.users(person("ada", E5), person("bob", E5, Display_Name="0D1E2F3A4B5C6D7E8F90A1B2C3D4E5F6"))
    world.active(did("ada", 1))
    assert world.ask("people/ada").status == 200


def test_a_display_name_in_a_report_that_looks_like_a_hash_conceals_nobody(world: World) -> None:
    world.users(person("ada", E5), person("bob", E5))
    world.active(did("ada", 1), did("bob", None) | {"Display Name": "0D1E2F3A4B5C6D7E8F90A1B2C3D4E5F6"})
    assert [*world.idle()] == ["bob"]
    assert world.ask("people/ada").status == 200


def test_an_address_in_a_report_that_is_a_hash_conceals_who_that_is(world: World) -> None:
    world.users(person("ada", E5), person("bob", E5))
    world.active(did("ada", 1), did("bob", 1) | {ADDRESS: "0D1E2F3A4B5C6D7E8F90A1B2C3D4E5F6"})
    for path in ("idle", "people/ada"):
        assert code(world.ask(path)) == "names_concealed"


def test_nobody_of_that_id_is_nobody(world: World) -> None:
    world.users(person("ada", E5))
    answer = world.ask("people/ada@contoso.com")
    assert (answer.status, code(answer)) == (404, "not_pulled")
