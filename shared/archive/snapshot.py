"""A snapshot: the bytes Graph answered to a call for one refresh date, by name and metadata. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from shared import __version__
from shared.archive.layout import Partition, SnapshotName, parse
from shared.domain.call import Call


class SnapshotMetadata(NamedTuple):
    """What is known of a body besides its name."""

    sha256: str
    """Of the bytes that Graph sent, in hexadecimal."""
    size: int
    """Bytes that Graph sent, before compression."""
    rows: int
    """Data rows, header not counted."""
    pulled_at: datetime
    """UTC."""
    etag: str
    """As the download host sent it. It encodes the refresh date, not the content: msgraph-sdk-dotnet#534."""
    request_id: str
    """Of the answer, for a support case with Microsoft."""
    content: str = ""
    """Digest of the values, whatever the order of rows: equal for a body that was only put in another order."""
    names: str = "none"
    """`named`, `concealed`, `mixed`, or `none` where there are none."""
    flags: tuple[str, ...] = ()
    """What a reader should know; see drift.py."""
    columns: tuple[str, ...] = ()
    """The header."""
    blank: tuple[str, ...] = ()
    """The columns without any value."""
    gzip_sha256: str = ""
    """Of the bytes as stored, in hexadecimal."""
    gzip_size: int = 0
    """Bytes as stored; 0 if it is not known."""
    redacted: int = 0
    """Rows that Graph sent and that are not there, or not whole, as they were of people who were erased."""

    def to_metadata(self) -> dict[str, str]:
        """As blob metadata."""
        values = self._asdict() | {
            "pulled_at": self.pulled_at.isoformat(),
            "flags": to_words(self.flags),
            "columns": to_words(self.columns),
            "blank": to_words(self.blank),
            "gzip_size": self.gzip_size or "",
            "redacted": self.redacted or "",
            "app_version": __version__,
        }
        return {name: str(value) for name, value in values.items() if value != ""}  # storage has no empty values

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> SnapshotMetadata:
        """The reverse of `to_metadata`. Raises KeyError or ValueError for a blob that this app did not write."""
        pulled_at = datetime.fromisoformat(metadata["pulled_at"])
        if not pulled_at.tzinfo:
            raise ValueError("pulled_at has no offset from UTC")
        return cls(
            sha256=metadata["sha256"],
            size=int(metadata["size"]),
            rows=int(metadata["rows"]),
            pulled_at=pulled_at,
            etag=metadata.get("etag", ""),
            request_id=metadata.get("request_id", ""),
            content=metadata.get("content", ""),
            names=metadata.get("names", "none"),
            flags=from_words(metadata.get("flags", "")),
            columns=from_words(metadata.get("columns", "")),
            blank=from_words(metadata.get("blank", "")),
            gzip_sha256=metadata.get("gzip_sha256", ""),
            gzip_size=int(metadata.get("gzip_size", 0)),
            redacted=int(metadata.get("redacted", 0)),
        )


class Snapshot(NamedTuple):
    """One archived body."""

    call: Call
    refresh_date: date
    revision: int
    metadata: SnapshotMetadata

    @property
    def name(self) -> SnapshotName:
        """What its blob is called."""
        return SnapshotName(Partition.of(self.call), self.refresh_date, self.revision)

    @property
    def blob(self) -> str:
        """The name of its blob, as text."""
        return str(self.name)

    @property
    def file_name(self) -> str:
        """Self-describing, as a download loses its path."""
        return self.name.file_name

    @property
    def order(self) -> tuple[date, int]:
        """Sorts snapshots of one call from oldest to newest."""
        return self.refresh_date, self.revision


def read_snapshot(call: Call, name: str, metadata: Mapping[str, str]) -> Snapshot | None:
    """Return the snapshot that a blob holds of `call`, or of another single day if that is one; else None."""
    parsed = parse(name)
    if not isinstance(parsed, SnapshotName) or parsed.partition != Partition.of(call):
        return None
    day = parsed.refresh_date
    try:
        parsed_metadata = SnapshotMetadata.from_metadata(metadata)
    except (KeyError, ValueError):
        return None
    return Snapshot(call._replace(date=day) if call.date else call, day, parsed.revision, parsed_metadata)


@lru_cache(maxsize=1024)
def to_words(words: tuple[str, ...]) -> str:
    """As one metadata value, which has to be short ASCII: all metadata of a blob together may have 8 KB."""
    text = ",".join(quote(word, safe=" ()") for word in words)
    text = re.sub("^ +| +$", lambda blanks: "%20" * len(blanks[0]), text)  # HTTP strips a header's value
    return text if len(text) <= 3000 else ""


@lru_cache(maxsize=1024)
def from_words(text: str) -> tuple[str, ...]:
    """Return the words that a value of metadata tells; none, if they were too many."""
    return tuple(unquote(word) for word in text.split(",")) if text else ()
