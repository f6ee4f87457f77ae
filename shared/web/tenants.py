"""`/tenants` and what is below it: how all tenants of a provider stand, and the archive of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.domain.error_code import ErrorCode
from shared.domain.errors import ArchiveUnavailable, NotArchived, SettingError
from shared.domain.outcome import Reason
from shared.domain.tenants import Tenant, TenantStanding, tenant_id
from shared.web import query, representation
from shared.web.health import STALE, answer
from shared.web.http import Request, Response
from shared.web.principal import WITH_KEY, Reader
from shared.web.report_request import Audience
from shared.web.rfc9110 import send

if TYPE_CHECKING:
    from shared.web.routes import Api

BEHIND = timedelta(days=5)
"""How old the newest refresh date of a tenant may be: Microsoft is two to three days behind as a rule."""

ALL = "all"
"""In the place of a tenant's id, stands for all of them."""


class TenantsApi:
    """The archives of all tenants over HTTP."""

    def __init__(
        self,
        *,
        is_many: bool,
        reader: Callable[[Request], Reader],
        listed: Callable[[], tuple[Sequence[Tenant], Sequence[str]]],
        standings: Callable[[], Mapping[str, TenantStanding]],
        api_of: Callable[[Tenant], Api],
        consent_url: Callable[[Tenant], str],
        clock: Callable[[], datetime],
        patience: Callable[[], timedelta],
    ) -> None:
        """`is_many` says whether `TENANTS` is set, and `reader` whose archives the caller may read.

        `listed` returns the tenants, and what is wrong with lines of their file; `standings` how they stand, by id.
        `consent_url` is where an administrator of a tenant consents to the app, `patience` how long a tenant may be
        without a run.
        """
        self._is_many = is_many
        self._reader = reader
        self._listed = listed
        self._standings = standings
        self._api_of = api_of
        self._consent_url = consent_url
        self._clock = clock
        self._patience = patience

    def answer(self, request: Request, *, personal: bool) -> Response:
        """Answer `/tenants`, `/tenants/ID/{version}/...` and `/tenants/ID/status`; with persons only if `personal`.

        `all` stands for all tenants, where a series of what has no persons is asked for.

        Whoever may not read an archive gets the answer to a tenant that there is none of.
        """
        return self._answer(request, Audience.PERSONAL if personal else Audience.ANYBODY)

    def pseudonymous(self, request: Request) -> Response:
        """Answer `/tenants/ID/pseudonymous/{version}/...`: reports with personal data, without who it is."""
        return self._answer(request, Audience.PSEUDONYMOUS)

    def _answer(self, request: Request, audience: Audience) -> Response:
        if not self._is_many:
            raise NotArchived(ErrorCode.UNKNOWN_PATH, "There are no tenants here: the setting TENANTS is empty.")
        reader = WITH_KEY if audience else self._reader(request)
        first, _, rest = request.path.strip("/").partition("/")
        if not first and not audience and reader.is_of_all:
            return self._fleet(request)
        if first.lower() == ALL and not audience and reader.is_of_all:
            from shared.web.series_of_all import series_of_all  # lazily, as the modules of `formats`

            return series_of_all(request._replace(path=rest), self._listed()[0], self._reports_of)
        id_ = tenant_id(first)
        tenant = next((each for each in self._listed()[0] if each.id == id_ and reader.may_read(each.id)), None)
        if not tenant:
            raise NotArchived(ErrorCode.UNKNOWN_TENANT, "There is no archive of that tenant; /api/tenants lists all.")
        within = _within(tenant, request, rest)
        if rest.partition("/")[0].lower() == "status" and not audience:
            return self._api_of(tenant).status(within._replace(path=rest.partition("/")[2]))
        return self._api_of(tenant).answer(within, audience)

    def _reports_of(self, tenant: Tenant, request: Request) -> Response:
        return self._api_of(tenant).answer(_within(tenant, request, request.path), Audience.ANYBODY)

    def told(self) -> tuple[list[dict[str, Any]], Sequence[str]]:
        """Return how each tenant stands, as `/tenants` tells it, and what is wrong with lines of their file."""
        (tenants, wrong), standings = self._listed(), self._standings()
        now, patience = self._clock(), self._patience()
        return [self._tenant(each, standings.get(each.id), now, patience) for each in tenants], wrong

    def health(self) -> Response:
        """Answer `/health` with one word of all tenants together; never raises.

        `unscheduled`, `unreachable` and `starting` are those of one archive. It is `stopped` if no tenant had a run
        while two were due, and `stale` if for two days no pull of any ended well.
        """
        return answer(self._health_word())

    def _health_word(self) -> str:
        try:
            patience, standings = self._patience(), [*self._standings().values()]
        except SettingError:
            return "unscheduled"
        except ArchiveUnavailable:
            return "unreachable"
        if not standings:
            return "starting"
        now, pulled = self._clock(), [each.pulled_at for each in standings if each.pulled_at]
        if now - max(each.finished for each in standings) > patience:
            return "stopped"
        return "healthy" if pulled and now - max(pulled) <= max(STALE, patience) else "stale"

    def _fleet(self, request: Request) -> Response:
        query.check_names(request.query, (), of_call=False)
        told, wrong = self.told()
        facts: dict[str, Any] = {"value": told}
        if wrong:
            facts["wrong"] = list(wrong)
        return send(request, representation.from_json(facts, {"Cache-Control": "private, no-cache"}))

    def _tenant(
        self, tenant: Tenant, standing: TenantStanding | None, now: datetime, patience: timedelta
    ) -> dict[str, Any]:
        told: dict[str, Any] = {"tenant": tenant.id, "name": tenant.name, "url": f"/api/tenants/{tenant.id}"}
        if not standing:
            return told | {"state": "awaited"}
        if standing.reason == Reason.NO_CONSENT:
            told["consentUrl"] = self._consent_url(tenant)
        return told | {
            "state": _state(standing, now, patience),
            "newest": standing.newest and standing.newest.isoformat(),
            "lastRun": standing.finished.isoformat(timespec="seconds"),
            "lastPull": standing.pulled_at and standing.pulled_at.isoformat(timespec="seconds"),
            "lost": standing.lost,
            "waiting": standing.waiting,
            "failing": standing.failing,
            "reason": standing.reason or None,
        }


def _within(tenant: Tenant, request: Request, path: str) -> Request:
    return request._replace(path=path, root=f"/tenants/{tenant.id}")


def _state(standing: TenantStanding, now: datetime, patience: timedelta) -> str:
    """Return the worst that is true of a tenant."""
    if standing.reason in (Reason.NO_CONSENT, Reason.PERMISSION):
        return standing.reason
    if now - standing.finished > patience:
        return "stopped"
    if standing.failing:
        return "failing"
    if not standing.newest:
        return "empty"
    return "late" if now.date() - standing.newest > BEHIND else "up_to_date"


def consent_url(authority: str, client_id: str, tenant: Tenant) -> str:
    """Return where an administrator of a tenant consents to the app.

    https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent
    """
    return f"{authority}/{tenant.id}/adminconsent?client_id={client_id}"
