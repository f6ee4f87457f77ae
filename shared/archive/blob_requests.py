"""What the app asks of a blob service all the time: to read, to list, and to write in one piece; one request each.

The SDK takes three to four times the CPU for the same request. What is rarer, such as writing in blocks, is the SDK's.
https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

from __future__ import annotations

import random
import re
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit
from xml.etree import ElementTree

import requests
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Retry, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from shared import __version__
from shared.archive.blob_store import ListedBlob, StoredBlob

_SCOPE = "https://storage.azure.com/.default"
_HEADERS = {"x-ms-version": "2023-11-03", "User-Agent": f"usage-archive/{__version__}"}
_META = "x-ms-meta-"
_CONNECTIONS = 32
_ONCE = Retry(False, redirect=False)
"""No attempt but the first: what comes after it is decided here."""
_YOUNG_SECONDS = 300
"""How long a token still has to be good for."""
_ANOTHER_TENANT = re.compile(r"Bearer .*authorization_uri=\"?https://[^/\s]+/([\w.-]+)", re.ASCII)
"""What storage answers to the token of a tenant which is not its own."""


class StorageTimeouts(NamedTuple):
    """How long storage is waited for, in seconds."""

    connect: float = 10
    read: float = 60
    backoff: int = 1
    """Before another attempt; each wait is a few times as long as the one before."""
    attempts: int = 3
    """Per operation."""


class _Refusal(HttpResponseError):
    """The service answered something else than what was asked for."""

    def __init__(self, answer: BaseHTTPResponse) -> None:
        super().__init__("The service refuses.")
        self.status_code = answer.status
        self.error_code = answer.headers.get("x-ms-error-code") or f"status {answer.status}"


class BlobRequests:
    """Reads and writes blobs of one service; safe to use from several threads. Every method raises AzureError."""

    def __init__(
        self,
        url: str,
        credential: TokenCredential,
        ca: str | None,
        timeouts: StorageTimeouts,
        on_answer: Callable[[Mapping[str, str]], None],
    ) -> None:
        """`ca` is a PEM file to trust instead of the system's; `on_answer` is told the headers of each answer."""
        self._url = url.rstrip("/")
        self._path = urlsplit(self._url).path
        self._credential = credential
        self._ca = ca
        self._timeouts = timeouts
        self._timeout = Timeout(connect=timeouts.connect, read=timeouts.read)
        self._on_answer = on_answer
        self._adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS)
        self._pool: HTTPConnectionPool | None = None
        self._token: AccessToken | None = None
        self._tenant: dict[str, Any] = {}

    def get(self, container: str, name: str, start: int = 0, length: int | None = None) -> StoredBlob | None:
        """Return a blob, or up to `length` of its bytes from `start` on; None if there is none of that name."""
        wanted = {}
        if start or length is not None:
            wanted = {"Range": f"bytes={start}-{'' if length is None else start + length - 1}"}
        answer = self._answer(f"{container}/{quote(name)}", wanted)
        if answer.status == 404:
            return None
        if answer.status == 416:  # there are not so many bytes: it is no longer than what is passed over, or empty
            whole = self.get(container, name)
            return whole and whole._replace(content=whole.content[start:])
        if answer.status not in (200, 206):
            raise _Refusal(answer)
        headers = answer.headers
        metadata = {key[len(_META) :]: value for key, value in headers.items() if key[: len(_META)].lower() == _META}
        return StoredBlob(answer.data, metadata, headers.get("ETag", ""))

    def put(
        self, container: str, name: str, content: bytes, metadata: Mapping[str, str], condition: Mapping[str, str]
    ) -> None:
        """Write a blob in one piece, under a condition: If-Match or If-None-Match."""
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream", **condition}
        headers |= {f"{_META}{key}": value for key, value in metadata.items()}
        answer = self._answer(f"{container}/{quote(name)}", headers, "PUT", content)
        if answer.status != 201:
            raise _Refusal(answer)

    def list(self, container: str, prefix: str) -> Iterator[ListedBlob]:
        """Yield the blobs whose names begin with `prefix`, by name."""
        for page in self._pages(container, {"prefix": prefix, "include": "metadata"}):
            for blob in page.iterfind("Blob"):
                md5 = blob.findtext("Properties/Content-MD5")
                metadata = {item.tag: item.text or "" for item in blob.iterfind("Metadata/*")}
                yield ListedBlob(_name(blob), metadata, b64decode(md5) if md5 else None)

    def list_folders(self, container: str, prefix: str, delimiter: str) -> Iterator[str]:
        """Yield what names that begin with `prefix` have up to the next `delimiter` after that, with it."""
        for page in self._pages(container, {"prefix": prefix, "delimiter": delimiter}):
            yield from map(_name, page)

    def _pages(self, container: str, asked: Mapping[str, str]) -> Iterator[ElementTree.Element]:
        query = {"restype": "container", "comp": "list"} | {key: value for key, value in asked.items() if value}
        while True:
            answer = self._answer(f"{container}?{urlencode(query, quote_via=quote)}", {})
            if answer.status != 200:
                raise _Refusal(answer)
            told = _listing(answer.data)
            yield from told.iterfind("Blobs")
            query["marker"] = told.findtext("NextMarker") or ""
            if not query["marker"]:
                return

    def _answer(
        self, target: str, headers: Mapping[str, str], method: str = "GET", content: bytes | None = None
    ) -> BaseHTTPResponse:
        """Return what the service answers in the end, with its body. Raises AzureError if it does not answer."""
        answer = self._repeated(method, target, headers, content)
        tenant = _ANOTHER_TENANT.match(answer.headers.get("WWW-Authenticate", "")) if answer.status == 401 else None
        if tenant and self._tenant != (asked := {"tenant_id": tenant[1]}):
            self._tenant, self._token = asked, None
            return self._repeated(method, target, headers, content)
        return answer

    def _repeated(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes | None
    ) -> BaseHTTPResponse:
        backoff = self._timeouts.backoff
        for left in reversed(range(self._timeouts.attempts)):
            try:
                answer = self._once(method, target, headers, content)
                if not left or not _is_passing(answer.status):
                    return answer
            except AzureError:
                if not left:
                    raise
            time.sleep(backoff * random.uniform(0.5, 1.5))
            backoff *= 3
        raise AssertionError("there is one attempt at least")

    def _once(self, method: str, target: str, headers: Mapping[str, str], content: bytes | None) -> BaseHTTPResponse:
        try:
            answer = self._connections().urlopen(
                method,
                f"{self._path}/{target}",
                body=content,
                headers={**_HEADERS, **headers, "Authorization": f"Bearer {self.bearer()}"},
                retries=_ONCE,
                redirect=False,
                timeout=self._timeout,
                decode_content=False,
            )
        except (ConnectTimeoutError, NewConnectionError) as error:
            raise ServiceRequestError("Nobody answers.") from error
        except HTTPError as error:
            raise ServiceResponseError("The answer is not whole.") from error
        self._on_answer(answer.headers)
        return answer

    def bearer(self) -> str:
        """Return a token that the service takes, as far as is known."""
        token = self._token
        if not token or token.expires_on - time.time() < _YOUNG_SECONDS:
            token = self._token = self._credential.get_token(_SCOPE, **self._tenant)
        return token.token

    def _connections(self) -> HTTPConnectionPool:
        """Return the pool that `requests` would use: it knows proxies and the authorities of this machine."""
        if not self._pool:
            with requests.Session() as session:
                settings = session.merge_environment_settings(self._url, {}, None, self._ca or True, None)
            request = requests.Request("GET", self._url).prepare()
            pool = self._adapter.get_connection_with_tls_context(request, settings["verify"], settings["proxies"])
            assert isinstance(pool, HTTPConnectionPool)
            self._pool = pool
        return self._pool


def _is_passing(status: int) -> bool:
    """Whether the same request may be answered otherwise soon, by what the SDK holds of it."""
    return status == 408 or (status >= 500 and status not in (501, 505))


def _listing(content: bytes) -> ElementTree.Element:
    try:
        listing = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        raise ServiceResponseError("The listing is no XML.") from None
    if listing.tag != "EnumerationResults":
        raise ServiceResponseError("The answer is no listing.")
    return listing


def _name(entry: ElementTree.Element) -> str:
    """Return the name of a blob or folder in a listing, which is encoded where XML cannot hold it."""
    name = entry.find("Name")
    text = (name.text if name is not None else "") or ""
    return unquote(text) if name is not None and name.get("Encoded") == "true" else text
