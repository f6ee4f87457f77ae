"""The door for tests: what was seen, what to expect, and the knobs. JSON in and out.

GET    /record[?listener=graph]     every request on identity, graph and download, oldest first
DELETE /record                      forgets them
GET    /clock                       {"now": ISO, "running": bool}
PUT    /clock                       the same; what is left out stays
PUT    /roles                       {"roles": [...], "scopes": [...]} of Graph tokens issued from now on
PUT    /neighbour                   {"function": name or "*", "used": n}: the other apps' part of the tenant's 40
GET    /expected?call=...           {"sha256", "size", "refresh_date", "rows"} of what a pull gives now;
                                    version=beta and refresh_date= choose another
GET    /visible?report=...          {"report", "refresh_date"}: the newest there is now
GET    /faults                      {"seed", "rules": [...]}, each with how many requests fitted it and how many it hit
PUT    /faults                      the same: these rules and no others (see rules.py and the table in faults.py)
DELETE /faults                      no faults
PUT    /restate                     {"report", "refresh_date", "revision": 0 to 7}: other numbers for that day
DELETE /state                       forgets all that was asked and set, but the time
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
from simulator.protocol.api_errors import Refusal
from simulator.protocol.calls import Call
from simulator.protocol.limits import Limits
from simulator.protocol.messages import CHUNKED, Answer, Request
from simulator.protocol.tokens import Tokens
from simulator.record import Entry, Record
from simulator.tenant.publication import Publication, Snapshot

METHODS = ("GET", "PUT", "DELETE")
_JSON = ("Content-Type", "application/json")


class Control:
    """Reads and turns what the other listeners use."""

    def __init__(
        self,
        catalogue: Catalogue,
        publication: Publication,
        tokens: Tokens,
        limits: Limits,
        record: Record,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._catalogue = catalogue
        self._publication = publication
        self._tokens = tokens
        self._limits = limits
        self._record = record
        self._clock = clock
        self._faults = faults
        self._routes: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "/record"): self._recorded,
            ("DELETE", "/record"): self._forget,
            ("GET", "/clock"): self._time,
            ("PUT", "/clock"): self._set_clock,
            ("PUT", "/roles"): self._set_roles,
            ("PUT", "/neighbour"): self._set_neighbour,
            ("GET", "/expected"): self._expected,
            ("GET", "/visible"): self._visible,
            ("PUT", "/restate"): self._restate,
            ("GET", "/faults"): lambda query: self._faults.shown(),
            ("PUT", "/faults"): self._faults.set,
            ("DELETE", "/faults"): lambda query: self._faults.set({}),
            ("DELETE", "/state"): self._reset,
        }

    def answer(self, request: Request) -> Answer:
        """200 with JSON, 404 for an unknown route, 400 for what cannot be read."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            return Answer(404)
        try:
            content = route(json.loads(request.body) if request.method == "PUT" else request.query)
        except (AttributeError, KeyError, TypeError, ValueError, Refusal) as problem:
            return Answer(400, (_JSON,), json.dumps({"error": f"{type(problem).__name__}: {problem}"}).encode())
        if isinstance(content, Iterator):
            return Answer(200, (_JSON, CHUNKED), content)
        return Answer(200, (_JSON,), json.dumps(content).encode())

    def _recorded(self, query: dict[str, str]) -> Iterator[bytes]:
        wanted = query.get("listener")
        return _written(entry for entry in self._record.entries() if wanted in (None, entry.listener))

    def _forget(self, query: dict[str, str]) -> dict[str, str]:
        self._record.clear()
        return {}

    def _reset(self, query: dict[str, str]) -> dict[str, Any]:
        self._tokens.reset()
        self._limits.reset()
        self._publication.reset()
        self._record.clear()
        self._faults.set({})
        return {}

    def _time(self, query: dict[str, str]) -> dict[str, Any]:
        return {"now": self._clock.now().isoformat(), "running": self._clock.running}

    def _set_clock(self, wish: dict[str, Any]) -> dict[str, Any]:
        now = datetime.fromisoformat(wish["now"]) if "now" in wish else self._clock.now()
        now = now if now.tzinfo else now.replace(tzinfo=UTC)
        self._clock.set(now, running=bool(wish.get("running", self._clock.running)))
        return self._time({})

    def _set_roles(self, wish: dict[str, Any]) -> dict[str, Any]:
        self._tokens.roles = tuple(wish.get("roles", self._tokens.roles))
        self._tokens.scopes = tuple(wish.get("scopes", self._tokens.scopes))
        return {"roles": self._tokens.roles, "scopes": self._tokens.scopes}

    def _set_neighbour(self, wish: dict[str, Any]) -> dict[str, Any]:
        self._limits.set_neighbours(wish["function"], int(wish["used"]))
        return wish

    def _call(self, query: dict[str, str]) -> Call:
        version = query.get("version", "v1.0")
        report = self._catalogue.reports.get(query["call"].partition("(")[0])
        root = report.roots.get(version, "reports") if report else "reports"
        return calls.parse(f"/{version}/{root}/{query['call']}", self._catalogue)

    def _expected(self, query: dict[str, str]) -> dict[str, Any]:
        call = self._call(query)
        snapshot = self._publication.snapshot(call, self._clock.now())
        if "refresh_date" in query:
            snapshot = Snapshot(call, date.fromisoformat(query["refresh_date"]))
        seen, size, lines = hashlib.sha256(), 0, 0
        for chunk in self._publication.chunks(snapshot):
            seen.update(chunk)
            size += len(chunk)
            lines += chunk.count(b"\n")
        day = snapshot.call.day or snapshot.refresh_date
        return {"sha256": seen.hexdigest(), "size": size, "refresh_date": day.isoformat(), "rows": lines - 1}

    def _visible(self, query: dict[str, str]) -> dict[str, str]:
        report = self._catalogue.reports[query["report"]].name
        return {"report": report, "refresh_date": self._publication.newest(report, self._clock.now()).isoformat()}

    def _restate(self, wish: dict[str, Any]) -> dict[str, Any]:
        report = self._catalogue.reports[wish["report"]].name
        self._publication.restate(report, date.fromisoformat(wish["refresh_date"]), int(wish["revision"]))
        return wish


def _written(entries: Iterator[Entry]) -> Iterator[bytes]:
    """The entries as one JSON list, some at a time."""
    yield b"["
    start = b""
    for entry in entries:
        yield start + json.dumps(entry.shown()).encode()
        start = b",\n"
    yield b"]"
