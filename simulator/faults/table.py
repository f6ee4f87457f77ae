"""Everything that can go wrong, by name. The ids are those of the archive's list of faults.

Several faults of one answer apply in the order of their rules: put those of rows first, then bytes, then the wire.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from simulator.faults import answers, bodies, lasting, pages, rows, wire
from simulator.faults.answers import Change
from simulator.faults.lasting import Begin

Args = Mapping[str, Any]
"""Arguments and their defaults."""
NONE: Args = {}


class Fault(NamedTuple):
    """A fault of single answers."""

    ids: str
    meaning: str
    change: Change
    args: Args
    status: int | None = None
    """The status of the true answers that the fault applies to; None means any."""
    on: tuple[str, ...] = ("graph", "download")
    """The listeners that the fault applies to, unless the rule matches a listener."""


class LastingFault(NamedTuple):
    """A fault of the simulator itself, which lasts from when its rule is set until other rules are set.

    It counts no requests: `nth`, `times` and `p` have no effect.
    """

    ids: str
    meaning: str
    begin: Begin
    args: Args


def _error(ids: str, meaning: str, status: int, code: str, message: str, on: str = "graph") -> Fault:
    args = {"status": status, "code": code, "message": message, "wrapped": False, "form": "json", "retry_after": None}
    return Fault(ids, meaning, answers.graph_error, args, on=(on,))


def _wire(ids: str, meaning: str, stream: Callable[..., wire.Pieces], args: Args) -> Fault:
    return Fault(ids, meaning, answers.on_wire(stream), args)


def _cut(ids: str, meaning: str, stream: Callable[..., wire.Pieces], args: Args = NONE) -> Fault:
    return Fault(ids, meaning, answers.on_wire(stream), args, 200)


def _body(ids: str, meaning: str, stream: Callable[..., bodies.Chunks], args: Args = NONE) -> Fault:
    return Fault(ids, meaning, answers.with_body(stream), args, 200)


def _rows(ids: str, meaning: str, edit: Callable[..., rows.Rows], args: Args = NONE) -> Fault:
    return Fault(ids, meaning, answers.with_rows(edit), args, 200)


def _page(meaning: str, edit: Callable[..., None], args: Args) -> Fault:
    return Fault("", f"of the directory: {meaning}", pages.edited(edit), args, 200, ("graph",))


def _date(ids: str, meaning: str, text: str, share: float = 1.0) -> Fault:
    return Fault(ids, meaning, answers.refresh_date, {"text": text, "share": share}, 200)


def _token(ids: str, meaning: str, change: Change, args: Args = NONE) -> Fault:
    return Fault(ids, meaning, change, args, 200, ("identity",))


_BAD_DATE = "Invalid date value specified: 2020-06-03. Only support data for the past 28 days."
_BAD_SEGMENT = "Resource not found for the segment 'getOffice365ServicesUserCounts'."

GRAPH: dict[str, Fault] = {
    "throttled": _error("F01 F02 F03", "429; retry_after is any text, or null for none", 429, "TooManyRequests", ""),
    "server_error": _error("F04", "5xx; form is json, html or empty", 500, "UnknownError", ""),
    "date_too_old": _error("F05", "400 for a date that is too old", 400, "InvalidArgument", _BAD_DATE),
    "no_json": _error("F06", "400 for the JSON format", 400, "InvalidArgument", "JSON format is not supported."),
    "unknown_segment": _error("F07", "400 for a retired report", 400, "BadRequest", _BAD_SEGMENT),
    "token_rejected": _error("F08", "401", 401, "InvalidAuthenticationToken", "Access token has expired."),
    "no_permission": _error("F09", "403, wrapped or not", 403, "S2SUnauthorized", "Invalid permission."),
    "not_switched_on": _error(
        "F09", "403 for a metric that is off", 403, "accessDenied", "Tenant is not enabled for this report type."
    ),
    "no_content": Fault("F10", "204 for a call without data", answers.no_content, NONE, on=("graph",)),
    "unknown_tenant": _error(
        "F10", "404 for a tenant without data", 404, "UnknownTenantId", "We do not recognize this tenant ID"
    ),
    "direct": Fault("F11", "200 with the CSV in place of the redirect", answers.direct, {}, 302),
    "redirect": Fault(
        "F14 F15",
        "another Location, or null for none; {true} is the true one, {here} the URL of the request",
        answers.redirect,
        {"location": "{here}", "status": 302},
        on=("graph",),
    ),
    "redirect_body": Fault(
        "F12", "a redirect with a body of size bytes", answers.redirect_body, {"size": 1 << 20}, 302
    ),
}
WIRE: dict[str, Fault] = {
    "hang": _wire("F13 F53", "silence before the answer; null means for ever", wire.pause, {"seconds": 100.0}),
    "silence": _wire(
        "F13",
        "the same after the head and some chunks",
        wire.silence,
        {"seconds": 100.0, "chunks": 0},
    ),
    "reset": _wire("F13 F51", "a reset after some pieces, the first being the head", wire.reset, {"after": 0}),
    "drip": _cut(
        "F24 F50", "count bytes at a time, with a pause before each", wire.drip, {"seconds": 10.0, "count": 1}
    ),
    "cut": _cut("F21", "a body that ends after some bytes, or before its last piece", wire.cut, {"at": 1000}),
    "cut_end": _cut("F21", "a chunked body without its last, empty chunk", wire.cut_end),
    "cut_chunk": _cut("F21", "a chunked body that ends inside a chunk", wire.cut_chunk),
    "wrong_length": Fault(
        "F21",
        "a Content-Length too high, or too low if extra is below 0",
        answers.wrong_length,
        {"extra": 7},
        200,
    ),
    "unframed": Fault("F21", "no length and no chunks: the body ends with the connection", answers.unframed, {}, 200),
    "gzip": Fault("F23", "gzip", answers.packed(bodies.gzip), {}, 200),
    "gzip_cut": Fault(
        "F23", "gzip without its last bytes, the length right", answers.packed_whole(bodies.gzip_cut), {"by": 20}, 200
    ),
    "gzip_bad_crc": Fault("F23", "gzip with a wrong CRC", answers.packed_whole(bodies.gzip_bad_crc), {}, 200),
    "gzip_bomb": Fault(
        "F12 F24",
        "size zeros as gzip; match the listener graph for one in the redirect",
        answers.packed(bodies.gzip_bomb),
        {"size": 64 << 20},
        on=("download",),
    ),
    "endless": _body("F24", "the last chunk for ever", bodies.endless),
}

DOWNLOAD: dict[str, Fault] = {
    "missing_credentials": _error(
        "F18",
        "403 for want of a bearer",
        403,
        "MissingCredentials",
        "Valid Authorization header is needed.",
        "download",
    ),
    "url_expired": Fault("F19", "status 403, 404 or 410", answers.bare, {"status": 410}, on=("download",)),
    "not_modified": Fault("F25", "304, whatever the bytes", answers.not_modified, {}),
    "etag": Fault("F25", "one ETag, whatever the bytes", answers.etag, {"etag": '"same"'}, 200),
}

CONTENT: dict[str, Fault] = {
    "no_bom": _body("F27", "no BOM", bodies.no_bom),
    "two_boms": _body("F27", "two BOMs", bodies.two_boms),
    "utf16": _body("F27", "UTF-16 with its BOM", bodies.utf16),
    "invalid_utf8": _body("F27", "a byte that is never in UTF-8, in the last row", bodies.invalid_utf8),
    "lf": _body("F28", "LF in place of CRLF", bodies.lf),
    "mixed_line_ends": _body("F28", "CRLF and LF in turn", bodies.mixed_line_ends),
    "no_final_newline": _body("F28", "no line end at the end", bodies.no_final_newline),
    "blank_lines": _body("F28", "blank lines at the end", bodies.blank_lines, {"count": 2}),
    "truncated": _body("F28", "the first bytes, or all but the last if below 0", bodies.truncated, {"at": -5}),
    "followed": _body(
        "F28",
        "another text behind the report, of which so many of the last bytes are dropped",
        bodies.followed,
        {"text": "<html><body>500 Internal Server Error</body></html>\r\n", "by": 0},
    ),
    "ragged": _rows("F28", "more cells in a row, or fewer if cells is below 0", rows.ragged, {"row": 1, "cells": -1}),
    "empty": _body("F29", "0 bytes", bodies.empty),
    "bom_only": _body("F29", "only the BOM", bodies.bom_only),
    "header_only": _body("F29 F49", "only the header", bodies.header_only),
    "page": Fault(
        "F30",
        "200 with another text, such as HTML or JSON, in place of the report",
        answers.page,
        {"text": "<!DOCTYPE html><html><body>Sign in</body></html>", "kind": "text/html"},
        200,
    ),
    "other_report": Fault(
        "F30",
        "the body of another call in place of the report",
        answers.other_report,
        {"call": "getEmailActivityUserDetail(period='D7')"},
        200,
        ("download",),
    ),
    "date_blank": _date("F31", "no refresh date in a share of the rows", ""),
    "two_dates": _date("F31", "the refresh date of the day before in a share of the rows", "{before}", 0.5),
    "own_dates": _rows("F31", "the Report Date of each row as its refresh date", rows.own_dates),
    "date_form": _date("F33", "other refresh dates, with {date}, {us}, {before}, {tomorrow}", "{date}T00:00:00Z"),
    "column_added": _rows(
        "F34",
        "a new column; at counts from 0, or from the end if below 0, null means last",
        rows.column_added,
        {"name": "New Column", "at": None, "text": ""},
    ),
    "column_moved": _rows("F34", "a column in another place", rows.column_moved, {"column": rows.DATE, "to": 1}),
    "column_renamed": _rows(
        "F34",
        "another name for a column",
        rows.column_renamed,
        {"column": "Office 365 Active", "to": "Microsoft 365 Active"},
    ),
    "column_removed": _rows("F34", "a column removed", rows.column_removed, {"column": "Last Activity Date"}),
    "column_blank": _rows("F36 F41", "an empty column", rows.column_blank, {"column": "Site URL"}),
    "zeros_blank": _rows("F36", "an empty cell in place of each 0", rows.zeros_blank),
    "odd_cell": _rows(
        "F37",
        "another text in a cell",
        rows.odd_cell,
        {"row": 1, "column": "Display Name", "text": '=cmd(),"\n\u202e\0'},
    ),
    "rows_repeated": _rows(
        "F39",
        "the first rows twice, the second time with another text in a column if it is named",
        rows.rows_repeated,
        {"count": 1, "column": "", "text": ""},
    ),
    "concealed": _rows("F40", "names concealed in a share of the rows", rows.concealed, {"share": 1.0}),
    "unnamed": _rows(
        "F40",
        "another text in place of names in a share of the rows; {number} tells them apart",
        rows.unnamed,
        {"columns": ["User Principal Name", "Display Name"], "text": "(Unknown)", "share": 1.0},
    ),
    "rows_reordered": _rows("F42", "the first row last", rows.rows_reordered),
    "rows_shuffled": Fault(
        "F42", "the rows in another order at each request", answers.shuffled, {}, 200, ("download",)
    ),
    "products_reordered": _rows("F42", "Assigned Products reversed", rows.products_reordered),
    "shrunk": _rows("F48", "only a share of the rows", rows.shrunk, {"share": 0.5}),
}

DIRECTORY: dict[str, Fault] = {
    "page_repeats": _page("the first members of a page once more at its end", pages.repeated, {"count": 1}),
    "page_loses": _page("a page without its first members", pages.lost, {"count": 1}),
    "page_link": _page(
        "another next page, or null for none; {here} is the URL of the request", pages.link, {"url": "{here}"}
    ),
}

IDENTITY: dict[str, Fault] = {
    "token_error": Fault(
        "F52 F54",
        "400, 404, 410, 429 or 5xx; form is json, html or empty",
        answers.identity_error,
        {"status": 500, "form": "json", "retry_after": None},
        on=("identity",),
    ),
    "token_garbage": _token(
        "F56",
        "200 with another text in place of the token",
        answers.page,
        {"text": '{"access_token": ', "kind": "application/json"},
    ),
    "token_expired": _token("F56", "a token that has expired", answers.token(answers.expired), {"seconds": 60}),
    "token_skewed": _token("F56", "a token of a fast clock", answers.token(answers.skewed), {"seconds": 600}),
    "token_for_another": _token(
        "F56",
        "a token for another audience",
        answers.token(answers.for_another),
        {"audience": "https://vault.azure.net"},
    ),
    "token_without_roles": _token("F55", "a token without roles", answers.token(answers.without_roles)),
}

LASTING: dict[str, LastingFault] = {
    "refused": LastingFault(
        "F51 F54",
        "a listener that refuses connections for some simulated seconds; null means for ever",
        lasting.refused,
        {"seconds": 20.0},
    ),
    "stuck": LastingFault(
        "F45 F46 F49", "no new refresh date for some days, then a jump", lasting.stuck, {"days": 5.0}
    ),
    "shifted": LastingFault("F33 F45", "later refresh dates, or earlier if below 0", lasting.shifted, {"days": 1.0}),
}

FAULTS: dict[str, Fault | LastingFault] = {**GRAPH, **WIRE, **DOWNLOAD, **CONTENT, **DIRECTORY, **IDENTITY, **LASTING}
