"""The tenants of a provider's customers: which there are, a message for each in the queue of runs, the app of each."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from shared import events
from shared.app import App, app
from shared.domain.errors import ArchiveUnavailable, RunFailed
from shared.domain.outcome import Reason
from shared.domain.tenants import PullRequest, Tenant

if TYPE_CHECKING:
    from shared.archive.run_record import RunRecord
    from shared.web.http import Request, Response
    from shared.web.routes import Api
    from shared.web.tenants import TenantsApi

_KEPT = 16
"""Apps of tenants, with what each knows of its archive, that are kept for readers."""


class Fleet:
    """What the triggers do where one app archives many tenants; with none in `TENANTS` it is the app's own alone."""

    def __init__(self, own: App) -> None:
        """`own` is the app of the provider's own tenant, of whose parts those of the others are made."""
        self._own = own
        self._api_of = functools.lru_cache(_KEPT)(self._new_api)

    def pull_all(self, send: Callable[[list[str]], object]) -> None:
        """Pull what is due, when the timer fires; or let `send` put a message for each tenant into the queue of runs.

        Raises what `App.pull` does.
        """
        if not self.is_many:
            return self._own.pull()
        tenants, wrong = self.tenants()
        now = self._own.clock()
        send([PullRequest(tenant.id, now).to_text() for tenant in tenants])
        events.emit(events.TENANTS_ASKED, logging.WARNING if wrong else logging.INFO, tenants=len(tenants), wrong=wrong)
        with suppress(ArchiveUnavailable):  # the next timer tells
            for told in self.api.told()[0]:
                if told["state"] == "stopped":
                    events.emit(events.TENANT_STOPPED, logging.ERROR, tenant=told["tenant"], since=told["lastRun"])
        return None

    @property
    def is_many(self) -> bool:
        """Whether the app archives tenants of others."""
        return self._own.settings.tenants != ()

    def pull_as_asked(self, token: str, send: Callable[[list[str]], object]) -> None:
        """Do what the timer does, as somebody asked for it; `token` is that of the run. Raises as `pull_all` does."""
        if not self.is_many:
            return self._own.pull_as_asked(token)
        return self.pull_all(send)

    def status(self, request: Request) -> Response:
        """Answer `/status`: how each call stands, or each tenant. Raises as `Api.status` does."""
        if self.is_many and request.path.strip("/") in ("", "status"):
            return self.api.answer(request._replace(path=""), personal=False)
        return self._own.api.status(request)

    def health(self) -> Response:
        """Answer `/health` with one word; never raises."""
        return self.api.health() if self.is_many else self._own.api.health()

    def pull_one(self, message: str, message_id: str, send: Callable[[str], object]) -> None:
        """Pull what is due of the tenant that a message names, and let `send` ask for the rest if time was too short.

        A message that comes again, as its process was killed, has the same `message_id` and takes its own lease again.
        Raises ValueError for a message that is none, and what the same message may do better a second time.
        """
        asked = PullRequest.from_text(message)
        tenant = next((each for each in self.tenants()[0] if each.id == asked.tenant), None)
        if not tenant:
            return events.emit(events.TENANT_UNKNOWN, logging.WARNING, tenant=asked.tenant)
        one, token = self._own.of_tenant(tenant), hashlib.sha256(message_id.encode()).hexdigest()[:6]
        record = one.last_run()
        if not record or record.started < asked.asked:
            try:
                record = one.run(token)
            except RunFailed:  # it is in the log; the message would do no better
                return None
        elif record.id.endswith(token):  # its process was killed between the record and the end
            one.keep_standing(record)
        else:
            return events.emit(events.RUN_SKIPPED, under_way=record.id, since=record.started)
        if record and _lacked_time(record):
            send(PullRequest(tenant.id, self._own.clock()).to_text())
        return None

    def tenants(self) -> tuple[Sequence[Tenant], Sequence[str]]:
        """Return the tenants, and what is wrong with lines of `tenants.csv`. Raises BadInput, ArchiveUnavailable."""
        listed = self._own.settings.tenants
        if listed is not None:
            return listed, ()
        from shared.views.inputs import read_tenants  # lazily, as most apps have no such file

        return read_tenants(self._own.whole_store)

    @functools.cached_property
    def api(self) -> TenantsApi:
        """What answers the HTTP functions of tenants."""
        from shared.archive.tenants import TenantStandings  # lazily, as most apps have no tenants
        from shared.domain.schedule import longest_gap
        from shared.web.health import LATE
        from shared.web.principal import WITH_KEY, reader
        from shared.web.tenants import TenantsApi, consent_url

        settings = self._own.settings
        return TenantsApi(
            is_many=self.is_many,
            reader=lambda request: WITH_KEY if settings.has_keys else reader(request, is_guarded=settings.is_guarded),
            listed=self.tenants,
            standings=TenantStandings(self._own.whole_store).all,
            api_of=self._api_of,
            consent_url=functools.partial(consent_url, settings.cloud.authority, settings.tenants_client_id),
            clock=self._own.clock,
            patience=lambda: 2 * longest_gap(settings.pull_schedule) + LATE,
        )

    def _new_api(self, tenant: Tenant) -> Api:
        return self._own.of_tenant(tenant).api


def _lacked_time(record: RunRecord) -> bool:
    """Whether a run ended for want of time and got something done, so that going on gets more done."""
    is_short = any(pull.reason is Reason.OUT_OF_TIME for pull in record.pulls)
    return is_short and any(pull.outcome.is_success and pull.requested for pull in record.pulls)


@functools.lru_cache(1)
def _fleet_of(own: App) -> Fleet:
    return Fleet(own)


def fleet() -> Fleet:
    """The fleet of this process. Raises SettingError at every use, until the setting is right."""
    return _fleet_of(app())
