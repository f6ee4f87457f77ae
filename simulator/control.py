"""The control API: the clock, the record of requests, the tenant and the faults. JSON in and out.

README.md lists the routes.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from simulator.catalogue import Catalogue
from simulator.clock import Clock
from simulator.faults.injection import Faults
from simulator.protocol import calls
from simulator.protocol.api_errors import ApiError
from simulator.protocol.calls import Call
from simulator.protocol.customers import Customers
from simulator.protocol.limits import Limits
from simulator.protocol.login import ERRORS, Login
from simulator.protocol.messages import CHUNKED, Answer, Request
from simulator.protocol.tokens import Tokens
from simulator.record import Record
from simulator.tenant.accounts import Accounts
from simulator.tenant.known import known_of_all
from simulator.tenant.publication import Publication, Snapshot

METHODS = ("GET", "PUT", "DELETE")
_JSON = ("Content-Type", "application/json")


class Control:
    """Shows and changes what the other listeners use."""

    def __init__(
        self,
        catalogue: Catalogue,
        publication: Publication,
        tokens: Tokens,
        limits: Limits,
        record: Record,
        clock: Clock,
        faults: Faults,
        customers: Customers,
        login: Login,
    ) -> None:
        """`customers` are further tenants, and `login` gives their tokens."""
        self._catalogue = catalogue
        self._publication = publication
        self._accounts = Accounts(publication.tenant)
        self._tokens = tokens
        self._limits = limits
        self._record = record
        self._clock = clock
        self._faults = faults
        self._customers = customers
        self._login = login
        self._routes: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "/"): lambda query: [" ".join(route) for route in self._routes],
            ("GET", "/clock"): self._read_clock,
            ("PUT", "/clock"): self._set_clock,
            ("GET", "/record"): self._read_record,
            ("DELETE", "/record"): self._clear_record,
            ("GET", "/visible"): self._visible,
            ("GET", "/expected"): self._expected,
            ("GET", "/directory"): self._directory,
            ("PUT", "/restate"): self._restate,
            ("PUT", "/roles"): self._set_roles,
            ("PUT", "/neighbour"): self._set_neighbour,
            ("GET", "/tenants"): lambda query: list(self._customers),
            ("PUT", "/consent"): self._set_consent,
            ("GET", "/faults"): lambda query: self._faults.shown(),
            ("PUT", "/faults"): self._faults.set,
            ("DELETE", "/faults"): lambda query: self._faults.set({}),
            ("DELETE", "/state"): self._reset,
        }

    def answer(self, request: Request) -> Answer:
        """Return 200 with JSON, 404 for an unknown route, 400 for a request that is not understood."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            return Answer(404)
        try:
            content = route(json.loads(request.body) if request.method == "PUT" else request.query)
        except (AttributeError, KeyError, TypeError, ValueError, ApiError) as error:
            return Answer(400, (_JSON,), json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        if isinstance(content, Iterator):
            return Answer(200, (_JSON, CHUNKED), content)
        return Answer(200, (_JSON,), json.dumps(content).encode())

    def _read_record(self, query: dict[str, str]) -> Iterator[bytes]:
        listener = query.get("listener")
        return _json_list(entry.to_json() for entry in self._record.entries() if listener in (None, entry.listener))

    def _clear_record(self, query: dict[str, str]) -> dict[str, str]:
        self._record.clear()
        return {}

    def _reset(self, query: dict[str, str]) -> dict[str, Any]:
        self._tokens.reset()
        self._limits.reset()
        self._publication.reset()
        self._record.clear()
        self._faults.set({})
        self._login.withheld.clear()
        return {}

    def _read_clock(self, query: dict[str, str]) -> dict[str, Any]:
        return {"now": self._clock.now().isoformat(), "running": self._clock.running}

    def _set_clock(self, change: dict[str, Any]) -> dict[str, Any]:
        now = datetime.fromisoformat(change["now"]) if "now" in change else self._clock.now()
        now = now if now.tzinfo else now.replace(tzinfo=UTC)
        self._clock.set(now, running=bool(change.get("running", self._clock.running)))
        return self._read_clock({})

    def _set_roles(self, change: dict[str, Any]) -> dict[str, Any]:
        self._tokens.roles = tuple(change.get("roles", self._tokens.roles))
        self._tokens.scopes = tuple(change.get("scopes", self._tokens.scopes))
        return {"roles": self._tokens.roles, "scopes": self._tokens.scopes}

    def _set_neighbour(self, change: dict[str, Any]) -> dict[str, Any]:
        limits = self._customers[change["tenant"]].limits if "tenant" in change else self._limits
        limits.set_neighbours(change["function"], int(change["used"]))
        return change

    def _set_consent(self, change: dict[str, Any]) -> dict[str, str]:
        tenant, error = change["tenant"], change.get("error", "")
        if tenant not in self._customers or error not in ("", *ERRORS):
            raise ValueError(f"tenant is one of GET /tenants, error one of {', '.join(ERRORS)}, or empty")
        self._login.withheld[tenant] = error
        return self._login.withheld

    def _call(self, query: dict[str, str]) -> Call:
        version = query.get("version", "v1.0")
        report = self._catalogue.reports.get(query["call"].partition("(")[0])
        root = report.roots.get(version, "reports") if report else "reports"
        return calls.parse(f"/{version}/{root}/{query['call']}", self._catalogue)

    def _expected(self, query: dict[str, str]) -> dict[str, Any]:
        call = self._call(query)
        publication = self._customers[query["tenant"]].publication if "tenant" in query else self._publication
        snapshot = publication.snapshot(call, self._clock.now())
        if "refresh_date" in query:
            snapshot = Snapshot(call, date.fromisoformat(query["refresh_date"]))
        sha256, size, lines = hashlib.sha256(), 0, 0
        for chunk in publication.chunks(snapshot):
            sha256.update(chunk)
            size += len(chunk)
            lines += chunk.count(b"\n")
        day = snapshot.call.day or snapshot.refresh_date
        return {"sha256": sha256.hexdigest(), "size": size, "refresh_date": day.isoformat(), "rows": lines - 1}

    def _visible(self, query: dict[str, str]) -> dict[str, str]:
        report = self._catalogue.reports[query["report"]].name
        return {"report": report, "refresh_date": self._publication.newest(report, self._clock.now()).isoformat()}

    def _directory(self, query: dict[str, str]) -> Iterator[bytes]:
        """Answer with what the tenant itself knows of its accounts: no report, and so neither late nor concealed."""
        now = self._clock.now().date()
        return _json_list(known_of_all(self._accounts, (date.fromisoformat(query.get("day", str(now)))).toordinal()))

    def _restate(self, change: dict[str, Any]) -> dict[str, Any]:
        report = self._catalogue.reports[change["report"]].name
        self._publication.restate(report, date.fromisoformat(change["refresh_date"]), int(change["revision"]))
        return change


def _json_list(entries: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the entries as one JSON list, each in a chunk of its own."""
    yield b"["
    separator = b""
    for entry in entries:
        yield separator + json.dumps(entry).encode()
        separator = b",\n"
    yield b"]"
