"""Clients of Graph that are libraries for Python, pointed to the archive. To import them takes a second."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]
from O365 import Account  # type: ignore[import-untyped]
from O365.connection import MSGraphProtocol  # type: ignore[import-untyped]
from O365.utils.token import MemoryTokenBackend  # type: ignore[import-untyped]
from office365.graph_client import GraphClient
from office365.graph_request import GraphRequest
from office365.reports.internal.queries.create_report_query import create_report_query
from office365.runtime.client_request_exception import ClientRequestException
from office365.runtime.http.request_options import RequestOptions

from tests.serving import Served

__all__ = ["ArchiveClient", "ClientRequestException", "ODataError", "account", "create_report_query", "sdk"]


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


@contextmanager
def account(served: Served) -> Iterator[Account]:
    """An account of O365."""

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
