"""Whether a blob is the snapshot that its name and its metadata say: every byte of it, and nothing more. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from shared import __version__
from shared.archive.layout import Partition, SnapshotName, parse
from shared.archive.snapshot import Snapshot, read_snapshot
from shared.domain.call import Call, every_call
from shared.domain.catalogue import Catalogue, Report
from shared.domain.errors import PullError
from shared.domain.outcome import Flag, Reason
from shared.report import compression
from shared.report.validator import Body
from shared.verification.finding import FindingCode, IntegrityError

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REQUIRED = ("sha256", "size", "rows", "pulled_at", "app_version")
_HEADERS = (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", compression.compress(b"")[:10])
"""How a gzip member begins that this app wrote, on Linux and on this machine: without a name and a time."""
_CODES = {Reason.WRONG_PERIOD: FindingCode.WRONG_PERIOD, Reason.NOT_THIS_REPORT: FindingCode.ANOTHER_REPORT}
_A_FEW = 8
_PIECE = 1 << 20


class Named(NamedTuple):
    """What a blob is by its name alone."""

    call: Call
    refresh_date: date
    revision: int

    @property
    def blob(self) -> str:
        """The name, as text."""
        return str(SnapshotName(Partition.of(self.call), self.refresh_date, self.revision))


def named(name: str, catalogue: Catalogue) -> Named | None:
    """The call, refresh date and revision of a blob; None if no call of the catalogue has blobs of that name."""
    parsed = parse(name)
    report = catalogue.reports.get(parsed.partition.report) if isinstance(parsed, SnapshotName) else None
    if not report or not isinstance(parsed, SnapshotName):
        return None
    calls = every_call(report, parsed.refresh_date)
    call = next((call for call in calls if Partition.of(call) == parsed.partition), None)
    return Named(call, parsed.refresh_date, parsed.revision) if call else None


def snapshot_of(it: Named, metadata: Mapping[str, str]) -> Snapshot:
    """The snapshot as its metadata describe it. Raises IntegrityError if they are not whole and well-formed."""
    if missing := [name for name in _REQUIRED if name not in metadata]:
        raise IntegrityError(FindingCode.BAD_METADATA, f"There is no {' and no '.join(missing)}.")
    snapshot = read_snapshot(it.call, it.blob, metadata)
    if not snapshot:
        raise IntegrityError(FindingCode.BAD_METADATA, "A number or the time is not one.")
    described = snapshot.metadata
    if not _SHA256.fullmatch(described.sha256) or described.pulled_at.utcoffset() != timedelta(0):
        raise IntegrityError(FindingCode.BAD_METADATA, "The SHA-256 or the time is not as the app writes it.")
    ours = described.to_metadata() | {"app_version": metadata["app_version"]}
    names = ours if metadata["app_version"] == __version__ else ours.keys() & metadata.keys()
    if wrong := [name for name in {*names, *_REQUIRED} if metadata.get(name) != ours.get(name)]:
        raise IntegrityError(FindingCode.BAD_METADATA, f"{', '.join(sorted(wrong))}: not as the app writes it.")
    if metadata["app_version"] == __version__ and (more := metadata.keys() - ours.keys()):
        raise IntegrityError(
            FindingCode.BAD_METADATA, f"{', '.join(sorted(more))}: the app writes nothing of that name."
        )
    return snapshot


def prove(snapshot: Snapshot, compressed: bytes, report: Report, version: str, keep: bool) -> list[list[str]]:
    """Raise IntegrityError unless the blob holds exactly what the snapshot's name and metadata say.

    `version` is that of the app which wrote it. Answers the records, the header first, if they are to be kept, else
    the header alone.
    """
    call = snapshot.call
    documented = report.documented(call.version, call.report_type)
    body = Body(documented, period=snapshot.call.period, is_personal=report.personal_data)
    described, rows = snapshot.metadata, list[list[str]]()
    try:
        refresh_date = body.read(unpacked(compressed, described.gzip_sha256), rows.extend if keep else None)
    except PullError as error:
        is_empty = error.reason is Reason.NO_ROWS and bool(
            described.redacted
        )  # all rows were of people who were erased
        if not is_empty:
            raise IntegrityError(_CODES.get(error.reason, FindingCode.NOT_SANE), str(error)) from error
        refresh_date = snapshot.refresh_date
    if (body.sha256, body.size) != (described.sha256, described.size):
        raise IntegrityError(
            FindingCode.WRONG_CONTENT,
            f"It holds {body.size} bytes of SHA-256 {body.sha256}, not what its metadata say.",
        )
    is_flagged = snapshot.call.date is not None and Flag.OTHER_DATE in described.flags
    if refresh_date != snapshot.refresh_date and not is_flagged:
        raise IntegrityError(FindingCode.WRONG_DATE, f"Its rows are of {refresh_date}.")
    if not body.rows:
        return [body.header]
    measured: dict[str, tuple[object, ...]] = {
        "rows": (body.rows,),
        "columns": (tuple(body.header), ()),
        "blank": (tuple(body.blank), ()),
    }
    if version == __version__:
        measured |= {"content": (body.content, body.former_content), "names": (body.names, body.naming.former_verdict)}
    if wrong := [name for name, values in measured.items() if getattr(described, name) not in values]:
        raise IntegrityError(FindingCode.WRONG_METADATA, f"Its metadata do not fit its rows: {', '.join(wrong)}.")
    return [body.header, *rows]


def unpacked(compressed: bytes, sha256: str = "") -> Iterator[bytes]:
    """Yield what a blob holds, in pieces. `sha256` is that of its bytes as they were written, if that is known.

    Raises IntegrityError, maybe only at the end, if the blob is not one gzip member as written.
    """
    if compressed[:10] not in _HEADERS:
        raise IntegrityError(FindingCode.NOT_GZIP, "It does not begin as a gzip file of this app does.")
    gunzip, again = compression.decompressor(), None if sha256 else compression.compressor()
    repacked = bytearray()
    rest = compressed
    try:
        while not gunzip.eof:
            piece = gunzip.decompress(rest, _PIECE)
            rest = gunzip.unconsumed_tail
            if not piece and not rest and not gunzip.eof:
                raise IntegrityError(FindingCode.CUT_SHORT, "The gzip file has no end.")
            if again:
                repacked += again.compress(piece)
            yield piece
    except compression.CompressionError as error:
        raise IntegrityError(FindingCode.DAMAGED, f"The gzip file is damaged: {error}.") from error
    if gunzip.unused_data:
        raise IntegrityError(
            FindingCode.BYTES_AFTER_END, f"{len(gunzip.unused_data)} bytes follow the end of the gzip file."
        )
    if not again:
        if hashlib.sha256(compressed).hexdigest() != sha256:
            raise IntegrityError(FindingCode.DAMAGED, "The gzip file is not the one that was written.")
        return
    repacked += again.flush()
    # Some bits of a gzip file mean nothing. If our zlib writes the very same file but for those, they were changed; if
    # it writes quite another, it is not the zlib that wrote the file, and nothing follows.
    if len(repacked) != len(compressed) or repacked[10:] == compressed[10:]:
        return
    different = sum(a != b for a, b in zip(repacked[10:], compressed[10:], strict=True))
    if different <= _A_FEW:
        raise IntegrityError(
            FindingCode.DAMAGED, f"{different} bytes of the gzip file were changed; what it holds is whole."
        )


def digest(compressed: bytes, gzip_sha256: str = "") -> str:
    """The SHA-256 of what a blob holds; `gzip_sha256` is that of the blob's bytes. Raises IntegrityError."""
    sha256 = hashlib.sha256()
    for piece in unpacked(compressed, gzip_sha256):
        sha256.update(piece)
    return sha256.hexdigest()
