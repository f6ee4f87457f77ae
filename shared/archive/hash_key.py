"""The keys of hashes, which stand in place of people: random, in `usage-erased`, and never made again once gone.

Without its key nobody can tell whose a hash is, nor make the same again.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple, Self

from shared.archive.blob_store import BlobStore
from shared.archive.layout import ERASED, PSEUDONYMS
from shared.domain.errors import ArchiveUnavailable

_BYTES = 32
_HASH_BYTES = 16
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What `from_bytes` raises for anything that was not written here."""


class HashKey(NamedTuple):
    """A key, and since when it is used."""

    secret: bytes
    since: datetime
    """UTC."""

    @classmethod
    def new(cls, now: datetime) -> Self:
        """Return a key that nobody knows; `now` is in UTC."""
        return cls(secrets.token_bytes(_BYTES), now)

    def hash(self, text: str) -> str:
        """Return the hash of an id or an address, whatever its letter case, in hexadecimal."""
        return blake2b(text.strip().casefold().encode(), key=self.secret, digest_size=_HASH_BYTES).hexdigest()

    def to_json(self) -> dict[str, str]:
        """Return it as it is stored."""
        return {"key": self.secret.hex(), "since": self.since.isoformat()}

    @classmethod
    def from_json(cls, stored: dict[str, str]) -> Self:
        """Return what is stored so. Raise one of UNREADABLE for anything else."""
        secret, since = bytes.fromhex(stored["key"]), datetime.fromisoformat(stored["since"])
        if len(secret) != _BYTES or not since.tzinfo:
            raise ValueError("not a key")
        return cls(secret, since)


class PseudonymKey:
    """The key of the pseudonyms of an archive. Every method raises ArchiveUnavailable."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def current(self, now: datetime) -> HashKey:
        """Return the key, which is made at its first use; `now` is in UTC."""
        key, etag = self._load()
        if key:
            return key
        return self._keep(HashKey.new(now), etag) or self.current(now)

    def rotate(self, now: datetime) -> HashKey:
        """Put a new key in the place of the one that is there, and return it: no hash of before is made again."""
        stored = self._store.get(ERASED, PSEUDONYMS)
        key = self._keep(HashKey.new(now), stored.etag if stored else None)
        if not key:
            raise ArchiveUnavailable("Somebody else rotated the key at the same time.")
        return key

    def _keep(self, key: HashKey, etag: str | None) -> HashKey | None:
        content = json.dumps(key.to_json()).encode()
        return key if self._store.replace_if(ERASED, PSEUDONYMS, content, {}, etag) else None

    def _load(self) -> tuple[HashKey | None, str | None]:
        stored = self._store.get(ERASED, PSEUDONYMS)
        if not stored:
            return None, None
        try:
            return HashKey.from_json(json.loads(stored.content)), stored.etag
        except UNREADABLE:
            raise ArchiveUnavailable(f"{PSEUDONYMS} in {ERASED} is damaged.") from None
