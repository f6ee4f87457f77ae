"""The manifest of a report's month: the newest revision of each day of each call, for readers that take lists of files.

It is made of the snapshots and never believed against them. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from shared.archive.snapshot import Snapshot

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What `read` raises for anything that is no manifest."""

Entry = Mapping[str, Any]
"""What a manifest says of a snapshot."""
Entries = Mapping[tuple[str, date], Entry]
"""By what names say of a call's argument (`D7`), and by refresh date."""
_PERIOD, _DAY = "period", "refresh_date"


def entries(container: str, newest: Iterable[Snapshot]) -> Entries:
    """Return what a manifest says of snapshots in that container, the last of each day."""
    return {(each.call.key, each.refresh_date): _entry(container, each) for each in newest}


def fingerprint(columns: Sequence[str]) -> str:
    """Return what two files have in common that have the same columns in the same order, and no others."""
    return sha256(json.dumps([*columns]).encode()).hexdigest()[:16]


def write(told: Entries) -> bytes:
    """Return the manifest of these entries: a JSON array with a line for each, by call and then oldest first."""
    lines = ",\n".join(json.dumps(told[at]) for at in sorted(told))
    return f"[\n{lines}\n]\n".encode()


def read(stored: bytes) -> Entries:
    """Return the entries of a manifest. Raise one of UNREADABLE for anything else."""
    told = json.loads(stored)
    if not isinstance(told, list):
        raise ValueError("no array")
    return {(str(each[_PERIOD]), date.fromisoformat(each[_DAY])): each for each in told}


def _entry(container: str, snapshot: Snapshot) -> Entry:
    """Return what a manifest says of a snapshot; null is what its metadata do not say."""
    metadata = snapshot.metadata
    return {
        "container": container,
        "name": snapshot.blob,
        _PERIOD: snapshot.call.key,
        _DAY: str(snapshot.refresh_date),
        "revision": snapshot.revision,
        "rows": metadata.rows,
        "size": metadata.size,
        "sha256": metadata.sha256,
        "gzip_size": metadata.gzip_size or None,
        "gzip_sha256": metadata.gzip_sha256 or None,
        "schema": fingerprint(metadata.columns) if metadata.columns else None,
    }
