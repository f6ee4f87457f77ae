"""Licences and adoption: counted by runs, told without people, and of no small group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.archive.layout import DERIVED, INPUT, ViewsName
from shared.archive.run_record import PullResult
from shared.domain.catalogue import catalogue
from shared.domain.outcome import Outcome
from shared.domain.selection import select
from shared.pulling.view_keeping import ViewKeeping
from shared.report.compression import decompress
from shared.web.http import Response
from tests.asking import ask, code, value
from tests.integration.test_views import ADDRESS, COPILOT, E5, KNOWN, NOW, SKUS, TODAY, USERS, VISIO, World, did, person
from tests.reliability.checks import findings

YEAR = timedelta(days=365)


class Counted(World):
    """A world whose runs count."""

    def count(self, *changed: Any, least: int = 5, now: datetime = NOW) -> None:
        selection = select("directory", catalogue())
        keeping = ViewKeeping(self.app().archive, catalogue(), selection, least, lambda: now)
        keeping.keep([PullResult(call, Outcome.PUBLISHED, now) for call in changed], now + timedelta(minutes=25))

    def told(self, path: str, **query: str) -> Response:
        """What the key of `reports` opens."""
        return ask(self.app(), f"v1.0/{path}", query)

    def rows(self, path: str, key: str, **query: str) -> dict[str, dict[str, Any]]:
        answer = self.told(path, **query, format="json")
        assert answer.status == 200, answer.body
        return {each[key]: each for each in value(answer)}

    def bought(self, day: date, **units: tuple[str, int, int]) -> None:
        cells = [
            {"Sku Id": sku, "Sku Part Number": part, "Enabled Units": str(enabled), "Consumed Units": str(consumed)}
            for part, (sku, enabled, consumed) in units.items()
        ]
        self.put(SKUS, day, *cells)


def people(prefix: str, number: int, *licences: str, **cells: str) -> Iterator[dict[str, str]]:
    return (person(f"{prefix}{place:03}", *licences, **cells) for place in range(number))


@pytest.fixture
def world() -> Counted:
    return Counted(with_products=False)


def tenant(world: Counted, day: date = TODAY, idle: int = 8) -> None:
    """Twenty who were active, some idle, six new, one with Visio alone; ten in Sales, the others elsewhere."""
    world.bought(day, SPE_E5=(E5, 50, 26 + idle), VISIOCLIENT=(VISIO, 5, 1))
    active = [
        *people("a", 10, E5, Department="Sales"),
        *people("b", 10, E5, Department="R&D"),
    ]
    lazy = [*people("i", idle, E5, Department="Sales"), *people("v", 1, VISIO)]
    new = [*people("n", 6, E5, since=f"{day - timedelta(days=20)}T00:00:00Z", Department="R&D")]
    world.users(*active, *lazy, *new, day=day)
    rows = [did(each["User Id"], number % 6 * 6) for number, each in enumerate(active)]
    world.active(*rows, *(did(each["User Id"], None) for each in (*lazy, *new)), day=day - timedelta(days=2))


def test_of_each_product_is_told_what_is_bought_assigned_used_and_idle(world: Counted) -> None:
    tenant(world)
    world.shelf.memory.put(INPUT, "prices.csv", b"product,price,currency,validFrom\nSPE_E5,57.10,EUR,\n", {})
    world.count()
    found = world.rows("licences", "Sku Part Number")
    e5 = found["SPE_E5"]
    assert [e5[name] for name in ("Bought", "Assigned", "Free", "Active 90 Days", "Idle", "New")] == [
        50,
        34,
        16,
        20,
        8,
        6,
    ]
    assert [e5[name] for name in ("Price", "Currency", "Cost A Month")] == [57.1, "EUR", 2855.0]
    assert [e5[name] for name in ("Cost Of Idle", "Cost Of Free", "Not Measured")] == [456.8, 913.6, None]
    visio = found["VISIOCLIENT"]
    assert [visio[name] for name in ("Assigned", "Not Measured", "Idle", "Price")] == [1, 1, None, None]


def test_by_department_is_told_who_is_active(world: Counted) -> None:
    tenant(world)
    world.count()
    found = world.rows("adoption", "Department")
    shares = {name: (each["Licensed"], each["Active"], each["Share"]) for name, each in found.items()}
    assert shares == {"Sales": (18, 10, 0.5556), "R&D": (16, 10, 0.625)}
    assert {*world.rows("adoption", "Country", by="country")} == {"(none)"}


def test_what_is_said_of_few_is_withheld(world: Counted) -> None:
    tenant(world, idle=2)
    world.count()
    e5 = world.rows("licences", "Sku Part Number")["SPE_E5"]
    assert [e5[name] for name in ("Assigned", "Active 90 Days", "Idle", "New")] == [28, 20, None, None]
    assert [*world.rows("adoption", "Department")] == ["(other)"]
    stored = world.shelf.memory.blobs[DERIVED, str(ViewsName(TODAY))]
    assert stored.metadata == {"least": "5"}


def test_verify_knows_what_was_counted(world: Counted) -> None:
    tenant(world)
    world.count()
    found = {each.name for each in findings(world.shelf.memory.blobs, NOW + timedelta(hours=2))}
    assert str(ViewsName(TODAY)) not in found


def test_a_larger_least_number_makes_runs_count_again(world: Counted) -> None:
    tenant(world)
    world.count(least=4)
    assert code(world.told("licences")) == "not_pulled"
    world.count()
    assert world.rows("licences", "Sku Part Number")["SPE_E5"]["Idle"] == 8


def test_who_serves_them_opens_nothing_with_people_in_it(world: Counted) -> None:
    tenant(world)
    world.count()
    before = [world.told(path).body for path in ("licences", "adoption")]
    for container, name in [*world.shelf.memory.blobs]:
        if container.startswith("usage-personal"):
            world.shelf.memory.delete(container, name)
    assert [world.told(path).body for path in ("licences", "adoption")] == before
    kept = decompress(world.shelf.memory.blobs[DERIVED, str(ViewsName(TODAY))].content)
    assert b"Sales" in kept
    assert b"@" not in kept


def test_a_day_of_the_past_stays_as_it_was_known(world: Counted) -> None:
    then = TODAY - timedelta(days=60)
    tenant(world, then, idle=9)
    tenant(world)
    world.count()
    idle = [
        world.rows("licences", "Sku Part Number", **query)["SPE_E5"]["Idle"]
        for query in (
            {},
            {"refreshDate": str(then)},
            {"asOf": str(then)},
            {"refreshDate": str(then + timedelta(days=5))},
        )
    ]
    assert idle == [8, 9, 9, 9]
    assert code(world.told("licences", asOf=f"{then}T12:00:00Z")) == "not_pulled"


def test_a_day_is_counted_again_only_while_it_lasts(world: Counted) -> None:
    tenant(world)
    world.count()
    world.active(*(did(f"i{place:03}", 0) for place in range(3)), day=TODAY - timedelta(days=1))
    world.count()
    assert world.rows("licences", "Sku Part Number")["SPE_E5"]["Idle"] == 8
    world.count(USERS, now=NOW + timedelta(days=1))
    assert world.rows("licences", "Sku Part Number")["SPE_E5"]["Idle"] == 8
    world.count(USERS)
    assert world.rows("licences", "Sku Part Number")["SPE_E5"]["Idle"] != 8


def test_the_change_to_the_year_before_is_told_of_who_was_told_then(world: Counted) -> None:
    tenant(world, TODAY - YEAR, idle=6)
    tenant(world)
    world.count()
    found = world.rows("adoption", "Department")
    assert found["Sales"]["Change To Year Before"] == -0.0694
    assert found["R&D"]["Change To Year Before"] == 0
    assert {each["Change To Year Before"] for each in world.rows("adoption", "Country", by="country").values()} != {
        None
    }


def test_where_names_are_concealed_the_units_are_told_and_nothing_else(world: Counted) -> None:
    tenant(world)
    world.active(*({ADDRESS: f"{number:032X}", "Display Name": f"{number:032X}"} for number in range(9)), day=TODAY)
    world.count()
    answer = json.loads(world.told("licences", format="json").body)
    assert answer["concealed"] == ["getOffice365ActiveUserDetail(period='D180')"]
    (e5,) = (each for each in answer["value"] if each["Sku Part Number"] == "SPE_E5")
    assert [e5[name] for name in ("Bought", "Assigned", "Active 90 Days", "Idle")] == [50, 34, None, None]
    sales = world.rows("adoption", "Department")["Sales"]
    assert (sales["Licensed"], sales["Active"], sales["Share"]) == (18, None, None)


def test_a_licence_call_that_failed_is_unknown_and_not_zero(world: Counted) -> None:
    world.users(*people("a", 20, E5), *people("i", 20, E5, COPILOT))
    world.active(*(did(f"a{place:03}", 1) for place in range(20)), day=KNOWN)
    world.count()
    found = world.rows("licences", "Sku Part Number")
    assert [found["SPE_E5"][name] for name in ("Bought", "Assigned", "Free", "Active 90 Days")] == [
        None,
        None,
        None,
        20,
    ]
    assert found["Microsoft_365_Copilot"]["Idle"] is None


def test_an_unknown_product_has_the_part_number_of_the_last_list_that_there_is(world: Counted) -> None:
    world.bought(TODAY - timedelta(days=1), NEW_PRODUCT=("42", 5, 5))
    world.users(*people("a", 20, "42"))
    world.count()
    assert world.rows("licences", "Sku Part Number")["NEW_PRODUCT"]["Bought"] is None


def test_nothing_is_counted_where_nobody_asks_for_accounts(world: Counted) -> None:
    tenant(world)
    keeping = ViewKeeping(world.app().archive, catalogue(), select("aggregates", catalogue()), 5, lambda: NOW)
    keeping.keep([], NOW + timedelta(minutes=25))
    assert code(world.told("licences")) == "not_pulled"


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("adoption", {"by": "age"}, "bad_argument"),
        ("licences", {"by": "department"}, "bad_argument"),
        ("licences", {"refreshDate": "2026-11-22"}, "in_future"),
        ("licences", {"refreshDate": "2020-01-01"}, "not_pulled"),
        ("licences/x", {}, "unknown_path"),
        ("people", {}, "unknown_path"),
    ],
)
def test_what_cannot_be_answered_is_said(world: Counted, path: str, query: dict[str, str], said: str) -> None:
    tenant(world)
    world.count(now=datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert code(world.told(path, **query)) == said
