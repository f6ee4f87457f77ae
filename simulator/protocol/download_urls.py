"""Preauthenticated download addresses: good once, for a few minutes of the virtual clock."""

import secrets
from base64 import b64encode
from collections import OrderedDict
from threading import Lock

from simulator.tenant.publication import Snapshot

LIFE = 300.0
"""Seconds; Graph's documentation says "a few minutes"."""
_KEPT = 10_000


class Expired(Exception):
    """The address was good once, but not for so long."""


class Tickets:
    """Tokens that stand for a snapshot."""

    def __init__(self, life: float = LIFE) -> None:
        self.life = life
        self._lock = Lock()
        self._open: OrderedDict[str, tuple[Snapshot, float]] = OrderedDict()

    def issue(self, snapshot: Snapshot, now: float) -> str:
        """An opaque token that holds `+`, `/` and `=`, as Graph's do."""
        token = b64encode(b"\xfb\xff" + secrets.token_bytes(30)).decode()
        with self._lock:
            self._open[token] = (snapshot, now + self.life)
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
        return token

    def redeem(self, token: str, now: float) -> Snapshot | None:
        """The snapshot behind the token, which is used up; None if it is unknown or was used. Raises Expired."""
        with self._lock:
            snapshot, expires = self._open.pop(token, (None, 0.0))
        if snapshot and now > expires:
            raise Expired
        return snapshot
