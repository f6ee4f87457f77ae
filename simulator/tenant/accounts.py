"""The accounts of the tenant's directory: the people of the reports, and those whom no report knows.

An account of the second sort is a guest, a shared mailbox or a service account, none of which has a licence.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from simulator.tenant import activity, names
from simulator.tenant.columns import products
from simulator.tenant.products import PRODUCTS
from simulator.tenant.services import SUITE
from simulator.tenant.tenant import ANCHOR, Member, Population, Tenant, population_of

Properties = dict[str, Any]
"""As Graph's JSON has them."""
Place = tuple[int, int]
"""Where an account stands: which population, and which number in it."""


class Account(Properties):
    """All properties of one account. The same object for as long as nothing changes, so that its texts can be kept."""

    __eq__, __hash__ = object.__eq__, object.__hash__  # type: ignore[assignment]


_DEPARTMENTS = (("Sales", 70), ("Engineering", 130), ("Support", 180), ("Finance", 210), ("HR", 235), ("Legal", 252))
"""Each with where its share of 256 ends; the few others are of the board."""
_BOARD = "Board"
_OFFICES = (("Germany", "DE", "Munich", 120), ("United States", "US", "Seattle", 215), ("Japan", "JP", "Tokyo", 256))
_TITLES = ("Specialist", "Manager", "Engineer", "Consultant", "Assistant")
_DISABLED = 8
"""Of 256 kinds of people."""


class Accounts:
    """All accounts of a tenant, on any day. Members of a population are numbered in the order of joining."""

    def __init__(self, tenant: Tenant) -> None:
        self._seed = tenant.seed
        self._same_person = lru_cache(maxsize=8192)(self._person_with)
        people = tenant.populations["people"]
        size = sum(people.sizes(ANCHOR))
        self._populations: tuple[tuple[Population, Callable[[Member, int], Account]], ...] = (
            (people, self._person),
            (population_of(tenant.seed, "guests", size // 14 + 2), _same_every_day(self._guest)),
            (population_of(tenant.seed, "shared mailboxes", size // 28 + 2), _same_every_day(self._shared_mailbox)),
            (population_of(tenant.seed, "service accounts", size // 50 + 2), _same_every_day(self._service)),
        )

    def since(self, day: int, place: Place = (0, 0)) -> Iterator[tuple[Place, Account]]:
        """Yield the accounts of a day from a place on, each with its place: in no order that anybody could use."""
        for number_of, (population, account) in enumerate(self._populations):
            if number_of < place[0]:
                continue
            first = place[1] if number_of == place[0] else 0
            for number in range(first, population.joined_by(day)):
                member = population.member(number)
                if member.left > day:
                    yield (number_of, number), account(member, day)

    def number(self, day: int) -> int:
        """Return how many accounts there are on a day."""
        return sum(sum(population.sizes(day)) for population, _ in self._populations)

    def assigned(self, day: int) -> dict[str, int]:
        """Return how many licences of each product are assigned on a day."""
        cells: Counter[str] = Counter()
        for cell, people in zip(products(self._seed, day), self._populations[0][0].sizes(day), strict=True):
            cells[cell] += people
        return {name: sum(people for cell, people in cells.items() if name in _products(cell)) for name in PRODUCTS}

    def last_day(self, place: Place, day: int, service: str = SUITE) -> int:
        """Return the last day on which an account was active in a service, up to that one; 0 if there was none."""
        population, number = place
        member = self._populations[population][0].member(number)
        last = activity.last_done(self._seed, service, "", day)[member.kind] if population == 0 else 0
        return last if last >= member.joined else 0

    def _person(self, member: Member, day: int) -> Account:
        name, cell = names.user(self._seed, member.number, day), products(self._seed, day)[member.kind]
        return self._same_person(member, name, cell)

    def _person_with(self, member: Member, name: names.UserName, cell: str) -> Account:
        """Return the account of a person with this name and these products, which are the same on most days."""
        seed, kind, number = self._seed, member.kind, member.number
        lot, place = activity.trait(seed, "department")[kind], activity.trait(seed, "office")[kind]
        country, code, office, _ = next(each for each in _OFFICES if place < each[3])
        return _account(
            names.guid(seed, "user", number),
            name,
            member,
            accountEnabled=activity.trait(seed, "enabled")[kind] >= _DISABLED,
            department=next((name for name, end in _DEPARTMENTS if lot < end), _BOARD),
            companyName="Contoso GmbH" if code == "DE" else "Contoso, Ltd.",
            country=country,
            officeLocation=office,
            jobTitle=_TITLES[number % len(_TITLES)],
            usageLocation=code,
            **_licences(seed, member, cell),
        )

    def _guest(self, member: Member) -> Account:
        principal, display = names.user(self._seed + 1, member.number)
        mailed = principal.replace("@", "_").replace(names.DOMAIN, "fabrikam.com")
        name = names.UserName(f"{mailed}#EXT#@{names.DOMAIN}", display)
        return _account(names.guid(self._seed, "guest", member.number), name, member, userType="Guest")

    def _shared_mailbox(self, member: Member) -> Account:
        name = names.UserName(f"shared{member.number}@{names.DOMAIN}", f"Shared mailbox {member.number}")
        return _account(names.guid(self._seed, "shared", member.number), name, member, accountEnabled=False)

    def _service(self, member: Member) -> Account:
        name = names.UserName(f"svc-{member.number}@{names.DOMAIN}", f"Service {member.number}")
        return _account(names.guid(self._seed, "service", member.number), name, member)


def _same_every_day(make: Callable[[Member], Account]) -> Callable[[Member, int], Account]:
    kept = lru_cache(maxsize=8192)(make)
    return lambda member, day: kept(member)


@lru_cache(maxsize=1024)
def _products(cell: str) -> tuple[str, ...]:
    """Return the products of a cell, in the order in which the tenant lists them."""
    return tuple(name for name in PRODUCTS if name in _joined(cell))


def _joined(text: str) -> list[str]:
    """Return the products of a cell: a `+` between blanks is part of a name."""
    return text.replace(" + ", "\0").replace("+", "\n").replace("\0", " + ").split("\n")


def _licences(seed: int, member: Member, cell: str) -> Properties:
    """Return what a person has: of some, Teams is switched off in it."""
    is_without_teams = activity.trait(seed, "Teams", "switched off")[member.kind] < 6
    copilot = activity.licensed_on(seed, "Copilot")[member.kind]
    assigned: list[Properties] = []
    states: list[Properties] = []
    for name in _products(cell):
        product = PRODUCTS[name]
        plans = [product.plans["TEAMS1"]] if is_without_teams and "TEAMS1" in product.plans else []
        since = max(member.joined, copilot) if name == "MICROSOFT 365 COPILOT" else member.joined
        of_both = {"disabledPlans": plans, "skuId": product.sku}
        assigned.append(of_both)
        states.append(
            {
                **of_both,
                "assignedByGroup": None,
                "error": "None",
                "lastUpdatedDateTime": _time(since, 9),
                "state": "Active",
            }
        )
    return {"assignedLicenses": assigned, "licenseAssignmentStates": states}


def _account(id_: str, name: names.UserName, member: Member, **more: Any) -> Account:
    properties = {
        "id": id_,
        "userPrincipalName": name.principal,
        "displayName": name.display,
        "accountEnabled": True,
        "userType": "Member",
        "department": None,
        "companyName": None,
        "country": None,
        "officeLocation": None,
        "jobTitle": None,
        "usageLocation": None,
        "createdDateTime": _time(member.joined, 8),
        "assignedLicenses": [],
        "licenseAssignmentStates": [],
        **more,
    }
    return Account(properties)


@lru_cache(maxsize=65536)
def _time(day: int, hour: int) -> str:
    return f"{date.fromordinal(day)}T{hour:02}:00:00Z"
