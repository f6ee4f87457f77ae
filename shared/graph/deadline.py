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


class Patience:
    """How many seconds a whole answer may take that begins now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class DeadlineAdapter(HTTPAdapter):
    """An adapter that breaks off an answer after some time. urllib3 has no setting for it.

    A connection knows the patience and nothing else of it: urllib3 keeps the connections of a pool until nobody has the
    pool any more, so one that led back to the pool would stay, and stay open, for ever.
    """

    def __init__(self, patience: Patience, https_connection: type[HTTPSConnection] = HTTPSConnection) -> None:
        self._patience = patience
        self._https_connection = https_connection
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_pool, HTTPConnectionPool, partial(_connection, HTTPConnection, self._patience)),
            "https": partial(_pool, HTTPSConnectionPool, partial(_connection, self._https_connection, self._patience)),
        }


def _pool(pool_class: Callable[..., Any], connect: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    pool = pool_class(*args, **kwargs)
    pool.ConnectionCls = connect
    return pool


def _connection(connection_class: Callable[..., Any], patience: Patience, **options: Any) -> Any:
    connection = connection_class(**options)
    connection.response_class = partial(_DeadlineResponse, patience)
    return connection


def ended_within_line(response: requests.Response) -> bool:
    """Whether the connection ended within a line. urllib3 takes the zeros before a chunk's size for the last chunk."""
    return getattr(response.raw._original_response, "ended_within_line", False)


class _DeadlineResponse(http.client.HTTPResponse):
    def __init__(self, patience: Patience, connection: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(connection, *args, **kwargs)
        self._stream = _DeadlineStream(self.fp.detach(), connection, patience.seconds)
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
