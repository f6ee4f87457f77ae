"""HTTP as the app needs it: sessions that keep no secrets and follow nothing, and bodies that are whole or an error."""

from __future__ import annotations

import ipaddress
import socket
import time
import zlib
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

from . import __version__
from .errors import Refused, TryAgain

CONNECT_SECONDS = 10
READ_SECONDS = 60
BODY_SECONDS = 240
"""Time for one whole body."""
CHUNK = 256 << 10
"""Bytes read at once."""
LARGEST = 1 << 30
"""Bytes of one body; the largest tenants' reports have a quarter of that."""
LARGEST_RATIO = 200
"""How many times its size a compressed body may unfold to."""


class Session(requests.Session):
    """A session without cookies, proxies or credentials from files, which leaves redirects alone.

    `requests.Session.send` looks where a redirect leads, and reads its body, even with allow_redirects=False.
    """

    def __init__(self, *, anywhere: frozenset[str] = frozenset()) -> None:
        """https goes to public addresses only, but for the origins in `anywhere`."""
        super().__init__()
        self.trust_env = False
        self.headers.update({"User-Agent": f"usage-archive/{__version__}", "Accept-Encoding": "identity"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", _PublicOnly())
        for origin in anywhere:
            self.mount(origin + "/", HTTPAdapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None

    def fetch(self, url: str, headers: dict[str, str]) -> requests.Response:
        """The answer, its body not read. Raises TryAgain without the URL, which may be secret, or Refused."""
        try:
            timeout = (CONNECT_SECONDS, READ_SECONDS)
            return self.get(url, headers=headers, allow_redirects=False, stream=True, timeout=timeout)
        except requests.RequestException as error:
            if _caused_by_private_address(error):
                raise Refused("private_address", "The host of a redirect has a private address.") from None
            raise TryAgain("unreachable", f"No answer: {type(error).__name__}.") from None


def chunks(answer: requests.Response) -> Iterator[bytes]:
    """The body, unpacked if it came as gzip, which nobody asked for.

    Raises TryAgain if it does not arrive whole and in time: HTTP clients pass a cut gzip stream without a word
    (urllib3 2.8 does), so its end and its checksum are asked for here. Refused if it is beyond all measure.
    """
    length, transfer = answer.headers.get("Content-Length"), answer.headers.get("Transfer-Encoding", "")
    if length is None and "chunked" not in transfer.lower():
        raise TryAgain("unframed", "The answer tells neither its length nor its end, so it may be cut.")
    received = _received(answer)
    match answer.headers.get("Content-Encoding", "identity").lower():
        case "identity":
            return _measured(received)
        case "gzip":
            return _measured(_unpacked(received))
        case encoding:
            raise TryAgain("encoded", f"The answer is encoded as {encoding!r}, which was not asked for.")


def _received(answer: requests.Response) -> Iterator[bytes]:
    end = time.monotonic() + BODY_SECONDS
    try:
        for chunk in answer.raw.stream(CHUNK, decode_content=False):
            if time.monotonic() > end:
                raise TryAgain("too_slow", f"The body took more than {BODY_SECONDS} seconds.")
            yield chunk
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise TryAgain("cut_short", f"The body broke off: {type(error).__name__}.") from None


def _measured(parts: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for part in parts:
        size += len(part)
        if size > LARGEST:
            raise Refused("too_large", f"The body has more than {LARGEST} bytes.")
        yield part


def _unpacked(parts: Iterator[bytes]) -> Iterator[bytes]:
    unpack = zlib.decompressobj(wbits=31)
    packed = unfolded = 0
    try:
        for part in parts:
            packed += len(part)
            rest = part
            while rest:
                piece = unpack.decompress(rest, CHUNK)
                rest = unpack.unconsumed_tail
                unfolded += len(piece)
                if unfolded > LARGEST_RATIO * max(packed, CHUNK):
                    raise Refused("bomb", f"The body unfolds to more than {LARGEST_RATIO} times its size.")
                if unpack.unused_data:
                    raise TryAgain("cut_short", "Something follows the end of the gzip stream.")
                yield piece
    except zlib.error as error:
        raise TryAgain("cut_short", f"The gzip stream is damaged: {error}.") from None
    if not unpack.eof:
        raise TryAgain("cut_short", "The gzip stream has no end.")


class _PrivateAddress(Exception):
    """A name resolved to an address that is not on the public internet."""


class _PublicConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        address = ipaddress.ip_address(connection.getpeername()[0])
        if not address.is_global:
            connection.close()
            raise _PrivateAddress
        return connection


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicOnly(HTTPAdapter):
    """Looks at the address after name resolution, before anything is sent: a name can be made to point anywhere."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().send(*args, **kwargs)
        except _PrivateAddress as error:
            raise requests.exceptions.InvalidURL("private address") from error


def _caused_by_private_address(error: BaseException) -> bool:
    return isinstance(error.__cause__, _PrivateAddress)
