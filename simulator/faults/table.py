"""Everything that can be made to go wrong, by name. The ids are those of the archive's list of faults.

Faults of one request are used in the order of the rules: edit the table first, then its bytes, then the way it is sent.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from simulator.faults import answers as changes
from simulator.faults import bodies
from simulator.faults import lasting as standing
from simulator.faults import rows as edits
from simulator.faults import wire as wires
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
    """The status that the true answer must have for the fault to apply."""
    on: tuple[str, ...] = ("graph", "download")
    """Listeners that it applies to, unless the rule names one."""


class Standing(NamedTuple):
    """A fault of the simulator itself, from when its rule is set until the rules are set anew.

    No request is counted for it: `nth`, `times` and `p` mean nothing.
    """

    ids: str
    meaning: str
    begin: Begin
    args: Args


def _error(ids: str, meaning: str, status: int, code: str, message: str, on: str = "graph") -> Fault:
    waits = "10" if status == 429 else None
    args = {"status": status, "code": code, "message": message, "wrapped": False, "form": "json", "retry_after": waits}
    return Fault(ids, meaning, changes.graph_error, args, on=(on,))


def _wire(ids: str, meaning: str, stream: Callable[..., wires.Pieces], args: Args) -> Fault:
    return Fault(ids, meaning, changes.wire(stream), args)


def _cut(ids: str, meaning: str, stream: Callable[..., wires.Pieces], args: Args = NONE) -> Fault:
    return Fault(ids, meaning, changes.wire(stream), args, 200)


def _body(ids: str, meaning: str, stream: Callable[..., bodies.Chunks], args: Args = NONE) -> Fault:
    return Fault(ids, meaning, changes.body(stream), args, 200)


def _edit(ids: str, meaning: str, edit: Callable[..., edits.Rows], args: Args = NONE) -> Fault:
    return Fault(ids, meaning, changes.edit(edit), args, 200)


def _date(ids: str, meaning: str, text: str, share: float = 1.0) -> Fault:
    return Fault(ids, meaning, changes.refresh_date, {"text": text, "share": share}, 200)


def _token(ids: str, meaning: str, change: Change, args: Args = NONE) -> Fault:
    return Fault(ids, meaning, change, args, 200, ("identity",))


_BAD_DATE = "Invalid date value specified: 2020-06-03. Only support data for the past 28 days."
_BAD_SEGMENT = "Resource not found for the segment 'getOffice365ServicesUserCounts'."

GRAPH: dict[str, Fault] = {
    "throttled": _error("F01 F02 F03", "429; Retry-After any text, or none", 429, "TooManyRequests", ""),
    "server_error": _error("F04", "5xx, form json, html or empty", 500, "UnknownError", ""),
    "date_too_old": _error("F05", "400 for a date", 400, "InvalidArgument", _BAD_DATE),
    "no_json": _error("F06", "400 for the format", 400, "InvalidArgument", "JSON format is not supported."),
    "unknown_segment": _error("F07", "400 for a retired report", 400, "BadRequest", _BAD_SEGMENT),
    "token_rejected": _error("F08", "401", 401, "InvalidAuthenticationToken", "Access token has expired."),
    "no_permission": _error("F09", "403, wrapped or not", 403, "S2SUnauthorized", "Invalid permission."),
    "unknown_tenant": _error(
        "F10", "404 for a tenant without data", 404, "UnknownTenantId", "We do not recognize this tenant ID"
    ),
    "direct": Fault("F11", "200 with the CSV in place of the redirect", changes.direct, {}, 302),
    "redirect": Fault(
        "F14 F15",
        "another Location, or none; {true} is the true one, {here} the URL that was asked for",
        changes.redirect,
        {"location": "{here}", "status": 302},
        on=("graph",),
    ),
    "redirect_body": Fault(
        "F12", "a redirect with so many bytes of body", changes.redirect_body, {"size": 1 << 20}, 302
    ),
}
WIRE: dict[str, Fault] = {
    "hang": _wire("F13 F53", "silence before the answer; null: for good", wires.pause, {"seconds": 100.0}),
    "silence": _wire(
        "F13", "silence behind the head, or so many chunks", wires.silence, {"seconds": 100.0, "chunks": 0}
    ),
    "reset": _wire("F13 F51", "a reset before the head, or behind so many pieces", wires.reset, {"after": 0}),
    "drip": _cut(
        "F24 F50", "so many bytes at a time, so many seconds apart", wires.drip, {"seconds": 10.0, "count": 1}
    ),
    "cut": _cut("F21", "a body that ends after so many bytes, or before its last piece", wires.cut, {"at": 1000}),
    "cut_end": _cut("F21", "a chunked body without its last, empty chunk", wires.cut_end),
    "cut_chunk": _cut("F21", "a chunked body that ends inside a chunk", wires.cut_chunk),
    "wrong_length": Fault(
        "F21", "a Content-Length that is so many too many, or too few below 0", changes.wrong_length, {"extra": 7}, 200
    ),
    "unframed": Fault("F21", "neither length nor chunks: the body ends with the connection", changes.unframed, {}, 200),
    "gzip": Fault("F23", "gzip, whole", changes.packed(bodies.gzip), {}, 200),
    "gzip_cut": Fault(
        "F23", "gzip without its last bytes, its length right", changes.packed_whole(bodies.gzip_cut), {"by": 20}, 200
    ),
    "gzip_bad_crc": Fault("F23", "gzip with another CRC", changes.packed_whole(bodies.gzip_bad_crc), {}, 200),
    "gzip_bomb": Fault(
        "F12 F24",
        "so many zeros as gzip; match graph for one in the redirect",
        changes.packed(bodies.gzip_bomb),
        {"size": 64 << 20},
        on=("download",),
    ),
    "endless": _body("F24", "the last chunk for ever", bodies.endless),
}

DOWNLOAD: dict[str, Fault] = {
    "missing_credentials": _error(
        "F18", "403", 403, "MissingCredentials", "Valid Authorization header is needed.", "download"
    ),
    "url_expired": Fault("F19", "403, 404 or 410", changes.bare, {"status": 410}, on=("download",)),
    "not_modified": Fault("F25", "304 where a report was due, whatever its bytes", changes.not_modified, {}),
    "etag": Fault("F25", "that ETag, whatever the bytes", changes.etag, {"etag": '"same"'}, 200),
}

CONTENT: dict[str, Fault] = {
    "no_bom": _body("F27", "no BOM", bodies.no_bom),
    "two_boms": _body("F27", "two BOMs", bodies.two_boms),
    "utf16": _body("F27", "UTF-16 with its BOM", bodies.utf16),
    "invalid_utf8": _body("F27", "a byte that UTF-8 has not, in the last row", bodies.invalid_utf8),
    "crlf": _body("F28", "CRLF", bodies.crlf),
    "mixed_line_ends": _body("F28", "CRLF and LF by turns", bodies.mixed_line_ends),
    "no_final_newline": _body("F28", "no line end at the end", bodies.no_final_newline),
    "blank_lines": _body("F28", "so many blank lines at the end", bodies.blank_lines, {"count": 2}),
    "truncated": _body("F28", "so many bytes, or all but so many below 0, well framed", bodies.truncated, {"at": -5}),
    "ragged": _edit("F28", "cells too many, or too few below 0, in a row", edits.ragged, {"row": 1, "cells": -1}),
    "empty": _body("F29", "0 bytes", bodies.empty),
    "bom_only": _body("F29", "the BOM alone", bodies.bom_only),
    "header_only": _body("F29 F49", "no rows", bodies.header_only),
    "page": Fault(
        "F30",
        "200 with that text, HTML or JSON, for a report",
        changes.page,
        {"text": "<!DOCTYPE html><html><body>Sign in</body></html>", "kind": "text/html"},
        200,
    ),
    "date_blank": _date("F31", "no refresh date in a share of the rows", ""),
    "two_dates": _date("F31", "the day before in a share of the rows", "{before}", 0.5),
    "date_form": _date("F33", "another refresh date: {date}T00:00:00Z, {us}, {tomorrow}, any text", "{date}T00:00:00Z"),
    "column_added": _edit(
        "F34",
        "a new column in that place, from the end below 0, or behind all",
        edits.column_added,
        {"name": "New Column", "at": None, "text": ""},
    ),
    "column_moved": _edit("F34", "a column in another place", edits.column_moved, {"column": edits.DATE, "to": 1}),
    "column_renamed": _edit(
        "F34",
        "another name for a column",
        edits.column_renamed,
        {"column": "Office 365 Active", "to": "Microsoft 365 Active"},
    ),
    "column_removed": _edit("F34", "a column less", edits.column_removed, {"column": "Last Activity Date"}),
    "column_blank": _edit("F36 F41", "nothing in a column", edits.column_blank, {"column": "Site URL"}),
    "zeros_blank": _edit("F36", "nothing in place of each 0", edits.zeros_blank),
    "odd_cell": _edit(
        "F37",
        "that text in a cell",
        edits.odd_cell,
        {"row": 1, "column": "Display Name", "text": '=cmd(),"\n\u202e\0'},
    ),
    "rows_repeated": _edit(
        "F39",
        "the first rows twice, the second time with that text in the column, if it is there",
        edits.rows_repeated,
        {"count": 1, "column": "", "text": ""},
    ),
    "concealed": _edit("F40", "names concealed in a share of the rows", edits.concealed, {"share": 1.0}),
    "rows_reordered": _edit("F42", "the first row comes last", edits.rows_reordered),
    "products_reordered": _edit("F42", "Assigned Products the other way round", edits.products_reordered),
    "shrunk": _edit("F48", "a share of the rows", edits.shrunk, {"share": 0.5}),
}

IDENTITY: dict[str, Fault] = {
    "token_error": Fault(
        "F52 F54",
        "400, 404, 410, 429 or 5xx, form json, html or empty",
        changes.identity_error,
        {"status": 500, "form": "json", "retry_after": None},
        on=("identity",),
    ),
    "token_garbage": _token(
        "F56",
        "200 with that text for a token",
        changes.page,
        {"text": '{"access_token": ', "kind": "application/json"},
    ),
    "token_expired": _token("F56", "expired so many seconds ago", changes.token(changes.expired), {"seconds": 60}),
    "token_skewed": _token("F56", "a clock so many seconds ahead", changes.token(changes.skewed), {"seconds": 600}),
    "token_for_another": _token(
        "F56", "another audience", changes.token(changes.for_another), {"audience": "https://vault.azure.net"}
    ),
    "token_without_roles": _token("F55", "no roles", changes.token(changes.without_roles)),
}

STANDING: dict[str, Standing] = {
    "refused": Standing(
        "F51 F54",
        "the listener is closed for so many seconds of the simulator's time; null: for good",
        standing.refused,
        {"seconds": 20.0},
    ),
    "stuck": Standing(
        "F45 F46 F49", "no new refresh date for so many days, then a jump", standing.stuck, {"days": 5.0}
    ),
    "shifted": Standing("F33 F45", "later refresh dates, or earlier below 0", standing.shifted, {"days": 1.0}),
}

FAULTS: dict[str, Fault | Standing] = {**GRAPH, **WIRE, **DOWNLOAD, **CONTENT, **IDENTITY, **STANDING}
