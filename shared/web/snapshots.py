"""`/reports/{call}` and `/reports/{call}/snapshots`: a snapshot in its forms, and which there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared import __version__
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.domain.catalogue import Report
from shared.domain.errors import BadArgument, NotAcceptable, NotArchived, TooLarge
from shared.web import query
from shared.web.archive_cache import Holdings
from shared.web.http import Reply
from shared.web.links import Links
from shared.web.report_request import CSV, JSON, Inquiry
from shared.web.representation import LARGEST, Coded, Representation, computed, http_date, read_http_date, send
from shared.web.resolver import Choice, Choices

_FORMS = ("csv", "json", "excel")
_LIST_FORMS = ("json", "csv", "link")
_LIST_COLUMNS = ("refreshDate", "revision", "pulledAt", "rows", "size", "sha256", "names", "flags", "url")
_NEVER_CHANGES = "private, max-age=31536000, immutable"


def snapshot(inquiry: Inquiry, holdings: Holdings) -> Reply:
    """The chosen snapshot. Raises RequestError, ArchiveUnavailable."""
    asked = inquiry.query(query.OF_SNAPSHOT)
    call, report = inquiry.call(asked)
    form = inquiry.form(asked, _FORMS)
    choice = Choice(asked.refresh_date, asked.revision, asked.as_of(inquiry.now))
    choices = Choices(inquiry.archive.snapshots, holdings.newest, holdings.gap)
    exact = choice.revision and (choice.refresh_date or call.date)  # a memento: it has no other times
    chosen = choices.choose(call, choice, inquiry.today) if exact else _negotiated(inquiry, call, choice, choices)
    links = inquiry.links(call)
    fixed = exact and form == "csv" and not inquiry.personal
    headers = {
        "Cache-Control": _NEVER_CHANGES if fixed else inquiry.cache_control,
        "Content-Location": links.of(chosen) + ("" if form == "csv" else f"&format={form}"),
        "Link": links.header(chosen),
        "Memento-Datetime": http_date(chosen.origin.pulled_at),
        "Vary": "Accept, Accept-Encoding" if exact else "Accept, Accept-Datetime, Accept-Encoding",
    }
    return send(inquiry.request, _representation(holdings, chosen, report, form, headers))


def snapshots(inquiry: Inquiry) -> Reply:
    """Every snapshot and revision that there is. Raises RequestError, ArchiveUnavailable."""
    asked = inquiry.query(query.OF_SNAPSHOTS)
    form = inquiry.form(asked, _LIST_FORMS)
    call, _ = inquiry.call(asked, history=form != "link")  # a TimeMap is of one resource
    found = inquiry.archive.snapshots.all(call, asked.as_of(inquiry.now))
    links = inquiry.links(call)
    headers = {"Cache-Control": inquiry.cache_control}
    if form == "link":
        mementos = [each for each in found if each.call == call]
        return send(inquiry.request, computed(links.to_link_format(mementos), "application/link-format", headers))
    lines = [_line(each, links) for each in found]
    if form == "json":
        told = [dict(zip(_LIST_COLUMNS, line, strict=True)) for line in lines]
        return send(inquiry.request, computed(json.dumps({"value": told}).encode(), JSON, headers))
    from shared.report.csv_records import to_csv

    body = b"".join(to_csv([_LIST_COLUMNS, *lines]))
    return send(inquiry.request, computed(body, CSV, headers, f"{call.report}_{call.key}_snapshots.csv"))


def _negotiated(inquiry: Inquiry, call: Call, choice: Choice, choices: Choices) -> Snapshot:
    """The chosen one, where `Accept-Datetime` stands in for `asOf` (RFC 7089 section 4.1)."""
    text = inquiry.request.headers.get("accept-datetime")
    if text is None or choice.as_of:
        return choices.choose(call, choice, inquiry.today)
    instant = read_http_date(text)
    if instant is None:
        raise BadArgument("Accept-Datetime must be a time as HTTP writes it, such as Fri, 20 Nov 2026 12:00:00 GMT.")
    end = instant.replace(microsecond=999_999)  # of the second: Memento-Datetime says no more either
    try:
        return choices.choose(call, choice._replace(as_of=end), inquiry.today)
    except NotArchived:
        if choice != Choice():
            raise
        return choices.first(call, inquiry.today)


def _representation(
    holdings: Holdings, chosen: Snapshot, report: Report, form: str, headers: Mapping[str, str]
) -> Representation:
    origin = chosen.origin
    plain = Coded(lambda: holdings.body(chosen), origin.size, origin.sha256)
    if form == "csv":
        packed = Coded(lambda: holdings.body(chosen, packed=True), origin.gzip_size or None, origin.gzip_sha256)
        return Representation(origin.sha256, CSV, plain, packed, origin.pulled_at, headers, file_name=chosen.file_name)
    if origin.size > LARGEST:
        raise TooLarge(f"{chosen.call} has {origin.size} bytes: ask for it as CSV, with Accept-Encoding: gzip.")
    # What is made of a body may come out otherwise in another version of the app.
    etag = f"{origin.sha256}-{form}-{__version__}"
    name = chosen.file_name.removesuffix(".csv")
    if form == "excel":
        from shared.web.formats.excel import (
            harmless,  # forms are imported when they are asked for: a cold start need not pay for them
        )

        made = Coded(lambda: harmless(plain.read()))
        return Representation(etag, CSV, made, None, origin.pulled_at, headers, file_name=f"{name}_excel.csv")
    from shared.web.formats import graph_json

    if not graph_json.known(report, chosen.call):
        raise NotAcceptable(f"The names that Graph's JSON has for {report.name} are not known: ask for CSV.")
    made = Coded(lambda: graph_json.to_json(report, chosen.call, plain.read()))
    return Representation(etag, JSON, made, None, origin.pulled_at, headers, file_name=f"{name}.json")


def _line(snapshot: Snapshot, links: Links) -> tuple[Any, ...]:
    """What is listed of a snapshot, by column."""
    origin = snapshot.origin
    return (
        snapshot.refresh_date.isoformat(),
        snapshot.revision,
        origin.pulled_at.isoformat(),
        origin.rows,
        origin.size,
        origin.sha256,
        origin.names,
        " ".join(origin.flags),
        links.of(snapshot),
    )
