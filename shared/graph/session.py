"""The HTTP session of the app: without cookies, proxies, credentials from files or redirects."""

from __future__ import annotations

import math
from http.cookiejar import DefaultCookiePolicy
from typing import NamedTuple

import requests
from requests.adapters import BaseAdapter

from shared import __version__
from shared.domain.errors import Retryable
from shared.domain.outcome import Reason
from shared.graph.deadline import DeadlineAdapter, Patience
from shared.graph.public_address import PublicConnection


class Limits(NamedTuple):
    """How long an answer may take, and how large it may be."""

    connect_timeout: float = 10
    """Seconds for a connection."""
    read_timeout: float = 60
    """Seconds without a byte."""
    total_timeout: float = 240
    """Seconds for the whole answer, head and body."""
    max_bytes: int = 1 << 30
    """Bytes of a body; the largest tenants' reports have a quarter of that."""
    max_compression_ratio: int = 200
    """How many times its size a compressed body may unfold to."""


LIMITS = Limits()


class Session(requests.Session):
    """A session that leaves redirects alone and connects to public addresses over https only, with exceptions.

    `requests.Session.send` looks where a redirect leads, and reads its body, even with allow_redirects=False.
    """

    def __init__(
        self,
        limits: Limits = LIMITS,
        unrestricted_origins: frozenset[str] = frozenset(),
        adapter: BaseAdapter | None = None,
    ) -> None:
        """`unrestricted_origins` may be http and have any address; `adapter` makes the requests to them if given."""
        super().__init__()
        self.limits = limits
        self.trust_env = False
        self.headers.update({"User-Agent": f"usage-archive/{__version__}", "Accept-Encoding": "identity"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._patience = Patience(limits.total_timeout)
        """With the request that is being made."""
        self.mount("https://", DeadlineAdapter(self._patience, PublicConnection))
        for origin in unrestricted_origins:
            self.mount(origin + "/", adapter or DeadlineAdapter(self._patience))

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None

    def fetch(self, url: str, headers: dict[str, str], seconds: float = math.inf) -> requests.Response:
        """Return the answer, its body not read. Raise Retryable without the URL, which may be secret, or PullError.

        It is given `seconds` as a whole, and never more than its limit.
        """
        self._patience.seconds = seconds = min(self.limits.total_timeout, seconds)
        if seconds <= 0:
            raise Retryable(Reason.TOO_SLOW, "There was no time left for an answer.")
        try:
            timeout = (min(self.limits.connect_timeout, seconds), min(self.limits.read_timeout, seconds))
            return self.get(url, headers=headers, allow_redirects=False, stream=True, timeout=timeout)
        except requests.RequestException as error:
            raise Retryable(Reason.UNREACHABLE, f"No answer: {type(error).__name__}.") from None
