"""What the tenant itself knows of its accounts, to hold against what is concluded from reports."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from simulator.tenant.accounts import Account, Accounts, Place
from simulator.tenant.products import PRODUCTS
from simulator.tenant.services import SUITE_PARTS

SERVICES = (*SUITE_PARTS, "Copilot")
_SORTS = ("person", "guest", "shared mailbox", "service account")
_TOLD = ("id", "userPrincipalName", "accountEnabled", "department", "companyName", "country")
_PARTS = {product.sku: product.part_number for product in PRODUCTS.values()}


def known_of_all(accounts: Accounts, day: int) -> Iterator[dict[str, Any]]:
    """Yield each account of a day, with its licences and its last days of activity up to then."""
    for place, account in accounts.since(day):
        yield {
            "sort": _SORTS[place[0]],
            **{name: account[name] for name in _TOLD},
            "created": account["createdDateTime"][:10],
            "licences": _licences(account),
            "lastActive": {service: _last(accounts, place, day, service) for service in SERVICES},
        }


def _licences(account: Account) -> dict[str, str]:
    """Return since when the account has which product."""
    return {_PARTS[each["skuId"]]: each["lastUpdatedDateTime"][:10] for each in account["licenseAssignmentStates"]}


def _last(accounts: Accounts, place: Place, day: int, service: str) -> str | None:
    last = accounts.last_day(place, day, service)
    return date.fromordinal(last).isoformat() if last else None
