"""The four listeners, wired up around one tenant, one clock and one record."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial, reduce
from pathlib import Path
from threading import Thread
from typing import Any, Self

from simulator import catalogue
from simulator.clock import Clock
from simulator.control import METHODS, Control
from simulator.faults.injection import Faults
from simulator.faults.lasting import Site
from simulator.protocol import download_urls as tickets
from simulator.protocol import identity, tokens
from simulator.protocol.download import Download
from simulator.protocol.download_urls import Tickets
from simulator.protocol.graph import Graph
from simulator.protocol.identity import Identity
from simulator.protocol.limits import Limits
from simulator.protocol.listeners import Answerer, Listener
from simulator.protocol.messages import Answer, Request, Tally, pieces
from simulator.protocol.tokens import Tokens
from simulator.record import Entry, Record
from simulator.tenant.publication import Publication
from simulator.tenant.tenant import Tenant

Hook = Callable[[str, Request], None]
"""Told of a listener's name and a request; may wait, and may raise ConnectionResetError to reset the connection."""


def _ignore(listener: str, request: Request) -> None:
    """No hook."""


class Simulator:
    """Microsoft Graph for one machine. Listens from `start` (or `with`) to `stop`; a port of 0 is any that is free.

    `before` is told of a request before anything is made of it, `after` when its answer is about to leave.
    """

    def __init__(
        self,
        *,
        catalogue_path: Path = catalogue.DEFAULT_PATH,
        users: int = 250,
        seed: int = 1,
        host: str = "127.0.0.1",
        graph_port: int = 0,
        download_port: int = 0,
        identity_port: int = 0,
        control_port: int = 0,
        now: datetime | None = None,
        url_life: float = tickets.LIFE,
        token_life: int = tokens.LIFE,
        scenario: Mapping[str, Any] | None = None,
        before: Hook = _ignore,
        after: Hook = _ignore,
    ) -> None:
        reports = catalogue.read(catalogue_path)
        publication = Publication(Tenant(users, seed))
        limits, urls = Limits(), Tickets(url_life)
        self.clock = Clock(now)
        self.record = Record()
        self._identity, self._graph, self._download, self._control = self._listeners = tuple(
            Listener(host, port) for port in (identity_port, graph_port, download_port, control_port)
        )
        issuer = Tokens(seed, self.graph_endpoint, token_life)
        self.identity_header = secrets.token_hex(16)
        """The secret that the identity endpoint asks for."""
        answers = {
            "identity": Identity(issuer, self.identity_header).answer,
            "graph": Graph(reports, publication, issuer, limits, urls, self.clock, self.download_origin).answer,
            "download": Download(publication, urls, self.clock).answer,
        }
        self._listening = dict(zip(answers, self._listeners, strict=False))
        self.faults = Faults(Site(self.clock, publication, self._listening), issuer, seed)
        """What goes wrong."""
        self.before, self.after = before, after
        self._answers = {name: self._hooked(name, self.faults.around(name, answers)) for name in answers}
        self._scenario = scenario or {}
        self.steer = Control(reports, publication, issuer, limits, self.record, self.clock, self.faults).answer
        """What the control answers."""

    @property
    def identity_endpoint(self) -> str:
        """For the setting IDENTITY_ENDPOINT."""
        return self._identity.origin + identity.PATH

    @property
    def graph_endpoint(self) -> str:
        """Stands for https://graph.microsoft.com."""
        return self._graph.origin

    @property
    def download_origin(self) -> str:
        """Stands for https://reports.office.com."""
        return self._download.origin

    @property
    def control(self) -> str:
        """Where tests steer and look."""
        return self._control.origin

    def addresses(self) -> dict[str, str]:
        """What a client has to know."""
        names = ("identity_endpoint", "identity_header", "graph_endpoint", "download_origin", "control")
        return {name: getattr(self, name) for name in names}

    def exchange(self, name: str, request: Request) -> Iterator[bytes]:
        """The pieces of an answer of `identity`, `graph` or `download`, for those who need no network in between.

        An empty piece means nothing here.
        """
        answer = self._answers[name](request)
        tally = Tally(partial(self._note, name, request, answer))
        try:
            yield from reduce(lambda parts, change: change(parts), answer.wire, pieces(answer, tally))
        finally:
            tally.tell()
            answer.close()

    def start(self) -> Self:
        """Answers from now on."""
        for name, listener in self._listening.items():
            listener.start(self._answers[name], partial(self._note, name))
        self.faults.set(self._scenario)
        self._control.start(self.steer, methods=METHODS)
        return self

    def stop(self) -> None:
        """Closes all four addresses."""
        stops = [Thread(target=listener.stop) for listener in self._listeners]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _hooked(self, listener: str, answer: Answerer) -> Answerer:
        def hooked(request: Request) -> Answer:
            self.before(listener, request)
            answered = answer(request)
            self.after(listener, request)
            return answered

        return hooked

    def _note(self, listener: str, request: Request, answer: Answer, sha256: bytes, size: int) -> None:
        headers = request.headers
        key = "x-functions-key" in headers or "x-identity-header" in headers or "code" in request.query
        self.record.add(
            Entry(
                listener=listener,
                method=request.method,
                path=request.path if listener == "download" else request.target,
                call=answer.call,
                status=answer.status,
                at=self.clock.timestamp(),
                headers=tuple(headers),
                carried=("authorization" in headers) + 2 * ("cookie" in headers) + 4 * key,
                sha256=sha256,
                size=size,
                etag=answer.etag,
                faults=answer.faults,
            )
        )
