"""`/reports/{call}` and `/reports/{call}/snapshots`: one snapshot in any format, and the list of all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from werkzeug.http import http_date

from shared import __version__
from shared.archive.archive import Archive
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Report
from shared.domain.errors import BadArgument, NotAcceptable, NotArchived, TooLarge
from shared.report.csv_records import records
from shared.web import formats, query, representation
from shared.web.archive_cache import ArchiveCache
from shared.web.http import Response
from shared.web.in_flight import InFlight
from shared.web.links import Links
from shared.web.query import SnapshotSelector
from shared.web.report_request import ReportRequest
from shared.web.representation import CSV, JSON, LARGEST, EncodedBody, Representation, streamed
from shared.web.resolver import SnapshotResolver
from shared.web.rfc9110 import parse_http_date, send

_FORMATS = ("csv", "json", "excel")
_LIST_FORMATS = ("json", "csv", "link")
_LIST_COLUMNS = ("refreshDate", "revision", "pulledAt", "rows", "size", "sha256", "names", "flags", "url")
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
    return send(request.http, _represent(cache, selected, report, format_name, headers), in_flight)


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
    rows = [_row(each, links) for each in listed]
    if format_name == "json":
        value = [dict(zip(_LIST_COLUMNS, row, strict=True)) for row in rows]
        return send(request.http, representation.from_json({"value": value}, headers))
    file_name = f"{call.report}_{call.key}_snapshots.csv"
    return send(request.http, representation.from_csv([_LIST_COLUMNS, *rows], headers, file_name))


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


def _represent(
    cache: ArchiveCache, selected: Snapshot, report: Report, format_name: str, headers: Mapping[str, str]
) -> Representation:
    """Return a snapshot in one format. Raises NotAcceptable, TooLarge."""
    metadata = selected.metadata
    plain = EncodedBody(
        partial(cache.body, selected),
        metadata.size,
        metadata.sha256,
        part=partial(cache.part, selected),
        working=metadata.gzip_size,
    )
    represent = partial(Representation, modified=metadata.pulled_at, headers=headers)
    if format_name == "csv":
        stored = EncodedBody(
            partial(cache.body, selected, compressed=True), metadata.gzip_size or None, metadata.gzip_sha256
        )
        return represent(tag=metadata.sha256, media_type=CSV, plain=plain, gzip=stored, file_name=selected.file_name)
    if metadata.size > LARGEST:
        raise TooLarge(f"{selected.call} has {metadata.size} bytes: ask for it as CSV, with Accept-Encoding: gzip.")
    tag = f"{metadata.sha256}-{format_name}-{__version__}"  # another version of the app may make other bytes
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


def _row(snapshot: Snapshot, links: Links) -> tuple[Any, ...]:
    """Return what is listed of a snapshot, by column."""
    metadata = snapshot.metadata
    return (
        snapshot.refresh_date.isoformat(),
        snapshot.revision,
        metadata.pulled_at.isoformat(),
        metadata.rows,
        metadata.size,
        metadata.sha256,
        metadata.names,
        " ".join(metadata.flags),
        links.of(snapshot),
    )
