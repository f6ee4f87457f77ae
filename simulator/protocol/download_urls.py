"""Preauthenticated download URLs: each is good once, for a few minutes of the simulated time."""

import secrets
from base64 import b64encode
from collections import OrderedDict
from threading import Lock

from simulator.tenant.publication import Publication, Snapshot

LIFE = 300.0
"""Seconds; Graph's documentation says "a few minutes"."""
_MOST = 10_000
"""URLs that are good at the same time; the oldest go first."""


class ExpiredError(Exception):
    """The URL was good once, but not for so long."""


class DownloadUrls:
    """The tokens in the URLs, and the snapshot behind each."""

    def __init__(self, life: float = LIFE) -> None:
        self._life = life
        self._lock = Lock()
        self._snapshots: OrderedDict[str, tuple[tuple[Publication, Snapshot] | None, float]] = OrderedDict()

    def issue(self, publication: Publication, snapshot: Snapshot, now: float) -> str:
        """Return an opaque token that contains `+`, `/` and `=`, as Graph's do."""
        token = b64encode(b"\xfb\xff" + secrets.token_bytes(30)).decode()
        with self._lock:
            self._snapshots[token] = ((publication, snapshot), now + self._life)
            while len(self._snapshots) > _MOST:
                self._snapshots.popitem(last=False)
        return token

    def redeem(self, token: str, now: float) -> tuple[Publication, Snapshot] | None:
        """Return the snapshot behind the token, or None if the token is unknown or used; it is used now.

        Raise ExpiredError.
        """
        with self._lock:
            found, expires = self._snapshots.pop(token, (None, 0.0))
        if found and now > expires:
            raise ExpiredError
        return found
