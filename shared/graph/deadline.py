"""A limit on the time of a whole answer: the timeouts of requests and urllib3 begin anew with every byte."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class DeadlineExceeded(TimeoutError):
    """The answer as a whole took too long, though bytes may have come all the time."""


class DeadlineAdapter(HTTPAdapter):
    """An adapter that breaks off an answer after some time. urllib3 has no setting for it."""

    def __init__(
        self, total_timeout: Callable[[], float], https_connection: type[HTTPSConnection] = HTTPSConnection
    ) -> None:
        """`total_timeout` returns the seconds that an answer has which begins now."""
        self._total_timeout = total_timeout
        self._https_connection = https_connection
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(self._pool, HTTPConnectionPool, HTTPConnection),
            "https": partial(self._pool, HTTPSConnectionPool, self._https_connection),
        }

    def _pool(self, pool_class: Callable[..., Any], connection_class: type, *args: Any, **kwargs: Any) -> Any:
        pool = pool_class(*args, **kwargs)
        pool.ConnectionCls = partial(self._connection, connection_class)
        return pool

    def _connection(self, connection_class: Callable[..., Any], **options: Any) -> Any:
        connection = connection_class(**options)
        connection.response_class = partial(_DeadlineResponse, self._total_timeout)
        return connection


def ended_within_line(response: requests.Response) -> bool:
    """Whether the connection ended within a line. urllib3 takes the zeros before a chunk's size for the last chunk."""
    return getattr(response.raw._original_response, "ended_within_line", False)


class _DeadlineResponse(http.client.HTTPResponse):
    def __init__(
        self, total_timeout: Callable[[], float], connection: socket.socket, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(connection, *args, **kwargs)
        self._stream = _DeadlineStream(self.fp.detach(), connection, total_timeout())
        self.fp = io.BufferedReader(self._stream)

    @property
    def ended_within_line(self) -> bool:
        return self._stream.ended_within_line


class _DeadlineStream(io.RawIOBase):
    """What a socket receives, until the deadline: its own timeout begins anew with every byte."""

    def __init__(self, stream: io.RawIOBase, connection: socket.socket, seconds: float) -> None:
        self._stream = stream
        self._connection = connection
        self._read_timeout = connection.gettimeout()
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._last_byte = 0
        self.ended_within_line = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        late = DeadlineExceeded(f"The answer took more than {self._seconds:g} seconds.")
        if left <= 0:
            raise late
        self._connection.settimeout(left if self._read_timeout is None else min(left, self._read_timeout))
        try:
            count = self._stream.readinto(buffer)
        except TimeoutError:
            if time.monotonic() < self._deadline:
                raise
            raise late from None
        if count:
            self._last_byte = buffer[count - 1]
        else:
            self.ended_within_line = self._last_byte != ord("\n")
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()
