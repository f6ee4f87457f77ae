"""A snapshot: the bytes Graph answered to a call for one refresh date, by name and metadata.

The names are the index of the archive, Hive-style, so that DuckDB, Spark and Fabric read it directly:
`report=R/period=P/refresh_date=D/revision=N/R_P_D_rN.csv.gz`. What else is known is metadata of the blob.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import quote, unquote

from shared import __version__
from shared.domain.call import Call

_BLOB = re.compile(r"refresh_date=(\d{4}-\d{2}-\d{2})/revision=([1-9]\d*)/[\w-]+\.csv\.gz", re.ASCII)


class Origin(NamedTuple):
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

    def to_metadata(self) -> dict[str, str]:
        """As blob metadata."""
        values = self._asdict() | {
            "pulled_at": self.pulled_at.isoformat(),
            "flags": _listed(self.flags),
            "columns": _listed(self.columns),
            "blank": _listed(self.blank),
            "gzip_size": self.gzip_size or "",
            "app_version": __version__,
        }
        return {name: str(value) for name, value in values.items() if value != ""}  # storage has no empty values

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Origin:
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
            flags=_list(metadata.get("flags", "")),
            columns=_list(metadata.get("columns", "")),
            blank=_list(metadata.get("blank", "")),
            gzip_sha256=metadata.get("gzip_sha256", ""),
            gzip_size=int(metadata.get("gzip_size", 0)),
        )


class Snapshot(NamedTuple):
    """One archived body."""

    call: Call
    refresh_date: date
    revision: int
    origin: Origin

    @property
    def file_name(self) -> str:
        """Self-describing, as a download loses its path."""
        return blob_name(self.call, self.refresh_date, self.revision).rpartition("/")[2].removesuffix(".gz")

    @property
    def blob(self) -> str:
        """The name of its blob."""
        return blob_name(self.call, self.refresh_date, self.revision)

    @property
    def order(self) -> tuple[date, int]:
        """Sorts snapshots of one call from oldest to newest."""
        return self.refresh_date, self.revision


def prefix(call: Call) -> str:
    """What the names of all snapshots of a call (of all dates, for a `date=` call) begin with."""
    return f"report={call.report}/period={call.key}/refresh_date="


def _listed(words: Iterable[str]) -> str:
    """As one metadata value, which has to be short ASCII: all metadata of a blob together may have 8 KB."""
    text = ",".join(quote(word, safe=" ()") for word in words)
    text = re.sub("^ +| +$", lambda blanks: "%20" * len(blanks[0]), text)  # HTTP strips a header's value
    return text if len(text) <= 3000 else ""


def _list(text: str) -> tuple[str, ...]:
    return tuple(unquote(word) for word in text.split(",")) if text else ()


def blob_name(call: Call, refresh_date: date, revision: int) -> str:
    """The name under which a body is archived."""
    file = f"{call.report}_{call.key}_{refresh_date}_r{revision}.csv.gz"
    return f"{prefix(call)}{refresh_date}/revision={revision}/{file}"


def quarantine_name(call: Call, reason: str, sha256: str) -> str:
    """The name under which a body is kept that was not published."""
    return f"{_in_quarantine(call)}/reason={reason}/{sha256}.csv.gz"


def large_quarantine_name(call: Call, pull: str = "") -> str:
    """The same for a body so large that it is sent before its end has come; or what such names of a call begin with."""
    return f"{_in_quarantine(call)}/large/" + (f"{pull}.csv.gz" if pull else "")


def _in_quarantine(call: Call) -> str:
    return f"report={call.report}/period={call.key}" + (f"/date={call.date}" if call.date else "")


def from_blob(call: Call, name: str, metadata: Mapping[str, str]) -> Snapshot | None:
    """The snapshot that a blob holds of `call`, or of another single day if that is one; None if it is no such blob."""
    match = _BLOB.fullmatch(name, len(prefix(call)) - len("refresh_date="))
    if not match:
        return None
    try:
        day = date.fromisoformat(match[1])
        own = call._replace(date=day) if call.date else call
        snapshot = Snapshot(own, day, int(match[2]), Origin.from_metadata(metadata))
    except (KeyError, ValueError):
        return None
    return snapshot if snapshot.blob == name else None
