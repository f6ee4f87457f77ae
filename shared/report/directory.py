"""The directory as reports: one row for each product or account that Graph's JSON tells of. Pure.

learn.microsoft.com/graph/api/resources/subscribedsku, /graph/api/resources/user. A list is one cell, its items in order
and joined by `+`, as the products of the other reports are; the parts of an item are joined by `:`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

Object = Mapping[str, Any]
"""As JSON has it."""

SIGN_INS = "signInActivity"
"""The property that the sign-ins are in, and that not every tenant has."""
_PARTING = re.compile("[%+:]")
"""What may not stand in the part of an item."""
_SIGN_IN_COLUMNS = {
    "Last Sign In Date Time": "lastSignInDateTime",
    "Last Non Interactive Sign In Date Time": "lastNonInteractiveSignInDateTime",
    "Last Successful Sign In Date Time": "lastSuccessfulSignInDateTime",
}
SIGN_IN_COLUMNS = tuple(_SIGN_IN_COLUMNS)
"""Behind the others."""
SELECT = (
    *("id", "userPrincipalName", "displayName", "accountEnabled", "userType", "department", "companyName", "country"),
    *("officeLocation", "jobTitle", "usageLocation", "createdDateTime", "assignedLicenses", "licenseAssignmentStates"),
)
"""The properties of an account that are asked for."""


def key_of(report: str, member: Object) -> str:
    """Return the id of a member of a collection. Raises ValueError if it has none, or is no object."""
    id_ = member.get(_IDS[report]) if isinstance(member, Mapping) else None
    if not isinstance(id_, str) or not id_:
        raise ValueError(f"a member of {report} has no {_IDS[report]}")
    return id_.lower()


def row_maker(header: Sequence[str]) -> Callable[[Object], list[str]]:
    """Return what makes the cells of a member below these columns; that of the refresh date is empty.

    It raises ValueError for a member that is not as Graph documents it.
    """
    rules = [_rule(column) for column in header]

    def row_of(member: Object) -> list[str]:
        try:
            return [rule(member) for rule in rules]
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"a member is not as Graph documents it: {type(error).__name__}") from error

    return row_of


def _rule(column: str) -> Callable[[Object], str]:
    if column in _SIGN_IN_COLUMNS:
        name = _SIGN_IN_COLUMNS[column]
        return lambda user: _text((user.get(SIGN_INS) or {}).get(name))
    first, *others = column.split(" ")
    property_ = first.lower() + "".join(others)
    return _RULES.get(column) or (lambda member: _text(member.get(property_)))


def _text(value: object) -> str:
    """Return a value as a cell: empty for null."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if value is not None and not isinstance(value, int | float):
        raise TypeError("a list or an object where there should be none")
    return "" if value is None else str(value)


def _units(name: str) -> Callable[[Object], str]:
    return lambda sku: _text((sku.get("prepaidUnits") or {}).get(name))


def _items(items: Iterable[Sequence[object]]) -> str:
    return "+".join(sorted({":".join(_part(part) for part in item) for item in items}))


def _part(value: object) -> str:
    text = _text(value).strip()
    return quote(text, safe=" ()/,;'&!@") if _PARTING.search(text) else text


def _plans(sku: Object) -> str:
    names = ("servicePlanName", "servicePlanId", "provisioningStatus", "appliesTo")
    return _items([plan.get(name) for name in names] for plan in sku.get("servicePlans") or ())


def _disabled(user: Object) -> str:
    licences = user.get("assignedLicenses") or ()
    return _items((each["skuId"], plan) for each in licences for plan in each.get("disabledPlans") or ())


def _states(user: Object) -> str:
    states = user.get("licenseAssignmentStates") or ()
    items = {
        f"{_part(each['skuId'])}:{_part(each.get('state'))}:{_text(each.get('lastUpdatedDateTime'))}" for each in states
    }
    return "+".join(sorted(items))


_IDS = {"subscribedSkus": "skuId", "users": "id"}
_RULES: Mapping[str, Callable[[Object], str]] = {
    "Report Refresh Date": lambda member: "",
    "Enabled Units": _units("enabled"),
    "Warning Units": _units("warning"),
    "Suspended Units": _units("suspended"),
    "Locked Out Units": _units("lockedOut"),
    "Service Plans": _plans,
    "Subscription Ids": lambda sku: _items([id_] for id_ in sku.get("subscriptionIds") or ()),
    "Sku Id": lambda sku: key_of("subscribedSkus", sku),
    "User Id": lambda user: key_of("users", user),
    "Assigned Licenses": lambda user: _items([each["skuId"]] for each in user.get("assignedLicenses") or ()),
    "Disabled Plans": _disabled,
    "License Assignments": _states,
}
"""The columns that are not a property of the same name."""
