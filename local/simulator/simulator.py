"""The four listeners, wired up around one tenant, one clock and one record."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Self

from . import catalogue, identity, tickets, tokens
from .clock import Clock
from .control import METHODS, Control
from .download import Download
from .graph import Graph
from .identity import Identity
from .injection import Faults
from .limits import Limits
from .listeners import Listener
from .messages import Answer, Request
from .publication import Publication
from .record import Entry, Record
from .standing import Site
from .tenant import Tenant
from .tickets import Tickets
from .tokens import Tokens


class Simulator:
    """Microsoft Graph for one machine. Listens from `start` (or `with`) to `stop`; a port of 0 is any that is free."""

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
        self._answers = {name: self.faults.around(name, answers) for name in answers}
        self._scenario = scenario or {}
        self._steer = Control(reports, publication, issuer, limits, self.record, self.clock, self.faults).answer

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

    def start(self) -> Self:
        """Answers from now on."""
        for name, listener in self._listening.items():
            listener.start(self._answers[name], partial(self._note, name))
        self.faults.set(self._scenario)
        self._control.start(self._steer, methods=METHODS)
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
