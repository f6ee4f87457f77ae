"""Graph's directory, as far as it tells of licences: `/subscribedSkus` and `/users`, as JSON in pages.

learn.microsoft.com/graph/api/subscribedsku-list, /graph/api/user-list, /graph/paging.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from simulator.protocol.api_errors import InvalidQuery, MissingAuditPermission, NotPrivileged
from simulator.protocol.messages import Answer, Headers, Request
from simulator.tenant.accounts import Account, Accounts, Place, Properties
from simulator.tenant.names import guid
from simulator.tenant.products import PRODUCTS
from simulator.tenant.tenant import Tenant

SKUS, USERS = "/v1.0/subscribedSkus", "/v1.0/users"
PERMISSIONS = {SKUS: "LicenseAssignment.Read.All", USERS: "User.Read.All"}
AUDIT = "AuditLog.Read.All"
"""What sign-ins need besides."""
LARGEST_PAGE, USUAL_PAGE = 999, 100
_USUAL = ("displayName", "jobTitle", "officeLocation", "userPrincipalName", "id")
_SIGN_INS = "signInActivity"
Page = tuple[Properties, list[str]]
"""What a page has besides its context and `value`, and the JSON of each item of `value`."""


class Directory:
    """Answers requests for the two collections."""

    def __init__(self, tenant: Tenant, endpoint: str) -> None:
        """`endpoint` is the origin of Graph, of which links to a next page are made."""
        self._seed = tenant.seed
        self._accounts = Accounts(tenant)
        self._endpoint = endpoint
        self._text = lru_cache(maxsize=8192)(lambda account, wanted: _json(_chosen(account, wanted)))

    def answer(self, request: Request, claims: Mapping[str, Any], today: date, headers: Headers) -> Answer:
        """Return one page. Raise ApiError."""
        granted = claims.get("roles", ())
        if PERMISSIONS[request.path] not in granted:
            raise NotPrivileged
        page, values = self._skus(today) if request.path == SKUS else self._users(request, today, AUDIT in granted)
        context = f"{self._endpoint}/v1.0/$metadata#{request.path.rpartition('/')[2]}"
        start = _json({"@odata.context": context, **page}).removesuffix("}")
        body = f'{start}, "value": [{", ".join(values)}]}}'.encode()
        content_type = ("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8")
        return Answer(200, (content_type, *headers), body, request.path.rpartition("/")[2])

    def _skus(self, today: date) -> Page:
        now = self._accounts.assigned(today.toordinal())
        before = self._accounts.assigned(date(today.year, 1, 1).toordinal())
        return {}, [_json(self._sku(name, max(now[name], before[name]), now[name])) for name in PRODUCTS]

    def _sku(self, name: str, needed: int, assigned: int) -> Properties:
        product = PRODUCTS[name]
        bought = -(-needed // 5) * 5 + product.spare
        plans = [
            {
                "servicePlanId": id_,
                "servicePlanName": plan,
                "provisioningStatus": "Success",
                "appliesTo": "User",
            }
            for plan, id_ in product.plans.items()
        ]
        return {
            "accountName": "contoso",
            "accountId": guid(self._seed, "tenant"),
            "appliesTo": "User",
            "capabilityStatus": "Enabled",
            "consumedUnits": assigned,
            "id": f"{guid(self._seed, 'tenant')}_{product.sku}",
            "skuId": product.sku,
            "skuPartNumber": product.part_number,
            "subscriptionIds": [guid(self._seed, "subscription", name)],
            "prepaidUnits": {"enabled": bought, "suspended": 0, "warning": 0, "lockedOut": 0},
            "servicePlans": plans,
        }

    def _users(self, request: Request, today: date, may_audit: bool) -> Page:
        query, day = request.query, today.toordinal()
        wanted = tuple(query["$select"].split(",")) if "$select" in query else _USUAL
        if _SIGN_INS in wanted and not may_audit:
            raise MissingAuditPermission
        size = _size(query.get("$top", str(USUAL_PAGE)))
        first, number = (int(part) for part in _token(query.get("$skiptoken", "0-0")))
        found = list(islice(self._accounts.since(day, (first, number)), size + 1))
        page: Properties = {}
        if query.get("$count") == "true":
            if request.headers.get("consistencylevel") != "eventual":
                raise InvalidQuery("Request_UnsupportedQuery", "$count needs the header ConsistencyLevel: eventual.")
            if "$skiptoken" not in query:
                page["@odata.count"] = self._accounts.number(day)
        if len(found) > size:
            (population, next_number), _ = found.pop()
            token = {**query, "$skiptoken": f"{population}-{next_number}"}
            page["@odata.nextLink"] = f"{self._endpoint}{USERS}?{urlencode(token, safe='$,')}"
        return page, [self._selected(account, wanted, place, day) for place, account in found]

    def _selected(self, account: Account, wanted: tuple[str, ...], place: Place, day: int) -> str:
        if _SIGN_INS in wanted and (signed_in := self._signed_in(place, day)):
            return _json({**_chosen(account, wanted), _SIGN_INS: signed_in})
        return self._text(account, wanted)

    def _signed_in(self, place: Place, day: int) -> Properties | None:
        """Return when somebody signed in last: on the last day of any activity; None for who never did."""
        last = self._accounts.last_day(place, day)
        if not last:
            return None
        key = (self._seed, place, last)
        text = f"{date.fromordinal(last)}T07:30:00Z"
        return {
            "lastSignInDateTime": text,
            "lastSignInRequestId": guid(key),
            "lastNonInteractiveSignInDateTime": text,
            "lastNonInteractiveSignInRequestId": guid(key, "again"),
            "lastSuccessfulSignInDateTime": text,
            "lastSuccessfulSignInRequestId": guid(key),
        }


def _chosen(account: Account, wanted: tuple[str, ...]) -> Properties:
    """Return the properties that are wanted, but for sign-ins."""
    if unknown := [name for name in wanted if name not in account and name != _SIGN_INS]:
        raise InvalidQuery("BadRequest", f"Could not find a property named '{unknown[0]}' on type 'user'.")
    return {name: account[name] for name in wanted if name != _SIGN_INS}


def _json(properties: Properties) -> str:
    return json.dumps(properties, ensure_ascii=False)


def _size(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,2}", text):
        detail = f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive."
        raise InvalidQuery("Request_UnsupportedQuery", detail)
    return int(text)


def _token(text: str) -> list[str]:
    if not re.fullmatch(r"\d+-\d+", text):
        raise InvalidQuery("Directory_ExpiredPageToken", "The specified page token value has expired.")
    return text.split("-")
