"""`/reports/{call}` and `/reports/{call}/snapshots`: one snapshot in any format, and the list of all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from werkzeug.http import http_date

from shared import __version__
from shared.archive.archive import Archive
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Report
from shared.domain.errors import BadArgument, NotAcceptable, NotArchived, TooLarge
from shared.report.compression import compress
from shared.report.csv_records import records
from shared.web import formats, query, representation
from shared.web.archive_cache import ArchiveCache
from shared.web.http import Response
from shared.web.in_flight import InFlight
from shared.web.links import Links
from shared.web.query import SnapshotSelector
from shared.web.report_request import Audience, ReportRequest
from shared.web.representation import CSV, JSON, LARGEST, EncodedBody, Representation, streamed
from shared.web.resolver import SnapshotResolver
from shared.web.rfc9110 import parse_http_date, send

if TYPE_CHECKING:
    from shared.views.pseudonyms import Pseudonyms

_FORMATS = ("csv", "json", "excel")
_LIST_FORMATS = ("json", "csv", "link")
_LIST_COLUMNS = ("refreshDate", "revision", "pulledAt", "rows", "size", "sha256", "names", "flags", "url")
_OF_BYTES_SENT = ("size", "sha256")
_NEVER_CHANGES = "private, max-age=31536000, immutable"


def snapshot(request: ReportRequest, archive: Archive, cache: ArchiveCache, in_flight: InFlight) -> Response:
    """Answer with the selected snapshot. Raises RequestError, ArchiveUnavailable, DamagedBlob."""
    parameters = request.parameters(query.OF_SNAPSHOT)
    call, report = request.call(parameters)
    format_name = parameters.format(_FORMATS, request.accept_of_snapshot)
    selector = query.parse_selector(parameters, request.now)
    resolver = SnapshotResolver(archive.snapshots, cache.newest, cache.why_missing)
    is_memento = selector.revision is not None and bool(selector.refresh_date or call.date)
    selected = _resolve(resolver, request, call, selector, is_memento=is_memento)
    cache.check_again(selected)  # before it is confirmed with 304
    links = request.links(call)
    never_changes = is_memento and format_name == "csv" and not request.personal
    headers = {
        "Cache-Control": _NEVER_CHANGES if never_changes else request.cache_control,
        "Content-Location": links.of(selected) + ("" if format_name == "csv" else f"&format={format_name}"),
        "Link": links.header(selected),
        "Memento-Datetime": http_date(selected.metadata.pulled_at),
        "Vary": "Accept, Accept-Encoding" if is_memento else "Accept, Accept-Datetime, Accept-Encoding",
    }
    pseudonyms = request.pseudonyms
    body = _as_told(cache, selected, report, pseudonyms) if pseudonyms else _as_sent(cache, selected)
    return send(request.http, _represent(body, selected, report, format_name, headers), in_flight)


def snapshots(request: ReportRequest, archive: Archive) -> Response:
    """Answer with the list of snapshots and revisions. Raises RequestError, ArchiveUnavailable."""
    parameters = request.parameters(query.OF_SNAPSHOTS)
    format_name = parameters.format(_LIST_FORMATS, request.accept)
    call, _ = request.call(parameters, is_history=format_name != "link")  # a TimeMap is of one resource
    listed = archive.snapshots.all(call, parameters.as_of(request.now))
    links, headers = request.links(call), {"Cache-Control": request.cache_control}
    if format_name == "link":
        mementos = links.to_link_format([each for each in listed if each.call == call])
        return send(request.http, representation.from_bytes(mementos, "application/link-format", headers))
    left_out = _OF_BYTES_SENT if request.audience is Audience.PSEUDONYMOUS else ()
    columns = [column for column in _LIST_COLUMNS if column not in left_out]
    rows = [_row(each, links) for each in listed]
    if format_name == "json":
        value = [{column: row[column] for column in columns} for row in rows]
        return send(request.http, representation.from_json({"value": value}, headers))
    file_name, cells = f"{call.report}_{call.key}_snapshots.csv", [[row[column] for column in columns] for row in rows]
    return send(request.http, representation.from_csv([columns, *cells], headers, file_name))


def _resolve(
    resolver: SnapshotResolver, request: ReportRequest, call: Call, selector: SnapshotSelector, *, is_memento: bool
) -> Snapshot:
    """Return the selected snapshot, where `Accept-Datetime` stands in for `asOf` (RFC 7089 section 4.1).

    A memento has no other times.
    """
    text = request.http.headers.get("accept-datetime")
    if text is None or selector.as_of or is_memento:
        return resolver.resolve(call, selector, request.today)
    instant = parse_http_date(text)
    if instant is None:
        raise BadArgument("Accept-Datetime must be a time as HTTP writes it, such as Fri, 20 Nov 2026 12:00:00 GMT.")
    end = instant.replace(microsecond=999_999)  # of the second: Memento-Datetime says no more either
    try:
        return resolver.resolve(call, selector._replace(as_of=end), request.today)
    except NotArchived:
        if selector != SnapshotSelector():
            raise
        return resolver.first(call, request.today)


class _Body(NamedTuple):
    """The CSV of a snapshot."""

    tag: str
    """Names its bytes."""
    plain: EncodedBody
    gzip: EncodedBody
    modified: datetime | None = None
    """Since when it has been the same for sure, in UTC."""


def _as_sent(cache: ArchiveCache, selected: Snapshot) -> _Body:
    """Return what Graph sent."""
    metadata = selected.metadata
    plain = EncodedBody(
        partial(cache.body, selected),
        metadata.size,
        metadata.sha256,
        part=partial(cache.part, selected),
        working=metadata.gzip_size,
    )
    gzip = EncodedBody(partial(cache.body, selected, compressed=True), metadata.gzip_size or None, metadata.gzip_sha256)
    return _Body(metadata.sha256, plain, gzip, metadata.pulled_at)


def _as_told(cache: ArchiveCache, selected: Snapshot, report: Report, pseudonyms: Pseudonyms) -> _Body:
    """Return what Graph sent, without who it is."""
    metadata = selected.metadata

    def read() -> bytes:
        return pseudonyms.body(report, selected.refresh_date, cache.body(selected))

    working = 2 * metadata.size + metadata.gzip_size
    return _Body(
        tag=pseudonyms.tag(metadata.sha256, __version__),
        plain=EncodedBody(read, working=working, estimate=metadata.size),
        gzip=EncodedBody(lambda: compress(read()), working=working + metadata.size),
    )


def _represent(
    body: _Body, selected: Snapshot, report: Report, format_name: str, headers: Mapping[str, str]
) -> Representation:
    """Return a snapshot in one format. Raises NotAcceptable, TooLarge."""
    metadata, plain = selected.metadata, body.plain
    represent = partial(Representation, modified=body.modified, headers=headers)
    if format_name == "csv":
        return represent(tag=body.tag, media_type=CSV, plain=plain, gzip=body.gzip, file_name=selected.file_name)
    if metadata.size > LARGEST:
        raise TooLarge(f"{selected.call} has {metadata.size} bytes: ask for it as CSV, with Accept-Encoding: gzip.")
    tag = f"{body.tag}-{format_name}-{__version__}"  # another version of the app may make other bytes
    name = selected.file_name.removesuffix(".csv")
    working = metadata.size + metadata.gzip_size
    if format_name == "excel":
        as_excel, excel_gzip = streamed(lambda: formats.excel.pieces(records(plain.read())), metadata.size, working)
        return represent(tag=tag, media_type=CSV, plain=as_excel, gzip=excel_gzip, file_name=f"{name}_excel.csv")
    if not formats.graph_json.is_documented(report, selected.call):
        raise NotAcceptable(f"The names that Graph's JSON has for {report.name} are not known: ask for CSV.")
    of_names = formats.graph_json.bytes_of_names(report, metadata.columns)
    as_json, json_gzip = streamed(
        lambda: formats.graph_json.pieces(report, selected.call, plain.read()),
        metadata.size + metadata.rows * of_names,
        working,
    )
    smaller = {"format": "csv"}
    file_name = f"{name}.json"
    return represent(tag=tag, media_type=JSON, plain=as_json, gzip=json_gzip, file_name=file_name, smaller=smaller)


def _row(snapshot: Snapshot, links: Links) -> dict[str, Any]:
    """Return what is listed of a snapshot, by column."""
    metadata = snapshot.metadata
    return {
        "refreshDate": snapshot.refresh_date.isoformat(),
        "revision": snapshot.revision,
        "pulledAt": metadata.pulled_at.isoformat(),
        "rows": metadata.rows,
        "size": metadata.size,
        "sha256": metadata.sha256,
        "names": metadata.names,
        "flags": " ".join(metadata.flags),
        "url": links.of(snapshot),
    }
