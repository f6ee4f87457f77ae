"""HTTP as the app needs it: sessions that keep no secrets and follow nothing, and bodies that are whole or an error."""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from shared import __version__
from shared.domain.errors import Refused, TryAgain

CHUNK = 256 << 10
"""Bytes read at once."""


class Limits(NamedTuple):
    """How long an answer may take, and how large it may be."""

    connect: float = 10
    """Seconds for a connection."""
    silence: float = 60
    """Seconds without a byte."""
    whole: float = 240
    """Seconds for the whole answer, head and body."""
    size: int = 1 << 30
    """Bytes of a body; the largest tenants' reports have a quarter of that."""
    ratio: int = 200
    """How many times its size a compressed body may unfold to."""


LIMITS = Limits()


class Session(requests.Session):
    """A session without cookies, proxies or credentials from files, which leaves redirects alone.

    `requests.Session.send` looks where a redirect leads, and reads its body, even with allow_redirects=False.
    """

    def __init__(self, *, anywhere: frozenset[str] = frozenset(), limits: Limits = LIMITS) -> None:
        """https goes to public addresses only, but for the origins in `anywhere`."""
        super().__init__()
        self.limits = limits
        self.trust_env = False
        self.headers.update({"User-Agent": f"usage-archive/{__version__}", "Accept-Encoding": "identity"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", _InTime(limits, _PublicConnection))
        for origin in anywhere:
            self.mount(origin + "/", _InTime(limits, HTTPSConnection))

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None

    def fetch(self, url: str, headers: dict[str, str]) -> requests.Response:
        """The answer, its body not read. Raises TryAgain without the URL, which may be secret, or Refused."""
        try:
            timeout = (self.limits.connect, self.limits.silence)
            return self.get(url, headers=headers, allow_redirects=False, stream=True, timeout=timeout)
        except requests.RequestException as error:
            if _caused_by_private_address(error):
                raise Refused("private_address", "The host of a redirect has a private address.") from None
            raise TryAgain("unreachable", f"No answer: {type(error).__name__}.") from None


def chunks(answer: requests.Response, limits: Limits = LIMITS) -> Iterator[bytes]:
    """The body, unpacked if it came as gzip, which nobody asked for.

    Raises TryAgain if it does not arrive whole and in time: HTTP clients pass a cut gzip stream without a word
    (urllib3 2.8 does), so its end and its checksum are asked for here. Refused if it is beyond all measure.
    """
    if not answer.raw.chunked and answer.raw.length_remaining is None:  # or it is told in a way that nobody can read
        raise TryAgain("unframed", "The answer tells neither its length nor its end, so it may be cut.")
    received = _received(answer)
    match answer.headers.get("Content-Encoding", "identity").lower():
        case "identity":
            return _measured(received, limits)
        case "gzip":
            return _measured(_unpacked(received, limits), limits)
        case encoding:
            raise TryAgain("encoded", f"The answer is encoded as {encoding!r}, which was not asked for.")


def _received(answer: requests.Response) -> Iterator[bytes]:
    try:
        yield from answer.raw.stream(CHUNK, decode_content=False)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:  # a ValueError for a chunk of negative length
        if isinstance(error.__cause__, _TooSlow):
            raise TryAgain("too_slow", str(error.__cause__)) from None
        raise TryAgain("cut_short", f"The body broke off: {type(error).__name__}.") from None
    if answer.raw.chunked and getattr(answer.raw._original_response, "is_torn", False):
        raise TryAgain("cut_short", "The body broke off in the size of a chunk.")


def _measured(parts: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    size = 0
    for part in parts:
        size += len(part)
        if size > limits.size:
            raise Refused("too_large", f"The body has more than {limits.size} bytes.")
        yield part


def _unpacked(parts: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
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
                if unfolded > limits.ratio * max(packed, CHUNK):
                    raise Refused("bomb", f"The body unfolds to more than {limits.ratio} times its size.")
                if unpack.unused_data:
                    raise TryAgain("cut_short", "Something follows the end of the gzip stream.")
                yield piece
    except zlib.error as error:
        raise TryAgain("cut_short", f"The gzip stream is damaged: {error}.") from None
    if not unpack.eof:
        raise TryAgain("cut_short", "The gzip stream has no end.")


class _TooSlow(TimeoutError):
    """The answer as a whole took too long, though something may have come all the time."""


class _Timed(io.RawIOBase):
    """What arrives at a socket until a moment: the socket's own time-out begins anew with every byte."""

    def __init__(self, arriving: io.RawIOBase, connection: socket.socket, seconds: float) -> None:
        self._arriving = arriving
        self._connection = connection
        self._silence = connection.gettimeout()
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._last = 0
        self.is_torn = False
        """Whether it ended, and not at the end of a line."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        late = _TooSlow(f"The answer took more than {self._seconds:g} seconds.")
        if left <= 0:
            raise late
        self._connection.settimeout(left if self._silence is None else min(left, self._silence))
        try:
            count = self._arriving.readinto(buffer)
        except TimeoutError:
            if time.monotonic() < self._end:
                raise
            raise late from None
        if count:
            self._last = buffer[count - 1]
        else:
            self.is_torn = self._last != ord("\n")
        return count

    def close(self) -> None:
        self._arriving.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, seconds: float, connection: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(connection, *args, **kwargs)
        self._arriving = _Timed(self.fp.detach(), connection, seconds)
        self.fp = io.BufferedReader(self._arriving)

    @property
    def is_torn(self) -> bool:
        """Whether the connection ended within a line. urllib3 takes the zeros before a number for the last chunk."""
        return self._arriving.is_torn


class _PrivateAddress(Exception):
    """A name resolved to an address that is not on the public internet."""


class _PublicConnection(HTTPSConnection):
    """Looks at the address after name resolution, before anything is sent: a name can be made to point anywhere."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        if not is_public(connection.getpeername()[0]):
            connection.close()
            raise _PrivateAddress
        return connection


def is_public(text: str) -> bool:
    """Whether an address is that of one host on the public internet; where it has one of IPv4 inside, that one."""
    address = ipaddress.ip_address(text)
    if any(address in network for network in _IPV4_INSIDE):
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.is_global and not address.is_multicast and (address.version == 4 or address in _UNICAST)


_IPV4_INSIDE = [ipaddress.ip_network(prefix) for prefix in ("::ffff:0:0/96", "64:ff9b::/96")]
"""Mapped addresses (RFC 4291), and those that NAT64 translates (RFC 6052)."""
_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out. `is_global` counts what is reserved or obsolete too, as ::10.0.0.1 and fec0::1 are."""


class _InTime(HTTPAdapter):
    """Breaks off an answer that takes too long as a whole."""

    def __init__(self, limits: Limits, https: type[HTTPSConnection]) -> None:
        self._limits = limits
        self._https = https
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(self._pool, HTTPConnectionPool, HTTPConnection),
            "https": partial(self._pool, HTTPSConnectionPool, self._https),
        }

    def _pool(self, kind: Callable[..., Any], connection: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        pool = kind(*args, **kwargs)
        pool.ConnectionCls = partial(self._connection, connection)
        return pool

    def _connection(self, kind: Callable[..., Any], **options: Any) -> Any:
        connection = kind(**options)
        connection.response_class = partial(_TimedResponse, self._limits.whole)
        return connection

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().send(*args, **kwargs)
        except _PrivateAddress as error:
            raise requests.exceptions.InvalidURL("private address") from error


def _caused_by_private_address(error: BaseException) -> bool:
    return isinstance(error.__cause__, _PrivateAddress)
