"""Services that echo what they got: no secret stands in a log, a blob, an answer or an exception.

The canaries are the bearers of Graph and of storage, preauthenticated URLs, the secret of the identity endpoint, a key
of the storage account, a SAS, and a function key.
"""

from __future__ import annotations

import io
import json
import logging
import threading
import traceback
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NoReturn

import pyarrow.parquet as parquet
import pytest
from azure.storage.blob import BlobServiceClient

from local.simulator_client import Control
from local.stack import Stack
from shared.app import App, app
from shared.archive.layout import CONTAINERS
from shared.graph.bearer import Bearer
from shared.graph.client import GraphClient
from shared.identity import ManagedIdentity
from shared.settings import SETTINGS
from shared.web.http import Request, handle
from tests.reliability.checks import no_secret
from tests.reliability.faults.cases import large
from tests.reliability.faulty_memory import FaultyMemory
from tests.reliability.storage_proxy import FaultyStorage
from tests.wire import Wire, response

URL_TOKEN = "CANARYOFTHEURL+/="
FUNCTION_KEY = "CANARY-OF-THE-FUNCTION-KEY=="
SAS = "sv=2024-11-04&sig=CANARY%2BOF%2BTHE%2BSAS%3D&se=2026-11-22"
ACCOUNT_KEY = "CANARYOFTHEACCOUNT/KEY=="
JWT = "eyJ0eXAiOiJKV1QifQ.eyJDQU5BUlkiOiJCRUFSRVIifQ.c2lnbmF0dXJl"
CANARIES = ("CANARY", "eyJDQU5BUlki", "c2lnbmF0dXJl")
"""Beside the beginnings of secrets, which `no_secret` knows."""
REPORT = "getOffice365ServicesUserCounts"
D7 = f"{REPORT}(period='D7')"
LARGE = "getOffice365ActiveUserDetail(period='D7')"
CSV = b"Report Refresh Date,Report Period\n2026-11-18,7\n"


class Parrot:
    """A server that echoes to its clients all that they sent, in the form that `say` gives it."""

    def __init__(self, say: Callable[[str], bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(ConnectionError):
                    self.wfile.write(say(f"{self.path} {dict(self.headers)}"))
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Parrot:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


Stored = tuple[str, str, bytes, Mapping[str, str]]
"""Container, name, content and metadata of a blob."""


def in_service(blobs: BlobServiceClient) -> Iterator[Stored]:
    for container in blobs.list_containers():
        for blob in blobs.get_container_client(container.name).list_blobs(include=["metadata"]):
            content = blobs.get_blob_client(container.name, blob.name).download_blob().readall()
            yield container.name, blob.name, content, blob.metadata


def in_memory(storage: FaultyMemory) -> Iterator[Stored]:
    for (container, name), blob in storage.sound.blobs.items():
        yield container, name, blob.content, blob.metadata


class Search:
    """All that the app says, to be searched for secrets."""

    def __init__(self, stored: Callable[[], Iterable[Stored]], secrets: tuple[str, ...]) -> None:
        self._stored = stored
        self._secrets = secrets
        self._log = io.StringIO()
        self.handler = logging.StreamHandler(self._log)
        self.texts: dict[str, str] = {}

    def pull(self, app: App) -> None:
        """Do what the timer does, and note what the host would get to see."""
        try:
            app.pull()
        except Exception as error:
            self.texts["exception"] = "".join(traceback.format_exception(error))

    def get(self, app: App, path: str, query: dict[str, str]) -> None:
        """Answer a request that carries a function key."""
        request = Request("GET", path, {"code": FUNCTION_KEY, **query}, {"x-functions-key": FUNCTION_KEY})
        reply = handle(request, partial(app.api.reports, personal=True))
        self.texts[f"{path} {query}"] = f"{reply.status} {reply.headers} {reply.body.decode()}"

    def leaks(self) -> list[str]:
        """Return where secrets stand, and which."""
        texts = {**self.texts, "log": self._log.getvalue()}
        for container, name, content, metadata in self._stored():
            plain = zlib.decompress(content, wbits=31) if name.endswith(".gz") else content
            if name.endswith(".parquet"):
                plain = str(parquet.read_table(io.BytesIO(content)).to_pylist()).encode()
            texts[f"{container}/{name}"] = f"{plain.decode()} {name} {metadata}"
        return [each for name, text in texts.items() for each in no_secret(name, text, self._secrets)]

    @property
    def log(self) -> str:
        return self._log.getvalue()


@contextmanager
def searching(stack: Stack, stored: Callable[[], Iterable[Stored]]) -> Iterator[Search]:
    """Loggers are as the app sets them, its own at every level."""
    levels = {name: logging.getLogger(name).level for name in ("azure", "urllib3", "msal", "usage_archive", "shared")}
    with pytest.MonkeyPatch.context() as environment:
        for setting in SETTINGS:
            environment.setenv(setting.name, stack.settings.get(setting.name, ""))
        app.cache_clear()
        app()
        app.cache_clear()
    for name in ("usage_archive", "shared"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    search = Search(stored, (*CANARIES, stack.settings["IDENTITY_HEADER"]))
    logging.getLogger().addHandler(search.handler)
    yield search
    logging.getLogger().removeHandler(search.handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def search(stack: Stack, blobs: BlobServiceClient) -> Iterator[Search]:
    """The archive of `make_app`."""
    with searching(stack, partial(in_service, blobs)) as search:
        yield search


@pytest.fixture
def search_in_memory(stack: Stack, storage: FaultyMemory) -> Iterator[Search]:
    """The archive of `make_app_in_memory`."""
    with searching(stack, partial(in_memory, storage)) as search:
        yield search


def error(status: int, said: str) -> bytes:
    """An error of Graph."""
    return response(status, json.dumps({"error": {"code": f"Code {said[:200]}", "message": said}}).encode())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_graph_says_back_the_bearer(
    make_app_in_memory: Callable[..., App], search_in_memory: Search, status: int
) -> None:
    with Parrot(lambda said: error(status, f"date value {said} {JWT}")) as graph:
        search_in_memory.pull(make_app_in_memory(GRAPH_ENDPOINT=graph.origin, REPORTS=D7))
    assert "[hidden]" in search_in_memory.log
    assert search_in_memory.leaks() == []


def test_graph_says_back_the_bearer_inside_of_an_error(
    make_app_in_memory: Callable[..., App], search_in_memory: Search
) -> None:
    def wrapped(said: str) -> bytes:
        return error(500, json.dumps({"error": {"code": "UnknownError", "message": f"Authorization: {said}"}}))

    with Parrot(wrapped) as graph:
        search_in_memory.pull(make_app_in_memory(GRAPH_ENDPOINT=graph.origin, REPORTS=D7))
    assert search_in_memory.leaks() == []


@pytest.mark.parametrize(
    "location",
    [
        f"https://evil.example/data/x?token={URL_TOKEN}",
        f"https://user:{URL_TOKEN}@reports.office.com/data/x",
        f"http://reports.office.com/data/x?token={URL_TOKEN}",
        f"https://[{URL_TOKEN}]/data/x",
        f"https://token={URL_TOKEN}/data/x",
        f"https://reports.office.com/data/ x?token={URL_TOKEN}",
    ],
)
def test_a_redirect_that_is_refused(
    make_app_in_memory: Callable[..., App], search_in_memory: Search, location: str
) -> None:
    with Wire() as wire:
        wire.answers[f"/v1.0/reports/{D7}"] = response(302, Location=location)
        search_in_memory.pull(make_app_in_memory(GRAPH_ENDPOINT=wire.origin, REPORTS=D7))
    assert "bad_redirect" in search_in_memory.log
    assert search_in_memory.leaks() == []


DOWNLOADS = {
    "it is refused, and the URL said back": response(403, f"/data/x?token={URL_TOKEN}".encode()),
    "it is cut": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + CSV,
    "its head is damaged": b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 3\r\n\r\nabc",
    "there is no HTTP": b"SSH-2.0\r\n\r\n",
    "it ends at once": b"",
    "it is no gzip": response(200, CSV, Content_Encoding="gzip"),
    "it redirects": response(302, Location=f"/data/y?token={URL_TOKEN}"),
    "it is another report": response(200, b"a,b\n1,2\n"),
}


@pytest.mark.parametrize("download", DOWNLOADS.values(), ids=DOWNLOADS)
def test_a_download_that_fails(
    make_app_in_memory: Callable[..., App], search_in_memory: Search, download: bytes
) -> None:
    with Wire() as graph, Wire() as host:
        graph.answers[f"/v1.0/reports/{D7}"] = response(302, Location=f"{host.origin}/data/x?token={URL_TOKEN}")
        host.answers["/data/x"] = download
        search_in_memory.pull(make_app_in_memory(GRAPH_ENDPOINT=graph.origin, DOWNLOAD_HOSTS=host.origin, REPORTS=D7))
        assert host.seen
    assert "pull." in search_in_memory.log
    assert search_in_memory.leaks() == []


def test_a_download_host_that_cannot_be_reached(
    make_app_in_memory: Callable[..., App], search_in_memory: Search
) -> None:
    with Wire() as graph:
        graph.answers[f"/v1.0/reports/{D7}"] = response(302, Location=f"http://127.0.0.1:1/data/x?token={URL_TOKEN}")
        search_in_memory.pull(
            make_app_in_memory(GRAPH_ENDPOINT=graph.origin, DOWNLOAD_HOSTS="http://127.0.0.1:1", REPORTS=D7)
        )
    assert "unreachable" in search_in_memory.log
    assert search_in_memory.leaks() == []


@pytest.mark.parametrize("status", [200, 400])
def test_the_identity_endpoint_says_back_its_secret(
    make_app: Callable[..., App], search: Search, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with Parrot(lambda said: response(status, json.dumps({"message": said, "token": JWT}).encode())) as identity:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identity.origin}/msi/token")
        pulling = make_app(REPORTS=D7)
        search.pull(pulling)
        search.get(pulling, f"v1.0/reports/{D7}", {})
    assert "ArchiveUnavailable" in search.texts["exception"]
    assert " 503 " in f" {search.texts[f'v1.0/reports/{D7} {{}}']}"
    assert search.leaks() == []


@pytest.mark.parametrize(
    ("operation", "call"), [("list", D7), ("put_blob", D7), ("put_block", LARGE), ("commit", LARGE)]
)
def test_storage_says_back_what_it_refuses(
    stack: Stack, control: Control, make_app: Callable[..., App], search: Search, operation: str, call: str
) -> None:
    control.put("faults", {"rules": large("Display Name", rows=20) if call == LARGE else []})
    said = f"Authorization: Bearer {JWT} AccountKey={ACCOUNT_KEY} https://x.blob.core.windows.net/usage?{SAS}"
    rule = {"fault": "key_rotated", "times": None, "match": {"operation": operation}, "args": {"message": said}}
    with FaultyStorage(stack.settings, [rule]) as storage:
        pulling = make_app(**storage.settings, REPORTS=call)
        search.pull(pulling)
        search.get(pulling, f"v1.0/reports/{call}", {})
        assert storage.rules.shown()["rules"][0]["hits"] > 0
    assert search.leaks() == []


class Broken(GraphClient):
    """Has a mistake, whose exception tells all."""

    def get(self, path: str, etag: str | None = None, seconds: float = 0, headers: object = None) -> NoReturn:
        try:
            urls = " ".join(f"https://reports.office.com/data/{each}{URL_TOKEN}" for each in ("x?token=", "download/"))
            raise ValueError(f"{path} {urls} Authorization: Bearer {JWT}")
        except ValueError as error:
            raise RuntimeError(f"x-functions-key: {FUNCTION_KEY} AccountKey={ACCOUNT_KEY};{SAS}") from error


def test_a_defect_tells_where_it_is_and_no_secret(
    make_app_in_memory: Callable[..., App], search_in_memory: Search
) -> None:
    graph = Broken("https://graph.microsoft.com", Bearer(ManagedIdentity, "https://graph.microsoft.com"), frozenset())
    search_in_memory.pull(make_app_in_memory(REPORTS=D7, graph=graph))
    assert "tests/integration/test_secrets.py" in search_in_memory.log
    assert "RuntimeError" in search_in_memory.log
    assert search_in_memory.leaks() == []


@pytest.mark.parametrize(
    "query", [{}, {"bogus": "1"}, {"refreshDate": "2020-01-01"}, {"asOf": "x"}], ids=lambda query: str(query)
)
def test_a_function_key_is_not_said_back(make_app: Callable[..., App], search: Search, query: dict[str, str]) -> None:
    reading = make_app(REPORTS=D7)
    search.pull(reading)
    for path in (D7, f"{D7}/series", f"{D7}/snapshots", "", "getNoSuchReport"):
        search.get(reading, f"v1.0/reports/{path}", query)
    assert search.leaks() == []


def test_the_search_finds_a_secret_wherever_it_stands(
    blobs: BlobServiceClient, make_app: Callable[..., App], search: Search
) -> None:
    make_app()
    for number, container in enumerate(CONTAINERS):
        blobs.create_container(container)
        blob = blobs.get_blob_client(container, f"blob-{number}")
        blob.upload_blob(b"CANARY" if number else b"", metadata={"note": "" if number else "CANARY"})
    logging.getLogger("urllib3").critical("CANARY")
    search.texts["exception"] = "CANARY"
    assert len(search.leaks()) == len(CONTAINERS) + 2
