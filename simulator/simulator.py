"""The listeners around one tenant, or several, one clock and one record."""

import secrets
import ssl
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
from simulator.faults.lasting import Parts
from simulator.protocol import download_urls, identity, tokens
from simulator.protocol.customers import Customers, GraphOfAll
from simulator.protocol.download import Download
from simulator.protocol.download_urls import DownloadUrls
from simulator.protocol.graph import Graph
from simulator.protocol.identity import Identity
from simulator.protocol.limits import Limits
from simulator.protocol.listeners import Handler, Listener
from simulator.protocol.login import Login
from simulator.protocol.messages import Answer, Request, Tally, pieces
from simulator.protocol.tokens import Tokens
from simulator.record import Entry, Record
from simulator.tenant.publication import Publication
from simulator.tenant.tenant import Tenant

Hook = Callable[[str, Request], None]
"""Called with the name of a listener and a request; may wait, or raise ConnectionResetError to reset the connection."""


def _ignore(listener: str, request: Request) -> None:
    """Do nothing."""


class Simulator:
    """A stand-in for Microsoft Graph that listens from `start` to `stop`, or as long as `with` lasts.

    A port of 0 means any that is free. `before` is called when a request has arrived, `after` when its answer is about
    to be sent.

    `tenants` is how many further tenants there are, of about `users` people each; `certificate` names the PEM files of
    a certificate and its key, for their token endpoint, which is at `login`: identity libraries want https there.
    """

    def __init__(
        self,
        *,
        catalogue_path: Path = catalogue.DEFAULT_PATH,
        users: int = 250,
        seed: int = 1,
        tenants: int = 0,
        certificate: tuple[Path, Path] | None = None,
        host: str = "127.0.0.1",
        graph_port: int = 0,
        download_port: int = 0,
        identity_port: int = 0,
        control_port: int = 0,
        login_port: int = 0,
        identity_header: str | None = None,
        now: datetime | None = None,
        url_life: float = download_urls.LIFE,
        token_life: int = tokens.LIFE,
        scenario: Mapping[str, Any] | None = None,
        before: Hook = _ignore,
        after: Hook = _ignore,
    ) -> None:
        reports = catalogue.read(catalogue_path)
        publication = Publication(Tenant(users, seed))
        limits, urls = Limits(), DownloadUrls(url_life)
        self.clock = Clock(now)
        self.record = Record()
        self._identity, self._graph, self._download, self._control = self._listeners = tuple(
            Listener(host, port) for port in (identity_port, graph_port, download_port, control_port)
        )
        self._login = Listener(host, login_port, _context(certificate)) if tenants else None
        issuer = Tokens(seed, self.graph_endpoint, token_life)
        self.identity_header = identity_header or secrets.token_hex(16)
        """The secret that clients send to the identity endpoint as X-IDENTITY-HEADER."""
        new_graph = partial(
            Graph,
            reports,
            tokens=issuer,
            urls=urls,
            clock=self.clock,
            download_origin=self.download_origin,
            endpoint=self.graph_endpoint,
        )
        self.tenants = Customers(tenants, users, seed, lambda of, limits: new_graph(of, limits=limits))
        """The further tenants, by id."""
        login = Login(issuer, self.tenants)
        handlers = {
            "identity": Identity(issuer, self.identity_header).answer,
            "graph": GraphOfAll(new_graph(publication, limits=limits), self.tenants, issuer).answer,
            "download": Download(urls, self.clock).answer,
        }
        self._by_name = dict(zip(handlers, self._listeners, strict=False))
        if self._login:
            self._listeners = (*self._listeners, self._login)
        self.faults = Faults(Parts(self.clock, publication, self._by_name, reports), issuer, seed)
        """The faults, to be set by rules."""
        self.before, self.after = before, after
        self._handlers = {name: self._hooked(name, self.faults.around(name, handlers)) for name in handlers}
        if self._login:
            self._handlers["login"], self._by_name["login"] = self._hooked("login", login.answer), self._login
        self._scenario = scenario or {}
        self.steer = Control(
            reports, publication, issuer, limits, self.record, self.clock, self.faults, self.tenants, login
        ).answer
        """Answers a request of the control API."""

    @property
    def identity_endpoint(self) -> str:
        """The URL of the identity endpoint, for the environment variable IDENTITY_ENDPOINT."""
        return self._identity.origin + identity.PATH

    @property
    def graph_endpoint(self) -> str:
        """The origin in place of https://graph.microsoft.com."""
        return self._graph.origin

    @property
    def download_origin(self) -> str:
        """The origin in place of https://reports.office.com."""
        return self._download.origin

    @property
    def control(self) -> str:
        """The origin of the control API."""
        return self._control.origin

    @property
    def login(self) -> str:
        """The origin in place of https://login.microsoftonline.com, for the further tenants; empty without any."""
        return self._login.origin if self._login else ""

    def addresses(self) -> dict[str, str]:
        """Return what a client has to know: all addresses and the secret of the identity endpoint."""
        names = ("identity_endpoint", "identity_header", "graph_endpoint", "download_origin", "control", "login")
        return {name: getattr(self, name) for name in names}

    def answer(self, name: str, request: Request) -> Answer:
        """Return the answer of `identity`, `graph` or `download` as it is: it is neither sent nor recorded."""
        return self._handlers[name](request)

    def exchange(self, name: str, request: Request) -> Iterator[bytes]:
        """Yield the pieces of an answer of `identity`, `graph` or `download`, without a network in between.

        An empty piece means nothing here.
        """
        answer = self._handlers[name](request)
        tally = Tally(partial(self._record_request, name, request, answer))
        try:
            yield from reduce(lambda parts, change: change(parts), answer.wire, pieces(answer, tally))
        finally:
            tally.close()
            answer.close()

    def start(self) -> Self:
        """Answer from now on."""
        for name, listener in self._by_name.items():
            methods = ("POST",) if name == "login" else ("GET",)
            listener.start(self._handlers[name], partial(self._record_request, name), methods)
        self.faults.set(self._scenario)
        self._control.start(self.steer, methods=METHODS)
        return self

    def stop(self) -> None:
        """Close all addresses."""
        stops = [Thread(target=listener.stop) for listener in self._listeners]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _hooked(self, listener: str, handler: Handler) -> Handler:
        def hooked(request: Request) -> Answer:
            self.before(listener, request)
            answer = handler(request)
            self.after(listener, request)
            return answer

        return hooked

    def _record_request(self, listener: str, request: Request, answer: Answer, sha256: bytes, size: int) -> None:
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


def _context(certificate: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context
